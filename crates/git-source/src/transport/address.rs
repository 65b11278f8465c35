//! The address of a repository, from the URL that the user wrote.

use artifact_source::{Error, ErrorKind, UrlHazard, redact_url};
use gix::bstr::{BString, ByteSlice};
use gix::url::Scheme;
use std::fmt;
use std::path::PathBuf;

/// The address of a repository.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// A server of smart HTTP.
    Http { url: url::Url },
    /// A host that `ssh` connects to.
    Ssh { destination: String, port: Option<u16>, path: BString },
    /// A `git daemon`.
    Daemon { host: String, port: Option<u16>, path: BString },
    /// A folder on this machine.
    File { path: PathBuf },
}

impl Address {
    /// Reads a URL as `git clone` does: http, https, ssh, the scp form, git and file. A user and a password in an http URL are left out.
    ///
    /// # Errors
    ///
    /// `InvalidInput` that says what is wrong, without a credential.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |what: &str| {
            Error::new(ErrorKind::InvalidInput, format!("the repository URL {what}")).with_url(text)
        };
        if text.is_empty() {
            return Err(wrong("is empty"));
        }
        if text.chars().any(|character| character.is_control() || character.is_whitespace()) {
            return Err(wrong("contains white space or a control character"));
        }
        if text.contains('\\') {
            let hint =
                "the parts of a path are separated by `/`; in a user name or password it is written %5C";
            return Err(wrong("contains a backslash").with_hint(hint));
        }
        if has_parent_segment(text) {
            return Err(wrong("contains the path segment `..`").with_hint("write the path without it"));
        }
        UrlHazard::check(text)
            .map_err(|hazard| wrong(&format!("is not valid: {hazard}")).with_hint(hazard.hint()))?;
        let scheme = text.split("://").next().unwrap_or_default();
        if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") {
            return Self::http(text, &wrong);
        }
        let parsed = gix::url::parse(text).map_err(|_| {
            wrong("is not a Git URL")
                .with_hint("write https://host/path, ssh://host/path, user@host:path or file:///path")
        })?;
        match &parsed.scheme {
            Scheme::Ssh | Scheme::Git => Self::stream(&parsed, &wrong),
            Scheme::File if !text.starts_with("file://") => {
                Err(wrong("is a path").with_hint("write file:///path for a repository on this machine"))
            }
            Scheme::File if parsed.host().is_some_and(|host| !host.is_empty()) => {
                Err(wrong("names a host, which file:// cannot reach"))
            }
            Scheme::File if !parsed.path.starts_with(b"/") => Err(wrong("holds a relative path")),
            Scheme::File => {
                let path = percent_decoded(&parsed.path);
                if path.iter().any(u8::is_ascii_control) {
                    return Err(wrong("contains a control character"));
                }
                match gix::path::from_bstring(BString::from(path)) {
                    Ok(path) => Ok(Self::File { path }),
                    Err(_) => Err(wrong("holds a path that this system cannot have")),
                }
            }
            _ => Err(wrong("has an unknown scheme").with_hint("use http, https, ssh, git or file")),
        }
    }

    fn http(text: &str, wrong: &dyn Fn(&str) -> Error) -> Result<Self, Error> {
        let mut url = url::Url::parse(text).map_err(|error| wrong("is not a URL").with_cause(error))?;
        if url.query().is_some() || url.fragment().is_some() {
            let hint = "leave out the `?` or `#` and what follows it; in a path they are written %3F and %23";
            return Err(wrong("has a query or a fragment").with_hint(hint));
        }
        // Both fail for URLs that cannot have a user only.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        Ok(Self::Http { url })
    }

    fn stream(parsed: &gix::Url, wrong: &dyn Fn(&str) -> Error) -> Result<Self, Error> {
        let host = match parsed.host() {
            Some(host) if !host.is_empty() => host,
            _ => return Err(wrong("names no host")),
        };
        if host.starts_with('-') || parsed.user().is_some_and(|user| user.starts_with('-')) {
            return Err(wrong("has a host or a user that starts with a dash"));
        }
        if parsed.password().is_some() {
            return Err(wrong("holds a password, which only http and https can use"));
        }
        // `/~user/path` means the home of a user, which the server expects without the slash.
        let path = match parsed.path.strip_prefix(b"/") {
            Some(home) if home.starts_with(b"~") => home.into(),
            _ => parsed.path.clone(),
        };
        if path.trim_start_with(|character| character == '/').is_empty() {
            return Err(wrong("has no path"));
        }
        if path.starts_with(b"-") || path.iter().any(u8::is_ascii_control) {
            return Err(wrong("has a path that starts with a dash or holds a control character"));
        }
        if parsed.scheme == Scheme::Git {
            return Ok(Self::Daemon { host: host.to_owned(), port: parsed.port, path });
        }
        let destination = match parsed.user() {
            Some(user) => format!("{user}@{host}"),
            None => host.to_owned(),
        };
        Ok(Self::Ssh { destination, port: parsed.port, path })
    }
}

/// Whether a segment is `..`, percent-encoded or not. Readers of URLs do not agree on its meaning: some resolve it first.
fn has_parent_segment(text: &str) -> bool {
    let path = match text.split_once("://") {
        Some((_, after)) => after.split_once('/').map_or("", |(_, path)| path),
        None => text,
    };
    percent_decoded(path.as_bytes())
        .split(|byte| matches!(byte, b'/' | b':' | b'\\'))
        .any(|part| part == b"..")
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    percent_encoding::percent_decode(text).collect()
}

/// The URL without a credential.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { url, .. } => f.write_str(&redact_url(url.as_str())),
            Self::Ssh { destination, port: Some(port), path } => {
                write!(
                    f,
                    "ssh://{destination}:{port}/{}",
                    path.trim_start_with(|character| character == '/').as_bstr()
                )
            }
            Self::Ssh { destination, port: None, path } => write!(f, "{destination}:{path}"),
            Self::Daemon { host, port: Some(port), path } => write!(f, "git://{host}:{port}{path}"),
            Self::Daemon { host, port: None, path } => write!(f, "git://{host}{path}"),
            Self::File { path } => write!(f, "file://{}", path.display()),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is(text: &str, shown: &str) {
        assert_eq!(Address::parse(text).unwrap().to_string(), shown, "{text}");
    }

    #[track_caller]
    fn is_not(text: &str, why: &str) {
        let error = Address::parse(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text}");
        assert!(error.to_string().contains(why), "{text}: {error}");
        assert!(!error.to_string().contains("SECRET"), "{text}: {error}");
    }

    #[test]
    fn every_form_of_url() {
        is("https://example.com/a/b.git", "https://example.com/a/b.git");
        is("http://me:SECRET@example.com:8080/a", "http://example.com:8080/a");
        is("ssh://git@example.com:2222/a/b.git", "ssh://git@example.com:2222/a/b.git");
        is("git@example.com:a/b.git", "git@example.com:a/b.git");
        is("ssh://example.com/~me/a", "example.com:~me/a");
        is("git://example.com/a", "git://example.com/a");
        is("git://[::1]:9418/a", "git://[::1]:9418/a");
        is("file:///srv/git/a.git", "file:///srv/git/a.git");
    }

    #[test]
    fn a_credential_in_the_url_is_not_part_of_the_address() {
        is("https://me%40home:a%2Fb%zz@example.com/a", "https://example.com/a");
    }

    #[test]
    fn bad_urls_say_why() {
        is_not("", "is empty");
        is_not("https://exa mple.com/a", "white space");
        is_not("https://example.com/a\nb", "white space");
        is_not("https://u:SECRET@example.com/a?x=1", "query");
        let hint = Address::parse("http://example.com/r.git?x=y").unwrap_err().hint().map(str::to_owned);
        assert!(hint.is_some_and(|hint| hint.starts_with("leave out the `?`")));
        is_not("https://", "is not a");
        is_not("ssh://-oProxyCommand=x/a", "hyphen");
        is_not("ssh://-o@example.com/a", "hyphen");
        is_not("git@example.com:-a", "hyphen");
        is_not("git://-x/a", "hyphen");
        for url in ["ssh://git@h$(id)/x", "git@h$(id):x", "ssh://h`id`/x", "git://h;id/x", "https://h%24x/y"]
        {
            is_not(url, "in no name of a host");
        }
        is_not("ssh://$(id)@h/x", "ssh may not take");
        is_not("https://2130706433/x", "read as the address 127.0.0.1");
        is_not("https://127.1/x", "read as the address 127.0.0.1");
        is_not("https://u:SECRET@g\u{131}thub.com/x", "not ASCII");
        is_not("https://host/a%252e%252e/..%2f/x", "`..`");
        is_not("https://host/%252e%252e/x", "`..`");
        is_not("https://host/a%0ab", "control character");
        is_not("https://host/a%5cb", "backslash");
        is_not("https://host:0/x", "port 0");
        is_not("https://host/a\u{202e}b", "invisible");
        is_not("ssh://me:SECRET@example.com/a", "password");
        is_not("ssh://example.com/", "no path");
        is_not("ftp://example.com/a", "scheme");
        is_not("ext::sh -c x", "white space");
        is_not("/srv/git/a.git", "is a path");
        is_not("../a.git", "path segment `..`");
        is_not("file://host/a", "names a host");
        is_not("http://u:SECRET@127.0.0.1:1/@github.com/org/r.git", "before the `@`");
        is_not("https://u:p@ss/SECRET@github.com/org/r.git", "before the `@`");
        is_not("ssh://git@host/@github.com/org/r.git", "before the `@`");
    }

    #[test]
    fn ambiguous_urls_are_refused() {
        for (scheme, before) in [
            ("http", "http://u:SECRET@"),
            ("https", "https://"),
            ("ssh", "ssh://git@"),
            ("git", "git://"),
            ("scp", "git@"),
            ("file", "file:///"),
        ] {
            let colon = if scheme == "scp" { ":" } else { "/" };
            for host in [r"2130706433\@example.com", r"example.com\.evil.test", r"\example.com"] {
                is_not(&format!("{before}{host}{colon}a.git"), "backslash");
            }
            for path in [r"a\b.git", r"\a.git", r"a\..\b.git"] {
                is_not(&format!("{before}example.com{colon}{path}"), "backslash");
            }
            for path in
                ["../a", "a/../b", "a/..", "..", "%2e%2e/a", "a/.%2E/b", "a/%2e%2e", "a%2F..%2fb", "a/..%5cb"]
            {
                is_not(&format!("{before}example.com{colon}{path}"), "path segment `..`");
            }
            for control in ["\0", "\n", "\r", "\t", "\u{1b}", "\u{7f}", "\u{85}", "\u{2028}"] {
                is_not(
                    &format!("{before}example.com{colon}a{control}b"),
                    "white space or a control character",
                );
            }
        }
        is_not("file:///srv/%00a", "control character");
        is_not("file:///srv/a%0ab", "control character");
        is("https://example.com/a..b/...git", "https://example.com/a..b/...git");
        is("git@example.com:a/..b", "git@example.com:a/..b");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_or_shows_a_password(before in "(http|https|ssh|git|file|[a-z]{0,5})", after in ".{0,12}") {
            let text = format!("{before}://u:SECRET@{after}");
            match Address::parse(&text) {
                Ok(address) => proptest::prop_assert!(!address.to_string().contains("SECRET")),
                Err(error) => proptest::prop_assert!(!error.to_string().contains("SECRET")),
            }
        }
    }
}
