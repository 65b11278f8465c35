//! Constraints on versions, in the dialect of Kargo's `constraint` and `semverConstraint` fields.

mod comparator;
mod parse;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

pub use parse::ConstraintError;

use crate::version::VersionRef;
use comparator::Comparator;

/// The longest text that is read as a constraint, in bytes (rule 2.1).
pub const MAX_CONSTRAINT_LENGTH: usize = 512;

/// The most groups that `||` may separate (rule 2.1).
pub const MAX_CONSTRAINT_GROUPS: usize = 32;

/// A constraint on versions, such as `^1.2`, `>=1.0.0 <2.0.0-0` or `1.x || 3.4.1 - 3.6`.
///
/// ```
/// use selection_strategies::{Constraint, Version};
///
/// let constraint: Constraint = "~1.4 || >=2.1, <3".parse()?;
/// for (version, expected) in [("v1.4.9", true), ("1.5.0", false), ("2.1", true), ("2.9.0-rc.1", false)] {
///     assert_eq!(constraint.matches(&Version::parse(version).unwrap()), expected, "{version}");
/// }
/// # Ok::<(), selection_strategies::ConstraintError>(())
/// ```
///
/// # Syntax
///
/// Groups are separated by `||`, and one group has to match. Comparisons within a group are
/// separated by white space or a comma, and all of them have to match.
///
/// | written | matches |
/// |---|---|
/// | `1.2.3`, `=1.2.3` | that version |
/// | `1.2`, `1.2.x`, `~1.2`, `~>1.2` | 1.2.0 up to, not including, 1.3.0 |
/// | `1`, `1.x`, `~1` | 1.0.0 up to, not including, 2.0.0 |
/// | `*`, `x`, `X` | every release |
/// | `^1.2.3`, `^0.2.3`, `^0.0.3` | up to the next change of the leftmost number that is not zero |
/// | `!=`, `>`, `>=` or `=>`, `<`, `<=` or `=<` | as they read; `>1.2` excludes all of 1.2, `<=1.2` includes it |
/// | `1.2 - 3.4` | `>=1.2, <=3.4`, so 3.4.9 too; white space around `-` is required |
///
/// A prerelease matches only where some comparison of the group names one, and then by precedence
/// alone (rule 2.10): `>=1.0.0-0` includes 2.0.0-rc.1. Build metadata never counts (rule 2.4).
/// The dialect is not that of [`semver::VersionReq`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    text: Arc<str>,
    groups: Vec<Group>,
}

/// Comparisons that all have to match.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    comparators: Vec<Comparator>,
    /// Whether some comparator names a prerelease, so that prereleases may match.
    names_prerelease: bool,
}

impl Constraint {
    /// Reads a constraint.
    ///
    /// # Errors
    ///
    /// The empty text and an empty group (`1 ||`; an empty *field* of a manifest means no
    /// constraint, which is for the caller to see, rule 2.6), comparisons without a separator
    /// (`>=1<2`), numbers above `u64::MAX`, a single `|` (rule 2.7), more than 512 bytes or 32
    /// groups.
    pub fn parse(text: &str) -> Result<Self, ConstraintError> {
        let groups = parse::parse(text)?;
        Ok(Self { text: text.into(), groups })
    }

    /// Whether the version satisfies the constraint. Takes a [`VersionRef`] or a
    /// [`&Version`](crate::Version).
    pub fn matches<'a>(&self, version: impl Into<VersionRef<'a>>) -> bool {
        let version = version.into();
        let is_release = version.prerelease().is_empty();
        self.groups
            .iter()
            .filter(|group| is_release || group.names_prerelease)
            .any(|group| group.comparators.iter().all(|comparator| comparator.matches(version)))
    }

    /// The text this constraint was read from.
    #[must_use]
    pub fn original(&self) -> &str {
        &self.text
    }

    /// The text, shared.
    pub(crate) fn shared_text(&self) -> &Arc<str> {
        &self.text
    }
}

impl FromStr for Constraint {
    type Err = ConstraintError;

    fn from_str(text: &str) -> Result<Self, ConstraintError> {
        Self::parse(text)
    }
}

/// The text, as written.
impl fmt::Display for Constraint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}
