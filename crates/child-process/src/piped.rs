//! A program whose input and output are a protocol.

use std::fmt;
use std::io::{self, Read as _};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::error::{RunError, StartError};
use crate::group::{kill_group, lead_new_group};
use crate::tail::Tail;

/// How often the end of a program is looked for.
const POLL: Duration = Duration::from_millis(2);

/// A program whose standard input and output are a protocol, such as `ssh`, for threads that block. It is killed on drop, with its process
/// group.
///
/// A thread reads standard error all the time, so that the program does not block, and keeps its end for [`exit`](Self::exit).
///
/// ```
/// use std::io::{Read, Write};
/// use std::process::Command;
/// use std::time::Duration;
///
/// use child_process::PipedChild;
///
/// # if cfg!(unix) {
/// let mut script = Command::new("sh");
/// script.args(["-c", "read line; echo \"you said $line\"; echo bye >&2; exit 3"]);
/// let (child, mut stdin, mut stdout) = PipedChild::spawn(script, 16 << 10)?;
/// stdin.write_all(b"hello\n")?;
/// let mut answer = String::new();
/// stdout.read_to_string(&mut answer)?;
/// assert_eq!(answer, "you said hello\n");
///
/// let exit = child.exit(Duration::from_secs(10), Duration::from_secs(10));
/// assert_eq!(exit.status.and_then(|status| status.code()), Some(3));
/// assert_eq!(exit.stderr, b"bye\n");
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PipedChild {
    state: Mutex<State>,
    stderr: Arc<Mutex<Tail>>,
    drainer: Option<JoinHandle<()>>,
}

struct State {
    child: Child,
    /// How it ended, once it was waited for. From then on another process may have its id.
    status: Option<ExitStatus>,
}

/// How a [`PipedChild`] ended. `Debug` shows the size of its standard error alone.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exit {
    /// Its status, or `None` if it has not ended.
    pub status: Option<ExitStatus>,
    /// The end of its standard error, as far as it has arrived.
    pub stderr: Vec<u8>,
}

impl fmt::Debug for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exit")
            .field("status", &self.status)
            .field("stderr", &format_args!("{} bytes", self.stderr.len()))
            .finish()
    }
}

impl PipedChild {
    /// Starts the program, and returns its standard input and output. Of its standard error the last `stderr_tail` bytes are kept. The
    /// standard streams and the process group of the command are set here.
    ///
    /// # Errors
    ///
    /// [`RunError::Start`] if it could not be started, [`RunError::Io`] if no thread could be.
    pub fn spawn(
        mut command: Command,
        stderr_tail: usize,
    ) -> Result<(Self, ChildStdin, ChildStdout), RunError> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        lead_new_group(&mut command);
        let mut child = command.spawn().map_err(|error| StartError::new(&command, error))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let stderr = Arc::new(Mutex::new(Tail::new(stderr_tail)));
        // From here on the program is killed if anything fails.
        let mut piped = Self {
            state: Mutex::new(State { child, status: None }),
            stderr: Arc::clone(&stderr),
            drainer: None,
        };
        let (Some(stdin), Some(stdout), Some(pipe)) = pipes else {
            return Err(io::Error::other("the program has no standard streams").into());
        };
        let drain = move || drain(pipe, &stderr);
        piped.drainer =
            Some(std::thread::Builder::new().name("child-process stderr".to_owned()).spawn(drain)?);
        Ok((piped, stdin, stdout))
    }

    /// Kills the program and its process group. Does nothing once [`exit`](Self::exit) has given a status.
    pub fn kill(&self) {
        let mut state = lock(&self.state);
        if state.status.is_none() {
            kill_group(state.child.id());
            let _ = state.child.kill();
        }
    }

    /// Waits until the program has ended, at most for `timeout`, then for the end of its standard error, at most for `grace`: a process that
    /// it left behind may hold that open.
    pub fn exit(&self, timeout: Duration, grace: Duration) -> Exit {
        let status = poll(timeout, || self.try_wait());
        if status.is_some() {
            let is_drained = || self.drainer.as_ref().is_none_or(JoinHandle::is_finished).then_some(());
            let _ = poll(grace, is_drained);
        }
        Exit { status, stderr: lock(&self.stderr).kept() }
    }

    fn try_wait(&self) -> Option<ExitStatus> {
        let mut state = lock(&self.state);
        if state.status.is_none() {
            state.status = state.child.try_wait().ok().flatten();
        }
        state.status
    }
}

/// Asks until there is an answer, at most for this long.
fn poll<T>(timeout: Duration, ask: impl Fn() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        let answer = ask();
        if answer.is_some() || start.elapsed() >= timeout {
            return answer;
        }
        std::thread::sleep(POLL);
    }
}

fn drain(mut stderr: ChildStderr, tail: &Mutex<Tail>) {
    let mut buffer = [0; 4096];
    loop {
        match stderr.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return,
            Ok(read) => lock(tail).add(buffer.get(..read).unwrap_or_default()),
        }
    }
}

/// A thread that panicked leaves both states whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for PipedChild {
    fn drop(&mut self) {
        self.kill();
        let mut state = lock(&self.state);
        if state.status.is_none() {
            state.status = state.child.wait().ok();
        }
    }
}

impl fmt::Debug for PipedChild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipedChild").field("id", &lock(&self.state).child.id()).finish_non_exhaustive()
    }
}
