//! Foreign programs to be measured against: the reference registry, an old registry, nginx, `git daemon`; and `crane`,
//! `skopeo` and `helm` to fill them.
//!
//! The project's `scripts/peers` installs them into `.peers/bin`. A program is looked for in `.peers/bin` of the current folder and of
//! every folder above it, then on `PATH`. Tests run without them, too: [`available`] prints on standard error what is skipped and how to
//! install it, and panics where nothing may be skipped (`CI=true`).
//!
//! ```
//! use warehouse_testkit::peer::{ReferenceRegistry, Tool, available};
//!
//! # if std::env::var_os("CI").is_some() { return; }
//! let Some(registry) = available(ReferenceRegistry::start()) else { return };
//! let Some(crane) = available(Tool::find("crane")) else { return };
//! let catalog = crane.run(["catalog", "--insecure", &registry.host()]);
//! assert!(catalog.is_ok());
//! ```

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fmt, io};

use tempfile::TempDir;

use crate::error::Error;
use crate::git::tail;

const HINT: &str = "scripts/peers installs it into .peers/bin";

/// The path of a program: in `.peers/bin` here or above, or on `PATH`, or in the folders that a user's `PATH` often lacks.
///
/// # Errors
///
/// [`Error::ProgramMissing`] if it is in none of them.
pub fn find(program: &str) -> Result<PathBuf, Error> {
    let here = std::env::current_dir().unwrap_or_default();
    let ours = here.ancestors().map(|folder| folder.join(".peers/bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let others = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    ours.chain(others)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| Error::ProgramMissing { program: program.into(), hint: HINT })
}

/// Whether nothing may be skipped.
fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}

/// The peer, or `None` with a loud line on standard error if its program is not there.
///
/// # Panics
///
/// If the program is not there although `CI=true`, and if it is there and did not start: a test must not pass because
/// of a broken peer.
#[must_use]
#[track_caller]
#[expect(clippy::panic, reason = "it decides whether a test is skipped or fails")]
pub fn available<T>(peer: Result<T, Error>) -> Option<T> {
    match peer {
        Ok(peer) => Some(peer),
        Err(error @ Error::ProgramMissing { .. }) if !is_ci() => {
            // Not `eprintln!`, which is captured in a test that passes.
            let _ = writeln!(std::io::stderr(), "SKIPPED: {error}");
            None
        }
        Err(error) => panic!("a peer is not available: {error}"),
    }
}

/// The reference registry, distribution v3: pages of tags with `Link`, strict `Accept`, deletes.
#[derive(Debug)]
pub struct ReferenceRegistry(Process);

impl ReferenceRegistry {
    /// Starts `registry serve` over an empty folder, without authentication.
    ///
    /// # Errors
    ///
    /// [`Error::ProgramMissing`] if `registry` is not installed; [`Error::ProgramFailed`] or [`Error::NotReady`] if it did
    /// not start.
    pub fn start() -> Result<Self, Error> {
        start_registry("registry").map(Self)
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
    /// Starts `docker-registry serve` over an empty folder, without authentication.
    ///
    /// # Errors
    ///
    /// [`Error::ProgramMissing`] if `docker-registry` is not installed; [`Error::ProgramFailed`] or [`Error::NotReady`] if it
    /// did not start.
    pub fn start() -> Result<Self, Error> {
        start_registry("docker-registry").map(Self)
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

fn start_registry(name: &str) -> Result<Process, Error> {
    let program = find(name)?;
    Process::start(name, |address, folder| {
        let settings = write(folder, "config.yml", &registry_config(address, &folder.join("storage")))?;
        let mut command = Command::new(&program);
        command.arg("serve").arg(settings).env("OTEL_TRACES_EXPORTER", "none");
        Ok(command)
    })
}

pub(super) fn registry_config(address: SocketAddr, storage: &Path) -> String {
    format!(
        "version: 0.1\n\
         log:\n  level: error\n  accesslog:\n    disabled: true\n\
         storage:\n  filesystem:\n    rootdirectory: {}\n  delete:\n    enabled: true\n\
         http:\n  addr: {address}\n  secret: only-for-tests\n",
        storage.display()
    )
}

/// nginx that serves a folder: `ETag`, `Last-Modified`, ranges, gzip.
#[derive(Debug)]
pub struct Nginx(Process);

impl Nginx {
    /// Serves this folder.
    ///
    /// # Errors
    ///
    /// [`Error::ProgramMissing`] if `nginx` is not installed; [`Error::ProgramFailed`] or [`Error::NotReady`] if it did not
    /// start.
    pub fn serve(root: &Path) -> Result<Self, Error> {
        Self::serve_with(root, "")
    }

    /// Serves this folder with more directives in its `server` block, e.g. `location /old/ { return 302 /new/; }`.
    ///
    /// # Errors
    ///
    /// As [`serve`](Self::serve).
    pub fn serve_with(root: &Path, directives: &str) -> Result<Self, Error> {
        let program = find("nginx")?;
        let process = Process::start("nginx", |address, folder| {
            let config = write(folder, "nginx.conf", &nginx_config(address, folder, root, directives))?;
            let mut command = Command::new(&program);
            command.arg("-p").arg(folder).arg("-e").arg("stderr").arg("-c").arg(config);
            Ok(command)
        })?;
        Ok(Self(process))
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.0.address())
    }
}

/// A complete configuration. Without a master there is one process, and killing it leaves none behind.
fn nginx_config(address: SocketAddr, folder: &Path, root: &Path, directives: &str) -> String {
    let (folder, root) = (folder.display(), root.display());
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|name| format!("    {name}_temp_path \"{folder}/{name}\";\n"))
        .collect();
    format!(
        r#"
daemon off;
master_process off;
pid "{folder}/pid";
error_log stderr;
events {{}}
http {{
    access_log off;
{temporary}
    types {{ text/yaml yaml yml; application/gzip tgz; application/json json; }}
    gzip on;
    gzip_types text/yaml application/json;
    gzip_min_length 0;
    server {{
        listen {address};
        root "{root}";
        {directives}
    }}
}}
"#
    )
}

/// `git daemon`: bare repositories over `git://`.
#[derive(Debug)]
pub struct GitDaemon(Process);

impl GitDaemon {
    /// Serves every repository below this folder, e.g. [`GitServer::root`](crate::GitServer::root).
    ///
    /// # Errors
    ///
    /// [`Error::ProgramMissing`] if Git or its daemon is not installed; [`Error::ProgramFailed`] or
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

/// How long one command may take.
const RUN_TIMEOUT: Duration = Duration::from_secs(120);

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

    /// The folder that the tool runs in, which is also its `HOME`; files for it go there.
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
        let deadline = Instant::now() + RUN_TIMEOUT;
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
                        seconds: RUN_TIMEOUT.as_secs(),
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

/// How long a server may take until it accepts connections.
const START_TIMEOUT: Duration = Duration::from_secs(30);
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
        let deadline = Instant::now() + START_TIMEOUT;
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
                    seconds: START_TIMEOUT.as_secs(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_skipped_but_never_in_ci() {
        let absent = || available(find("a-program-that-nobody-has"));
        match std::panic::catch_unwind(absent) {
            Ok(found) => assert!(found.is_none() && !is_ci()),
            Err(_) => assert!(is_ci()),
        }
        assert!(find("git").is_ok());
    }
}
