//! Where the host of a URL begins and ends.

use std::fmt;

/// A URL, divided as parsers of URLs divide it.
#[derive(Clone, Copy)]
pub(crate) struct Divided<'u> {
    /// The scheme and the slashes after it, with what is in front of them.
    pub(crate) front: &'u str,
    /// What is in front of the last `@` of the authority.
    pub(crate) user: Option<&'u str>,
    /// The host and the port.
    pub(crate) address: &'u str,
    /// The path, the query and the fragment.
    pub(crate) rest: &'u str,
}

impl<'u> Divided<'u> {
    /// Divides a text with a scheme. The authority ends at the first `/`, `?`, `#` or `\`. Of http and https, any number of slashes and
    /// backslashes is in front of it, as of the [URL standard](https://url.spec.whatwg.org/#special-authority-slashes-state).
    ///
    /// Blanks and control characters at the end are left out, as parsers of URLs leave them out.
    pub(crate) fn of(url: &'u str) -> Option<Self> {
        let url = url.trim_end_matches(|letter| letter <= ' ');
        let is_http = |scheme: &str| {
            ["http:", "https:"].iter().any(|http| {
                scheme.len().checked_sub(http.len()).is_some_and(|at| {
                    scheme.as_bytes().get(at..).is_some_and(|end| end.eq_ignore_ascii_case(http.as_bytes()))
                })
            })
        };
        let first = url.find(':').map(|at| at + 1);
        let start = match first.filter(|&at| is_http(url[..at].trim_start())) {
            Some(at) if matches!(url[..at].trim_start().len(), 5 | 6) => at,
            _ => {
                let at = url.find("://")?;
                if is_http(&url[..=at]) { at + 1 } else { at + 3 }
            }
        };
        let after = match url[start..].find(|letter| !matches!(letter, '/' | '\\')) {
            Some(slashes) if is_http(&url[..start]) => start + slashes,
            None if is_http(&url[..start]) => url.len(),
            _ => start,
        };
        let (front, authority_and_rest) = url.split_at(after);
        let end = authority_and_rest.find(['/', '?', '#', '\\']).unwrap_or(authority_and_rest.len());
        let (authority, rest) = authority_and_rest.split_at(end);
        let (user, address) = match authority.rsplit_once('@') {
            Some((user, address)) => (Some(user), address),
            None => (None, authority),
        };
        Some(Self { front, user, address, rest })
    }

    /// What is written after the host, if it is not a port: not a number up to 65535.
    pub(crate) fn bad_port(&self) -> Option<&'u str> {
        self.after_host().filter(|port| !is_port(port))
    }

    /// The port, if it may be a password: where a host with a dot and a path follow an `@` behind it.
    pub(crate) fn doubtful_port(&self) -> Option<&'u str> {
        let port = self.after_host().filter(|port| is_port(port) && !port.is_empty())?;
        (self.user.is_none() && self.goes_on_with_host()).then_some(port)
    }

    fn after_host(&self) -> Option<&'u str> {
        let after_host = self.address.rsplit_once(']').map_or(self.address, |(_, rest)| rest);
        after_host.split_once(':').map(|(_, port)| port)
    }

    /// Whether the rest has an `@` with another host behind it.
    fn goes_on_with_host(&self) -> bool {
        let Some((_, after)) = self.rest.rsplit_once('@') else { return false };
        let host = after.split(['/', ':', '?', '#']).next().unwrap_or_default();
        !self.rest.starts_with('/') || host.contains('.') && after.len() > host.len()
    }

    fn has_empty_port(&self) -> bool {
        self.address.ends_with(':')
    }

    /// Whether an `@` after the host may end a password that holds one of `/`, `?` and `#`: `https://user:pa/ss@host/path`.
    pub(crate) fn may_go_on(&self) -> bool {
        self.user.is_some_and(|user| user.contains(':')) && self.rest.contains('@')
            || self.user.is_none() && self.has_empty_port() && self.rest.contains('@')
    }
}

/// Whether this is empty or a port.
pub(crate) fn is_port(text: &str) -> bool {
    let digits = text.trim_start_matches('0');
    text.bytes().all(|byte| byte.is_ascii_digit())
        && digits.len() <= 5
        && (digits.is_empty() || digits.parse::<u16>().is_ok())
}

/// Why a URL is refused that [names another host than it seems to](hides_host). `Display` says what is wrong.
///
/// ```
/// use repository_url::HiddenHost;
///
/// let hidden = HiddenHost::check("https://user:pa/ss@host/a").unwrap_err();
/// assert_eq!(hidden.to_string(), "a `/`, `?` or `#` before the `@` ends the host there, so that another host is asked");
/// assert!(HiddenHost::check("https://host/a").is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HiddenHost(());

impl fmt::Display for HiddenHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a `/`, `?` or `#` before the `@` ends the host there, so that another host is asked")
    }
}

impl std::error::Error for HiddenHost {}

impl HiddenHost {
    /// Checks a URL.
    ///
    /// # Errors
    ///
    /// `HiddenHost` if the URL [hides its host](hides_host).
    pub fn check(url: &str) -> Result<(), Self> {
        if hides_host(url) { Err(Self(())) } else { Ok(()) }
    }

    /// What to write instead, for people.
    pub fn hint(&self) -> &'static str {
        "leave out what stands before the `@`; an `@` in the path is written %40"
    }
}

/// Whether a URL names another host than it seems to: a `/`, `?` or `#` before its `@` ends the host there. Of
/// `https://user:password@a.example/@b.example/path`, `a.example` is asked and gets the password.
///
/// An `@` in a path counts where there is a user, and where it follows what is not a port, or a port and a slash and is followed by a host and
/// a path. In the path of such a URL it must be written `%40`.
///
/// ```
/// use repository_url::hides_host;
///
/// assert!(hides_host("https://user:pa/ss@host/a"));
/// assert!(hides_host("https://user:password@a.example/@b.example/a"));
/// assert!(!hides_host("https://user:password@a.example/%40b/a"));
/// assert!(!hides_host("https://a.example:8080/a@v1"));
/// ```
pub fn hides_host(url: &str) -> bool {
    let Some(divided) = Divided::of(url) else { return false };
    if !divided.rest.contains('@') {
        return false;
    }
    // `file:///a@v1` has no host.
    if divided.address.is_empty() && divided.user.is_none() {
        return false;
    }
    if divided.user.is_some() {
        return true;
    }
    let has_port = divided.address.rsplit_once(']').map_or(divided.address, |(_, rest)| rest).contains(':');
    match (divided.rest.starts_with('/'), has_port) {
        (false, _) => true,
        (true, false) => false,
        (true, true) => {
            divided.bad_port().is_some() || divided.has_empty_port() || divided.goes_on_with_host()
        }
    }
}
