//! The accept loop on its own thread.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::connection::{Body, Counted, Wire, WireControl};
use super::log::RequestLog;
use crate::error::Error;
use crate::fault::{FaultScript, Outcome};

/// How long a client may take to agree on keys.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A future answer.
pub(crate) type Answer = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// What a server does with a request that no fault took.
pub(crate) trait Service: Send + Sync + 'static {
    /// Answers one request.
    fn answer(self: Arc<Self>, request: Request<Incoming>) -> Answer;
}

/// A listener that is bound but not served yet, so that a service can know its own address.
pub(crate) struct Listener {
    server: &'static str,
    socket: std::net::TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
}

impl Listener {
    pub(crate) fn bind(server: &'static str) -> Result<Self, Error> {
        Self::bind_at(server, Ipv4Addr::LOCALHOST)
    }

    /// Binds to a free port of this address.
    pub(crate) fn bind_at(server: &'static str, address: Ipv4Addr) -> Result<Self, Error> {
        let open = || -> io::Result<Self> {
            let socket = std::net::TcpListener::bind((address, 0))?;
            socket.set_nonblocking(true)?;
            let address = socket.local_addr()?;
            Ok(Self { server, socket, address, tls: None })
        };
        open().map_err(|source| Error::Start { server, source })
    }

    /// The same address over TLS.
    pub(crate) fn over(mut self, tls: Option<TlsAcceptor>) -> Self {
        self.tls = tls;
        self
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }
}

/// A running server. Dropping it stops it: connections are closed, the thread is joined.
#[derive(Debug)]
pub(crate) struct Loopback {
    address: SocketAddr,
    url: String,
    log: RequestLog,
    faults: FaultScript,
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Loopback {
    /// Serves on a thread of its own, so that a client may block the caller's thread (`git clone` in a plain test)
    /// and the server still answers.
    pub(crate) fn serve(listener: Listener, service: Arc<dyn Service>) -> Result<Self, Error> {
        let url = listener.url();
        let Listener { server, socket, address, tls } = listener;
        let log = RequestLog::default();
        let faults = FaultScript::default();
        let (stop, stopped) = oneshot::channel();
        let connection = Shared { service, tls, log: log.clone(), faults: faults.clone() };
        let open = || -> io::Result<JoinHandle<()>> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let socket = {
                let _context = runtime.enter();
                TcpListener::from_std(socket)?
            };
            std::thread::Builder::new().name(format!("testkit {server}")).spawn(move || {
                runtime.block_on(accept(socket, connection, stopped));
                runtime.shutdown_background();
            })
        };
        let thread = open().map_err(|source| Error::Start { server, source })?;
        Ok(Self { address, url, log, faults, stop: Some(stop), thread: Some(thread) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    pub(crate) fn log(&self) -> &RequestLog {
        &self.log
    }

    pub(crate) fn faults(&self) -> &FaultScript {
        &self.faults
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // Only a panic of the server thread is an error here, and the client has seen that one already.
            let _ = thread.join();
        }
    }
}

#[derive(Clone)]
struct Shared {
    service: Arc<dyn Service>,
    tls: Option<TlsAcceptor>,
    log: RequestLog,
    faults: FaultScript,
}

async fn accept(socket: TcpListener, shared: Shared, mut stopped: oneshot::Receiver<Infallible>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            accepted = socket.accept() => match accepted {
                Ok((stream, _)) => {
                    shared.log.connection();
                    connections.spawn(connection(stream, shared.clone()));
                }
                // Out of file descriptors, for example: let some connections end.
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn connection(stream: TcpStream, shared: Shared) {
    // Small answers leave at once. An error here only makes them slower.
    let _ = stream.set_nodelay(true);
    let control = WireControl::default();
    let wire = Wire::new(stream, control.clone(), shared.log.wire());
    match &shared.tls {
        None => exchange(wire, shared, control).await,
        // A client that does not trust the certificate goes away; one that never begins is not waited for.
        Some(tls) => {
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, tls.accept(wire)).await {
                exchange(stream, shared, control).await;
            }
        }
    }
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(stream: S, shared: Shared, control: WireControl) {
    let service = service_fn(move |request| answer(request, shared.clone(), control.clone()));
    // A client that goes away, or a fault that broke the connection: both are the end of it and no error of ours.
    let _ =
        http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
}

/// The connection is to be broken off without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is broken off by a scripted fault")]
struct BrokenOff;

async fn answer(
    request: Request<Incoming>,
    shared: Shared,
    control: WireControl,
) -> Result<Response<Body>, BrokenOff> {
    let (entry, in_flight) = shared.log.begin(request.method(), request.uri(), request.headers());
    let planned = shared.faults.plan(request.method(), request.uri());
    let is_head = request.method() == http::Method::HEAD;
    let service = shared.service;
    let outcome = if planned.is_reply() {
        // As real servers do: a client that is still sending might lose the answer.
        let _ = request.into_body().collect().await;
        planned.run(&control, is_head, std::future::pending::<Response<Body>>).await
    } else {
        planned.run(&control, is_head, move || service.answer(request)).await
    };
    let response = match outcome {
        Outcome::Answer(response) => response,
        Outcome::Reset => {
            control.reset_on_close();
            return Err(BrokenOff);
        }
        Outcome::Close => return Err(BrokenOff),
    };
    entry.answered(response.status().as_u16());
    drop(in_flight);
    Ok(response.map(|body| Counted::wrap(body, entry.body_bytes)))
}
