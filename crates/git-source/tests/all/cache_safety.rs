//! What may happen to the cache: kills, links, flipped bits, unasked objects, silent servers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use artifact_source::{ArtifactSource, DiscoverRequest, Recorder};
use git_source::{GitSource, GitSourceBuilder};
use warehouse_testkit::{Commit, Fault, GitRepository, Reply, When};

use crate::support::{add, find, ids, log, rule, server_with};

/// The URL that a child process discovers.
const URL: &str = "GIT_SOURCE_TEST_URL";
/// The cache folder of the child; none for a temporary one.
const FOLDER: &str = "GIT_SOURCE_TEST_FOLDER";

fn builder(url: &str, folder: &Path) -> GitSourceBuilder {
    GitSource::builder(url).cache_dir(folder.to_owned())
}

fn with_paths(builder: GitSourceBuilder) -> GitSource {
    builder.rule(rule(|rule| rule.include_paths(["folder"]))).build().unwrap()
}

/// All files under a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

/// Not a test of its own: what a child process does.
#[tokio::test]
async fn child() {
    let Ok(url) = std::env::var(URL) else { return };
    let folder = std::env::var(FOLDER).ok().map(PathBuf::from);
    let source = GitSource::builder(&url).cache_dir(folder).rule(rule(|rule| rule.include_paths(["folder"])));
    let source = source.build().unwrap();
    source.discover(DiscoverRequest::new()).await.unwrap();
}

fn start(url: &str, folder: Option<&Path>, temporary: &Path) -> Child {
    start_child("child", url, folder, temporary)
}

fn start_child(test: &str, url: &str, folder: Option<&Path>, temporary: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("cache_safety::{test}"), "--nocapture"]);
    command.env(URL, url).env("TMPDIR", temporary);
    if let Some(folder) = folder {
        command.env(FOLDER, folder);
    }
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// A seeded number below this.
fn next(seed: &mut u64, below: u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % below
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_killed_leaves_nothing_wrong() {
    kill(50).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: cargo test -p git-source -- --ignored kills_and_flips --nocapture --test-threads=1"]
async fn kills_and_flips_500_kills() {
    kill(500).await;
}

/// Kills so many processes at work, each at another moment. The cache that they share has to stay right.
async fn kill(kills: u64) {
    let (_server, repository) = server_with(30);
    let (folder, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut seed, mut killed) = (20_261_129, 0);
    let mut longest = 400;
    for round in 0..kills {
        let new = Commit::new(format!("Round {round}")).file("folder/round", format!("{round}"));
        repository.commit("main", new).unwrap();
        let started = std::time::Instant::now();
        let mut child = start(repository.url(), Some(folder.path()), temporary.path());
        std::thread::sleep(Duration::from_millis(next(&mut seed, longest)));
        if child.try_wait().unwrap().is_none() {
            killed += 1;
            child.kill().unwrap();
        } else {
            // The moments of the kills fit the machine.
            longest = u64::try_from(started.elapsed().as_millis()).unwrap().clamp(20, 2000);
        }
        child.wait().unwrap();
        if round % 5 > 0 {
            continue;
        }
        let recorder = Recorder::new();
        let source = with_paths(builder(repository.url(), folder.path()));
        let found = source.discover(DiscoverRequest::new().with_trace(&recorder)).await.unwrap();
        assert_eq!(ids(&found.found().unwrap()), log(&repository, "main", 20), "round {round}");
        assert!(recorder.warnings().is_empty(), "round {round}: {:?}", recorder.warnings());
        let left = files(&folder.path().join("git/git-2/tmp"));
        assert!(left.is_empty(), "round {round}: {left:?}");
    }
    eprintln!(
        "{killed} of {kills} processes were killed at work: every discovery after one was right, and nothing was left behind"
    );
    assert!(killed > kills / 5, "{killed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn temporary_folders_of_a_killed_process_are_gone_at_the_next_start() {
    let (server, repository) = server_with(30);
    let temporary = tempfile::tempdir().unwrap();
    server.faults().add(When::post("/demo.git/git-upload-pack").nth(2), Fault::Stall);
    let mut child = start(repository.url(), None, temporary.path());
    while server.log().counters().requests < 3 {
        assert!(child.try_wait().unwrap().is_none());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 2, "a folder and its lock");
    server.faults().clear();
    let status = start(repository.url(), None, temporary.path()).wait().unwrap();
    assert!(status.success());
    let left: Vec<_> = fs::read_dir(temporary.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Not a test of its own: what a child process does that handles signals.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_with_signals() {
    use tokio::signal::unix::{SignalKind, signal};

    let Ok(url) = std::env::var(URL) else { return };
    let mut interrupt = signal(SignalKind::interrupt()).unwrap();
    let mut terminate = signal(SignalKind::terminate()).unwrap();
    let folder = std::env::var(FOLDER).ok().map(PathBuf::from);
    let source = GitSource::builder(&url).cache_dir(folder).build().unwrap();
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        answer = source.discover(DiscoverRequest::new()) => panic!("the server is silent: {answer:?}"),
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_ends_at_a_signal_leaves_no_temporary_folder() {
    for (signal, has_cache) in [("INT", true), ("TERM", true), ("INT", false), ("TERM", false)] {
        let (server, repository) = server_with(30);
        let (folder, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let fault = Fault::StallAfter { keep: 300 };
        server.faults().add(When::post("/demo.git/git-upload-pack").nth(2), fault);
        let cache = has_cache.then_some(folder.path());
        let mut child = start_child("child_with_signals", repository.url(), cache, temporary.path());
        while server.log().counters().requests < 3 {
            assert!(child.try_wait().unwrap().is_none());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let sent = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert!(child.wait().unwrap().success(), "{signal}");
        let left = [files(&folder.path().join("git/git-2/tmp")), files(temporary.path())].concat();
        assert!(left.is_empty(), "{signal}, with a cache {has_cache}: {left:?}");
        assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0, "{signal}");
    }
}

/// A program that handles SIGINT and SIGTERM drops its futures and ends, whether or not a blocking thread is still at work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_discovery_that_is_dropped_removes_its_temporary_folder_at_once() {
    let (server, repository) = server_with(30);
    let folder = tempfile::tempdir().unwrap();
    server.faults().add(When::post("/demo.git/git-upload-pack").nth(2), Fault::StallAfter { keep: 300 });
    let source = with_paths(builder(repository.url(), folder.path()));
    let mut discovery = Box::pin(source.discover(DiscoverRequest::new()));
    let temporary = folder.path().join("git/git-2/tmp");
    while files(&temporary).len() < 2 {
        assert!(futures::poll!(&mut discovery).is_pending());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(discovery);
    let left = files(&temporary);
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_a_discovery_whose_server_is_silent() {
    let (server, repository) = server_with(30);
    let folder = tempfile::tempdir().unwrap();
    let source = || builder(repository.url(), folder.path()).build().unwrap();
    server.faults().add(When::post("/demo.git/git-upload-pack").nth(2), Fault::StallAfter { keep: 300 });
    let stuck = source();
    let stuck = tokio::spawn(async move { stuck.discover(DiscoverRequest::new()).await });
    while server.log().counters().requests < 3 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for _ in 0..3 {
        assert_eq!(ids(&find(&source()).await), log(&repository, "main", 20));
        add(&repository, "main", 1);
    }
    assert!(!stuck.is_finished());
    stuck.abort();
}

#[tokio::test]
async fn any_bit_may_flip() {
    flip(120).await;
}

#[tokio::test]
#[ignore = "takes minutes: cargo test -p git-source -- --ignored kills_and_flips --nocapture --test-threads=1"]
async fn kills_and_flips_1000_flips() {
    flip(1000).await;
}

/// Flips a bit of a whole cache, so many times.
async fn flip(flips: u64) {
    let (_server, repository) = server_with(24);
    let whole = tempfile::tempdir().unwrap();
    find(&with_paths(builder(repository.url(), whole.path()))).await;
    let originals: Vec<(PathBuf, Vec<u8>)> = files(whole.path())
        .into_iter()
        .map(|file| (file.strip_prefix(whole.path()).unwrap().to_owned(), fs::read(&file).unwrap()))
        .collect();
    let bytes: usize = originals.iter().map(|(_, content)| content.len()).sum();
    assert!(bytes > 1000, "{bytes}");
    let expected = log(&repository, "main", 20);
    let (mut seed, mut refetched) = (7, 0);
    for _ in 0..flips {
        let folder = tempfile::tempdir().unwrap();
        let mut at = usize::try_from(next(&mut seed, bytes as u64)).unwrap();
        let bit = next(&mut seed, 8);
        let mut flipped = String::new();
        for (name, content) in &originals {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let mut content = content.clone();
            if at < content.len() && flipped.is_empty() {
                content[at] ^= 1 << bit;
                flipped = format!("bit {bit} of byte {at} of {}", name.display());
            }
            at = at.wrapping_sub(content.len());
            fs::write(path, content).unwrap();
        }
        let source = with_paths(builder(repository.url(), folder.path()));
        let found = source.discover(DiscoverRequest::new()).await;
        let found = found.unwrap_or_else(|error| panic!("{flipped}: {error:?}")).found().unwrap();
        assert_eq!(ids(&found), expected, "{flipped}");
        refetched += u64::from(found.cost.requests > 2);
    }
    eprintln!(
        "{flips} flips in {bytes} bytes of {} files: every answer was right, {refetched} after something was fetched again",
        originals.len()
    );
}

#[cfg(unix)]
#[tokio::test]
async fn no_link_is_followed() {
    let (_server, repository) = server_with(5);
    for place in ["git-2", "tmp", "commits", "objects", "pack", "lock", "writer", "tips", "shallow"] {
        let parent = tempfile::tempdir().unwrap();
        let (folder, foreign) = (parent.path().join("cache"), parent.path().join("foreign"));
        find(&builder(repository.url(), &folder).build().unwrap()).await;
        fs::create_dir(&foreign).unwrap();
        let names = ["file", "pack-0.keep", "tmp.lock", ".tmpX", "lock", "notes"];
        for name in names {
            fs::write(foreign.join(name), b"kept").unwrap();
        }
        fs::create_dir(foreign.join("pack")).unwrap();
        fs::write(foreign.join("pack/file"), b"kept").unwrap();

        let mut at = folder.join("git");
        let target = loop {
            let entries: Vec<_> = fs::read_dir(&at).unwrap().map(|entry| entry.unwrap().path()).collect();
            if let Some(found) = entries.iter().find(|path| path.ends_with(place)) {
                break found.clone();
            }
            at = entries.into_iter().find(|path| path.is_dir() && !path.ends_with("tmp")).unwrap();
        };
        let is_folder = target.is_dir();
        if is_folder {
            fs::remove_dir_all(&target).unwrap()
        } else {
            fs::remove_file(&target).unwrap()
        }
        let to = if is_folder { foreign.clone() } else { foreign.join("file") };
        std::os::unix::fs::symlink(&to, &target).unwrap();

        let recorder = Recorder::new();
        let source = builder(repository.url(), &folder).build().unwrap();
        let found = source.discover(DiscoverRequest::new().with_trace(&recorder)).await.unwrap();
        assert_eq!(ids(&found.found().unwrap()), log(&repository, "main", 20), "{place}");
        for name in names {
            assert_eq!(fs::read(foreign.join(name)).unwrap(), b"kept", "{place} {name}");
        }
        assert_eq!(files(&foreign).len(), names.len() + 1, "{place}: nothing is added either");
        // What is only information is read anew; all else cannot be used, and that is told.
        let told = recorder.warnings().len();
        assert!(told == 1 || place == "tips", "{place}: {:?}", recorder.warnings());
    }
}

/// A pack of the branch and one more object, as the answer to a fetch.
fn answer_with_more(repository: &GitRepository, size: usize) -> Reply {
    let mut seed = size as u64;
    let junk: String =
        (0..size).map(|_| char::from(b' ' + u8::try_from(next(&mut seed, 90)).unwrap())).collect();
    let blob = repository.git_with_input(["hash-object", "-w", "--stdin"], junk.as_bytes()).unwrap();
    let commits = repository.git(["rev-list", "main"]).unwrap();
    let list = format!("{commits}\n{}\n", blob.trim());
    let pack = repository.path().join("answer");
    let name =
        repository.git_with_input(["pack-objects", "-q", pack.to_str().unwrap()], list.as_bytes()).unwrap();
    let pack = fs::read(format!("{}-{}.pack", pack.display(), name.trim())).unwrap();
    let mut body = b"000dpackfile\n".to_vec();
    for chunk in pack.chunks(60_000) {
        body.extend(format!("{:04x}\u{1}", chunk.len() + 5).bytes());
        body.extend(chunk);
    }
    body.extend(b"0000");
    Reply::status(200).header("content-type", "application/x-git-upload-pack-result").body(body)
}

#[tokio::test]
async fn objects_that_were_not_asked_for_are_not_kept() {
    let (server, repository) = server_with(5);
    let folder = tempfile::tempdir().unwrap();
    let size = || files(folder.path()).iter().map(|file| fs::metadata(file).unwrap().len()).sum::<u64>();
    for _ in 0..3 {
        let reply = answer_with_more(&repository, 200_000);
        server.faults().clear();
        // The first POST lists references.
        server.faults().add(When::post("/demo.git/git-upload-pack").nth(2), reply);
        let found = find(&builder(repository.url(), folder.path()).build().unwrap()).await;
        assert_eq!(ids(&found), log(&repository, "main", 20), "the answer is right all the same");
        assert!(found.cost.bytes_received > 50_000, "{}", found.cost);
        assert!(size() < 1000, "{}: {:?}", size(), files(folder.path()));
    }
    server.faults().clear();
    let found = find(&builder(repository.url(), folder.path()).build().unwrap()).await;
    assert_eq!((ids(&found), found.cost.requests), (log(&repository, "main", 20), 2));
    assert_eq!(
        find(&builder(repository.url(), folder.path()).build().unwrap()).await.cost.requests,
        1,
        "it is kept"
    );
}
