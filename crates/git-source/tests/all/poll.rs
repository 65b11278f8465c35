//! What a discovery costs, to the request.

use artifact_source::Discovery;
use git_source::GitSource;

use crate::support::{add, again, find, ids, log, server_with, source};

#[tokio::test]
async fn a_first_discovery_is_three_requests_and_an_unmoved_branch_two() {
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
    assert_eq!((cost.requests, server.log().counters().requests), (2, 2));
    eprintln!("unmoved: {cost}");
    assert!(cost.bytes_received < 1000, "{cost}");
}

#[tokio::test]
async fn without_an_observation_the_cache_answers() {
    let (_server, repository) = server_with(30);
    let folder = tempfile::tempdir().unwrap();
    let source = || GitSource::builder(repository.url()).cache_dir(folder.path().to_owned()).build().unwrap();
    let cold = find(&source()).await;
    let warm = find(&source()).await;
    assert_eq!(warm.artifacts, cold.artifacts);
    assert_eq!((cold.cost.requests, warm.cost.requests), (3, 2));

    add(&repository, "main", 5);
    let moved = find(&source()).await;
    assert_eq!(ids(&moved), log(&repository, "main", 20));
    assert_eq!(moved.cost.requests, 3);
    assert!(moved.cost.bytes_received < cold.cost.bytes_received / 2, "{} after {}", moved.cost, cold.cost);
}
