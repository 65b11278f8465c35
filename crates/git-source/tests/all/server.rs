//! Servers that can do less than others.

use artifact_http::HttpClient;
use artifact_source::{Discovery, ErrorKind};
use git_source::{CommitSelectionStrategy, GitSource, GitSourceBuilder};
use warehouse_testkit::{Commit, GitServer, GitServerBuilder};

use crate::support::{add, again, by_strategy, fails, find, ids, log, on_branch, rule, source};

#[track_caller]
fn start(builder: GitServerBuilder) -> (GitServer, warehouse_testkit::GitRepository) {
    let server = builder.start().unwrap();
    let repository = server.create("demo.git").unwrap();
    add(&repository, "main", 30);
    (server, repository)
}

#[tokio::test]
async fn protocol_0() {
    for (builder, what) in [
        (GitServer::builder().old_protocol(), "old"),
        (GitServer::builder().old_protocol().without_filter(), "old and without filter"),
    ] {
        let (_server, repository) = start(builder);
        let folder = tempfile::tempdir().unwrap();
        let builder = || GitSource::builder(repository.url()).cache_dir(folder.path().to_owned());
        let source = builder().build().unwrap();
        let found = find(&source).await;
        assert_eq!(ids(&found), log(&repository, "main", 20), "{what}");
        assert_eq!(found.cost.requests, 2, "{what}");

        let Discovery::Unchanged { cost } = again(&source, found.observation.as_ref()).await else {
            panic!("nothing moved");
        };
        assert_eq!(cost.requests, 1, "{what}");

        add(&repository, "main", 4);
        assert_eq!(ids(&find(&source).await), log(&repository, "main", 20), "{what}, moved");
        let deeper = builder().limit(33).build().unwrap();
        assert_eq!(ids(&find(&deeper).await), log(&repository, "main", 33), "{what}, deeper");

        let error = fails(GitSource::builder(repository.url()).rule(on_branch("mian"))).await;
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.hint().unwrap().contains("HEAD is \"main\""), "{error:?}");
    }
}

#[tokio::test]
async fn without_partial_clones() {
    let (_server, repository) = start(GitServer::builder().without_filter());
    let found = find(&source(repository.url())).await;
    assert_eq!(ids(&found), log(&repository, "main", 20));

    let error = fails(GitSource::builder(repository.url()).max_bytes(2000)).await;
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error:?}");
}

#[tokio::test]
async fn a_server_that_is_a_shallow_clone_itself() {
    let (server, repository) = start(GitServer::builder());
    let shallow = server.create("shallow.git").unwrap();
    shallow.git(["fetch", "--quiet", "--depth=5", &repository.file_url(), "main:main"]).unwrap();

    let source = source(shallow.url());
    let found = find(&source).await;
    assert_eq!(ids(&found), log(&repository, "main", 5));
    assert!(found.observation.is_none(), "its history may grow under the same tip");

    shallow.git(["fetch", "--quiet", "--unshallow", &repository.file_url(), "main"]).unwrap();
    assert_eq!(ids(&find(&source).await), log(&repository, "main", 20));
}

#[tokio::test]
async fn a_redirect_of_the_whole_repository() {
    let (old, repository) = start(GitServer::builder());
    let (new, moved) = start(GitServer::builder());
    let to = format!("{}/demo.git/info/refs?service=git-upload-pack", new.url());
    old.faults()
        .add(warehouse_testkit::When::get("/demo.git/info/refs"), warehouse_testkit::Fault::redirect(to));

    let secret = artifact_http::Credential::password("me", "SECRET");
    let source = GitSource::builder(repository.url()).credentials(secret).build().unwrap();
    let found = find(&source).await;
    assert_eq!(ids(&found), log(&moved, "main", 20));
    assert_eq!(found.cost.requests, 4);
    assert_eq!(old.log().all().len(), 1);
    assert!(old.log().all()[0].header("authorization").is_some());
    assert_eq!(new.log().all().len(), 3);
    assert!(new.log().all().iter().all(|request| request.header("authorization").is_none()));
}

#[tokio::test]
async fn a_redirect_to_something_else() {
    let (server, repository) = start(GitServer::builder());
    let to = format!("{}/login", server.url());
    server
        .faults()
        .add(warehouse_testkit::When::get("/demo.git/info/refs"), warehouse_testkit::Fault::redirect(to));
    server.faults().add(warehouse_testkit::When::get("/login"), warehouse_testkit::Fault::login_page());
    let error = fails(GitSource::builder(repository.url())).await;
    assert_eq!(error.kind(), ErrorKind::BadAnswer, "{error:?}");
    assert!(error.hint().unwrap().contains("login page"), "{error:?}");

    // A POST is sent nowhere else.
    for status in [301, 302, 303, 307, 308] {
        server.faults().clear();
        let to = format!("{}/other.git/git-upload-pack", server.url());
        server.faults().add(
            warehouse_testkit::When::post("/demo.git/git-upload-pack"),
            warehouse_testkit::Reply::redirect(status, to),
        );
        let http = HttpClient::builder().attempts(1).build().unwrap();
        let error = fails(GitSource::builder(repository.url()).http(http)).await;
        assert_eq!((error.kind(), error.status()), (ErrorKind::BadAnswer, Some(status)), "{error:?}");
        assert!(
            error.hint().unwrap().contains("name the repository by the URL to which it redirects"),
            "{error:?}"
        );
    }
}

/// What the hint of a redirected POST says to do.
#[tokio::test]
async fn a_post_that_is_redirected_is_not_where_the_url_of_its_target_is_named() {
    let (server, repository) = start(GitServer::builder());
    let old = warehouse_testkit::Reply::redirect(302, format!("{}/git-upload-pack", repository.url()));
    server.faults().add(warehouse_testkit::When::post("/old.git/git-upload-pack"), old);
    let named = GitSource::builder(repository.url()).build().unwrap();
    assert_eq!(ids(&find(&named).await), log(&repository, "main", 20));
    // Or the first request is redirected too.
    let refs = warehouse_testkit::Reply::redirect(
        302,
        format!("{}/info/refs?service=git-upload-pack", repository.url()),
    );
    server.faults().add(warehouse_testkit::When::get("/old.git/info/refs"), refs);
    let old = GitSource::builder(format!("{}/old.git", server.url())).build().unwrap();
    assert_eq!(ids(&find(&old).await), log(&repository, "main", 20));
}

#[tokio::test]
async fn protocol_1() {
    let (_server, repository) = start(GitServer::builder().protocol_1());
    repository.git(["tag", "v1.0.0", "main~3"]).unwrap();
    let side = r#"while [ "$1" != "--" ]; do shift; done; shift 2; GIT_PROTOCOL=version=1 exec sh -c "$1""#;
    let path = repository.path().display().to_string();
    let over_http = || GitSource::builder(repository.url());
    let over_ssh = || GitSource::builder(format!("me@host:{path}")).ssh_command("sh", ["-c", side, "ssh"]);
    for builder in [&over_http as &dyn Fn() -> GitSourceBuilder, &over_ssh] {
        let source = builder().build().unwrap();
        let found = find(&source).await;
        assert_eq!(ids(&found), log(&repository, "main", 20), "{source}");
        assert_eq!(found.cost.requests, 2, "{source}");
        let Discovery::Unchanged { cost } = again(&source, found.observation.as_ref()).await else {
            panic!("nothing moved at {source}");
        };
        assert_eq!(cost.requests, 1, "{source}");
        let tags = builder().rule(by_strategy(CommitSelectionStrategy::SemVer)).build().unwrap();
        assert_eq!(ids(&find(&tags).await), log(&repository, "v1.0.0", 1), "{source}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_part_of_a_history_sends_all_of_it() {
    for (builder, listing) in [
        (GitServer::builder().refuses_shallow(), 1),
        (GitServer::builder().refuses_shallow().old_protocol(), 0),
        (GitServer::builder().refuses_shallow().without_filter(), 1),
        (GitServer::builder().refuses_shallow().old_protocol().without_filter(), 0),
    ] {
        for strategy in [
            CommitSelectionStrategy::NewestFromBranch,
            CommitSelectionStrategy::SemVer,
            CommitSelectionStrategy::Lexical,
            CommitSelectionStrategy::NewestTag,
        ] {
            for paths in [&[][..], &["folder"]] {
                let (server, repository) = start(builder.clone());
                repository.git(["tag", "v1.0.0", "main~1"]).unwrap();
                let folder = tempfile::tempdir().unwrap();
                let discover = async || {
                    let source = GitSource::builder(repository.url())
                        .rule(rule(|rule| rule.strategy(strategy).include_paths(paths.iter().copied())))
                        .cache_dir(folder.path().to_owned())
                        .build()
                        .unwrap();
                    find(&source).await
                };
                let expected = |tag: &str| match strategy {
                    CommitSelectionStrategy::NewestFromBranch => log(&repository, "main", 20),
                    _ => log(&repository, tag, 1),
                };
                let found = discover().await;
                let case = format!("{builder:?}, {strategy}, {paths:?}");
                assert_eq!(ids(&found), expected("v1.0.0"), "{case}");
                // A server of partial clones sends the trees of folders that changed by their ids.
                let sends_trees = listing == 1 && !case.contains("no_filter: true");
                let trees = if sends_trees && !paths.is_empty() { 1 } else { 0 };
                assert_eq!(found.cost.requests, 3 + listing + trees, "{case}");

                // It is remembered, and what is new comes.
                repository.commit("main", Commit::new("New").file("folder/new", "1")).unwrap();
                repository.git(["tag", "-d", "v1.0.0"]).unwrap();
                repository.git(["tag", "v1.1.0", "main"]).unwrap();
                server.log().clear();
                let again = discover().await;
                assert_eq!(ids(&again), expected("v1.1.0"), "{case}");
                assert_eq!(again.cost.requests, 2 + trees, "{case}");
            }
        }
    }
}

/// A server that is a shallow clone and cannot send part of what it has.
#[tokio::test]
async fn a_shallow_clone_that_refuses_part_of_its_history() {
    let (server, repository) = start(GitServer::builder().refuses_shallow());
    let clone = server.create("clone.git").unwrap();
    clone.git(["fetch", "--quiet", "--depth=4", &repository.file_url(), "main:main"]).unwrap();
    let found = find(&source(clone.url())).await;
    assert_eq!(ids(&found), log(&clone, "main", 20));
    assert_eq!(found.artifacts.len(), 4);
}
