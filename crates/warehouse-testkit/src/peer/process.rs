//! A foreign server as a child process: started on a free port, waited for, killed on drop.

use std::fmt;
use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::error::Error;
use crate::git::tail;

/// How long a server may take until it accepts connections.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a server is started again: its port was free when it was chosen, and may be taken a moment later.
const ATTEMPTS: u32 = 3;

pub(super) struct Process {
    program: String,
    address: SocketAddr,
    child: Child,
    // Dropped last, after the process that writes into it.
    folder: TempDir,
}

impl Process {
    /// Starts what `command` describes for a port and a folder of its own, and waits until it accepts connections.
    pub(super) fn start(
        program: &str,
        command: impl Fn(SocketAddr, &Path) -> Result<Command, Error>,
    ) -> Result<Self, Error> {
        let mut attempt = 1;
        loop {
            match Self::attempt(program, &command) {
                Err(Error::NotReady { .. } | Error::ProgramFailed { .. }) if attempt < ATTEMPTS => {
                    attempt += 1
                }
                outcome => return outcome,
            }
        }
    }

    fn attempt(
        program: &str,
        command: &impl Fn(SocketAddr, &Path) -> Result<Command, Error>,
    ) -> Result<Self, Error> {
        let prefix = format!("warehouse-testkit-{program}-");
        let folder = TempDir::with_prefix(prefix).map_err(Error::file(std::env::temp_dir()))?;
        let address = free_address().map_err(|source| Error::Start { server: "peer", source })?;
        let log = folder.path().join("log");
        let output = File::create(&log).map_err(Error::file(&log))?;
        let errors = output.try_clone().map_err(Error::file(&log))?;
        let mut command = command(address, folder.path())?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let child = command.spawn().map_err(|source| failed(program, "not started", source.to_string()))?;
        let mut process = Self { program: program.into(), address, child, folder };
        process.wait()?;
        Ok(process)
    }

    fn wait(&mut self) -> Result<(), Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(failed(&self.program, &status.to_string(), self.log()));
            }
            if TcpStream::connect_timeout(&self.address, Duration::from_millis(200)).is_ok() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(Error::NotReady {
                    program: self.program.clone(),
                    seconds: PATIENCE.as_secs(),
                    log: self.log(),
                });
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn log(&self) -> String {
        tail(&std::fs::read(self.folder.path().join("log")).unwrap_or_default())
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Process").field(&self.program).field(&self.address).finish()
    }
}

fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

pub(super) fn failed(program: &str, status: &str, stderr: String) -> Error {
    Error::ProgramFailed { command: program.into(), status: status.into(), stderr }
}

/// Writes a configuration file and returns its path.
pub(super) fn write(folder: &Path, name: &str, text: &str) -> Result<std::path::PathBuf, Error> {
    let path = folder.join(name);
    std::fs::write(&path, text).map_err(Error::file(&path))?;
    Ok(path)
}
