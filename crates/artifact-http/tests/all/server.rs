//! A server that answers with exactly the bytes a test wants, be they HTTP or not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// What happens after the bytes of a reply.
#[derive(Clone, Copy)]
pub enum Then {
    /// An orderly close.
    Close,
    /// A TCP reset.
    Reset,
    /// Nothing, for ever.
    Hang,
    /// One byte every 20 ms, for ever.
    Drip,
}

pub struct Reply(pub Vec<u8>, pub Then);

/// A whole answer with this status line, these header lines and this body.
pub fn answer(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Reply {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
    for header in headers {
        bytes.push_str(header);
        bytes.push_str("\r\n");
    }
    bytes.push_str("\r\n");
    Reply([bytes.as_bytes(), body].concat(), Then::Close)
}

pub struct Server {
    pub url: String,
    seen: Arc<Mutex<Vec<String>>>,
    names: Arc<Mutex<Vec<Option<String>>>>,
}

impl Server {
    /// The heads of all requests so far.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// The server names that were said in TLS greetings.
    pub fn names(&self) -> Vec<Option<String>> {
        self.names.lock().unwrap().clone()
    }

    /// Answers request number `n` (from 0) with what the function says.
    pub async fn start(reply: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen("127.0.0.1", None, reply).await
    }

    /// The same at this address.
    pub async fn start_at(
        address: &str,
        reply: impl Fn(usize, &str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::listen(address, None, reply).await
    }

    /// The URL under another host name.
    pub fn url_of(&self, host: &str) -> String {
        let (scheme, rest) = self.url.split_once("://").unwrap();
        format!("{scheme}://{host}:{}", rest.rsplit_once(':').unwrap().1)
    }

    /// The same behind TLS.
    pub async fn start_tls(
        tls: rustls::ServerConfig,
        reply: impl Fn(usize, &str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::listen("127.0.0.1", Some(Arc::new(tls)), reply).await
    }

    async fn listen(
        address: &str,
        tls: Option<Arc<rustls::ServerConfig>>,
        reply: impl Fn(usize, &str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let names = Arc::new(Mutex::new(Vec::new()));
        let said = Arc::clone(&names);
        let (log, reply) = (Arc::clone(&seen), Arc::new(reply));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (log, reply, tls) = (Arc::clone(&log), Arc::clone(&reply), tls.clone());
                let said = Arc::clone(&said);
                tokio::spawn(async move {
                    let answer = |head: &str| {
                        let mut log = log.lock().unwrap();
                        log.push(head.to_owned());
                        reply(log.len() - 1, head)
                    };
                    match tls {
                        None => {
                            let (mut reading, mut writing) = socket.into_split();
                            if let Some(Then::Reset) = converse(&mut reading, &mut writing, answer).await {
                                let socket = reading.reunite(writing).unwrap();
                                socket.set_zero_linger().unwrap();
                            }
                        }
                        Some(tls) => {
                            if let Ok(socket) = tokio_rustls::TlsAcceptor::from(tls).accept(socket).await {
                                said.lock()
                                    .unwrap()
                                    .push(socket.get_ref().1.server_name().map(str::to_owned));
                                let (mut reading, mut writing) = tokio::io::split(socket);
                                converse(&mut reading, &mut writing, answer).await;
                            }
                        }
                    }
                });
            }
        });
        Self { url, seen, names }
    }
}

async fn converse(
    reading: &mut (impl AsyncRead + Unpin),
    writing: &mut (impl AsyncWrite + Unpin),
    answer: impl FnOnce(&str) -> Reply,
) -> Option<Then> {
    let mut head = Vec::new();
    // A TLS greeting is not a head; a real server answers that with 400 at once.
    while !head.ends_with(b"\r\n\r\n") && head.first() != Some(&0x16) {
        head.push(reading.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?.to_ascii_lowercase();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    reading.read_exact(&mut vec![0; length]).await.ok()?;
    let Reply(bytes, then) = answer(&head);
    writing.write_all(&bytes).await.ok()?;
    match then {
        Then::Close => writing.shutdown().await.ok()?,
        Then::Reset => {}
        Then::Hang => std::future::pending().await,
        Then::Drip => loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            writing.write_all(b"x").await.ok()?;
        },
    }
    Some(then)
}
