//! Removing what killed writers left.

use std::time::{Duration, Instant};

use artifact_source::{Error, ErrorKind};

use super::judge::{Judge, Judgement, is_name};
use super::object::{FOLDER, LockObject, LockWait, PREFIX, lock_objects};
use crate::store::access::Access;
use crate::store::object::Condition;

/// The object that is written to learn the store's time.
const CLOCK: &str = "clock";

/// The longest wait between two looks.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// What became of the lock objects of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockRemoval {
    /// Those that are deleted: their lease has ended.
    pub removed: Vec<LockObject>,
    /// Those that stay: their writer is at work, or it is not known that it is not.
    pub held: Vec<LockObject>,
}

/// Deletes the lock objects whose lease has ended. Where the store has no time of its own, they are looked at for as long as a lease.
pub(crate) async fn remove_stale(store: &Access, wait: LockWait<'_>) -> Result<LockRemoval, Error> {
    let has_own_clock = store.objects.has_own_clock();
    // Before the deadline by as much as a last look takes.
    let until = wait.deadline.map(|deadline| {
        let left = deadline.saturating_duration_since(Instant::now());
        deadline.checked_sub((left / 4).min(LONGEST_WAIT)).unwrap_or(deadline)
    });
    let mut judge = Judge::new(store);
    let mut removal = LockRemoval::default();
    let mut announced = false;
    loop {
        let now =
            if has_own_clock && !lock_objects(store).await?.is_empty() { time(store).await? } else { None };
        let mut unknown = Vec::new();
        removal.held.clear();
        for object in lock_objects(store).await? {
            match judge.look(&object, now) {
                Judgement::Lapsed(lock) => {
                    store.delete(&lock.name).await?;
                    removal.removed.push(lock);
                }
                Judgement::Held { lock, is_known: true } => removal.held.push(lock),
                Judgement::Held { lock, is_known: false } => unknown.push(lock),
            }
        }
        let is_over = until.is_some_and(|until| Instant::now() >= until);
        let Some(first) = unknown.first() else { return Ok(removal) };
        if is_over {
            removal.held.append(&mut unknown);
            return Ok(removal);
        }
        if !announced {
            wait.observer.waiting_for(first);
            announced = true;
        }
        let pause = LONGEST_WAIT.min(first.lease / 10);
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        tokio::time::sleep(left.map_or(pause, |left| left.min(pause))).await;
    }
}

/// The store's time, by an object that is written for it.
async fn time(store: &Access) -> Result<Option<jiff::Timestamp>, Error> {
    let name = format!("{FOLDER}/{CLOCK}");
    store.put(&name, "An object to learn the time of the store.\n".into(), Condition::Always).await?;
    let listed = store.list(FOLDER).await;
    store.delete(&name).await?;
    Ok(listed?.into_iter().find(|object| object.name == CLOCK).and_then(|object| object.modified))
}

/// Deletes a lock object, whosever it is.
pub(crate) async fn remove(store: &Access, name: &str) -> Result<(), Error> {
    let own = name.strip_prefix(FOLDER).and_then(|rest| rest.strip_prefix('/'));
    if !own.is_some_and(is_name) {
        return Err(Error::new(ErrorKind::InvalidInput, "this is not the name of a lock object").with_hint(
            format!("lock objects are named {FOLDER}/{PREFIX} and 32 hexadecimal digits, and their lease"),
        ));
    }
    store.delete(name).await
}
