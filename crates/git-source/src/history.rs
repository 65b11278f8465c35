//! The first-parent history of a commit, as far as it is in the store.

use artifact_source::{Commit, Error, ErrorKind};
use gix::ObjectId;
use gix::objs::{Find, Kind};
use gix::odb::{Handle, Header as _};

use crate::commit::{self, Read};
use crate::fault::{corrupt, malformed};
use crate::watch::Watch;

/// No commit object is read that is larger than this.
const LARGEST_COMMIT: u64 = 16 * 1024 * 1024;

/// A first-parent history, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct History {
    pub(crate) commits: Vec<Commit>,
    pub(crate) end: End,
}

/// Why a history goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It is as long as it was asked for.
    Limit,
    /// The last commit has no parent.
    Root,
    /// The last commit's parent is not in the store; or, of an empty history, the tip is not.
    Missing,
}

impl End {
    /// Whether no other commit can follow, whatever the server has.
    pub(crate) fn is_final(self) -> bool {
        self != Self::Missing
    }
}

/// Walks along first parents until it has this many commits (semantics rule 4.1).
pub(crate) fn first_parents(
    objects: &Handle,
    tip: ObjectId,
    limit: usize,
    watch: &Watch,
) -> Result<History, Error> {
    let mut commits = Vec::new();
    let mut next = Some(tip);
    let mut buffer = Vec::new();
    let end = loop {
        if commits.len() >= limit {
            break End::Limit;
        }
        let Some(id) = next else { break End::Root };
        if watch.is_stopped() {
            return Err(watch.stopped_error());
        }
        let Some(Read { commit, first_parent }) = find(objects, id, &mut buffer)? else { break End::Missing };
        commits.push(commit);
        next = first_parent;
    };
    Ok(History { commits, end })
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
        let Some(read) = find(objects, id, &mut buffer)? else { break };
        if distance == 0 || distance.is_power_of_two() {
            landmarks.push(id);
        }
        next = read.first_parent;
    }
    Ok(landmarks)
}

/// Reads a commit; `None` if the store does not have it.
fn find(objects: &Handle, id: ObjectId, buffer: &mut Vec<u8>) -> Result<Option<Read>, Error> {
    let Some(header) = objects.try_header(&id).map_err(corrupt(id))? else { return Ok(None) };
    if header.kind() != Kind::Commit {
        return Err(Error::new(
            ErrorKind::BadAnswer,
            format!("object {id} is not a commit but a {}", header.kind()),
        ));
    }
    if header.size() > LARGEST_COMMIT {
        return Err(Error::new(ErrorKind::TooLarge, format!("commit {id} has {} bytes", header.size())));
    }
    let Some(data) = objects.try_find(&id, buffer).map_err(corrupt(id))? else { return Ok(None) };
    let read = commit::read(id, data.data).map_err(malformed(id))?;
    Ok(Some(read))
}
