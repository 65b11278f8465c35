//! Which platform an image has to be for.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use oci_registry::Platform;

/// The platform that an image has to be for: `os/architecture` or `os/architecture/variant`.
///
/// Without a variant it fits every variant. Other names for the same thing count as the same
/// (`aarch64` is `arm64`, `arm64/v8` is `arm64`, `arm` is `arm/v7`), as containerd reads them.
///
/// ```
/// use image_source::PlatformConstraint;
/// use oci_registry::Platform;
///
/// let constraint: PlatformConstraint = "linux/arm64".parse()?;
/// assert!(constraint.fits(&Platform::new("linux", "arm64", Some("v8"))));
/// assert!(!constraint.fits(&Platform::new("linux", "amd64", None)));
/// # Ok::<(), image_source::InvalidPlatform>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PlatformConstraint {
    text: Arc<str>,
    os: String,
    architecture: String,
    /// `None` fits all; the standard variant is empty.
    variant: Option<String>,
}

impl PlatformConstraint {
    /// Whether the constraint lets this platform pass.
    pub fn fits(&self, platform: &Platform) -> bool {
        let (os, architecture, variant) = normal(platform);
        self.os == os
            && self.architecture == architecture
            && self.variant.as_ref().is_none_or(|wanted| *wanted == variant)
    }

    /// The constraint as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }
}

/// What is no platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPlatform(String);

impl fmt::Display for InvalidPlatform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no platform: write os/architecture or os/architecture/variant", self.0)
    }
}

impl std::error::Error for InvalidPlatform {}

impl FromStr for PlatformConstraint {
    type Err = InvalidPlatform;

    /// # Errors
    ///
    /// Anything but two or three parts, none of which is empty or holds white space.
    fn from_str(text: &str) -> Result<Self, InvalidPlatform> {
        let parts: Vec<&str> = text.split('/').collect();
        let is_part = |part: &&str| !part.is_empty() && !part.contains(char::is_whitespace);
        let (os, architecture, given) = match parts[..] {
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some(variant)),
            _ => return Err(InvalidPlatform(text.to_owned())),
        };
        if !parts.iter().all(is_part) {
            return Err(InvalidPlatform(text.to_owned()));
        }
        let (os, architecture, variant) = normal(&Platform::new(os, architecture, given));
        // `armhf` and its like name a variant without saying so.
        let variant = (given.is_some() || implies_variant(text)).then_some(variant);
        Ok(Self { text: text.into(), os, architecture, variant })
    }
}

fn implies_variant(text: &str) -> bool {
    text.split('/')
        .nth(1)
        .is_some_and(|architecture| matches!(&*architecture.to_ascii_lowercase(), "armhf" | "armel"))
}

/// The three parts in the spelling that containerd compares.
fn normal(platform: &Platform) -> (String, String, String) {
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
    (os, architecture.to_owned(), variant.to_owned())
}

/// Whether this is the platform of an image at all: attestations are listed as `unknown/unknown`
/// (rule 3.6).
pub(crate) fn is_real(platform: &Platform) -> bool {
    [&platform.os, &platform.architecture].into_iter().all(|part| !part.is_empty() && part != "unknown")
}

/// Whether nothing is said of it.
pub(crate) fn is_empty(platform: &Platform) -> bool {
    platform.os.is_empty() && platform.architecture.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(constraint: &str, fits: &[&str], fits_not: &[&str]) {
        let constraint: PlatformConstraint = constraint.parse().unwrap();
        let platform = |text: &str| {
            let mut parts = text.split('/');
            let (os, architecture) = (parts.next().unwrap(), parts.next().unwrap());
            Platform::new(os, architecture, parts.next())
        };
        for text in fits {
            assert!(constraint.fits(&platform(text)), "{constraint:?} should fit {text}");
        }
        for text in fits_not {
            assert!(!constraint.fits(&platform(text)), "{constraint:?} should not fit {text}");
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
    fn what_is_no_platform() {
        for text in
            ["", "linux", "linux/", "/amd64", "linux/amd64/", "a/b/c/d", "linux/ amd64", "linux amd64"]
        {
            assert!(text.parse::<PlatformConstraint>().is_err(), "{text:?}");
        }
    }
}
