//! The source and its builder.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use artifact_http::{Call, CredentialSource, HttpClient, Identity, SourceContext, Tenant, WorkPool};
use artifact_source::{
    ArtifactSource, Clock, DiscoverRequest, Discovery, Error, ErrorKind, Fingerprint, Found, Image, SourceId,
    SourceKind,
};
use async_trait::async_trait;
use oci_registry::{Platform, RegistryClient, Repository};
use selection_strategies::{TagRule, TagStrategy};
use tokio::sync::Semaphore;

use crate::cache::{CacheScope, DiskCache, FactCache, MemoryCache};
use crate::inspection::{Inspector, Reads};
use crate::observation::{State, fingerprint};
use crate::policy::CacheByTagPolicy;
use crate::selection::Selection;

const DEFAULT_LIMIT: usize = 20;
const DEFAULT_PARALLELISM: usize = 32;

/// Finds the images of one repository that fit one rule; see the [crate](crate).
pub struct ImageSource {
    id: SourceId,
    repository: Repository,
    rule: Arc<TagRule>,
    work_pool: WorkPool,
    platform: Option<Platform>,
    limit: usize,
    trusts_tags: bool,
    parallelism: usize,
    cache: Arc<dyn FactCache>,
    scope: Arc<str>,
    /// The question that observations answer; `None` if there are none.
    fingerprint: Option<Fingerprint>,
    time_of_best: bool,
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
    tenant: Option<Tenant>,
    rule: TagRule,
    work_pool: WorkPool,
    platform: Option<Platform>,
    limit: usize,
    cache_by_tag: bool,
    cache_by_tag_policy: CacheByTagPolicy,
    parallelism: usize,
    cache: Option<Arc<dyn FactCache>>,
    scope: Arc<str>,
    time_of_best: bool,
    clock: Option<Arc<dyn Clock>>,
}

impl ImageSourceBuilder {
    /// The id in messages and reports. Defaults to one made of the repository's name.
    pub fn id(mut self, id: SourceId) -> Self {
        self.id = Some(id);
        self
    }

    /// What the sources of one program share. It replaces [`http`](Self::http), [`credentials`](Self::credentials),
    /// [`tenant`](Self::tenant), [`clock`](Self::clock), [`work_pool`](Self::work_pool) and [`cache_dir`](Self::cache_dir).
    pub fn context(self, context: &SourceContext) -> Self {
        self.http(context.http.clone())
            .credentials(Arc::clone(&context.credentials))
            .tenant(context.tenant.clone())
            .clock(Arc::clone(&context.clock))
            .work_pool(context.work_pool.clone())
            .cache_dir(context.cache_dir.clone())
    }

    /// The client that sends the requests. Defaults to one with default settings. A [`registry`](Self::registry) has its own.
    pub fn http(mut self, client: HttpClient) -> Self {
        self.http = Some(client);
        self
    }

    /// The client that reads registries, to share its tokens and rate limits with other sources. Defaults to one for this source alone.
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

    /// Whose source it is: the credential is looked up for this tenant, and what was read with it is kept for this tenant alone. Defaults to
    /// that of the [`registry`](Self::registry), which has none by default.
    pub fn tenant(mut self, tenant: impl Into<Tenant>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// The rule that selects and orders tags. Defaults to all semantic versions.
    pub fn rule(mut self, rule: TagRule) -> Self {
        self.rule = rule;
        self
    }

    /// The threads that judge tags. Defaults to [those of the process](WorkPool::default).
    pub fn work_pool(mut self, pool: WorkPool) -> Self {
        self.work_pool = pool;
        self
    }

    /// The platform that images must be for. Defaults to any platform.
    ///
    /// A platform is parsed from a text such as `linux/arm64`; without a variant it [matches](Platform::matches) every variant.
    pub fn platform(mut self, platform: impl Into<Option<Platform>>) -> Self {
        self.platform = platform.into();
        self
    }

    /// The largest number of images. Defaults to 20.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Whether tags never move, so that each tag is read once (`cacheByTag`, [rule 3.7](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). Defaults to
    /// `false`. The tag of a [`Digest`](TagStrategy::Digest) rule is read each time, as it is expected to move.
    pub fn cache_by_tag(mut self, cache_by_tag: bool) -> Self {
        self.cache_by_tag = cache_by_tag;
        self
    }

    /// The operator's policy for [`cache_by_tag`](Self::cache_by_tag). Defaults to [`Allow`](CacheByTagPolicy::Allow).
    pub fn cache_by_tag_policy(mut self, policy: CacheByTagPolicy) -> Self {
        self.cache_by_tag_policy = policy;
        self
    }

    /// The largest number of concurrent requests; 0 counts as 1. Defaults to 32.
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

    /// A text that is part of the key of cached facts: sources that share a cache share facts only within one scope. It must not
    /// be secret. Defaults to the empty text. The [scope](artifact_http::Identity::scope) of the identity is always part of the key, so that
    /// no source gets facts that its own credential may not read.
    pub fn scope(mut self, scope: impl Into<Arc<str>>) -> Self {
        self.scope = scope.into();
        self
    }

    /// Whether to read the build time of the best image under a rule that does not need build times. This costs as much as
    /// [`Newest`](TagStrategy::Newest) for one tag: nothing if an annotation has it or it is cached. If it cannot be read and a retry
    /// would not help, the image has no build time, and there is a warning. Defaults to `false`.
    pub fn time_of_best(mut self, is_needed: bool) -> Self {
        self.time_of_best = is_needed;
        self
    }

    /// The clock, for warnings about build times in the future. Defaults to none, without such warnings.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// The source.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for a repository that does not parse as an
    /// [`ImageName`](oci_registry::ImageName), for a limit of 0, and as [`CacheByTagPolicy::trusts`].
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
        let registry = match self.tenant {
            Some(tenant) => registry.for_tenant(tenant),
            None => registry,
        };
        let repository = registry.repository(&self.repo_url).map_err(|error| error.with_id(&id))?;
        let trusts_tags = self.cache_by_tag_policy.trusts(self.rule.strategy(), self.cache_by_tag);
        let trusts_tags = trusts_tags.map_err(|error| error.with_id(&id))?;
        let fingerprint = fingerprint(
            &repository.name().to_string(),
            &self.rule,
            self.platform.as_ref().map(Platform::to_string),
            self.limit,
            self.time_of_best,
        );
        Ok(ImageSource {
            fingerprint,
            id,
            repository,
            rule: Arc::new(self.rule),
            work_pool: self.work_pool,
            platform: self.platform,
            limit: self.limit,
            trusts_tags,
            parallelism: self.parallelism,
            cache: self.cache.unwrap_or_else(|| Arc::new(MemoryCache::default())),
            scope: self.scope,
            time_of_best: self.time_of_best,
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
            tenant: None,
            rule: TagRule::semver(None),
            work_pool: WorkPool::default(),
            platform: None,
            limit: DEFAULT_LIMIT,
            cache_by_tag: false,
            cache_by_tag_policy: CacheByTagPolicy::default(),
            parallelism: DEFAULT_PARALLELISM,
            cache: None,
            scope: "".into(),
            time_of_best: false,
            clock: None,
        }
    }

    /// The scope of the facts that are read as this identity.
    fn cache_scope(&self, identity: &Identity) -> CacheScope {
        // As JSON, so that no two pairs have the same text.
        let scope = serde_json::json!([&*self.scope, identity.scope()]);
        CacheScope::new(self.repository.name().to_string(), scope.to_string())
    }

    /// The state that was recorded for this question.
    fn recorded(&self, request: &DiscoverRequest<'_>) -> Option<State> {
        self.fingerprint.as_ref()?.recorded(request.previous)
    }

    /// The images that are found, and the state of the observation.
    async fn select(
        &self,
        repository: &Repository,
        scope: &CacheScope,
        request: &DiscoverRequest<'_>,
        call: &Call,
    ) -> Result<(Vec<Image>, State), Error> {
        let previous = self.recorded(request);
        // A tag that is still missing in the next poll is not worth a list each time.
        let names_similar = previous.is_none();
        let inspector = Inspector {
            repository,
            cache: &*self.cache,
            scope,
            platform: self.platform.as_ref(),
            trusts_tags: self.trusts_tags,
            is_listed: !matches!(self.rule.strategy(), TagStrategy::Digest { .. }),
            missing_repository: OnceLock::new(),
            needs_time: matches!(self.rule.strategy(), TagStrategy::Newest),
            previous: previous.map(|state| state.digests).unwrap_or_default(),
            call,
            permits: Semaphore::new(self.parallelism),
            reads: Reads::default(),
        };
        let selection = Selection {
            inspector: &inspector,
            rule: &self.rule,
            work_pool: &self.work_pool,
            limit: self.limit,
            trace: request.trace,
            parallelism: self.parallelism,
            time_of_best: self.time_of_best,
            names_similar,
            now: self.clock.as_ref().map(|clock| clock.now()),
        };
        let images = selection.run().await?;
        let state = State::new(inspector.reads.into_tags(), &images);
        Ok((images, state))
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
    /// As [`Repository::tags`] and [`Repository::manifest`], except that a missing candidate is rejected.
    async fn discover(&self, request: DiscoverRequest<'_>) -> Result<Discovery<Image>, Error> {
        let call = Call::from(&request).for_tenant(self.repository.tenant().clone());
        let identity = self.repository.identity().await.map_err(|error| error.with_id(&self.id))?;
        request.trace.authenticated(&identity.principal());
        let scope = self.cache_scope(&identity);
        let repository = self.repository.clone().with_identity(identity);
        self.cache.open(&scope).await;
        let selected = self.select(&repository, &scope, &request, &call).await;
        // Facts that were read before an error are valid too.
        self.cache.flush(&scope).await;
        let (images, state) = selected.map_err(|error| error.with_id(&self.id))?;
        let previous = self.recorded(&request);
        if previous.is_some_and(|previous| previous.has_same_images(&state)) {
            return Ok(Discovery::Unchanged { cost: call.cost() });
        }
        let observation = self.fingerprint.as_ref().and_then(|fingerprint| fingerprint.observation(&state));
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
