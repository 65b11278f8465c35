//! Charts in registries: what is pushed, what it costs, what it survives, and what Helm makes of it.

mod conflicts;
mod cost;
mod faults;
mod peers;
mod places;

use std::time::Duration;

use artifact_http::{Call, Credential, HttpClient};
use chart_release::registry::{ChartRegistry, ChartRegistryBuilder};
use chart_release::{Error, Package};
use jiff::Timestamp;
use warehouse_testkit::{Chart, Registry};

pub fn now() -> Timestamp {
    "2026-11-29T12:00:00Z".parse().unwrap()
}

pub fn at(host: &str) -> ChartRegistryBuilder {
    let http = HttpClient::builder()
        .backoff(Duration::from_millis(1), Duration::from_millis(5))
        .stall_timeout(Duration::from_secs(10))
        .build()
        .unwrap();
    ChartRegistry::builder(format!("oci://{host}/charts")).http(http).clock(now())
}

pub fn charts(registry: &Registry, credential: Option<Credential>) -> ChartRegistry {
    at(&registry.host()).credentials(credential).build().unwrap()
}

pub fn me() -> Option<Credential> {
    Some(Credential::password("me", "SECRET"))
}

pub fn package(chart: &Chart) -> Package {
    Package::from_archive(chart.archive()).unwrap()
}

pub fn web(version: &str) -> Package {
    package(&Chart::new("web", version))
}

/// The same version with other content, and the same `Chart.yaml`.
pub fn other_web(version: &str) -> Package {
    package(&Chart::new("web", version).file("values.yaml", "replicas: 2\n"))
}

/// The methods of all requests, in their order.
pub fn methods(registry: &Registry) -> String {
    let all: Vec<String> = registry.log().all().into_iter().map(|seen| seen.method).collect();
    all.join(" ")
}

/// The error has no secret, and this text and hint.
#[track_caller]
pub fn check(error: &Error, message: &str, hint: &str) {
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("SECRET") && !shown.contains("testkit-token"), "{shown}");
    assert!(error.to_string().contains(message), "{error}");
    assert!(error.hint().unwrap_or_default().contains(hint), "{:?}", error.hint());
}

pub fn call() -> Call {
    Call::new()
}
