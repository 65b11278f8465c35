//! The parts of the URL of a repository.

/// The parts of the URL of a repository, as every parser of URLs divides it: `https://user@host:port/path`, or the scp form
/// `user@host:path`. They are as written; nothing is decoded.
///
/// ```
/// use repository_url::UrlParts;
///
/// let parts = UrlParts::of("ssh://git@[::1]:2222/a/b.git");
/// assert_eq!((parts.scheme, parts.user, parts.host, parts.port, parts.path), ("ssh", Some("git"), "[::1]", Some("2222"), "/a/b.git"));
/// let parts = UrlParts::of("git@github.com:a/b.git");
/// assert_eq!((parts.scheme, parts.user, parts.host, parts.path), ("ssh", Some("git"), "github.com", "a/b.git"));
/// assert_eq!(UrlParts::of("/srv/a.git").host, "");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UrlParts<'u> {
    /// The scheme; `ssh` for the scp form, and empty for what is neither.
    pub scheme: &'u str,
    /// What stands in front of the last `@` of the authority.
    pub user: Option<&'u str>,
    /// The host, an IPv6 address with its brackets.
    pub host: &'u str,
    /// What stands behind the `:` of the host.
    pub port: Option<&'u str>,
    /// The path with the query and the fragment.
    pub path: &'u str,
}

impl<'u> UrlParts<'u> {
    /// The parts of a URL or of the scp form.
    pub fn of(url: &'u str) -> Self {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Self::of_scp(url);
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        Self::of_authority(scheme, authority, path)
    }

    /// The first part of an image's name is a host where it looks like one, as for docker.
    pub(crate) fn of_image(name: &'u str) -> Self {
        let (front, path) = name.split_once('/').unwrap_or(("", name));
        match front.contains(['.', ':']) || front == "localhost" {
            true => Self::of_authority("", front, path),
            false => Self { scheme: "", user: None, host: "", port: None, path: name },
        }
    }

    /// `user@host:path`.
    fn of_scp(url: &'u str) -> Self {
        // The colons of an address in brackets are none of the form.
        let after_host = url.find("@[").and_then(|_| url.find(']')).unwrap_or(0);
        let colon = url.get(after_host..).and_then(|rest| rest.find(':')).map(|at| after_host + at);
        match colon.map(|at| (&url[..at], &url[at + 1..])) {
            Some((authority, path)) if !authority.contains('/') => {
                Self { port: None, ..Self::of_authority("ssh", authority, path) }
            }
            None if url.contains('@') && !url.contains('/') => Self::of_authority("", url, ""),
            _ => Self { scheme: "", user: None, host: "", port: None, path: url },
        }
    }

    fn of_authority(scheme: &'u str, authority: &'u str, path: &'u str) -> Self {
        let (user, address) = match authority.rsplit_once('@') {
            Some((user, address)) => (Some(user), address),
            None => (None, authority),
        };
        let bracket = address.rfind(']').map_or(0, |at| at + 1);
        let (host, port) = match address[bracket..].rfind(':') {
            Some(colon) => (&address[..bracket + colon], Some(&address[bracket + colon + 1..])),
            None => (address, None),
        };
        Self { scheme, user, host, port, path }
    }
}
