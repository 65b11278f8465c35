//! What is known of an index, and what changes in it.

use std::ops::Range;

use super::entry::NewEntry;

/// The charts of an index: for each the versions with their digests, in the order of the file.
pub(super) type Charts = Vec<(String, Vec<Known>)>;

/// What is known of an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) version: String,
    pub(super) digest: Option<String>,
}

/// A place of the text, and what comes there.
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    pub(super) text: String,
}

/// New entries of one chart, in their order: a position among the entries that exist, and the entry.
pub(super) struct Insertions<'new> {
    pub(super) before: Vec<(usize, &'new NewEntry)>,
    /// Positions of entries that go.
    pub(super) without: Vec<usize>,
}

impl Insertions<'_> {
    /// The list with the entries that come, and without those that go.
    pub(super) fn applied<T>(&self, standing: Vec<T>, made: impl Fn(&NewEntry) -> T) -> Vec<T> {
        let count = standing.len();
        let mut result = Vec::with_capacity(count + self.before.len());
        let new_at = |at: usize| self.before.iter().filter(move |(before, _)| *before == at);
        for (at, entry) in standing.into_iter().enumerate() {
            result.extend(new_at(at).map(|(_, entry)| made(entry)));
            if !self.without.contains(&at) {
                result.push(entry);
            }
        }
        result.extend(new_at(count).map(|(_, entry)| made(entry)));
        result
    }
}
