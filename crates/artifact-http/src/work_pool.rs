//! Threads for work that keeps a processor busy.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use artifact_source::{Error, ErrorKind, lock};
use tokio::sync::oneshot;

use crate::{Call, FairQueue, Tenant};

/// How long work goes on before others have a turn.
const SLICE: Duration = Duration::from_millis(20);
/// How much of a list is worked on by the caller itself, at most: short lists, which most are, need no other thread.
const FIRST_ITEMS: usize = 1024;
/// And how long it keeps a processor busy, at most.
const FIRST_TIME: Duration = Duration::from_millis(10);

/// Threads for work that keeps a processor busy, such as judging 100,000 tags by 40 patterns, so that it neither occupies the threads of the
/// async runtime nor its blocking threads, which resolve names. There are as many threads as processors.
///
/// Work is cut into [`Slice`]s of 20 ms. Tenants take turns from slice to slice, so that a neighbour waits for slices, and not for lists.
/// Work whose caller is gone, or whose deadline has passed, ends with its slice.
///
/// Clones share the threads. [`Default`] is the pool of the process. The threads start when they are needed.
///
/// ```
/// use std::sync::Arc;
///
/// use artifact_http::{Call, WorkPool};
///
/// # async fn example() -> Result<(), artifact_source::Error> {
/// let names: Arc<[&str]> = ["v1", "latest", "v2"].into();
/// let listed = Arc::clone(&names);
/// let mut found = Vec::new();
/// WorkPool::default()
///     .each(
///         names.len(),
///         &Call::new().for_tenant("team-a"),
///         move |position| listed.get(position).is_some_and(|name| name.starts_with('v')),
///         |position, is_version| found.extend(is_version.then_some(position)),
///     )
///     .await?;
/// assert_eq!(found, [0, 2]);
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
#[derive(Clone)]
pub struct WorkPool {
    threads: Arc<Threads>,
}

/// Ends the threads with the last pool that uses them.
struct Threads(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    most: usize,
}

#[derive(Default)]
struct State {
    waiting: FairQueue<Tenant, Job>,
    threads: usize,
    idle: usize,
    is_closed: bool,
}

type Job = Box<dyn FnOnce() + Send>;

/// The time that work has until others have a turn.
pub struct Slice<'a> {
    end: Instant,
    is_left: &'a dyn Fn() -> bool,
}

impl Slice<'_> {
    /// Whether the work should stop here: its time is over, its deadline has passed, or its caller is gone.
    pub fn is_over(&self) -> bool {
        (self.is_left)() || Instant::now() >= self.end
    }
}

/// A moment, and for how long this thread had kept a processor busy until then, if the system tells.
struct BusyTime {
    moment: Instant,
    busy: Option<Duration>,
}

impl BusyTime {
    fn now() -> Self {
        Self { moment: Instant::now(), busy: busy_time() }
    }

    /// Whether this thread has kept a processor busy for less than this since then. A thread that others kept waiting has.
    fn is_less_than(&self, limit: Duration) -> bool {
        // It was not busy for longer than time has passed, which is cheaper to ask for.
        self.moment.elapsed() < limit
            || self.busy.zip(busy_time()).is_some_and(|(then, now)| now.saturating_sub(then) < limit)
    }
}

#[cfg(unix)]
fn busy_time() -> Option<Duration> {
    use rustix::time::{ClockId, clock_gettime};
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).ok()
}

#[cfg(not(unix))]
fn busy_time() -> Option<Duration> {
    None
}

impl WorkPool {
    /// A pool of its own, of this many threads, at least one.
    pub fn new(threads: usize) -> Self {
        let (state, wake) = (Mutex::default(), Condvar::new());
        Self { threads: Arc::new(Threads(Arc::new(Shared { state, wake, most: threads.max(1) }))) }
    }

    /// Runs one slice of work on a thread of the pool, in the turn of the call's tenant. Dropping the future ends work that has not started.
    ///
    /// # Errors
    ///
    /// `TimedOut` where the deadline of the call passes first; `Internal` where the work panics, or no thread can be started.
    pub async fn run<T: Send + 'static>(
        &self,
        call: &Call,
        work: impl FnOnce(&Slice<'_>) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (done, answer) = oneshot::channel();
        let deadline = call.deadline;
        let job = move || {
            if done.is_closed() {
                return;
            }
            let end = Instant::now() + SLICE;
            let slice = Slice {
                end: deadline.map_or(end, |deadline| deadline.min(end)),
                is_left: &|| done.is_closed(),
            };
            // A panic drops the sender, which tells the caller.
            if let Ok(result) = catch_unwind(AssertUnwindSafe(|| work(&slice))) {
                let _ = done.send(result);
            }
        };
        self.threads.0.submit(call.tenant.clone(), Box::new(job)).map_err(|cause| {
            Error::new(ErrorKind::Internal, "no thread can be started for judging").with_cause(cause)
        })?;
        call.within(answer).await?.map_err(|_| {
            Error::new(ErrorKind::Internal, "the work of a thread panicked; this is a bug in it")
        })
    }

    /// Computes `work` of each number below `count`, slice by slice on the threads of the pool, and hands the results to `take` here, in order. The
    /// first 1,024 are computed here, as far as 10 ms of a processor suffice. Callers that share a read and judge what it returns so stay together on a
    /// busy machine, too, and share the next one.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn each<T: Send + 'static>(
        &self,
        count: usize,
        call: &Call,
        work: impl Fn(usize) -> T + Send + Sync + 'static,
        mut take: impl FnMut(usize, T),
    ) -> Result<(), Error> {
        let (mut next, began) = (0, BusyTime::now());
        while next < count.min(FIRST_ITEMS) && began.is_less_than(FIRST_TIME) {
            take(next, work(next));
            next += 1;
        }
        let work = Arc::new(work);
        while next < count {
            if call.remaining().is_some_and(|left| left.is_zero()) {
                return Err(Error::deadline_passed("judging"));
            }
            let (first, work) = (next, Arc::clone(&work));
            let results = self.run(call, move |slice| {
                let mut results = Vec::new();
                for number in first..count {
                    results.push(work(number));
                    if slice.is_over() {
                        break;
                    }
                }
                results
            });
            for result in results.await? {
                take(next, result);
                next += 1;
            }
        }
        Ok(())
    }
}

impl Default for WorkPool {
    /// The pool of the process: as many threads as processors.
    fn default() -> Self {
        static PROCESS: LazyLock<WorkPool> = LazyLock::new(|| {
            WorkPool::new(std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
        });
        PROCESS.clone()
    }
}

impl Shared {
    fn submit(self: &Arc<Self>, tenant: Tenant, job: Job) -> std::io::Result<()> {
        let mut state = lock(&self.state);
        if state.idle < state.waiting.len() + 1 && state.threads < self.most {
            let shared = Arc::clone(self);
            let name = format!("judging-{}", state.threads);
            match std::thread::Builder::new().name(name).spawn(move || shared.work()) {
                Ok(_) => state.threads += 1,
                Err(error) if state.threads == 0 => return Err(error),
                // The others do it.
                Err(_) => {}
            }
        }
        state.waiting.push(tenant, job);
        drop(state);
        self.wake.notify_one();
        Ok(())
    }

    fn work(&self) {
        let mut state = lock(&self.state);
        loop {
            if let Some((_, job)) = state.waiting.pop_where(|_| true) {
                drop(state);
                job();
                state = lock(&self.state);
            } else if state.is_closed {
                return;
            } else {
                state.idle += 1;
                state = wait(&self.wake, state);
                state.idle -= 1;
            }
        }
    }
}

fn wait<'a, T>(wake: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    wake.wait(guard).unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Threads {
    fn drop(&mut self) {
        lock(&self.0.state).is_closed = true;
        self.0.wake.notify_all();
    }
}

impl fmt::Debug for WorkPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.threads.0.state);
        f.debug_struct("WorkPool")
            .field("threads", &self.threads.0.most)
            .field("waiting", &state.waiting.len())
            .finish()
    }
}

impl fmt::Debug for Slice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slice").field("is_over", &self.is_over()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn within(milliseconds: u64) -> Call {
        Call::new().with_deadline(Instant::now() + Duration::from_millis(milliseconds))
    }

    fn keep_busy(time: Duration) {
        let began = Instant::now();
        while began.elapsed() < time {
            std::hint::spin_loop();
        }
    }

    /// A thread that others keep waiting is not busy.
    #[tokio::test]
    #[cfg(unix)]
    async fn what_is_computed_here_is_bounded_by_the_time_of_a_processor() {
        let here = std::thread::current().id();
        let computed_here = |wait: fn(Duration)| async move {
            let pool = WorkPool::new(1);
            let work = move |_| {
                wait(Duration::from_millis(3));
                std::thread::current().id() == here
            };
            let mut count = 0;
            pool.each(20, &Call::new(), work, |_, is_here| count += usize::from(is_here)).await.unwrap();
            count
        };
        assert_eq!(computed_here(std::thread::sleep).await, 20);
        assert!(computed_here(keep_busy).await < 20);
    }

    #[tokio::test]
    async fn results_come_in_order() {
        let mut taken = Vec::new();
        let pool = WorkPool::new(3);
        pool.each(3000, &Call::new(), |number| number * 2, |number, twice| taken.push((number, twice)))
            .await
            .unwrap();
        assert_eq!(taken, (0..3000).map(|number| (number, number * 2)).collect::<Vec<_>>());
        pool.each(0, &Call::new(), |_| unreachable!("there is none"), |_, ()| {}).await.unwrap();
    }

    /// One thread, and a crowd of 50 that never ends by itself: the neighbour has its turn.
    #[tokio::test]
    async fn a_neighbour_has_a_turn_and_a_crowd_ends_at_its_deadline() {
        let pool = WorkPool::new(1);
        let judged = Arc::new(AtomicUsize::new(0));
        let crowd = (0..50).map(|_| {
            let (pool, judged) = (pool.clone(), Arc::clone(&judged));
            async move {
                let slow = move |_| {
                    judged.fetch_add(1, Ordering::SeqCst);
                    keep_busy(Duration::from_millis(1));
                };
                pool.each(usize::MAX, &within(3_000).for_tenant("crowd"), slow, |_, ()| {}).await
            }
        });
        let mut crowd = Box::pin(futures::future::join_all(crowd));
        assert!(futures::poll!(&mut crowd).is_pending());
        let call = Call::new().for_tenant("neighbour");
        let answer = pool.run(&call, |_| "an answer");
        let mut answer = Box::pin(answer);
        tokio::select! {
            biased;
            answered = &mut answer => assert_eq!(answered.unwrap(), "an answer"),
            _ = &mut crowd => panic!("the crowd came first"),
        }
        for ended in crowd.await {
            assert_eq!(ended.unwrap_err().kind(), ErrorKind::TimedOut);
        }
        let after = judged.load(Ordering::SeqCst);
        pool.run(&Call::new(), |_| ()).await.unwrap();
        assert_eq!(judged.load(Ordering::SeqCst), after, "no work goes on after its deadline");
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_the_thread_goes_on() {
        let pool = WorkPool::new(1);
        let failed = pool.run(&Call::new(), |_| panic!("on purpose")).await;
        assert_eq!(failed.unwrap_err().kind(), ErrorKind::Internal);
        assert_eq!(pool.run(&Call::new(), |_| 7).await.unwrap(), 7);
    }
}
