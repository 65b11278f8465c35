//! The identity of a source.

use std::fmt;

use serde::{Deserialize, Serialize};

use repository_url::redact_url;

/// What kind of place a source reads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SourceKind {
    /// A container image repository.
    Image,
    /// A Git repository.
    Git,
    /// A Helm chart in a chart repository or an OCI registry.
    Chart,
    /// Something else, by the name its implementer gives it.
    #[serde(untagged)]
    Other(String),
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image => "image",
            Self::Git => "git",
            Self::Chart => "chart",
            Self::Other(name) => name,
        })
    }
}

/// Which source it is: its kind, its repository's URL, the chart where the repository holds several, and the name of the subscription
/// where the manifest gives one.
///
/// It is made for messages, logs and files, so a credential in the URL is dropped when the id is made.
///
/// ```
/// use artifact_source::{SourceId, SourceKind};
///
/// let id = SourceId::new(SourceKind::Chart, "https://me:secret@charts.example.com").with_chart("web");
/// assert_eq!(id.to_string(), "chart https://charts.example.com (web)");
/// assert_eq!(id.with_subscription("edge").to_string(), "chart https://charts.example.com (web, subscription edge)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceId {
    kind: SourceKind,
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chart: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subscription: Option<String>,
}

impl SourceId {
    /// The id of a source of this kind that reads the repository at this URL. The URL of a source that has none is empty.
    pub fn new(kind: SourceKind, url: &str) -> Self {
        Self { kind, url: redact_url(url), chart: None, subscription: None }
    }

    /// The same for one chart of the repository. An empty name is none.
    #[must_use]
    pub fn with_chart<'a>(mut self, chart: impl Into<Option<&'a str>>) -> Self {
        self.chart = named(chart.into());
        self
    }

    /// The same for the subscription of this name. An empty name is none.
    #[must_use]
    pub fn with_subscription<'a>(mut self, subscription: impl Into<Option<&'a str>>) -> Self {
        self.subscription = named(subscription.into());
        self
    }

    /// The kind of place that it reads.
    pub fn kind(&self) -> &SourceKind {
        &self.kind
    }

    /// The repository's URL, without any credential.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The chart that it reads from a chart repository.
    pub fn chart(&self) -> Option<&str> {
        self.chart.as_deref()
    }

    /// The name that the manifest gives to the subscription.
    pub fn subscription(&self) -> Option<&str> {
        self.subscription.as_deref()
    }
}

fn named(name: Option<&str>) -> Option<String> {
    name.filter(|name| !name.is_empty()).map(str::to_owned)
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if !self.url.is_empty() {
            write!(f, " {}", self.url)?;
        }
        match (&self.chart, &self.subscription) {
            (Some(chart), Some(subscription)) => write!(f, " ({chart}, subscription {subscription})"),
            (Some(chart), None) => write!(f, " ({chart})"),
            (None, Some(subscription)) => write!(f, " (subscription {subscription})"),
            (None, None) => Ok(()),
        }
    }
}
