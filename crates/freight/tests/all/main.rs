//! How Freight is built and named, and when not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails may panic")]

mod build;
mod criteria;
mod needed_created;
mod vectors;
