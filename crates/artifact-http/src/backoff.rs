//! How long to wait before the next try.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Twice as long after every failure, and never the same for two who failed together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    pub(crate) first: Duration,
    pub(crate) longest: Duration,
}

impl Backoff {
    /// The wait after this many failures (one or more): somewhere between half of the step and all of it.
    pub(crate) fn after(&self, failures: u32) -> Duration {
        let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        let step = self.first.saturating_mul(doubled).min(self.longest);
        let wait = step.as_secs_f64() * (0.5 + 0.5 * random_fraction());
        // The longest steps are rounded to more than fits.
        Duration::try_from_secs_f64(wait).unwrap_or(step)
    }
}

/// A number from 0 to 1. The standard library seeds its hashers at random, which is all that is
/// needed to keep clients from marching in step.
fn random_fraction() -> f64 {
    let bits = RandomState::new().hash_one(0_u8) >> 11;
    bits as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_to_its_bound_and_stays_there() {
        let backoff = Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(1) };
        for (failures, step) in
            [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1000), (40, 1000), (u32::MAX, 1000)]
        {
            let wait = backoff.after(failures).as_millis();
            assert!((step / 2..=step).contains(&wait), "after {failures} failures: {wait} ms");
        }
    }

    #[test]
    fn no_step_is_too_long() {
        for step in [Duration::MAX, Duration::MAX - Duration::from_nanos(1)] {
            let backoff = Backoff { first: step, longest: step };
            for failures in [1, 2, u32::MAX] {
                assert!(backoff.after(failures) >= step / 2 - Duration::from_secs(1 << 12));
            }
        }
    }

    #[test]
    fn those_who_failed_together_do_not_come_back_together() {
        let backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(1) };
        let waits: std::collections::BTreeSet<_> = (0..100).map(|_| backoff.after(1)).collect();
        assert!(waits.len() > 50, "{} different waits of a hundred", waits.len());
    }
}
