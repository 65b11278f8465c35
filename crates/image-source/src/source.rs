//! The source and how it is built.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use artifact_http::{Call, CredentialSource, HttpClient, Identity, SourceContext};
use artifact_source::{
    ArtifactSource, Clock, DiscoverRequest, Discovery, Error, ErrorKind, Found, Image, SourceId, SourceKind,
};
use async_trait::async_trait;
use oci_registry::{Digest, RegistryClient, Repository};
use selection_strategies::{TagRule, TagStrategy};
use tokio::sync::Semaphore;

use crate::inspect::{Inspector, ReadsOfRun};
use crate::memory::Memory;
use crate::select::Selection;
use crate::{CacheByTagPolicy, CacheScope, DiskCache, FactCache, MemoryCache, PlatformConstraint};

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
    clock: Option<Arc<dyn Clock>>,
}

/// Builds an [`ImageSource`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ImageSourceBuilder {
    repo_url: String,
    id: Option<SourceId>,
    http: Option<HttpClient>,
    registry: Option<RegistryClient>,
    credentials: Option<Arc<dyn CredentialSource>>,
    rule: TagRule,
    platform: Option<PlatformConstraint>,
    limit: usize,
    vouches_for_tags: bool,
    tag_policy: CacheByTagPolicy,
    parallelism: usize,
    cache: Option<Arc<dyn FactCache>>,
    scope: Arc<str>,
    tells_time: bool,
    clock: Option<Arc<dyn Clock>>,
}

impl ImageSourceBuilder {
    /// The id in messages and reports. Defaults to one made of the repository's name.
    pub fn id(mut self, id: SourceId) -> Self {
        self.id = Some(id);
        self
    }

    /// What the sources of one program share. It replaces [`http`](Self::http), [`credentials`](Self::credentials),
    /// [`clock`](Self::clock) and [`cache_dir`](Self::cache_dir).
    pub fn context(self, context: &SourceContext) -> Self {
        self.http(context.http.clone())
            .credentials(Arc::clone(&context.credentials))
            .clock(Arc::clone(&context.clock))
            .cache_dir(context.cache_dir.clone())
    }

    /// The client that sends the requests. Defaults to one with default settings. A [`registry`](Self::registry) has its own.
    pub fn http(mut self, client: HttpClient) -> Self {
        self.http = Some(client);
        self
    }

    /// The client that reads registries, to share its tokens and its pace with other sources. Defaults to one for this source alone.
    pub fn registry(mut self, client: RegistryClient) -> Self {
        self.registry = Some(client);
        self
    }

    /// Where the credential for the repository is looked up, once at each discovery. Defaults to the source of credentials of the
    /// [`registry`](Self::registry), which has none by default.
    pub fn credentials(mut self, credentials: impl CredentialSource + 'static) -> Self {
        self.credentials = Some(Arc::new(credentials));
        self
    }

    /// Which tags, and in which order. Defaults to all semantic versions.
    pub fn rule(mut self, rule: TagRule) -> Self {
        self.rule = rule;
        self
    }

    /// The platform that images have to be for. Defaults to any.
    pub fn platform(mut self, platform: impl Into<Option<PlatformConstraint>>) -> Self {
        self.platform = platform.into();
        self
    }

    /// The largest number of images. Defaults to 20.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Whether tags never move, so that a tag is read once (`cacheByTag`, semantics rule 3.7). Defaults to `false`. The one tag of a
    /// [`Digest`](TagStrategy::Digest) rule is read each time in any case: it is there to move.
    pub fn cache_by_tag(mut self, vouched: bool) -> Self {
        self.vouches_for_tags = vouched;
        self
    }

    /// The operator's policy for [`cache_by_tag`](Self::cache_by_tag). Defaults to the subscription's choice.
    pub fn cache_by_tag_policy(mut self, policy: CacheByTagPolicy) -> Self {
        self.tag_policy = policy;
        self
    }

    /// The largest number of requests at once. Defaults to 32.
    pub fn parallelism(mut self, requests: usize) -> Self {
        self.parallelism = requests.max(1);
        self
    }

    /// The cache for facts about images, to share with other sources. Defaults to one in memory for this source alone.
    pub fn cache(mut self, cache: Arc<dyn FactCache>) -> Self {
        self.cache = Some(cache);
        self
    }

    /// A folder for facts about images that outlive the process: a [`DiskCache`] in its folder `images`. `None` leaves the cache as it is.
    pub fn cache_dir(self, folder: impl Into<Option<PathBuf>>) -> Self {
        match folder.into() {
            Some(folder) => self.cache(Arc::new(DiskCache::new(folder.join("images")))),
            None => self,
        }
    }

    /// For whom the repository is read, in words that are no secret: sources that share a cache share facts only
    /// within one scope. Defaults to the empty text. The credential's own [scope](artifact_http::Login::scope) is part of it
    /// in any case, so that nobody learns from the cache what the registry would not tell them; but two tokens that were given
    /// to the client directly have no names, and are told apart here.
    pub fn scope(mut self, scope: impl Into<Arc<str>>) -> Self {
        self.scope = scope.into();
        self
    }

    /// Whether the build time of the best image is wanted under a rule that does not read build times. It is read of this
    /// one image alone, after it was found, and costs what it costs under [`Newest`](TagStrategy::Newest) for one tag: nothing
    /// where an annotation says it or where it was read before. Where it cannot be read and never will, the image stands without
    /// it, with a warning. Defaults to `false`.
    pub fn time_of_best(mut self, wanted: bool) -> Self {
        self.tells_time = wanted;
        self
    }

    /// Tells the present time, so that images of the future have a warning. Without a clock there is no such warning.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// The source.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for a repository that cannot be one (see
    /// [`ImageName`](oci_registry::ImageName)), for a limit of 0, and as [`CacheByTagPolicy::trusts`] says.
    pub fn build(self) -> Result<ImageSource, Error> {
        let id = self.id.unwrap_or_else(|| SourceId::new(SourceKind::Image, &self.repo_url));
        if self.limit == 0 {
            return Err(Error::new(ErrorKind::InvalidInput, "a limit of 0 finds nothing").with_id(&id));
        }
        let registry = match (self.registry, self.http) {
            (Some(registry), _) => registry,
            (None, Some(http)) => RegistryClient::builder(http).build(),
            (None, None) => {
                let http = HttpClient::builder().build().map_err(|error| error.with_id(&id))?;
                RegistryClient::builder(http).build()
            }
        };
        let registry = match self.credentials {
            Some(credentials) => registry.with_credentials(credentials),
            None => registry,
        };
        let repository = registry.repository(&self.repo_url).map_err(|error| error.with_id(&id))?;
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
    /// A builder of a source of this repository: `nginx`, `ghcr.io/a/b`.
    pub fn builder(repo_url: impl Into<String>) -> ImageSourceBuilder {
        ImageSourceBuilder {
            repo_url: repo_url.into(),
            id: None,
            http: None,
            registry: None,
            credentials: None,
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

    /// What the facts that are read as this identity belong to.
    fn cache_scope(&self, identity: &Identity) -> CacheScope {
        // Quoted, so that no two pairs look alike.
        let scope = format!("{:?} {:?}", self.scope, identity.scope());
        CacheScope::new(self.repository.name().to_string(), scope)
    }

    async fn look(
        &self,
        repository: &Repository,
        scope: &CacheScope,
        request: &DiscoverRequest<'_>,
        call: &Call,
    ) -> Result<(Vec<Image>, Memory), Error> {
        let previous = Memory::of(request.previous, &self.fingerprint);
        let inspector = Inspector {
            repository,
            cache: &*self.cache,
            scope,
            platform: self.platform.as_ref(),
            trusts_tags: self.trusts_tags,
            needs_time: matches!(self.rule.strategy(), TagStrategy::Newest),
            previous: previous.map(|memory| memory.digests).unwrap_or_default(),
            call,
            permits: Semaphore::new(self.parallelism),
            reads: ReadsOfRun::default(),
        };
        let selection = Selection {
            inspector: &inspector,
            rule: &self.rule,
            limit: self.limit,
            trace: request.trace,
            parallelism: self.parallelism,
            tells_time: self.tells_time,
            now: self.clock.as_ref().map(|clock| clock.now()),
        };
        let images = selection.run().await?;
        let memory = Memory::new(inspector.reads.into_seen(), &images);
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
        let identity = self.repository.identity().await.map_err(|error| error.with_id(&self.id))?;
        request.trace.authenticated(&identity.principal());
        let scope = self.cache_scope(&identity);
        let repository = self.repository.clone().with_identity(identity);
        self.cache.open(&scope).await;
        let looked = self.look(&repository, &scope, &request, &call).await;
        // What was learned before a fault is as true as what is learned after it.
        self.cache.settle(&scope).await;
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
