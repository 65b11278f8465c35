//! The discoverer: what all runs share.

#[cfg(feature = "git")]
use artifact_http::BlockingThreads;
use std::collections::BTreeMap;
#[cfg(feature = "git")]
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use artifact_http::{
    CredentialSource, EgressPolicy, HttpClient, HttpClientBuilder, LeastProgress, MemoryBudget,
    SourceContext, WorkPool,
};
use artifact_source::{AnySource, Clock, Error, SourceId, SystemClock};
#[cfg(feature = "chart")]
use helm_source::{DiskIndexCache, IndexCache};
#[cfg(feature = "image")]
use image_source::{CacheByTagPolicy, DiskCache, FactCache, MemoryCache};
use jiff::Timestamp;
use std::time::Duration;
use warehouse_spec::{GenericSubscription, RegexBudget};

use crate::admission::AdmissionQueue;
#[cfg(any(feature = "image", feature = "git", feature = "chart"))]
use crate::transport::no_unverified_client;
use crate::transport::{Http, Registries, Transport, transports};

/// The size that the artifacts of a Warehouse may have together, in bytes of JSON.
const DEFAULT_MAX_RESULT_BYTES: usize = 900_000;

/// Makes a source of a generic subscription: see [`DiscovererBuilder::generic`].
pub(crate) type GenericFactory = dyn Fn(GenericRequest<'_>) -> Result<AnySource, Error> + Send + Sync;

/// What the factory of a generic subscription makes its source of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GenericRequest<'a> {
    /// The id by which reports name the source. A source with another id keeps its own.
    pub id: &'a SourceId,
    /// The namespace of the Warehouse, if it has one.
    pub namespace: Option<&'a str>,
    /// The subscription, with its `config`.
    pub subscription: &'a GenericSubscription,
    /// The largest number of artifacts.
    pub limit: usize,
    /// HTTP client, credentials, clock and cache folder of the discoverer.
    pub context: SourceContext,
}

/// Runs Warehouses: it holds what they share, so that two subscriptions of one registry share its rate, its
/// tokens and its cache.
///
/// Make one per program, and run as many Warehouses through it as there are, at once if you like.
#[derive(Clone)]
pub struct Discoverer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) credentials: Arc<dyn CredentialSource>,
}

pub(crate) struct Shared {
    /// How things are fetched from servers whose certificates are checked.
    pub(crate) verified: Transport,
    /// The same for subscriptions with `insecureSkipTLSVerify`, if there is a client that can.
    #[cfg_attr(
        not(any(feature = "image", feature = "git", feature = "chart")),
        allow(dead_code, reason = "only the kinds that are built in need it")
    )]
    unverified: Option<Transport>,
    pub(crate) cache_dir: Option<PathBuf>,
    /// Facts about images.
    #[cfg(feature = "image")]
    pub(crate) facts: Arc<dyn FactCache>,
    /// The same, where they outlive the process.
    #[cfg(feature = "image")]
    disk: Option<Arc<DiskCache>>,
    /// Indexes of chart repositories, where they outlive the process.
    #[cfg(feature = "chart")]
    indexes: Option<DiskIndexCache>,
    #[cfg(feature = "image")]
    pub(crate) cache_by_tag: CacheByTagPolicy,
    pub(crate) generic: BTreeMap<String, Box<GenericFactory>>,
    admission: AdmissionQueue,
    pub(crate) work_pool: WorkPool,
    pub(crate) patterns: PatternLimits,
    pub(crate) memory: MemoryBudget,
    /// How long a run takes at most.
    pub(crate) deadline: Option<Duration>,
    pub(crate) max_result_bytes: usize,
    pub(crate) clock: Arc<dyn Clock>,
    /// The program for `ssh://` and what comes before its other arguments.
    #[cfg(feature = "git")]
    pub(crate) ssh_command: Option<(OsString, Vec<OsString>)>,
    #[cfg(feature = "git")]
    pub(crate) git: GitLimits,
}

/// What the patterns of one Warehouse may take together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PatternLimits {
    patterns: usize,
    bytes: usize,
}

impl PatternLimits {
    /// The most that the patterns of a Warehouse take, in bytes, with those that stand for several.
    pub(crate) fn most_memory(self) -> u64 {
        2 * self.bytes as u64
    }

    pub(crate) fn budget(self) -> RegexBudget {
        RegexBudget::with_limits(self.patterns, self.bytes)
    }

    /// A part of the budget, which takes some milliseconds at most to use up.
    pub(crate) fn small_budget(self) -> RegexBudget {
        RegexBudget::with_limits(self.patterns.min(64), self.bytes.min(3 << 20))
    }
}

/// Limits of Git sources, where they are not the source's own.
#[cfg(feature = "git")]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct GitLimits {
    pub(crate) max_bytes: Option<u64>,
    pub(crate) max_cache_bytes: Option<u64>,
    pub(crate) stall: Option<Duration>,
    pub(crate) least_progress: Option<LeastProgress>,
}

impl Shared {
    /// The clients for a server whose certificate is checked, or not checked where the subscription says so.
    ///
    /// # Errors
    ///
    /// `Refused` where the egress policy does not permit that; `InvalidInput` where no client skips the check.
    #[cfg(any(feature = "image", feature = "git", feature = "chart"))]
    pub(crate) fn transport(&self, skip_tls_verify: bool) -> Result<&Transport, Error> {
        match skip_tls_verify {
            true => {
                self.verified.http.egress().check_insecure_skip_tls_verify()?;
                self.unverified.as_ref().ok_or_else(no_unverified_client)
            }
            false => Ok(&self.verified),
        }
    }
}

impl Discoverer {
    /// A discoverer yet to be configured.
    pub fn builder() -> DiscovererBuilder {
        DiscovererBuilder::default()
    }

    /// The same discoverer, with its connections, rates, tokens and caches, and another source of credentials: for Secrets that have
    /// changed. Several tenants need no discoverer each, because a source of credentials is told [whose](artifact_http::Tenant)
    /// Warehouse it is.
    #[must_use]
    pub fn with_credentials(&self, credentials: impl CredentialSource + 'static) -> Self {
        Self { shared: Arc::clone(&self.shared), credentials: Arc::new(credentials) }
    }

    /// Returns the problems of the caches since the last call, for a warning: they do not fail a discovery, they only cost
    /// more.
    pub fn take_warnings(&self) -> Vec<String> {
        #[cfg_attr(
            not(any(feature = "image", feature = "chart")),
            allow(unused_mut, reason = "only these have a cache on disk")
        )]
        let mut problems = Vec::new();
        #[cfg(feature = "image")]
        problems.extend(self.shared.disk.iter().filter_map(|cache| cache.take_problem()));
        #[cfg(feature = "chart")]
        problems.extend(self.shared.indexes.iter().filter_map(DiskIndexCache::take_problem));
        problems
    }

    pub(crate) fn admission(&self) -> &AdmissionQueue {
        &self.shared.admission
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }
}

impl fmt::Debug for Discoverer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Discoverer")
            .field("admission", &self.shared.admission)
            .field("cache_dir", &self.shared.cache_dir)
            .finish_non_exhaustive()
    }
}

/// Configures a [`Discoverer`].
///
/// Everything that it shares among its subscriptions can be the program's own: the HTTP client, the caches, the clock, and the limits of Git.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use warehouse_discovery::Discoverer;
/// use warehouse_discovery::chart::IndexCache;
/// use warehouse_discovery::http::{EgressPolicy, HttpClient};
/// use warehouse_discovery::image::MemoryCache;
///
/// let http = HttpClient::builder().user_agent("my-controller/1.0").build()?;
/// let discoverer = Discoverer::builder()
///     .egress(EgressPolicy::cluster().allow_network("10.96.0.0/12")?.allow_insecure_skip_tls_verify(true))
///     .index_cache(IndexCache::new(http.clone()))
///     .http_client(http)
///     .http_client_without_tls_verify(HttpClient::builder().skip_tls_verify(true).build()?)
///     .fact_cache(Arc::new(MemoryCache::default()))
///     .registry_rate("docker.io", 5.0)
///     .git_max_bytes(64 << 20)
///     .git_max_cache_bytes(4 << 30)
///     .git_stall_timeout(Duration::from_secs(10))
///     .build()?;
/// # Ok::<(), warehouse_discovery::Error>(())
/// ```
pub struct DiscovererBuilder {
    http: Http,
    egress: Option<EgressPolicy>,
    registries: Registries,
    credentials: Arc<dyn CredentialSource>,
    cache_dir: Option<PathBuf>,
    #[cfg(feature = "image")]
    cache_by_tag: CacheByTagPolicy,
    generic: BTreeMap<String, Box<GenericFactory>>,
    concurrency: usize,
    work_pool: WorkPool,
    patterns: PatternLimits,
    deadline: Option<Duration>,
    memory: MemoryBudget,
    max_result_bytes: usize,
    clock: Arc<dyn Clock>,
    #[cfg(feature = "git")]
    ssh_command: Option<(OsString, Vec<OsString>)>,
    #[cfg(feature = "git")]
    git: GitLimits,
    #[cfg(feature = "image")]
    facts: Option<Arc<dyn FactCache>>,
    #[cfg(feature = "chart")]
    indexes: Option<IndexCache>,
}

impl Default for DiscovererBuilder {
    fn default() -> Self {
        Self {
            http: Http::default(),
            egress: None,
            registries: Registries::default(),
            credentials: Arc::new(()),
            cache_dir: None,
            #[cfg(feature = "image")]
            cache_by_tag: CacheByTagPolicy::default(),
            generic: BTreeMap::new(),
            concurrency: 16,
            work_pool: WorkPool::default(),
            patterns: PatternLimits { patterns: RegexBudget::MAX_PATTERNS, bytes: RegexBudget::MAX_BYTES },
            deadline: Some(Duration::from_secs(300)),
            memory: MemoryBudget::default(),
            max_result_bytes: DEFAULT_MAX_RESULT_BYTES,
            clock: Arc::new(SystemClock),
            #[cfg(feature = "git")]
            ssh_command: None,
            #[cfg(feature = "git")]
            git: GitLimits::default(),
            #[cfg(feature = "image")]
            facts: None,
            #[cfg(feature = "chart")]
            indexes: None,
        }
    }
}

impl fmt::Debug for DiscovererBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiscovererBuilder").field("concurrency", &self.concurrency).finish_non_exhaustive()
    }
}

impl DiscovererBuilder {
    /// Configures the HTTP clients: user agent, root certificates, proxies, time limits, attempts, backoff, known addresses, or a
    /// [service](HttpClientBuilder::service) of one's own. Defaults to [`HttpClient::builder`]. Subscriptions with `insecureSkipTLSVerify` use the same
    /// settings without the check of certificates.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use warehouse_discovery::Discoverer;
    /// use warehouse_discovery::http::HttpClient;
    ///
    /// let http = HttpClient::builder().user_agent("my-tool/1.0").stall_timeout(Duration::from_secs(10));
    /// let discoverer = Discoverer::builder().http(http).build()?;
    /// # Ok::<(), warehouse_discovery::Error>(())
    /// ```
    #[must_use]
    pub fn http(mut self, http: HttpClientBuilder) -> Self {
        self.http.settings = http;
        self
    }

    /// Which connections may be made, for everything that a Warehouse names. Defaults to the policy that the [client](Self::http) was given, and else to
    /// [`EgressPolicy::cluster`]: https and http to public addresses. Private networks, ssh, `file://`, `git://` and `insecureSkipTLSVerify` are permitted one by one.
    ///
    /// What is not permitted fails with [`Refused`](artifact_source::ErrorKind::Refused) before a connection is made. Every client of the discoverer is held to it, and so is
    /// the one in [`GenericRequest::context`]; what a source of one's own does beside that client is its own business.
    ///
    /// ```
    /// use warehouse_discovery::Discoverer;
    /// use warehouse_discovery::http::EgressPolicy;
    ///
    /// let egress = EgressPolicy::cluster().allow_network("10.96.0.0/12")?.allow_host("git.internal")?.allow_ssh(true);
    /// let discoverer = Discoverer::builder().egress(egress).build()?;
    /// # Ok::<(), warehouse_discovery::Error>(())
    /// ```
    #[must_use]
    pub fn egress(mut self, policy: EgressPolicy) -> Self {
        self.egress = Some(policy);
        self
    }

    /// Sends requests through this client instead of one made of [`http`](Self::http), so that the program and the discoverer share
    /// connections. Its own pace does not count for registries: see [`registry_rate`](Self::registry_rate).
    ///
    /// A subscription with `insecureSkipTLSVerify` then fails with [`InvalidInput`](artifact_source::ErrorKind::InvalidInput), unless there is
    /// [a second client](Self::http_client_without_tls_verify): this one checks certificates.
    #[must_use]
    pub fn http_client(mut self, client: HttpClient) -> Self {
        self.http.verified = Some(client);
        self
    }

    /// Sends the requests of subscriptions with `insecureSkipTLSVerify` through this client, which should accept
    /// [every certificate](HttpClientBuilder::skip_tls_verify). Such subscriptions are refused unless the [policy](Self::egress)
    /// [permits them](EgressPolicy::allow_insecure_skip_tls_verify).
    #[must_use]
    pub fn http_client_without_tls_verify(mut self, client: HttpClient) -> Self {
        self.http.unverified = Some(client);
        self
    }

    /// The cache for facts about images, such as one that the program keeps elsewhere. Defaults to a
    /// [`DiskCache`] in the [cache folder](Self::cache_dir), or to one in memory where there is none.
    #[cfg(feature = "image")]
    #[must_use]
    pub fn fact_cache(mut self, cache: Arc<dyn FactCache>) -> Self {
        self.facts = Some(cache);
        self
    }

    /// The cache of indexes of chart repositories, to share with sources that the program makes itself. Indexes are requested through the
    /// client of the cache, whatever the [client](Self::http_client) of the discoverer is. Subscriptions with `insecureSkipTLSVerify` do not use it. Defaults to a cache of
    /// the discoverer.
    #[cfg(feature = "chart")]
    #[must_use]
    pub fn index_cache(mut self, cache: IndexCache) -> Self {
        self.indexes = Some(cache);
        self
    }

    /// The most bytes that one discovery of a Git repository receives. Defaults to
    /// [that of a source](git_source::GitSourceBuilder::max_bytes), 512 MiB.
    #[cfg(feature = "git")]
    #[must_use]
    pub fn git_max_bytes(mut self, bytes: u64) -> Self {
        self.git.max_bytes = Some(bytes);
        self
    }

    /// The bytes that Git repositories may take in the [cache folder](Self::cache_dir). Defaults to
    /// [that of a source](git_source::GitSourceBuilder::max_cache_bytes), 1 GiB.
    #[cfg(feature = "git")]
    #[must_use]
    pub fn git_max_cache_bytes(mut self, bytes: u64) -> Self {
        self.git.max_cache_bytes = Some(bytes);
        self
    }

    /// How long a Git server may be silent. Defaults to [that of a source](git_source::GitSourceBuilder::stall_timeout), 30 seconds.
    #[cfg(feature = "git")]
    #[must_use]
    pub fn git_stall_timeout(mut self, limit: Duration) -> Self {
        self.git.stall = Some(limit);
        self
    }

    /// The least that a Git server has to send while it is waited for. Defaults to
    /// [that of a source](git_source::GitSourceBuilder::least_progress), 100 bytes a second averaged over two minutes.
    #[cfg(feature = "git")]
    #[must_use]
    pub fn git_least_progress(mut self, least: LeastProgress) -> Self {
        self.git.least_progress = Some(least);
        self
    }

    /// How many threads wait for Git servers at once: 64 by default, shared by the process. They are not the blocking threads of the async
    /// runtime, which resolve names. Exchanges beyond them wait.
    #[cfg(feature = "git")]
    #[must_use]
    pub fn git_threads(mut self, threads: usize) -> Self {
        self.http.git_threads = Some(BlockingThreads::new(threads));
        self
    }

    /// The program for Git over ssh, called as OpenSSH's `ssh` is, and the arguments that come before all others. Defaults to `ssh`
    /// without arguments.
    #[cfg(feature = "git")]
    #[must_use]
    pub fn ssh_command<A: Into<OsString>>(
        mut self,
        program: impl Into<OsString>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        self.ssh_command = Some((program.into(), arguments.into_iter().map(Into::into).collect()));
        self
    }

    /// Speaks plain http with the registry at this `host` or `host:port`. Loopback is allowed by default.
    #[must_use]
    pub fn plain_http(mut self, host: impl Into<String>) -> Self {
        self.registries.plain_http.push(host.into());
        self
    }

    /// Speaks https with the registry at this `host` or `host:port` although it is on loopback, where plain http is the rule.
    #[must_use]
    pub fn https(mut self, host: impl Into<String>) -> Self {
        self.registries.https.push(host.into());
        self
    }

    /// Asks the registry at this `host` or `host:port` this many times a second at most, and as many at once after a rest.
    /// Without it, a registry is asked 20 times a second, and this machine itself as fast as it answers.
    #[must_use]
    pub fn registry_rate(mut self, host: impl Into<String>, per_second: f64) -> Self {
        self.registries.rates.push((host.into(), per_second));
        self
    }

    /// Where credentials are looked up, for the tenant of each run. Defaults to none: every repository is asked anonymously.
    ///
    /// A source that does not distinguish tenants, such as a [`Credential`](artifact_http::Credential) or the configuration of docker, gives its
    /// credentials to every Warehouse.
    #[must_use]
    pub fn credentials(mut self, credentials: impl CredentialSource + 'static) -> Self {
        self.credentials = Arc::new(credentials);
        self
    }

    /// Keeps what the next process may reuse in this folder. It may be deleted at any time. By default nothing
    /// outlives the discoverer.
    #[must_use]
    pub fn cache_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache_dir = Some(folder.into());
        self
    }

    /// The policy for `cacheByTag` of image subscriptions. Defaults to the choice of each subscription.
    #[cfg(feature = "image")]
    #[must_use]
    pub fn cache_by_tag_policy(mut self, policy: CacheByTagPolicy) -> Self {
        self.cache_by_tag = policy;
        self
    }

    /// Registers a factory for generic subscriptions of this type. A subscription of a type without a factory fails.
    #[must_use]
    pub fn generic<F>(mut self, subscription_type: impl Into<String>, factory: F) -> Self
    where
        F: Fn(GenericRequest<'_>) -> Result<AnySource, Error> + Send + Sync + 'static,
    {
        self.generic.insert(subscription_type.into(), Box::new(factory));
        self
    }

    /// How many subscriptions are asked at once, over all runs together: 16 by default, at least 1. Up to 32 subscriptions of one tenant to one
    /// repository of images, charts or commits count as one: what they ask at the same moment is asked once.
    ///
    /// Tenants take turns where places are short, and there are half as many places again (8) for tenants that hold less than a quarter of the
    /// number, so that one whose servers are slow does not keep the others from being asked. The tenant is the namespace of the Warehouse.
    #[must_use]
    pub fn concurrency(mut self, subscriptions: usize) -> Self {
        self.concurrency = subscriptions.max(1);
        self
    }

    /// The least that a registry or a chart repository has to send while it is waited for: 1 KiB a second, averaged over 30 seconds, by default.
    /// It counts beside the [stall time-out](HttpClientBuilder::stall_timeout), and not for [a client of the program's own](Self::http_client).
    #[must_use]
    pub fn least_progress(mut self, least: LeastProgress) -> Self {
        self.http.settings = self.http.settings.least_progress(least);
        self
    }

    /// How many requests of one tenant to one server are under way at once: 64 by default, at least 1. Others wait, and those of another
    /// tenant do not wait for them. Not for [a client of the program's own](Self::http_client).
    #[must_use]
    pub fn requests_at_once(mut self, requests: usize) -> Self {
        self.http.settings = self.http.settings.requests_at_once(requests);
        self
    }

    /// How many requests one tenant sends a second, to all registries and chart repositories together: 200 by default, and 2,000 at once after a rest.
    /// Requests to this machine are not counted, nor are those of Warehouses without a namespace. Not for
    /// [a client of the program's own](Self::http_client).
    #[must_use]
    pub fn tenant_rate(mut self, per_second: f64, burst: u32) -> Self {
        self.http.tenant_rate = (per_second, burst);
        self
    }

    /// How long a run takes at most: 5 minutes by default, for a run without [a deadline of its own](crate::Run::with_deadline). A subscription that
    /// has not answered by then has failed with [`TimedOut`](artifact_source::ErrorKind::TimedOut), and its earlier artifacts stay. `None` is no limit.
    #[must_use]
    pub fn deadline(mut self, longest: impl Into<Option<Duration>>) -> Self {
        self.deadline = longest.into();
        self
    }

    /// How many threads judge lists of tags and compile patterns: as many as there are processors by default, shared by the process.
    /// Tenants take turns on them, every 20 ms.
    #[must_use]
    pub fn work_threads(mut self, threads: usize) -> Self {
        self.work_pool = WorkPool::new(threads);
        self
    }

    /// What the regular expressions of one Warehouse may take together: 1,000 distinct ones and 64 MiB by default, compiled and with the memory of
    /// searching. A short one takes 68 KiB. What exceeds it makes its subscription fail with
    /// [`InvalidInput`](artifact_source::ErrorKind::InvalidInput). Validation has the default budget for each file.
    #[must_use]
    pub fn pattern_budget(mut self, patterns: usize, bytes: usize) -> Self {
        self.patterns = PatternLimits { patterns, bytes };
        self
    }

    /// The memory that bodies and lists of all runs may take together: 256 MiB by default, at most half of it for one tenant. Discoverers of one
    /// process share a budget if they are given clones of one. What does not fit waits, or fails with
    /// [`TooLarge`](artifact_source::ErrorKind::TooLarge) where it never would. The whole process takes up to twice as much.
    #[must_use]
    pub fn memory(mut self, budget: MemoryBudget) -> Self {
        self.memory = budget;
        self
    }

    /// The size that the artifacts of one Warehouse may have together, in bytes of JSON: 900,000 by default, since etcd refuses an object of
    /// 1.5 MB. Beyond it the lists of artifacts are cut from their ends, with a warning; a subscription whose best artifact does not fit
    /// fails with [`TooLarge`](artifact_source::ErrorKind::TooLarge).
    #[must_use]
    pub fn max_result_bytes(mut self, bytes: usize) -> Self {
        self.max_result_bytes = bytes;
        self
    }

    /// The clock of reports and of every source. Defaults to the system's clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The discoverer.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a PEM text without a usable certificate, a user agent that is not a header value, a host
    /// that is not valid, or a rate that is not above zero.
    pub fn build(self) -> Result<Discoverer, Error> {
        let transport = transports(&self.registries)?;
        #[cfg(feature = "git")]
        let threads = self.http.git_threads.clone().unwrap_or_default();
        let (verified, unverified) = self.http.build(self.egress)?;
        #[cfg(feature = "chart")]
        let egress = verified.egress().clone();
        let verified = verified.with_memory(self.memory.clone());
        let unverified = unverified.map(|client| client.with_memory(self.memory.clone()));
        let (verified, unverified) = (transport(verified), unverified.map(&transport));
        #[cfg(feature = "git")]
        let with_threads = |transport: Transport| transport.with_git_threads(&threads);
        #[cfg(feature = "git")]
        let (verified, unverified) = (with_threads(verified), unverified.map(with_threads));
        #[cfg(feature = "chart")]
        let indexes = self.cache_dir.as_ref().map(|folder| DiskIndexCache::new(folder.join("charts")));
        #[cfg(feature = "chart")]
        let (verified, unverified) = match &indexes {
            Some(disk) => (
                verified.with_indexes_on_disk(disk.clone()),
                unverified
                    .map(|unverified| unverified.with_indexes_on_disk(disk.clone().for_unverified_tls())),
            ),
            None => (verified, unverified),
        };
        #[cfg(feature = "chart")]
        let verified = match self.indexes {
            Some(indexes) => Transport { indexes: indexes.with_egress(egress), ..verified },
            None => verified,
        };
        #[cfg(feature = "image")]
        let (facts, disk): (Arc<dyn FactCache>, _) = match (self.facts, &self.cache_dir) {
            (Some(facts), _) => (facts, None),
            (None, Some(folder)) => {
                let disk = Arc::new(DiskCache::new(folder.join("images")));
                (disk.clone(), Some(disk))
            }
            (None, None) => (Arc::new(MemoryCache::default()), None),
        };
        let shared = Arc::new(Shared {
            #[cfg(feature = "image")]
            facts,
            #[cfg(feature = "image")]
            disk,
            #[cfg(feature = "chart")]
            indexes,
            verified,
            unverified,
            cache_dir: self.cache_dir,
            #[cfg(feature = "image")]
            cache_by_tag: self.cache_by_tag,
            generic: self.generic,
            admission: AdmissionQueue::new(self.concurrency),
            work_pool: self.work_pool,
            patterns: self.patterns,
            memory: self.memory,
            deadline: self.deadline,
            max_result_bytes: self.max_result_bytes,
            clock: self.clock,
            #[cfg(feature = "git")]
            ssh_command: self.ssh_command,
            #[cfg(feature = "git")]
            git: self.git,
        });
        Ok(Discoverer { shared, credentials: self.credentials })
    }
}
