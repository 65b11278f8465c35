//! The fields of `Chart.yaml`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The fields of `Chart.yaml` that Helm knows; others are dropped, as Helm drops them when it packages.
///
/// The order of the fields is that of Helm's own type, so JSON of it is the config of an OCI artifact as Helm writes it. Empty fields are
/// not written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Metadata {
    /// The name of the chart. Required.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The URL of the project's page.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub home: String,
    /// URLs of the source code.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// The version of the chart, a semantic version. Required.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// One sentence about the chart.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Words to search for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// The people who maintain the chart.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub maintainers: Vec<Maintainer>,
    /// The URL of an icon.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub icon: String,
    /// `v1` or `v2`. Required.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// The condition under which the chart is enabled as a dependency.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub condition: String,
    /// The tags under which the chart is enabled as a dependency.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tags: String,
    /// The version of the application.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub app_version: String,
    /// Whether the chart is deprecated.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deprecated: bool,
    /// Annotations, by key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The versions of Kubernetes that the chart works with, a constraint.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kube_version: String,
    /// The charts that the chart depends on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Dependency>,
    /// `application` or `library`.
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub kind: String,
}

/// One maintainer of a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Maintainer {
    /// The name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The address for mail.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// The URL of a page.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
}

/// One chart that a chart depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
#[non_exhaustive]
pub struct Dependency {
    /// The name of the chart.
    pub name: String,
    /// The version, or a constraint of versions; exact in a lock.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Where the chart is: `file://../folder`, `https://...`, `oci://...`, an alias (`@name`), or empty for `charts/NAME`.
    pub repository: String,
    /// The path in the values that enables it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub condition: String,
    /// The tags that enable it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whether it is enabled, as Helm computes it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub enabled: bool,
    /// The values that the parent takes over, as they are written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub import_values: Vec<serde_json::Value>,
    /// Another name for the chart in its parent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub alias: String,
}

impl Metadata {
    /// Whether the chart is a library chart, which others depend on and which is not installed itself.
    pub fn is_library(&self) -> bool {
        self.kind == "library"
    }
}
