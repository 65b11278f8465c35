//! Who may ask at once.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use artifact_source::{Error, ErrorKind, SourceId, SourceKind};
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared, WeakShared};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// As many turns as subscriptions are asked at once, over all runs of a discoverer.
///
/// Subscriptions to one registry's repository or one index of charts take one turn together: what they ask at the same moment is
/// asked once, so the second one costs next to nothing, and would cost as much as the first if it came later. Who
/// comes after the first one is done takes another turn, so that a crowd keeps nobody else waiting for ever.
pub(crate) struct Turns {
    turns: Arc<Semaphore>,
    taken: Mutex<Taken>,
}

/// A turn, until it is dropped.
pub(crate) struct Turn<'a> {
    _permit: Arc<OwnedSemaphorePermit>,
    _first: Option<First<'a>>,
}

/// The one who was first to take a turn: with him it ends to be joined.
struct First<'a> {
    turns: &'a Turns,
    key: SourceKey,
    number: u64,
    /// As long as this is there, others can join.
    _kept: Shared<Acquiring>,
}

#[derive(Default)]
struct Taken {
    by_source: HashMap<SourceKey, (u64, WeakShared<Acquiring>)>,
    last: u64,
}

/// What is the same for subscriptions that share what they read.
type SourceKey = (SourceKind, String);

type Acquiring = BoxFuture<'static, Result<Arc<OwnedSemaphorePermit>, Arc<AcquireError>>>;

impl Turns {
    pub(crate) fn new(turns: usize) -> Self {
        let turns = Arc::new(Semaphore::new(turns.min(Semaphore::MAX_PERMITS)));
        Self { turns, taken: Mutex::default() }
    }

    /// Waits for a turn, alone or together with others of the same source.
    ///
    /// # Errors
    ///
    /// `TimedOut` where the deadline passes first.
    pub(crate) async fn take(&self, id: &SourceId, deadline: Option<Instant>) -> Result<Turn<'_>, Error> {
        let late = || Error::new(ErrorKind::TimedOut, "the deadline passed before its turn came");
        let (turn, first) = self.turn(id);
        let permit = match deadline {
            None => turn.await,
            Some(deadline) if deadline <= Instant::now() => return Err(late()),
            Some(deadline) => tokio::time::timeout_at(deadline.into(), turn).await.map_err(|_| late())?,
        };
        let permit = permit.map_err(|error| {
            Error::new(ErrorKind::Internal, "nobody is admitted any more").with_cause(error.to_string())
        })?;
        Ok(Turn { _permit: permit, _first: first })
    }

    fn turn(&self, id: &SourceId) -> (Shared<Acquiring>, Option<First<'_>>) {
        let turns = Arc::clone(&self.turns);
        let acquire = async move { turns.acquire_owned().await.map(Arc::new).map_err(Arc::new) };
        let own = acquire.boxed().shared();
        // Git repositories are fetched by each subscription for itself.
        if !matches!(id.kind(), SourceKind::Image | SourceKind::Chart) {
            return (own, None);
        }
        let mut taken = self.lock();
        let key = (id.kind().clone(), id.url().to_owned());
        if let Some(other) = taken.by_source.get(&key).and_then(|(_, turn)| turn.upgrade()) {
            return (other, None);
        }
        taken.last += 1;
        let number = taken.last;
        let kept = own.clone();
        if let Some(weak) = own.downgrade() {
            taken.by_source.insert(key.clone(), (number, weak));
        }
        (own, Some(First { turns: self, key, number, _kept: kept }))
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for First<'_> {
    fn drop(&mut self) {
        let mut taken = self.turns.lock();
        if taken.by_source.get(&self.key).is_some_and(|(number, _)| *number == self.number) {
            taken.by_source.remove(&self.key);
        }
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turns").field("free", &self.turns.available_permits()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn image(url: &str) -> SourceId {
        SourceId::new(SourceKind::Image, url)
    }

    #[tokio::test]
    async fn subscriptions_to_one_source_take_one_turn_together() {
        let turns = Turns::new(2);
        let (a, b) =
            (turns.take(&image("a"), None).await.unwrap(), turns.take(&image("a"), None).await.unwrap());
        let other = turns.take(&image("b"), None).await.unwrap();
        assert_eq!(turns.turns.available_permits(), 0);
        let soon = Instant::now() + Duration::from_millis(10);
        let late = turns.take(&image("c"), Some(soon)).await.map(|_| ()).unwrap_err();
        assert_eq!(late.kind(), ErrorKind::TimedOut);
        drop((a, other));
        assert_eq!(turns.turns.available_permits(), 1, "one of the two is still there");
        drop(b);
        assert_eq!(turns.turns.available_permits(), 2);
    }

    #[tokio::test]
    async fn a_crowd_keeps_nobody_else_waiting_for_ever() {
        let turns = Turns::new(1);
        let first = turns.take(&image("a"), None).await.unwrap();
        let second = turns.take(&image("a"), None).await.unwrap();
        let b = image("b");
        let mut other = Box::pin(turns.take(&b, None));
        assert!(futures::poll!(&mut other).is_pending());
        drop(first);
        let a = image("a");
        let mut third = Box::pin(turns.take(&a, None));
        assert!(futures::poll!(&mut third).is_pending(), "the first one is gone: that is another turn");
        drop(second);
        assert!(other.await.is_ok(), "and the other one comes before it");
        assert!(third.await.is_ok());
        assert!(turns.lock().by_source.is_empty());
    }

    #[tokio::test]
    async fn git_repositories_take_a_turn_each() {
        let turns = Turns::new(2);
        let git = SourceId::new(SourceKind::Git, "a");
        let _both = (turns.take(&git, None).await.unwrap(), turns.take(&git, None).await.unwrap());
        assert_eq!(turns.turns.available_permits(), 0);
    }

    #[tokio::test]
    async fn who_waits_for_the_same_gets_in_together() {
        let turns = Turns::new(1);
        let first = turns.take(&image("a"), None).await.unwrap();
        let (b, url) = (image("b"), ());
        let both = async { tokio::join!(turns.take(&b, None), turns.take(&b, None)) };
        let (both, ()) = tokio::join!(both, async move {
            tokio::task::yield_now().await;
            drop((first, url));
        });
        assert!(both.0.is_ok() && both.1.is_ok());
    }
}
