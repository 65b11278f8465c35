//! The first-parent history of a commit, as far as it is in the store, through the filters.

use artifact_source::{Commit, Error, ErrorKind, Rejection};
use gix::ObjectId;
use gix::objs::{Find, Kind};
use gix::odb::{Handle, Header as _};

use crate::changes;
use crate::commit::{self, Parsed};
use crate::fault::{corrupt, malformed};
use crate::outcome::Judged;
use crate::sieve::{self, Sieve};
use crate::watch::Watch;

/// No commit object is read that is larger than this.
const LARGEST_COMMIT: u64 = 16 * 1024 * 1024;

/// A walk along first parents (semantics rule 4.1). It can be continued when more is in the store.
pub(crate) struct Walk<'a> {
    sieve: &'a Sieve,
    limit: usize,
    watch: &'a Watch,
    /// How many commits were judged.
    pub(crate) walked: usize,
    next: Option<ObjectId>,
    /// What was found, newest first.
    pub(crate) commits: Vec<Commit>,
    pub(crate) judged: Vec<Judged>,
}

/// Where a walk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// At its end: the limit is reached, or a commit that is too old, or one without a parent.
    Over,
    /// The commit at this distance from the tip is not in the store. `child` is the one before it, which
    /// is judged already unless its paths matter.
    Missing { distance: usize, child: Option<ObjectId> },
}

impl<'a> Walk<'a> {
    pub(crate) fn new(tip: ObjectId, limit: usize, sieve: &'a Sieve, watch: &'a Watch) -> Self {
        Self { sieve, limit, watch, walked: 0, next: Some(tip), commits: Vec::new(), judged: Vec::new() }
    }

    /// Walks on as far as the store reaches.
    pub(crate) fn advance(&mut self, objects: &Handle) -> Result<Halt, Error> {
        let mut buffer = Vec::new();
        let mut child = None;
        while self.commits.len() < self.limit {
            let Some(id) = self.next else { break };
            if self.watch.is_stopped() {
                return Err(self.watch.stopped_error());
            }
            let Some(commit) = find(objects, id, &mut buffer)? else {
                return Ok(Halt::Missing { distance: self.walked, child: child.or_else(|| self.last()) });
            };
            if self.sieve.is_before(&commit) {
                self.judged.push(Judged::of(
                    &commit.commit.id,
                    &commit.commit,
                    Some(Rejection::OlderThanSince),
                ));
                self.next = None;
                break;
            }
            let mut verdict = self.sieve.judge_commit(&commit)?.into_result();
            if let (Ok(()), Some(paths)) = (&verdict, &self.sieve.paths) {
                let parent = match commit.first_parent {
                    Some(parent) => match find(objects, parent, &mut buffer)? {
                        Some(parent) => Some(parent.tree),
                        None => {
                            return Ok(Halt::Missing { distance: self.walked + 1, child: Some(id) });
                        }
                    },
                    None => None,
                };
                if !changes::touches(objects, parent, commit.tree, paths, self.watch)? {
                    verdict = Err(Rejection::NoMatchingPath);
                }
            }
            child = Some(id);
            self.take(commit, verdict);
        }
        Ok(Halt::Over)
    }

    /// Gives up on what the server does not have. Of a commit whose parent is unknown nobody knows what it
    /// changes, so where paths matter it is not found (semantics rule 4.7).
    pub(crate) fn give_up(&mut self, objects: &Handle) -> Result<(), Error> {
        if let Some(id) = self.next.take()
            && let Some(commit) = find(objects, id, &mut Vec::new())?
        {
            let why = sieve::without_parent(&commit);
            self.take(commit, Err(why));
            self.next = None;
        }
        Ok(())
    }

    fn take(&mut self, commit: Parsed, verdict: Result<(), Rejection>) {
        self.walked += 1;
        self.next = commit.first_parent;
        let rejection = verdict.err();
        let is_taken = rejection.is_none();
        self.judged.push(Judged::of(&commit.commit.id, &commit.commit, rejection));
        if is_taken {
            self.commits.push(commit.commit);
        }
    }

    fn last(&self) -> Option<ObjectId> {
        self.judged.last().and_then(|judged| ObjectId::from_hex(judged.name.as_bytes()).ok())
    }
}

/// Commits at first-parent distance 0, 1, 2, 4, 8 and so on of a tip: after a force-push the server
/// finds the fork among them, where knowing the lost tip alone would tell it nothing.
pub(crate) fn landmarks(objects: &Handle, tip: ObjectId) -> Result<Vec<ObjectId>, Error> {
    const FURTHEST: usize = 4096;
    let mut landmarks = Vec::new();
    let mut next = Some(tip);
    let mut buffer = Vec::new();
    for distance in 0..=FURTHEST {
        let Some(id) = next else { break };
        let Some(commit) = find(objects, id, &mut buffer)? else { break };
        if distance == 0 || distance.is_power_of_two() {
            landmarks.push(id);
        }
        next = commit.first_parent;
    }
    Ok(landmarks)
}

/// Reads a commit; `None` if the store does not have it.
pub(crate) fn find(objects: &Handle, id: ObjectId, buffer: &mut Vec<u8>) -> Result<Option<Parsed>, Error> {
    let Some(header) = objects.try_header(&id).map_err(corrupt(id))? else { return Ok(None) };
    if header.kind() != Kind::Commit {
        let message = format!("object {id} is not a commit but a {}", header.kind());
        return Err(Error::new(ErrorKind::BadAnswer, message));
    }
    if header.size() > LARGEST_COMMIT {
        return Err(Error::new(ErrorKind::TooLarge, format!("commit {id} has {} bytes", header.size())));
    }
    let Some(data) = objects.try_find(&id, buffer).map_err(corrupt(id))? else { return Ok(None) };
    commit::parse(id, data.data).map(Some).map_err(malformed(id))
}
