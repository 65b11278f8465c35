//! From the best artifact of every subscription to Freight ([rule 6.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use warehouse_spec::{
    Chart, DiscoveredArtifacts, DiscoveryResult, Freight, FreightCreationPolicy, FreightOrigin, GitCommit,
    Image, Warehouse,
};

use crate::criteria::{Criteria, CriteriaError};
use crate::name::freight_name;

/// Collects the outcome of every subscription of one discovery and builds Freight from them.
///
/// Outcomes may arrive in any order: each has the index of its subscription in the Warehouse.
#[derive(Clone, Debug)]
pub struct FreightBuilder<'a> {
    warehouse: &'a Warehouse,
    discovered_at: Option<Timestamp>,
    outcomes: BTreeMap<usize, Result<DiscoveryResult, Arc<dyn Error + Send + Sync>>>,
}

/// Why there is no Freight.
///
/// `Display` is one line for people. The cause of criteria that fail is the [`source`](Error::source); the error of a subscription that
/// failed is in its [`MissingCause`], with its type.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoFreight {
    /// The Warehouse's `freightCreationPolicy` is `Manual`.
    #[error("freightCreationPolicy is Manual")]
    Manual,
    /// The Warehouse has no subscription, so there is nothing to build from.
    #[error("the Warehouse has no subscriptions")]
    NoSubscriptions,
    /// These subscriptions have no artifact.
    #[error("{}", joined(.0))]
    Missing(Vec<Missing>),
    /// The criteria of the Warehouse are not satisfied by the best artifacts.
    #[error("freightCreationCriteria are not satisfied: {expression}")]
    CriteriaNotSatisfied {
        /// The expression that was false.
        expression: String,
    },
    /// The criteria of the Warehouse could not be evaluated.
    #[error("freightCreationCriteria cannot be evaluated")]
    CriteriaFailed {
        /// The expression.
        expression: String,
        /// What went wrong.
        #[source]
        error: CriteriaError,
    },
}

/// A subscription without an artifact, which is why there is no Freight.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Missing {
    /// Its index in the Warehouse.
    pub index: usize,
    /// What it subscribes to, as [`Subscription::label`](warehouse_spec::Subscription::label) names it: `image ghcr.io/example/app`.
    pub subscription: String,
    /// Why it has no artifact.
    pub cause: MissingCause,
}

/// Why a subscription has no artifact.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum MissingCause {
    /// Discovery succeeded, and no artifact fits the subscription.
    NothingFits,
    /// Discovery failed with this error. The caller of the builder chooses its type:
    ///
    /// ```
    /// use std::io;
    /// use freight::{FreightBuilder, MissingCause, NoFreight};
    /// use warehouse_spec::{ImageSubscription, Subscription, Warehouse};
    ///
    /// let warehouse = Warehouse::new("demo", vec![Subscription::new(ImageSubscription::new("nginx"))]);
    /// let builder = FreightBuilder::new(&warehouse).failed(0, io::Error::from(io::ErrorKind::TimedOut));
    /// let Err(NoFreight::Missing(missing)) = builder.build() else { panic!("there is no image") };
    /// let MissingCause::Failed(error) = &missing[0].cause else { panic!("it failed") };
    /// assert_eq!(error.downcast_ref::<io::Error>().map(io::Error::kind), Some(io::ErrorKind::TimedOut));
    /// ```
    Failed(Arc<dyn Error + Send + Sync>),
    /// There is no outcome of this run.
    NotDiscovered,
}

impl<'a> FreightBuilder<'a> {
    /// A builder for Freight of this Warehouse, without any outcome yet.
    pub fn new(warehouse: &'a Warehouse) -> Self {
        Self { warehouse, discovered_at: None, outcomes: BTreeMap::new() }
    }

    /// Sets the moment of discovery, which the Freight then carries. It has no influence on the name.
    #[must_use]
    pub fn discovered_at(mut self, moment: Timestamp) -> Self {
        self.discovered_at = Some(moment);
        self
    }

    /// Records what was discovered for the subscription of this index. A later outcome replaces an earlier one.
    #[must_use]
    pub fn found(mut self, index: usize, result: DiscoveryResult) -> Self {
        self.outcomes.insert(index, Ok(result));
        self
    }

    /// Records that discovery failed for the subscription of this index, with an error or a text. A later outcome replaces an earlier
    /// one.
    #[must_use]
    pub fn failed(mut self, index: usize, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.outcomes.insert(index, Err(Arc::from(error.into())));
        self
    }

    /// The Freight of the best artifacts, named by its content.
    ///
    /// # Errors
    ///
    /// [`NoFreight`], in the order of the checks: the policy, whether every subscription has an artifact, the criteria.
    pub fn build(&self) -> Result<Freight, NoFreight> {
        if self.warehouse.spec.freight_creation_policy == FreightCreationPolicy::Manual {
            return Err(NoFreight::Manual);
        }
        let freight = self.assemble()?;
        self.check_criteria()?;
        Ok(freight)
    }

    /// The Freight of the best artifacts, regardless of the policy and the criteria: the start for Freight that a person
    /// creates by hand.
    ///
    /// # Errors
    ///
    /// [`NoFreight::NoSubscriptions`], or [`NoFreight::Missing`] with every subscription that has no artifact.
    pub fn assemble(&self) -> Result<Freight, NoFreight> {
        if self.warehouse.spec.subscriptions.is_empty() {
            return Err(NoFreight::NoSubscriptions);
        }
        let mut freight = Freight::default();
        freight.metadata.namespace = self.warehouse.metadata.namespace.clone();
        freight.origin = FreightOrigin::warehouse(self.warehouse.name());
        freight.discovered_at = self.discovered_at;
        let mut missing = Vec::new();
        for (index, subscription) in self.warehouse.spec.subscriptions.iter().enumerate() {
            let cause = match self.outcomes.get(&index) {
                None => MissingCause::NotDiscovered,
                Some(Err(error)) => MissingCause::Failed(Arc::clone(error)),
                Some(Ok(result)) if add_best(&mut freight, result) => continue,
                Some(Ok(_)) => MissingCause::NothingFits,
            };
            missing.push(Missing { index, subscription: subscription.label().to_string(), cause });
        }
        if !missing.is_empty() {
            return Err(NoFreight::Missing(missing));
        }
        freight.metadata.name = freight_name(&freight);
        Ok(freight)
    }

    fn check_criteria(&self) -> Result<(), NoFreight> {
        let criteria = self.warehouse.spec.freight_creation_criteria.as_ref();
        let expression = criteria.map_or("", |criteria| criteria.expression.trim());
        if expression.is_empty() {
            return Ok(());
        }
        let artifacts: DiscoveredArtifacts =
            self.outcomes.values().filter_map(|outcome| outcome.as_ref().ok().cloned()).collect();
        // Kargo's functions know images, commits and charts only, and its controller asks nothing of anything else.
        if artifacts.git.is_empty() && artifacts.images.is_empty() && artifacts.charts.is_empty() {
            return Ok(());
        }
        let decided = Criteria::compile(expression)
            .and_then(|criteria| criteria.satisfied(&artifacts, self.discovered_at));
        let expression = expression.to_owned();
        match decided {
            Ok(true) => Ok(()),
            Ok(false) => Err(NoFreight::CriteriaNotSatisfied { expression }),
            Err(error) => Err(NoFreight::CriteriaFailed { expression, error }),
        }
    }
}

/// Adds the best artifact of a result to the Freight, and says whether there was one.
fn add_best(freight: &mut Freight, result: &DiscoveryResult) -> bool {
    match result {
        DiscoveryResult::Git(result) => {
            let Some(best) = result.commits.first() else {
                return false;
            };
            freight.commits.push(GitCommit {
                repo_url: result.repo_url.clone(),
                id: best.id.clone(),
                branch: best.branch.clone(),
                tag: best.tag.clone(),
                message: best.subject.clone(),
                author: best.author.clone(),
                committer: best.committer.clone(),
                subscription_name: result.subscription_name.clone(),
            });
        }
        DiscoveryResult::Image(result) => {
            let Some(best) = result.references.first() else {
                return false;
            };
            freight.images.push(Image {
                repo_url: result.repo_url.clone(),
                tag: best.tag.clone(),
                digest: best.digest.clone(),
                annotations: best.annotations.clone(),
                subscription_name: result.subscription_name.clone(),
            });
        }
        DiscoveryResult::Chart(result) => {
            let Some(best) = result.versions.first() else {
                return false;
            };
            freight.charts.push(Chart {
                repo_url: result.repo_url.clone(),
                name: result.name.clone(),
                version: best.clone(),
                digest: result.digests.get(best).cloned().unwrap_or_default(),
                subscription_name: result.subscription_name.clone(),
            });
        }
        DiscoveryResult::Generic(result) => {
            let Some(best) = result.artifact_references.first() else {
                return false;
            };
            freight.artifacts.push(best.clone());
        }
    }
    true
}

/// Every subscription without an artifact, in one line.
fn joined(missing: &[Missing]) -> String {
    missing.iter().map(Missing::to_string).collect::<Vec<_>>().join("; ")
}

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "subscription {} ({}) {}", self.index, self.subscription, self.cause)
    }
}

impl fmt::Display for MissingCause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingFits => formatter.write_str("found nothing that fits"),
            Self::Failed(error) => write!(formatter, "failed: {error}"),
            Self::NotDiscovered => formatter.write_str("has no result of this run"),
        }
    }
}
