//! What is in a repository, and what came of a step.

/// What exists of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Standing {
    /// The digest of the archive (`sha256:...`); `None` if there is none.
    pub archive: Option<String>,
    /// Whether the index has an entry.
    pub is_listed: bool,
    /// The digest that the entry has (`sha256:...`); `None` if there is no entry, or it has none.
    pub entry: Option<String>,
}

/// What came of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchivePut {
    /// It was not there and is written.
    Written,
    /// It was there already, with the same content.
    Stands,
    /// It was there with other content, and is replaced as it may be.
    Replaced,
}

/// What came of the index. Packages are named `NAME-VERSION`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexMerge {
    /// The entries that are new.
    pub added: Vec<String>,
    /// The entries that took the place of others of the same version.
    pub replaced: Vec<String>,
    /// Packages of a version that may be overwritten whose archive another writer has replaced since: the entry is left to that writer.
    pub superseded: Vec<String>,
    /// How often the index was read; more than once where other writers were faster.
    pub tries: u32,
}

impl IndexMerge {
    /// How many entries are new.
    pub fn added(&self) -> usize {
        self.added.len()
    }

    /// Whether the index was written.
    pub fn is_written(&self) -> bool {
        !self.added.is_empty() || !self.replaced.is_empty()
    }
}
