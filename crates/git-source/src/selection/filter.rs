//! The filters that need to know more than a name ([rules 4.1, 4.4 and 4.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).

use std::fmt;
use std::sync::Arc;

use artifact_source::{Clock, Error, ErrorKind, Rejection};
use commit_rule::{CommitRule, CommitVariables, ExpressionError, TagVariables, Time};
use selection_strategies::Verdict;
use selection_strategies::path::PathSelectors;

use crate::selection::commit::{ParsedCommit, TaggedCommit};
use crate::selection::folders::Folders;
use crate::selection::object_text::GitTime;

/// The filters of a rule, with the clock of `now()`.
#[derive(Clone)]
pub(crate) struct CommitFilter {
    pub(crate) rule: CommitRule,
    clock: Arc<dyn Clock>,
    /// Those of its paths.
    folders: Option<Folders>,
}

impl CommitFilter {
    /// The filters of a rule.
    pub(crate) fn new(rule: CommitRule, clock: Arc<dyn Clock>) -> Self {
        let folders = rule.paths().map(Folders::new);
        Self { rule, clock, folders }
    }

    /// Whether it accepts every commit that is not too old.
    pub(crate) fn accepts_all(&self) -> bool {
        !self.rule.has_filter()
    }

    /// `None` where every path counts, so that paths need not be known.
    pub(crate) fn paths(&self) -> Option<(&PathSelectors, &Folders)> {
        self.rule.paths().zip(self.folders.as_ref())
    }

    /// How many levels of the trees of commits tell the most about them for the fewest bytes.
    pub(crate) fn levels(&self) -> u8 {
        self.folders.as_ref().map_or(0, Folders::levels)
    }

    /// The verdict of the date and of the expression on a commit.
    pub(crate) fn judge_commit(&self, commit: &ParsedCommit) -> Result<Verdict, Error> {
        let variables = CommitVariables {
            id: &commit.commit.id,
            commit_date: time(commit.fields.committed_at),
            author: &commit.fields.author,
            committer: &commit.fields.committer,
            subject: &commit.fields.subject,
        };
        self.rule.judge_commit(&variables, &self.now()).map_err(cannot_judge(&commit.commit.id))
    }

    /// The verdict of the expression on a tag, whose name the rule accepts.
    pub(crate) fn judge_tag(&self, name: &str, tag: &TaggedCommit) -> Result<Verdict, Error> {
        if self.rule.expression().is_none() {
            return Ok(Verdict::Accepted);
        }
        let commit = &tag.commit;
        let variables = TagVariables {
            tag: name.as_bytes(),
            id: &commit.commit.id,
            creator_date: time(tag.created_at),
            author: &commit.fields.author,
            committer: &commit.fields.committer,
            subject: &commit.fields.subject,
            tagger: &tag.tagger,
            annotation: &tag.annotation,
        };
        self.rule.judge_tag(&variables, &self.now()).map_err(cannot_judge(name))
    }

    fn now(&self) -> Time {
        Time::from_unix(self.clock.now().as_second(), 0, 0)
    }
}

fn cannot_judge(candidate: &str) -> impl FnOnce(ExpressionError) -> Error + '_ {
    move |error| {
        let message = format!("the expression filter cannot judge {candidate}: {error}");
        Error::new(ErrorKind::InvalidInput, message)
    }
}

impl fmt::Debug for CommitFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommitFilter").field("rule", &self.rule).finish_non_exhaustive()
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
