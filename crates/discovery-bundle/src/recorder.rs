//! Recording: an HTTP service and a source of credentials that note what passes.

use std::collections::{BTreeMap, BTreeSet};
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
use warehouse_discovery::Discoverer;
use warehouse_spec::{Subscription, SubscriptionKind, Warehouse};

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
    /// The bytes of all bodies.
    bytes: usize,
}

/// A request, and what came of it so far. Clients need not read an answer to its end, and drop it when they like.
#[derive(Clone)]
struct Exchange {
    request: ServiceRequest,
    result: Result<Arc<Mutex<Received>>, Failure>,
}

/// An answer as far as it was read.
#[derive(Clone)]
struct Received {
    status: u16,
    headers: HeaderMap,
    private: bool,
    body: Vec<u8>,
    end: End,
}

/// How far a body was read.
#[derive(Clone)]
enum End {
    Open,
    Whole,
    Failed(Failure),
    TooLarge,
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

    /// Asks for each Git subscription that shares its repository with another one what it takes to answer it alone. Subscriptions that are discovered at the same time are answered together,
    /// and which ones are depends on the moment; with this, a replay does not. It costs up to five requests for each of them, and nothing where there are none. `discoverer` makes a new one each time, recorded like the
    /// first.
    ///
    /// # Errors
    ///
    /// Those of `discoverer`. A subscription that fails is recorded as such.
    pub async fn complete<'w>(
        &self,
        discoverer: impl Fn() -> Result<Discoverer, Error>,
        warehouses: impl IntoIterator<Item = &'w Warehouse>,
    ) -> Result<(), Error> {
        let warehouses: Vec<_> = warehouses.into_iter().collect();
        let url = |subscription: &Subscription| match &subscription.kind {
            SubscriptionKind::Git(git) => Some(without_credential(&git.repo_url).into_owned()),
            _ => None,
        };
        let mut counts = BTreeMap::new();
        for url in warehouses.iter().flat_map(|warehouse| warehouse.spec.subscriptions.iter().filter_map(url))
        {
            *counts.entry(url).or_insert(0_usize) += 1;
        }
        for warehouse in warehouses {
            for subscription in &warehouse.spec.subscriptions {
                if url(subscription).is_some_and(|url| counts.get(&url).is_some_and(|count| *count > 1)) {
                    let mut alone = warehouse.clone();
                    alone.spec.subscriptions = vec![subscription.clone()];
                    discoverer()?.run(&alone).await;
                }
            }
        }
        Ok(())
    }

    /// Everything that was recorded so far, without secrets, for these Warehouses.
    ///
    /// Of several answers to the same request the last one is kept.
    pub fn finish<'w>(&self, warehouses: impl IntoIterator<Item = &'w Warehouse>) -> Bundle {
        let warehouses: Vec<_> =
            warehouses.into_iter().filter_map(|warehouse| serde_json::to_value(warehouse).ok()).collect();
        let state = lock(&self.0.state);
        let exchanges: Vec<_> = state.exchanges.iter().map(Exchange::finished).collect();
        let mut secrets = Secrets::default();
        state.logins.iter().for_each(|login| secrets.add_credential(&login.credential));
        for Finished { request, outcome } in &exchanges {
            secrets.add_request(request);
            if let Outcome::Answered(answer) = outcome {
                secrets.add_answer(&answer.headers, &answer.body);
            }
        }
        warehouses.iter().for_each(|warehouse| for_each_text(warehouse, &mut |text| secrets.add_url(text)));
        let removal = secrets.into_removal();
        let realms = realms(&exchanges);
        let mut bundle = Bundle::new(self.0.recorded_at);
        bundle.warehouses =
            warehouses.into_iter().map(|warehouse| without_secrets(warehouse, &removal)).collect();
        let identities = state.identities.iter();
        bundle.identities = identities.map(|(kind, url)| (kind.clone(), removal.url(url))).collect();
        for exchange in &exchanges {
            exchange.add_to(&mut bundle, &realms, &removal);
        }
        let kept: BTreeSet<_> = bundle.exchanges.keys().map(|key| key.url.as_str()).collect();
        bundle.left_out.retain(|url| !kept.contains(url.as_str()));
        for repository in bundle.repositories.values_mut() {
            let (objects, references) = (&mut repository.objects, &mut repository.references);
            objects.retain(|_, object| !removal.concerns(&object.data));
            references.retain(|_, line| !removal.concerns(line.as_bytes()));
        }
        bundle.repositories.retain(|_, repository| !repository.is_empty());
        bundle
    }

    fn add(&self, request: ServiceRequest, result: Result<Arc<Mutex<Received>>, Failure>) {
        let mut state = lock(&self.0.state);
        state.bytes = state.bytes.saturating_add(request.body.len());
        state.exchanges.push(Exchange { request, result });
    }

    /// Whether there is room for so many more bytes.
    fn has_room(&self, bytes: usize) -> bool {
        let mut state = lock(&self.0.state);
        state.bytes = state.bytes.saturating_add(bytes);
        state.bytes <= MAX_BYTES
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exchanges = lock(&self.0.state).exchanges.len();
        f.debug_struct("Recorder").field("exchanges", &exchanges).finish_non_exhaustive()
    }
}

/// A request, and what is known to have come of it.
struct Finished {
    request: ServiceRequest,
    outcome: Outcome,
}

enum Outcome {
    Answered(Answered),
    Failed(Failure),
    /// It is too large, or was not read to its end.
    LeftOut,
}

/// An answer, decompressed.
struct Answered {
    status: u16,
    headers: HeaderMap,
    private: bool,
    body: Bytes,
}

impl Exchange {
    fn finished(&self) -> Finished {
        let outcome = match &self.result {
            Err(failure) => Outcome::Failed(failure.clone()),
            Ok(received) => lock(received).clone().outcome(&self.request),
        };
        Finished { request: self.request.clone(), outcome }
    }
}

impl Received {
    fn outcome(self, request: &ServiceRequest) -> Outcome {
        let is_enough = self.is_enough(request);
        let Self { status, headers, private, body, end } = self;
        match end {
            End::Failed(failure) => return Outcome::Failed(failure),
            End::Whole => {}
            End::Open if is_enough => {}
            End::Open | End::TooLarge => return Outcome::LeftOut,
        }
        let body = match headers.get(header::CONTENT_ENCODING) {
            Some(encoding) if encoding == "gzip" || encoding == "x-gzip" => gunzip(&body),
            _ => Some(body.into()),
        };
        body.map_or(Outcome::LeftOut, |body| Outcome::Answered(Answered { status, headers, private, body }))
    }

    /// Whether what was read is all that a client reads of such an answer.
    fn is_enough(&self, request: &ServiceRequest) -> bool {
        let length =
            self.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        self.status != 200
            || request.method == Method::HEAD
            || length == Some(self.body.len())
            // A pack says itself where it ends.
            || GitRequest::of(request.method.as_str(), request.url.as_str()).is_some()
    }
}

impl Finished {
    /// Adds what is kept of it.
    fn add_to(&self, bundle: &mut Bundle, realms: &BTreeSet<String>, removal: &Removal) {
        let Self { request, outcome } = self;
        let url = request.url.as_str();
        let without_query = url.split('?').next().unwrap_or(url);
        let mut key = match realms.get(without_query) {
            Some(realm) => RequestKey::of_sign_in(request, realm),
            None => RequestKey::of(request),
        };
        key.url = removal.url(&key.url);
        let answer = match outcome {
            Outcome::LeftOut => {
                bundle.left_out.insert(removal.url(url));
                return;
            }
            Outcome::Failed(failure) => {
                let message = removal.text(&failure.message).into_owned();
                Answer::Failure(Failure { kind: failure.kind, message })
            }
            Outcome::Answered(answered) => {
                if answered.status == 200
                    && let Some((git, repository)) = GitRequest::of(request.method.as_str(), url)
                    && answered.is_of_type(git.answer_type())
                {
                    let repositories = &mut bundle.repositories;
                    let repository = repositories.entry(removal.url(repository)).or_default();
                    return add_to_repository(repository, git, request, answered);
                }
                let response = answered.kept(removal);
                match key.is_sign_in() && response.status == 200 && !tokens_of(&answered.body).is_empty() {
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
    answered: &Answered,
) {
    match git {
        GitRequest::Discovery => repository.add_advertisement(&answered.body),
        GitRequest::UploadPack => {
            repository.add_answer(&plain(&request.headers, &request.body), &answered.body)
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

impl Answered {
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
fn realms(exchanges: &[Finished]) -> BTreeSet<String> {
    let mut realms = BTreeSet::new();
    let nothing = Secrets::default().into_removal();
    for exchange in exchanges {
        if let Outcome::Answered(answered) = &exchange.outcome
            && answered.headers.contains_key(header::WWW_AUTHENTICATE)
        {
            realms.extend(answered.kept(&nothing).realms().map(str::to_owned));
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
                let received = Received {
                    status: status.as_u16(),
                    headers: headers.clone(),
                    private,
                    body: Vec::new(),
                    end: End::Open,
                };
                let received = Arc::new(Mutex::new(received));
                self.recorder.add(request, Ok(Arc::clone(&received)));
                let copy = BodyCopy { recorder: self.recorder.clone(), received };
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
    (mut body, copy): (ServiceBody, BodyCopy),
) -> Result<Option<(Bytes, (ServiceBody, BodyCopy))>, Error> {
    match body.chunk().await {
        Ok(Some(piece)) => {
            copy.add(&piece);
            Ok(Some((piece, (body, copy))))
        }
        Ok(None) => {
            copy.end(End::Whole);
            Ok(None)
        }
        Err(error) => {
            copy.end(End::Failed(Failure::of(&error)));
            Err(error)
        }
    }
}

/// Copies a body while it is read.
struct BodyCopy {
    recorder: Recorder,
    received: Arc<Mutex<Received>>,
}

impl BodyCopy {
    fn add(&self, piece: &[u8]) {
        let has_room = self.recorder.has_room(piece.len());
        let mut received = lock(&self.received);
        match has_room {
            true => received.body.extend_from_slice(piece),
            false => (received.body, received.end) = (Vec::new(), End::TooLarge),
        }
    }

    fn end(&self, end: End) {
        let mut received = lock(&self.received);
        if !matches!(received.end, End::TooLarge) {
            received.end = end;
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
