//! How fast the body of an answer has to come.

use std::time::Duration;

use artifact_source::{Error, ErrorKind};

/// The least that a server has to send, averaged over a window of waiting: 1 KiB a second over 30 seconds by default. A server that sends a byte before
/// each stall time-out ends would otherwise hold its place as long as it likes.
///
/// Time counts only while the server is waited for, and not while the program works on what came. A body that ends within the window
/// may be as small as it likes.
///
/// ```
/// use std::time::Duration;
///
/// use artifact_http::{HttpClient, LeastProgress};
///
/// let slow_line = LeastProgress::new(100, Duration::from_secs(60));
/// let client = HttpClient::builder().least_progress(slow_line).build()?;
/// # Ok::<(), artifact_source::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LeastProgress {
    bytes_per_second: u64,
    window: Duration,
}

impl LeastProgress {
    /// This many bytes a second, averaged over this time. No bytes are no limit; a window of less than a millisecond is one of a millisecond.
    pub const fn new(bytes_per_second: u64, window: Duration) -> Self {
        let least = Duration::from_millis(1);
        let window = if window.as_nanos() < least.as_nanos() { least } else { window };
        Self { bytes_per_second, window }
    }

    /// The bytes that have to come within the window.
    fn bytes(self) -> u64 {
        let bytes = u128::from(self.bytes_per_second).saturating_mul(self.window.as_millis()) / 1000;
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

impl Default for LeastProgress {
    fn default() -> Self {
        Self::new(1 << 10, Duration::from_secs(30))
    }
}

/// What one server sent while it was waited for, against the [`LeastProgress`].
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    least: LeastProgress,
    waited: Duration,
    received: u64,
}

impl Progress {
    /// Nothing was waited for yet.
    pub const fn new(least: LeastProgress) -> Self {
        Self { least, waited: Duration::ZERO, received: 0 }
    }

    /// How long the server may be waited for until its progress is looked at.
    pub fn left(&self) -> Duration {
        self.least.window.saturating_sub(self.waited)
    }

    /// Counts a wait, and what came in it.
    ///
    /// # Errors
    ///
    /// `TimedOut` where the window is over and less came in it than has to.
    pub fn add(&mut self, waited: Duration, received: usize) -> Result<(), Error> {
        self.waited = self.waited.saturating_add(waited);
        self.received = self.received.saturating_add(received as u64);
        if self.waited < self.least.window {
            return Ok(());
        }
        if self.received < self.least.bytes() {
            let (received, least) = (self.received, self.least.bytes_per_second);
            let time = self.waited.as_secs_f64();
            let message =
                format!("the server sent {received} bytes in {time:.1} s, less than {least} bytes a second");
            return Err(Error::new(ErrorKind::TimedOut, message));
        }
        (self.waited, self.received) = (Duration::ZERO, 0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_window_with_too_little_is_an_error_and_each_window_counts_alone() {
        let mut progress = Progress::new(LeastProgress::new(10, seconds(30)));
        for _ in 0..3 {
            assert_eq!(progress.left(), seconds(30));
            progress.add(seconds(29), 299).unwrap();
            assert_eq!(progress.left(), seconds(1));
            progress.add(seconds(1), 1).unwrap();
        }
        progress.add(seconds(29), 299).unwrap();
        let error = progress.add(seconds(1), 0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(error.to_string(), "the server sent 299 bytes in 30.0 s, less than 10 bytes a second");
    }

    #[test]
    fn no_bytes_are_no_limit() {
        let mut progress = Progress::new(LeastProgress::new(0, Duration::ZERO));
        for _ in 0..9 {
            progress.add(seconds(1000), 0).unwrap();
        }
        assert_eq!(LeastProgress::default().bytes(), 30 << 10);
    }
}
