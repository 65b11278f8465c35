//! The Git server under the real `git` client.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::Path;
use std::process::Command;

use crate::client::{request, send};
use warehouse_testkit::{Commit, GitRepository, GitServer, When};

/// Runs git with a clean environment and returns what it wrote to standard output.
#[track_caller]
fn git(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("git")
        .current_dir(folder)
        .args(arguments)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "true")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn filled(server: &GitServer) -> GitRepository {
    let repository = server.create("demo/app.git").unwrap();
    let mut history = repository.history().unwrap();
    let first = history.commit("main", Commit::new("First").file("README.md", "# Demo\n"));
    history.branch("feature", first);
    let side = history.commit("feature", Commit::new("Side").file("dir with blank/ä\"\\.txt", "1\n"));
    let merge = history.merge("main", side, Commit::new("Merge").file("merged", "1"));
    history.tag("light", merge).annotated_tag("v1.0.0", first, "Version 1.0.0");
    history.tag_blob("blob", "content").annotated_tag_blob("note", "more", "A note").tag_tree("tree", merge);
    history.write().unwrap();
    repository
}

#[test]
fn a_clone_is_the_repository() {
    let server = GitServer::start().unwrap();
    let repository = filled(&server);
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["clone", "--quiet", "--mirror", repository.url(), "copy"]).unwrap();
    let copy = folder.path().join("copy");
    let references = ["for-each-ref", "--format=%(refname) %(objecttype) %(objectname)"];
    let listed = git(&copy, &references).unwrap();
    assert_eq!(listed, repository.git(references).unwrap());
    assert!(listed.contains("refs/tags/blob blob ") && listed.contains("refs/tags/tree tree "), "{listed}");
    let graph = git(&copy, &["log", "--format=%s|%p", "--first-parent", "main"]).unwrap();
    assert_eq!(graph.lines().count(), 2);
    let names =
        git(&copy, &["-c", "core.quotePath=false", "ls-tree", "-r", "--name-only", "feature"]).unwrap();
    assert_eq!(names, "README.md\n\"dir with blank/ä\\\"\\\\.txt\"");
}

#[test]
fn ids_are_deterministic() {
    let one = GitServer::start().unwrap();
    let two = GitServer::start().unwrap();
    let ids = |server| filled(server).git(["for-each-ref", "--format=%(objectname)"]).unwrap();
    assert_eq!(ids(&one), ids(&two));
    let id = one.create("small.git").unwrap().commit("main", Commit::new("First").file("a", "1")).unwrap();
    assert_eq!(id, "4ea63f901e5bbb6112ee546c8e8a72d76eafa6cf");
}

#[test]
fn history_goes_on_where_it_stopped() {
    let server = GitServer::start().unwrap();
    let repository = filled(&server);
    let before = repository.resolve("main").unwrap();
    let id = repository.commit("main", Commit::new("Later").file("later", "1")).unwrap();
    assert_eq!(repository.resolve(&format!("{id}^")).unwrap(), before);
    repository.set_reference("refs/heads/main", &before).unwrap();
    assert_eq!(repository.resolve("main").unwrap(), before);
    let mut history = repository.history().unwrap();
    let root = history.orphan("main").commit("main", Commit::new("Anew"));
    let written = history.write().unwrap();
    assert_eq!(repository.git(["rev-list", "--count", written.id(root)]).unwrap(), "1");
    assert_eq!(repository.resolve("main").unwrap(), written.id(root));
}

#[test]
fn hundreds_of_commits_are_one_import() {
    let server = GitServer::start().unwrap();
    let repository = server.create("large.git").unwrap();
    let start = std::time::Instant::now();
    let mut history = repository.history().unwrap();
    for number in 0..500 {
        let commit = Commit::new(format!("Commit {number}"));
        let mark = history.commit("main", commit.file(format!("dir{}/file", number % 7), number.to_string()));
        history.tag(&format!("v0.{number}.0"), mark);
    }
    history.write().unwrap();
    eprintln!("500 commits with tags: {:?}", start.elapsed());
    assert_eq!(repository.git(["rev-list", "--count", "main"]).unwrap(), "500");
}

#[test]
fn protocol_two_is_supported_and_can_be_disabled() {
    for (server, expected) in
        [(GitServer::start().unwrap(), true), (GitServer::builder().old_protocol().start().unwrap(), false)]
    {
        let repository = filled(&server);
        let target = "/demo/app.git/info/refs?service=git-upload-pack";
        let ask = request("GET", server.address(), target).header("git-protocol", "version=2");
        let answer = send(server.address(), ask, "");
        assert_eq!(answer.status, 200);
        assert_eq!(answer.text().contains("version 2"), expected);
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["clone", "--quiet", repository.url(), "copy"]).unwrap();
    }
}

#[test]
fn partial_clones_are_offered_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let partial = |url: &str, name: &str| {
        git(folder.path(), &["clone", "--quiet", "--bare", "--depth=1", "--filter=tree:0", url, name])
            .unwrap();
        git(&folder.path().join(name), &["count-objects", "-v"]).unwrap()
    };
    let server = GitServer::start().unwrap();
    let counted = partial(filled(&server).url(), "with");
    assert!(counted.contains("in-pack: 1\n"), "only the commit: {counted}");
    let server = GitServer::builder().without_filter().start().unwrap();
    let counted = partial(filled(&server).url(), "without");
    assert!(!counted.contains("in-pack: 1\n"), "{counted}");
}

#[test]
fn large_requests_come_compressed_and_chunked() {
    let server = GitServer::start().unwrap();
    let repository = server.create("large.git").unwrap();
    let mut history = repository.history().unwrap();
    for number in 0..2000 {
        history.commit(&format!("branch-{number}"), Commit::new(number.to_string()));
    }
    history.write().unwrap();
    let folder = tempfile::tempdir().unwrap();
    // The many wants of a clone exceed the post buffer, so git sends them in chunks; smaller ones it compresses.
    git(
        folder.path(),
        &["-c", "http.postBuffer=66000", "clone", "--quiet", "--mirror", repository.url(), "a"],
    )
    .unwrap();
    git(folder.path(), &["clone", "--quiet", "--mirror", repository.url(), "b"]).unwrap();
    let posts = server.log().matching(&When::post("/**"));
    assert!(posts.iter().any(|post| post.header("transfer-encoding") == Some("chunked")), "{posts:?}");
    assert!(posts.iter().any(|post| post.header("content-encoding") == Some("gzip")), "{posts:?}");
}

#[test]
fn a_push_arrives() {
    let server = GitServer::builder().basic("user", "secret").start().unwrap();
    let repository = filled(&server);
    let url = repository.url().replace("http://", "http://user:secret@");
    let folder = tempfile::tempdir().unwrap();
    assert!(git(folder.path(), &["ls-remote", repository.url()]).is_err(), "no credential");
    git(folder.path(), &["clone", "--quiet", &url, "copy"]).unwrap();
    let copy = folder.path().join("copy");
    let author = ["-c", "user.name=n", "-c", "user.email=e@example.com"];
    git(&copy, &[&author[..], &["commit", "--quiet", "--allow-empty", "-m", "Pushed"]].concat()).unwrap();
    git(&copy, &["push", "--quiet", "origin", "HEAD"]).unwrap();
    assert_eq!(repository.git(["log", "-1", "--format=%s", "main"]).unwrap(), "Pushed");
    let shown = format!("{:?}", server.log().all());
    assert!(!shown.contains("secret") && !shown.contains("dXNlcjp"), "{shown}");
}

#[test]
fn a_repository_that_is_not_there_is_a_404() {
    let server = GitServer::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error = git(folder.path(), &["ls-remote", &format!("{}/none.git", server.url())]).unwrap_err();
    assert!(error.contains("not found"), "{error}");
    assert_eq!(server.log().all()[0].status, Some(404));
    server.create("taken").unwrap();
    for name in ["", "/abs", "a/../b", "..", "taken"] {
        assert!(server.create(name).is_err(), "{name}");
    }
}
