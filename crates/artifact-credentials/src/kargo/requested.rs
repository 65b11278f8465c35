//! Whether a `repoURL` is requested as it is written.
//!
//! A Secret is chosen by the text of a `repoURL`, and its password goes where a URL parser says that the text leads. Both must mean the
//! same: `https://198.51.100.1\@github.com/org/app` has `github.com` in its text, and is requested from `198.51.100.1`.

use artifact_http::Url;

/// The origin of an `http` or `https` URL: scheme, host, port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct HttpOrigin(String, String, u16);

/// A `repoURL` that is requested as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Requested {
    /// The forms that a pattern is tried on: without a password and a fragment.
    pub(super) forms: Vec<String>,
    /// Nothing for what is no `http` or `https` URL.
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

impl Requested {
    /// Reads a `repoURL`: a URL, the scp form of Git, or the name of an image.
    ///
    /// # Errors
    ///
    /// What in it is requested otherwise than it is written, in words for after "its repoURL ...".
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
        match scheme {
            Some(scheme) => http(scheme, &text[scheme.len()..]),
            None => other(text),
        }
    }
}

/// What is no `http` URL, and what no parser may take for one.
fn other(text: &str) -> Result<Requested, &'static str> {
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
    Ok(Requested { forms: vec![text.to_owned()], origin: None })
}

fn http(scheme: &str, rest: &str) -> Result<Requested, &'static str> {
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
    // Clone URLs of Azure DevOps have the organization there. A word cannot look like a host.
    let is_word = |user: &&str| {
        !user.is_empty()
            && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    forms.extend(user.filter(is_word).map(|user| format!("{scheme}{user}@{host}{path_and_query}")));
    Ok(Requested { forms, origin: HttpOrigin::of(&url) })
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
        let encoded: String = plain.bytes().map(|byte| format!("%{byte:02X}")).collect();
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
        let requested = Requested::parse(text).map(|requested| requested.forms);
        let expected: Vec<_> = forms.iter().map(|&form| form.to_owned()).collect();
        assert_eq!(requested, Ok(expected), "{text}");
    }

    #[track_caller]
    fn wrong(text: &str, what: &str) {
        let found = Requested::parse(text).expect_err(text);
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
            assert!(Requested::parse(text).is_err(), "{text}");
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
    }

    proptest::proptest! {
        #[test]
        fn the_host_of_the_text_is_the_host_that_is_asked(
            text in "(https?|HTTP)?:?[/\\\\]{0,3}([a-zA-Z.]{0,9}[:@\\\\]){0,2}[a-z0-9.%\u{ff41}\u{3002}\\[\\]:]{0,9}[/\\\\?#]?[ -~\u{a0}\u{e9}]{0,9}"
        ) {
            if let Ok(requested) = Requested::parse(&text)
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
