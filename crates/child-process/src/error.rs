//! Why a program has no output.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::{fmt, io};

/// Why [`BoundedCommand::output`](crate::BoundedCommand::output) has no output. In every case no process of the program is left running, with
/// the exception of those that it left behind after it ended by itself.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// The program could not be started.
    Start(StartError),
    /// Its output could not be read, or the operating system did not tell how it ended.
    Io(io::Error),
    /// It wrote more to standard output than [`max_stdout`](crate::BoundedCommand::max_stdout) allows.
    TooLarge {
        /// The limit, in bytes.
        max_bytes: usize,
    },
    /// It did not end within the deadline.
    TimedOut {
        /// The deadline, counted from the start.
        deadline: Duration,
    },
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => error.fmt(f),
            Self::Io(_) => f.write_str("the output of the program could not be read"),
            Self::TooLarge { max_bytes } => write!(f, "the program wrote more than {max_bytes} bytes"),
            Self::TimedOut { deadline } => {
                write!(f, "the program did not end within {} s", deadline.as_secs_f64())
            }
        }
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Start(error) => error.source(),
            Self::Io(error) => Some(error),
            Self::TooLarge { .. } | Self::TimedOut { .. } => None,
        }
    }
}

impl From<StartError> for RunError {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

impl From<io::Error> for RunError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A program that could not be started.
#[derive(Debug)]
pub struct StartError {
    program: OsString,
    kind: StartErrorKind,
    source: io::Error,
}

/// What a program lacks that could not be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StartErrorKind {
    /// There is no file of this name: at its path, or in a folder of `PATH` if the name has no `/`.
    NoSuchProgram,
    /// The file is there, and what runs it is not: the interpreter in the first line of a script, or the loader of a program
    /// that was built for another system. The operating system reports both as "not found", as it does for a missing file.
    NoInterpreter,
    /// Anything else, such as a file without the permission to execute it, or a folder to run in that does not exist.
    Other,
}

impl StartError {
    /// The error of `command.spawn()`.
    pub(crate) fn new(command: &Command, source: io::Error) -> Self {
        let has_folder = || command.get_current_dir().is_none_or(Path::is_dir);
        let kind = match source.kind() {
            io::ErrorKind::NotFound if has_folder() => match is_there(command) {
                true => StartErrorKind::NoInterpreter,
                false => StartErrorKind::NoSuchProgram,
            },
            _ => StartErrorKind::Other,
        };
        Self { program: command.get_program().to_owned(), kind, source }
    }

    /// What the program lacks.
    pub fn kind(&self) -> StartErrorKind {
        self.kind
    }

    /// The name or path of the program, as it was given.
    pub fn program(&self) -> &OsStr {
        &self.program
    }

    /// The error of the operating system.
    pub fn io_error(&self) -> &io::Error {
        &self.source
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} could not be started", self.program)?;
        match self.kind {
            StartErrorKind::NoSuchProgram => f.write_str(": there is no such program"),
            StartErrorKind::NoInterpreter => f.write_str(": it is there, but not the program that runs it"),
            StartErrorKind::Other => Ok(()),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl From<StartError> for io::Error {
    fn from(error: StartError) -> Self {
        error.source
    }
}

/// Whether the file of the program is there, where the operating system looks for it: a name without a folder is in `PATH`, that of the
/// command if it sets one.
fn is_there(command: &Command) -> bool {
    let program = Path::new(command.get_program());
    if program.components().nth(1).is_some() || program.has_root() {
        let folder = command.get_current_dir().unwrap_or(Path::new(""));
        return program.is_file() || folder.join(program).is_file();
    }
    let own = command.get_envs().find(|(name, _)| *name == "PATH").map(|(_, path)| path.map(OsStr::to_owned));
    let Some(path) = own.unwrap_or_else(|| std::env::var_os("PATH")) else { return false };
    let mut file = program.as_os_str().to_owned();
    file.push(std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path).any(|folder| folder.join(&file).is_file() || folder.join(program).is_file())
}
