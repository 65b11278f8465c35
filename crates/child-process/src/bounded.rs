//! A program that is run to its end.

use std::fmt;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::error::{RunError, StartError};
use crate::group::{kill_group, lead_new_group};
use crate::tail::Tail;

/// A program that is run to its end, within limits.
///
/// ```
/// use std::time::Duration;
///
/// use child_process::{BoundedCommand, RunError};
/// use tokio::process::Command;
///
/// # if cfg!(unix) {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let mut endless = Command::new("sh");
/// endless.args(["-c", "sleep 1000 & wait"]);
/// let error = BoundedCommand::new(endless, Duration::from_millis(50)).output().await.unwrap_err();
/// // Neither `sh` nor `sleep` is left.
/// assert!(matches!(error, RunError::TimedOut { .. }));
/// # Ok::<(), RunError>(())
/// # })?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BoundedCommand {
    command: Command,
    deadline: Duration,
    grace: Duration,
    stdin: Vec<u8>,
    max_stdout: usize,
    truncates: bool,
    stderr_tail: usize,
}

impl BoundedCommand {
    /// Runs this command, which must end within the deadline, counted from its start. The standard streams, the process group and
    /// `kill_on_drop` of the command are set here; its program, arguments, variables and folder are the caller's.
    pub fn new(command: Command, deadline: Duration) -> Self {
        Self {
            command,
            deadline,
            grace: Duration::from_millis(500),
            stdin: Vec::new(),
            max_stdout: 1 << 20,
            truncates: false,
            stderr_tail: 64 << 10,
        }
    }

    /// The bytes of its standard input, which ends after them. A program may end without reading them. Defaults to none.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// The most bytes of standard output; more is [`RunError::TooLarge`], and the program is killed. Defaults to 1 MiB.
    #[must_use]
    pub fn max_stdout(mut self, bytes: usize) -> Self {
        (self.max_stdout, self.truncates) = (bytes, false);
        self
    }

    /// Keeps this many bytes from the start of standard output; the rest is read and dropped, so that the program does not block.
    #[must_use]
    pub fn truncate_stdout(mut self, bytes: usize) -> Self {
        (self.max_stdout, self.truncates) = (bytes, true);
        self
    }

    /// Keeps this many bytes from the end of standard error; the rest is read and dropped. Defaults to 64 KiB.
    #[must_use]
    pub fn stderr_tail(mut self, bytes: usize) -> Self {
        self.stderr_tail = bytes;
        self
    }

    /// How long to wait for the end of the output after the program has ended. A process that it left behind may hold the pipes open for
    /// ever, and what the program itself wrote is in them by then. Defaults to 500 ms, and is not counted towards the deadline.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Runs the program and returns what it wrote and how it ended, whatever its exit status is. Must be called within a tokio runtime
    /// with I/O and time enabled.
    ///
    /// Dropping the future kills the program and its process group.
    ///
    /// # Errors
    ///
    /// [`RunError::Start`] if it could not be started; [`RunError::TimedOut`] if it did not end within the deadline;
    /// [`RunError::TooLarge`] if it wrote too much; [`RunError::Io`] if a pipe could not be read. The process group was killed before
    /// the error is returned.
    pub async fn output(mut self) -> Result<Output, RunError> {
        let stdin = if self.stdin.is_empty() { Stdio::null() } else { Stdio::piped() };
        self.command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        lead_new_group(self.command.as_std_mut());
        let child = self.command.spawn().map_err(|error| StartError::new(self.command.as_std(), error))?;
        let mut running = Running(child);
        let result = self.communicate(&mut running.0).await;
        if result.is_err() {
            running.kill();
            // It is gone when the error is returned. A process that the kernel cannot kill yet is not waited for.
            let _ = timeout(self.grace, running.0.wait()).await;
        }
        result
    }

    async fn communicate(&self, child: &mut Child) -> Result<Output, RunError> {
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let mut kept = Vec::new();
        let (mut is_truncated, mut tail) = (false, Tail::new(self.stderr_tail));
        let status = {
            let mut exchange = pin!(async {
                tokio::try_join!(
                    write(stdin, &self.stdin),
                    self.read(stdout, &mut kept, &mut is_truncated),
                    read_tail(stderr, &mut tail)
                )
            });
            let until_exit = async {
                tokio::select! {
                    done = &mut exchange => {
                        done?;
                        Ok::<_, RunError>((child.wait().await?, true))
                    }
                    status = child.wait() => Ok((status?, false)),
                }
            };
            let (status, is_read) = timeout(self.deadline, until_exit)
                .await
                .map_err(|_| RunError::TimedOut { deadline: self.deadline })??;
            if !is_read && let Ok(done) = timeout(self.grace, exchange).await {
                done?;
            }
            status
        };
        Ok(Output { status, stdout: kept, is_truncated, stderr: tail.kept() })
    }

    /// Reads standard output. Dropping the future keeps what was read.
    async fn read(
        &self,
        stdout: Option<ChildStdout>,
        kept: &mut Vec<u8>,
        is_truncated: &mut bool,
    ) -> Result<(), RunError> {
        let Some(mut stdout) = stdout else { return Ok(()) };
        let mut limited = (&mut stdout).take(self.max_stdout as u64);
        while limited.read_buf(kept).await? > 0 {}
        let mut rest = [0; 4096];
        while stdout.read(&mut rest).await? > 0 {
            if !self.truncates {
                return Err(RunError::TooLarge { max_bytes: self.max_stdout });
            }
            *is_truncated = true;
        }
        Ok(())
    }
}

async fn write(stdin: Option<ChildStdin>, bytes: &[u8]) -> Result<(), RunError> {
    if let Some(mut stdin) = stdin {
        // A program may answer without reading its input.
        let _ = stdin.write_all(bytes).await;
    }
    Ok(())
}

/// Reads all of standard error, since an unread pipe would block the program.
async fn read_tail(stderr: Option<ChildStderr>, tail: &mut Tail) -> Result<(), RunError> {
    let Some(mut stderr) = stderr else { return Ok(()) };
    let mut buffer = [0; 4096];
    loop {
        match stderr.read(&mut buffer).await? {
            0 => return Ok(()),
            read => tail.add(buffer.get(..read).unwrap_or_default()),
        }
    }
}

/// A child whose process group is killed on drop, unless it has been waited for.
struct Running(Child);

impl Running {
    fn kill(&mut self) {
        // There is no id after the program was waited for; then its group is left alone.
        if let Some(id) = self.0.id() {
            kill_group(id);
            let _ = self.0.start_kill();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a program wrote, and how it ended. `Debug` shows the sizes alone.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output: all of it, or with [`truncate_stdout`](BoundedCommand::truncate_stdout) its start.
    pub stdout: Vec<u8>,
    /// Whether standard output was longer than `stdout`.
    pub is_truncated: bool,
    /// The end of its standard error.
    pub stderr: Vec<u8>,
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("status", &self.status)
            .field("stdout", &format_args!("{} bytes", self.stdout.len()))
            .field("is_truncated", &self.is_truncated)
            .field("stderr", &format_args!("{} bytes", self.stderr.len()))
            .finish()
    }
}

impl fmt::Debug for BoundedCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundedCommand")
            .field("program", &self.command.as_std().get_program())
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
