//! The server around the repositories.

use std::borrow::Cow;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::{fmt, io};

use bytes::{Buf, Bytes, BytesMut};
use futures::stream;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use percent_encoding::percent_decode_str;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::repository::{Git, GitRepository};
use crate::certificate::ServerCertificate;
use crate::credential::Credential;
use crate::error::Error;
use crate::fault::FaultScript;
use crate::loopback::{Answer, Body, Listener, Loopback, RequestLog, Service, full};

/// A Git server on 127.0.0.1: real bare repositories in a temporary folder, served over smart HTTP by the real `git
/// http-backend`, with protocol version 2 for clients that ask for it.
///
/// It needs `git` on `PATH`, and neither reads nor writes the configuration of the user or the machine. It runs on a
/// thread of its own until it is dropped; then the folder goes too.
///
/// ```
/// use warehouse_testkit::{Commit, GitServer};
///
/// # if std::process::Command::new("git").arg("--version").output().is_err() { return Ok(()); }
/// let server = GitServer::start()?;
/// let repository = server.create("demo/app.git")?;
/// let id = repository.commit("main", Commit::new("First").file("README.md", "# Demo\n"))?;
/// assert_eq!(repository.resolve("main")?, id);
/// assert!(repository.url().ends_with("/demo/app.git"));
/// # Ok::<(), warehouse_testkit::Error>(())
/// ```
pub struct GitServer {
    // Fields are dropped in this order: first the server, then its folder.
    loopback: Loopback,
    git: Git,
    filter: bool,
    folder: TempDir,
}

/// Settings of a [`GitServer`].
#[derive(Clone, Debug, Default)]
pub struct GitServerBuilder {
    credential: Option<Credential>,
    no_filter: bool,
    protocol: Protocol,
    no_shallow: bool,
    tls: Option<ServerCertificate>,
    address: Option<Ipv4Addr>,
}

impl GitServerBuilder {
    /// Every request needs this user name and password as HTTP Basic; others are answered with 401.
    #[must_use]
    pub fn basic(mut self, username: impl Into<String>, password: impl Into<String>) -> Self {
        self.credential = Some(Credential::new(username, password));
        self
    }

    /// Repositories do not offer partial clones (`uploadpack.allowFilter=false`), as older servers do not.
    #[must_use]
    pub fn without_filter(mut self) -> Self {
        self.no_filter = true;
        self
    }

    /// Clients that request protocol version 2 get version 0, as from a server that does not support it.
    #[must_use]
    pub fn old_protocol(mut self) -> Self {
        self.protocol = Protocol::Zero;
        self
    }

    /// Clients that request protocol version 2 get version 1: the answers of version 0 after a line with the version.
    #[must_use]
    pub fn protocol_1(mut self) -> Self {
        self.protocol = Protocol::One;
        self
    }

    /// A fetch of part of a history, or from a shallow clone, is refused with an `ERR` packet, although the server advertises
    /// the capability.
    #[must_use]
    pub fn refuses_shallow(mut self) -> Self {
        self.no_shallow = true;
        self
    }

    /// Serves over TLS with this certificate.
    #[must_use]
    pub fn tls(mut self, certificate: ServerCertificate) -> Self {
        self.tls = Some(certificate);
        self
    }

    /// Listens on this loopback address instead of 127.0.0.1. Only Linux has more than one without configuration.
    #[must_use]
    pub fn address(mut self, address: Ipv4Addr) -> Self {
        self.address = Some(address);
        self
    }

    /// Starts the server, without a repository.
    ///
    /// # Errors
    ///
    /// [`Error::ProgramMissing`] if there is no `git`, [`Error::Start`] if nothing can listen on 127.0.0.1,
    /// [`Error::File`] if no temporary folder can be created.
    pub fn start(self) -> Result<GitServer, Error> {
        let folder =
            TempDir::with_prefix("warehouse-testkit-git-").map_err(Error::file(std::env::temp_dir()))?;
        let home = folder.path().join("home");
        let root = folder.path().join("repositories");
        for path in [&home, &root] {
            std::fs::create_dir_all(path).map_err(Error::file(path))?;
        }
        let git = Git::find(&home)?;
        let backend = Backend::new(git.clone(), root, self.protocol, self.no_shallow);
        let service = Arc::new(GitService { backend, credential: self.credential });
        let tls = self.tls.as_ref().map(ServerCertificate::acceptor).transpose()?;
        let listener =
            Listener::bind_at("git server", self.address.unwrap_or(Ipv4Addr::LOCALHOST))?.over(tls);
        let loopback = Loopback::serve(listener, service)?;
        Ok(GitServer { loopback, git, filter: !self.no_filter, folder })
    }
}

impl fmt::Debug for GitServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("GitServer").field("url", &self.url()).finish_non_exhaustive()
    }
}

impl GitServer {
    /// A server without authentication, with partial clones.
    ///
    /// # Errors
    ///
    /// See [`GitServerBuilder::start`].
    pub fn start() -> Result<Self, Error> {
        Self::builder().start()
    }

    /// A server with authentication, or one that behaves as older ones do.
    #[must_use]
    pub fn builder() -> GitServerBuilder {
        GitServerBuilder::default()
    }

    /// Creates an empty bare repository; `HEAD` refers to `main`. The name is its path in the URL, e.g. `demo/app.git`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a name that is empty, absolute, contains `..` or is taken; otherwise those of
    /// [`GitRepository::git`].
    pub fn create(&self, name: &str) -> Result<GitRepository, Error> {
        let plain = |segment: &str| !segment.is_empty() && segment != "." && segment != "..";
        if !name.split('/').all(plain) {
            return Err(Error::Invalid(format!("`{name}` is not a valid name of a repository")));
        }
        let path = self.root().join(name);
        if path.exists() {
            return Err(Error::Invalid(format!("there is a repository `{name}` already")));
        }
        GitRepository::create(&self.git, path, format!("{}/{name}", self.url()), self.filter)
    }

    /// `http://127.0.0.1:PORT`, or `https://` over TLS.
    #[must_use]
    pub fn url(&self) -> String {
        self.loopback.url()
    }

    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.loopback.address()
    }

    /// The folder of all repositories: what another server (`git daemon`) may serve.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("repositories")
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
}

struct GitService {
    backend: Backend,
    credential: Option<Credential>,
}

impl Service for GitService {
    fn answer(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        Box::pin(async move {
            if self.credential.as_ref().is_some_and(|credential| !credential.matches(request.headers())) {
                let mut response = Response::new(full("authentication required\n"));
                *response.status_mut() = StatusCode::UNAUTHORIZED;
                let challenge = HeaderValue::from_static("Basic realm=\"testkit\"");
                response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
                return response;
            }
            self.backend.answer(request).await
        })
    }
}

/// More head than this no CGI program of ours writes.
const HEAD_LIMIT: usize = 64 * 1024;
/// Bytes read from the program at once.
const PORTION: usize = 64 * 1024;

/// The version of Git's protocol that the server uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Protocol {
    /// The one that the client requests.
    #[default]
    AsRequested,
    Zero,
    One,
}

#[derive(Debug)]
pub(super) struct Backend {
    git: Git,
    root: PathBuf,
    protocol: Protocol,
    no_shallow: bool,
}

impl Backend {
    pub(super) fn new(git: Git, root: PathBuf, protocol: Protocol, no_shallow: bool) -> Self {
        Self { git, root, protocol, no_shallow }
    }

    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        match self.run(request).await {
            Ok(response) => response,
            Err(error) => {
                let mut response = Response::new(full(format!("git http-backend: {error}\n")));
                *response.status_mut() = StatusCode::BAD_GATEWAY;
                response
            }
        }
    }

    async fn run(&self, request: Request<Incoming>) -> io::Result<Response<Body>> {
        let mut command = self.command(&request);
        let input = request.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
        let contains = |line: &[u8]| input.windows(line.len()).any(|window| window == line);
        // The plain word is also a capability that a client repeats.
        if self.no_shallow && (contains(b"deepen ") || contains(b"0034shallow ") || contains(b"0035shallow "))
        {
            return Ok(refusal("ERR Server does not support shallow requests"));
        }
        let mut child = command.spawn()?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("no standard output"))?;
        tokio::spawn(feed(input, stdin));
        let mut stdout = Output { stdout, ahead: BytesMut::new() };
        let head = stdout.head().await?;
        response(&head, body(stdout, child))
    }

    fn command(&self, request: &Request<Incoming>) -> Command {
        let header = |name: &HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
        let mut command = Command::new("git");
        command.arg("http-backend").env_clear().envs(self.git.environment());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
            .current_dir(&self.root)
            .env("GIT_PROJECT_ROOT", &self.root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("GATEWAY_INTERFACE", "CGI/1.1")
            .env("SERVER_PROTOCOL", "HTTP/1.1")
            .env("REMOTE_ADDR", "127.0.0.1")
            .env("REQUEST_METHOD", request.method().as_str())
            .env("PATH_INFO", decoded(request.uri().path()))
            .env("QUERY_STRING", request.uri().query().unwrap_or_default());
        let git_protocol = HeaderName::from_static("git-protocol");
        let forwarded = [
            (CONTENT_TYPE, "CONTENT_TYPE"),
            // Absent for a chunked body: then the backend reads up to its end.
            (CONTENT_LENGTH, "CONTENT_LENGTH"),
            // The backend unpacks gzip itself.
            (CONTENT_ENCODING, "HTTP_CONTENT_ENCODING"),
            (git_protocol.clone(), "GIT_PROTOCOL"),
        ];
        for (name, variable) in forwarded {
            if let Some(value) = header(&name)
                && (self.protocol == Protocol::AsRequested || name != git_protocol)
            {
                command.env(variable, value);
            }
        }
        if self.protocol == Protocol::One {
            command.env("GIT_PROTOCOL", "version=1");
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        command
    }
}

/// The path without percent-encoding; one that is not UTF-8 then stays as it was sent, and names no repository.
fn decoded(path: &str) -> String {
    percent_decode_str(path).decode_utf8().map_or_else(|_| path.to_owned(), Cow::into_owned)
}

/// Hands the request's body over. A program that stops reading ends it.
async fn feed(input: Bytes, stdin: Option<ChildStdin>) {
    if let Some(mut stdin) = stdin {
        // A program that has seen enough answers all the same.
        let _ = stdin.write_all(&input).await;
    }
}

/// The answer to a fetch that is refused.
fn refusal(line: &str) -> Response<Body> {
    let mut response = Response::new(full(format!("{:04x}{line}", line.len() + 4)));
    let content_type = HeaderValue::from_static("application/x-git-upload-pack-result");
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// Standard output, of which a part may have been read ahead.
struct Output {
    stdout: ChildStdout,
    ahead: BytesMut,
}

impl Output {
    /// Everything up to the first empty line.
    async fn head(&mut self) -> io::Result<Bytes> {
        loop {
            if let Some(end) = self.ahead.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = self.ahead.split_to(end).freeze();
                self.ahead.advance(4);
                return Ok(head);
            }
            if self.ahead.len() > HEAD_LIMIT {
                return Err(io::Error::other("the head of the answer is too long"));
            }
            if self.stdout.read_buf(&mut self.ahead).await? == 0 {
                return Err(io::Error::other("ended without an answer"));
            }
        }
    }

    async fn portion(&mut self) -> io::Result<Bytes> {
        if self.ahead.is_empty() {
            self.ahead.reserve(PORTION);
            self.stdout.read_buf(&mut self.ahead).await?;
        }
        Ok(self.ahead.split().freeze())
    }
}

/// The rest of the output. The program is waited for at the end, or killed if the client goes away before.
fn body(output: Output, child: Child) -> Body {
    let portions = stream::try_unfold((output, child), |(mut output, mut child)| async move {
        let portion = output.portion().await?;
        if !portion.is_empty() {
            return Ok(Some((Frame::data(portion), (output, child))));
        }
        // Web servers end the answer in good order for every status: a refusal is in the output.
        child.wait().await?;
        Ok(None)
    });
    StreamBody::new(portions).boxed_unsync()
}

fn response(head: &[u8], body: Body) -> io::Result<Response<Body>> {
    let mut response = Response::new(body);
    for line in String::from_utf8_lossy(head).split("\r\n") {
        let (name, value) =
            line.split_once(':').ok_or_else(|| io::Error::other("not a header: an unreadable answer"))?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("status") {
            let code = value.split(' ').next().unwrap_or_default();
            *response.status_mut() = code.parse::<StatusCode>().map_err(io::Error::other)?;
        } else {
            response.headers_mut().append(
                HeaderName::try_from(name).map_err(io::Error::other)?,
                HeaderValue::try_from(value).map_err(io::Error::other)?,
            );
        }
    }
    Ok(response)
}
