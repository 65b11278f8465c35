//! The source: how it is built, and the async side of a discovery.

use std::ffi::OsString;
use std::fmt;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use artifact_http::{
    Call, CredentialRequest, CredentialSource, HttpClient, Identity, LeastProgress, SourceContext, Tenant,
};
use artifact_source::{
    ArtifactSource, Candidate, Clock, Commit, DiscoverRequest, Discovery, Error, ErrorKind, Fingerprint,
    Found, SourceId, SourceKind, SystemClock, Trace, redact_url,
};
use async_trait::async_trait;
use commit_rule::CommitRule;

use crate::observation;
use crate::repository::{Cache, DEFAULT_CACHE_BYTES, RepositoryHandle};
use crate::selection::{Answer, JudgedCandidate, Outcome, Selection};
use crate::sharing::{Asking, ExchangeKey, RepositoryCache};
use crate::transport::{Address, Authentication, Redaction, SshCommand, TransportOptions};

const DEFAULT_LIMIT: usize = 20;

/// 512 MiB.
const DEFAULT_MAX_BYTES: u64 = 512 << 20;

const DEFAULT_STALL_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_LEAST_PROGRESS: LeastProgress = LeastProgress::new(100, Duration::from_secs(120));

/// Finds the commits of one repository that fit one rule; see the [crate](crate).
pub struct GitSource {
    id: SourceId,
    /// As the subscription spells it, for the credential source alone: it may hold a password.
    repo_url: String,
    rule: CommitRule,
    limit: NonZeroU32,
    /// The question that observations answer; `None` if there are none.
    fingerprint: Option<Fingerprint>,
    repository: Arc<RepositoryHandle>,
    repositories: RepositoryCache,
    selection: Arc<Selection>,
    credentials: Arc<dyn CredentialSource>,
    tenant: Tenant,
    max_bytes: u64,
    stall_timeout: Duration,
    least_progress: LeastProgress,
}

/// Builds a [`GitSource`].
#[must_use]
pub struct GitSourceBuilder {
    repo_url: String,
    id: Option<SourceId>,
    rule: CommitRule,
    limit: usize,
    cache_dir: Option<PathBuf>,
    max_cache_bytes: u64,
    http: Option<HttpClient>,
    repositories: Option<RepositoryCache>,
    credentials: Arc<dyn CredentialSource>,
    tenant: Tenant,
    allow_plain_credential: bool,
    ssh: SshCommand,
    max_bytes: u64,
    stall_timeout: Duration,
    least_progress: LeastProgress,
    clock: Arc<dyn Clock>,
    changes_since_tag: Option<String>,
}

impl GitSourceBuilder {
    /// The id in messages and reports. Defaults to one made of the repository's URL.
    pub fn id(mut self, id: SourceId) -> Self {
        self.id = Some(id);
        self
    }

    /// What the sources of one program share. It replaces [`http`](Self::http), [`credentials`](Self::credentials),
    /// [`tenant`](Self::tenant), [`clock`](Self::clock) and [`cache_dir`](Self::cache_dir).
    pub fn context(self, context: &SourceContext) -> Self {
        self.http(context.http.clone())
            .credentials(Arc::clone(&context.credentials))
            .tenant(context.tenant.clone())
            .clock(Arc::clone(&context.clock))
            .cache_dir(context.cache_dir.clone())
    }

    /// Which commits. Defaults to the newest commits that the remote's HEAD leads to.
    pub fn rule(mut self, rule: CommitRule) -> Self {
        self.rule = rule;
        self
    }

    /// The largest number of commits. Defaults to 20.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// A folder for commits that outlive the process, in its folder `git`. All sources may share it, in several processes at once,
    /// and it may be deleted at any time. On Unix only the user may read what is in it. A folder that cannot be used is
    /// [told](artifact_source::Trace::warned). Defaults to a temporary folder that lives as long as the [`RepositoryCache`].
    pub fn cache_dir(mut self, folder: impl Into<Option<PathBuf>>) -> Self {
        self.cache_dir = folder.into();
        self
    }

    /// The bytes that the [`cache_dir`](Self::cache_dir) may take. When a discovery makes it larger, the repositories that were not
    /// used for longest are removed from it, and never one that is in use. So it may be larger while a larger repository is in use. Defaults to 1 GiB.
    pub fn max_cache_bytes(mut self, bytes: u64) -> Self {
        self.max_cache_bytes = bytes;
        self
    }

    /// The client for http and https. Defaults to one with default settings.
    pub fn http(mut self, client: HttpClient) -> Self {
        self.http = Some(client);
        self
    }

    /// What the sources of one program share, so that those of one repository are answered together; it replaces [`http`](Self::http).
    /// Defaults to one of the source's own.
    pub fn repositories(mut self, repositories: &RepositoryCache) -> Self {
        self.repositories = Some(repositories.clone());
        self
    }

    /// Where the credential for http and https is looked up, once at each discovery. A user and a password in the URL count where it has
    /// none. The credential is sent to the repository's own scheme, host and port only. Defaults to no credential.
    pub fn credentials(mut self, credentials: impl CredentialSource + 'static) -> Self {
        self.credentials = Arc::new(credentials);
        self
    }

    /// Whose source it is: the credential is looked up for this tenant, and what was read with it is kept for this tenant alone. Defaults to
    /// no tenant.
    pub fn tenant(mut self, tenant: impl Into<Tenant>) -> Self {
        self.tenant = tenant.into();
        self
    }

    /// Whether a credential may be sent over plain http to another machine. Defaults to `false`.
    pub fn allow_plain_credential(mut self, allow: bool) -> Self {
        self.allow_plain_credential = allow;
        self
    }

    /// The program that is started for `ssh://` and `user@host:path`, called as OpenSSH's `ssh` is, and
    /// arguments that come before all others, such as `-i` and a key file. Defaults to `ssh` without arguments.
    pub fn ssh_command<A: Into<OsString>>(
        mut self,
        program: impl Into<OsString>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        let arguments = arguments.into_iter().map(Into::into).collect();
        self.ssh = SshCommand { program: program.into(), arguments };
        self
    }

    /// The most bytes that one discovery receives. Defaults to 512 MiB. Only a server that
    /// cannot leave files out of a pack sends that much.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// How long a server may be silent. Defaults to 30 seconds.
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.stall_timeout = timeout;
        self
    }

    /// The least that a server has to send while it is waited for. Defaults to 100 bytes a second, averaged over two minutes: a server says little while
    /// it collects the objects of a large repository.
    pub fn least_progress(mut self, least: LeastProgress) -> Self {
        self.least_progress = least;
        self
    }

    /// The time of `now()` in an expression filter. Defaults to the system's clock. An expression that
    /// reads the time is evaluated again at every discovery.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Compares tags with the commit of this tag, where a strategy of tags has a path filter: a tag that is better than this one is found if a selected path differs between
    /// the two commits. This tag itself is found, and a tag that is worse is judged by its own commit. It has no effect if there is no such tag, or the rule does
    /// not accept its name. Defaults to `None`: each tag is judged by the changes of its commit alone, as Kargo does
    /// ([rule 4.3](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    ///
    /// With the tag of the last Freight, paths count by what changed since then.
    pub fn changes_since_tag(mut self, tag: impl Into<Option<String>>) -> Self {
        self.changes_since_tag = tag.into();
        self
    }

    /// The source. No request is sent and no file is touched.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for a URL that is none of http, https,
    /// ssh, the scp form, git and file, and for a limit of 0.
    pub fn build(self) -> Result<GitSource, Error> {
        let id = self.id.unwrap_or_else(|| SourceId::new(SourceKind::Git, &self.repo_url));
        let with_id = |error: Error| error.with_id(&id);
        let address = Address::parse(&self.repo_url).map_err(with_id)?;
        let limit = NonZeroU32::new(u32::try_from(self.limit).unwrap_or(u32::MAX)).ok_or_else(|| {
            with_id(Error::new(ErrorKind::InvalidInput, "a limit of 0 finds nothing: it is at least 1"))
        })?;
        let has_effect = self.rule.tag_rule().is_some() && self.rule.paths().is_some();
        let base = self.changes_since_tag.filter(|_| has_effect);
        let fingerprint =
            observation::fingerprint(&self.rule, &address.to_string(), limit.get() as usize, base.as_deref());
        let repositories = match (self.repositories, self.http) {
            (Some(repositories), _) => repositories,
            (None, Some(client)) => RepositoryCache::new(client),
            (None, None) => RepositoryCache::new(HttpClient::builder().build().map_err(with_id)?),
        };
        let options = TransportOptions {
            ssh: self.ssh,
            http: repositories.http().clone(),
            allow_plain_credential: self.allow_plain_credential,
        };
        let named = self.cache_dir.map(|folder| folder.join("git"));
        let cache = Cache::new(named, repositories.temporary(), self.max_cache_bytes);
        Ok(GitSource {
            id,
            repo_url: self.repo_url,
            selection: Arc::new(Selection::new(&self.rule, limit, self.clock, base)),
            rule: self.rule,
            limit,
            fingerprint,
            repository: Arc::new(RepositoryHandle { address, options, cache }),
            repositories,
            credentials: self.credentials,
            tenant: self.tenant,
            max_bytes: self.max_bytes,
            stall_timeout: self.stall_timeout,
            least_progress: self.least_progress,
        })
    }
}

impl fmt::Debug for GitSourceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitSourceBuilder")
            .field("repo_url", &redact_url(&self.repo_url))
            .field("rule", &self.rule)
            .field("limit", &self.limit)
            .field("cache_dir", &self.cache_dir)
            .finish_non_exhaustive()
    }
}

impl GitSource {
    /// A builder for a source of the repository at this URL: `https://host/path`, `http://...`,
    /// `ssh://user@host/path`, `user@host:path`, `git://host/path` or `file:///path`.
    pub fn builder(repo_url: impl Into<String>) -> GitSourceBuilder {
        GitSourceBuilder {
            repo_url: repo_url.into(),
            id: None,
            rule: CommitRule::default(),
            limit: DEFAULT_LIMIT,
            cache_dir: None,
            max_cache_bytes: DEFAULT_CACHE_BYTES,
            http: None,
            repositories: None,
            credentials: Arc::new(()),
            tenant: Tenant::default(),
            allow_plain_credential: false,
            ssh: SshCommand::default(),
            max_bytes: DEFAULT_MAX_BYTES,
            stall_timeout: DEFAULT_STALL_TIMEOUT,
            least_progress: DEFAULT_LEAST_PROGRESS,
            clock: Arc::new(SystemClock),
            changes_since_tag: None,
        }
    }

    /// Looks up the identity of this discovery. No principal applies where HTTP is not spoken: who asks is up to `ssh` and to the system.
    async fn authentication(&self, trace: &dyn Trace) -> Result<Authentication, Error> {
        if !matches!(self.repository.address, Address::Http { .. }) {
            return Ok(Authentication::of_system(self.tenant.clone()));
        }
        // A credential is one for Git, whatever kind an embedder's id names.
        let request = CredentialRequest::new(&SourceKind::Git, &self.repo_url)
            .for_tenant(&self.tenant)
            .with_skipped_tls_verify(self.repository.options.http.skips_tls_verify());
        let identity = Identity::resolve(&self.credentials, &request).await?;
        let authentication = Authentication::new(identity)?;
        trace.authenticated(&authentication.identity.principal());
        Ok(authentication)
    }

    async fn outcome(&self, request: &DiscoverRequest<'_>, call: &Call) -> Result<Outcome, Error> {
        let authentication = self.authentication(request.trace).await?;
        // Other tenants may share the exchange and its error.
        let (identity, authentication) = authentication.shared();
        let RepositoryHandle { address, options, cache } = &*self.repository;
        let key = ExchangeKey {
            url: address.to_string(),
            ssh: (options.ssh.program.clone(), options.ssh.arguments.clone()),
            allow_plain_credential: options.allow_plain_credential,
            identity: authentication.identity.clone(),
            system: authentication.system.clone(),
            cache: cache.key(),
            max_bytes: self.max_bytes,
            stall: self.stall_timeout,
            least_progress: self.least_progress,
        };
        let asking = Asking {
            key,
            repository: Arc::clone(&self.repository),
            authentication,
            selection: Arc::clone(&self.selection),
            previous: self.fingerprint.as_ref().and_then(|question| question.recorded(request.previous)),
        };
        let Answer { outcome, warnings } =
            self.repositories.ask(asking, call).await.map_err(|error| identity.explain(error))?;
        for warning in &warnings {
            request.trace.warned(warning);
        }
        outcome.map_err(|error| identity.explain(error))
    }
}

#[async_trait]
impl ArtifactSource for GitSource {
    type Artifact = Commit;

    fn id(&self) -> &SourceId {
        &self.id
    }

    async fn discover(&self, request: DiscoverRequest<'_>) -> Result<Discovery<Commit>, Error> {
        let call = Call::from(&request).for_tenant(self.tenant.clone());
        let outcome = call.within(self.outcome(&request, &call)).await.flatten().map_err(|error| {
            let RepositoryHandle { address, options, .. } = &*self.repository;
            let error = Redaction::of_discovery(error, address, &options.http);
            let error = if error.url().is_none() { error.with_url(self.id.url()) } else { error };
            error.with_id(&self.id)
        })?;
        match outcome {
            Outcome::Unchanged => Ok(Discovery::Unchanged { cost: call.cost() }),
            Outcome::Found { commits, judged, state } => {
                for JudgedCandidate { name, details, rejection } in &judged {
                    let candidate = Candidate::new(name).with_details(details);
                    match rejection {
                        None => request.trace.accepted(&candidate),
                        Some(why) => request.trace.rejected(&candidate, why),
                    }
                }
                let observation = self
                    .fingerprint
                    .as_ref()
                    .zip(state)
                    .and_then(|(question, state)| question.observation(&state));
                Ok(Discovery::Found(Found::new(commits, call.cost()).with_observation(observation)))
            }
        }
    }
}

impl fmt::Display for GitSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

impl fmt::Debug for GitSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitSource")
            .field("id", &self.id)
            .field("rule", &self.rule)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
