//! The forms that the URLs of repositories have.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;
use repository_url::{UrlHazard, redact, redact_tail, redact_user};

/// What a repository holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RepositoryKind {
    Image,
    Git,
    Chart,
}

impl RepositoryKind {
    /// The repository of a type of subscription.
    pub(crate) fn of_type(key: &str) -> Option<Self> {
        Some(match key {
            "image" => Self::Image,
            "git" => Self::Git,
            "chart" | "helm" => Self::Chart,
            _ => return None,
        })
    }

    /// Whether a URL has the form that Kargo takes, and names the place that it seems to.
    pub(crate) fn fits(self, url: &str) -> bool {
        match self {
            Self::Image => UrlHazard::check_image(url).is_ok() && fits(&IMAGE, url),
            Self::Git => UrlHazard::check(url).is_ok() && !has_fragment(url) && fits(&GIT, url),
            Self::Chart => UrlHazard::check(url).is_ok() && !has_fragment(url) && fits(&CHART, url),
        }
    }

    /// What a URL of it is called.
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Image => "an image repository",
            Self::Git => "a Git repository URL",
            Self::Chart => "a chart repository URL",
        }
    }
}

static IMAGE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let word = "[0-9A-Za-z_]+";
    let name = format!(r"{word}(?:[.-]{word})*");
    Regex::new(&format!(r"^(?:{name}(?::[0-9]+)?/)?{name}(?:/{name})*$")).ok()
});

static CHART: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(?:https?|oci)://[0-9A-Za-z_.-]+(?::[0-9]+)?(?:/.*)?$").ok());

static GIT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let host = r"[0-9A-Za-z_-]+(?:\.[0-9A-Za-z_-]+)*";
    let address = format!(r"(?:ssh|https?)://(?:[0-9A-Za-z_-]+(?::.+)?@)?{host}(?::[0-9]{{1,5}})?/.*$");
    let scp = r"[0-9A-Za-z_-]+@[0-9A-Za-z_+]+(?:\.[0-9A-Za-z_-]+)*:";
    Regex::new(&format!("^(?:{address}|{scp}|file:///?.)")).ok()
});

fn fits(pattern: &LazyLock<Option<Regex>>, url: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(url))
}

/// Whether a user, and perhaps a password, is in front of the host. `name@sha256:...` and `name@tag` have none.
pub(super) fn has_user(url: &str) -> bool {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    match rest.split(['/', '?', '#']).next().and_then(|authority| authority.rsplit_once('@')) {
        Some((_, host)) => !scheme.is_empty() || rest.contains('/') && !host.starts_with("sha256:"),
        None => false,
    }
}

/// Whether the chart lies in a classic repository and must be named.
pub(crate) fn is_classic(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

/// Whether a `#` follows the host.
pub(super) fn has_fragment(url: &str) -> bool {
    let after = url.split_once("://").map_or(url, |(_, after)| after);
    after.contains('#')
}

/// The URL for a message, without its user, its query and its fragment. What no parser of URLs takes is shown from its last `@` on, and a password may hold a blank.
pub(super) fn shown(url: &str) -> Cow<'_, str> {
    let shown = redact_user(url).into_owned();
    let shown = redact(&shown).into_owned();
    Cow::Owned(redact_tail(&shown).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_compile() {
        assert!(IMAGE.is_some() && CHART.is_some() && GIT.is_some());
    }
}
