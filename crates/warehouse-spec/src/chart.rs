//! A subscription to a Helm chart.

use serde::Serialize;

use crate::subscription::{DEFAULT_DISCOVERY_LIMIT, is_off};

/// `chart` of a subscription; `helm` in Kargo's documentation of early 2025.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ChartSubscription {
    /// A classic chart repository (http or https) or one chart in an OCI registry (`oci://`).
    #[serde(rename = "repoURL")]
    pub repo_url: String,
    /// The chart within a classic repository; none for `oci://`, whose URL already names the chart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A constraint on the chart's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub semver_constraint: Option<String>,
    /// How many versions are kept, 1 to 100.
    pub discovery_limit: u32,
    /// Whether a server's TLS certificate goes unchecked.
    #[serde(rename = "insecureSkipTLSVerify", skip_serializing_if = "is_off")]
    pub insecure_skip_tls_verify: bool,
}

impl ChartSubscription {
    /// A subscription to a chart of a classic repository.
    pub fn classic(repo_url: impl Into<String>, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..Self::oci(repo_url) }
    }

    /// A subscription to a chart in an OCI registry.
    pub fn oci(repo_url: impl Into<String>) -> Self {
        Self {
            repo_url: repo_url.into(),
            name: None,
            semver_constraint: None,
            discovery_limit: DEFAULT_DISCOVERY_LIMIT,
            insecure_skip_tls_verify: false,
        }
    }

    /// Whether the chart lies in an OCI registry.
    pub fn is_oci(&self) -> bool {
        self.repo_url.starts_with("oci://")
    }
}
