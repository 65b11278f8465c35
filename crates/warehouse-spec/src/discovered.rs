//! What discovery found, in the shape of Kargo's `status.discoveredArtifacts`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::freight::ArtifactReference;

/// The artifacts discovered for the subscriptions of a Warehouse, best first in every list.
///
/// The JSON is that of Kargo's API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DiscoveredArtifacts {
    /// When discovery ended.
    #[serde(with = "crate::timestamp::optional")]
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
    /// Whether nothing fitted the subscription; a success all the same.
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
#[serde(rename_all = "camelCase", default)]
pub struct DiscoveredRef {
    /// The short name of the reference.
    pub name: String,
    /// The id of the object: of an annotated tag, the tag object.
    pub id: String,
}

/// A discovered commit (rule 4.5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::timestamp::optional")]
    pub creator_date: Option<Timestamp>,
}

/// Images discovered for one subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

/// A discovered image (rule 3.9).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::timestamp::optional")]
    pub created_at: Option<Timestamp>,
    /// The repository of the image's source, as the subscription names it; Kargo dropped this field with 1.7.
    #[serde(rename = "gitRepoURL", skip_serializing_if = "String::is_empty")]
    pub git_repo_url: String,
}

/// Chart versions discovered for one subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The name of the subscription, where it has one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subscription_name: String,
}

/// Artifacts of another type discovered for one subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
