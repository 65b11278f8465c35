//! A proxy before a server of S3, with conditional puts and faults.

use std::net::SocketAddr;
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
use crate::error::Error;
use crate::fault::FaultScript;
use crate::loopback::{Answer, Body, Listener, Loopback, RequestLog, Service, full};

/// What the proxy does with `If-None-Match` and `If-Match` on a PUT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conditions {
    /// They are kept, as Amazon S3 keeps them.
    Kept,
    /// They are ignored: the object is written.
    Ignored,
    /// They are refused with 501.
    NotImplemented,
}

/// A proxy before [`RcloneS3`], with a request log and faults.
#[derive(Debug)]
pub struct S3Proxy {
    loopback: Loopback,
    server: RcloneS3,
}

impl S3Proxy {
    /// Starts it, and the server behind it with these buckets.
    ///
    /// # Errors
    ///
    /// As [`RcloneS3::start`], and [`Error::Start`] if nothing can listen on 127.0.0.1.
    pub fn start(buckets: &[&str], conditions: Conditions) -> Result<Self, Error> {
        let server = RcloneS3::start(buckets)?;
        let service = Arc::new(Proxy { server: server.address(), conditions, writer: Mutex::new(()) });
        let loopback = Loopback::serve(Listener::bind("S3 proxy")?, service)?;
        Ok(Self { loopback, server })
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

    /// The server behind it.
    #[must_use]
    pub fn server(&self) -> &RcloneS3 {
        &self.server
    }
}

struct Proxy {
    server: SocketAddr,
    conditions: Conditions,
    /// Held while an object is looked at and written.
    writer: Mutex<()>,
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
        let stream = TcpStream::connect(self.server).await?;
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
