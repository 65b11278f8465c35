//! What one discovery may still do: shared by the async side, which decides when it is over, and the
//! blocking side, which does the work.
//!
//! A read from a server cannot be interrupted by a flag. So whoever is about to wait leaves a way to
//! be woken ([`Watch::on_stop`]: kill the process, shut the socket), and notes since when it waits
//! ([`Watch::waiting`]).

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use artifact_http::Secret;
use artifact_source::{Error, ErrorKind, Meter};

use crate::fault;

/// The watch over one discovery.
pub(crate) struct Watch {
    interrupt: AtomicBool,
    stopped: tokio::sync::watch::Sender<bool>,
    wake: Mutex<Vec<Box<dyn FnOnce() + Send>>>,
    failure: Mutex<Option<Error>>,
    /// What the server said when it refused.
    heard: Mutex<Option<String>>,
    secrets: Vec<Secret>,
    waiting_since: Mutex<Option<Instant>>,
    received: AtomicU64,
    pub(crate) limits: Limits,
    pub(crate) meter: Meter,
}

/// How much one discovery may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes of all answers together.
    pub(crate) bytes: u64,
    /// How long a server may be silent.
    pub(crate) stall: Duration,
    /// When the answer is of no more use.
    pub(crate) deadline: Option<Instant>,
}

impl Watch {
    pub(crate) fn new(meter: Meter, limits: Limits) -> Self {
        Self {
            interrupt: AtomicBool::new(false),
            stopped: tokio::sync::watch::Sender::new(false),
            wake: Mutex::default(),
            failure: Mutex::default(),
            heard: Mutex::default(),
            secrets: Vec::new(),
            waiting_since: Mutex::default(),
            received: AtomicU64::new(0),
            limits,
            meter,
        }
    }

    /// Keeps these out of what the server is quoted with.
    pub(crate) fn with_secrets(mut self, secrets: Vec<Secret>) -> Self {
        self.secrets = secrets;
        self
    }

    /// Keeps what the server says about why it refuses, as it may be shown.
    pub(crate) fn hear(&self, message: &str) {
        let message = fault::quoted(message, &self.secrets);
        lock(&self.heard).get_or_insert(message);
    }

    /// What the server said, if it refused.
    pub(crate) fn take_heard(&self) -> Option<String> {
        lock(&self.heard).take()
    }

    /// Ends the work, for this reason if there is one to report.
    pub(crate) fn stop(&self, why: Option<Error>) {
        if let Some(why) = why {
            self.remember(why);
        }
        self.interrupt.store(true, Ordering::SeqCst);
        self.stopped.send_replace(true);
        let wake = std::mem::take(&mut *lock(&self.wake));
        for wake in wake {
            wake();
        }
    }

    /// Runs this when the work is stopped, or now if it is already.
    pub(crate) fn on_stop(&self, wake: impl FnOnce() + Send + 'static) {
        lock(&self.wake).push(Box::new(wake));
        if self.is_stopped() {
            self.stop(None);
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.interrupt.load(Ordering::SeqCst)
    }

    /// The flag that gitoxide looks at.
    pub(crate) fn interrupt(&self) -> &AtomicBool {
        &self.interrupt
    }

    /// Ready once the work was stopped.
    pub(crate) async fn stopped(&self) {
        // The sender lives in `self`, so this cannot fail while it is awaited.
        let _ = self.stopped.subscribe().wait_for(|stopped| *stopped).await;
    }

    /// Keeps the precise error of a transport, and gives what gitoxide can carry in its place.
    pub(crate) fn fail(&self, error: Error) -> io::Error {
        self.remember(error);
        io::Error::other(Failed)
    }

    fn remember(&self, error: Error) {
        lock(&self.failure).get_or_insert(error);
    }

    /// The first precise error that was kept.
    pub(crate) fn take_failure(&self) -> Option<Error> {
        lock(&self.failure).take()
    }

    /// What a blocking step says when it finds the work stopped.
    pub(crate) fn stopped_error(&self) -> Error {
        self.take_failure().unwrap_or_else(|| Error::new(ErrorKind::TimedOut, "the discovery was stopped"))
    }

    /// Waits, unless the work ends or the deadline passes before; whether it has waited to the end.
    pub(crate) fn pause(&self, length: Duration) -> bool {
        let end = Instant::now() + length;
        if self.limits.deadline.is_some_and(|deadline| deadline <= end) {
            return false;
        }
        while !self.is_stopped() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(Duration::from_millis(20)));
        }
        false
    }

    /// Counts bytes that arrived and holds the budget.
    pub(crate) fn received(&self, bytes: usize) -> io::Result<()> {
        self.meter.count_bytes(bytes);
        self.within_budget(bytes)
    }

    /// Holds the budget for bytes that were counted elsewhere.
    pub(crate) fn within_budget(&self, bytes: usize) -> io::Result<()> {
        let before = self.received.fetch_add(bytes as u64, Ordering::Relaxed);
        if before.saturating_add(bytes as u64) > self.limits.bytes {
            return Err(self.fail(
                Error::new(
                    ErrorKind::TooLarge,
                    format!("the server sent more than the limit of {} bytes", self.limits.bytes),
                )
                .with_hint("a server without support for partial clones sends whole files: raise the limit or use another server"),
            ));
        }
        Ok(())
    }

    /// Does something that waits for the server.
    pub(crate) fn waiting<T>(&self, wait: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        if self.is_stopped() {
            return Err(io::Error::other(Failed));
        }
        *lock(&self.waiting_since) = Some(Instant::now());
        let result = wait();
        *lock(&self.waiting_since) = None;
        result
    }

    /// Stops the work if it took too long; when to look again otherwise.
    pub(crate) fn look(&self, now: Instant) -> Result<Instant, Error> {
        let late = if self.limits.deadline.is_some_and(|deadline| deadline <= now) {
            Some(Error::new(ErrorKind::TimedOut, "the deadline passed"))
        } else {
            let silent = lock(&self.waiting_since).map(|since| now.saturating_duration_since(since));
            silent.filter(|silent| *silent >= self.limits.stall).map(|silent| {
                let seconds = silent.as_secs_f64();
                Error::new(ErrorKind::TimedOut, format!("the server was silent for {seconds:.1} s"))
            })
        };
        if let Some(error) = late {
            self.stop(None);
            return Err(error);
        }
        let soon = now + (self.limits.stall / 4).clamp(Duration::from_millis(10), Duration::from_secs(1));
        Ok(self.limits.deadline.map_or(soon, |deadline| deadline.min(soon)))
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("limits", &self.limits)
            .field("meter", &self.meter)
            .finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Stands in for the error that the [`Watch`] keeps.
#[derive(Debug)]
struct Failed;

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the transport failed")
    }
}

impl std::error::Error for Failed {}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn watch(bytes: u64, stall: Duration, deadline: Option<Instant>) -> Watch {
        Watch::new(Meter::new(), Limits { bytes, stall, deadline })
    }

    #[test]
    fn the_budget_is_held_to_the_byte() {
        let watch = watch(10, Duration::MAX, None);
        watch.received(4).unwrap();
        watch.received(6).unwrap();
        watch.received(1).unwrap_err();
        assert_eq!(watch.take_failure().unwrap().kind(), ErrorKind::TooLarge);
        assert_eq!(watch.meter.bytes_received(), 11);
    }

    #[test]
    fn whoever_waits_is_woken_before_or_after_the_stop() {
        let woken = Arc::new(AtomicU64::new(0));
        let watch = watch(0, Duration::MAX, None);
        for stop in [true, false] {
            let woken = Arc::clone(&woken);
            watch.on_stop(move || {
                woken.fetch_add(1, Ordering::SeqCst);
            });
            if stop {
                watch.stop(None);
            }
        }
        assert_eq!(woken.load(Ordering::SeqCst), 2);
        watch.waiting(|| Ok(())).unwrap_err();
    }

    #[test]
    fn only_waiting_for_the_server_counts_as_silence() {
        let stall = Duration::from_secs(5);
        let watch = watch(0, stall, None);
        let later = Instant::now() + Duration::from_secs(60);
        watch.look(later).unwrap();
        watch
            .waiting(|| {
                watch.look(Instant::now()).unwrap();
                assert_eq!(watch.look(later).unwrap_err().kind(), ErrorKind::TimedOut);
                Ok(())
            })
            .unwrap();
        assert!(watch.is_stopped());
    }

    #[test]
    fn the_deadline_ends_the_work() {
        let now = Instant::now();
        let watch = watch(0, Duration::from_secs(60), Some(now + Duration::from_millis(100)));
        assert_eq!(watch.look(now).unwrap(), now + Duration::from_millis(100));
        watch.look(now + Duration::from_millis(100)).unwrap_err();
        assert!(watch.is_stopped());
    }
}
