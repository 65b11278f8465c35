//! Inspection: reads the image of one tag, and decides whether it is one for the platform.
//!
//! An [`Inspector`] reads the manifests and configurations that the decision needs
//! ([rules 3.5, 3.6 and 3.10](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use artifact_http::{Call, OnceMap};
use artifact_source::{Error, ErrorKind, Image, Rejection, lock};
use futures::future::try_join_all;
use jiff::Timestamp;
use oci_registry::{Digest, Fetched, Manifest, Platform, Repository, is_tag};
use tokio::sync::Semaphore;

use crate::cache::{CacheScope, FactCache};
use crate::config::{ConfigFacts, ZERO_TIME, annotated_time, nonzero};
use crate::facts::{Entry, Facts, ManifestFacts, is_stated};

/// Why a tag has no image.
#[derive(Debug)]
pub(crate) enum InspectError {
    /// It was read, and is not an image for the platform.
    Unsuitable(Rejection),
    /// It does not exist, or its tag is invalid.
    NotFound(Rejection),
    /// The registry refuses this one content, or the content exceeds a limit. Whether the tag is skipped
    /// depends on the other tags.
    Refused(Error),
    /// Entries of its index cannot be read, and one of them may decide.
    Incomplete(Error),
    /// It could not be read.
    Failed(Error),
}

impl InspectError {
    /// Classifies the error of reading a manifest or blob whose URL ends in `path` ([rule 3.8](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    ///
    /// A missing repository is not a missing tag, unless the repository `is_listed`: then it exists, whatever code the registry writes for a
    /// tag that is gone. A refusal is definite if it is the registry's own, of this one content, and
    /// would be the same again.
    fn of_read(error: Error, path: &str, is_listed: bool) -> Self {
        if error.is_not_found() && (is_listed || error.code() != Some("NAME_UNKNOWN")) {
            return Self::NotFound(unreadable(error.to_string()));
        }
        let is_own = error.url().is_some_and(|url| url.ends_with(path));
        let is_definite = error.status().is_some_and(|status| {
            matches!(status, 400..=499) && !matches!(status, 401 | 404 | 407 | 410) && !error.is_transient()
        });
        let may_recover = error.retry_after().is_some()
            || matches!(error.code(), Some("TOOMANYREQUESTS" | "UNAUTHORIZED" | "NAME_UNKNOWN"));
        if is_own && is_definite && !may_recover { Self::Refused(error) } else { Self::Failed(error) }
    }
}

pub(crate) fn unreadable(reason: impl Into<Arc<str>>) -> Rejection {
    Rejection::Unreadable { reason: reason.into() }
}

fn not_an_image(what: &str) -> InspectError {
    InspectError::Unsuitable(Rejection::NotAnImage { what: what.into() })
}

/// The error for an index whose readable entries do not decide: what the others are for is unknown.
fn incomplete(unreadable: usize, otherwise: &str) -> InspectError {
    let entries = if unreadable == 1 { "1 entry" } else { &format!("{unreadable} entries") };
    let message = format!("{entries} of the index cannot be read, and {otherwise}");
    InspectError::Incomplete(Error::new(ErrorKind::BadAnswer, message).with_hint(
        "an entry has a digest, a media type that is a text, and a platform whose parts are texts (image-spec, \"OCI Image Index\")",
    ))
}

fn wrong_platform<'a>(wanted: &Platform, offered: impl IntoIterator<Item = &'a Platform>) -> InspectError {
    let mut texts: Vec<String> = Vec::new();
    for platform in offered {
        let text = platform.to_string();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    InspectError::Unsuitable(Rejection::Platform { platform: wanted.to_string().into(), offered: texts })
}

const MAX_CONFIG_BYTES: u64 = 8 << 20;
/// The cache is flushed after so many new entries.
const FLUSH_EVERY: usize = 256;

/// Inspects the candidates of one discovery.
pub(crate) struct Inspector<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) cache: &'a dyn FactCache,
    pub(crate) scope: &'a CacheScope,
    pub(crate) platform: Option<&'a Platform>,
    /// Whether the build time of every image is needed.
    pub(crate) needs_time: bool,
    /// Whether the tags are those of the repository's list.
    pub(crate) is_listed: bool,
    /// The first error that says that the repository does not exist, of a tag that is listed.
    pub(crate) missing_repository: OnceLock<Error>,
    /// Whether tags never move, so that a known digest is current.
    pub(crate) trusts_tags: bool,
    /// The digests of tags in the previous observation, for tags that the cache does not have.
    pub(crate) previous: BTreeMap<String, Digest>,
    pub(crate) call: &'a Call,
    /// The limit of concurrent requests.
    pub(crate) permits: Semaphore,
    pub(crate) reads: Reads,
}

/// The content and the tags that were read in this discovery, so that nothing is read twice.
#[derive(Default)]
pub(crate) struct Reads {
    content: OnceMap<Digest, Facts>,
    tags: Mutex<BTreeMap<String, Digest>>,
    cached: AtomicUsize,
}

impl Reads {
    fn add_tag(&self, tag: &str, digest: &Digest) {
        lock(&self.tags).insert(tag.to_owned(), digest.clone());
    }

    /// Whether the digest of this tag was read.
    pub(crate) fn has_tag(&self, tag: &str) -> bool {
        lock(&self.tags).contains_key(tag)
    }

    /// The digest of every tag that was read.
    pub(crate) fn into_tags(self) -> BTreeMap<String, Digest> {
        std::mem::take(&mut lock(&self.tags))
    }
}

impl Inspector<'_> {
    /// The image of a tag, if it is one for the platform.
    pub(crate) async fn image(&self, tag: &str) -> Result<Image, InspectError> {
        if !is_tag(tag) {
            return Err(InspectError::NotFound(unreadable("its name is not a valid tag")));
        }
        let (digest, facts) = self.resolve(tag).await?;
        self.reads.add_tag(tag, &digest);
        self.cache.put_tag(self.scope, tag, &digest);
        if let Some(what) = &facts.not_an_image {
            return Err(not_an_image(what));
        }
        let mut image = Image::new(tag, digest.as_str());
        image.annotations.clone_from(&facts.annotations);
        let time = self.judge(&facts, self.needs_time, &mut image.annotations).await?;
        image.created_at = time.and_then(nonzero);
        Ok(image)
    }

    fn failed(&self, error: Error, path: &str) -> InspectError {
        if self.is_listed && error.is_not_found() && error.code() == Some("NAME_UNKNOWN") {
            self.missing_repository.get_or_init(|| error.clone());
        }
        InspectError::of_read(error, path, self.is_listed)
    }

    /// The build time of an image that was found.
    pub(crate) async fn time_of(&self, image: &Image) -> Result<Option<Timestamp>, InspectError> {
        let digest = image.digest.parse().map_err(InspectError::Failed)?;
        let facts = self.manifest(&digest).await?;
        Ok(self.judge(&facts, true, &mut BTreeMap::new()).await?.and_then(nonzero))
    }

    /// The build time of an image with these facts, if it is known or needed. `annotations` are extended by those of the image.
    async fn judge(
        &self,
        facts: &ManifestFacts,
        needs_time: bool,
        annotations: &mut BTreeMap<String, String>,
    ) -> Result<Option<Timestamp>, InspectError> {
        match &facts.entries {
            Some(entries) => self.judge_index(entries, facts, needs_time, annotations).await,
            None => self.judge_single(facts, needs_time).await,
        }
    }

    /// The digest and the manifest of a tag: one request; two if the tag has moved or HEAD does not help; none if tags never
    /// move.
    async fn resolve(&self, tag: &str) -> Result<(Digest, ManifestFacts), InspectError> {
        if let Some(known) = self.known(tag)
            && let Some(Facts::Manifest(facts)) = self.cached(&known)
        {
            if self.trusts_tags {
                return Ok((known, facts));
            }
            if let Some(digest) = self.current_digest(tag).await? {
                if digest == known {
                    return Ok((digest, facts));
                }
                // Read by its digest, so that aliases that move together are read once.
                match self.any_manifest(&digest).await {
                    // It may have moved again, or the digest may be wrong: GET of the tag decides.
                    Err(InspectError::NotFound(_) | InspectError::Refused(_)) => {}
                    read => return read.map(|facts| (digest, facts)),
                }
            }
        }
        let fetched = {
            let _permit = self.permits.acquire().await;
            let read = self.repository.manifest(tag, self.call).await;
            read.map_err(|error| self.failed(error, &format!("/manifests/{tag}")))?
        };
        let (digest, is_checked) = (fetched.digest.clone(), is_checked(&fetched));
        let facts = ManifestFacts::of(fetched.manifest);
        if !is_checked {
            return Err(not_an_image(facts.not_an_image.as_deref().unwrap_or("a signed manifest")));
        }
        self.keep(&digest, &Facts::Manifest(facts.clone())).await;
        Ok((digest, facts))
    }

    /// The current digest of a tag, if the registry supports HEAD. Some registries refuse HEAD or fail at it, so any other error than a
    /// rate limit leads to a GET request.
    async fn current_digest(&self, tag: &str) -> Result<Option<Digest>, InspectError> {
        let _permit = self.permits.acquire().await;
        match self.repository.head_manifest(tag, self.call).await {
            Ok(head) => Ok(head.digest),
            Err(error) if error.kind() == ErrorKind::RateLimited => Err(InspectError::Failed(error)),
            Err(_) => Ok(None),
        }
    }

    /// Judges an image for one platform by its configuration ([rule 3.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    async fn judge_single(
        &self,
        facts: &ManifestFacts,
        needs_time: bool,
    ) -> Result<Option<Timestamp>, InspectError> {
        let stated = annotated_time(&facts.annotations);
        let Some(digest) = &facts.config else { return Ok(stated) };
        if self.platform.is_none() && !(needs_time && stated.is_none()) {
            return Ok(stated);
        }
        let config = self.config(digest).await?;
        match self.platform {
            Some(wanted) if !wanted.matches(&config.platform) => {
                let stated = Some(&config.platform).filter(|platform| is_stated(platform));
                Err(wrong_platform(wanted, stated))
            }
            _ => Ok(Some(stated.or(config.created).unwrap_or(ZERO_TIME))),
        }
    }

    /// The manifest of this digest, if it is an image or an index.
    async fn manifest(&self, digest: &Digest) -> Result<ManifestFacts, InspectError> {
        let facts = self.any_manifest(digest).await?;
        match &facts.not_an_image {
            Some(what) => Err(not_an_image(what)),
            None => Ok(facts),
        }
    }

    async fn any_manifest(&self, digest: &Digest) -> Result<ManifestFacts, InspectError> {
        let read = async {
            let fetched = self.repository.manifest(digest.as_str(), self.call).await;
            let fetched = fetched.map_err(|error| self.failed(error, &format!("/manifests/{digest}")))?;
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

    async fn config(&self, digest: &Digest) -> Result<ConfigFacts, InspectError> {
        let read = async {
            let bytes = self.repository.blob(digest, MAX_CONFIG_BYTES, self.call).await;
            let bytes = bytes.map_err(|error| self.failed(error, &format!("/blobs/{digest}")))?;
            Ok(Facts::Config(ConfigFacts::of(&bytes)))
        };
        match self.facts(digest, read).await? {
            Facts::Config(facts) => Ok(facts),
            Facts::Manifest(_) => Err(not_an_image("an image whose configuration is a manifest")),
        }
    }

    /// The facts about the content of a digest: from the cache, or read once for all who wait.
    async fn facts(
        &self,
        digest: &Digest,
        read: impl Future<Output = Result<Facts, InspectError>>,
    ) -> Result<Facts, InspectError> {
        if let Some(facts) = self.cached(digest) {
            return Ok(facts);
        }
        let facts = async {
            let facts = {
                let _permit = self.permits.acquire().await;
                read.await?
            };
            self.keep(digest, &facts).await;
            Ok(facts)
        };
        self.reads.content.get_or_try_init(digest.clone(), facts).await
    }

    fn known(&self, tag: &str) -> Option<Digest> {
        self.cache.digest_of(self.scope, tag).or_else(|| self.previous.get(tag).cloned())
    }

    fn cached(&self, digest: &Digest) -> Option<Facts> {
        self.cache.get(self.scope, digest)
    }

    async fn keep(&self, digest: &Digest, facts: &Facts) {
        self.cache.put(self.scope, digest, facts.clone());
        if (self.reads.cached.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(FLUSH_EVERY) {
            self.cache.flush(self.scope).await;
        }
    }
}

/// Whether the content was checked against its digest. Other content is not cached.
fn is_checked(fetched: &Fetched) -> bool {
    !matches!(&fetched.manifest, Manifest::Other(other) if other.is_signed)
}

/// The deepest level of nested indexes below that of the tag.
const MAX_DEPTH: u8 = 4;
/// The largest number of entries in all nested indexes of one tag.
const MAX_NESTED_ENTRIES: usize = 1000;

type Annotations = BTreeMap<String, String>;
type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, InspectError>> + Send + 'a>>;

/// An image in an index, at any level.
#[derive(Clone, Debug)]
struct IndexedImage {
    entry: Entry,
    /// The annotations of the nested indexes around the image, inner ones last.
    inherited: Annotations,
}

/// The images in an index and in its nested indexes.
#[derive(Debug, Default)]
struct Images {
    images: Vec<IndexedImage>,
    /// The number of entries of the nested indexes that cannot be read.
    unreadable: usize,
}

/// The build time of an entry, and the manifests that were read for it.
#[derive(Debug)]
struct BuildTime {
    time: Timestamp,
    /// The digests and annotations of these manifests.
    read: Vec<(Digest, Annotations)>,
}

/// The level of nested indexes, and the number of their entries for one tag.
#[derive(Clone, Copy, Debug)]
struct Nesting<'a> {
    depth: u8,
    entries: &'a AtomicUsize,
}

impl Nesting<'_> {
    /// The next level, in an index of so many entries.
    fn below(self, entries: usize) -> Result<Self, InspectError> {
        let total = self.entries.fetch_add(entries, Ordering::Relaxed) + entries;
        let message = match self.depth {
            MAX_DEPTH => format!("indexes are nested more than {MAX_DEPTH} levels deep"),
            _ if total > MAX_NESTED_ENTRIES => {
                format!("nested indexes have more than {MAX_NESTED_ENTRIES} entries")
            }
            depth => return Ok(Self { depth: depth + 1, ..self }),
        };
        Err(InspectError::Refused(Error::new(ErrorKind::TooLarge, message)))
    }
}

impl Inspector<'_> {
    /// Judges an index: its build time, if it is known or needed. `annotations` are extended by those of the image for the platform.
    async fn judge_index(
        &self,
        entries: &[Entry],
        facts: &ManifestFacts,
        needs_time: bool,
        annotations: &mut Annotations,
    ) -> Result<Option<Timestamp>, InspectError> {
        let total = AtomicUsize::new(0);
        let nesting = Nesting { depth: 0, entries: &total };
        let selected = self.select(entries, facts.unreadable_entries, nesting).await?;
        let (time, mut read) = match (annotated_time(&facts.annotations), facts.unreadable_entries) {
            (Some(time), _) => (Some(time), Vec::new()),
            (None, 0) => self.newest_time(entries, needs_time, nesting).await?,
            (None, unreadable) if needs_time => {
                return Err(incomplete(unreadable, "one of them may be the newest build"));
            }
            (None, _) => (None, Vec::new()),
        };
        if let Some(IndexedImage { entry, inherited }) = selected {
            annotations.extend(inherited);
            let position = read.iter().position(|(digest, _)| *digest == entry.digest);
            annotations.extend(position.map(|position| read.swap_remove(position).1).unwrap_or_default());
            annotations.extend(entry.annotations);
        }
        Ok(time)
    }

    /// The build time of an index without an annotation: that of the newest image in it for any platform. With it come the manifests that
    /// were read. `None` if it is neither known nor needed.
    async fn newest_time(
        &self,
        entries: &[Entry],
        needs_time: bool,
        nesting: Nesting<'_>,
    ) -> Result<(Option<Timestamp>, Vec<(Digest, Annotations)>), InspectError> {
        let known = entries.iter().map(|entry| annotated_time(&entry.annotations));
        let known: Option<Vec<Timestamp>> = known.collect();
        match known {
            Some(times) => Ok((times.into_iter().max(), Vec::new())),
            None if needs_time => {
                let builds =
                    try_join_all(entries.iter().map(|entry| self.build_time(entry, nesting))).await?;
                let time = builds.iter().map(|build| build.time).max();
                Ok((time, builds.into_iter().flat_map(|build| build.read).collect()))
            }
            None => Ok((None, Vec::new())),
        }
    }

    /// The image for the platform; `None` for any platform. Nested indexes are read only if no direct entry matches.
    async fn select(
        &self,
        entries: &[Entry],
        unreadable: usize,
        nesting: Nesting<'_>,
    ) -> Result<Option<IndexedImage>, InspectError> {
        let is_image = |entry: &&Entry| is_stated(&entry.platform);
        let direct: Vec<IndexedImage> = entries.iter().filter(is_image).map(IndexedImage::from).collect();
        let Some(wanted) = self.platform else {
            if !direct.is_empty() {
                return Ok(None);
            }
            let nested = self.images(entries, nesting).await?;
            return match (nested.images.is_empty(), unreadable + nested.unreadable) {
                (false, _) => Ok(None),
                (true, 0) => Err(not_an_image("an index without an image, also in its nested indexes")),
                (true, unreadable) => Err(incomplete(unreadable, "no other one is an image")),
            };
        };
        let choose = |images: &[IndexedImage]| {
            let matches = |image: &&IndexedImage| wanted.matches(&image.entry.platform);
            // The one without a variant describes the image best.
            let plain = images.iter().filter(matches).find(|image| image.entry.platform.variant.is_none());
            plain.or_else(|| images.iter().find(matches)).cloned()
        };
        if let Some(image) = choose(&direct) {
            return Ok(Some(image));
        }
        let Images { images, unreadable: nested } = self.images(entries, nesting).await?;
        match choose(&images) {
            Some(image) => Ok(Some(image)),
            None if unreadable + nested > 0 => {
                Err(incomplete(unreadable + nested, &format!("no other one is for platform {wanted}")))
            }
            None if images.is_empty() => {
                Err(not_an_image("an index without an image, also in its nested indexes"))
            }
            None => Err(wrong_platform(wanted, images.iter().map(|image| &image.entry.platform))),
        }
    }

    /// The images among these entries, and those in nested indexes, which are listed without a platform.
    fn images<'a>(&'a self, entries: &'a [Entry], nesting: Nesting<'a>) -> Boxed<'a, Images> {
        Box::pin(async move {
            let images = entries.iter().map(async |entry| {
                if is_stated(&entry.platform) {
                    return Ok(Images { images: vec![IndexedImage::from(entry)], unreadable: 0 });
                }
                let Some(facts) = self.entry_manifest(entry).await? else { return Ok(Images::default()) };
                let Some(inner) = &facts.entries else { return Ok(Images::default()) };
                let mut found = self.images(inner, nesting.below(inner.len())?).await?;
                found.unreadable += facts.unreadable_entries;
                for image in &mut found.images {
                    let inner = std::mem::replace(&mut image.inherited, facts.annotations.clone());
                    image.inherited.extend(inner);
                }
                Ok::<_, InspectError>(found)
            });
            let mut all = Images::default();
            for found in try_join_all(images).await? {
                all.images.extend(found.images);
                all.unreadable += found.unreadable;
            }
            Ok(all)
        })
    }

    /// The build time of one entry: that of its descriptor, else of its manifest, else of its configuration or, for an index, of
    /// the newest image in it.
    fn build_time<'a>(&'a self, entry: &'a Entry, nesting: Nesting<'a>) -> Boxed<'a, BuildTime> {
        Box::pin(async move {
            if let Some(time) = annotated_time(&entry.annotations) {
                return Ok(BuildTime { time, read: Vec::new() });
            }
            let Some(facts) = self.entry_manifest(entry).await? else {
                return Ok(BuildTime { time: ZERO_TIME, read: Vec::new() });
            };
            let mut read = Vec::new();
            let time = match (annotated_time(&facts.annotations), &facts.entries, &facts.config) {
                (Some(time), ..) => time,
                (None, Some(_), _) if facts.unreadable_entries > 0 => {
                    return Err(incomplete(facts.unreadable_entries, "one of them may be the newest build"));
                }
                (None, Some(inner), _) => {
                    let nesting = nesting.below(inner.len())?;
                    let builds =
                        try_join_all(inner.iter().map(|entry| self.build_time(entry, nesting))).await?;
                    let time = builds.iter().map(|build| build.time).max().unwrap_or(ZERO_TIME);
                    read.extend(builds.into_iter().flat_map(|build| build.read));
                    time
                }
                (None, None, Some(config)) => self.config(config).await?.created.unwrap_or(ZERO_TIME),
                (None, None, None) => ZERO_TIME,
            };
            read.push((entry.digest.clone(), facts.annotations));
            Ok(BuildTime { time, read })
        })
    }

    /// The manifest of an entry; `None` if it is not an image after all.
    async fn entry_manifest(&self, entry: &Entry) -> Result<Option<ManifestFacts>, InspectError> {
        match self.manifest(&entry.digest).await {
            Ok(facts) => Ok(Some(facts)),
            Err(InspectError::Unsuitable(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl From<&Entry> for IndexedImage {
    fn from(entry: &Entry) -> Self {
        Self { entry: entry.clone(), inherited: Annotations::new() }
    }
}
