//! Foreign command line tools.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::find;
use super::process::failed;
use crate::error::Error;
use crate::git::tail;

/// How long one command may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A command line tool, shut off from the user's configuration: `crane`, `helm`, `skopeo`.
#[derive(Debug)]
pub struct Tool {
    name: String,
    program: PathBuf,
    home: TempDir,
}

impl Tool {
    /// Finds it, see [`find`].
    ///
    /// # Errors
    ///
    /// [`Error::ProgramMissing`] if it is not there.
    pub fn find(name: &str) -> Result<Self, Error> {
        let program = find(name)?;
        let home =
            TempDir::with_prefix("warehouse-testkit-home-").map_err(Error::file(std::env::temp_dir()))?;
        Ok(Self { name: name.into(), program, home })
    }

    /// A folder of its own, which is also its `HOME`: the place for files it reads and writes.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.home.path()
    }

    /// Runs it in its folder and returns its standard output without the last line end.
    ///
    /// # Errors
    ///
    /// [`Error::ProgramFailed`] if it ends with another status than 0; [`Error::NotReady`] if it takes more than two
    /// minutes.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Result<String, Error> {
        let folder = self.home.path();
        let output = tempfile::tempfile().map_err(Error::file(folder))?;
        let errors = tempfile::tempfile().map_err(Error::file(folder))?;
        let share = |file: &std::fs::File| file.try_clone().map_err(Error::file(folder));
        let mut child = Command::new(&self.program)
            .args(arguments)
            .current_dir(folder)
            .env("HOME", folder)
            .env("DOCKER_CONFIG", folder.join(".docker"))
            .env("XDG_CONFIG_HOME", folder.join(".config"))
            .env("XDG_CACHE_HOME", folder.join(".cache"))
            .env("XDG_DATA_HOME", folder.join(".data"))
            .stdin(Stdio::null())
            .stdout(share(&output)?)
            .stderr(share(&errors)?)
            .spawn()
            .map_err(|source| failed(&self.name, "not started", source.to_string()))?;
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
                Ok(None) | Err(_) => {
                    // It is killed because it took too long; whether that succeeds changes nothing for the caller.
                    let _ = child.kill();
                    let _ = child.wait();
                    let log = tail(&content(errors).map_err(Error::file(folder))?);
                    return Err(Error::NotReady {
                        program: self.name.clone(),
                        seconds: PATIENCE.as_secs(),
                        log,
                    });
                }
            }
        };
        if !status.success() {
            let stderr = tail(&content(errors).map_err(Error::file(folder))?);
            return Err(failed(&self.name, &status.to_string(), stderr));
        }
        let output = content(output).map_err(Error::file(folder))?;
        Ok(String::from_utf8_lossy(&output).trim_end().to_owned())
    }
}

fn content(mut file: std::fs::File) -> std::io::Result<Vec<u8>> {
    use std::io::{Read, Seek, SeekFrom};
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}
