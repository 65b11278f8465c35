//! How a source is built.

use std::fmt;
use std::sync::Arc;

use artifact_http::{CredentialSource, HttpClient, SourceContext};
use artifact_source::{Error, ErrorKind, SourceId, SourceKind};
use oci_registry::RegistryClient;
use selection_strategies::{Constraint, Strictness, TagRule};

use crate::cache::IndexCache;
use crate::location::Location;
use crate::source::{HelmSource, Origin};

/// How many versions are found if nothing else is said (semantics rule 1.6).
const DEFAULT_LIMIT: usize = 20;
const DEFAULT_MAX_INDEX_BYTES: u64 = 256 << 20;

/// Builds a [`HelmSource`].
#[must_use]
pub struct HelmSourceBuilder {
    repo_url: String,
    id: Option<SourceId>,
    chart: Option<String>,
    constraint: Option<String>,
    limit: Option<usize>,
    accept_v: bool,
    cache: Option<IndexCache>,
    registry: Option<RegistryClient>,
    credentials: Arc<dyn CredentialSource>,
    max_index_bytes: u64,
    allow_plain_credential: bool,
}

impl HelmSourceBuilder {
    pub(crate) fn new(repo_url: &str) -> Self {
        Self {
            repo_url: repo_url.to_owned(),
            id: None,
            chart: None,
            constraint: None,
            limit: Some(DEFAULT_LIMIT),
            accept_v: false,
            cache: None,
            registry: None,
            credentials: Arc::new(()),
            max_index_bytes: DEFAULT_MAX_INDEX_BYTES,
            allow_plain_credential: false,
        }
    }

    /// The name of the chart. A chart repository needs one; an OCI repository is one chart and must
    /// have none (semantics rule 1.7). The empty name is none.
    pub fn chart(mut self, name: impl Into<String>) -> Self {
        self.chart = Some(name.into()).filter(|name| !name.is_empty());
        self
    }

    /// The id in messages and reports. Defaults to one made of the repository's URL and the chart.
    pub fn id(mut self, id: SourceId) -> Self {
        self.id = Some(id);
        self
    }

    /// What the sources of one program share. It replaces [`http`](Self::http) and [`credentials`](Self::credentials).
    pub fn context(self, context: &SourceContext) -> Self {
        self.http(context.http.clone()).credentials(Arc::clone(&context.credentials))
    }

    /// What versions have to satisfy: `^1.2`, `>=1.0.0 <2.0.0-0`. The empty text is no constraint.
    pub fn constraint(mut self, constraint: impl Into<String>) -> Self {
        self.constraint = Some(constraint.into()).filter(|constraint| !constraint.is_empty());
        self
    }

    /// How many versions are found at most: 20 if it is not said, all of them for `None`.
    pub fn limit(mut self, limit: impl Into<Option<usize>>) -> Self {
        self.limit = limit.into();
        self
    }

    /// Whether tags of an OCI chart may begin with a `v`. No, if it is not said: Helm pushes none
    /// (semantics rule 2.11). In a chart repository they always may.
    pub fn accept_v(mut self, accept: bool) -> Self {
        self.accept_v = accept;
        self
    }

    /// The client that sends the requests, for this source alone. One of its own with default
    /// settings, if neither this nor [`cache`](Self::cache) is said.
    pub fn http(self, client: HttpClient) -> Self {
        self.cache(IndexCache::new(client))
    }

    /// The cache to share with other sources, and its client.
    pub fn cache(mut self, cache: IndexCache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// The client that reads tags of charts in registries, with its tokens and pace; build it with
    /// [`kind`](oci_registry::RegistryClientBuilder::kind) `Chart`. It looks credentials up on its own.
    /// If it is not said, there is one for this source alone, with its HTTP client and
    /// [`credentials`](Self::credentials).
    pub fn registry(mut self, client: RegistryClient) -> Self {
        self.registry = Some(client);
        self
    }

    /// Where the credential for the repository is looked up, at each discovery. Nowhere, if it is not
    /// said. A user name and password in the `repoURL` count too, where the look-up knows none.
    pub fn credentials(mut self, credentials: impl CredentialSource + 'static) -> Self {
        self.credentials = Arc::new(credentials);
        self
    }

    /// The largest index that is read, in bytes after decompression: 256 MiB if it is not said.
    pub fn max_index_bytes(mut self, bytes: u64) -> Self {
        self.max_index_bytes = bytes;
        self
    }

    /// Whether a credential may travel over plain http to a host that is not this machine. No, if it is
    /// not said.
    pub fn allow_plain_credential(mut self, allow: bool) -> Self {
        self.allow_plain_credential = allow;
        self
    }

    /// The source. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`]: a URL that is not `https`, `http` or `oci`, a chart repository
    /// without a [`chart`](Self::chart), an OCI repository with one, a constraint that is none (semantics
    /// rules 2.1 and 2.6 to 2.8), a limit of 0, an `oci` URL that names no repository.
    pub fn build(self) -> Result<HelmSource, Error> {
        let id = self.id.clone().unwrap_or_else(|| {
            SourceId::new(SourceKind::Chart, &self.repo_url).with_chart(self.chart.as_deref())
        });
        self.build_as(id.clone()).map_err(|error| error.with_id(&id))
    }

    fn build_as(self, id: SourceId) -> Result<HelmSource, Error> {
        let invalid = |what: &str| Error::new(ErrorKind::InvalidInput, what);
        if self.limit == Some(0) {
            return Err(
                invalid("a limit of 0 finds nothing").with_hint("leave the limit out, or make it 1 or more")
            );
        }
        let constraint = match &self.constraint {
            Some(text) => Some(Constraint::parse(text).map_err(|cause| {
                invalid(&format!("the constraint {text:?} cannot be understood")).with_cause(cause)
            })?),
            None => None,
        };
        let cache = match self.cache {
            Some(cache) => cache,
            None => IndexCache::new(HttpClient::builder().build()?),
        };
        let (origin, rule) = match (Location::parse(&self.repo_url)?, self.chart) {
            (Location::Index(url), Some(chart)) => (Origin::Index { url, chart }, TagRule::chart(constraint)),
            (Location::Index(_), None) => {
                return Err(invalid("a chart in a chart repository needs a name"));
            }
            (Location::Registry(repository), None) => {
                let registry = self.registry.unwrap_or_else(|| {
                    let builder = RegistryClient::builder(cache.client().clone());
                    builder.kind(SourceKind::Chart).credentials(Arc::clone(&self.credentials)).build()
                });
                let repository = registry.repository(&repository)?;
                let strictness = if self.accept_v { Strictness::Strict } else { Strictness::Bare };
                (Origin::Registry { repository }, TagRule::oci_chart(constraint).with_strictness(strictness))
            }
            (Location::Registry(_), Some(name)) => {
                return Err(invalid("a chart in an OCI registry has no name beside its repoURL")
                    .with_hint(format!("append /{name} to the repoURL and leave the name out")));
            }
        };
        Ok(HelmSource {
            id,
            repo_url: self.repo_url,
            origin,
            rule,
            constraint: self.constraint,
            accept_v: self.accept_v,
            limit: self.limit,
            cache,
            credentials: self.credentials,
            max_index_bytes: self.max_index_bytes,
            allow_plain_credential: self.allow_plain_credential,
        })
    }
}

impl fmt::Debug for HelmSourceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HelmSourceBuilder")
            .field("repo_url", &artifact_source::redact_url(&self.repo_url))
            .field("chart", &self.chart)
            .field("constraint", &self.constraint)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
