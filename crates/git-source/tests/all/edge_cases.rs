//! What is valid in Git and misread by programs that parse the output of `git`: each is a row of the differences from Kargo.

use artifact_source::{ArtifactSource, DiscoverRequest, Judgement, Recorder, Rejection};
use git_source::{CommitSelectionStrategy, GitSource};
use warehouse_testkit::{Commit, GitRepository, GitServer};

use crate::support::{by_strategy, find, ids, log, on_branch, rule, server_with};

#[tokio::test]
async fn tabs_and_long_subjects_end_no_list() {
    let server = GitServer::start().unwrap();
    let repository = server.create("demo.git").unwrap();
    let long = "x".repeat(70 * 1024);
    let mut history = repository.history().unwrap();
    let commits =
        [("Root", "A <a@b.c>"), ("a\tb\tc", "A\tB <a@b.c>"), (&*long, "A <a@b.c>"), ("Last", "A <a@b.c>")];
    for (number, (subject, author)) in commits.into_iter().enumerate() {
        let at = history.commit("main", Commit::new(subject).author(author));
        history.annotated_tag(&format!("v1.{number}.0"), at, &long);
    }
    history.write().unwrap();
    for strategy in [
        CommitSelectionStrategy::NewestFromBranch,
        CommitSelectionStrategy::SemVer,
        CommitSelectionStrategy::Lexical,
        CommitSelectionStrategy::NewestTag,
    ] {
        let found =
            find(&GitSource::builder(repository.url()).rule(by_strategy(strategy)).build().unwrap()).await;
        let mut listed: Vec<_> =
            found.artifacts.iter().map(|commit| (commit.subject.as_str(), commit.author.as_str())).collect();
        listed.sort_unstable();
        let cut = format!("{}...", "x".repeat(77));
        let expected =
            [("Last", "A <a@b.c>"), ("Root", "A <a@b.c>"), ("a\tb\tc", "A\tB <a@b.c>"), (&cut, "A <a@b.c>")];
        assert_eq!(listed, expected, "{strategy}");
    }
}

#[tokio::test]
async fn a_tag_of_the_branchs_name_is_not_the_branch() {
    let (_server, repository) = server_with(5);
    repository.git(["update-ref", "refs/tags/main", "refs/heads/main~2"]).unwrap();
    repository.git(["update-ref", "refs/tags/HEAD", "refs/heads/main~3"]).unwrap();
    for branch in ["", "main"] {
        let source =
            GitSource::builder(repository.url()).rule(rule(|rule| rule.branch(branch))).build().unwrap();
        let recorder = Recorder::new();
        let request = DiscoverRequest::new().with_trace(&recorder);
        let found = source.discover(request).await.unwrap().found().unwrap();
        assert_eq!(ids(&found), log(&repository, "refs/heads/main", 20));
        assert!(recorder.warnings().is_empty());
    }
}

async fn subjects(
    repository: &GitRepository,
    include: &str,
    strategy: CommitSelectionStrategy,
) -> Vec<String> {
    let builder = GitSource::builder(repository.url())
        .rule(rule(|rule| rule.strategy(strategy).include_paths([include])));
    let found = find(&builder.build().unwrap()).await;
    found.artifacts.into_iter().map(|commit| commit.subject).collect()
}

#[tokio::test]
async fn a_submodule_that_is_to_be_ignored_is_a_changed_path() {
    let server = GitServer::start().unwrap();
    let repository = server.create("demo.git").unwrap();
    let modules = "[submodule \"one\"]\n\tpath = modules/one\n\turl = ../one.git\n\tignore = all\n";
    let mut history = repository.history().unwrap();
    history.commit("main", Commit::new("Root").file(".gitmodules", modules));
    for (tag, subject, id) in [("v1.0.0", "Add", "1"), ("v1.1.0", "Move", "2")] {
        let at = history.commit("main", Commit::new(subject).submodule("modules/one", id.repeat(40)));
        history.tag(tag, at);
    }
    history.commit("main", Commit::new("Other").file("x", "1"));
    history.write().unwrap();
    for strategy in [CommitSelectionStrategy::NewestFromBranch, CommitSelectionStrategy::SemVer] {
        assert_eq!(subjects(&repository, "modules", strategy).await, ["Move", "Add"], "{strategy}");
    }
}

#[tokio::test]
async fn paths_that_git_quotes_match_as_they_are() {
    let server = GitServer::start().unwrap();
    let repository = server.create("demo.git").unwrap();
    let folders =
        ["say \"hi\"", "bell\u{7}", "tab\there", "line\nend", "escape\u{1b}[1m", "back\\slash", "del\u{7f}"];
    for folder in folders {
        let file = format!("{folder}/file");
        repository.commit("main", Commit::new(format!("In {}", folder.len())).file(file, folder)).unwrap();
    }
    for folder in folders {
        let expected = [format!("In {}", folder.len())];
        for include in [folder.to_owned(), format!("{folder}/file"), format!("regex:^{}/", regex(folder))] {
            let found = subjects(&repository, &include, CommitSelectionStrategy::NewestFromBranch).await;
            let right = found.contains(&expected[0]) && found.len() <= 2;
            assert!(right, "{include:?}: {found:?}");
        }
    }
}

/// The text as a pattern.
fn regex(text: &str) -> String {
    text.chars().map(|character| format!("\\x{{{:x}}}", u32::from(character))).collect()
}

async fn trace(builder: git_source::GitSourceBuilder) -> Vec<Judgement> {
    let recorder = Recorder::new();
    let request = DiscoverRequest::new().with_trace(&recorder);
    builder.build().unwrap().discover(request).await.unwrap();
    recorder.into_judgements()
}

#[tokio::test]
async fn what_is_traced_comes_in_the_order_of_the_strategy() {
    let (_server, repository) = server_with(6);
    let commits = log(&repository, "main", 20);
    let builder = || GitSource::builder(repository.url());
    // Commits, also those that are turned away, the newest first.
    let some = || builder().rule(rule(|rule| rule.expression_filter("!(subject startsWith 'Change 3')")));
    let judged = trace(some()).await;
    let names: Vec<&str> = judged.iter().map(|judgement| judgement.name.as_str()).collect();
    assert_eq!(names, commits);
    assert_eq!(judged.iter().filter(|judgement| judgement.rejection.is_some()).count(), 1);

    // Tags by date, which is not the order of their names.
    for (name, at) in [("b", 0), ("d", 1), ("a", 2), ("c", 3)] {
        repository.git(["tag", name, &commits[at]]).unwrap();
    }
    let judged = trace(builder().rule(by_strategy(CommitSelectionStrategy::NewestTag)).limit(2)).await;
    let listed: Vec<_> = judged
        .iter()
        .map(|judgement| {
            (judgement.name.as_str(), judgement.rejection == Some(Rejection::BeyondLimit { limit: 2 }))
        })
        .collect();
    assert_eq!(listed, [("b", false), ("d", false), ("a", true), ("c", true)]);
    let judged = trace(builder().rule(by_strategy(CommitSelectionStrategy::Lexical)).limit(2)).await;
    let names: Vec<&str> = judged.iter().map(|judgement| judgement.name.as_str()).collect();
    assert_eq!(names, ["d", "c", "b", "a"]);
}

#[tokio::test]
async fn a_branch_whose_name_git_forbids_is_never_recommended() {
    let (server, repository) = server_with(1);
    let id = repository.resolve("main").unwrap();
    let lines: String = ["../../main2", "-main2", "main2\u{1b}", "main2.lock", "main3"]
        .iter()
        .map(|name| format!("{id} refs/heads/{name}\n"))
        .map(|line| format!("{:04x}{line}", line.len() + 4))
        .collect();
    let reply = warehouse_testkit::Reply::status(200)
        .header("content-type", "application/x-git-upload-pack-result")
        .body(format!("{lines}0000"));
    server.faults().add(warehouse_testkit::When::post("/demo.git/git-upload-pack"), reply);
    let error = crate::support::fails(GitSource::builder(repository.url()).rule(on_branch("main2"))).await;
    assert_eq!(error.hint(), Some("did you mean \"main3\"?"), "{error:?}");
}
