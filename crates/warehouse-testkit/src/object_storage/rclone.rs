//! rclone as a server of S3.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::error::Error;
use crate::peer::{Process, find};

/// `rclone serve s3` over a folder of its own, whose folders are the buckets. It has no conditional puts.
#[derive(Debug)]
pub struct RcloneS3 {
    process: Process,
    folder: TempDir,
}

impl RcloneS3 {
    /// Starts it with these buckets, without authentication.
    ///
    /// # Errors
    ///
    /// [`Error::ProgramMissing`] if `rclone` is not installed; [`Error::ProgramFailed`] or [`Error::NotReady`] if it did not start.
    pub fn start(buckets: &[&str]) -> Result<Self, Error> {
        Self::start_with(buckets, &[])
    }

    /// Starts it with this access key and secret; requests without their signature are refused.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_with_key(buckets: &[&str], key: &str, secret: &str) -> Result<Self, Error> {
        Self::start_with(buckets, &[format!("--auth-key={key},{secret}")])
    }

    fn start_with(buckets: &[&str], arguments: &[String]) -> Result<Self, Error> {
        let program = find("rclone")?;
        let folder =
            TempDir::with_prefix("warehouse-testkit-s3-").map_err(Error::file(std::env::temp_dir()))?;
        for bucket in buckets {
            let path = folder.path().join(bucket);
            std::fs::create_dir_all(&path).map_err(Error::file(&path))?;
        }
        let root = folder.path().to_owned();
        let process = Process::start("rclone", |address, home| {
            let mut command = Command::new(&program);
            command
                .args(["serve", "s3", "--addr", &address.to_string()])
                // Without it what is written shows in lists a few seconds later.
                .args(["--vfs-cache-mode", "off", "--dir-cache-time", "0s"])
                .args(arguments)
                .arg(&root)
                .env("HOME", home)
                .env("RCLONE_CONFIG", home.join("rclone.conf"));
            Ok(command)
        })?;
        Ok(Self { process, folder })
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.process.address())
    }

    /// The folder whose folders are the buckets.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The program, to be used as a client too.
    ///
    /// # Errors
    ///
    /// [`Error::ProgramMissing`] if it is not installed.
    pub fn program() -> Result<PathBuf, Error> {
        find("rclone")
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.process.address()
    }
}
