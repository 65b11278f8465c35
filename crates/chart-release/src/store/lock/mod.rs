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
//! one object at once do not both go on. Names are never used twice, so no writer deletes what a living writer wrote meanwhile.
//!
//! The age is known in two ways:
//!
//! - by the times of the list, where [the store sets them itself](super::ObjectStorage::has_own_clock);
//! - by looking: an object that did not change for a whole lease was not renewed for a lease. No clock of another machine counts.

mod judge;
mod keeper;
mod object;
mod removal;

use std::sync::Arc;
use std::time::{Duration, Instant};

use artifact_source::{Error, ErrorKind};
use tokio::sync::{mpsc, oneshot};

use self::judge::lease_of;
use self::keeper::{Event, Keeper, Lease};
use self::object::{FOLDER, lock_objects};
use super::access::Access;
use super::object::ListedObject;
use super::random::Random;

pub use object::{LockObject, LockObserver, LockWait};
pub use removal::LockRemoval;
pub(super) use removal::{remove, remove_stale};

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
    /// What kept the lock object from being deleted; it is then in the way of others until its lease ends.
    pub async fn release(self) -> Result<(), Error> {
        let Self { end, given_back, .. } = self;
        drop(end);
        given_back
            .await
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "the lock was not given back")))
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
