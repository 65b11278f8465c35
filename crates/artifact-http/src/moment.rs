//! Moments ahead, however far.

use std::time::{Duration, Instant};

/// As good as for ever, and still within what every clock and timer can tell: thirty years.
pub(crate) const AGES: Duration = Duration::from_secs(30 * 365 * 86_400);

/// The moment so long after this one; where that is more than [`AGES`], the one after so many.
pub(crate) fn after(moment: Instant, wait: Duration) -> Instant {
    moment.checked_add(wait.min(AGES)).unwrap_or(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_wait_is_too_long() {
        let now = Instant::now();
        assert_eq!(after(now, Duration::ZERO), now);
        assert_eq!(after(now, Duration::from_secs(3)) - now, Duration::from_secs(3));
        for wait in [AGES, Duration::from_secs(i64::MAX as u64), Duration::MAX] {
            assert_eq!(after(now, wait) - now, AGES, "{wait:?}");
        }
    }
}
