//! The reqwest service, with three kinds of connections: to every address that the policy permits, to public addresses only, and through a proxy.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use artifact_source::{Error, ErrorKind, lock};
use async_trait::async_trait;
use futures::stream;
use http::{HeaderValue, Method, header};
use url::Url;

use crate::egress::EgressPolicy;
use crate::failure::{self, During};
use crate::network::Network;
use crate::proxy::{Proxies, Proxy};
use crate::service::{HttpService, ServiceBody, ServiceRequest, ServiceResponse};

const PROXY_WANTS_CREDENTIAL: http::StatusCode = http::StatusCode::PROXY_AUTHENTICATION_REQUIRED;

/// Sends single requests.
///
/// A request to a URL from a public server uses the second kind, which resolves to no private address and shares no
/// connection with the first. Requests under different policies share no connection either. With a proxy there is only one kind: the proxy resolves the addresses, and decides what
/// it may reach. Each request, each redirect too, is checked separately, and this machine never goes through a proxy.
pub(crate) struct ReqwestService {
    settings: Box<dyn Fn() -> reqwest::ClientBuilder + Send + Sync>,
    /// The direct connections under each policy, the one that was used last first.
    direct: Mutex<Vec<(EgressPolicy, Direct)>>,
    network: Arc<Network>,
    proxied: Option<Proxied>,
}

/// The clients for connections without a proxy.
#[derive(Clone)]
struct Direct {
    anywhere: reqwest::Client,
    public_only: reqwest::Client,
}

/// The most policies of which connections are kept.
const MAX_POLICIES: usize = 16;

#[derive(Clone)]
struct Proxied {
    client: reqwest::Client,
    proxies: Arc<Proxies>,
}

impl ReqwestService {
    /// # Errors
    ///
    /// `InvalidInput` for settings that no client can be built of, and for a proxy in the environment that cannot be one.
    pub(crate) fn build(
        settings: impl Fn() -> reqwest::ClientBuilder + Send + Sync + 'static,
        network: Arc<Network>,
        egress: &EgressPolicy,
        proxy_from_environment: bool,
    ) -> Result<Self, Error> {
        let proxies = if proxy_from_environment {
            Proxies::from_environment(&|name| std::env::var_os(name))?
        } else {
            None
        };
        let proxied = match proxies.map(Arc::new) {
            Some(proxies) => {
                let rules = Arc::clone(&proxies);
                let rules = reqwest::Proxy::custom(move |url| rules.of(url).map(Proxy::into_address));
                // What is resolved here is the name of the proxy, which the operator has chosen.
                let resolver = network.resolver(EgressPolicy::workstation(), false);
                Some(Proxied {
                    client: build(settings().dns_resolver(resolver).no_proxy().proxy(rules))?,
                    proxies,
                })
            }
            None => None,
        };
        let service = Self { settings: Box::new(settings), direct: Mutex::default(), network, proxied };
        service.direct(egress)?;
        Ok(service)
    }

    /// The clients for direct connections under this policy.
    fn direct(&self, egress: &EgressPolicy) -> Result<Direct, Error> {
        let mut known = lock(&self.direct);
        if let Some(position) = known.iter().position(|(policy, _)| policy == egress) {
            let found = known.remove(position);
            let direct = found.1.clone();
            known.insert(0, found);
            return Ok(direct);
        }
        let client = |public_only| {
            let resolver = self.network.resolver(egress.clone(), public_only);
            build((self.settings)().dns_resolver(resolver).no_proxy())
        };
        let direct = Direct { anywhere: client(false)?, public_only: client(true)? };
        known.insert(0, (egress.clone(), direct.clone()));
        known.truncate(MAX_POLICIES);
        Ok(direct)
    }

    /// Whether what answered for this URL is at a private address. A proxy's own address says nothing about that.
    fn answered_privately(&self, url: &Url, proxy: Option<&Proxy>, peer: Option<SocketAddr>) -> bool {
        self.network.is_private(url)
            || proxy.is_none() && peer.is_some_and(|peer| self.network.is_private_address(peer.ip()))
    }
}

fn build(client: reqwest::ClientBuilder) -> Result<reqwest::Client, Error> {
    client.build().map_err(|cause| {
        Error::new(ErrorKind::InvalidInput, "the HTTP client cannot be built").with_cause(cause)
    })
}

#[async_trait]
impl HttpService for ReqwestService {
    async fn call(&self, request: ServiceRequest) -> Result<ServiceResponse, Error> {
        // Certificates are checked, or not, for all requests of a client alike.
        let ServiceRequest { method, url, headers, body, public_only, egress, skip_tls_verify: _ } = request;
        let proxy = self.proxied.as_ref().and_then(|proxied| proxied.proxies.of(&url));
        let client = match (&self.proxied, &proxy) {
            (Some(proxied), Some(proxy)) => {
                proxy.check(&url)?;
                // The proxy resolves the name.
                egress.check_unresolved(&url)?;
                proxied.client.clone()
            }
            _ if public_only => self.direct(&egress)?.public_only,
            _ => self.direct(&egress)?.anywhere,
        };
        let mut message = reqwest::Request::new(method, url.clone());
        *message.headers_mut() = headers;
        if !body.is_empty() {
            *message.body_mut() = Some(body.into());
        } else if matches!(*message.method(), Method::POST | Method::PUT | Method::PATCH) {
            // Servers may require the length of a body that a method can have (411).
            message.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let answer = client.execute(message).await;
        let mut answer = answer.map_err(|fault| {
            let is_redacted = !egress.explains_private_failures() && self.network.may_lead_inside(&url);
            failure::of_transport(fault, &url, During::Exchange { proxy: proxy.as_ref(), is_redacted })
        })?;
        // Behind a tunnel it would be a server that says so.
        if let Some(proxy) = &proxy
            && answer.status() == PROXY_WANTS_CREDENTIAL
            && url.scheme() == "http"
        {
            return Err(failure::not_let_through(proxy).with_url(&url));
        }
        let private = self.answered_privately(&url, proxy.as_ref(), answer.remote_addr());
        let peer = proxy.is_none().then(|| answer.remote_addr().map(|peer| peer.ip())).flatten();
        let headers = std::mem::take(answer.headers_mut());
        let status = answer.status();
        let body =
            ServiceBody::from_stream(stream::try_unfold(
                (answer, url),
                async |(mut answer, url)| match answer.chunk().await {
                    Ok(bytes) => Ok(bytes.map(|bytes| (bytes, (answer, url)))),
                    Err(fault) => Err(failure::of_transport(fault, &url, During::Body)),
                },
            ));
        Ok(ServiceResponse::new(status, body).with_headers(headers).with_private(private).with_peer(peer))
    }
}

impl fmt::Debug for ReqwestService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReqwestService")
    }
}
