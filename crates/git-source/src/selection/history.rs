//! The first-parent history of a commit, as far as it is in the store, through the filters.

use std::rc::Rc;

use artifact_source::{Commit, Error, Rejection};
use gix::ObjectId;

use crate::repository::Objects;
use crate::selection::changes::{MissingTrees, Touch};
use crate::selection::commit::{ParsedCommit, find};
use crate::selection::filter::{CommitFilter, without_parent};
use crate::selection::outcome::JudgedCandidate;
use crate::selection::reader::Reader;

/// Each further step looks at this many times as many commits, where few of them are found.
const GROWTH: usize = 4;

/// With a path filter, a step costs more requests, and commits cost little.
const GROWTH_WITH_PATHS: usize = 16;

/// The most that a step looks at, times as many commits as before.
const MOST_GROWTH: usize = 64;

/// With so many commits found it is known how many are to be looked at until all are found, about.
const FEW_FOUND: usize = 4;

/// A walk along first parents ([rule 4.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). It can be continued when the store has more.
///
/// The verdict on a commit may have to wait for trees. The walk goes on meanwhile, up to its horizon, so that all of them can be fetched at once.
pub(crate) struct Walk<'a> {
    filter: &'a CommitFilter,
    limit: usize,
    /// How many commits are looked at before their trees are asked for.
    horizon: usize,
    next: Option<ObjectId>,
    walked: Vec<Walked>,
}

/// A commit of the walk.
struct Walked {
    commit: Rc<ParsedCommit>,
    verdict: PathVerdict,
    /// Paths that it changed, for people.
    changed: Vec<String>,
}

enum PathVerdict {
    Accepted,
    Rejected(Rejection),
    /// It waits for its paths.
    Open,
}

/// How far a walk has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// To its end: the limit is reached, or a commit that is too old, or one without a parent.
    Done,
    /// Something is missing.
    Missing {
        /// The first commit that is not in the store.
        commit: Option<MissingCommit>,
        /// The trees that decide about commits that were walked.
        trees: MissingTrees,
    },
}

/// A commit that a walk needs and that is not in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MissingCommit {
    /// How far it is from the tip.
    pub(crate) distance: usize,
    /// How many commits are to be looked at, probably, until enough are found.
    pub(crate) estimate: usize,
    /// The commit before it; `None` for the tip itself.
    pub(crate) child: Option<ObjectId>,
}

impl<'a> Walk<'a> {
    /// A walk that looks at this many commits at first.
    pub(crate) fn new(tip: ObjectId, limit: usize, horizon: usize, filter: &'a CommitFilter) -> Self {
        Self { filter, limit, horizon, next: Some(tip), walked: Vec::new() }
    }

    /// Walks on as far as the store reaches.
    pub(crate) fn advance(&mut self, reader: &Reader<'_>) -> Result<Progress, Error> {
        let mut trees = MissingTrees::default();
        let (mut accepted, mut open, mut probable) = (0, 0, 0);
        let mut missing = None;
        let mut at = 0;
        // A commit that changed a folder that is included as a whole is probably found: no more of them are looked into than needed.
        while accepted + probable < self.limit {
            reader.check_interrupt()?;
            if at == self.walked.len() {
                if self.walked.len() >= self.horizon {
                    if accepted + open >= self.limit {
                        break;
                    }
                    self.horizon = self.estimate(accepted + open).max(self.horizon.saturating_add(1));
                }
                missing = self.walk_on(reader)?;
                if at == self.walked.len() {
                    break;
                }
            }
            let Some(walked) = self.walked.get_mut(at) else { break };
            if matches!(walked.verdict, PathVerdict::Open) {
                match changed_paths(&walked.commit, self.filter, reader)? {
                    ParentOr::Parent(child) => {
                        missing = Some((at + 1, Some(child)));
                        break;
                    }
                    ParentOr::Touch(Touch::Yes(path)) => {
                        (walked.verdict, walked.changed) =
                            (PathVerdict::Accepted, path.into_iter().collect());
                    }
                    ParentOr::Touch(Touch::No { why, changed }) => {
                        (walked.verdict, walked.changed) = (PathVerdict::Rejected(why), changed);
                    }
                    ParentOr::Touch(Touch::Unknown(missing)) => {
                        probable += usize::from(missing.is_included && missing.roots.is_empty());
                        trees.add(missing);
                    }
                }
            }
            match walked.verdict {
                PathVerdict::Accepted => accepted += 1,
                PathVerdict::Rejected(_) => {}
                PathVerdict::Open => open += 1,
            }
            at += 1;
        }
        if open > 0 || missing.is_some() && accepted < self.limit {
            // What is decided already may be enough, and the rest only stands between.
            let missing = missing.filter(|_| accepted + open < self.limit);
            let estimate = self.estimate(accepted + open);
            let commit = missing.map(|(distance, child)| MissingCommit { distance, estimate, child });
            return Ok(Progress::Missing { commit, trees });
        }
        if accepted >= self.limit {
            self.walked.truncate(at);
        }
        Ok(Progress::Done)
    }

    /// How many commits are to be looked at, probably, if this many of those that were are found: as many as it takes at the same rate, and half of that
    /// again. Where few were found, the rate is not known.
    fn estimate(&self, found: usize) -> usize {
        let walked = self.walked.len().max(1);
        let at_rate = walked.saturating_mul(self.limit).saturating_mul(3) / found.max(1).saturating_mul(2);
        let least = match (found < FEW_FOUND, self.filter.paths()) {
            (false, _) => walked.saturating_mul(3) / 2,
            (true, None) => walked.saturating_mul(GROWTH),
            (true, Some(_)) => walked.saturating_mul(GROWTH_WITH_PATHS),
        };
        at_rate.max(least).min(walked.saturating_mul(MOST_GROWTH))
    }

    /// Adds the next commit, if it is there. Returns what is missing, if it is not: its distance from the tip, and the commit before it.
    fn walk_on(&mut self, reader: &Reader<'_>) -> Result<Option<(usize, Option<ObjectId>)>, Error> {
        let Some(id) = self.next else { return Ok(None) };
        let Some(commit) = reader.commit(id)? else {
            return Ok(Some((self.walked.len(), self.last())));
        };
        self.next = commit.first_parent;
        let verdict = match self.filter.judge_commit(&commit)?.into_result() {
            Err(why) => {
                if matches!(why, Rejection::OlderThanSince) {
                    self.next = None;
                }
                PathVerdict::Rejected(why)
            }
            Ok(()) if self.filter.paths().is_some() => PathVerdict::Open,
            Ok(()) => PathVerdict::Accepted,
        };
        self.walked.push(Walked { commit, verdict, changed: Vec::new() });
        Ok(None)
    }

    /// Ends the walk at what the server does not have. The changes of a commit whose parent is missing are unknown,
    /// so where paths matter it is not found ([rule 4.7](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    pub(crate) fn give_up(&mut self) {
        self.next = None;
        if let Some(last) = self.walked.last_mut()
            && matches!(last.verdict, PathVerdict::Open)
        {
            last.verdict = PathVerdict::Rejected(without_parent(&last.commit));
        }
    }

    fn last(&self) -> Option<ObjectId> {
        let last = self.walked.last()?;
        ObjectId::from_hex(last.commit.commit.id.as_bytes()).ok()
    }

    /// The commits that were found, newest first, and every commit that was judged.
    pub(crate) fn into_parts(self) -> (Vec<Commit>, Vec<JudgedCandidate>) {
        let (mut commits, mut judged) = (Vec::new(), Vec::new());
        for Walked { commit, verdict, changed } in self.walked {
            let rejection = match verdict {
                PathVerdict::Rejected(why) => Some(why),
                PathVerdict::Accepted | PathVerdict::Open => None,
            };
            let is_accepted = rejection.is_none();
            judged.push(JudgedCandidate::with_commit(&commit.commit.id, &commit.commit, changed, rejection));
            if is_accepted {
                commits.push(commit.commit.clone());
            }
        }
        (commits, judged)
    }
}

/// What is known about the changes of a commit.
pub(crate) enum ParentOr {
    /// Nothing: its parent is not in the store. This is the commit.
    Parent(ObjectId),
    /// This.
    Touch(Touch),
}

/// Whether a commit touches a path that the filter selects.
pub(crate) fn changed_paths(
    commit: &ParsedCommit,
    filter: &CommitFilter,
    reader: &Reader<'_>,
) -> Result<ParentOr, Error> {
    let Some(paths) = filter.paths() else { return Ok(ParentOr::Touch(Touch::Yes(None))) };
    let before = match commit.first_parent {
        None => None,
        Some(parent) => match reader.commit(parent)? {
            Some(parent) => Some(parent.tree),
            None => {
                let id = ObjectId::from_hex(commit.commit.id.as_bytes());
                return Ok(ParentOr::Parent(id.unwrap_or(parent)));
            }
        },
    };
    reader.touches(before, commit.tree, paths).map(ParentOr::Touch)
}

/// The commits at first-parent distance 0, 1, 2, 4, 8 and so on of a tip. After a force-push the server
/// finds the fork between two of them. The lost tip alone would tell it nothing.
pub(crate) fn sample_ancestors(objects: &Objects, tip: ObjectId) -> Result<Vec<ObjectId>, Error> {
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
