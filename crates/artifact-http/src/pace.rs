//! Rate limits per host.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use artifact_source::{Error, ErrorKind, lock};
use url::Url;

use crate::{Tenant, is_loopback, retry};

/// How long the lower rate applies to a host that answered 429.
const SLOWDOWN: Duration = Duration::from_secs(60);
/// How many hosts are kept in mind before those that are at rest are forgotten.
const MANY: usize = 4096;
/// The slowest pace there is, before a 429: one request a day.
const LONGEST_INTERVAL: Duration = Duration::from_secs(86_400);
/// The fastest.
const SHORTEST_INTERVAL: Duration = Duration::from_nanos(1);
/// How much slower it can get.
const SLOWEST: u32 = 16;

/// So many requests per second to each host, after a first burst. Clones share their state, so
/// clients that talk to the same host keep its pace together.
///
/// A 429 halves the rate of its host for a minute. This machine itself has no limit,
/// unless one was set for it by name.
///
/// ```
/// use artifact_http::Pace;
///
/// let pace = Pace::per_second(20.0, 20).with_host("registry.example.com:5000", 100.0, 50);
/// ```
#[derive(Clone)]
pub struct Pace(Arc<Shared>);

struct Shared {
    standard: Option<Rate>,
    named: HashMap<String, Option<Rate>>,
    hosts: Mutex<HashMap<String, State>>,
}

#[derive(Clone, Copy, Debug)]
struct Rate {
    interval: Duration,
    burst: u32,
}

impl Rate {
    /// `None` for no limit.
    fn new(per_second: f64, burst: u32) -> Option<Self> {
        if !(per_second > 0.0 && per_second.is_finite()) {
            return None;
        }
        // What does not fit is the interval of a tiny rate.
        let interval = Duration::try_from_secs_f64(per_second.recip()).unwrap_or(LONGEST_INTERVAL);
        Some(Self { interval: interval.clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL), burst: burst.max(1) })
    }
}

/// The state of a host: the moment at which its bucket will be full again.
#[derive(Clone, Copy)]
struct State {
    full_at: Instant,
    slowness: u32,
    slow_until: Instant,
}

impl Pace {
    /// So many requests per second to each host, and so many at once after a rest. A rate that is not above
    /// zero, or infinite, means no limit; one below one request a day is one request a day.
    pub fn per_second(requests: f64, burst: u32) -> Self {
        Self::from_parts(Rate::new(requests, burst), HashMap::new())
    }

    /// No limit but those for named hosts.
    pub fn unlimited() -> Self {
        Self::from_parts(None, HashMap::new())
    }

    /// The same with another rate for this host (`example.com` or `example.com:5000`).
    #[must_use]
    pub fn with_host(self, host: &str, requests: f64, burst: u32) -> Self {
        let mut named = self.0.named.clone();
        named.insert(host.to_ascii_lowercase(), Rate::new(requests, burst));
        Self::from_parts(self.0.standard, named)
    }

    fn from_parts(standard: Option<Rate>, named: HashMap<String, Option<Rate>>) -> Self {
        Self(Arc::new(Shared { standard, named, hosts: Mutex::default() }))
    }

    /// Waits for the turn of one request.
    ///
    /// # Errors
    ///
    /// `RateLimited` where the turn would come after the deadline.
    pub(crate) async fn turn(&self, url: &Url, deadline: Option<Instant>) -> Result<(), Error> {
        let at = self.reserve(url, Instant::now(), deadline).map_err(|()| {
            Error::new(ErrorKind::TimedOut, "the pace set for the host leaves no time before the deadline")
                .with_url(url)
        })?;
        if let Some(at) = at {
            tokio::time::sleep_until(at.into()).await;
        }
        Ok(())
    }

    /// Waits for the turn of one request of this tenant, whatever server it goes to. No tenant, and requests to this machine, do not wait.
    ///
    /// # Errors
    ///
    /// `TimedOut` where the turn would come after the deadline.
    pub(crate) async fn turn_of_tenant(
        &self,
        tenant: &Tenant,
        url: &Url,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        let rate = self.0.standard.filter(|_| !is_loopback(url));
        let (Some(rate), Some(name)) = (rate, tenant.name()) else { return Ok(()) };
        let turn = self.reserve_at(name.to_owned(), rate, Instant::now(), deadline);
        let at = turn.map_err(|()| {
            Error::new(ErrorKind::TimedOut, "the rate set for each tenant leaves no time before the deadline")
                .with_url(url)
        })?;
        if let Some(at) = at {
            tokio::time::sleep_until(at.into()).await;
        }
        Ok(())
    }

    /// The moment of the next turn, which is taken by that; `None` for now.
    fn reserve(&self, url: &Url, now: Instant, deadline: Option<Instant>) -> Result<Option<Instant>, ()> {
        let (host, Some(rate)) = self.rate(url) else { return Ok(None) };
        self.reserve_at(host, rate, now, deadline)
    }

    fn reserve_at(
        &self,
        host: String,
        rate: Rate,
        now: Instant,
        deadline: Option<Instant>,
    ) -> Result<Option<Instant>, ()> {
        let mut hosts = lock(&self.0.hosts);
        if hosts.len() >= MANY {
            hosts.retain(|_, state| state.full_at > now || state.slow_until > now);
        }
        let state = hosts.entry(host).or_insert(State { full_at: now, slowness: 1, slow_until: now });
        if state.slow_until <= now {
            state.slowness = 1;
        }
        let interval = rate.interval.saturating_mul(state.slowness);
        let full_at = retry::instant_after(state.full_at.max(now), interval);
        // A bucket that would be full after `burst` intervals has just run dry.
        let burst = if state.slowness == 1 { rate.burst } else { 1 };
        let turn = full_at.checked_sub(interval.saturating_mul(burst)).filter(|turn| *turn > now);
        if turn.is_some() && turn >= deadline && deadline.is_some() {
            return Err(());
        }
        state.full_at = full_at;
        Ok(turn)
    }

    /// Halves the pace of the host for a while.
    pub(crate) fn slow_down(&self, url: &Url) {
        let (host, Some(_)) = self.rate(url) else { return };
        let now = Instant::now();
        let mut hosts = lock(&self.0.hosts);
        if let Some(state) = hosts.get_mut(&host) {
            // Many requests that were under way together are one reason, not many.
            let fresh = state
                .slow_until
                .checked_sub(SLOWDOWN)
                .is_none_or(|since| now > retry::instant_after(since, Duration::from_secs(1)));
            if fresh {
                state.slowness = (state.slowness * 2).min(SLOWEST);
                state.slow_until = retry::instant_after(now, SLOWDOWN);
            }
        }
    }

    fn rate(&self, url: &Url) -> (String, Option<Rate>) {
        let host = url.host_str().unwrap_or_default().to_owned();
        let with_port = format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
        let named = self.0.named.get(&with_port).or_else(|| self.0.named.get(&host));
        let rate = match named {
            Some(rate) => *rate,
            None if is_loopback(url) => None,
            None => self.0.standard,
        };
        (with_port, rate)
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pace")
            .field("standard", &self.0.standard)
            .field("named", &self.0.named)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    /// The waits of this many requests that all come at once, in milliseconds.
    fn waits(pace: &Pace, at: &str, count: usize, now: Instant) -> Vec<u128> {
        let wait = |turn: Option<Instant>| turn.map_or(0, |turn| (turn - now).as_millis());
        (0..count).map(|_| wait(pace.reserve(&url(at), now, None).unwrap())).collect()
    }

    #[test]
    fn a_burst_and_then_one_after_the_other() {
        let pace = Pace::per_second(10.0, 3);
        let now = Instant::now();
        assert_eq!(waits(&pace, "https://a.example.com", 6, now), [0, 0, 0, 100, 200, 300]);
        assert_eq!(waits(&pace, "https://b.example.com", 1, now), [0], "each host has its own pace");
        let rested = now + Duration::from_secs(60);
        assert_eq!(waits(&pace, "https://a.example.com", 4, rested), [0, 0, 0, 100]);
    }

    #[test]
    fn hosts_by_name_and_this_machine() {
        let pace = Pace::per_second(10.0, 1).with_host("Fast.example.com", 1000.0, 1).with_host(
            "127.0.0.1:5000",
            1.0,
            1,
        );
        let now = Instant::now();
        assert_eq!(waits(&pace, "https://fast.example.com/x", 3, now), [0, 1, 2]);
        assert_eq!(waits(&pace, "http://127.0.0.1:5001", 3, now), [0, 0, 0]);
        assert_eq!(waits(&pace, "http://127.0.0.1:5000", 3, now), [0, 1000, 2000]);
        assert_eq!(waits(&Pace::unlimited(), "https://a.example.com", 2, now), [0, 0]);
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(waits(&Pace::per_second(rate, 1), "https://a.example.com", 2, now), [0, 0], "{rate}");
        }
    }

    #[test]
    fn every_rate_above_zero_is_a_limit() {
        const DAY: u128 = 86_400_000;
        let now = Instant::now();
        for (rate, second, third) in [
            (1.0, 1000, 2000),
            (1e-3, 1_000_000, 2_000_000),
            (1e-5, DAY, 2 * DAY),
            (1e-19, DAY, 2 * DAY),
            (1e-20, DAY, 2 * DAY),
            (1e-300, DAY, 2 * DAY),
            (f64::MIN_POSITIVE, DAY, 2 * DAY),
            (5e-324, DAY, 2 * DAY),
        ] {
            let waited = waits(&Pace::per_second(rate, 1), "https://a.example.com", 3, now);
            assert_eq!(waited, [0, second, third], "{rate:e}");
            let pace = Pace::unlimited().with_host("a.example.com", rate, u32::MAX);
            assert_eq!(waits(&pace, "https://a.example.com", 3, now), [0, 0, 0], "{rate:e} after a rest");
            pace.slow_down(&url("https://a.example.com"));
            let slow = waits(&pace, "https://a.example.com", 1, now);
            assert!(slow[0] >= second, "{rate:e} after a 429: {slow:?}");
        }
        for rate in [f64::MAX, 1e300, 1e10] {
            let pace = Pace::per_second(rate, 1);
            assert_eq!(pace.0.standard.map(|rate| rate.interval), Some(SHORTEST_INTERVAL), "{rate:e}");
        }
    }

    #[test]
    fn a_429_halves_the_pace_once_for_all_that_were_under_way() {
        let pace = Pace::per_second(10.0, 1);
        let a = url("https://a.example.com");
        waits(&pace, a.as_str(), 1, Instant::now());
        for _ in 0..20 {
            pace.slow_down(&a);
        }
        let later = Instant::now() + Duration::from_secs(30);
        assert_eq!(waits(&pace, a.as_str(), 3, later), [0, 200, 400]);
        let much_later = later + Duration::from_secs(60);
        assert_eq!(waits(&pace, a.as_str(), 2, much_later), [0, 100]);
    }

    #[tokio::test]
    async fn tenants_have_a_rate_each_over_all_hosts() {
        let pace = Pace::per_second(0.001, 2);
        let soon = || Some(Instant::now() + Duration::from_secs(1));
        let hosts = ["https://a.example.com", "https://b.example.com"].map(url);
        for tenant in ["one", "other"].map(Tenant::from) {
            for host in &hosts {
                pace.turn_of_tenant(&tenant, host, soon()).await.unwrap();
            }
            let late = pace.turn_of_tenant(&tenant, &hosts[0], soon()).await.unwrap_err();
            assert_eq!(late.kind(), ErrorKind::TimedOut);
        }
        for _ in 0..9 {
            pace.turn_of_tenant(&Tenant::default(), &hosts[0], soon()).await.unwrap();
            pace.turn_of_tenant(&"one".into(), &url("http://127.0.0.1:5000"), soon()).await.unwrap();
        }
    }

    #[test]
    fn a_turn_after_the_deadline_is_refused_and_not_taken() {
        let pace = Pace::per_second(10.0, 1);
        let (a, now) = (url("https://a.example.com"), Instant::now());
        assert!(pace.reserve(&a, now, None).is_ok());
        assert!(pace.reserve(&a, now, Some(now + Duration::from_millis(50))).is_err());
        assert_eq!(waits(&pace, a.as_str(), 1, now), [100]);
    }
}
