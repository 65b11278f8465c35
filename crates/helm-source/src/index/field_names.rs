//! The names of the fields of one entry, each of which may be there once.

/// The fields of an entry so far. Its memory is reused for the next one.
#[derive(Debug, Default)]
pub(super) struct FieldNames {
    /// One bit for each name, of its hash: a name whose bit is not set is new.
    bits: u64,
    names: Vec<FieldName>,
}

/// The length, the first and the last eight bytes of a name: those of equal names are equal, those of different names rarely are.
#[derive(Clone, Copy, Debug, PartialEq)]
struct FieldName {
    length: usize,
    first: u64,
    last: u64,
}

impl FieldName {
    fn new(name: &[u8]) -> Self {
        let length = name.len();
        let (first, last) = match (name.first_chunk(), name.last_chunk()) {
            (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
            _ => (name.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0),
        };
        Self { length, first, last }
    }

    fn bit(self) -> u64 {
        // The multiplier is that of a well-mixed linear generator; the upper bits depend on all of the name.
        let hash = (self.first ^ self.last.rotate_left(32) ^ self.length as u64)
            .wrapping_mul(6_364_136_223_846_793_005);
        1 << (hash >> 58)
    }
}

impl FieldNames {
    /// Forgets all names.
    pub(super) fn clear(&mut self) {
        self.bits = 0;
        self.names.clear();
    }

    /// The number of names.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Adds a name. `false` if it is there, or in rare cases another one that is like it.
    pub(super) fn add(&mut self, name: &[u8]) -> bool {
        let name = FieldName::new(name);
        let bit = name.bit();
        if self.bits & bit != 0 && self.names.contains(&name) {
            return false;
        }
        self.bits |= bit;
        self.names.push(name);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_new_once() {
        let mut names = FieldNames::default();
        let fields =
            ["", "a", "version", "versions", "appVersion", "apiVersion", "description", "descriptions"];
        for _ in 0..2 {
            assert!(fields.iter().all(|field| names.add(field.as_bytes())));
            assert!(!fields.iter().any(|field| names.add(field.as_bytes())));
            assert_eq!(names.len(), fields.len());
            names.clear();
        }
        let many: Vec<_> = (0..300).map(|number| format!("field-{number}")).collect();
        assert!(many.iter().all(|field| names.add(field.as_bytes())));
        assert!(!many.iter().any(|field| names.add(field.as_bytes())));
    }
}
