//! `git daemon`.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::{Process, failed};
use super::{HINT, find};
use crate::error::Error;

/// `git daemon`: bare repositories over `git://`.
#[derive(Debug)]
pub struct GitDaemon(Process);

impl GitDaemon {
    /// Serves every repository below this folder, e.g. [`GitServer::root`](crate::GitServer::root).
    ///
    /// # Errors
    ///
    /// [`Error::ProgramMissing`] if there is no Git or it came without its daemon; [`Error::ProgramFailed`] or
    /// [`Error::NotReady`] if it did not start.
    pub fn serve(root: &Path) -> Result<Self, Error> {
        let program = daemon()?;
        let process = Process::start("git-daemon", |address, folder| {
            let mut command = Command::new(&program);
            command
                .arg(format!("--listen={}", address.ip()))
                .arg(format!("--port={}", address.port()))
                .arg(format!("--base-path={}", root.display()))
                .args(["--export-all", "--reuseaddr", "--informative-errors"])
                .arg(root)
                .env("HOME", folder)
                .env("GIT_CONFIG_NOSYSTEM", "1")
                .env("GIT_CONFIG_GLOBAL", "/dev/null");
            Ok(command)
        })?;
        Ok(Self(process))
    }

    /// `git://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("git://{}", self.0.address())
    }
}

/// The daemon itself: `git daemon` would start it as a child that outlives its parent.
fn daemon() -> Result<PathBuf, Error> {
    let git = find("git")?;
    let output = Command::new(&git)
        .arg("--exec-path")
        .output()
        .map_err(|source| failed("git --exec-path", "not started", source.to_string()))?;
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let daemon = folder.join("git-daemon");
    if daemon.is_file() {
        return Ok(daemon);
    }
    Err(Error::ProgramMissing { program: "git daemon".into(), hint: HINT })
}
