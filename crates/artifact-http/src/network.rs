//! Name resolution, and the addresses that connections may go to.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use artifact_source::{Error, lock};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Url;

use crate::address::{Cidr, is_private_address};
use crate::egress::EgressPolicy;
use crate::inside_name::is_inside_name;
use crate::origin::{is_localhost, is_private, literal};

/// The most names of which is remembered that they lead to private addresses. With more, every name counts as one of them.
const MAX_INSIDE_NAMES: usize = 4096;

/// What was said about names and addresses, and what was learnt about names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Network {
    known: HashMap<String, Vec<IpAddr>>,
    public: Vec<Cidr>,
    /// The names that led to a private address once.
    inside: Arc<Mutex<HashSet<String>>>,
}

impl Network {
    /// This name has these addresses.
    pub(crate) fn know(&mut self, name: &str, addresses: impl IntoIterator<Item = IpAddr>) {
        self.known.insert(plain_name(name), addresses.into_iter().collect());
    }

    /// The addresses that begin with these bits count as public.
    pub(crate) fn count_as_public(&mut self, address: IpAddr, bits: u8) {
        self.public.push(Cidr::new(address, bits));
    }

    /// The networks that count as public.
    pub(crate) fn public(&self) -> &[Cidr] {
        &self.public
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

    /// Whether the URL may lead to a private address, as far as is known: where it does, what became of a connection says
    /// something about a network that is not everyone's.
    pub(crate) fn may_lead_inside(&self, url: &Url) -> bool {
        self.is_private(url)
            || url.domain().is_some_and(|name| {
                let inside = lock(&self.inside);
                inside.len() >= MAX_INSIDE_NAMES || inside.contains(&plain_name(name))
            })
    }

    /// Whether the policy permits a request to this URL, as far as the URL tells: of a name, [the resolver](Self::resolver) checks
    /// the addresses.
    ///
    /// # Errors
    ///
    /// `Refused`, with the knob that permits it.
    pub(crate) fn check(&self, egress: &EgressPolicy, url: &Url) -> Result<(), Error> {
        // Of a name that is known, the resolver knows more than its form says.
        let is_known = url.domain().is_some_and(|name| self.known.contains_key(&plain_name(name)));
        egress.check(url, is_known)
    }

    fn remember_inside(&self, name: &str) {
        let mut inside = lock(&self.inside);
        if inside.len() < MAX_INSIDE_NAMES {
            inside.insert(plain_name(name));
        }
    }

    /// The resolver of reqwest: it returns only addresses that the policy permits, and with `public_only` no private ones.
    pub(crate) fn resolver(self: &Arc<Self>, egress: EgressPolicy, public_only: bool) -> Arc<Resolver> {
        Arc::new(Resolver { network: Arc::clone(self), egress, public_only })
    }
}

fn plain_name(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Finds the addresses of a name. The connection goes to one of the returned addresses: a name that resolves elsewhere a
/// moment later changes nothing.
pub(crate) struct Resolver {
    network: Arc<Network>,
    egress: EgressPolicy,
    public_only: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (network, egress, public_only) =
            (Arc::clone(&self.network), self.egress.clone(), self.public_only);
        Box::pin(async move {
            let name = name.as_str();
            let found = match network.known.get(&plain_name(name)) {
                // Port 0 stands for the port of the URL.
                Some(addresses) => Ok(addresses.iter().map(|address| SocketAddr::new(*address, 0)).collect()),
                None if is_localhost(name) => Ok(this_machine().await),
                None => tokio::net::lookup_host((name, 0)).await.map(Iterator::collect),
            };
            let mut addresses: Vec<SocketAddr> = match found {
                Ok(addresses) => addresses,
                // Whether the network has such a name is told no more than which address it has.
                Err(_) if egress.is_limited() && is_inside_name(name) => return Err(NotPermitted.into()),
                Err(error) => return Err(error.into()),
            };
            if addresses.is_empty() {
                return Ok(Box::new(addresses.into_iter()) as Addrs);
            }
            if addresses.iter().any(|address| network.is_private_address(address.ip())) {
                network.remember_inside(name);
            }
            addresses.retain(|address| egress.permits(name, address.ip()));
            if addresses.is_empty() {
                return Err(NotPermitted.into());
            }
            if public_only {
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

/// A name that has no address that the egress policy permits.
#[derive(Debug)]
pub(crate) struct NotPermitted;

impl fmt::Display for NotPermitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the egress policy permits no address of the name")
    }
}

impl std::error::Error for NotPermitted {}

#[cfg(test)]
mod tests {
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
            let resolved = network
                .resolver(EgressPolicy::workstation(), public_only)
                .resolve(name.parse().unwrap())
                .await;
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
