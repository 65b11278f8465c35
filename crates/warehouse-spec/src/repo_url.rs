//! The forms of repository URLs that each kind of subscription takes
//! ([rule 1.7](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)), and what to say about the others.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;
use repository_url::{HiddenHost, UrlHazard, UrlParts, redact, redact_tail, redact_user, without_credential};

use crate::rule;

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
    /// An empty `reason` is left out.
    fn new(url: &str, what: &str, reason: &str, help: &'static str) -> Self {
        let url = shown(url);
        let message = match reason {
            "" => format!("`{url}` is not {what}"),
            reason => format!("`{url}` is not {what}: {reason}"),
        };
        Self { message, help: help.into() }
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
        Self { message: format!("`{url}` is not {what}: {hazard}"), help: help.into() }
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

/// Whether a user, and perhaps a password, is in front of the host. `name@sha256:...` and `name@tag` have none.
fn has_user(url: &str) -> bool {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    match rest.split(['/', '?', '#']).next().and_then(|authority| authority.rsplit_once('@')) {
        Some((_, host)) => !scheme.is_empty() || rest.contains('/') && !host.starts_with("sha256:"),
        None => false,
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

/// Checks the repository of an image subscription: a name without scheme, tag and digest.
pub(crate) fn image(url: &str) -> Result<(), BadUrl> {
    if let Err(hazard) = UrlHazard::check_image(url) {
        return Err(BadUrl::hazard(url, "an image repository", &hazard));
    }
    if fits(&IMAGE, url) {
        return Ok(());
    }
    if let Some(Misleading { what, meant, .. }) = page_of_image(url) {
        return Err(BadUrl {
            message: format!("`{}` {what}", shown(url)),
            help: format!("write {meant}").into(),
        });
    }
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
    Err(BadUrl::without_user(url, "an image repository", reason, help))
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

/// Checks the repository of a Git subscription: http(s), ssh, scp form or, which Kargo does not know, file.
pub(crate) fn git(url: &str) -> Result<(), BadUrl> {
    if let Err(hazard) = UrlHazard::check(url) {
        return Err(BadUrl::hazard(url, "a Git repository URL", &hazard));
    }
    if has_fragment(url) {
        return Err(BadUrl::fragment(url, "a Git repository URL"));
    }
    if fits(&GIT, url) {
        return Ok(());
    }
    let parts = UrlParts::of(url);
    let (reason, help) = if url.starts_with("git://") {
        ("the git protocol is not supported".to_owned(), "use https")
    } else if !url.contains("://") && !url.contains('@') {
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
    Err(BadUrl::new(url, "a Git repository URL", &reason, help))
}

/// Checks the repository of a chart subscription: http(s) or oci.
pub(crate) fn chart(url: &str) -> Result<(), BadUrl> {
    if let Err(hazard) = UrlHazard::check(url) {
        return Err(BadUrl::hazard(url, "a chart repository URL", &hazard));
    }
    if has_fragment(url) {
        return Err(BadUrl::fragment(url, "a chart repository URL"));
    }
    if fits(&CHART, url) {
        return Ok(());
    }
    let (reason, help) = if !url.contains("://") {
        (
            "it has no scheme",
            "write it with its scheme: https:// for a chart repository, oci:// for a registry",
        )
    } else {
        of_scheme(url).unwrap_or(("", "write it like https://host/path or oci://host/path"))
    };
    Err(BadUrl::without_user(url, "a chart repository URL", reason, help))
}

/// A URL of the right form that is not that of a repository: a page about it, or a file in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Misleading {
    /// What it is, as a phrase that follows the URL.
    pub(crate) what: String,
    /// The URL of the repository.
    pub(crate) meant: String,
    /// What else the URL says, which other fields say.
    pub(crate) besides: Vec<Beside>,
}

/// A field that says what a URL was meant to say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    Text(&'static str, String),
    /// A list of this one text.
    List(&'static str, String),
}

impl Beside {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Text(name, _) | Self::List(name, _) => name,
        }
    }
}

/// What pages about a repository are called in the URLs of servers of Git repositories.
const PAGES: &[&str] = &[
    "tree", "blob", "raw", "commit", "commits", "releases", "tags", "branches", "pull", "issues", "wiki",
    "archive",
];

/// The page of a Git repository, as browsers show its URL: `https://github.com/a/b/tree/main`, `/-/tree/` of GitLab, `/src/` of Bitbucket and of Gitea.
pub(crate) fn page_of_git(url: &str) -> Option<Misleading> {
    let (scheme, rest) = url.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"))?;
    let names: Vec<&str> = rest.split(['?', '#']).next()?.trim_end_matches('/').split('/').collect();
    let (host, path) = names.split_first()?;
    let host = host.rsplit('@').next()?;
    let is_page = |name: &&str| PAGES.contains(name);
    // GitLab has folders of projects, so a name alone says nothing; one with something behind it does.
    let (at, page) = match path.iter().position(|name| *name == "-") {
        Some(at) if at >= 2 => (at, path.get(at + 1..)?),
        _ if *path.get(2)? == "src" && path.len() > 3 => {
            let skipped = usize::from(matches!(path.get(3), Some(&("branch" | "tag" | "commit"))));
            (2, path.get(2 + skipped..)?)
        }
        _ if path.get(2).is_some_and(is_page) && (path.len() > 3 || host == "github.com") => {
            (2, path.get(2..)?)
        }
        _ => return None,
    };
    let (kind, after) = page.split_first()?;
    let shows_files = matches!(*kind, "tree" | "blob" | "raw" | "src") || *kind == "branch";
    let besides = match after.split_first().filter(|_| shows_files) {
        Some((branch, folders)) => {
            let branch = Beside::Text("branch", (*branch).to_owned());
            let path = (!folders.is_empty()).then(|| Beside::List("includePaths", folders.join("/")));
            std::iter::once(branch).chain(path).collect()
        }
        None => Vec::new(),
    };
    let authority = names.first()?;
    let meant = format!("{scheme}://{authority}/{}", path.get(..at)?.join("/"));
    git(&meant).is_ok().then(|| Misleading {
        what: "is a page about a repository, not the repository".to_owned(),
        meant,
        besides,
    })
}

/// A query behind a Git repository, which has none: what other tools read of it, fields say here. One that may hold a secret is told as such.
pub(crate) fn query_of_git(url: &str) -> Option<Misleading> {
    let url = without_credential(url);
    let (meant, query) = url.split_once('?').filter(|_| url.contains("://") && !url.starts_with("file:"))?;
    if redact(&url) != url || git(meant).is_err() {
        return None;
    }
    let besides = query.split('&').filter_map(|parameter| {
        let (name, value) = parameter.split_once('=').filter(|(_, value)| !value.is_empty())?;
        match name {
            "ref" | "branch" | "revision" | "rev" => Some(value),
            // Of Azure DevOps.
            "version" => value.strip_prefix("GB"),
            _ => None,
        }
        .filter(|branch| rule::is_branch(branch))
        .map(|branch| Beside::Text("branch", branch.to_owned()))
    });
    Some(Misleading {
        what: "has a query, and the URL of a Git repository has none".to_owned(),
        meant: meant.to_owned(),
        besides: besides.take(1).collect(),
    })
}

/// A chart in a registry with its version or digest in the URL.
pub(crate) fn version_of_chart(url: &str) -> Option<Misleading> {
    let path = url.strip_prefix("oci://")?;
    let (before, last) = path.rsplit_once('/')?;
    let meant = |name: &str| format!("oci://{before}/{name}");
    let (what, meant, besides) = match (last.split_once('@'), last.split_once(':')) {
        (Some((name, digest)), _) if digest.contains(':') => {
            let name = name.split(':').next().unwrap_or(name);
            ("ends with a digest, which is no part of the URL of a chart", meant(name), Vec::new())
        }
        (None, Some((name, tag))) if rule::constraint(tag).is_none() => {
            let besides = vec![Beside::Text("semverConstraint", tag.to_owned())];
            ("ends with a version, which is no part of the URL of a chart", meant(name), besides)
        }
        (None, Some((name, _))) => {
            ("ends with a tag, which is no part of the URL of a chart", meant(name), Vec::new())
        }
        _ => return None,
    };
    (chart(&meant).is_ok() && redact(url) == url).then(|| Misleading {
        what: what.to_owned(),
        meant,
        besides,
    })
}

/// A file of a chart repository.
pub(crate) fn file_of_charts(url: &str) -> Option<Misleading> {
    if !is_classic(url) {
        return None;
    }
    let path = url.trim_end_matches('/');
    let (meant, file) = path.rsplit_once('/')?;
    let what = match file {
        "index.yaml" | "index.yml" => {
            "is the index of a chart repository, and `/index.yaml` is added to the URL"
        }
        _ if file.ends_with(".tgz") => "is one version of a chart, not the repository",
        _ => return None,
    };
    chart(meant).is_ok().then(|| Misleading {
        what: what.to_owned(),
        meant: meant.to_owned(),
        besides: Vec::new(),
    })
}

/// The page of an image on Docker Hub.
pub(crate) fn page_of_image(url: &str) -> Option<Misleading> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest).strip_prefix("hub.docker.com/")?;
    let names: Vec<&str> = rest.split(['?', '#']).next()?.trim_end_matches('/').split('/').collect();
    let meant = match names.as_slice() {
        ["_", name, ..] => (*name).to_owned(),
        ["r" | "repository", "docker", owner, name, ..] | ["r", owner, name, ..] => format!("{owner}/{name}"),
        _ => return None,
    };
    image(&meant).is_ok().then(|| Misleading {
        what: "is a page of Docker Hub, not an image".to_owned(),
        meant,
        besides: Vec::new(),
    })
}

/// Whether the chart lies in a classic repository and must be named.
pub(crate) fn is_classic(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

/// Whether a `#` follows the host.
fn has_fragment(url: &str) -> bool {
    let after = url.split_once("://").map_or(url, |(_, after)| after);
    after.contains('#')
}

/// The URL for a message, without its user, its query and its fragment. What no parser of URLs takes is shown from its last `@` on, and a password may hold a blank.
fn shown(url: &str) -> Cow<'_, str> {
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
                "leave the tag out",
            ),
            (image("a/b/"), "`a/b/` is not an image repository: it ends with a slash", "leave the slash"),
            (
                image("oci://ghcr.io/a"),
                "`oci://ghcr.io/a` is not an image repository: it has a scheme",
                "leave the scheme out",
            ),
            (
                image("nginx@sha256:00"),
                "`nginx@sha256:00` is not an image repository: it has a digest",
                "leave the digest out",
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
                "`git://host/a` is not a Git repository URL: the git protocol is not supported",
                "use https",
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
            (chart("OCI://ghcr.io/a/b"), "its scheme is in upper case"),
            (chart("HTTPS://charts.example.com"), "its scheme is in upper case"),
            (git("HTTPS://github.com/a/b"), "its scheme is in upper case"),
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
