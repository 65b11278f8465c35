//! Replaying: an HTTP service and a source of credentials that answer from a bundle.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex};

use artifact_http::{
    Credential, CredentialRequest, CredentialSource, EgressPolicy, HeaderMap, HeaderName, HeaderValue,
    HttpClient, HttpService, Login, Method, ServiceRequest, ServiceResponse, StatusCode,
};
use artifact_source::{Error, ErrorKind, lock};
use async_trait::async_trait;
use bytes::Bytes;
use repository_url::{redact, without_credential};
use warehouse_discovery::{Discoverer, DiscovererBuilder};

use crate::answer::{Answer, RequestKey, Response};
use crate::bundle::Bundle;
use crate::git::{GitRequest, Served};

/// Answers from a bundle, without a network.
///
/// The same Warehouse gives the same result as when it was recorded, at the same time of the clock. A Warehouse that was changed gives what would have been chosen then, as far as the bundle
/// reaches: each answer that it does not have is an error of the subscription, and is [named](Self::missing).
#[derive(Clone)]
pub struct Replay(Arc<Shared>);

struct Shared {
    bundle: Bundle,
    /// Token services.
    realms: BTreeSet<String>,
    missing: Mutex<BTreeSet<String>>,
}

/// How many answers are named that a bundle does not have.
const MOST_MISSING: usize = 1000;

/// A rate that holds nothing up.
const AT_ONCE: f64 = 1e9;

impl Replay {
    /// A replay of this bundle.
    pub fn new(bundle: Bundle) -> Self {
        let answers = bundle.exchanges.values().filter_map(|answer| match answer {
            Answer::Response(response) => Some(response),
            Answer::Failure(_) => None,
        });
        let realms = answers.flat_map(Response::realms).map(str::to_owned).collect();
        Self(Arc::new(Shared { bundle, realms, missing: Mutex::default() }))
    }

    /// The bundle.
    pub fn bundle(&self) -> &Bundle {
        &self.0.bundle
    }

    /// A builder for a discoverer whose requests, credentials and clock are those of the bundle, and which waits for nothing. It sends nothing: what is not http or https is refused.
    ///
    /// # Errors
    ///
    /// As [`HttpClientBuilder::build`](artifact_http::HttpClientBuilder::build).
    pub fn discoverer(&self) -> Result<DiscovererBuilder, Error> {
        let egress = EgressPolicy::workstation().allow_ssh(false).allow_git_daemon(false).allow_file(false);
        let client = || {
            let service = ReplayService(self.clone());
            HttpClient::builder().attempts(1).egress(egress.clone()).service(service)
        };
        let builder = Discoverer::builder()
            .egress(egress.clone())
            .http_client(client().build()?)
            .http_client_without_tls_verify(client().skip_tls_verify(true).build()?)
            .credentials(ReplayCredentials(self.clone()))
            .clock(self.0.bundle.recorded_at);
        Ok(self.hosts().into_iter().fold(builder, |builder, (host, is_plain)| {
            let builder = builder.registry_rate(&host, AT_ONCE);
            if is_plain { builder.plain_http(host) } else { builder.https(host) }
        }))
    }

    /// The registries, each with whether it was read over plain http.
    fn hosts(&self) -> BTreeSet<(String, bool)> {
        let registries = self.0.bundle.exchanges.keys().filter(|key| key.url.contains("/v2/"));
        let hosts = registries.filter_map(|key| {
            let (scheme, host) = key.origin().split_once("://")?;
            let is_host = |host: &str| {
                let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
                !host.is_empty() && host.bytes().all(is_letter)
            };
            // Images of Docker Hub have another host than its registry.
            let host = if host == "registry-1.docker.io" { "docker.io" } else { host };
            is_host(host).then(|| (host.to_owned(), scheme == "http"))
        });
        hosts.collect()
    }

    /// What was asked and is not in the bundle, without secrets, such as `GET https://ghcr.io/v2/example/app/manifests/1.2.3`. It matters only where a subscription
    /// fails: sources read ahead.
    pub fn missing(&self) -> Vec<String> {
        lock(&self.0.missing).iter().cloned().collect()
    }

    fn answer(&self, request: &ServiceRequest) -> Result<ServiceResponse, Error> {
        let url = request.url.as_str();
        let without_query = url.split('?').next().unwrap_or(url);
        let key = match self.0.realms.get(without_query) {
            Some(realm) => RequestKey::of_sign_in(request, realm),
            None => RequestKey::of(request),
        };
        let of_get = || match key.method.as_str() {
            // The head of an answer to GET is the answer to HEAD.
            "HEAD" => self.find(&RequestKey { method: "GET".to_owned(), ..key.clone() }),
            _ => None,
        };
        if let Some(answer) = self.find(&key).or_else(of_get) {
            return match answer {
                Answer::Response(response) => Ok(response_of(response, &request.method)),
                Answer::Failure(failure) => Err(failure.to_error().with_url(url)),
            };
        }
        if let Some((git, repository)) = GitRequest::of(request.method.as_str(), url)
            && let Some(known) = self.0.bundle.repositories.get(repository)
        {
            return match known.serve(git, &request.body) {
                Served::Body(body) => {
                    let mut headers = HeaderMap::new();
                    headers.insert(
                        artifact_http::header::CONTENT_TYPE,
                        HeaderValue::from_static(git.answer_type()),
                    );
                    Ok(ServiceResponse::new(StatusCode::OK, body).with_headers(headers).with_private(true))
                }
                Served::Missing(what) => Err(self.lacks(&format!("{what} of {}", redact(repository)))),
            };
        }
        Err(self.lacks(&format!("{} {}", request.method, redact(url))))
    }

    /// The answer to this request, or to the one that comes nearest to it.
    fn find(&self, key: &RequestKey) -> Option<&Answer> {
        let exchanges = &self.0.bundle.exchanges;
        let with =
            |authorized, conditional| exchanges.get(&RequestKey { authorized, conditional, ..key.clone() });
        let exact = with(key.authorized, key.conditional).or_else(|| with(key.authorized, false));
        if exact.is_some() {
            return exact;
        }
        if key.is_sign_in() {
            // Any token is as good as another one.
            let realm = key.url.split('?').next().unwrap_or_default();
            let services = exchanges
                .iter()
                .filter(|(known, _)| known.is_sign_in() && known.url.split('?').next() == Some(realm));
            let issued = services.map(|(_, answer)| answer);
            return issued
                .into_iter()
                .find(|answer| matches!(answer, Answer::Response(response) if response.status == 200));
        }
        let other = with(!key.authorized, key.conditional).or_else(|| with(!key.authorized, false))?;
        // When it was recorded, it was known from another repository of the registry how to sign in.
        if !key.authorized {
            let origin = key.origin();
            let challenge = exchanges.iter().find(|(known, answer)| {
                known.origin() == origin
                    && matches!(answer, Answer::Response(response) if response.status == 401 && response.header("www-authenticate").is_some())
            });
            if let Some((_, challenge)) = challenge {
                return Some(challenge);
            }
        }
        Some(other)
    }

    fn lacks(&self, what: &str) -> Error {
        let mut missing = lock(&self.0.missing);
        if missing.len() < MOST_MISSING {
            missing.insert(what.to_owned());
        }
        Error::new(ErrorKind::Unreachable, format!("the bundle does not have {what}"))
            .with_transient(false)
            .with_hint("it was not asked for when the bundle was recorded: record one with this manifest")
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Replay").field(&self.0.bundle).finish()
    }
}

fn response_of(response: &Response, method: &Method) -> ServiceResponse {
    let mut headers = HeaderMap::new();
    for (name, value) in &response.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            headers.append(name, value);
        }
    }
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let body = if *method == Method::HEAD { Bytes::new() } else { response.body.clone() };
    ServiceResponse::new(status, body).with_headers(headers).with_private(response.private)
}

/// Sends nothing.
#[derive(Debug)]
struct ReplayService(Replay);

#[async_trait]
impl HttpService for ReplayService {
    async fn call(&self, request: ServiceRequest) -> Result<ServiceResponse, Error> {
        self.0.answer(&request)
    }
}

/// A credential without a secret wherever there was one.
#[derive(Debug)]
struct ReplayCredentials(Replay);

#[async_trait]
impl CredentialSource for ReplayCredentials {
    async fn credential(&self, request: &CredentialRequest<'_>) -> Result<Option<Login>, Error> {
        let identity = (request.kind.as_str().to_owned(), without_credential(request.url).into_owned());
        let is_known = self.0.0.bundle.identities.contains(&identity);
        Ok(is_known.then(|| Login::new(Credential::password("a redacted user", "redacted"), "the recording")))
    }
}
