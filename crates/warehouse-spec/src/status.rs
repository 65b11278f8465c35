//! What a discovery found, as Kargo records it in the status of a Warehouse.

use crate::freight::ArtifactReference;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `status` of a [`Warehouse`](crate::Warehouse): what Kargo's controller last found and did.
///
/// Absent fields are empty, and unknown ones are ignored, as in Go's decoder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct WarehouseStatus {
    /// What the controller observed last, such as `Ready` and `Healthy`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The value of the annotation that asked for the last refresh.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub last_handled_refresh: String,
    /// The `metadata.generation` that this status is about; 0 where there is none.
    #[serde(skip_serializing_if = "is_zero")]
    pub observed_generation: i64,
    /// The name of the Freight that was created last.
    #[serde(rename = "lastFreightID", skip_serializing_if = "String::is_empty")]
    pub last_freight_id: String,
    /// The artifacts of the last discovery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discovered_artifacts: Option<DiscoveredArtifacts>,
}

/// A condition of Kubernetes (`metav1.Condition`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Condition {
    /// What is observed, such as `Ready`.
    #[serde(rename = "type")]
    pub condition_type: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// The `metadata.generation` that the condition is about; 0 where there is none.
    #[serde(skip_serializing_if = "is_zero")]
    pub observed_generation: i64,
    /// When the status last changed.
    #[serde(with = "crate::time::optional")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::time::schema::Moment>"))]
    pub last_transition_time: Option<Timestamp>,
    /// Why, in one word.
    pub reason: String,
    /// Why, for people.
    pub message: String,
}

/// `skip_serializing_if` for numbers that Go leaves out where they are 0.
fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// The artifacts discovered for the subscriptions of a Warehouse, best first in every list.
///
/// The JSON is that of Kargo's API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct DiscoveredArtifacts {
    /// When discovery ended.
    #[serde(with = "crate::time::optional")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::time::schema::Moment>"))]
    pub discovered_at: Option<Timestamp>,
    /// Commits, per subscription.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub git: Vec<GitDiscoveryResult>,
    /// Images, per subscription.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<ImageDiscoveryResult>,
    /// Charts, per subscription.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub charts: Vec<ChartDiscoveryResult>,
    /// Artifacts of other types, per subscription.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<GenericDiscoveryResult>,
}

impl DiscoveredArtifacts {
    /// Adds the result of one subscription to the list of its kind.
    pub fn push(&mut self, result: DiscoveryResult) {
        match result {
            DiscoveryResult::Git(result) => self.git.push(result),
            DiscoveryResult::Image(result) => self.images.push(result),
            DiscoveryResult::Chart(result) => self.charts.push(result),
            DiscoveryResult::Generic(result) => self.results.push(result),
        }
    }
}

impl FromIterator<DiscoveryResult> for DiscoveredArtifacts {
    fn from_iter<I: IntoIterator<Item = DiscoveryResult>>(results: I) -> Self {
        let mut artifacts = Self::default();
        for result in results {
            artifacts.push(result);
        }
        artifacts
    }
}

/// What discovery found for one subscription, whichever kind it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiscoveryResult {
    /// Commits of a Git repository.
    Git(GitDiscoveryResult),
    /// Images of a repository.
    Image(ImageDiscoveryResult),
    /// Versions of a chart.
    Chart(ChartDiscoveryResult),
    /// Artifacts of another type.
    Generic(GenericDiscoveryResult),
}

impl DiscoveryResult {
    /// Whether nothing matched the subscription, which is a success.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many artifacts fitted.
    pub fn len(&self) -> usize {
        match self {
            Self::Git(result) => result.commits.len(),
            Self::Image(result) => result.references.len(),
            Self::Chart(result) => result.versions.len(),
            Self::Generic(result) => result.artifact_references.len(),
        }
    }
}

/// Commits discovered for one subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct GitDiscoveryResult {
    /// The repository, as the subscription spells it.
    #[serde(rename = "repoURL")]
    pub repo_url: String,
    /// The commits that fit, best first.
    #[serde(deserialize_with = "null_is_empty")]
    pub commits: Vec<DiscoveredCommit>,
    /// The name of the subscription, where it has one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subscription_name: String,
    /// The references that the commits were found by. Kargo clones a repository again where they have moved or are absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_refs: Option<GitDiscoveryRefs>,
}

/// The references that a subscription's commits were found by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct GitDiscoveryRefs {
    /// The id of the commit that the branch pointed at.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub branch_head: String,
    /// The tags that passed the name filters, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<DiscoveredRef>,
}

/// A reference and the object that it pointed at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct DiscoveredRef {
    /// The short name of the reference.
    pub name: String,
    /// The id of the object: of an annotated tag, the tag object.
    pub id: String,
}

/// A discovered commit ([rule 4.5](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct DiscoveredCommit {
    /// The commit's id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The branch it was found on.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub branch: String,
    /// The tag it was found by.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tag: String,
    /// The subject of its message, shortened.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// Its author, `Name <email>`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub author: String,
    /// Its committer, `Name <email>`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub committer: String,
    /// The date of the commit, or of the annotated tag it was found by.
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::time::optional")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::time::schema::Moment>"))]
    pub creator_date: Option<Timestamp>,
}

/// Images discovered for one subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ImageDiscoveryResult {
    /// The repository, as the subscription spells it.
    #[serde(rename = "repoURL")]
    pub repo_url: String,
    /// The platform the subscription asks for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub platform: String,
    /// The images that fit, best first.
    #[serde(deserialize_with = "null_is_empty")]
    pub references: Vec<DiscoveredImageReference>,
    /// The name of the subscription, where it has one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subscription_name: String,
}

/// A discovered image ([rule 3.9](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct DiscoveredImageReference {
    /// The tag.
    pub tag: String,
    /// The digest, algorithm included.
    pub digest: String,
    /// The image's annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// When it was built, where the strategy asked for that or it came for free.
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::time::optional")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::time::schema::Moment>"))]
    pub created_at: Option<Timestamp>,
    /// The repository of the image's source, as the subscription names it; Kargo dropped this field with 1.7.
    #[serde(rename = "gitRepoURL", skip_serializing_if = "String::is_empty")]
    pub git_repo_url: String,
}

/// Chart versions discovered for one subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ChartDiscoveryResult {
    /// The repository, as the subscription spells it.
    #[serde(rename = "repoURL")]
    pub repo_url: String,
    /// The chart's name in a classic repository.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The constraint the subscription sets.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub semver_constraint: String,
    /// The versions that fit, best first.
    #[serde(deserialize_with = "null_is_empty")]
    pub versions: Vec<String>,
    /// The digest of each version that has one, algorithm included, under a subscription with `followDigests`; of a version that is listed
    /// twice, that of the first. Kargo does not have this field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub digests: BTreeMap<String, String>,
    /// The name of the subscription, where it has one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subscription_name: String,
}

/// Artifacts of another type discovered for one subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct GenericDiscoveryResult {
    /// The name of the subscription; Kargo's JSON calls it `name`.
    #[serde(rename = "name")]
    pub subscription_name: String,
    /// The artifacts that fit, best first.
    #[serde(deserialize_with = "null_is_empty")]
    pub artifact_references: Vec<ArtifactReference>,
}

/// Go writes an empty list as `null` where the field has no `omitempty`.
fn null_is_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
