//! Connections over http and https: gitoxide's blocking protocol on the shared asynchronous client.
//!
//! gitoxide needs an [`Http`] that blocks. This one sends every request through [`HttpClient`], so
//! that retries, limits, counting and certificates are the same for all sources, and waits for the answer on
//! the blocking thread.

use crate::transport::greeting::Greeting;
use crate::transport::interrupt::Interrupt;
use crate::transport::options::{Authentication, TransportOptions};
use crate::transport::packet_line::{ErrorPackets, HandshakeReader};
use artifact_http::{
    Authorization, Call, HttpClient, Identity, LeastProgress, Origin, Request, StreamingResponse, header,
};
use artifact_source::{Error, ErrorKind};
use bytes::{Buf, Bytes};
use gix_transport::client::blocking_io::http::{
    GetResponse, Http, PostBodyDataKind, PostResponse, Transport,
};
use gix_transport::{Protocol, client};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io::{self, BufRead, Cursor, Read, Write};
use std::rc::Rc;
use std::sync::Arc;
use tokio::runtime::Handle;
use url::Url;

/// Opens a connection to a repository behind an http or https URL. Nothing is sent yet, and no request greets a server whose greeting is known.
pub(crate) fn open(
    url: &Url,
    options: &TransportOptions,
    authentication: &Authentication,
    runtime: &Handle,
    interrupt: &Arc<Interrupt>,
    greeting: &Rc<Greeting>,
) -> Result<Box<dyn client::blocking_io::Transport>, Error> {
    let adapter = HttpAdapter {
        sender: Rc::new(Sender {
            client: options.http.clone(),
            runtime: runtime.clone(),
            interrupt: Arc::clone(interrupt),
            authorization: authentication.authorization.clone(),
            identity: authentication.identity.clone(),
            origin: Origin::of(url),
            allow_plain_credential: options.allow_plain_credential,
            answered_publicly: Cell::new(None),
            greeting: Rc::clone(greeting),
        }),
        redirected: None,
    };
    let url = gix::url::parse(url.as_str().trim_end_matches('/')).map_err(|_| {
        Error::new(ErrorKind::InvalidInput, "the repository URL is not a Git URL").with_url(url)
    })?;
    Ok(Box::new(Transport::new_http(adapter, url, Protocol::V2, false)))
}

/// The content type of a greeting.
const ADVERTISEMENT: &str = "application/x-git-upload-pack-advertisement";

/// The client as gitoxide uses it.
struct HttpAdapter {
    sender: Rc<Sender>,
    redirected: Option<String>,
}

impl HttpAdapter {
    /// A greeting with this body.
    fn advertisement(&self, body: Body) -> GetResponse<Headers, HandshakeReader<Body>> {
        GetResponse {
            headers: Headers::Read(Cursor::new(format!("content-type: {ADVERTISEMENT}\n").into_bytes())),
            body: HandshakeReader::new(body).with_interrupt(&self.sender.interrupt),
        }
    }
}

/// Sends requests and waits for the answers.
struct Sender {
    client: HttpClient,
    runtime: Handle,
    interrupt: Arc<Interrupt>,
    authorization: Option<Authorization>,
    identity: Identity,
    /// The only origin that gets the authorization.
    origin: Origin,
    allow_plain_credential: bool,
    /// Whether the first request was answered from a public address; `None` before the answer. Then so must be the others, wherever they go: a name
    /// may have addresses of both kinds, or others than a moment before.
    answered_publicly: Cell<Option<bool>>,
    greeting: Rc<Greeting>,
}

impl Sender {
    /// Sends a request to the repository's own server, or to the one that it redirected to. Only the first gets the
    /// credential. Where the first request was answered from a public address, no other goes to a private one.
    fn send(&self, request: Request, to: &str, what: &str) -> io::Result<StreamingResponse> {
        let request = match self.is_home(&Url::parse(to).map_err(io::Error::other)?) {
            true => request.authorization(self.authorization.clone()),
            false => request,
        };
        let request = request
            .public_only(self.answered_publicly.get() == Some(true))
            // The interrupt looks at it, over a longer time.
            .least_progress(LeastProgress::new(0, self.interrupt.limits.stall))
            .allow_plain_credential(self.allow_plain_credential)
            .accept_gzip(true)
            .max_bytes(self.interrupt.limits.bytes);
        let mut call = Call::new().with_deadline(self.interrupt.limits.deadline);
        call.meter = self.interrupt.meter.clone();
        self.wait(async {
            let response = self.client.open(request, &call).await?;
            let answered = response.url().clone();
            if self.answered_publicly.get().is_none() {
                self.answered_publicly.set(Some(!response.came_from_private_address()));
            }
            // Azure DevOps answers 203 with its login page. The callers tell what kind of page it is.
            if response.status().is_success() && is_page(&response) {
                return Ok(response);
            }
            let response = response.error_for_status(what, &self.identity).await;
            response.map_err(|error| self.with_hint(error, &answered))
        })
    }

    fn is_home(&self, url: &Url) -> bool {
        Origin::of(url) == self.origin
    }

    /// Adds what to do about a refusal by the server at this URL.
    fn with_hint(&self, error: Error, answered: &Url) -> Error {
        let hint = match (error.kind(), self.identity.credential()) {
            (ErrorKind::Unauthorized | ErrorKind::Forbidden | ErrorKind::NotFound, _)
                if !self.is_home(answered) =>
            {
                let (home, other) = (&self.origin, Origin::of(answered));
                Some(format!(
                    "{home} redirects to {other}, which gets no credential that was given for {home}: name the \
                     repository by its URL at {other}, with a credential for that"
                ))
            }
            (ErrorKind::BadAnswer, _) if error.status().is_some_and(|status| matches!(status, 300..=399)) => Some(
                "the server redirects this request and not the one before it, and a POST is not sent to another place: name the \
                 repository by the URL to which it redirects, or let the server redirect the path /info/refs too"
                    .to_owned(),
            ),
            (ErrorKind::Unauthorized, None) => self
                .identity
                .hint(ErrorKind::Unauthorized, "this repository")
                .map(|hint| format!("{hint}; it is private or does not exist")),
            (ErrorKind::NotFound, None) => {
                Some("check the URL; a server may also answer this for a private repository".to_owned())
            }
            (refusal, _) => self.identity.hint(refusal, "this repository"),
        };
        match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }

    /// The error for an answer that is not Git's. Servers that require a credential often answer with their login page.
    fn not_git_error(&self, response: &StreamingResponse) -> Error {
        let error = |what: String| Error::new(ErrorKind::BadAnswer, what).with_url(response.shown_url());
        match content_type(response).as_str() {
            _ if is_page(response) => {
                let hint = match self.identity.credential() {
                    Some(_) if self.is_home(response.url()) => {
                        "check the credential and the URL: a server that does not accept the credential may answer like this"
                    }
                    _ => {
                        "check the URL; a server that requires a credential may answer like this without one"
                    }
                };
                let message =
                    "this is not a Git server: it answers with a login page or another page for a browser";
                error(message.to_owned()).with_hint(hint)
            }
            other => {
                let what = if other.is_empty() { "no content type".to_owned() } else { format!("{other:?}") };
                error(format!("this is not a Git server: it answers with {what}")).with_hint(
                    "check the URL; a repository that is served as plain files (\"dumb http\") cannot be read",
                )
            }
        }
    }

    fn next(&self, response: &mut StreamingResponse) -> io::Result<Bytes> {
        let chunk = async {
            response.chunk().await.map_err(|error| match error.kind() {
                // A body that was cut short may arrive whole the next time.
                ErrorKind::BadAnswer => {
                    Error::new(ErrorKind::Unreachable, error.message()).with_url(response.shown_url())
                }
                _ => error,
            })
        };
        let bytes = self.interrupt.while_waiting(|| self.wait(chunk))?.unwrap_or_default();
        self.interrupt.check_bytes(bytes.len())?;
        Ok(bytes)
    }

    /// Blocks until the future is ready or the discovery is stopped.
    fn wait<T>(&self, future: impl Future<Output = Result<T, Error>>) -> io::Result<T> {
        let outcome = self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.interrupt.stopped() => Err(self.interrupt.stopped_error()),
                outcome = future => outcome,
            }
        });
        outcome.map_err(|error| self.interrupt.fail(error))
    }
}

impl Http for HttpAdapter {
    type Headers = Headers;
    type ResponseBody = HandshakeReader<Body>;
    type PostBody = PostBody;

    fn get(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> gix::Result<GetResponse<Headers, HandshakeReader<Body>>> {
        if let Some(known) = self.sender.greeting.known_text() {
            let said = Bytes::copy_from_slice(known.as_bytes());
            let exchange = Rc::new(RefCell::new(Exchange::Over));
            let body = Body { chunk: said, ..Body::new(exchange, &self.sender) };
            return Ok(self.advertisement(body));
        }
        let request = with_headers(Request::get(url), headers);
        let response =
            self.sender.send(request, url, "the repository could not be read").map_err(into_gix)?;
        let tail = url.strip_prefix(base_url).unwrap_or(url);
        let reached = response.url().as_str();
        match reached.strip_suffix(tail) {
            Some(base) if base != base_url => {
                self.redirected = Some(base.to_owned());
                self.sender.greeting.discard();
            }
            Some(_) => {}
            None => return Err(into_gix(self.sender.interrupt.fail(redirect_error(&response)))),
        }
        if content_type(&response) != ADVERTISEMENT {
            return Err(into_gix(self.sender.interrupt.fail(self.sender.not_git_error(&response))));
        }
        let exchange = Rc::new(RefCell::new(Exchange::Open(Box::new(response))));
        let body = Body { is_greeting: true, ..Body::new(exchange, &self.sender) };
        Ok(self.advertisement(body))
    }

    fn post(
        &mut self,
        url: &str,
        _base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _body: PostBodyDataKind,
    ) -> gix::Result<PostResponse<Headers, HandshakeReader<Body>, PostBody>> {
        let headers = headers.into_iter().map(|header| header.as_ref().to_owned()).collect();
        let post_body = PostBody::default();
        let exchange = Exchange::Waiting { url: url.to_owned(), headers, body: post_body.clone() };
        let exchange = Rc::new(RefCell::new(exchange));
        let sender = &self.sender;
        Ok(PostResponse {
            post_body,
            headers: Headers::Waiting { exchange: Rc::clone(&exchange), sender: Rc::clone(sender) },
            body: HandshakeReader::without_handshake(Body {
                must_begin: true,
                ..Body::new(exchange, sender)
            }),
        })
    }

    fn configure(&mut self, _: &dyn Any) -> gix::Result {
        Ok(())
    }

    fn redirected_base_url(&self) -> Option<String> {
        self.redirected.clone()
    }
}

/// The error as gitoxide's trait needs it.
fn into_gix(error: io::Error) -> gix::Error {
    gix::Error::from_error(error)
}

fn with_headers(mut request: Request, headers: impl IntoIterator<Item = impl AsRef<str>>) -> Request {
    for header in headers {
        if let Some((name, value)) = header.as_ref().split_once(':') {
            request = request.header(name.trim(), value.trim());
        }
    }
    request
}

/// Whether this is a page for a browser.
fn is_page(response: &StreamingResponse) -> bool {
    matches!(content_type(response).as_str(), "text/html" | "application/xhtml+xml")
}

/// The content type without its parameters.
fn content_type(response: &StreamingResponse) -> String {
    let value = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.and_then(|value| value.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase()
}

fn redirect_error(to: &StreamingResponse) -> Error {
    Error::new(ErrorKind::BadAnswer, "the server redirects to something that is not a Git repository")
        .with_url(to.shown_url())
        .with_hint("a server that redirects to its login page requires a credential")
}

/// The error for an answer without a body: the program behind the server ended without a word.
fn empty_answer(response: &StreamingResponse) -> Error {
    Error::new(ErrorKind::Unreachable, "the server sent an empty answer")
        .with_status(response.status().as_u16())
        .with_url(response.shown_url())
}

/// A POST and its answer. gitoxide writes the whole body before it reads.
enum Exchange {
    Waiting { url: String, headers: Vec<String>, body: PostBody },
    Open(Box<StreamingResponse>),
    Over,
}

impl Exchange {
    /// Sends the request, unless that was done before.
    fn open(&mut self, sender: &Sender) -> io::Result<()> {
        if let Self::Waiting { url, headers, body } = self {
            let body = body.0.take();
            let url = std::mem::take(url);
            // The first request has followed redirects already.
            let request = with_headers(Request::post(&url, body), &*headers).max_redirects(0);
            // Both commands only read, so they may be repeated. Where a server fails that was not greeted, it is greeted.
            let is_first = sender.answered_publicly.get().is_none();
            let request = if is_first { request.retry_rate_limits_only() } else { request.retries(true) };
            *self = Self::Over;
            let response = sender.send(request, &url, "the repository could not be read")?;
            if content_type(&response) != "application/x-git-upload-pack-result" {
                return Err(sender.interrupt.fail(sender.not_git_error(&response)));
            }
            *self = Self::Open(Box::new(response));
        }
        Ok(())
    }
}

/// The body of a POST, in memory: it holds some dozens of object ids.
#[derive(Clone, Default)]
struct PostBody(Rc<RefCell<Vec<u8>>>);

impl Write for PostBody {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The one header that gitoxide reads.
enum Headers {
    Waiting { exchange: Rc<RefCell<Exchange>>, sender: Rc<Sender> },
    Read(Cursor<Vec<u8>>),
}

impl Headers {
    fn ready(&mut self) -> io::Result<&mut Cursor<Vec<u8>>> {
        if let Self::Waiting { exchange, sender } = self {
            let mut exchange = exchange.borrow_mut();
            exchange.open(sender)?;
            let content_type = match &*exchange {
                Exchange::Open(response) => content_type(response),
                _ => String::new(),
            };
            drop(exchange);
            *self = Self::Read(Cursor::new(format!("content-type: {content_type}\n").into_bytes()));
        }
        match self {
            Self::Read(lines) => Ok(lines),
            Self::Waiting { .. } => Err(io::Error::other("the answer has no headers")),
        }
    }
}

impl Read for Headers {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.ready()?.read(buffer)
    }
}

impl BufRead for Headers {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.ready()?.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Self::Read(lines) = self {
            lines.consume(amount);
        }
    }
}

/// The body of an answer while it arrives.
struct Body {
    exchange: Rc<RefCell<Exchange>>,
    sender: Rc<Sender>,
    chunk: Bytes,
    errors: ErrorPackets,
    /// Whether an end is an error, since nothing has come yet.
    must_begin: bool,
    /// Whether this is what the server says when it is greeted.
    is_greeting: bool,
}

impl Body {
    fn new(exchange: Rc<RefCell<Exchange>>, sender: &Rc<Sender>) -> Self {
        Self {
            exchange,
            sender: Rc::clone(sender),
            chunk: Bytes::new(),
            errors: ErrorPackets::default(),
            must_begin: false,
            is_greeting: false,
        }
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let chunk = self.fill_buf()?;
        let length = chunk.len().min(buffer.len());
        buffer[..length].copy_from_slice(&chunk[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Body {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.chunk.is_empty() {
            let mut exchange = self.exchange.borrow_mut();
            exchange.open(&self.sender)?;
            if let Exchange::Open(response) = &mut *exchange {
                self.chunk = self.sender.next(response)?;
                if self.is_greeting {
                    self.sender.greeting.hear(&self.chunk);
                }
                if let Some(message) = self.errors.read(&self.chunk) {
                    self.sender.interrupt.record_server_message(message);
                }
                if self.chunk.is_empty() {
                    let error = self.must_begin.then(|| empty_answer(response));
                    *exchange = Exchange::Over;
                    if let Some(error) = error {
                        return Err(self.sender.interrupt.fail(error));
                    }
                }
                self.must_begin = false;
            }
        }
        Ok(&self.chunk)
    }

    fn consume(&mut self, amount: usize) {
        self.chunk.advance(amount.min(self.chunk.len()));
    }
}
