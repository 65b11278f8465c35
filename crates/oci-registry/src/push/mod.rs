//! Pushes: blobs by upload sessions, manifests, and the seam for another client.

mod content;
mod manifest;
mod refusal;
mod upload;

use std::fmt::Debug;

use artifact_http::Call;
use artifact_source::Error;
use async_trait::async_trait;
use bytes::Bytes;

pub use content::{BlobPush, NewManifest};

use crate::{Digest, Repository};

impl Repository {
    /// Sends a blob, unless the repository has it already: one HEAD request, then POST and PUT.
    ///
    /// The blob is sent in one PUT of an upload session, whatever its size, as Google's registry and others take no portions. Where
    /// that is answered with 413, which a proxy before the registry may do, the blob is sent in portions of 512 KiB, or of the
    /// `OCI-Chunk-Min-Length` that the registry states. An upload that breaks is resumed from what the session has, or begun anew, as often
    /// as the client [tries](artifact_http::HttpClientBuilder) a request.
    ///
    /// An upload session may be at another host. The credential is not sent there, and a server on the internet cannot lead to a private
    /// address.
    ///
    /// # Errors
    ///
    /// [`Unauthorized`](artifact_source::ErrorKind::Unauthorized) and [`Forbidden`](artifact_source::ErrorKind::Forbidden) if the
    /// credential may not push; [`NotFound`](artifact_source::ErrorKind::NotFound) if the registry does not create the repository;
    /// [`Refused`](artifact_source::ErrorKind::Refused) if the blob is larger than the registry takes, if storage or a quota is used up, and
    /// if the session is at an address that must not be requested; [`BadAnswer`](artifact_source::ErrorKind::BadAnswer) if the registry
    /// names no session, or has another digest; and all [errors of a request](artifact_http::HttpClient::fetch).
    pub async fn push_blob(&self, bytes: impl Into<Bytes>, call: &Call) -> Result<BlobPush, Error> {
        let bytes = bytes.into();
        let digest = Digest::of(&bytes);
        upload::push(&self.reader().await?, &digest, &bytes, call).await
    }

    /// Sends a manifest to a tag or to its own digest: one PUT request. Its blobs must be there. Returns its digest.
    ///
    /// ```
    /// use artifact_http::{Call, HttpClient};
    /// use oci_registry::{Digest, NewManifest, RegistryClient};
    ///
    /// # async fn example(name: &str) -> Result<(), artifact_source::Error> {
    /// let client = RegistryClient::builder(HttpClient::builder().build()?).build();
    /// let repository = client.repository(name)?.for_push();
    /// let call = Call::new();
    ///
    /// repository.push_blob("{}", &call).await?;
    /// let config = Digest::of(b"{}");
    /// let text = format!(
    ///     r#"{{"schemaVersion":2,"config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{config}","size":2}},"layers":[]}}"#
    /// );
    /// let manifest = NewManifest::new("application/vnd.oci.image.manifest.v1+json", text);
    /// let digest = repository.push_manifest("1.0.0", &manifest, &call).await?;
    /// assert_eq!(repository.manifest("1.0.0", &call).await?.digest, digest);
    /// # Ok(())
    /// # }
    /// # let registry = warehouse_testkit::Registry::start().unwrap();
    /// # let name = format!("{}/demo/app", registry.host());
    /// # tokio::runtime::Runtime::new().unwrap().block_on(example(&name)).unwrap();
    /// ```
    ///
    /// A tag that names something else is moved; read it first where it must not be overwritten. If the answer is lost, the tag is read,
    /// and the request is repeated only if the tag is as [it was](NewManifest::replaces).
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](artifact_source::ErrorKind::InvalidInput) if `reference` is neither a tag nor a digest;
    /// [`Refused`](artifact_source::ErrorKind::Refused) if the registry does not let tags be moved, and if the answer was lost and the tag
    /// names something that neither this push nor the [state before](NewManifest::replaces) explains; and as
    /// [`push_blob`](Self::push_blob).
    pub async fn push_manifest(
        &self,
        reference: &str,
        manifest: &NewManifest,
        call: &Call,
    ) -> Result<Digest, Error> {
        manifest::push(&self.reader().await?, reference, manifest, call).await
    }
}

/// Sends blobs and manifests: the seam for a program that brings another client than this crate's.
///
/// [`HttpPush`] is this crate's own; with the feature `oci-client` there is `oci_client::ClientPush`. An implementation
/// looks after its own credentials, limits and retries.
#[async_trait]
pub trait Push: Debug + Send + Sync + 'static {
    /// Sends a blob, unless the repository has it already.
    ///
    /// # Errors
    ///
    /// As [`Repository::push_blob`].
    async fn blob(&self, repository: &Repository, bytes: Bytes, call: &Call) -> Result<BlobPush, Error>;

    /// Sends a manifest to a tag, and returns its digest.
    ///
    /// # Errors
    ///
    /// As [`Repository::push_manifest`].
    async fn manifest(
        &self,
        repository: &Repository,
        tag: &str,
        manifest: &NewManifest,
        call: &Call,
    ) -> Result<Digest, Error>;
}

/// Pushes by this crate's own requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct HttpPush;

#[async_trait]
impl Push for HttpPush {
    async fn blob(&self, repository: &Repository, bytes: Bytes, call: &Call) -> Result<BlobPush, Error> {
        repository.push_blob(bytes, call).await
    }

    async fn manifest(
        &self,
        repository: &Repository,
        tag: &str,
        manifest: &NewManifest,
        call: &Call,
    ) -> Result<Digest, Error> {
        repository.push_manifest(tag, manifest, call).await
    }
}
