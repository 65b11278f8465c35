//! The forms of repository URLs that each kind of subscription takes (rule 1.7), and what to say about the others.

mod hazard;

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use hazard::Hazard;

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

/// A URL that a subscription cannot take.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadUrl {
    pub(crate) message: String,
    pub(crate) help: Cow<'static, str>,
}

impl BadUrl {
    fn new(url: &str, what: &str, help: &'static str) -> Self {
        let message = format!("`{url}` is no {what}");
        let (message, help) = match (has_user(url), url.contains('?')) {
            (true, _) => (
                format!("{message}: credentials do not belong in a `repoURL`"),
                "leave out what stands before the `@`; Kargo takes credentials from Secrets of the Project",
            ),
            (_, true) => (
                format!("{message}: a query does not belong in a `repoURL`"),
                "leave out the `?` and what follows it; Kargo takes credentials from Secrets of the Project",
            ),
            _ => (message, help),
        };
        Self { message, help: help.into() }
    }

    fn hazard(url: &str, what: &str, hazard: Hazard) -> Self {
        let url = hazard::shown(url);
        Self { message: format!("`{url}` is no {what}: {}", hazard.what), help: hazard.help }
    }
}

/// Whether a user, and perhaps a password, stands in front of the host. `name@sha256:...` and `name@tag` have none.
fn has_user(url: &str) -> bool {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    match rest.split(['/', '?', '#']).next().and_then(|authority| authority.rsplit_once('@')) {
        Some((_, host)) => !scheme.is_empty() || rest.contains('/') && !host.starts_with("sha256:"),
        None => false,
    }
}

/// Checks the repository of an image subscription: a name without scheme, tag and digest.
pub(crate) fn image(url: &str) -> Result<(), BadUrl> {
    if let Some(hazard) = hazard::in_image(url) {
        return Err(BadUrl::hazard(url, "image repository", hazard));
    }
    if fits(&IMAGE, url) {
        return Ok(());
    }
    let last = url.rsplit('/').next().unwrap_or(url);
    let help = if url.contains("://") {
        "leave the scheme out: registry.example.com/path/name"
    } else if url.contains('@') {
        "leave the digest out; `imageSelectionStrategy: Digest` with `constraint: TAG` follows a tag"
    } else if last.contains(':') {
        "leave the tag out; which tags count is said by `constraint` and `allowTagsRegexes`"
    } else if url.ends_with('/') {
        "leave the slash at the end out"
    } else {
        "write it like registry.example.com/path/name"
    };
    Err(BadUrl::new(url, "image repository", help))
}

/// Checks the repository of a Git subscription: http(s), ssh, scp form or, which Kargo does not know, file.
pub(crate) fn git(url: &str) -> Result<(), BadUrl> {
    if let Some(hazard) = hazard::in_url(url) {
        return Err(BadUrl::hazard(url, "Git repository URL", hazard));
    }
    if fits(&GIT, url) {
        return Ok(());
    }
    let help = if url.starts_with("git://") {
        "the git protocol is not supported; use https"
    } else if !url.contains("://") && !url.contains('@') {
        "write it with its scheme: https://host/path"
    } else {
        "write it like https://host/path, ssh://git@host/path or git@host:path"
    };
    Err(BadUrl { message: format!("`{url}` is no Git repository URL"), help: help.into() })
}

/// Checks the repository of a chart subscription: http(s) or oci.
pub(crate) fn chart(url: &str) -> Result<(), BadUrl> {
    if let Some(hazard) = hazard::in_url(url) {
        return Err(BadUrl::hazard(url, "chart repository URL", hazard));
    }
    if fits(&CHART, url) {
        return Ok(());
    }
    let help = if !url.contains("://") {
        "write it with its scheme: https:// for a chart repository, oci:// for a registry"
    } else {
        "write it like https://host/path or oci://host/path"
    };
    Err(BadUrl::new(url, "chart repository URL", help))
}

/// Whether the chart lies in a classic repository and must be named.
pub(crate) fn is_classic(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use super::{CHART, GIT, IMAGE, chart, git, image};

    #[test]
    fn the_patterns_compile() {
        assert!(IMAGE.is_some() && CHART.is_some() && GIT.is_some());
    }

    #[track_caller]
    fn check(function: fn(&str) -> Result<(), super::BadUrl>, good: &[&str], bad: &[&str]) {
        for url in good {
            assert_eq!(function(url), Ok(()), "{url:?}");
        }
        for url in bad {
            assert!(function(url).is_err(), "{url:?}");
        }
    }

    #[test]
    fn images() {
        check(
            image,
            &["nginx", "library/nginx", "ghcr.io/a/b-c.d", "localhost:5000/a", "a_b/c"],
            &["", "nginx:1.25", "https://ghcr.io/a", "a//b", "a/", "ghcr.io/a@sha256:00", "a b", "${REPO}"],
        );
    }

    #[test]
    fn git_repositories() {
        check(
            git,
            &[
                "https://github.com/a/b.git",
                "http://user:p@ss@host:8080/a",
                "ssh://git@host:22/a",
                "git@github.com:a/b",
                "file:///srv/a.git",
            ],
            &["", "github.com/a/b", "git://host/a", "https://github.com", "https:///a", "file://", "${REPO}"],
        );
    }

    #[test]
    fn charts() {
        check(
            chart,
            &["https://charts.example.com", "oci://ghcr.io/a/b", "http://localhost:8080/x?y=z"],
            &["", "ghcr.io/a/b", "s3://bucket", "https://", "https://a b/c"],
        );
    }

    #[test]
    fn credentials_and_queries_are_named() {
        for (answer, reason) in [
            (image("me:pw@ghcr.io/a"), "credentials"),
            (image("me@ghcr.io/a"), "credentials"),
            (image("https://me:pw@ghcr.io/a"), "credentials"),
            (image("https://ghcr.io/a?token=x"), "a query"),
            (image("ghcr.io/a?token=x"), "a query"),
            (chart("https://me:pw@charts.example.com"), "credentials"),
            (chart("https://token@charts.example.com/a"), "credentials"),
            (chart("oci://me@ghcr.io/a?b"), "credentials"),
            (chart("https://charts.example.com?token=x"), "a query"),
            (image("nginx@sha256:00"), "no image repository"),
            (image("ghcr.io/a@sha256:00"), "no image repository"),
            (image("nginx@1.2"), "no image repository"),
            (chart("s3://bucket/a@b"), "no chart repository URL"),
        ] {
            let bad = answer.unwrap_err();
            let is_named = bad.message.ends_with("not belong in a `repoURL`");
            assert_eq!(
                (is_named, bad.message.contains(reason)),
                (!reason.starts_with("no "), true),
                "{bad:?}"
            );
        }
    }
}
