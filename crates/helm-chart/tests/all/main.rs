//! The tests of the crate over its public API.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod folder;
mod go_yaml;
mod peer;
mod reading;
mod refusal;
mod reproduce;
mod shape;
#[path = "../../../go-compat/tests/all/vectors.rs"]
mod vectors;
