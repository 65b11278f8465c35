//! Whether a commit touches a path that is selected ([rules 4.3 and 4.4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)), with as few trees as can be.
//!
//! Two trees are compared entry by entry, without those that are equal. A folder that changed is opened only where a selector may select something
//! in it. No file is read, and no rename is detected. The search ends at the first path that is selected.

use std::cmp::Ordering;
use std::collections::{BTreeSet, VecDeque};

use artifact_source::{Error, ErrorKind};
use gix::ObjectId;
use gix::bstr::{BString, ByteVec};
use gix::objs::tree::{EntryMode, EntryRef};
use gix::objs::{Kind, TreeRefIter};
use selection_strategies::path::PathSelectors;

use crate::repository::Objects;
use crate::transport::{Cause, Interrupt, malformed};

/// The most changed entries of a commit that are compared. A few small trees that contain each
/// other many times can stand for any number of paths.
const MOST_CHANGES: usize = 4_000_000;

/// Whether a change touches a selected path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Touch {
    Yes,
    No,
    /// These trees are not here, and decide it.
    Unknown(MissingTrees),
}

/// Trees that are not in the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MissingTrees {
    /// Those of whole commits.
    pub(crate) roots: BTreeSet<ObjectId>,
    /// Those of folders that changed.
    pub(crate) folders: BTreeSet<ObjectId>,
    /// Whether one of the folders lies in one that is included as a whole, so that the commit is probably found.
    pub(crate) is_included: bool,
}

impl MissingTrees {
    /// Adds those that another commit waits for.
    pub(crate) fn add(&mut self, other: Self) {
        self.roots.extend(other.roots);
        self.folders.extend(other.folders);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.roots.is_empty() && self.folders.is_empty()
    }
}

/// A folder that changed: its path, and its trees before and after.
struct Changed {
    path: BString,
    before: Option<ObjectId>,
    after: Option<ObjectId>,
}

/// Whether the change from one tree (or from nothing) to another touches a path that is selected.
///
/// # Errors
///
/// `TooLarge` for a commit that changes more than 4,000,000 paths.
pub(crate) fn touches(
    objects: &Objects,
    from: Option<ObjectId>,
    to: ObjectId,
    selectors: &PathSelectors,
    interrupt: &Interrupt,
) -> Result<Touch, Error> {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    let mut queue = VecDeque::from([Changed { path: BString::default(), before: from, after: Some(to) }]);
    let (mut missing, mut changes) = (MissingTrees::default(), 0_usize);
    while let Some(Changed { path, before, after }) = queue.pop_front() {
        if before == after {
            continue;
        }
        if interrupt.is_stopped() {
            return Err(interrupt.stopped_error());
        }
        // Of one that is here, what is in it may not be. Both come with all that is in them, or neither.
        let sides = || [before, after].into_iter().flatten();
        if sides().any(|id| !objects.contains(&id)) {
            missing.is_included |= !path.is_empty() && is_included_as_a_whole(selectors, &path);
            let missing = if path.is_empty() { &mut missing.roots } else { &mut missing.folders };
            missing.extend(sides());
            continue;
        }
        let before = entries(objects, before, &mut old)?;
        let after = entries(objects, after, &mut new)?;
        for (before, after) in Joined::new(&before, &after) {
            changes += 1;
            if changes > MOST_CHANGES {
                let message = format!("a commit changes more than {MOST_CHANGES} paths");
                return Err(Error::new(ErrorKind::TooLarge, message));
            }
            if changes.is_multiple_of(1024) && interrupt.is_stopped() {
                return Err(interrupt.stopped_error());
            }
            let Some(entry) = before.or(after) else { continue };
            let mut name = path.clone();
            if !name.is_empty() {
                name.push_byte(b'/');
            }
            name.push_str(entry.filename);
            let is_folder = |entry: &EntryRef<'_>| entry.mode.is_tree();
            let is_file = |entry: &EntryRef<'_>| !is_folder(entry);
            if (before.is_some_and(is_file) || after.is_some_and(is_file))
                && selectors.judge(&*name).is_included()
            {
                return Ok(Touch::Yes);
            }
            let tree = |side: Option<&EntryRef<'_>>| {
                side.filter(|entry| is_folder(entry)).map(|entry| entry.oid.to_owned())
            };
            let (before, after) = (tree(before), tree(after));
            if before != after && may_include_below(selectors, &name) {
                queue.push_back(Changed { path: name, before, after });
            }
        }
    }
    Ok(if missing.is_empty() { Touch::No } else { Touch::Unknown(missing) })
}

/// The entries of a tree by name; none for no tree.
fn entries<'a>(
    objects: &Objects,
    id: Option<ObjectId>,
    buffer: &'a mut Vec<u8>,
) -> Result<Vec<EntryRef<'a>>, Error> {
    let Some(id) = id else { return Ok(Vec::new()) };
    let gone = || Error::new(ErrorKind::Cache, format!("object {id} cannot be read from the cache"));
    let data = objects.read(id, buffer)?.ok_or_else(gone)?;
    if data.kind != Kind::Tree {
        let message = format!("object {id} is not a tree but a {}", data.kind);
        return Err(Error::new(ErrorKind::BadAnswer, message));
    }
    let entries = TreeRefIter::from_bytes(data.data, id.kind()).collect::<gix::Result<Vec<_>>>();
    let mut entries = entries.map_err(|error| malformed(id, Cause::new(&error)))?;
    // Git sorts a folder as if its name ended with a slash.
    entries.sort_by(|one, other| one.filename.cmp(other.filename));
    Ok(entries)
}

/// The entries of two trees that differ, by name.
struct Joined<'a> {
    before: &'a [EntryRef<'a>],
    after: &'a [EntryRef<'a>],
}

impl<'a> Joined<'a> {
    fn new(before: &'a [EntryRef<'a>], after: &'a [EntryRef<'a>]) -> Self {
        Self { before, after }
    }
}

impl<'a> Iterator for Joined<'a> {
    type Item = (Option<&'a EntryRef<'a>>, Option<&'a EntryRef<'a>>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (before, after) = (self.before.first(), self.after.first());
            let order = match (before, after) {
                (Some(before), Some(after)) => before.filename.cmp(after.filename),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return None,
            };
            if order.is_le() {
                self.before = self.before.get(1..).unwrap_or_default();
            }
            if order.is_ge() {
                self.after = self.after.get(1..).unwrap_or_default();
            }
            match (order, before, after) {
                (Ordering::Equal, Some(before), Some(after)) if is_same(before, after) => {}
                (Ordering::Equal, ..) => return Some((before, after)),
                (Ordering::Less, ..) => return Some((before, None)),
                (Ordering::Greater, ..) => return Some((None, after)),
            }
        }
    }
}

fn is_same(before: &EntryRef<'_>, after: &EntryRef<'_>) -> bool {
    let mode = |mode: EntryMode| mode.value();
    before.oid == after.oid && mode(before.mode) == mode(after.mode)
}

/// Whether a path below this folder may be included. `true` where that is not certain. Exclusion says nothing here: a
/// selector does not exclude all that is below its folder.
fn may_include_below(selectors: &PathSelectors, folder: &[u8]) -> bool {
    let folder: Vec<&[u8]> = folder.split(|byte| *byte == b'/').collect();
    let is_plain = |name: &[u8]| !matches!(name, b"" | b"." | b"..");
    // Kargo cleans a path before it compares it, so such a name may lead anywhere.
    if !folder.iter().all(|name| is_plain(name)) || selectors.include().is_empty() {
        return true;
    }
    selectors.include().iter().any(|selector| {
        let text = selector.as_str();
        let is_text = |name: &&[u8]| !name.iter().any(|byte| b"*?[]{}\\!^".contains(byte));
        let names: Vec<&[u8]> = if let Some(pattern) = text.strip_prefix("glob:") {
            let names = pattern.as_bytes().split(|byte| *byte == b'/');
            names.take_while(is_text).collect()
        } else if ["regex:", "regexp:", "/"].iter().any(|kind| text.starts_with(kind)) {
            return true;
        } else {
            let names = text.as_bytes().split(|byte| *byte == b'/');
            names.filter(|name| !matches!(*name, b"" | b".")).collect()
        };
        if !names.iter().all(|name| is_plain(name)) {
            return true;
        }
        names.iter().zip(&folder).all(|(one, other)| one == other)
    })
}

/// Whether this folder is one that a selector names, or is in one.
fn is_included_as_a_whole(selectors: &PathSelectors, folder: &[u8]) -> bool {
    let includes = selectors.include();
    includes.is_empty()
        || includes.iter().any(|selector| {
            let text = selector.as_str();
            let is_pattern = ["glob:", "regex:", "regexp:"].iter().any(|kind| text.starts_with(kind));
            !is_pattern && selector.is_match(folder)
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(include: &str, opened: &[&str], closed: &[&str]) {
        let selectors = PathSelectors::new([include], [""; 0]).unwrap();
        for folder in opened {
            assert!(may_include_below(&selectors, folder.as_bytes()), "{include} {folder}");
        }
        for folder in closed {
            assert!(!may_include_below(&selectors, folder.as_bytes()), "{include} {folder}");
        }
    }

    #[test]
    fn folders_that_are_opened() {
        check("a/b", &["a", "a/b", "a/b/c", "a/.."], &["b", "a/c", "a/bc", "ab"]);
        check("./a//b/", &["a", "a/b", "a/b/c"], &["b"]);
        check(".", &["a", "a/b"], &[]);
        check("a/../b", &["a", "b", "c"], &[]);
        check("/a", &["a", "c"], &[]);
        check("glob:a/**/*.yaml", &["a", "a/b", "a/b/c"], &["b", "ab"]);
        check("glob:**/*.yaml", &["a", "b/c"], &[]);
        check("glob:a/{b,c}/d", &["a", "a/x"], &["b"]);
        check("glob:a/b.txt", &["a"], &["b", "a/c"]);
        check("regex:^a/", &["a", "b"], &[]);
        check("regexp:^a/", &["a", "b"], &[]);
    }

    proptest! {
        /// A folder that is not opened has no path that is selected.
        #[test]
        fn nothing_selected_is_passed_over(
            include in "(glob:)?[ab*./{},]{0,8}",
            path in "[ab.]{1,2}(/[ab.]{1,2}){1,4}",
        ) {
            let Ok(selectors) = PathSelectors::new([&include], [""; 0]) else { return Ok(()) };
            if selectors.judge(&path).is_included() {
                for (at, _) in path.match_indices('/') {
                    prop_assert!(may_include_below(&selectors, &path.as_bytes()[..at]), "{include} {path}");
                }
            }
        }
    }
}
