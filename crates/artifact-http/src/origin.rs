//! What the host of a URL says: its origin, and whether it is this machine or its own network.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use crate::address::is_private_address;
use crate::inside_name::is_inside_name;

/// Scheme, host and port of a URL: what a credential was made for.
///
/// ```
/// use artifact_http::{Origin, Url};
///
/// let origin = |url| Origin::of(&Url::parse(url).unwrap());
/// assert_eq!(origin("https://example.com/a"), origin("https://EXAMPLE.com:443/b"));
/// assert_ne!(origin("https://example.com"), origin("http://example.com"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl Origin {
    /// The origin of this URL.
    pub fn of(url: &Url) -> Self {
        Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port_or_known_default(),
        }
    }

    /// The host: a name in small letters, or an IP address, in brackets for IPv6.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether what is sent there is encrypted.
    pub fn is_https(&self) -> bool {
        self.scheme == "https"
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        match (self.port, self.scheme.as_str()) {
            (Some(443), "https") | (Some(80), "http") | (None, _) => Ok(()),
            (Some(port), _) => write!(f, ":{port}"),
        }
    }
}

/// Whether the URL names this very machine: `localhost`, a name under it, or a loopback address. The client takes such names
/// for what they say (RFC 6761, section 6.3): they lead to loopback addresses only, whatever a name server says, and past every
/// proxy.
///
/// ```
/// use artifact_http::{Url, is_loopback};
///
/// assert!(is_loopback(&Url::parse("http://127.1.2.3:5000").unwrap()));
/// assert!(is_loopback(&Url::parse("http://[::1]").unwrap()));
/// assert!(is_loopback(&Url::parse("http://[::ffff:127.0.0.1]").unwrap()));
/// assert!(!is_loopback(&Url::parse("http://localhost.example.com").unwrap()));
/// assert!(!is_loopback(&Url::parse("http://[64:ff9b::127.0.0.1]").unwrap()));
/// ```
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_localhost(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        // Not what NAT64 or 6to4 make of one: that travels.
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        None => false,
    }
}

/// Whether the URL names a place that only this machine or its own network reaches: loopback,
/// private, link-local and shared addresses (where clouds keep their metadata services), and those that no server has. An
/// IPv6 address that stands for an IPv4 one counts as that. A host name that no public server has is private too: one label
/// (`vault`), and names under domains that are reserved for private networks, such as `localhost`, `internal`, `local`, `lan`,
/// `home.arpa`, `corp`, `svc` ([RFC 6761](https://www.rfc-editor.org/rfc/rfc6761), [RFC 6762](https://www.rfc-editor.org/rfc/rfc6762#appendix-G),
/// [RFC 8375](https://www.rfc-editor.org/rfc/rfc8375), [RFC 9476](https://www.rfc-editor.org/rfc/rfc9476)). Another name is not looked up
/// here and counts as public: its addresses are checked when a connection is made, see [`Request::public_only`](crate::Request::public_only),
/// but not where a proxy makes the connection.
///
/// ```
/// use artifact_http::{Url, is_private};
///
/// assert!(is_private(&Url::parse("http://169.254.169.254/latest").unwrap()));
/// assert!(is_private(&Url::parse("http://[::ffff:10.0.0.1]/").unwrap()));
/// assert!(is_private(&Url::parse("https://vault.internal/").unwrap()));
/// assert!(!is_private(&Url::parse("https://ghcr.io").unwrap()));
/// ```
pub fn is_private(url: &Url) -> bool {
    match literal(url) {
        Some(address) => is_private_address(address),
        None => url.domain().is_some_and(is_inside_name),
    }
}

/// The address, where the host of the URL is one.
pub(crate) fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

/// `localhost`, or a name under it.
pub(crate) fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
        || name.rsplit_once('.').is_some_and(|(_, last)| last.eq_ignore_ascii_case("localhost"))
}
