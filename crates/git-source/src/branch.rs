//! `NewestFromBranch`: the newest commits along a branch (semantics rule 4.1).
//!
//! 1. Ask where the branch stands. If it stands where it stood, the answer is the same: a commit's id
//!    is the id of its whole history.
//! 2. Walk what is in the store.
//! 3. If that ends too early, fetch as many commits as are asked for, without a single tree or file,
//!    and walk again. The first-parent history lies within that depth, since every commit of it is
//!    at most as far from the tip as its place in it.

use std::num::NonZeroU32;

use artifact_source::{Error, ErrorKind};
use gix::ObjectId;

use crate::history::{self, History};
use crate::negotiate::{Contents, Wanted};
use crate::outcome::{Judged, Outcome, State};
use crate::remote::Remote;
use crate::site::Visit;
use crate::store::Store;
use crate::tip;
use crate::watch::Watch;

/// Commits named to the server as known, at most.
const HAVES: usize = 64;

/// Which branch, and how many commits of it.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    /// `None` for the remote's HEAD.
    pub(crate) name: Option<String>,
    pub(crate) limit: NonZeroU32,
}

impl Branch {
    /// Everything besides the repository that the answer depends on.
    pub(crate) fn fingerprint(&self) -> String {
        match &self.name {
            Some(name) => format!("newest {} from {name}", self.limit),
            None => format!("newest {} from HEAD", self.limit),
        }
    }

    /// Finds the newest commits.
    pub(crate) fn discover(&self, visit: &Visit, previous: Option<&State>) -> Result<Outcome, Error> {
        let mut remote = visit.greet()?;
        let Some(tip) = tip::tip(&mut remote, self.name.as_deref())? else {
            return Ok(Outcome::Found { commits: Vec::new(), judged: Vec::new(), state: None });
        };
        let state = State { seen: tip.to_string() };
        if previous == Some(&state) {
            return Ok(Outcome::Unchanged);
        }

        let store = visit.store(Contents::Commits)?;
        let warm = !store.is_empty();
        let history = match self.history(&mut remote, &store, tip, &visit.watch) {
            // What is in the store may be the reason, and nothing is lost with it.
            Err(error) if warm && matches!(error.kind(), ErrorKind::Cache | ErrorKind::BadAnswer) => {
                store.clear().map_err(|_| error)?;
                remote = visit.greet()?;
                self.history(&mut remote, &store, tip, &visit.watch)?
            }
            history => history?,
        };
        let mut commits = history.commits;
        for commit in &mut commits {
            commit.branch.clone_from(&self.name);
        }
        // A history cut short by a server that is a shallow clone itself may grow under the same tip.
        let state = history.end.is_final().then_some(state);
        let judged = commits.iter().map(|commit| Judged::accepted(&commit.id, commit)).collect();
        Ok(Outcome::Found { commits, judged, state })
    }

    fn history(
        &self,
        remote: &mut Remote,
        store: &Store,
        tip: ObjectId,
        watch: &Watch,
    ) -> Result<History, Error> {
        let limit = self.limit.get() as usize;
        let objects = store.objects()?;
        let known = history::first_parents(&objects, tip, limit, watch)?;
        if known.end.is_final() {
            return Ok(known);
        }

        let mut haves = Vec::new();
        for tip in store.tips() {
            for id in history::landmarks(&objects, tip)? {
                if haves.len() < HAVES && !haves.contains(&id) {
                    haves.push(id);
                }
            }
        }
        drop(objects);
        remote.fetch(
            &Wanted { tips: vec![tip], haves, depth: self.limit, contents: Contents::Commits },
            store,
        )?;

        let history = history::first_parents(&store.objects()?, tip, limit, watch)?;
        if !history.end.is_final() {
            let Some(last) = history.commits.last() else {
                return Err(Error::new(
                    ErrorKind::BadAnswer,
                    format!("the server did not send commit {tip}"),
                ));
            };
            let is_boundary = match ObjectId::from_hex(last.id.as_bytes()) {
                Ok(last) => store.is_boundary(last)?,
                Err(_) => false,
            };
            if !is_boundary {
                return Err(Error::new(
                    ErrorKind::BadAnswer,
                    format!("the server left out the parent of commit {}", last.id),
                ));
            }
        }
        store.remember(&[tip])?;
        Ok(history)
    }
}
