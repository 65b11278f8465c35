//! The operator's policy for `cacheByTag`.

use std::fmt;
use std::str::FromStr;

use artifact_source::{Error, ErrorKind};
use selection_strategies::TagStrategy;

/// The operator's policy for `cacheByTag`, the field in which a subscription declares that its tags never
/// move ([rule 3.7](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). Names and meanings are Kargo's.
///
/// ```
/// use image_source::CacheByTagPolicy;
///
/// assert_eq!("Require".parse(), Ok(CacheByTagPolicy::Require));
/// assert_eq!(CacheByTagPolicy::default(), CacheByTagPolicy::Allow);
/// assert!("require".parse::<CacheByTagPolicy>().is_err());
/// ```
///
/// | | `cacheByTag: false` | `cacheByTag: true` | strategy `Digest` |
/// |---|---|---|---|
/// | `Forbid` | reads each tag | reads each tag | reads the tag |
/// | `Allow` | reads each tag | trusts the cache | reads the tag |
/// | `Require` | error | trusts the cache | reads the tag |
/// | `Force` | trusts the cache | trusts the cache | reads the tag |
///
/// The tag of a [`Digest`](TagStrategy::Digest) rule is expected to move, so it is always read, and `Require` does not apply to
/// it. (Kargo's validation has this exception too; its discovery fails.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CacheByTagPolicy {
    /// `cacheByTag` is ignored, and no tag is trusted.
    Forbid,
    /// Each subscription decides.
    #[default]
    Allow,
    /// Subscriptions must set `cacheByTag: true`.
    Require,
    /// `cacheByTag` is ignored, and all tags are trusted.
    Force,
}

impl CacheByTagPolicy {
    /// Whether the cached digests of tags are trusted, for a subscription with this strategy and this value of `cacheByTag`.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for the field `cacheByTag`, if the policy is `Require` and the field is not set.
    pub fn trusts(self, strategy: &TagStrategy, cache_by_tag: bool) -> Result<bool, Error> {
        if matches!(strategy, TagStrategy::Digest { .. }) {
            return Ok(false);
        }
        match self {
            Self::Forbid => Ok(false),
            Self::Allow => Ok(cache_by_tag),
            Self::Force => Ok(true),
            Self::Require if cache_by_tag => Ok(true),
            Self::Require => {
                let message = "the policy requires `cacheByTag`, and this subscription does not set it";
                Err(Error::new(ErrorKind::InvalidInput, message).with_field("cacheByTag").with_hint(
                    "set `cacheByTag: true` if its tags never move; a tag that moves needs the strategy Digest",
                ))
            }
        }
    }

    /// The name of the policy.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forbid => "Forbid",
            Self::Allow => "Allow",
            Self::Require => "Require",
            Self::Force => "Force",
        }
    }
}

impl fmt::Display for CacheByTagPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The error for a text that is not a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPolicy(String);

impl fmt::Display for InvalidPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a policy for cacheByTag: write Forbid, Allow, Require or Force", self.0)
    }
}

impl std::error::Error for InvalidPolicy {}

impl FromStr for CacheByTagPolicy {
    type Err = InvalidPolicy;

    /// # Errors
    ///
    /// [`InvalidPolicy`] for anything but the four names, in this spelling.
    fn from_str(text: &str) -> Result<Self, InvalidPolicy> {
        let all = [Self::Forbid, Self::Allow, Self::Require, Self::Force];
        let found = all.into_iter().find(|policy| policy.as_str() == text);
        found.ok_or_else(|| InvalidPolicy(text.chars().take(64).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in ["Forbid", "Allow", "Require", "Force"] {
            assert_eq!(name.parse::<CacheByTagPolicy>().unwrap().to_string(), name);
        }
        for text in ["", "allow", "Allow ", "Deny"] {
            assert!(text.parse::<CacheByTagPolicy>().is_err(), "{text:?}");
        }
        let error = "x\n".parse::<CacheByTagPolicy>().unwrap_err();
        let message = r#""x\n" is not a policy for cacheByTag: write Forbid, Allow, Require or Force"#;
        assert_eq!(error.to_string(), message);
    }
}
