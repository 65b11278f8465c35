//! Whether a commit touches a path that is selected ([rules 4.3 and 4.4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)), with as few trees as can be.
//!
//! Two trees are compared entry by entry, without those that are equal. A folder that changed is opened only where a selector may select something
//! in it. No file is read, and no rename is detected. The search ends at the first path that is selected.
//!
//! What differs between two trees is found once for all subscriptions that are answered together.

use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::rc::Rc;

use artifact_source::{Error, ErrorKind, Rejection, shorten};
use gix::ObjectId;
use gix::bstr::{BStr, BString, ByteSlice, ByteVec};
use gix::objs::tree::{EntryMode, EntryRef};
use gix::objs::{Kind, TreeRefIter};
use selection_strategies::path::{OtherCase, PathSelectors};

use crate::repository::Objects;
use crate::selection::commit::find;
use crate::selection::folders::Folders;
use crate::transport::{Cause, Interrupt, malformed};

/// The most changed entries of a commit that are compared. A few small trees that contain each
/// other many times can stand for any number of paths.
const MOST_CHANGES: usize = 4_000_000;

/// Whether a change touches a selected path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Touch {
    /// It does, and this is the first such path; `None` where every path counts.
    Yes(Option<String>),
    /// It does not.
    No {
        /// Whether one of those that it touches differs from a selector in the case of its letters alone.
        why: Rejection,
        /// Some of those that it touches. A folder ends with `/`.
        changed: Vec<String>,
    },
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

/// The most paths that are told of a commit that touches none that is selected, and the most characters of a path.
const MOST_TOLD: usize = 3;
const MOST_TOLD_CHARACTERS: usize = 100;

/// A folder that changed: its path, and its trees before and after.
struct Changed {
    path: BString,
    before: Option<ObjectId>,
    after: Option<ObjectId>,
}

/// The most differences between two trees that are kept, and of all of them together.
const MOST_KEPT_OF_A_PAIR: usize = 1 << 12;
const MOST_KEPT: usize = 1 << 18;

/// A name at which two trees differ.
struct Difference<Name> {
    name: Name,
    /// Whether it is a file, a link or a submodule on one side or on both.
    is_file: bool,
    /// The folder of this name.
    before: Option<ObjectId>,
    after: Option<ObjectId>,
}

/// A difference that is kept.
type Kept = Difference<BString>;

impl Kept {
    fn of(found: Difference<&BStr>) -> Self {
        let Difference { name, is_file, before, after } = found;
        Self { name: name.to_owned(), is_file, before, after }
    }

    fn as_ref(&self) -> Difference<&BStr> {
        let Self { name, is_file, before, after } = self;
        Difference { name: name.as_ref(), is_file: *is_file, before: *before, after: *after }
    }
}

/// Two trees, of which one may be nothing.
type Pair = (Option<ObjectId>, Option<ObjectId>);

/// What differs between trees that were compared already.
#[derive(Default)]
pub(crate) struct Differences {
    known: RefCell<HashMap<Pair, Rc<[Kept]>>>,
    count: Cell<usize>,
}

impl Differences {
    fn known(&self, pair: Pair) -> Option<Rc<[Kept]>> {
        self.known.borrow().get(&pair).map(Rc::clone)
    }

    fn keep(&self, pair: Pair, found: Vec<Kept>) -> Rc<[Kept]> {
        let mut known = self.known.borrow_mut();
        // An empty one takes its place, too.
        let mut count = self.count.get() + found.len() + 1;
        if count > MOST_KEPT {
            known.clear();
            count = found.len() + 1;
        }
        self.count.set(count);
        let found: Rc<[Kept]> = found.into();
        known.insert(pair, Rc::clone(&found));
        found
    }
}

/// Searches the change from one tree to another for a path that is selected.
struct Search<'a> {
    objects: &'a Objects,
    selectors: &'a PathSelectors,
    folders: &'a Folders,
    interrupt: &'a Interrupt,
    queue: VecDeque<Changed>,
    changes: usize,
    /// Some of the paths that changed and are not selected.
    told: Vec<String>,
    /// The first that differs from a selector in the case of its letters alone, as far as it was looked into.
    other_case: Option<Rejection>,
}

impl Search<'_> {
    /// Looks at what differs between the trees of a folder. Returns the first path that is selected.
    fn look<'d>(
        &mut self,
        folder: &BString,
        trees: Pair,
        differences: impl Iterator<Item = Difference<&'d BStr>>,
    ) -> Result<Option<String>, Error> {
        let mut path = folder.clone();
        for Difference { name, is_file, before, after } in differences {
            self.changes += 1;
            if self.changes > MOST_CHANGES {
                let message = format!("a commit changes more than {MOST_CHANGES} paths");
                return Err(Error::new(ErrorKind::TooLarge, message));
            }
            if self.changes.is_multiple_of(1024) && self.interrupt.is_stopped() {
                return Err(self.interrupt.stopped_error());
            }
            path.truncate(folder.len());
            if !path.is_empty() {
                path.push_byte(b'/');
            }
            path.push_str(name);
            if is_file && self.selectors.judge(&*path).is_included() {
                return Ok(Some(shorten(&path.to_str_lossy(), MOST_TOLD_CHARACTERS).into_owned()));
            }
            if self.other_case.is_none() {
                let exists = |named: &[u8]| self.exists(named, folder, trees);
                self.other_case = in_other_case(self.selectors, path.as_ref(), exists);
            }
            let is_changed_folder = before != after;
            if is_changed_folder && self.folders.may_include_below(&path) {
                self.queue.push_back(Changed { path: path.clone(), before, after });
            } else if self.told.len() < MOST_TOLD {
                let end = if is_changed_folder { "/" } else { "" };
                self.told.push(format!("{}{end}", shorten(&path.to_str_lossy(), MOST_TOLD_CHARACTERS)));
            }
        }
        Ok(None)
    }

    /// Whether this path is in one of the trees of this folder. `true` where these do not tell: for what is in another folder, and for trees that are not here.
    fn exists(&self, path: &[u8], folder: &[u8], (before, after): Pair) -> bool {
        let name = match folder.is_empty() {
            true => Some(path),
            false => path.strip_prefix(folder).and_then(|rest| rest.strip_prefix(b"/")),
        };
        let Some(name) = name.filter(|name| !name.contains(&b'/')) else { return true };
        let mut buffer = Vec::new();
        [before, after].into_iter().flatten().any(|tree| {
            let Ok(Some(data)) = self.objects.read(tree, &mut buffer) else { return true };
            let mut entries = TreeRefIter::from_bytes(data.data, tree.kind());
            entries.any(|entry| entry.map_or(true, |entry| *entry.filename == *name))
        })
    }
}

/// Whether the change from one tree (or from nothing) to another touches a path that is selected.
///
/// # Errors
///
/// `TooLarge` for a commit that changes more than 4,000,000 paths.
pub(crate) fn touches(
    (objects, known): (&Objects, &Differences),
    from: Option<ObjectId>,
    to: ObjectId,
    (selectors, folders): (&PathSelectors, &Folders),
    interrupt: &Interrupt,
) -> Result<Touch, Error> {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    let queue = VecDeque::from([Changed { path: BString::default(), before: from, after: Some(to) }]);
    let mut search = Search {
        objects,
        selectors,
        folders,
        interrupt,
        queue,
        changes: 0,
        told: Vec::new(),
        other_case: None,
    };
    let mut missing = MissingTrees::default();
    while let Some(Changed { path, before, after }) = search.queue.pop_front() {
        if before == after {
            continue;
        }
        if interrupt.is_stopped() {
            return Err(interrupt.stopped_error());
        }
        if let Some(known) = known.known((before, after)) {
            if let Some(selected) = search.look(&path, (before, after), known.iter().map(Kept::as_ref))? {
                return Ok(Touch::Yes(Some(selected)));
            }
            continue;
        }
        // Of one that is here, what is in it may not be. Both come with all that is in them, or neither.
        let sides = || [before, after].into_iter().flatten();
        if sides().any(|id| !objects.contains(&id)) {
            missing.is_included |= !path.is_empty() && is_included_as_a_whole(selectors, &path);
            let missing = if path.is_empty() { &mut missing.roots } else { &mut missing.folders };
            missing.extend(sides());
            continue;
        }
        let (entries_before, entries_after) =
            (entries(objects, before, &mut old)?, entries(objects, after, &mut new)?);
        let differences = || Joined::new(&entries_before, &entries_after).filter_map(difference);
        let few: Vec<Kept> = differences().take(MOST_KEPT_OF_A_PAIR + 1).map(Kept::of).collect();
        let selected = if few.len() > MOST_KEPT_OF_A_PAIR {
            drop(few);
            search.look(&path, (before, after), differences())?
        } else {
            search.look(&path, (before, after), known.keep((before, after), few).iter().map(Kept::as_ref))?
        };
        if selected.is_some() {
            return Ok(Touch::Yes(selected));
        }
    }
    if !missing.is_empty() {
        return Ok(Touch::Unknown(missing));
    }
    let why = search.other_case.unwrap_or(Rejection::NoMatchingPath);
    Ok(Touch::No { why, changed: search.told })
}

/// The rejection that says that a path, or a folder, differs from a selector in the case of its letters alone.
fn in_other_case(
    selectors: &PathSelectors,
    path: &BStr,
    exists: impl Fn(&[u8]) -> bool,
) -> Option<Rejection> {
    let OtherCase { selector, found, .. } = selectors.other_case(path, exists)?;
    let path = found.to_str_lossy();
    Some(Rejection::PathInOtherCase { selector: selector.as_str().into(), path: path.as_ref().into() })
}

/// The difference between two entries of a name.
fn difference<'a>(
    (before, after): (Option<&'a EntryRef<'a>>, Option<&'a EntryRef<'a>>),
) -> Option<Difference<&'a BStr>> {
    let is_file = [before, after].into_iter().flatten().any(|entry| !entry.mode.is_tree());
    let tree = |side: Option<&EntryRef<'_>>| {
        side.filter(|entry| entry.mode.is_tree()).map(|entry| entry.oid.to_owned())
    };
    Some(Difference { name: before.or(after)?.filename, is_file, before: tree(before), after: tree(after) })
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

/// Whether this folder is one that a selector names, or is in one.
fn is_included_as_a_whole(selectors: &PathSelectors, folder: &[u8]) -> bool {
    let includes = selectors.include();
    includes.is_empty() || includes.iter().any(|selector| selector.is_path() && selector.is_match(folder))
}

/// Whether this many levels of the trees of a commit are here.
pub(crate) fn has_levels(objects: &Objects, commit: ObjectId, levels: u8) -> Result<bool, Error> {
    let mut buffer = Vec::new();
    let Some(commit) = find(objects, commit, &mut buffer)? else { return Ok(false) };
    let mut level = vec![commit.tree];
    for number in 1..=levels {
        if level.iter().any(|id| !objects.contains(id)) {
            return Ok(false);
        }
        if number == levels {
            break;
        }
        let mut next = Vec::new();
        for tree in level {
            let entries = entries(objects, Some(tree), &mut buffer)?;
            next.extend(
                entries.iter().filter(|entry| entry.mode.is_tree()).map(|entry| entry.oid.to_owned()),
            );
        }
        level = next;
    }
    Ok(true)
}
