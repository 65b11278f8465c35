//! Releases that are killed: the same command again ends where an undisturbed one ends.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use artifact_source::Error;
use async_trait::async_trait;
use bytes::Bytes;
use chart_release::Overwrite;
use chart_release::Package;
use chart_release::repository::ChartRepository;
use chart_release::store::{
    Condition, ConditionalPut, ListedObject, Object, ObjectStorage, PutOutcome, Random, Store,
};

use crate::fixture::{limits, noon, objects_in, open_file, other_package, package, run};
use crate::repository::consistent;

/// The folder that a child publishes into.
const FOLDER: &str = "CHART_RELEASE_TEST_FOLDER";
/// Before which operation it ends, as if killed; in the middle of it with an `m` at the end.
const END: &str = "CHART_RELEASE_TEST_END";
/// Whether the store keeps no conditions, so that a lock decides who writes.
const LOCKED: &str = "CHART_RELEASE_TEST_LOCKED";

/// What is published.
fn packages() -> Vec<Package> {
    let noise = "noise ".repeat(20_000);
    vec![package("web", "1.1.0"), other_package("api", "1.0.0", &noise), package("new", "0.1.0")]
}

/// A repository with something in it.
fn begun(folder: &Path) {
    let repository = ChartRepository::new(open_file(folder, limits())).with_clock(noon());
    let old: Vec<Package> = (0..40).map(|patch| package("web", &format!("1.0.{patch}"))).collect();
    run(repository.publish(&old, &Overwrite::Never)).unwrap();
}

/// A store that ends the process at one of its operations.
#[derive(Debug)]
struct Ending {
    inner: Store,
    folder: PathBuf,
    at: u64,
    in_the_middle: bool,
    done: AtomicU64,
    conditional: ConditionalPut,
}

impl Ending {
    fn step(&self, put: Option<(&str, &[u8])>) {
        if self.done.fetch_add(1, Ordering::SeqCst) != self.at {
            return;
        }
        if let (true, Some((name, body))) = (self.in_the_middle, put) {
            // What a killed put leaves: a part of the object, beside its place.
            let part = self.folder.join(format!("{name}#1"));
            std::fs::create_dir_all(part.parent().unwrap()).unwrap();
            std::fs::write(part, &body[..body.len() / 2]).unwrap();
        }
        std::process::abort();
    }
}

#[async_trait]
impl ObjectStorage for Ending {
    async fn get(&self, name: &str, _: u64) -> Result<Option<Object>, Error> {
        self.step(None);
        self.inner.get(name).await
    }

    async fn put(&self, name: &str, body: Bytes, condition: Condition) -> Result<PutOutcome, Error> {
        self.step(Some((name, &body)));
        self.inner.put(name, body, condition).await
    }

    async fn list(&self, folder: &str) -> Result<Vec<ListedObject>, Error> {
        self.step(None);
        self.inner.list(folder).await
    }

    async fn delete(&self, name: &str) -> Result<(), Error> {
        self.step(None);
        self.inner.delete(name).await
    }

    fn conditional_put(&self) -> ConditionalPut {
        self.conditional
    }

    fn has_own_clock(&self) -> bool {
        true
    }
}

/// The other process.
#[test]
#[ignore = "run by the tests of this module"]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let inner = open_file(&folder, limits());
    let conditional = match std::env::var_os(LOCKED) {
        Some(_) => ConditionalPut::Unsupported,
        None => ConditionalPut::Supported,
    };
    let end = std::env::var(END).unwrap_or_else(|_| u64::MAX.to_string());
    let in_the_middle = end.ends_with('m');
    let at = end.trim_end_matches('m').parse().unwrap();
    let ending = Ending { inner, folder, at, in_the_middle, done: AtomicU64::new(0), conditional };
    let store = Store::from_storage("ending", ending);
    let repository = ChartRepository::new(store).with_clock(noon());
    match run(repository.publish(&packages(), &Overwrite::Never)) {
        Ok(_) => println!("RELEASED"),
        Err(error) => println!("FAILED {error} -- {}", error.hint().unwrap_or_default()),
    }
}

/// A killed writer's lock object as it is when its lease has ended.
pub fn age_locks(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder.join(".chart-release")) else { return 0 };
    let locks = entries.map(|entry| entry.unwrap().path());
    // A part of an object is none.
    let is_lock = |name: &str| name.starts_with("lock-") && !name.contains('#');
    let locks = locks.filter(|path| is_lock(path.file_name().unwrap().to_str().unwrap()));
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
    locks
        .map(|path| std::fs::File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap())
        .count()
}

fn command(program: &mut Command, folder: &Path, end: Option<&str>) -> String {
    if let Some(end) = end {
        program.env(END, end);
    }
    let output = program.env(FOLDER, folder).stderr(Stdio::null()).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn child_command() -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["kill::child", "--exact", "--ignored", "--nocapture"]);
    command
}

fn undisturbed() -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    begun(folder.path());
    assert!(command(&mut child_command(), folder.path(), None).contains("RELEASED"));
    objects_in(folder.path())
}

/// Ends a release before each of its operations, and in the middle of each put. Returns how many operations it has, and how many runs left a lock.
fn end_at_each_step(is_locked: bool) -> (u64, u64) {
    let child = || {
        let mut child = child_command();
        if is_locked {
            child.env(LOCKED, "1");
        }
        child
    };
    let expected = undisturbed();
    let (mut steps, mut left) = (0, 0);
    for at in 0.. {
        let mut ended = false;
        for middle in ["", "m"] {
            let folder = tempfile::tempdir().unwrap();
            begun(folder.path());
            let output = command(&mut child(), folder.path(), Some(&format!("{at}{middle}")));
            ended |= output.contains("RELEASED");
            consistent(&objects_in(folder.path()));
            left += u64::from(age_locks(folder.path()) > 0);
            let again = command(&mut child(), folder.path(), None);
            assert!(again.contains("RELEASED"), "step {at}{middle}: {again}");
            assert!(objects_in(folder.path()) == expected, "step {at}{middle} ends in another state");
            assert_eq!(age_locks(folder.path()), 0, "step {at}{middle} leaves a lock");
        }
        if ended {
            return (steps, left);
        }
        steps += 1;
    }
    (steps, left)
}

#[test]
fn a_release_that_ends_at_any_step_is_finished_by_the_same_command() {
    // Three archives, the index read and written.
    assert_eq!(end_at_each_step(false), (5, 0));
}

/// The same where a lock decides who writes. Its lease has ended when the same command runs again.
#[test]
fn a_release_that_ends_at_any_step_under_a_lock_is_finished_by_the_same_command() {
    let (steps, left) = end_at_each_step(true);
    // Two locks (written, listed, deleted), three archives and the index read and written.
    assert_eq!(steps, 2 * 3 + 2 * 3 + 2);
    assert!(left > steps, "{left}");
}

/// At any moment, by the system: `RUNS=1000` for more.
#[test]
fn a_release_that_is_killed_at_any_moment_is_finished_by_the_same_command() {
    let expected = undisturbed();
    let runs = std::env::var("RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(40_u64);
    let mut killed = 0;
    for seed in 0..runs {
        let folder = tempfile::tempdir().unwrap();
        begun(folder.path());
        let mut process = child_command()
            .env(FOLDER, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_micros(Random::seeded(seed).next_u64() % 40_000));
        killed += u32::from(process.try_wait().unwrap().is_none());
        process.kill().unwrap();
        process.wait().unwrap();
        consistent(&objects_in(folder.path()));
        let again = command(&mut child_command(), folder.path(), None);
        assert!(again.contains("RELEASED"), "seed {seed}: {again}");
        assert!(objects_in(folder.path()) == expected, "seed {seed} ends in another state");
    }
    assert!(killed > 0);
}

/// The disk is full while an archive, or the index, is written: a limit of the size of files stands for it.
#[cfg(unix)]
#[test]
fn a_full_disk_is_told_and_the_same_command_finishes_when_there_is_room() {
    let expected = undisturbed();
    for (blocks, what) in [(1, "an archive"), (12, "the index")] {
        let folder = tempfile::tempdir().unwrap();
        begun(folder.path());
        let before = std::fs::read(folder.path().join("index.yaml")).unwrap();
        let child = child_command();
        let mut limited = Command::new("sh");
        limited.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""));
        limited.arg(child.get_program()).args(child.get_args());
        let output = command(&mut limited, folder.path(), None);
        assert!(
            output.contains("FAILED the file was not written") && output.contains("make room on the disk"),
            "{what}: {output}"
        );
        assert_eq!(std::fs::read(folder.path().join("index.yaml")).unwrap(), before);
        consistent(&objects_in(folder.path()));
        assert!(command(&mut child_command(), folder.path(), None).contains("RELEASED"));
        assert!(objects_in(folder.path()) == expected, "{what}");
    }
}
