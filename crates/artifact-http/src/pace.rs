//! Rate limits per host, and per tenant.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use artifact_source::{Error, ErrorKind, lock};
use url::Url;

use crate::turns::{Bucket, Credit, Rate, Turn, Turns};
use crate::{Call, Tenant, is_loopback, retry};

/// How long the lower rate applies to a host that answered 429.
const SLOWDOWN: Duration = Duration::from_secs(60);
/// The number of hosts above which those at rest are forgotten.
const MANY: usize = 4096;
/// The slowest pace there is, before a 429: one request a day.
const LONGEST_INTERVAL: Duration = Duration::from_secs(86_400);
/// The fastest.
const SHORTEST_INTERVAL: Duration = Duration::from_nanos(1);
/// The most that a host is slowed down, as a factor.
const SLOWEST: u32 = 16;

/// A number of requests per second to each host, after a first burst. Clones share their state, so
/// clients that talk to the same host keep its pace together.
///
/// Where requests wait, the tenants [of their calls](crate::Call::for_tenant) take turns, and those of one tenant go in the order in which they
/// came. A tenant that sent little for some time may send a burst before its turn; what that takes is paid by those who wait, so that the
/// host gets no more requests than its rate permits, and four bursts at most beside.
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
    hosts: Mutex<HashMap<String, Host>>,
    tenants: Mutex<HashMap<Tenant, Bucket>>,
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

struct Host {
    turns: Turns,
    slowness: u32,
    slow_until: Instant,
}

impl Host {
    fn new(now: Instant) -> Self {
        Self { turns: Turns::new(now), slowness: 1, slow_until: now }
    }

    /// The rate at the moment. A host that answered 429 gets no burst.
    fn rate(&mut self, rate: Rate, now: Instant) -> (Rate, Credit) {
        if self.slow_until <= now {
            self.slowness = 1;
        }
        match self.slowness {
            1 => (rate, Credit::OfTenants),
            slowness => (Rate { interval: rate.interval.saturating_mul(slowness), burst: 1 }, Credit::None),
        }
    }

    fn is_at_rest(&self, now: Instant) -> bool {
        self.turns.is_at_rest(now) && self.slow_until <= now
    }
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
        Self(Arc::new(Shared { standard, named, hosts: Mutex::default(), tenants: Mutex::default() }))
    }

    /// Waits for the turn of one request of this call.
    ///
    /// # Errors
    ///
    /// `TimedOut` where the turn would come after the deadline.
    pub(crate) async fn turn(&self, url: &Url, call: &Call) -> Result<(), Error> {
        let late = || {
            Error::new(ErrorKind::TimedOut, "the pace set for the host leaves no time before the deadline")
                .with_url(url)
        };
        let (name, Some(rate)) = self.rate(url) else { return Ok(()) };
        let Some(mut turn) = self.ask(&name, rate, call, Instant::now()).map_err(|()| late())? else {
            return Ok(());
        };
        loop {
            // Each of those who wait wakes at the next moment at which somebody's turn is, and lets those go on whose turn it is.
            let next = self.serve(&name, rate, Instant::now());
            let until = [next, call.deadline].into_iter().flatten().min();
            let wake = async {
                match until {
                    Some(until) => tokio::time::sleep_until(until.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                granted = &mut turn => return granted.map_err(|_| late()),
                () = wake => {}
            }
            if call.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Err(late());
            }
        }
    }

    /// Asks for a turn; `None` if it is now, and an error if it is after the deadline however the others fare.
    fn ask(&self, name: &str, rate: Rate, call: &Call, now: Instant) -> Result<Option<Turn>, ()> {
        let mut hosts = lock(&self.0.hosts);
        if hosts.len() >= MANY {
            hosts.retain(|_, host| !host.is_at_rest(now));
        }
        let host = hosts.entry(name.to_owned()).or_insert_with(|| Host::new(now));
        let (rate, credit) = host.rate(rate, now);
        host.turns.ask(&call.tenant, (rate, credit), call.deadline, now)
    }

    /// Lets those go on whose turn it is, and returns the moment of the next one.
    fn serve(&self, name: &str, rate: Rate, now: Instant) -> Option<Instant> {
        let mut hosts = lock(&self.0.hosts);
        let host = hosts.get_mut(name)?;
        let rate = host.rate(rate, now);
        host.turns.serve(rate, now)
    }

    /// Waits for the turn of one request of the tenant of this call, whatever server it goes to. No tenant, and requests to this machine, do not wait.
    ///
    /// # Errors
    ///
    /// `TimedOut` where the turn would come after the deadline.
    pub(crate) async fn turn_of_tenant(&self, url: &Url, call: &Call) -> Result<(), Error> {
        let rate = self.0.standard.filter(|_| !is_loopback(url) && !call.tenant.is_none());
        let Some(rate) = rate else { return Ok(()) };
        let now = Instant::now();
        let at = {
            let mut tenants = lock(&self.0.tenants);
            if tenants.len() >= MANY {
                tenants.retain(|_, bucket| !bucket.is_full(now));
            }
            let bucket = tenants.entry(call.tenant.clone()).or_insert_with(|| Bucket::full(now));
            let at = bucket.free_at(rate, now);
            if at > now && call.deadline.is_some_and(|deadline| at >= deadline) {
                let message = "the rate set for each tenant leaves no time before the deadline";
                return Err(Error::new(ErrorKind::TimedOut, message).with_url(url));
            }
            bucket.take(rate, now);
            at
        };
        if at > now {
            tokio::time::sleep_until(at.into()).await;
        }
        Ok(())
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
    fn waits(pace: &Pace, at: &str, count: usize, begin: Instant) -> Vec<u128> {
        let (name, Some(rate)) = pace.rate(&url(at)) else { return vec![0; count] };
        let ask = |_| pace.ask(&name, rate, &Call::new(), begin).unwrap();
        let (now, mut waiting): (Vec<_>, Vec<_>) = (0..count).map(ask).partition(Option::is_none);
        let mut waits = vec![0; now.len()];
        let mut now = begin;
        while let Some(next) = pace.serve(&name, rate, now) {
            now = next;
            pace.serve(&name, rate, now);
            let before = waiting.len();
            waiting.retain_mut(|turn| turn.as_mut().is_some_and(|turn| turn.try_recv().is_err()));
            waits.extend(vec![(now - begin).as_millis(); before - waiting.len()]);
        }
        waits
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
        let soon = || Call::new().with_deadline(Instant::now() + Duration::from_secs(1));
        let hosts = ["https://a.example.com", "https://b.example.com"].map(url);
        for tenant in ["one", "other"] {
            for host in &hosts {
                pace.turn_of_tenant(host, &soon().for_tenant(tenant)).await.unwrap();
            }
            let late = pace.turn_of_tenant(&hosts[0], &soon().for_tenant(tenant)).await.unwrap_err();
            assert_eq!(late.kind(), ErrorKind::TimedOut);
        }
        for _ in 0..9 {
            pace.turn_of_tenant(&hosts[0], &soon()).await.unwrap();
            pace.turn_of_tenant(&url("http://127.0.0.1:5000"), &soon().for_tenant("one")).await.unwrap();
        }
    }

    #[test]
    fn a_turn_after_the_deadline_is_refused_and_not_taken() {
        let pace = Pace::per_second(10.0, 1);
        let (a, now) = (url("https://a.example.com"), Instant::now());
        let (name, rate) = pace.rate(&a);
        let within = |millis| Call::new().with_deadline(now + Duration::from_millis(millis));
        let ask = |call: &Call| pace.ask(&name, rate.unwrap(), call, now);
        assert!(ask(&Call::new()).unwrap().is_none());
        assert!(ask(&within(50)).is_err());
        let first = ask(&within(150)).unwrap().unwrap();
        assert!(ask(&within(150)).is_err(), "the one before takes that turn");
        drop(first);
        assert_eq!(waits(&pace, a.as_str(), 1, now), [100], "what is not waited for takes no turn");
        assert!(ask(&within(50).for_tenant("at rest")).unwrap().is_none());
    }

    #[tokio::test]
    async fn requests_wait_for_their_turn_and_no_longer_than_the_deadline() {
        let (pace, a) = (Pace::per_second(50.0, 1), url("https://a.example.com"));
        let begin = Instant::now();
        let crowd: Vec<Call> =
            (0..4).map(|number| Call::new().for_tenant(["one", "other"][number % 2])).collect();
        let all = futures::future::join_all(crowd.iter().map(|call| pace.turn(&a, call))).await;
        assert!(all.into_iter().all(|turn| turn.is_ok()));
        assert!(begin.elapsed() < Duration::from_secs(10));
        let pace = Pace::per_second(0.5, 1);
        pace.turn(&a, &Call::new()).await.unwrap();
        // Nothing of a deadline is too long a wait for a tenant whose turn depends on others.
        let (soon, later) = (Duration::from_millis(50), Duration::from_secs(3));
        let call = |time| Call::new().for_tenant("one").with_deadline(Instant::now() + time);
        let (first, second) = (call(later), call(soon));
        let (first, second) = tokio::join!(pace.turn(&a, &first), pace.turn(&a, &second));
        assert!(first.is_ok());
        assert_eq!(second.unwrap_err().kind(), ErrorKind::TimedOut);
    }
}
