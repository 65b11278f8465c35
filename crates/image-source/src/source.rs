//! The source and how it is built.

use std::fmt;
use std::sync::Arc;

use artifact_http::Call;
use artifact_source::{
    ArtifactSource, DiscoverRequest, Discovery, Error, ErrorKind, Found, Image, SourceId, SourceKind,
};
use async_trait::async_trait;
use jiff::Timestamp;
use oci_registry::{Digest, RegistryClient, Repository};
use selection_strategies::{TagRule, TagStrategy};
use tokio::sync::Semaphore;

use crate::inspect::{Desk, Inspector};
use crate::memory::Memory;
use crate::select::Selection;
use crate::{CacheByTagPolicy, FactCache, MemoryCache, PlatformConstraint, Shelf};

const DEFAULT_LIMIT: usize = 20;
const DEFAULT_PARALLELISM: usize = 32;

/// Finds the images of one repository that fit one rule; see the [crate](crate).
pub struct ImageSource {
    id: SourceId,
    repository: Repository,
    rule: TagRule,
    platform: Option<PlatformConstraint>,
    limit: usize,
    trusts_tags: bool,
    parallelism: usize,
    cache: Arc<dyn FactCache>,
    scope: Arc<str>,
    fingerprint: String,
    tells_time: bool,
    clock: Option<fn() -> Timestamp>,
}

/// Builds an [`ImageSource`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ImageSourceBuilder {
    client: RegistryClient,
    repo_url: String,
    name: Option<String>,
    rule: TagRule,
    platform: Option<PlatformConstraint>,
    limit: usize,
    vouches_for_tags: bool,
    tag_policy: CacheByTagPolicy,
    parallelism: usize,
    cache: Option<Arc<dyn FactCache>>,
    scope: Arc<str>,
    tells_time: bool,
    clock: Option<fn() -> Timestamp>,
}

impl ImageSourceBuilder {
    /// The subscription's own name, for telling two sources of one repository apart.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Which tags, and in which order: all semantic versions, if it is not said.
    pub fn rule(mut self, rule: TagRule) -> Self {
        self.rule = rule;
        self
    }

    /// The platform that images have to be for: any, if it is not said.
    pub fn platform(mut self, platform: impl Into<Option<PlatformConstraint>>) -> Self {
        self.platform = platform.into();
        self
    }

    /// How many images at most: 20, if it is not said.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Whether tags never move, so that one that was looked at need not be looked at again (`cacheByTag`, semantics
    /// rule 3.7). No, if it is not said. The one tag of a
    /// [`Digest`](TagStrategy::Digest) rule is followed all the same: it is there to move.
    pub fn cache_by_tag(mut self, vouched: bool) -> Self {
        self.vouches_for_tags = vouched;
        self
    }

    /// What the operator says to [`cache_by_tag`](Self::cache_by_tag): that subscriptions may choose, if it is not said.
    pub fn cache_by_tag_policy(mut self, policy: CacheByTagPolicy) -> Self {
        self.tag_policy = policy;
        self
    }

    /// How many requests are under way at once: 32, if it is not said.
    pub fn parallelism(mut self, requests: usize) -> Self {
        self.parallelism = requests.max(1);
        self
    }

    /// Where facts are kept: in a cache in memory of this source's own, if it is not said.
    pub fn cache(mut self, cache: Arc<dyn FactCache>) -> Self {
        self.cache = Some(cache);
        self
    }

    /// For whom the repository is read, in words that are no secret: sources that share a cache share what they know only
    /// within one scope. Nothing, if it is not said. The credential's own [scope](artifact_http::Login::scope) is part of it
    /// in any case, so that nobody learns from the cache what the registry would not tell them; but two tokens that were given
    /// to the client directly have no names, and are told apart here.
    pub fn scope(mut self, scope: impl Into<Arc<str>>) -> Self {
        self.scope = scope.into();
        self
    }

    /// Whether it has to be known when the best image was built, under a rule that does not look at that. It is read of this
    /// one image alone, after it was found, and costs what it costs under [`Newest`](TagStrategy::Newest) for one tag: nothing
    /// where an annotation says so or where it was read before. Where it cannot be read and never will, the image stands without
    /// it, with a warning. No, if it is not said.
    pub fn time_of_best(mut self, wanted: bool) -> Self {
        self.tells_time = wanted;
        self
    }

    /// Where the present time comes from, by which images of the future are known: a source without a clock takes every time
    /// for what it is.
    pub fn clock(mut self, clock: fn() -> Timestamp) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The source.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for a repository that cannot be one (see
    /// [`ImageName`](oci_registry::ImageName)), for a limit of 0, and as [`CacheByTagPolicy::trusts`] says.
    pub fn build(self) -> Result<ImageSource, Error> {
        let mut id = SourceId::new(SourceKind::Image, &self.repo_url);
        if let Some(name) = self.name {
            id = id.with_name(name);
        }
        if self.limit == 0 {
            return Err(Error::new(ErrorKind::InvalidInput, "a limit of 0 finds nothing").with_id(&id));
        }
        let repository = self.client.repository(&self.repo_url).map_err(|error| error.with_id(&id))?;
        let trusts_tags = self.tag_policy.trusts(self.rule.strategy(), self.vouches_for_tags);
        let trusts_tags = trusts_tags.map_err(|error| error.with_id(&id))?;
        let question = format!(
            "{} {:?} {:?} {} {}",
            repository.name(),
            self.rule,
            self.platform,
            self.limit,
            self.tells_time
        );
        Ok(ImageSource {
            fingerprint: Digest::of(question.as_bytes()).to_string(),
            id,
            repository,
            rule: self.rule,
            platform: self.platform,
            limit: self.limit,
            trusts_tags,
            parallelism: self.parallelism,
            cache: self.cache.unwrap_or_else(|| Arc::new(MemoryCache::default())),
            scope: self.scope,
            tells_time: self.tells_time,
            clock: self.clock,
        })
    }
}

impl ImageSource {
    /// A builder of a source that reads this repository (`nginx`, `ghcr.io/a/b`) through this client.
    pub fn builder(client: &RegistryClient, repo_url: impl Into<String>) -> ImageSourceBuilder {
        ImageSourceBuilder {
            client: client.clone(),
            repo_url: repo_url.into(),
            name: None,
            rule: TagRule::semver(None),
            platform: None,
            limit: DEFAULT_LIMIT,
            vouches_for_tags: false,
            tag_policy: CacheByTagPolicy::default(),
            parallelism: DEFAULT_PARALLELISM,
            cache: None,
            scope: "".into(),
            tells_time: false,
            clock: None,
        }
    }

    /// Where what is learned is kept: apart for each credential, whoever may share the cache.
    async fn shelf(&self) -> Result<Shelf, Error> {
        let login = self.repository.login_scope().await?;
        // Quoted, so that no two pairs look alike.
        Ok(Shelf::new(self.repository.name().to_string(), format!("{:?} {login:?}", self.scope)))
    }

    async fn look(
        &self,
        shelf: &Shelf,
        request: &DiscoverRequest<'_>,
        call: &Call,
    ) -> Result<(Vec<Image>, Memory), Error> {
        let previous = Memory::of(request.previous, &self.fingerprint);
        let inspector = Inspector {
            repository: &self.repository,
            cache: &*self.cache,
            shelf,
            platform: self.platform.as_ref(),
            trusts_tags: self.trusts_tags,
            needs_time: matches!(self.rule.strategy(), TagStrategy::Newest),
            previous: previous.map(|memory| memory.digests).unwrap_or_default(),
            call,
            permits: Semaphore::new(self.parallelism),
            desk: Desk::default(),
        };
        let selection = Selection {
            inspector: &inspector,
            rule: &self.rule,
            limit: self.limit,
            trace: request.trace,
            parallelism: self.parallelism,
            tells_time: self.tells_time,
            now: self.clock.map(|clock| clock()),
        };
        let images = selection.run().await?;
        let memory = Memory::new(inspector.desk.into_seen(), &images);
        Ok((images, memory))
    }
}

#[async_trait]
impl ArtifactSource for ImageSource {
    type Artifact = Image;

    fn id(&self) -> &SourceId {
        &self.id
    }

    /// # Errors
    ///
    /// As [`Repository::tags`] and [`Repository::manifest`]: whatever keeps a candidate from being judged, but for
    /// its absence.
    async fn discover(&self, request: DiscoverRequest<'_>) -> Result<Discovery<Image>, Error> {
        let call = Call::from(&request);
        let shelf = self.shelf().await.map_err(|error| error.with_id(&self.id))?;
        self.cache.open(&shelf).await;
        let looked = self.look(&shelf, &request, &call).await;
        // What was learned before a fault is as true as what is learned after it.
        self.cache.settle(&shelf).await;
        let (images, memory) = looked.map_err(|error| error.with_id(&self.id))?;
        let previous = Memory::of(request.previous, &self.fingerprint);
        if previous.is_some_and(|previous| previous.found_the_same(&memory)) {
            return Ok(Discovery::Unchanged { cost: call.cost() });
        }
        let observation = memory.observation(&self.fingerprint);
        Ok(Discovery::Found(Found::new(images, call.cost()).with_observation(observation)))
    }
}

impl fmt::Display for ImageSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

impl fmt::Debug for ImageSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageSource")
            .field("id", &self.id)
            .field("rule", &self.rule)
            .field("platform", &self.platform)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
