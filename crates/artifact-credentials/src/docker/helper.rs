//! One question to a credential helper: a process, with a deadline.

use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use artifact_http::Credential;
use artifact_source::{Error, ErrorKind};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use artifact_source::printable;

/// How much a helper may answer, in bytes.
const MAX_ANSWER_BYTES: usize = 64 << 10;
/// How long after the end of a helper the end of its output is waited for: a process that it has left behind may hold that open
/// for ever, and what the helper itself wrote is there.
const GRACE: Duration = Duration::from_millis(250);
/// What every helper says when it has no credential for a server.
const NOT_FOUND: &str = "credentials not found in native keychain";
/// The user name of which the secret is an identity token.
const TOKEN_USER: &str = "<token>";

/// What a helper said.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Found(Credential),
    /// It has none for this server.
    None,
    /// There is no such program.
    Absent,
}

/// Why a helper could not be asked. It can be told to several who wait for the same answer.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    kind: ErrorKind,
    message: String,
    hint: String,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::new(failure.kind, printable(&failure.message)).with_hint(printable(&failure.hint))
    }
}

/// A question to a helper.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub(super) program: &'a str,
    pub(super) server: &'a str,
    /// Folders in which the program is looked for; the operating system's own search path if there are none.
    pub(super) folders: Option<&'a [PathBuf]>,
    pub(super) deadline: Duration,
}

/// What a process left behind.
struct Output {
    status: ExitStatus,
    answer: Vec<u8>,
    /// Whether it wrote anything where complaints go.
    has_complained: bool,
}

/// Why a process left nothing behind.
enum Broken {
    Io(io::Error),
    TooMuch,
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Question<'_> {
    /// Starts the helper and reads what it says. Whoever drops the future ends the process.
    pub(super) async fn ask(self) -> Result<Answer, Failure> {
        let Some(program) = self.find() else {
            return Ok(Answer::Absent);
        };
        let mut command = Command::new(program);
        command.arg("get").kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        command.process_group(0);
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return if self.is_there() { Err(self.lacks_interpreter()) } else { Ok(Answer::Absent) };
            }
            Err(error) => {
                let message = format!("{} could not be started: {error}", self.program);
                return Err(self.failure(ErrorKind::InvalidInput, message));
            }
        };
        let family = Family::of(&child);
        let output = tokio::time::timeout(self.deadline, self.converse(&mut child)).await;
        if matches!(output, Ok(Ok(_))) {
            family.leave();
            drop(child);
        } else {
            // With it goes whatever it has started, and then nobody is left to wait for.
            drop(family);
            let _ = child.start_kill();
            let _ = child.wait().await;
        }
        match output {
            Ok(Ok(output)) => self.read(&output),
            Ok(Err(Broken::Io(error))) => {
                let message = format!("{} could not be asked: {error}", self.program);
                Err(self.failure(ErrorKind::InvalidInput, message))
            }
            Ok(Err(Broken::TooMuch)) => {
                let message = format!("{} answered more than {MAX_ANSWER_BYTES} bytes", self.program);
                Err(self.failure(ErrorKind::TooLarge, message))
            }
            Err(_) => {
                let seconds = self.deadline.as_secs_f64();
                let message =
                    format!("{} gave no answer for {} within {seconds} s", self.program, self.server);
                Err(self.failure(ErrorKind::TimedOut, message))
            }
        }
    }

    /// The program to start: its name, which the operating system looks up, or the first file of this name in the
    /// folders.
    fn find(&self) -> Option<PathBuf> {
        let Some(folders) = self.folders else {
            return Some(self.program.into());
        };
        folders.iter().map(|folder| folder.join(self.file_name())).find(|path| path.is_file())
    }

    fn file_name(&self) -> String {
        format!("{}{}", self.program, std::env::consts::EXE_SUFFIX)
    }

    /// Whether there is a file of the program's name where it is looked for.
    fn is_there(&self) -> bool {
        let path = || std::env::var_os("PATH").unwrap_or_default();
        let is_in = |folder: PathBuf| folder.join(self.file_name()).is_file();
        self.folders.map_or_else(|| std::env::split_paths(&path()).any(is_in), |_| self.find().is_some())
    }

    /// What the operating system calls "not found" of a program that is there.
    pub(super) fn lacks_interpreter(&self) -> Failure {
        let program = self.program;
        let message =
            format!("{program} could not be started: it is there, but not the program that runs it");
        let hint = format!(
            "see which interpreter its first line names, `head -n 1 \"$(command -v {program})\"`, or whether it was built for another \
             system"
        );
        Failure { kind: ErrorKind::InvalidInput, message, hint }
    }

    async fn converse(&self, child: &mut Child) -> Result<Output, Broken> {
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(io::Error::other("no pipe").into());
        };
        let (mut answer, mut has_complained) = (Vec::new(), false);
        let status = {
            let mut talk = pin!(async {
                tokio::try_join!(
                    write(stdin, self.server),
                    read(stdout, &mut answer),
                    drain(stderr, &mut has_complained)
                )
            });
            tokio::select! {
                talked = &mut talk => {
                    talked?;
                    child.wait().await?
                }
                status = child.wait() => {
                    if let Ok(talked) = tokio::time::timeout(GRACE, talk).await {
                        talked?;
                    }
                    status?
                }
            }
        };
        Ok(Output { status, answer, has_complained })
    }

    fn read(&self, output: &Output) -> Result<Answer, Failure> {
        if !output.status.success() {
            // Errors are on standard output, by the protocol of the helpers.
            let said = output.answer.trim_ascii();
            if said.eq_ignore_ascii_case(NOT_FOUND.as_bytes()) {
                return Ok(Answer::None);
            }
            // Nobody knows what a program that failed has written: a part of a secret, or all of it.
            let has_spoken = !said.is_empty() || output.has_complained;
            let words = if has_spoken { "; what it wrote is not shown" } else { ", without a word" };
            let message = format!("{} failed for {} ({}){words}", self.program, self.server, output.status);
            return Err(self.failure(ErrorKind::InvalidInput, message));
        }
        let json: Option<Value> = serde_json::from_slice(&output.answer).ok();
        let field = |name: &str| match json.as_ref()?.get(name) {
            Some(Value::String(text)) => Some(text.as_str()),
            None if json.as_ref()?.is_object() => Some(""),
            _ => None,
        };
        match (field("Username"), field("Secret")) {
            (Some(_), Some("")) => Ok(Answer::None),
            (Some(TOKEN_USER), Some(secret)) => Ok(Answer::Found(Credential::identity_token(secret))),
            (Some(username), Some(secret)) => Ok(Answer::Found(Credential::password(username, secret))),
            _ => {
                let message = format!("{} gave an answer for {} that is none", self.program, self.server);
                Err(self.failure(ErrorKind::BadAnswer, message))
            }
        }
    }

    fn failure(&self, kind: ErrorKind, message: String) -> Failure {
        let hint = format!("see what `echo {} | {} get` says", self.server, self.program);
        Failure { kind, message, hint }
    }
}

async fn write(mut stdin: ChildStdin, server: &str) -> Result<(), Broken> {
    // A helper that knows the answer without the question is none the worse for it.
    let _ = stdin.write_all(server.as_bytes()).await;
    Ok(())
}

/// Reads the answer. What was read before this is dropped is kept.
async fn read(mut stdout: ChildStdout, answer: &mut Vec<u8>) -> Result<(), Broken> {
    while stdout.read_buf(answer).await? > 0 {
        if answer.len() > MAX_ANSWER_BYTES {
            return Err(Broken::TooMuch);
        }
    }
    Ok(())
}

/// Reads complaints and forgets them, or else the helper would wait for somebody to read them.
async fn drain(mut stderr: ChildStderr, has_complained: &mut bool) -> Result<(), Broken> {
    let mut some = [0; 4096];
    loop {
        match stderr.read(&mut some).await? {
            0 => return Ok(()),
            count => *has_complained |= some.iter().take(count).any(|byte| !byte.is_ascii_whitespace()),
        }
    }
}

/// A process and all that it starts, which end together: many a helper is a shell script around another program.
struct Family {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

impl Family {
    #[cfg(unix)]
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self { leader: id.and_then(rustix::process::Pid::from_raw) }
    }

    #[cfg(not(unix))]
    fn of(_: &Child) -> Self {
        Self {}
    }

    /// The process has ended on its own, and its number may be another's soon.
    fn leave(self) {
        #[cfg(unix)]
        {
            let mut family = self;
            family.leader = None;
        }
    }
}

#[cfg(unix)]
impl Drop for Family {
    fn drop(&mut self) {
        if let Some(leader) = self.leader.take() {
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}
