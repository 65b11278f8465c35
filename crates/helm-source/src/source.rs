//! The source.

use std::fmt;
use std::sync::Arc;

use artifact_http::{Call, CredentialSource, Identity, Url};
use artifact_source::{
    ArtifactSource, Candidate, Chart, DiscoverRequest, Discovery, Error, Found, Observation, Rejection,
    SourceId, SourceKind,
};
use async_trait::async_trait;
use oci_registry::Repository;
use selection_strategies::{TagRule, similar_names};
use sha2::{Digest, Sha256};

use crate::builder::HelmSourceBuilder;
use crate::cache::IndexCache;
use crate::fetch::{Answer, Target};
use crate::selection::select;
use crate::validator::Validators;

/// The layout of the observation's state.
const SCHEMA: u32 = 1;

/// The versions of one Helm chart. See the [crate](crate) for what it finds and what that costs.
pub struct HelmSource {
    pub(crate) id: SourceId,
    pub(crate) repo_url: String,
    pub(crate) origin: Origin,
    pub(crate) rule: TagRule,
    pub(crate) constraint: Option<String>,
    pub(crate) accept_v: bool,
    pub(crate) limit: Option<usize>,
    pub(crate) cache: IndexCache,
    pub(crate) credentials: Arc<dyn CredentialSource>,
    pub(crate) max_index_bytes: u64,
    pub(crate) allow_plain_credential: bool,
}

/// Where the versions are listed.
pub(crate) enum Origin {
    Index { url: Url, chart: String },
    Registry { repository: Repository },
}

impl HelmSource {
    /// Builds a source for a chart whose `repoURL` this is: `https://` or `http://` for a chart
    /// repository, `oci://` for a chart in a registry.
    pub fn builder(repo_url: impl AsRef<str>) -> HelmSourceBuilder {
        HelmSourceBuilder::new(repo_url.as_ref())
    }

    async fn discover_in_index(
        &self,
        url: &Url,
        chart: &str,
        request: DiscoverRequest<'_>,
    ) -> Result<Discovery<Chart>, Error> {
        let call = Call::from(&request);
        let target = Target {
            url: url.clone(),
            identity: Identity::resolve(&self.credentials, &SourceKind::Chart, &self.repo_url).await?,
            max_bytes: self.max_index_bytes,
            allow_plain_credential: self.allow_plain_credential,
        };
        let fingerprint = self.fingerprint();
        let known: Option<Validators> =
            request.previous.and_then(|previous| previous.state(SCHEMA, &fingerprint));
        let table = match self.cache.ask(&target, known.as_ref(), &call).await? {
            Answer::NotModified(_) => return Ok(Discovery::Unchanged { cost: call.cost() }),
            Answer::Table(table) if table.validators.is_some() && table.validators == known => {
                return Ok(Discovery::Unchanged { cost: call.cost() });
            }
            Answer::Table(table) => table,
        };
        let listed = table.index.versions(chart);
        if listed.is_none() {
            let charts = table.index.charts().map(|(name, _)| name);
            let similar = similar_names(chart, charts).into_iter().map(str::to_owned).collect();
            let why = Rejection::NotListed { chart: chart.into(), similar };
            request.trace.rejected(&Candidate::new(chart), &why);
        }
        let listed = listed.into_iter().flatten();
        let charts = select(&self.rule, listed, self.limit, request.trace);
        let observation =
            table.validators.as_ref().and_then(|seen| Observation::new(SCHEMA, &*fingerprint, seen));
        Ok(Discovery::Found(Found::new(charts, call.cost()).with_observation(observation)))
    }

    async fn discover_in_registry(
        &self,
        repository: &Repository,
        request: DiscoverRequest<'_>,
    ) -> Result<Discovery<Chart>, Error> {
        let call = Call::from(&request);
        let tags = repository.tags(&call).await?;
        let charts = select(&self.rule, tags.iter().map(String::as_str), self.limit, request.trace);
        // A chart is its version, so the same versions are the same answer, whatever the tags point at.
        let fingerprint = self.fingerprint();
        let answer = digest(charts.iter().map(|chart| chart.version.as_str()));
        if request.previous.and_then(|previous| previous.state(SCHEMA, &fingerprint)) == Some(answer.clone())
        {
            return Ok(Discovery::Unchanged { cost: call.cost() });
        }
        let observation = Observation::new(SCHEMA, fingerprint, &answer);
        Ok(Discovery::Found(Found::new(charts, call.cost()).with_observation(observation)))
    }

    /// Names the question, so that an observation of another one is not taken for its answer. A URL may
    /// hold a secret, so only its digest is in there.
    fn fingerprint(&self) -> String {
        let (url, chart) = match &self.origin {
            Origin::Index { url, chart } => (without_user(url), chart.as_str()),
            Origin::Registry { repository } => (repository.name().to_string(), ""),
        };
        let v = if self.accept_v { "v" } else { "" };
        let question = digest([&*url, chart, self.constraint.as_deref().unwrap_or_default(), v]);
        format!("{} limit {:?} {question}", self.id, self.limit)
    }
}

/// A digest of these texts and their order.
fn digest<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text);
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn without_user(url: &Url) -> String {
    let mut url = url.clone();
    // Only a URL without a host refuses, and that one has no user.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

#[async_trait]
impl ArtifactSource for HelmSource {
    type Artifact = Chart;

    fn id(&self) -> &SourceId {
        &self.id
    }

    async fn discover(&self, request: DiscoverRequest<'_>) -> Result<Discovery<Chart>, Error> {
        let answer = match &self.origin {
            Origin::Index { url, chart } => self.discover_in_index(url, chart, request).await,
            Origin::Registry { repository } => self.discover_in_registry(repository, request).await,
        };
        answer.map_err(|error| error.with_id(&self.id))
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
            .field("constraint", &self.constraint)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
