//! The kinds of subscriptions. Each has a file that makes its source and its entry of `status.discoveredArtifacts`; a further kind is a further
//! file, and a line in each function here.

mod chart;
mod generic;
mod git;
mod image;

use std::sync::Arc;

use artifact_http::SourceContext;
use artifact_source::{AnyArtifact, AnySource, Error, ErrorKind, SourceId, SourceKind};
use freight::NeededCreated;
use warehouse_spec::{DiscoveryResult, Subscription, SubscriptionKind, Warehouse};

use crate::Discoverer;
use crate::SubscriptionReport;
use crate::transport::Transport;

/// The id of the subscription's source, in reports and in messages.
pub(crate) fn id(subscription: &Subscription) -> SourceId {
    let (kind, url, chart) = match &subscription.kind {
        SubscriptionKind::Image(image) => (SourceKind::Image, image.repo_url.as_str(), None),
        SubscriptionKind::Git(git) => (SourceKind::Git, git.repo_url.as_str(), None),
        SubscriptionKind::Chart(chart) => (SourceKind::Chart, chart.repo_url.as_str(), chart.name.as_deref()),
        _ => (SourceKind::Other(subscription.type_key().to_owned()), "", None),
    };
    SourceId::new(kind, url).with_chart(chart).with_subscription(subscription.name.as_deref())
}

/// Makes the sources of one Warehouse.
pub(crate) struct Compiler<'a> {
    pub(crate) discoverer: &'a Discoverer,
    pub(crate) warehouse: &'a Warehouse,
    /// The images of which Freight's criteria may read the build time.
    #[cfg_attr(not(feature = "image"), allow(dead_code, reason = "only images have a build time"))]
    pub(crate) needed: NeededCreated,
}

impl Compiler<'_> {
    /// The clients for a server whose certificate is checked, or not checked where the subscription says so.
    #[cfg_attr(
        not(any(feature = "image", feature = "git", feature = "chart")),
        allow(dead_code, reason = "only the kinds that are built in need it")
    )]
    pub(crate) fn transport(&self, skip_tls_verify: bool) -> &Transport {
        let shared = &self.discoverer.shared;
        if skip_tls_verify { &shared.unverified } else { &shared.verified }
    }

    pub(crate) fn context(&self, transport: &Transport) -> SourceContext {
        SourceContext::new(transport.http.clone())
            .with_credentials(Arc::clone(&self.discoverer.credentials))
            .with_clock(Arc::clone(&self.discoverer.shared.clock))
            .with_cache_dir(self.discoverer.shared.cache_dir.clone())
    }
}

/// The source of the subscription.
///
/// # Errors
///
/// `InvalidInput` for a rule that validation would have refused, and for a kind that this program does not know.
pub(crate) fn source(
    compiler: &Compiler<'_>,
    subscription: &Subscription,
    id: &SourceId,
) -> Result<AnySource, Error> {
    match &subscription.kind {
        #[cfg(feature = "image")]
        SubscriptionKind::Image(image) => image::source(compiler, image, id),
        #[cfg(feature = "git")]
        SubscriptionKind::Git(git) => git::source(compiler, git, id),
        #[cfg(feature = "chart")]
        SubscriptionKind::Chart(chart) => chart::source(compiler, chart, id),
        SubscriptionKind::Generic(generic) => generic::source(compiler, generic, id),
        #[cfg(not(feature = "image"))]
        SubscriptionKind::Image(_) => Err(not_built(subscription.type_key())),
        #[cfg(not(feature = "git"))]
        SubscriptionKind::Git(_) => Err(not_built(subscription.type_key())),
        #[cfg(not(feature = "chart"))]
        SubscriptionKind::Chart(_) => Err(not_built(subscription.type_key())),
        _ => Err(unknown(subscription.type_key())),
    }
}

/// The subscription's entry of `status.discoveredArtifacts`.
pub(crate) fn result(subscription: &Subscription, report: &SubscriptionReport) -> DiscoveryResult {
    let name = subscription.name.clone().unwrap_or_default();
    let artifacts = &report.artifacts;
    match &subscription.kind {
        SubscriptionKind::Image(image) => image::result(image, name, artifacts),
        SubscriptionKind::Git(git) => git::result(git, name, artifacts, report.observation.as_ref()),
        SubscriptionKind::Chart(chart) => chart::result(chart, name, artifacts),
        _ => generic::result(name, artifacts),
    }
}

fn pick<T>(artifacts: &[AnyArtifact], convert: impl Fn(&AnyArtifact) -> Option<T>) -> Vec<T> {
    artifacts.iter().filter_map(convert).collect()
}

#[cfg(feature = "image")]
/// A field that validation would have refused.
fn invalid(field: &'static str, cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("`{field}` cannot be used"))
        .with_field(field)
        .with_cause(cause)
}

/// A limit as the sources count.
fn limit(discovery_limit: u32) -> usize {
    usize::try_from(discovery_limit).unwrap_or(usize::MAX)
}

fn unknown(what: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("nothing here knows how to discover {what:?}"))
        .with_hint("image, git and chart are built in; an embedder registers other types")
}

#[cfg(not(all(feature = "image", feature = "git", feature = "chart")))]
fn not_built(kind: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("this program was built without {kind} subscriptions"))
        .with_hint(format!("build it with the feature `{kind}` of warehouse-discovery"))
}
