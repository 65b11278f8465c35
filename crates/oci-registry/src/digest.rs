//! The digest of content.

use std::fmt;
use std::str::FromStr;

use artifact_source::{Error, ErrorKind};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha512};

/// The digest of content, as manifests spell it: `sha256:` or `sha512:` and lower-case hex.
///
/// ```
/// use oci_registry::Digest;
///
/// let digest = Digest::of(b"hello");
/// assert_eq!(digest.as_str(), "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
/// assert!(digest.is_of(b"hello") && !digest.is_of(b"hello!"));
/// assert!("md5:5d41402abc4b2a76b9719d911017c592".parse::<Digest>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(Box<str>);

impl Digest {
    /// The SHA-256 digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(format!("sha256:{:x}", Sha256::digest(bytes)).into())
    }

    /// Whether these bytes have this digest.
    pub fn is_of(&self, bytes: &[u8]) -> bool {
        match self.0.split_once(':') {
            Some(("sha256", digits)) => format!("{:x}", Sha256::digest(bytes)) == digits,
            Some((_, digits)) => format!("{:x}", Sha512::digest(bytes)) == digits,
            None => false,
        }
    }

    /// The text of the digest, such as `sha256:2cf2...`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = Error;

    /// # Errors
    ///
    /// [`ErrorKind::BadAnswer`] for another algorithm, a wrong length, and characters other than lower-case hex digits.
    fn from_str(text: &str) -> Result<Self, Error> {
        let length = match text.split_once(':') {
            Some(("sha256", digits)) => Some((digits, 64)),
            Some(("sha512", digits)) => Some((digits, 128)),
            _ => None,
        };
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        match length {
            Some((digits, length)) if digits.len() == length && digits.bytes().all(is_hex) => {
                Ok(Self(text.into()))
            }
            _ => Err(Error::new(
                ErrorKind::BadAnswer,
                "a digest that is not sha256 or sha512 in lower-case hex",
            )),
        }
    }
}

impl TryFrom<String> for Digest {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0.into()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let good = [format!("sha256:{}", "0a".repeat(32)), format!("sha512:{}", "f9".repeat(64))];
        for text in &good {
            assert_eq!(text.parse::<Digest>().unwrap().as_str(), text);
        }
        let bad = [
            String::new(),
            "sha256".to_owned(),
            "sha256:".to_owned(),
            format!("sha256:{}", "0A".repeat(32)),
            format!("sha256:{}", "0a".repeat(31)),
            format!("sha256:{}", "0a".repeat(64)),
            format!("sha384:{}", "0a".repeat(48)),
            format!("sha256:{}/", "0a".repeat(32)),
            format!("sha256:..{}", "0a".repeat(31)),
        ];
        for text in &bad {
            assert_eq!(text.parse::<Digest>().unwrap_err().kind(), ErrorKind::BadAnswer, "{text:?}");
        }
    }

    #[test]
    fn both_algorithms_check() {
        let sha512 = format!("sha512:{:x}", Sha512::digest(b"x")).parse::<Digest>().unwrap();
        assert!(sha512.is_of(b"x") && !sha512.is_of(b"y"));
    }
}
