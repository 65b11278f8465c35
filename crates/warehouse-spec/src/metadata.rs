//! What every document starts with: the version of the API, and the metadata of a Kubernetes object.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The `apiVersion` of every document this crate reads and writes.
pub const API_VERSION: &str = "kargo.akuity.io/v1alpha1";

/// The part of Kubernetes' object metadata that matters before an object is in a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Metadata {
    /// The object's name; empty only for Freight, whose name follows from its content.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The object's namespace: Kargo's Project. Often left to Kustomize or Helm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Metadata {
    /// Metadata that holds a name and nothing else.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}
