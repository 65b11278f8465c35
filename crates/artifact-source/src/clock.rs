//! The clock of sources.

use std::fmt::Debug;

use jiff::Timestamp;

/// Returns the current time. Sources read no other clock, so a test or a replay can set the time. There is one exception: a
/// `Retry-After` with a date, in a response without a `Date`, is compared with the clock of the system, since it says for how long to wait and decides nothing
/// about artifacts. Deadlines and waits are measured by [`Instant`](std::time::Instant).
///
/// A [`Timestamp`] is a fixed clock, and [`SystemClock`] is the system's.
///
/// ```
/// use artifact_source::{Clock, SystemClock};
///
/// let noon: jiff::Timestamp = "2024-05-01T12:00:00Z".parse()?;
/// assert_eq!(noon.now(), noon);
/// assert!(SystemClock.now() > noon);
/// # Ok::<(), jiff::Error>(())
/// ```
pub trait Clock: Debug + Send + Sync + 'static {
    /// The present time.
    fn now(&self) -> Timestamp;
}

/// The clock of the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

impl Clock for Timestamp {
    fn now(&self) -> Timestamp {
        *self
    }
}

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}
