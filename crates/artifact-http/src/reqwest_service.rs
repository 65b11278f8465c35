//! The reqwest service, with three kinds of connections: to any address, to public addresses only, and through a proxy.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use artifact_source::{Error, ErrorKind};
use async_trait::async_trait;
use futures::stream;
use http::{HeaderValue, Method, header};
use url::Url;

use crate::failure::{self, During};

use crate::network::Network;
use crate::proxy::{Proxies, Proxy};
use crate::service::{HttpService, ServiceBody, ServiceRequest, ServiceResponse};

const PROXY_WANTS_CREDENTIAL: http::StatusCode = http::StatusCode::PROXY_AUTHENTICATION_REQUIRED;

/// Sends single requests.
///
/// A request to a URL from a public server uses the second kind, which resolves to no private address and shares no
/// connection with the first. With a proxy there is only one kind: the proxy resolves the addresses, and decides what
/// it may reach. Each request, each redirect too, is checked separately, and this machine never goes through a proxy.
#[derive(Clone)]
pub(crate) struct ReqwestService {
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

impl ReqwestService {
    /// # Errors
    ///
    /// `InvalidInput` for settings that no client can be built of, and for a proxy in the environment that cannot be one.
    pub(crate) fn build(
        settings: impl Fn() -> reqwest::ClientBuilder,
        network: Arc<Network>,
        proxy_from_environment: bool,
    ) -> Result<Self, Error> {
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

    /// Whether what answered for this URL is at a private address. A proxy's own address says nothing about that.
    fn answered_privately(&self, url: &Url, proxy: Option<&Proxy>, peer: Option<SocketAddr>) -> bool {
        self.network.is_private(url)
            || proxy.is_none() && peer.is_some_and(|peer| self.network.is_private_address(peer.ip()))
    }
}

#[async_trait]
impl HttpService for ReqwestService {
    async fn call(&self, request: ServiceRequest) -> Result<ServiceResponse, Error> {
        // Certificates are checked, or not, for all requests of a client alike.
        let ServiceRequest { method, url, headers, body, public_only, skip_tls_verify: _ } = request;
        let proxy = self.proxied.as_ref().and_then(|proxied| proxied.proxies.of(&url));
        let client = match (&self.proxied, &proxy) {
            (Some(proxied), Some(proxy)) => {
                proxy.check(&url)?;
                &proxied.client
            }
            _ if public_only => &self.public_only,
            _ => &self.anywhere,
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
        let mut answer =
            answer.map_err(|fault| failure::of_transport(fault, &url, During::Exchange(proxy.as_ref())))?;
        // Behind a tunnel it would be a server that says so.
        if let Some(proxy) = &proxy
            && answer.status() == PROXY_WANTS_CREDENTIAL
            && url.scheme() == "http"
        {
            return Err(failure::not_let_through(proxy).with_url(&url));
        }
        let private = self.answered_privately(&url, proxy.as_ref(), answer.remote_addr());
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
        Ok(ServiceResponse::new(status, body).with_headers(headers).with_private(private))
    }
}

impl fmt::Debug for ReqwestService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReqwestService")
    }
}
