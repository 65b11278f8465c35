//! Semantic versions as Kargo reads them: lenient about `v` and missing parts, exact about order.

mod exchange;
mod order;
mod parse;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

pub use exchange::ExchangeError;
pub use parse::VersionError;

use parse::Parts;

/// The longest text that is read as a version, in bytes (rule 2.1).
pub const MAX_VERSION_LENGTH: usize = 256;

/// How complete a version must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Strictness {
    /// `1`, `v1.2`, `01.2.3` and `1.25-alpine` are versions; missing parts are zero (rule 2.2).
    Loose,
    /// Major, minor and patch are all there, none with leading zeros; one `v` may stand in front.
    /// This is what `strictSemvers` asks for (rule 2.3).
    #[default]
    Strict,
    /// As [`Strict`](Self::Strict), without the `v`: the letter of the Semantic Versioning
    /// specification, and what OCI charts are held to (rule 2.11).
    Bare,
}

impl Strictness {
    /// Whether major, minor and patch must all be there.
    #[must_use]
    pub fn is_strict(self) -> bool {
        !matches!(self, Self::Loose)
    }
}

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
///   spelling do not count, so `1.0`, `v1.0.0` and `1.0.0+linux` are equal (rule 2.4).
/// * `Ord`: in which order do versions stand in a list? Precedence first, then the bytes of the
///   original text, so that the order is total and never depends on the input's (rule 2.5).
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
    /// Reads a version leniently ([`Strictness::Loose`], rule 2.2).
    ///
    /// # Errors
    ///
    /// Everything that is not `[v]major[.minor[.patch]][-prerelease][+metadata]`: the empty text,
    /// `V1`, white space anywhere, a fourth number, a number above `u64::MAX`, a numeric prerelease
    /// identifier with a leading zero (`1.0.0-01`), more than 256 bytes.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        Self::parse_with(text, Strictness::Loose)
    }

    /// Reads a version strictly ([`Strictness::Strict`], rule 2.3).
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

    /// What stands between `-` and `+`; empty for a release.
    #[must_use]
    pub fn prerelease(&self) -> &str {
        self.as_version_ref().prerelease()
    }

    /// What stands after `+`; empty if there is no build metadata.
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
    /// (rule 2.4). Numeric prerelease identifiers above `u64::MAX` compare as texts.
    #[must_use]
    pub fn compare_precedence(&self, other: &Self) -> std::cmp::Ordering {
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
    /// contain (rule 2.11). The text stays the tag's; [`Display`](fmt::Display) shows the version.
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

    /// What stands between `-` and `+`; empty for a release.
    #[must_use]
    pub fn prerelease(self) -> &'a str {
        self.parts.prerelease(self.text)
    }

    /// What stands after `+`; empty if there is no build metadata.
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
    pub fn compare_precedence(self, other: VersionRef<'_>) -> std::cmp::Ordering {
        order::compare_precedence(self, other)
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
