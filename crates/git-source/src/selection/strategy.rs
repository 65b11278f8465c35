//! The two ways to find commits, and how a discovery is repeated.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use artifact_source::{Clock, Error};
use commit_rule::{CommitRule, CommitSelectionStrategy};

use crate::observation::ObservedState;
use crate::repository::Session;
use crate::selection::branch::Branch;
use crate::selection::filter::CommitFilter;
use crate::selection::outcome::Outcome;
use crate::selection::tags::{Order, Tags};
use crate::transport::ExchangeError;

/// A way to find commits.
#[derive(Clone, Debug)]
pub(crate) enum Selection {
    /// Along a branch.
    Branch(Box<Branch>),
    /// By tags.
    Tags(Box<Tags>),
}

impl Selection {
    /// The work that finds the commits of a rule.
    pub(crate) fn new(rule: &CommitRule, limit: NonZeroU32, clock: Arc<dyn Clock>) -> Self {
        let filter = CommitFilter { rule: rule.clone(), clock };
        let order = match rule.strategy() {
            CommitSelectionStrategy::SemVer => Order::Versions,
            CommitSelectionStrategy::Lexical => Order::Bytes,
            CommitSelectionStrategy::NewestTag | CommitSelectionStrategy::NewestFromBranch => Order::Dates,
        };
        match rule.tag_rule() {
            Some(tags) => Self::Tags(Box::new(Tags { rule: tags.clone(), order, limit, filter })),
            None => {
                let name = rule.branch().map(str::to_owned);
                Self::Branch(Box::new(Branch { name, limit, filter }))
            }
        }
    }

    /// Finds commits. A discovery that fails for a transient reason starts again, as often as the HTTP client repeats a single
    /// request, unless the client has done so already.
    pub(crate) fn discover(
        &self,
        session: &Session,
        previous: Option<&ObservedState>,
    ) -> Result<Outcome, Error> {
        let started = Instant::now();
        let mut tries = 1;
        loop {
            let error = match self.with_stable_references(session, previous) {
                Err(error) if error.is_transient() && error.tries() == 1 && error.retry_after().is_none() => {
                    error
                }
                outcome => return outcome,
            };
            let pause = session.repository.options.http.pause_after(tries);
            if !pause.is_some_and(|pause| session.interrupt.sleep(pause)) {
                return Err(if tries > 1 { error.with_tries(tries, started.elapsed()) } else { error });
            }
            tries += 1;
        }
    }

    /// Repeats a discovery once where a reference moved between its requests.
    fn with_stable_references(
        &self,
        session: &Session,
        previous: Option<&ObservedState>,
    ) -> Result<Outcome, Error> {
        let started = Instant::now();
        match self.once(session, previous) {
            Err(ExchangeError::ReferenceMoved(_)) => {
                self.once(session, previous).map_err(|error| match error {
                    ExchangeError::ReferenceMoved(error) => error.with_tries(2, started.elapsed()),
                    other => other.into(),
                })
            }
            outcome => Ok(outcome?),
        }
    }

    fn once(&self, session: &Session, previous: Option<&ObservedState>) -> Result<Outcome, ExchangeError> {
        match self {
            Self::Branch(branch) => branch.discover(session, previous),
            Self::Tags(tags) => tags.discover(session, previous),
        }
    }
}
