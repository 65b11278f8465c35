//! The tests of the crate over its public API.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test may panic")]

mod fixture;
mod index;
mod kill;
mod repository;
mod store;
mod writers;
