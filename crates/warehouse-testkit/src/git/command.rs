//! The real `git`, shut off from the machine's own configuration.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::error::Error;

const HINT: &str = "install Git 2.20 or newer (Debian: apt-get install git)";

/// How to call Git: with a home folder of its own, no system or user configuration, and no questions asked.
#[derive(Clone, Debug)]
pub(super) struct Git {
    home: PathBuf,
}

impl Git {
    /// # Errors
    ///
    /// [`Error::ProgramMissing`] if there is no `git`.
    pub(super) fn find(home: &Path) -> Result<Self, Error> {
        let git = Self { home: home.into() };
        git.run(home, ["--version"], &[])?;
        Ok(git)
    }

    /// The environment every Git process of ours gets, on top of `PATH`.
    pub(super) fn environment(&self) -> Vec<(&'static str, &OsStr)> {
        vec![
            ("HOME", self.home.as_os_str()),
            ("XDG_CONFIG_HOME", self.home.as_os_str()),
            ("GIT_CONFIG_NOSYSTEM", OsStr::new("1")),
            ("GIT_CONFIG_GLOBAL", OsStr::new("/dev/null")),
            ("GIT_TERMINAL_PROMPT", OsStr::new("0")),
            ("GIT_ASKPASS", OsStr::new("true")),
            ("LC_ALL", OsStr::new("C")),
            ("TZ", OsStr::new("UTC")),
        ]
    }

    /// Runs `git` in `folder` and returns its standard output, without the line end.
    pub(super) fn run<S: AsRef<OsStr>>(
        &self,
        folder: &Path,
        arguments: impl IntoIterator<Item = S>,
        input: &[u8],
    ) -> Result<String, Error> {
        let mut command = Command::new("git");
        command.current_dir(folder).args(arguments).env_clear().envs(self.environment());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let described = describe(&command);
        let output = feed(command, input).map_err(|source| failed_to_start(&described, source))?;
        if !output.status.success() {
            return Err(Error::ProgramFailed {
                command: described,
                status: output.status.to_string(),
                stderr: tail(&output.stderr),
            });
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }
}

/// Writes all of `input` while the output is collected.
fn feed(mut command: Command, input: &[u8]) -> std::io::Result<Output> {
    let mut child = command.spawn()?;
    let stdin = child.stdin.take();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if let Some(mut stdin) = stdin {
                // A process that ends early says why by its status.
                let _ = stdin.write_all(input);
            }
        });
        child.wait_with_output()
    })
}

fn failed_to_start(described: &str, source: std::io::Error) -> Error {
    if source.kind() == std::io::ErrorKind::NotFound {
        return Error::ProgramMissing { program: "git".into(), hint: HINT };
    }
    Error::ProgramFailed {
        command: described.into(),
        status: "not started".into(),
        stderr: source.to_string(),
    }
}

fn describe(command: &Command) -> String {
    let mut described = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        described.push(' ');
        described.push_str(&argument.to_string_lossy());
    }
    described
}

/// The end of what a program wrote.
pub(crate) fn tail(bytes: &[u8]) -> String {
    let start = bytes.len().saturating_sub(4096);
    String::from_utf8_lossy(bytes.get(start..).unwrap_or_default()).trim().to_owned()
}
