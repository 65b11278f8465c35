//! The server itself.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::{LOCATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;

use super::file::{Courtesies, File};
use super::index::ChartIndex;
use crate::certificate::ServerCertificate;
use crate::chart::Chart;
use crate::credential::Credential;
use crate::error::Error;
use crate::fault::FaultScript;
use crate::loopback::{Answer, Body, Listener, Loopback, RequestLog, Service, full};

/// A chart repository on 127.0.0.1: `index.yaml` and archives, with `ETag`, `Last-Modified`, 304, and gzip for clients
/// that ask for it.
///
/// It runs on a thread of its own until it is dropped.
///
/// ```
/// use warehouse_testkit::{Chart, ChartServer};
///
/// let server = ChartServer::start()?;
/// server.publish(&Chart::new("demo", "1.2.3"));
/// assert!(server.index().starts_with(b"apiVersion: v1\nentries:\n  demo:\n"));
/// # Ok::<(), warehouse_testkit::Error>(())
/// ```
pub struct ChartServer {
    loopback: Loopback,
    service: Arc<ChartService>,
}

/// Settings of a [`ChartServer`]. `Debug` shows neither the credential nor the query, which may be one.
#[derive(Clone)]
pub struct ChartServerBuilder {
    prefix: String,
    credential: Option<Credential>,
    query: Option<String>,
    tls: Option<ServerCertificate>,
    courtesies: Courtesies,
}

impl fmt::Debug for ChartServerBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ChartServerBuilder")
            .field("prefix", &self.prefix)
            .field("courtesies", &self.courtesies)
            .finish_non_exhaustive()
    }
}

impl Default for ChartServerBuilder {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            credential: None,
            query: None,
            tls: None,
            courtesies: Courtesies { etag: true, last_modified: true, gzip: true },
        }
    }
}

impl ChartServerBuilder {
    /// The repository's path on the server, e.g. `charts/stable`; the root if not said.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        let path = path.trim_matches('/');
        self.prefix = if path.is_empty() { String::new() } else { format!("/{path}") };
        self
    }

    /// Every request needs this user name and password as HTTP Basic; others are answered with 401.
    #[must_use]
    pub fn basic(mut self, username: impl Into<String>, password: impl Into<String>) -> Self {
        self.credential = Some(Credential::new(username, password));
        self
    }

    /// Every request needs a query that contains this text, e.g. `token=abc`; others are answered with 403.
    #[must_use]
    pub fn require_query(mut self, query: impl Into<String>) -> Self {
        self.query = Some(query.into());
        self
    }

    /// Speaks HTTPS with this certificate.
    #[must_use]
    pub fn tls(mut self, certificate: ServerCertificate) -> Self {
        self.tls = Some(certificate);
        self
    }

    /// No `ETag`, and `If-None-Match` is ignored.
    #[must_use]
    pub fn without_etag(mut self) -> Self {
        self.courtesies.etag = false;
        self
    }

    /// No `Last-Modified`, and `If-Modified-Since` is ignored.
    #[must_use]
    pub fn without_last_modified(mut self) -> Self {
        self.courtesies.last_modified = false;
        self
    }

    /// Nothing is compressed, whatever the client asks for.
    #[must_use]
    pub fn without_gzip(mut self) -> Self {
        self.courtesies.gzip = false;
        self
    }

    /// Starts the server, with an index of no charts.
    ///
    /// # Errors
    ///
    /// [`Error::Start`] if nothing can listen on 127.0.0.1, or if the certificate is not one.
    pub fn start(self) -> Result<ChartServer, Error> {
        let tls = self.tls.as_ref().map(ServerCertificate::acceptor).transpose()?;
        let service = Arc::new(ChartService {
            index_path: format!("{}/index.yaml", self.prefix),
            settings: self,
            state: Mutex::default(),
        });
        let loopback = Loopback::serve(Listener::bind("chart server")?.over(tls), Arc::clone(&service) as _)?;
        Ok(ChartServer { loopback, service })
    }
}

impl fmt::Debug for ChartServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ChartServer").field("url", &self.url()).finish_non_exhaustive()
    }
}

impl ChartServer {
    /// A repository at the root, open to anybody.
    ///
    /// # Errors
    ///
    /// [`Error::Start`] if nothing can listen on 127.0.0.1.
    pub fn start() -> Result<Self, Error> {
        Self::builder().start()
    }

    /// A repository with authentication, or without some of HTTP's courtesies.
    #[must_use]
    pub fn builder() -> ChartServerBuilder {
        ChartServerBuilder::default()
    }

    /// The repository's URL, as it stands in a manifest: `http://127.0.0.1:PORT[/path]`, or `https://` with TLS.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}{}", self.loopback.url(), self.service.settings.prefix)
    }

    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.loopback.address()
    }

    /// What was asked and what was sent.
    #[must_use]
    pub fn log(&self) -> &RequestLog {
        self.loopback.log()
    }

    /// The trouble that is in store for clients.
    #[must_use]
    pub fn faults(&self) -> &FaultScript {
        self.loopback.faults()
    }

    /// Adds a chart version: its archive, and an entry in the index.
    pub fn publish(&self, chart: &Chart) {
        let archive = chart.archive();
        let mut state = self.service.lock();
        state.charts.add_archive(chart, &archive, &chart.file_name());
        let path = format!("{}/{}", self.service.settings.prefix, chart.file_name());
        state.put(path, archive.into(), "application/gzip");
        state.served.remove(&self.service.index_path);
    }

    /// Serves this as the index, as it is: a real one, a broken one, JSON. The next [`publish`](Self::publish) goes back to the
    /// index of what was published.
    pub fn set_index(&self, body: impl Into<Bytes>) {
        self.put_absolute(self.service.index_path.clone(), body.into(), "text/yaml");
    }

    /// The index as it is served now.
    #[must_use]
    pub fn index(&self) -> Bytes {
        self.service.index().bytes()
    }

    /// Serves any bytes under an absolute path.
    pub fn put(&self, path: &str, body: impl Into<Bytes>, content_type: &str) {
        self.put_absolute(format!("/{}", path.trim_start_matches('/')), body.into(), content_type);
    }

    /// Answers an absolute path with a redirect (302) to any address.
    pub fn redirect(&self, path: &str, location: impl Into<String>) {
        let path = format!("/{}", path.trim_start_matches('/'));
        self.service.lock().served.insert(path, Served::Redirect(location.into()));
    }

    /// Answers an absolute path with 404 from now on, even the index.
    pub fn remove(&self, path: &str) {
        let path = format!("/{}", path.trim_start_matches('/'));
        self.service.lock().served.insert(path, Served::Nothing);
    }

    fn put_absolute(&self, path: String, body: Bytes, content_type: &str) {
        self.service.lock().put(path, body, content_type);
    }
}

struct ChartService {
    settings: ChartServerBuilder,
    index_path: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    charts: ChartIndex,
    served: HashMap<String, Served>,
    changes: u64,
}

#[derive(Clone, Debug)]
enum Served {
    File(File),
    Redirect(String),
    Nothing,
}

impl State {
    fn put(&mut self, path: String, body: Bytes, content_type: &str) -> File {
        self.changes += 1;
        let file = File::new(body, content_type, self.changes);
        self.served.insert(path, Served::File(file.clone()));
        file
    }
}

impl ChartService {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The index is written when it is asked for the first time after a change.
    fn index(&self) -> File {
        let mut state = self.lock();
        if let Some(Served::File(file)) = state.served.get(&self.index_path) {
            return file.clone();
        }
        let text = state.charts.render();
        state.put(self.index_path.clone(), text.into(), "text/yaml")
    }

    fn respond(&self, head: &Request<()>) -> Response<Body> {
        if let Some(refused) = self.refuse(head) {
            return refused;
        }
        let path = head.uri().path();
        let served = self.lock().served.get(path).cloned();
        let file = match served {
            Some(Served::File(file)) => file,
            Some(Served::Redirect(location)) => return redirect(&location),
            None if path == self.index_path => self.index(),
            None | Some(Served::Nothing) => return plain(StatusCode::NOT_FOUND, "not found\n"),
        };
        let is_head = head.method() == Method::HEAD;
        file.answer(head.headers(), self.settings.courtesies, is_head)
    }

    fn refuse(&self, head: &Request<()>) -> Option<Response<Body>> {
        let settings = &self.settings;
        if !matches!(*head.method(), Method::GET | Method::HEAD) {
            return Some(plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n"));
        }
        let known = |headers: &HeaderMap| {
            settings.credential.as_ref().is_none_or(|credential| credential.matches(headers))
        };
        if !known(head.headers()) {
            let mut response = plain(StatusCode::UNAUTHORIZED, "authentication required\n");
            let challenge = HeaderValue::from_static("Basic realm=\"testkit\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            return Some(response);
        }
        let query = head.uri().query().unwrap_or_default();
        if settings.query.as_ref().is_some_and(|wanted| !query.contains(wanted.as_str())) {
            return Some(plain(StatusCode::FORBIDDEN, "the query is missing\n"));
        }
        None
    }
}

impl Service for ChartService {
    fn answer(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        Box::pin(async move { self.respond(&request.map(drop)) })
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    response
}

fn redirect(location: &str) -> Response<Body> {
    let mut response = plain(StatusCode::FOUND, "");
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}
