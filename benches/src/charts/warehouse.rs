//! Ours: one command.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Failure;
use super::place::Place;

/// The `warehouse` command.
#[derive(Clone, Debug)]
pub struct Warehouse(PathBuf);

impl Warehouse {
    /// The one beside this program.
    ///
    /// # Errors
    ///
    /// If it was not built.
    pub fn find() -> Result<Self, Failure> {
        let program = std::env::current_exe()?.with_file_name("warehouse");
        if program.is_file() {
            return Ok(Self(program));
        }
        Err("build `warehouse` first: cargo build --release -p warehouse-cli".into())
    }

    /// A dev release of all charts of this repository.
    ///
    /// # Errors
    ///
    /// If it fails.
    pub fn release_dev(&self, repository: &Path, place: &Place) -> Result<(), Failure> {
        let output = Command::new(&self.0)
            .args(["chart", "release-dev", "--repository"])
            .arg(repository)
            .args(["--registry", &place.registry_url(), "--backup", &place.backup(), "--output", "json"])
            .envs(place.variables())
            .stdin(Stdio::null())
            .output()?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!("warehouse: {}", String::from_utf8_lossy(&output.stderr)).into())
    }
}
