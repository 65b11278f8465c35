//! Repositories that name their objects by SHA-256.

use artifact_source::Discovery;
use git_source::{CommitSelectionStrategy, GitSource};
use warehouse_testkit::{Commit, GitRepository, GitServer};

use crate::support::{add, again, find, ids, log, rule};

/// A repository of this server with 25 commits and a few tags; `None`, and a line that says so, where Git is older than 2.29.
fn repository(server: &GitServer) -> Option<GitRepository> {
    let repository = server.create("demo.git").unwrap();
    std::fs::remove_dir_all(repository.path()).unwrap();
    std::fs::create_dir(repository.path()).unwrap();
    let init = ["init", "--quiet", "--bare", "--initial-branch=main", "--object-format=sha256", "."];
    if let Err(error) = repository.git(init) {
        eprintln!("SKIPPED: this Git knows no repositories with SHA-256: {error}");
        return None;
    }
    for (name, value) in [("uploadpack.allowFilter", "true"), ("uploadpack.allowAnySHA1InWant", "true")] {
        repository.git(["config", name, value]).unwrap();
    }
    add(&repository, "main", 25);
    repository.git(["tag", "v1.0.0", "main~3"]).unwrap();
    let person = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
    repository.git(person.iter().chain(&["tag", "-m", "Release", "v1.1.0", "main~1"])).unwrap();
    server.log().clear();
    Some(repository)
}

#[tokio::test]
async fn every_kind_of_subscription_over_every_protocol() {
    for old in [false, true] {
        let builder = GitServer::builder();
        let server = if old { builder.old_protocol() } else { builder }.start().unwrap();
        let Some(repository) = repository(&server) else { return };
        for url in [repository.url().to_owned(), repository.file_url()] {
            let folder = tempfile::tempdir().unwrap();
            let builder = || GitSource::builder(&url).cache_dir(folder.path().to_owned());
            let source = builder().build().unwrap();
            let found = find(&source).await;
            assert_eq!(ids(&found), log(&repository, "main", 20), "{url}");
            assert_eq!(found.artifacts[0].id.len(), 64, "{url}");
            let Discovery::Unchanged { .. } = again(&source, found.observation.as_ref()).await else {
                panic!("nothing moved: {url}");
            };

            let by_path = rule(|rule| rule.include_paths(["glob:folder/2*.txt"]));
            let found = find(&builder().rule(by_path).build().unwrap()).await;
            let expected = repository.git(["log", "--format=%H", "main", "--", "folder/2*.txt"]).unwrap();
            assert_eq!(ids(&found), expected.lines().collect::<Vec<_>>(), "{url}");

            let by_version = rule(|rule| rule.strategy(CommitSelectionStrategy::SemVer));
            let found = find(&builder().rule(by_version).build().unwrap()).await;
            let expected = ["v1.1.0^{}", "v1.0.0"].map(|tag| repository.resolve(tag).unwrap());
            assert_eq!(ids(&found), expected, "{url}");

            repository.commit("main", Commit::new("New").file("folder/new", "1")).unwrap();
            assert_eq!(ids(&find(&source).await), log(&repository, "main", 20), "{url}");
        }
    }
}

/// A repository that was made anew with another hash has a store of its own.
#[tokio::test]
async fn a_repository_that_changes_its_hash() {
    let server = GitServer::start().unwrap();
    let Some(repository) = repository(&server) else { return };
    let folder = tempfile::tempdir().unwrap();
    let source = || GitSource::builder(repository.url()).cache_dir(folder.path().to_owned()).build().unwrap();
    let before = find(&source()).await;
    assert_eq!(ids(&before), log(&repository, "main", 20));
    std::fs::remove_dir_all(repository.path()).unwrap();
    std::fs::create_dir(repository.path()).unwrap();
    repository.git(["init", "--quiet", "--bare", "--initial-branch=main", "."]).unwrap();
    repository.git(["config", "uploadpack.allowFilter", "true"]).unwrap();
    add(&repository, "main", 5);
    let source = source();
    let Discovery::Found(after) = again(&source, before.observation.as_ref()).await else {
        panic!("everything is another commit");
    };
    assert_eq!(ids(&after), log(&repository, "main", 20));
}
