//! What a discovery found, on its way from the blocking to the async side.

use artifact_source::{Commit, Details, Rejection};

use crate::observation::ObservedState;

/// What a discovery found.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The references are those of the previous discovery.
    Unchanged,
    /// These commits.
    Found {
        commits: Vec<Commit>,
        /// Every candidate that was listed, once.
        judged: Vec<JudgedCandidate>,
        /// What to remember; `None` where the same references may have another answer later.
        state: Option<ObservedState>,
    },
}

/// A candidate and its verdict.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct JudgedCandidate {
    /// The commit's id, or the tag.
    pub(crate) name: String,
    /// What else is known, if its commit was read.
    pub(crate) details: Option<Details>,
    /// `None` for a candidate that was found.
    pub(crate) rejection: Option<Rejection>,
}

impl JudgedCandidate {
    /// A candidate that was rejected by its name alone.
    pub(crate) fn rejected(name: impl Into<String>, why: Rejection) -> Self {
        Self { name: name.into(), details: None, rejection: Some(why) }
    }

    /// A candidate whose commit is known.
    pub(crate) fn with_commit(
        name: impl Into<String>,
        commit: &Commit,
        changed: Vec<String>,
        rejection: Option<Rejection>,
    ) -> Self {
        let name = name.into();
        let details = Details::new()
            .with_commit((name != commit.id).then(|| commit.id.clone()))
            .with_subject(&commit.subject)
            .with_time(commit.creator_date)
            .with_changed_paths(changed);
        Self { name, details: Some(details), rejection }
    }
}
