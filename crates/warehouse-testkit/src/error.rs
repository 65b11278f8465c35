//! What can go wrong while a server is started or filled.

use std::io;
use std::path::PathBuf;

/// Why a server could not be started or filled.
///
/// `Display` names what was attempted; the cause, where there is one, is in
/// [`source`](std::error::Error::source) and is not repeated by `Display`.
/// Neither ever shows a credential.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No listener could be opened on 127.0.0.1, or its thread could not be started.
    #[error("cannot start the {server} on 127.0.0.1")]
    Start {
        /// Which server: `registry`, `git server`, `chart server`.
        server: &'static str,
        /// The error of the operating system.
        #[source]
        source: io::Error,
    },
    /// The program is not installed, or not on `PATH`.
    #[error("`{program}` is not installed or not on PATH: {hint}")]
    ProgramMissing {
        /// The name that was looked for.
        program: String,
        /// How to get it.
        hint: &'static str,
    },
    /// A program was started and failed.
    #[error("`{command}` failed ({status}): {stderr}")]
    ProgramFailed {
        /// The command line, without environment.
        command: String,
        /// The exit status, as the operating system prints it.
        status: String,
        /// What it wrote to standard error, cut to 4 KiB.
        stderr: String,
    },
    /// A program was started and did not become ready in time.
    #[error("`{program}` did not become ready within {seconds} s: {log}")]
    NotReady {
        /// The program.
        program: String,
        /// How long it was waited for.
        seconds: u64,
        /// The end of what it wrote, cut to 4 KiB.
        log: String,
    },
    /// A file or folder of the server could not be written or read.
    #[error("cannot access {}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        source: io::Error,
    },
    /// The caller named something that does not exist or cannot be used: a branch, a mark, a repository name.
    #[error("{0}")]
    Invalid(String),
}

impl Error {
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
