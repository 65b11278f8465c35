//! An entry of a chart's list.

use super::doubt::Doubt;

/// How many fields of an entry are told apart.
const MOST_FIELDS: usize = 256;

/// An entry that has been read in part. There is one at a time, and its memory is used again.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) is_open: bool,
    pub(super) version: String,
    fields: Vec<FieldName>,
}

/// The name of a field. Two equal names are equal here; two different ones mostly are not.
#[derive(Clone, Copy, Debug, PartialEq)]
struct FieldName {
    length: usize,
    first: u64,
    last: u64,
}

impl FieldName {
    fn new(name: &[u8]) -> Self {
        let word = |bytes: &[u8]| bytes.iter().fold(0, |word, &byte| word << 8 | u64::from(byte));
        let length = name.len();
        Self { length, first: word(&name[..length.min(8)]), last: word(&name[length.saturating_sub(8)..]) }
    }
}

impl Entry {
    /// Begins a new one.
    pub(super) fn open(&mut self) {
        self.is_open = true;
        self.version.clear();
        self.fields.clear();
    }

    /// Adds a field, which must not be there yet.
    pub(super) fn add(&mut self, field: &[u8]) -> Result<(), Doubt> {
        let name = FieldName::new(field);
        if self.fields.contains(&name) {
            return Err(Doubt::Repeated);
        }
        if self.fields.len() >= MOST_FIELDS {
            return Err(Doubt::Shape);
        }
        self.fields.push(name);
        Ok(())
    }
}
