//! What Cargo knows about this workspace, for the tests that prove its architecture.
//!
//! The tests are in `tests/`: `arrows` (who may depend on whom), `purity` (what may never be pulled in, and the
//! wasm32 build), `house_rules` (what every crate and every file looks like), `documents` (whether the tests they name exist). Run
//! them with `cargo test -p architecture`.

mod metadata;

pub use metadata::{Dependency, Kind, Package, Workspace};

use std::path::PathBuf;

/// The root of the workspace.
#[must_use]
pub fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).map_or(here.clone(), PathBuf::from)
}
