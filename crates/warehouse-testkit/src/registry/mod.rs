//! A container registry in memory: the OCI distribution spec over real HTTP, filled over HTTP or in process.

mod access;
mod image;
mod response;
mod service;
mod store;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::certificate::ServerCertificate;
use crate::credential::Credential;
use crate::error::Error;
use crate::fault::FaultScript;
use crate::loopback::{Listener, Loopback, RequestLog};
use access::{Access, Bearer, Mode, User};
use service::{Behavior, RegistryService};
use store::{Numbered, Store};

pub use image::{ImageBuilder, MediaType, Pushed, PushedPlatform};

/// A registry on 127.0.0.1 that implements the OCI distribution spec and keeps everything in memory.
///
/// It runs on a thread of its own from [`start`](Self::start) until it is dropped, so blocking clients may use it
/// from any thread.
///
/// # What it does
///
/// - Manifests and indexes by tag and digest with GET, HEAD, PUT and DELETE. What is not in `Accept` is answered as the
///   reference registry (distribution v3.1) does: an OCI manifest with 404 `MANIFEST_UNKNOWN`; a Docker manifest list asked for
///   by tag with its linux/amd64 entry, or with 400 if a Docker manifest is not accepted either; everything else as it is.
///   No `Accept` at all therefore finds no OCI manifest. `*/*` accepts everything here, though not there.
/// - Blobs with GET, HEAD, and pushes as one POST, as POST and PUT, or with PATCH between; mounts from other repositories.
/// - `tags/list` in byte order with `n`, `last` and `Link: rel="next"`; the page size is settable.
/// - No authentication, Basic, or Bearer tokens of its own `/token` or of another
///   registry's, one user or several with repositories of their own; plain or over TLS: see [`RegistryBuilder`].
///
/// ```
/// use warehouse_testkit::Registry;
///
/// let registry = Registry::start()?;
/// let pushed = registry
///     .image("demo/app")
///     .tag("1.2.3")
///     .platforms(["linux/amd64", "linux/arm64"])
///     .annotation("org.opencontainers.image.created", "2024-05-01T12:00:00Z")
///     .push();
/// assert_eq!(registry.tags("demo/app"), ["1.2.3"]);
/// assert_eq!(registry.digest("demo/app", "1.2.3"), Some(pushed.digest));
/// # Ok::<(), warehouse_testkit::Error>(())
/// ```
pub struct Registry {
    loopback: Loopback,
    service: Arc<RegistryService>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Registry").field("url", &self.url()).finish_non_exhaustive()
    }
}

impl Registry {
    /// An open registry: no authentication, no limit to a page of tags.
    ///
    /// # Errors
    ///
    /// [`Error::Start`] if nothing can listen on 127.0.0.1.
    pub fn start() -> Result<Self, Error> {
        Self::builder().start()
    }

    /// A registry with authentication, paging and other behavior of real ones.
    #[must_use]
    pub fn builder() -> RegistryBuilder {
        RegistryBuilder::default()
    }

    /// `127.0.0.1:PORT`, as in an image reference.
    #[must_use]
    pub fn host(&self) -> String {
        self.loopback.address().to_string()
    }

    /// `http://127.0.0.1:PORT`, or `https://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.loopback.url()
    }

    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.loopback.address()
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

    /// Starts the description of an image; [`ImageBuilder::push`] publishes it, without HTTP.
    pub fn image(&self, repository: impl Into<String>) -> ImageBuilder<'_> {
        ImageBuilder::new(&self.service.store, repository.into())
    }

    /// Publishes a chart as `helm push` does: into `<parent>/<chart name>`, under a tag in which `+` became `_`.
    pub fn push_chart(&self, parent: &str, chart: &crate::chart::Chart) -> Pushed {
        image::push_chart(&self.service.store, parent, chart)
    }

    /// Stores a blob as it is and returns its digest.
    pub fn push_blob(&self, repository: &str, bytes: impl Into<Bytes>) -> String {
        self.service.store.put_blob(repository, bytes.into())
    }

    /// Stores a manifest as it is, without any check, under its digest and under `tags`. This is the way to publish what no
    /// builder would write: `layers: null`, foreign media types, text that is not valid JSON.
    pub fn push_manifest<T: AsRef<str>>(
        &self,
        repository: &str,
        tags: impl IntoIterator<Item = T>,
        media_type: &str,
        bytes: impl Into<Bytes>,
    ) -> String {
        let digest = self.service.store.put_manifest(repository, media_type, bytes.into());
        for tag in tags {
            self.service.store.put_tag(repository, tag.as_ref(), &digest);
        }
        digest
    }

    /// Lets `tag` name what `target`, a tag or a digest, names.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if there is no such target.
    pub fn tag(&self, repository: &str, target: &str, tag: &str) -> Result<(), Error> {
        let digest = self.target(repository, target)?;
        self.service.store.put_tag(repository, tag, &digest);
        Ok(())
    }

    /// Lets every tag `t000000000000`, `t000000000001` and so on, `count` of them, name what `target` names, in place of the tags that
    /// the repository had. They are computed and not stored, so ten thousand pages cost nothing, nor do endless pages
    /// (`u64::MAX`, of which 10^12 are kept). Set [`RegistryBuilder::page_size`], or one page holds them all.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if there is no such target.
    pub fn tag_numbered(&self, repository: &str, target: &str, count: u64) -> Result<(), Error> {
        let digest = self.target(repository, target)?;
        self.service.store.put_numbered(repository, Numbered::new(digest, count));
        Ok(())
    }

    fn target(&self, repository: &str, target: &str) -> Result<String, Error> {
        let missing = || Error::Invalid(format!("repository {repository} has no tag or manifest {target}"));
        self.digest(repository, target).ok_or_else(missing)
    }

    /// Removes a tag; returns whether it existed. Its manifest stays.
    pub fn delete_tag(&self, repository: &str, tag: &str) -> bool {
        self.service.store.delete_tag(repository, tag)
    }

    /// Removes a manifest and every tag that names it; returns whether it existed.
    pub fn delete_manifest(&self, repository: &str, digest: &str) -> bool {
        self.service.store.delete_manifest(repository, digest)
    }

    /// Removes a blob; returns whether it existed.
    pub fn delete_blob(&self, repository: &str, digest: &str) -> bool {
        self.service.store.delete_blob(repository, digest)
    }

    /// The tags of a repository in byte order, without numbered ones; none if there is no such repository.
    #[must_use]
    pub fn tags(&self, repository: &str) -> Vec<String> {
        self.service.store.tags(repository).unwrap_or_default()
    }

    /// The digest that a tag or a digest names.
    #[must_use]
    pub fn digest(&self, repository: &str, reference: &str) -> Option<String> {
        self.service.store.resolve(repository, reference)
    }

    /// A stored manifest: its media type and its bytes.
    #[must_use]
    pub fn manifest(&self, repository: &str, reference: &str) -> Option<(String, Bytes)> {
        let digest = self.digest(repository, reference)?;
        let manifest = self.service.store.manifest(repository, &digest)?;
        Some((manifest.media_type, manifest.bytes))
    }

    /// A stored blob.
    #[must_use]
    pub fn blob(&self, repository: &str, digest: &str) -> Option<Bytes> {
        self.service.store.blob(repository, digest)
    }

    fn token_server(&self) -> access::TokenServer {
        self.service.access.token_server()
    }

    /// How many tokens `/token` has given out.
    #[must_use]
    pub fn tokens_issued(&self) -> u64 {
        self.service.access.issued()
    }

    /// Lets every token given out so far count as expired, without waiting for it.
    pub fn expire_tokens(&self) {
        self.service.access.expire_all();
    }
}

/// Settings of a [`Registry`]. By default it has no authentication.
#[derive(Clone, Debug, Default)]
pub struct RegistryBuilder {
    tls: Option<ServerCertificate>,
    basic: Vec<User>,
    bearer: Option<Bearer>,
    denied: Vec<String>,
    expired_is_forbidden: bool,
    behavior: Behavior,
}

impl RegistryBuilder {
    /// Serves TLS only, with this certificate.
    #[must_use]
    pub fn tls(mut self, certificate: ServerCertificate) -> Self {
        self.tls = Some(certificate);
        self
    }

    /// Everything needs a user name and a password as HTTP Basic; these may use every repository. May be called for
    /// several users. A bearer setting takes precedence.
    #[must_use]
    pub fn basic(mut self, username: impl Into<String>, password: impl Into<String>) -> Self {
        self.basic.push(User::of_all(Credential::new(username, password)));
        self
    }

    /// The same for a user of these repositories only; others are answered with 403 `DENIED`.
    #[must_use]
    pub fn basic_for<T: Into<String>>(
        mut self,
        username: impl Into<String>,
        password: impl Into<String>,
        repositories: impl IntoIterator<Item = T>,
    ) -> Self {
        let repositories = repositories.into_iter().map(Into::into).collect();
        self.basic.push(User::of(Credential::new(username, password), repositories));
        self
    }

    /// Everything needs a token of this registry's `/token`, which gives one for this user name and password. May be called for
    /// several users.
    #[must_use]
    pub fn bearer(mut self, username: impl Into<String>, password: impl Into<String>) -> Self {
        let user = User::of_all(Credential::new(username, password));
        self.bearer.get_or_insert_default().users.push(user);
        self
    }

    /// The same for a user of these repositories only: `/token` gives out a token that covers none of the others, as real
    /// token services do.
    #[must_use]
    pub fn bearer_for<T: Into<String>>(
        mut self,
        username: impl Into<String>,
        password: impl Into<String>,
        repositories: impl IntoIterator<Item = T>,
    ) -> Self {
        let repositories = repositories.into_iter().map(Into::into).collect();
        let user = User::of(Credential::new(username, password), repositories);
        self.bearer.get_or_insert_default().users.push(user);
        self
    }

    /// Everything needs a token that this other registry gives out: challenges name its `/token`, as those of Docker Hub name
    /// another host. Users and lifetimes are those of the other one.
    #[must_use]
    pub fn tokens_of(mut self, other: &Registry) -> Self {
        self.bearer.get_or_insert_default().token_server = Some(other.token_server());
        self
    }

    /// Everything needs a token of `/token`, which gives everyone a token that may pull, as Docker Hub does. With
    /// [`bearer`](Self::bearer) besides, tokens that may push are given for the credential.
    #[must_use]
    pub fn anonymous_bearer(mut self) -> Self {
        self.bearer.get_or_insert_default().anonymous = true;
        self
    }

    /// `/token` also takes `POST grant_type=refresh_token` with this refresh token (an "identity token"), as Azure's registry does.
    #[must_use]
    pub fn refresh_token(mut self, token: impl Into<String>) -> Self {
        self.bearer.get_or_insert_default().refresh_token = Some(token.into());
        self
    }

    /// The lifetime of a token. Defaults to 5 minutes. It is sent as `expires_in`, in whole seconds.
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.bearer.get_or_insert_default().lifetime = lifetime;
        self
    }

    /// Answers that a token has expired with 403 and no challenge, as Amazon's registry does, instead of 401.
    #[must_use]
    pub fn expired_is_forbidden(mut self) -> Self {
        self.expired_is_forbidden = true;
        self
    }

    /// No user may use this repository: no token covers it, and Basic is answered with 403 `DENIED`.
    #[must_use]
    pub fn deny(mut self, repository: impl Into<String>) -> Self {
        self.denied.push(repository.into());
        self
    }

    /// No page of tags is longer than this, whether `n` is larger or absent.
    #[must_use]
    pub fn page_size(mut self, tags: usize) -> Self {
        self.behavior.page_size = Some(tags.max(1));
        self
    }

    /// A request with `n` above the page size is refused with 413, as Quay does, instead of being given a smaller page.
    #[must_use]
    pub fn refuse_larger_pages(mut self) -> Self {
        self.behavior.refuse_larger_pages = true;
        self
    }

    /// `n` and `last` are ignored, and every answer lists every tag: docker-registry 2.8.
    #[must_use]
    pub fn ignore_paging(mut self) -> Self {
        self.behavior.ignore_paging = true;
        self
    }

    /// Every list of tags has a `Link` that repeats the request, `n` included, even if nothing follows: with [`page_size`](Self::page_size)
    /// a client that follows it reads one page again and again.
    #[must_use]
    pub fn echo_links(mut self) -> Self {
        self.behavior.echo_links = true;
        self
    }

    /// `Link` names the next page with scheme and host instead of the path alone.
    #[must_use]
    pub fn absolute_links(mut self) -> Self {
        self.behavior.absolute_links = true;
        self
    }

    /// A page of exactly `n` tags has a `Link` even if nothing follows, so that the next page is empty: the reference
    /// registry does so.
    #[must_use]
    pub fn link_after_full_page(mut self) -> Self {
        self.behavior.link_after_full_page = true;
        self
    }

    /// A blob is answered with a redirect (307) to `/storage/...` on the same host, which needs no credential.
    #[must_use]
    pub fn redirect_blobs(mut self) -> Self {
        self.behavior.redirect_blobs = true;
        self
    }

    /// Each page lists its tags backwards, to find clients that rely on their order.
    #[must_use]
    pub fn reverse_tags(mut self) -> Self {
        self.behavior.reverse_tags = true;
        self
    }

    /// Manifests and blobs come without `Docker-Content-Digest`, which the distribution spec allows.
    #[must_use]
    pub fn without_digest_header(mut self) -> Self {
        self.behavior.no_digest_header = true;
        self
    }

    /// Starts the registry.
    ///
    /// # Errors
    ///
    /// [`Error::Start`] if nothing can listen on 127.0.0.1; [`Error::Invalid`] if its certificate and key cannot be used.
    pub fn start(self) -> Result<Registry, Error> {
        let tls = self.tls.as_ref().map(ServerCertificate::acceptor).transpose()?;
        let listener = Listener::bind("registry")?.over(tls);
        let url = listener.url();
        let mode = match self.bearer {
            Some(bearer) => Mode::Bearer(bearer),
            None if !self.basic.is_empty() => Mode::Basic(self.basic),
            None => Mode::Open,
        };
        let access = Access::new(mode, self.denied, self.expired_is_forbidden, &url);
        let service =
            Arc::new(RegistryService { store: Store::default(), access, behavior: self.behavior, url });
        let loopback = Loopback::serve(listener, Arc::clone(&service) as _)?;
        Ok(Registry { loopback, service })
    }
}
