//! How messages name what is read from a repository.

use std::fmt;

use crate::redact_url;

/// What a source or a subscription reads, as messages and tables name it: the kind, the repository's URL, the chart where the repository
/// holds several, and the name of the subscription where the manifest gives one.
///
/// `Display` writes it in one line. A credential in the URL is left out; what is empty or absent is left out.
///
/// ```
/// use repository_url::SourceLabel;
///
/// let chart = SourceLabel { kind: "chart", url: "https://me:secret@charts.example.com", chart: Some("web"), subscription: None };
/// assert_eq!(chart.to_string(), "chart https://charts.example.com (web)");
/// let named = SourceLabel { subscription: Some("edge"), ..chart };
/// assert_eq!(named.to_string(), "chart https://charts.example.com (web, subscription edge)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SourceLabel<'a> {
    /// The kind: `image`, `git`, `chart`, or the type of a generic subscription.
    pub kind: &'a str,
    /// The repository's URL; empty for a source that has none.
    pub url: &'a str,
    /// The chart.
    pub chart: Option<&'a str>,
    /// The name of the subscription.
    pub subscription: Option<&'a str>,
}

impl<'a> fmt::Display for SourceLabel<'a> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)?;
        if !self.url.is_empty() {
            write!(f, " {}", redact_url(self.url))?;
        }
        let named = |name: Option<&'a str>| name.filter(|name| !name.is_empty());
        match (named(self.chart), named(self.subscription)) {
            (Some(chart), Some(subscription)) => write!(f, " ({chart}, subscription {subscription})"),
            (Some(chart), None) => write!(f, " ({chart})"),
            (None, Some(subscription)) => write!(f, " (subscription {subscription})"),
            (None, None) => Ok(()),
        }
    }
}
