//! The digest that an entry of an index states.

use std::fmt;

/// The SHA-256 digest of a chart's archive, as its entry in an index states it.
///
/// It is read from 64 hex digits in either case, as Helm writes them, with or without `sha256:` before them. Nothing is verified: the
/// archive is not read.
///
/// ```
/// use helm_source::{EntryDigest, Index};
///
/// let hex = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
/// let file = format!("entries:\n  web:\n  - version: 1.1.0\n    digest: {hex}\n  - version: 1.0.0\n");
/// let index = Index::from_slice(file.as_bytes())?;
/// let entries: Vec<_> = index.entries("web").unwrap().collect();
/// assert_eq!(entries[0].1.to_text(), Some(format!("sha256:{hex}")));
/// assert_eq!(entries[1], ("1.0.0", EntryDigest::Missing));
/// # Ok::<(), helm_source::IndexError>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EntryDigest {
    /// There is no `digest`, or it is null or empty.
    #[default]
    Missing,
    /// The `digest` is anything else than a SHA-256 digest in hex: of another length, a number without quotes, a list.
    Malformed,
    /// The 32 bytes of the digest.
    Sha256([u8; 32]),
}

impl EntryDigest {
    /// Reads the text of a `digest`.
    pub(super) fn parse(text: &[u8]) -> Self {
        if text.is_empty() {
            return Self::Missing;
        }
        let text = text.strip_prefix(b"sha256:").unwrap_or(text);
        let Some(digits) = text.first_chunk::<64>().filter(|_| text.len() == 64) else {
            return Self::Malformed;
        };
        // Has no branch per byte, so that it compiles to vector instructions.
        let mut others = 0;
        let nibbles = digits.map(|digit| {
            let (number, letter) = (digit.wrapping_sub(b'0'), (digit | 0x20).wrapping_sub(b'a'));
            others |= u8::from(number > 9) & u8::from(letter > 5);
            if number <= 9 { number } else { letter.wrapping_add(10) }
        });
        let mut digest = [0; 32];
        for (byte, [high, low]) in digest.iter_mut().zip(nibbles.as_chunks::<2>().0) {
            *byte = high << 4 | low;
        }
        if others == 0 { Self::Sha256(digest) } else { Self::Malformed }
    }

    /// The digest as manifests and reports spell it, `sha256:` and lower-case hex; `None` for one that is missing or malformed.
    pub fn to_text(self) -> Option<String> {
        let Self::Sha256(digest) = self else { return None };
        let (halves, _) = digest.as_chunks::<16>();
        let halves: String =
            halves.iter().map(|half| format!("{:032x}", u128::from_be_bytes(*half))).collect();
        Some(format!("sha256:{halves}"))
    }
}

impl fmt::Debug for EntryDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.to_text()) {
            (_, Some(text)) => f.write_str(&text),
            (Self::Malformed, _) => f.write_str("Malformed"),
            _ => f.write_str("Missing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let hex = "0123456789abcdef".repeat(4);
        let text = Some(format!("sha256:{hex}"));
        for good in [hex.clone(), hex.to_uppercase(), format!("sha256:{hex}")] {
            assert_eq!(EntryDigest::parse(good.as_bytes()).to_text(), text, "{good}");
        }
        assert_eq!(EntryDigest::parse(b""), EntryDigest::Missing);
        for bad in [
            hex[1..].to_owned(),
            format!("{hex}0"),
            format!("{hex}00"),
            format!("sha512:{hex}"),
            format!("SHA256:{hex}"),
            format!("sha256:sha256:{hex}"),
            format!("{}g", &hex[1..]),
            format!("{} ", &hex[1..]),
            format!("{}\u{e9}", &hex[2..]),
            "sha256:".to_owned(),
        ] {
            assert_eq!(EntryDigest::parse(bad.as_bytes()), EntryDigest::Malformed, "{bad}");
        }
    }
}
