//! What can go wrong, by the part that it concerns.

/// Why a chart was not packaged or published. [`hint`](Self::hint) is the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something is wrong with a chart: a field, a file, a lock.
    #[error(transparent)]
    Chart(#[from] helm_chart::Error),
    /// A registry, a repository or a store failed or refused.
    #[error(transparent)]
    Network(#[from] artifact_source::Error),
    /// A tag in a registry names other content.
    #[error(transparent)]
    Conflict(#[from] crate::registry::Conflict),
    /// A push failed.
    #[error(transparent)]
    Push(#[from] crate::registry::PushFailed),
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Chart(error) => error.hint(),
            Self::Network(error) => error.hint(),
            Self::Conflict(error) => Some(error.hint()),
            Self::Push(error) => error.hint(),
        }
    }
}
