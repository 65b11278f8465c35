//! The server around the repositories.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use tempfile::TempDir;

use super::cgi::{Backend, Spoken};
use super::command::Git;
use super::repository::GitRepository;
use crate::certificate::ServerCertificate;
use crate::credential::Credential;
use crate::error::Error;
use crate::fault::FaultScript;
use crate::loopback::{Answer, Listener, Loopback, RequestLog, Service, full};

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
    spoken: Spoken,
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

    /// Clients that ask for protocol version 2 get version 0, as from a server that does not know it.
    #[must_use]
    pub fn old_protocol(mut self) -> Self {
        self.spoken = Spoken::Zero;
        self
    }

    /// Clients that ask for protocol version 2 get version 1: the answers of version 0 after a line that says so.
    #[must_use]
    pub fn protocol_1(mut self) -> Self {
        self.spoken = Spoken::One;
        self
    }

    /// A fetch that asks for part of a history, or comes from a shallow clone, is refused with an `ERR` packet, though the
    /// server says that it can.
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

    /// Listens on this loopback address instead of 127.0.0.1. Only Linux has more than one without being asked for it.
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
    /// [`Error::File`] if there is no temporary folder to be had.
    pub fn start(self) -> Result<GitServer, Error> {
        let folder =
            TempDir::with_prefix("warehouse-testkit-git-").map_err(Error::file(std::env::temp_dir()))?;
        let home = folder.path().join("home");
        let root = folder.path().join("repositories");
        for path in [&home, &root] {
            std::fs::create_dir_all(path).map_err(Error::file(path))?;
        }
        let git = Git::find(&home)?;
        let backend = Backend::new(git.clone(), root, self.spoken, self.no_shallow);
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
    /// A server that anybody may use, with partial clones.
    ///
    /// # Errors
    ///
    /// See [`GitServerBuilder::start`].
    pub fn start() -> Result<Self, Error> {
        Self::builder().start()
    }

    /// A server with authentication or with the habits of older ones.
    #[must_use]
    pub fn builder() -> GitServerBuilder {
        GitServerBuilder::default()
    }

    /// Creates an empty bare repository; `HEAD` stands for `main`. The name is its path in the URL, e.g. `demo/app.git`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a name that is empty, absolute, contains `..` or is taken; otherwise those of
    /// [`GitRepository::git`].
    pub fn create(&self, name: &str) -> Result<GitRepository, Error> {
        let plain = |segment: &str| !segment.is_empty() && segment != "." && segment != "..";
        if !name.split('/').all(plain) {
            return Err(Error::Invalid(format!("`{name}` is no name for a repository")));
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

    /// What was asked and what was sent.
    #[must_use]
    pub fn log(&self) -> &RequestLog {
        self.loopback.log()
    }

    /// The trouble that is in store for clients.
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
