//! One subscription of a Warehouse: its optional name and exactly one kind (rule 1.3).

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::chart::ChartSubscription;
use crate::generic::GenericSubscription;
use crate::git::GitSubscription;
use crate::image::ImageSubscription;

/// The number of artifacts kept per subscription unless the manifest says otherwise (rule 1.6).
pub const DEFAULT_DISCOVERY_LIMIT: u32 = 20;

/// The largest `discoveryLimit` (rule 1.6).
pub const MAXIMUM_DISCOVERY_LIMIT: u32 = 100;

/// A subscription to one repository.
///
/// It serialises to Kargo's form: a mapping with the kind's own key (`image`, `git`, `chart`, or the name of another
/// artifact type) and, where there is one, the sibling `name`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subscription {
    /// What tells this subscription from others to the same repository; recorded in results and in Freight.
    pub name: Option<String>,
    /// What is subscribed to.
    pub kind: SubscriptionKind,
}

/// What a [`Subscription`] subscribes to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubscriptionKind {
    /// A repository of container images.
    Image(ImageSubscription),
    /// A Git repository.
    Git(GitSubscription),
    /// A Helm chart, in a chart repository or an OCI registry.
    Chart(ChartSubscription),
    /// Anything else; carried along, not discovered here.
    Generic(GenericSubscription),
}

impl Subscription {
    /// A subscription without a name.
    pub fn new(kind: impl Into<SubscriptionKind>) -> Self {
        Self { name: None, kind: kind.into() }
    }

    /// The same subscription under a name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The key that names the kind in a manifest: `image`, `git`, `chart`, or the generic subscription's own.
    pub fn type_key(&self) -> &str {
        match &self.kind {
            SubscriptionKind::Image(_) => "image",
            SubscriptionKind::Git(_) => "git",
            SubscriptionKind::Chart(_) => "chart",
            SubscriptionKind::Generic(generic) => &generic.subscription_type,
        }
    }

    /// The repository's URL as the manifest gives it; a generic subscription has none.
    pub fn repo_url(&self) -> Option<&str> {
        match &self.kind {
            SubscriptionKind::Image(image) => Some(&image.repo_url),
            SubscriptionKind::Git(git) => Some(&git.repo_url),
            SubscriptionKind::Chart(chart) => Some(&chart.repo_url),
            SubscriptionKind::Generic(_) => None,
        }
    }

    /// How many artifacts are kept.
    pub fn discovery_limit(&self) -> u32 {
        match &self.kind {
            SubscriptionKind::Image(image) => image.discovery_limit,
            SubscriptionKind::Git(git) => git.discovery_limit,
            SubscriptionKind::Chart(chart) => chart.discovery_limit,
            SubscriptionKind::Generic(generic) => generic.discovery_limit,
        }
    }
}

impl Serialize for Subscription {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(name) = &self.name {
            map.serialize_entry("name", name)?;
        }
        let key = self.type_key();
        match &self.kind {
            SubscriptionKind::Image(image) => map.serialize_entry(key, image)?,
            SubscriptionKind::Git(git) => map.serialize_entry(key, git)?,
            SubscriptionKind::Chart(chart) => map.serialize_entry(key, chart)?,
            SubscriptionKind::Generic(generic) => map.serialize_entry(key, generic)?,
        }
        map.end()
    }
}

impl From<ImageSubscription> for SubscriptionKind {
    fn from(image: ImageSubscription) -> Self {
        Self::Image(image)
    }
}

impl From<GitSubscription> for SubscriptionKind {
    fn from(git: GitSubscription) -> Self {
        Self::Git(git)
    }
}

impl From<ChartSubscription> for SubscriptionKind {
    fn from(chart: ChartSubscription) -> Self {
        Self::Chart(chart)
    }
}

impl From<GenericSubscription> for SubscriptionKind {
    fn from(generic: GenericSubscription) -> Self {
        Self::Generic(generic)
    }
}

/// `skip_serializing_if` for switches that are off unless a manifest turns them on.
pub(crate) fn is_off(value: &bool) -> bool {
    !value
}
