//! Charts in an OCI registry over the wire.

use std::time::Duration;

use artifact_http::{Credential, HttpClient};
use artifact_source::{
    ArtifactSource, Chart, DiscoverRequest, Discovery, ErrorKind, Found, Recorder, Rejection,
};
use helm_source::{HelmSource, HelmSourceBuilder};
use warehouse_testkit::{Chart as Published, Registry, RegistryBuilder, Reply, When};

fn web(registry: &Registry) -> HelmSourceBuilder {
    let client = HttpClient::builder().attempts(1).stall_timeout(Duration::from_secs(10)).build().unwrap();
    HelmSource::builder(format!("oci://{}/charts/web", registry.host())).http(client)
}

fn push(registry: &Registry, versions: &[&str]) {
    for version in versions {
        registry.push_chart("charts", &Published::new("web", *version));
    }
}

async fn found(source: &HelmSource) -> Found<Chart> {
    source.discover(DiscoverRequest::new()).await.unwrap().found().expect("there was no observation")
}

fn versions(found: &Found<Chart>) -> Vec<&str> {
    found.artifacts.iter().map(|chart| chart.version.as_str()).collect()
}

#[tokio::test]
async fn tags_are_versions_with_an_underscore_for_the_plus() {
    let registry = Registry::start().unwrap();
    push(&registry, &["1.0.0", "1.2.0+build.5", "1.10.0-rc.1", "0.9.0"]);
    for tag in ["latest", "v2.0.0", "1.3", "1.2.0_a_b"] {
        registry.tag("charts/web", "1.0.0", tag).unwrap();
    }
    let trace = Recorder::new();
    let source = web(&registry).constraint(">=1.0.0-0").limit(2).build().unwrap();
    let answer = source.discover(DiscoverRequest::new().with_trace(&trace)).await.unwrap().found().unwrap();
    assert_eq!(versions(&answer), ["1.10.0-rc.1", "1.2.0+build.5"]);
    assert_eq!(answer.cost.requests, 1);

    let mut judged = trace.into_judgements();
    judged.sort_by(|one, other| one.name.cmp(&other.name));
    let strict = Rejection::NotSemver { strict: true };
    let judged: Vec<_> =
        judged.iter().map(|judged| (judged.name.as_str(), judged.rejection.clone())).collect();
    assert_eq!(
        judged,
        [
            ("0.9.0", Some(Rejection::OutsideConstraint { constraint: ">=1.0.0-0".into() })),
            ("1.0.0", Some(Rejection::BeyondLimit { limit: 2 })),
            ("1.10.0-rc.1", None),
            ("1.2.0_a_b", Some(Rejection::SecondUnderscore)),
            ("1.2.0_build.5", None),
            ("1.3", Some(strict.clone())),
            ("latest", Some(strict)),
            ("v2.0.0", Some(Rejection::LeadingV)),
        ]
    );

    let lenient = web(&registry).accept_v(true).limit(1).build().unwrap();
    assert_eq!(versions(&found(&lenient).await), ["v2.0.0"]);
}

#[tokio::test]
async fn a_list_whose_links_repeat_the_request_is_whole_or_an_error() {
    let versions_of = async |builder: RegistryBuilder| {
        let registry = builder.start().unwrap();
        push(&registry, &["1.0.0", "1.1.0", "1.10.0", "1.2.0", "1.3.0"]);
        web(&registry).limit(1).build().unwrap().discover(DiscoverRequest::new()).await
    };
    // The registry returns two tags a page and says that it would return a thousand.
    let paged = versions_of(Registry::builder().echo_links().page_size(2)).await.unwrap().found().unwrap();
    assert_eq!((versions(&paged), paged.cost.requests), (vec!["1.10.0"], 4));
    let whole = versions_of(Registry::builder().echo_links()).await.unwrap().found().unwrap();
    assert_eq!((versions(&whole), whole.cost.requests), (vec!["1.10.0"], 2));
    let error = versions_of(Registry::builder().echo_links().ignore_paging()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::BadAnswer, "the pages of the list of tags repeat")
    );
}

/// The page after the last tag is empty, and its link goes on.
#[tokio::test]
async fn an_empty_page_whose_link_goes_on_is_not_the_end_of_a_list() {
    let registry = Registry::start().unwrap();
    push(&registry, &["1.0.0", "1.3.0", "1.8.0"]);
    let pages = [
        (r#"{"tags": ["1.0.0", "1.3.0"]}"#, "?n=1000"),
        (r#"{"tags": []}"#, "?z=1"),
        (r#"{"tags": ["1.8.0"]}"#, ""),
    ];
    for (number, (body, link)) in (1..).zip(pages) {
        let reply = Reply::status(200).body(body);
        let reply = match link {
            "" => reply,
            link => reply.header("link", format!("<{link}>; rel=\"next\"")),
        };
        registry.faults().add(When::path("/v2/charts/web/tags/list").nth(number), reply);
    }
    let found = found(&web(&registry).limit(1).build().unwrap()).await;
    assert_eq!((versions(&found), found.cost.requests), (vec!["1.8.0"], 3));
}

#[tokio::test]
async fn the_same_versions_are_unchanged() {
    let registry = Registry::start().unwrap();
    push(&registry, &["1.0.0", "1.1.0"]);
    let source = web(&registry).limit(1).build().unwrap();
    let first = found(&source).await;
    let seen = first.observation.as_ref();
    push(&registry, &["0.1.0"]);
    let again = source.discover(DiscoverRequest::new().with_previous(seen)).await.unwrap();
    assert!(matches!(&again, Discovery::Unchanged { cost } if cost.requests == 1), "{again:?}");
    push(&registry, &["1.2.0"]);
    let after = source.discover(DiscoverRequest::new().with_previous(seen)).await.unwrap().found().unwrap();
    assert_eq!(versions(&after), ["1.2.0"]);
}

#[tokio::test]
async fn a_token_is_fetched_once() {
    let registry = Registry::builder().bearer("me", "SECRET").start().unwrap();
    push(&registry, &["1.0.0"]);
    let source = web(&registry).credentials(Credential::password("me", "SECRET")).build().unwrap();
    let requests = [found(&source).await.cost.requests, found(&source).await.cost.requests];
    assert_eq!((requests, registry.tokens_issued()), ([3, 1], 1));
    assert!(!format!("{source:?} {source}").contains("SECRET"));

    let error = web(&registry).build().unwrap().discover(DiscoverRequest::new()).await.unwrap_err();
    assert!(error.is_auth() && error.hint().is_some() && error.id().is_some(), "{error:?}");
}

#[tokio::test]
async fn a_missing_repository_is_not_found() {
    let registry = Registry::start().unwrap();
    let source = web(&registry).build().unwrap();
    let error = source.discover(DiscoverRequest::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.id()), (ErrorKind::NotFound, Some(source.id())));
}
