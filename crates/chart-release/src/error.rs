//! What can go wrong, by the part that it concerns.

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
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Chart(error) => error.hint(),
            Self::Base(error) => error.hint(),
            Self::Git(error) => error.hint(),
            Self::Network(error) => error.hint(),
        }
    }
}
