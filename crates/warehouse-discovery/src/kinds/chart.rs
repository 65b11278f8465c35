//! Subscriptions to Helm charts.

#![allow(
    clippy::field_reassign_with_default,
    reason = "the types are #[non_exhaustive]: no literal makes one"
)]

use artifact_source::{AnyArtifact, Chart};
use warehouse_spec::{ChartDiscoveryResult, ChartSubscription, DiscoveryResult, without_credential};

use crate::compiler::pick;
#[cfg(feature = "chart")]
use {
    crate::compiler::Compiler,
    crate::compiler::limit,
    artifact_source::{AnySource, ArtifactSourceExt, Error, SourceId},
    helm_source::HelmSource,
};

/// The source of a subscription.
#[cfg(feature = "chart")]
pub(crate) fn source(
    compiler: &Compiler<'_>,
    chart: &ChartSubscription,
    id: &SourceId,
) -> Result<AnySource, Error> {
    let transport = compiler.transport(chart.insecure_skip_tls_verify);
    let source = HelmSource::builder(&chart.repo_url)
        .id(id.clone())
        .context(&compiler.context(transport))
        .registry(transport.charts.clone())
        .cache(transport.indexes.clone())
        .chart(chart.name.as_deref().unwrap_or_default())
        .constraint(chart.semver_constraint.as_deref().unwrap_or_default())
        .follow_digests(chart.follow_digests)
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
