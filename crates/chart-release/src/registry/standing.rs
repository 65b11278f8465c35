//! What a registry has under the tag of a chart's version.

use std::fmt;

use artifact_source::printable;
use oci_registry::{Digest, Fetched, Manifest};

use super::artifact::{CHART, CONFIG, CREATED, LEGACY_CHART};
use crate::Package;

/// What is under a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// There is no such tag.
    Nothing,
    /// A chart.
    Chart(StandingChart),
    /// Something else, such as an image.
    Other {
        /// The digest of the manifest.
        manifest: Digest,
        /// What it is: a media type.
        media_type: String,
    },
}

/// A chart that is under a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StandingChart {
    /// The digest of the manifest.
    pub manifest: Digest,
    /// The digest of the archive. It tells whether two pushes had the same content; the manifest differs in its time.
    pub chart: Digest,
    /// When it was created, as its annotation says; empty if there is none.
    pub created: String,
}

impl Standing {
    pub(super) fn of(fetched: Fetched) -> Self {
        let Fetched { digest, media_type, manifest, .. } = fetched;
        let found = match manifest {
            Manifest::Image(image) => {
                let is_chart = |layer: &&oci_registry::Descriptor| match layer.media_type.as_str() {
                    CHART => true,
                    LEGACY_CHART => image.config.media_type == CONFIG,
                    _ => false,
                };
                match image.layers.iter().find(is_chart) {
                    Some(layer) => {
                        let created = image.annotations.get(CREATED).cloned().unwrap_or_default();
                        return Self::Chart(StandingChart {
                            manifest: digest,
                            chart: layer.digest.clone(),
                            created,
                        });
                    }
                    None if !image.artifact_type.is_empty() => image.artifact_type,
                    None => image.config.media_type,
                }
            }
            Manifest::Index(_) => media_type,
            Manifest::Other(other) => other.media_type,
            _ => media_type,
        };
        Self::Other { manifest: digest, media_type: found }
    }

    /// Whether it is a chart with the archive of this package.
    pub fn has(&self, package: &Package) -> bool {
        matches!(self, Self::Chart(standing) if standing.chart.as_str() == package.digest())
    }

    /// What a message says of it: the digest of a chart's archive, or a description of content that is not a chart. `None` if there is none.
    pub(crate) fn content(&self) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Chart(chart) => Some(chart.chart.to_string()),
            Self::Other { .. } => Some(self.to_string()),
        }
    }

    /// The digest of the manifest.
    pub fn manifest(&self) -> Option<&Digest> {
        match self {
            Self::Nothing => None,
            Self::Chart(chart) => Some(&chart.manifest),
            Self::Other { manifest, .. } => Some(manifest),
        }
    }
}

/// `nothing`, `the chart sha256:...`, `application/x, sha256:...`.
impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing"),
            Self::Chart(chart) => write!(f, "the chart {}", chart.chart),
            Self::Other { manifest, media_type } if media_type.is_empty() => {
                write!(f, "another artifact, {manifest}")
            }
            Self::Other { manifest, media_type } => {
                write!(f, "another artifact, {manifest} of the type {}", printable(media_type))
            }
        }
    }
}
