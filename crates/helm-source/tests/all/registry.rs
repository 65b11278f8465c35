//! Charts in an OCI registry over the wire.

use std::time::Duration;

use artifact_http::{Credential, HttpClient};
use artifact_source::{
    ArtifactSource, Chart, DiscoverRequest, Discovery, ErrorKind, Found, Recorder, Rejection,
};
use helm_source::{HelmSource, HelmSourceBuilder};
use warehouse_testkit::{Chart as Published, Fault, Registry, RegistryBuilder, Reply, When};

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

/// Names that no tag of a registry may have, whatever the list says: each is one candidate that is rejected, and the others are found.
#[tokio::test]
async fn names_that_no_tag_may_have_are_rejected_one_by_one() {
    let registry = Registry::start().unwrap();
    push(&registry, &["1.0.0"]);
    let long = format!("9.0.0-{}", "a".repeat(60_000));
    let names = [
        "../../../etc/passwd",
        "2.0.0\n",
        "2.0.0\0",
        "--upload-pack=id",
        "2.0.0 ",
        "2.0.0+b",
        "\u{1b}[2J",
        "-1.0.0",
        &long,
    ];
    let listed: Vec<&str> = names.iter().copied().chain(["1.0.0"]).collect();
    let list = serde_json::json!({ "name": "charts/web", "tags": listed }).to_string();
    registry.faults().add(When::get("/v2/**/tags/list"), Reply::status(200).body(list));
    let trace = Recorder::new();
    let source = web(&registry).build().unwrap();
    let answer = source.discover(DiscoverRequest::new().with_trace(&trace)).await.unwrap().found().unwrap();
    assert_eq!(versions(&answer), ["1.0.0"]);
    assert_eq!(answer.cost.requests, 1, "none of them is asked for");
    let rejected: Vec<_> =
        trace.into_judgements().into_iter().filter(|judged| judged.rejection.is_some()).collect();
    assert_eq!(rejected.len(), names.len());
    for judged in rejected {
        let why = judged.rejection.unwrap().to_string();
        assert_eq!(why, "unreadable: its name is not a valid tag", "{:?}", judged.name);
    }
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

/// Charts and images in one repository.
fn mixed() -> Registry {
    let registry = Registry::start().unwrap();
    push(&registry, &["1.0.0", "1.1.0"]);
    registry.image("charts/web").tag("2.0.0").push();
    registry.image("charts/web").tag("2.1.0").platforms(["linux/amd64", "linux/arm64"]).push();
    registry
}

#[tokio::test]
async fn an_image_in_the_repository_of_a_chart_is_passed_over_if_that_is_asked_for() {
    let registry = mixed();
    let of = async |builder: HelmSourceBuilder| {
        registry.log().clear();
        let trace = Recorder::new();
        let source = builder.limit(2).build().unwrap();
        let answer = source.discover(DiscoverRequest::new().with_trace(&trace)).await.unwrap();
        let found = answer.found().unwrap();
        let listed: Vec<_> = versions(&found).into_iter().map(str::to_owned).collect();
        let has_digests = found.artifacts.iter().all(|chart| chart.digest.is_some());
        let judgements = trace.into_judgements();
        let not_charts: Vec<_> =
            judgements.iter().filter(|judgement| format!("{judgement:?}").contains("not a chart")).collect();
        (listed.join(" "), has_digests, not_charts.len(), registry.log().counters().requests)
    };
    // As in Kargo, nothing is read.
    assert_eq!(of(web(&registry)).await, ("2.1.0 2.0.0".to_owned(), false, 0, 1));
    // Both images are read, and then both charts.
    let checked = ("1.1.0 1.0.0".to_owned(), false, 2, 1 + 4);
    assert_eq!(of(web(&registry).check_config(true)).await, checked);
    let followed = ("1.1.0 1.0.0".to_owned(), true, 2, 1 + 4);
    assert_eq!(of(web(&registry).check_config(true).follow_digests(true)).await, followed);
    // HEAD tells the image for several platforms, and where it does not help, GET tells both.
    let (listed, has_digests, not_charts, _) = of(web(&registry).follow_digests(true)).await;
    assert_eq!((listed.as_str(), has_digests, not_charts), ("2.0.0 1.1.0", true, 1));
    registry.faults().add(When::head("/v2/**/manifests/*"), Fault::status(405));
    let (listed, has_digests, not_charts, _) = of(web(&registry).follow_digests(true)).await;
    assert_eq!((listed.as_str(), has_digests, not_charts), ("1.1.0 1.0.0", true, 2));
}
