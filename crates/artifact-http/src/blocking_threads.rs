//! Threads for work that waits for a server.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

use artifact_source::{Error, ErrorKind};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// A bounded number of threads for work that waits for a server in blocking code, so that slow servers do not take the blocking threads of the
/// async runtime, which also resolve names. Work beyond them waits.
///
/// Clones share the threads. [`Default`] are those of the process: 64. A thread starts with its work and ends with it.
///
/// ```
/// use artifact_http::BlockingThreads;
///
/// # async fn example() -> Result<(), artifact_source::Error> {
/// let threads = BlockingThreads::new(2);
/// assert_eq!(threads.run("read", || 6 * 7).await?, 42);
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
#[derive(Clone)]
pub struct BlockingThreads {
    places: Arc<Semaphore>,
    most: usize,
}

impl BlockingThreads {
    /// The number of the threads of the process.
    pub const MAX_THREADS: usize = 64;

    /// Threads of its own, this many at once, at least one.
    pub fn new(threads: usize) -> Self {
        let most = threads.clamp(1, Semaphore::MAX_PERMITS);
        Self { places: Arc::new(Semaphore::new(most)), most }
    }

    /// Runs the work on a thread of this name, once there is a place for it. Dropping the future drops work that has not started; work
    /// that has started goes on, and keeps its place until it ends.
    ///
    /// # Errors
    ///
    /// `Internal` where the work panics, or no thread can be started.
    pub async fn run<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let place = Arc::clone(&self.places)
            .acquire_owned()
            .await
            .map_err(|cause| Error::new(ErrorKind::Internal, "the threads are closed").with_cause(cause))?;
        let answer = start(name, place, work)?;
        answer.await.map_err(|_| Error::new(ErrorKind::Internal, "the work of a thread panicked"))
    }
}

fn start<T: Send + 'static>(
    name: &str,
    place: OwnedSemaphorePermit,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<oneshot::Receiver<T>, Error> {
    let (done, answer) = oneshot::channel();
    let work = move || {
        // A panic drops the sender, which tells the caller.
        let result = catch_unwind(AssertUnwindSafe(work));
        drop(place);
        if let Ok(result) = result {
            let _ = done.send(result);
        }
    };
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|cause| Error::new(ErrorKind::Internal, "no thread can be started").with_cause(cause))?;
    Ok(answer)
}

impl Default for BlockingThreads {
    /// Those of the process.
    fn default() -> Self {
        static PROCESS: LazyLock<BlockingThreads> =
            LazyLock::new(|| BlockingThreads::new(BlockingThreads::MAX_THREADS));
        PROCESS.clone()
    }
}

impl fmt::Debug for BlockingThreads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingThreads")
            .field("most", &self.most)
            .field("free", &self.places.available_permits())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn no_more_threads_than_places_and_work_whose_caller_is_gone_keeps_its_own() {
        let threads = BlockingThreads::new(2);
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let all = (0..20).map(|_| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            threads.run("test", move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::sleep(std::time::Duration::from_millis(2));
                running.fetch_sub(1, Ordering::SeqCst);
            })
        });
        assert!(futures::future::join_all(all).await.iter().all(Result::is_ok));
        assert!(most.load(Ordering::SeqCst) <= 2);

        let (release, held) = std::sync::mpsc::channel::<()>();
        let mut gone = Box::pin(threads.run("test", move || held.recv().is_ok()));
        assert!(futures::poll!(&mut gone).is_pending());
        drop(gone);
        assert_eq!(threads.places.available_permits(), 1);
        release.send(()).unwrap();
        assert!(threads.run("test", || panic!("on purpose")).await.is_err());
        assert_eq!(threads.run("test", || 7).await.unwrap(), 7);
    }
}
