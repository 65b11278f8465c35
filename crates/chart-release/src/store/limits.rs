//! Limits of time.

use std::time::Duration;

/// The largest object that is read: 256 MiB, [the largest index](helm_source::index_limits::MAX_BYTES).
pub const MAX_OBJECT_BYTES: u64 = helm_source::index_limits::MAX_BYTES;

/// How long operations on a store may take, and how often they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreLimits {
    /// The longest time of one operation, with its tries. Defaults to 2 minutes.
    pub operation: Duration,
    /// How long a server may be silent. Defaults to 30 s.
    pub stall: Duration,
    /// How often a request is sent at most. Defaults to 4.
    pub attempts: usize,
    /// The longest wait between two tries. Defaults to 4 s.
    pub longest_backoff: Duration,
    /// How long other writers are waited for where a lock decides who writes. Defaults to 4 minutes, which is longer than a lease: a lock that
    /// was left behind lapses meanwhile.
    pub lock_wait: Duration,
    /// How long a lock is good for without being renewed; its holder renews it six times as often. It has to be longer than
    /// [`operation`](Self::operation), by as much as a renewal may be late. Defaults to 3 minutes.
    pub lock_lease: Duration,
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self {
            operation: Duration::from_secs(120),
            stall: Duration::from_secs(30),
            attempts: 4,
            longest_backoff: Duration::from_secs(4),
            lock_wait: Duration::from_secs(240),
            lock_lease: Duration::from_secs(180),
        }
    }
}
