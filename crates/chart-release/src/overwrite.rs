//! Which published versions may be replaced, and what is said of one that may not.

use std::fmt;

use helm_chart::Package;
use serde::Serialize;

/// The version of dev releases that moves: the only one that `warehouse chart` replaces.
pub(crate) const MOVING_VERSION: &str = "0.0.0-dev";

/// Which versions may be replaced by other content.
///
/// ```
/// use chart_release::Overwrite;
///
/// assert!(Overwrite::moving_dev().allows("0.0.0-dev"));
/// assert!(!Overwrite::moving_dev().allows("1.4.0") && !Overwrite::Never.allows("0.0.0-dev"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Overwrite {
    /// None: what is published stays.
    #[default]
    Never,
    /// This version alone, as it is written in `Chart.yaml`.
    Version(String),
}

impl Overwrite {
    /// `0.0.0-dev` alone, which dev releases publish again and again.
    pub fn moving_dev() -> Self {
        Self::Version(MOVING_VERSION.to_owned())
    }

    /// Whether this version may be replaced.
    pub fn allows(&self, version: &str) -> bool {
        matches!(self, Self::Version(allowed) if allowed == version)
    }
}

/// A version that is published with other content, and is not replaced. `Display` is the reason, [`hint`](Self::hint) what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Conflict {
    /// The chart.
    pub chart: String,
    /// Its version.
    pub version: String,
    /// Where it is published, without credentials: `oci://HOST/PATH/NAME:TAG`, a store, or a file in it.
    pub place: String,
    /// What is there: the digest of an archive (`sha256:...`), or a description of content that is not a chart.
    pub published: String,
    /// The digest of the archive that was to be published.
    pub ours: String,
    /// Whether it was published by another release during this one.
    pub is_race: bool,
    /// Whether it is only reserved: the archive is in the store, and neither the index nor the registry has the version. A release put it there that
    /// did not go on.
    pub is_reserved: bool,
}

impl Conflict {
    /// This package, whose version has other content at this place.
    pub(crate) fn new(package: &Package, place: impl Into<String>, published: impl Into<String>) -> Self {
        Self {
            chart: package.name().to_owned(),
            version: package.version().to_owned(),
            place: place.into(),
            published: published.into(),
            ours: package.digest().to_owned(),
            is_race: false,
            is_reserved: false,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match (self.is_reserved, self.is_race) {
            (true, _) => {
                "finish that release from its commit: run its job again; then raise `version` in the Chart.yaml for this commit. If it will never be \
                 finished, delete that archive, which no reader has seen"
            }
            (false, true) => {
                "two releases ran at the same time: look at what stands, and raise `version` in the Chart.yaml if it is not yours"
            }
            (false, false) => "a published version never changes: raise `version` in the Chart.yaml",
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chart, version, place, published, ours, is_race, is_reserved } = self;
        match (is_reserved, is_race) {
            (true, _) => write!(
                f,
                "{chart} {version} is reserved by an unfinished release with other content: {place} has {published}, and not {ours}"
            ),
            (false, true) => write!(
                f,
                "another release of {chart} {version} won: {place} has {published} since, and not {ours}"
            ),
            (false, false) => write!(
                f,
                "{chart} {version} is published with other content in {place}: {published}, and not {ours}"
            ),
        }
    }
}

impl std::error::Error for Conflict {}
