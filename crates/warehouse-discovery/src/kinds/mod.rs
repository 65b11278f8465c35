//! The kinds of subscriptions. Each has a file that makes its source and its entry of `status.discoveredArtifacts`, and a line in each function
//! here.
//!
//! A kind of an embedder needs no change here: a factory for generic subscriptions makes its source. A further typed kind, with fields and a status of its own, requires changes
//! in several crates, which docs/src/architecture.md lists.

mod chart;
mod context;
mod generic;
mod git;
mod image;

pub(crate) use context::KindContext;

#[cfg(not(all(feature = "image", feature = "git", feature = "chart")))]
use artifact_source::ErrorKind;
use artifact_source::{AnyArtifact, AnySource, Error, Observation, SourceId, SourceKind};
use warehouse_spec::{DiscoveryResult, SourceLabel, Subscription, SubscriptionKind};

use crate::kinds::context::unknown;

/// The id of the subscription's source, in reports and in messages.
pub(crate) fn id(subscription: &Subscription) -> SourceId {
    let SourceLabel { kind, url, chart, subscription } = subscription.label();
    SourceId::new(SourceKind::from(kind), url).with_chart(chart).with_subscription(subscription)
}

/// The source of the subscription.
///
/// # Errors
///
/// `InvalidInput` for a rule that validation would have refused, and for a kind that this program does not know.
pub(crate) fn source(
    context: &KindContext<'_>,
    subscription: &Subscription,
    id: &SourceId,
) -> Result<AnySource, Error> {
    match &subscription.kind {
        #[cfg(feature = "image")]
        SubscriptionKind::Image(image) => image::source(context, image, id),
        #[cfg(feature = "git")]
        SubscriptionKind::Git(git) => git::source(context, git, id),
        #[cfg(feature = "chart")]
        SubscriptionKind::Chart(chart) => chart::source(context, chart, id),
        SubscriptionKind::Generic(generic) => generic::source(context, generic, id),
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
pub(crate) fn result(
    subscription: &Subscription,
    artifacts: &[AnyArtifact],
    observation: Option<&Observation>,
) -> DiscoveryResult {
    let name = subscription.name.clone().unwrap_or_default();
    match &subscription.kind {
        SubscriptionKind::Image(image) => image::result(image, name, artifacts),
        SubscriptionKind::Git(git) => git::result(git, name, artifacts, observation),
        SubscriptionKind::Chart(chart) => chart::result(chart, name, artifacts),
        _ => generic::result(name, artifacts),
    }
}

#[cfg(not(all(feature = "image", feature = "git", feature = "chart")))]
fn not_built(kind: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("this program was built without {kind} subscriptions"))
        .with_hint(format!("build it with the feature `{kind}` of warehouse-discovery"))
}
