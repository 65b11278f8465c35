//! What one line of a journal says.

use std::hash::{DefaultHasher, Hash, Hasher};

use oci_registry::Digest;
use serde::{Deserialize, Serialize};

use crate::{CacheScope, Facts};

/// Lines of another number are not read.
pub(super) const SCHEMA: u32 = 2;
const CHECK_LENGTH: usize = 16;

/// One thing that was learned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Record {
    /// What the content of a digest is.
    Content(Digest, Facts),
    /// Which digest a tag has.
    Tag(Box<str>, Digest),
}

impl Record {
    /// A number for what it says. It is used to say things once, so that two of one number cost a request some day.
    pub(super) fn fingerprint(&self) -> u64 {
        match self {
            Self::Content(digest, _) => fingerprint("", digest),
            Self::Tag(tag, digest) => fingerprint(tag, digest),
        }
    }
}

/// The [fingerprint](Record::fingerprint) of a tag's record, or with no tag, of the content's.
pub(super) fn fingerprint(tag: &str, digest: &Digest) -> u64 {
    let mut hasher = DefaultHasher::new();
    (tag, digest).hash(&mut hasher);
    hasher.finish()
}

/// Seals the lines of one scope: each begins with a check that covers itself, the scope and the schema.
#[derive(Clone, Debug)]
pub(super) struct Seal(String);

impl Seal {
    pub(super) fn new(scope: &CacheScope) -> Self {
        Self(format!("image facts {SCHEMA} {:?} {:?}", scope.repository, scope.scope))
    }

    /// A name for the scope's files: any repository and any scope makes a short one that every file system takes.
    pub(super) fn file_name(&self) -> String {
        hex(&Digest::of(self.0.as_bytes()), 2 * CHECK_LENGTH).to_owned()
    }

    /// The line that says this, with its end.
    pub(super) fn line(&self, record: &Record) -> Option<String> {
        let text = serde_json::to_string(record).ok()?;
        Some(format!("{} {text}\n", self.check(&text)))
    }

    /// What a line says; `None` if it is not a whole line of this scope, exactly as it was written.
    pub(super) fn read(&self, line: &[u8]) -> Option<Record> {
        let (check, text) = std::str::from_utf8(line).ok()?.split_once(' ')?;
        if self.check(text) != check {
            return None;
        }
        serde_json::from_str(text).ok()
    }

    fn check(&self, text: &str) -> String {
        let sealed = format!("{}\n{text}", self.0);
        hex(&Digest::of(sealed.as_bytes()), CHECK_LENGTH).to_owned()
    }
}

/// The first hex digits of a digest.
fn hex(digest: &Digest, length: usize) -> &str {
    let hex = digest.as_str().split_once(':').map_or("", |(_, hex)| hex);
    hex.get(..length).unwrap_or(hex)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConfigFacts, ManifestFacts};

    fn seal() -> Seal {
        Seal::new(&CacheScope::new("ghcr.io/a/b", "me"))
    }

    #[test]
    fn a_line_says_what_was_written() {
        let mut facts = ManifestFacts::default();
        facts.annotations.insert("a\nb".to_owned(), "\u{0}\n\r\u{2028} c".to_owned());
        let digest = Digest::of(b"x");
        for record in [
            Record::Content(digest.clone(), Facts::Manifest(facts)),
            Record::Content(digest.clone(), Facts::Config(ConfigFacts::default())),
            Record::Tag("1.0.0".into(), digest),
        ] {
            let line = seal().line(&record).unwrap();
            let line = line.strip_suffix('\n').unwrap();
            assert!(!line.contains('\n'), "{line}");
            assert_eq!(seal().read(line.as_bytes()), Some(record));
        }
    }

    #[test]
    fn any_other_line_says_nothing() {
        let line = seal().line(&Record::Tag("1.0.0".into(), Digest::of(b"x"))).unwrap();
        let line = line.trim_end().as_bytes();
        for position in 0..line.len() {
            for bit in 0..8 {
                let mut changed = line.to_vec();
                changed[position] ^= 1 << bit;
                assert_eq!(seal().read(&changed), None, "bit {bit} of byte {position}");
            }
            assert_eq!(seal().read(&line[..position]), None);
            assert_eq!(seal().read(&line[position + 1..]), None);
        }
        assert_eq!(seal().read(&[line, b" "].concat()), None);
        for other in [CacheScope::new("ghcr.io/a/b", "you"), CacheScope::new("ghcr.io/a/c", "me")] {
            assert_eq!(Seal::new(&other).read(line), None);
            assert_ne!(Seal::new(&other).file_name(), seal().file_name());
        }
        assert_eq!(Seal(seal().0.replace("facts 2", "facts 3")).read(line), None, "another schema");
    }
}
