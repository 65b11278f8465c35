//! Discoveries that are dropped, and servers that never answer.

use std::io::Read;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use artifact_source::{ArtifactSource, DiscoverRequest, ErrorKind};
use git_source::GitSource;
use warehouse_testkit::{Fault, When, is_running};

use crate::support::{find, ids, log, server_with};

/// Longer than any test may take.
const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_deadline_is_kept_whatever_the_server_does() {
    let (server, repository) = server_with(3);
    server.faults().add(When::any(), Fault::Stall);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let http = artifact_http::HttpClient::builder().stall_timeout(LONG).build().unwrap();
    for builder in [
        GitSource::builder(repository.url()).http(http),
        GitSource::builder(format!("git://{}/a.git", silent.local_addr().unwrap())),
        GitSource::builder("me@host:a.git").ssh_command("sh", ["-c", "sleep 60"]),
    ] {
        let source = builder.stall_timeout(LONG).build().unwrap();
        let deadline = Instant::now() + Duration::from_millis(200);
        let error = source.discover(DiscoverRequest::new().with_deadline(deadline)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{source}: {error:?}");
    }
}

#[tokio::test]
async fn silence_is_noticed_over_every_transport() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for builder in [
        GitSource::builder(format!("git://{}/a.git", silent.local_addr().unwrap())),
        GitSource::builder("me@host:a.git").ssh_command("sh", ["-c", "sleep 60"]),
    ] {
        let source = builder.stall_timeout(Duration::from_millis(100)).build().unwrap();
        let error = source.discover(DiscoverRequest::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{source}: {error:?}");
        assert!(error.message().contains("silent"), "{error}");
    }
}

#[tokio::test]
async fn dropping_closes_the_connection() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("git://{}/a.git", server.local_addr().unwrap());
    let source = GitSource::builder(url).stall_timeout(LONG).build().unwrap();
    let task = tokio::spawn(async move { source.discover(DiscoverRequest::new()).await });
    let waiting = tokio::task::spawn_blocking(move || {
        let (mut connection, _) = server.accept().unwrap();
        let mut handshake = [0; 4];
        connection.read_exact(&mut handshake).unwrap();
        connection
    });
    let mut connection = waiting.await.unwrap();
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    // It ends: whatever was sent before is read, and then the end.
    let rest = tokio::task::spawn_blocking(move || connection.read_to_end(&mut Vec::new()).unwrap());
    rest.await.unwrap();
}

#[tokio::test]
async fn dropping_ends_the_process_and_what_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("pid");
    let script = format!("sleep 600 & echo $$ $! > {}; wait", note.display());
    let source = GitSource::builder("me@host:a.git")
        .ssh_command("sh", ["-c", &script])
        .stall_timeout(LONG)
        .build()
        .unwrap();
    let task = tokio::spawn(async move { source.discover(DiscoverRequest::new()).await });
    let limit = Instant::now() + LONG;
    let ids = loop {
        assert!(Instant::now() < limit, "the process never started");
        match std::fs::read_to_string(&note) {
            Ok(ids) if ids.ends_with('\n') => break ids,
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    task.abort();
    for id in ids.split_whitespace() {
        while cfg!(target_os = "linux") && is_running(id) {
            assert!(Instant::now() < limit, "the process is still there");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn a_discovery_that_was_dropped_leaves_the_cache_free() {
    let (server, repository) = server_with(30);
    let folder = tempfile::tempdir().unwrap();
    let source = || GitSource::builder(repository.url()).cache_dir(folder.path().to_owned()).build().unwrap();
    server.faults().add(When::post("/demo.git/git-upload-pack").nth(2), Fault::StallAfter { keep: 300 });
    let stuck = source();
    let task = tokio::spawn(async move { stuck.discover(DiscoverRequest::new()).await });
    while server.log().counters().requests < 3 {
        assert!(!task.is_finished());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    task.abort();
    assert_eq!(ids(&find(&source()).await), log(&repository, "main", 20));
}
