//! The identity of a source.

use std::fmt;

use serde::{Deserialize, Serialize};

use repository_url::{SourceLabel, redact_url};

/// What kind of place a source reads.
///
/// It is written and read as its name. `image`, `git` and `chart` are the names of the kinds that are built in: `Other` of such a name is
/// read, and put into a [`SourceId`], as the kind of that name.
///
/// ```
/// use artifact_source::SourceKind;
///
/// assert_eq!(SourceKind::from("git"), SourceKind::Git);
/// assert_eq!(SourceKind::from("bucket"), SourceKind::Other("bucket".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum SourceKind {
    /// A container image repository.
    Image,
    /// A Git repository.
    Git,
    /// A Helm chart in a chart repository or an OCI registry.
    Chart,
    /// Something else, by the name its implementer gives it.
    Other(String),
}

impl SourceKind {
    /// Its name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Image => "image",
            Self::Git => "git",
            Self::Chart => "chart",
            Self::Other(name) => name,
        }
    }
}

impl From<&str> for SourceKind {
    fn from(name: &str) -> Self {
        Self::from(name.to_owned())
    }
}

impl From<String> for SourceKind {
    fn from(name: String) -> Self {
        match name.as_str() {
            "image" => Self::Image,
            "git" => Self::Git,
            "chart" => Self::Chart,
            _ => Self::Other(name),
        }
    }
}

impl From<SourceKind> for String {
    fn from(kind: SourceKind) -> Self {
        match kind {
            SourceKind::Other(name) => name,
            known => known.as_str().to_owned(),
        }
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which source it is: its kind, its repository's URL, the chart where the repository holds several, and the name of the subscription
/// where the manifest gives one.
///
/// It is made for messages, logs and files, so a credential in the URL is dropped when the id is made, also when it is deserialized.
///
/// ```
/// use artifact_source::{SourceId, SourceKind};
///
/// let id = SourceId::new(SourceKind::Chart, "https://me:secret@charts.example.com").with_chart("web");
/// assert_eq!(id.to_string(), "chart https://charts.example.com (web)");
/// assert_eq!(id.with_subscription("edge").to_string(), "chart https://charts.example.com (web, subscription edge)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "Written")]
pub struct SourceId {
    kind: SourceKind,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    chart: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription: Option<String>,
}

/// A [`SourceId`] as a file holds it, which may have been written by anyone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    kind: SourceKind,
    url: String,
    chart: Option<String>,
    subscription: Option<String>,
}

impl From<Written> for SourceId {
    fn from(written: Written) -> Self {
        let Written { kind, url, chart, subscription } = written;
        Self::new(kind, &url).with_chart(chart.as_deref()).with_subscription(subscription.as_deref())
    }
}

impl SourceId {
    /// The id of a source of this kind that reads the repository at this URL. The URL of a source that has none is empty.
    pub fn new(kind: SourceKind, url: &str) -> Self {
        let kind = SourceKind::from(String::from(kind));
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
        let (chart, subscription) = (self.chart(), self.subscription());
        SourceLabel { kind: self.kind.as_str(), url: &self.url, chart, subscription }.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_is_read_holds_no_password_and_no_empty_name() {
        let text =
            r#"{"kind":"chart","url":"https://me:hunter2@example.com/a","chart":"","subscription":"edge"}"#;
        let id: SourceId = serde_json::from_str(text).unwrap();
        assert_eq!((id.url(), id.chart(), id.subscription()), ("https://example.com/a", None, Some("edge")));
        assert!(!format!("{id:?}{id}").contains("hunter2"));
    }

    #[test]
    fn an_id_that_is_written_reads_back_equal() {
        let other = |name: &str| SourceKind::Other(name.to_owned());
        for kind in [
            SourceKind::Image,
            SourceKind::Git,
            SourceKind::Chart,
            other("bucket"),
            other("image"),
            other(""),
        ] {
            let id = SourceId::new(kind, "https://me:secret@example.com/a")
                .with_chart("web")
                .with_subscription("edge");
            let text = serde_json::to_string(&id).unwrap();
            assert_eq!(serde_json::from_str::<SourceId>(&text).unwrap(), id, "{text}");
        }
        assert_eq!(
            SourceId::new(other("image"), "").kind(),
            &SourceKind::Image,
            "the name says which kind it is"
        );
    }
}
