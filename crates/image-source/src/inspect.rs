//! Looking at one candidate.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use artifact_http::Call;
use artifact_source::{Error, Image, Rejection};
use jiff::Timestamp;
use oci_registry::{Digest, Platform, Repository, is_tag};
use tokio::sync::{OnceCell, Semaphore};

use crate::facts::{ConfigFacts, Entry, Facts, ManifestFacts};
use crate::{FactCache, PlatformConstraint, Shelf, created};

const CONFIG_BYTES: u64 = 8 << 20;
/// After so much that is new, it is made safe.
const SETTLE_EVERY: usize = 256;

/// Why a candidate has no image.
#[derive(Debug)]
pub(crate) enum Miss {
    /// It does not fit, or cannot be read and never will.
    Rejected(Rejection),
    /// It could not be read this time, so that nothing can be said.
    Failed(Error),
}

impl From<Error> for Miss {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Miss {
    /// What is gone is passed over; everything else fails (rule 3.8). A repository that is gone is no tag that is.
    fn or_passed_over(self) -> Self {
        match self {
            Self::Failed(error) if error.is_not_found() && error.code() != Some("NAME_UNKNOWN") => {
                unreadable(error.to_string())
            }
            other => other,
        }
    }
}

/// Looks at the candidates of one discovery.
pub(crate) struct Inspector<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) cache: &'a dyn FactCache,
    pub(crate) shelf: &'a Shelf,
    pub(crate) platform: Option<&'a PlatformConstraint>,
    /// Whether it has to be known when an image was built, whatever that takes.
    pub(crate) needs_time: bool,
    /// Whether a tag is taken to point for ever at what it pointed at when it was first looked at.
    pub(crate) trusts_tags: bool,
    /// The digests that tags had when another process looked at them, for those that the cache has forgotten.
    pub(crate) previous: BTreeMap<String, Digest>,
    /// Whether this registry answers HEAD without a digest, so that only GET tells what a tag points at.
    pub(crate) is_mute: &'a AtomicBool,
    pub(crate) call: &'a Call,
    /// How many requests are under way at once.
    pub(crate) permits: Semaphore,
    pub(crate) desk: Desk,
}

/// What is being read or was read in this discovery, so that nothing is read twice.
#[derive(Default)]
pub(crate) struct Desk {
    reads: Mutex<HashMap<Digest, Arc<OnceCell<Facts>>>>,
    seen: Mutex<BTreeMap<String, Digest>>,
    kept: AtomicUsize,
    /// Whether HEAD was refused where GET may not be.
    refuses_head: AtomicBool,
}

impl Desk {
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
            return Err(unreadable("no tag that could be asked for"));
        }
        let (digest, facts) = self.look(tag).await.map_err(Miss::or_passed_over)?;
        self.desk.see(tag, &digest);
        self.cache.put_tag(self.shelf, tag, &digest);
        let mut image = Image::new(tag, digest.as_str());
        image.annotations.clone_from(&facts.annotations);
        let evidence = match &facts.entries {
            Some(entries) => self.index(entries, &facts, &mut image.annotations).await,
            None => self.single(&facts).await,
        };
        image.created_at = evidence?;
        Ok(image)
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
                match self.manifest(&digest).await {
                    // It is gone already, or never was more than a name: what the tag brings decides.
                    Err(Miss::Failed(error)) if error.is_not_found() => {}
                    read => return read.map(|facts| (digest, facts)),
                }
            }
        }
        let fetched = {
            let _permit = self.permits.acquire().await;
            self.repository.manifest(tag, self.call).await?
        };
        let facts = ManifestFacts::of(fetched.manifest).ok_or_else(no_image)?;
        self.keep(&fetched.digest, &Facts::Manifest(facts.clone())).await;
        Ok((fetched.digest, facts))
    }

    /// What a tag points at now, if the registry tells that without the thing itself. A refusal has no body that would tell
    /// why, and some registries refuse only this way of asking, so it is GET that decides then.
    async fn digest_now(&self, tag: &str) -> Result<Option<Digest>, Miss> {
        if self.is_mute.load(Ordering::Relaxed) || self.desk.refuses_head.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let _permit = self.permits.acquire().await;
        match self.repository.head_manifest(tag, self.call).await {
            Ok(head) => {
                self.is_mute.store(head.digest.is_none(), Ordering::Relaxed);
                Ok(head.digest)
            }
            Err(error) if error.status().is_some_and(|status| status < 500 && status != 429) => {
                if !error.is_not_found() {
                    self.desk.refuses_head.store(true, Ordering::Relaxed);
                }
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Judges an index by what it lists (rule 3.6).
    async fn index(
        &self,
        entries: &[Entry],
        facts: &ManifestFacts,
        annotations: &mut BTreeMap<String, String>,
    ) -> Result<Option<Timestamp>, Miss> {
        let chosen = match self.platform {
            None => None,
            Some(constraint) => {
                let fits = |entry: &&Entry| constraint.fits(&entry.platform);
                // Of several variants the plain one describes the image best.
                let plain = entries.iter().filter(fits).find(|entry| entry.platform.variant.is_none());
                let Some(chosen) = plain.or_else(|| entries.iter().find(fits)) else {
                    return Err(wrong_platform(constraint, entries.iter().map(|entry| &entry.platform)));
                };
                Some(chosen)
            }
        };
        // An index is as new as the newest image in it, whichever platform is wanted.
        let mut time = created::stated(&facts.annotations);
        let mut below = None;
        if time.is_none() {
            let known = entries.iter().map(|entry| created::stated(&entry.annotations));
            let known: Option<Vec<Timestamp>> = known.collect();
            time = match known {
                Some(times) => times.into_iter().max(),
                None if self.needs_time => {
                    let builds = entries.iter().map(|entry| self.build(entry));
                    let builds = futures::future::try_join_all(builds).await?;
                    below = chosen.and_then(|chosen| {
                        let position = entries.iter().position(|entry| std::ptr::eq(entry, chosen))?;
                        builds.get(position)?.1.clone()
                    });
                    builds.iter().filter_map(|(time, _)| *time).max()
                }
                None => None,
            };
        }
        annotations.extend(below.into_iter().flatten());
        annotations.extend(chosen.into_iter().flat_map(|entry| entry.annotations.clone()));
        Ok(time)
    }

    /// When one image of an index was built, and the annotations of its manifest where it was read.
    async fn build(
        &self,
        entry: &Entry,
    ) -> Result<(Option<Timestamp>, Option<BTreeMap<String, String>>), Miss> {
        if let Some(time) = created::stated(&entry.annotations) {
            return Ok((Some(time), None));
        }
        let facts = self.manifest(&entry.digest).await.map_err(Miss::or_passed_over)?;
        let time = match (created::stated(&facts.annotations), &facts.config) {
            (Some(time), _) => Some(time),
            (None, Some(config)) => self.config(config).await?.created,
            (None, None) => None,
        };
        Ok((time, Some(facts.annotations)))
    }

    /// Judges an image of one platform by its configuration (rule 3.6).
    async fn single(&self, facts: &ManifestFacts) -> Result<Option<Timestamp>, Miss> {
        let stated = created::stated(&facts.annotations);
        let Some(digest) = &facts.config else { return Ok(stated) };
        if self.platform.is_none() && !(self.needs_time && stated.is_none()) {
            return Ok(stated);
        }
        let config = self.config(digest).await?;
        match self.platform {
            Some(constraint) if !constraint.fits(&config.platform) => {
                let said = Some(&config.platform).filter(|platform| crate::platform::is_real(platform));
                Err(wrong_platform(constraint, said))
            }
            _ => Ok(stated.or(config.created)),
        }
    }

    async fn manifest(&self, digest: &Digest) -> Result<ManifestFacts, Miss> {
        let read = async {
            let fetched = self.repository.manifest(digest.as_str(), self.call).await?;
            ManifestFacts::of(fetched.manifest).map(Facts::Manifest).ok_or_else(no_image)
        };
        match self.facts(digest, read).await? {
            Facts::Manifest(facts) => Ok(facts),
            Facts::Config(_) => Err(no_image()),
        }
    }

    async fn config(&self, digest: &Digest) -> Result<ConfigFacts, Miss> {
        let read = async {
            let bytes = self.repository.blob(digest, CONFIG_BYTES, self.call).await?;
            Ok(Facts::Config(ConfigFacts::of(&bytes)))
        };
        match self.facts(digest, read).await.map_err(Miss::or_passed_over)? {
            Facts::Config(facts) => Ok(facts),
            Facts::Manifest(_) => Err(no_image()),
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
        let cell = self.desk.read(digest);
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
        self.cache.digest_of(self.shelf, tag).or_else(|| self.previous.get(tag).cloned())
    }

    fn cached(&self, digest: &Digest) -> Option<Facts> {
        self.cache.get(self.shelf, digest)
    }

    async fn keep(&self, digest: &Digest, facts: &Facts) {
        self.cache.put(self.shelf, digest, facts.clone());
        if (self.desk.kept.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(SETTLE_EVERY) {
            self.cache.settle(self.shelf).await;
        }
    }
}

fn unreadable(reason: impl Into<Arc<str>>) -> Miss {
    Miss::Rejected(Rejection::Unreadable { reason: reason.into() })
}

fn no_image() -> Miss {
    unreadable("its manifest is of a kind that is not known")
}

fn wrong_platform<'a>(wanted: &PlatformConstraint, offered: impl IntoIterator<Item = &'a Platform>) -> Miss {
    let offered = offered.into_iter().map(Platform::to_string).collect();
    Miss::Rejected(Rejection::Platform { wanted: wanted.shared_text(), offered })
}
