//! Tests of an embedder without a network: a real registry on loopback with ordered faults, a fixed time, and a service that answers instead of any
//! server.
//!
//! `cargo run -p warehouse-discovery --example fakes`

use async_trait::async_trait;
use warehouse_discovery::Discoverer;
use warehouse_discovery::Warehouse;
use warehouse_discovery::http::{
    EgressPolicy, HttpClient, HttpService, ServiceRequest, ServiceResponse, StatusCode,
};
use warehouse_discovery::source::Error;
use warehouse_discovery::spec::{ChartSubscription, ImageSubscription, Subscription};
use warehouse_testkit::{Fault, Registry, When};

type Failure = Box<dyn std::error::Error>;

/// Answers every request with the same index of charts.
#[derive(Debug)]
struct Index;

#[async_trait]
impl HttpService for Index {
    async fn call(&self, request: ServiceRequest) -> Result<ServiceResponse, Error> {
        println!("{} {}", request.method, request.url);
        let index = "apiVersion: v1\nentries: {web: [{name: web, version: 1.2.3, urls: [web-1.2.3.tgz]}]}\n";
        Ok(ServiceResponse::new(StatusCode::OK, index))
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    // A registry that fails once is asked again.
    let registry = Registry::start()?;
    registry.image("example/app").tag("1.0.0").push();
    registry.faults().add(When::any().first(1), Fault::status(503));
    let noon: jiff::Timestamp = "2024-05-01T12:00:00Z".parse()?;
    // It is on loopback, which the default policy does not permit.
    let egress = EgressPolicy::workstation();
    let discoverer = Discoverer::builder().egress(egress).clock(noon).build()?;
    let image = ImageSubscription::new(format!("{}/example/app", registry.host()));
    let report = discoverer.run(&Warehouse::new("app", vec![Subscription::new(image)])).await;
    assert!(report.is_complete() && report.discovered_at == noon);
    println!("{}", report.cost);

    // No server at all.
    let discoverer = Discoverer::builder().http(HttpClient::builder().service(Index)).build()?;
    let chart = ChartSubscription::classic("https://charts.example.com", "web");
    let report = discoverer.run(&Warehouse::new("web", vec![Subscription::new(chart)])).await;
    println!("{:?}", report.subscriptions[0].artifacts);
    assert!(report.is_complete());
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
