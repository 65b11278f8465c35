//! A server over HTTP that was greeted in the last day is asked at once. One that has changed since then is greeted again, and the answer is right.

use std::fs;
use std::path::{Path, PathBuf};

use artifact_source::{Discovery, Error, ErrorKind, Found};
use git_source::{GitSource, GitSourceBuilder};
use warehouse_testkit::{Commit, Fault, GitRepository, GitServer, Reply, When};

use crate::support::{add, again, fails, find, ids, log, server_with};

const INFO: &str = "/demo.git/info/refs";
const POST: &str = "/demo.git/git-upload-pack";

fn builder(repository: &GitRepository, folder: &Path) -> GitSourceBuilder {
    GitSource::builder(repository.url()).cache_dir(folder.to_owned())
}

/// An answer of one packet.
fn packet(text: &str) -> Reply {
    let packet = format!("{:04x}{text}", text.len() + 4);
    Reply::status(200).header("content-type", "application/x-git-upload-pack-result").body(packet)
}

/// The greetings that are kept.
fn greetings(folder: &Path) -> Vec<PathBuf> {
    let layout =
        fs::read_dir(folder.join("git/git-2")).unwrap().map(|entry| entry.unwrap().path().join("greeting"));
    layout.filter(|file| file.is_file()).collect()
}

/// What a second discovery finds and costs, in a repository that has moved and at a server where something happens.
async fn second(
    happens: impl FnOnce(&GitServer, &GitRepository),
) -> Result<(u64, Found<artifact_source::Commit>), Error> {
    let (server, repository) = server_with(5);
    let folder = tempfile::tempdir().unwrap();
    find(&builder(&repository, folder.path()).build().unwrap()).await;
    add(&repository, "main", 1);
    happens(&server, &repository);
    server.log().clear();
    let source = builder(&repository, folder.path()).build().unwrap();
    let found =
        artifact_source::ArtifactSource::discover(&source, artifact_source::DiscoverRequest::new()).await?;
    let found = found.found().unwrap();
    assert_eq!(ids(&found), log(&repository, "main", 20));
    Ok((server.log().counters().requests, found))
}

#[tokio::test]
async fn a_server_is_greeted_once() {
    let (server, repository) = server_with(5);
    let folder = tempfile::tempdir().unwrap();
    let found = find(&builder(&repository, folder.path()).build().unwrap()).await;
    assert_eq!(found.cost.requests, 3);
    let [greeting] = &*greetings(folder.path()) else { panic!("one repository") };
    let text = fs::read_to_string(greeting).unwrap();
    assert!(text.contains("version 2") && text.contains("ls-refs"), "{text}");

    server.log().clear();
    // As another process does.
    let source = builder(&repository, folder.path()).build().unwrap();
    let Discovery::Unchanged { cost } = again(&source, found.observation.as_ref()).await else {
        panic!("nothing moved");
    };
    assert_eq!((cost.requests, server.log().counters().requests), (1, 1));
    eprintln!("unmoved: {cost}");
    add(&repository, "main", 1);
    assert_eq!(find(&source).await.cost.requests, 2, "the list, and a fetch");

    // What is not asked over HTTP has a connection, which begins with the greeting.
    let folder = tempfile::tempdir().unwrap();
    let local =
        || GitSource::builder(repository.file_url()).cache_dir(folder.path().to_owned()).build().unwrap();
    assert_eq!([find(&local()).await.cost.requests, find(&local()).await.cost.requests], [3, 2]);
    assert!(greetings(folder.path()).is_empty());
}

#[tokio::test]
async fn one_that_is_not_what_it_was_is_greeted_again() {
    for (what, reply) in [
        ("a page", Reply::status(200).header("content-type", "text/html").body("<html>Sign in</html>")),
        ("a redirect", Reply::status(302).header("location", "/elsewhere.git/git-upload-pack")),
        ("no such path", Reply::status(404)),
        ("a firewall", Reply::status(403)),
        ("a program that ended", Reply::status(500)),
        ("a gateway", Reply::status(502)),
        ("a repository that it does not know", packet("ERR access denied or repository not exported")),
        ("a refusal", packet("ERR unknown capability 'unborn'")),
        ("another hash", packet("ERR mismatched object format: server sha256; client sha1")),
        ("no word", packet("").body("")),
        ("another protocol", packet("NAK\n")),
    ] {
        let (requests, _) =
            second(|server, _| server.faults().add(When::post(POST).nth(1), reply)).await.unwrap();
        assert_eq!(requests, 4, "{what}: the list in vain, and a discovery of three");
    }
    let made_anew = |_: &GitServer, repository: &GitRepository| {
        fs::remove_dir_all(repository.path()).unwrap();
        let path = repository.path().to_str().unwrap().to_owned();
        let made = std::process::Command::new("git")
            .args(["init", "--quiet", "--bare", "--object-format=sha256", "--initial-branch=main", &path])
            .status();
        assert!(made.unwrap().success());
        repository.git(["config", "uploadpack.allowFilter", "true"]).unwrap();
        repository.commit("main", Commit::new("New").file("new", "1")).unwrap();
    };
    let (requests, found) = second(made_anew).await.unwrap();
    assert_eq!((requests, found.artifacts[0].id.len()), (4, 64), "a repository with another hash");
}

/// A refused credential is told at once. What else fails may be due to the greeting: the server is asked for it, once.
#[tokio::test]
async fn a_server_that_fails_is_greeted_once() {
    let denied = packet("ERR access denied");
    for (reply, kind, requests) in [
        (Fault::from(Reply::status(401)), ErrorKind::Unauthorized, 1),
        (Reply::status(403).into(), ErrorKind::Forbidden, 2),
        (Reply::status(404).into(), ErrorKind::NotFound, 2),
        (Reply::status(429).into(), ErrorKind::RateLimited, 4),
        (Reply::status(503).into(), ErrorKind::Server, 5),
        (Fault::Reset, ErrorKind::Unreachable, 5),
        (denied.into(), ErrorKind::BadAnswer, 2),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (server, repository) = server_with(5);
        let quick = || {
            let http = artifact_http::HttpClient::builder();
            let pause = std::time::Duration::from_millis(1);
            builder(&repository, folder.path()).http(http.backoff(pause, pause).build().unwrap())
        };
        find(&quick().build().unwrap()).await;
        server.log().clear();
        server.faults().add(When::any(), reply);
        let error = fails(quick()).await;
        assert_eq!((error.kind(), server.log().counters().requests), (kind, requests), "{error:?}");
        server.faults().clear();
        let is_known = matches!(kind, ErrorKind::Unauthorized | ErrorKind::RateLimited);
        let cost = find(&quick().build().unwrap()).await.cost;
        assert_eq!(cost.requests, if is_known { 1 } else { 2 }, "{kind:?}");
    }
}

/// What a server refuses that can do less than it said is not remembered: it can do less now, and says so when it is greeted.
#[tokio::test]
async fn one_that_can_do_less_than_before_is_greeted_again() {
    let (_server, repository) = server_with(5);
    let folder = tempfile::tempdir().unwrap();
    let source = || builder(&repository, folder.path()).build().unwrap();
    find(&source()).await;
    repository.git(["config", "uploadpack.allowFilter", "false"]).unwrap();
    add(&repository, "main", 1);
    let found = find(&source()).await;
    assert_eq!(ids(&found), log(&repository, "main", 20));
    repository.git(["config", "uploadpack.allowFilter", "true"]).unwrap();
    fs::remove_file(&greetings(folder.path())[0]).unwrap();
    repository.commit("main", Commit::new("Large").file("large", "x".repeat(300_000))).unwrap();
    let found = find(&source()).await;
    assert_eq!(ids(&found), log(&repository, "main", 20));
    assert!(found.cost.bytes_received < 10_000, "no file is fetched: {}", found.cost);
}

#[tokio::test]
async fn one_that_redirects_is_greeted_each_time() {
    let (server, repository) = server_with(5);
    let folder = tempfile::tempdir().unwrap();
    let moved = format!("{INFO}?service=git-upload-pack");
    server.faults().add(When::get("/old.git/info/refs"), Reply::status(301).header("location", &moved));
    let old = || {
        let url = repository.url().replace("demo.git", "old.git");
        GitSource::builder(url).cache_dir(folder.path().to_owned()).build().unwrap()
    };
    assert_eq!(find(&old()).await.cost.requests, 4);
    assert!(greetings(folder.path()).is_empty());
    assert_eq!(find(&old()).await.cost.requests, 3);

    // One that is known and redirects from now on is greeted in vain once.
    let folder = tempfile::tempdir().unwrap();
    let source = || builder(&repository, folder.path()).build().unwrap();
    find(&source()).await;
    let copy = repository.path().with_file_name("copy.git");
    fs::rename(repository.path(), &copy).unwrap();
    let to = |path: &str| Reply::status(301).header("location", path);
    server.faults().add(When::get(INFO), to("/copy.git/info/refs?service=git-upload-pack"));
    server.faults().add(When::post(POST), to("/copy.git/git-upload-pack"));
    assert_eq!(find(&source()).await.cost.requests, 4, "the list in vain, two for the greeting, the list");
    assert_eq!(find(&source()).await.cost.requests, 3);
}

#[tokio::test]
async fn a_damaged_greeting_is_heard_again() {
    let (_server, repository) = server_with(5);
    let folder = tempfile::tempdir().unwrap();
    find(&builder(&repository, folder.path()).build().unwrap()).await;
    let file = greetings(folder.path()).remove(0);
    let whole = fs::read(&file).unwrap();
    // The first line has the time.
    let text = |file: &[u8]| file.iter().copied().skip_while(|byte| *byte != b'\n').collect::<Vec<_>>();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for damaged in [&b""[..], b"garbage", b"0000", &whole[..whole.len() / 2], &[0xff; 40], &flipped] {
        fs::write(&file, damaged).unwrap();
        let found = find(&builder(&repository, folder.path()).build().unwrap()).await;
        assert_eq!(ids(&found), log(&repository, "main", 20));
        assert!(found.cost.requests == 2, "{}", found.cost);
        assert_eq!(text(&fs::read(&file).unwrap()), text(&whole));
    }
}
