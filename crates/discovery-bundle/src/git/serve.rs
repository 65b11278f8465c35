//! A recorded repository as a server of protocol 2.

use std::collections::{BTreeMap, BTreeSet};

use super::GitRequest;
use super::object::{Kind, ObjectId};
use super::pack;
use super::packet::{Packet, Packets, write_band, write_delimiter, write_flush, write_line};
use super::record::{GitRepository, name_of};

/// The answer to a request, or what it would take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Served {
    /// The body of the answer.
    Body(Vec<u8>),
    /// What was not recorded, in words.
    Missing(String),
}

impl GitRepository {
    /// Answers a request.
    pub(crate) fn serve(&self, request: GitRequest, body: &[u8]) -> Served {
        let mut out = Vec::new();
        if request == GitRequest::Discovery {
            write_line(&mut out, "# service=git-upload-pack");
            write_flush(&mut out);
            for line in [
                "version 2",
                "agent=git/recorded",
                "ls-refs=unborn",
                "fetch=shallow filter",
                "object-format=sha1",
            ] {
                write_line(&mut out, line);
            }
            write_flush(&mut out);
            return Served::Body(out);
        }
        let arguments: Vec<_> = Packets::new(body).filter_map(Packet::text).collect();
        let missing = match arguments.first() {
            Some(&"command=ls-refs") => self.list(&arguments, &mut out),
            Some(&"command=fetch") => self.fetch(&arguments, &mut out),
            _ => Err("the answer to a command of another protocol".to_owned()),
        };
        match missing {
            Ok(()) => Served::Body(out),
            Err(missing) => Served::Missing(missing),
        }
    }

    fn list(&self, arguments: &[&str], out: &mut Vec<u8>) -> Result<(), String> {
        let prefixes: Vec<_> = arguments.iter().filter_map(|line| line.strip_prefix("ref-prefix ")).collect();
        let prefixes = if prefixes.is_empty() { vec![""] } else { prefixes };
        for prefix in &prefixes {
            if !self.prefixes.iter().any(|known| prefix.starts_with(known.as_str())) {
                return Err(match *prefix {
                    "" => "all references".to_owned(),
                    prefix => format!("the references {prefix}*"),
                });
            }
        }
        for (name, line) in &self.references {
            if name_of(line).is_some() && prefixes.iter().any(|prefix| name.starts_with(prefix)) {
                write_line(out, line);
            }
        }
        write_flush(out);
        Ok(())
    }

    fn fetch(&self, arguments: &[&str], out: &mut Vec<u8>) -> Result<(), String> {
        let ids = |name: &'static str| {
            arguments.iter().filter_map(move |line| ObjectId::from_hex(line.strip_prefix(name)?))
        };
        let deepen: Option<u32> =
            arguments.iter().find_map(|line| line.strip_prefix("deepen ")?.parse().ok());
        let with_trees = !arguments.contains(&"filter tree:0");
        let wants: Vec<_> = ids("want ").collect();
        let depths = self.depths(wants.clone(), deepen);
        let mut sent: BTreeSet<ObjectId> = depths.keys().copied().collect();
        let mut trees = Vec::new();
        for mut id in wants {
            // A tag is sent with what it points at.
            let mut tags = BTreeSet::new();
            loop {
                let Some(object) = self.objects.get(&id) else { return Err(format!("the object {id}")) };
                match object.kind {
                    Kind::Tag if tags.insert(id) => {
                        sent.insert(id);
                        let Some(target) = object.target() else { break };
                        // What is no commit was not sent with every filter, and decides nothing.
                        if !self.objects.contains_key(&target) {
                            break;
                        }
                        id = target;
                    }
                    Kind::Tree => {
                        trees.push(id);
                        break;
                    }
                    _ => break,
                }
            }
        }
        while let Some(id) = trees.pop() {
            if sent.insert(id) && with_trees {
                // A tree that was not sent when it was recorded is asked for by its id, if it is needed.
                let subtrees = self.objects.get(&id).map(|tree| tree.subtrees()).unwrap_or_default();
                trees.extend(subtrees.into_iter().filter(|tree| self.objects.contains_key(tree)));
            }
        }
        // With a filter `tree:N`, this many levels of the trees of commits come with them.
        let levels = arguments.iter().find_map(|line| line.strip_prefix("filter tree:")?.parse::<u8>().ok());
        // Commits share most of their trees, so each is looked at once.
        let mut level: BTreeSet<_> = depths.keys().filter_map(|id| self.objects.get(id)?.tree()).collect();
        for _ in 0..levels.unwrap_or_default() {
            level.retain(|id| self.objects.contains_key(id));
            sent.extend(level.iter().copied());
            level =
                level.iter().filter_map(|id| self.objects.get(id)).flat_map(|tree| tree.subtrees()).collect();
        }
        let boundary = self.boundary(&depths, deepen)?;
        if deepen.is_some() {
            write_line(out, "shallow-info");
            boundary.iter().for_each(|id| write_line(out, &format!("shallow {id}")));
            for id in ids("shallow ").filter(|id| depths.contains_key(id) && !boundary.contains(id)) {
                write_line(out, &format!("unshallow {id}"));
            }
            write_delimiter(out);
        }
        write_line(out, "packfile");
        let objects: Vec<_> = sent.iter().filter_map(|id| self.objects.get(id)).collect();
        write_band(out, &pack::write(objects.into_iter()));
        write_flush(out);
        Ok(())
    }

    /// The commits whose parents are not sent.
    fn boundary(
        &self,
        depths: &BTreeMap<ObjectId, u32>,
        deepen: Option<u32>,
    ) -> Result<BTreeSet<ObjectId>, String> {
        let mut boundary = BTreeSet::new();
        for (id, depth) in depths {
            let parents = self.objects.get(id).map(|commit| commit.parents()).unwrap_or_default();
            if parents.iter().all(|parent| depths.contains_key(parent)) {
                continue;
            }
            if deepen.is_none_or(|most| *depth < most) && !self.grafts.contains(id) {
                return Err(format!("the commits before {id}"));
            }
            boundary.insert(*id);
        }
        Ok(boundary)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::git::Object;

    /// A history of this many commits, of which the last one is the tip of `main`.
    fn history(commits: usize) -> (GitRepository, Vec<ObjectId>) {
        let mut repository = GitRepository::default();
        let tree = Object { kind: Kind::Tree, data: Vec::new() };
        let mut ids: Vec<ObjectId> = Vec::new();
        for number in 0..commits {
            let parent = ids.last().map(|id| format!("parent {id}\n")).unwrap_or_default();
            let text = format!("tree {}\n{parent}author A <a@b> {number} +0000\n\n{number}\n", tree.id());
            let commit = Object { kind: Kind::Commit, data: text.into_bytes() };
            ids.push(commit.id());
            repository.objects.insert(commit.id(), commit);
        }
        let tip = ids[commits - 1];
        repository.references.insert("refs/heads/main".to_owned(), format!("{tip} refs/heads/main"));
        repository.prefixes.insert("refs/heads/main".to_owned());
        (repository, ids)
    }

    fn request(lines: &[&str]) -> Vec<u8> {
        let mut body = Vec::new();
        lines.iter().for_each(|line| write_line(&mut body, line));
        write_flush(&mut body);
        body
    }

    fn served(repository: &GitRepository, lines: &[&str]) -> Result<Vec<String>, String> {
        match repository.serve(GitRequest::UploadPack, &request(lines)) {
            Served::Body(body) => {
                Ok(Packets::new(&body).filter_map(|packet| packet.text().map(str::to_owned)).collect())
            }
            Served::Missing(what) => Err(what),
        }
    }

    #[test]
    fn what_was_asked_is_answered_and_what_was_not_is_named() {
        let (mut repository, ids) = history(4);
        let tip = ids[3];
        let list = |prefix: &str| served(&repository, &["command=ls-refs", &format!("ref-prefix {prefix}")]);
        assert_eq!(list("refs/heads/main"), Ok(vec![format!("{tip} refs/heads/main")]));
        assert_eq!(list("refs/heads/main2"), Ok(vec![]));
        assert_eq!(list("refs/tags/"), Err("the references refs/tags/*".to_owned()));
        assert_eq!(served(&repository, &["command=ls-refs"]), Err("all references".to_owned()));

        let fetch = |repository: &GitRepository, depth: u32, id: ObjectId| {
            let (want, deepen) = (format!("want {id}"), format!("deepen {depth}"));
            served(repository, &["command=fetch", &want, &deepen, "filter tree:0", "done"])
        };
        assert_eq!(fetch(&repository, 2, tip).unwrap()[1], format!("shallow {}", ids[2]));
        assert!(!fetch(&repository, 4, tip).unwrap()[1].starts_with("shallow"));
        // Only the newest two were recorded.
        repository.objects.remove(&ids[0]);
        repository.objects.remove(&ids[1]);
        assert_eq!(fetch(&repository, 2, tip).unwrap()[1], format!("shallow {}", ids[2]));
        assert_eq!(fetch(&repository, 3, tip), Err(format!("the commits before {}", ids[2])));
        assert_eq!(fetch(&repository, 2, ids[0]), Err(format!("the object {}", ids[0])));
        // Unless the server does not have more.
        repository.grafts.insert(ids[2]);
        assert_eq!(fetch(&repository, 3, tip).unwrap()[1], format!("shallow {}", ids[2]));
    }

    #[test]
    fn a_recording_of_what_is_served_is_the_same_repository() {
        let (repository, ids) = history(5);
        let (want, mut copy) = (format!("want {}", ids[4]), GitRepository::default());
        let list = request(&["command=ls-refs", "ref-prefix refs/heads/main"]);
        let fetch = request(&["command=fetch", &want, "done"]);
        for body in [list, fetch] {
            let Served::Body(answer) = repository.serve(GitRequest::UploadPack, &body) else {
                panic!("missing")
            };
            copy.add_answer(&body, &answer);
        }
        assert_eq!(copy, repository);
    }

    #[test]
    fn an_advertisement_of_protocol_0() {
        let id = "ce013625030ba8dba906f756967f9e9ca394464a";
        let mut body = request(&["# service=git-upload-pack"]);
        body.extend(request(&[
            &format!("{id} HEAD\0multi_ack symref=HEAD:refs/heads/main agent=x"),
            &format!("{id} refs/heads/main"),
            &format!("{id} refs/tags/v1"),
            &format!("{id} refs/tags/v1^{{}}"),
        ]));
        let mut repository = GitRepository::default();
        repository.add_advertisement(&body);
        let lines = served(&repository, &["command=ls-refs", "ref-prefix refs/tags/", "ref-prefix HEAD"]);
        let expected =
            [format!("{id} HEAD symref-target:refs/heads/main"), format!("{id} refs/tags/v1 peeled:{id}")];
        assert_eq!(lines, Ok(expected.to_vec()));
    }

    proptest! {
        #[test]
        fn any_answer_and_any_request_are_no_panic(request: Vec<u8>, answer: Vec<u8>, lines: Vec<String>) {
            let (mut repository, _) = history(2);
            repository.add_advertisement(&answer);
            repository.add_answer(&request, &answer);
            let mut body = Vec::new();
            for line in lines {
                write_line(&mut body, &line.chars().take(1000).collect::<String>());
            }
            repository.add_answer(&body, &answer);
            let _ = repository.serve(GitRequest::UploadPack, &body);
            let _ = repository.serve(GitRequest::UploadPack, &request);
        }
    }
}
