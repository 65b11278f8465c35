//! Which published versions may be replaced.

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
