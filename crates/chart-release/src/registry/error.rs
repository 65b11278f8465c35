//! Why a chart was not pushed.

use std::fmt;

use oci_registry::Digest;

use super::standing::Standing;

/// The tag of a version names other content, and is not overwritten.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conflict {
    /// `oci://HOST/PATH/NAME:TAG`.
    pub reference: String,
    /// What stands under the tag.
    pub standing: Standing,
    /// The digest of the archive that was to be pushed.
    pub chart: Digest,
    /// Whether the tag was moved by another push during this one.
    pub is_race: bool,
}

impl Conflict {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        if self.is_race {
            "two releases ran at the same time: look at what stands, and raise the version in Chart.yaml if it is not yours"
        } else {
            "a published version is not overwritten: raise the version in Chart.yaml"
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reference, standing, chart, is_race } = self;
        if *is_race {
            write!(f, "another push won: {reference} names {standing} since, and not the chart {chart}")
        } else {
            write!(f, "{reference} names other content already: {standing}, and not the chart {chart}")
        }
    }
}

impl std::error::Error for Conflict {}

/// A push that failed, and what the registry has of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PushFailed {
    /// `oci://HOST/PATH/NAME:TAG`.
    pub reference: String,
    /// The parts that the registry has: `config`, `chart`, `provenance`, `manifest`.
    pub stored: Vec<&'static str>,
    /// What went wrong.
    pub cause: artifact_source::Error,
}

impl PushFailed {
    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.cause.hint()
    }
}

impl fmt::Display for PushFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was not pushed: {}", self.reference, self.cause)?;
        match self.stored.as_slice() {
            [] => f.write_str("; the registry has nothing of it"),
            parts => write!(
                f,
                "; the registry has its {}, and the same push again sends the rest",
                parts.join(" and its ")
            ),
        }
    }
}

impl std::error::Error for PushFailed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The message has that of the cause.
        self.cause.source()
    }
}
