//! A classic chart repository: `index.yaml` and archives over plain HTTP.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    LAST_MODIFIED, LOCATION, VARY, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::Value;

use crate::certificate::ServerCertificate;
use crate::chart::Chart;
use crate::chart::gzip;
use crate::credential::Credential;
use crate::digest::digest_of;
use crate::error::Error;
use crate::fault::FaultScript;
use crate::lock::lock;
use crate::loopback::{Answer, Body, Listener, Loopback, RequestLog, Service, empty, full};

/// A chart repository on 127.0.0.1: `index.yaml` and archives, with `ETag`, `Last-Modified`, 304, and gzip for clients
/// that request it.
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
    folder: Option<PathBuf>,
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
            folder: None,
            courtesies: Courtesies { etag: true, last_modified: true, gzip: true },
        }
    }
}

impl ChartServerBuilder {
    /// The repository's path on the server, e.g. `charts/stable`; Defaults to the root.
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

    /// Serves HTTPS with this certificate.
    #[must_use]
    pub fn tls(mut self, certificate: ServerCertificate) -> Self {
        self.tls = Some(certificate);
        self
    }

    /// Serves the files of this folder as they are at each request, such as a chart repository that another program publishes. Only
    /// what is [published](ChartServer::publish) or [put](ChartServer::put) here comes before them. Names with a `/` are not found. There is
    /// no `Last-Modified`.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self.courtesies.last_modified = false;
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

    /// Nothing is compressed, also for clients that accept it.
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
    /// A repository at the root, without authentication.
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

    /// The repository's URL, as in a manifest: `http://127.0.0.1:PORT[/path]`, or `https://` with TLS.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}{}", self.loopback.url(), self.service.settings.prefix)
    }

    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.loopback.address()
    }

    /// The log of requests and answers.
    #[must_use]
    pub fn log(&self) -> &RequestLog {
        self.loopback.log()
    }

    /// The faults that clients meet.
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
        lock(&self.state)
    }

    /// The index is written at the first request after a change.
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
            None if self.settings.folder.is_some() => match self.file_in_folder(path) {
                Some(file) => file,
                None => return plain(StatusCode::NOT_FOUND, "not found\n"),
            },
            None if path == self.index_path => self.index(),
            None | Some(Served::Nothing) => return plain(StatusCode::NOT_FOUND, "not found\n"),
        };
        let is_head = head.method() == Method::HEAD;
        file.answer(head.headers(), self.settings.courtesies, is_head)
    }

    /// A file of the folder that is served.
    fn file_in_folder(&self, path: &str) -> Option<File> {
        let name = path.strip_prefix(&self.settings.prefix)?.strip_prefix('/')?;
        if name.contains('/') || name.starts_with('.') {
            return None;
        }
        let bytes = std::fs::read(self.settings.folder.as_ref()?.join(name)).ok()?;
        let content_type = if name.ends_with(".yaml") { "text/yaml" } else { "application/gzip" };
        Some(File::new(bytes.into(), content_type, 0))
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
        if settings.query.as_ref().is_some_and(|expected| !query.contains(expected.as_str())) {
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

/// An index of charts that can be written in Helm's own style.
///
/// Charts are in alphabetical order, versions in the order in which they were added. Keys are sorted, lists begin at the column of
/// their key, and text that YAML would read as something else is quoted: what `helm repo index` writes.
///
/// ```
/// use warehouse_testkit::{Chart, ChartIndex};
///
/// let mut index = ChartIndex::new();
/// index.add(&Chart::new("demo", "1.10"));
/// assert!(index.render().contains("\n    version: \"1.10\"\n"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ChartIndex {
    entries: BTreeMap<String, Vec<Value>>,
}

impl ChartIndex {
    /// An index without charts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a version under its archive's file name, relative to the index.
    pub fn add(&mut self, chart: &Chart) -> &mut Self {
        self.add_archive(chart, &chart.archive(), &chart.file_name())
    }

    pub(super) fn add_archive(&mut self, chart: &Chart, archive: &[u8], url: &str) -> &mut Self {
        let entry = chart.index_entry(archive, url);
        self.entries.entry(chart.name().to_owned()).or_default().push(entry);
        self
    }

    /// The text.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::from("apiVersion: v1\n");
        if self.entries.is_empty() {
            text.push_str("entries: {}\n");
        } else {
            text.push_str("entries:\n");
        }
        for (name, versions) in &self.entries {
            text.push_str(&format!("  {}:\n", scalar(name)));
            for version in versions {
                mapping(&mut text, version);
            }
        }
        text.push_str("generated: \"2024-01-01T00:00:00Z\"\n");
        text
    }
}

/// One entry of a chart's list. Its fields are scalars or lists of scalars.
fn mapping(text: &mut String, entry: &Value) {
    let Value::Object(fields) = entry else { return };
    // Sorted here, because the order of a JSON map depends on a feature of serde_json.
    let fields: BTreeMap<_, _> = fields.iter().collect();
    for (position, (key, value)) in fields.into_iter().enumerate() {
        text.push_str(if position == 0 { "  - " } else { "    " });
        match value {
            Value::Array(items) => {
                text.push_str(&format!("{key}:\n"));
                for item in items {
                    text.push_str(&format!("    - {}\n", scalar(item.as_str().unwrap_or_default())));
                }
            }
            Value::String(value) => text.push_str(&format!("{key}: {}\n", scalar(value))),
            other => text.push_str(&format!("{key}: {other}\n")),
        }
    }
}

/// Text as it is where that is safe, otherwise in double quotes; JSON's escapes are YAML's too.
fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { Value::from(text).to_string() }
}

/// Whether YAML reads the text as this very string.
fn is_plain(text: &str) -> bool {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"._/+- ,()".contains(&byte);
    let reserved = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let Some(first) = text.bytes().next() else { return false };
    // Two dots make a version of it. Dates and the like (`2024-01-01`) count as numbers here.
    let like_a_number = first.is_ascii_digit()
        && text.bytes().filter(|byte| *byte == b'.').count() < 2
        && (text.bytes().all(|byte| byte.is_ascii_digit() || b"._+-eE".contains(&byte))
            || ["0x", "0o", "0b"].iter().any(|prefix| text.starts_with(prefix)));
    first.is_ascii_alphanumeric()
        && text.bytes().all(harmless)
        && !text.ends_with(' ')
        && !like_a_number
        && !reserved.contains(&text.to_ascii_lowercase().as_str())
}

/// The optional features of HTTP that a server has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Courtesies {
    pub(super) etag: bool,
    pub(super) last_modified: bool,
    pub(super) gzip: bool,
}

/// A file. Clones are the same file.
#[derive(Clone, Debug)]
pub(super) struct File {
    bytes: Bytes,
    packed: Arc<OnceLock<Bytes>>,
    content_type: String,
    tag: String,
    modified: String,
}

impl File {
    /// `change` counts the changes of the server: each makes a later `Last-Modified`.
    pub(super) fn new(bytes: Bytes, content_type: &str, change: u64) -> Self {
        const EPOCH: u64 = 1_704_067_200; // 2024-01-01T00:00:00Z
        let digest = digest_of(&bytes);
        let modified = UNIX_EPOCH + Duration::from_secs(EPOCH + change);
        Self {
            tag: digest.get(7..27).unwrap_or_default().to_owned(),
            modified: httpdate::fmt_http_date(modified),
            content_type: content_type.into(),
            packed: Arc::default(),
            bytes,
        }
    }

    pub(super) fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// The answer to a GET or HEAD: whole, compressed, or 304.
    pub(super) fn answer(
        &self,
        headers: &HeaderMap,
        courtesies: Courtesies,
        is_head: bool,
    ) -> Response<Body> {
        let packed = courtesies.gzip && asks_for_gzip(headers);
        let bytes = if packed { self.packed() } else { self.bytes.clone() };
        let mut response = if self.is_fresh(headers, courtesies) {
            let mut response = Response::new(empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            let length = bytes.len().to_string();
            let mut response = Response::new(if is_head { empty() } else { full(bytes) });
            set(&mut response, CONTENT_LENGTH, &length);
            set(&mut response, CONTENT_TYPE, &self.content_type);
            if packed {
                set(&mut response, CONTENT_ENCODING, "gzip");
            }
            response
        };
        if courtesies.gzip {
            set(&mut response, VARY, "Accept-Encoding");
        }
        if courtesies.etag {
            // Compressed on the fly, the bytes are not the same: a weak validator, as nginx makes it.
            let weak = if packed { "W/" } else { "" };
            set(&mut response, ETAG, &format!("{weak}\"{}\"", self.tag));
        }
        if courtesies.last_modified {
            set(&mut response, LAST_MODIFIED, &self.modified);
        }
        response
    }

    /// RFC 9110, section 13.2.2: `If-None-Match` decides alone where it is sent and understood.
    fn is_fresh(&self, headers: &HeaderMap, courtesies: Courtesies) -> bool {
        if courtesies.etag && headers.contains_key(IF_NONE_MATCH) {
            return values(headers, &IF_NONE_MATCH).any(|tag| {
                tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"') == self.tag
            });
        }
        // To the second, as nginx compares by default.
        courtesies.last_modified
            && headers
                .get(IF_MODIFIED_SINCE)
                .is_some_and(|since| since.as_bytes() == self.modified.as_bytes())
    }

    fn packed(&self) -> Bytes {
        let pack = || gzip(&self.bytes).unwrap_or_default().into();
        self.packed.get_or_init(pack).clone()
    }
}

fn asks_for_gzip(headers: &HeaderMap) -> bool {
    values(headers, &ACCEPT_ENCODING).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(weight.trim(), "q=0" | "q=0.0")
    })
}

/// The comma-separated members of a header.
fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter();
    lines.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim)
}

fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::Chart;

    #[test]
    fn text_is_quoted_where_yaml_would_read_something_else() {
        for plain in
            ["demo", "1.2.3", "1.2.3-rc.1+b1", "v1", "A chart, for tests (and demos)", "a/b.tgz", "29a7"]
        {
            assert_eq!(scalar(plain), plain);
        }
        for quoted in [
            "",
            "1.10",
            "1",
            "1e3",
            "true",
            "No",
            "null",
            "~",
            "a: b",
            "a #b",
            "- a",
            " a",
            "a ",
            "é",
            "0x10",
            "2024-01-01",
        ] {
            assert!(scalar(quoted).starts_with('"'), "{quoted}");
        }
    }

    #[test]
    fn it_looks_like_helm_wrote_it() {
        let mut index = ChartIndex::new();
        index.add(&Chart::new("demo", "1.2.3").app_version("2.0").created("2024-05-01T00:00:00Z"));
        let text = index.render();
        let start = "apiVersion: v1\nentries:\n  demo:\n  - apiVersion: v2\n    appVersion: \"2.0\"\n    \
                     created: \"2024-05-01T00:00:00Z\"\n    description: A chart for tests and demos\n    digest: ";
        assert!(text.starts_with(start), "{text}");
        let end = "    name: demo\n    type: application\n    urls:\n    - demo-1.2.3.tgz\n    version: 1.2.3\n\
                   generated: \"2024-01-01T00:00:00Z\"\n";
        assert!(text.ends_with(end), "{text}");
    }
}
