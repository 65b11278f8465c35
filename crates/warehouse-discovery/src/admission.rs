//! How many subscriptions are asked at once.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use artifact_source::{Error, ErrorKind, SourceId, SourceKind, lock};
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared, WeakShared};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// Admits as many subscriptions at once as it has permits, over all runs of a discoverer.
///
/// Subscriptions to one registry's repository, one index of charts or one Git repository share one permit: what they ask at the same moment is
/// asked once, so the second one costs next to nothing, and would cost as much as the first if it came later. A subscription that
/// arrives after the first one is done takes another permit, so that a long row of equal ones does not starve the others.
pub(crate) struct AdmissionQueue {
    permits: Arc<Semaphore>,
    admitted: Mutex<Admitted>,
}

/// The right to ask, until it is dropped.
pub(crate) struct Admission<'a> {
    _permit: Arc<OwnedSemaphorePermit>,
    _joinable: Option<Joinable<'a>>,
}

/// Held by the subscription that took the permit: others can join as long as it is there.
struct Joinable<'a> {
    queue: &'a AdmissionQueue,
    key: SourceKey,
    number: u64,
    _acquiring: Shared<Acquiring>,
}

#[derive(Default)]
struct Admitted {
    by_source: HashMap<SourceKey, (u64, WeakShared<Acquiring>)>,
    last: u64,
}

/// What is the same for subscriptions that share their reads.
type SourceKey = (SourceKind, String);

type Acquiring = BoxFuture<'static, Result<Arc<OwnedSemaphorePermit>, Arc<AcquireError>>>;

impl AdmissionQueue {
    pub(crate) fn new(permits: usize) -> Self {
        let permits = Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)));
        Self { permits, admitted: Mutex::default() }
    }

    /// Waits for a permit, alone or together with others of the same source.
    ///
    /// # Errors
    ///
    /// `TimedOut` where the deadline passes first.
    pub(crate) async fn admit(
        &self,
        id: &SourceId,
        deadline: Option<Instant>,
    ) -> Result<Admission<'_>, Error> {
        let late = || Error::deadline_passed("the wait for other subscriptions");
        let (acquiring, joinable) = self.join(id);
        let permit = match deadline {
            None => acquiring.await,
            Some(deadline) if deadline <= Instant::now() => return Err(late()),
            Some(deadline) => {
                tokio::time::timeout_at(deadline.into(), acquiring).await.map_err(|_| late())?
            }
        };
        let permit = permit.map_err(|error| {
            Error::new(ErrorKind::Internal, "the admission queue is closed").with_cause(error.to_string())
        })?;
        Ok(Admission { _permit: permit, _joinable: joinable })
    }

    fn join(&self, id: &SourceId) -> (Shared<Acquiring>, Option<Joinable<'_>>) {
        let permits = Arc::clone(&self.permits);
        let acquire = async move { permits.acquire_owned().await.map(Arc::new).map_err(Arc::new) };
        let own = acquire.boxed().shared();
        // Other sources ask for themselves.
        if !matches!(id.kind(), SourceKind::Image | SourceKind::Chart | SourceKind::Git) {
            return (own, None);
        }
        let mut admitted = self.lock();
        let key = (id.kind().clone(), id.url().to_owned());
        if let Some(other) = admitted.by_source.get(&key).and_then(|(_, acquiring)| acquiring.upgrade()) {
            return (other, None);
        }
        admitted.last += 1;
        let number = admitted.last;
        let acquiring = own.clone();
        if let Some(weak) = own.downgrade() {
            admitted.by_source.insert(key.clone(), (number, weak));
        }
        (own, Some(Joinable { queue: self, key, number, _acquiring: acquiring }))
    }

    fn lock(&self) -> MutexGuard<'_, Admitted> {
        lock(&self.admitted)
    }
}

impl Drop for Joinable<'_> {
    fn drop(&mut self) {
        let mut admitted = self.queue.lock();
        if admitted.by_source.get(&self.key).is_some_and(|(number, _)| *number == self.number) {
            admitted.by_source.remove(&self.key);
        }
    }
}

impl fmt::Debug for AdmissionQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdmissionQueue")
            .field("available", &self.permits.available_permits())
            .finish_non_exhaustive()
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
    async fn subscriptions_to_one_source_share_a_permit() {
        let queue = AdmissionQueue::new(2);
        let (a, b) =
            (queue.admit(&image("a"), None).await.unwrap(), queue.admit(&image("a"), None).await.unwrap());
        let other = queue.admit(&image("b"), None).await.unwrap();
        assert_eq!(queue.permits.available_permits(), 0);
        let soon = Instant::now() + Duration::from_millis(10);
        let late = queue.admit(&image("c"), Some(soon)).await.map(|_| ()).unwrap_err();
        assert_eq!(late.kind(), ErrorKind::TimedOut);
        drop((a, other));
        assert_eq!(queue.permits.available_permits(), 1, "one of the two is still there");
        drop(b);
        assert_eq!(queue.permits.available_permits(), 2);
    }

    #[tokio::test]
    async fn many_of_one_source_do_not_starve_another() {
        let queue = AdmissionQueue::new(1);
        let first = queue.admit(&image("a"), None).await.unwrap();
        let second = queue.admit(&image("a"), None).await.unwrap();
        let b = image("b");
        let mut other = Box::pin(queue.admit(&b, None));
        assert!(futures::poll!(&mut other).is_pending());
        drop(first);
        let a = image("a");
        let mut third = Box::pin(queue.admit(&a, None));
        assert!(
            futures::poll!(&mut third).is_pending(),
            "the first one is gone: the third one needs a permit of its own"
        );
        drop(second);
        assert!(other.await.is_ok(), "and the other source comes before it");
        assert!(third.await.is_ok());
        assert!(queue.lock().by_source.is_empty());
    }

    #[tokio::test]
    async fn sources_of_an_embedder_take_a_permit_each() {
        let queue = AdmissionQueue::new(2);
        let other = SourceId::new(SourceKind::Other("mine".into()), "a");
        let _both = (queue.admit(&other, None).await.unwrap(), queue.admit(&other, None).await.unwrap());
        assert_eq!(queue.permits.available_permits(), 0);
    }

    #[tokio::test]
    async fn subscriptions_that_wait_for_the_same_source_are_admitted_together() {
        let queue = AdmissionQueue::new(1);
        let first = queue.admit(&image("a"), None).await.unwrap();
        let b = image("b");
        let both = async { tokio::join!(queue.admit(&b, None), queue.admit(&b, None)) };
        let (both, ()) = tokio::join!(both, async move {
            tokio::task::yield_now().await;
            drop(first);
        });
        assert!(both.0.is_ok() && both.1.is_ok());
    }
}
