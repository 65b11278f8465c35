//! One request for all who ask at the same moment.

use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use artifact_source::{Error, ErrorKind};
use futures::future::{BoxFuture, FutureExt as _, Shared, WeakShared};
use tokio::sync::oneshot;

use crate::Call;

/// Reads that several may want at once, each done once for all of them.
///
/// Whoever asks before a read begins shares its answer; whoever asks later, and might know of a change that the read does
/// not see, causes another one. So an answer is never older than its question. The one who asked first pays: the read counts on
/// the [meter](Call::meter) of that call alone, and goes on when that one is dropped, as long as anybody waits for it.
///
/// ```
/// use artifact_http::{Call, Flights};
///
/// # async fn example() -> Result<(), artifact_source::Error> {
/// let flights: Flights<&str, u32> = Flights::default();
/// let call = Call::new();
/// let asked = std::sync::atomic::AtomicU32::new(0);
/// let asked = std::sync::Arc::new(asked);
/// let ask = || {
///     let asked = asked.clone();
///     flights.share("question", &call, async move { Ok(asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst)) })
/// };
/// let (one, two) = futures::future::try_join(ask(), ask()).await?;
/// assert_eq!((one, two, ask().await?), (0, 0, 1));
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
pub struct Flights<K, V>(Arc<Mutex<Waiting<K, V>>>);

type Flight<V> = Shared<BoxFuture<'static, Result<V, Error>>>;
type FlightOfOthers<V> = WeakShared<BoxFuture<'static, Result<V, Error>>>;

/// The flights that have not begun.
struct Waiting<K, V> {
    by_key: HashMap<K, (u64, FlightOfOthers<V>)>,
    last: u64,
}

/// Where one who asks gets in.
enum Boarded<V, R> {
    /// A flight of one's own, that begins when its doors are closed: when they are dropped.
    Own { flight: Flight<V>, doors: oneshot::Sender<()> },
    /// That of somebody else, and the read that is not needed then.
    Other { flight: Flight<V>, unused: R },
}

/// How many flights wait at most before those are looked for that everybody has left.
const MANY: usize = 1024;

impl<K, V> Flights<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// The answer of this read, or of the same one that somebody else has asked for and that has not begun. `read` is not begun
    /// before it is needed.
    ///
    /// # Errors
    ///
    /// That of the read; [`TimedOut`](ErrorKind::TimedOut) where the deadline of this call passes first. The deadline of
    /// somebody else is no reason: then the read is done again.
    pub async fn share(
        &self,
        key: K,
        call: &Call,
        read: impl Future<Output = Result<V, Error>> + Send + 'static,
    ) -> Result<V, Error> {
        let (flight, read) = match self.join(key, read) {
            Boarded::Own { flight, doors } => {
                // Those who would ask at the same moment get the chance to do so.
                tokio::task::yield_now().await;
                drop(doors);
                return flight.await;
            }
            Boarded::Other { flight, unused } => (flight, unused),
        };
        let answer = match call.deadline {
            None => flight.await,
            Some(deadline) => tokio::time::timeout_at(deadline.into(), flight)
                .await
                .map_err(|_| Error::new(ErrorKind::TimedOut, "the deadline passed"))?,
        };
        match answer {
            Err(error) if error.kind() == ErrorKind::TimedOut => read.await,
            answer => answer,
        }
    }

    fn join<R>(&self, key: K, read: R) -> Boarded<V, R>
    where
        R: Future<Output = Result<V, Error>> + Send + 'static,
    {
        let mut waiting = self.lock();
        if let Some(flight) = waiting.by_key.get(&key).and_then(|(_, flight)| flight.upgrade()) {
            return Boarded::Other { flight, unused: read };
        }
        if waiting.by_key.len() >= MANY {
            waiting.by_key.retain(|_, (_, flight)| flight.upgrade().is_some());
        }
        waiting.last += 1;
        let number = waiting.last;
        let (doors, closed) = oneshot::channel();
        let (flights, own_key) = (Self(Arc::clone(&self.0)), key.clone());
        let flight = async move {
            // It does not matter how the doors are closed.
            let _ = closed.await;
            flights.begin(&own_key, number);
            read.await
        };
        let flight = flight.boxed().shared();
        if let Some(weak) = flight.downgrade() {
            waiting.by_key.insert(key, (number, weak));
        }
        Boarded::Own { flight, doors }
    }

    /// Nobody joins this flight any more.
    fn begin(&self, key: &K, number: u64) {
        let mut waiting = self.lock();
        if waiting.by_key.get(key).is_some_and(|(own, _)| *own == number) {
            waiting.by_key.remove(key);
        }
    }
}

impl<K, V> Flights<K, V> {
    fn lock(&self) -> MutexGuard<'_, Waiting<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Default for Flights<K, V> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Waiting { by_key: HashMap::new(), last: 0 })))
    }
}

impl<K, V> Debug for Flights<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights").field("waiting", &self.lock().by_key.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::{Duration, Instant};

    use futures::future::{join_all, pending};

    use super::*;

    fn counting(count: &Arc<AtomicU32>) -> impl Future<Output = Result<u32, Error>> + Send + 'static {
        let count = Arc::clone(count);
        async move {
            let number = count.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            Ok(number)
        }
    }

    #[tokio::test]
    async fn all_who_ask_at_once_share_one_read_and_who_asks_later_does_not() {
        let (flights, count, call) = (Flights::default(), Arc::default(), Call::new());
        let answers = join_all((0..64).map(|_| flights.share("a", &call, counting(&count)))).await;
        assert!(answers.into_iter().all(|answer| answer.is_ok_and(|number| number == 0)));
        assert_eq!(flights.share("a", &call, counting(&count)).await.unwrap(), 1);
        let (a, b) = tokio::join!(
            flights.share("a", &call, counting(&count)),
            flights.share("b", &call, counting(&count))
        );
        assert_ne!(a.unwrap(), b.unwrap(), "other questions are other reads");
        assert!(flights.lock().by_key.is_empty());
    }

    #[tokio::test]
    async fn an_error_is_shared_and_the_next_one_asks_again() {
        let (flights, call) = (Flights::<&str, u32>::default(), Call::new());
        let fail = || async { Err(Error::new(ErrorKind::NotFound, "it is gone")) };
        let (one, two) =
            tokio::join!(flights.share("a", &call, fail()), flights.share("a", &call, async { Ok(7) }));
        assert!(one.unwrap_err().is_not_found() && two.unwrap_err().is_not_found());
        assert_eq!(flights.share("a", &call, async { Ok(7) }).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn the_deadline_of_another_one_is_no_reason() {
        let (flights, call) = (Flights::default(), Call::new());
        let late = async { Err(Error::new(ErrorKind::TimedOut, "the deadline passed")) };
        let (first, second) =
            tokio::join!(flights.share("a", &call, late), flights.share("a", &call, async { Ok(7) }));
        assert_eq!((first.unwrap_err().kind(), second.unwrap()), (ErrorKind::TimedOut, 7));
        // And one's own is.
        let hurried = Call::new().with_deadline(Instant::now() + Duration::from_millis(10));
        let mut first = Box::pin(flights.share("b", &call, pending::<Result<u32, Error>>()));
        assert!(futures::poll!(&mut first).is_pending());
        let second = flights.share("b", &hurried, async { Ok(7) }).await;
        assert_eq!(second.unwrap_err().kind(), ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_read_goes_on_when_the_one_who_asked_first_is_dropped_and_ends_with_the_last() {
        let (flights, count, call) = (Flights::default(), Arc::default(), Call::new());
        let mut first = Box::pin(flights.share("a", &call, counting(&count)));
        assert!(futures::poll!(&mut first).is_pending());
        let mut second = Box::pin(flights.share("a", &call, counting(&count)));
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        assert_eq!(second.await.unwrap(), 0);

        let mut lonely = Box::pin(flights.share("b", &call, counting(&count)));
        assert!(futures::poll!(&mut lonely).is_pending());
        drop(lonely);
        assert_eq!(
            flights.share("b", &call, counting(&count)).await.unwrap(),
            1,
            "the first one never began"
        );
    }

    #[tokio::test]
    async fn flights_that_everybody_left_are_forgotten() {
        let (flights, call) = (Flights::default(), Call::new());
        for number in 0..5 * MANY {
            let mut flight = Box::pin(flights.share(number, &call, pending::<Result<u32, Error>>()));
            assert!(futures::poll!(&mut flight).is_pending());
        }
        assert!(flights.lock().by_key.len() <= MANY);
    }
}
