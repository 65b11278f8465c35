//! What a discovery found out, on its way from the blocking to the async side.

use artifact_source::{Commit, Rejection};
use serde::{Deserialize, Serialize};

use crate::observed::ObservedRefs;

/// What a discovery found out.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// What was seen the last time still stands.
    Unchanged,
    /// These commits.
    Found {
        commits: Vec<Commit>,
        /// Every candidate that was listed, once.
        judged: Vec<Judged>,
        /// What to remember; `None` where the same sight may give another answer.
        state: Option<State>,
    },
}

/// What is remembered of a discovery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct State {
    /// What names all of what was seen: the id of the commit that a branch pointed at, or a digest of
    /// all tags and what they pointed at.
    pub(crate) seen: String,
    /// The references that were seen, for whoever else wants to know whether they moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refs: Option<ObservedRefs>,
}

/// The layout of [`State`].
pub(crate) const SCHEMA: u32 = 2;

/// A candidate and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Judged {
    /// The commit's id, or the tag.
    pub(crate) name: String,
    /// What a person wants to see beside it.
    pub(crate) detail: Option<String>,
    /// `None` for a candidate that was found.
    pub(crate) rejection: Option<Rejection>,
}

impl Judged {
    /// A candidate that was turned down by its name alone.
    pub(crate) fn rejected(name: impl Into<String>, why: Rejection) -> Self {
        Self { name: name.into(), detail: None, rejection: Some(why) }
    }

    /// A candidate whose commit is known: subject and date are what a person knows it by.
    pub(crate) fn of(name: impl Into<String>, commit: &Commit, rejection: Option<Rejection>) -> Self {
        let detail = match commit.creator_date {
            Some(date) => format!("{} ({date})", commit.subject),
            None => commit.subject.clone(),
        };
        Self { name: name.into(), detail: Some(detail.trim_start().to_owned()), rejection }
    }
}
