//! The way of one question to its answer.

use artifact_source::{Error, ErrorKind, Warning};

use super::branch::{Branch, BranchPlan, Tip, resolve_missing};
use super::fallback::Stopped;
use super::outcome::Outcome;
use super::question::{Question, Selection};
use super::reader::{Needs, Reader};
use super::tags::{Tags, TagsPlan};
use crate::observation::ObservedState;
use crate::repository::{References, Session};
use crate::transport::Interrupt;

/// A question on the way to its answer.
pub(super) struct Open<'q> {
    pub(super) question: &'q Question,
    plan: Plan<'q>,
    warning: Option<Warning>,
}

impl<'q> Open<'q> {
    /// A question with its plan, by the references that were listed. `others` are those that a branch's name may stand for that was not listed.
    pub(super) fn new(
        question: &'q Question,
        listed: &References,
        others: &References,
        interrupt: &Interrupt,
    ) -> Self {
        let previous = question.previous.as_ref();
        let (plan, warning) = match &*question.selection {
            Selection::Tags(tags) => (Plan::of_tags(tags, listed, previous, interrupt), None),
            Selection::Branch(branch) => match listed.target(&branch.reference()) {
                Some(tip) => (Plan::of_branch(branch, Some(Tip::Branch(tip)), previous), None),
                None => match resolve_missing(others, branch.name.as_deref()) {
                    Ok(tip) => {
                        let warning = matches!(tip, Some(Tip::Tag(_))).then(|| branch.warning_of_tag());
                        (Plan::of_branch(branch, tip, previous), warning)
                    }
                    Err(error) => (Plan::Answered(Err(error)), None),
                },
            },
        };
        Self { question, plan, warning }
    }

    /// Answers it, if the list of references does, and returns it otherwise.
    pub(super) fn finish_by_list(self, session: &Session) -> Option<Self> {
        let Self { question, plan, warning } = self;
        let outcome = match plan {
            Plan::Answered(outcome) => outcome,
            Plan::Tags(plan) if plan.is_empty() => Ok(plan.finish()),
            plan => return Some(Self { question, plan, warning }),
        };
        question.answer(session, outcome, warning);
        None
    }

    /// Goes on as far as the store reaches, and adds what it needs to go further. A store `may_be_damaged` that was filled before.
    pub(super) fn advance(
        mut self,
        reader: &Reader<'_>,
        needs: &mut Needs,
        interrupt: &Interrupt,
        may_be_damaged: bool,
    ) -> Result<Advanced<'q>, Stopped> {
        if !self.question.is_open() {
            return Ok(Advanced::Left);
        }
        let advanced = self.plan.advance(reader).and_then(|its| {
            if its.trees.is_empty() || reader.capabilities.trees {
                return Ok(its);
            }
            Err(Error::new(
                ErrorKind::BadAnswer,
                "the server did not send all trees of the commits that it sent",
            ))
        });
        let outcome = match (advanced, self.plan) {
            (Ok(_), Plan::Answered(outcome)) => outcome,
            (Ok(its), plan) => {
                needs.add(its);
                self.plan = plan;
                return Ok(Advanced::Open(self));
            }
            (Err(error), _) if interrupt.is_stopped() => return Err(error.into()),
            // A damaged store shows in many ways.
            (Err(error), _)
                if may_be_damaged && matches!(error.kind(), ErrorKind::Cache | ErrorKind::BadAnswer) =>
            {
                return Err(Stopped::Store(error));
            }
            (Err(error), _) => Err(error),
        };
        Ok(Advanced::Answered(Answered { question: self.question, outcome, warning: self.warning }))
    }
}

/// A question with its answer.
pub(super) struct Answered<'a> {
    pub(super) question: &'a Question,
    outcome: Result<Outcome, Error>,
    warning: Option<Warning>,
}

impl Answered<'_> {
    pub(super) fn send(self, session: &Session) {
        self.question.answer(session, self.outcome, self.warning);
    }
}

/// How far a question has come.
pub(super) enum Advanced<'a> {
    /// To its answer.
    Answered(Answered<'a>),
    /// It needs something.
    Open(Open<'a>),
    /// Nobody waits for it any more.
    Left,
}

/// How the answer is found.
enum Plan<'a> {
    Branch(BranchPlan<'a>),
    Tags(TagsPlan<'a>),
    Answered(Result<Outcome, Error>),
}

impl<'a> Plan<'a> {
    fn of_tags(
        tags: &'a Tags,
        listed: &References,
        previous: Option<&ObservedState>,
        interrupt: &Interrupt,
    ) -> Self {
        match tags.plan(listed, previous, interrupt) {
            Ok(Some(plan)) => Self::Tags(plan),
            Ok(None) => Self::Answered(Ok(Outcome::Unchanged)),
            Err(error) => Self::Answered(Err(error)),
        }
    }

    fn of_branch(branch: &'a Branch, tip: Option<Tip>, previous: Option<&ObservedState>) -> Self {
        match tip {
            None => {
                Self::Answered(Ok(Outcome::Found { commits: Vec::new(), judged: Vec::new(), state: None }))
            }
            Some(tip) => match branch.plan(tip, previous) {
                Some(plan) => Self::Branch(plan),
                None => Self::Answered(Ok(Outcome::Unchanged)),
            },
        }
    }

    /// Goes on as far as the store reaches. Returns what it needs to go further.
    fn advance(&mut self, reader: &Reader<'_>) -> Result<Needs, Error> {
        let needs = match self {
            Self::Branch(plan) => plan.advance(reader)?,
            Self::Tags(plan) => plan.advance(reader)?,
            Self::Answered(_) => return Ok(Needs::default()),
        };
        Ok(match needs {
            Some(needs) => needs,
            None => {
                let done = Self::Answered(Ok(Outcome::Unchanged));
                *self = Self::Answered(Ok(match std::mem::replace(self, done) {
                    Self::Branch(plan) => plan.finish(),
                    Self::Tags(plan) => plan.finish(),
                    Self::Answered(_) => Outcome::Unchanged,
                }));
                Needs::default()
            }
        })
    }
}
