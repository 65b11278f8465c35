//! The tests over the wire, against servers of the testkit and foreign ones, and over published indexes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test may panic")]

mod classic;
mod conformance;
mod corpus;
mod digests;
mod lenient;
mod origins;
mod peer;
mod refusal;
mod registry;
mod requests;
