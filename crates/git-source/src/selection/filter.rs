//! The filters that need to know more than a name ([rules 4.1, 4.4 and 4.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).

use std::fmt;
use std::sync::Arc;

use artifact_source::{Clock, Error, ErrorKind, Rejection};
use jiff::Timestamp;
use kargo_expr::{CommitVariables, Environment, Expression, TagVariables, Time};
use selection_strategies::Verdict;
use selection_strategies::path::PathSelectors;

use crate::selection::commit::{GitTime, ParsedCommit, TaggedCommit};

/// The filters of a source.
#[derive(Clone)]
pub(crate) struct CommitFilter {
    pub(crate) since: Option<Timestamp>,
    pub(crate) expression: Option<Expression>,
    /// `None` where every path counts, so that paths need not be known.
    pub(crate) paths: Option<PathSelectors>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl CommitFilter {
    /// Whether it accepts every commit that is not too old.
    pub(crate) fn accepts_all(&self) -> bool {
        self.expression.is_none() && self.paths.is_none()
    }

    /// Whether the same commit always has the same verdict. An expression that reads the time may change
    /// its verdict.
    pub(crate) fn is_timeless(&self) -> bool {
        self.expression.as_ref().is_none_or(|expression| !expression.as_str().contains("now"))
    }

    /// Whether a commit is older than `since`.
    pub(crate) fn is_too_old(&self, commit: &ParsedCommit) -> bool {
        self.since.is_some_and(|since| commit.fields.committed_at.seconds < since.as_second())
    }

    /// The verdict of the expression on a commit.
    pub(crate) fn judge_commit(&self, commit: &ParsedCommit) -> Result<Verdict, Error> {
        let Some(expression) = &self.expression else { return Ok(Verdict::Accepted) };
        let environment = Environment::for_commit(&CommitVariables {
            id: &commit.commit.id,
            commit_date: time(commit.fields.committed_at),
            author: &commit.fields.author,
            committer: &commit.fields.committer,
            subject: &commit.fields.subject,
        });
        self.judge(expression, environment, &commit.commit.id)
    }

    /// The verdict of the expression on a tag.
    pub(crate) fn judge_tag(&self, name: &str, tag: &TaggedCommit) -> Result<Verdict, Error> {
        let Some(expression) = &self.expression else { return Ok(Verdict::Accepted) };
        let commit = &tag.commit;
        let environment = Environment::for_tag(&TagVariables {
            tag: name.as_bytes(),
            id: &commit.commit.id,
            creator_date: time(tag.created_at),
            author: &commit.fields.author,
            committer: &commit.fields.committer,
            subject: &commit.fields.subject,
            tagger: &tag.tagger,
            annotation: &tag.annotation,
        });
        self.judge(expression, environment, name)
    }

    fn judge(
        &self,
        expression: &Expression,
        environment: Environment<'_>,
        candidate: &str,
    ) -> Result<Verdict, Error> {
        let now = GitTime { seconds: self.clock.now().as_second(), offset: 0 };
        expression.judge(&environment.now(time(now))).map_err(|error| {
            Error::new(
                ErrorKind::InvalidInput,
                format!("the expression filter cannot judge {candidate}: {error}"),
            )
        })
    }
}

impl fmt::Debug for CommitFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommitFilter")
            .field("since", &self.since)
            .field("expression", &self.expression.as_ref().map(Expression::as_str))
            .field("paths", &self.paths)
            .finish_non_exhaustive()
    }
}

/// The rejection of a commit that cannot be judged by its paths.
pub(crate) fn without_parent(commit: &ParsedCommit) -> Rejection {
    let parent = commit.first_parent.map(|parent| parent.to_string()).unwrap_or_default();
    let reason = format!("the server does not have its parent {parent}");
    Rejection::Unreadable { reason: reason.into() }
}

fn time(time: GitTime) -> Time {
    Time::from_unix(time.seconds, 0, time.offset)
}
