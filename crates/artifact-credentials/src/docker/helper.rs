//! One question to a credential helper: a process, with a deadline.

use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use artifact_http::Credential;
use artifact_source::{Error, ErrorKind};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::words::presentable;

/// How much a helper may answer, in bytes.
const MAX_ANSWER_BYTES: u64 = 64 << 10;
/// How much of its complaints is read, in bytes.
const MAX_COMPLAINT_BYTES: u64 = 8 << 10;
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
        Self::new(failure.kind, failure.message).with_hint(failure.hint)
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
    complaint: Vec<u8>,
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
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Answer::Absent),
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
        let name = format!("{}{}", self.program, std::env::consts::EXE_SUFFIX);
        folders.iter().map(|folder| folder.join(&name)).find(|path| path.is_file())
    }

    async fn converse(&self, child: &mut Child) -> Result<Output, Broken> {
        let (Some(mut stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(io::Error::other("no pipe").into());
        };
        let write = async {
            // A helper that knows the answer without the question is none the worse for it.
            let _ = stdin.write_all(self.server.as_bytes()).await;
            drop(stdin);
            Ok(())
        };
        let answer = async {
            let answer = read(stdout, MAX_ANSWER_BYTES + 1).await?;
            if answer.len() as u64 > MAX_ANSWER_BYTES { Err(Broken::TooMuch) } else { Ok(answer) }
        };
        let complaint = async {
            let mut stderr = stderr;
            let complaint = read(&mut stderr, MAX_COMPLAINT_BYTES).await?;
            // The rest is read and forgotten, or else the helper would wait for somebody to read it.
            tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await?;
            Ok(complaint)
        };
        let ((), answer, complaint) = tokio::try_join!(write, answer, complaint)?;
        let status = child.wait().await?;
        Ok(Output { status, answer, complaint })
    }

    fn read(&self, output: &Output) -> Result<Answer, Failure> {
        if !output.status.success() {
            // Errors are on standard output, by the protocol of the helpers.
            let said = output.answer.trim_ascii();
            if said.eq_ignore_ascii_case(NOT_FOUND.as_bytes()) {
                return Ok(Answer::None);
            }
            let said = presentable(said).or_else(|| presentable(&output.complaint));
            let said = said.map(|said| format!(": {said}")).unwrap_or_default();
            let message = format!("{} failed for {} ({}){said}", self.program, self.server, output.status);
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

async fn read(from: impl AsyncRead + Unpin, limit: u64) -> Result<Vec<u8>, Broken> {
    let mut bytes = Vec::new();
    from.take(limit).read_to_end(&mut bytes).await?;
    Ok(bytes)
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
