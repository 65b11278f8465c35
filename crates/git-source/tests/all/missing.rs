//! Branches and repositories that are not there.

use artifact_source::{ErrorKind, SourceKind};
use git_source::{CommitRule, GitSource};
use warehouse_testkit::{Commit, GitServer};

use crate::support::{fails, find, on_branch, server_with, source};

#[tokio::test]
async fn a_branch_that_does_not_exist() {
    let server = GitServer::start().unwrap();
    let repository = server.create("demo.git").unwrap();
    let mut history = repository.history().unwrap();
    let root = history.commit("main", Commit::new("Root"));
    history.branch("release/1.0", root).branch("feature/login", root).tag("v1.0.0", root);
    history.write().unwrap();

    for (branch, hint) in [
        ("mian", "the remote's HEAD is \"main\"; did you mean \"main\"?"),
        ("mai", "the remote's HEAD is \"main\"; did you mean \"main\"?"),
        ("login", "the remote's HEAD is \"main\"; did you mean \"feature/login\"?"),
        ("refs/heads/main", "the remote's HEAD is \"main\"; did you mean \"main\"?"),
        ("zzzzzz", "the remote's HEAD is \"main\""),
    ] {
        let error = fails(GitSource::builder(repository.url()).rule(on_branch(branch))).await;
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert_eq!(error.to_string(), format!("there is no branch {branch:?} ({})", repository.url()));
        assert_eq!(error.hint(), Some(hint), "{branch}");
        assert_eq!(error.id().unwrap().kind(), &SourceKind::Git);
    }
}

#[tokio::test]
async fn a_repository_without_a_commit() {
    let server = GitServer::start().unwrap();
    let repository = server.create("empty.git").unwrap();
    for url in [repository.url(), &repository.file_url()] {
        let found = find(&source(url)).await;
        assert!(found.artifacts.is_empty() && found.observation.is_none(), "{found:?}");

        let error = fails(GitSource::builder(url).rule(on_branch("main"))).await;
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(error.hint(), Some("the repository has no branch yet"));
    }
}

#[tokio::test]
async fn a_head_that_leads_nowhere() {
    let (_server, repository) = server_with(1);
    repository.set_head("gone").unwrap();
    let error = fails(GitSource::builder(repository.url())).await;
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.message(), "the remote's HEAD points at \"gone\", and there is no such branch");
    assert_eq!(error.hint(), Some("name a branch, such as \"main\""));
}

#[tokio::test]
async fn a_repository_that_does_not_exist() {
    let (server, repository) = server_with(1);
    let error = fails(GitSource::builder(format!("{}/nowhere.git", server.url()))).await;
    assert_eq!((error.kind(), error.status()), (ErrorKind::NotFound, Some(404)), "{error:?}");
    assert!(error.to_string().contains("/nowhere.git"), "{error}");

    let error = fails(GitSource::builder(format!("{}-not", repository.file_url()))).await;
    assert_eq!(error.kind(), ErrorKind::NotFound);

    // A folder that is not a repository.
    let folder = tempfile::tempdir().unwrap();
    let error = fails(GitSource::builder(format!("file://{}", folder.path().display()))).await;
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
    assert!(error.message().contains("does not appear to be a git repository"), "{error}");
}

#[tokio::test]
async fn a_host_that_cannot_be_reached() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let http = artifact_http::HttpClient::builder().attempts(1).build().unwrap();
    for url in [format!("http://{free}/a.git"), format!("git://{free}/a.git")] {
        let error = fails(GitSource::builder(&url).http(http.clone())).await;
        assert_eq!(error.kind(), ErrorKind::Unreachable, "{url}: {error:?}");
        assert!(error.is_transient());
    }
    let error = fails(GitSource::builder("http://nowhere.invalid/a.git").http(http)).await;
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error:?}");
}

#[test]
fn what_cannot_be_built() {
    #[track_caller]
    fn refused(builder: git_source::GitSourceBuilder, message: &str) {
        let error = builder.build().expect_err(message);
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.message().contains(message), "{error}");
        assert!(error.id().is_some());
    }
    let url = "https://example.com/a.git";
    let builder = || GitSource::builder(url);
    refused(GitSource::builder("no url"), "white space");
    refused(GitSource::builder("/srv/a.git"), "is a path");
    refused(builder().limit(0), "at least 1");
    for (branch, message) in [
        ("a b", "Git allows no such name"),
        ("a\nb", "Git allows no such name"),
        ("-x", "dash"),
        (&*"x".repeat(256), "255"),
    ] {
        let error = CommitRule::builder().branch(branch.to_owned()).build().unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    }
}
