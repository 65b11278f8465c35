//! The tests of the crate over its public API.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod dependency;
mod dependency_peer;
