//! A Warehouse for each subscription, all of them discovered at once, with a cache on disk and without an observation: as by a process that was
//! just started.

use std::path::Path;

use artifact_http::EgressPolicy;
use futures::future::join_all;
use warehouse_discovery::spec::Options;
use warehouse_discovery::{AnyArtifact, Discoverer, parse};

use super::Failure;
use super::subscription::Subscription;

/// The ids of commits of each subscription.
pub(super) async fn discover(
    url: &str,
    subscriptions: &[Subscription],
    folder: &Path,
) -> Result<Vec<Vec<String>>, Failure> {
    // A Warehouse may have one subscription to a repository.
    let warehouse = |(number, subscription): (usize, &Subscription)| {
        format!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: monorepo-{number}, namespace: team-a}}\n\
             spec: {{subscriptions: [{{{}}}]}}\n",
            subscription.yaml(url)
        )
    };
    let manifests: Vec<String> = subscriptions.iter().enumerate().map(warehouse).collect();
    let parsed = parse("warehouses.yaml", &manifests.join("---\n"), &Options::default());
    if !parsed.is_valid() {
        let errors: Vec<String> = parsed.errors().map(ToString::to_string).collect();
        return Err(errors.join("\n").into());
    }
    let warehouses: Vec<_> = parsed.warehouses.into_iter().map(|warehouse| warehouse.into_inner()).collect();
    // The server is on loopback.
    let discoverer = Discoverer::builder().egress(EgressPolicy::workstation()).cache_dir(folder).build()?;
    let reports = join_all(warehouses.iter().map(async |warehouse| discoverer.run(warehouse).await)).await;
    let mut all = Vec::new();
    for subscription in reports.iter().flat_map(|report| &report.subscriptions) {
        if let Some(error) = &subscription.error {
            return Err(format!("{error}: {:?}", error.hint()).into());
        }
        let id = |artifact: &AnyArtifact| match artifact {
            AnyArtifact::Commit(commit) => Some(commit.id.clone()),
            _ => None,
        };
        all.push(subscription.artifacts.iter().filter_map(id).collect());
    }
    Ok(all)
}
