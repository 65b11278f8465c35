//! Which commits are found (rule 4.1): those of `git log --first-parent`.

use git_source::GitSource;
use warehouse_testkit::{Commit, GitServer};

use crate::support::{add, find, ids, log, on_branch, server_with, source};

#[tokio::test]
async fn all_limits() {
    let (_server, repository) = server_with(7);
    for limit in [1, 2, 6, 7, 8, 100] {
        let source = GitSource::builder(repository.url()).limit(limit).build().unwrap();
        assert_eq!(ids(&find(&source).await), log(&repository, "main", limit), "{limit}");
    }
}

#[tokio::test]
async fn a_merge_is_followed_to_its_first_parent() {
    let server = GitServer::start().unwrap();
    let repository = server.create("merges.git").unwrap();
    let mut history = repository.history().unwrap();
    let mut base = history.commit("main", Commit::new("Root"));
    for round in 0..12 {
        history.branch("side", base);
        // The longer way round must not count, and must not keep the short way from being found.
        for step in 0..round {
            history.commit("side", Commit::new(format!("Side {round}.{step}")));
        }
        let side = history.commit("side", Commit::new(format!("Side {round}")));
        history.commit("main", Commit::new(format!("Main {round}")));
        base = history.merge("main", side, Commit::new(format!("Merge {round}")));
    }
    history.write().unwrap();
    for limit in [1, 2, 3, 10, 24, 25, 26] {
        let source = GitSource::builder(repository.url()).limit(limit).build().unwrap();
        assert_eq!(ids(&find(&source).await), log(&repository, "main", limit), "{limit}");
    }
}

#[tokio::test]
async fn a_named_branch_and_the_remotes_head() {
    let server = GitServer::start().unwrap();
    let repository = server.create("heads.git").unwrap();
    let mut history = repository.history().unwrap();
    let root = history.commit("main", Commit::new("Root"));
    for branch in ["release/1.0", "release/1.0-rc", "main-2"] {
        history.branch(branch, root);
        history.commit(branch, Commit::new(format!("On {branch}")));
    }
    history.write().unwrap();

    for branch in ["main", "release/1.0", "release/1.0-rc", "main-2"] {
        let found =
            find(&GitSource::builder(repository.url()).rule(on_branch(branch)).build().unwrap()).await;
        assert_eq!(ids(&found), log(&repository, branch, 20), "{branch}");
        assert!(found.artifacts.iter().all(|commit| commit.branch.as_deref() == Some(branch)), "{branch}");
    }

    let found = find(&source(repository.url())).await;
    assert_eq!(ids(&found), log(&repository, "main", 20));
    assert_eq!(found.artifacts[0].branch, None);

    repository.set_head("release/1.0").unwrap();
    assert_eq!(ids(&find(&source(repository.url())).await), log(&repository, "release/1.0", 20));

    let detached = repository.resolve("main-2").unwrap();
    repository.git(["update-ref", "--no-deref", "HEAD", &detached]).unwrap();
    assert_eq!(ids(&find(&source(repository.url())).await), log(&repository, "main-2", 20));
}

#[tokio::test]
async fn a_branch_that_was_pushed_by_force() {
    let (_server, repository) = server_with(30);
    let folder = tempfile::tempdir().unwrap();
    let builder = || GitSource::builder(repository.url()).cache_dir(folder.path().to_owned());
    let before = find(&builder().build().unwrap()).await;

    let back = repository.resolve("main~7").unwrap();
    repository.set_reference("refs/heads/main", &back).unwrap();
    add(&repository, "main", 3);
    let after = find(&builder().build().unwrap()).await;
    assert_eq!(ids(&after), log(&repository, "main", 20));

    // Back to a tip that is known, whose commits are all here.
    repository.set_reference("refs/heads/main", &before.artifacts[0].id).unwrap();
    let back = find(&builder().build().unwrap()).await;
    assert_eq!(back.artifacts, before.artifacts);
    assert_eq!(back.cost.requests, 1);
}

#[tokio::test]
async fn a_cache_serves_every_limit() {
    let (_server, repository) = server_with(60);
    let folder = tempfile::tempdir().unwrap();
    for limit in [5, 40, 3, 59, 60, 100, 20] {
        let builder = GitSource::builder(repository.url()).cache_dir(folder.path().to_owned());
        let found = find(&builder.limit(limit).build().unwrap()).await;
        assert_eq!(ids(&found), log(&repository, "main", limit), "{limit}");
    }
}
