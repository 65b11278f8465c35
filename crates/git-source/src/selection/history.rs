//! The first-parent history of a commit, as far as it is in the store, through the filters.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use artifact_source::{Commit, Error, ErrorKind, Rejection};
use gix::ObjectId;
use gix::bstr::{BStr, BString, ByteVec};
use gix::diff::tree::{self, Error as DiffError, State, Visit};
use gix::objs::{FindExt, TreeRefIter};
use gix::odb::Handle;
use selection_strategies::path::PathSelectors;

use crate::selection::commit::{ParsedCommit, find};
use crate::selection::filter::{CommitFilter, without_parent};
use crate::selection::outcome::JudgedCandidate;
use crate::transport::{Interrupt, corrupt};

/// A walk along first parents ([rule 4.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). It can be continued when the store has more.
pub(crate) struct Walk<'a> {
    filter: &'a CommitFilter,
    limit: usize,
    interrupt: &'a Interrupt,
    /// How many commits were judged.
    walked: usize,
    next: Option<ObjectId>,
    /// The commits that were found, newest first.
    pub(crate) commits: Vec<Commit>,
    pub(crate) judged: Vec<JudgedCandidate>,
}

/// How far a walk has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// To its end: the limit is reached, or a commit that is too old, or one without a parent.
    Done,
    /// The commit at this distance from the tip is not in the store. `child` is the one before it, which
    /// is judged already unless its paths matter.
    Missing { distance: usize, child: Option<ObjectId> },
}

impl<'a> Walk<'a> {
    pub(crate) fn new(
        tip: ObjectId,
        limit: usize,
        filter: &'a CommitFilter,
        interrupt: &'a Interrupt,
    ) -> Self {
        Self { filter, limit, interrupt, walked: 0, next: Some(tip), commits: Vec::new(), judged: Vec::new() }
    }

    /// Walks on as far as the store reaches.
    pub(crate) fn advance(&mut self, objects: &Handle) -> Result<Progress, Error> {
        let mut buffer = Vec::new();
        let mut child = None;
        while self.commits.len() < self.limit {
            let Some(id) = self.next else { break };
            if self.interrupt.is_stopped() {
                return Err(self.interrupt.stopped_error());
            }
            let Some(commit) = find(objects, id, &mut buffer)? else {
                return Ok(Progress::Missing { distance: self.walked, child: child.or_else(|| self.last()) });
            };
            let mut verdict = self.filter.judge_commit(&commit)?.into_result();
            if let Err(why @ Rejection::OlderThanSince) = verdict {
                self.judged.push(JudgedCandidate::with_commit(&commit.commit.id, &commit.commit, Some(why)));
                self.next = None;
                break;
            }
            if let (Ok(()), Some(paths)) = (&verdict, self.filter.paths()) {
                let parent = match commit.first_parent {
                    Some(parent) => match find(objects, parent, &mut buffer)? {
                        Some(parent) => Some(parent.tree),
                        None => {
                            return Ok(Progress::Missing { distance: self.walked + 1, child: Some(id) });
                        }
                    },
                    None => None,
                };
                if !touches(objects, parent, commit.tree, paths, self.interrupt)? {
                    verdict = Err(Rejection::NoMatchingPath);
                }
            }
            child = Some(id);
            self.add(commit, verdict);
        }
        Ok(Progress::Done)
    }

    /// Ends the walk at what the server does not have. The changes of a commit whose parent is missing are unknown,
    /// so where paths matter it is not found ([rule 4.7](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    pub(crate) fn give_up(&mut self, objects: &Handle) -> Result<(), Error> {
        if let Some(id) = self.next.take()
            && let Some(commit) = find(objects, id, &mut Vec::new())?
        {
            let why = without_parent(&commit);
            self.add(commit, Err(why));
            self.next = None;
        }
        Ok(())
    }

    fn add(&mut self, commit: ParsedCommit, verdict: Result<(), Rejection>) {
        self.walked += 1;
        self.next = commit.first_parent;
        let rejection = verdict.err();
        let is_accepted = rejection.is_none();
        self.judged.push(JudgedCandidate::with_commit(&commit.commit.id, &commit.commit, rejection));
        if is_accepted {
            self.commits.push(commit.commit);
        }
    }

    fn last(&self) -> Option<ObjectId> {
        self.judged.last().and_then(|judged| ObjectId::from_hex(judged.name.as_bytes()).ok())
    }
}

/// The commits at first-parent distance 0, 1, 2, 4, 8 and so on of a tip. After a force-push the server
/// finds the fork between two of them. The lost tip alone would tell it nothing.
pub(crate) fn sample_ancestors(objects: &Handle, tip: ObjectId) -> Result<Vec<ObjectId>, Error> {
    const FURTHEST: usize = 4096;
    let mut sample = Vec::new();
    let mut next = Some(tip);
    let mut buffer = Vec::new();
    for distance in 0..=FURTHEST {
        let Some(id) = next else { break };
        let Some(commit) = find(objects, id, &mut buffer)? else { break };
        if distance == 0 || distance.is_power_of_two() {
            sample.push(id);
        }
        next = commit.first_parent;
    }
    Ok(sample)
}

/// The most changed entries of a commit that are compared. A few small trees that contain each
/// other many times can stand for any number of paths.
const MOST_CHANGES: usize = 4_000_000;

/// Whether the change from one tree (or from nothing) to another touches a path that is selected ([rule 4.3](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
///
/// The trees are compared entry by entry, without those that are equal. No file is read, no rename
/// is detected, and the search ends at the first path that is selected.
///
/// # Errors
///
/// `TooLarge` for a commit that changes more than 4,000,000 paths.
pub(crate) fn touches(
    objects: &Handle,
    from: Option<ObjectId>,
    to: ObjectId,
    selectors: &PathSelectors,
    interrupt: &Interrupt,
) -> Result<bool, Error> {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    let before = match from {
        Some(from) => objects.find_tree_iter(&from, &mut old).map_err(corrupt(from))?,
        None => TreeRefIter::from_bytes(&[], to.kind()),
    };
    let after = objects.find_tree_iter(&to, &mut new).map_err(corrupt(to))?;
    let mut search = PathSearch {
        selectors,
        interrupt,
        path: BString::default(),
        queue: VecDeque::new(),
        changes: 0,
        found: false,
    };
    match gix::diff::tree(before, after, State::default(), objects, &mut search) {
        Ok(()) => Ok(false),
        Err(DiffError::Cancelled) if search.found => Ok(true),
        Err(DiffError::Cancelled) if interrupt.is_stopped() => Err(interrupt.stopped_error()),
        Err(DiffError::Cancelled) => {
            Err(Error::new(ErrorKind::TooLarge, format!("a commit changes more than {MOST_CHANGES} paths")))
        }
        Err(DiffError::Failure(error)) => Err(corrupt(to)(error)),
    }
}

/// Searches the changes, which come breadth first, for a selected path.
struct PathSearch<'a> {
    selectors: &'a PathSelectors,
    interrupt: &'a Interrupt,
    path: BString,
    queue: VecDeque<BString>,
    changes: usize,
    found: bool,
}

impl Visit for PathSearch<'_> {
    fn pop_front_tracked_path_and_set_current(&mut self) {
        self.path = self.queue.pop_front().unwrap_or_default();
    }

    fn push_back_tracked_path_component(&mut self, component: &BStr) {
        self.push_path_component(component);
        self.queue.push_back(self.path.clone());
    }

    fn push_path_component(&mut self, component: &BStr) {
        if !self.path.is_empty() {
            self.path.push_byte(b'/');
        }
        self.path.push_str(component);
    }

    fn pop_path_component(&mut self) {
        let end = self.path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        self.path.truncate(end);
    }

    fn visit(&mut self, change: tree::visit::Change) -> tree::visit::Action {
        self.changes += 1;
        let is_stopped = self.changes.is_multiple_of(1024) && self.interrupt.is_stopped();
        if self.changes > MOST_CHANGES || is_stopped {
            return ControlFlow::Break(());
        }
        if !change.entry_mode().is_tree() && self.selectors.judge(&*self.path).is_included() {
            self.found = true;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}
