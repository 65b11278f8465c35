//! Runs the installed `git`, for what is said to a remote.
//!
//! Arguments are data: no shell reads them. Nothing prompts, output and time are bounded, and the program and its children end with the
//! future that waits for them.

use std::ffi::OsString;
use std::process::ExitStatus;
use std::time::Duration;

use child_process::{BoundedCommand, RunError};
use git_program::{GitFailure, REPOSITORY_VARIABLES, decisive_line};
use tokio::process::Command;

use crate::git::error::{GitError, GitErrorKind, one_line};
use crate::git::repository::GitRepository;

/// The bytes of standard output that are read: a listing of a million references.
const MOST_OUTPUT: usize = 64 << 20;

/// The bytes of standard error that are kept, from its end.
const KEPT_ERRORS: usize = 64 << 10;

/// How long output may stay open after the program ended: a credential helper may leave a daemon behind.
const AFTER_EXIT: Duration = Duration::from_millis(500);

/// What a program wrote.
pub(crate) struct ProgramOutput {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl GitRepository {
    /// Runs `git` with these arguments in the repository. `what` completes "could not be finished: ", for errors.
    pub(crate) async fn run(&self, what: &str, arguments: &[&str]) -> Result<ProgramOutput, GitError> {
        self.run_with(what, arguments, &[]).await
    }

    /// The same with settings of Git that are not written into its configuration. They are variables of its environment: arguments can be read by every
    /// user of the machine, and a URL may have a credential.
    pub(crate) async fn run_with(
        &self,
        what: &str,
        arguments: &[&str],
        settings: &[(String, String)],
    ) -> Result<ProgramOutput, GitError> {
        let local = self.local();
        let mut git_dir = OsString::from("--git-dir=");
        git_dir.push(local.git_dir().canonicalize().unwrap_or_else(|_| local.git_dir().to_owned()));
        let mut command = Command::new(self.program());
        command.arg(git_dir);
        for setting in ["color.ui", "color.push", "color.remote", "color.transport"] {
            command.arg("-c").arg(format!("{setting}=false"));
        }
        command.args(arguments).current_dir(self.root());
        for variable in REPOSITORY_VARIABLES {
            command.env_remove(variable);
        }
        // Messages are read in English. A helper that waits for a person would wait for the time limit.
        command.env("LC_ALL", "C").env("LANGUAGE", "C");
        command.env("GIT_TERMINAL_PROMPT", "0").env("GCM_INTERACTIVE", "never").env_remove("SSH_ASKPASS");
        if !settings.is_empty() {
            command.env("GIT_CONFIG_COUNT", settings.len().to_string());
        }
        for (number, (key, value)) in settings.iter().enumerate() {
            command
                .env(format!("GIT_CONFIG_KEY_{number}"), key)
                .env(format!("GIT_CONFIG_VALUE_{number}"), value);
        }
        let is_set = |variable| std::env::var_os(variable).is_some();
        if !is_set("GIT_SSH_COMMAND")
            && !is_set("GIT_SSH")
            && local.config_snapshot().string("core.sshCommand").is_none()
        {
            command.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
        }
        drop(local);
        let run = BoundedCommand::new(command, self.time_limit())
            .max_stdout(MOST_OUTPUT)
            .stderr_tail(KEPT_ERRORS)
            .grace(AFTER_EXIT)
            .output();
        match run.await {
            Ok(output) => Ok(ProgramOutput {
                status: output.status,
                stdout: output.stdout,
                stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            }),
            Err(RunError::Start(error)) => {
                let program = self.program().display();
                Err(GitError::new(GitErrorKind::ProgramMissing, format!("the program {program} could not be started"))
                    .with_hint("install git (https://git-scm.com/downloads) or put it into PATH: it is what talks to the remote")
                    .with_cause(error.io_error()))
            }
            Err(RunError::TimedOut { deadline }) => Err(GitError::new(
                GitErrorKind::TimedOut,
                format!("{what}: not finished within {} s", deadline.as_secs_f64()),
            )
            .with_hint("check the connection to the remote, or give it more time")),
            Err(error) => {
                let cause = match error {
                    RunError::Io(error) => error,
                    _ => std::io::Error::other("it has more than 64 MiB"),
                };
                let message = format!("{what}: the answer of git cannot be read");
                Err(GitError::new(GitErrorKind::BadAnswer, message).with_cause(&cause))
            }
        }
    }
}

/// The lines that the remote itself wrote, hooks included, without their prefix.
pub(crate) fn remote_lines(stderr: &str) -> Vec<String> {
    let lines = stderr.split(['\n', '\r']).filter_map(|line| line.strip_prefix("remote:"));
    let lines =
        lines.map(one_line).filter(|line| !line.is_empty() && !line.starts_with("error: hook declined"));
    lines.take(5).collect()
}

/// The error for a failure of `git`. `what` is what could not be done: "the remote \"origin\" cannot be listed".
pub(crate) fn failed(what: &str, output: &ProgramOutput) -> GitError {
    let (kind, reason, hint) = match GitFailure::of(&output.stderr) {
        GitFailure::HostKey => (
            GitErrorKind::Identity,
            "the host's key is not known",
            "check the key, then add it to known_hosts (`ssh-keyscan HOST`)",
        ),
        GitFailure::Certificate => (
            GitErrorKind::Identity,
            "the remote's certificate is not trusted",
            "set `http.sslCAInfo` to the issuer's certificate",
        ),
        GitFailure::NoCredential => (
            GitErrorKind::Unauthorized,
            "the remote wants a credential, and Git has none",
            "configure a credential helper (`git config credential.helper`), or let actions/checkout keep its credential",
        ),
        GitFailure::BadCredential => (
            GitErrorKind::Unauthorized,
            "the remote does not accept the credential",
            "check that the token or key is valid and loaded",
        ),
        GitFailure::Forbidden => (
            GitErrorKind::Forbidden,
            "the remote denies access",
            "the account needs the right to write; a workflow needs `permissions: contents: write`",
        ),
        GitFailure::NoSuchReference => (
            GitErrorKind::NotFound,
            "the remote has no such branch",
            "check the name: git ls-remote --heads REMOTE",
        ),
        GitFailure::NotFound => {
            (GitErrorKind::NotFound, "there is no such repository", "check the URL: git remote -v")
        }
        GitFailure::DubiousOwnership => (
            GitErrorKind::Untrusted,
            "the repository belongs to another user",
            "add its path to `safe.directory` of Git's configuration",
        ),
        GitFailure::Unreachable | GitFailure::Disconnected => (
            GitErrorKind::Unreachable,
            "the remote cannot be reached, or the connection broke",
            "run it again",
        ),
        _ => (GitErrorKind::BadAnswer, "git failed", ""),
    };
    let line = one_line(decisive_line(&output.stderr));
    let mut message = format!("{what}: {reason}");
    match (line.is_empty(), output.status.code()) {
        (false, _) => message.push_str(&format!(" ({line})")),
        (true, Some(code)) => message.push_str(&format!(" (status {code})")),
        (true, None) => message.push_str(" (ended by a signal)"),
    }
    let error = GitError::new(kind, message);
    if hint.is_empty() { error } else { error.with_hint(hint) }
}
