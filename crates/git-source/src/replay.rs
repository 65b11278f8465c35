//! The recorded answers of a real server, replayed with damage: the result is the right answer or an
//! error, and never a panic.

use std::io::{self, Cursor, Read};
use std::num::NonZeroU32;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use artifact_source::{Error, Meter};
use commit_rule::CommitRule;
use gix::bstr::ByteSlice;
use gix::hash::Kind as ObjectFormat;
use gix_transport::client::blocking_io::Transport;
use gix_transport::client::git::ConnectMode;
use proptest::prelude::*;
use warehouse_testkit::{Commit, GitServer};

use crate::repository::{FetchCapabilities, FetchRequest, PackFilter, References, Remote, Scratch, Store};
use crate::selection::{CommitFilter, Progress, Reader, Walk};
use crate::transport::{Interrupt, Limits, StreamTransport};

/// Keeps a copy of everything that is read.
struct Tee<R>(R, Arc<Mutex<Vec<u8>>>);

impl<R: Read> Read for Tee<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.lock().unwrap().extend_from_slice(&buffer[..read]);
        Ok(read)
    }
}

fn interrupt() -> Arc<Interrupt> {
    let limits = Limits {
        bytes: 1 << 20,
        stall: Duration::from_secs(60),
        progress: artifact_http::LeastProgress::default(),
        deadline: None,
    };
    Arc::new(Interrupt::new(Meter::new(), limits))
}

/// Connects, lists, fetches and walks. Returns the ids of the commits.
fn session(transport: Box<dyn Transport>, interrupt: &Arc<Interrupt>) -> Result<Vec<String>, Error> {
    let folder = tempfile::tempdir().unwrap();
    let scratch = Arc::new(Scratch::create(folder.path(), "").unwrap());
    let store =
        Store::open(folder.path(), Path::new("store"), ObjectFormat::Sha1, scratch, interrupt).unwrap();
    let mut remote = Remote::connect(transport, interrupt)?;
    let listed = References::new(remote.list(&["refs/heads/main".to_owned()])?);
    let missing = || Error::new(artifact_source::ErrorKind::NotFound, "there is no such branch");
    let tip = listed.target("refs/heads/main").ok_or_else(missing)?;
    let request = FetchRequest {
        wants: vec![tip],
        haves: Vec::new(),
        depth: NonZeroU32::new(5),
        filter: PackFilter::Trees,
        levels: 0,
        is_history: true,
    };
    remote.fetch(&request, &store)?;
    let filter = CommitFilter::new(CommitRule::default(), Arc::new(artifact_source::SystemClock));
    let mut walk = Walk::new(tip, 5, 5, &filter);
    let (read, fetched) = Default::default();
    let reader = Reader::new(&store, interrupt, FetchCapabilities::default(), &read, &fetched)?;
    match walk.advance(&reader)? {
        Progress::Done => Ok(walk.into_parts().0.into_iter().map(|commit| commit.id).collect()),
        Progress::Missing { .. } => {
            Err(Error::new(artifact_source::ErrorKind::BadAnswer, "not all was sent"))
        }
    }
}

/// The answers of `git upload-pack` in a session, and the commits that are found.
fn record(repository: &Path, protocol: &str) -> (Vec<u8>, Vec<String>) {
    let mut child = Command::new("git")
        .arg("upload-pack")
        .arg(repository)
        .env("GIT_PROTOCOL", protocol)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let answers = Arc::<Mutex<Vec<u8>>>::default();
    let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let interrupt = interrupt();
    let read = Tee(stdout, Arc::clone(&answers));
    let transport = StreamTransport::new(read, stdin, b"".as_bstr(), None, ConnectMode::Process, &interrupt);
    let found = session(Box::new(transport), &interrupt).unwrap();
    child.wait().unwrap();
    let answers = answers.lock().unwrap().clone();
    (answers, found)
}

fn replay(answers: Vec<u8>) -> Result<Vec<String>, Error> {
    let interrupt = interrupt();
    let read = Cursor::new(answers);
    session(
        Box::new(StreamTransport::new(
            read,
            io::sink(),
            b"".as_bstr(),
            None,
            ConnectMode::Process,
            &interrupt,
        )),
        &interrupt,
    )
}

#[derive(Clone, Debug)]
enum Damage {
    Replace(u8),
    Insert(Vec<u8>),
    Remove(usize),
    Repeat(usize),
    End,
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        4 => any::<u8>().prop_map(Damage::Replace),
        2 => prop::collection::vec(any::<u8>(), 1..8).prop_map(Damage::Insert),
        1 => (1..200_usize).prop_map(Damage::Remove),
        1 => (1..200_usize).prop_map(Damage::Repeat),
        1 => Just(Damage::End),
    ]
}

#[test]
fn damaged_answers() {
    let server = GitServer::start().unwrap();
    let repository = server.create("replay.git").unwrap();
    let mut history = repository.history().unwrap();
    for number in 0..8 {
        history.commit("main", Commit::new(format!("Change {number}")).file("file", format!("{number}")));
    }
    history.write().unwrap();
    let recorded = ["version=2", ""].map(|protocol| record(repository.path(), protocol));

    for (answers, expected) in &recorded {
        assert_eq!(&replay(answers.clone()).unwrap(), expected);
    }
    let damages = prop::collection::vec((any::<prop::sample::Index>(), damage()), 1..4);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..Default::default()
    });
    runner
        .run(&(0..recorded.len(), damages), |(which, damages)| {
            let (answers, expected) = &recorded[which];
            let mut answers = answers.clone();
            for (at, damage) in damages {
                if answers.is_empty() {
                    break;
                }
                let at = at.index(answers.len());
                match damage {
                    Damage::Replace(byte) => answers[at] = byte,
                    Damage::Insert(bytes) => drop(answers.splice(at..at, bytes)),
                    Damage::Remove(length) => drop(answers.drain(at..answers.len().min(at + length))),
                    Damage::Repeat(length) => {
                        let again = answers[at..answers.len().min(at + length)].to_vec();
                        drop(answers.splice(at..at, again));
                    }
                    Damage::End => answers.truncate(at),
                }
            }
            if let Ok(found) = replay(answers) {
                prop_assert_eq!(&found, expected);
            }
            Ok(())
        })
        .unwrap();
}
