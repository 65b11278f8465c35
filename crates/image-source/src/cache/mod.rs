//! Keeping what was learned.

mod disk;
mod memory;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use oci_registry::Digest;

use crate::Facts;

pub use disk::DiskCache;
pub use memory::MemoryCache;

/// What is kept together: everything about one repository that was read with one credential. Content is the same wherever
/// its digest is, but who may know it is not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct CacheScope {
    /// Registry and repository, in full: `docker.io/library/nginx`.
    pub repository: Arc<str>,
    /// In whose name it was read, in words that tell credentials apart without being one.
    pub scope: Arc<str>,
}

impl CacheScope {
    /// The scope of this repository and scope.
    pub fn new(repository: impl Into<Arc<str>>, scope: impl Into<Arc<str>>) -> Self {
        Self { repository: repository.into(), scope: scope.into() }
    }
}

/// Keeps what images are, by digest, and which digest a tag had when it was last looked at.
///
/// It may forget at any time, and must never give what was not put on that scope. It has no errors: a cache that fails only
/// makes the next look cost more.
///
/// A discovery [opens](Self::open) its scope, gets and puts, and [settles](Self::settle) it every few hundred puts and at
/// its end, however that came. Those two may wait for something, a disk perhaps; the others must not.
#[async_trait]
pub trait FactCache: Debug + Send + Sync {
    /// Makes ready to give what is on this scope.
    async fn open(&self, scope: &CacheScope) {
        let _ = scope;
    }

    /// What is kept of the content with this digest.
    fn get(&self, scope: &CacheScope, digest: &Digest) -> Option<Facts>;

    /// Keeps what the content with this digest is.
    fn put(&self, scope: &CacheScope, digest: &Digest, facts: Facts);

    /// The digest that a tag had. It may have moved since.
    fn digest_of(&self, scope: &CacheScope, tag: &str) -> Option<Digest>;

    /// Keeps which digest a tag has now.
    fn put_tag(&self, scope: &CacheScope, tag: &str, digest: &Digest);

    /// Sees to it that what was put on this scope outlives the process, where this cache has a way.
    async fn settle(&self, scope: &CacheScope) {
        let _ = scope;
    }
}
