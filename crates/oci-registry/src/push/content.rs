//! The content of a push, and its result.

use bytes::Bytes;

use crate::Digest;

/// What became of a blob that was pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlobPush {
    /// The repository had it already, and nothing was sent.
    AlreadyThere,
    /// It was sent.
    Sent,
}

/// A manifest to push.
///
/// ```
/// use oci_registry::{Digest, NewManifest};
///
/// let manifest = NewManifest::new("application/vnd.oci.image.manifest.v1+json", "{}");
/// assert_eq!(manifest.digest(), Digest::of(b"{}"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewManifest {
    /// The media type.
    pub media_type: String,
    /// The manifest as it is sent.
    pub bytes: Bytes,
    /// What the tag names so far; `None` for nothing. See [`replaces`](Self::replaces).
    pub replaces: Option<Digest>,
}

impl NewManifest {
    /// A manifest of this media type, for a tag that names nothing yet.
    pub fn new(media_type: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self { media_type: media_type.into(), bytes: bytes.into(), replaces: None }
    }

    /// What the tag named when the caller read it last. Registries have no conditional push, so this counts only where the answer to a push
    /// is lost: the push is repeated while the tag names this, and is an error once it names something else.
    #[must_use]
    pub fn replaces(mut self, standing: impl Into<Option<Digest>>) -> Self {
        self.replaces = standing.into();
        self
    }

    /// The digest of the manifest.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }
}
