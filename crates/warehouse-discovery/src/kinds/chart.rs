//! Subscriptions to Helm charts.

#![allow(
    clippy::field_reassign_with_default,
    reason = "the types are #[non_exhaustive]: no literal makes one"
)]

use artifact_source::{AnyArtifact, Chart};
use warehouse_spec::{ChartDiscoveryResult, ChartSubscription, DiscoveryResult, without_credential};

use crate::kinds::context::pick;
#[cfg(feature = "chart")]
use {
    crate::kinds::context::{KindContext, invalid_rule, limit},
    artifact_source::{AnySource, ArtifactSourceExt, Error, SourceId},
    helm_source::HelmSource,
};

/// The source of a subscription.
#[cfg(feature = "chart")]
pub(crate) fn source(
    context: &KindContext<'_>,
    chart: &ChartSubscription,
    id: &SourceId,
) -> Result<AnySource, Error> {
    let transport = context.transport(chart.insecure_skip_tls_verify)?;
    let source = HelmSource::builder(&chart.repo_url)
        .id(id.clone())
        .context(&context.source_context(transport))
        .registry(transport.charts.clone())
        .cache(transport.indexes.clone())
        .chart(chart.name.as_deref().unwrap_or_default())
        .rule(chart.rule().map_err(invalid_rule)?)
        .follow_digests(chart.follow_digests)
        .check_config(chart.check_config)
        .limit(limit(chart.discovery_limit));
    Ok(source.build()?.erase())
}

/// The entry of `status.discoveredArtifacts`.
pub(crate) fn result(chart: &ChartSubscription, name: String, artifacts: &[AnyArtifact]) -> DiscoveryResult {
    let mut result = ChartDiscoveryResult::default();
    result.repo_url = without_credential(&chart.repo_url).into_owned();
    result.name = chart.name.clone().unwrap_or_default();
    result.semver_constraint = chart.semver_constraint.clone().unwrap_or_default();
    result.subscription_name = name;
    result.versions = pick(artifacts, version);
    // Of two entries of one version, the first is the better one, so its digest counts.
    for artifact in artifacts.iter().rev() {
        if let AnyArtifact::Chart(Chart { version, digest, .. }) = artifact {
            match digest {
                Some(digest) => result.digests.insert(version.clone(), digest.clone()),
                None => result.digests.remove(version),
            };
        }
    }
    DiscoveryResult::Chart(result)
}

fn version(artifact: &AnyArtifact) -> Option<String> {
    match artifact {
        AnyArtifact::Chart(Chart { version, .. }) => Some(version.clone()),
        _ => None,
    }
}
