//! Semantic versions as Kargo reads them: lenient about `v` and missing parts, exact about order.

mod parse;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

pub use parse::{MAX_VERSION_LENGTH, Strictness, VersionError};

use parse::Parts;

/// A semantic version that keeps the text it was read from.
///
/// ```
/// use selection_strategies::Version;
///
/// let version = Version::parse("v1.2-rc.1+build.7")?;
/// assert_eq!((version.major(), version.minor(), version.patch()), (1, 2, 0));
/// assert_eq!(version.prerelease(), "rc.1");
/// assert_eq!(version.metadata(), "build.7");
/// assert_eq!(version.original(), "v1.2-rc.1+build.7");
/// assert_eq!(version.to_string(), "1.2.0-rc.1+build.7");
/// # Ok::<(), selection_strategies::VersionError>(())
/// ```
///
/// # Order
///
/// Two questions, two answers:
///
/// * [`compare_precedence`](Self::compare_precedence): which version is newer? Build metadata and
///   spelling do not count, so `1.0`, `v1.0.0` and `1.0.0+linux` are equal ([rule 2.4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
/// * `Ord`: in which order are versions listed? Precedence first, then the bytes of the
///   original text, so that the order is total and never depends on the input's ([rule 2.5](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
///   `Eq` and `Hash` agree with it: two versions are equal if their texts are.
///
/// ```
/// use selection_strategies::Version;
/// use std::cmp::Ordering;
///
/// let mut versions = ["1.0", "v1.0.0", "1.0.0+a", "1.0.0"].map(|text| Version::parse(text).unwrap());
/// assert_eq!(versions[0].compare_precedence(&versions[1]), Ordering::Equal);
///
/// versions.sort_by(|left, right| right.cmp(left)); // best first
/// assert_eq!(versions.map(|version| version.original().to_owned()), ["v1.0.0", "1.0.0+a", "1.0.0", "1.0"]);
/// ```
#[derive(Clone)]
pub struct Version {
    text: Box<str>,
    parts: Parts,
}

impl Version {
    /// Reads a version leniently ([`Strictness::Loose`], [rule 2.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    ///
    /// # Errors
    ///
    /// Everything that is not `[v]major[.minor[.patch]][-prerelease][+metadata]`: the empty text,
    /// `V1`, white space anywhere, a fourth number, a number above `u64::MAX`, a numeric prerelease
    /// identifier with a leading zero (`1.0.0-01`), more than 256 bytes.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        Self::parse_with(text, Strictness::Loose)
    }

    /// Reads a version strictly ([`Strictness::Strict`], [rule 2.3](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse), and also: `1`, `1.2`, `01.2.3`.
    pub fn parse_strict(text: &str) -> Result<Self, VersionError> {
        Self::parse_with(text, Strictness::Strict)
    }

    /// Reads a version with the given strictness.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse) or [`parse_strict`](Self::parse_strict); with
    /// [`Strictness::Bare`] a leading `v` is an error too.
    pub fn parse_with(text: &str, strictness: Strictness) -> Result<Self, VersionError> {
        VersionRef::parse_with(text, strictness).map(VersionRef::to_version)
    }

    /// The borrowed form of this version.
    #[must_use]
    pub fn as_version_ref(&self) -> VersionRef<'_> {
        VersionRef { text: &self.text, parts: self.parts }
    }

    /// The first number.
    #[must_use]
    pub fn major(&self) -> u64 {
        self.parts.major
    }

    /// The second number, 0 if the text has none.
    #[must_use]
    pub fn minor(&self) -> u64 {
        self.parts.minor
    }

    /// The third number, 0 if the text has none.
    #[must_use]
    pub fn patch(&self) -> u64 {
        self.parts.patch
    }

    /// The prerelease, between `-` and `+`; empty for a release.
    #[must_use]
    pub fn prerelease(&self) -> &str {
        self.as_version_ref().prerelease()
    }

    /// The build metadata, after `+`; empty if there is none.
    #[must_use]
    pub fn metadata(&self) -> &str {
        self.as_version_ref().metadata()
    }

    /// The text this version was read from.
    #[must_use]
    pub fn original(&self) -> &str {
        &self.text
    }

    /// Compares by semantic version precedence: build metadata and spelling do not count
    /// ([rule 2.4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). Numeric prerelease identifiers above `u64::MAX` compare as texts.
    #[must_use]
    pub fn compare_precedence(&self, other: &Self) -> Ordering {
        self.as_version_ref().compare_precedence(other.as_version_ref())
    }
}

/// A version that borrows its text: what [`Version`] is to `String`, this is to `&str`.
///
/// Reading one allocates nothing, so a hundred thousand tags can be judged without copying any.
///
/// ```
/// use selection_strategies::{Constraint, VersionRef};
///
/// let constraint: Constraint = "^1.2".parse()?;
/// let newest = ["v1.2.0", "latest", "v1.9.3", "v2.0.0"]
///     .into_iter()
///     .filter_map(|tag| VersionRef::parse(tag).ok())
///     .filter(|version| constraint.matches(*version))
///     .max();
/// assert_eq!(newest.unwrap().original(), "v1.9.3");
/// # Ok::<(), selection_strategies::ConstraintError>(())
/// ```
#[derive(Clone, Copy)]
pub struct VersionRef<'a> {
    text: &'a str,
    parts: Parts,
}

impl<'a> VersionRef<'a> {
    /// Reads a version leniently; see [`Version::parse`].
    ///
    /// # Errors
    ///
    /// As [`Version::parse`].
    pub fn parse(text: &'a str) -> Result<Self, VersionError> {
        Self::parse_with(text, Strictness::Loose)
    }

    /// Reads a version with the given strictness; see [`Version::parse_with`].
    ///
    /// # Errors
    ///
    /// As [`Version::parse_with`].
    pub fn parse_with(text: &'a str, strictness: Strictness) -> Result<Self, VersionError> {
        let parts = parse::parse(text, strictness, parse::Plus::Literal)?;
        Ok(Self { text, parts })
    }

    /// Reads a tag of an OCI chart repository, where `_` stands for the `+` that a tag must not
    /// contain ([rule 2.11](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). The text stays the tag's; [`Display`](fmt::Display) shows the version.
    ///
    /// # Errors
    ///
    /// As [`Version::parse_with`], applied to the tag with every `_` replaced by `+`.
    pub fn parse_oci_tag(tag: &'a str, strictness: Strictness) -> Result<Self, VersionError> {
        let parts = parse::parse(tag, strictness, parse::Plus::Underscore)?;
        Ok(Self { text: tag, parts })
    }

    /// The first number.
    #[must_use]
    pub fn major(self) -> u64 {
        self.parts.major
    }

    /// The second number, 0 if the text has none.
    #[must_use]
    pub fn minor(self) -> u64 {
        self.parts.minor
    }

    /// The third number, 0 if the text has none.
    #[must_use]
    pub fn patch(self) -> u64 {
        self.parts.patch
    }

    /// The prerelease, between `-` and `+`; empty for a release.
    #[must_use]
    pub fn prerelease(self) -> &'a str {
        self.parts.prerelease(self.text)
    }

    /// The build metadata, after `+`; empty if there is none.
    #[must_use]
    pub fn metadata(self) -> &'a str {
        self.parts.metadata(self.text)
    }

    /// The text this version was read from.
    #[must_use]
    pub fn original(self) -> &'a str {
        self.text
    }

    /// Compares by semantic version precedence; see [`Version::compare_precedence`].
    #[must_use]
    pub fn compare_precedence(self, other: VersionRef<'_>) -> Ordering {
        compare_precedence(self, other)
    }

    /// Copies the text into a [`Version`] of its own.
    #[must_use]
    pub fn to_version(self) -> Version {
        Version { text: self.text.into(), parts: self.parts }
    }
}

impl<'a> From<&'a Version> for VersionRef<'a> {
    fn from(version: &'a Version) -> Self {
        version.as_version_ref()
    }
}

impl FromStr for Version {
    type Err = VersionError;

    /// Reads a version leniently; see [`Version::parse`].
    fn from_str(text: &str) -> Result<Self, VersionError> {
        Self::parse(text)
    }
}

/// The normal form: all three numbers, no `v`, no leading zeros.
impl fmt::Display for VersionRef<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.major(), self.minor(), self.patch())?;
        if !self.prerelease().is_empty() {
            write!(formatter, "-{}", self.prerelease())?;
        }
        if !self.metadata().is_empty() {
            write!(formatter, "+{}", self.metadata())?;
        }
        Ok(())
    }
}

/// The normal form: all three numbers, no `v`, no leading zeros.
impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_version_ref().fmt(formatter)
    }
}

impl fmt::Debug for VersionRef<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("VersionRef").field(&self.text).finish()
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Version").field(&self.text).finish()
    }
}

impl Hash for VersionRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

// The two orders: precedence (rule 2.4) and the total order of lists (rule 2.5).

fn compare_precedence(left: VersionRef<'_>, right: VersionRef<'_>) -> Ordering {
    let (a, b) = (&left.parts, &right.parts);
    a.major.cmp(&b.major).then(a.minor.cmp(&b.minor)).then(a.patch.cmp(&b.patch)).then_with(|| {
        match (a.is_prerelease(), b.is_prerelease()) {
            (false, false) => Ordering::Equal,
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (true, true) => compare_prereleases(left.prerelease(), right.prerelease()),
        }
    })
}

/// Identifier by identifier; where one side has no more, it is the lesser.
fn compare_prereleases(left: &str, right: &str) -> Ordering {
    if left == right {
        return Ordering::Equal;
    }
    let mut right_identifiers = right.split('.');
    for left_identifier in left.split('.') {
        let Some(right_identifier) = right_identifiers.next() else {
            return Ordering::Greater;
        };
        let order = compare_identifiers(left_identifier, right_identifier);
        if order.is_ne() {
            return order;
        }
    }
    if right_identifiers.next().is_some() { Ordering::Less } else { Ordering::Equal }
}

/// Numbers before texts; numbers by value, texts by bytes.
fn compare_identifiers(left: &str, right: &str) -> Ordering {
    match (number(left), number(right)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => left.cmp(right),
    }
}

/// The value of an identifier that counts as a number: digits only, and within 64 bits. A larger
/// one counts as a text.
fn number(identifier: &str) -> Option<u64> {
    identifier.bytes().try_fold(0_u64, |value, byte| {
        if !byte.is_ascii_digit() {
            return None;
        }
        value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))
    })
}

impl Ord for VersionRef<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_precedence(*self, *other).then_with(|| self.text.cmp(other.text))
    }
}

impl PartialOrd for VersionRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for VersionRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for VersionRef<'_> {}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_version_ref().cmp(&other.as_version_ref())
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Version {}

// Conversions from and to `semver::Version`, the ecosystem's common type.

/// Why a version cannot be carried over from or to [`semver::Version`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// A numeric prerelease identifier does not fit into 64 bits. The two sides would order it
    /// differently: as a text here ([rule 2.4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)), as a number there.
    #[error("the prerelease identifier {identifier} is a number of more than 64 bits")]
    HugeIdentifier {
        /// The identifier.
        identifier: String,
    },
    /// The text of the version is not a version on the other side, because it is too long.
    #[error("the version cannot be read back")]
    Unreadable(#[source] VersionError),
    /// The `semver` crate refuses the prerelease or the build metadata.
    #[error("the semver crate refuses the version")]
    Refused(#[source] semver::Error),
}

/// Keeps the numbers, the prerelease and the metadata; the spelling is lost.
///
/// Precedence is the same on both sides, which is why huge numeric identifiers are refused.
impl TryFrom<VersionRef<'_>> for semver::Version {
    type Error = ExchangeError;

    fn try_from(version: VersionRef<'_>) -> Result<Self, ExchangeError> {
        refuse_huge_identifiers(version.prerelease())?;
        Ok(Self {
            major: version.major(),
            minor: version.minor(),
            patch: version.patch(),
            pre: semver::Prerelease::new(version.prerelease()).map_err(ExchangeError::Refused)?,
            build: semver::BuildMetadata::new(version.metadata()).map_err(ExchangeError::Refused)?,
        })
    }
}

/// As for [`VersionRef`].
impl TryFrom<&Version> for semver::Version {
    type Error = ExchangeError;

    fn try_from(version: &Version) -> Result<Self, ExchangeError> {
        version.as_version_ref().try_into()
    }
}

/// The original text is the normal form.
///
/// ```
/// use selection_strategies::Version;
///
/// let version = Version::try_from(&semver::Version::new(1, 2, 3))?;
/// assert_eq!(version.original(), "1.2.3");
/// assert_eq!(semver::Version::try_from(&version)?, semver::Version::new(1, 2, 3));
/// # Ok::<(), selection_strategies::ExchangeError>(())
/// ```
impl TryFrom<&semver::Version> for Version {
    type Error = ExchangeError;

    fn try_from(version: &semver::Version) -> Result<Self, ExchangeError> {
        refuse_huge_identifiers(version.pre.as_str())?;
        Self::parse(&version.to_string()).map_err(ExchangeError::Unreadable)
    }
}

fn refuse_huge_identifiers(prerelease: &str) -> Result<(), ExchangeError> {
    let huge = prerelease.split('.').find(|identifier| {
        !identifier.is_empty()
            && identifier.bytes().all(|byte| byte.is_ascii_digit())
            && identifier.parse::<u64>().is_err()
    });
    match huge {
        Some(identifier) => Err(ExchangeError::HugeIdentifier { identifier: identifier.to_owned() }),
        None => Ok(()),
    }
}
