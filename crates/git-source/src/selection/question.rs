//! What one subscription asks of its repository, and where the answer goes.

use std::cell::RefCell;
use std::num::NonZeroU32;
use std::sync::Arc;

use artifact_source::{Clock, Error, Warning, lock};
use commit_rule::{CommitRule, CommitSelectionStrategy};
use tokio::sync::oneshot;

use super::branch::Branch;
use super::filter::CommitFilter;
use super::outcome::Outcome;
use super::tags::{Order, Tags};
use crate::observation::ObservedState;
use crate::repository::Session;

/// A way to find commits.
#[derive(Clone, Debug)]
pub(crate) enum Selection {
    /// Along a branch.
    Branch(Box<Branch>),
    /// By tags.
    Tags(Box<Tags>),
}

impl Selection {
    /// The work that finds the commits of a rule. `base` is the tag that others are compared with.
    pub(crate) fn new(
        rule: &CommitRule,
        limit: NonZeroU32,
        clock: Arc<dyn Clock>,
        base: Option<String>,
    ) -> Self {
        let filter = CommitFilter::new(rule.clone(), clock);
        let order = match rule.strategy() {
            CommitSelectionStrategy::SemVer => Order::Versions,
            CommitSelectionStrategy::Lexical => Order::Bytes,
            CommitSelectionStrategy::NewestTag | CommitSelectionStrategy::NewestFromBranch => Order::Dates,
        };
        match rule.tag_rule() {
            Some(tags) => Self::Tags(Box::new(Tags { rule: tags.clone(), order, limit, filter, base })),
            None => {
                let name = rule.branch().map(str::to_owned);
                Self::Branch(Box::new(Branch { name, limit, filter }))
            }
        }
    }

    pub(super) fn has_paths(&self) -> bool {
        match self {
            Self::Branch(branch) => branch.filter.paths().is_some(),
            Self::Tags(tags) => tags.filter.paths().is_some(),
        }
    }
}

/// What one subscription asks.
pub(crate) struct Question {
    pub(crate) selection: Arc<Selection>,
    pub(crate) previous: Option<ObservedState>,
    /// Whether the exchange counts on its meter.
    pub(super) pays: bool,
    reply: RefCell<Option<oneshot::Sender<Answer>>>,
}

impl Question {
    /// A question, and where its answer will come.
    pub(crate) fn new(
        selection: Arc<Selection>,
        previous: Option<ObservedState>,
        pays: bool,
    ) -> (Self, oneshot::Receiver<Answer>) {
        let (reply, answer) = oneshot::channel();
        (Self { selection, previous, pays, reply: RefCell::new(Some(reply)) }, answer)
    }

    /// Whether it has no answer yet, and somebody waits for one.
    pub(super) fn is_open(&self) -> bool {
        self.reply.borrow().as_ref().is_some_and(|reply| !reply.is_closed())
    }

    /// Sends its answer, if somebody waits for it.
    pub(super) fn answer(
        &self,
        session: &Session,
        outcome: Result<Outcome, Error>,
        warning: Option<Warning>,
    ) {
        if let Some(reply) = self.reply.borrow_mut().take() {
            let mut warnings = lock(&session.warnings).clone();
            warnings.extend(warning);
            let _ = reply.send(Answer { outcome, warnings });
        }
    }
}

/// The answer to one question.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) outcome: Result<Outcome, Error>,
    /// What the caller is told.
    pub(crate) warnings: Vec<Warning>,
}
