//! A Warehouse, discovered with a cache on disk and without an observation, as by a process that was just started.

use std::path::Path;

use artifact_http::EgressPolicy;
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
    let mut manifest =
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: monorepo\n  \
                        namespace: team-a\nspec:\n  subscriptions:\n"
            .to_owned();
    for subscription in subscriptions {
        manifest.push_str(&format!("  - {}\n", subscription.yaml(url)));
    }
    let parsed = parse("warehouse.yaml", &manifest, &Options::default());
    if !parsed.is_valid() {
        let errors: Vec<String> = parsed.errors().map(ToString::to_string).collect();
        return Err(errors.join("\n").into());
    }
    let warehouse = parsed.warehouses.into_iter().next().ok_or("there is no Warehouse")?.into_inner();
    // The server is on loopback.
    let discoverer = Discoverer::builder().egress(EgressPolicy::workstation()).cache_dir(folder).build()?;
    let report = discoverer.run(&warehouse).await;
    let mut all = Vec::new();
    for subscription in &report.subscriptions {
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
