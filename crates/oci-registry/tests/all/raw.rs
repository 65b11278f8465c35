//! A server that answers with exactly the bytes a test wants, be they HTTP or not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What happens after the bytes of an answer.
#[derive(Clone, Debug)]
pub enum Then {
    /// The next request on the same connection.
    Next,
    /// An orderly close.
    Close,
    /// Nothing, endlessly.
    Hang,
    /// These bytes, endlessly.
    Repeat(Vec<u8>),
    /// These bytes on their own after a moment, and then the next request.
    Trail(Vec<u8>),
}

#[derive(Clone, Debug)]
pub struct Answer(pub Vec<u8>, pub Then);

/// A complete response with this status line, these header lines and this body, on a connection that stays open.
pub fn answer(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Answer {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
    for header in headers {
        bytes.push_str(header);
        bytes.push_str("\r\n");
    }
    bytes.push_str("\r\n");
    Answer([bytes.as_bytes(), body].concat(), Then::Next)
}

/// A head and whatever follows it, byte for byte; then the connection is closed.
pub fn bytes(head: &str, body: impl AsRef<[u8]>) -> Answer {
    Answer([head.replace('\n', "\r\n").as_bytes(), body.as_ref()].concat(), Then::Close)
}

pub struct RawServer {
    pub host: String,
    seen: Arc<Mutex<Vec<String>>>,
    open: Arc<()>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl RawServer {
    /// Answers each request with the result of the function, which gets its head and body in lower case.
    pub async fn start(reply: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1", reply).await
    }

    /// The same at this address.
    pub async fn start_at(address: &str, reply: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_on((address, 0), reply).await
    }

    /// The same at this address and port.
    pub async fn start_on(
        address: (&str, u16),
        reply: impl Fn(&str) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let (seen, open) = (Arc::new(Mutex::new(Vec::new())), Arc::new(()));
        let (log, counted, reply) = (Arc::clone(&seen), Arc::clone(&open), Arc::new(reply));
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (log, counted, reply) = (Arc::clone(&log), Arc::clone(&counted), Arc::clone(&reply));
                tokio::spawn(async move {
                    let _counted = counted;
                    serve(socket, &log, &*reply).await
                });
            }
        });
        Self { host, seen, open, task }
    }

    /// All requests so far, head and body, in lower case.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// How many connections are open, or not yet known to be closed.
    pub fn connections(&self) -> usize {
        // Besides these, the server itself and its task hold one each.
        Arc::strong_count(&self.open) - 2
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.host)
    }

    pub fn port(&self) -> &str {
        self.host.rsplit_once(':').unwrap().1
    }
}

async fn serve(
    mut socket: TcpStream,
    log: &Mutex<Vec<String>>,
    reply: &(impl Fn(&str) -> Answer + Sync),
) -> Option<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).ok()?.to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        socket.read_exact(&mut body).await.ok()?;
        let head = head + &String::from_utf8(body).ok()?.to_ascii_lowercase();
        log.lock().unwrap().push(head.clone());
        let Answer(bytes, then) = reply(&head);
        socket.write_all(&bytes).await.ok()?;
        match then {
            Then::Next => {}
            Then::Close => return socket.shutdown().await.ok(),
            // Until the client goes away.
            Then::Hang => return socket.read_u8().await.map(|_| ()).ok(),
            Then::Repeat(bytes) => loop {
                socket.write_all(&bytes).await.ok()?;
            },
            Then::Trail(bytes) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                socket.write_all(&bytes).await.ok()?;
            }
        }
    }
}
