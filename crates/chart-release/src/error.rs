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
    /// A version is published already, with other content.
    #[error("{name} {version} stands in {place} with other content: {standing} there, {new} here")]
    Conflict {
        /// The chart.
        name: String,
        /// Its version.
        version: String,
        /// Where: the URL of a store or registry.
        place: String,
        /// The digest of what stands there.
        standing: String,
        /// The digest of what was to be published.
        new: String,
    },
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Chart(error) => error.hint(),
            Self::Network(error) => error.hint(),
            Self::Conflict { .. } => {
                Some("a published version is never replaced: give the chart a new version in Chart.yaml")
            }
        }
    }
}
