//! Remotes that are configured for rclone, through the `rclone` program.
//!
//! Names are arguments, after `--`, and never go through a shell. Credentials are in rclone's own configuration or environment. Each call
//! is bounded in time, is tried by us and not by rclone, and ends when its caller stops waiting.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use artifact_source::{Error, ErrorKind};
use async_trait::async_trait;
use bytes::Bytes;
use child_process::{BoundedCommand, RunError};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::process::Command;

use super::limits::StoreLimits;
use super::object::{Condition, ConditionalPut, ListedObject, Object, ObjectStorage, PutOutcome, Version};
use super::random::Random;

/// The most that is read of what rclone says about an error.
const MAX_MESSAGE: usize = 64 << 10;

/// The most that is read of a list.
const MAX_LIST: u64 = 64 << 20;

pub(super) struct RcloneStorage {
    program: PathBuf,
    remote: String,
    variables: Vec<(String, String)>,
    limits: StoreLimits,
}

impl fmt::Debug for RcloneStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RcloneStorage").field(&self.remote).finish()
    }
}

/// What `lsjson` says of an object.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    name: String,
    #[serde(default)]
    size: i64,
    #[serde(default)]
    mod_time: String,
    #[serde(default)]
    is_dir: bool,
}

/// How a call ended.
enum Ended {
    Well(Vec<u8>),
    /// The remote says that there is no such object, or no such folder.
    Absent,
}

impl RcloneStorage {
    /// # Errors
    ///
    /// `NotFound` if there is no program `rclone`.
    pub(super) fn open(
        remote: &str,
        program: Option<PathBuf>,
        variables: Vec<(String, String)>,
        limits: StoreLimits,
    ) -> Result<Self, Error> {
        let program = program.or_else(|| find("rclone")).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "there is no program `rclone` on PATH")
                .with_hint("install rclone (https://rclone.org/install/), or name a store at s3://, gs://, az:// or file://")
        })?;
        Ok(Self { program, remote: remote.to_owned(), variables, limits })
    }

    /// The object as rclone takes it.
    fn place(&self, name: &str) -> String {
        let slash = if name.is_empty() || self.remote.ends_with([':', '/']) { "" } else { "/" };
        format!("{}{slash}{name}", self.remote)
    }

    /// Runs rclone, again after faults that pass.
    async fn run(&self, arguments: &[&str], places: &[&str], max_bytes: u64) -> Result<Ended, Error> {
        let mut random = Random::from_system();
        let mut tries = 1;
        loop {
            match self.run_once(arguments, places, max_bytes).await {
                Err(error) if error.is_transient() && tries < self.limits.attempts => {
                    let pause = random.backoff(
                        u32::try_from(tries).unwrap_or(u32::MAX),
                        Duration::from_millis(200),
                        self.limits.longest_backoff,
                    );
                    tokio::time::sleep(pause).await;
                    tries += 1;
                }
                answer => return answer,
            }
        }
    }

    async fn run_once(&self, arguments: &[&str], places: &[&str], max_bytes: u64) -> Result<Ended, Error> {
        let seconds = |duration: Duration| format!("{}s", duration.as_secs().max(1));
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .args(["--retries", "1", "--low-level-retries", "1", "--ask-password=false"])
            .arg("--contimeout")
            .arg(seconds(self.limits.stall))
            .arg("--timeout")
            .arg(seconds(self.limits.stall))
            // Ends also what is left of a killed release.
            .arg("--max-duration")
            .arg(seconds(self.limits.operation))
            .arg("--")
            .args(places)
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        // In a process group of its own: Ctrl-C in a terminal is for the program that started it, which then still gives its lock back.
        let run = BoundedCommand::new(command, self.limits.operation)
            .max_stdout(usize::try_from(max_bytes).unwrap_or(usize::MAX))
            .stderr_tail(MAX_MESSAGE)
            .output();
        let output = run.await.map_err(|error| match error {
            RunError::Start(error) => {
                let message = format!("rclone was not started: {}", error.io_error().kind());
                Error::new(ErrorKind::Refused, message).with_hint("see that `rclone version` works")
            }
            RunError::TimedOut { deadline } => {
                let seconds = deadline.as_secs_f32();
                Error::new(ErrorKind::TimedOut, format!("rclone did not end within {seconds} s"))
                    .with_transient(false)
                    .with_hint("see that the remote answers: rclone lsf REMOTE:")
            }
            RunError::TooLarge { max_bytes } => {
                Error::new(ErrorKind::TooLarge, format!("rclone gave more than {max_bytes} bytes"))
            }
            _ => Error::new(ErrorKind::Internal, "the output of rclone was not read"),
        })?;
        match output.status.code() {
            Some(0) => Ok(Ended::Well(output.stdout)),
            // https://rclone.org/docs/#exit-code: folder not found, file not found.
            Some(3 | 4) => Ok(Ended::Absent),
            code => Err(explain(code, &String::from_utf8_lossy(&output.stderr))),
        }
    }

    /// What is under a name. Of remotes without real folders, a name that does not exist is an empty folder.
    async fn stat(&self, name: &str) -> Result<Option<Entry>, Error> {
        match self.run(&["lsjson", "--stat"], &[&self.place(name)], MAX_LIST).await? {
            Ended::Absent => Ok(None),
            Ended::Well(output) => {
                let entry: Entry = serde_json::from_slice(&output).map_err(|_| not_understood())?;
                Ok(Some(entry).filter(|entry| !entry.is_dir))
            }
        }
    }
}

#[async_trait]
impl ObjectStorage for RcloneStorage {
    async fn get(&self, name: &str, max_bytes: u64) -> Result<Option<Object>, Error> {
        // `cat` alone gives nothing, and no error, for an object that does not exist on such a remote.
        let Some(entry) = self.stat(name).await? else { return Ok(None) };
        let size = u64::try_from(entry.size).ok();
        if size.is_some_and(|size| size > max_bytes) {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("the object has more than {max_bytes} bytes"),
            ));
        }
        let changed = || {
            Error::new(ErrorKind::BadAnswer, "the object changed while it was read, or ended early")
                .with_transient(true)
                .with_hint("run the same command again")
        };
        match self.run(&["cat"], &[&self.place(name)], max_bytes).await? {
            Ended::Absent => Err(changed()),
            Ended::Well(output) if size.is_some_and(|size| size != output.len() as u64) => Err(changed()),
            Ended::Well(output) => {
                Ok(Some(Object { version: Version::of_content(&output), bytes: output.into() }))
            }
        }
    }

    async fn put(&self, name: &str, body: Bytes, condition: Condition) -> Result<PutOutcome, Error> {
        if condition != Condition::Always {
            return Err(Error::new(ErrorKind::Refused, "rclone cannot write on a condition"));
        }
        // From a file and not from a pipe: were this process killed, rclone would take the end of the pipe for that of the object.
        let file = tokio::task::spawn_blocking(move || {
            let mut file = tempfile::NamedTempFile::new()?;
            std::io::Write::write_all(&mut file, &body)?;
            Ok::<_, std::io::Error>(file.into_temp_path())
        });
        let file = file.await.ok().and_then(Result::ok).ok_or_else(|| {
            Error::new(ErrorKind::Server, "no temporary file was written")
                .with_transient(false)
                .with_hint("make room in the folder for temporary files (TMPDIR)")
        })?;
        let source =
            file.to_str().ok_or_else(|| Error::new(ErrorKind::InvalidInput, "TMPDIR is not UTF-8"))?;
        let arguments = ["copyto", "--ignore-times", "--no-traverse"];
        match self.run(&arguments, &[source, &self.place(name)], MAX_LIST).await? {
            Ended::Well(_) => Ok(PutOutcome::Written),
            Ended::Absent => Err(Error::new(ErrorKind::NotFound, "the remote has no such folder")
                .with_hint("create the bucket or folder, or correct the URL of the store")),
        }
    }

    async fn list(&self, folder: &str) -> Result<Vec<ListedObject>, Error> {
        let arguments = ["lsjson", "--files-only", "--no-mimetype", "--use-server-modtime"];
        let output = match self.run(&arguments, &[&self.place(folder)], MAX_LIST).await? {
            Ended::Absent => return Ok(Vec::new()),
            Ended::Well(output) => output,
        };
        let entries: Vec<Entry> = serde_json::from_slice(&output).map_err(|_| not_understood())?;
        let object = |entry: Entry| ListedObject {
            name: entry.name,
            size: u64::try_from(entry.size).unwrap_or_default(),
            modified: entry.mod_time.parse::<Timestamp>().ok(),
        };
        Ok(entries.into_iter().map(object).collect())
    }

    async fn delete(&self, name: &str) -> Result<(), Error> {
        self.run(&["deletefile"], &[&self.place(name)], MAX_LIST).await.map(|_| ())
    }

    fn conditional_put(&self) -> ConditionalPut {
        ConditionalPut::Unsupported
    }
}

fn not_understood() -> Error {
    Error::new(ErrorKind::BadAnswer, "the answer of rclone is not understood")
        .with_hint("rclone 1.60 and later are understood; see `rclone version`")
}

/// The error in our words, with rclone's last line.
fn explain(code: Option<i32>, errors: &str) -> Error {
    let last = errors.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    // `2026/11/29 13:04:09 NOTICE: Failed to lsjson: ...`
    let said = last.split_once(": ").map_or(last, |(_, said)| said);
    let status = errors.rsplit_once("StatusCode: ").and_then(|(_, rest)| rest.get(..3)?.parse::<u16>().ok());
    let all = errors.to_ascii_lowercase();
    let (kind, hint) = if all.contains("didn't find section in config file") {
        (ErrorKind::InvalidInput, "`rclone listremotes` shows the remotes, `rclone config` makes one")
    } else if status == Some(401) {
        (ErrorKind::Unauthorized, "see that the remote works: rclone lsf REMOTE:")
    } else if status == Some(403) || all.contains("permission denied") || all.contains("access denied") {
        (ErrorKind::Forbidden, "the credential of the remote must be allowed to read, list and write")
    } else if all.contains("no space left") || all.contains("quota exceeded") {
        (ErrorKind::Server, "make room in the remote, then run the same command again")
    } else if code == Some(10) || all.contains("timeout") || all.contains("deadline exceeded") {
        (ErrorKind::TimedOut, "see that the remote answers: rclone lsf REMOTE:")
    } else if all.contains("connection refused") || all.contains("no such host") {
        (ErrorKind::Unreachable, "see that the remote answers: rclone lsf REMOTE:")
    } else {
        (ErrorKind::Server, "see that the remote works: rclone lsf REMOTE:")
    };
    let ended = code.map_or("was killed".to_owned(), |code| format!("ended with the status {code}"));
    let mut error = Error::new(kind, format!("rclone {ended}")).with_server_message(said).with_hint(hint);
    if let Some(status) = status {
        error = error.with_status(status);
    }
    let passes = status.is_some_and(|status| status >= 500 || status == 429)
        || code == Some(5)
        || matches!(kind, ErrorKind::Unreachable | ErrorKind::TimedOut);
    error.with_transient(passes)
}

/// The path of a program on `PATH`.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path).map(|folder| folder.join(&name)).find(|candidate| candidate.is_file())
}
