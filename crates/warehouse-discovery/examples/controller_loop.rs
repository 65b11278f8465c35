//! A controller's loop over one Warehouse: poll cheaply, keep what failed apart, build Freight when everything answered.
//!
//! `cargo run -p warehouse-discovery --example controller_loop` runs three rounds against servers on loopback.

use std::time::{Duration, Instant};

use warehouse_discovery::http::{EgressPolicy, HttpClient};
use warehouse_discovery::spec::Options;
use warehouse_discovery::{Discoverer, Snapshot, Warehouse, parse};
use warehouse_testkit::{Fault, Registry, When};

type Failure = Box<dyn std::error::Error>;

/// How long until the next round: what the servers ask for, or the Warehouse's interval.
fn pause(report: &warehouse_discovery::Report, interval: Duration) -> Duration {
    let asked = report.failures().filter_map(|(_, error)| error.retry_after()).max();
    asked.unwrap_or(interval)
}

async fn round(discoverer: &Discoverer, warehouse: &Warehouse, known: &mut Snapshot) -> Duration {
    let deadline = Instant::now() + Duration::from_secs(30);
    let report = discoverer.run(warehouse).with_previous(&*known).with_deadline(deadline).await;
    for (subscription, error) in report.failures() {
        let when = if error.is_transient() { "the next round asks again" } else { "a change is needed" };
        println!("{}: {error} ({when})", subscription.id);
    }
    for warning in report.subscriptions.iter().flat_map(|subscription| &subscription.warnings) {
        println!("warning: {warning}");
    }
    println!("{}; Freight: {:?}", report.cost, freight_name(&report, warehouse));
    // A controller keeps it in memory, or in a file: it is serde data.
    *known = report.snapshot();
    pause(&report, Duration::from_secs(300))
}

fn freight_name(report: &warehouse_discovery::Report, warehouse: &Warehouse) -> Option<String> {
    report.freight(warehouse).ok().map(|freight| freight.metadata.name)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let registry = Registry::start()?;
    registry.image("example/app").tag("1.0.0").push();
    let text = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: app, namespace: team}}\n\
         spec: {{subscriptions: [{{image: {{repoURL: {}/example/app}}}}]}}\n",
        registry.host()
    );
    let manifest = parse("app.yaml", &text, &Options::default());
    let warehouse = manifest.warehouses.first().ok_or("no Warehouse")?;

    let http = HttpClient::builder().backoff(Duration::from_millis(1), Duration::from_millis(10));
    // The default policy permits public addresses only. The registry of this example is on loopback, so that is named.
    let egress = EgressPolicy::cluster().allow_network("127.0.0.0/8")?;
    let discoverer = Discoverer::builder().http(http).egress(egress).build()?;
    let mut known = Snapshot::default();

    round(&discoverer, warehouse, &mut known).await;
    registry.faults().add(When::any(), Fault::status(503));
    round(&discoverer, warehouse, &mut known).await;
    registry.faults().clear();
    registry.image("example/app").tag("1.1.0").push();
    let next = round(&discoverer, warehouse, &mut known).await;
    println!("next round in {next:?}");
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
