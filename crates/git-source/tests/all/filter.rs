//! Filters: since, expressions, paths (rules 4.1, 4.3, 4.4, 4.6), with `git diff-tree` as oracle.

use std::collections::BTreeSet;

use artifact_source::{
    ArtifactSource, DiscoverRequest, Discovery, ErrorKind, Judgement, Recorder, Rejection,
};
use git_source::{
    CommitRule, CommitRuleBuilder, CommitSelectionStrategy, GitSource, GitSourceBuilder, InvalidCommitRule,
};
use jiff::Timestamp;
use proptest::prelude::*;
use selection_strategies::path::PathSelectors;
use warehouse_testkit::{Commit, GitRepository, GitServer};

use crate::support::{again, fails, find, ids, log, rule, server_with};

/// The commits of `main`, newest first, with the paths that each changes, by `git`.
fn changes(repository: &GitRepository) -> Vec<(String, BTreeSet<String>)> {
    let format = "--format=%x01%H";
    let log = ["log", "--first-parent", "--no-renames", "--name-only", "-z", format, "main"];
    let text = repository.git(log).unwrap();
    let commits = text.split('\u{1}').skip(1).map(|commit| {
        let mut parts = commit.split('\0');
        let id = parts.next().unwrap().trim().to_owned();
        // Between the id and the paths is a line break.
        let paths = parts.map(|path| path.strip_prefix('\n').unwrap_or(path));
        (id, paths.filter(|path| !path.is_empty()).map(str::to_owned).collect())
    });
    commits.collect()
}

/// What is to be found, by `git` and the rule of paths.
fn expected(repository: &GitRepository, include: &[&str], exclude: &[&str], limit: usize) -> Vec<String> {
    let selectors = PathSelectors::new(include, exclude).unwrap();
    let changes = changes(repository);
    let found = changes.into_iter().filter(|(_, paths)| selectors.judge_commit(paths).is_accepted());
    found.map(|(id, _)| id).take(limit).collect()
}

fn with_paths(builder: GitSourceBuilder, include: &[&str], exclude: &[&str]) -> GitSourceBuilder {
    builder.rule(paths(include, exclude).build().unwrap())
}

fn paths(include: &[&str], exclude: &[&str]) -> CommitRuleBuilder {
    CommitRule::builder().include_paths(include.iter().copied()).exclude_paths(exclude.iter().copied())
}

#[tokio::test]
async fn paths_of_every_kind_of_change() {
    let server = GitServer::start().unwrap();
    let repository = server.create("changes.git").unwrap();
    let mut history = repository.history().unwrap();
    let other = "1".repeat(40);
    let root = history
        .commit("main", Commit::new("Root").file("a/b/c.txt", "1").file("top", "1").file("x y/ü", "1"));
    history.commit("main", Commit::new("Modify").file("a/b/c.txt", "2"));
    history.commit("main", Commit::new("Mode").executable("a/b/c.txt", "2"));
    history.commit("main", Commit::new("Rename").remove("a/b/c.txt").executable("a/d.txt", "2"));
    history.commit("main", Commit::new("To a folder").remove("top").file("top/file", "1"));
    history.commit("main", Commit::new("And back").remove("top").file("top", "1"));
    history.commit("main", Commit::new("Link").symlink("top", "a"));
    history.commit("main", Commit::new("Submodule").submodule("modules/one", other));
    history.commit("main", Commit::new("Nothing"));
    history.branch("side", root);
    let side = history.commit("side", Commit::new("Side").file("side/only.txt", "1"));
    history.merge("main", side, Commit::new("Merge").file("side/only.txt", "1"));
    history.commit("main", Commit::new("Unquoted").file(&b"x y/\xc3\xbc"[..], "2").file("tab\there", "1"));
    history.commit("main", Commit::new("Clear").clear());
    history.write().unwrap();

    for (include, exclude) in [
        (&["a"][..], &[][..]),
        (&["a/b"], &[]),
        (&["top"], &[]),
        (&["top/file"], &[]),
        (&["side"], &[]),
        (&["modules"], &[]),
        (&["x y"], &[]),
        (&["glob:**/*.txt"], &[]),
        (&["regex:^x y/ü$"], &[]),
        (&["glob:tab*"], &[]),
        (&[], &["a"]),
        (&[], &["glob:**"]),
        (&["a", "side"], &["a/b"]),
        (&["nowhere"], &[]),
    ] {
        let source = with_paths(GitSource::builder(repository.url()), include, exclude).build().unwrap();
        let recorder = Recorder::new();
        let found = source.discover(DiscoverRequest::new().with_trace(&recorder)).await.unwrap();
        assert_eq!(
            ids(&found.found().unwrap()),
            expected(&repository, include, exclude, 20),
            "{include:?} {exclude:?}"
        );
        for judged in recorder.into_judgements() {
            are_told(&changes(&repository), &PathSelectors::new(include, exclude).unwrap(), &judged);
        }
    }
}

/// The paths that are told of a commit are those of Git: of one that is found the first that is selected, of another up to three that are not.
fn are_told(changes: &[(String, BTreeSet<String>)], selectors: &PathSelectors, judged: &Judgement) {
    let (_, all) = changes.iter().find(|(id, _)| *id == judged.name).unwrap();
    let told = &judged.details.changed_paths;
    let is_selected = |path: &String| selectors.judge(path).is_included();
    match judged.rejection {
        None => assert!(told.len() == 1 && all.contains(&told[0]) && is_selected(&told[0]), "{judged:?}"),
        Some(Rejection::NoMatchingPath) => {
            assert!(told.len() <= 3 && told.is_empty() == all.is_empty(), "{judged:?}");
            for path in told {
                let is_in = |changed: &String| match path.strip_suffix('/') {
                    Some(folder) => changed.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')),
                    None => changed == path,
                };
                assert!(all.iter().any(is_in) && !is_selected(path), "{path:?} of {judged:?}");
            }
        }
        ref other => panic!("{other:?}"),
    }
}

/// A commit that changed what a selector names in another case is rejected with both, at the requests of any other that is rejected.
#[tokio::test]
async fn a_path_in_another_case_is_named() {
    let server = GitServer::start().unwrap();
    let repository = server.create("cases.git").unwrap();
    let mut history = repository.history().unwrap();
    for (subject, path) in
        [("Web", "apps/web/a.yaml"), ("Api", "apps/api/a.yaml"), ("Docs", "docs/a.md"), ("Readme", "README")]
    {
        let commit = history.commit("main", Commit::new(subject).file(path, "1"));
        history.tag(&format!("v-{}", subject.to_lowercase()), commit);
    }
    history.write().unwrap();
    let judge = async |include: &[&str], exclude: &[&str], strategy: CommitSelectionStrategy| {
        let rule = paths(include, exclude).strategy(strategy).build().unwrap();
        let source = GitSource::builder(repository.url()).rule(rule).build().unwrap();
        let recorder = Recorder::new();
        server.log().clear();
        source.discover(DiscoverRequest::new().with_trace(&recorder)).await.unwrap();
        let judged = recorder.into_judgements().into_iter().filter_map(|judged| match judged.rejection {
            Some(Rejection::PathInOtherCase { selector, path }) => {
                let name = judged.details.subject.unwrap_or_default();
                Some(format!("{name}: {path}, not {selector}"))
            }
            Some(Rejection::NoMatchingPath) | None => None,
            other => panic!("{other:?}"),
        });
        let mut judged: Vec<_> = judged.collect();
        judged.sort();
        (judged, server.log().counters().requests)
    };
    for strategy in [CommitSelectionStrategy::NewestFromBranch, CommitSelectionStrategy::Lexical] {
        for (include, exclude, expected) in [
            (&["apps/Web"][..], &[][..], &["Web: apps/web, not apps/Web"][..]),
            (&["./apps//Web/"], &[], &["Web: apps/web, not ./apps//Web/"]),
            // The folder `apps` is not looked into: nothing in it is selected.
            (&["Apps/web"], &[], &["Api: apps, not Apps/web", "Web: apps, not Apps/web"]),
            (&["readme", "DOCS/a.md"], &[], &["Docs: docs, not DOCS/a.md", "Readme: README, not readme"]),
            (&["apps/Web", "apps/web"], &[], &[]),
            (&["apps/Web"], &["apps/web"], &[]),
            (&["apps/Web"], &["apps"], &[]),
            (&["glob:Apps/**", "regex:^Docs"], &[], &[]),
        ] {
            let (judged, requests) = judge(include, exclude, strategy).await;
            assert_eq!(judged, expected, "{strategy} {include:?} {exclude:?}");
            // What has the case of the repository needs the same trees, or more.
            let lower: Vec<_> = include.iter().map(|path| path.to_lowercase()).collect();
            let lower: Vec<_> = lower.iter().map(String::as_str).collect();
            let (_, most) = judge(&lower, exclude, strategy).await;
            assert!(requests <= most, "{requests} of {most}: {strategy} {include:?}");
        }
    }
}

/// Where a path exists as the selector spells it, another one in other letters is not taken for it, whether the commit changes the first or not.
#[tokio::test]
async fn a_path_that_exists_is_not_one_in_another_case() {
    let server = GitServer::start().unwrap();
    let repository = server.create("both.git").unwrap();
    let mut history = repository.history().unwrap();
    for (subject, path) in [
        ("Old", "Apps/a"),
        ("Lower", "apps/web/a"),
        ("Upper", "Apps/b"),
        ("Web", "apps/Web/a"),
        ("Docs", "Docs/a"),
    ] {
        history.commit("main", Commit::new(subject).file(path, "1"));
    }
    history.write().unwrap();
    for (include, expected) in [
        // At the time of the first commit there was no other folder.
        (&["apps"][..], &["Old: Apps, not apps"][..]),
        (&["apps/*"], &["Old: Apps, not apps/*"]),
        (&["apps/web/b"], &["Old: Apps, not apps/web/b"]),
        (
            &["apps/WEB"],
            &["Lower: apps/web, not apps/WEB", "Old: Apps, not apps/WEB", "Web: apps/Web, not apps/WEB"],
        ),
        (&["apps", "docs"], &["Docs: Docs, not docs", "Old: Apps, not apps"]),
    ] {
        let rule = paths(include, &[]).build().unwrap();
        let source = GitSource::builder(repository.url()).rule(rule).build().unwrap();
        let recorder = Recorder::new();
        source.discover(DiscoverRequest::new().with_trace(&recorder)).await.unwrap();
        let judged = recorder.into_judgements().into_iter().filter_map(|judged| match judged.rejection {
            Some(Rejection::PathInOtherCase { selector, path }) => {
                Some(format!("{}: {path}, not {selector}", judged.details.subject.unwrap_or_default()))
            }
            _ => None,
        });
        let mut judged: Vec<_> = judged.collect();
        judged.sort();
        assert_eq!(judged, expected, "{include:?}");
    }
}

#[tokio::test]
async fn a_rare_path_is_looked_for_to_the_root() {
    let server = GitServer::start().unwrap();
    let repository = server.create("rare.git").unwrap();
    let mut history = repository.history().unwrap();
    for number in 0..900 {
        let folder = if number % 300 == 7 { "rare" } else { "common" };
        history.commit(
            "main",
            Commit::new(format!("{number}")).file(format!("{folder}/{}", number % 50), format!("{number}")),
        );
    }
    history.write().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let source = |limit| {
        let builder = GitSource::builder(repository.url()).cache_dir(folder.path().to_owned());
        with_paths(builder, &["rare"], &[]).limit(limit).build().unwrap()
    };

    let one = find(&source(1)).await;
    assert_eq!(ids(&one), expected(&repository, &["rare"], &[], 1));
    assert_eq!(
        one.cost.requests, 5,
        "101 commits with their root trees are not enough, more are: twice, then folders"
    );
    let all = find(&source(20)).await;
    assert_eq!(ids(&all), expected(&repository, &["rare"], &[], 20));
    assert_eq!(all.artifacts.len(), 3);
    let warm = find(&source(20)).await;
    assert_eq!((warm.artifacts, warm.cost.requests), (all.artifacts, 1));

    repository.commit("main", Commit::new("New").file("rare/new", "1")).unwrap();
    let Discovery::Found(moved) = again(&source(20), all.observation.as_ref()).await else {
        panic!("it moved")
    };
    assert_eq!(ids(&moved), expected(&repository, &["rare"], &[], 20));
    assert_eq!(moved.cost.requests, 3, "the commit with its tree, the folder");
    assert!(moved.cost.bytes_received < 3000, "{}", moved.cost);
}

#[tokio::test]
async fn since_ends_the_walk_at_the_first_older_commit() {
    let server = GitServer::start().unwrap();
    let repository = server.create("since.git").unwrap();
    let mut history = repository.history().unwrap();
    for at in [100, 900, 300, 500, 700] {
        history.commit("main", Commit::new(format!("At {at}")).at(at));
    }
    history.write().unwrap();
    let all = log(&repository, "main", 20);
    for (since, count) in [(0, 5), (100, 5), (300, 4), (301, 2), (500, 2), (700, 1), (701, 0)] {
        let recorder = Recorder::new();
        let since = Timestamp::from_second(since).unwrap();
        let source =
            GitSource::builder(repository.url()).rule(rule(|rule| rule.since(since))).build().unwrap();
        let request = DiscoverRequest::new().with_trace(&recorder);
        let Discovery::Found(found) = source.discover(request).await.unwrap() else { panic!("{since}") };
        assert_eq!(ids(&found), all[..count], "{since}");
        let judgements = recorder.into_judgements();
        assert_eq!(judgements.len(), (count + 1).min(5), "{since}");
        if count < 5 {
            assert_eq!(judgements[count].rejection, Some(Rejection::OlderThanSince));
        }
    }
}

#[tokio::test]
async fn an_expression_filters_commits() {
    let (_server, repository) = server_with(40);
    repository
        .commit("main", Commit::new("feat: by a robot").by("Robot <bot@example.com>").at(1_900_000_000))
        .unwrap();
    repository.commit("main", Commit::new("feat: by a person")).unwrap();
    for (expression, subjects) in [
        ("subject startsWith 'feat' && !(author contains '<bot@example.com>')", &["feat: by a person"][..]),
        ("commitDate.Year() > 2029", &["feat: by a robot"]),
        ("committer contains 'bot'", &["feat: by a robot"]),
        ("subject matches '^Change 3 '", &["Change 3 of main"]),
        ("id == 'nothing'", &[]),
        ("nonsense == nil && subject endsWith 'person'", &["feat: by a person"]),
        ("commitDate.After(now())", &["feat: by a robot"]),
    ] {
        let clock = Timestamp::from_second(1_850_000_000).unwrap();
        let builder = GitSource::builder(repository.url()).limit(2).clock(clock);
        let source =
            builder.rule(rule(|rule| rule.expression_filter(expression.to_owned()))).build().unwrap();
        let found = find(&source).await;
        let names: Vec<&str> = found.artifacts.iter().map(|commit| commit.subject.as_str()).collect();
        assert_eq!(names, subjects, "{expression}");
        assert_eq!(found.observation.is_none(), expression.contains("now"), "{expression}");
    }

    let wrong = CommitRule::builder().expression_filter("subject ==");
    assert!(matches!(wrong.build(), Err(InvalidCommitRule::Expression(_))));
    let error = fails(
        GitSource::builder(repository.url()).rule(rule(|rule| rule.expression_filter("len(subject) + 5"))),
    )
    .await;
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.message().contains("cannot judge"), "{error}");
}

#[tokio::test]
async fn tags_by_expression_and_by_path() {
    let server = GitServer::start().unwrap();
    let repository = server.create("tags.git").unwrap();
    let mut history = repository.history().unwrap();
    for number in 0..40 {
        let folder = if number % 10 == 3 { "rare" } else { "common" };
        let at = history.commit(
            "main",
            Commit::new(format!("{number}")).file(format!("{folder}/file"), format!("{number}")),
        );
        if number % 2 == 0 {
            history.annotated_tag(&format!("v{number}.0.0"), at, &format!("Release {number}\n\nNotes"));
        } else {
            history.tag(&format!("v{number}.0.0"), at);
        }
    }
    history.write().unwrap();
    let names = async |rule: CommitRuleBuilder| -> Vec<String> {
        let builder = GitSource::builder(repository.url()).rule(rule.build().unwrap()).limit(3);
        find(&builder.build().unwrap())
            .await
            .artifacts
            .into_iter()
            .map(|commit| commit.tag.unwrap())
            .collect()
    };
    for strategy in [CommitSelectionStrategy::SemVer, CommitSelectionStrategy::NewestTag] {
        let rare = || paths(&["rare"], &[]).strategy(strategy);
        assert_eq!(names(rare()).await, ["v33.0.0", "v23.0.0", "v13.0.0"], "{strategy}");
        for (expression, expected) in [
            ("annotation startsWith 'Release 1'", &["v18.0.0", "v16.0.0", "v14.0.0"][..]),
            ("tagger == '' && tag contains '1'", &["v31.0.0", "v21.0.0", "v19.0.0"]),
            ("tagger contains 'Tina' && subject == '4'", &["v4.0.0"]),
            ("creatorDate.Year() < 2000", &[]),
        ] {
            let filtered = CommitRule::builder().strategy(strategy).expression_filter(expression.to_owned());
            assert_eq!(names(filtered).await, expected, "{strategy}: {expression}");
        }
        let both = rare().expression_filter("tag != 'v33.0.0'");
        assert_eq!(names(both).await, ["v23.0.0", "v13.0.0", "v3.0.0"], "{strategy}");
    }
    let root = paths(&["common"], &[]).strategy(CommitSelectionStrategy::SemVer).semver_constraint("0.0.0");
    assert_eq!(names(root).await, ["v0.0.0"], "a root changes all its files");
}

#[tokio::test]
async fn tags_are_compared_with_a_tag_where_that_is_asked_for() {
    let server = GitServer::start().unwrap();
    let repository = server.create("since.git").unwrap();
    let mut history = repository.history().unwrap();
    // Each tag is on a commit that changes `other`; `app` changes before v2.0.0 and before v4.0.0, and is reverted before v5.0.0.
    let contents = [("1", "a"), ("2", "b"), ("3", "b"), ("4", "c"), ("5", "b")];
    for (number, app) in contents {
        history.commit("main", Commit::new(format!("App {number}")).file("app/x", app));
        let at = history.commit("main", Commit::new(format!("Release {number}")).file("other", number));
        history.tag(&format!("v{number}.0.0"), at);
    }
    history.write().unwrap();
    for strategy in [
        CommitSelectionStrategy::SemVer,
        CommitSelectionStrategy::Lexical,
        CommitSelectionStrategy::NewestTag,
    ] {
        for (base, expected) in [
            (None, &[][..]),
            (Some("v1.0.0"), &["v5.0.0", "v4.0.0", "v3.0.0", "v2.0.0", "v1.0.0"]),
            (Some("v2.0.0"), &["v4.0.0", "v2.0.0"]),
            (Some("v4.0.0"), &["v5.0.0", "v4.0.0"]),
            (Some("v5.0.0"), &["v5.0.0"]),
            (Some("v9.0.0"), &[]),
        ] {
            server.log().clear();
            let rule = paths(&["app"], &[]).strategy(strategy).build().unwrap();
            let builder = GitSource::builder(repository.url()).rule(rule);
            let source = builder.changes_since_tag(base.map(str::to_owned)).build().unwrap();
            let found = find(&source).await;
            let names: Vec<_> = found.artifacts.iter().map(|commit| commit.tag.clone().unwrap()).collect();
            assert_eq!(names, expected, "{strategy}, {base:?}");
            assert!(server.log().counters().requests <= 5, "as with every path filter");
            let again =
                source.discover(DiscoverRequest::new().with_previous(found.observation.as_ref())).await;
            assert!(matches!(again, Ok(Discovery::Unchanged { .. })), "{strategy}, {base:?}");
        }
    }
}

#[tokio::test]
async fn paths_at_servers_that_can_do_less() {
    for builder in [
        GitServer::builder().old_protocol(),
        GitServer::builder().without_filter(),
        GitServer::builder().old_protocol().without_filter(),
    ] {
        let server = builder.start().unwrap();
        let repository = server.create("old.git").unwrap();
        let mut history = repository.history().unwrap();
        for number in 0..150 {
            let folder = if number % 40 == 7 { "rare" } else { "common" };
            history.commit(
                "main",
                Commit::new(format!("{number}")).file(format!("{folder}/file"), format!("{number}")),
            );
        }
        history.write().unwrap();
        for url in [repository.url().to_owned(), repository.file_url()] {
            let source = with_paths(GitSource::builder(&url), &["rare"], &[]).build().unwrap();
            assert_eq!(ids(&find(&source).await), expected(&repository, &["rare"], &[], 20), "{url}");
        }
    }
}

#[tokio::test]
async fn the_end_of_a_shallow_server_is_no_root() {
    let (server, repository) = server_with(10);
    let shallow = server.create("shallow.git").unwrap();
    shallow.git(["fetch", "--quiet", "--depth=4", &repository.file_url(), "main:main"]).unwrap();
    let recorder = Recorder::new();
    let source = with_paths(GitSource::builder(shallow.url()), &["folder/0.txt", "folder/9.txt"], &[])
        .build()
        .unwrap();
    let request = DiscoverRequest::new().with_trace(&recorder);
    let Discovery::Found(found) = source.discover(request).await.unwrap() else {
        panic!("there was no previous observation")
    };
    assert_eq!(ids(&found), log(&repository, "main", 1));
    assert!(found.observation.is_none());
    let last = recorder.into_judgements().pop().unwrap();
    assert!(matches!(last.rejection, Some(Rejection::Unreadable { .. })), "{last:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, ..ProptestConfig::default() })]

    #[test]
    fn random_changes(
        steps in prop::collection::vec(prop::collection::vec((any::<bool>(), "[ab]{1,2}(/[ab]){0,2}", 0..3_u8), 0..4), 1..40),
        include in prop::collection::vec("(glob:)?[ab]{1,2}(/[ab*])?", 0..3),
        exclude in prop::collection::vec("[ab]{1,2}(/[ab])?", 0..2),
        limit in 1..10_usize,
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let server = GitServer::start().unwrap();
        let repository = server.create("random.git").unwrap();
        let mut history = repository.history().unwrap();
        for (number, step) in steps.into_iter().enumerate() {
            let mut commit = Commit::new(format!("{number}"));
            for (write, path, content) in step {
                commit = if write { commit.remove(path.as_str()).file(path, [content]) } else { commit.remove(path) };
            }
            history.commit("main", commit);
        }
        prop_assume!(history.write().is_ok());
        let include: Vec<&str> = include.iter().map(String::as_str).collect();
        let exclude: Vec<&str> = exclude.iter().map(String::as_str).collect();
        prop_assume!(!include.is_empty() || !exclude.is_empty());
        let source = with_paths(GitSource::builder(repository.url()), &include, &exclude);
        let found = runtime.block_on(find(&source.limit(limit).build().unwrap()));
        prop_assert_eq!(ids(&found), expected(&repository, &include, &exclude, limit));
    }
}
