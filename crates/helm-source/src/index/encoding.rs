//! An index as bytes, for the disk. Numbers are in little-endian order.
//!
//! ```text
//! content:
//!   number of charts: u32
//!   per chart, in the order of the file: name: text, number of versions: u32
//!     per version: text, then 0 without a digest, 1 with one that is malformed, or 2 and the 32 bytes of a digest
//!   text: length: u32, UTF-8
//! per version of all charts, in the order of the content: its time in seconds since 1970, 0 without one: u32
//! ```
//!
//! The content is what a discovery depends on. Whether a server tells the truth about a change is judged by it alone: the times are for
//! people, and programs that write an index anew give each entry another one.

use super::created::Created;
use super::digest::EntryDigest;
use super::table::Index;

const MISSING: u8 = 0;
const MALFORMED: u8 = 1;
const SHA256: u8 = 2;

impl Index {
    /// The index as bytes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.content_bytes();
        bytes.extend(self.all_times().iter().flat_map(|time| time.to_le_bytes()));
        bytes
    }

    /// The charts, versions and digests as bytes. Indexes that differ in the times of their entries alone have the same.
    pub(crate) fn content_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.size());
        put_length(&mut bytes, self.chart_count());
        for name in self.names() {
            put_text(&mut bytes, name);
            let entries = self.entries(name);
            put_length(&mut bytes, entries.as_ref().map_or(0, ExactSizeIterator::len));
            for (version, digest) in entries.into_iter().flatten() {
                put_text(&mut bytes, version);
                match digest {
                    EntryDigest::Missing => bytes.push(MISSING),
                    EntryDigest::Malformed => bytes.push(MALFORMED),
                    EntryDigest::Sha256(digest) => {
                        bytes.push(SHA256);
                        bytes.extend_from_slice(&digest);
                    }
                }
            }
        }
        bytes
    }

    /// The index that [`to_bytes`](Self::to_bytes) made these of; `None` if it did not.
    pub(crate) fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let mut index = Self::default();
        for _ in 0..take_number(&mut bytes)? {
            index.open(take_text(&mut bytes)?).ok()?;
            for _ in 0..take_number(&mut bytes)? {
                let version = take_text(&mut bytes)?;
                let digest = match *bytes.split_off_first()? {
                    MISSING => EntryDigest::Missing,
                    MALFORMED => EntryDigest::Malformed,
                    SHA256 => EntryDigest::Sha256(bytes.split_off(..32)?.try_into().ok()?),
                    _ => return None,
                };
                index.push(version, digest, Created::NONE).ok()?;
            }
        }
        for time in index.all_times_mut() {
            *time = Created::from_le_bytes(bytes.split_off(..4)?.try_into().ok()?);
        }
        bytes.is_empty().then_some(index)
    }
}

/// Everything in an index is far shorter than 4 GiB: the whole of it is bounded.
fn put_length(bytes: &mut Vec<u8>, length: usize) {
    bytes.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_length(bytes, text.len());
    bytes.extend_from_slice(text.as_bytes());
}

fn take_number(bytes: &mut &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.split_off(..4)?.try_into().ok()?))
}

fn take_text<'b>(bytes: &mut &'b [u8]) -> Option<&'b str> {
    let length = usize::try_from(take_number(bytes)?).ok()?;
    std::str::from_utf8(bytes.split_off(..length)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn index(time: &str) -> Index {
        let hex = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let file = format!(
            "entries:\n  web:\n  - version: 1.10.0\n    digest: {hex}\n    created: {time}\n  - name: web\n  none: []\n  api:\n  - version: ä\n    digest: 1\n"
        );
        Index::from_slice(file.as_bytes()).unwrap()
    }

    #[test]
    fn bytes_are_read_as_the_same_index() {
        for index in [index("2024-05-01T12:00:00Z"), index("~"), Index::default()] {
            assert_eq!(Index::from_bytes(&index.to_bytes()).as_ref(), Some(&index));
        }
        assert_eq!(index("~").names(), ["web", "none", "api"]);
    }

    #[test]
    fn times_are_no_content() {
        let (one, other) = (index("2024-05-01T12:00:00Z"), index("2024-05-01T12:00:01Z"));
        assert_eq!(one.content_bytes(), other.content_bytes());
        assert_ne!(one.to_bytes(), other.to_bytes());
        assert_ne!(one, other);
    }

    #[test]
    fn cut_and_longer_bytes_are_none() {
        let bytes = index("2024-05-01T12:00:00Z").to_bytes();
        for cut in 0..bytes.len() {
            assert_eq!(Index::from_bytes(&bytes[..cut]), None, "{cut}");
        }
        assert_eq!(Index::from_bytes(&[&bytes[..], b"\0"].concat()), None);
    }

    proptest! {
        #[test]
        fn noise_never_panics(noise in prop::collection::vec(prop_oneof![0..4_u8, any::<u8>()], 0..200)) {
            let _ = Index::from_bytes(&noise);
        }
    }
}
