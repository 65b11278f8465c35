//! What can go wrong, by the part that it concerns.

use std::borrow::Cow;

use crate::release::Refusal;

/// Why a chart was not packaged or published. [`hint`](Self::hint) is the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something is wrong with a chart: a field, a file, a lock.
    #[error(transparent)]
    Chart(#[from] helm_chart::Error),
    /// The Git repository or its remote failed or refused.
    #[error(transparent)]
    Git(#[from] crate::git::GitError),
    /// A registry, a repository or a store failed or refused.
    #[error(transparent)]
    Network(#[from] artifact_source::Error),
    /// A release is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Work on another thread ended early.
    #[error("the work was interrupted")]
    Interrupted,
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Chart(error) => error.hint().map(Cow::Borrowed),
            Self::Git(error) => error.hint().map(Cow::Borrowed),
            Self::Network(error) => error.hint().map(Cow::Borrowed),
            Self::Refused(refusal) => Some(Cow::Owned(refusal.remedy())),
            Self::Interrupted => None,
        }
    }
}
