//! Ancestors and merge bases, which know where a shallow clone ends.
//!
//! gitoxide's walks leave out a commit whose child is at the end of a shallow clone, even where another path leads to it; these do not.

use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};

use gix::ObjectId;

use crate::git::commit_id::CommitId;
use crate::git::error::{GitError, GitErrorKind, broken};
use crate::git::repository::GitRepository;

/// Whether one commit is an ancestor of another one, as far as this clone can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ancestry {
    /// It is, or it is the same commit.
    Yes,
    No,
    /// Not in this clone, which does not have the whole history.
    Unknown,
}

/// The newest common ancestor of two commits, as far as this clone can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MergeBase {
    Found(CommitId),
    /// They have no common history.
    None,
    /// The clone is shallow, and the answer may be beyond its end.
    Unknown,
}

impl GitRepository {
    pub(crate) fn is_ancestor(&self, ancestor: CommitId, of: CommitId) -> Result<Ancestry, GitError> {
        let mut walk = Walk::new(self)?;
        let wanted = ancestor.object();
        let mut is_cut = false;
        let mut queue = BinaryHeap::new();
        let mut seen = HashSet::new();
        walk.push(&mut queue, &mut seen, of.object())?;
        while let Some((_, id)) = queue.pop() {
            if id == wanted {
                return Ok(Ancestry::Yes);
            }
            is_cut |= walk.is_cut(&id);
            for parent in walk.parents(id)? {
                walk.push(&mut queue, &mut seen, parent)?;
            }
        }
        Ok(if is_cut { Ancestry::Unknown } else { Ancestry::No })
    }

    /// Of several merge bases the newest is taken.
    pub(crate) fn merge_base(&self, one: CommitId, other: CommitId) -> Result<MergeBase, GitError> {
        if self.is_ancestor(one, other)? == Ancestry::Yes {
            return Ok(MergeBase::Found(one));
        }
        let mut walk = Walk::new(self)?;
        let left = walk.ancestors(one.object())?;
        let right = walk.ancestors(other.object())?;
        // A commit of one side at the end of the clone may have any ancestor.
        if left.symmetric_difference(&right).any(|id| walk.is_cut(id)) {
            return Ok(MergeBase::Unknown);
        }
        let common: HashSet<ObjectId> = left.intersection(&right).copied().collect();
        let mut candidates: BTreeSet<ObjectId> = BTreeSet::new();
        for tip in [one.object(), other.object()] {
            candidates.extend(common.contains(&tip).then_some(tip));
        }
        for id in left.symmetric_difference(&right) {
            candidates.extend(walk.parents(*id)?.into_iter().filter(|parent| common.contains(parent)));
        }
        let mut best = None;
        for candidate in &candidates {
            let mut is_redundant = false;
            for other in candidates.iter().filter(|other| *other != candidate) {
                is_redundant |=
                    self.is_ancestor(CommitId::new(*candidate), CommitId::new(*other))? == Ancestry::Yes;
            }
            if !is_redundant {
                best = best.max(Some((walk.time(*candidate)?, *candidate)));
            }
        }
        Ok(best.map_or(MergeBase::None, |(_, id)| MergeBase::Found(CommitId::new(id))))
    }
}

/// The commits that were read so far.
struct Walk {
    repository: gix::Repository,
    shallow: HashSet<ObjectId>,
    read: HashMap<ObjectId, (i64, Vec<ObjectId>)>,
}

impl Walk {
    fn new(repository: &GitRepository) -> Result<Self, GitError> {
        let repository = repository.local();
        let shallow = repository
            .shallow_commits()
            .map_err(broken("the list of shallow commits cannot be read"))?
            .map(|commits| commits.iter().copied().collect())
            .unwrap_or_default();
        Ok(Self { repository, shallow, read: HashMap::new() })
    }

    /// Whether the parents of the commit are not in this clone.
    fn is_cut(&self, id: &ObjectId) -> bool {
        self.shallow.contains(id)
    }

    fn read(&mut self, id: ObjectId) -> Result<&(i64, Vec<ObjectId>), GitError> {
        if !self.read.contains_key(&id) {
            let commit = self.repository.find_commit(id).map_err(|error| {
                GitError::new(GitErrorKind::Incomplete, format!("the commit {id} is not in this clone"))
                    .with_hint("run `git fsck`; a clone that lacks commits is repaired by cloning again")
                    .caused_by(&error)
            })?;
            let time = commit.time().map_or(0, |time| time.seconds);
            let parents = match self.shallow.contains(&id) {
                true => Vec::new(),
                false => commit.parent_ids().map(gix::Id::detach).collect(),
            };
            self.read.insert(id, (time, parents));
        }
        self.read.get(&id).ok_or_else(|| GitError::new(GitErrorKind::Broken, "a commit was not kept"))
    }

    fn parents(&mut self, id: ObjectId) -> Result<Vec<ObjectId>, GitError> {
        self.read(id).map(|(_, parents)| parents.clone())
    }

    fn time(&mut self, id: ObjectId) -> Result<i64, GitError> {
        self.read(id).map(|(time, _)| *time)
    }

    fn push(
        &mut self,
        queue: &mut BinaryHeap<(i64, ObjectId)>,
        seen: &mut HashSet<ObjectId>,
        id: ObjectId,
    ) -> Result<(), GitError> {
        if seen.insert(id) {
            queue.push((self.time(id)?, id));
        }
        Ok(())
    }

    /// The commit and all of its ancestors in this clone.
    fn ancestors(&mut self, tip: ObjectId) -> Result<HashSet<ObjectId>, GitError> {
        let mut seen = HashSet::from([tip]);
        let mut queue = vec![tip];
        while let Some(id) = queue.pop() {
            queue.extend(self.parents(id)?.into_iter().filter(|parent| seen.insert(*parent)));
        }
        Ok(seen)
    }
}
