//! Which tags are found (rule 4.2): compared with what `git for-each-ref` and `sort` say.

use artifact_source::{ArtifactSource, DiscoverRequest, Discovery, ErrorKind, Recorder, Rejection};
use git_source::{
    CommitRule, CommitRuleBuilder, CommitSelectionStrategy, GitSource, GitSourceBuilder, InvalidCommitRule,
};
use warehouse_testkit::{Commit, GitRepository, GitServer, GitServerBuilder};

use crate::support::{again, by_strategy, fails, find, rule};

/// A repository with tags of every kind, light and annotated, dated against the order of their names.
fn repository_with_tags(builder: GitServerBuilder) -> (GitServer, GitRepository) {
    let server = builder.start().unwrap();
    let repository = server.create("tags.git").unwrap();
    let mut history = repository.history().unwrap();
    let mut commits = Vec::new();
    for number in 0..30 {
        let commit = Commit::new(format!("Change {number}")).file("file", format!("{number}").repeat(500));
        commits.push(history.commit("main", commit));
    }
    for (number, commit) in commits.iter().enumerate() {
        history.tag(&format!("v1.{number}.0"), *commit);
        let day = 1_800_000_000 - i64::try_from(number).unwrap() * 86_400;
        history.annotated_tag_at(&format!("v2.{number}.0"), *commit, "Release\n\nNotes", day);
    }
    history.tag("latest", commits[3]).tag("v3", commits[4]).tag("v1.31.0-rc.1", commits[5]);
    history.tag("same-b", commits[6]).tag("same-a", commits[6]).tag("same-c", commits[6]);
    history.tag_blob("v9.0.0", "no commit").annotated_tag_blob("v9.1.0", "no commit either", "Blob");
    history.tag_tree("v9.2.0", commits[0]);
    history.write().unwrap();
    repository
        .git(["-c", "user.name=T", "-c", "user.email=t@e.c", "tag", "-a", "-m", "x", "v8.0.0", "v2.7.0"])
        .unwrap();
    server.log().clear();
    (server, repository)
}

fn builder(repository: &GitRepository, by: CommitSelectionStrategy) -> GitSourceBuilder {
    GitSource::builder(repository.url()).rule(by_strategy(by))
}

async fn names(builder: GitSourceBuilder) -> Vec<String> {
    let found = find(&builder.build().unwrap()).await;
    found.artifacts.into_iter().map(|commit| commit.tag.unwrap()).collect()
}

#[tokio::test]
async fn by_semantic_version() {
    let (_server, repository) = repository_with_tags(GitServer::builder());
    let semver = |settings: fn(CommitRuleBuilder) -> CommitRuleBuilder| {
        let rule = rule(|rule| settings(rule.strategy(CommitSelectionStrategy::SemVer)));
        GitSource::builder(repository.url()).rule(rule).limit(3)
    };
    assert_eq!(names(semver(|rule| rule)).await, ["v8.0.0", "v2.29.0", "v2.28.0"]);
    assert_eq!(names(semver(|rule| rule.semver_constraint("^1"))).await, ["v1.29.0", "v1.28.0", "v1.27.0"]);
    let loose = semver(|rule| rule.strict_semvers(false).ignore_tags(["v8.0.0"]));
    assert_eq!(names(loose).await, ["v3", "v2.29.0", "v2.28.0"]);
    assert_eq!(names(semver(|rule| rule.semver_constraint(">=1.31.0-0 <2.0.0"))).await, ["v1.31.0-rc.1"]);
    assert_eq!(names(semver(|rule| rule.semver_constraint("^77"))).await, [""; 0]);
}

#[tokio::test]
async fn by_bytes_and_by_date() {
    let (_server, repository) = repository_with_tags(GitServer::builder());
    let lexical = builder(&repository, CommitSelectionStrategy::Lexical).limit(100);
    let newest = builder(&repository, CommitSelectionStrategy::NewestTag).limit(100);
    let is_commit = |name: &&str| !["v9.0.0", "v9.1.0", "v9.2.0"].contains(name);

    let printed = repository
        .git(["for-each-ref", "--sort=-creatordate", "--format=%(refname:short)", "refs/tags"])
        .unwrap();
    let by_date: Vec<&str> = printed.lines().filter(is_commit).collect();
    assert_eq!(by_date.len(), 67);
    assert_eq!(names(newest).await, by_date);

    let mut by_bytes = by_date;
    by_bytes.sort_unstable_by(|one, other| other.cmp(one));
    assert_eq!(names(lexical).await, by_bytes);
}

#[tokio::test]
async fn the_fields_of_a_tag() {
    let (_server, repository) = repository_with_tags(GitServer::builder());
    let found =
        find(&builder(&repository, CommitSelectionStrategy::NewestTag).limit(100).build().unwrap()).await;
    for commit in found.artifacts {
        let tag = commit.tag.unwrap();
        let revision = format!("{tag}^{{commit}}");
        let format = "--format=%H%x00%s%x00%an <%ae>%x00%cn <%ce>";
        let printed = repository.git(["log", "-1", format, &revision]).unwrap();
        let printed: Vec<&str> = printed.split('\0').collect();
        assert_eq!([&commit.id, &commit.subject, &commit.author, &commit.committer], *printed, "{tag}");
        let reference = format!("refs/tags/{tag}");
        let date = repository.git(["for-each-ref", "--format=%(creatordate:unix)", &reference]).unwrap();
        assert_eq!(commit.creator_date.unwrap().as_second().to_string(), date, "{tag}");
        assert_eq!(commit.branch, None);
    }
}

#[tokio::test]
async fn the_cost_of_tags() {
    let (server, repository) = repository_with_tags(GitServer::builder());
    for (strategy, requests) in [
        (CommitSelectionStrategy::SemVer, 4),
        (CommitSelectionStrategy::Lexical, 4),
        (CommitSelectionStrategy::NewestTag, 4),
    ] {
        // Three tags do not lead to commits: another batch replaces them, or else
        // the tree, which the filter left out, is fetched alone.
        server.log().clear();
        let source = builder(&repository, strategy).limit(5).build().unwrap();
        let found = find(&source).await;
        assert_eq!(found.cost.requests, requests, "{strategy}");
        eprintln!("{strategy}: {}", found.cost);
        let Discovery::Unchanged { cost } = again(&source, found.observation.as_ref()).await else {
            panic!("nothing moved");
        };
        assert_eq!(cost.requests, 1, "{strategy}");
        assert_eq!(find(&source).await.cost.requests, 1, "{strategy}: all is in the cache");

        // A tag that moves to another commit, and back.
        let before = repository.resolve("refs/tags/v1.3.0").unwrap();
        let main = repository.resolve("main").unwrap();
        repository.set_reference("refs/tags/v1.3.0", &main).unwrap();
        let moved = again(&source, found.observation.as_ref()).await;
        assert!(matches!(moved, Discovery::Found(_)), "{strategy}");
        repository.set_reference("refs/tags/v1.3.0", &before).unwrap();
        let back = again(&source, found.observation.as_ref()).await;
        assert!(matches!(back, Discovery::Unchanged { .. }), "{strategy}");
    }
}

#[tokio::test]
async fn every_tag_is_traced_once() {
    let (_server, repository) = repository_with_tags(GitServer::builder());
    let listed = repository.git(["for-each-ref", "--format=%(refname:short)", "refs/tags"]).unwrap();
    let mut listed: Vec<&str> = listed.lines().collect();
    listed.sort_unstable();
    for strategy in [
        CommitSelectionStrategy::SemVer,
        CommitSelectionStrategy::Lexical,
        CommitSelectionStrategy::NewestTag,
    ] {
        let recorder = Recorder::new();
        let filtered =
            rule(|rule| rule.strategy(strategy).allow_tags_regexes(["^v"]).ignore_tags_regexes(["^v1\\.1"]));
        let source = GitSource::builder(repository.url()).rule(filtered).limit(4).build().unwrap();
        source.discover(DiscoverRequest::new().with_trace(&recorder)).await.unwrap();
        let judgements = recorder.into_judgements();
        let mut traced: Vec<&str> = judgements.iter().map(|judgement| judgement.name.as_str()).collect();
        traced.sort_unstable();
        assert_eq!(traced, listed, "{strategy}");
        let of = |name: &str| {
            judgements.iter().find(|judgement| judgement.name == name).unwrap().rejection.clone()
        };
        assert_eq!(of("latest"), Some(Rejection::NotAllowed), "{strategy}");
        assert!(matches!(of("v1.12.0"), Some(Rejection::IgnoredBy { .. })), "{strategy}");
        assert_eq!(
            of("v9.1.0"),
            Some(Rejection::Unreadable { reason: "it points at a blob".into() }),
            "{strategy}"
        );
        assert_eq!(of("v1.2.0"), Some(Rejection::BeyondLimit { limit: 4 }), "{strategy}");
    }
}

#[tokio::test]
async fn from_old_servers_and_over_a_process() {
    for (server, what) in [
        (GitServer::builder().old_protocol(), "protocol 0"),
        (GitServer::builder().without_filter(), "without filter"),
        (GitServer::builder().old_protocol().without_filter(), "protocol 0 without filter"),
    ] {
        let (_server, repository) = repository_with_tags(server);
        for url in [repository.url().to_owned(), repository.file_url()] {
            for by in [CommitSelectionStrategy::SemVer, CommitSelectionStrategy::NewestTag] {
                let source = GitSource::builder(&url).rule(by_strategy(by)).limit(6);
                assert_eq!(names(source).await.len(), 6, "{what}, {url}, {by}");
            }
        }
    }
}

#[tokio::test]
async fn a_repository_without_tags() {
    let server = GitServer::start().unwrap();
    let repository = server.create("empty.git").unwrap();
    for strategy in [
        CommitSelectionStrategy::SemVer,
        CommitSelectionStrategy::Lexical,
        CommitSelectionStrategy::NewestTag,
    ] {
        assert_eq!(names(builder(&repository, strategy)).await, [""; 0]);
    }
    let error = fails(
        GitSource::builder(format!("{}/no.git", server.url()))
            .rule(by_strategy(CommitSelectionStrategy::SemVer)),
    )
    .await;
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn what_cannot_be_built() {
    let by = |strategy| CommitRule::builder().strategy(strategy);
    let wrong = by(CommitSelectionStrategy::SemVer).semver_constraint("nonsense");
    assert!(matches!(wrong.build(), Err(InvalidCommitRule::Constraint(_))));
    for wrong in [
        by(CommitSelectionStrategy::Lexical).allow_tags_regexes(["("]),
        by(CommitSelectionStrategy::NewestTag).ignore_tags_regexes(["["]),
    ] {
        assert!(matches!(wrong.build(), Err(InvalidCommitRule::Pattern(_))));
    }
}
