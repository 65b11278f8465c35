//! One writer at a time, on stores that cannot write on a condition.
//!
//! Each writer writes a lock object of its own name and then lists all of them. It goes on only if its own is the only one. If two writers
//! both found themselves alone, each would have listed before the other wrote, and each wrote before it listed: a contradiction. So at
//! most one goes on, provided that
//!
//! 1. a list shows every object whose write was answered before (true of S3, GCS, Azure, and folders; not of every remote of rclone), and
//! 2. every writer of the repository takes the lock, and
//! 3. no put of a writer arrives after the writer removed its lock object, or after someone else removed it as left behind.
//!
//! Of several that meet, the oldest by the store's own time stays and looks again; the others remove their object, wait, and begin anew. So
//! one of them always gets on. The store's time decides only who waits, never who may write.
//!
//! A lock object is left behind when its writer is killed. Nothing tells a slow writer from a dead one for certain, so no lock object of another
//! writer is ever removed here: the error names it, and [`Store::remove_lock`](super::Store::remove_lock) removes it. A writer for its part stops before the lease
//! ends, so that an object older than the lease belongs to no writer at work.

use std::time::{Duration, Instant};

use artifact_source::{Error, ErrorKind};
use jiff::Timestamp;

use super::access::Access;
use super::object::{Condition, ListedObject};
use super::random::Random;

/// The folder of the lock objects. It holds the object of the probe too, so it never becomes empty on servers that take an empty folder
/// away while another object comes into it (`rclone serve s3`).
const FOLDER: &str = ".chart-release";

/// What the names of lock objects begin with.
const PREFIX: &str = "lock-";

/// The longest wait between two looks at the lock objects.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// A lock object that stands in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockObject {
    /// The name of the object, for [`Store::remove_lock`](super::Store::remove_lock).
    pub name: String,
    /// When the store says that it was written.
    pub since: Option<Timestamp>,
}

/// The lock of a store, as long as it is held. [`release`](Self::release) it: dropping it leaves the object behind.
#[derive(Debug)]
#[must_use]
pub struct Lock {
    store: Access,
    name: String,
    taken: Instant,
}

impl Lock {
    /// Whether a further operation may begin: with its longest duration it ends before the lease does.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](ErrorKind::TimedOut) if the time is not enough any more.
    pub fn check(&self) -> Result<(), Error> {
        let limits = self.store.limits;
        if self.taken.elapsed() + limits.operation < limits.lock_lease {
            return Ok(());
        }
        Err(Error::new(ErrorKind::TimedOut, "the lock of the store was held too long for a further write")
            .with_url(self.store.url())
            .with_hint("run the same command again"))
    }

    /// Gives the lock back.
    ///
    /// # Errors
    ///
    /// What kept the lock object from being deleted; it then stands in the way of others.
    pub async fn release(self) -> Result<(), Error> {
        self.store.delete(&self.name).await
    }
}

pub(super) async fn acquire(store: &Access, random: &mut Random) -> Result<Lock, Error> {
    let limits = store.limits;
    let begun = Instant::now();
    let own = format!("{PREFIX}{:016x}{:016x}", random.next_u64(), random.next_u64());
    let name = format!("{FOLDER}/{own}");
    let mut tries = 0;
    let mut seen = None;
    loop {
        let taken = Instant::now();
        let content = format!(
            "A chart release holds the lock of this repository since {}. Process {}.\n",
            store.clock.now(),
            std::process::id()
        );
        if let Err(error) = store.put(&name, content.into(), Condition::Always).await {
            // It may have been written all the same.
            let _ = store.delete(&name).await;
            return Err(error);
        }
        // As long as it is the oldest, it stays.
        loop {
            let listed = match lock_objects(store).await {
                Ok(listed) => listed,
                Err(error) => {
                    let _ = store.delete(&name).await;
                    return Err(error);
                }
            };
            let others: Vec<&ListedObject> = listed.iter().filter(|object| object.name != own).collect();
            let mine = listed.iter().find(|object| object.name == own);
            let Some(mine) = mine else {
                // Somebody removed it, or the list is not consistent; either way it proves nothing.
                break;
            };
            if others.is_empty() {
                return Ok(Lock { store: store.clone(), name, taken });
            }
            let in_the_way = in_the_way(store, mine, &others);
            if begun.elapsed() >= limits.lock_wait {
                store.delete(&name).await?;
                return Err(in_the_way);
            }
            seen = Some(in_the_way);
            let key = |object: &ListedObject| (object.modified, object.name.clone());
            if others.iter().any(|other| key(other) < key(mine))
                || taken.elapsed() + limits.operation >= limits.lock_lease
            {
                break;
            }
            wait(random, &mut tries).await;
        }
        store.delete(&name).await?;
        if begun.elapsed() >= limits.lock_wait {
            return Err(seen.unwrap_or_else(|| {
                Error::new(ErrorKind::Refused, "the lists of the store do not show what was just written")
                    .with_url(store.url())
                    .with_hint("use a store with conditional puts, or let one writer at a time release")
            }));
        }
        wait(random, &mut tries).await;
    }
}

async fn wait(random: &mut Random, tries: &mut u32) {
    let pause = random.backoff(*tries, Duration::from_millis(50), LONGEST_WAIT);
    *tries += 1;
    tokio::time::sleep(pause).await;
}

/// The error that names the oldest lock object of another writer. Ages are told by the store's own time.
fn in_the_way(store: &Access, mine: &ListedObject, others: &[&ListedObject]) -> Error {
    let lease = store.limits.lock_lease;
    let Some(oldest) = others.iter().min_by_key(|object| object.modified) else {
        return Error::new(ErrorKind::Internal, "no lock object is in the way");
    };
    let age = match (mine.modified, oldest.modified) {
        (Some(now), Some(since)) => now.duration_since(since).unsigned_abs(),
        _ => Duration::ZERO,
    };
    let name = format!("{FOLDER}/{}", oldest.name);
    let error = Error::new(
        ErrorKind::Refused,
        format!("another writer holds the lock of the store, for {} s already: {name}", age.as_secs()),
    )
    .with_url(store.url());
    if age > lease {
        error.with_hint(format!(
            "no writer holds a lock longer than {} s, so its writer was killed: see that no release runs, then delete \
             the object {name} and run the same command again",
            lease.as_secs()
        ))
    } else {
        error.with_hint("wait until the other release has ended, then run the same command again")
    }
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
    };
    Ok(listed.into_iter().map(lock).collect())
}

pub(super) async fn remove(store: &Access, name: &str) -> Result<(), Error> {
    let own = name.strip_prefix(FOLDER).and_then(|rest| rest.strip_prefix('/')?.strip_prefix(PREFIX));
    if !own.is_some_and(|own| own.len() == 32 && own.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return Err(Error::new(ErrorKind::InvalidInput, "this is not the name of a lock object")
            .with_hint(format!("lock objects are named {FOLDER}/{PREFIX} and 32 hexadecimal digits")));
    }
    store.delete(name).await
}
