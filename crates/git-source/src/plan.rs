//! The work of a source: one of two kinds.

use std::time::Instant;

use artifact_source::Error;

use crate::branch::Branch;
use crate::fault::Setback;
use crate::outcome::{Outcome, State};
use crate::site::Visit;
use crate::tags::Tags;

/// The work of a source.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    /// Commits along a branch.
    Branch(Box<Branch>),
    /// Commits behind tags.
    Tags(Box<Tags>),
}

impl Plan {
    /// Everything besides the repository that the answer depends on.
    pub(crate) fn fingerprint(&self) -> &str {
        match self {
            Self::Branch(branch) => &branch.described,
            Self::Tags(tags) => &tags.described,
        }
    }

    /// Finds commits. What fails for a reason that passes is begun anew, as often as the client for http does it with a single
    /// request, unless that has done so already.
    pub(crate) fn discover(&self, visit: &Visit, previous: Option<&State>) -> Result<Outcome, Error> {
        let started = Instant::now();
        let mut tries = 1;
        loop {
            let error = match self.at_one_moment(visit, previous) {
                Err(error) if error.is_transient() && error.tries() == 1 && error.retry_after().is_none() => {
                    error
                }
                outcome => return outcome,
            };
            let pause = visit.site.means.http.pause_after(tries);
            if !pause.is_some_and(|pause| visit.watch.pause(pause)) {
                return Err(if tries > 1 { error.with_tries(tries, started.elapsed()) } else { error });
            }
            tries += 1;
        }
    }

    /// Where a reference moves between the requests of a discovery, it is done once more.
    fn at_one_moment(&self, visit: &Visit, previous: Option<&State>) -> Result<Outcome, Error> {
        let started = Instant::now();
        match self.once(visit, previous) {
            Err(Setback::Moved(_)) => self.once(visit, previous).map_err(|setback| match setback {
                Setback::Moved(error) => error.with_tries(2, started.elapsed()),
                other => other.into(),
            }),
            outcome => Ok(outcome?),
        }
    }

    fn once(&self, visit: &Visit, previous: Option<&State>) -> Result<Outcome, Setback> {
        match self {
            Self::Branch(branch) => branch.discover(visit, previous),
            Self::Tags(tags) => tags.discover(visit, previous),
        }
    }
}
