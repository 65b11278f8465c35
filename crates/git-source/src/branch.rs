//! `NewestFromBranch`: the newest commits along a branch (semantics rule 4.1).
//!
//! 1. Ask where the branch stands. If it stands where it stood, the answer is the same: a commit's id
//!    is the id of its whole history.
//! 2. Walk what is in the store.
//! 3. Where that ends too early, fetch some more and walk on. Without filters, as many commits as are
//!    asked for are enough: every commit of a first-parent history is at most as far from the tip as
//!    its place in it. With filters nobody knows, so it goes in steps that grow.

use std::num::NonZeroU32;

use artifact_source::{Error, ErrorKind, Warning};
use gix::ObjectId;

use crate::allowed::Allowed;
use crate::fault::Setback;
use crate::history::{self, Halt, Walk};
use crate::negotiate::{Contents, Wanted};
use crate::observed::ObservedRefs;
use crate::outcome::{Outcome, State};
use crate::remote::Remote;
use crate::sieve::Sieve;
use crate::site::Visit;
use crate::store::Store;
use crate::tip::{self, Tip};

/// Commits named to the server as known, at most.
const HAVES: usize = 64;

/// With paths, this many commits are fetched first: most commits of most repositories touch something else.
const FIRST_LOOK_AT_PATHS: u32 = 101;

/// Where that was not enough, this many times more.
const GROWTH: u32 = 4;

/// What Git itself takes for "all".
const DEEPEST: u32 = 0x7fff_ffff;

/// Which branch, and which commits of it.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    /// `None` for the remote's HEAD.
    pub(crate) name: Option<String>,
    pub(crate) limit: NonZeroU32,
    pub(crate) sieve: Sieve,
    /// All of this in words.
    pub(crate) described: String,
}

impl Branch {
    /// Finds the newest commits.
    pub(crate) fn discover(&self, visit: &Visit, previous: Option<&State>) -> Result<Outcome, Setback> {
        let mut remote = visit.greet()?;
        let (tip, refs) = match tip::tip(&mut remote, self.name.as_deref())? {
            Tip::Branch(tip) => (tip, Some(ObservedRefs::BranchHead(tip.to_string()))),
            Tip::Tag(tip) => {
                let name = self.name.as_deref().unwrap_or_default();
                let warning = format!(
                    "{name:?} is not a branch but a tag, whose history is taken as `git clone --branch` takes it"
                );
                visit.warn(Warning::new(warning).with_hint(
                    "name a branch; for the newest tags choose the strategy SemVer, Lexical or NewestTag",
                ));
                (tip, None)
            }
            Tip::None => {
                return Ok(Outcome::Found { commits: Vec::new(), judged: Vec::new(), state: None });
            }
        };
        let seen = tip.to_string();
        if previous.is_some_and(|previous| previous.seen == seen) {
            return Ok(Outcome::Unchanged);
        }

        let (mut walk, whole) =
            visit.with_store(self.contents(), &mut remote, |remote, store, allowed| {
                self.history(visit, remote, store, allowed, tip)
            })?;
        for commit in &mut walk.commits {
            commit.branch.clone_from(&self.name);
        }
        // A history cut short by a server that is a shallow clone itself may grow under the same tip.
        let state = (whole && self.sieve.is_timeless()).then_some(State { seen, refs });
        Ok(Outcome::Found { commits: walk.commits, judged: walk.judged, state })
    }

    fn contents(&self) -> Contents {
        if self.sieve.paths.is_some() { Contents::Changes } else { Contents::Commits }
    }

    /// Walks and fetches until there is enough; whether the server could give all of it.
    fn history<'a>(
        &'a self,
        visit: &'a Visit,
        remote: &mut Remote,
        store: &Store,
        allowed: Allowed,
        tip: ObjectId,
    ) -> Result<(Walk<'a>, bool), Setback> {
        let mut walk = Walk::new(tip, self.limit.get() as usize, &self.sieve, &visit.watch);
        let mut depth: u32 = 0;
        loop {
            let objects = store.objects()?;
            let Halt::Missing { distance, child } = walk.advance(&objects)? else { return Ok((walk, true)) };
            let distance = u32::try_from(distance).unwrap_or(DEEPEST);
            if distance < depth {
                // It was within what was just asked for.
                let Some(child) = child else {
                    return Err(Error::new(
                        ErrorKind::BadAnswer,
                        format!("the server did not send commit {tip}"),
                    )
                    .into());
                };
                if !store.is_boundary(child)? {
                    let message = format!("the server left out the parent of commit {child}");
                    return Err(Error::new(ErrorKind::BadAnswer, message).into());
                }
                walk.give_up(&objects)?;
                return Ok((walk, false));
            }

            depth = match depth {
                // All that there is comes at once.
                _ if !allowed.shallow => DEEPEST,
                0 => self.first_depth(),
                depth => depth.saturating_mul(GROWTH),
            };
            depth = depth.max(distance.saturating_add(1)).min(DEEPEST);
            let Some(deep) = NonZeroU32::new(depth) else { return Ok((walk, false)) };
            let haves = haves(store, &objects)?;
            drop(objects);
            if remote.is_spent() {
                *remote = visit.greet()?;
            }
            let depth_wanted = allowed.shallow.then_some(deep);
            let wanted = Wanted { tips: vec![tip], haves, depth: depth_wanted, filter: allowed.filter };
            remote.fetch(&wanted, store)?;
            store.remember(&[tip])?;
        }
    }

    fn first_depth(&self) -> u32 {
        let limit = self.limit.get();
        if self.sieve.paths.is_some() {
            limit.saturating_mul(5).saturating_add(1).max(FIRST_LOOK_AT_PATHS)
        } else if self.sieve.is_open() {
            limit
        } else {
            limit.saturating_mul(2)
        }
    }
}

/// What to tell the server that is here.
fn haves(store: &Store, objects: &gix::odb::Handle) -> Result<Vec<ObjectId>, Error> {
    let mut haves = Vec::new();
    for tip in store.tips() {
        for id in history::landmarks(objects, tip)? {
            if haves.len() < HAVES && !haves.contains(&id) {
                haves.push(id);
            }
        }
    }
    Ok(haves)
}
