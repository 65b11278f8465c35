//! Credential helpers: one process per request, with a deadline, and a cache of what they answered.

use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use artifact_http::{Credential, OnceMap};
use artifact_source::{Error, ErrorKind, printable};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::Instant;

/// The largest answer of a helper, in bytes.
const MAX_ANSWER_BYTES: usize = 64 << 10;
/// How long to wait for the end of the output after the helper has exited. A process that it left behind may hold the pipe open
/// forever, and the helper's own output is complete by then.
const GRACE: Duration = Duration::from_millis(250);
/// What every helper prints when it has no credential for a server.
const NOT_FOUND: &str = "credentials not found in native keychain";
/// The user name of which the secret is an identity token.
const TOKEN_USER: &str = "<token>";

/// The answer of a helper.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Found(Credential),
    /// It has none for this server.
    None,
    /// There is no such program.
    Absent,
}

/// Why a helper has no answer. It is shared by all callers that wait for the same process.
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

/// A request to a helper.
#[derive(Clone, Copy, Debug)]
pub(super) struct HelperRequest<'a> {
    pub(super) program: &'a str,
    pub(super) server: &'a str,
    /// Folders in which the program is looked for; the operating system's own search path if there are none.
    pub(super) folders: Option<&'a [PathBuf]>,
    pub(super) deadline: Duration,
}

/// The output of a process that exited.
struct Output {
    status: ExitStatus,
    answer: Vec<u8>,
    /// Whether it wrote anything to standard error.
    wrote_error: bool,
}

/// Why a process has no output.
enum OutputError {
    Io(io::Error),
    TooLarge,
}

impl From<io::Error> for OutputError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl HelperRequest<'_> {
    /// Starts the helper and reads its answer. Dropping the future kills the process.
    pub(super) async fn run(self) -> Result<Answer, Failure> {
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
        let group = ProcessGroup::of(&child);
        let output = tokio::time::timeout(self.deadline, self.communicate(&mut child)).await;
        if matches!(output, Ok(Ok(_))) {
            group.release();
            drop(child);
        } else {
            // This kills the processes that it started, too; then no process is left to wait for.
            drop(group);
            let _ = child.start_kill();
            let _ = child.wait().await;
        }
        match output {
            Ok(Ok(output)) => self.read(&output),
            Ok(Err(OutputError::Io(error))) => {
                let message = format!("{} could not be asked: {error}", self.program);
                Err(self.failure(ErrorKind::InvalidInput, message))
            }
            Ok(Err(OutputError::TooLarge)) => {
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

    /// Whether a file of the program's name is in the search path.
    fn is_there(&self) -> bool {
        let path = || std::env::var_os("PATH").unwrap_or_default();
        let is_in = |folder: PathBuf| folder.join(self.file_name()).is_file();
        self.folders.map_or_else(|| std::env::split_paths(&path()).any(is_in), |_| self.find().is_some())
    }

    /// The failure of a program that exists, for which the operating system reports "not found".
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

    async fn communicate(&self, child: &mut Child) -> Result<Output, OutputError> {
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(io::Error::other("no pipe").into());
        };
        let (mut answer, mut wrote_error) = (Vec::new(), false);
        let status = {
            let mut exchange = pin!(async {
                tokio::try_join!(
                    write(stdin, self.server),
                    read(stdout, &mut answer),
                    drain(stderr, &mut wrote_error)
                )
            });
            tokio::select! {
                done = &mut exchange => {
                    done?;
                    child.wait().await?
                }
                status = child.wait() => {
                    if let Ok(done) = tokio::time::timeout(GRACE, exchange).await {
                        done?;
                    }
                    status?
                }
            }
        };
        Ok(Output { status, answer, wrote_error })
    }

    fn read(&self, output: &Output) -> Result<Answer, Failure> {
        if !output.status.success() {
            // By the protocol of the helpers errors are on standard output.
            let printed = output.answer.trim_ascii();
            if printed.eq_ignore_ascii_case(NOT_FOUND.as_bytes()) {
                return Ok(Answer::None);
            }
            // A program that failed may have written a secret, or a part of it.
            let has_output = !printed.is_empty() || output.wrote_error;
            let output_note = if has_output { "; what it wrote is not shown" } else { ", and wrote nothing" };
            let message =
                format!("{} failed for {} ({}){output_note}", self.program, self.server, output.status);
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
                let message =
                    format!("{} gave an answer for {} that is not a credential", self.program, self.server);
                Err(self.failure(ErrorKind::BadAnswer, message))
            }
        }
    }

    fn failure(&self, kind: ErrorKind, message: String) -> Failure {
        let hint = format!("see what `echo {} | {} get` prints", self.server, self.program);
        Failure { kind, message, hint }
    }
}

async fn write(mut stdin: ChildStdin, server: &str) -> Result<(), OutputError> {
    // A helper may answer without reading the server's name.
    let _ = stdin.write_all(server.as_bytes()).await;
    Ok(())
}

/// Reads the answer. Dropping the future keeps what was read.
async fn read(mut stdout: ChildStdout, answer: &mut Vec<u8>) -> Result<(), OutputError> {
    while stdout.read_buf(answer).await? > 0 {
        if answer.len() > MAX_ANSWER_BYTES {
            return Err(OutputError::TooLarge);
        }
    }
    Ok(())
}

/// Reads standard error and discards it; an unread pipe would block the helper.
async fn drain(mut stderr: ChildStderr, wrote_error: &mut bool) -> Result<(), OutputError> {
    let mut some = [0; 4096];
    loop {
        match stderr.read(&mut some).await? {
            0 => return Ok(()),
            count => *wrote_error |= some.iter().take(count).any(|byte| !byte.is_ascii_whitespace()),
        }
    }
}

/// A process and all that it starts, which are killed together: some helpers are shell scripts around another program.
struct ProcessGroup {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

impl ProcessGroup {
    #[cfg(unix)]
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self { leader: id.and_then(rustix::process::Pid::from_raw) }
    }

    #[cfg(not(unix))]
    fn of(_: &Child) -> Self {
        Self {}
    }

    /// Kills nothing: the process has exited, and its id may belong to another one soon.
    fn release(self) {
        #[cfg(unix)]
        {
            let mut group = self;
            group.leader = None;
        }
    }
}

#[cfg(unix)]
impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(leader) = self.leader.take() {
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

/// How long a failure is cached at most: long enough for one discovery to fail at once instead of request by request, and short
/// enough for a user who has just unlocked the keychain.
const MAX_FAILURE_AGE: Duration = Duration::from_secs(30);
/// How many answers are kept before those that no caller waits for are discarded.
const MAX_ENTRIES: usize = 1024;

type HelperResult = Result<Answer, Failure>;

/// The latest answers of helpers, by program and server.
#[derive(Debug)]
pub(super) struct AnswerCache(OnceMap<(String, String), (Instant, HelperResult)>);

impl Default for AnswerCache {
    fn default() -> Self {
        Self(OnceMap::bounded(MAX_ENTRIES))
    }
}

impl AnswerCache {
    /// The answer that is not older than `keep` or than this call, or else the result of `run`. Of several concurrent callers one
    /// runs and the others wait for its result; if that one is dropped, the next one runs.
    pub(super) async fn get_or_run(
        &self,
        program: &str,
        server: &str,
        keep: Duration,
        run: impl Future<Output = HelperResult>,
    ) -> HelperResult {
        let called = Instant::now();
        let is_fresh = |(answered, result): &(Instant, HelperResult)| {
            *answered >= called || answered.elapsed() < max_age(result, keep)
        };
        let run = async {
            let result = run.await;
            (Instant::now(), result)
        };
        self.0.get_if((program.to_owned(), server.to_owned()), is_fresh, run).await.1
    }

    /// Whether the program was not found.
    pub(super) fn is_absent(&self, program: &str, server: &str) -> bool {
        let known = self.0.peek(&(program.to_owned(), server.to_owned()));
        matches!(known, Some((_, Ok(Answer::Absent))))
    }
}

fn max_age(result: &HelperResult, keep: Duration) -> Duration {
    match result {
        Ok(Answer::Found(_) | Answer::None) => keep,
        Ok(Answer::Absent) | Err(_) => keep.min(MAX_FAILURE_AGE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use artifact_http::Credential;

    /// How often the helper runs in ten minutes with one request a second, if this is always its result.
    async fn runs(result: impl Fn() -> HelperResult, keep: Duration) -> u32 {
        let (cache, mut count) = (AnswerCache::default(), 0);
        for _ in 0..600 {
            let run = async {
                count += 1;
                result()
            };
            let _ = cache.get_or_run("docker-credential-it", "ghcr.io", keep, run).await;
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        count
    }

    #[tokio::test(start_paused = true)]
    async fn failures_are_forgotten_sooner_than_answers() {
        let request =
            HelperRequest { program: "it", server: "s", folders: Some(&[]), deadline: Duration::ZERO };
        let failed = || Err(request.lacks_interpreter());
        let found = || Ok(Answer::Found(Credential::bearer("SECRET")));
        let five_minutes = Duration::from_secs(300);
        assert_eq!(runs(found, five_minutes).await, 2);
        assert_eq!(runs(|| Ok(Answer::None), five_minutes).await, 2);
        assert_eq!(runs(failed, five_minutes).await, 20);
        assert_eq!(runs(|| Ok(Answer::Absent), five_minutes).await, 20);
        assert_eq!(runs(failed, Duration::from_secs(10)).await, 60, "no longer than an answer");
        assert_eq!(runs(found, Duration::ZERO).await, 600);
    }
}
