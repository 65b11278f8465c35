//! The name of a source.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::redact_url;

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

/// The name of a source: its kind, its repository's URL, and the subscription's own name or the
/// chart's where that is needed to tell two apart.
///
/// It is made for messages and logs, so a credential in the URL is dropped when the id is made.
///
/// ```
/// use artifact_source::{SourceId, SourceKind};
///
/// let id = SourceId::new(SourceKind::Chart, "https://me:secret@charts.example.com").with_name("web");
/// assert_eq!(id.to_string(), "chart https://charts.example.com (web)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceId {
    kind: SourceKind,
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl SourceId {
    /// The id of a source of this kind that reads the repository at this URL.
    pub fn new(kind: SourceKind, url: &str) -> Self {
        Self { kind, url: redact_url(url), name: None }
    }

    /// The same, told apart by a name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// What kind of place it reads.
    pub fn kind(&self) -> &SourceKind {
        &self.kind
    }

    /// The repository's URL, without any credential.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What tells it apart from another source of the same repository.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if !self.url.is_empty() {
            write!(f, " {}", self.url)?;
        }
        match &self.name {
            Some(name) => write!(f, " ({name})"),
            None => Ok(()),
        }
    }
}
