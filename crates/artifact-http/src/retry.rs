//! When a request is sent again, and how long the client waits before it.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant, SystemTime};

use http::{HeaderMap, HeaderName, header};

/// The wait that the server requests: `Retry-After` in seconds or as a date (RFC 9110,
/// section 10.2.3). A date is read beside the server's own `Date`, so that clocks need not agree; one
/// in the past is zero. `None` where there is no such header, or it cannot be read.
///
/// ```
/// use std::time::Duration;
/// use artifact_http::{HeaderMap, header, retry_after};
///
/// let mut headers = HeaderMap::new();
/// headers.insert(header::DATE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
/// headers.insert(header::RETRY_AFTER, "Sun, 06 Nov 1994 08:50:07 GMT".parse().unwrap());
/// assert_eq!(retry_after(&headers), Some(Duration::from_secs(30)));
/// ```
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that does not fit is longer than any wait.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let now = date(headers, header::DATE).unwrap_or_else(SystemTime::now);
    Some(until.duration_since(now).unwrap_or_default())
}

fn date(headers: &HeaderMap, name: HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?.trim()).ok()
}

/// Waits that double after every failure, with a random part, so that two clients that failed together do not try again together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    pub(crate) first: Duration,
    pub(crate) longest: Duration,
}

impl Backoff {
    /// The wait after this many failures (one or more): somewhere between half of the step and all of it.
    pub(crate) fn after(&self, failures: u32) -> Duration {
        backoff(failures, self.first, self.longest, random_fraction())
    }
}

/// The wait after this many failures (one or more): a step that is `first` and doubles with every further failure up to `longest`, of which the
/// random part takes away up to a half.
///
/// `random` is from 0 to 1: 0 gives half of the step, and 1 all of it.
///
/// ```
/// use std::time::Duration;
/// use artifact_http::backoff;
///
/// let (first, longest) = (Duration::from_millis(250), Duration::from_secs(8));
/// assert_eq!(backoff(1, first, longest, 1.0), first);
/// assert_eq!(backoff(3, first, longest, 0.0), Duration::from_millis(500));
/// assert_eq!(backoff(u32::MAX, first, longest, 1.0), longest);
/// ```
pub fn backoff(failures: u32, first: Duration, longest: Duration, random: f64) -> Duration {
    let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    let step = first.saturating_mul(doubled).min(longest);
    let wait = step.as_secs_f64() * (0.5 + 0.5 * random.clamp(0.0, 1.0));
    // The longest steps are rounded to more than fits.
    Duration::try_from_secs_f64(wait).unwrap_or(step)
}

/// A number from 0 to 1. The standard library seeds its hashers at random, which is all that is
/// needed to keep clients apart.
fn random_fraction() -> f64 {
    let bits = RandomState::new().hash_one(0_u8) >> 11;
    bits as f64 / (1_u64 << 53) as f64
}

/// The longest wait, which every clock and timer can represent: thirty years.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(30 * 365 * 86_400);

/// The moment so long after this one; where that is more than [`LONGEST_WAIT`], the one after so many.
pub(crate) fn instant_after(moment: Instant, wait: Duration) -> Instant {
    moment.checked_add(wait.min(LONGEST_WAIT)).unwrap_or(moment)
}

/// Whether a status may be another one a moment later.
pub(crate) fn is_passing(status: http::StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 421 | 425 | 429 | 500 | 502..=504 | 506..=599)
}

#[cfg(test)]
mod retry_after_tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expected: Option<u64>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::DATE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
        headers.insert(header::RETRY_AFTER, value.parse().unwrap());
        assert_eq!(retry_after(&headers), expected.map(Duration::from_secs), "{value:?}");
    }

    #[test]
    fn table() {
        check("0", Some(0));
        check(" 120 ", Some(120));
        check("99999999999999999999999", Some(u64::MAX));
        check("Sun, 06 Nov 1994 08:49:39 GMT", Some(2));
        check("Sunday, 06-Nov-94 08:50:37 GMT", Some(60));
        check("Sun Nov  6 08:49:37 1994", Some(0));
        check("Sun, 06 Nov 1994 08:00:00 GMT", Some(0));
        check("", None);
        check("-1", None);
        check("1.5", None);
        check("soon", None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    proptest::proptest! {
        #[test]
        fn noise_never_panics(value in "([0-9]{0,30}|[A-Za-z]{3},? [0-9]{1,2}[ -][A-Za-z]{3}[ -][0-9]{1,6} [0-9:]{0,9} GMT|[ -~]{0,40})") {
            let mut headers = HeaderMap::new();
            if let Ok(value) = http::HeaderValue::from_str(&value) {
                headers.insert(header::RETRY_AFTER, value.clone());
                headers.insert(header::DATE, value);
            }
            retry_after(&headers);
        }
    }
}

#[cfg(test)]
mod backoff_tests {
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

#[cfg(test)]
mod moment_tests {
    use super::*;

    #[test]
    fn no_wait_is_too_long() {
        let now = Instant::now();
        assert_eq!(instant_after(now, Duration::ZERO), now);
        assert_eq!(instant_after(now, Duration::from_secs(3)) - now, Duration::from_secs(3));
        for wait in [LONGEST_WAIT, Duration::from_secs(i64::MAX as u64), Duration::MAX] {
            assert_eq!(instant_after(now, wait) - now, LONGEST_WAIT, "{wait:?}");
        }
    }
}
