//! What can go wrong, by the part that it concerns.

use std::borrow::Cow;

use crate::overwrite::Conflict;
use crate::release::Refusal;

/// Why a chart was not packaged or published. [`hint`](Self::hint) is the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something is wrong with a chart: a field, a file, a lock.
    #[error(transparent)]
    Chart(#[from] helm_chart::Error),
    /// There is nothing to compare `HEAD` with.
    #[error(transparent)]
    Base(#[from] crate::changed::BaseError),
    /// The Git repository or its remote failed or refused.
    #[error(transparent)]
    Git(#[from] crate::git::GitError),
    /// A registry, a repository or a store failed or refused.
    #[error(transparent)]
    Network(#[from] artifact_source::Error),
    /// A release is refused.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// A version is published with other content, in a registry or a chart repository, and is not to be replaced.
    #[error(transparent)]
    Conflict(Box<Conflict>),
    /// A push failed.
    #[error(transparent)]
    Push(Box<crate::registry::PushFailed>),
    /// The one who asked for it stopped it, as by Ctrl-C.
    #[error("the release was stopped")]
    Stopped,
    /// Work on another thread ended early.
    #[error("the work was interrupted")]
    Interrupted,
}

// Boxed, so that an error is small enough to return.
impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::OtherContent(conflict) => Self::Conflict(conflict),
            refusal => Self::Refused(Box::new(refusal)),
        }
    }
}

impl From<Conflict> for Error {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict(Box::new(conflict))
    }
}

impl From<crate::registry::PushFailed> for Error {
    fn from(failed: crate::registry::PushFailed) -> Self {
        Self::Push(Box::new(failed))
    }
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<Cow<'_, str>> {
        let hint = match self {
            Self::Chart(error) => error.hint(),
            Self::Base(error) => error.hint(),
            Self::Git(error) => error.hint(),
            Self::Network(error) => error.hint(),
            Self::Refused(refusal) => return Some(Cow::Owned(refusal.remedy())),
            Self::Conflict(conflict) => Some(conflict.hint()),
            Self::Push(error) => error.hint(),
            Self::Stopped => {
                Some("run the same command again: what is done stays, and what is missing is done")
            }
            Self::Interrupted => None,
        };
        hint.map(Cow::Borrowed)
    }
}
