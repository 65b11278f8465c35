//! Credential helpers: one process per request, with a deadline, and a cache of what they answered.

use std::error::Error as _;
use std::path::PathBuf;
use std::time::Duration;

use artifact_http::{Credential, OnceMap};
use artifact_source::{Error, ErrorKind, printable};
use child_process::{BoundedCommand, Output, RunError, StartErrorKind};
use serde_json::Value;
use tokio::process::Command;
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

impl HelperRequest<'_> {
    /// Starts the helper and reads its answer. Dropping the future kills the process.
    pub(super) async fn run(self) -> Result<Answer, Failure> {
        let Some(program) = self.find() else {
            return Ok(Answer::Absent);
        };
        let mut command = Command::new(program);
        command.arg("get");
        let run = BoundedCommand::new(command, self.deadline)
            .stdin(self.server)
            .max_stdout(MAX_ANSWER_BYTES)
            .grace(GRACE)
            .output();
        match run.await {
            Ok(output) => self.read(&output),
            Err(RunError::Start(error)) => match error.kind() {
                StartErrorKind::NoSuchProgram => Ok(Answer::Absent),
                StartErrorKind::NoInterpreter => Err(self.lacks_interpreter()),
                _ => {
                    let message = format!("{} could not be started: {}", self.program, error.io_error());
                    Err(self.failure(ErrorKind::InvalidInput, message))
                }
            },
            Err(RunError::TooLarge { .. }) => {
                let message = format!("{} answered more than {MAX_ANSWER_BYTES} bytes", self.program);
                Err(self.failure(ErrorKind::TooLarge, message))
            }
            Err(RunError::TimedOut { .. }) => {
                let seconds = self.deadline.as_secs_f64();
                let message =
                    format!("{} gave no answer for {} within {seconds} s", self.program, self.server);
                Err(self.failure(ErrorKind::TimedOut, message))
            }
            Err(error) => {
                let error = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                let message = format!("{} could not be asked: {error}", self.program);
                Err(self.failure(ErrorKind::InvalidInput, message))
            }
        }
    }

    /// The program to start: its name, which the operating system looks up, or the first file of this name in the
    /// folders.
    fn find(&self) -> Option<PathBuf> {
        let Some(folders) = self.folders else {
            return Some(self.program.into());
        };
        let file = format!("{}{}", self.program, std::env::consts::EXE_SUFFIX);
        folders.iter().map(|folder| folder.join(&file)).find(|path| path.is_file())
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

    fn read(&self, output: &Output) -> Result<Answer, Failure> {
        if !output.status.success() {
            // By the protocol of the helpers errors are on standard output.
            let printed = output.stdout.trim_ascii();
            if printed.eq_ignore_ascii_case(NOT_FOUND.as_bytes()) {
                return Ok(Answer::None);
            }
            // A program that failed may have written a secret, or a part of it.
            let has_output = !printed.is_empty() || !output.stderr.trim_ascii().is_empty();
            let output_note = if has_output { "; what it wrote is not shown" } else { ", and wrote nothing" };
            let message =
                format!("{} failed for {} ({}){output_note}", self.program, self.server, output.status);
            return Err(self.failure(ErrorKind::InvalidInput, message));
        }
        let json: Option<Value> = serde_json::from_slice(&output.stdout).ok();
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
