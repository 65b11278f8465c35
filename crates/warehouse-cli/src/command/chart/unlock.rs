//! `warehouse chart unlock`: the locks that killed releases left in a store.

use std::time::Instant;

use artifact_http::Call;
use chart_release::store::{LockObject, LockObserver, LockRemoval, LockWait, Store};

use super::publisher::repository;
use crate::arguments::Unlock;
use crate::exit::Exit;
use crate::message::Messages;
use crate::output;

/// Says that a lock is looked at.
struct Looking<'m>(&'m Messages);

impl LockObserver for Looking<'_> {
    fn waiting_for(&self, lock: &LockObject) {
        let lease = lock.lease.as_secs();
        self.0.note(&format!(
            "the store does not tell the age of {}: looking for {lease} s whether it is renewed",
            lock.name
        ));
    }
}

pub(super) async fn unlock(arguments: Unlock, messages: &Messages) -> Result<Exit, Exit> {
    let repository = repository(None, &arguments.backup, None, messages)?;
    let store = repository.store();
    let deadline = Instant::now() + arguments.timeout;
    let call = Call::new().with_deadline(Some(deadline));
    let work = async {
        match arguments.force {
            true => remove_all(store).await,
            false => {
                store
                    .remove_stale_locks(LockWait { deadline: Some(deadline), observer: &Looking(messages) })
                    .await
            }
        }
    };
    let failed = |error: artifact_source::Error| {
        messages.explained(&error);
        Exit::Failure
    };
    let LockRemoval { removed, held, .. } = call.within(work).await.map_err(failed)?.map_err(failed)?;
    messages.results(|out| {
        removed.iter().try_for_each(|lock| output::line(out, &format!("removed {}", lock.name)))
    })?;
    for lock in &held {
        messages.error(&format!(
            "a release holds the lock: {lock}\n  help: wait until it has ended; if none runs, the lock lapses {} s after its last renewal, and --force \
             removes it at once",
            lock.lease.as_secs()
        ));
    }
    if removed.is_empty() && held.is_empty() {
        messages.note("the store has no lock");
    }
    Ok(if held.is_empty() { Exit::Success } else { Exit::Failure })
}

async fn remove_all(store: &Store) -> Result<LockRemoval, artifact_source::Error> {
    let mut removal = LockRemoval::default();
    for lock in store.locks().await? {
        store.remove_lock(&lock.name).await?;
        removal.removed.push(lock);
    }
    Ok(removal)
}
