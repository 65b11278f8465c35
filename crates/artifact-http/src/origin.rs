//! Who a URL belongs to.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

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

/// Whether the URL names this very machine: `localhost`, a name under it, or a loopback address.
///
/// ```
/// use artifact_http::{Url, is_loopback};
///
/// assert!(is_loopback(&Url::parse("http://127.1.2.3:5000").unwrap()));
/// assert!(is_loopback(&Url::parse("http://[::1]").unwrap()));
/// assert!(!is_loopback(&Url::parse("http://localhost.example.com").unwrap()));
/// ```
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_localhost(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => canonical(address).is_loopback(),
        None => false,
    }
}

/// Whether the URL names a place that only this machine or its own network reaches: loopback,
/// private, link-local (where clouds keep their metadata services) and unspecified addresses. A
/// host name other than `localhost` is not looked up and counts as public.
///
/// ```
/// use artifact_http::{Url, is_private};
///
/// assert!(is_private(&Url::parse("http://169.254.169.254/latest").unwrap()));
/// assert!(is_private(&Url::parse("http://[::ffff:10.0.0.1]/").unwrap()));
/// assert!(!is_private(&Url::parse("https://ghcr.io").unwrap()));
/// ```
pub fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_localhost(name),
        Some(Host::Ipv4(address)) => is_private_v4(address),
        Some(Host::Ipv6(address)) => match canonical(address) {
            IpAddr::V4(address) => is_private_v4(address),
            IpAddr::V6(address) => {
                address.is_loopback()
                    || address.is_unspecified()
                    || address.is_unique_local()
                    || address.is_unicast_link_local()
            }
        },
        None => false,
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    // 100.64.0.0/10 is shared by carriers, and by some clouds for their metadata service.
    let shared = address.octets()[0] == 100 && address.octets()[1] & 0xc0 == 64;
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.octets()[0] == 0
        || shared
}

/// The IPv4 address inside `::ffff:a.b.c.d` and `64:ff9b::a.b.c.d`, or the address itself.
fn canonical(address: Ipv6Addr) -> IpAddr {
    let [a, b, c, d, e, f, high, low] = address.segments();
    if [a, b, c, d, e, f] == [0x64, 0xff9b, 0, 0, 0, 0] {
        return IpAddr::V4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    }
    address.to_canonical()
}
