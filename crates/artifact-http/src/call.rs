//! What the requests of one discovery share.

use std::time::{Duration, Instant};

use artifact_source::{Cost, DiscoverRequest, Error, Meter};
use url::Url;

use crate::Tenant;
use crate::tenant::NO_TENANT;

/// What the requests of one discovery share: a meter, a deadline, whose they are, and the moment it began. Clones
/// share the meter.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Call {
    /// Counts requests and bytes.
    pub meter: Meter,
    /// When the answer is of no more use.
    pub deadline: Option<Instant>,
    /// Whose requests they are: tenants have turns, rates and shares of the memory of their own. Defaults to no tenant.
    pub tenant: Tenant,
    started: Instant,
}

impl Call {
    /// A call that begins now, with a meter at zero and without a deadline.
    pub fn new() -> Self {
        Self { meter: Meter::new(), deadline: None, tenant: NO_TENANT.clone(), started: Instant::now() }
    }

    /// The same, ending at this moment.
    #[must_use]
    pub fn with_deadline(mut self, deadline: impl Into<Option<Instant>>) -> Self {
        self.deadline = deadline.into();
        self
    }

    /// The same for this tenant, which has turns, rates and a share of the [memory](crate::MemoryBudget) of its own. Defaults to no tenant.
    #[must_use]
    pub fn for_tenant(mut self, tenant: impl Into<Tenant>) -> Self {
        self.tenant = tenant.into();
        self
    }

    /// What the call has cost so far.
    pub fn cost(&self) -> Cost {
        self.meter.cost(self.started.elapsed())
    }

    /// Waits for this work until the deadline.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](artifact_source::ErrorKind::TimedOut) where the deadline passes first. The work is dropped then.
    pub async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        match self.deadline {
            None => Ok(work.await),
            Some(deadline) => {
                tokio::time::timeout_at(deadline.into(), work).await.map_err(|_| Error::deadline_passed(""))
            }
        }
    }

    /// The time that is left; `None` for no deadline, zero once it has passed.
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }
}

impl Default for Call {
    fn default() -> Self {
        Self::new()
    }
}

impl From<&DiscoverRequest<'_>> for Call {
    fn from(request: &DiscoverRequest<'_>) -> Self {
        Self { meter: request.meter(), ..Self::new().with_deadline(request.deadline) }
    }
}

/// The end of a wait, and whether that is the deadline of the whole call.
pub(crate) fn until(longest: Duration, deadline: Option<Instant>) -> (Instant, bool) {
    let end = crate::retry::instant_after(Instant::now(), longest);
    match deadline {
        Some(deadline) if deadline <= end => (deadline, true),
        _ => (end, false),
    }
}

pub(crate) fn deadline_passed_at(url: &Url) -> Error {
    Error::deadline_passed("").with_url(url)
}

pub(crate) fn silence(url: &Url, stall: Duration) -> Error {
    Error::silent("the server", stall).with_url(url)
}
