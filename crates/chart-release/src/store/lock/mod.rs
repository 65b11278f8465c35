//! One writer at a time, on stores that cannot write on a condition.
//!
//! Each writer writes a lock object of its own name and then lists all of them. It goes on only if its own is the only one. If two writers
//! both found themselves alone, each would have listed before the other wrote, and each wrote before it listed: a contradiction. So at
//! most one goes on, provided that
//!
//! 1. a list shows every object whose write was answered before (true of S3, GCS, Azure, and folders; not of every remote of rclone), and
//! 2. every writer of the repository takes the lock, and
//! 3. no put of a writer arrives after its [longest time](super::StoreLimits::operation).
//!
//! Of several that meet, the oldest by the store's own time stays and looks again; the others remove their object, wait, and begin anew. So
//! one of them always gets on. The store's time decides here only who waits.
//!
//! # Leases
//!
//! A lock object has a lease, which its name tells. The holder writes the object again, well before the lease ends, as long as it holds the
//! lock, and begins no write (not of the lock object either) unless the longest time of a write fits into what is left of the lease. So a
//! lock object that is older than its lease belongs to a writer that will never write again: it was killed, or it is cut off. Everybody who
//! finds it deletes it. That takes nothing over: the lock is taken as always, by being alone in a list, so two that delete
//! one object at once do not both go on. Names are never used twice, so nobody deletes what a living writer wrote meanwhile.
//!
//! The age is known in two ways:
//!
//! - by the times of the list, where [the store sets them itself](super::ObjectStorage::has_own_clock);
//! - by looking: an object that did not change for a whole lease was not renewed for a lease. No clock of another machine counts.

mod judge;
mod keeper;
mod removal;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use artifact_source::{Error, ErrorKind};
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};

use self::judge::lease_of;
use self::keeper::{Event, Keeper, Lease};
use super::access::Access;
use super::object::ListedObject;
use super::random::Random;

pub use removal::LockRemoval;
pub(super) use removal::{remove, remove_stale};

/// The folder of the lock objects. It holds the object of the probe too, so it never becomes empty on servers that take an empty folder
/// away while another object comes into it (`rclone serve s3`).
const FOLDER: &str = ".chart-release";

/// What the names of lock objects begin with.
const PREFIX: &str = "lock-";

/// A lock object that stands in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockObject {
    /// The name of the object, for [`Store::remove_lock`](super::Store::remove_lock).
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
    /// When the wait ends, besides [`lock_wait`](super::StoreLimits::lock_wait). Defaults to never.
    pub deadline: Option<Instant>,
    /// Is told about the wait. Defaults to nobody.
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

/// The lock of a store, as long as it is held. A task renews it.
///
/// [`release`](Self::release) it. Dropped, it is given back by a task, for which [`Store::unlocked`](super::Store::unlocked) waits.
#[derive(Debug)]
#[must_use]
pub struct Lock {
    url: String,
    lease: Arc<Lease>,
    /// Dropped, it ends the task.
    end: oneshot::Sender<()>,
    given_back: oneshot::Receiver<Result<(), Error>>,
}

impl Lock {
    /// Whether a further operation may begin: with its longest duration it ends before the lease does.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](ErrorKind::TimedOut) if the lock could not be renewed for too long.
    pub fn check(&self) -> Result<(), Error> {
        if self.lease.has_time() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::TimedOut,
            "the lock of the store could not be renewed in time for a further write",
        )
        .with_url(&self.url)
        .with_hint("run the same command again"))
    }

    /// Gives the lock back.
    ///
    /// # Errors
    ///
    /// What kept the lock object from being deleted; it then stands in the way of others until its lease ends.
    pub async fn release(self) -> Result<(), Error> {
        let Self { end, given_back, .. } = self;
        drop(end);
        given_back
            .await
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "the lock was not given back")))
    }
}

/// Counts the tasks that have a lock object.
#[derive(Clone, Debug)]
pub(super) struct Keepers(watch::Sender<usize>);

impl Default for Keepers {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Keepers {
    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        struct Running(watch::Sender<usize>);

        impl Drop for Running {
            fn drop(&mut self) {
                self.0.send_modify(|running| *running = running.saturating_sub(1));
            }
        }

        self.0.send_modify(|running| *running += 1);
        let running = Running(self.0.clone());
        tokio::spawn(async move {
            work.await;
            drop(running);
        });
    }

    /// Waits until none is at work.
    pub(super) async fn ended(&self) {
        // The sender is here, so it does not close.
        let _ = self.0.subscribe().wait_for(|running| *running == 0).await;
    }
}

/// Takes the lock. A task does the work, so that a caller that stops waiting leaves no lock object behind.
pub(super) async fn acquire(store: &Access, random: &mut Random, wait: LockWait<'_>) -> Result<Lock, Error> {
    let longest = Instant::now() + store.limits.lock_wait;
    let until = wait.deadline.map_or(longest, |deadline| longest.min(before(deadline)));
    let (events, mut told) = mpsc::unbounded_channel();
    let (end, ended) = oneshot::channel();
    let (give_back, given_back) = oneshot::channel();
    let lease = Arc::new(Lease::new(store.limits));
    let keeper = Keeper::new(store.clone(), Random::seeded(random.next_u64()), Arc::clone(&lease));
    store.keepers.spawn(keeper.run(events, ended, give_back));
    let mut seen: Option<LockObject> = None;
    loop {
        match tokio::time::timeout_at(until.into(), told.recv()).await {
            Ok(Some(Event::InTheWay(other))) => {
                if seen.as_ref().is_none_or(|seen| seen.name != other.name) {
                    wait.observer.waiting_for(&other);
                }
                seen = Some(other);
            }
            Ok(Some(Event::Taken)) => {
                return Ok(Lock { url: store.url().to_owned(), lease, end, given_back });
            }
            Ok(Some(Event::Failed(error))) => return Err(error),
            Ok(None) => return Err(Error::new(ErrorKind::Internal, "the lock was not taken")),
            Err(_) => return Err(not_taken(store, seen.as_ref())),
        }
    }
}

/// A little before a deadline, so that the error about the lock is told, and not that the deadline passed.
fn before(deadline: Instant) -> Instant {
    let left = deadline.saturating_duration_since(Instant::now());
    deadline.checked_sub((left / 10).min(Duration::from_secs(2))).unwrap_or(deadline)
}

/// The error that names the lock object of another writer.
fn not_taken(store: &Access, seen: Option<&LockObject>) -> Error {
    let Some(other) = seen else {
        return Error::new(ErrorKind::TimedOut, "the lock of the store was not taken in time")
            .with_url(store.url())
            .with_hint(
                "run the same command again; if the lists of the store do not show what was just written, use a store with \
                 conditional puts, or let one writer at a time release",
            );
    };
    Error::new(ErrorKind::Refused, format!("another writer holds the lock of the store: {other}"))
        .with_url(store.url())
        .with_hint(format!(
            "wait until the other release has ended, then run the same command again; if its process was killed, the lock lapses {} s after \
             its last renewal, and `warehouse chart unlock --backup {}` removes it",
            other.lease.as_secs(),
            store.url()
        ))
}

async fn lock_objects(store: &Access) -> Result<Vec<ListedObject>, Error> {
    let mut listed = store.list(FOLDER).await?;
    listed.retain(|object| object.name.starts_with(PREFIX));
    Ok(listed)
}

pub(super) async fn standing(store: &Access) -> Result<Vec<LockObject>, Error> {
    let listed = lock_objects(store).await?;
    let lock = |object: ListedObject| LockObject {
        name: format!("{FOLDER}/{}", object.name),
        since: object.modified,
        age: None,
        lease: lease_of(&object.name, store.limits),
    };
    Ok(listed.into_iter().map(lock).collect())
}
