//! When the next round is.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use artifact_http::backoff;

/// The wait after the first failure. It doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(10);

/// The longest wait that a server may ask for, unless the interval is longer.
const LONGEST_REQUESTED: Duration = Duration::from_secs(3600);

/// How long a watch waits between two rounds.
///
/// After a round without a failure that passes: the interval, of which a random part of up to the jitter is added or taken away, so that many Warehouses that were started
/// together do not ask together. After a failure that passes: ten seconds, doubled with each further failure, up to the interval. A
/// `Retry-After` of a server counts where it is longer, up to an hour.
///
/// ```
/// use std::time::Duration;
/// use warehouse_discovery::watch::Schedule;
///
/// let schedule = Schedule::new(Duration::from_secs(300));
/// assert_eq!(schedule.after_success(0.5), Duration::from_secs(300));
/// assert_eq!(schedule.after_success(0.0), Duration::from_secs(270));
/// assert_eq!(schedule.after_failures(1, None, 1.0), Duration::from_secs(10));
/// assert_eq!(schedule.after_failures(4, None, 1.0), Duration::from_secs(80));
/// assert_eq!(schedule.after_failures(99, None, 1.0), Duration::from_secs(300));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    interval: Duration,
    jitter: f64,
}

impl Schedule {
    /// Rounds this long apart, with a jitter of a tenth. An interval below a second counts as a second.
    pub fn new(interval: Duration) -> Self {
        Self { interval: interval.max(Duration::from_secs(1)), jitter: 0.1 }
    }

    /// The same with this jitter, as a part of the interval from 0 (none) to 1.
    #[must_use]
    pub fn with_jitter(mut self, part: f64) -> Self {
        self.jitter = if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 };
        self
    }

    /// The time between two rounds, without the jitter.
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// The wait after a round without a failure that passes. `random` is from 0 to 1.
    pub fn after_success(&self, random: f64) -> Duration {
        let factor = 1.0 + self.jitter * (2.0 * random.clamp(0.0, 1.0) - 1.0);
        // The longest intervals are rounded to more than fits.
        Duration::try_from_secs_f64(self.interval.as_secs_f64() * factor).unwrap_or(self.interval)
    }

    /// The wait after this many rounds in a row (one or more) with a failure that passes, where a server asked for `requested`. `random` is from 0 to 1.
    pub fn after_failures(&self, failures: u32, requested: Option<Duration>, random: f64) -> Duration {
        let wait = backoff(failures, FIRST_WAIT.min(self.interval), self.interval, random);
        let requested = requested.unwrap_or_default().min(LONGEST_REQUESTED.max(self.interval));
        wait.max(requested)
    }
}

/// A number from 0 to 1. The seeds of the standard library's hashers are random.
pub(crate) fn random_fraction() -> f64 {
    let bits = RandomState::new().hash_one(0_u8) >> 11;
    bits as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn waits() {
        let schedule = Schedule::new(seconds(60));
        for (failures, requested, random, expected) in [
            (1, None, 0.0, seconds(5)),
            (1, None, 1.0, seconds(10)),
            (2, None, 1.0, seconds(20)),
            (3, None, 1.0, seconds(40)),
            (4, None, 1.0, seconds(60)),
            (u32::MAX, None, 1.0, seconds(60)),
            (1, Some(seconds(30)), 1.0, seconds(30)),
            (1, Some(seconds(1)), 1.0, seconds(10)),
            (1, Some(seconds(u64::MAX)), 1.0, seconds(3600)),
        ] {
            assert_eq!(
                schedule.after_failures(failures, requested, random),
                expected,
                "{failures} {requested:?}"
            );
        }
        assert_eq!(
            Schedule::new(seconds(3)).after_failures(1, None, 1.0),
            seconds(3),
            "never longer than the interval"
        );
        assert_eq!(Schedule::new(Duration::ZERO).after_success(0.5), seconds(1));
        assert_eq!(schedule.with_jitter(0.0).after_success(1.0), seconds(60));
        assert_eq!(schedule.with_jitter(f64::NAN).after_success(1.0), seconds(60));
    }

    proptest::proptest! {
        #[test]
        fn no_interval_and_no_jitter_overflows(interval: u64, jitter: f64, random: f64, failures: u32, requested: Option<u64>) {
            let schedule = Schedule::new(seconds(interval)).with_jitter(jitter);
            let after = schedule.after_success(random);
            // Numbers of seconds beyond 2^53 are rounded.
            proptest::prop_assert!(after.as_secs_f64() <= schedule.interval().as_secs_f64() * 2.001);
            let _ = schedule.after_failures(failures, requested.map(seconds), random);
        }
    }
}
