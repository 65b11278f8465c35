//! Who decides whether tags are trusted.

use std::fmt;
use std::str::FromStr;

use artifact_source::{Error, ErrorKind};
use selection_strategies::TagStrategy;

/// What the operator of a controller says to `cacheByTag`, the field with which a subscription vouches that its tags never
/// move (semantics rule 3.7). Kargo's words, and its meanings.
///
/// ```
/// use image_source::CacheByTagPolicy;
///
/// assert_eq!("Require".parse(), Ok(CacheByTagPolicy::Require));
/// assert_eq!(CacheByTagPolicy::default(), CacheByTagPolicy::Allow);
/// assert!("require".parse::<CacheByTagPolicy>().is_err());
/// ```
///
/// | | the subscription does not vouch | it does | `Digest` |
/// |---|---|---|---|
/// | `Forbid` | looks | looks | looks |
/// | `Allow` | looks | trusts | looks |
/// | `Require` | is refused | trusts | looks |
/// | `Force` | trusts | trusts | looks |
///
/// The one tag of a [`Digest`](TagStrategy::Digest) rule is there to move, so it is looked at whatever anybody says, and
/// nothing is required of it. (Kargo's validation makes that exception too; its discovery forgets it and fails.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CacheByTagPolicy {
    /// Nobody's tags are trusted. That is done without a word.
    Forbid,
    /// It is for each subscription to say.
    #[default]
    Allow,
    /// Subscriptions have to vouch for their tags, or are refused, so that nobody is taken by surprise.
    Require,
    /// All tags are trusted. That is done without a word.
    Force,
}

impl CacheByTagPolicy {
    /// Whether tags are trusted, under a subscription of this strategy that vouches for them or does not.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) in the field `cacheByTag`, where the policy wants it and it is not set.
    pub fn trusts(self, strategy: &TagStrategy, vouched: bool) -> Result<bool, Error> {
        if matches!(strategy, TagStrategy::Digest { .. }) {
            return Ok(false);
        }
        match self {
            Self::Forbid => Ok(false),
            Self::Allow => Ok(vouched),
            Self::Force => Ok(true),
            Self::Require if vouched => Ok(true),
            Self::Require => {
                let message = "images have to be cached by tag here, and this subscription does not say that they may be";
                Err(Error::new(ErrorKind::InvalidInput, message).with_field("cacheByTag").with_hint(
                    "set `cacheByTag: true` if none of its tags ever moves; a tag that does needs the strategy Digest",
                ))
            }
        }
    }

    /// The word for it.
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

/// What is no policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPolicy(String);

impl fmt::Display for InvalidPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no policy for cacheByTag: write Forbid, Allow, Require or Force", self.0)
    }
}

impl std::error::Error for InvalidPolicy {}

impl FromStr for CacheByTagPolicy {
    type Err = InvalidPolicy;

    /// # Errors
    ///
    /// Anything but the four words, spelt as they are.
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
    fn words() {
        for word in ["Forbid", "Allow", "Require", "Force"] {
            assert_eq!(word.parse::<CacheByTagPolicy>().unwrap().to_string(), word);
        }
        for text in ["", "allow", "Allow ", "Deny"] {
            assert!(text.parse::<CacheByTagPolicy>().is_err(), "{text:?}");
        }
        let error = "x\n".parse::<CacheByTagPolicy>().unwrap_err();
        let words = r#""x\n" is no policy for cacheByTag: write Forbid, Allow, Require or Force"#;
        assert_eq!(error.to_string(), words);
    }
}
