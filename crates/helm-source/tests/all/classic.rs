//! A chart repository over the wire: the versions that are found, and their exact cost.

use std::time::Duration;

use artifact_http::{Credential, HttpClient};
use artifact_source::{
    ArtifactSource, Chart, Cost, DiscoverRequest, Discovery, Error, Found, Observation, Recorder, Rejection,
};
use helm_source::{HelmSource, HelmSourceBuilder, IndexCache};
use warehouse_testkit::{Chart as Published, ChartServer, Fault, When};

fn client() -> HttpClient {
    HttpClient::builder().attempts(1).stall_timeout(Duration::from_secs(10)).build().unwrap()
}

fn web(server: &ChartServer) -> HelmSourceBuilder {
    HelmSource::builder(server.url()).chart("web").http(client())
}

fn publish(server: &ChartServer, versions: &[&str]) {
    for version in versions {
        server.publish(&Published::new("web", *version));
    }
}

async fn discover(source: &HelmSource, previous: Option<&Observation>) -> Result<Discovery<Chart>, Error> {
    source.discover(DiscoverRequest::new().with_previous(previous)).await
}

async fn found(source: &HelmSource) -> Found<Chart> {
    discover(source, None).await.unwrap().found().expect("there was no observation")
}

fn versions(found: &Found<Chart>) -> Vec<&str> {
    found.artifacts.iter().map(|chart| chart.version.as_str()).collect()
}

fn requests_and_bytes(cost: Cost) -> (u64, u64) {
    (cost.requests, cost.bytes_received)
}

#[tokio::test]
async fn the_newest_versions_within_the_constraint_in_order() {
    let server = ChartServer::start().unwrap();
    publish(&server, &["1.2.0", "v1.10.0", "0.9.0", "1.9.0", "2.0.0-rc.1", "1.9", "24.03.00", "nightly"]);
    let source = web(&server).constraint(">=1.0.0").limit(2).build().unwrap();
    let trace = Recorder::new();
    let answer = source.discover(DiscoverRequest::new().with_trace(&trace)).await.unwrap().found().unwrap();
    assert_eq!(versions(&answer), ["24.03.00", "v1.10.0"]);

    let mut judged = trace.into_judgements();
    judged.sort_by(|one, other| one.name.cmp(&other.name));
    let limit = Rejection::BeyondLimit { limit: 2 };
    let outside = Rejection::OutsideConstraint { constraint: ">=1.0.0".into() };
    let judged: Vec<_> =
        judged.iter().map(|judgement| (judgement.name.as_str(), judgement.rejection.as_ref())).collect();
    assert_eq!(
        judged,
        [
            ("0.9.0", Some(&outside)),
            ("1.2.0", Some(&limit)),
            ("1.9", Some(&limit)),
            ("1.9.0", Some(&limit)),
            ("2.0.0-rc.1", Some(&outside)),
            ("24.03.00", None),
            ("nightly", Some(&Rejection::NotSemver { strict: false })),
            ("v1.10.0", None),
        ]
    );
}

/// Every candidate has its time, and no time changes the order.
#[tokio::test]
async fn each_version_has_the_time_of_its_entry() {
    let server = ChartServer::start().unwrap();
    for (version, created) in [
        ("1.2.0", "2020-01-01T00:00:00Z"),
        ("1.10.0", "2021-01-01T01:00:00.75+01:00"),
        ("1.9.0", "2026-01-01T00:00:00Z"),
        ("1.8.0", "0001-01-01T00:00:00Z"),
        ("0.9.0", "2019-01-01T00:00:00Z"),
        ("nightly", "2027-01-01T00:00:00Z"),
        ("0.8.0", "last week"),
    ] {
        server.publish(&Published::new("web", version).created(created));
    }
    for with_digests in [false, true] {
        let source =
            web(&server).constraint(">=1.0.0").limit(2).follow_digests(with_digests).build().unwrap();
        let trace = Recorder::new();
        let answer =
            source.discover(DiscoverRequest::new().with_trace(&trace)).await.unwrap().found().unwrap();
        assert_eq!(versions(&answer), ["1.10.0", "1.9.0"]);
        assert_eq!(answer.cost.requests, 1);
        let mut judged: Vec<_> = trace
            .into_judgements()
            .into_iter()
            .map(|judged| {
                (judged.name, judged.details.time.map(|time| time.to_string()), judged.rejection.is_none())
            })
            .collect();
        judged.sort();
        let judged: Vec<_> =
            judged.iter().map(|(name, time, found)| (name.as_str(), time.as_deref(), *found)).collect();
        assert_eq!(
            judged,
            [
                ("0.8.0", None, false),
                ("0.9.0", Some("2019-01-01T00:00:00Z"), false),
                ("1.10.0", Some("2021-01-01T00:00:00Z"), true),
                ("1.2.0", Some("2020-01-01T00:00:00Z"), false),
                ("1.8.0", None, false),
                ("1.9.0", Some("2026-01-01T00:00:00Z"), true),
                ("nightly", Some("2027-01-01T00:00:00Z"), false),
            ]
        );
    }
}

#[tokio::test]
async fn a_poll_costs_one_request_and_no_body() {
    let server = ChartServer::start().unwrap();
    publish(&server, &["1.0.0", "1.1.0"]);
    let first = found(&web(&server).build().unwrap()).await;
    assert_eq!(requests_and_bytes(first.cost), (1, server.log().counters().body_bytes_sent));

    // Neither this source with a warm cache nor one with the observation alone reads the index again.
    let warm = web(&server).build().unwrap();
    for _ in 0..2 {
        server.log().clear();
        let again = discover(&warm, first.observation.as_ref()).await.unwrap();
        assert_eq!(again, Discovery::Unchanged { cost: again.cost() });
        assert_eq!(requests_and_bytes(again.cost()), (1, 0));
        assert_eq!((server.log().counters().requests, server.log().counters().body_bytes_sent), (1, 0));
    }
    assert_eq!(server.log().all()[0].header("accept-encoding"), Some("gzip"));
    assert_eq!(server.log().all()[0].status, Some(304));

    publish(&server, &["1.2.0"]);
    let after = discover(&warm, first.observation.as_ref()).await.unwrap().found().unwrap();
    assert_eq!(versions(&after), ["1.2.0", "1.1.0", "1.0.0"]);
    assert_ne!(after.observation, first.observation);
}

#[tokio::test]
async fn an_index_travels_compressed() {
    let server = ChartServer::start().unwrap();
    let names: Vec<_> = (0..500).map(|patch| format!("1.0.{patch}")).collect();
    publish(&server, &names.iter().map(String::as_str).collect::<Vec<_>>());
    let cost = found(&web(&server).build().unwrap()).await.cost;
    let size = server.index().len() as u64;
    assert!(cost.bytes_received < size / 3, "{} of {size} bytes", cost.bytes_received);
}

#[tokio::test]
async fn all_subscriptions_of_a_repository_share_one_request() {
    let server = ChartServer::start().unwrap();
    publish(&server, &["1.0.0"]);
    server.publish(&Published::new("api", "2.0.0"));
    let cache = IndexCache::new(client());
    let build =
        |name: &str| HelmSource::builder(server.url()).chart(name).cache(cache.clone()).build().unwrap();
    let (web, api, none) = (build("web"), build("api"), build("none"));

    let (first, second, third) = tokio::join!(found(&web), found(&api), found(&none));
    assert_eq!((versions(&first), versions(&second)), (vec!["1.0.0"], vec!["2.0.0"]));
    assert!(third.artifacts.is_empty());
    assert_eq!([first.cost.requests, second.cost.requests, third.cost.requests], [1, 0, 0]);
    assert_eq!(server.log().counters().requests, 1);

    // A later source is answered from the cache, after the server confirmed the index.
    let later = found(&build("api")).await;
    assert_eq!((versions(&later), requests_and_bytes(later.cost)), (vec!["2.0.0"], (1, 0)));

    // The observations are of one index too.
    server.log().clear();
    let (one, two) =
        tokio::join!(discover(&web, first.observation.as_ref()), discover(&api, second.observation.as_ref()));
    assert!(matches!(one.unwrap(), Discovery::Unchanged { .. }));
    assert!(matches!(two.unwrap(), Discovery::Unchanged { .. }));
    assert_eq!(server.log().counters().requests, 1);
}

/// A source that asks after a change gets the index after the change.
#[tokio::test]
async fn a_request_under_way_does_not_answer_a_later_call() {
    let server = ChartServer::start().unwrap();
    publish(&server, &["1.0.0"]);
    let cache = IndexCache::new(client());
    let source = HelmSource::builder(server.url()).chart("web").cache(cache.clone()).build().unwrap();
    server.faults().add(When::any().nth(1), Fault::Latency(Duration::from_millis(300)));
    let (early, late) = tokio::join!(found(&source), async {
        while server.log().counters().requests == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        publish(&server, &["1.1.0"]);
        found(&source).await
    });
    assert_eq!(versions(&late), ["1.1.0", "1.0.0"]);
    assert_eq!(late.cost.requests, 1);
    assert!(!early.artifacts.is_empty());
}

#[tokio::test]
async fn an_index_is_cached_for_one_credential() {
    let server = ChartServer::builder().basic("me", "SECRET").start().unwrap();
    publish(&server, &["1.0.0"]);
    let cache = IndexCache::new(client());
    let source = |credential: Option<Credential>| {
        HelmSource::builder(server.url())
            .chart("web")
            .cache(cache.clone())
            .credentials(credential)
            .build()
            .unwrap()
    };
    let signed_in = source(Some(Credential::password("me", "SECRET")));
    assert_eq!(versions(&found(&signed_in).await), ["1.0.0"]);

    let anonymous = discover(&source(None), None).await.unwrap_err();
    assert!(anonymous.is_auth() && anonymous.status() == Some(401));
    assert_eq!(anonymous.hint(), Some("no credential was given for this repoURL"));
    let wrong = discover(&source(Some(Credential::password("me", "WRONG"))), None).await.unwrap_err();
    assert_eq!(
        wrong.hint(),
        Some("the credential was not accepted: is it still valid, and may it read this repoURL?")
    );
    for text in [format!("{anonymous:?}{wrong:?}{wrong}"), format!("{signed_in:?} {signed_in} {cache:?}")] {
        assert!(!text.contains("SECRET") && !text.contains("WRONG"), "{text}");
    }
}

#[tokio::test]
async fn the_query_of_a_repo_url_is_kept() {
    let server = ChartServer::builder().path("charts/stable").require_query("token=SECRET").start().unwrap();
    publish(&server, &["1.0.0"]);
    let source = |query: &str| {
        HelmSource::builder(format!("{}/{query}", server.url())).chart("web").http(client()).build().unwrap()
    };
    let right = source("?token=SECRET");
    let answer = found(&right).await;
    assert_eq!(versions(&answer), ["1.0.0"]);
    assert_eq!(server.log().all()[0].path, "/charts/stable/index.yaml");
    let observation = serde_json::to_string(&answer.observation).unwrap();
    assert!(!format!("{observation}{right:?}{right}").contains("SECRET"));

    // Another query is another repository.
    let other = source("?token=SECRET&channel=beta");
    assert!(discover(&other, answer.observation.as_ref()).await.unwrap().found().is_some());
}

#[tokio::test]
async fn duplicates_count_as_in_kargo() {
    let server = ChartServer::start().unwrap();
    publish(&server, &["1.0.0", "1.1.0", "1.1.0"]);
    let trace = Recorder::new();
    let source = web(&server).limit(2).build().unwrap();
    let answer = source.discover(DiscoverRequest::new().with_trace(&trace)).await.unwrap().found().unwrap();
    assert_eq!(versions(&answer), ["1.1.0", "1.1.0"]);
    assert_eq!(trace.into_judgements().len(), 3);
}

#[tokio::test]
async fn without_validators_every_poll_reads_the_index() {
    let server = ChartServer::builder().without_etag().without_last_modified().start().unwrap();
    publish(&server, &["1.0.0"]);
    let source = web(&server).build().unwrap();
    let first = found(&source).await;
    assert_eq!(first.observation, None);
    let again = discover(&source, None).await.unwrap().found().unwrap();
    assert_eq!(requests_and_bytes(again.cost), requests_and_bytes(first.cost));
}

#[tokio::test]
async fn an_old_last_modified_alone_is_a_validator() {
    let server = ChartServer::builder().without_etag().start().unwrap();
    publish(&server, &["1.0.0"]);
    let source = web(&server).build().unwrap();
    let first = found(&source).await;
    let again = discover(&source, first.observation.as_ref()).await.unwrap();
    assert_eq!((requests_and_bytes(again.cost()), again.found()), ((1, 0), None));
}

#[tokio::test]
async fn an_observation_of_another_question_is_ignored() {
    let server = ChartServer::start().unwrap();
    publish(&server, &["1.0.0", "1.1.0"]);
    let seen = found(&web(&server).build().unwrap()).await.observation;
    for other in [
        web(&server).limit(1),
        web(&server).constraint("1.0.0"),
        HelmSource::builder(server.url()).chart("api").http(client()),
        HelmSource::builder(format!("{}?a=b", server.url())).chart("web").http(client()),
    ] {
        let other = other.build().unwrap();
        assert!(discover(&other, seen.as_ref()).await.unwrap().found().is_some(), "{other:?}");
    }
}
