//! The source and its builder.

use std::fmt;
use std::sync::Arc;

use artifact_http::{
    Call, CredentialRequest, CredentialSource, HttpClient, Identity, SourceContext, Tenant, Url, WorkPool,
};
use artifact_source::{
    ArtifactSource, Candidate, Chart, DiscoverRequest, Discovery, Error, ErrorKind, Fingerprint, Found,
    Rejection, SourceId, SourceKind, Trace, Warning, printable,
};
use async_trait::async_trait;
use jiff::Timestamp;
use oci_registry::{RegistryClient, Repository};
use selection_strategies::{NameKind, TagRule, similar_names};

use crate::cache::IndexCache;
use crate::fetch::{CachedIndex, Fetched, IndexRequest};
use crate::index::{EntryDigest, Lost};
use crate::index_limits;
use crate::location::Location;
use crate::observation::{State, of_index, of_tags};
use crate::rule::{given_rule, rule_of};
use crate::selection::{Listed, Selection, TagReads};

/// [Rule 1.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md).
const DEFAULT_LIMIT: usize = 20;

/// Finds the versions of one Helm chart that fit one rule; see the [crate](crate).
pub struct HelmSource {
    id: SourceId,
    /// As the subscription spells it, for the source of credentials alone: it may hold a password.
    repo_url: String,
    backend: Backend,
    rule: Arc<TagRule>,
    work_pool: WorkPool,
    limit: usize,
    follow_digests: bool,
    check_config: bool,
    credentials: Option<Arc<dyn CredentialSource>>,
    tenant: Option<Tenant>,
    /// The question that observations answer; `None` if there are none.
    fingerprint: Option<Fingerprint>,
}

/// What lists the versions.
enum Backend {
    Index { url: Url, chart: String, cache: IndexCache, max_bytes: u64, allow_plain_credential: bool },
    Registry { repository: Repository },
}

/// Builds a [`HelmSource`].
#[derive(Clone)]
#[must_use]
pub struct HelmSourceBuilder {
    repo_url: String,
    id: Option<SourceId>,
    chart: Option<String>,
    rule: Option<TagRule>,
    work_pool: WorkPool,
    constraint: Option<String>,
    accept_v: bool,
    limit: usize,
    follow_digests: bool,
    check_config: bool,
    http: Option<HttpClient>,
    cache: Option<IndexCache>,
    registry: Option<RegistryClient>,
    credentials: Option<Arc<dyn CredentialSource>>,
    tenant: Option<Tenant>,
    max_index_bytes: u64,
    allow_plain_credential: bool,
}

impl HelmSourceBuilder {
    /// The id in messages and reports. Defaults to one made of the repository's URL and the chart.
    pub fn id(mut self, id: SourceId) -> Self {
        self.id = Some(id);
        self
    }

    /// What the sources of one program share. It replaces [`http`](Self::http), [`credentials`](Self::credentials),
    /// [`tenant`](Self::tenant) and [`work_pool`](Self::work_pool). Charts need no clock, and the folder for caches is not used, as a client does not tell whether it verifies certificates: hand in a
    /// [`cache`](Self::cache) with a [`DiskIndexCache`](crate::DiskIndexCache).
    pub fn context(self, context: &SourceContext) -> Self {
        self.http(context.http.clone())
            .credentials(Arc::clone(&context.credentials))
            .tenant(context.tenant.clone())
            .work_pool(context.work_pool.clone())
    }

    /// The client that sends the requests. Defaults to one with default settings. A [`cache`](Self::cache) and a
    /// [`registry`](Self::registry) have clients of their own, which take precedence, in whichever order these are called.
    pub fn http(mut self, client: HttpClient) -> Self {
        self.http = Some(client);
        self
    }

    /// The cache of indexes to share with other sources, with its client. Defaults to one for this source alone. A chart in a registry does
    /// not use it.
    pub fn cache(mut self, cache: IndexCache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// The client that reads registries, to share its tokens and its pace with other sources. Defaults to one for this source alone. A
    /// chart in a chart repository does not use it.
    pub fn registry(mut self, client: RegistryClient) -> Self {
        self.registry = Some(client);
        self
    }

    /// Where the credential for the repository is looked up, once at each discovery. Defaults to the source of credentials of the
    /// [`registry`](Self::registry), which has none by default. A user and a password in the `repoURL` of a chart repository count where
    /// this source has none.
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

    /// The threads that judge versions. Defaults to [those of the process](WorkPool::default).
    pub fn work_pool(mut self, pool: WorkPool) -> Self {
        self.work_pool = pool;
        self
    }

    /// The name of the chart. A chart repository needs one. An OCI repository is one chart and must not have one
    /// ([rule 1.7](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). An empty name is none.
    pub fn chart(mut self, name: impl Into<String>) -> Self {
        self.chart = Some(name.into()).filter(|name| !name.is_empty());
        self
    }

    /// Which versions, and in which order, instead of a [`constraint`](Self::constraint) and [`accept_v`](Self::accept_v). The rule's
    /// [kind of names](TagRule::with_kind) is set to that of the repository: in a registry, `_` stands for `+`.
    ///
    /// Defaults to [`TagRule::chart`] for a chart repository and to [`TagRule::oci_chart`] for a registry.
    ///
    /// ```
    /// use helm_source::HelmSource;
    /// use selection_strategies::{TagFilter, TagRule};
    ///
    /// let filter = TagFilter::builder().ignore("-rc").build()?;
    /// let rule = TagRule::chart(Some("^1.0-0".parse()?)).with_filter(filter);
    /// assert!(rule.judge("1.2.0").is_accepted());
    /// assert_eq!(rule.judge("1.3.0-rc.1").to_string(), r#"ignored by the pattern "-rc""#);
    ///
    /// let source = HelmSource::builder("https://charts.example.com").chart("web").rule(rule).build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rule(mut self, rule: TagRule) -> Self {
        self.rule = Some(rule);
        self
    }

    /// The constraint on versions: `^1.2`, `>=1.0.0 <2.0.0-0`. An empty text is none. Defaults to none.
    pub fn constraint(mut self, constraint: impl Into<String>) -> Self {
        self.constraint = Some(constraint.into()).filter(|constraint| !constraint.is_empty());
        self
    }

    /// Whether the tags of an OCI chart may begin with a `v`
    /// ([rule 2.11](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). Versions in a chart repository always may.
    /// Defaults to `false`, as Helm pushes no such tags.
    pub fn accept_v(mut self, accept: bool) -> Self {
        self.accept_v = accept;
        self
    }

    /// The largest number of versions. Defaults to 20.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Whether each version is found with the digest of its content, so that a version that is published again with other content is a
    /// change; see [the digests](crate#digests). Defaults to `false`, as in Kargo: a chart is its version.
    pub fn follow_digests(mut self, follow: bool) -> Self {
        self.follow_digests = follow;
        self
    }

    /// Whether a tag of an OCI repository must point at a chart: at a manifest whose configuration has the media type
    /// `application/vnd.cncf.helm.config.v1+json`. Other tags, such as those of an image in the same repository, are passed over. It costs
    /// one GET request per version that is found or passed over. Defaults to `false`, as in Kargo: every tag that is a version counts,
    /// unless [digests](Self::follow_digests) are followed and the registry's response says that it is an image. A chart in a chart
    /// repository is not checked.
    pub fn check_config(mut self, check: bool) -> Self {
        self.check_config = check;
        self
    }

    /// The largest index, in bytes after decompression. Defaults to 256 MiB.
    pub fn max_index_bytes(mut self, bytes: u64) -> Self {
        self.max_index_bytes = bytes;
        self
    }

    /// Whether the credential of a chart repository may be sent over plain http to another machine. Defaults to `false`. Registries that
    /// are read over plain http are named in the [`registry`](Self::registry).
    pub fn allow_plain_credential(mut self, allow: bool) -> Self {
        self.allow_plain_credential = allow;
        self
    }

    /// The source. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for
    ///
    /// - a URL that is not `https`, `http` or `oci`, or an `oci` URL that does not name a repository;
    /// - a chart repository without a [`chart`](Self::chart), or an OCI repository with one;
    /// - a constraint that cannot be parsed
    ///   ([rules 2.1 and 2.6 to 2.8](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)), a
    ///   [`rule`](Self::rule) beside a constraint or [`accept_v`](Self::accept_v), or a rule that orders by build time;
    /// - a limit of 0.
    pub fn build(self) -> Result<HelmSource, Error> {
        let id = self.id.clone().unwrap_or_else(|| {
            SourceId::new(SourceKind::Chart, &self.repo_url).with_chart(self.chart.as_deref())
        });
        self.build_as(id.clone()).map_err(|error| error.with_id(&id))
    }

    fn build_as(self, id: SourceId) -> Result<HelmSource, Error> {
        if self.limit == 0 {
            return Err(
                invalid("a limit of 0 finds nothing").with_hint("leave the limit out, or make it 1 or more")
            );
        }
        let location = Location::parse(&self.repo_url)?;
        let rule = self.checked_rule(&location)?;
        let http = || match &self.http {
            Some(client) => Ok(client.clone()),
            None => HttpClient::builder().build(),
        };
        let reads = TagReads { digests: self.follow_digests, config: self.check_config };
        let (backend, fingerprint) = match (location, self.chart) {
            (Location::Index(url), Some(chart)) => {
                let fingerprint = of_index(&url, &chart, &rule, self.limit, self.follow_digests);
                let cache = match self.cache {
                    Some(cache) => cache,
                    None => IndexCache::new(http()?),
                };
                let (max_bytes, allow_plain_credential) = (self.max_index_bytes, self.allow_plain_credential);
                (Backend::Index { url, chart, cache, max_bytes, allow_plain_credential }, fingerprint)
            }
            (Location::Index(_), None) => {
                return Err(invalid("a chart in a chart repository needs a name"));
            }
            (Location::Registry(repository), None) => {
                let registry = match self.registry {
                    Some(registry) => registry,
                    None => RegistryClient::builder(http()?).kind(SourceKind::Chart).build(),
                };
                let registry = match &self.tenant {
                    Some(tenant) => registry.for_tenant(tenant.clone()),
                    None => registry,
                };
                let repository = registry.repository(&repository)?;
                let name = repository.name().to_string();
                let fingerprint = of_tags(&name, &rule, self.limit, reads);
                (Backend::Registry { repository }, fingerprint)
            }
            (Location::Registry(_), Some(name)) => {
                return Err(invalid("a chart in an OCI registry has no name beside its repoURL")
                    .with_hint(format!("append /{name} to the repoURL and leave the name out")));
            }
        };
        Ok(HelmSource {
            id,
            repo_url: self.repo_url,
            backend,
            rule: Arc::new(rule),
            work_pool: self.work_pool,
            limit: self.limit,
            follow_digests: self.follow_digests,
            check_config: self.check_config,
            credentials: self.credentials,
            tenant: self.tenant,
            fingerprint,
        })
    }

    fn checked_rule(&self, location: &Location) -> Result<TagRule, Error> {
        let kind = match location {
            Location::Index(_) => NameKind::Plain,
            Location::Registry(_) => NameKind::OciChart,
        };
        match &self.rule {
            None => rule_of(self.constraint.as_deref(), self.accept_v, kind),
            Some(rule) if self.constraint.is_none() && !self.accept_v => given_rule(rule.clone(), kind),
            Some(_) => Err(invalid("a rule replaces the constraint and accept_v, and both are given")),
        }
    }
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}

/// The versions of one chart in an index.
#[derive(Clone)]
struct ListedVersions {
    cached: Arc<CachedIndex>,
    chart: String,
}

impl Listed for ListedVersions {
    fn count(&self) -> usize {
        self.cached.index.versions(&self.chart).map_or(0, |versions| versions.len())
    }

    fn name(&self, position: usize) -> Option<&str> {
        self.cached.index.entry(&self.chart, position).map(|(version, _)| version)
    }

    fn digest(&self, position: usize) -> EntryDigest {
        self.cached.index.entry(&self.chart, position).map_or(EntryDigest::Missing, |(_, digest)| digest)
    }

    fn time(&self, position: usize) -> Option<Timestamp> {
        self.cached.index.time(&self.chart, position)
    }
}

impl HelmSource {
    /// A builder for a chart with this `repoURL`: `https://` or `http://` for a chart repository, `oci://` for a chart in a registry.
    pub fn builder(repo_url: impl Into<String>) -> HelmSourceBuilder {
        HelmSourceBuilder {
            repo_url: repo_url.into(),
            id: None,
            chart: None,
            rule: None,
            work_pool: WorkPool::default(),
            constraint: None,
            accept_v: false,
            limit: DEFAULT_LIMIT,
            follow_digests: false,
            check_config: false,
            http: None,
            cache: None,
            registry: None,
            credentials: None,
            tenant: None,
            max_index_bytes: index_limits::MAX_BYTES,
            allow_plain_credential: false,
        }
    }

    fn tenant(&self) -> Tenant {
        match (&self.tenant, &self.backend) {
            (Some(tenant), _) => tenant.clone(),
            (None, Backend::Registry { repository }) => repository.tenant().clone(),
            (None, Backend::Index { .. }) => Tenant::default(),
        }
    }

    /// The identity of one discovery.
    async fn identity(&self) -> Result<Identity, Error> {
        let resolve = async |credentials: &dyn CredentialSource, skips_tls_verify| {
            let tenant = self.tenant();
            let request = CredentialRequest::new(&SourceKind::Chart, &self.repo_url)
                .for_tenant(&tenant)
                .with_skipped_tls_verify(skips_tls_verify);
            Identity::resolve(credentials, &request).await
        };
        match (&self.credentials, &self.backend) {
            (credentials, Backend::Index { cache, .. }) => {
                let credentials: &dyn CredentialSource = credentials.as_ref().map_or(&(), |source| &**source);
                resolve(credentials, cache.client().skips_tls_verify()).await
            }
            (Some(credentials), Backend::Registry { repository }) => {
                resolve(&**credentials, repository.skips_tls_verify()).await
            }
            (None, Backend::Registry { repository }) => repository.identity().await,
        }
    }

    async fn discover_as(
        &self,
        identity: Identity,
        request: DiscoverRequest<'_>,
    ) -> Result<Discovery<Chart>, Error> {
        let call = Call::from(&request).for_tenant(self.tenant());
        let selection = Selection {
            rule: &self.rule,
            work_pool: &self.work_pool,
            call: &call,
            limit: self.limit,
            trace: request.trace,
        };
        let fingerprint = self.fingerprint.as_ref();
        let recorded = fingerprint.and_then(|fingerprint| fingerprint.recorded(request.previous));
        let (charts, state) = match &self.backend {
            Backend::Index { url, chart, cache, max_bytes, allow_plain_credential } => {
                let known = match recorded {
                    Some(State::Index(validators)) => Some(validators),
                    _ => None,
                };
                let index_request = IndexRequest {
                    url: url.clone(),
                    identity,
                    max_bytes: *max_bytes,
                    allow_plain_credential: *allow_plain_credential,
                };
                let cached = match cache.fetch(&index_request, known.as_ref(), &call).await? {
                    Fetched::NotModified(_) => return Ok(Discovery::Unchanged { cost: call.cost() }),
                    Fetched::Index(cached, lost) => {
                        if let Some(lost) = lost {
                            warn_of_lost(&lost, chart, request.trace);
                        }
                        cached
                    }
                };
                if known.is_some() && cached.validators == known {
                    return Ok(Discovery::Unchanged { cost: call.cost() });
                }
                let is_listed = cached.index.versions(chart).is_some();
                if !is_listed {
                    let why = not_listed(chart, || cached.index.charts().map(|(name, _)| name));
                    request.trace.rejected(&Candidate::new(chart), &why);
                }
                let listed = ListedVersions { cached, chart: chart.clone() };
                let charts = match self.follow_digests {
                    _ if !is_listed => Vec::new(),
                    false => selection.versions(&listed).await?,
                    true => selection.entries(&listed).await?,
                };
                (charts, listed.cached.validators.clone().map(State::Index))
            }
            Backend::Registry { repository } => {
                let repository = repository.clone().with_identity(identity);
                let tags = repository.tags(&call).await?;
                let memory = repository.memory_of_judgement(&tags, &call).await?;
                let (of_tags, of_order) = (tags.lease(), memory.lease());
                let reads = TagReads { digests: self.follow_digests, config: self.check_config };
                let select = async {
                    match reads == TagReads::default() {
                        true => selection.versions(&tags).await,
                        false => selection.tags(&tags, &repository, reads, &call).await,
                    }
                };
                let charts = of_tags.guard(of_order.guard(select)).await?;
                let state = State::of_charts(&charts);
                if state.is_some() && state == recorded {
                    return Ok(Discovery::Unchanged { cost: call.cost() });
                }
                (charts, state)
            }
        };
        let observation =
            fingerprint.zip(state).and_then(|(fingerprint, state)| fingerprint.observation(&state));
        Ok(Discovery::Found(Found::new(charts, call.cost()).with_observation(observation)))
    }
}

/// The most charts of an index that are named where another one is asked for.
const MOST_LISTED: usize = 5;

/// The rejection of a chart that an index does not list: with similar names, or else with all of them if they are few.
fn not_listed<'n, N: Iterator<Item = &'n str>>(chart: &str, names: impl Fn() -> N) -> Rejection {
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    let similar = similar_names(chart, names());
    let few: Vec<&str> = names().take(MOST_LISTED + 1).collect();
    let listed = if similar.is_empty() && few.len() <= MOST_LISTED { few } else { Vec::new() };
    Rejection::NotListed { chart: chart.into(), similar: owned(similar), listed: owned(listed) }
}

/// Warns of what the index no longer lists: this chart, versions of it, or other charts as a whole. Fewer versions of other charts are
/// left to their own sources.
fn warn_of_lost(lost: &Lost, chart: &str, trace: &dyn Trace) {
    let warn = |message: String| {
        let hint = "if they were not removed on purpose, another publisher has overwritten the index: merge the two and publish it again";
        trace.warned(&Warning::new(message).with_hint(hint));
    };
    if let Some(versions) = lost.versions.get(chart) {
        let (count, text) = (versions.count(), versions.text());
        let plural = if count == 1 { "" } else { "s" };
        warn(format!(
            "since the last run the index lost {count} version{plural} of {}: {}",
            printable(chart),
            printable(&text)
        ));
    }
    if lost.charts.count() > 0 {
        let (count, text) = (lost.charts.count(), lost.charts.text());
        let plural = if count == 1 { "" } else { "s" };
        warn(format!("since the last run the index lost {count} chart{plural}: {}", printable(&text)));
    }
}

#[async_trait]
impl ArtifactSource for HelmSource {
    type Artifact = Chart;

    fn id(&self) -> &SourceId {
        &self.id
    }

    /// # Errors
    ///
    /// Those of the [source of credentials](CredentialSource::credential) and of the HTTP client;
    /// [`BadAnswer`](ErrorKind::BadAnswer) for a file that is not an index (see [`IndexError`](crate::IndexError));
    /// [`TooLarge`](ErrorKind::TooLarge) for an index beyond [`max_index_bytes`](HelmSourceBuilder::max_index_bytes). A chart that
    /// is not listed is an empty answer, not an error.
    async fn discover(&self, request: DiscoverRequest<'_>) -> Result<Discovery<Chart>, Error> {
        let discover = async {
            let identity = self.identity().await?;
            request.trace.authenticated(&identity.principal());
            self.discover_as(identity, request).await
        };
        discover.await.map_err(|error| error.with_id(&self.id))
    }
}

impl fmt::Display for HelmSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

impl fmt::Debug for HelmSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HelmSource")
            .field("id", &self.id)
            .field("rule", &self.rule)
            .field("limit", &self.limit)
            .field("follow_digests", &self.follow_digests)
            .field("check_config", &self.check_config)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for HelmSourceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HelmSourceBuilder")
            .field("repo_url", &artifact_source::redact_url(&self.repo_url))
            .field("chart", &self.chart)
            .field("rule", &self.rule)
            .field("constraint", &self.constraint)
            .field("limit", &self.limit)
            .field("follow_digests", &self.follow_digests)
            .field("check_config", &self.check_config)
            .finish_non_exhaustive()
    }
}
