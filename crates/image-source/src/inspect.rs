//! Looking at one candidate.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use artifact_http::Call;
use artifact_source::Image;
use jiff::Timestamp;
use oci_registry::{Digest, Fetched, Manifest, Repository, is_tag};
use tokio::sync::{OnceCell, Semaphore};

use crate::facts::{ConfigFacts, Facts, ManifestFacts};
use crate::miss::{Miss, not_an_image, unreadable, wrong_platform};
use crate::{CacheScope, FactCache, PlatformConstraint, created, platform};

const CONFIG_BYTES: u64 = 8 << 20;
/// After so much that is new, it is made safe.
const SETTLE_EVERY: usize = 256;

/// Looks at the candidates of one discovery.
pub(crate) struct Inspector<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) cache: &'a dyn FactCache,
    pub(crate) scope: &'a CacheScope,
    pub(crate) platform: Option<&'a PlatformConstraint>,
    /// Whether it has to be known when an image was built, whatever that takes.
    pub(crate) needs_time: bool,
    /// Whether a tag is taken to point for ever at what it pointed at when it was first looked at.
    pub(crate) trusts_tags: bool,
    /// The digests that tags had when another process looked at them, for those that the cache has forgotten.
    pub(crate) previous: BTreeMap<String, Digest>,
    pub(crate) call: &'a Call,
    /// How many requests are under way at once.
    pub(crate) permits: Semaphore,
    pub(crate) reads: ReadsOfRun,
}

/// What is being read or was read in this discovery, so that nothing is read twice.
#[derive(Default)]
pub(crate) struct ReadsOfRun {
    reads: Mutex<HashMap<Digest, Arc<OnceCell<Facts>>>>,
    seen: Mutex<BTreeMap<String, Digest>>,
    kept: AtomicUsize,
}

impl ReadsOfRun {
    fn read(&self, digest: &Digest) -> Arc<OnceCell<Facts>> {
        let mut reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(reads.entry(digest.clone()).or_default())
    }

    fn see(&self, tag: &str, digest: &Digest) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(tag.to_owned(), digest.clone());
    }

    /// The digest of every tag that was looked at.
    pub(crate) fn into_seen(self) -> BTreeMap<String, Digest> {
        self.seen.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inspector<'_> {
    /// The image behind a tag, if it fits.
    pub(crate) async fn image(&self, tag: &str) -> Result<Image, Miss> {
        if !is_tag(tag) {
            return Err(Miss::Gone(unreadable("its name is not a valid tag")));
        }
        let (digest, facts) = self.look(tag).await?;
        self.reads.see(tag, &digest);
        self.cache.put_tag(self.scope, tag, &digest);
        if let Some(what) = &facts.not_an_image {
            return Err(not_an_image(what));
        }
        let mut image = Image::new(tag, digest.as_str());
        image.annotations.clone_from(&facts.annotations);
        let time = self.judge(&facts, self.needs_time, &mut image.annotations).await?;
        image.created_at = time.and_then(created::told);
        Ok(image)
    }

    /// When an image that was found was built, whatever that takes.
    pub(crate) async fn time_of(&self, image: &Image) -> Result<Option<Timestamp>, Miss> {
        let digest = image.digest.parse().map_err(Miss::Failed)?;
        let facts = self.manifest(&digest).await?;
        Ok(self.judge(&facts, true, &mut BTreeMap::new()).await?.and_then(created::told))
    }

    /// When the image of these facts was built, if that is known or needed; `annotations` become those of the image.
    async fn judge(
        &self,
        facts: &ManifestFacts,
        needs_time: bool,
        annotations: &mut BTreeMap<String, String>,
    ) -> Result<Option<Timestamp>, Miss> {
        match &facts.entries {
            Some(entries) => self.index(entries, facts, needs_time, annotations).await,
            None => self.single(facts, needs_time).await,
        }
    }

    /// The digest of a tag and what is behind it: one request, two where the tag has moved or HEAD is of no use, none where it
    /// cannot have moved.
    async fn look(&self, tag: &str) -> Result<(Digest, ManifestFacts), Miss> {
        if let Some(known) = self.known(tag)
            && let Some(Facts::Manifest(facts)) = self.cached(&known)
        {
            if self.trusts_tags {
                return Ok((known, facts));
            }
            if let Some(digest) = self.digest_now(tag).await? {
                if digest == known {
                    return Ok((digest, facts));
                }
                // Read by its digest, so that aliases that move together are read once.
                match self.any_manifest(&digest).await {
                    // It is gone already, or never was more than a name: what the tag brings decides.
                    Err(Miss::Gone(_) | Miss::Refused(_)) => {}
                    read => return read.map(|facts| (digest, facts)),
                }
            }
        }
        let fetched = {
            let _permit = self.permits.acquire().await;
            let read = self.repository.manifest(tag, self.call).await;
            read.map_err(|error| Miss::of_read(error, &format!("/manifests/{tag}")))?
        };
        let (digest, is_checked) = (fetched.digest.clone(), is_checked(&fetched));
        let facts = ManifestFacts::of(fetched.manifest);
        if !is_checked {
            return Err(not_an_image(facts.not_an_image.as_deref().unwrap_or("a signed manifest")));
        }
        self.keep(&digest, &Facts::Manifest(facts.clone())).await;
        Ok((digest, facts))
    }

    /// What a tag points at now, if the registry tells that without the thing itself. HEAD is our economy: some registries refuse it or
    /// fail at it, so GET decides whatever HEAD could not answer. Only a registry that wants fewer requests gets no other one.
    async fn digest_now(&self, tag: &str) -> Result<Option<Digest>, Miss> {
        let _permit = self.permits.acquire().await;
        match self.repository.head_manifest(tag, self.call).await {
            Ok(head) => Ok(head.digest),
            Err(error) if error.kind() == artifact_source::ErrorKind::RateLimited => Err(Miss::Failed(error)),
            Err(_) => Ok(None),
        }
    }

    /// Judges an image of one platform by its configuration (rule 3.6).
    async fn single(&self, facts: &ManifestFacts, needs_time: bool) -> Result<Option<Timestamp>, Miss> {
        let stated = created::stated(&facts.annotations);
        let Some(digest) = &facts.config else { return Ok(stated) };
        if self.platform.is_none() && !(needs_time && stated.is_none()) {
            return Ok(stated);
        }
        let config = self.config(digest).await?;
        match self.platform {
            Some(constraint) if !constraint.fits(&config.platform) => {
                let said = Some(&config.platform).filter(|platform| platform::is_real(platform));
                Err(wrong_platform(constraint, said))
            }
            _ => Ok(Some(stated.or(config.created).unwrap_or(created::UNSAID))),
        }
    }

    /// The manifest of this digest, if it is that of an image or an index.
    pub(crate) async fn manifest(&self, digest: &Digest) -> Result<ManifestFacts, Miss> {
        let facts = self.any_manifest(digest).await?;
        match &facts.not_an_image {
            Some(what) => Err(not_an_image(what)),
            None => Ok(facts),
        }
    }

    async fn any_manifest(&self, digest: &Digest) -> Result<ManifestFacts, Miss> {
        let read = async {
            let fetched = self.repository.manifest(digest.as_str(), self.call).await;
            let fetched = fetched.map_err(|error| Miss::of_read(error, &format!("/manifests/{digest}")))?;
            let is_checked = is_checked(&fetched);
            let facts = ManifestFacts::of(fetched.manifest);
            match &facts.not_an_image {
                Some(what) if !is_checked => Err(not_an_image(what)),
                _ => Ok(Facts::Manifest(facts)),
            }
        };
        match self.facts(digest, read).await? {
            Facts::Manifest(facts) => Ok(facts),
            Facts::Config(_) => Err(not_an_image("a configuration")),
        }
    }

    pub(crate) async fn config(&self, digest: &Digest) -> Result<ConfigFacts, Miss> {
        let read = async {
            let bytes = self.repository.blob(digest, CONFIG_BYTES, self.call).await;
            let bytes = bytes.map_err(|error| Miss::of_read(error, &format!("/blobs/{digest}")))?;
            Ok(Facts::Config(ConfigFacts::of(&bytes)))
        };
        match self.facts(digest, read).await? {
            Facts::Config(facts) => Ok(facts),
            Facts::Manifest(_) => Err(not_an_image("an image whose configuration is a manifest")),
        }
    }

    /// What is behind a digest: from the cache, or read once however many want it.
    async fn facts(
        &self,
        digest: &Digest,
        read: impl Future<Output = Result<Facts, Miss>>,
    ) -> Result<Facts, Miss> {
        if let Some(facts) = self.cached(digest) {
            return Ok(facts);
        }
        let cell = self.reads.read(digest);
        let facts = cell.get_or_try_init(|| async {
            let facts = {
                let _permit = self.permits.acquire().await;
                read.await?
            };
            self.keep(digest, &facts).await;
            Ok::<_, Miss>(facts)
        });
        facts.await.cloned()
    }

    fn known(&self, tag: &str) -> Option<Digest> {
        self.cache.digest_of(self.scope, tag).or_else(|| self.previous.get(tag).cloned())
    }

    fn cached(&self, digest: &Digest) -> Option<Facts> {
        self.cache.get(self.scope, digest)
    }

    async fn keep(&self, digest: &Digest, facts: &Facts) {
        self.cache.put(self.scope, digest, facts.clone());
        if (self.reads.kept.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(SETTLE_EVERY) {
            self.cache.settle(self.scope).await;
        }
    }
}

/// Whether the content was held against its digest. What was not is not kept: the digest may be that of something else.
fn is_checked(fetched: &Fetched) -> bool {
    !matches!(&fetched.manifest, Manifest::Other(other) if other.is_signed)
}
