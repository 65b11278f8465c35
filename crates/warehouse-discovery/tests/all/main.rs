//! Whole Warehouses over real servers on loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod chart_digests;
mod every_fault;
mod fairness;
mod images;
mod own_client;
mod peers;
mod peers_skopeo;
mod run;
mod spans;
mod together;
