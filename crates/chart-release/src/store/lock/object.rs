//! Lock objects, and how they are waited for.

use std::fmt;
use std::time::{Duration, Instant};

use artifact_source::Error;
use jiff::Timestamp;

use crate::store::access::Access;
use crate::store::object::ListedObject;

/// The folder of the lock objects. It holds the object of the probe too, so it never becomes empty on servers that take an empty folder
/// away while another object comes into it (`rclone serve s3`).
pub(super) const FOLDER: &str = ".chart-release";

/// What the names of lock objects begin with.
pub(super) const PREFIX: &str = "lock-";

/// A lock object that is in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockObject {
    /// The name of the object, for [`Store::remove_lock`](crate::store::Store::remove_lock).
    pub name: String,
    /// When it was written last, as the store lists it: its holder writes it again as long as it holds the lock.
    pub since: Option<Timestamp>,
    /// How long ago that was, as far as it is known.
    pub age: Option<Duration>,
    /// The age at which it belongs to no writer at work any more.
    pub lease: Duration,
}

/// `.chart-release/lock-..., renewed 12 s ago`.
impl fmt::Display for LockObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match (self.age, self.since) {
            (Some(age), _) => write!(f, ", renewed {} s ago", age.as_secs()),
            (None, Some(since)) => write!(f, ", renewed at {since:.0}"),
            (None, None) => Ok(()),
        }
    }
}

/// Is told that a lock is waited for.
pub trait LockObserver: Send + Sync {
    /// This lock of another writer is in the way. Called once for each.
    fn waiting_for(&self, lock: &LockObject) {
        let _ = lock;
    }
}

/// Observes nothing.
impl LockObserver for () {}

/// How a lock is waited for.
#[derive(Clone, Copy)]
pub struct LockWait<'w> {
    /// When the wait ends, besides [`lock_wait`](crate::store::StoreLimits::lock_wait). Defaults to never.
    pub deadline: Option<Instant>,
    /// Is told about the wait. Defaults to none.
    pub observer: &'w dyn LockObserver,
}

impl Default for LockWait<'_> {
    fn default() -> Self {
        Self { deadline: None, observer: &() }
    }
}

impl fmt::Debug for LockWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockWait").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

pub(super) async fn lock_objects(store: &Access) -> Result<Vec<ListedObject>, Error> {
    let mut listed = store.list(FOLDER).await?;
    listed.retain(|object| object.name.starts_with(PREFIX));
    Ok(listed)
}
