//! One request for all who ask at the same moment.

use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use artifact_source::{Error, ErrorKind};
use futures::future::{BoxFuture, FutureExt as _, Shared, WeakShared};
use tokio::sync::oneshot;
use tokio::task::unconstrained;

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
///     flights.share("question", &call, move || {
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
pub struct Flights<K, V>(Arc<Mutex<Waiting<K, V>>>);

type Flight<V> = Shared<BoxFuture<'static, Result<V, Error>>>;
type FlightOfOthers<V> = WeakShared<BoxFuture<'static, Result<V, Error>>>;

/// The flights that have not begun.
struct Waiting<K, V> {
    by_key: HashMap<K, Boarding<V>>,
    last: u64,
}

/// A flight that can still be joined.
struct Boarding<V> {
    number: u64,
    /// How long the one who asked first has.
    deadline: Option<Instant>,
    flight: FlightOfOthers<V>,
}

/// Where one who asks got in.
struct Boarded<V> {
    flight: Flight<V>,
    /// How long the one who asked first has.
    deadline: Option<Instant>,
    /// Only the one who asked first has them. The flight begins when they are dropped.
    doors: Option<oneshot::Sender<()>>,
}

/// How often everybody else gets a turn before a flight begins.
const PASSES: usize = 4;
/// How long the doors are open at most, should the one who has them not come back to close them.
const BOARDING: Duration = Duration::from_secs(2);
/// How many flights wait at most before those are looked for that everybody has left.
const MANY: usize = 1024;

impl<K, V> Flights<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// The answer of this read, or of the same one that somebody else has asked for and that has not begun.
    ///
    /// # Errors
    ///
    /// That of the read; [`TimedOut`](ErrorKind::TimedOut) where the deadline of this call passes first. An error that may be due
    /// to the shorter deadline of somebody else, who had no time to try again, is no answer: then those who have more time
    /// ask once more, together.
    pub async fn share<R>(&self, key: K, call: &Call, read: impl Fn() -> R) -> Result<V, Error>
    where
        R: Future<Output = Result<V, Error>> + Send + 'static,
    {
        loop {
            let Boarded { flight, deadline, doors } = self.board(&key, call.deadline, &read);
            if doors.is_some() {
                // Those who would ask at the same moment get the chance to do so, also where tokio lets a task with many of
                // them do only part of its work at a time.
                for _ in 0..PASSES {
                    tokio::task::yield_now().await;
                }
                drop(doors);
                return unconstrained(flight).await;
            }
            let answer = match call.deadline {
                None => unconstrained(flight).await,
                Some(deadline) => tokio::time::timeout_at(deadline.into(), unconstrained(flight))
                    .await
                    .map_err(|_| Error::new(ErrorKind::TimedOut, "the deadline passed"))?,
            };
            match answer {
                Err(error) if error.is_transient() && has_more_time(call.deadline, deadline) => {}
                answer => return answer,
            }
        }
    }

    /// Gets onto the flight that is waiting for this key, or onto one of one's own.
    fn board<R>(&self, key: &K, deadline: Option<Instant>, read: impl Fn() -> R) -> Boarded<V>
    where
        R: Future<Output = Result<V, Error>> + Send + 'static,
    {
        let mut waiting = self.lock();
        if let Some(other) = waiting.by_key.get(key)
            && let Some(flight) = other.flight.upgrade()
        {
            return Boarded { flight, deadline: other.deadline, doors: None };
        }
        if waiting.by_key.len() >= MANY {
            waiting.by_key.retain(|_, other| other.flight.upgrade().is_some());
        }
        waiting.last += 1;
        let number = waiting.last;
        let (doors, closed) = oneshot::channel();
        let (flights, own_key, read) = (Self(Arc::clone(&self.0)), key.clone(), read().boxed());
        let flight = async move {
            // It does not matter how the doors are closed.
            let _ = tokio::time::timeout(BOARDING, unconstrained(closed)).await;
            flights.begin(&own_key, number);
            read.await
        };
        let flight = flight.boxed().shared();
        if let Some(weak) = flight.downgrade() {
            waiting.by_key.insert(key.clone(), Boarding { number, deadline, flight: weak });
        }
        Boarded { flight, deadline, doors: Some(doors) }
    }

    /// Nobody joins this flight any more.
    fn begin(&self, key: &K, number: u64) {
        let mut waiting = self.lock();
        if waiting.by_key.get(key).is_some_and(|own| own.number == number) {
            waiting.by_key.remove(key);
        }
    }
}

/// Whether what another one had no time for may still work out.
fn has_more_time(own: Option<Instant>, other: Option<Instant>) -> bool {
    match (own, other) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(own), Some(other)) => own > other,
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
    use futures::future::{join_all, pending};
    use std::sync::atomic::{AtomicU32, Ordering};

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
    async fn an_answer_is_never_older_than_its_question() {
        let (flights, count, call) = (Flights::default(), Arc::default(), Call::new());
        let mut first = Box::pin(flights.share("a", &call, counting(&count)));
        while count.load(Ordering::SeqCst) == 0 {
            assert!(futures::poll!(&mut first).is_pending());
            tokio::task::yield_now().await;
        }
        let (first, second) = tokio::join!(first, flights.share("a", &call, counting(&count)));
        assert_eq!((first.unwrap(), second.unwrap()), (0, 1), "the first read had begun");
    }

    #[tokio::test]
    async fn an_error_is_shared_and_the_next_one_asks_again() {
        let (flights, call) = (Flights::<&str, u32>::default(), Call::new());
        let count = Arc::new(AtomicU32::new(0));
        for kind in [ErrorKind::NotFound, ErrorKind::TimedOut, ErrorKind::Server] {
            let fail = || {
                count.fetch_add(1, Ordering::SeqCst);
                async move { Err(Error::new(kind, "it is gone")) }
            };
            let answers = join_all((0..50).map(|_| flights.share("a", &call, fail))).await;
            assert!(answers.into_iter().all(|answer| answer.unwrap_err().kind() == kind));
            assert_eq!(count.swap(0, Ordering::SeqCst), 1, "{kind:?}");
        }
        assert_eq!(flights.share("a", &call, || async { Ok(7) }).await.unwrap(), 7);
    }

    /// Whoever has little time does not try again after a fault that passes.
    #[tokio::test]
    async fn who_has_more_time_does_not_suffer_from_who_has_little() {
        for kind in [ErrorKind::TimedOut, ErrorKind::RateLimited, ErrorKind::Server, ErrorKind::Unreachable] {
            let (flights, count) = (Flights::<&str, u32>::default(), Arc::new(AtomicU32::new(0)));
            let (hurried, patient) = (within(5_000), within(60_000));
            let read = || {
                let number = count.fetch_add(1, Ordering::SeqCst);
                async move { if number == 0 { Err(Error::new(kind, "one fault")) } else { Ok(number) } }
            };
            let others = join_all((0..50).map(|_| flights.share("a", &patient, read)));
            let (first, others) = tokio::join!(flights.share("a", &hurried, read), others);
            assert_eq!(first.unwrap_err().kind(), kind);
            assert!(others.into_iter().all(|answer| answer.unwrap() == 1), "{kind:?}");
            assert_eq!(count.load(Ordering::SeqCst), 2, "the others ask once more together");
        }
    }

    #[tokio::test]
    async fn ones_own_deadline_ends_the_wait() {
        let (flights, patient) = (Flights::default(), within(60_000));
        let mut first = Box::pin(flights.share("b", &patient, pending::<Result<u32, Error>>));
        assert!(futures::poll!(&mut first).is_pending());
        let second = flights.share("b", &within(10), pending::<Result<u32, Error>>).await;
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
    async fn one_who_asks_and_does_not_come_back_keeps_nobody() {
        let (flights, count, call) = (Flights::default(), Arc::default(), Call::new());
        let mut first = Box::pin(flights.share("a", &call, counting(&count)));
        assert!(futures::poll!(&mut first).is_pending());
        assert_eq!(flights.share("a", &call, counting(&count)).await.unwrap(), 0);
        drop(first);
    }

    #[tokio::test]
    async fn flights_that_everybody_left_are_forgotten() {
        let (flights, call) = (Flights::default(), Call::new());
        for number in 0..5 * MANY {
            let mut flight = Box::pin(flights.share(number, &call, pending::<Result<u32, Error>>));
            assert!(futures::poll!(&mut flight).is_pending());
        }
        assert!(flights.lock().by_key.len() <= MANY);
    }
}
