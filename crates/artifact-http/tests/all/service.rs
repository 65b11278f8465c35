//! Services of an embedder below the client: one that counts, one that fails, one that records, and one that replays what was recorded.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use artifact_http::{
    Authorization, Call, HttpClient, HttpClientBuilder, HttpService, Method, Request, ServiceBody,
    ServiceRequest, ServiceResponse, StatusCode,
};
use artifact_source::{Error, ErrorKind};
use async_trait::async_trait;

use crate::server::{Server, answer};

fn quick() -> HttpClientBuilder {
    HttpClient::builder().backoff(Duration::from_millis(1), Duration::from_millis(1))
}

#[derive(Debug)]
struct Counting {
    inner: Arc<dyn HttpService>,
    count: Arc<AtomicUsize>,
}

#[async_trait]
impl HttpService for Counting {
    async fn call(&self, request: ServiceRequest) -> Result<ServiceResponse, Error> {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.inner.call(request).await
    }
}

#[tokio::test]
async fn every_redirect_and_retry_passes_through_the_service() {
    let failures = Arc::new(AtomicUsize::new(2));
    let left = Arc::clone(&failures);
    let server = Server::start(move |_, head| {
        if head.contains("get /a ") {
            return answer("302 Found", &["Location: /b"], "");
        }
        match left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)) {
            Ok(_) => answer("503 X", &[], ""),
            Err(_) => answer("200 OK", &[], "b"),
        }
    })
    .await;
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let client = quick().build().unwrap().wrap_service(|inner| Counting { inner, count: counted });
    let call = Call::new();
    let response = client.fetch(Request::get(format!("{}/a", server.url)), &call).await.unwrap();
    assert_eq!(response.body, "b");
    assert_eq!((count.load(Ordering::Relaxed), call.meter.requests(), server.seen().len()), (6, 6, 6));
}

/// Fails in a given way before anything answers.
#[derive(Debug)]
struct Failing(ErrorKind, AtomicUsize);

#[async_trait]
impl HttpService for Failing {
    async fn call(&self, request: ServiceRequest) -> Result<ServiceResponse, Error> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Err(Error::new(self.0, "injected").with_url(&request.url))
    }
}

#[tokio::test]
async fn an_error_of_the_service_is_repeated_where_it_is_transient() {
    for (kind, tries) in
        [(ErrorKind::Unreachable, 4), (ErrorKind::Server, 4), (ErrorKind::Tls, 1), (ErrorKind::BadAnswer, 1)]
    {
        let client = quick().service(Failing(kind, AtomicUsize::new(0))).build().unwrap();
        let error = client.fetch(Request::get("https://example.com/x"), &Call::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.tries(), error.is_transient()), (kind, tries, tries > 1));
    }
}

type Recorded = Arc<Mutex<BTreeMap<String, VecDeque<(StatusCode, Vec<u8>)>>>>;

/// Keeps the status and the body of each answer under method and URL; it sees the credential and does not keep it.
#[derive(Debug)]
struct Recording {
    inner: Arc<dyn HttpService>,
    recorded: Recorded,
}

fn key(request: &ServiceRequest) -> String {
    format!("{} {}", request.method, request.url.path())
}

#[async_trait]
impl HttpService for Recording {
    async fn call(&self, request: ServiceRequest) -> Result<ServiceResponse, Error> {
        let key = key(&request);
        assert!(request.headers.contains_key("authorization") && request.method == Method::GET);
        let mut answer = self.inner.call(request).await?;
        let mut body = Vec::new();
        while let Some(bytes) = answer.body.chunk().await? {
            body.extend_from_slice(&bytes);
        }
        self.recorded.lock().unwrap().entry(key).or_default().push_back((answer.status, body.clone()));
        answer.body = ServiceBody::from(body);
        Ok(answer)
    }
}

/// Answers with what was recorded, in order, and with an error where nothing was.
#[derive(Debug)]
struct Replaying(Recorded);

#[async_trait]
impl HttpService for Replaying {
    async fn call(&self, request: ServiceRequest) -> Result<ServiceResponse, Error> {
        let next = self.0.lock().unwrap().get_mut(&key(&request)).and_then(VecDeque::pop_front);
        let (status, body) = next.ok_or_else(|| {
            Error::new(ErrorKind::BadAnswer, "the recording has no such answer").with_url(&request.url)
        })?;
        Ok(ServiceResponse::new(status, body))
    }
}

#[tokio::test]
async fn what_was_recorded_is_replayed_without_a_server() {
    let server = Server::start(|_, head| match head.contains("get /a ") {
        true => answer("200 OK", &[], "first"),
        false => answer("404 Not Found", &[], ""),
    })
    .await;
    let recorded = Recorded::default();
    let kept = Arc::clone(&recorded);
    let client = quick().build().unwrap().wrap_service(|inner| Recording { inner, recorded: kept });
    let get = |path: &str| {
        Request::get(format!("{}{path}", server.url)).authorization(Authorization::bearer("hunter2-SECRET"))
    };
    let (a, b) = (get("/a"), get("/b"));
    for request in [a.clone(), b.clone()] {
        client.fetch(request, &Call::new()).await.unwrap();
    }
    assert!(!format!("{recorded:?}").contains("SECRET"));
    assert_eq!(server.seen().len(), 2);

    let client = quick().service(Replaying(recorded)).build().unwrap();
    let response = client.fetch(a.clone(), &Call::new()).await.unwrap();
    assert_eq!((response.status, &response.body[..]), (StatusCode::OK, &b"first"[..]));
    assert_eq!(client.fetch(b, &Call::new()).await.unwrap().status, StatusCode::NOT_FOUND);
    let error = client.fetch(a, &Call::new()).await.unwrap_err();
    assert_eq!(error.message(), "the recording has no such answer");
    assert_eq!(server.seen().len(), 2, "no server was asked again");
}

/// Keeps the user agent of each request, and whether certificates are not checked.
#[derive(Debug, Default)]
struct Settings(Mutex<Vec<(String, bool)>>);

#[async_trait]
impl HttpService for Settings {
    async fn call(&self, request: ServiceRequest) -> Result<ServiceResponse, Error> {
        let user_agent = request.headers.get("user-agent").map(|value| value.to_str().unwrap().to_owned());
        self.0.lock().unwrap().push((user_agent.unwrap_or_default(), request.skip_tls_verify));
        Ok(ServiceResponse::new(StatusCode::OK, "ok"))
    }
}

#[tokio::test]
async fn a_service_is_told_the_user_agent_and_whether_certificates_are_checked() {
    let seen = Arc::new(Settings::default());
    let builder = HttpClient::builder().user_agent("my-tool/1.0").service(Arc::clone(&seen));
    let url = "https://example.com/x";
    let checked = builder.clone().build().unwrap();
    checked.fetch(Request::get(url), &Call::new()).await.unwrap();
    let unchecked = builder.skip_tls_verify(true).build().unwrap();
    unchecked.fetch(Request::get(url), &Call::new()).await.unwrap();
    // Another client of HTTP on the same service, with a user agent of its own.
    let mut request = ServiceRequest::new(Method::GET, url.parse().unwrap());
    request.headers.insert("user-agent", "other/2.0".parse().unwrap());
    unchecked.service().call(request).await.unwrap();
    let default = HttpClient::builder().service(Arc::clone(&seen)).build().unwrap();
    default.fetch(Request::get(url), &Call::new()).await.unwrap();
    let expected = [
        ("my-tool/1.0", false),
        ("my-tool/1.0", true),
        ("other/2.0", true),
        (concat!("artifact-http/", env!("CARGO_PKG_VERSION")), false),
    ];
    assert_eq!(*seen.0.lock().unwrap(), expected.map(|(agent, skip)| (agent.to_owned(), skip)));
    for builder in [HttpClient::builder(), HttpClient::builder().service(seen)] {
        let error = builder.user_agent("a\nb").build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
}

#[tokio::test]
async fn the_user_agent_reaches_a_server() {
    let server = Server::start(|_, _| answer("200 OK", &[], "ok")).await;
    let client = quick().user_agent("my-tool/1.0").build().unwrap();
    client.fetch(Request::get(&server.url), &Call::new()).await.unwrap();
    assert!(server.seen()[0].contains("user-agent: my-tool/1.0"), "{:?}", server.seen());
}
