//! The filters that need to know more than a name (semantics rules 4.1, 4.4 and 4.6).

use std::fmt;
use std::sync::Arc;

use artifact_source::{Clock, Error, ErrorKind, Rejection};
use gix::bstr::ByteSlice;
use jiff::Timestamp;
use kargo_expr::{CommitVariables, Environment, Expression, TagVariables, Time};
use selection_strategies::Verdict;
use selection_strategies::path::PathSelectors;

use crate::commit::{Moment, Parsed};

/// The filters of a source.
#[derive(Clone)]
pub(crate) struct Sieve {
    pub(crate) since: Option<Timestamp>,
    pub(crate) expression: Option<Expression>,
    /// `None` where paths do not count and need not be known.
    pub(crate) paths: Option<PathSelectors>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Sieve {
    /// Whether everything passes.
    pub(crate) fn is_open(&self) -> bool {
        self.expression.is_none() && self.paths.is_none()
    }

    /// Whether the same commit is always judged alike. An expression that asks for the time may change
    /// its mind.
    pub(crate) fn is_timeless(&self) -> bool {
        self.expression.as_ref().is_none_or(|expression| !expression.as_str().contains("now"))
    }

    /// Whether a commit is too old.
    pub(crate) fn is_before(&self, commit: &Parsed) -> bool {
        self.since.is_some_and(|since| commit.facts.committed_at.seconds < since.as_second())
    }

    /// What the expression says about a commit.
    pub(crate) fn judge_commit(&self, commit: &Parsed) -> Result<Verdict, Error> {
        let Some(expression) = &self.expression else { return Ok(Verdict::Accepted) };
        let environment = Environment::for_commit(&CommitVariables {
            id: &commit.commit.id,
            commit_date: time(commit.facts.committed_at),
            author: &commit.facts.author,
            committer: &commit.facts.committer,
            subject: &commit.facts.subject,
        });
        self.judge(expression, environment, &commit.commit.id)
    }

    /// What the expression says about a tag.
    pub(crate) fn judge_tag(&self, name: &str, tag: &Tagged) -> Result<Verdict, Error> {
        let Some(expression) = &self.expression else { return Ok(Verdict::Accepted) };
        let commit = &tag.commit;
        let environment = Environment::for_tag(&TagVariables {
            tag: name.as_bytes(),
            id: &commit.commit.id,
            creator_date: time(tag.created_at),
            author: &commit.facts.author,
            committer: &commit.facts.committer,
            subject: &commit.facts.subject,
            tagger: &tag.tagger,
            annotation: &tag.annotation,
        });
        self.judge(expression, environment, name)
    }

    fn judge(
        &self,
        expression: &Expression,
        environment: Environment<'_>,
        about: &str,
    ) -> Result<Verdict, Error> {
        let environment = environment.now(time(Moment { seconds: self.clock.now().as_second(), offset: 0 }));
        expression.judge(&environment).map_err(|error| {
            Error::new(
                ErrorKind::InvalidInput,
                format!("the expression filter cannot judge {about}: {error}"),
            )
        })
    }
}

impl fmt::Debug for Sieve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sieve")
            .field("since", &self.since)
            .field("expression", &self.expression.as_ref().map(Expression::as_str))
            .field("paths", &self.paths)
            .finish_non_exhaustive()
    }
}

/// A commit behind a tag, and what the tag itself says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tagged {
    pub(crate) commit: Parsed,
    /// The tagger's date of an annotated tag, else the committer's.
    pub(crate) created_at: Moment,
    /// Empty for a light tag.
    pub(crate) tagger: Vec<u8>,
    /// The first paragraph of the tag's message; empty for a light tag.
    pub(crate) annotation: Vec<u8>,
}

/// Why a commit cannot be judged by its paths.
pub(crate) fn without_parent(commit: &Parsed) -> Rejection {
    let parent = commit.first_parent.map(|parent| parent.to_string()).unwrap_or_default();
    let reason = format!("the server does not have its parent {}", parent.as_bytes().as_bstr());
    Rejection::Unreadable { reason: reason.into() }
}

fn time(moment: Moment) -> Time {
    Time::from_unix(moment.seconds, 0, moment.offset)
}
