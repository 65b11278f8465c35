//! A plain HTTP client for one request, so that a test sees exactly what the server sent.
#![allow(missing_docs, reason = "only tests use it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "only tests use it")]

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;

/// A whole answer, or as much of it as came.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// Why the body ended early, if it did.
    pub broken: Option<String>,
}

impl Answer {
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name} in {self:?}")).to_str().unwrap()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A request to build on.
pub fn request(method: &str, address: SocketAddr, target: &str) -> http::request::Builder {
    Request::builder().method(method).uri(target).header("host", address.to_string())
}

/// Sends it and reads the answer, but at most `limit` bytes of it; an error is one of the connection.
pub fn send_limited(
    address: SocketAddr,
    request: http::request::Builder,
    body: impl Into<Bytes>,
    limit: usize,
) -> Result<Answer, String> {
    let request = request.body(Full::new(body.into())).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let exchange = async move {
        let stream = tokio::net::TcpStream::connect(address).await.map_err(|error| error.to_string())?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let response = sender.send_request(request).await.map_err(|error| format!("{error:?}"))?;
        let (head, mut incoming) = response.into_parts();
        let mut answer =
            Answer { status: head.status, headers: head.headers, body: Vec::new(), broken: None };
        while let Some(frame) = incoming.frame().await {
            match frame {
                Ok(frame) => answer.body.extend(frame.into_data().unwrap_or_default()),
                Err(error) => answer.broken = Some(format!("{error:?}")),
            }
            if answer.broken.is_some() || answer.body.len() >= limit {
                break;
            }
        }
        Ok(answer)
    };
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(30), exchange).await.unwrap_or(Err("timed out".into()))
    })
}

#[track_caller]
pub fn send(address: SocketAddr, request: http::request::Builder, body: impl Into<Bytes>) -> Answer {
    send_limited(address, request, body, usize::MAX).unwrap()
}

#[track_caller]
pub fn get(address: SocketAddr, target: &str) -> Answer {
    send(address, request("GET", address, target).header("accept", "*/*"), "")
}
