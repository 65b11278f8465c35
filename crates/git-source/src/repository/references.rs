//! Reads the references that a server lists.
//!
//! gitoxide's own readers refuse the whole list for one line that they cannot read, and remove white space from the end
//! of a name. Here every name arrives as the server sent it, also one that Git forbids: [`is_git_reference`](selection_strategies::is_git_reference) tells which ones those are.

use std::collections::HashMap;

use artifact_source::printable;
use gix::ObjectId;
use gix::bstr::{BStr, BString, ByteSlice};
use gix::error::{ErrorExt, ResultExt, corruption, message};
use gix::protocol::fetch::response::ShallowUpdate;
use gix::protocol::handshake::Ref;
use gix_transport::client::blocking_io::ReadlineBufRead;

use crate::transport::Interrupt;

/// The characters of a line that an error shows.
const LONGEST_SHOWN: usize = 100;

/// The references that a server listed, for all who asked for some of them.
pub(crate) struct References {
    all: Vec<Ref>,
    by_name: HashMap<BString, usize>,
}

impl References {
    pub(crate) fn new(all: Vec<Ref>) -> Self {
        let by_name =
            all.iter().enumerate().map(|(at, reference)| (reference.unpack().0.to_owned(), at)).collect();
        Self { all, by_name }
    }

    /// All of them, in the order in which the server listed them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Ref> {
        self.all.iter()
    }

    /// What the reference of this full name leads to.
    pub(crate) fn target(&self, full: &str) -> Option<ObjectId> {
        let (_, id, peeled) = self.all.get(*self.by_name.get(full.as_bytes().as_bstr())?)?.unpack();
        Some(peeled.or(id)?.to_owned())
    }
}

/// What a reference takes beside its name, and how often its name is kept, about, with all that is made of it.
const PER_REFERENCE: usize = 240;
const COPIES_OF_NAME: usize = 2;

/// Takes memory for a reference of a name of this length.
fn take_memory(name: usize, interrupt: &Interrupt) -> gix::Result<()> {
    let bytes = PER_REFERENCE + COPIES_OF_NAME * name;
    interrupt.take_memory(bytes).map_err(|error| gix::Error::from_error(interrupt.fail(error)))
}

/// Reads the answer to `ls-refs` (protocol 2). A server may ignore which references were asked for: `fits` tells them from others.
pub(crate) fn listed(
    lines: &mut dyn ReadlineBufRead,
    interrupt: &Interrupt,
    fits: impl Fn(&BStr) -> bool,
) -> gix::Result<Vec<Ref>> {
    let mut references = Vec::new();
    each_line(lines, |line| {
        let reference = reference(line).ok_or_else(|| not_a_reference(line))?;
        if fits(reference.unpack().0) {
            take_memory(reference.unpack().0.len(), interrupt)?;
            references.push(reference);
        }
        Ok(())
    })?;
    Ok(references)
}

/// Reads the references of a handshake (protocol 0 and 1), and where the history of a server that is a shallow clone ends.
pub(crate) fn advertised(
    lines: &mut dyn ReadlineBufRead,
    interrupt: &Interrupt,
) -> gix::Result<(Vec<Ref>, Vec<ShallowUpdate>)> {
    let (mut references, mut shallow) = (Vec::new(), Vec::new());
    each_line(lines, |line| {
        let read = line.split_once_str(" ").and_then(|(id, name)| {
            if id == b"shallow" {
                shallow.push(ShallowUpdate::Shallow(ObjectId::from_hex(name).ok()?));
            } else {
                add(&mut references, ObjectId::from_hex(id).ok()?, name.as_bstr());
            }
            Some(())
        });
        read.ok_or_else(|| not_a_reference(line))?;
        take_memory(line.len(), interrupt)
    })?;
    Ok((references, shallow))
}

/// Adds a reference of a handshake. `NAME^{}` is the object that the tag before it leads to.
fn add(references: &mut Vec<Ref>, id: ObjectId, name: &BStr) {
    if let Some(stripped) = name.strip_suffix(b"^{}") {
        if id.is_null() && stripped == b"capabilities" {
            // An empty repository has capabilities and no reference to send them with.
            return;
        }
        if let Some(last) = references.last_mut()
            && let Ref::Direct { full_ref_name, object } = &*last
            && full_ref_name == stripped.as_bstr()
        {
            *last = Ref::Peeled { full_ref_name: full_ref_name.clone(), tag: *object, object: id };
            return;
        }
    }
    references.push(Ref::Direct { full_ref_name: name.into(), object: id });
}

fn each_line(
    lines: &mut dyn ReadlineBufRead,
    mut read: impl FnMut(&[u8]) -> gix::Result<()>,
) -> gix::Result<()> {
    while let Some(line) = lines.readline() {
        let line = line
            .or_raise(|| message("the list of references could not be read"))?
            .or_raise(|| message("the list of references could not be read"))?;
        let Some(line) = line.as_slice() else { break };
        read(line.strip_suffix(b"\n").unwrap_or(line))?;
    }
    Ok(())
}

/// `(id | "unborn") NAME [symref-target:NAME] [peeled:ID]`. A name that Git allows has no blank in it; one that has is read up to the
/// first attribute.
fn reference(line: &[u8]) -> Option<Ref> {
    let (id, rest) = line.split_once_str(" ")?;
    let id = if id == b"unborn" { None } else { Some(ObjectId::from_hex(id).ok()?) };
    let (rest, peeled) = match rest.rfind(" peeled:") {
        Some(at) => (&rest[..at], Some(ObjectId::from_hex(&rest[at + " peeled:".len()..]).ok()?)),
        None => (rest, None),
    };
    let (name, target) = match rest.split_once_str(" symref-target:") {
        Some((name, target)) => (name, Some(target).filter(|target| *target != b"(null)")),
        None => (rest, None),
    };
    let full_ref_name = name.into();
    Some(match (id, target, peeled) {
        (Some(id), Some(target), peeled) => Ref::Symbolic {
            full_ref_name,
            target: target.into(),
            tag: peeled.map(|_| id),
            object: peeled.unwrap_or(id),
        },
        (None, Some(target), _) => Ref::Unborn { full_ref_name, target: target.into() },
        (Some(tag), None, Some(object)) => Ref::Peeled { full_ref_name, tag, object },
        (Some(object), None, None) => Ref::Direct { full_ref_name, object },
        (None, None, _) => return None,
    })
}

fn not_a_reference(line: &[u8]) -> gix::Error {
    let shown: String = line.to_str_lossy().chars().take(LONGEST_SHOWN).collect();
    corruption(format!("the line \"{}\" is not an object id and the name of a reference", printable(&shown)))
        .raise()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1234567890123456789012345678901234567890";
    const OTHER: &str = "abcdefabcdefabcdefabcdefabcdefabcdefabcd";

    #[track_caller]
    fn check(rest: &str, expected: Option<(&str, &str, Option<&str>)>) {
        let line = rest.replace("ID", ID).replace("OTHER", OTHER);
        let read = reference(line.as_bytes());
        let seen = read.as_ref().map(|read| {
            let (name, id, _) = read.unpack();
            let target = match read {
                Ref::Symbolic { target, .. } | Ref::Unborn { target, .. } => Some(target.to_string()),
                _ => None,
            };
            (name.to_string(), id.map(|id| id.to_hex().to_string()).unwrap_or_default(), target)
        });
        let expected =
            expected.map(|(name, id, target)| (name.to_owned(), id.to_owned(), target.map(str::to_owned)));
        assert_eq!(seen, expected, "{rest:?}");
    }

    #[test]
    fn lines() {
        check("ID refs/tags/v1", Some(("refs/tags/v1", ID, None)));
        check("ID refs/tags/v1 peeled:OTHER", Some(("refs/tags/v1", ID, None)));
        check("ID refs/tags/a b", Some(("refs/tags/a b", ID, None)));
        check("ID refs/tags/a b c peeled:OTHER", Some(("refs/tags/a b c", ID, None)));
        check("ID refs/tags/v1\r", Some(("refs/tags/v1\r", ID, None)));
        check("ID refs/tags/v1 ", Some(("refs/tags/v1 ", ID, None)));
        check("ID refs/tags/", Some(("refs/tags/", ID, None)));
        check("ID ", Some(("", ID, None)));
        check("ID HEAD symref-target:refs/heads/main", Some(("HEAD", ID, Some("refs/heads/main"))));
        check("ID HEAD symref-target:(null)", Some(("HEAD", ID, None)));
        check("unborn HEAD symref-target:refs/heads/main", Some(("HEAD", "", Some("refs/heads/main"))));
        check("unborn HEAD", None);
        check("ID", None);
        check("", None);
        check("12 refs/tags/v1", None);
        check("ID refs/tags/v1 peeled:12", None);
    }

    #[test]
    fn a_handshake_joins_a_tag_with_what_it_leads_to() {
        let id = |text: &str| ObjectId::from_hex(text.as_bytes()).unwrap();
        let mut references = Vec::new();
        for (object, name) in
            [(ID, "refs/tags/a b"), (OTHER, "refs/tags/a b^{}"), (ID, "refs/tags/x^{}"), (ID, "refs/tags/y")]
        {
            add(&mut references, id(object), name.into());
        }
        add(&mut references, ObjectId::null(gix::hash::Kind::Sha1), "capabilities^{}".into());
        let names: Vec<_> = references.iter().map(|reference| reference.unpack().0.to_string()).collect();
        assert_eq!(names, ["refs/tags/a b", "refs/tags/x^{}", "refs/tags/y"]);
        assert!(
            matches!(&references[0], Ref::Peeled { tag, object, .. } if *tag == id(ID) && *object == id(OTHER))
        );
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..96)) {
            reference(&bytes);
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(4_000))]

        #[test]
        fn names_are_those_of_gitoxide(
            full in r"(refs/(heads|tags|x)/)?([a-b/.@{~^:?*\[\\ -]|\.lock|\PC){0,8}|[A-Z_]{0,5}"
        ) {
            let short = ["refs/heads/", "refs/tags/"].iter().find_map(|folder| full.strip_prefix(folder));
            let is_dashed = short.is_some_and(|short| short.starts_with('-'));
            let expected = gix::validate::reference::name(full.as_str().into()).is_ok() && !is_dashed;
            proptest::prop_assert_eq!(selection_strategies::is_git_reference(&full), expected, "{:?}", full);
        }
    }
}
