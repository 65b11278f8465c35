//! Real registries.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::find;
use super::process::{Process, write};
use crate::error::Error;

/// The reference registry, distribution v3: pages of tags with `Link`, strict `Accept`, deletes.
#[derive(Debug)]
pub struct ReferenceRegistry(Process);

impl ReferenceRegistry {
    /// Starts `registry serve` over an empty folder, open to anybody.
    ///
    /// # Errors
    ///
    /// [`Error::ProgramMissing`] if `registry` is not installed; [`Error::ProgramFailed`] or [`Error::NotReady`] if it did
    /// not start.
    pub fn start() -> Result<Self, Error> {
        start("registry").map(Self)
    }

    /// `127.0.0.1:PORT`.
    #[must_use]
    pub fn host(&self) -> String {
        self.0.address().to_string()
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.0.address())
    }
}

/// Debian's `docker-registry` 2.8: an old registry that ignores `n` and `last`.
#[derive(Debug)]
pub struct OldRegistry(Process);

impl OldRegistry {
    /// Starts `docker-registry serve` over an empty folder, open to anybody.
    ///
    /// # Errors
    ///
    /// [`Error::ProgramMissing`] if `docker-registry` is not installed; [`Error::ProgramFailed`] or [`Error::NotReady`] if it
    /// did not start.
    pub fn start() -> Result<Self, Error> {
        start("docker-registry").map(Self)
    }

    /// `127.0.0.1:PORT`.
    #[must_use]
    pub fn host(&self) -> String {
        self.0.address().to_string()
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.0.address())
    }
}

fn start(name: &str) -> Result<Process, Error> {
    let program = find(name)?;
    Process::start(name, |address, folder| {
        let settings = write(folder, "config.yml", &config(address, &folder.join("storage")))?;
        let mut command = Command::new(&program);
        command.arg("serve").arg(settings).env("OTEL_TRACES_EXPORTER", "none");
        Ok(command)
    })
}

fn config(address: SocketAddr, storage: &Path) -> String {
    format!(
        "version: 0.1\n\
         log:\n  level: error\n  accesslog:\n    disabled: true\n\
         storage:\n  filesystem:\n    rootdirectory: {}\n  delete:\n    enabled: true\n\
         http:\n  addr: {address}\n  secret: only-for-tests\n",
        storage.display()
    )
}
