//! The two ways out: to wherever somebody asked for, and to public addresses only.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use artifact_source::{Error, ErrorKind};
use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use crate::network::Network;

/// Sends single requests.
///
/// A request that a public server led us to takes the second way, which knows of no private address and shares no
/// connection with the first. Behind a proxy there is one way only: the proxy finds the addresses, and knows what it may
/// reach.
#[derive(Clone)]
pub(crate) struct Transport {
    anywhere: reqwest::Client,
    public_only: reqwest::Client,
    network: Arc<Network>,
    proxies: Option<Arc<Matcher>>,
}

impl Transport {
    pub(crate) fn build(
        settings: impl Fn() -> reqwest::ClientBuilder,
        network: Network,
        proxy_from_environment: bool,
    ) -> reqwest::Result<Self> {
        let proxy_from_environment = proxy_from_environment && !is_shut_off();
        let network = Arc::new(network);
        let way = |public_only: bool| settings().dns_resolver(network.resolver(public_only));
        let anywhere = if proxy_from_environment { way(false) } else { way(false).no_proxy() };
        Ok(Self {
            anywhere: anywhere.build()?,
            public_only: way(true).no_proxy().build()?,
            // The same rules, read at the same moment, as those of reqwest.
            proxies: proxy_from_environment.then(|| Arc::new(Matcher::from_system())),
            network,
        })
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
        let found = self.proxies.as_ref()?.intercept(&url.as_str().parse().ok()?)?;
        let host = found.uri().authority().map(|authority| authority.as_str().to_owned());
        Some(Proxy {
            scheme: found.uri().scheme_str().unwrap_or("http").to_owned(),
            host: host.unwrap_or_default(),
        })
    }

    pub(crate) fn send(
        &self,
        message: reqwest::Request,
        public_only: bool,
        proxy: Option<&Proxy>,
    ) -> impl Future<Output = reqwest::Result<reqwest::Response>> + use<> {
        let client = if public_only && proxy.is_none() { &self.public_only } else { &self.anywhere };
        client.execute(message)
    }
}

/// Whether `NO_PROXY` is `*`: everything is asked without a proxy, addresses by number too, which the rules of reqwest leave out.
fn is_shut_off() -> bool {
    let named = ["NO_PROXY", "no_proxy"].into_iter().find_map(|name| std::env::var(name).ok());
    named.is_some_and(|hosts| hosts.split(',').any(|host| host.trim() == "*"))
}

/// A proxy, without whatever signs in to it.
pub(crate) struct Proxy {
    scheme: String,
    host: String,
}

impl Proxy {
    /// # Errors
    ///
    /// `InvalidInput` for one that is spoken to in another way than HTTP.
    pub(crate) fn check(&self, url: &Url) -> Result<(), Error> {
        if matches!(self.scheme.as_str(), "http" | "https") {
            return Ok(());
        }
        let message = format!("the proxy {self} is none for HTTP");
        Err(Error::new(ErrorKind::InvalidInput, message)
            .with_url(url)
            .with_hint("set HTTP_PROXY and HTTPS_PROXY to http:// or https:// URLs"))
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)
    }
}
