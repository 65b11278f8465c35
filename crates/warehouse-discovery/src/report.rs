//! The result of a run: the report of every subscription, the Freight and the status that follow from it, and the snapshot for the next run.

use std::collections::BTreeMap;

use artifact_source::{AnyArtifact, Cost, Error, Observation, Principal, SourceId, Warning};
use freight::{FreightBuilder, NoFreight};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use warehouse_spec::{DiscoveredArtifacts, DiscoveryResult, Freight, Subscription, Warehouse};

use crate::kinds;

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
    /// use warehouse_discovery::source::{Error, ErrorKind};
    /// use warehouse_discovery::spec::{ImageSubscription, Subscription};
    /// use warehouse_discovery::{Report, SubscriptionReport};
    ///
    /// let app = Subscription::new(ImageSubscription::new("ghcr.io/example/app"));
    /// let failed = SubscriptionReport::new(0, &app).with_error(Error::new(ErrorKind::TimedOut, "no answer"));
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

    /// The Freight that follows from this run
    /// ([rule 6.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    ///
    /// Only artifacts that this run answers for count, not those that an earlier run found.
    ///
    /// # Errors
    ///
    /// [`NoFreight`], which names every subscription without an artifact. A subscription that failed keeps its
    /// [`Error`](artifact_source::Error): [`MissingCause::Failed`](freight::MissingCause::Failed) downcasts to it.
    pub fn freight(&self, warehouse: &Warehouse) -> Result<Freight, NoFreight> {
        self.freight_builder(warehouse).build()
    }

    /// The same, before it is built: [`FreightBuilder::assemble`] makes Freight where the policy is `Manual`, too.
    pub fn freight_builder<'a>(&self, warehouse: &'a Warehouse) -> FreightBuilder<'a> {
        let builder = FreightBuilder::new(warehouse).discovered_at(self.discovered_at);
        self.subscriptions.iter().fold(builder, |builder, report| {
            match (&report.error, warehouse.spec.subscriptions.get(report.index)) {
                (None, Some(subscription)) if report.freshness.is_current() => {
                    builder.found(report.index, report.discovery_result(subscription))
                }
                (Some(error), _) => builder.failed(report.index, error.clone()),
                _ => builder,
            }
        })
    }

    /// The artifacts in the shape of Kargo's `status.discoveredArtifacts`. A `repoURL` with a password in it is given without.
    ///
    /// A subscription that failed with nothing left over from an earlier run has no entry, which is
    /// not the same as an entry without artifacts: that one was asked and nothing fits.
    pub fn discovered_artifacts(&self, warehouse: &Warehouse) -> DiscoveredArtifacts {
        let mut discovered: DiscoveredArtifacts = self
            .subscriptions
            .iter()
            .filter(|report| report.error.is_none() || !report.artifacts.is_empty())
            .filter_map(|report| {
                Some(report.discovery_result(warehouse.spec.subscriptions.get(report.index)?))
            })
            .collect();
        discovered.discovered_at = Some(self.discovered_at);
        discovered
    }

    /// What this run leaves for the next. A subscription that failed leaves what it had.
    pub fn snapshot(&self) -> Snapshot {
        let remembered = self.subscriptions.iter().filter(|report| {
            // A failure with nothing left over is nothing to remember.
            report.error.is_none() || !report.artifacts.is_empty()
        });
        let entries = remembered.map(|report| {
            let remembered =
                Remembered { artifacts: report.artifacts.clone(), observation: report.observation.clone() };
            (report.key.clone(), remembered)
        });
        Snapshot { subscriptions: entries.collect() }
    }
}

/// The result of one subscription.
#[derive(Clone, Debug)]
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
    /// A report of this subscription, at this place (from 0) in the manifest, which found nothing in this run, at no cost: for the tests of
    /// an embedder, since a [`Discoverer`](crate::Discoverer) makes its own. [`Report::snapshot`] keeps its artifacts and its observation for
    /// the next run over the same subscription.
    pub fn new(index: usize, subscription: &Subscription) -> Self {
        Self {
            index,
            id: kinds::id(subscription),
            artifacts: Vec::new(),
            freshness: Freshness::Found,
            error: None,
            warnings: Vec::new(),
            principal: None,
            cost: Cost::default(),
            observation: None,
            key: key(subscription),
        }
    }

    /// The same report of a source with an id of its own, as one that a factory for generic subscriptions makes may have.
    #[must_use]
    pub fn with_id(mut self, id: SourceId) -> Self {
        self.id = id;
        self
    }

    /// The same report with these artifacts, best first.
    #[must_use]
    pub fn with_artifacts(mut self, artifacts: impl IntoIterator<Item = AnyArtifact>) -> Self {
        self.artifacts = artifacts.into_iter().collect();
        self
    }

    /// The same report with what the source observed, from which the next run may prove that nothing changed.
    #[must_use]
    pub fn with_observation(mut self, observation: Observation) -> Self {
        self.observation = Some(observation);
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

    /// The artifacts in the shape of Kargo's entry for one subscription.
    pub fn discovery_result(&self, subscription: &Subscription) -> DiscoveryResult {
        kinds::result(subscription, &self.artifacts, self.observation.as_ref())
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

/// What one run leaves for the next: each subscription's artifacts and observation.
///
/// It is plain serde data, so it can outlive the process. It is keyed by what the subscriptions ask,
/// not by their place, so a manifest may be edited in between: a subscription that was changed is
/// discovered in full, the others keep what is known of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    subscriptions: BTreeMap<String, Remembered>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Remembered {
    pub(crate) artifacts: Vec<AnyArtifact>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) observation: Option<Observation>,
}

impl Snapshot {
    pub(crate) fn get(&self, key: &str) -> Option<&Remembered> {
        self.subscriptions.get(key)
    }

    /// How many subscriptions something is known of.
    pub fn len(&self) -> usize {
        self.subscriptions.len()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.subscriptions.is_empty()
    }
}

/// The name under which a subscription's state is kept: a digest of all that it asks, since a repository's
/// URL may hold a credential and a snapshot may be written to disk.
pub(crate) fn key(subscription: &Subscription) -> String {
    let asked = serde_json::to_vec(subscription).unwrap_or_default();
    format!("{:x}", Sha256::digest(asked))
}
