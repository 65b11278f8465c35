//! The platform of an image.

use std::fmt;
use std::str::FromStr;

/// A platform: operating system, architecture and variant, as in `linux/arm64/v8`.
///
/// A manifest or a configuration states the platform that an image is for; fields that it leaves out are empty. A text such as
/// `linux/arm64` is a platform to select by ([rules 1.7 and 3.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)): see [`matches`](Self::matches).
///
/// With the feature `serde`, it is read and written as the object of a manifest: `{"os": "linux", "architecture": "arm64"}`.
///
/// ```
/// use selection_strategies::Platform;
///
/// let wanted: Platform = "linux/arm64".parse()?;
/// assert!(wanted.matches(&Platform::new("linux", "arm64", Some("v8"))));
/// assert!(!wanted.matches(&Platform::new("linux", "amd64", None)));
/// assert_eq!(wanted.to_string(), "linux/arm64");
/// # Ok::<(), selection_strategies::InvalidPlatform>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct Platform {
    /// The operating system; empty if the manifest does not state it.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "text_or_null"))]
    pub os: String,
    /// The architecture of the processor; empty if the manifest does not state it.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "text_or_null"))]
    pub architecture: String,
    /// The variant of the architecture.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub variant: Option<String>,
}

impl Platform {
    /// A platform of these parts.
    pub fn new(os: &str, architecture: &str, variant: Option<&str>) -> Self {
        Self { os: os.to_owned(), architecture: architecture.to_owned(), variant: variant.map(str::to_owned) }
    }

    /// Whether an image for the `other` platform runs on this one, by the names that containerd treats as equal: `aarch64` is `arm64`,
    /// `arm64/v8` is `arm64`, `arm` is `arm/v7`, in any case.
    ///
    /// Without a variant, this platform matches every variant of its architecture.
    ///
    /// ```
    /// use selection_strategies::Platform;
    ///
    /// let matches = |wanted: &str, other: &str| {
    ///     Ok::<_, selection_strategies::InvalidPlatform>(wanted.parse::<Platform>()?.matches(&other.parse()?))
    /// };
    /// assert!(matches("linux/arm", "linux/arm/v6")?);
    /// assert!(matches("linux/arm64/v8", "linux/aarch64")?);
    /// assert!(!matches("linux/arm/v7", "linux/arm/v6")?);
    /// # Ok::<(), selection_strategies::InvalidPlatform>(())
    /// ```
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        let (own, other) = (Normalized::from(self), Normalized::from(other));
        (own.os, own.architecture) == (other.os, other.architecture)
            && (!self.has_variant() || own.variant == other.variant)
    }

    /// Whether this platform selects one variant: `armhf` and `armel` name a variant of `arm`.
    fn has_variant(&self) -> bool {
        self.variant.as_ref().is_some_and(|variant| !variant.is_empty())
            || matches!(&*self.architecture.to_ascii_lowercase(), "armhf" | "armel")
    }
}

/// Reads a text, and `null` as the empty one.
#[cfg(feature = "serde")]
fn text_or_null<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(<Option<String> as serde::Deserialize>::deserialize(deserializer)?.unwrap_or_default())
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match self.variant.as_deref() {
            Some(variant) if !variant.is_empty() => write!(f, "/{variant}"),
            _ => Ok(()),
        }
    }
}

/// The error for a text that is not a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPlatform(String);

impl fmt::Display for InvalidPlatform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a platform: write os/architecture or os/architecture/variant", self.0)
    }
}

impl std::error::Error for InvalidPlatform {}

impl FromStr for Platform {
    type Err = InvalidPlatform;

    /// Reads `os/architecture` or `os/architecture/variant`.
    ///
    /// # Errors
    ///
    /// [`InvalidPlatform`] for another number of parts, and for a part that is empty or contains other characters than letters, digits,
    /// `_`, `.` and `-`.
    fn from_str(text: &str) -> Result<Self, InvalidPlatform> {
        let parts: Vec<&str> = text.split('/').collect();
        let is_part = |part: &&str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
        };
        match parts[..] {
            [os, architecture] if parts.iter().all(is_part) => Ok(Self::new(os, architecture, None)),
            [os, architecture, variant] if parts.iter().all(is_part) => {
                Ok(Self::new(os, architecture, Some(variant)))
            }
            _ => Err(InvalidPlatform(text.to_owned())),
        }
    }
}

impl TryFrom<&str> for Platform {
    type Error = InvalidPlatform;

    fn try_from(text: &str) -> Result<Self, InvalidPlatform> {
        text.parse()
    }
}

/// A platform in the spelling that containerd compares.
struct Normalized {
    os: String,
    architecture: String,
    /// Empty for the default variant.
    variant: String,
}

impl From<&Platform> for Normalized {
    fn from(platform: &Platform) -> Self {
        let os = match platform.os.to_ascii_lowercase() {
            mac if mac == "macos" => "darwin".to_owned(),
            os => os,
        };
        let architecture = platform.architecture.to_ascii_lowercase();
        let variant = platform.variant.as_deref().unwrap_or_default().to_ascii_lowercase();
        let (architecture, variant) = match (architecture.as_str(), variant.as_str()) {
            ("x86_64" | "x86-64" | "amd64", "v1") => ("amd64", ""),
            ("x86_64" | "x86-64", variant) => ("amd64", variant),
            ("i386", _) => ("386", ""),
            ("aarch64" | "arm64", "8" | "v8") => ("arm64", ""),
            ("aarch64", variant) => ("arm64", variant),
            ("armhf", _) => ("arm", "v7"),
            ("armel", _) => ("arm", "v6"),
            ("arm", "" | "7") => ("arm", "v7"),
            ("arm", "5") => ("arm", "v5"),
            ("arm", "6") => ("arm", "v6"),
            ("arm", "8") => ("arm", "v8"),
            (architecture, variant) => (architecture, variant),
        };
        Self { os, architecture: architecture.to_owned(), variant: variant.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wanted: &str, matching: &[&str], others: &[&str]) {
        let wanted = Platform::try_from(wanted).unwrap();
        let platform = |text: &str| {
            let mut parts = text.split('/');
            let (os, architecture) = (parts.next().unwrap(), parts.next().unwrap());
            Platform::new(os, architecture, parts.next())
        };
        for text in matching {
            assert!(wanted.matches(&platform(text)), "{wanted:?} should match {text}");
        }
        for text in others {
            assert!(!wanted.matches(&platform(text)), "{wanted:?} should not match {text}");
        }
    }

    #[test]
    fn table() {
        check(
            "linux/amd64",
            &["linux/amd64", "linux/amd64/v2", "linux/x86_64"],
            &["windows/amd64", "linux/arm64", "/"],
        );
        check("linux/amd64/v2", &["linux/amd64/v2"], &["linux/amd64", "linux/amd64/v1", "linux/amd64/v3"]);
        check(
            "linux/arm64",
            &["linux/arm64", "linux/arm64/v8", "linux/arm64/v9", "linux/aarch64"],
            &["linux/arm/v8"],
        );
        check("linux/arm64/v8", &["linux/arm64", "linux/arm64/v8"], &["linux/arm64/v9"]);
        check("linux/arm", &["linux/arm/v5", "linux/arm/v6", "linux/arm/v7", "linux/arm"], &["linux/arm64"]);
        check("linux/arm/v7", &["linux/arm/v7", "linux/arm", "linux/armhf"], &["linux/arm/v6"]);
        check("linux/armhf", &["linux/arm/v7"], &["linux/arm/v6"]);
        check("Linux/AMD64", &["linux/amd64"], &[]);
    }

    #[test]
    fn the_spelling_is_kept() {
        for text in ["linux/arm64", "Linux/AMD64/V1", "linux/armhf"] {
            assert_eq!(text.parse::<Platform>().unwrap().to_string(), text);
        }
        assert_eq!(Platform::new("linux", "arm64", Some("")).to_string(), "linux/arm64");
    }

    #[test]
    fn texts_that_are_not_platforms() {
        for text in [
            "",
            "linux",
            "linux/",
            "/amd64",
            "linux/amd64/",
            "a/b/c/d",
            "linux/ amd64",
            "linux amd64",
            "linux/amd\u{e9}",
        ] {
            assert!(text.parse::<Platform>().is_err(), "{text:?}");
        }
    }
}
