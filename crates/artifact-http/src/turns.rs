//! Whose request to a host is next.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::{FairQueue, Tenant, retry};

/// The requests of one host may be ahead of its rate by this many bursts, where tenants at rest send theirs before their turn.
const MOST_BURSTS: u32 = 4;
/// A tenant may send a burst before its turn again after this many times as long as the host needs for one.
const REST: u32 = 4;
/// The number of tenants above which those at rest are forgotten.
const MANY: usize = 1024;

/// A rate, as the time between two requests, and the number of requests at once after a rest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    pub(crate) interval: Duration,
    pub(crate) burst: u32,
}

/// A right to send that is granted later.
pub(crate) type Turn = oneshot::Receiver<()>;

/// Whether tenants at rest may send before their turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credit {
    OfTenants,
    None,
}

/// A bucket of tokens, as the moment at which it is full again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    full_at: Instant,
}

impl Bucket {
    pub(crate) fn full(now: Instant) -> Self {
        Self { full_at: now }
    }

    pub(crate) fn is_full(&self, now: Instant) -> bool {
        self.full_at <= now
    }

    /// The moment at which there is a token: `now` or later.
    pub(crate) fn free_at(&self, rate: Rate, now: Instant) -> Instant {
        let full_at = self.after_one(rate.interval, now);
        // A bucket that would be full after `burst` intervals has just run dry.
        full_at.checked_sub(rate.interval.saturating_mul(rate.burst)).map_or(now, |free| free.max(now))
    }

    /// Takes a token, also one that is not there yet.
    pub(crate) fn take(&mut self, rate: Rate, now: Instant) {
        self.full_at = self.after_one(rate.interval, now);
    }

    fn after_one(&self, interval: Duration, now: Instant) -> Instant {
        retry::instant_after(self.full_at.max(now), interval)
    }
}

/// The requests to one host that wait, and what the host and each tenant have left.
pub(crate) struct Turns {
    host: Bucket,
    tenants: HashMap<Tenant, Bucket>,
    waiting: FairQueue<Tenant, oneshot::Sender<()>>,
}

impl Turns {
    pub(crate) fn new(now: Instant) -> Self {
        Self { host: Bucket::full(now), tenants: HashMap::new(), waiting: FairQueue::default() }
    }

    pub(crate) fn is_at_rest(&self, now: Instant) -> bool {
        self.host.is_full(now) && self.waiting.is_empty()
    }

    /// Asks for a turn of this tenant. `None` if it is now; an error if it is after the deadline, and then it is not taken.
    pub(crate) fn ask(
        &mut self,
        tenant: &Tenant,
        rate: (Rate, Credit),
        deadline: Option<Instant>,
        now: Instant,
    ) -> Result<Option<Turn>, ()> {
        if self.tenants.len() >= MANY {
            self.tenants.retain(|_, bucket| !bucket.is_full(now));
        }
        let (grant, mut turn) = oneshot::channel();
        // What nobody waits for any more does not count.
        self.waiting.retain(tenant, |grant| !grant.is_closed());
        self.waiting.push(tenant.clone(), grant);
        self.serve(rate, now);
        if turn.try_recv().is_ok() {
            return Ok(None);
        }
        // The tenant's own requests are before this one, if nobody else's are. Between two of them is the interval of the host; a fifth of
        // it less, where the tenant's own tokens are beside those of the host.
        let before = u32::try_from(self.waiting.len_of(tenant).saturating_sub(1)).unwrap_or(u32::MAX);
        let between = match rate.1 {
            Credit::OfTenants if !tenant.is_none() => rate.0.interval / 5 * 4,
            _ => rate.0.interval,
        };
        let earliest = retry::instant_after(self.next_of(tenant, rate, now), between.saturating_mul(before));
        if deadline.is_some_and(|deadline| earliest >= deadline) {
            return Err(());
        }
        Ok(Some(turn))
    }

    /// Grants the turns that are now, and returns the moment of the next one; `None` if nobody waits.
    pub(crate) fn serve(&mut self, rate: (Rate, Credit), now: Instant) -> Option<Instant> {
        loop {
            let is_ready = |tenant: &&Tenant| self.next_of(tenant, rate, now) <= now;
            let Some(tenant) = self.waiting.keys().find(is_ready).cloned() else { break };
            let Some((_, grant)) = self.waiting.pop_where(|key| *key == tenant) else { break };
            if grant.send(()).is_ok() {
                self.host.take(rate.0, now);
                if !tenant.is_none() {
                    let own = self.tenants.entry(tenant).or_insert_with(|| Bucket::full(now));
                    own.take(at_rest(rate.0), now);
                }
            }
        }
        self.waiting.keys().map(|tenant| self.next_of(tenant, rate, now)).min()
    }

    /// The moment at which the next request of this tenant may go, if nobody else's is before it.
    fn next_of(&self, tenant: &Tenant, (rate, credit): (Rate, Credit), now: Instant) -> Instant {
        let of_host = self.host.free_at(rate, now);
        if credit == Credit::None || tenant.is_none() {
            return of_host;
        }
        let ahead = Rate { burst: rate.burst.saturating_mul(MOST_BURSTS), ..rate };
        let own = self.tenants.get(tenant).map_or(now, |bucket| bucket.free_at(at_rest(rate), now));
        of_host.min(own.max(self.host.free_at(ahead, now)))
    }
}

/// The rate of a tenant's own tokens.
fn at_rest(rate: Rate) -> Rate {
    Rate { interval: rate.interval.saturating_mul(REST), ..rate }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: (Rate, Credit) = (Rate { interval: Duration::from_millis(100), burst: 3 }, Credit::OfTenants);

    /// The moments, in milliseconds, at which requests of these tenants go that all come at once.
    fn waits(turns: &mut Turns, rate: (Rate, Credit), tenants: &[&str], begin: Instant) -> Vec<u128> {
        let mut waiting: Vec<(usize, Turn)> = Vec::new();
        let mut went = vec![0; tenants.len()];
        for (number, tenant) in tenants.iter().enumerate() {
            if let Some(turn) = turns.ask(&Tenant::from(*tenant), rate, None, begin).unwrap() {
                waiting.push((number, turn));
            }
        }
        let mut now = begin;
        while let Some(next) = turns.serve(rate, now) {
            now = next;
            turns.serve(rate, now);
            waiting.retain_mut(|(number, turn)| {
                let waits = turn.try_recv().is_err();
                if !waits {
                    went[*number] = (now - begin).as_millis();
                }
                waits
            });
        }
        assert!(waiting.is_empty());
        went
    }

    #[test]
    fn one_tenant_has_the_rate_of_the_host() {
        let now = Instant::now();
        for tenant in ["", "a"] {
            let went = waits(&mut Turns::new(now), RATE, &[tenant; 7], now);
            assert_eq!(went, [0, 0, 0, 100, 200, 300, 400], "{tenant:?}");
        }
    }

    #[test]
    fn tenants_take_turns_and_one_at_rest_need_not_wait() {
        let now = Instant::now();
        let mut turns = Turns::new(now);
        let mut crowd = vec!["crowd"; 40];
        crowd.extend(["neighbour"; 6]);
        let went = waits(&mut turns, RATE, &crowd, now);
        let (crowd, neighbour) = went.split_at(40);
        assert_eq!(neighbour[..3], [0, 0, 0], "its burst, before the crowd");
        assert!(neighbour[5] <= 1500, "{neighbour:?}");
        // 46 requests at ten a second, after a burst of three.
        assert_eq!(went.iter().max(), Some(&4300), "{crowd:?}");
    }

    #[test]
    fn the_host_is_never_far_ahead_of_its_rate() {
        let now = Instant::now();
        let names: Vec<String> = (0..100).map(|number| number.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let went = waits(&mut Turns::new(now), RATE, &names, now);
        assert_eq!(went.iter().filter(|at| **at == 0).count(), 12, "four bursts");
        assert_eq!(went.iter().max(), Some(&((100 - 12) * 100)));
    }

    #[test]
    fn a_host_that_was_too_fast_gets_no_bursts() {
        let now = Instant::now();
        let slow = (Rate { interval: Duration::from_millis(200), burst: 1 }, Credit::None);
        let went = waits(&mut Turns::new(now), slow, &["a", "a", "a", "b"], now);
        assert_eq!(went, [0, 200, 600, 400]);
    }

    #[test]
    fn who_left_takes_no_turn() {
        let now = Instant::now();
        let mut turns = Turns::new(now);
        for _ in 0..50 {
            drop(turns.ask(&"a".into(), RATE, None, now));
        }
        assert_eq!(waits(&mut turns, RATE, &["a"], now), [100]);
    }

    proptest::proptest! {
        /// Everybody has a turn, and the host gets its rate and four bursts beside at most.
        #[test]
        fn any_crowd_is_served(crowd in proptest::collection::vec(0_u8..6, 1..60)) {
            let now = Instant::now();
            let names: Vec<String> = crowd.iter().map(|tenant| "t".repeat(usize::from(*tenant))).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let mut went = waits(&mut Turns::new(now), RATE, &names, now);
            went.sort_unstable();
            for (number, at) in went.iter().enumerate() {
                let at_rate = (number as u128 + 1).saturating_sub(12) * 100;
                proptest::prop_assert!(*at >= at_rate, "{number}: {at}");
                proptest::prop_assert!(*at <= (number as u128 + 1).saturating_sub(3) * 100, "{number}: {at}");
            }
        }
    }
}
