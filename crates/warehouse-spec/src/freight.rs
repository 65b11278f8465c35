//! The `Freight` document: one revision of every artifact of a Warehouse.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::metadata::{API_VERSION, Metadata};

/// A piece of `Freight`: the artifact revisions that travel together.
///
/// Its JSON is that of Kargo's API. Absent fields are empty, as in Go's decoder, and the fields of early releases are read as
/// today's: `warehouse` as `origin`.
/// How Freight comes to be, and to its name, is in the `freight` crate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Freight {
    /// Name, namespace, labels and annotations.
    pub metadata: Metadata,
    /// A name for people. Kargo's webhook makes one up where it is absent.
    pub alias: Option<String>,
    /// When the artifacts were discovered.
    pub discovered_at: Option<Timestamp>,
    /// Where it comes from.
    pub origin: FreightOrigin,
    /// Git commits.
    pub commits: Vec<GitCommit>,
    /// Container images.
    pub images: Vec<Image>,
    /// Helm charts.
    pub charts: Vec<Chart>,
    /// Artifacts of any other type.
    pub artifacts: Vec<ArtifactReference>,
}

/// The document around [`Freight`]; empty lists are left out, as in Kargo.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FreightDocument<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: &'a Metadata,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "crate::time::optional::serialize")]
    discovered_at: &'a Option<Timestamp>,
    origin: &'a FreightOrigin,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    commits: &'a [GitCommit],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    images: &'a [Image],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    charts: &'a [Chart],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    artifacts: &'a [ArtifactReference],
}

impl Serialize for Freight {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        FreightDocument {
            api_version: API_VERSION,
            kind: "Freight",
            metadata: &self.metadata,
            alias: &self.alias,
            discovered_at: &self.discovered_at,
            origin: &self.origin,
            commits: &self.commits,
            images: &self.images,
            charts: &self.charts,
            artifacts: &self.artifacts,
        }
        .serialize(serializer)
    }
}

/// What a piece of [`Freight`] comes from; in practice always a Warehouse.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct FreightOrigin {
    /// The kind of the origin: `Warehouse`.
    pub kind: String,
    /// The name of the origin.
    pub name: String,
}

impl FreightOrigin {
    /// The Warehouse of this name.
    pub fn warehouse(name: impl Into<String>) -> Self {
        Self { kind: "Warehouse".to_owned(), name: name.into() }
    }
}

/// `Warehouse/<name>`, as Freight's name is computed from it ([rule 6.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
impl fmt::Display for FreightOrigin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.kind, self.name)
    }
}

/// A Git commit in [`Freight`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct GitCommit {
    /// The repository, as the subscription spells it.
    #[serde(rename = "repoURL", skip_serializing_if = "String::is_empty")]
    pub repo_url: String,
    /// The commit's id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The branch it was found on.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub branch: String,
    /// The tag it was found by.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tag: String,
    /// The subject of its message, shortened ([rule 4.5](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Its author.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub author: String,
    /// Its committer.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub committer: String,
    /// The name of the subscription, where it has one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subscription_name: String,
}

/// A container image in [`Freight`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Image {
    /// The repository, as the subscription spells it.
    #[serde(rename = "repoURL", skip_serializing_if = "String::is_empty")]
    pub repo_url: String,
    /// The tag.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tag: String,
    /// The digest, algorithm included.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// The image's annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The name of the subscription, where it has one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subscription_name: String,
}

/// A Helm chart in [`Freight`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Chart {
    /// The repository, as the subscription spells it.
    #[serde(rename = "repoURL", skip_serializing_if = "String::is_empty")]
    pub repo_url: String,
    /// The chart's name in a classic repository.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The chart's version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The digest of its content, algorithm included, under a subscription with `followDigests`. Kargo does not have this field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// The name of the subscription, where it has one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subscription_name: String,
}

/// An artifact of a type this project does not know, in [`Freight`] and among discovered artifacts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ArtifactReference {
    /// Its type, often a media type.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub artifact_type: String,
    /// The name of the subscription; never empty in Kargo.
    pub subscription_name: String,
    /// Its version.
    pub version: String,
    /// What else its discoverer wrote down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<serde_json::Map<String, serde_json::Value>>,
}
