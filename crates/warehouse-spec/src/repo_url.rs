//! The forms of repository URLs that each kind of subscription takes
//! ([rule 1.7](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)), and what to say about the others.

use std::borrow::Cow;
use std::net::Ipv4Addr;
use std::sync::LazyLock;

use percent_encoding::percent_decode;
use regex::Regex;
use repository_url::{HiddenHost, Ipv4Host, ipv4_host, redact_user};

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

    fn hazard(url: &str, what: &str, hazard: Hazard) -> Self {
        let url = shown(url);
        Self { message: format!("`{url}` is not {what}: {}", hazard.what), help: hazard.help }
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

/// Checks the repository of an image subscription: a name without scheme, tag and digest.
pub(crate) fn image(url: &str) -> Result<(), BadUrl> {
    if let Some(hazard) = in_image(url) {
        return Err(BadUrl::hazard(url, "an image repository", hazard));
    }
    if fits(&IMAGE, url) {
        return Ok(());
    }
    let last = url.rsplit('/').next().unwrap_or(url);
    let (reason, help) = if url.contains("://") {
        ("it has a scheme", "leave the scheme out: registry.example.com/path/name")
    } else if url.contains('@') {
        (
            "it has a digest",
            "leave the digest out; `imageSelectionStrategy: Digest` with `constraint: TAG` follows a tag",
        )
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
fn is_mixed(parts: &Parts<'_>) -> bool {
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    parts.scheme == "ssh" && parts.port.is_some_and(|port| !is_port(port))
}

/// Checks the repository of a Git subscription: http(s), ssh, scp form or, which Kargo does not know, file.
pub(crate) fn git(url: &str) -> Result<(), BadUrl> {
    if let Some(hazard) = in_url(url) {
        return Err(BadUrl::hazard(url, "a Git repository URL", hazard));
    }
    if fits(&GIT, url) {
        return Ok(());
    }
    let parts = Parts::of_url(url);
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
    if let Some(hazard) = in_url(url) {
        return Err(BadUrl::hazard(url, "a chart repository URL", hazard));
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

/// Whether the chart lies in a classic repository and must be named.
pub(crate) fn is_classic(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

/// What is wrong with a URL, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
struct Hazard {
    what: Cow<'static, str>,
    help: Cow<'static, str>,
}

fn hazard(what: impl Into<Cow<'static, str>>, help: impl Into<Cow<'static, str>>) -> Option<Hazard> {
    Some(Hazard { what: what.into(), help: help.into() })
}

/// The parts of a repository URL, as every parser of URLs divides it.
struct Parts<'u> {
    scheme: &'u str,
    /// What is in front of the last `@` of the authority.
    user: Option<&'u str>,
    host: &'u str,
    port: Option<&'u str>,
    path: &'u str,
}

impl<'u> Parts<'u> {
    /// The first part of an image's name is a host where it looks like one, as for docker.
    fn of_image(url: &'u str) -> Self {
        let (front, path) = url.split_once('/').unwrap_or(("", url));
        match front.contains(['.', ':']) || front == "localhost" {
            true => Self::of_authority("", front, path),
            false => Self { scheme: "", user: None, host: "", port: None, path: url },
        }
    }

    fn of_url(url: &'u str) -> Self {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Self::of_scp(url);
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        Self::of_authority(scheme, &rest[..end], &rest[end..])
    }

    /// `user@host:path`.
    fn of_scp(url: &'u str) -> Self {
        let (authority, path) = url.split_once(':').unwrap_or((url, ""));
        Self { port: None, ..Self::of_authority("ssh", authority, path) }
    }

    fn of_authority(scheme: &'u str, authority: &'u str, path: &'u str) -> Self {
        let (user, address) = match authority.rsplit_once('@') {
            Some((user, address)) => (Some(user), address),
            None => (None, authority),
        };
        let (host, port) = match address.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (address, None),
        };
        Self { scheme, user, host, port, path }
    }
}

/// What makes the name of an image name another place than it seems to.
fn in_image(url: &str) -> Option<Hazard> {
    in_text(url).or_else(|| {
        if url.contains("://") || url.contains('@') {
            return None;
        }
        let parts = Parts::of_image(url);
        in_host(&parts).or_else(|| in_path(parts.path))
    })
}

/// What makes the URL of a Git or chart repository name another place than it seems to.
fn in_url(url: &str) -> Option<Hazard> {
    let parts = Parts::of_url(url);
    in_text(url)
        .or_else(|| ends_early(url))
        .or_else(|| in_authority(&parts))
        .or_else(|| in_host(&parts))
        .or_else(|| in_path(parts.path))
        .or_else(|| match parts.path.contains('#') {
            true => hazard(
                "a fragment does not belong in a `repoURL`",
                "leave out the `#` and what follows it; write %23 if it is part of the path",
            ),
            false => None,
        })
}

/// The URL for a message, without its user. What no parser of URLs takes is shown from its last `@` on, and a password may hold a blank.
fn shown(url: &str) -> Cow<'_, str> {
    redact_user(url)
}

/// Characters that parsers drop, turn or take for something else.
fn in_text(url: &str) -> Option<Hazard> {
    if url.ends_with('\n') && !url.trim_end_matches('\n').contains('\n') {
        return hazard(
            "it ends with a line break",
            "write it on the line of its key; after `|` or `>` a line break stays, after `|-` or `>-` it does not",
        );
    }
    if url.contains('\\') {
        return hazard("it holds a backslash, which is read as `/`", "write `/` instead of `\\`");
    }
    if let Some(letter) = url.chars().find(|letter| letter.is_control()) {
        let what = match letter {
            '\t' => "a tab".to_owned(),
            '\n' | '\r' => "a line break".to_owned(),
            letter => format!("the control character U+{:04X}", u32::from(letter)),
        };
        return hazard(format!("it holds {what}"), "delete it");
    }
    if url.contains(char::is_whitespace) {
        return hazard("it holds white space", "delete the white space; in a path, write %20 for a blank");
    }
    let letter = url.chars().find(|&letter| is_invisible(letter))?;
    hazard(format!("it holds the invisible character U+{:04X}", u32::from(letter)), "delete it")
}

/// Characters that are not seen, or that change the order in which others are seen.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A user or password that ends early, or that is not what it seems.
fn in_authority(parts: &Parts<'_>) -> Option<Hazard> {
    let texts = [parts.user.unwrap_or_default(), parts.host, parts.port.unwrap_or_default()];
    if !parts.scheme.is_empty() && texts.iter().any(|text| !text.is_ascii()) {
        return hazard(
            "the host holds a letter that is not ASCII",
            "write the host in ASCII, as `xn--` where its name has other letters",
        );
    }
    if parts.user.is_some_and(|user| decoded(user).iter().any(u8::is_ascii_control)) {
        return hazard("the user holds a control character, percent-encoded", "delete it");
    }
    let is_option = |text: &str| text.starts_with('-');
    if parts.user.is_some_and(is_option) || is_option(parts.host) {
        return hazard(
            "the user or the host starts with a hyphen",
            "delete the hyphen: it is read as an option",
        );
    }
    if parts.scheme == "ssh" && is_option(parts.path.trim_start_matches('/')) {
        return hazard("the path starts with a hyphen", "write `./` before it: it is read as an option");
    }
    None
}

/// The `/` in the password of `https://user:pa/ss@host` ends the authority, and `user` is asked.
fn ends_early(url: &str) -> Option<Hazard> {
    let hidden = HiddenHost::check(url).err()?;
    hazard(
        hidden.to_string(),
        format!("{}; Kargo takes credentials from Secrets of the Project", hidden.hint()),
    )
}

/// Numbers that a parser takes for an IPv4 address, although they are not written like one; and ports that are none.
fn in_host(parts: &Parts<'_>) -> Option<Hazard> {
    if let Some(port) = parts.port.filter(|port| port.bytes().all(|byte| byte.is_ascii_digit())) {
        match port.parse::<u16>() {
            _ if port.is_empty() => {
                return hazard("there is no port after the `:`", "delete the `:`, or write a port after it");
            }
            Ok(0) => return hazard("no server listens on the port 0", "write a port from 1 to 65535"),
            Ok(_) => {}
            Err(_) => return hazard("the port is above 65535", "write a port from 1 to 65535"),
        }
    }
    if parts.host.parse::<Ipv4Addr>().is_ok() {
        return None;
    }
    match ipv4_host(parts.host) {
        Ipv4Host::Name => None,
        Ipv4Host::Address(address) => hazard(
            format!("the host `{}` is read as the address {address}", parts.host),
            format!("write {address}, if that is intended"),
        ),
        Ipv4Host::Invalid => hazard(
            format!("the host `{}` ends like an IP address but is not one", parts.host),
            "write a name, or an address of four numbers such as 192.0.2.1",
        ),
    }
}

/// Segments that leave the path, and what a server may decode into one.
fn in_path(path: &str) -> Option<Hazard> {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let decoded = decoded(path);
    let encoded = if decoded.len() == path.len() { "" } else { ", percent-encoded" };
    if decoded.contains(&b'\\') {
        return hazard(format!("it holds a backslash{encoded}"), "write `/` instead of it");
    }
    if decoded.split(|&byte| byte == b'/').any(|segment| segment == b"..") {
        return hazard(
            format!("its path holds `..`{encoded}, which is the path of another repository"),
            "write the intended path, without `..`",
        );
    }
    if decoded.iter().any(u8::is_ascii_control) {
        return hazard("it holds a control character, percent-encoded", "delete it");
    }
    None
}

/// The bytes that a text stands for, also where it is encoded twice.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..4 {
        let next: Vec<u8> = percent_decode(&bytes).collect();
        if next == bytes {
            break;
        }
        bytes = next;
    }
    bytes
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
                "`me:pw@ghcr.io/a:1` is not an image repository: credentials do not belong in a `repoURL`",
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

    /// Every pair is a URL and a part of what is said about it.
    #[track_caller]
    fn refused(check: fn(&str) -> Option<Hazard>, cases: &[(&str, &str)]) {
        for (url, expected) in cases {
            let found = check(url).map(|found| found.what.into_owned()).unwrap_or_default();
            assert!(found.contains(expected), "{url:?}: {found:?}");
        }
    }

    #[test]
    fn another_host() {
        refused(
            in_url,
            &[
                (r"https://2130706433:8080\@github.com/org/r", "backslash"),
                (r"https:\\github.com/org/r", "backslash"),
                (r"https://github.com\.evil.example/org/r", "backslash"),
                ("https://localhost:8080/@github.com/org/r", "another host is asked"),
                ("https://localhost:80/x@github.com/org/r", "another host is asked"),
                ("https://evil:80?@github.com/org/r", "another host is asked"),
                ("https://evil:80#@github.com/org/r", "another host is asked"),
                ("https://evil:x/@github.com/org/r", "another host is asked"),
                ("https://evil#@github.com/org/r", "another host is asked"),
                ("http://u:x@127.0.0.1:1/@github.com/org/r.git", "another host is asked"),
                ("http://u:x@127.0.0.1/@github.com/org/r.git", "another host is asked"),
                ("http://u:x@127.0.0.1?@github.com/org/r.git", "another host is asked"),
                ("https://u:p@ss/word@github.com/org/r.git", "another host is asked"),
                ("https://token@evil/@github.com/org/r.git", "another host is asked"),
                ("ssh://git@evil/@github.com/org/r.git", "another host is asked"),
                ("https://user:p\u{ff0f}x@host/r", "not ASCII"),
                ("https://g\u{131}thub.com/r", "not ASCII"),
                ("https://\u{ff47}ithub.com/r", "not ASCII"),
                ("https://user:a%0ab@host/r", "control character"),
                ("https://2130706433/org/r", "read as the address 127.0.0.1"),
                ("https://0x7f.1/org/r", "read as the address 127.0.0.1"),
                ("https://0177.0.0.1/org/r", "read as the address 127.0.0.1"),
                ("https://127.1:8080/org/r", "read as the address 127.0.0.1"),
                ("https://user@0x7f000001/org/r", "read as the address 127.0.0.1"),
                ("https://1.2.3.4.5/org/r", "is not one"),
                ("https://example.256/org/r", "is not one"),
                ("https://host:65536/r", "above 65535"),
                ("https://host:/r", "no port after the `:`"),
                ("ssh://git@host:/r", "no port after the `:`"),
                ("oci://host:/r", "no port after the `:`"),
                ("https://host:0/r", "the port 0"),
                ("http://me@host:00000/r", "the port 0"),
                ("ssh://-oProxyCommand/r", "hyphen"),
                ("ssh://-x@host/r", "hyphen"),
                ("-x@host:r", "hyphen"),
                ("git@-host:r", "hyphen"),
                ("git@host:-x", "hyphen"),
                ("git@2130706433:org/r", "127.0.0.1"),
            ],
        );
        refused(
            in_image,
            &[
                ("2130706433:80/a", "127.0.0.1"),
                ("127.1/a", "127.0.0.1"),
                ("host:99999/a", "above 65535"),
                ("host:/a", "no port after the `:`"),
                ("host:0/a", "the port 0"),
                ("localhost:000/a", "the port 0"),
                (r"ghcr.io\a", "backslash"),
            ],
        );
    }

    #[test]
    fn characters_that_are_dropped_or_not_seen() {
        for letter in [
            '\t',
            '\r',
            '\0',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            ' ',
            '\u{a0}',
            '\u{2028}',
            '\u{3000}',
            '\u{200b}',
            '\u{202e}',
            '\u{feff}',
            '\u{ad}',
            '\u{e0041}',
            '\n',
        ] {
            for url in [
                format!("https://github.com/org/{letter}r"),
                format!("https://git{letter}hub.com/r"),
                format!("{letter}https://github.com/r"),
            ] {
                assert!(in_url(&url).is_some(), "{url:?}");
            }
            assert!(in_image(&format!("ghcr.io/a{letter}b")).is_some(), "{letter:?}");
        }
        refused(in_url, &[("https://host/r\n", "ends with a line break")]);
    }

    #[test]
    fn paths_that_lead_elsewhere() {
        for path in [
            "..",
            "a/../b",
            "%2e%2e",
            "%2E.",
            ".%2e",
            "a%2f..%2fb",
            "%252e%252e",
            "a%5c..",
            "a%5Cb",
            "a%00",
            "a%0d%0ab",
            "%25%32%65.",
        ] {
            for url in [
                format!("https://host/{path}"),
                format!("ssh://git@host/{path}/x"),
                format!("git@host:{path}"),
                format!("oci://host/{path}"),
                format!("file:///{path}"),
            ] {
                assert!(in_url(&url).is_some(), "{url:?}");
            }
            assert!(in_image(&format!("host.example/{path}")).is_some(), "{path:?}");
        }
    }

    #[test]
    fn everything_else_is_no_hazard() {
        for url in [
            "https://github.com/a/b.git",
            "http://user:p@ss@host:8080/a",
            "https://user:p%40ss%2F@host/a",
            "https://user:p%5Css@host/a",
            "https://token@dev.azure.com/org/My%20Project/_git/repo",
            "ssh://git@host:22/~user/a",
            "git@github.com:a/b",
            "git@127.0.0.1:a/b",
            "https://127.0.0.1:3000/a",
            "https://1password.example/a",
            "https://host/a...b/..c/d..",
            "https://host/a@v1",
            "https://u:p@host:80/a%40v1",
            "https://host:8080/a@v1",
            "https://host:8080/@v1/a.b",
            "https://host/x@github.com/a",
            "https://host/a?x=../y&z=@",
            "https://host/\u{e9}",
            "https://host/100%/a",
            "file:///srv/a.git",
            "oci://ghcr.io/a/b",
            "oci://ghcr.io/a/b/",
            "http://localhost:8080/x?y=z",
        ] {
            assert_eq!(in_url(url), None, "{url:?}");
        }
        for name in [
            "nginx",
            "ghcr.io/MyOrg/app",
            "localhost:5000/a",
            "192.0.2.1:5000/a/b",
            "2048/app",
            "a.b",
            "1.2.3",
        ] {
            assert_eq!(in_image(name), None, "{name:?}");
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
