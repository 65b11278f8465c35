//! The part of a budget for one class, and who holds it.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use artifact_source::{Error, ErrorKind, lock};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use crate::Tenant;

/// How often those who wait look for holders that are late.
const CHECK: Duration = Duration::from_millis(100);

/// Of so many tenants the last grants are kept in mind.
const MANY_TENANTS: usize = 4096;

/// The part of the budget for one class.
pub(super) struct Pool {
    capacity: u64,
    /// The most that one tenant may hold.
    pub(super) share: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: u64,
    by_tenant: HashMap<Tenant, u64>,
    holders: Vec<(Arc<Holder>, u64)>,
    /// In the order of arrival.
    waiting: Vec<Waiter>,
    /// When each tenant was granted something last, as a number that grows.
    granted: HashMap<Tenant, u64>,
    grants: u64,
}

struct Waiter {
    holder: Arc<Holder>,
    bytes: u64,
    grant: oneshot::Sender<()>,
}

/// What a holder has to do to keep its memory while others wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// The time without any progress.
    pub(super) grace: Duration,
    /// The bytes for which it has a second more. It has never more left than the grace.
    pub(super) per_second: u64,
    /// The time in all.
    pub(super) longest: Duration,
}

/// Who holds memory of a pool, or waits for some.
pub(super) struct Holder {
    pub(super) tenant: Tenant,
    terms: Terms,
    lease: Mutex<Lease>,
    revoked: watch::Sender<bool>,
}

/// Until when a holder need not fear for its memory.
struct Lease {
    until: Instant,
    end: Instant,
}

impl Holder {
    pub(super) fn new(tenant: Tenant, terms: Terms) -> Self {
        let now = Instant::now();
        Self {
            tenant,
            terms,
            lease: Mutex::new(Lease { until: now, end: now }),
            revoked: watch::Sender::new(false),
        }
    }

    fn begin(&self) {
        self.set(self.terms.grace, self.terms.longest);
    }

    fn set(&self, until: Duration, end: Duration) {
        let now = Instant::now();
        *lock(&self.lease) = Lease { until: now + until, end: now + end };
    }

    /// It makes progress: so many bytes more.
    pub(super) fn progress(&self, bytes: u64) {
        let more = Duration::from_millis(bytes.saturating_mul(1000) / self.terms.per_second.max(1));
        let now = Instant::now();
        let mut lease = lock(&self.lease);
        let until = lease.until.max(now) + more.min(self.terms.grace);
        lease.until = until.min(now + self.terms.grace).min(lease.end);
    }

    /// It needs the memory, and from now on makes no progress that could be seen.
    pub(super) fn settle(&self) {
        self.set(self.terms.longest, self.terms.longest);
    }

    fn is_late(&self, now: Instant) -> bool {
        lock(&self.lease).until < now
    }

    pub(super) fn is_revoked(&self) -> bool {
        *self.revoked.borrow()
    }

    /// Ready once the memory is needed by another tenant.
    pub(super) async fn revoked(&self) {
        // The sender lives in `self`, so this cannot fail while it is awaited.
        let _ = self.revoked.subscribe().wait_for(|revoked| *revoked).await;
    }
}

/// A claim that is waited for. One that was granted and is not taken is given back.
pub(super) struct Waiting<'a> {
    pool: &'a Pool,
    holder: Arc<Holder>,
    bytes: u64,
    granted: oneshot::Receiver<()>,
    is_taken: bool,
}

impl<'a> Waiting<'a> {
    /// From here on the claim may be granted at any moment.
    pub(super) fn new(pool: &'a Pool, holder: Arc<Holder>, Wanted { bytes, granted }: Wanted) -> Self {
        Self { pool, holder, bytes, granted, is_taken: false }
    }

    /// Waits for the claim, and returns its bytes. Those who hold more and [make too little progress](Terms) lose theirs.
    pub(super) async fn granted(&mut self) -> Result<u64, Error> {
        loop {
            match tokio::time::timeout(CHECK, &mut self.granted).await {
                Ok(Ok(())) => {
                    self.is_taken = true;
                    return Ok(self.bytes);
                }
                Ok(Err(_)) => return Err(Error::new(ErrorKind::Internal, "the memory budget is closed")),
                Err(_) => self.pool.revoke(&self.holder.tenant, self.bytes),
            }
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.is_taken {
            return;
        }
        self.granted.close();
        if self.granted.try_recv().is_ok() {
            self.pool.release(&self.holder, self.bytes);
        }
    }
}

/// A claim that is not granted yet.
pub(super) struct Wanted {
    bytes: u64,
    granted: oneshot::Receiver<()>,
}

impl Pool {
    pub(super) fn new(capacity: u64) -> Self {
        Self { capacity, share: capacity / 2, state: Mutex::default() }
    }

    pub(super) fn held(&self) -> u64 {
        lock(&self.state).held
    }

    /// Takes these bytes, or waits in line for them.
    pub(super) fn take(&self, holder: &Arc<Holder>, bytes: u64) -> Option<Wanted> {
        let mut state = lock(&self.state);
        let (grant, mut granted) = oneshot::channel();
        state.waiting.push(Waiter { holder: Arc::clone(holder), bytes, grant });
        self.serve(&mut state);
        drop(state);
        match granted.try_recv() {
            Ok(()) => None,
            Err(_) => Some(Wanted { bytes, granted }),
        }
    }

    pub(super) fn release(&self, holder: &Arc<Holder>, bytes: u64) {
        if bytes == 0 {
            return;
        }
        let mut state = lock(&self.state);
        state.give_back(holder, bytes);
        self.serve(&mut state);
    }

    /// Grants what there is room for: the tenant that holds least first, of several the one that has waited longest since its last grant, and of one
    /// tenant the claim that came first.
    fn serve(&self, state: &mut State) {
        state.waiting.retain(|waiter| !waiter.grant.is_closed());
        loop {
            let fits_share = |waiter: &&(usize, &Waiter)| {
                state.of(&waiter.1.holder.tenant).saturating_add(waiter.1.bytes) <= self.share
            };
            let mut first_of = HashMap::new();
            for (position, waiter) in state.waiting.iter().enumerate() {
                first_of.entry(&waiter.holder.tenant).or_insert((position, waiter));
            }
            let next = first_of
                .values()
                .filter(fits_share)
                .min_by_key(|(position, waiter)| {
                    let tenant = &waiter.holder.tenant;
                    (state.of(tenant), state.granted.get(tenant).copied().unwrap_or_default(), *position)
                })
                .map(|(position, waiter)| (*position, waiter.bytes));
            match next {
                // What is next waits for room, and nothing that came later overtakes it.
                Some((position, bytes)) if state.held.saturating_add(bytes) <= self.capacity => {
                    let waiter = state.waiting.remove(position);
                    state.give(&waiter.holder, bytes);
                    if waiter.grant.send(()).is_err() {
                        state.give_back(&waiter.holder, bytes);
                    }
                }
                _ => return,
            }
        }
    }

    /// Revokes the memory of other tenants that hold more than this one and are late, as much as it needs for these bytes.
    fn revoke(&self, tenant: &Tenant, bytes: u64) {
        let state = lock(&self.state);
        let own = state.of(tenant);
        if own.saturating_add(bytes) > self.share {
            return;
        }
        let now = Instant::now();
        let more = |holder: &Holder| holder.tenant != *tenant && state.of(&holder.tenant) > own;
        let mut missing = state.held.saturating_add(bytes).saturating_sub(self.capacity);
        let (revoked, mut late): (Vec<_>, Vec<_>) = state
            .holders
            .iter()
            .filter(|(holder, _)| holder.is_revoked() || more(holder) && holder.is_late(now))
            .partition(|(holder, _)| holder.is_revoked());
        // What was revoked a moment ago is about to be given back.
        missing = missing.saturating_sub(revoked.iter().map(|(_, bytes)| bytes).sum());
        late.sort_by_key(|(holder, bytes)| Reverse((state.of(&holder.tenant), *bytes)));
        for (holder, bytes) in late {
            if missing == 0 {
                return;
            }
            holder.revoked.send_replace(true);
            missing = missing.saturating_sub(*bytes);
        }
    }
}

impl State {
    fn of(&self, tenant: &Tenant) -> u64 {
        self.by_tenant.get(tenant).copied().unwrap_or_default()
    }

    fn give(&mut self, holder: &Arc<Holder>, bytes: u64) {
        self.held += bytes;
        *self.by_tenant.entry(holder.tenant.clone()).or_default() += bytes;
        holder.begin();
        if self.granted.len() >= MANY_TENANTS {
            let recent = self.grants.saturating_sub(MANY_TENANTS as u64 / 2);
            self.granted.retain(|_, number| *number > recent);
        }
        self.grants += 1;
        self.granted.insert(holder.tenant.clone(), self.grants);
        self.holders.push((Arc::clone(holder), bytes));
    }

    fn give_back(&mut self, holder: &Arc<Holder>, bytes: u64) {
        self.held = self.held.saturating_sub(bytes);
        if let Some(held) = self.by_tenant.get_mut(&holder.tenant) {
            *held = held.saturating_sub(bytes);
            if *held == 0 {
                self.by_tenant.remove(&holder.tenant);
            }
        }
        if let Some((_, held)) = self.holders.iter_mut().find(|(other, _)| Arc::ptr_eq(other, holder)) {
            *held = held.saturating_sub(bytes);
        }
        self.holders.retain(|(_, held)| *held > 0);
    }
}
