//! Connections through a program: `git upload-pack` on this machine, or `ssh`.

use artifact_source::{Error, ErrorKind};
use child_process::{PipedChild, RunError};
use git_program::{CONFIGURATION_VARIABLES, REPOSITORY_VARIABLES};
use gix::bstr::{BStr, ByteSlice};
use gix_transport::client::blocking_io::Transport;
use gix_transport::client::git::ConnectMode;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use crate::transport::error::program_failed;
use crate::transport::interrupt::Interrupt;
use crate::transport::options::SshCommand;
use crate::transport::ssh_target::SshTarget;
use crate::transport::stream::StreamTransport;

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
    for variable in REPOSITORY_VARIABLES.into_iter().chain(CONFIGURATION_VARIABLES) {
        command.env_remove(variable);
    }
    // `program_failed` reads English messages.
    command.env("GIT_PROTOCOL", "version=2").env("LC_ALL", "C").env("LANGUAGE", "C");

    let program = command.get_program().to_string_lossy().into_owned();
    let (process, stdin, stdout) = PipedChild::spawn(command, KEPT_ERRORS).map_err(|error| match error {
        RunError::Start(error) => {
            Error::new(ErrorKind::InvalidInput, format!("{program:?} could not be started"))
                .with_hint(format!("install {program}, or put it into PATH"))
                .with_cause(std::io::Error::from(error))
        }
        error => Error::new(ErrorKind::Internal, "no thread could be started").with_cause(error),
    })?;
    let process = Arc::new(process);
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

/// How long to wait for the end of its standard error after that. A process that it left behind may hold it open.
const GRACE: Duration = Duration::from_millis(200);

/// The bytes of standard error that are kept, from its end.
const KEPT_ERRORS: usize = 16 * 1024;

/// The error of a program that ended too early.
fn exit_error(process: &PipedChild) -> Error {
    let exit = process.exit(EXIT_TIMEOUT, GRACE);
    program_failed(&String::from_utf8_lossy(&exit.stderr), exit.status.and_then(|status| status.code()))
}

/// The standard output of the program.
struct Output {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Cursor<Vec<u8>>,
    process: Arc<PipedChild>,
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
                _ => return Err(self.interrupt.fail(exit_error(&self.process))),
            }
        }
    }
}

/// The standard input of the program.
struct Input {
    stdin: ChildStdin,
    process: Arc<PipedChild>,
    interrupt: Arc<Interrupt>,
}

impl io::Write for Input {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.stdin.write(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe if !self.interrupt.is_stopped() => {
                self.interrupt.fail(exit_error(&self.process))
            }
            _ => error,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stdin.flush()
    }
}
