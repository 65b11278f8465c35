//! What came of a run.

use artifact_source::{AnyArtifact, Cost, Error, Observation, Principal, SourceId, Warning};
use jiff::Timestamp;

/// What came of one run over one Warehouse.
#[derive(Debug)]
#[non_exhaustive]
pub struct Report {
    /// The Warehouse's name.
    pub warehouse: String,
    /// The Warehouse's namespace, if it has one.
    pub namespace: Option<String>,
    /// When the run began.
    pub discovered_at: Timestamp,
    /// One per subscription, in the manifest's order.
    pub subscriptions: Vec<SubscriptionReport>,
    /// Requests and bytes of all subscriptions together, and the wall time of the whole run.
    pub cost: Cost,
}

impl Report {
    /// Whether every subscription answered.
    pub fn is_complete(&self) -> bool {
        self.failures().next().is_none()
    }

    /// The subscriptions that failed.
    pub fn failures(&self) -> impl Iterator<Item = (&SubscriptionReport, &Error)> {
        self.subscriptions.iter().filter_map(|report| Some((report, report.error.as_ref()?)))
    }
}

/// What came of one subscription.
#[derive(Debug)]
#[non_exhaustive]
pub struct SubscriptionReport {
    /// The subscription's place in the manifest, from 0.
    pub index: usize,
    /// Which source it was.
    pub id: SourceId,
    /// The artifacts, the best one first: of this run, or left over from an earlier one where
    /// [`freshness`](Self::freshness) says so.
    pub artifacts: Vec<AnyArtifact>,
    /// Which run the artifacts are from.
    pub freshness: Freshness,
    /// Why this run has no answer.
    pub error: Option<Error>,
    /// What deserves a person's attention although the artifacts stand: tags that were passed over because the registry refuses
    /// to show them, or an order of builds that no time decides.
    pub warnings: Vec<Warning>,
    /// The identity as which the source asked; `None` for sources that look up no credential.
    pub principal: Option<Principal>,
    /// What this subscription cost in this run, whether it answered or not.
    pub cost: Cost,
    pub(crate) observation: Option<Observation>,
    pub(crate) key: String,
}

/// Which run a subscription's artifacts are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Freshness {
    /// This run found them.
    Found,
    /// An earlier run found them, and this one proved that a full run would find them again.
    Unchanged,
    /// This run failed. What stands there, if anything, was true once.
    Stale,
}

impl Freshness {
    /// Whether this run answers for the artifacts.
    pub fn is_current(self) -> bool {
        !matches!(self, Self::Stale)
    }
}
