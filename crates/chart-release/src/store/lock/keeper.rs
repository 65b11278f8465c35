//! The task that takes a lock, renews it, and gives it back.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use artifact_source::{Error, lock};
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::judge::{Judge, Judgement, new_name};
use super::object::{FOLDER, LockObject, lock_objects};
use crate::store::access::Access;
use crate::store::limits::StoreLimits;
use crate::store::object::{Condition, ListedObject};
use crate::store::random::Random;

/// The longest wait between two looks at the lock objects.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How many renewals a lease has room for.
const RENEWALS: u32 = 6;

/// How long the lock may be used for.
#[derive(Debug)]
pub(super) struct Lease {
    limits: StoreLimits,
    /// When the last write of the lock object began. The time of day, too: the other clock stands still while a machine sleeps.
    renewed: Mutex<(Instant, Timestamp)>,
}

impl Lease {
    pub(super) fn new(limits: StoreLimits) -> Self {
        Self { limits, renewed: Mutex::new(now()) }
    }

    /// Whether the longest operation ends before the lease does.
    pub(super) fn has_time(&self) -> bool {
        let (renewed, at) = *lock(&self.renewed);
        let by_day = Duration::try_from(Timestamp::now().duration_since(at)).unwrap_or_default();
        renewed.elapsed().max(by_day) + self.limits.operation < self.limits.lock_lease
    }
}

fn now() -> (Instant, Timestamp) {
    (Instant::now(), Timestamp::now())
}

/// What the task tells the one who waits for the lock.
#[derive(Debug)]
pub(super) enum Event {
    /// This lock of another writer is in the way.
    InTheWay(LockObject),
    /// The lock is taken.
    Taken,
    /// The lock is not taken, and nothing of it is left in the store.
    Failed(Error),
}

pub(super) struct Keeper {
    store: Access,
    random: Random,
    lease: Arc<Lease>,
    judge: Judge,
    /// The lock object in its folder; another one for each attempt, so that no name is used twice.
    own: String,
    /// What is in it. It grows with each renewal, which is seen in a list, also where that has no times.
    content: String,
    tries: u32,
}

impl Keeper {
    pub(super) fn new(store: Access, random: Random, lease: Arc<Lease>) -> Self {
        let judge = Judge::new(&store);
        Self { store, random, lease, judge, own: String::new(), content: String::new(), tries: 0 }
    }

    /// Takes the lock, keeps it until `ended` is dropped, and deletes the lock object.
    pub(super) async fn run(
        mut self,
        events: mpsc::UnboundedSender<Event>,
        mut ended: oneshot::Receiver<()>,
        given_back: oneshot::Sender<Result<(), Error>>,
    ) {
        let taken = self.take(&events, &mut ended).await;
        let event = match taken {
            Ok(true) => Some(Event::Taken),
            Ok(false) => None,
            Err(error) => Some(Event::Failed(error)),
        };
        if let Some(Event::Taken) = event {
            let _ = events.send(Event::Taken);
            self.keep(&mut ended).await;
        }
        let deleted = self.store.delete(&self.name()).await;
        if let Some(failed @ Event::Failed(_)) = event {
            let _ = events.send(failed);
        }
        let _ = given_back.send(deleted);
    }

    /// Whether the lock is taken; not if no caller waits for it any more.
    async fn take(
        &mut self,
        events: &mpsc::UnboundedSender<Event>,
        ended: &mut oneshot::Receiver<()>,
    ) -> Result<bool, Error> {
        loop {
            self.own = new_name(&mut self.random, self.store.limits);
            let now = self.store.clock.now();
            let process = std::process::id();
            self.content = format!(
                "A chart release holds the lock of this repository since {now}. Process {process}.\n"
            );
            self.write().await?;
            // As long as it is the oldest, it stays.
            while self.lease.has_time() {
                let listed = lock_objects(&self.store).await?;
                let others: Vec<&ListedObject> =
                    listed.iter().filter(|object| object.name != self.own).collect();
                let Some(mine) = listed.iter().find(|object| object.name == self.own) else {
                    // Somebody removed it, or the list is not consistent; either way it proves nothing.
                    break;
                };
                if others.is_empty() && self.lease.has_time() {
                    return Ok(true);
                }
                let (held, lapsed) = self.judge_all(&others, mine);
                for name in &lapsed {
                    self.store.delete(name).await?;
                }
                let Some(oldest) = held.iter().min_by_key(|(object, _)| (object.modified, &object.name))
                else {
                    continue;
                };
                let is_younger = (oldest.0.modified, &oldest.0.name) < (mine.modified, &mine.name);
                let _ = events.send(Event::InTheWay(oldest.1.clone()));
                if is_younger {
                    break;
                }
                if !self.wait(ended).await {
                    return Ok(false);
                }
            }
            self.store.delete(&self.name()).await?;
            if !self.wait(ended).await {
                return Ok(false);
            }
        }
    }

    /// The objects of writers at work, and the names of those whose lease has ended.
    fn judge_all<'o>(
        &mut self,
        others: &[&'o ListedObject],
        mine: &ListedObject,
    ) -> (Vec<(&'o ListedObject, LockObject)>, Vec<String>) {
        let (mut held, mut lapsed) = (Vec::new(), Vec::new());
        for &other in others {
            match self.judge.look(other, mine.modified) {
                Judgement::Held { lock, .. } => held.push((other, lock)),
                Judgement::Lapsed(lock) => lapsed.push(lock.name),
            }
        }
        (held, lapsed)
    }

    /// Renews the lock until it is given back.
    async fn keep(&mut self, ended: &mut oneshot::Receiver<()>) {
        let pause = self.store.limits.lock_lease / RENEWALS;
        while tokio::time::timeout(pause, &mut *ended).await.is_err() {
            // Too late for a renewal is too late for good: others may have found that the lease has ended.
            if !self.lease.has_time() {
                let _ = ended.await;
                return;
            }
            let now = self.store.clock.now();
            self.content += &format!("Renewed at {now}.\n");
            // What it fails with passes, or the lease ends.
            let _ = self.write().await;
        }
    }

    /// Writes the lock object. The lease begins with the beginning of the write, which no time of the store is before.
    async fn write(&mut self) -> Result<(), Error> {
        let begun = now();
        self.store.put(&self.name(), self.content.clone().into(), Condition::Always).await?;
        *lock(&self.lease.renewed) = begun;
        Ok(())
    }

    /// Waits a while, longer each time. Returns `false` if no caller waits for the lock any more.
    async fn wait(&mut self, ended: &mut oneshot::Receiver<()>) -> bool {
        let longest = LONGEST_WAIT.min(self.store.limits.lock_lease / RENEWALS);
        let pause = self.random.backoff(self.tries, Duration::from_millis(50).min(longest), longest);
        self.tries = self.tries.saturating_add(1);
        tokio::time::timeout(pause, ended).await.is_err()
    }

    fn name(&self) -> String {
        format!("{FOLDER}/{}", self.own)
    }
}
