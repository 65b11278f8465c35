//! From the best artifact of every subscription to Freight (rule 6.2).

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use warehouse_spec::{
    Chart, DiscoveredArtifacts, DiscoveryResult, Freight, FreightCreationPolicy, FreightOrigin, GitCommit,
    Image, Subscription, Warehouse,
};

use crate::criteria::{Criteria, CriteriaError};
use crate::name::freight_name;

/// Collects the outcome of every subscription of one discovery and builds Freight from them.
///
/// Outcomes may come in any order: they are told apart by the index of their subscription in the Warehouse.
#[derive(Clone, Debug)]
pub struct FreightBuilder<'a> {
    warehouse: &'a Warehouse,
    discovered_at: Option<Timestamp>,
    outcomes: BTreeMap<usize, Result<DiscoveryResult, String>>,
}

/// What became of the Freight of one discovery.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there is one per discovery, and it is taken apart at once")]
pub enum Outcome {
    /// The best artifacts make this Freight, named by its content.
    Built(Freight),
    /// There is no Freight, and this is why.
    NotBuilt(Reason),
}

/// Why no Freight was built.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// The Warehouse's `freightCreationPolicy` is `Manual`.
    Manual,
    /// The Warehouse has no subscription, so there is nothing to build from.
    NoSubscriptions,
    /// These subscriptions have no artifact.
    Missing(Vec<Missing>),
    /// The criteria of the Warehouse are not fulfilled by the best artifacts.
    CriteriaNotSatisfied {
        /// The expression that was false.
        expression: String,
    },
    /// The criteria of the Warehouse could not be evaluated.
    CriteriaFailed {
        /// The expression.
        expression: String,
        /// What went wrong.
        error: CriteriaError,
    },
}

/// A subscription that stands in the way of Freight.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Missing {
    /// Its index in the Warehouse.
    pub index: usize,
    /// What it subscribes to, for people: `image ghcr.io/example/app`.
    pub subscription: String,
    /// Why it has no artifact.
    pub cause: MissingCause,
}

/// Why a subscription has no artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MissingCause {
    /// Discovery succeeded, and nothing fitted.
    NothingFits,
    /// Discovery failed with this message.
    Failed(String),
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

    /// Records that discovery failed for the subscription of this index. A later outcome replaces an earlier one.
    #[must_use]
    pub fn failed(mut self, index: usize, why: impl Into<String>) -> Self {
        self.outcomes.insert(index, Err(why.into()));
        self
    }

    /// The Freight that follows, or why none does.
    ///
    /// The order of the checks: the policy, then whether every subscription has an artifact, then the criteria.
    pub fn build(&self) -> Outcome {
        if self.warehouse.spec.freight_creation_policy == FreightCreationPolicy::Manual {
            return Outcome::NotBuilt(Reason::Manual);
        }
        let freight = match self.assemble() {
            Ok(freight) => freight,
            Err(reason) => return Outcome::NotBuilt(reason),
        };
        match self.unsatisfied_criteria() {
            None => Outcome::Built(freight),
            Some(reason) => Outcome::NotBuilt(reason),
        }
    }

    /// The Freight of the best artifacts, whatever policy and criteria say: what a person who creates Freight by hand
    /// would start from.
    ///
    /// # Errors
    ///
    /// [`Reason::NoSubscriptions`], or [`Reason::Missing`] with every subscription that has no artifact.
    pub fn assemble(&self) -> Result<Freight, Reason> {
        if self.warehouse.spec.subscriptions.is_empty() {
            return Err(Reason::NoSubscriptions);
        }
        let mut freight = Freight::default();
        freight.metadata.namespace = self.warehouse.metadata.namespace.clone();
        freight.origin = FreightOrigin::warehouse(self.warehouse.name());
        freight.discovered_at = self.discovered_at;
        let mut missing = Vec::new();
        for (index, subscription) in self.warehouse.spec.subscriptions.iter().enumerate() {
            let cause = match self.outcomes.get(&index) {
                None => MissingCause::NotDiscovered,
                Some(Err(why)) => MissingCause::Failed(why.clone()),
                Some(Ok(result)) if add_best(&mut freight, result) => continue,
                Some(Ok(_)) => MissingCause::NothingFits,
            };
            missing.push(Missing { index, subscription: describe(subscription), cause });
        }
        if !missing.is_empty() {
            return Err(Reason::Missing(missing));
        }
        freight.metadata.name = freight_name(&freight);
        Ok(freight)
    }

    fn unsatisfied_criteria(&self) -> Option<Reason> {
        let criteria = self.warehouse.spec.freight_creation_criteria.as_ref()?;
        let expression = criteria.expression.trim();
        if expression.is_empty() {
            return None;
        }
        let artifacts: DiscoveredArtifacts =
            self.outcomes.values().filter_map(|outcome| outcome.as_ref().ok().cloned()).collect();
        // Kargo's functions know images, commits and charts only, and its controller asks nothing of anything else.
        if artifacts.git.is_empty() && artifacts.images.is_empty() && artifacts.charts.is_empty() {
            return None;
        }
        let decided = Criteria::compile(expression)
            .and_then(|criteria| criteria.satisfied(&artifacts, self.discovered_at));
        match decided {
            Ok(true) => None,
            Ok(false) => Some(Reason::CriteriaNotSatisfied { expression: expression.to_owned() }),
            Err(error) => Some(Reason::CriteriaFailed { expression: expression.to_owned(), error }),
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

/// What a subscription subscribes to, in a few words.
fn describe(subscription: &Subscription) -> String {
    let mut text = subscription.type_key().to_owned();
    if let Some(url) = subscription.repo_url() {
        text.push(' ');
        text.push_str(&warehouse_spec::redact(url));
    }
    if let Some(name) = &subscription.name {
        text.push_str(&format!(" ({name})"));
    }
    text
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manual => formatter.write_str("freightCreationPolicy is Manual"),
            Self::NoSubscriptions => formatter.write_str("the Warehouse has no subscriptions"),
            Self::Missing(missing) => {
                for (position, one) in missing.iter().enumerate() {
                    let separator = if position == 0 { "" } else { "; " };
                    write!(formatter, "{separator}{one}")?;
                }
                Ok(())
            }
            Self::CriteriaNotSatisfied { expression } => {
                write!(formatter, "freightCreationCriteria are not satisfied: {expression}")
            }
            Self::CriteriaFailed { error, .. } => {
                write!(formatter, "freightCreationCriteria cannot be evaluated: {error}")?;
                match std::error::Error::source(error) {
                    Some(cause) => write!(formatter, ": {cause}"),
                    None => Ok(()),
                }
            }
        }
    }
}

/// The text says everything, the cause of failed criteria included, so there is no source.
impl std::error::Error for Reason {}

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "subscription {} ({}) {}", self.index, self.subscription, self.cause)
    }
}

impl fmt::Display for MissingCause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingFits => formatter.write_str("found nothing that fits"),
            Self::Failed(why) => write!(formatter, "failed: {why}"),
            Self::NotDiscovered => formatter.write_str("has no result of this run"),
        }
    }
}
