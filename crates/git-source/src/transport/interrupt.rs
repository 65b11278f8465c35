//! What the async side and the blocking side of one discovery share: limits, the meter, and the interrupt.
//!
//! A flag does not end a read that waits for a server. So blocking code that is about to wait registers a
//! way to be woken ([`Interrupt::on_stop`]: kill the process, shut the socket down) and marks the wait
//! ([`Interrupt::while_waiting`]), so that the async side sees how long the server has been silent.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use artifact_http::{BlockingThreads, Lease, LeastProgress, Progress, Reservation, Secret, Tenant};
use artifact_source::{Error, ErrorKind, Meter, lock};
use tokio::runtime::Handle;

use crate::transport::quote::quoted;
use crate::transport::server_message::ServerMessage;

/// The interrupt of one discovery, with its limits and what its transport learned.
pub(crate) struct Interrupt {
    flag: AtomicBool,
    stopped: tokio::sync::watch::Sender<bool>,
    on_stop: Mutex<Vec<Box<dyn FnOnce() + Send>>>,
    /// The first error of the transport.
    failure: Mutex<Option<Error>>,
    /// The server's message in an answer that refuses.
    server_message: Mutex<Option<ServerMessage>>,
    secrets: Vec<Secret>,
    waiting_since: Mutex<Option<Instant>>,
    received: AtomicU64,
    progress: Mutex<(Progress, u64)>,
    tenant: Tenant,
    memory: Mutex<ListMemory>,
    lease: Lease,
    pub(crate) limits: Limits,
    pub(crate) meter: Meter,
}

/// The memory of the references that the server lists, and of what is made of them.
#[derive(Default)]
struct ListMemory {
    /// `None`: nothing is counted.
    reservation: Option<(Handle, Reservation)>,
    /// The bytes so far.
    bytes: u64,
}

/// After so many further bytes the budget is asked.
const MEMORY_STEP: u64 = 256 << 10;

/// The limits of one discovery.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The bytes of all answers together.
    pub(crate) bytes: u64,
    /// How long a server may be silent.
    pub(crate) stall: Duration,
    /// The least that a server has to send while it is waited for.
    pub(crate) progress: LeastProgress,
    /// When the discovery ends.
    pub(crate) deadline: Option<Instant>,
}

impl Interrupt {
    pub(crate) fn new(meter: Meter, limits: Limits) -> Self {
        Self {
            flag: AtomicBool::new(false),
            stopped: tokio::sync::watch::Sender::new(false),
            on_stop: Mutex::default(),
            failure: Mutex::default(),
            server_message: Mutex::default(),
            secrets: Vec::new(),
            waiting_since: Mutex::default(),
            received: AtomicU64::new(0),
            progress: Mutex::new((Progress::new(limits.progress), 0)),
            tenant: Tenant::default(),
            memory: Mutex::default(),
            lease: Reservation::unlimited().lease(),
            limits,
            meter,
        }
    }

    /// The same, for this tenant.
    pub(crate) fn for_tenant(mut self, tenant: Tenant) -> Self {
        self.tenant = tenant;
        self
    }

    pub(crate) fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// The same, with secrets that no quotation of the server shows.
    pub(crate) fn with_secrets(mut self, secrets: Vec<Secret>) -> Self {
        self.secrets = secrets;
        self
    }

    /// The same, whose list of references takes its memory from here. The runtime is where it waits for that.
    pub(crate) fn with_memory(mut self, runtime: Handle, reservation: Reservation) -> Self {
        self.lease = reservation.lease();
        self.memory = Mutex::new(ListMemory { reservation: Some((runtime, reservation)), bytes: 0 });
        self
    }

    /// Takes memory for this many bytes more, for as long as the discovery goes on. It may wait until others give some back, so it must be called
    /// on a thread that may block.
    pub(crate) fn take_memory(&self, bytes: usize) -> Result<(), Error> {
        let mut memory = lock(&self.memory);
        memory.bytes = memory.bytes.saturating_add(bytes as u64);
        let wanted = memory.bytes;
        let Some((runtime, reservation)) = &mut memory.reservation else { return Ok(()) };
        if wanted < reservation.bytes().saturating_add(MEMORY_STEP) {
            return Ok(());
        }
        let runtime = runtime.clone();
        runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.stopped() => Err(self.stopped_error()),
                held = reservation.hold(wanted) => held,
            }
        })
    }

    /// Gives all memory back, as an exchange begins anew.
    pub(crate) fn forget_memory(&self) {
        let mut memory = lock(&self.memory);
        memory.bytes = 0;
    }

    /// Keeps the first message in which the server says why it refuses.
    pub(crate) fn record_server_message(&self, message: ServerMessage) {
        let message = ServerMessage { text: quoted(&message.text, &self.secrets), ..message };
        lock(&self.server_message).get_or_insert(message);
    }

    /// Takes the server's message, if there was one.
    pub(crate) fn take_server_message(&self) -> Option<ServerMessage> {
        lock(&self.server_message).take()
    }

    /// Stops the discovery.
    pub(crate) fn stop(&self) {
        self.flag.store(true, Ordering::SeqCst);
        self.stopped.send_replace(true);
        let all = std::mem::take(&mut *lock(&self.on_stop));
        for run in all {
            run();
        }
    }

    /// Runs this when the discovery is stopped, or at once if it was stopped before.
    pub(crate) fn on_stop(&self, run: impl FnOnce() + Send + 'static) {
        lock(&self.on_stop).push(Box::new(run));
        if self.is_stopped() {
            self.stop();
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.flag.load(Ordering::SeqCst)
    }

    /// The flag that gitoxide reads.
    pub(crate) fn flag(&self) -> &AtomicBool {
        &self.flag
    }

    /// Ready once the discovery is stopped.
    pub(crate) async fn stopped(&self) {
        // The sender lives in `self`, so this cannot fail while it is awaited.
        let _ = self.stopped.subscribe().wait_for(|stopped| *stopped).await;
    }

    /// Keeps an error of the transport, and returns the placeholder that gitoxide carries in its place.
    pub(crate) fn fail(&self, error: Error) -> io::Error {
        lock(&self.failure).get_or_insert(error);
        io::Error::other(TransportFailed)
    }

    /// Takes the first error that was kept.
    pub(crate) fn take_failure(&self) -> Option<Error> {
        lock(&self.failure).take()
    }

    /// The error of a blocking step that finds the discovery stopped.
    pub(crate) fn stopped_error(&self) -> Error {
        self.take_failure().unwrap_or_else(|| Error::new(ErrorKind::TimedOut, "the discovery was stopped"))
    }

    /// Sleeps for this long. Returns whether it did: not where the deadline comes first, or the discovery is stopped.
    pub(crate) fn sleep(&self, length: Duration) -> bool {
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

    /// Counts bytes that arrived, in the meter and against the limit.
    pub(crate) fn received(&self, bytes: usize) -> io::Result<()> {
        self.meter.count_bytes(bytes);
        self.check_bytes(bytes)
    }

    /// Counts bytes against the limit alone, where the meter has counted them already.
    pub(crate) fn check_bytes(&self, bytes: usize) -> io::Result<()> {
        self.lease.arrived(bytes);
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

    /// Runs something that waits for the server.
    pub(crate) fn while_waiting<T>(&self, wait: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        if self.is_stopped() {
            return Err(io::Error::other(TransportFailed));
        }
        let began = Instant::now();
        *lock(&self.waiting_since) = Some(began);
        let result = wait();
        *lock(&self.waiting_since) = None;
        let result = result?;
        self.check_progress(began.elapsed()).map_err(|slow| self.fail(slow))?;
        Ok(result)
    }

    /// Counts a wait, and what came before it.
    fn check_progress(&self, waited: Duration) -> Result<(), Error> {
        let (progress, counted) = &mut *lock(&self.progress);
        let received = self.received.load(Ordering::Relaxed);
        let new = received.saturating_sub(std::mem::replace(counted, received));
        progress.add(waited, usize::try_from(new).unwrap_or(usize::MAX))
    }

    /// Stops the discovery if the server has been silent for too long, and says so. Otherwise returns when to check again.
    fn check_silence(&self, now: Instant) -> Result<Instant, Error> {
        let silent = lock(&self.waiting_since).map(|since| now.saturating_duration_since(since));
        if let Some(silent) = silent.filter(|silent| *silent >= self.limits.stall) {
            let error = Error::silent("the server", silent);
            // Kept before the stop: the blocking side finds it in place of the error of a connection that was closed here.
            lock(&self.failure).get_or_insert_with(|| error.clone());
            self.stop();
            return Err(error);
        }
        Ok(now + (self.limits.stall / 4).clamp(Duration::from_millis(10), Duration::from_secs(1)))
    }
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupt")
            .field("limits", &self.limits)
            .field("meter", &self.meter)
            .finish_non_exhaustive()
    }
}

/// Stands in for the error that the [`Interrupt`] keeps.
#[derive(Debug)]
struct TransportFailed;

impl fmt::Display for TransportFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the transport failed")
    }
}

impl std::error::Error for TransportFailed {}

/// Runs blocking work on one of these threads. Dropping the future stops the work, and so does a server that is silent for
/// too long. Must be called in a runtime.
pub(crate) async fn run_blocking<T: Send + 'static>(
    threads: &BlockingThreads,
    interrupt: Arc<Interrupt>,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let _guard = StopOnDrop(Arc::clone(&interrupt));
    let task = threads.run("git-exchange", work);
    tokio::pin!(task);
    loop {
        let next = interrupt.check_silence(Instant::now())?;
        if let Ok(done) = tokio::time::timeout_at(next.into(), &mut task).await {
            return done.flatten();
        }
    }
}

/// Stops the blocking work when the future that waits for it is dropped.
struct StopOnDrop(Arc<Interrupt>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interrupt(bytes: u64, stall: Duration) -> Interrupt {
        let progress = LeastProgress::default();
        Interrupt::new(Meter::new(), Limits { bytes, stall, progress, deadline: None })
    }

    /// A server that sends a byte now and then is not silent, and too slow.
    #[test]
    fn a_server_that_drips_is_stopped() {
        let mut interrupt = interrupt(1 << 20, Duration::from_secs(60));
        interrupt.progress =
            Mutex::new((Progress::new(LeastProgress::new(1000, Duration::from_millis(40))), 0));
        let read = |bytes| {
            interrupt.while_waiting(|| {
                std::thread::sleep(Duration::from_millis(25));
                Ok(())
            })?;
            interrupt.received(bytes)
        };
        for _ in 0..4 {
            read(1000).unwrap();
        }
        let slow = (0..4).find_map(|_| read(1).err());
        assert!(slow.is_some());
        let error = interrupt.take_failure().unwrap();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(error.to_string().ends_with("less than 1000 bytes a second"), "{error}");
    }

    #[test]
    fn the_limit_of_bytes_is_exact() {
        let interrupt = interrupt(10, Duration::MAX);
        interrupt.received(4).unwrap();
        interrupt.received(6).unwrap();
        interrupt.received(1).unwrap_err();
        assert_eq!(interrupt.take_failure().unwrap().kind(), ErrorKind::TooLarge);
        assert_eq!(interrupt.meter.bytes_received(), 11);
    }

    #[test]
    fn on_stop_runs_before_and_after_the_stop() {
        let runs = Arc::new(AtomicU64::new(0));
        let interrupt = interrupt(0, Duration::MAX);
        for stop in [true, false] {
            let runs = Arc::clone(&runs);
            interrupt.on_stop(move || {
                runs.fetch_add(1, Ordering::SeqCst);
            });
            if stop {
                interrupt.stop();
            }
        }
        assert_eq!(runs.load(Ordering::SeqCst), 2);
        interrupt.while_waiting(|| Ok(())).unwrap_err();
    }

    #[test]
    fn only_waiting_for_the_server_counts_as_silence() {
        let interrupt = interrupt(0, Duration::from_secs(5));
        let later = Instant::now() + Duration::from_secs(60);
        interrupt.check_silence(later).unwrap();
        interrupt
            .while_waiting(|| {
                interrupt.check_silence(Instant::now()).unwrap();
                assert_eq!(interrupt.check_silence(later).unwrap_err().kind(), ErrorKind::TimedOut);
                Ok(())
            })
            .unwrap();
        assert!(interrupt.is_stopped());
    }

    #[tokio::test]
    async fn the_deadline_ends_the_work() {
        let interrupt = Arc::new(interrupt(0, Duration::from_secs(60)));
        let deadline = Instant::now() + Duration::from_millis(50);
        let work = Arc::clone(&interrupt);
        let threads = BlockingThreads::default();
        let sleep = move || Ok(work.sleep(Duration::from_secs(60)));
        let done = run_blocking(&threads, Arc::clone(&interrupt), sleep);
        let call = artifact_http::Call::new().with_deadline(deadline);
        assert_eq!(call.within(done).await.unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(interrupt.is_stopped());
    }
}
