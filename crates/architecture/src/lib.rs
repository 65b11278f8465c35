//! What Cargo knows about this workspace, for the tests that prove its architecture.
//!
//! The tests are in `tests/all`: `arrows` (which crate may depend on which), `purity` (what may never be pulled in, and the
//! wasm32 build), `house_rules` (what every crate and every file looks like), `documents` (whether the tests they name exist), `links` (whether
//! links lead somewhere), `packages` (what crates.io needs). Run them with `cargo test -p architecture`. `cargo run -p architecture --bin structure`
//! prints the shape of every crate, `--bin published` the crates in the order in which they are published.

mod files;
mod metadata;
mod modules;
mod structure;

pub use files::rust_files;
pub use metadata::{Dependency, Kind, Package, Target, Workspace};
pub use modules::Modules;
pub use structure::{Shape, Table};

use std::path::PathBuf;

/// The root of the workspace.
#[must_use]
pub fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).map_or(here.clone(), PathBuf::from)
}
