//! One read for several callers at the same moment.

use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use artifact_source::{Error, lock};
use futures::future::{BoxFuture, FutureExt as _, Shared, WeakShared};
use tokio::sync::oneshot;
use tokio::task::unconstrained;

use crate::Call;

/// Reads that several callers may want at the same moment, each done once for all of them.
///
/// A caller that asks before a read starts shares its answer. A caller that asks later, and might know of a change that the read does
/// not see, starts another one. So an answer is never older than its question. The first caller pays: the read counts on
/// the [meter](Call::meter) of that call alone, and goes on when that caller is dropped, as long as another one waits for it.
///
/// ```
/// use artifact_http::{Call, SingleFlight};
///
/// # async fn example() -> Result<(), artifact_source::Error> {
/// let reads: SingleFlight<&str, u32> = SingleFlight::default();
/// let call = Call::new();
/// let asked = std::sync::atomic::AtomicU32::new(0);
/// let asked = std::sync::Arc::new(asked);
/// let ask = || {
///     let asked = asked.clone();
///     reads.share("question", &call, move || {
///         let asked = asked.clone();
///         async move { Ok(asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst)) }
///     })
/// };
/// let (one, two) = futures::future::try_join(ask(), ask()).await?;
/// assert_eq!((one, two, ask().await?), (0, 0, 1));
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
pub struct SingleFlight<K, V>(Arc<Mutex<Waiting<K, V>>>);

type Read<V> = Shared<BoxFuture<'static, Result<V, Error>>>;
type WeakRead<V> = WeakShared<BoxFuture<'static, Result<V, Error>>>;

/// The reads that have not started.
struct Waiting<K, V> {
    by_key: HashMap<K, Joinable<V>>,
    last: u64,
}

/// A read that callers can still join.
struct Joinable<V> {
    number: u64,
    /// The deadline of the first caller.
    deadline: Option<Instant>,
    read: WeakRead<V>,
}

/// A read that a caller has joined.
struct Joined<V> {
    read: Read<V>,
    /// The deadline of the first caller.
    deadline: Option<Instant>,
    /// Only the first caller has it. The read starts when it is dropped.
    start: Option<oneshot::Sender<()>>,
}

/// How often other tasks run before a read starts.
const YIELDS: usize = 4;
/// The longest time for which a read can be joined, should the first caller not be polled again.
const JOIN_WINDOW: Duration = Duration::from_secs(2);
/// With this many waiting reads, those that every caller has left are removed.
const CLEANUP_AT: usize = 1024;

impl<K, V> SingleFlight<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// The result of this read, or of the same read of another caller that has not started yet.
    ///
    /// # Errors
    ///
    /// That of the read; [`TimedOut`](artifact_source::ErrorKind::TimedOut) where the deadline of this call passes first. An error that may be due
    /// to the shorter deadline of another caller, which had no time to retry, is not shared: the callers with a later deadline
    /// share one further read.
    pub async fn share<R>(&self, key: K, call: &Call, read: impl Fn() -> R) -> Result<V, Error>
    where
        R: Future<Output = Result<V, Error>> + Send + 'static,
    {
        loop {
            let Joined { read, deadline, start } = self.join(&key, call.deadline, &read);
            if start.is_some() {
                // Callers that would ask at the same moment get the chance to do so, also where tokio lets a task with many of
                // them do only part of its work at a time.
                for _ in 0..YIELDS {
                    tokio::task::yield_now().await;
                }
                drop(start);
                return unconstrained(read).await;
            }
            match call.within(unconstrained(read)).await? {
                Err(error) if error.is_transient() && has_more_time(call.deadline, deadline) => {}
                answer => return answer,
            }
        }
    }

    /// Joins the read that waits under this key, or makes one.
    fn join<R>(&self, key: &K, deadline: Option<Instant>, read: impl Fn() -> R) -> Joined<V>
    where
        R: Future<Output = Result<V, Error>> + Send + 'static,
    {
        let mut waiting = self.lock();
        if let Some(other) = waiting.by_key.get(key)
            && let Some(read) = other.read.upgrade()
        {
            return Joined { read, deadline: other.deadline, start: None };
        }
        if waiting.by_key.len() >= CLEANUP_AT {
            waiting.by_key.retain(|_, other| other.read.upgrade().is_some());
        }
        waiting.last += 1;
        let number = waiting.last;
        let (start, started) = oneshot::channel();
        let (reads, own_key, read) = (Self(Arc::clone(&self.0)), key.clone(), read().boxed());
        let read = async move {
            // Either way it starts.
            let _ = tokio::time::timeout(JOIN_WINDOW, unconstrained(started)).await;
            reads.close(&own_key, number);
            read.await
        };
        let read = read.boxed().shared();
        if let Some(weak) = read.downgrade() {
            waiting.by_key.insert(key.clone(), Joinable { number, deadline, read: weak });
        }
        Joined { read, deadline, start: Some(start) }
    }

    /// No caller joins this read any more.
    fn close(&self, key: &K, number: u64) {
        let mut waiting = self.lock();
        if waiting.by_key.get(key).is_some_and(|own| own.number == number) {
            waiting.by_key.remove(key);
        }
    }
}

/// Whether a read that another caller had no time to repeat may still succeed.
fn has_more_time(own: Option<Instant>, other: Option<Instant>) -> bool {
    match (own, other) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(own), Some(other)) => own > other,
    }
}

impl<K, V> SingleFlight<K, V> {
    fn lock(&self) -> MutexGuard<'_, Waiting<K, V>> {
        lock(&self.0)
    }
}

impl<K, V> Default for SingleFlight<K, V> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Waiting { by_key: HashMap::new(), last: 0 })))
    }
}

impl<K, V> Debug for SingleFlight<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleFlight").field("waiting", &self.lock().by_key.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures::future::{join_all, pending};
    use std::sync::atomic::{AtomicU32, Ordering};

    use artifact_source::ErrorKind;

    use super::*;

    fn counting(
        count: &Arc<AtomicU32>,
    ) -> impl Fn() -> BoxFuture<'static, Result<u32, Error>> + Send + use<> {
        let count = Arc::clone(count);
        move || {
            let count = Arc::clone(&count);
            async move {
                let number = count.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                Ok(number)
            }
            .boxed()
        }
    }

    fn within(milliseconds: u64) -> Call {
        Call::new().with_deadline(Instant::now() + Duration::from_millis(milliseconds))
    }

    #[tokio::test]
    async fn callers_at_one_moment_share_a_read_and_later_ones_do_not() {
        let (reads, count, call) = (SingleFlight::default(), Arc::default(), Call::new());
        let answers = join_all((0..64).map(|_| reads.share("a", &call, counting(&count)))).await;
        assert!(answers.into_iter().all(|answer| answer.is_ok_and(|number| number == 0)));
        assert_eq!(reads.share("a", &call, counting(&count)).await.unwrap(), 1);
        let (a, b) = tokio::join!(
            reads.share("a", &call, counting(&count)),
            reads.share("b", &call, counting(&count))
        );
        assert_ne!(a.unwrap(), b.unwrap(), "other questions are other reads");
        assert!(reads.lock().by_key.is_empty());
    }

    #[tokio::test]
    async fn an_answer_is_never_older_than_its_question() {
        let (reads, count, call) = (SingleFlight::default(), Arc::default(), Call::new());
        let mut first = Box::pin(reads.share("a", &call, counting(&count)));
        while count.load(Ordering::SeqCst) == 0 {
            assert!(futures::poll!(&mut first).is_pending());
            tokio::task::yield_now().await;
        }
        let (first, second) = tokio::join!(first, reads.share("a", &call, counting(&count)));
        assert_eq!((first.unwrap(), second.unwrap()), (0, 1), "the first read had begun");
    }

    #[tokio::test]
    async fn an_error_is_shared_and_the_next_caller_asks_again() {
        let (reads, call) = (SingleFlight::<&str, u32>::default(), Call::new());
        let count = Arc::new(AtomicU32::new(0));
        for kind in [ErrorKind::NotFound, ErrorKind::TimedOut, ErrorKind::Server] {
            let fail = || {
                count.fetch_add(1, Ordering::SeqCst);
                async move { Err(Error::new(kind, "it is gone")) }
            };
            let answers = join_all((0..50).map(|_| reads.share("a", &call, fail))).await;
            assert!(answers.into_iter().all(|answer| answer.unwrap_err().kind() == kind));
            assert_eq!(count.swap(0, Ordering::SeqCst), 1, "{kind:?}");
        }
        assert_eq!(reads.share("a", &call, || async { Ok(7) }).await.unwrap(), 7);
    }

    /// A caller with little time does not try again after a transient fault.
    #[tokio::test]
    async fn a_short_deadline_of_one_caller_costs_the_others_nothing() {
        for kind in [ErrorKind::TimedOut, ErrorKind::RateLimited, ErrorKind::Server, ErrorKind::Unreachable] {
            let (reads, count) = (SingleFlight::<&str, u32>::default(), Arc::new(AtomicU32::new(0)));
            let (short, long) = (within(5_000), within(60_000));
            let read = || {
                let number = count.fetch_add(1, Ordering::SeqCst);
                async move { if number == 0 { Err(Error::new(kind, "one fault")) } else { Ok(number) } }
            };
            let others = join_all((0..50).map(|_| reads.share("a", &long, read)));
            let (first, others) = tokio::join!(reads.share("a", &short, read), others);
            assert_eq!(first.unwrap_err().kind(), kind);
            assert!(others.into_iter().all(|answer| answer.unwrap() == 1), "{kind:?}");
            assert_eq!(count.load(Ordering::SeqCst), 2, "the others ask once more together");
        }
    }

    #[tokio::test]
    async fn the_own_deadline_ends_the_wait() {
        let (reads, long) = (SingleFlight::default(), within(60_000));
        let mut first = Box::pin(reads.share("b", &long, pending::<Result<u32, Error>>));
        assert!(futures::poll!(&mut first).is_pending());
        let second = reads.share("b", &within(10), pending::<Result<u32, Error>>).await;
        assert_eq!(second.unwrap_err().kind(), ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_read_goes_on_when_its_first_caller_is_dropped_and_ends_with_the_last_one() {
        let (reads, count, call) = (SingleFlight::default(), Arc::default(), Call::new());
        let mut first = Box::pin(reads.share("a", &call, counting(&count)));
        assert!(futures::poll!(&mut first).is_pending());
        let mut second = Box::pin(reads.share("a", &call, counting(&count)));
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        assert_eq!(second.await.unwrap(), 0);

        let mut lonely = Box::pin(reads.share("b", &call, counting(&count)));
        assert!(futures::poll!(&mut lonely).is_pending());
        drop(lonely);
        assert_eq!(reads.share("b", &call, counting(&count)).await.unwrap(), 1, "the first one never began");
    }

    #[tokio::test]
    async fn a_first_caller_that_is_not_polled_keeps_no_other_waiting() {
        let (reads, count, call) = (SingleFlight::default(), Arc::default(), Call::new());
        let mut first = Box::pin(reads.share("a", &call, counting(&count)));
        assert!(futures::poll!(&mut first).is_pending());
        assert_eq!(reads.share("a", &call, counting(&count)).await.unwrap(), 0);
        drop(first);
    }

    #[tokio::test]
    async fn reads_that_every_caller_left_are_removed() {
        let (reads, call) = (SingleFlight::default(), Call::new());
        for number in 0..5 * CLEANUP_AT {
            let mut read = Box::pin(reads.share(number, &call, pending::<Result<u32, Error>>));
            assert!(futures::poll!(&mut read).is_pending());
        }
        assert!(reads.lock().by_key.len() <= CLEANUP_AT);
    }
}
