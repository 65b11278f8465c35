//! The forms of repository URLs that each kind of subscription takes
//! ([rule 1.7](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)), and what to say about the others.

mod form;
mod mended;
mod page;

use std::borrow::Cow;

use repository_url::{HiddenHost, UrlHazard, UrlParts};

use form::{has_fragment, has_user, shown};
use mended::{Mended, mended};

pub(crate) use form::{RepositoryKind, is_classic};
pub(crate) use page::{Beside, Misleading};

impl RepositoryKind {
    /// Checks a URL.
    pub(crate) fn check(self, url: &str) -> Result<(), BadUrl> {
        if self.fits(url) {
            return Ok(());
        }
        if let Some(mended) = mended(self, url) {
            return Err(BadUrl::mended(url, self, mended));
        }
        let is_image = self == Self::Image;
        let checked = if is_image { UrlHazard::check_image(url) } else { UrlHazard::check(url) };
        if let Err(hazard) = checked {
            return Err(BadUrl::hazard(url, self.what(), &hazard));
        }
        if !is_image && has_fragment(url) {
            return Err(BadUrl::fragment(url, self.what()));
        }
        Err(match self {
            Self::Image => bad_image(url),
            Self::Git => bad_git(url),
            Self::Chart => bad_chart(url),
        })
    }

    /// What a URL is, in place of the repository, where that is known.
    pub(crate) fn misleading(self, url: &str) -> Option<Misleading> {
        page::misleading(self, url)
    }
}

/// A URL that a subscription cannot take.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadUrl {
    pub(crate) message: String,
    pub(crate) help: Cow<'static, str>,
    /// The URL to write in its place, and the fields that say what else the text says, where they are known.
    pub(crate) meant: Option<(String, Vec<Beside>)>,
}

impl BadUrl {
    /// An empty `reason` is left out.
    fn new(url: &str, what: &str, reason: &str, help: &'static str) -> Self {
        let url = shown(url);
        let message = match reason {
            "" => format!("`{url}` is not {what}"),
            reason => format!("`{url}` is not {what}: {reason}"),
        };
        Self { message, help: help.into(), meant: None }
    }

    /// A text of which everything that is wrong is known.
    fn mended(url: &str, kind: RepositoryKind, mended: Mended) -> Self {
        let Mended { slips, url: meant, hint, besides } = mended;
        let url = shown(url);
        let message = match slips.as_slice() {
            [page] if page.starts_with("is a") && page.contains(',') => format!("`{url}` {page}"),
            slips => format!("`{url}` is not {}: it {}", kind.what(), slips.join(", and it ")),
        };
        Self { message, help: hint.into(), meant: meant.map(|meant| (meant, besides)) }
    }

    /// The same for a kind whose URLs have neither user nor query. These are named first.
    fn without_user(url: &str, what: &str, reason: &str, help: &'static str) -> Self {
        let (reason, help) = match (has_user(url), url.contains('?')) {
            (true, _) => (
                "credentials do not belong in a `repoURL`",
                "leave out what stands before the `@`; Kargo takes credentials from Secrets of the Project",
            ),
            (_, true) => (
                "a query does not belong in a `repoURL`",
                "leave out the `?` and what follows it; Kargo takes credentials from Secrets of the Project",
            ),
            _ => (reason, help),
        };
        Self::new(url, what, reason, help)
    }

    fn hazard(url: &str, what: &str, hazard: &UrlHazard) -> Self {
        let help = match HiddenHost::check(url) {
            Err(hidden) if hidden.hint() == hazard.hint() => {
                format!("{}; Kargo takes credentials from Secrets of the Project", hazard.hint())
            }
            _ => hazard.hint().to_owned(),
        };
        let url = shown(url);
        Self { message: format!("`{url}` is not {what}: {hazard}"), help: help.into(), meant: None }
    }

    fn fragment(url: &str, what: &str) -> Self {
        let reason = "a fragment does not belong in a `repoURL`";
        Self::new(
            url,
            what,
            reason,
            "leave out the `#` and what follows it; write %23 if it is part of the path",
        )
    }
}

/// Whether an image is a host and its port, without a repository: `localhost:5000`. A tag may be a number, too, so that the host must look like one.
fn is_host_with_port(url: &str) -> bool {
    url.split_once(':').is_some_and(|(host, port)| {
        (host == "localhost" || host.contains('.'))
            && !host.contains('/')
            && port.len() > 1
            && port.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// What is wrong with the repository of an image subscription, which is a name without scheme, tag and digest.
fn bad_image(url: &str) -> BadUrl {
    let last = url.rsplit('/').next().unwrap_or(url);
    let (reason, help) = if url.contains("://") {
        ("it has a scheme", "leave the scheme out: registry.example.com/path/name")
    } else if url.contains('@') {
        (
            "it has a digest",
            "leave the digest out; `imageSelectionStrategy: Digest` with `constraint: TAG` follows a tag",
        )
    } else if is_host_with_port(url) {
        ("it is a host alone", "write the repository behind it: registry.example.com:5000/path/name")
    } else if last.contains(':') {
        (
            "it ends with a tag",
            "leave the tag out; which tags count is said by `constraint` and `allowTagsRegexes`",
        )
    } else if url.ends_with('/') {
        ("it ends with a slash", "leave the slash at the end out")
    } else {
        ("", "write it like registry.example.com/path/name")
    };
    BadUrl::without_user(url, RepositoryKind::Image.what(), reason, help)
}

/// Whether Kargo takes this as the user of a Git URL, with or without a password.
fn is_git_user(user: &str) -> bool {
    let name = user.split(':').next().unwrap_or(user);
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// A reason that holds for Git and chart repositories: a scheme in upper case, or a host alone.
fn of_scheme(url: &str) -> Option<(&'static str, &'static str)> {
    let (scheme, rest) = url.split_once("://")?;
    if scheme.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some((
            "its scheme is in upper case",
            "write the scheme in lower case: https://, oci:// or ssh://",
        ));
    }
    let is_host = !rest.is_empty() && !rest.contains('/') && matches!(scheme, "http" | "https" | "ssh");
    is_host.then_some((
        "it has a host and no path",
        "write the path of the repository after the host: https://host/path",
    ))
}

/// Whether the host of an `ssh` URL is followed by a path as in the scp form.
fn is_mixed(parts: &UrlParts<'_>) -> bool {
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    parts.scheme == "ssh" && parts.port.is_some_and(|port| !is_port(port))
}

/// What is wrong with the repository of a Git subscription: http(s), ssh, scp form or, which Kargo does not know, file.
fn bad_git(url: &str) -> BadUrl {
    let parts = UrlParts::of(url);
    let (reason, help) = if !url.contains("://") && !url.contains('@') {
        ("it has no scheme".to_owned(), "write it with its scheme: https://host/path")
    } else if is_mixed(&parts) {
        (
            "what follows the `:` is not a port".to_owned(),
            "write a `/` instead of the `:`, as in ssh://git@host/path, or leave out ssh://, as in git@host:path",
        )
    } else if let Some((reason, help)) = of_scheme(url) {
        (reason.to_owned(), help)
    } else if parts.user.is_some_and(|user| !is_git_user(user)) {
        (
            format!(
                "its host is `{}`, as the last `@` ends the user, who may be letters, digits, `_` and `-` alone",
                parts.host
            ),
            "write https://host/path with the intended host, without a user; Kargo takes credentials from Secrets of the Project",
        )
    } else {
        (String::new(), "write it like https://host/path, ssh://git@host/path or git@host:path")
    };
    BadUrl::new(url, RepositoryKind::Git.what(), &reason, help)
}

/// What is wrong with the repository of a chart subscription: http(s) or oci.
fn bad_chart(url: &str) -> BadUrl {
    let (reason, help) = if !url.contains("://") {
        (
            "it has no scheme",
            "write it with its scheme: https:// for a chart repository, oci:// for a registry",
        )
    } else {
        of_scheme(url).unwrap_or(("", "write it like https://host/path or oci://host/path"))
    };
    BadUrl::without_user(url, RepositoryKind::Chart.what(), reason, help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(url: &str) -> Result<(), BadUrl> {
        RepositoryKind::Image.check(url)
    }

    fn git(url: &str) -> Result<(), BadUrl> {
        RepositoryKind::Git.check(url)
    }

    fn chart(url: &str) -> Result<(), BadUrl> {
        RepositoryKind::Chart.check(url)
    }

    #[track_caller]
    fn check(function: fn(&str) -> Result<(), BadUrl>, good: &[&str], bad: &[&str]) {
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
            (image("nginx@sha256:00"), "not an image repository"),
            (image("ghcr.io/a@sha256:00"), "not an image repository"),
            (image("nginx@1.2"), "not an image repository"),
            (chart("s3://bucket/a@b"), "not a chart repository URL"),
        ] {
            let bad = answer.unwrap_err();
            let is_named = bad.message.ends_with("not belong in a `repoURL`");
            assert_eq!(
                (is_named, bad.message.contains(reason)),
                (!reason.starts_with("not "), true),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn the_reason_is_said() {
        for (answer, message, help) in [
            (
                image("127.0.0.1:1/a/b:1.0"),
                "`127.0.0.1:1/a/b:1.0` is not an image repository: it ends with a tag",
                "which tags count",
            ),
            (image("a/b/"), "`a/b/` is not an image repository: it ends with a slash", ""),
            (image("oci://ghcr.io/a"), "`oci://ghcr.io/a` is not an image repository: it has a scheme", ""),
            (
                image("nginx@sha256:00"),
                "`nginx@sha256:00` is not an image repository: it has a digest",
                "follows a tag",
            ),
            (
                image("me:pw@ghcr.io/a:1"),
                "`***@ghcr.io/a:1` is not an image repository: credentials do not belong in a `repoURL`",
                "leave out what stands before",
            ),
            (
                git("127.0.0.1:1/a/b:1.0"),
                "`127.0.0.1:1/a/b:1.0` is not a Git repository URL: it has no scheme",
                "https://host/path",
            ),
            (
                git("git://host/a"),
                "`git://host/a` is not a Git repository URL: it is of the git protocol, which is not supported",
                "",
            ),
            (
                git("https://github.com@127.0.0.1:1/r"),
                "`https://***@127.0.0.1:1/r` is not a Git repository URL: its host is `127.0.0.1`, as the last `@` ends the user, who may be letters, digits, `_` and `-` alone",
                "write https://host/path with the intended host, without a user",
            ),
            (git("${REPO}@x"), "`${REPO}@x` is not a Git repository URL: its host is", "without a user"),
            (
                chart("127.0.0.1:1/a/b:1.0"),
                "`127.0.0.1:1/a/b:1.0` is not a chart repository URL: it has no scheme",
                "oci:// for a registry",
            ),
        ] {
            let bad = answer.unwrap_err();
            assert!(bad.message.starts_with(message) && bad.help.contains(help), "{bad:?}");
        }
        // The remedy.
        for (answer, reason) in [
            (chart("OCI://ghcr.io/a/b"), "has its scheme in upper case"),
            (chart("HTTPS://charts.example.com"), "has its scheme in upper case"),
            (git("HTTPS://github.com/a/b"), "has its scheme in upper case"),
            (git("https://github.com"), "it has a host and no path"),
            (git("ssh://git@github.com:org/r.git"), "what follows the `:` is not a port"),
        ] {
            let bad = answer.unwrap_err();
            assert!(bad.message.ends_with(reason), "{bad:?}");
        }
        for url in [
            "https://127.0.0.1:1/r",
            "https://github.com/r",
            "ssh://git@github.com/org/r.git",
            "git@github.com:org/r.git",
        ] {
            assert_eq!(git(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(shown("https://me:hun ter2@host/a"), "https://***@host/a");
        assert_eq!(shown("https://me:hun/ter2@host/a"), "https://***@host/a");
        assert_eq!(shown("git@host:a"), "git@host:a");
        assert_eq!(shown("https://bob:hunter2"), "https://bob:***");
        assert_eq!(shown("http://u:x@127.0.0.1:1/@github.com/r"), "http://***@127.0.0.1:1/***@github.com/r");
    }
}
