//! Origins, name resolution, and which addresses count as public.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::inside_name::is_inside_name;

/// What was said about names and addresses.
#[derive(Clone, Debug, Default)]
pub(crate) struct Network {
    known: HashMap<String, Vec<IpAddr>>,
    public: Vec<Range>,
}

/// An address and how many of its first bits count.
#[derive(Clone, Copy, Debug)]
struct Range {
    address: IpAddr,
    bits: u8,
}

impl Range {
    fn contains(self, address: IpAddr) -> bool {
        let (width, difference) = match (canonical(self.address), canonical(address)) {
            (IpAddr::V4(ours), IpAddr::V4(other)) => (32, u128::from(ours.to_bits() ^ other.to_bits())),
            (IpAddr::V6(ours), IpAddr::V6(other)) => (128, ours.to_bits() ^ other.to_bits()),
            _ => return false,
        };
        // A shift by the whole width leaves nothing to differ.
        difference.checked_shr(width - u32::from(self.bits).min(width)).unwrap_or(0) == 0
    }
}

impl Network {
    /// This name has these addresses.
    pub(crate) fn know(&mut self, name: &str, addresses: impl IntoIterator<Item = IpAddr>) {
        self.known.insert(plain_name(name), addresses.into_iter().collect());
    }

    /// The addresses that begin with these bits count as public.
    pub(crate) fn count_as_public(&mut self, address: IpAddr, bits: u8) {
        self.public.push(Range { address, bits });
    }

    pub(crate) fn is_private_address(&self, address: IpAddr) -> bool {
        is_private_address(address) && !self.public.iter().any(|range| range.contains(address))
    }

    /// Whether the host of the URL is a private IP address, a name that is known to have private addresses only, or a name that no public server has.
    pub(crate) fn is_private(&self, url: &Url) -> bool {
        if let Some(address) = literal(url) {
            return self.is_private_address(address);
        }
        match url.domain().and_then(|name| self.known.get(&plain_name(name))) {
            Some(addresses) if !addresses.is_empty() => {
                addresses.iter().all(|address| self.is_private_address(*address))
            }
            _ => is_private(url),
        }
    }

    /// The resolver of reqwest; with `public_only` it returns no private addresses.
    pub(crate) fn resolver(self: &Arc<Self>, public_only: bool) -> Arc<Resolver> {
        Arc::new(Resolver { network: Arc::clone(self), public_only })
    }
}

fn plain_name(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Finds the addresses of a name. The connection goes to one of the returned addresses: a name that resolves elsewhere a
/// moment later changes nothing.
pub(crate) struct Resolver {
    network: Arc<Network>,
    public_only: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (network, public_only) = (Arc::clone(&self.network), self.public_only);
        Box::pin(async move {
            let known = network.known.get(&plain_name(name.as_str()));
            let mut addresses: Vec<SocketAddr> = match known {
                // Port 0 stands for the port of the URL.
                Some(addresses) => addresses.iter().map(|address| SocketAddr::new(*address, 0)).collect(),
                None if is_localhost(name.as_str()) => this_machine().await,
                None => tokio::net::lookup_host((name.as_str(), 0)).await?.collect(),
            };
            if public_only && !addresses.is_empty() {
                addresses.retain(|address| !network.is_private_address(address.ip()));
                if addresses.is_empty() {
                    return Err(OnlyPrivate.into());
                }
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// The loopback addresses. A name under `localhost` is never asked for: a name server could lead it to another machine, which
/// would be sent what is meant for this one.
async fn this_machine() -> Vec<SocketAddr> {
    let found = tokio::net::lookup_host(("localhost", 0)).await.into_iter().flatten();
    let found: Vec<_> = found.filter(|address| address.ip().to_canonical().is_loopback()).collect();
    if found.is_empty() {
        return vec![(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()];
    }
    found
}

/// A name that resolves to private addresses only.
#[derive(Debug)]
pub(crate) struct OnlyPrivate;

impl fmt::Display for OnlyPrivate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name resolves to private addresses only")
    }
}

impl std::error::Error for OnlyPrivate {}

/// Whether the address is reached from this machine or its own network only, or not at all. An IPv6 address that
/// stands for an IPv4 one is what that one is.
pub(crate) fn is_private_address(address: IpAddr) -> bool {
    match canonical(address) {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => {
            let first = address.segments()[0];
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || address.is_multicast()
                // Site-local addresses, which unique local ones replaced.
                || first & 0xffc0 == 0xfec0
        }
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || a == 0
        // Shared by carriers, and by some clouds for their metadata service.
        || a == 100 && b & 0xc0 == 64
        // Of the protocols themselves; one cloud has its metadata service here.
        || [a, b, c] == [192, 0, 0]
        // Measurements between networks.
        || a == 198 && b & 0xfe == 18
        || a >= 240
        // Azure's own service for its machines, which only looks public.
        || address == Ipv4Addr::new(168, 63, 129, 16)
}

/// The IPv4 address that an IPv6 address stands for, or the address itself: mapped (`::ffff:a.b.c.d`) and compatible
/// (`::a.b.c.d`) ones, those of NAT64 (RFC 6052, RFC 8215), of 6to4 (RFC 3056) and of Teredo (RFC 4380).
pub(crate) fn canonical(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let [a, b, c, d, e, f, g, h] = v6.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b) {
        (0, 0) if [c, d, e, f] == [0, 0, 0, 0xffff] => v4(g, h),
        (0, 0) if [c, d, e, f] == [0; 4] && v6 != Ipv6Addr::UNSPECIFIED && v6 != Ipv6Addr::LOCALHOST => {
            v4(g, h)
        }
        (0x64, 0xff9b) if [c, d, e, f] == [0; 4] || c == 1 => v4(g, h),
        (0x2002, _) => v4(b, c),
        (0x2001, 0) => v4(!g, !h),
        _ => address,
    }
}

#[cfg(test)]
mod network_tests {
    use super::*;

    #[track_caller]
    fn check(range: (&str, u8), address: &str, private: bool) {
        let mut network = Network::default();
        network.count_as_public(range.0.parse().unwrap(), range.1);
        assert_eq!(network.is_private_address(address.parse().unwrap()), private, "{range:?} {address}");
    }

    #[test]
    fn ranges_that_count_as_public() {
        check(("100.64.0.0", 10), "100.127.255.255", false);
        check(("100.64.0.0", 10), "127.0.0.1", true);
        check(("127.0.0.1", 32), "127.0.0.1", false);
        check(("127.0.0.1", 32), "127.0.0.2", true);
        check(("127.0.0.1", 255), "127.0.0.2", true);
        check(("10.0.0.0", 8), "::ffff:10.1.2.3", false);
        check(("0.0.0.0", 0), "10.0.0.1", false);
        check(("0.0.0.0", 0), "fd00::1", true);
        check(("fd00::", 8), "fd12::1", false);
        check(("fd00::", 128), "fd00::1", true);
        check(("::", 0), "fd00::1", false);
    }

    #[tokio::test]
    async fn private_addresses_are_not_told_of() {
        let mut network = Network::default();
        let public: IpAddr = "192.0.2.7".parse().unwrap();
        network.know("Both.test.", [IpAddr::from([10, 0, 0, 1]), public]);
        network.know("inside.test", [IpAddr::from([10, 0, 0, 1])]);
        network.know("nowhere.test", []);
        let network = Arc::new(network);
        let ask = async |name: &str, public_only| {
            let resolved = network.resolver(public_only).resolve(name.parse().unwrap()).await;
            resolved.map(|addresses| addresses.map(|address| address.ip()).collect::<Vec<_>>())
        };
        assert_eq!(ask("both.test", false).await.unwrap().len(), 2);
        assert_eq!(ask("BOTH.test.", true).await.unwrap(), [public]);
        assert_eq!(ask("inside.test", false).await.unwrap().len(), 1);
        assert!(ask("inside.test", true).await.unwrap_err().is::<OnlyPrivate>());
        assert!(ask("nowhere.test", true).await.unwrap().is_empty());
        for name in ["localhost", "LocalHost.", "registry.localhost", "a.b.LOCALHOST"] {
            let addresses = ask(name, false).await.unwrap();
            assert!(
                !addresses.is_empty() && addresses.iter().all(IpAddr::is_loopback),
                "{name}: {addresses:?}"
            );
        }
        assert!(ask("localhost", true).await.unwrap_err().is::<OnlyPrivate>());
    }
}

#[cfg(test)]
mod address_tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, private: bool) {
        assert_eq!(is_private_address(address.parse().unwrap()), private, "{address}");
    }

    #[test]
    fn private_addresses() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::10.0.0.1",
            "64:ff9b:1:abcd::192.168.0.1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe:1::2",
            "2001:0:4136:e378:8000:63bf:80ff:fffe",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
        ] {
            check(address, true);
        }
    }

    #[test]
    fn public_addresses() {
        for address in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.1",
            "128.0.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "fbff::1",
        ] {
            check(address, false);
        }
    }
}

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
