//! A repository for which a credential is looked up, and whether its URL is requested as it is written.

use std::fmt;

use artifact_http::Url;
use artifact_source::SourceKind;
use go_compat::GoRegex;
use percent_encoding::percent_encode_byte;
use repository_url::UrlHazard;
use warehouse_spec::{normalize_chart, normalize_git, normalize_image};

/// The type of a Secret, by its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum CredType {
    Git,
    Helm,
    Image,
}

impl CredType {
    pub(super) const ALL: [Self; 3] = [Self::Git, Self::Helm, Self::Image];

    pub(super) fn of_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.label() == label)
    }

    pub(super) fn of_kind(kind: &SourceKind) -> Option<Self> {
        match kind {
            SourceKind::Git => Some(Self::Git),
            SourceKind::Chart => Some(Self::Helm),
            SourceKind::Image => Some(Self::Image),
            _ => None,
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Helm => "helm",
            Self::Image => "image",
        }
    }

    /// Kargo's normal form of a URL, in which it compares.
    pub(super) fn normalize(self, url: &str) -> String {
        match self {
            Self::Git => normalize_git(url),
            Self::Helm => normalize_chart(url),
            Self::Image => normalize_image(url),
        }
    }
}

impl fmt::Display for CredType {
    /// The kind of repository that such Secrets are for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Git => "Git repositories",
            Self::Helm => "charts",
            Self::Image => "images",
        })
    }
}

/// A repository that a credential is looked up for.
#[derive(Debug)]
pub(super) struct Repository {
    pub(super) cred_type: CredType,
    /// The URL in the subscription.
    pub(super) url: String,
    pub(super) name: ExactName,
    /// The forms that a pattern is matched against, or the reason why no Secret is for the URL.
    pub(super) forms: Result<Vec<String>, &'static str>,
}

/// The key by which a Secret with an exact URL and a repository match.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ExactName {
    /// In Kargo's normal form.
    pub(super) normal: String,
    /// Where it is requested: the normal form of a chart's URL may lose its port.
    origin: Option<HttpOrigin>,
}

impl ExactName {
    /// The name of a repository.
    ///
    /// # Errors
    ///
    /// As [`RequestUrl::parse`].
    pub(super) fn parse(cred_type: CredType, url: &str) -> Result<Self, &'static str> {
        Self::of(cred_type, url, &RequestUrl::parse(url)?)
    }

    fn of(cred_type: CredType, url: &str, requested: &RequestUrl) -> Result<Self, &'static str> {
        let normal = cred_type.normalize(url);
        let named = RequestUrl::parse(&normal).map_err(|_| UNLIKE)?;
        match (&requested.origin, &named.origin) {
            (Some(origin), Some(named)) if !origin.has_host_of(named) => Err(UNLIKE),
            (Some(_), None) => Err(UNLIKE),
            (origin, _) => Ok(Self { normal, origin: origin.clone() }),
        }
    }
}

const UNLIKE: &str = "has a normal form that names another host";

impl Repository {
    pub(super) fn new(cred_type: CredType, url: &str) -> Self {
        // The source of charts omits the scheme: `ghcr.io/charts/web` is the subscription's `oci://ghcr.io/charts/web`.
        let lost_scheme = cred_type == CredType::Helm && !url.contains("://");
        let url = if lost_scheme { format!("oci://{url}") } else { url.to_owned() };
        let requested = RequestUrl::parse(&url)
            .and_then(|requested| Ok((ExactName::of(cred_type, &url, &requested)?, requested)));
        match requested {
            Ok((name, RequestUrl { mut forms, .. })) => {
                // Without a user and a fragment, as the first form is.
                forms.extend(forms.first().map(|form| cred_type.normalize(form)));
                Self { cred_type, url, name, forms: Ok(forms) }
            }
            Err(wrong) => {
                let name = ExactName { normal: cred_type.normalize(&url), origin: None };
                Self { cred_type, url, name, forms: Err(wrong) }
            }
        }
    }

    /// Whether the pattern matches the URL that is requested.
    pub(super) fn matches(&self, pattern: &GoRegex) -> bool {
        self.forms.iter().flatten().any(|form| pattern.is_match(form))
    }
}

/// The origin of an `http` or `https` URL: scheme, host, port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct HttpOrigin(String, String, u16);

/// A `repoURL` that leads to the host and path that are written in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RequestUrl {
    /// The forms that a pattern is matched against: without a password and a fragment.
    pub(super) forms: Vec<String>,
    /// `None` if it is not an `http` or `https` URL.
    pub(super) origin: Option<HttpOrigin>,
}

impl HttpOrigin {
    fn of(url: &Url) -> Option<Self> {
        Some(Self(url.scheme().to_owned(), url.host_str()?.to_owned(), url.port_or_known_default()?))
    }

    pub(super) fn has_host_of(&self, other: &Self) -> bool {
        self.1 == other.1
    }
}

impl RequestUrl {
    /// Reads a `repoURL`: a URL, the scp form of Git, or the name of an image.
    ///
    /// # Errors
    ///
    /// The part of it that is requested otherwise than it is written, to follow "its repoURL ...".
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.contains(|letter: char| letter.is_control() || letter == '\\') {
            return Err("has a backslash or a control character");
        }
        if text.trim() != text {
            return Err("begins or ends with white space");
        }
        let scheme = ["https://", "http://"]
            .into_iter()
            .find(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
        let parsed = match scheme {
            Some(scheme) => http(scheme, &text[scheme.len()..]),
            None => other(text),
        }?;
        if UrlHazard::check_path(text).is_err() {
            return Err("is read otherwise by some servers than it is written");
        }
        Ok(parsed)
    }
}

/// Parses what is not an `http` URL and must not look like one to any parser.
fn other(text: &str) -> Result<RequestUrl, &'static str> {
    if Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
        return Err("has no `//` behind its scheme");
    }
    let (is_url, name) = match text.split_once("://") {
        Some((_, rest)) => (true, rest),
        None => (false, text),
    };
    let (host, path) = name.split_once('/').unwrap_or((name, ""));
    if host
        .chars()
        .any(|letter| !letter.is_ascii() || matches!(letter, '%' | '?' | '#') || letter.is_whitespace())
    {
        return Err("has a host of other characters than letters, digits, dots and hyphens");
    }
    // `git@host:path` and `ssh://git@host/path` have one `@`, and it is before the host.
    if host.matches('@').count() > 1 || is_url && host.starts_with('@') {
        return Err("has more than one `@` before its host");
    }
    let scp_path = host.split_once(':').map_or("", |(_, path)| path);
    if path.split('/').chain([scp_path]).any(is_dots) {
        return Err("has a segment `.` or `..` in its path");
    }
    Ok(RequestUrl { forms: vec![text.to_owned()], origin: None })
}

fn http(scheme: &str, rest: &str) -> Result<RequestUrl, &'static str> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    if user.is_some_and(|user| user.contains('@')) {
        return Err("has more than one `@` before its host");
    }
    let text = format!("{scheme}{host}{}", tail.split('#').next().unwrap_or_default());
    let url = Url::parse(&text).map_err(|_| "is not a URL that can be requested")?;
    if !is_host(&url, host) {
        return Err("has a host or a port that is requested in another spelling than it is written");
    }
    let path_and_query = &text[scheme.len() + host.len()..];
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    if !is_same_path(path_and_query, &format!("{}{query}", url.path())) {
        return Err(
            "has a path that is requested otherwise than it is written: `.` or `..`, also as `%2e`, and tabs",
        );
    }
    let mut forms = vec![text.clone(), url.to_string()];
    // Clone URLs of Azure DevOps have the organization there. A plain word cannot look like a host.
    let is_word = |user: &&str| {
        !user.is_empty()
            && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    forms.extend(user.filter(is_word).map(|user| format!("{scheme}{user}@{host}{path_and_query}")));
    Ok(RequestUrl { forms, origin: HttpOrigin::of(&url) })
}

/// Whether the parser found this host, and this port where it is written.
fn is_host(url: &Url, written: &str) -> bool {
    let bracket = written.rfind(']').unwrap_or(0);
    let (host, port) = match written[bracket..].rfind(':') {
        Some(colon) => (&written[..bracket + colon], Some(&written[bracket + colon + 1..])),
        None => (written, None),
    };
    let is_port = |port: &str| url.port_or_known_default().is_some_and(|found| found.to_string() == port);
    url.host_str().is_some_and(|found| !found.is_empty() && found == host.to_ascii_lowercase())
        && port.is_none_or(is_port)
}

/// Whether the parser did no more to a path and query than to encode characters that URLs cannot hold.
fn is_same_path(written: &str, requested: &str) -> bool {
    let written = match written.as_bytes().first() {
        None | Some(b'?') => format!("/{written}"),
        Some(_) => written.to_owned(),
    };
    let mut requested = requested;
    let mut buffer = [0; 4];
    for letter in written.chars() {
        let plain: &str = letter.encode_utf8(&mut buffer);
        let encoded: String = plain.bytes().map(percent_encode_byte).collect();
        match requested.strip_prefix(plain).or_else(|| requested.strip_prefix(&*encoded)) {
            Some(rest) => requested = rest,
            None => return false,
        }
    }
    requested.is_empty()
}

fn is_dots(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn right(text: &str, forms: &[&str]) {
        let requested = RequestUrl::parse(text).map(|requested| requested.forms);
        let expected: Vec<_> = forms.iter().map(|&form| form.to_owned()).collect();
        assert_eq!(requested, Ok(expected), "{text}");
    }

    #[track_caller]
    fn wrong(text: &str, what: &str) {
        let found = RequestUrl::parse(text).expect_err(text);
        assert!(found.contains(what), "{text:?}: {found}");
    }

    #[test]
    fn what_is_requested_as_it_is_written() {
        right(
            "https://github.com/Org/r.git",
            &["https://github.com/Org/r.git", "https://github.com/Org/r.git"],
        );
        right("HTTPS://GitHub.com/r", &["https://GitHub.com/r", "https://github.com/r"]);
        right("https://github.com", &["https://github.com", "https://github.com/"]);
        right("https://github.com:443/r", &["https://github.com:443/r", "https://github.com/r"]);
        right("https://github.com.:8443/r", &["https://github.com.:8443/r", "https://github.com.:8443/r"]);
        right("https://[::1]:8443/r", &["https://[::1]:8443/r", "https://[::1]:8443/r"]);
        right("https://c.example?a=b#x", &["https://c.example?a=b", "https://c.example/?a=b"]);
        right("https://c.example/a b/é", &["https://c.example/a b/é", "https://c.example/a%20b/%C3%A9"]);
        right(
            "https://org@dev.azure.com/org/_git/r",
            &[
                "https://dev.azure.com/org/_git/r",
                "https://dev.azure.com/org/_git/r",
                "https://org@dev.azure.com/org/_git/r",
            ],
        );
        for user in ["github.com", "me:secret", "%67", ""] {
            let url = format!("https://{user}@c.example/r");
            right(&url, &["https://c.example/r", "https://c.example/r"]);
        }
        for name in [
            "ghcr.io/a/b",
            "localhost:5000/a",
            "oci://ghcr.io/a",
            "git@github.com:a/b.git",
            "ssh://git@h/a",
            "nginx",
        ] {
            right(name, &[name]);
        }
    }

    #[test]
    fn what_is_requested_otherwise() {
        for text in [
            r"https://198.51.100.1\@github.com/r",
            r"https:\\github.com/r",
            "https://github.com\t/r",
            "https://github.com/\u{0}",
            "https://github.com/r\n",
            r"ghcr.io\a/b",
            "ssh://git@h/\u{1b}a",
        ] {
            wrong(text, "a backslash or a control character");
        }
        wrong(" https://github.com/r", "white space");
        wrong("https://github.com/r\u{a0}", "white space");
        for text in ["https:github.com/r", "https:/github.com/r", "HTTP:github.com"] {
            wrong(text, "no `//`");
        }
        for text in ["https://a@github.com@c.example/r", "https://@@c.example", "a@b@c:d"] {
            wrong(text, "more than one `@`");
        }
        for text in [
            "https://2130706433/r",
            "https://0x7f.1/r",
            "https://127.1/r",
            "https://[0:0::1]/r",
            "https://%67ithub.com/r",
            "https://\u{ff47}ithub.com/r",
            "https://github\u{3002}com/r",
            "https://b\u{fc}cher.example/r",
            "https://github.com:0443/r",
            "https://github.com:/r",
            "https:///github.com/r",
        ] {
            wrong(text, "another spelling");
        }
        for text in
            ["https://", "https://:443/r", "https://a b/r", "https://github.com:99999/", "https://[::1/r"]
        {
            assert!(RequestUrl::parse(text).is_err(), "{text}");
        }
        for text in [
            "https://c.example/github.com/../r",
            "https://c.example/a/./r",
            "https://c.example/%2e%2E/r",
            "https://c.example/a/.%2e",
            "https://c.example/..",
        ] {
            wrong(text, "otherwise than it is written");
        }
        for text in ["ghcr.io/a/../b", "oci://ghcr.io/%2e%2e/b", "git@github.com:../b", "git@github.com:a/.."]
        {
            wrong(text, "`..`");
        }
        for text in ["oci://ghcr%2eio/a", "ghcr.io?x/a", "oci://gh\u{441}r.io/a", "a#b/c"] {
            wrong(text, "a host of other characters");
        }
        for text in [
            "https://host/good/..;/evil",
            "https://host/good/%252525252e%252525252e/evil",
            "https://host/good/%c0%ae%c0%ae/evil",
            "ghcr.io/good/..;/evil",
        ] {
            wrong(text, "read otherwise by some servers");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_host_of_the_text_is_the_host_that_is_asked(
            text in "(https?|HTTP)?:?[/\\\\]{0,3}([a-zA-Z.]{0,9}[:@\\\\]){0,2}[a-z0-9.%\u{ff41}\u{3002}\\[\\]:]{0,9}[/\\\\?#]?[ -~\u{a0}\u{e9}]{0,9}"
        ) {
            if let Ok(requested) = RequestUrl::parse(&text)
                && let Ok(url) = Url::parse(&text)
                && matches!(url.scheme(), "http" | "https")
            {
                proptest::prop_assert_eq!(&requested.origin, &HttpOrigin::of(&url));
                let host = url.host_str().unwrap_or_default();
                for form in &requested.forms {
                    let authority = form.split("://").nth(1).and_then(|rest| rest.split(['/', '?']).next()).unwrap_or_default();
                    let found = authority.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
                    proptest::prop_assert!(found.starts_with(host), "{form} {host}");
                }
            }
        }
    }
}
