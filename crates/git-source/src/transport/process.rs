//! The ways that lead through a program: `git upload-pack` on this machine, or `ssh`.

use std::ffi::OsString;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use artifact_source::{Error, ErrorKind};
use gix::bstr::{BStr, ByteSlice};
use gix_transport::client::git::ConnectMode;

use super::Opened;
use super::counted::Counted;
use crate::watch::Watch;

/// The program that connects to a host over SSH, called as OpenSSH's `ssh` is.
#[derive(Clone, Debug)]
pub(crate) struct SshCommand {
    pub(crate) program: OsString,
    pub(crate) arguments: Vec<OsString>,
}

impl Default for SshCommand {
    fn default() -> Self {
        Self { program: "ssh".into(), arguments: Vec::new() }
    }
}

/// Variables that would point the program at another repository or another configuration than asked.
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

/// Serves a repository of this machine with the installed `git`.
pub(super) fn local(path: &Path, watch: &Arc<Watch>) -> Result<Opened, Error> {
    if !path.is_dir() {
        return Err(Error::new(ErrorKind::NotFound, "there is no such directory"));
    }
    let mut command = Command::new("git");
    command.arg("upload-pack").arg(path);
    // The program knows the path already; this one is for messages of gitoxide's that nobody sees.
    spawn(command, b"".as_bstr(), watch)
}

/// Reaches a repository over SSH. It never asks anybody anything: a key with a passphrase needs an agent.
pub(super) fn ssh(
    ssh: &SshCommand,
    destination: &str,
    port: Option<u16>,
    path: &BStr,
    watch: &Arc<Watch>,
) -> Result<Opened, Error> {
    let mut command = Command::new(&ssh.program);
    command.args(&ssh.arguments).args(["-o", "BatchMode=yes", "-o", "SendEnv=GIT_PROTOCOL"]);
    if let Some(port) = port {
        command.arg("-p").arg(port.to_string());
    }
    let quoted = gix::quote::single(path);
    command.arg("--").arg(destination).arg(format!("git-upload-pack {}", quoted.to_str_lossy()));
    spawn(command, path, watch)
}

fn spawn(mut command: Command, path: &BStr, watch: &Arc<Watch>) -> Result<Opened, Error> {
    for variable in VARIABLES_OF_ANOTHER_REPOSITORY {
        command.env_remove(variable);
    }
    // Our own reading of standard error wants English.
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
    watch.on_stop(move || {
        if let Some(process) = to_kill.upgrade() {
            process.kill();
        }
    });
    let read = Output {
        chunks: pump(stdout).map_err(|error| {
            Error::new(ErrorKind::Internal, "no thread could be started").with_cause(error)
        })?,
        chunk: Cursor::default(),
        process: Arc::clone(&process),
        watch: Arc::clone(watch),
    };
    let write = Input { stdin, process, watch: Arc::clone(watch) };
    Ok(Box::new(Counted::new(read, write, path, None, ConnectMode::Process, watch)))
}

/// How long a program that hung up may take to say why.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How much of what it says is kept.
const COMPLAINT: usize = 16 * 1024;

/// A program that ends when nobody needs it any more.
struct Process {
    child: Mutex<Child>,
    complaint: Arc<Mutex<Vec<u8>>>,
    listener: Option<JoinHandle<()>>,
}

impl Process {
    fn new(mut child: Child) -> Self {
        let complaint = Arc::<Mutex<Vec<u8>>>::default();
        let kept = Arc::clone(&complaint);
        let listener = child.stderr.take().and_then(|mut stderr| {
            // It must be read all along, or a program with much to say would block.
            let listen = move || {
                let mut buffer = [0; 4096];
                while let Ok(read @ 1..) = stderr.read(&mut buffer) {
                    let mut kept = lock(&kept);
                    let room = COMPLAINT - kept.len();
                    kept.extend_from_slice(&buffer[..read.min(room)]);
                }
            };
            std::thread::Builder::new().name("git-source stderr".to_owned()).spawn(listen).ok()
        });
        Self { child: Mutex::new(child), complaint, listener }
    }

    fn kill(&self) {
        let _ = lock(&self.child).kill();
    }

    /// Why the program hung up before it was asked to. It may have left children behind that keep
    /// its standard error open, so this waits for neither without end.
    fn obituary(&self) -> Error {
        let patience = Instant::now() + LAST_WORDS;
        let mut status = None;
        while status.is_none() && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(2));
            status = lock(&self.child).try_wait().ok().flatten();
        }
        let patience = patience.min(Instant::now() + LAST_WORDS / 10);
        let listening = || self.listener.as_ref().is_some_and(|listener| !listener.is_finished());
        while listening() && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(2));
        }
        let complaint = String::from_utf8_lossy(&lock(&self.complaint)).into_owned();
        crate::fault::from_complaint(&complaint, status.and_then(|status| status.code()))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = child.wait();
    }
}

/// What the program says.
struct Output {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Cursor<Vec<u8>>,
    process: Arc<Process>,
    watch: Arc<Watch>,
}

/// Reads on a thread of its own. A program can be killed, but children that it leaves behind may hold
/// its output open, and then only whoever waits in vain stays behind with them.
fn pump(mut stdout: ChildStdout) -> io::Result<Receiver<io::Result<Vec<u8>>>> {
    let (sender, receiver) = sync_channel(4);
    let pump = move || {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let chunk = stdout.read(&mut buffer).map(|read| buffer[..read].to_vec());
            let is_last = chunk.as_ref().map_or(true, Vec::is_empty);
            if sender.send(chunk).is_err() || is_last {
                break;
            }
        }
    };
    std::thread::Builder::new().name("git-source stdout".to_owned()).spawn(pump)?;
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
                Err(RecvTimeoutError::Timeout) if !self.watch.is_stopped() => {}
                _ if self.watch.is_stopped() => return Err(io::Error::other("the program was stopped")),
                // It only ends by itself when something is wrong: a session ends by our hanging up.
                _ => return Err(self.watch.fail(self.process.obituary())),
            }
        }
    }
}

/// What the program is told.
struct Input {
    stdin: ChildStdin,
    process: Arc<Process>,
    watch: Arc<Watch>,
}

impl io::Write for Input {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.stdin.write(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe if !self.watch.is_stopped() => self.watch.fail(self.process.obituary()),
            _ => error,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stdin.flush()
    }
}
