//! Who may ask at once.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use artifact_source::{Error, ErrorKind, SourceId, SourceKind};
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared, WeakShared};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// As many turns as subscriptions are asked at once, over all runs of a discoverer.
///
/// Subscriptions to one registry's repository or one index of charts take one turn together: what they ask at the same moment is
/// asked once, so the second one costs next to nothing, and would cost as much as the first if it came later.
pub(crate) struct Turns {
    turns: Arc<Semaphore>,
    taken: Mutex<HashMap<SourceKey, WeakShared<Acquiring>>>,
}

/// A turn, until it is dropped.
pub(crate) struct Turn {
    _kept: Shared<Acquiring>,
}

/// What is the same for subscriptions that share what they read.
type SourceKey = (SourceKind, String);

type Acquiring = BoxFuture<'static, Result<Arc<OwnedSemaphorePermit>, Arc<AcquireError>>>;

/// How many sources are kept in mind before those are forgotten that nobody asks any more.
const MANY: usize = 1024;

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
    pub(crate) async fn take(&self, id: &SourceId, deadline: Option<Instant>) -> Result<Turn, Error> {
        let late = || Error::new(ErrorKind::TimedOut, "the deadline passed before its turn came");
        let turn = self.turn(id);
        let kept = turn.clone();
        let permit = match deadline {
            None => turn.await,
            Some(deadline) if deadline <= Instant::now() => return Err(late()),
            Some(deadline) => tokio::time::timeout_at(deadline.into(), turn).await.map_err(|_| late())?,
        };
        permit.map_err(|error| {
            Error::new(ErrorKind::Internal, "nobody is admitted any more").with_cause(error.to_string())
        })?;
        Ok(Turn { _kept: kept })
    }

    fn turn(&self, id: &SourceId) -> Shared<Acquiring> {
        let turns = Arc::clone(&self.turns);
        let acquire = async move { turns.acquire_owned().await.map(Arc::new).map_err(Arc::new) };
        let own = acquire.boxed().shared();
        // Git repositories are fetched by each subscription for itself.
        if !matches!(id.kind(), SourceKind::Image | SourceKind::Chart) {
            return own;
        }
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.len() >= MANY {
            taken.retain(|_, turn| turn.upgrade().is_some());
        }
        let key = (id.kind().clone(), id.url().to_owned());
        if let Some(other) = taken.get(&key).and_then(WeakShared::upgrade) {
            return other;
        }
        if let Some(weak) = own.downgrade() {
            taken.insert(key, weak);
        }
        own
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
