//! The source itself: the async side of a discovery.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use artifact_http::{Credential, CredentialSource, Identity};
use artifact_source::{
    ArtifactSource, Candidate, Commit, DiscoverRequest, Discovery, Error, ErrorKind, Found, Observation,
    SourceId,
};
use async_trait::async_trait;
use tokio::runtime::Handle;

use crate::address::Address;
use crate::builder::GitSourceBuilder;
use crate::outcome::{Judged, Outcome, SCHEMA, State};
use crate::plan::Plan;
use crate::run;
use crate::site::{Access, Site, Visit};
use crate::watch::{Limits, Watch};

/// A Git repository together with the rule that chooses commits of it: see the [crate](crate).
pub struct GitSource {
    pub(crate) id: SourceId,
    /// As the subscription spells it, for the credential source alone: it may hold a password.
    pub(crate) repo_url: String,
    pub(crate) fingerprint: String,
    pub(crate) site: Arc<Site>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) credentials: Arc<dyn CredentialSource>,
    pub(crate) max_bytes: u64,
    pub(crate) stall_limit: Duration,
}

impl GitSource {
    /// A builder for a source of the repository at this URL: `https://host/path`, `http://...`,
    /// `ssh://user@host/path`, `user@host:path`, `git://host/path` or `file:///path`.
    pub fn builder(repo_url: impl Into<String>) -> GitSourceBuilder {
        GitSourceBuilder::new(repo_url.into())
    }

    /// As whom the repository is asked this time.
    async fn access(&self) -> Result<Access, Error> {
        if !matches!(self.site.address, Address::Http { .. }) {
            return Ok(Access::default());
        }
        Access::of(Identity::resolve(&self.credentials, self.id.kind(), &self.repo_url).await?)
    }

    async fn answer(&self, request: DiscoverRequest<'_>, limits: Limits) -> Result<Outcome, Error> {
        let runtime = Handle::try_current().map_err(|error| {
            Error::new(ErrorKind::Internal, "a discovery needs a tokio runtime").with_cause(error)
        })?;
        let access = self.access().await?;
        request.trace.authenticated(&access.identity.principal());
        let secrets = match access.identity.credential() {
            Some(Credential::Password { password: secret, .. } | Credential::Bearer(secret)) => {
                vec![secret.clone()]
            }
            _ => Vec::new(),
        };
        let watch = Arc::new(Watch::new(request.meter(), limits).with_secrets(secrets));
        let warnings = Arc::default();
        let visit = Visit {
            site: Arc::clone(&self.site),
            access,
            runtime,
            watch: Arc::clone(&watch),
            warnings: Arc::clone(&warnings),
        };
        let plan = Arc::clone(&self.plan);
        let previous: Option<State> =
            request.previous.and_then(|previous| previous.state(SCHEMA, &self.fingerprint));
        let outcome = run::blocking(watch, move || plan.discover(&visit, previous.as_ref())).await?;
        for warning in std::mem::take(&mut *warnings.lock().unwrap_or_else(PoisonError::into_inner)) {
            request.trace.warned(&warning);
        }
        Ok(outcome)
    }
}

#[async_trait]
impl ArtifactSource for GitSource {
    type Artifact = Commit;

    fn id(&self) -> &SourceId {
        &self.id
    }

    async fn discover(&self, request: DiscoverRequest<'_>) -> Result<Discovery<Commit>, Error> {
        let started = Instant::now();
        let meter = request.meter();
        let request = request.with_meter(&meter);
        let limits = Limits { bytes: self.max_bytes, stall: self.stall_limit, deadline: request.deadline };
        let outcome = self.answer(request, limits).await.map_err(|error| {
            let error = if error.url().is_none() { error.with_url(self.id.url()) } else { error };
            error.with_id(&self.id)
        })?;
        match outcome {
            Outcome::Unchanged => Ok(Discovery::Unchanged { cost: meter.cost(started.elapsed()) }),
            Outcome::Found { commits, judged, state } => {
                for Judged { name, detail, rejection } in &judged {
                    let candidate = Candidate::new(name).with_detail(detail.as_deref());
                    match rejection {
                        None => request.trace.accepted(&candidate),
                        Some(why) => request.trace.rejected(&candidate, why),
                    }
                }
                let observation =
                    state.and_then(|state| Observation::new(SCHEMA, &*self.fingerprint, &state));
                let found = Found::new(commits, meter.cost(started.elapsed()));
                Ok(Discovery::Found(found.with_observation(observation)))
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
        f.debug_struct("GitSource").field("id", &self.id).field("plan", &self.plan).finish_non_exhaustive()
    }
}
