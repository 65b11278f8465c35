//! A chart that is published again and again as 0.0.0-dev: with `followDigests` each content is Freight of its own, without it none is.

use artifact_source::AnyArtifact;
use serde_json::json;
use warehouse_discovery::{Freshness, Report, Snapshot};
use warehouse_spec::{Options, Warehouse};
use warehouse_testkit::{Chart, ChartIndex, ChartServer, Registry};

use crate::on_loopback;

/// A registry and a chart repository, each with one dev version of a chart.
struct World {
    registry: Registry,
    charts: ChartServer,
}

impl World {
    fn start() -> Self {
        Self { registry: Registry::start().unwrap(), charts: ChartServer::start().unwrap() }
    }

    /// Publishes 0.0.0-dev with this content in both.
    fn publish(&self, content: &str) {
        let chart = Chart::new("web", "0.0.0-dev").file("values.yaml", format!("content: {content}\n"));
        self.registry.push_chart("charts", &chart);
        self.charts.set_index(ChartIndex::new().add(&chart).render());
    }

    /// The subscription to the chart in the registry, and the one in the chart repository.
    fn subscriptions(&self) -> [String; 2] {
        let oci = format!("repoURL: oci://{}/charts/web", self.registry.host());
        [oci, format!("repoURL: {}, name: web", self.charts.url())]
    }

    fn requests(&self) -> u64 {
        let sent = |log: &warehouse_testkit::RequestLog| log.counters().requests;
        let requests = sent(self.registry.log()) + sent(self.charts.log());
        self.registry.log().clear();
        self.charts.log().clear();
        requests
    }
}

fn warehouse(subscription: &str, more: &str) -> Warehouse {
    let text = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: dev}}\nspec:\n  subscriptions:\n  \
         - chart: {{{subscription}, semverConstraint: '>=0.0.0-0'{more}}}\n"
    );
    let mut manifest = warehouse_spec::parse("w.yaml", &text, &Options::default());
    assert!(manifest.diagnostics.is_empty(), "{text}: {:?}", manifest.diagnostics);
    manifest.warehouses.remove(0).into_inner()
}

/// Discovers with the snapshot as a later process reads it.
async fn run(warehouse: &Warehouse, previous: Option<&Snapshot>) -> Report {
    let snapshot = serde_json::to_string(&previous.cloned().unwrap_or_default()).unwrap();
    let snapshot: Snapshot = serde_json::from_str(&snapshot).unwrap();
    let report = on_loopback().build().unwrap().run(warehouse).with_previous(&snapshot).await;
    assert!(report.is_complete(), "{report:?}");
    report
}

fn digest(report: &Report) -> Option<String> {
    match &report.subscriptions[0].artifacts[..] {
        [AnyArtifact::Chart(chart)] if chart.version == "0.0.0-dev" => chart.digest.clone(),
        other => panic!("{other:?}"),
    }
}

fn name(report: &Report, warehouse: &Warehouse) -> String {
    report.freight(warehouse).unwrap().metadata.name
}

#[tokio::test]
async fn other_content_is_other_freight() {
    let world = World::start();
    world.publish("a");
    // The list of tags and the digest of one; the index alone.
    for (subscription, requests) in world.subscriptions().iter().zip([2, 1]) {
        let warehouse = warehouse(subscription, ", followDigests: true");
        world.publish("a");
        world.requests();
        let first = run(&warehouse, None).await;
        assert_eq!(world.requests(), requests);
        let freight = first.freight(&warehouse).unwrap();
        let a = digest(&first).unwrap();
        assert_eq!(freight.charts[0].digest, a);
        let discovered = serde_json::to_value(first.discovered_artifacts(&warehouse)).unwrap();
        assert_eq!(discovered["charts"][0]["versions"], json!(["0.0.0-dev"]));
        assert_eq!(discovered["charts"][0]["digests"], json!({"0.0.0-dev": a}));

        world.publish("b");
        let second = run(&warehouse, Some(&first.snapshot())).await;
        assert_eq!(world.requests(), requests);
        assert_eq!(second.subscriptions[0].freshness, Freshness::Found);
        assert_ne!(digest(&second), digest(&first));
        assert_ne!(name(&second, &warehouse), freight.metadata.name);

        let third = run(&warehouse, Some(&second.snapshot())).await;
        assert_eq!(world.requests(), requests);
        assert_eq!(third.subscriptions[0].freshness, Freshness::Unchanged);
        assert_eq!(name(&third, &warehouse), name(&second, &warehouse));

        // The same content has the same name, whenever it comes.
        world.publish("a");
        let again = run(&warehouse, Some(&third.snapshot())).await;
        assert_eq!(name(&again, &warehouse), freight.metadata.name);
        world.requests();
    }
}

/// Off, by default and in so many words: one request, Kargo's name, and no digest anywhere.
#[tokio::test]
async fn without_the_option_a_chart_is_its_version() {
    let world = World::start();
    for subscription in world.subscriptions() {
        let (plain, off) = (warehouse(&subscription, ""), warehouse(&subscription, ", followDigests: false"));
        world.publish("a");
        world.requests();
        let first = run(&plain, None).await;
        assert_eq!(world.requests(), 1);
        world.publish("b");
        let second = run(&off, Some(&first.snapshot())).await;
        assert_eq!(world.requests(), 1);

        assert_eq!(first.subscriptions[0].artifacts, second.subscriptions[0].artifacts);
        assert_eq!(name(&first, &plain), name(&second, &off));
        let shown = |report: &Report, warehouse: &Warehouse| {
            let mut freight = report.freight(warehouse).unwrap();
            freight.discovered_at = None;
            let mut discovered = report.discovered_artifacts(warehouse);
            discovered.discovered_at = None;
            format!(
                "{}{}",
                serde_json::to_string(&freight).unwrap(),
                serde_json::to_string(&discovered).unwrap()
            )
        };
        assert_eq!(shown(&first, &plain), shown(&second, &off));
        assert!(!shown(&first, &plain).to_lowercase().contains("digest"));

        // Turned on, it discovers in full, and the version stays the same.
        let on = warehouse(&subscription, ", followDigests: true");
        let third = run(&on, Some(&second.snapshot())).await;
        assert_eq!(third.subscriptions[0].freshness, Freshness::Found);
        assert!(digest(&third).is_some());
        assert_ne!(name(&third, &on), name(&second, &off));
        world.requests();
    }
}

/// The first of two entries of one version is the chart of the Freight, with its own digest or with none.
#[tokio::test]
async fn the_digest_is_that_of_the_first_entry_of_a_version() {
    let world = World::start();
    let [_, subscription] = world.subscriptions();
    let warehouse = warehouse(&subscription, ", followDigests: true");
    let (one, two) = ("0a".repeat(32), "0b".repeat(32));
    for (entries, expected) in [
        ([format!("digest: {one}"), format!("digest: {two}")], format!("sha256:{one}")),
        (["name: web".to_owned(), format!("digest: {two}")], String::new()),
    ] {
        let entries = entries.map(|entry| format!("  - version: 0.0.0-dev\n    {entry}\n")).concat();
        world.charts.set_index(format!("entries:\n  web:\n{entries}"));
        let report = run(&warehouse, None).await;
        assert_eq!(report.freight(&warehouse).unwrap().charts[0].digest, expected);
        let warned = report.subscriptions[0].warnings.len();
        assert_eq!(warned, usize::from(expected.is_empty()));
    }
}
