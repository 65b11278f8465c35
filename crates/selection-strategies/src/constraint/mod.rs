//! Constraints on versions, in the dialect of Kargo's `constraint` and `semverConstraint` fields.

mod witness;

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::version::{Version, VersionError, VersionRef};

/// The longest text that is read as a constraint, in bytes ([rule 2.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
pub const MAX_CONSTRAINT_LENGTH: usize = 512;

/// The most groups that `||` may separate ([rule 2.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
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
/// alone ([rule 2.10](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)): `>=1.0.0-0` includes 2.0.0-rc.1. Build metadata never counts ([rule 2.4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
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
    /// constraint, which is for the caller to see, [rule 2.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)), comparisons without a separator
    /// (`>=1<2`), numbers above `u64::MAX`, a single `|` ([rule 2.7](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)), more than 512 bytes or 32
    /// groups.
    pub fn parse(text: &str) -> Result<Self, ConstraintError> {
        let groups = parse(text)?;
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

    /// Whether some version satisfies the constraint. One such as `>2 <1` or `^1 ^2` is valid and no version satisfies it.
    ///
    /// ```
    /// use selection_strategies::Constraint;
    ///
    /// for (text, expected) in [("^1 ^2", false), ("^1 || ^2", true), ("1.0.0 - 0.9.0", false), (">1.2.3 <1.2.4", false)] {
    ///     assert_eq!(Constraint::parse(text)?.is_satisfiable(), expected, "{text}");
    /// }
    /// # Ok::<(), selection_strategies::ConstraintError>(())
    /// ```
    ///
    /// `true` where a group has more than 16 comparisons, of which that is not found out.
    #[must_use]
    pub fn is_satisfiable(&self) -> bool {
        self.groups.iter().any(Group::is_satisfiable)
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

// One comparison: an operator and a version, whole or partial.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    /// `=` or nothing: equality for a whole version, otherwise as [`Tilde`](Self::Tilde).
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Tilde,
    Caret,
}

/// How much of the version was written. What is missing, or a wildcard, counts as zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Precision {
    /// `*`
    Nothing,
    /// `1`, `1.x`
    Major,
    /// `1.2`, `1.2.*`
    Minor,
    /// `1.2.3`
    Whole,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Comparator {
    operator: Operator,
    precision: Precision,
    version: Version,
}

impl Comparator {
    /// Whether `version` satisfies this comparison. Whether a prerelease may match at all is for
    /// the group to decide; here only precedence counts.
    fn matches(&self, version: VersionRef<'_>) -> bool {
        let bound = self.version.as_version_ref();
        let order = version.compare_precedence(bound);
        match self.operator {
            Operator::Equal if self.precision == Precision::Whole => order.is_eq(),
            Operator::Equal | Operator::Tilde => order.is_ge() && self.same_minor(version, bound),
            Operator::NotEqual => self.differs(version, bound, order),
            Operator::Greater => self.is_above(version, bound, order),
            Operator::GreaterEqual => order.is_ge(),
            Operator::Less => order.is_lt(),
            Operator::LessEqual => self.is_at_most(version, bound, order),
            Operator::Caret => order.is_ge() && self.is_compatible(version, bound),
        }
    }

    fn same_minor(&self, version: VersionRef<'_>, bound: VersionRef<'_>) -> bool {
        // `~0.0.0` sets no upper bound, just as `~*` sets none (rule 2.9).
        let zero = (bound.major(), bound.minor(), bound.patch()) == (0, 0, 0);
        if zero && matches!(self.precision, Precision::Nothing | Precision::Whole) {
            return true;
        }
        version.major() == bound.major()
            && (self.precision == Precision::Major || version.minor() == bound.minor())
    }

    fn differs(&self, version: VersionRef<'_>, bound: VersionRef<'_>, order: Ordering) -> bool {
        match self.precision {
            Precision::Major => version.major() != bound.major(),
            Precision::Minor => {
                (version.major(), version.minor()) != (bound.major(), bound.minor())
                    || version.prerelease() != bound.prerelease()
            }
            Precision::Nothing | Precision::Whole => order.is_ne(),
        }
    }

    fn is_above(&self, version: VersionRef<'_>, bound: VersionRef<'_>, order: Ordering) -> bool {
        match self.precision {
            Precision::Major => version.major() > bound.major(),
            Precision::Minor => (version.major(), version.minor()) > (bound.major(), bound.minor()),
            Precision::Nothing | Precision::Whole => order.is_gt(),
        }
    }

    fn is_at_most(&self, version: VersionRef<'_>, bound: VersionRef<'_>, order: Ordering) -> bool {
        match self.precision {
            Precision::Major => version.major() <= bound.major(),
            Precision::Nothing | Precision::Minor => {
                (version.major(), version.minor()) <= (bound.major(), bound.minor())
            }
            Precision::Whole => order.is_le(),
        }
    }

    /// The caret's upper bound: the leftmost number of the bound that is not zero, or the last one
    /// that was written, must not change.
    fn is_compatible(&self, version: VersionRef<'_>, bound: VersionRef<'_>) -> bool {
        if bound.major() > 0 || self.precision == Precision::Major {
            return version.major() == bound.major();
        }
        if version.major() > 0 {
            return false;
        }
        if bound.minor() > 0 || self.precision == Precision::Minor {
            return version.minor() == bound.minor();
        }
        version.minor() == 0 && version.patch() == bound.patch()
    }
}

// Reading a constraint.

/// Why a text is not a constraint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConstraintError {
    /// The text is longer than [`MAX_CONSTRAINT_LENGTH`](crate::MAX_CONSTRAINT_LENGTH) ([rule 2.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    #[error("{length} bytes are too long for a constraint, the limit is 512")]
    TooLong {
        /// The length of the text in bytes.
        length: usize,
    },
    /// There are more groups than [`MAX_CONSTRAINT_GROUPS`](crate::MAX_CONSTRAINT_GROUPS)
    /// ([rule 2.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    #[error("{groups} groups between `||` are too many, the limit is 32")]
    TooManyGroups {
        /// The number of groups.
        groups: usize,
    },
    /// The whole constraint, or a group between `||`, is empty ([rule 2.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    #[error("a constraint, and each group between `||`, needs at least one comparison")]
    Empty,
    /// A group is not a list of comparisons: an unknown operator, a missing separator, a version
    /// that is not one.
    #[error("{group:?} is not a list of comparisons such as `>=1.2, <2`")]
    Malformed {
        /// The group as it was written.
        group: String,
    },
    /// What follows an operator looks like a version but is not one.
    #[error("{comparison:?} has a bad version")]
    BadVersion {
        /// The comparison.
        comparison: String,
        /// What is wrong with the version.
        #[source]
        source: VersionError,
    },
}

fn parse(text: &str) -> Result<Vec<Group>, ConstraintError> {
    if text.len() > MAX_CONSTRAINT_LENGTH {
        return Err(ConstraintError::TooLong { length: text.len() });
    }
    let rewritten = rewrite_hyphen_ranges(text);
    let groups = rewritten.split("||").count();
    if groups > MAX_CONSTRAINT_GROUPS {
        return Err(ConstraintError::TooManyGroups { groups });
    }
    // The rewriting leaves each `||` where it is.
    let groups = rewritten.split("||").zip(text.split("||"));
    groups.map(|(group, written)| parse_group(group, written)).collect()
}

/// Reads a group, whose errors show it as it was written.
fn parse_group(group: &str, written: &str) -> Result<Group, ConstraintError> {
    let bytes = group.as_bytes();
    let mut position = skip_space(bytes, 0);
    if position == bytes.len() {
        return Err(ConstraintError::Empty);
    }
    let malformed = || ConstraintError::Malformed { group: written.to_owned() };
    let mut comparators = Vec::new();
    loop {
        let (operator, operand) = scan_operator(bytes, position).ok_or_else(malformed)?;
        let pattern = VersionPattern::scan(group, skip_space(bytes, operand)).ok_or_else(malformed)?;
        let comparator = pattern.comparator(operator).map_err(|source| {
            let comparison = group.get(position..pattern.end).unwrap_or(group).to_owned();
            ConstraintError::BadVersion { comparison, source }
        })?;
        comparators.push(comparator);

        position = skip_space(bytes, pattern.end);
        if position == bytes.len() {
            break;
        }
        if bytes.get(position) == Some(&b',') {
            position = skip_space(bytes, position + 1);
        } else if position == pattern.end {
            return Err(malformed());
        }
    }
    let names_prerelease = comparators.iter().any(|comparator| !comparator.version.prerelease().is_empty());
    Ok(Group { comparators, names_prerelease })
}

/// The operator at `position`, possibly the empty one, and where it ends.
fn scan_operator(bytes: &[u8], position: usize) -> Option<(Operator, usize)> {
    let length = bytes
        .get(position..)?
        .iter()
        .take_while(|byte| matches!(byte, b'=' | b'!' | b'<' | b'>' | b'~' | b'^'))
        .count();
    let operator = match bytes.get(position..position + length)? {
        b"" | b"=" => Operator::Equal,
        b"!=" => Operator::NotEqual,
        b">" => Operator::Greater,
        b"<" => Operator::Less,
        b">=" | b"=>" => Operator::GreaterEqual,
        b"<=" | b"=<" => Operator::LessEqual,
        b"~" | b"~>" => Operator::Tilde,
        b"^" => Operator::Caret,
        _ => return None,
    };
    Some((operator, position + length))
}

/// What may follow an operator: `v?` and one to three fields, prerelease, metadata. A field is any
/// run of digits, `x`, `X`, `*` and - a slip that became part of the dialect ([rule 2.7](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)) - `|`.
struct VersionPattern<'a> {
    /// All of it, with the `v`.
    text: &'a str,
    fields: [&'a str; 3],
    /// With its `-`; empty if there is none.
    prerelease: &'a str,
    /// Where the pattern ends in the text it was scanned from.
    end: usize,
}

impl<'a> VersionPattern<'a> {
    fn scan(text: &'a str, start: usize) -> Option<Self> {
        let bytes = text.as_bytes();
        let mut position = start + usize::from(bytes.get(start) == Some(&b'v'));
        let mut fields = [""; 3];
        for (index, field) in fields.iter_mut().enumerate() {
            let begin = if index == 0 {
                position
            } else if bytes.get(position) == Some(&b'.') {
                position + 1
            } else {
                break;
            };
            let end = skip_while(bytes, begin, is_field_byte);
            if end == begin {
                if index == 0 {
                    return None;
                }
                break;
            }
            *field = text.get(begin..end)?;
            position = end;
        }
        let prerelease_end = scan_identifiers(bytes, position, b'-');
        let prerelease = text.get(position..prerelease_end)?;
        let end = scan_identifiers(bytes, prerelease_end, b'+');
        Some(Self { text: text.get(start..end)?, fields, prerelease, end })
    }

    fn comparator(&self, operator: Operator) -> Result<Comparator, VersionError> {
        let [major, minor, patch] = self.fields;
        let prerelease = self.prerelease;
        let (precision, version) = if is_wildcard(major) {
            (Precision::Nothing, format!("0.0.0{prerelease}"))
        } else if is_wildcard(minor) {
            (Precision::Major, format!("{major}.0.0{prerelease}"))
        } else if is_wildcard(patch) {
            (Precision::Minor, format!("{major}.{minor}.0{prerelease}"))
        } else {
            (Precision::Whole, self.text.to_owned())
        };
        Ok(Comparator { operator, precision, version: Version::parse(&version)? })
    }
}

/// A field that is a wildcard or was not written.
fn is_wildcard(field: &str) -> bool {
    matches!(field, "" | "x" | "X" | "*")
}

fn is_field_byte(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'x' | b'X' | b'*' | b'|')
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\x0c' | b'\r')
}

fn skip_space(bytes: &[u8], position: usize) -> usize {
    skip_while(bytes, position, is_space)
}

fn skip_while(bytes: &[u8], position: usize, accept: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(position..).unwrap_or_default();
    position + rest.iter().take_while(|byte| accept(**byte)).count()
}

/// Where the dotted identifiers after `lead` end; `position` itself if there are none.
fn scan_identifiers(bytes: &[u8], position: usize, lead: u8) -> usize {
    let mut end = position;
    let mut separator = lead;
    while bytes.get(end) == Some(&separator) {
        let next = skip_while(bytes, end + 1, |byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if next == end + 1 {
            break;
        }
        end = next;
        separator = b'.';
    }
    end
}

/// Rewrites `A - B` to `>= A, <= B `, as text, before anything else is read ([rule 2.7](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
///
/// The rewriting knows nothing of operators or groups, so `>1 - 2` becomes an error further on.
/// Each range is replaced where its text first occurs, which may be earlier.
fn rewrite_hyphen_ranges(text: &str) -> String {
    let mut ranges = Vec::new();
    let mut position = 0;
    while position < text.len() {
        if let Some(range) = HyphenRange::scan(text, position) {
            position += range.text.len();
            ranges.push(range);
        } else {
            position += 1;
        }
    }
    ranges.iter().fold(text.to_owned(), |rewritten, range| {
        let replacement = format!(">= {}, <= {} ", range.from, range.to);
        rewritten.replacen(range.text, &replacement, 1)
    })
}

struct HyphenRange<'a> {
    /// All of it, with the white space around.
    text: &'a str,
    from: &'a str,
    to: &'a str,
}

impl<'a> HyphenRange<'a> {
    fn scan(text: &'a str, start: usize) -> Option<Self> {
        let bytes = text.as_bytes();
        let from = VersionPattern::scan(text, skip_space(bytes, start))?;
        let hyphen = skip_space(bytes, from.end);
        if hyphen == from.end || bytes.get(hyphen) != Some(&b'-') {
            return None;
        }
        let second = skip_space(bytes, hyphen + 1);
        if second == hyphen + 1 {
            return None;
        }
        let to = VersionPattern::scan(text, second)?;
        let end = skip_space(bytes, to.end);
        Some(Self { text: text.get(start..end)?, from: from.text, to: to.text })
    }
}
