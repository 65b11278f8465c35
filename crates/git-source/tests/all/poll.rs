//! What a discovery costs, to the request.

use std::io::Write as _;

use artifact_source::Discovery;
use git_source::{CommitSelectionStrategy, GitSource};

use crate::support::{add, again, find, ids, log, rule, server_with, source};

#[tokio::test]
async fn a_first_discovery_is_three_requests_and_an_unmoved_branch_one() {
    let (server, repository) = server_with(50);
    let source = source(repository.url());

    let found = find(&source).await;
    assert_eq!(ids(&found), log(&repository, "main", 20));
    assert_eq!(found.cost.requests, 3);
    assert_eq!(server.log().counters().requests, 3);
    assert_eq!(server.log().counters().body_bytes_sent, found.cost.bytes_received);
    eprintln!("newest 20: {}", found.cost);
    assert!(found.cost.bytes_received < 20 * 300, "{}", found.cost);

    server.log().clear();
    let Discovery::Unchanged { cost } = again(&source, found.observation.as_ref()).await else {
        panic!("nothing moved");
    };
    assert_eq!((cost.requests, server.log().counters().requests), (1, 1));
    eprintln!("unmoved: {cost}");
    assert!(cost.bytes_received < 200, "{cost}");
}

#[tokio::test]
async fn without_an_observation_the_cache_answers() {
    let (_server, repository) = server_with(30);
    let folder = tempfile::tempdir().unwrap();
    let source = || GitSource::builder(repository.url()).cache_dir(folder.path().to_owned()).build().unwrap();
    let cold = find(&source()).await;
    let warm = find(&source()).await;
    assert_eq!(warm.artifacts, cold.artifacts);
    assert_eq!((cold.cost.requests, warm.cost.requests), (3, 1));

    add(&repository, "main", 5);
    let moved = find(&source()).await;
    assert_eq!(ids(&moved), log(&repository, "main", 20));
    assert_eq!(moved.cost.requests, 2);
    assert!(moved.cost.bytes_received < cold.cost.bytes_received / 2, "{} after {}", moved.cost, cold.cost);
}

/// A repository with many references that point at few commits.
fn with_references(
    branches: usize,
    tags: usize,
) -> (warehouse_testkit::GitServer, warehouse_testkit::GitRepository) {
    let (server, repository) = server_with(30);
    let commits = log(&repository, "main", 30);
    let name = |kind: &str, number: usize| {
        (format!("refs/{kind}/team-{}/feature-{number}", number % 90), commits[number % 30].as_str())
    };
    // Written as `git pack-refs` writes it: Git would make a file for each of them first.
    let mut references: Vec<_> = (0..branches).map(|number| name("heads", number)).collect();
    references.extend((0..tags).map(|number| name("tags", number)));
    references.sort();
    let lines: String = references.iter().map(|(name, id)| format!("{id} {name}\n")).collect();
    let packed = format!("# pack-refs with: peeled fully-peeled sorted \n{lines}");
    std::fs::write(repository.path().join("packed-refs"), packed).unwrap();
    assert!(repository.git(["for-each-ref", "--count=1", "refs/tags"]).unwrap().contains("refs/tags/"));
    server.log().clear();
    (server, repository)
}

#[tokio::test]
async fn the_number_of_references_costs_a_branch_nothing() {
    let (server, repository) = with_references(18_000, 41_000);
    let source = source(repository.url());
    let found = find(&source).await;
    assert_eq!(found.cost.requests, 3);
    assert!(found.cost.bytes_received < 6_000, "{}", found.cost);
    server.log().clear();
    let Discovery::Unchanged { cost } = again(&source, found.observation.as_ref()).await else {
        panic!("nothing moved");
    };
    assert_eq!((cost.requests, server.log().counters().requests), (1, 1));
    assert!(cost.bytes_received < 200, "{cost}");
    eprintln!("59,000 references: {}, then {cost}", found.cost);
}

#[tokio::test]
async fn the_newest_of_41_000_tags_are_one_fetch() {
    let (server, repository) = with_references(0, 41_000);
    let by = |settings: fn(git_source::CommitRuleBuilder) -> git_source::CommitRuleBuilder| {
        let rule = rule(|rule| settings(rule.strategy(git_source::CommitSelectionStrategy::NewestTag)));
        GitSource::builder(repository.url()).rule(rule).limit(20).build().unwrap()
    };
    let all = by(|rule| rule);
    let found = find(&all).await;
    assert_eq!((found.artifacts.len(), found.cost.requests), (20, 3));
    assert_eq!(server.log().counters().requests, 3);
    eprintln!("newest of 41,000 tags: {}", found.cost);
    assert!(found.cost.bytes_received < 3_200_000, "the list of tags, and little more: {}", found.cost);
    // One new tag: that one is fetched.
    repository.commit("main", warehouse_testkit::Commit::new("New").file("folder/new", "1")).unwrap();
    repository.git(["tag", "newest", "main"]).unwrap();
    let moved = find(&all).await;
    assert_eq!(moved.artifacts[0].tag.as_deref(), Some("newest"));
    assert_eq!(moved.cost.requests, 2);
    assert!(
        moved.cost.bytes_received < found.cost.bytes_received + 500,
        "{} after {}",
        moved.cost,
        found.cost
    );
    // Names are judged before anything is fetched.
    let none = by(|rule| rule.allow_tags_regexes(["^nothing$"]));
    assert_eq!(find(&none).await.cost.requests, 2);
}

/// A server that compresses its answers: each request says that it may, and a list of tags takes less than half.
#[tokio::test]
async fn a_list_that_the_server_compresses_is_read() {
    let (server, repository) = with_references(0, 4_000);
    let format = "--format=%(objectname) %(refname)";
    let listed = repository.git(["for-each-ref", format, "refs/tags"]).unwrap();
    let lines: String = listed.lines().map(|line| format!("{:04x}{line}\n", line.len() + 5)).collect();
    let body = format!("{lines}0000");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body.as_bytes()).unwrap();
    let compressed = encoder.finish().unwrap();
    let reply = warehouse_testkit::Reply::status(200)
        .header("content-type", "application/x-git-upload-pack-result")
        .header("content-encoding", "gzip")
        .body(compressed.clone());
    server.faults().add(warehouse_testkit::When::post("/demo.git/git-upload-pack").nth(1), reply);
    let rule = rule(|rule| rule.strategy(CommitSelectionStrategy::Lexical));
    let found = find(&GitSource::builder(repository.url()).rule(rule).build().unwrap()).await;
    let newest = listed.lines().map(|line| line.split_once("refs/tags/").unwrap().1).max();
    assert_eq!(found.artifacts[0].tag.as_deref(), newest);
    assert!(server.log().all().iter().all(|request| {
        request.header("accept-encoding").is_some_and(|accepted| accepted.contains("gzip"))
    }));
    eprintln!("a list of {} bytes, compressed {}: {}", body.len(), compressed.len(), found.cost);
    assert!(found.cost.bytes_received < (body.len() / 2) as u64, "{} of {}", found.cost, body.len());
}

#[tokio::test]
async fn ten_new_commits_are_what_is_fetched() {
    let (_server, repository) = server_with(60);
    let folder = tempfile::tempdir().unwrap();
    let source = || GitSource::builder(repository.url()).cache_dir(folder.path().to_owned()).build().unwrap();
    let objects = || -> usize {
        let mut count = 0;
        let mut folders = vec![folder.path().to_owned()];
        while let Some(at) = folders.pop() {
            for entry in std::fs::read_dir(at).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|end| end == "idx") {
                    let index = std::fs::read(path).unwrap();
                    // The last number of the fan-out table.
                    count += u32::from_be_bytes(index[8 + 255 * 4..8 + 256 * 4].try_into().unwrap()) as usize;
                }
            }
        }
        count
    };
    find(&source()).await;
    assert_eq!(objects(), 20, "commits alone");
    add(&repository, "main", 10);
    let moved = find(&source()).await;
    assert_eq!(ids(&moved), log(&repository, "main", 20));
    assert_eq!(objects(), 30);
}

/// What a path filter fetches, beside the least that decides it.
#[tokio::test]
async fn a_path_filter_fetches_few_trees() {
    let server = warehouse_testkit::GitServer::start().unwrap();
    let repository = server.create("monorepo.git").unwrap();
    let mut history = repository.history().unwrap();
    for number in 0..600 {
        let mut commit = warehouse_testkit::Commit::new(format!("Change {number}"));
        let folder = format!("{}/part-{}", ["apps", "charts", "docs", "lib"][number % 4], number % 25);
        for file in 0..1 + number % 3 {
            let content = format!("{number} {file}\n").repeat(60);
            commit =
                commit.file(format!("{folder}/src/deep/file-{}.yaml", (number / 7 + file) % 40), content);
        }
        history.commit("main", commit);
    }
    history.write().unwrap();
    let source = || {
        let rule = rule(|rule| rule.include_paths(["charts"]));
        GitSource::builder(repository.url()).rule(rule).limit(20).build().unwrap()
    };
    let found = find(&source()).await;
    assert_eq!((found.artifacts.len(), found.cost.requests), (20, 4));
    // The same commits with all their trees; and the least that decides: they and their root trees, in one pack each.
    let commits = repository.git(["rev-list", "--max-count=102", "main"]).unwrap();
    let all = ["rev-list", "--objects", "--filter=blob:none", "main", "^main~102"];
    let all = repository.git(all).unwrap();
    let roots: Vec<String> = commits.lines().map(|id| format!("{id}^{{tree}}")).collect();
    let roots = repository
        .git_with_input(["cat-file", "--batch-check=%(objectname)"], roots.join("\n").as_bytes())
        .unwrap();
    let pack = |list: &str| -> u64 {
        let name = repository.path().join("measure");
        let arguments = ["pack-objects", "-q", name.to_str().unwrap()];
        let id = repository.git_with_input(arguments, format!("{list}\n").as_bytes()).unwrap();
        std::fs::metadata(format!("{}-{}.pack", name.display(), id.trim())).unwrap().len()
    };
    let (trees, least) = (pack(&all), pack(&format!("{commits}\n{roots}")));
    eprintln!("path filter: {}; at least {least} bytes, with all trees {trees}", found.cost);
    assert!(found.cost.bytes_received * 4 < trees * 3, "{} of {trees}", found.cost);
    assert!(found.cost.bytes_received < least * 5 / 2, "{} of {least}", found.cost);
}
