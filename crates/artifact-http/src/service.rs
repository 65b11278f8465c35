//! One HTTP exchange: the seam below the client.

use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use artifact_source::Error;
use async_trait::async_trait;
use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use url::Url;

use crate::egress::EgressPolicy;
use crate::network::Network;

/// Sends one request and returns its response: the layer below an [`HttpClient`](crate::HttpClient).
///
/// The client above it counts, limits and paces requests, follows redirects, tries again, stops at the deadline, and decides which
/// credential goes where. The service below it only exchanges one request for one answer. So a service can record answers, replay
/// them, count, inject faults, or be the HTTP client of the program that embeds this one.
///
/// ```
/// use artifact_http::{Call, HttpClient, HttpService, Request, ServiceRequest, ServiceResponse, StatusCode};
/// use artifact_source::Error;
///
/// /// Answers every request with its own path.
/// #[derive(Debug)]
/// struct Echo;
///
/// #[async_trait::async_trait]
/// impl HttpService for Echo {
///     async fn call(&self, request: ServiceRequest) -> Result<ServiceResponse, Error> {
///         Ok(ServiceResponse::new(StatusCode::OK, request.url.path().to_owned()))
///     }
/// }
///
/// # async fn example() -> Result<(), Error> {
/// let client = HttpClient::builder().service(Echo).build()?;
/// let response = client.fetch(Request::get("https://example.com/index.yaml"), &Call::new()).await?;
/// assert_eq!(response.body, "/index.yaml");
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
#[async_trait]
pub trait HttpService: fmt::Debug + Send + Sync + 'static {
    /// Sends the request. Dropping the future ends the exchange.
    ///
    /// A redirect is an answer like any other: the service must not follow it, must not try again, and must not decompress the body.
    /// Where [`public_only`](ServiceRequest::public_only) is set, it must not connect to a
    /// [private address](crate::is_private), and it may connect only to addresses that the
    /// [policy](ServiceRequest::egress) [permits](EgressPolicy::permits); the URL was checked. It must check certificates unless [`skip_tls_verify`](ServiceRequest::skip_tls_verify) is set.
    ///
    /// # Errors
    ///
    /// What kept the answer away. Its kind and [`Error::is_transient`] decide whether the client tries again.
    async fn call(&self, request: ServiceRequest) -> Result<ServiceResponse, Error>;
}

#[async_trait]
impl<S: HttpService + ?Sized> HttpService for Arc<S> {
    async fn call(&self, request: ServiceRequest) -> Result<ServiceResponse, Error> {
        (**self).call(request).await
    }
}

/// One request, as it goes to the server. `Debug` shows no header value and no secret of the URL.
#[derive(Clone)]
#[non_exhaustive]
pub struct ServiceRequest {
    /// The method.
    pub method: Method,
    /// The URL, without a user.
    pub url: Url,
    /// The headers, `Authorization` and `User-Agent` included.
    pub headers: HeaderMap,
    /// The body; empty for most requests.
    pub body: Bytes,
    /// Whether the server must be at a public address, since a public server led here.
    pub public_only: bool,
    /// Which connections may be made: a service that resolves names asks [`EgressPolicy::permits`] for every address. The client has asked
    /// it for the URL. A name that no public server has comes here only where it is [allowed](EgressPolicy::allow_host).
    pub egress: EgressPolicy,
    /// Whether every certificate is accepted: see [`HttpClientBuilder::skip_tls_verify`](crate::HttpClientBuilder::skip_tls_verify). A service
    /// that cannot do that returns an error of the kind [`InvalidInput`](artifact_source::ErrorKind::InvalidInput).
    pub skip_tls_verify: bool,
}

impl ServiceRequest {
    /// A request without headers and body to any address, which must show a valid certificate.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            public_only: false,
            egress: EgressPolicy::workstation(),
            skip_tls_verify: false,
        }
    }
}

impl fmt::Debug for ServiceRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceRequest")
            .field("method", &self.method)
            .field("url", &artifact_source::redact_url(self.url.as_str()))
            .field("public_only", &self.public_only)
            .field("skip_tls_verify", &self.skip_tls_verify)
            .finish_non_exhaustive()
    }
}

/// A service that receives the configuration of the client above it.
#[derive(Debug)]
pub(crate) struct Configured {
    pub(crate) inner: Arc<dyn HttpService>,
    pub(crate) user_agent: HeaderValue,
    pub(crate) skip_tls_verify: bool,
}

#[async_trait]
impl HttpService for Configured {
    async fn call(&self, mut request: ServiceRequest) -> Result<ServiceResponse, Error> {
        request.headers.entry(header::USER_AGENT).or_insert_with(|| self.user_agent.clone());
        request.skip_tls_verify |= self.skip_tls_verify;
        // It resolves names as it likes.
        request.egress.check_unresolved(&request.url)?;
        self.inner.call(request).await
    }
}

/// A service that asks a policy before each request: for other clients than ours.
#[derive(Debug)]
pub(crate) struct Guarded {
    pub(crate) inner: Arc<dyn HttpService>,
    pub(crate) network: Arc<Network>,
    pub(crate) egress: EgressPolicy,
}

#[async_trait]
impl HttpService for Guarded {
    async fn call(&self, mut request: ServiceRequest) -> Result<ServiceResponse, Error> {
        self.network.check(&self.egress, &request.url)?;
        request.egress = self.egress.clone();
        self.inner.call(request).await
    }
}

/// One answer, as it came from the server.
#[non_exhaustive]
pub struct ServiceResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, still compressed if the server compressed it.
    pub body: ServiceBody,
    /// Whether the server that answered is at a private address: it may then redirect to another private one.
    pub private: bool,
    /// The address of the server; `None` where a proxy made the connection, or where it is not known.
    pub peer: Option<IpAddr>,
}

impl ServiceResponse {
    /// An answer with this status and body, without headers, from a public address.
    pub fn new(status: StatusCode, body: impl Into<ServiceBody>) -> Self {
        Self { status, headers: HeaderMap::new(), body: body.into(), private: false, peer: None }
    }

    /// The same answer with these headers.
    #[must_use]
    pub fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.headers = headers;
        self
    }

    /// The same answer from a server at a private address, or not.
    #[must_use]
    pub fn with_private(mut self, private: bool) -> Self {
        self.private = private;
        self
    }

    /// The same from this address.
    #[must_use]
    pub fn with_peer(mut self, peer: impl Into<Option<IpAddr>>) -> Self {
        self.peer = peer.into();
        self
    }
}

impl fmt::Debug for ServiceResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceResponse")
            .field("status", &self.status)
            .field("private", &self.private)
            .finish_non_exhaustive()
    }
}

/// A body as it arrives, piece by piece.
pub struct ServiceBody(Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>);

impl ServiceBody {
    /// The body that these pieces make. After an error nothing more is read.
    pub fn from_stream(pieces: impl Stream<Item = Result<Bytes, Error>> + Send + 'static) -> Self {
        Self(Box::pin(pieces))
    }

    /// The next piece; `None` after the last one.
    ///
    /// # Errors
    ///
    /// What kept the rest away.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.0.next().await.transpose()
    }
}

impl<B: Into<Bytes>> From<B> for ServiceBody {
    fn from(body: B) -> Self {
        let body: Bytes = body.into();
        Self::from_stream(stream::iter((!body.is_empty()).then_some(Ok(body))))
    }
}

impl fmt::Debug for ServiceBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceBody")
    }
}
