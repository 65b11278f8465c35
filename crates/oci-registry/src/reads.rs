//! The reads, each sent once for all who ask at the same moment.

use std::sync::Arc;

use artifact_http::{Call, Credential, Identity, Origin, SingleFlight};
use artifact_source::Error;
use bytes::Bytes;

use crate::{Digest, Fetched, Head, Repository};

/// What is being read, of all repositories of a client.
#[derive(Debug, Default)]
pub(crate) struct SharedReads {
    tags: SingleFlight<View, Arc<Vec<String>>>,
    heads: SingleFlight<(View, String), Head>,
    manifests: SingleFlight<(View, String), Fetched>,
    blobs: SingleFlight<(View, Digest, u64), Bytes>,
}

/// A repository as somebody sees it.
type View = (Origin, String, Option<Credential>);

/// Whoever asks for the same before a request is sent shares its answer; an answer is never older than its question. The
/// one who asked first pays for it.
impl Repository {
    /// All tags, each once, in the order of their bytes: one GET request for every thousand, or for as
    /// many as the registry gives at once.
    ///
    /// # Errors
    ///
    /// [`NotFound`](artifact_source::ErrorKind::NotFound) where there is no such repository;
    /// [`Refused`](artifact_source::ErrorKind::Refused) where the list goes on at another host;
    /// [`TooLarge`](artifact_source::ErrorKind::TooLarge) beyond 10,000 pages, a million tags, 64 MiB of tags, or 256 MiB of
    /// pages; [`BadAnswer`](artifact_source::ErrorKind::BadAnswer) for what is no list; and as [`manifest`](Self::manifest).
    /// Part of a list is never given for the whole.
    pub async fn tags(&self, call: &Call) -> Result<Vec<String>, Error> {
        let identity = self.identity().await?;
        let read = || {
            let (own, identity, call) = (self.clone(), identity.clone(), call.clone());
            async move { own.list_tags(&identity, &call).await.map(Arc::new) }
        };
        self.client.shared.tags.share(self.view(&identity), call, read).await.map(Arc::unwrap_or_clone)
    }

    /// What a tag or a digest points at: one HEAD request, or none where HEAD is of no use.
    ///
    /// HEAD spares the transfer of the manifest, and some registries fail at it. So a failure is not tried again, unless the registry
    /// wants fewer requests: [`manifest`](Self::manifest) decides then. The first request to a registry goes alone. Where it is
    /// answered without a digest, this registry is not asked with HEAD again; where it fails otherwise than for the tag, not for ten
    /// minutes. Then the answer has no digest.
    ///
    /// # Errors
    ///
    /// As [`manifest`](Self::manifest).
    pub async fn head_manifest(&self, reference: &str, call: &Call) -> Result<Head, Error> {
        let identity = self.identity().await?;
        let read = || {
            let (own, identity, call) = (self.clone(), identity.clone(), call.clone());
            let reference = reference.to_owned();
            async move { own.read_head(&reference, &identity, &call).await }
        };
        let key = (self.view(&identity), reference.to_owned());
        self.client.shared.heads.share(key, call, read).await
    }

    /// The manifest of a tag or a digest: one GET request.
    ///
    /// # Errors
    ///
    /// [`NotFound`](artifact_source::ErrorKind::NotFound) where there is none;
    /// [`Unauthorized`](artifact_source::ErrorKind::Unauthorized) and [`Forbidden`](artifact_source::ErrorKind::Forbidden);
    /// [`BadAnswer`](artifact_source::ErrorKind::BadAnswer) for a wrong digest and for what is no JSON object;
    /// [`TooLarge`](artifact_source::ErrorKind::TooLarge) beyond 4 MiB;
    /// [`InvalidInput`](artifact_source::ErrorKind::InvalidInput) for what can be neither tag nor digest; and everything
    /// that can go [wrong on the way](artifact_http::HttpClient::fetch).
    pub async fn manifest(&self, reference: &str, call: &Call) -> Result<Fetched, Error> {
        let identity = self.identity().await?;
        let read = || {
            let (own, identity, call) = (self.clone(), identity.clone(), call.clone());
            let reference = reference.to_owned();
            async move { own.read_manifest(&reference, &identity, &call).await }
        };
        let key = (self.view(&identity), reference.to_owned());
        self.client.shared.manifests.share(key, call, read).await
    }

    /// A blob of at most this many bytes: one GET request, and one more where the registry sends us on.
    ///
    /// # Errors
    ///
    /// As [`manifest`](Self::manifest).
    pub async fn blob(&self, digest: &Digest, max_bytes: u64, call: &Call) -> Result<Bytes, Error> {
        let identity = self.identity().await?;
        let read = || {
            let (own, identity, call) = (self.clone(), identity.clone(), call.clone());
            let digest = digest.clone();
            async move { own.read_blob(&digest, max_bytes, &identity, &call).await }
        };
        let key = (self.view(&identity), digest.clone(), max_bytes);
        self.client.shared.blobs.share(key, call, read).await
    }

    fn view(&self, identity: &Identity) -> View {
        let repository = self.endpoint.name.repository().to_owned();
        (Origin::of(&self.endpoint.base), repository, identity.credential().cloned())
    }
}
