//! Folders on object storage, with the few operations that publishing needs.
//!
//! [`Store::open`] takes a URL: `s3://`, `gs://`, `az://` and `file://` through the crate
//! [`object_store`](https://docs.rs/object_store), and `rclone:REMOTE[:path]` through the `rclone` program. What a store can do beyond
//! reading and writing is found out and never assumed: [`Store::conditional_put`].

mod access;
mod builder;
#[cfg(any(feature = "s3", feature = "gs", feature = "az"))]
mod cloud;
mod condition;
mod credential;
mod file;
#[cfg(any(feature = "s3", feature = "gs", feature = "az"))]
mod http_service;
mod keepers;
mod limits;
mod lock;
mod object;
mod random;
mod rclone;
mod url;

use std::fmt;
use std::sync::Arc;

use artifact_source::{Clock, Error, ErrorKind};
use bytes::Bytes;
use tokio::sync::OnceCell;

use access::Access;

pub use builder::StoreBuilder;
pub use limits::{MAX_OBJECT_BYTES, StoreLimits};
pub use lock::{Lock, LockObject, LockObserver, LockRemoval, LockWait};
pub(crate) use object::sha256_hex;
pub use object::{Condition, ConditionalPut, ListedObject, Object, ObjectStorage, PutOutcome, Version};
pub use random::Random;
pub use url::StoreUrl;

/// A folder on object storage. Clones are cheap and share what was found out.
///
/// ```
/// use chart_release::store::{Condition, PutOutcome, Store};
///
/// # async fn example(folder: &std::path::Path) -> Result<(), artifact_source::Error> {
/// let store = Store::open(&format!("file://{}", folder.display()))?;
/// let PutOutcome::Written = store.put("a.txt", "one", Condition::Absent).await? else { return Ok(()) };
///
/// // It is there already, so it is not written again.
/// assert_eq!(store.put("a.txt", "two", Condition::Absent).await?, PutOutcome::ConditionFailed);
/// let object = store.get("a.txt").await?.unwrap();
/// assert_eq!(object.bytes, "one");
/// assert_eq!(store.put("a.txt", "two", Condition::Matches(object.version)).await?, PutOutcome::Written);
/// assert!(store.get("b.txt").await?.is_none());
/// # Ok(())
/// # }
/// # let folder = tempfile::tempdir().unwrap();
/// # tokio::runtime::Runtime::new().unwrap().block_on(example(folder.path())).unwrap();
/// ```
#[derive(Clone)]
pub struct Store {
    access: Access,
    conditional: Arc<OnceCell<bool>>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.access.url()).finish()
    }
}

impl Store {
    /// The store at a URL:
    ///
    /// | URL | where | credentials |
    /// |---|---|---|
    /// | `s3://BUCKET[/PREFIX]` | Amazon S3 and what speaks its protocol (`AWS_ENDPOINT_URL`) | `AWS_*`, web identity, ECS, EKS, instance metadata |
    /// | `gs://BUCKET[/PREFIX]` | Google Cloud Storage | `GOOGLE_APPLICATION_CREDENTIALS`, gcloud's file, instance metadata |
    /// | `az://CONTAINER[/PREFIX]` | Azure Blob Storage (`AZURE_STORAGE_ACCOUNT_NAME`) | `AZURE_*`, workload identity, managed identity |
    /// | `file:///PATH` | a folder, which exists | none |
    /// | `rclone:REMOTE[:PATH]` | what `rclone config` knows under this name | rclone's own |
    ///
    /// Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for another URL, one with a credential, and settings in the environment that cannot be used;
    /// [`NotFound`](ErrorKind::NotFound) for a folder or a program `rclone` that is not there.
    pub fn open(url: &str) -> Result<Self, Error> {
        Self::builder(url).open()
    }

    /// Settings of a store at a URL.
    pub fn builder(url: &str) -> StoreBuilder {
        StoreBuilder::new(url)
    }

    /// A store on objects of another kind. The name is shown in messages and holds no credential.
    pub fn from_storage(name: impl Into<String>, objects: impl ObjectStorage) -> Self {
        Self::from_parts(name.into(), Arc::new(objects), StoreLimits::default())
    }

    fn from_parts(name: String, objects: Arc<dyn ObjectStorage>, limits: StoreLimits) -> Self {
        Self { access: Access::new(name, objects, limits), conditional: Arc::default() }
    }

    /// The same store with other limits of locks; those of requests are given to the [builder](Self::builder).
    #[must_use]
    pub fn with_limits(mut self, limits: StoreLimits) -> Self {
        self.access.limits = limits;
        self
    }

    /// The same store with another clock, for the time that is in lock objects. Defaults to the system's clock.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.access.clock = Arc::new(clock);
        self
    }

    /// The limits.
    pub fn limits(&self) -> StoreLimits {
        self.access.limits
    }

    /// The URL, without a credential.
    pub fn url(&self) -> &str {
        self.access.url()
    }

    /// The object of this name; `None` only where the store says that there is none.
    ///
    /// # Errors
    ///
    /// What kept it away; [`TooLarge`](ErrorKind::TooLarge) beyond [`MAX_OBJECT_BYTES`].
    pub async fn get(&self, name: &str) -> Result<Option<Object>, Error> {
        self.access.get(name, MAX_OBJECT_BYTES).await
    }

    /// Writes an object, whole or not at all, if the condition holds.
    ///
    /// # Errors
    ///
    /// What kept it away. It may have been written all the same: an answer can get lost. A condition on a store that has no
    /// [conditional put](Self::conditional_put) is [`Refused`](ErrorKind::Refused).
    pub async fn put(
        &self,
        name: &str,
        body: impl Into<Bytes>,
        condition: Condition,
    ) -> Result<PutOutcome, Error> {
        access::check_name(name)?;
        if condition != Condition::Always && !self.conditional_put().await? {
            return Err(self.without_conditional_put());
        }
        self.access.put(name, body.into(), condition).await
    }

    /// The objects whose name starts with this folder, in any order. Objects of folders below it are left out.
    ///
    /// # Errors
    ///
    /// What kept the list away.
    pub async fn list(&self, folder: &str) -> Result<Vec<ListedObject>, Error> {
        self.access.list(folder).await
    }

    /// Deletes an object. One that is not there is no error.
    ///
    /// # Errors
    ///
    /// What kept it from being deleted.
    pub async fn delete(&self, name: &str) -> Result<(), Error> {
        self.access.delete(name).await
    }

    /// Whether the store keeps conditions of a put (`If-None-Match: *` and `If-Match`), where two writers at once need them.
    ///
    /// Where that is not known it is [found out](ConditionalPut::Unknown) once, with two requests to write one small object.
    ///
    /// # Errors
    ///
    /// What kept the store from being asked.
    pub async fn conditional_put(&self) -> Result<bool, Error> {
        match self.access.objects.conditional_put() {
            ConditionalPut::Supported => Ok(true),
            ConditionalPut::Unsupported => Ok(false),
            ConditionalPut::Unknown => {
                self.conditional.get_or_try_init(|| condition::probe(&self.access)).await.copied()
            }
        }
    }

    /// Takes the [lock](Lock) of this store, waiting for others as long as [`lock_wait`](StoreLimits::lock_wait).
    ///
    /// # Errors
    ///
    /// As [`lock_within`](Self::lock_within).
    pub async fn lock(&self, random: &mut Random) -> Result<Lock, Error> {
        self.lock_within(random, LockWait::default()).await
    }

    /// The same with a deadline and an observer of the wait. Lock objects whose lease has ended are deleted.
    ///
    /// # Errors
    ///
    /// [`Refused`](ErrorKind::Refused) with the lock object that is in the way, its age, and what to do about it; what kept the lock
    /// object from being written.
    pub async fn lock_within(&self, random: &mut Random, wait: LockWait<'_>) -> Result<Lock, Error> {
        lock::acquire(&self.access, random, wait).await
    }

    /// Waits until the locks that were dropped, and not released, are given back.
    pub async fn unlocked(&self) {
        self.access.keepers.ended().await;
    }

    /// The lock objects that exist now.
    ///
    /// # Errors
    ///
    /// What kept the list away.
    pub async fn locks(&self) -> Result<Vec<LockObject>, Error> {
        lock::standing(&self.access).await
    }

    /// Deletes the lock objects whose lease has ended, which killed writers left behind. Where the store sets no times
    /// [itself](ObjectStorage::has_own_clock), it looks for as long as a lease whether an object is renewed.
    ///
    /// # Errors
    ///
    /// What kept them from being listed or deleted.
    pub async fn remove_stale_locks(&self, wait: LockWait<'_>) -> Result<LockRemoval, Error> {
        lock::remove_stale(&self.access, wait).await
    }

    /// Deletes a lock object, whether its lease has ended or not. The writer that made it must have ended.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for what is not the name of a lock object, and what kept it from being deleted.
    pub async fn remove_lock(&self, name: &str) -> Result<(), Error> {
        lock::remove(&self.access, name).await
    }

    fn without_conditional_put(&self) -> Error {
        Error::new(ErrorKind::Refused, "the store cannot write on a condition")
            .with_url(self.url())
            .with_hint("take its lock first")
    }
}
