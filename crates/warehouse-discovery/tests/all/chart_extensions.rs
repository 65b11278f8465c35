//! The fields of a chart subscription that Kargo does not have, as a manifest and its reports show them.

use artifact_source::AnyArtifact;
use warehouse_discovery::Report;
use warehouse_spec::Options;
use warehouse_testkit::{Chart, Registry};

use crate::on_loopback;

/// Discovers the chart with these fields.
async fn discover(registry: &Registry, fields: &str) -> Report {
    let text = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: demo}}\nspec:\n  subscriptions:\n  \
         - chart: {{repoURL: 'oci://{}/charts/web'{fields}}}\n",
        registry.host()
    );
    let mut manifest = warehouse_spec::parse("w.yaml", &text, &Options::default());
    assert!(manifest.diagnostics.is_empty(), "{text}: {:?}", manifest.diagnostics);
    let warehouse = manifest.warehouses.remove(0).into_inner();
    let report = on_loopback().build().unwrap().run(&warehouse).await;
    assert!(report.is_complete(), "{report:?}");
    report
}

fn versions(report: &Report) -> Vec<&str> {
    let artifacts = report.subscriptions[0].artifacts.iter();
    let versions = artifacts.map(|artifact| match artifact {
        AnyArtifact::Chart(chart) => chart.version.as_str(),
        other => panic!("{other:?}"),
    });
    versions.collect()
}

/// What the reason of a tag with a `v` says to do (`why.rs`), works.
#[tokio::test]
async fn a_leading_v_is_accepted_where_the_manifest_says_so() {
    let registry = Registry::start().unwrap();
    registry.push_chart("charts", &Chart::new("web", "1.0.0"));
    registry.tag("charts/web", "1.0.0", "v1.2.0").unwrap();
    let off = discover(&registry, "").await;
    assert_eq!(versions(&off), ["1.0.0"]);
    assert_eq!(versions(&discover(&registry, ", acceptV: true").await), ["v1.2.0", "1.0.0"]);
    assert_eq!(versions(&discover(&registry, ", acceptV: true, semverConstraint: ^1.1").await), ["v1.2.0"]);
}

#[tokio::test]
async fn an_image_beside_a_chart_is_passed_over_where_the_manifest_says_so() {
    let registry = Registry::start().unwrap();
    registry.push_chart("charts", &Chart::new("web", "1.0.0"));
    registry.image("charts/web").tag("2.0.0").push();
    assert_eq!(versions(&discover(&registry, "").await), ["2.0.0", "1.0.0"]);
    assert_eq!(versions(&discover(&registry, ", checkConfig: true").await), ["1.0.0"]);
}
