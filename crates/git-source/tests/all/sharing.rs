//! Many subscriptions to one repository at the same moment cost what one costs, counted at the server.

use std::sync::Arc;
use std::time::Duration;

use artifact_http::{Credential, HttpClient};
use artifact_source::{ArtifactSource, DiscoverRequest, Discovery, ErrorKind, Found, Observation};
use futures::future::join_all;
use git_source::{CommitRule, CommitSelectionStrategy, GitSource, GitSourceBuilder, RepositoryCache};
use warehouse_testkit::{Commit, Fault, GitRepository, GitServer, GitServerBuilder, When};

use crate::support::{add, find, ids, log, on_branch, rule, server_with};

fn repositories() -> RepositoryCache {
    RepositoryCache::new(HttpClient::builder().build().unwrap())
}

/// A repository with 12 folders, 160 commits on `main`, 10 other branches and 80 tags, some of them annotated.
fn monorepo(builder: GitServerBuilder) -> (GitServer, GitRepository) {
    let server = builder.start().unwrap();
    let repository = server.create("monorepo.git").unwrap();
    let mut history = repository.history().unwrap();
    let mut commits = Vec::new();
    for number in 0..160 {
        let path = format!("apps/app-{}/deploy/values-{}.yaml", number % 12, number % 5);
        commits.push(
            history.commit("main", Commit::new(format!("Change {number}")).file(path, format!("{number}"))),
        );
    }
    for number in 0..10 {
        let branch = format!("release/{number}");
        history.branch(&branch, commits[100 + number]);
        history.commit(&branch, Commit::new("Fix").file("apps/app-1/fix", format!("{number}")));
    }
    for (number, commit) in commits.iter().enumerate().step_by(2) {
        match number % 4 {
            0 => history.tag(&format!("v1.{number}.0"), *commit),
            _ => history.annotated_tag(&format!("v2.{number}.0"), *commit, "Release"),
        };
    }
    history.write().unwrap();
    server.log().clear();
    (server, repository)
}

/// The rules and limits of subscriptions of every kind.
fn rules(count: usize) -> Vec<(CommitRule, usize)> {
    let each = |number: usize| {
        let app = format!("apps/app-{}", number % 12);
        let rule = rule(|rule| match number % 9 {
            0 => rule,
            1 => rule.branch(format!("release/{}", number % 10)),
            2 => rule.include_paths([&app]),
            3 => rule
                .strategy(CommitSelectionStrategy::SemVer)
                .semver_constraint(format!("^{}", 1 + number % 2)),
            4 => rule.strategy(CommitSelectionStrategy::NewestTag).allow_tags_regexes(["^v2"]),
            5 => rule.branch("main".to_owned()).include_paths([format!("glob:{app}/**/*.yaml")]),
            6 => {
                rule.strategy(CommitSelectionStrategy::Lexical).include_paths(["glob:apps/app-{0,2,4,6}/**"])
            }
            7 => rule.exclude_paths(["apps/app-3"]),
            _ => rule.expression_filter("subject startsWith 'Change 1'".to_owned()),
        });
        (rule, 1 + number % 7)
    };
    (0..count).map(each).collect()
}

fn sources(
    repository: &GitRepository,
    shared: &RepositoryCache,
    rules: &[(CommitRule, usize)],
) -> Vec<GitSource> {
    let source = |(rule, limit): &(CommitRule, usize)| {
        let builder = GitSource::builder(repository.url()).rule(rule.clone()).limit(*limit);
        builder.repositories(shared).build().unwrap()
    };
    rules.iter().map(source).collect()
}

async fn discover(
    sources: &[GitSource],
    previous: &[Option<Observation>],
) -> Vec<Discovery<artifact_source::Commit>> {
    let asked = sources.iter().enumerate().map(async |(at, source)| {
        let previous = previous.get(at).and_then(Option::as_ref);
        source.discover(DiscoverRequest::new().with_previous(previous)).await.unwrap()
    });
    join_all(asked).await
}

async fn find_all(sources: &[GitSource]) -> Vec<Found<artifact_source::Commit>> {
    discover(sources, &[]).await.into_iter().map(|found| found.found().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_number_of_subscriptions_cost_five_requests_and_one_when_nothing_moved() {
    for (count, cold) in [(1, 3), (57, 5), (500, 5)] {
        let (server, repository) = monorepo(GitServer::builder());
        let (shared, rules) = (repositories(), rules(count));
        let sources = sources(&repository, &shared, &rules);
        let found = find_all(&sources).await;
        let counters = server.log().counters();
        assert_eq!(counters.requests, cold, "{count}");
        let stated: u64 = found.iter().map(|found| found.cost.requests).sum();
        assert_eq!(stated, cold, "who asks first pays, and nobody else");
        eprintln!(
            "{count} subscriptions, cold: {} requests, {} bytes",
            counters.requests, counters.body_bytes_sent
        );
        assert!(count != 57 || counters.body_bytes_sent < 110_000, "{counters:?}");

        // Nothing moved: an observation says so, and the cache has all of it.
        server.log().clear();
        let previous: Vec<_> = found.iter().map(|found| found.observation.clone()).collect();
        let again = discover(&sources, &previous).await;
        assert!(again.iter().all(|again| matches!(again, Discovery::Unchanged { .. })), "{count}");
        assert_eq!(server.log().counters().requests, 1, "{count}");
        let warm = find_all(&sources).await;
        assert_eq!(server.log().counters().requests, 2, "{count}");
        assert!(warm.iter().zip(&found).all(|(warm, cold)| warm.artifacts == cold.artifacts));

        // The same answers as each has alone.
        for (at, (rule, limit)) in rules.iter().enumerate().take(57) {
            let alone =
                GitSource::builder(repository.url()).rule(rule.clone()).limit(*limit).build().unwrap();
            let alone = find(&alone).await;
            assert_eq!(alone.artifacts, found[at].artifacts, "{rule:?} {limit}");
            assert!(!alone.artifacts.is_empty(), "{rule:?} {limit}");
            assert_eq!(alone.observation, found[at].observation, "{rule:?} {limit}");
        }

        // Ten new commits with their trees: the folder is none that anybody selects.
        add(&repository, "main", 10);
        server.log().clear();
        discover(&sources, &previous).await;
        let moved = server.log().counters();
        assert_eq!(moved.requests, 2, "{count}");
        let less = count == 1 || moved.body_bytes_sent < counters.body_bytes_sent / 2;
        assert!(less, "{moved:?} after {counters:?}");
    }
}

/// 1,400 commits: ten folders get most of them, and few commits change the others.
fn with_rare_paths() -> (GitServer, GitRepository) {
    let server = GitServer::start().unwrap();
    let repository = server.create("rare.git").unwrap();
    let mut history = repository.history().unwrap();
    for number in 0..1400 {
        let path = match number {
            _ if number % 200 == 50 => format!("docs/page-{number}.md"),
            _ if number % 200 == 90 => format!("apps/rare-{}/deploy/base/values.yaml", number / 200 % 3),
            _ => format!("apps/app-{}/deploy/values.yaml", number % 10),
        };
        let commit =
            history.commit("main", Commit::new(format!("Change {number}")).file(path, format!("{number}")));
        if number % 100 == 0 {
            history.tag(&format!("v1.{number}.0"), commit);
        }
    }
    history.write().unwrap();
    server.log().clear();
    (server, repository)
}

/// What is asked for where few commits change a path: more commits with their trees once, for all of the subscriptions together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paths_that_few_commits_change_cost_one_request_more_for_all_together() {
    let common = |number: usize| format!("apps/app-{}", number % 10);
    let rare = |_: usize| "docs".to_owned();
    let rare_folder = |number: usize| format!("apps/rare-{}", number % 3);
    let rare_and_deep = |number: usize| format!("apps/rare-{}/deploy/base", number % 3);
    let patterns = |number: usize| format!("glob:apps/rare-*/**/values-{}.yaml", number % 3);
    let kinds: [&dyn Fn(usize) -> String; 5] = [&common, &rare, &rare_folder, &rare_and_deep, &patterns];
    let all = |number: usize| kinds[number % 5](number);
    let (server, repository) = with_rare_paths();
    let text = repository.git(["log", "--first-parent", "--name-only", "--format=commit %H"]).unwrap();
    let changed: Vec<(String, Vec<&str>)> = text
        .split("commit ")
        .skip(1)
        .map(|commit| {
            let mut lines = commit.lines().filter(|line| !line.is_empty());
            (lines.next().unwrap().to_owned(), lines.collect())
        })
        .collect();
    assert_eq!(changed.len(), 1400);
    for (count, kind, cold) in [
        (1, kinds[0], 4),
        (1, kinds[1], 5),
        (1, kinds[2], 5),
        (1, kinds[3], 5),
        (1, kinds[4], 5),
        (57, kinds[0], 4),
        (57, &all, 5),
        (500, &all, 5),
    ] {
        server.log().clear();
        let rules: Vec<_> = (0..count)
            .map(|number| (rule(|rule| rule.include_paths([kind(number)])), 1 + number % 7))
            .collect();
        let (shared, case) = (repositories(), format!("{count} subscriptions, {}", kind(0)));
        let sources = sources(&repository, &shared, &rules);
        let began = std::time::Instant::now();
        let found = find_all(&sources).await;
        let counters = server.log().counters();
        eprintln!(
            "{case}: {:?}, {} requests, {} bytes",
            began.elapsed(),
            counters.requests,
            counters.body_bytes_sent
        );
        assert_eq!(counters.requests, cold, "{case}");
        for (found, (rule, limit)) in found.iter().zip(&rules).take(20) {
            let selected = rule.paths().unwrap();
            let touching = changed.iter().filter(|(_, paths)| selected.judge_commit(paths).is_accepted());
            let expected: Vec<_> = touching.map(|(id, _)| id.clone()).take(*limit).collect();
            assert_eq!(ids(found), expected, "{case}: {rule:?}");
        }
        server.log().clear();
        let previous: Vec<_> = found.iter().map(|found| found.observation.clone()).collect();
        discover(&sources, &previous).await;
        assert_eq!(server.log().counters().requests, 1, "{case}");
    }
}

#[tokio::test]
async fn servers_that_offer_less_cost_no_more_requests() {
    for builder in [GitServer::builder().without_filter(), GitServer::builder().old_protocol()] {
        let (server, repository) = monorepo(builder.clone());
        let (shared, rules) = (repositories(), rules(57));
        let sources = sources(&repository, &shared, &rules);
        let found = find_all(&sources).await;
        assert!(server.log().counters().requests <= 5, "{builder:?}: {:?}", server.log().counters());
        for (at, (rule, limit)) in rules.iter().enumerate() {
            let alone =
                GitSource::builder(repository.url()).rule(rule.clone()).limit(*limit).build().unwrap();
            assert_eq!(find(&alone).await.artifacts, found[at].artifacts, "{builder:?} {rule:?} {limit}");
        }
    }
}

#[tokio::test]
async fn an_error_of_one_is_not_that_of_the_others() {
    let (server, repository) = server_with(5);
    let shared = repositories();
    let of = |rule: CommitRule| {
        GitSource::builder(repository.url()).rule(rule).repositories(&shared).build().unwrap()
    };
    let broken = rule(|rule| rule.expression_filter("subject.nothing.more == 1".to_owned()));
    let sources = [of(on_branch("main")), of(on_branch("nowhere")), of(broken), of(on_branch("main"))];
    let answers = join_all(sources.iter().map(|source| source.discover(DiscoverRequest::new()))).await;
    assert_eq!(answers[1].as_ref().unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(answers[2].as_ref().unwrap_err().kind(), ErrorKind::InvalidInput, "{:?}", answers[2]);
    for at in [0, 3] {
        let Ok(Discovery::Found(found)) = &answers[at] else { panic!("{:?}", answers[at]) };
        assert_eq!(ids(found), log(&repository, "main", 20));
    }
    // The branch that was not found was looked for once more.
    assert_eq!(server.log().counters().requests, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_one_may_leave() {
    let (server, repository) = server_with(5);
    let shared = repositories();
    let source = || GitSource::builder(repository.url()).repositories(&shared).build().unwrap();
    // Before anything is sent, and while the server is silent.
    for stalls in [false, true] {
        server.log().clear();
        if stalls {
            server.faults().add(When::any().nth(1), Fault::Latency(Duration::from_millis(300)));
        }
        let (first, others) = (source(), [source(), source()]);
        let mut leaving = Box::pin(first.discover(DiscoverRequest::new()));
        assert!(futures::poll!(&mut leaving).is_pending());
        let mut rest = Box::pin(find_all(&others));
        assert!(futures::poll!(&mut rest).is_pending());
        if stalls {
            while server.log().counters().requests == 0 {
                assert!(futures::poll!(&mut leaving).is_pending() && futures::poll!(&mut rest).is_pending());
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        drop(leaving);
        for found in rest.await {
            assert_eq!(ids(&found), log(&repository, "main", 20));
        }
        assert_eq!(server.log().counters().requests, if stalls { 1 } else { 3 });
    }
}

#[tokio::test]
async fn all_may_leave() {
    let (server, repository) = server_with(5);
    server.faults().add(When::any(), Fault::Stall);
    let shared = repositories();
    let sources: Vec<_> =
        (0..3).map(|_| GitSource::builder(repository.url()).repositories(&shared).build().unwrap()).collect();
    let task = tokio::spawn(async move { find_all(&sources).await });
    while server.log().counters().requests == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    server.faults().clear();
    let after = GitSource::builder(repository.url()).repositories(&shared).build().unwrap();
    assert_eq!(ids(&find(&after).await), log(&repository, "main", 20));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_never_older_than_its_question() {
    let (server, repository) = server_with(5);
    let shared = repositories();
    server
        .faults()
        .add(When::post("/demo.git/git-upload-pack").nth(1), Fault::Latency(Duration::from_millis(400)));
    let source = || GitSource::builder(repository.url()).repositories(&shared).build().unwrap();
    let early = source();
    let early = tokio::spawn(async move { find(&early).await });
    // The references are being listed, and are those of before.
    while server.log().counters().requests < 2 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    add(&repository, "main", 1);
    let late = find(&source()).await;
    assert_eq!(ids(&late), log(&repository, "main", 20));
    assert!(ids(&early.await.unwrap()).len() >= 5);
}

#[tokio::test]
async fn what_differs_in_credential_or_limits_is_asked_for_itself() {
    let (server, repository) = server_with(5);
    let shared = repositories();
    let of = |settings: &dyn Fn(GitSourceBuilder) -> GitSourceBuilder| {
        settings(GitSource::builder(repository.url()).repositories(&shared)).build().unwrap()
    };
    let password = |secret: &'static str| {
        move |builder: GitSourceBuilder| builder.credentials(Arc::new(Credential::password("me", secret)))
    };
    let others: [&dyn Fn(GitSourceBuilder) -> GitSourceBuilder; 4] = [
        &password("one"),
        // The same name, and found in the same place.
        &password("two"),
        &|builder| builder.max_bytes(1 << 20),
        &|builder| builder.stall_timeout(Duration::from_secs(7)),
    ];
    for other in others {
        server.log().clear();
        let pair = [of(&|builder| builder), of(other)];
        find_all(&pair).await;
        let requests = server.log().counters().requests;
        assert!((2..=6).contains(&requests), "each for itself, but for what is in the cache: {requests}");
    }
    server.log().clear();
    find_all(&[of(&password("one")), of(&password("one"))]).await;
    assert_eq!(server.log().counters().requests, 1, "together");
}
