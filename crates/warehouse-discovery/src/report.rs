//! The report of a run.

use artifact_source::{AnyArtifact, Cost, Error, Observation, Principal, SourceId, Warning};
use jiff::Timestamp;

/// The result of one run over one Warehouse.
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

    /// A report of a run that began at this moment over a Warehouse of this name, without subscriptions: for the tests of an embedder, since a
    /// [`Discoverer`](crate::Discoverer) makes its own.
    ///
    /// ```
    /// use artifact_source::{Error, ErrorKind, SourceId, SourceKind};
    /// use warehouse_discovery::{Report, SubscriptionReport};
    ///
    /// let id = SourceId::new(SourceKind::Image, "ghcr.io/example/app");
    /// let failed = SubscriptionReport::new(0, id).with_error(Error::new(ErrorKind::TimedOut, "no answer"));
    /// let report = Report::new("demo", "2026-01-02T03:04:05Z".parse()?).with_subscription(failed);
    /// assert!(!report.is_complete());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(warehouse: impl Into<String>, discovered_at: Timestamp) -> Self {
        Self {
            warehouse: warehouse.into(),
            namespace: None,
            discovered_at,
            subscriptions: Vec::new(),
            cost: Cost::default(),
        }
    }

    /// The same report of a Warehouse in this namespace.
    #[must_use]
    pub fn with_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// The same report with one more subscription, whose cost is added to that of the run.
    #[must_use]
    pub fn with_subscription(mut self, subscription: SubscriptionReport) -> Self {
        self.cost.requests += subscription.cost.requests;
        self.cost.bytes_received += subscription.cost.bytes_received;
        self.subscriptions.push(subscription);
        self
    }

    /// The subscriptions that failed.
    pub fn failures(&self) -> impl Iterator<Item = (&SubscriptionReport, &Error)> {
        self.subscriptions.iter().filter_map(|report| Some((report, report.error.as_ref()?)))
    }
}

/// The result of one subscription.
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
    /// Problems that do not affect the artifacts: tags that were skipped because the registry refuses
    /// to show them, or an order of builds that no time decides.
    pub warnings: Vec<Warning>,
    /// The identity as which the source asked; `None` for sources that look up no credential.
    pub principal: Option<Principal>,
    /// What this subscription cost in this run, whether it answered or not.
    pub cost: Cost,
    pub(crate) observation: Option<Observation>,
    pub(crate) key: String,
}

impl SubscriptionReport {
    /// A report of the subscription at this place (from 0) in the manifest, which found nothing in this run, at no cost: for the tests of
    /// an embedder, since a [`Discoverer`](crate::Discoverer) makes its own.
    pub fn new(index: usize, id: SourceId) -> Self {
        Self {
            index,
            id,
            artifacts: Vec::new(),
            freshness: Freshness::Found,
            error: None,
            warnings: Vec::new(),
            principal: None,
            cost: Cost::default(),
            observation: None,
            key: String::new(),
        }
    }

    /// The same report with these artifacts, best first.
    #[must_use]
    pub fn with_artifacts(mut self, artifacts: impl IntoIterator<Item = AnyArtifact>) -> Self {
        self.artifacts = artifacts.into_iter().collect();
        self
    }

    /// The same report of a run that failed with this error. Its artifacts, if any, are those of an earlier run.
    #[must_use]
    pub fn with_error(mut self, error: Error) -> Self {
        self.error = Some(error);
        self.freshness = Freshness::Stale;
        self
    }

    /// The same report with artifacts from another run.
    #[must_use]
    pub fn with_freshness(mut self, freshness: Freshness) -> Self {
        self.freshness = freshness;
        self
    }

    /// The same report with these warnings.
    #[must_use]
    pub fn with_warnings(mut self, warnings: impl IntoIterator<Item = Warning>) -> Self {
        self.warnings = warnings.into_iter().collect();
        self
    }

    /// The same report of a source that asked as this user.
    #[must_use]
    pub fn with_principal(mut self, principal: Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    /// The same report at this cost.
    #[must_use]
    pub fn with_cost(mut self, cost: Cost) -> Self {
        self.cost = cost;
        self
    }
}

/// Which run a subscription's artifacts are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Freshness {
    /// This run found them.
    Found,
    /// An earlier run found them, and this one proved that a full run would find them again.
    Unchanged,
    /// This run failed. The artifacts, if any, are those of an earlier run.
    Stale,
}

impl Freshness {
    /// Whether this run answers for the artifacts.
    pub fn is_current(self) -> bool {
        !matches!(self, Self::Stale)
    }
}
