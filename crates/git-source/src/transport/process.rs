//! Connections through a program: `git upload-pack` on this machine, or `ssh`.

use artifact_source::{Error, ErrorKind, lock};
use gix::bstr::{BStr, ByteSlice};
use gix_transport::client::blocking_io::Transport;
use gix_transport::client::git::ConnectMode;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::transport::error::program_failed;
use crate::transport::interrupt::Interrupt;
use crate::transport::options::SshCommand;
use crate::transport::ssh_target::SshTarget;
use crate::transport::stream::StreamTransport;

/// Variables that would make the program read another repository or another configuration.
const VARIABLES_OF_ANOTHER_REPOSITORY: [&str; 14] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// Connects to a repository on this machine through the installed `git`.
pub(crate) fn local(path: &Path, interrupt: &Arc<Interrupt>) -> Result<Box<dyn Transport>, Error> {
    if !path.is_dir() {
        return Err(Error::new(ErrorKind::NotFound, "there is no such directory"));
    }
    let mut command = Command::new("git");
    command.arg("upload-pack").arg(path);
    // The program has the path already; gitoxide uses this one in messages that are not shown.
    spawn(command, b"".as_bstr(), interrupt)
}

/// Connects to a repository over SSH. The program never prompts: a key with a passphrase needs an agent.
pub(crate) fn ssh(
    ssh: &SshCommand,
    target: &SshTarget,
    destination: &str,
    port: Option<u16>,
    path: &BStr,
    interrupt: &Arc<Interrupt>,
) -> Result<Box<dyn Transport>, Error> {
    let mut command = Command::new(&ssh.program);
    command.args(&ssh.arguments).args(["-o", "BatchMode=yes", "-o", "SendEnv=GIT_PROTOCOL"]);
    target.apply(&mut command);
    if let Some(port) = port {
        command.arg("-p").arg(port.to_string());
    }
    let quoted = gix::quote::single(path);
    command.arg("--").arg(destination).arg(format!("git-upload-pack {}", quoted.to_str_lossy()));
    spawn(command, path, interrupt)
}

fn spawn(mut command: Command, path: &BStr, interrupt: &Arc<Interrupt>) -> Result<Box<dyn Transport>, Error> {
    for variable in VARIABLES_OF_ANOTHER_REPOSITORY {
        command.env_remove(variable);
    }
    // `program_failed` reads English messages.
    command.env("GIT_PROTOCOL", "version=2").env("LC_ALL", "C").env("LANGUAGE", "C");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());

    let program = command.get_program().to_string_lossy().into_owned();
    let started = command.spawn().and_then(|mut child| match (child.stdin.take(), child.stdout.take()) {
        (Some(stdin), Some(stdout)) => Ok((stdin, stdout, child)),
        _ => Err(io::Error::other("the program has no standard streams")),
    });
    let (stdin, stdout, child) = started.map_err(|error| {
        Error::new(ErrorKind::InvalidInput, format!("{program:?} could not be started"))
            .with_hint(format!("install {program}, or put it into PATH"))
            .with_cause(error)
    })?;

    let process = Arc::new(Process::new(child));
    let to_kill = Arc::downgrade(&process);
    interrupt.on_stop(move || {
        if let Some(process) = to_kill.upgrade() {
            process.kill();
        }
    });
    let read = Output {
        chunks: read_in_thread(stdout).map_err(|error| {
            Error::new(ErrorKind::Internal, "no thread could be started").with_cause(error)
        })?,
        chunk: Cursor::default(),
        process: Arc::clone(&process),
        interrupt: Arc::clone(interrupt),
    };
    let write = Input { stdin, process, interrupt: Arc::clone(interrupt) };
    Ok(Box::new(StreamTransport::new(read, write, path, None, ConnectMode::Process, interrupt)))
}

/// How long a program that closed its output may take to exit.
const EXIT_TIMEOUT: Duration = Duration::from_secs(2);

/// The bytes of standard error that are kept.
const LONGEST_STDERR: usize = 16 * 1024;

/// A program that is killed on drop.
struct Process {
    child: Mutex<Child>,
    stderr_text: Arc<Mutex<Vec<u8>>>,
    drainer: Option<JoinHandle<()>>,
}

impl Process {
    fn new(mut child: Child) -> Self {
        let stderr_text = Arc::<Mutex<Vec<u8>>>::default();
        let kept = Arc::clone(&stderr_text);
        let drainer = child.stderr.take().and_then(|mut stderr| {
            // Standard error is read all the time, or a program that writes much would block.
            let drain = move || {
                let mut buffer = [0; 4096];
                while let Ok(read @ 1..) = stderr.read(&mut buffer) {
                    let mut kept = lock(&kept);
                    let room = LONGEST_STDERR - kept.len();
                    kept.extend_from_slice(&buffer[..read.min(room)]);
                }
            };
            std::thread::Builder::new().name("git-source stderr".to_owned()).spawn(drain).ok()
        });
        Self { child: Mutex::new(child), stderr_text, drainer }
    }

    fn kill(&self) {
        let _ = lock(&self.child).kill();
    }

    /// The error of a program that ended too early. Children that it left behind may keep its standard error open, so the wait is
    /// bounded for both.
    fn exit_error(&self) -> Error {
        let deadline = Instant::now() + EXIT_TIMEOUT;
        let mut status = None;
        while status.is_none() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(2));
            status = lock(&self.child).try_wait().ok().flatten();
        }
        let deadline = deadline.min(Instant::now() + EXIT_TIMEOUT / 10);
        let is_draining = || self.drainer.as_ref().is_some_and(|drainer| !drainer.is_finished());
        while is_draining() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(2));
        }
        let stderr_text = String::from_utf8_lossy(&lock(&self.stderr_text)).into_owned();
        program_failed(&stderr_text, status.and_then(|status| status.code()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        let _ = lock(&self.child).wait();
    }
}

/// The standard output of the program.
struct Output {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Cursor<Vec<u8>>,
    process: Arc<Process>,
    interrupt: Arc<Interrupt>,
}

/// Reads on a thread of its own. A program can be killed, but children that it leaves behind may keep its output open. Then only this
/// thread stays blocked.
fn read_in_thread(mut stdout: ChildStdout) -> io::Result<Receiver<io::Result<Vec<u8>>>> {
    let (sender, receiver) = sync_channel(4);
    let read = move || {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let chunk = stdout.read(&mut buffer).map(|read| buffer[..read].to_vec());
            let is_last = chunk.as_ref().map_or(true, Vec::is_empty);
            if sender.send(chunk).is_err() || is_last {
                break;
            }
        }
    };
    std::thread::Builder::new().name("git-source stdout".to_owned()).spawn(read)?;
    Ok(receiver)
}

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.chunk.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            match self.chunks.recv_timeout(Duration::from_millis(50)) {
                Ok(Ok(chunk)) if !chunk.is_empty() => self.chunk = Cursor::new(chunk),
                Err(RecvTimeoutError::Timeout) if !self.interrupt.is_stopped() => {}
                _ if self.interrupt.is_stopped() => return Err(io::Error::other("the program was stopped")),
                // The program ends by itself only when something is wrong: we close the connection first.
                _ => return Err(self.interrupt.fail(self.process.exit_error())),
            }
        }
    }
}

/// The standard input of the program.
struct Input {
    stdin: ChildStdin,
    process: Arc<Process>,
    interrupt: Arc<Interrupt>,
}

impl io::Write for Input {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.stdin.write(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe if !self.interrupt.is_stopped() => {
                self.interrupt.fail(self.process.exit_error())
            }
            _ => error,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stdin.flush()
    }
}
