//! Recording: an HTTP service and a source of credentials that note what passes.

use std::collections::BTreeSet;
use std::fmt;
use std::io::Read as _;
use std::sync::{Arc, Mutex};

use artifact_http::{
    CredentialRequest, CredentialSource, HeaderMap, HttpClient, HttpService, Login, Method, ServiceBody,
    ServiceRequest, ServiceResponse, header,
};
use artifact_source::{Error, lock};
use async_trait::async_trait;
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use futures::stream;
use jiff::Timestamp;
use repository_url::without_credential;
use warehouse_spec::Warehouse;

use crate::answer::{Answer, Failure, RequestKey, Response};
use crate::bundle::Bundle;
use crate::git::{GitRepository, GitRequest};
use crate::secret::{Removal, Secrets, tokens_of};

/// The most bytes of answers that are kept.
const MAX_BYTES: usize = 256 << 20;

/// The headers of answers that clients read. No other is kept.
const KEPT_HEADERS: &[&str] = &[
    "content-range",
    "content-type",
    "docker-content-digest",
    "link",
    "location",
    "retry-after",
    "www-authenticate",
];

/// Records what servers answer.
///
/// It stands below the HTTP client and beside the source of credentials. The clock of the discovery must be [its own](Self::recorded_at), so that the replay has the same one, and there
/// must be no cache: what is not asked is not recorded. See the example of the [crate](crate).
#[derive(Clone)]
pub struct Recorder(Arc<Shared>);

struct Shared {
    recorded_at: Timestamp,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    exchanges: Vec<Exchange>,
    logins: Vec<Login>,
    /// The kind and the URL of what was read with a credential.
    identities: BTreeSet<(String, String)>,
    bytes: usize,
    /// URLs whose answers were not kept.
    left_out: BTreeSet<String>,
}

/// A request, and what came of it.
struct Exchange {
    request: ServiceRequest,
    result: Result<Received, Failure>,
}

struct Received {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
    private: bool,
}

impl Recorder {
    /// A recorder whose clock stands at this moment.
    pub fn new(recorded_at: Timestamp) -> Self {
        Self(Arc::new(Shared { recorded_at, state: Mutex::default() }))
    }

    /// The moment of the recording: the clock of the discovery.
    pub fn recorded_at(&self) -> Timestamp {
        self.0.recorded_at
    }

    /// The same client, recorded: for [`DiscovererBuilder::http_client`](warehouse_discovery::DiscovererBuilder::http_client), and a second one for
    /// [`http_client_without_tls_verify`](warehouse_discovery::DiscovererBuilder::http_client_without_tls_verify).
    #[must_use]
    pub fn http_client(&self, client: HttpClient) -> HttpClient {
        client.wrap_service(|inner| RecordingService { recorder: self.clone(), inner })
    }

    /// The same source of credentials, recorded: that there is a credential, so that a replay signs in at the same places, and its secrets, so that they can be
    /// removed. None of them is ever written.
    pub fn credentials(&self, source: impl CredentialSource + 'static) -> impl CredentialSource + 'static {
        RecordingCredentials { recorder: self.clone(), inner: Arc::new(source) }
    }

    /// Everything that was recorded so far, without secrets, for these Warehouses.
    ///
    /// Of several answers to the same request the last one is kept.
    pub fn finish<'w>(&self, warehouses: impl IntoIterator<Item = &'w Warehouse>) -> Bundle {
        let warehouses: Vec<_> =
            warehouses.into_iter().filter_map(|warehouse| serde_json::to_value(warehouse).ok()).collect();
        let state = lock(&self.0.state);
        let mut secrets = Secrets::default();
        state.logins.iter().for_each(|login| secrets.add_credential(&login.credential));
        for Exchange { request, result } in &state.exchanges {
            secrets.add_request(request);
            if let Ok(received) = result {
                secrets.add_answer(&received.headers, &received.body);
            }
        }
        warehouses.iter().for_each(|warehouse| for_each_text(warehouse, &mut |text| secrets.add_url(text)));
        let removal = secrets.into_removal();
        let realms = realms(&state.exchanges);
        let mut bundle = Bundle::new(self.0.recorded_at);
        bundle.warehouses =
            warehouses.into_iter().map(|warehouse| without_secrets(warehouse, &removal)).collect();
        let identities = state.identities.iter();
        bundle.identities = identities.map(|(kind, url)| (kind.clone(), removal.url(url))).collect();
        bundle.left_out = state.left_out.iter().map(|url| removal.url(url)).collect();
        for exchange in &state.exchanges {
            exchange.add_to(&mut bundle, &realms, &removal);
        }
        for repository in bundle.repositories.values_mut() {
            let (objects, references) = (&mut repository.objects, &mut repository.references);
            objects.retain(|_, object| !removal.concerns(&object.data));
            references.retain(|_, line| !removal.concerns(line.as_bytes()));
        }
        bundle.repositories.retain(|_, repository| !repository.is_empty());
        bundle
    }

    fn add(&self, request: ServiceRequest, result: Result<Received, Failure>) {
        let mut state = lock(&self.0.state);
        let size = request.body.len() + result.as_ref().map_or(0, |received| received.body.len());
        if state.bytes.saturating_add(size) > MAX_BYTES {
            state.left_out.insert(request.url.to_string());
            return;
        }
        state.bytes += size;
        state.exchanges.push(Exchange { request, result });
    }

    fn leave_out(&self, request: &ServiceRequest) {
        lock(&self.0.state).left_out.insert(request.url.to_string());
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exchanges = lock(&self.0.state).exchanges.len();
        f.debug_struct("Recorder").field("exchanges", &exchanges).finish_non_exhaustive()
    }
}

impl Exchange {
    /// Adds what is kept of it.
    fn add_to(&self, bundle: &mut Bundle, realms: &BTreeSet<String>, removal: &Removal) {
        let Self { request, result } = self;
        let url = request.url.as_str();
        let without_query = url.split('?').next().unwrap_or(url);
        let mut key = match realms.get(without_query) {
            Some(realm) => RequestKey::of_sign_in(request, realm),
            None => RequestKey::of(request),
        };
        key.url = removal.url(&key.url);
        let answer = match result {
            Err(failure) => {
                let message = removal.text(&failure.message).into_owned();
                Answer::Failure(Failure { kind: failure.kind, message })
            }
            Ok(received) => {
                if received.status == 200
                    && let Some((git, repository)) = GitRequest::of(request.method.as_str(), url)
                    && received.is_of_type(git.answer_type())
                {
                    let repositories = &mut bundle.repositories;
                    let repository = repositories.entry(removal.url(repository)).or_default();
                    return add_to_repository(repository, git, request, received);
                }
                let response = received.kept(removal);
                match key.is_sign_in() && response.status == 200 && !tokens_of(&received.body).is_empty() {
                    true => Answer::Response(signed_in(&response)),
                    false => Answer::Response(response),
                }
            }
        };
        bundle.exchanges.insert(key, answer);
    }
}

fn add_to_repository(
    repository: &mut GitRepository,
    git: GitRequest,
    request: &ServiceRequest,
    received: &Received,
) {
    match git {
        GitRequest::Discovery => repository.add_advertisement(&received.body),
        GitRequest::UploadPack => {
            repository.add_answer(&plain(&request.headers, &request.body), &received.body)
        }
    }
}

/// The body of a request, decompressed.
fn plain(headers: &HeaderMap, body: &Bytes) -> Bytes {
    match headers.get(header::CONTENT_ENCODING) {
        Some(encoding) if encoding == "gzip" => gunzip(body).unwrap_or_default(),
        _ => body.clone(),
    }
}

/// The answer of a token service to everyone who replays.
fn signed_in(response: &Response) -> Response {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let body = Bytes::from_static(br#"{"token":"redacted","access_token":"redacted","expires_in":86400}"#);
    Response { status: 200, headers, body, private: response.private }
}

impl Received {
    fn is_of_type(&self, name: &str) -> bool {
        let value = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        value.is_some_and(|value| value.split(';').next().unwrap_or_default().trim() == name)
    }

    fn kept(&self, removal: &Removal) -> Response {
        let headers = self.headers.iter().filter(|(name, _)| KEPT_HEADERS.contains(&name.as_str()));
        let headers = headers
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), removal.url(value.to_str().ok()?))));
        Response {
            status: self.status,
            headers: headers.collect(),
            body: Bytes::from(removal.bytes(&self.body).into_owned()),
            private: self.private,
        }
    }
}

/// The token services that answers name.
fn realms(exchanges: &[Exchange]) -> BTreeSet<String> {
    let mut realms = BTreeSet::new();
    let nothing = Secrets::default().into_removal();
    for exchange in exchanges {
        if let Ok(received) = &exchange.result
            && received.headers.contains_key(header::WWW_AUTHENTICATE)
        {
            realms.extend(received.kept(&nothing).realms().map(str::to_owned));
        }
    }
    realms
}

fn for_each_text(value: &serde_json::Value, visit: &mut impl FnMut(&str)) {
    match value {
        serde_json::Value::String(text) => visit(text),
        serde_json::Value::Array(items) => items.iter().for_each(|item| for_each_text(item, visit)),
        serde_json::Value::Object(fields) => fields.values().for_each(|field| for_each_text(field, visit)),
        _ => {}
    }
}

/// The manifest without secrets, and its URLs without users.
fn without_secrets(value: serde_json::Value, removal: &Removal) -> serde_json::Value {
    match value {
        serde_json::Value::String(text) => removal.text(&text).into_owned().into(),
        serde_json::Value::Array(items) => {
            items.into_iter().map(|item| without_secrets(item, removal)).collect()
        }
        serde_json::Value::Object(fields) => {
            let field = |(name, field): (String, serde_json::Value)| match field {
                serde_json::Value::String(url) if name == "repoURL" => {
                    let url = removal.url(&without_credential(&url));
                    (name, url.into())
                }
                field => (name, without_secrets(field, removal)),
            };
            serde_json::Value::Object(fields.into_iter().map(field).collect())
        }
        other => other,
    }
}

/// Notes the requests and the answers of a service.
#[derive(Debug)]
struct RecordingService {
    recorder: Recorder,
    inner: Arc<dyn HttpService>,
}

#[async_trait]
impl HttpService for RecordingService {
    async fn call(&self, request: ServiceRequest) -> Result<ServiceResponse, Error> {
        let answer = self.inner.call(request.clone()).await;
        match answer {
            Ok(answer) => {
                let ServiceResponse { status, headers, body, private, .. } = answer;
                let copy = BodyCopy {
                    recorder: self.recorder.clone(),
                    request: Some(request),
                    status: status.as_u16(),
                    headers: headers.clone(),
                    private,
                    body: Vec::new(),
                    is_whole: false,
                };
                let body = ServiceBody::from_stream(stream::try_unfold((body, copy), next));
                Ok(ServiceResponse::new(status, body).with_headers(headers).with_private(private))
            }
            Err(error) => {
                self.recorder.add(request, Err(Failure::of(&error)));
                Err(error)
            }
        }
    }
}

/// The next piece of a body, noted.
async fn next(
    (mut body, mut copy): (ServiceBody, BodyCopy),
) -> Result<Option<(Bytes, (ServiceBody, BodyCopy))>, Error> {
    match body.chunk().await {
        Ok(Some(piece)) => {
            if copy.body.len().saturating_add(piece.len()) <= MAX_BYTES {
                copy.body.extend_from_slice(&piece);
            }
            Ok(Some((piece, (body, copy))))
        }
        Ok(None) => {
            copy.is_whole = true;
            Ok(None)
        }
        Err(error) => {
            if let Some(request) = copy.request.take() {
                copy.recorder.add(request, Err(Failure::of(&error)));
            }
            Err(error)
        }
    }
}

/// The copy of an answer. It is noted when it is dropped, as clients need not read to the end.
struct BodyCopy {
    recorder: Recorder,
    /// Taken once it is noted.
    request: Option<ServiceRequest>,
    status: u16,
    headers: HeaderMap,
    private: bool,
    body: Vec<u8>,
    is_whole: bool,
}

impl BodyCopy {
    /// Whether what was read is all that a client reads of such an answer.
    fn is_enough(&self, request: &ServiceRequest) -> bool {
        let length =
            self.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        self.is_whole
            || self.status != 200
            || request.method == Method::HEAD
            || length == Some(self.body.len())
            // A pack says itself where it ends.
            || GitRequest::of(request.method.as_str(), request.url.as_str()).is_some()
    }
}

impl Drop for BodyCopy {
    fn drop(&mut self) {
        let Some(request) = self.request.take() else { return };
        if !self.is_enough(&request) {
            return self.recorder.leave_out(&request);
        }
        let encoded = Bytes::from(std::mem::take(&mut self.body));
        let body = match self.headers.get(header::CONTENT_ENCODING) {
            Some(encoding) if encoding == "gzip" || encoding == "x-gzip" => gunzip(&encoded),
            _ => Some(encoded),
        };
        match body {
            Some(body) => {
                let (status, headers) = (self.status, std::mem::take(&mut self.headers));
                let received = Received { status, headers, body, private: self.private };
                self.recorder.add(request, Ok(received));
            }
            None => self.recorder.leave_out(&request),
        }
    }
}

fn gunzip(bytes: &[u8]) -> Option<Bytes> {
    if bytes.is_empty() {
        return Some(Bytes::new());
    }
    let mut plain = Vec::new();
    let mut decoder = MultiGzDecoder::new(bytes).take(MAX_BYTES as u64 + 1);
    // A pack whose reader stopped at its end lacks the end of its compression.
    let read = decoder.read_to_end(&mut plain);
    (plain.len() <= MAX_BYTES && (read.is_ok() || !plain.is_empty())).then(|| plain.into())
}

/// Notes the credentials of a source.
#[derive(Debug)]
struct RecordingCredentials {
    recorder: Recorder,
    inner: Arc<dyn CredentialSource>,
}

#[async_trait]
impl CredentialSource for RecordingCredentials {
    async fn credential(&self, request: &CredentialRequest<'_>) -> Result<Option<Login>, Error> {
        let found = self.inner.credential(request).await?;
        let in_url =
            url::Url::parse(request.url).ok().and_then(|url| artifact_http::Credential::in_url(&url));
        if found.is_some() || in_url.is_some() {
            let mut state = lock(&self.recorder.0.state);
            let url = without_credential(request.url).into_owned();
            state.identities.insert((request.kind.as_str().to_owned(), url));
            state.logins.extend(found.clone());
            state.logins.extend(in_url.map(Login::from));
        }
        Ok(found)
    }

    fn hint(&self, request: &CredentialRequest<'_>) -> Option<String> {
        self.inner.hint(request)
    }
}
