//! One request over a connection of its own.

use std::net::SocketAddr;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Whatever went wrong: a benchmark has nothing to do about it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// The text of a header; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Connects, asks, reads the answer, and hangs up: Kargo's transport (go-cleanhttp's default one) keeps no connection.
///
/// # Errors
///
/// Whatever the connection says; with a thousand of them at once, that there are too many open files (`ulimit -n 4096`).
pub async fn get(address: SocketAddr, target: &str, headers: &[(&str, &str)]) -> Result<Answer, Failure> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let mut request = Request::get(target).header(HOST, address.to_string()).header("connection", "close");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (head, body) = sender.send_request(request.body(Empty::<Bytes>::new())?).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    drop(sender);
    connection.await??;
    Ok(Answer { status: head.status, headers: head.headers, body })
}
