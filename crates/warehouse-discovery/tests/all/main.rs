//! Whole Warehouses over real servers on loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod chart_digests;
mod chart_extensions;
mod egress;
mod every_fault;
mod fairness;
mod images;
mod own_client;
mod peers;
mod peers_skopeo;
mod run;
mod spans;
mod tenants;
mod together;
mod watch;
mod why;

use artifact_http::EgressPolicy;
use warehouse_discovery::{Discoverer, DiscovererBuilder};

/// A discoverer that may read what is on this machine: the servers of the tests are, and the default policy is that of a cluster.
fn on_loopback() -> DiscovererBuilder {
    Discoverer::builder().egress(EgressPolicy::workstation())
}
