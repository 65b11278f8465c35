//! What a repository answered.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::object::{Kind, Object, ObjectId};
use super::pack;
use super::packet::{Packet, Packets};

/// The references, commits, trees and tags of a repository that were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GitRepository {
    /// By the name of the reference: its line, as protocol 2 has it.
    pub(crate) references: BTreeMap<String, String>,
    /// The prefixes of names that were asked for. All references with these are known.
    pub(crate) prefixes: BTreeSet<String>,
    pub(crate) objects: BTreeMap<ObjectId, Object>,
    /// Commits whose parents the server itself does not have.
    pub(crate) grafts: BTreeSet<ObjectId>,
}

impl GitRepository {
    /// Notes an advertisement, in which protocol 0 and 1 list all references.
    pub(crate) fn add_advertisement(&mut self, body: &[u8]) {
        let lines: Vec<_> = Packets::new(body).filter_map(Packet::text).collect();
        if lines.contains(&"version 2") {
            return;
        }
        self.prefixes.insert(String::new());
        let mut head = None;
        for line in lines {
            let (line, capabilities) = line.split_once('\0').unwrap_or((line, ""));
            head = head.or_else(|| {
                capabilities.split(' ').find_map(|word| word.strip_prefix("symref=HEAD:")).map(str::to_owned)
            });
            let Some((id, name)) = line.split_once(' ') else { continue };
            if ObjectId::from_hex(id).is_none() || name == "capabilities^{}" {
                continue;
            }
            match name.strip_suffix("^{}") {
                Some(tag) => {
                    if let Some(line) = self.references.get_mut(tag) {
                        line.push_str(&format!(" peeled:{id}"));
                    }
                }
                None => {
                    self.references.insert(name.to_owned(), format!("{id} {name}"));
                }
            }
        }
        if let (Some(target), Some(line)) = (head, self.references.get_mut("HEAD")) {
            line.push_str(&format!(" symref-target:{target}"));
        }
    }

    /// Notes the answer to a POST with this body.
    pub(crate) fn add_answer(&mut self, request: &[u8], answer: &[u8]) {
        let arguments: Vec<_> = Packets::new(request).filter_map(Packet::text).collect();
        if arguments.first() == Some(&"command=ls-refs") {
            self.add_references(&arguments, answer);
        } else {
            self.add_objects(&arguments, answer);
        }
    }

    fn add_references(&mut self, arguments: &[&str], answer: &[u8]) {
        let prefixes = arguments.iter().filter_map(|argument| argument.strip_prefix("ref-prefix "));
        let before = self.prefixes.len();
        self.prefixes.extend(prefixes.map(str::to_owned));
        if self.prefixes.len() == before
            && !arguments.iter().any(|argument| argument.starts_with("ref-prefix "))
        {
            self.prefixes.insert(String::new());
        }
        for line in Packets::new(answer).filter_map(Packet::text) {
            if let Some(name) = name_of(line) {
                self.references.insert(name.to_owned(), line.to_owned());
            }
        }
    }

    fn add_objects(&mut self, arguments: &[&str], answer: &[u8]) {
        let mut data = Vec::new();
        let mut shallow = BTreeSet::new();
        let mut packets = Packets::new(answer);
        for packet in &mut packets {
            match packet {
                Packet::Data([1, band @ ..]) => data.extend_from_slice(band),
                Packet::Data([2 | 3, ..]) | Packet::Flush | Packet::Delimiter => {}
                packet => {
                    let id = packet.text().and_then(|line| line.strip_prefix("shallow "));
                    shallow.extend(id.and_then(ObjectId::from_hex));
                }
            }
        }
        if data.is_empty() {
            data.extend_from_slice(packets.rest());
        }
        let known: HashMap<_, _> = self.objects.iter().map(|(id, object)| (*id, object.clone())).collect();
        let Some(read) = pack::read(&data, &known) else { return };
        self.objects.extend(read.into_iter().filter(|(_, object)| object.kind != Kind::Blob));
        // A boundary that is not so deep as was asked for is the server's own.
        let wants = arguments.iter().filter_map(|line| {
            // The first want may have capabilities behind it.
            ObjectId::from_hex(line.strip_prefix("want ")?.split(' ').next()?)
        });
        let deepen: Option<u32> =
            arguments.iter().find_map(|line| line.strip_prefix("deepen ")?.parse().ok());
        let depths = self.depths(wants.collect(), deepen);
        let is_own =
            |id: &ObjectId| depths.get(id).is_some_and(|depth| deepen.is_none_or(|most| *depth < most));
        self.grafts.extend(shallow.into_iter().filter(is_own));
    }

    /// The commits that are reached from these objects, each with its depth, from 1; no deeper than `most`.
    pub(crate) fn depths(&self, from: Vec<ObjectId>, most: Option<u32>) -> BTreeMap<ObjectId, u32> {
        let mut depths = BTreeMap::new();
        let mut open: VecDeque<_> = from.into_iter().map(|id| (id, 1)).collect();
        // Tags of tags are followed this far.
        let mut tags = 0;
        while let Some((id, depth)) = open.pop_front() {
            match self.objects.get(&id) {
                Some(object) if object.kind == Kind::Commit => {
                    if depths.contains_key(&id) {
                        continue;
                    }
                    depths.insert(id, depth);
                    if most.is_none_or(|most| depth < most) {
                        let depth = depth.saturating_add(1);
                        open.extend(object.parents().into_iter().map(|parent| (parent, depth)));
                    }
                }
                Some(object) if object.kind == Kind::Tag && tags < 1_000_000 => {
                    tags += 1;
                    open.extend(object.target().map(|target| (target, depth)));
                }
                _ => {}
            }
        }
        depths
    }

    /// Whether anything is known.
    pub(crate) fn is_empty(&self) -> bool {
        self.prefixes.is_empty() && self.objects.is_empty()
    }
}

/// The name of the reference of this line: `ID NAME ...`, or `unborn HEAD ...`.
pub(crate) fn name_of(line: &str) -> Option<&str> {
    let mut words = line.split(' ');
    let id = words.next()?;
    let name = words.next()?;
    (id == "unborn" || ObjectId::from_hex(id).is_some()).then_some(name)
}
