//! The platform of an image: operating system, architecture and, where it matters, a variant.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A platform constraint, `os/arch[/variant]` (rule 1.7). How it judges an image is rule 3.6.
///
/// ```
/// let platform: warehouse_spec::Platform = "linux/arm/v7".parse()?;
/// assert_eq!(platform.os(), "linux");
/// assert_eq!(platform.variant(), Some("v7"));
/// assert!("linux".parse::<warehouse_spec::Platform>().is_err());
/// # Ok::<(), warehouse_spec::InvalidPlatform>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Platform {
    os: String,
    arch: String,
    variant: Option<String>,
}

/// The text is no platform: not two or three parts, or a part is empty or holds white space.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no platform of the form os/arch or os/arch/variant")]
pub struct InvalidPlatform(String);

impl Platform {
    /// The operating system, such as `linux`.
    pub fn os(&self) -> &str {
        &self.os
    }

    /// The architecture, such as `amd64`.
    pub fn arch(&self) -> &str {
        &self.arch
    }

    /// The variant of the architecture, such as `v7`; none means any.
    pub fn variant(&self) -> Option<&str> {
        self.variant.as_deref()
    }
}

impl FromStr for Platform {
    type Err = InvalidPlatform;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidPlatform(text.to_owned());
        let parts: Vec<&str> = text.split('/').collect();
        let word = |part: &&str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
        };
        if !parts.iter().all(word) {
            return Err(invalid());
        }
        match parts.as_slice() {
            [os, arch] => Ok((os, arch, None)),
            [os, arch, variant] => Ok((os, arch, Some((*variant).to_owned()))),
            _ => Err(invalid()),
        }
        .map(|(os, arch, variant)| Self { os: (*os).to_owned(), arch: (*arch).to_owned(), variant })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.os, self.arch)?;
        match &self.variant {
            Some(variant) => write!(formatter, "/{variant}"),
            None => Ok(()),
        }
    }
}

impl From<Platform> for String {
    fn from(platform: Platform) -> Self {
        platform.to_string()
    }
}

impl TryFrom<String> for Platform {
    type Error = InvalidPlatform;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}
