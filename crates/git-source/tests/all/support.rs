//! What the tests share.

use artifact_source::{ArtifactSource, Commit, DiscoverRequest, Discovery, Error, Found, Observation};
use git_source::{CommitRule, CommitRuleBuilder, CommitSelectionStrategy, GitSource, GitSourceBuilder};
use warehouse_testkit::{GitRepository, GitServer};

/// A server with one repository of this many commits on `main`, each with a file.
pub fn server_with(commits: usize) -> (GitServer, GitRepository) {
    let server = GitServer::start().unwrap();
    let repository = server.create("demo.git").unwrap();
    add(&repository, "main", commits);
    server.log().clear();
    (server, repository)
}

/// Adds commits to a branch, each with a file.
pub fn add(repository: &GitRepository, branch: &str, commits: usize) {
    if commits == 0 {
        return;
    }
    let mut history = repository.history().unwrap();
    for number in 0..commits {
        let commit = warehouse_testkit::Commit::new(format!("Change {number} of {branch}"))
            .file(format!("folder/{number}.txt"), format!("{branch} {number}\n").repeat(100));
        history.commit(branch, commit);
    }
    history.write().unwrap();
}

/// A rule with these settings.
#[track_caller]
pub fn rule(settings: impl FnOnce(CommitRuleBuilder) -> CommitRuleBuilder) -> CommitRule {
    settings(CommitRule::builder()).build().unwrap()
}

/// The newest commits of this branch.
#[track_caller]
pub fn on_branch(name: &str) -> CommitRule {
    rule(|rule| rule.branch(name.to_owned()))
}

/// All commits or tags, by this strategy.
#[track_caller]
pub fn by_strategy(strategy: CommitSelectionStrategy) -> CommitRule {
    rule(|rule| rule.strategy(strategy))
}

pub fn source(url: &str) -> GitSource {
    GitSource::builder(url).build().unwrap()
}

pub async fn find(source: &GitSource) -> Found<Commit> {
    match source.discover(DiscoverRequest::new()).await.unwrap() {
        Discovery::Found(found) => found,
        Discovery::Unchanged { .. } => panic!("there was nothing to be unchanged from"),
    }
}

pub async fn again(source: &GitSource, previous: Option<&Observation>) -> Discovery<Commit> {
    source.discover(DiscoverRequest::new().with_previous(previous)).await.unwrap()
}

pub async fn fails(builder: GitSourceBuilder) -> Error {
    let answer = builder.build().unwrap().discover(DiscoverRequest::new()).await;
    answer.expect_err("it should fail")
}

pub fn ids(found: &Found<Commit>) -> Vec<String> {
    found.artifacts.iter().map(|commit| commit.id.clone()).collect()
}

/// What `git log --first-parent` says.
pub fn log(repository: &GitRepository, revision: &str, limit: usize) -> Vec<String> {
    let limit = format!("-n{limit}");
    let text = repository.git(["log", "--first-parent", "--format=%H", &limit, revision]).unwrap();
    text.lines().map(str::to_owned).collect()
}
