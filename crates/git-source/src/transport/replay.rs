//! What a real server said, said again with errors in it: there is an answer, the right one, or an
//! error, and never a panic.

use std::io::{self, Cursor, Read};
use std::num::NonZeroU32;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use artifact_source::{Error, Meter};
use gix::bstr::ByteSlice;
use gix_transport::client::git::ConnectMode;
use proptest::prelude::*;
use warehouse_testkit::{Commit, GitServer};

use super::Opened;
use super::counted::Counted;
use crate::filter::Filter;
use crate::history::{Halt, Walk};
use crate::negotiate::Wanted;
use crate::remote::Remote;
use crate::sieve::Sieve;
use crate::store::Store;
use crate::tip::{self, Tip};
use crate::watch::{Limits, Watch};

/// Keeps a copy of all that is read.
struct Tee<R>(R, Arc<Mutex<Vec<u8>>>);

impl<R: Read> Read for Tee<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.lock().unwrap().extend_from_slice(&buffer[..read]);
        Ok(read)
    }
}

fn watch() -> Arc<Watch> {
    let limits = Limits { bytes: 1 << 20, stall: Duration::from_secs(60), deadline: None };
    Arc::new(Watch::new(Meter::new(), limits))
}

/// Greets, lists, fetches and walks; the ids of the commits.
fn session(transport: Opened, watch: &Arc<Watch>) -> Result<Vec<String>, Error> {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), watch).unwrap();
    let mut remote = Remote::greet(transport, watch)?;
    let Tip::Branch(tip) = tip::tip(&mut remote, Some("main"))? else { return Ok(Vec::new()) };
    let depth = NonZeroU32::new(5);
    remote.fetch(&Wanted { tips: vec![tip], haves: Vec::new(), depth, filter: Filter::Trees }, &store)?;
    let sieve =
        Sieve { since: None, expression: None, paths: None, clock: Arc::new(artifact_source::SystemClock) };
    let mut walk = Walk::new(tip, 5, &sieve, watch);
    match walk.advance(&store.objects()?)? {
        Halt::Over => Ok(walk.commits.into_iter().map(|commit| commit.id).collect()),
        Halt::Missing { .. } => Err(Error::new(artifact_source::ErrorKind::BadAnswer, "not all was sent")),
    }
}

/// What `git upload-pack` says in a session, and what is found in it.
fn record(repository: &Path, protocol: &str) -> (Vec<u8>, Vec<String>) {
    let mut child = Command::new("git")
        .arg("upload-pack")
        .arg(repository)
        .env("GIT_PROTOCOL", protocol)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = Arc::<Mutex<Vec<u8>>>::default();
    let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let watch = watch();
    let read = Tee(stdout, Arc::clone(&said));
    let transport = Counted::new(read, stdin, b"".as_bstr(), None, ConnectMode::Process, &watch);
    let found = session(Box::new(transport), &watch).unwrap();
    child.wait().unwrap();
    let said = said.lock().unwrap().clone();
    (said, found)
}

fn replay(said: Vec<u8>) -> Result<Vec<String>, Error> {
    let watch = watch();
    let read = Cursor::new(said);
    session(
        Box::new(Counted::new(read, io::sink(), b"".as_bstr(), None, ConnectMode::Process, &watch)),
        &watch,
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

    for (said, expected) in &recorded {
        assert_eq!(&replay(said.clone()).unwrap(), expected);
    }
    let damages = prop::collection::vec((any::<prop::sample::Index>(), damage()), 1..4);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..Default::default()
    });
    runner
        .run(&(0..recorded.len(), damages), |(which, damages)| {
            let (said, expected) = &recorded[which];
            let mut said = said.clone();
            for (at, damage) in damages {
                if said.is_empty() {
                    break;
                }
                let at = at.index(said.len());
                match damage {
                    Damage::Replace(byte) => said[at] = byte,
                    Damage::Insert(bytes) => drop(said.splice(at..at, bytes)),
                    Damage::Remove(length) => drop(said.drain(at..said.len().min(at + length))),
                    Damage::Repeat(length) => {
                        let again = said[at..said.len().min(at + length)].to_vec();
                        drop(said.splice(at..at, again));
                    }
                    Damage::End => said.truncate(at),
                }
            }
            if let Ok(found) = replay(said) {
                prop_assert_eq!(&found, expected);
            }
            Ok(())
        })
        .unwrap();
}
