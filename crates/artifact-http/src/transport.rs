//! The ways out: to wherever somebody asked for, to public addresses only, and through a proxy.

use std::net::SocketAddr;
use std::sync::Arc;

use artifact_source::{Error, ErrorKind};
use url::Url;

use crate::network::Network;
use crate::proxy::{Proxies, Proxy};

/// Sends single requests.
///
/// A request that a public server led us to takes the second way, which knows of no private address and shares no
/// connection with the first. What is asked through a proxy has one way only: the proxy finds the addresses, and knows what
/// it may reach. Each request, each redirect too, is looked at by itself, and this machine is never asked through a proxy.
#[derive(Clone)]
pub(crate) struct Transport {
    anywhere: reqwest::Client,
    public_only: reqwest::Client,
    network: Arc<Network>,
    proxied: Option<Proxied>,
}

#[derive(Clone)]
struct Proxied {
    client: reqwest::Client,
    proxies: Arc<Proxies>,
}

impl Transport {
    /// # Errors
    ///
    /// `InvalidInput` for settings that no client can be built of, and for a proxy in the environment that cannot be one.
    pub(crate) fn build(
        settings: impl Fn() -> reqwest::ClientBuilder,
        network: Network,
        proxy_from_environment: bool,
    ) -> Result<Self, Error> {
        let network = Arc::new(network);
        let way = |public_only: bool| settings().dns_resolver(network.resolver(public_only)).no_proxy();
        let build = |client: reqwest::ClientBuilder| {
            client.build().map_err(|cause| {
                Error::new(ErrorKind::InvalidInput, "the HTTP client cannot be built").with_cause(cause)
            })
        };
        let proxies = if proxy_from_environment {
            Proxies::from_environment(&|name| std::env::var_os(name))?
        } else {
            None
        };
        let proxied = match proxies.map(Arc::new) {
            Some(proxies) => {
                let rules = Arc::clone(&proxies);
                let rules = reqwest::Proxy::custom(move |url| rules.of(url).map(Proxy::into_address));
                Some(Proxied { client: build(way(false).proxy(rules))?, proxies })
            }
            None => None,
        };
        Ok(Self { anywhere: build(way(false))?, public_only: build(way(true))?, network, proxied })
    }

    /// Whether the URL says by itself that it leads to a private address.
    pub(crate) fn is_private(&self, url: &Url) -> bool {
        self.network.is_private(url)
    }

    /// Whether what answered for this URL is at a private address. A proxy's own address says nothing about that.
    pub(crate) fn answered_privately(&self, url: &Url, peer: Option<SocketAddr>) -> bool {
        self.is_private(url)
            || self.proxy(url).is_none()
                && peer.is_some_and(|peer| self.network.is_private_address(peer.ip()))
    }

    /// The proxy that this URL is asked through.
    pub(crate) fn proxy(&self, url: &Url) -> Option<Proxy> {
        self.proxied.as_ref()?.proxies.of(url)
    }

    pub(crate) fn send(
        &self,
        message: reqwest::Request,
        public_only: bool,
        proxy: Option<&Proxy>,
    ) -> impl Future<Output = reqwest::Result<reqwest::Response>> + use<> {
        let client = match (&self.proxied, proxy) {
            (Some(proxied), Some(_)) => &proxied.client,
            _ if public_only => &self.public_only,
            _ => &self.anywhere,
        };
        client.execute(message)
    }
}
