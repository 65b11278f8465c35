//! The pages of the guide, executed: `cargo test -p guide`.
//!
//! - `strategies`: every example of the pages about strategies, against real servers on loopback;
//! - `moving`: every row of the pages about moving over from other tools;
//! - `messages`: every message of the page about troubleshooting, looked for in the code;
//! - `tutorial`: the commands of the tutorial, run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod example;
mod markdown;
mod messages;
mod moving;
mod strategies;
mod tutorial;

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the book's pages.
fn pages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src")
}

/// The text of a page, by its path below the folder of pages.
fn page(path: &str) -> String {
    fs::read_to_string(pages().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
