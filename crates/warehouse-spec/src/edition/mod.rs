//! The editions of the manifest: which release of Kargo knows which field, under which name.

mod field;
mod schema;
mod spelling;

use std::fmt;
use std::str::FromStr;

pub(crate) use field::{FREIGHT, Field, NAME_SINCE, SPEC, Shape, fields_of, is_text};
pub use schema::{DocumentKind, json_schema};
pub use spelling::OldSpelling;
pub(crate) use spelling::{
    ALLOW_TAGS, BESIDE_GIT, FREIGHT_GIT_REPO_URL, FREIGHT_HEALTH_CHECK_COMMIT, FREIGHT_ID,
    FREIGHT_REGISTRY_URL, FREIGHT_WAREHOUSE, GIT_ALLOW_TAGS, GIT_IGNORE_TAGS, GIT_REPO_URL, HELM,
    IGNORE_TAGS, IMAGE_SEMVER_CONSTRAINT, LISTS_BESIDE_GIT, REGISTRY_URL, REPOS, TAG_SELECTION_STRATEGY,
    UPDATE_STRATEGY,
};

/// A minor release of Kargo, whose manifests have the fields that it knows.
///
/// ```
/// use warehouse_spec::Edition;
///
/// let edition: Edition = "v1.9".parse()?;
/// assert!(edition < Edition::NEWEST);
/// assert_eq!(edition.to_string(), "v1.9");
/// assert_eq!("1.9.4".parse(), Ok(edition));
/// assert!("v0.10".parse::<Edition>().is_err());
/// # Ok::<(), warehouse_spec::InvalidEdition>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edition {
    major: u8,
    minor: u8,
}

/// The last minor release of each major one.
const LAST_MINOR: [u8; 2] = [9, 12];

impl Edition {
    /// The first release.
    pub const OLDEST: Self = Self::new(0, 1);
    /// The first release that has the kind Warehouse.
    pub const FIRST_WAREHOUSE: Self = Self::new(0, 2);
    /// The newest release that is known here; it has every field of today.
    pub const NEWEST: Self = Self::new(1, LAST_MINOR[1]);

    pub(crate) const fn new(major: u8, minor: u8) -> Self {
        Self { major, minor }
    }

    /// Every release, the oldest first.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..)
            .zip(LAST_MINOR)
            .flat_map(|(major, last)| (0..=last).map(move |minor| Self { major, minor }))
            .skip(1)
    }
}

impl Default for Edition {
    fn default() -> Self {
        Self::NEWEST
    }
}

impl fmt::Display for Edition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "v{}.{}", self.major, self.minor)
    }
}

/// A text that names no release of Kargo which is known here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a release of Kargo from {first} to {last}, such as v1.9", first = Edition::OLDEST, last = Edition::NEWEST)]
pub struct InvalidEdition(String);

impl FromStr for Edition {
    type Err = InvalidEdition;

    /// `v1.9`, `1.9`, or with the number of a patch, which is left out.
    fn from_str(text: &str) -> Result<Self, InvalidEdition> {
        let mut parts = text.strip_prefix('v').unwrap_or(text).split('.');
        let mut number = || parts.next().and_then(|part| part.parse::<u8>().ok());
        let (major, minor) = (number(), number());
        let is_patch =
            parts.next().is_none_or(|patch| patch.parse::<u32>().is_ok()) && parts.next().is_none();
        Self::all()
            .find(|edition| is_patch && (Some(edition.major), Some(edition.minor)) == (major, minor))
            .ok_or_else(|| InvalidEdition(text.chars().take(50).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_in_their_order() {
        let all: Vec<String> = Edition::all().map(|edition| edition.to_string()).collect();
        assert_eq!((all[0].as_str(), all[8].as_str(), all[9].as_str()), ("v0.1", "v0.9", "v1.0"));
        assert_eq!(all.last().unwrap(), &Edition::NEWEST.to_string());
        assert!(Edition::all().is_sorted());
        for edition in Edition::all() {
            assert_eq!(edition.to_string().parse(), Ok(edition));
        }
    }

    #[test]
    fn what_is_none() {
        for text in ["", "v", "v1", "v0.0", "v1.13", "v2.0", "v1.9.x", "v1.9.1.1", "vv1.9", "1,9", "v1.999"] {
            assert!(text.parse::<Edition>().is_err(), "{text}");
        }
    }
}
