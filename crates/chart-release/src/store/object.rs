//! What a store is made of: objects, their versions, and the seam below [`Store`](super::Store).

use std::fmt;

use artifact_source::Error;
use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

/// The operations that a store needs from what holds its objects. Names are relative, with `/`.
///
/// A [`Store`](super::Store) on it adds limits of time, the search for what it can do, and locks.
#[async_trait]
pub trait ObjectStorage: fmt::Debug + Send + Sync + 'static {
    /// The object; `None` only where it definitely does not exist.
    ///
    /// # Errors
    ///
    /// What kept it away, and [`TooLarge`](artifact_source::ErrorKind::TooLarge) for one of more than `max_bytes`.
    async fn get(&self, name: &str, max_bytes: u64) -> Result<Option<Object>, Error>;

    /// Writes an object if the condition holds. A reader sees the old object or the new one, whole.
    ///
    /// # Errors
    ///
    /// What kept it from being written.
    async fn put(&self, name: &str, body: Bytes, condition: Condition) -> Result<PutOutcome, Error>;

    /// The objects in a folder, without those in folders below it; the empty name is the top.
    ///
    /// # Errors
    ///
    /// What kept the list away.
    async fn list(&self, folder: &str) -> Result<Vec<ListedObject>, Error>;

    /// Deletes an object; one that does not exist is no error.
    ///
    /// # Errors
    ///
    /// What kept it from being deleted.
    async fn delete(&self, name: &str) -> Result<(), Error>;

    /// Whether [`put`](Self::put) keeps conditions.
    fn conditional_put(&self) -> ConditionalPut;

    /// Whether the times of a [list](Self::list) are those of one clock, of the store, and not of the machines that write. Then the age of a lock is
    /// known at once. Defaults to `false`: a lock is looked at for as long as its lease.
    fn has_own_clock(&self) -> bool {
        false
    }
}

/// Whether a store writes on a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionalPut {
    /// It does.
    Supported,
    /// It does not.
    Unsupported,
    /// It depends on the server, which is to be asked.
    Unknown,
}

/// When an object is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Always.
    Always,
    /// If there is no object of the name.
    Absent,
    /// If the object has this version.
    Matches(Version),
}

/// What came of a put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutOutcome {
    /// The object is written.
    Written,
    /// The condition did not hold, and nothing was written.
    ConditionFailed,
}

/// The version of an object, as the store tells it: an `ETag`, a generation, or a digest of the content.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version(String);

impl Version {
    /// A version of this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The version of stores that have none of their own.
    pub(super) fn of_content(bytes: &[u8]) -> Self {
        Self(sha256_hex(bytes))
    }
}

/// An object with its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// The content.
    pub bytes: Bytes,
    /// Its version, for [`Condition::Matches`].
    pub version: Version,
}

/// An object in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedObject {
    /// The name in its folder.
    pub name: String,
    /// The size in bytes.
    pub size: u64,
    /// When the store says it was written; `None` where it does not say.
    pub modified: Option<Timestamp>,
}

/// The SHA-256 of bytes, as 64 hexadecimal digits.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}
