//! Reads what a store has, once for all subscriptions that are answered together, and collects what it does not have.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use artifact_source::Error;
use gix::ObjectId;
use selection_strategies::path::PathSelectors;

use crate::repository::{FetchCapabilities, Objects, Store};
use crate::selection::changes::{Differences, MissingTrees, Touch, touches};
use crate::selection::commit::{ParsedCommit, TagTarget, find, find_tag_target};
use crate::selection::folders::Folders;
use crate::transport::Interrupt;

/// The most commits, and the most tags, that are kept after they were read.
const MOST_KEPT: usize = 1 << 17;

/// The most bytes of commits that are kept.
const MOST_KEPT_BYTES: usize = 32 << 20;

/// What a commit takes beside its texts, about, in bytes.
const PER_COMMIT: usize = 320;

/// What was read already from one store.
#[derive(Default)]
pub(crate) struct ReadCache {
    commits: RefCell<HashMap<ObjectId, Rc<ParsedCommit>>>,
    /// The bytes that the commits take, about.
    commit_bytes: Cell<usize>,
    tags: RefCell<HashMap<ObjectId, Rc<TagTarget>>>,
    differences: Differences,
}

/// How often tags were fetched in this attempt.
#[derive(Default)]
pub(crate) struct FetchedTags(RefCell<HashMap<(ObjectId, bool), u8>>);

impl FetchedTags {
    /// Notes that these were fetched, with or without the parents of their commits.
    pub(crate) fn add(&self, tags: &BTreeSet<ObjectId>, with_parents: bool) {
        let mut times = self.0.borrow_mut();
        for id in tags {
            *times.entry((*id, false)).or_default() += 1;
            if with_parents {
                *times.entry((*id, true)).or_default() += 1;
            }
        }
    }

    /// How often this one was fetched so.
    pub(crate) fn times(&self, id: ObjectId, with_parents: bool) -> u8 {
        self.0.borrow().get(&(id, with_parents)).copied().unwrap_or_default()
    }
}

/// What a store has at a moment.
pub(crate) struct Reader<'a> {
    pub(crate) objects: Objects,
    pub(crate) store: &'a Store,
    pub(crate) interrupt: &'a Interrupt,
    pub(crate) capabilities: FetchCapabilities,
    pub(crate) fetched: &'a FetchedTags,
    read: &'a ReadCache,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(
        store: &'a Store,
        interrupt: &'a Interrupt,
        capabilities: FetchCapabilities,
        read: &'a ReadCache,
        fetched: &'a FetchedTags,
    ) -> Result<Self, Error> {
        Ok(Self { objects: store.objects()?, store, interrupt, capabilities, fetched, read })
    }

    /// Reads a commit; `None` if the store does not have it.
    pub(crate) fn commit(&self, id: ObjectId) -> Result<Option<Rc<ParsedCommit>>, Error> {
        let commits = &self.read.commits;
        if let Some(known) = commits.borrow().get(&id) {
            return Ok(Some(Rc::clone(known)));
        }
        let Some(commit) = find(&self.objects, id, &mut Vec::new())?.map(Rc::new) else { return Ok(None) };
        let bytes = self.read.commit_bytes.get() + size(&commit);
        if bytes > MOST_KEPT_BYTES {
            commits.borrow_mut().clear();
        }
        self.read.commit_bytes.set(if bytes > MOST_KEPT_BYTES { size(&commit) } else { bytes });
        commits.borrow_mut().insert(id, Rc::clone(&commit));
        Ok(Some(commit))
    }

    /// Reads what a tag leads to; `None` if the store does not have all of it.
    pub(crate) fn tag_target(&self, id: ObjectId) -> Result<Option<Rc<TagTarget>>, Error> {
        keep(&self.read.tags, id, || {
            let target = find_tag_target(&self.objects, id)?;
            // The plan keeps them all, so they count as the list of tags does.
            if let Some(TagTarget::Commit(tagged)) = &target {
                self.interrupt
                    .take_memory(size(&tagged.commit) + tagged.tagger.len() + tagged.annotation.len())?;
            }
            Ok(target)
        })
    }

    /// Whether the change from one tree (or from nothing) to another touches a path that is selected.
    pub(crate) fn touches(
        &self,
        from: Option<ObjectId>,
        to: ObjectId,
        paths: (&PathSelectors, &Folders),
    ) -> Result<Touch, Error> {
        touches((&self.objects, &self.read.differences), from, to, paths, self.interrupt)
    }

    pub(crate) fn check_interrupt(&self) -> Result<(), Error> {
        if self.interrupt.is_stopped() { Err(self.interrupt.stopped_error()) } else { Ok(()) }
    }
}

/// What a commit takes, about, in bytes.
fn size(commit: &ParsedCommit) -> usize {
    let (fields, found) = (&commit.fields, &commit.commit);
    let texts = [&fields.subject, &fields.author, &fields.committer].map(Vec::len).iter().sum::<usize>();
    PER_COMMIT + texts + found.subject.len() + found.author.len() + found.committer.len()
}

fn keep<T>(
    kept: &RefCell<HashMap<ObjectId, Rc<T>>>,
    id: ObjectId,
    read: impl FnOnce() -> Result<Option<T>, Error>,
) -> Result<Option<Rc<T>>, Error> {
    if let Some(known) = kept.borrow().get(&id) {
        return Ok(Some(Rc::clone(known)));
    }
    let Some(read) = read()?.map(Rc::new) else { return Ok(None) };
    let mut kept = kept.borrow_mut();
    if kept.len() >= MOST_KEPT {
        kept.clear();
    }
    kept.insert(id, Rc::clone(&read));
    Ok(Some(read))
}

/// What has to be fetched before a subscription can be answered.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// The tips of histories, each with how many commits of it are needed.
    pub(crate) histories: BTreeMap<ObjectId, u32>,
    /// Tags, of whose commits the parents are not needed.
    pub(crate) tags: BTreeSet<ObjectId>,
    /// Tags, of whose commits the parents are needed too.
    pub(crate) tags_with_parents: BTreeSet<ObjectId>,
    pub(crate) trees: MissingTrees,
    /// How many levels of the trees of the commits of the histories, and of those of the tags, are of use.
    pub(crate) levels: u8,
    pub(crate) levels_of_tags: u8,
}

impl Needs {
    /// Adds what another subscription needs.
    pub(crate) fn add(&mut self, other: Self) {
        for (tip, depth) in other.histories {
            let deepest = self.histories.entry(tip).or_default();
            *deepest = depth.max(*deepest);
        }
        self.tags.extend(other.tags);
        self.tags_with_parents.extend(other.tags_with_parents);
        self.trees.add(other.trees);
        self.levels = self.levels.max(other.levels);
        self.levels_of_tags = self.levels_of_tags.max(other.levels_of_tags);
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
