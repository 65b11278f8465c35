//! A server of S3 with conditional puts and faults, over memory or over rclone.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, ETAG, HOST, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use super::RcloneS3;
use super::memory::Memory;
use crate::error::Error;
use crate::fault::FaultScript;
use crate::loopback::{Answer, Body, Listener, Loopback, RequestLog, Service, full};

/// What a server does with `If-None-Match` and `If-Match` on a PUT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conditions {
    /// They are kept, as Amazon S3 keeps them.
    Kept,
    /// They are ignored: the object is written.
    Ignored,
    /// They are refused with 501.
    NotImplemented,
}

/// A server of S3 with a request log, faults, and conditional puts as [`Conditions`] say: over memory, or as a proxy before [`RcloneS3`].
///
/// It supports PUT, GET, HEAD and DELETE of objects and lists of one page; it checks no signature.
///
/// ```
/// use warehouse_testkit::{Conditions, S3Server};
///
/// let server = S3Server::start(Conditions::Kept)?;
/// println!("AWS_ENDPOINT_URL={}", server.url());
/// assert!(server.objects().is_empty());
/// # Ok::<(), warehouse_testkit::Error>(())
/// ```
#[derive(Debug)]
pub struct S3Server {
    loopback: Loopback,
    service: Arc<Proxy>,
}

impl S3Server {
    /// Starts it over memory, where every bucket exists.
    ///
    /// # Errors
    ///
    /// [`Error::Start`] if nothing can listen on 127.0.0.1.
    pub fn start(conditions: Conditions) -> Result<Self, Error> {
        Self::over(Objects::Memory(Memory::default()), conditions)
    }

    /// Starts it before [`RcloneS3`] with these buckets.
    ///
    /// # Errors
    ///
    /// As [`RcloneS3::start`], and [`Error::Start`] if nothing can listen on 127.0.0.1.
    pub fn start_over_rclone(buckets: &[&str], conditions: Conditions) -> Result<Self, Error> {
        Self::over(Objects::Rclone(RcloneS3::start(buckets)?), conditions)
    }

    fn over(objects: Objects, conditions: Conditions) -> Result<Self, Error> {
        let service = Arc::new(Proxy { objects, conditions, writer: Mutex::new(()) });
        let loopback =
            Loopback::serve(Listener::bind("S3 server")?, Arc::clone(&service) as Arc<dyn Service>)?;
        Ok(Self { loopback, service })
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.loopback.url()
    }

    /// The requests so far.
    #[must_use]
    pub fn log(&self) -> &RequestLog {
        self.loopback.log()
    }

    /// The faults of the requests to come.
    #[must_use]
    pub fn faults(&self) -> &FaultScript {
        self.loopback.faults()
    }

    /// The objects in memory, `BUCKET/KEY` each; none where rclone has them.
    #[must_use]
    pub fn objects(&self) -> BTreeMap<String, Bytes> {
        match &self.service.objects {
            Objects::Memory(memory) => memory.objects(),
            Objects::Rclone(_) => BTreeMap::new(),
        }
    }
}

enum Objects {
    Memory(Memory),
    Rclone(RcloneS3),
}

struct Proxy {
    objects: Objects,
    conditions: Conditions,
    /// Held while an object is looked at and written.
    writer: Mutex<()>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Proxy").field(&self.conditions).finish()
    }
}

impl Service for Proxy {
    fn answer(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        Box::pin(async move {
            match self.forward(request).await {
                Ok(response) => response,
                Err(error) => refused(StatusCode::BAD_GATEWAY, "BadGateway", &error.to_string()),
            }
        })
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Proxy {
    async fn forward(&self, request: Request<Incoming>) -> Result<Response<Body>, Failure> {
        let (mut parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let none_match = parts.headers.remove(IF_NONE_MATCH);
        let matches = parts.headers.remove(IF_MATCH);
        let is_conditional = parts.method == Method::PUT && (none_match.is_some() || matches.is_some());
        if is_conditional && self.conditions == Conditions::NotImplemented {
            let text = "A header you provided implies functionality that is not implemented.";
            return Ok(refused(StatusCode::NOT_IMPLEMENTED, "NotImplemented", text));
        }
        let guard = if parts.method == Method::PUT { Some(self.writer.lock().await) } else { None };
        if is_conditional && self.conditions == Conditions::Kept {
            let mut look = Request::builder().method(Method::HEAD).uri(parts.uri.clone());
            if let Some(host) = parts.headers.get(HOST) {
                look = look.header(HOST, host);
            }
            let standing = self.send(look.body(Full::default())?).await?;
            let tag = standing.headers().get(ETAG).filter(|_| standing.status() == StatusCode::OK);
            let holds = match (&none_match, &matches) {
                (Some(_), _) => tag.is_none(),
                (None, Some(expected)) => tag == Some(expected),
                (None, None) => true,
            };
            if !holds {
                let text = "At least one of the pre-conditions you specified did not hold";
                return Ok(refused(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", text));
            }
        }
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        let answer = self.send(Request::from_parts(parts, Full::new(body))).await?;
        drop(guard);
        let (parts, body) = answer.into_parts();
        Ok(Response::from_parts(parts, full(body)))
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, Failure> {
        let server = match &self.objects {
            Objects::Rclone(server) => server.address(),
            Objects::Memory(memory) => {
                let (parts, body) = request.into_parts();
                let body = body.collect().await?.to_bytes();
                return Ok(memory.answer(&parts.method, &parts.uri, body));
            }
        };
        let stream = TcpStream::connect(server).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let task = tokio::spawn(connection);
        let answer = sender.send_request(request).await?;
        let (mut parts, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        task.abort();
        parts.headers.remove(http::header::TRANSFER_ENCODING);
        Ok(Response::from_parts(parts, body))
    }
}

fn refused(status: StatusCode, code: &str, text: &str) -> Response<Body> {
    let page = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{text}</Message></Error>");
    let mut response = Response::new(full(page));
    *response.status_mut() = status;
    response
}
