//! A container registry in memory: the OCI distribution spec over real HTTP, filled over HTTP or in process.

mod access;
mod builder;
mod chart;
mod error;
mod image;
mod listing;
mod manifest;
mod media_type;
mod numbered;
mod read;
mod route;
mod service;
mod store;
mod upload;
mod user;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;

pub use builder::RegistryBuilder;
pub use image::{ImageBuilder, Pushed, PushedPlatform};
pub use media_type::MediaType;

pub(crate) use store::digest_of;

use crate::error::Error;
use crate::fault::FaultScript;
use crate::loopback::{Loopback, RequestLog};
use numbered::Numbered;
use service::RegistryService;

/// A registry on 127.0.0.1 that speaks the OCI distribution spec and keeps everything in memory.
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

    /// A registry with authentication, paging and other habits of real ones.
    #[must_use]
    pub fn builder() -> RegistryBuilder {
        RegistryBuilder::default()
    }

    /// `127.0.0.1:PORT`, as it stands in an image reference.
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

    /// Starts the description of an image; [`ImageBuilder::push`] publishes it, without HTTP.
    pub fn image(&self, repository: impl Into<String>) -> ImageBuilder<'_> {
        ImageBuilder::new(&self.service.store, repository.into())
    }

    /// Publishes a chart as `helm push` does: into `<parent>/<chart name>`, under a tag in which `+` became `_`.
    pub fn push_chart(&self, parent: &str, chart: &crate::Chart) -> Pushed {
        chart::push(&self.service.store, parent, chart)
    }

    /// Stores a blob as it is and returns its digest.
    pub fn push_blob(&self, repository: &str, bytes: impl Into<Bytes>) -> String {
        self.service.store.put_blob(repository, bytes.into())
    }

    /// Stores a manifest as it is, without any check, under its digest and under `tags`. This is the way to publish what no
    /// builder would write: `layers: null`, foreign media types, text that is no JSON.
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
    /// the repository had. They are reckoned and not stored, so ten thousand pages cost nothing, nor do pages without end
    /// (`u64::MAX`, of which 10^12 are kept). With [`RegistryBuilder::page_size`], lest one page hold them all.
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

    /// Removes a tag; says whether it was there. Its manifest stays.
    pub fn delete_tag(&self, repository: &str, tag: &str) -> bool {
        self.service.store.delete_tag(repository, tag)
    }

    /// Removes a manifest and every tag that names it; says whether it was there.
    pub fn delete_manifest(&self, repository: &str, digest: &str) -> bool {
        self.service.store.delete_manifest(repository, digest)
    }

    /// Removes a blob; says whether it was there.
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
