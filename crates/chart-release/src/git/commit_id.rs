//! The id of a commit.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// The id of a commit: `Display` and JSON are its 40 hexadecimal digits.
///
/// ```
/// use chart_release::git::CommitId;
///
/// let id: CommitId = "3f2c1ab04e5d6c7b8a9f0e1d2c3b4a5968778695".parse()?;
/// assert_eq!(id.short(), "3f2c1ab");
/// assert!("3f2c1ab".parse::<CommitId>().is_err(), "a prefix is not an id");
/// # Ok::<(), chart_release::git::InvalidCommitId>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(gix::ObjectId);

impl CommitId {
    pub(crate) fn new(id: gix::ObjectId) -> Self {
        Self(id)
    }

    pub(crate) fn object(self) -> gix::ObjectId {
        self.0
    }

    /// The first seven digits, for people.
    pub fn short(self) -> String {
        self.0.to_hex_with_len(7).to_string()
    }
}

/// The text is not 40 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id of a commit is 40 hexadecimal digits")]
pub struct InvalidCommitId;

impl FromStr for CommitId {
    type Err = InvalidCommitId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        gix::ObjectId::from_hex(text.as_bytes()).map(Self).map_err(|_| InvalidCommitId)
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommitId({})", self.0)
    }
}

impl Serialize for CommitId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
