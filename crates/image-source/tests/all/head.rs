//! Where HEAD is refused, what GET says counts: some registries refuse only this way of asking, and a refusal without a body
//! does not say why.

use crate::support::answers::{source, tags};
use crate::support::{PLATFORMS, cost, found};
use artifact_http::HttpClient;
use artifact_source::{ArtifactSource, DiscoverRequest, ErrorKind};
use image_source::ImageSource;
use oci_registry::RegistryClient;
use selection_strategies::TagRule;
use warehouse_testkit::{Fault, Registry, Reply, When};

fn registry() -> Registry {
    let registry = Registry::start().unwrap();
    for version in 0..5 {
        registry.image("demo/app").tag(format!("1.{version}.0")).platforms(["linux/amd64"]).push();
    }
    registry
}

/// One request at a time.
fn one_by_one(registry: &Registry) -> ImageSource {
    source(registry).limit(3).parallelism(1).build().unwrap()
}

/// What a second discovery costs, and what the one after it does, if HEAD is answered thus.
async fn check(answer: impl Into<Fault>, second: u64, third: u64) {
    let registry = registry();
    let source = one_by_one(&registry);
    let cold = crate::support::discover(&source).await;
    cost(&registry, &cold, 1 + 3);
    let cold = found(cold).artifacts;
    registry.faults().add(When::head("/v2/**"), answer);
    for expected in [second, third] {
        let warm = crate::support::discover(&source).await;
        cost(&registry, &warm, expected);
        assert_eq!(found(warm).artifacts, cold);
    }
}

#[tokio::test]
async fn where_head_is_refused_get_decides_and_head_is_not_tried_again_for_ten_minutes() {
    for status in [400, 403, 406, 415, 418, 500, 502, 503, 504] {
        check(Fault::status(status), 1 + 1 + 3, 1 + 3).await;
    }
    check(Reply::status(401), 1 + 1 + 3, 1 + 3).await;
    // These concern HEAD itself, so that no other HEAD request is sent.
    for status in [405, 501] {
        check(Fault::status(status), 1 + 1 + 3, 1 + 3).await;
    }
    // This may concern the tag, so that HEAD is sent for the next one.
    for status in [404, 410] {
        check(Fault::status(status), 1 + 2 * 3, 1 + 2 * 3).await;
    }
}

#[tokio::test]
async fn where_head_fails_get_decides() {
    for fault in [Fault::Reset, Fault::status(500)] {
        let registry = registry();
        let source = one_by_one(&registry);
        let cold = found(crate::support::discover(&source).await).artifacts;
        registry.faults().add(When::head("/v2/**"), fault.clone());
        assert_eq!(found(crate::support::discover(&source).await).artifacts, cold, "{fault:?}");
        // What GET fails at too is a failure.
        registry.faults().add(When::get("/v2/**/manifests/*"), Fault::status(500));
        let error = source.discover(DiscoverRequest::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.tries()), (ErrorKind::Server, 4), "{fault:?}");
    }
}

#[tokio::test]
async fn a_registry_that_wants_fewer_requests_gets_no_get_for_a_head() {
    let registry = registry();
    let source = one_by_one(&registry);
    crate::support::discover(&source).await;
    registry.faults().add(When::head("/v2/**"), Fault::too_many_requests(std::time::Duration::ZERO));
    registry.log().clear();
    let error = source.discover(DiscoverRequest::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(registry.log().count(&When::get("/v2/**/manifests/*")), 0);
    assert_eq!(
        registry.log().count(&When::head("/v2/**/manifests/*")),
        4,
        "it is waited for and asked again"
    );
}

#[tokio::test]
async fn what_get_refuses_too_is_an_error() {
    for (status, kind) in [(401, ErrorKind::Unauthorized), (403, ErrorKind::Forbidden)] {
        let registry = registry();
        let source = one_by_one(&registry);
        crate::support::discover(&source).await;
        registry.faults().add(When::path("/v2/**/manifests/*"), Reply::status(status));
        let error = source.discover(DiscoverRequest::new()).await.unwrap_err();
        assert_eq!(error.kind(), kind);
    }
}

#[tokio::test]
async fn a_repository_that_is_gone_is_an_error_cold_and_warm_and_a_tag_that_is_gone_is_not() {
    for rule in [TagRule::digest("1.4.0"), TagRule::semver(None), TagRule::newest()] {
        let registry = registry();
        let anew = || source(&registry).rule(rule.clone()).build().unwrap();
        let warm = anew();
        crate::support::discover(&warm).await;

        let gone = Reply::status(404).oci_error("NAME_UNKNOWN", "no such repository");
        registry.faults().add(When::path("/v2/**/manifests/*"), gone);
        for source in [&anew(), &warm, &warm] {
            let error = source.discover(DiscoverRequest::new()).await.unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, Some("NAME_UNKNOWN")));
        }

        registry.faults().clear();
        let gone = Reply::status(404).oci_error("MANIFEST_UNKNOWN", "manifest unknown");
        registry.faults().add(When::path("/v2/**/manifests/1.4.0"), gone);
        for source in [&anew(), &warm, &warm] {
            let found = crate::support::images(source).await;
            assert!(!tags(&found).contains(&"1.4.0"), "{found:?}");
        }
    }
}

/// What is behind the digest that HEAD says is gone already: the tag has moved on since.
#[tokio::test]
async fn a_digest_that_cannot_be_read_leaves_it_to_the_tag() {
    let registry = registry();
    let source = one_by_one(&registry);
    crate::support::discover(&source).await;
    let moved =
        registry.image("demo/app").tag("1.4.0").platforms(PLATFORMS).annotation("moved", "yes").push();
    let gone = Reply::status(404).oci_error("MANIFEST_UNKNOWN", "manifest unknown");
    registry.faults().add(When::get(format!("/v2/**/manifests/{}", moved.digest)), gone);
    registry.log().clear();
    let warm = crate::support::discover(&source).await;
    cost(&registry, &warm, 1 + 3 + 2);
    assert_eq!(found(warm).artifacts[0].annotations["moved"], "yes");
}

/// With any number of requests at once, for any number of sources: the first asks alone, and the others hear of it.
#[tokio::test]
async fn head_without_a_digest_is_asked_once_per_registry() {
    let registry = Registry::builder().without_digest_header().start().unwrap();
    for version in 0..60 {
        for repository in ["demo/app", "demo/other"] {
            registry.image(repository).tag(format!("1.{version}.0")).platforms(["linux/amd64"]).push();
        }
    }
    let client = RegistryClient::builder(HttpClient::builder().build().unwrap()).build();
    let sources = ["demo/app", "demo/other"].map(|repository| {
        let source =
            ImageSource::builder(format!("{}/{repository}", registry.host())).registry(client.clone());
        source.rule(TagRule::lexical()).limit(60).parallelism(32).build().unwrap()
    });
    for source in &sources {
        cost(&registry, &crate::support::discover(source).await, 1 + 60);
    }
    // Both at once.
    let answers = futures::future::join_all(sources.iter().map(crate::support::discover)).await;
    assert!(answers.into_iter().all(|answer| found(answer).artifacts.len() == 60));
    assert_eq!(registry.log().count(&When::head("/v2/**")), 1);
    assert_eq!(registry.log().counters().requests, 2 * (1 + 60) + 1);
    registry.log().clear();
    for source in &sources {
        cost(&registry, &crate::support::discover(source).await, 1 + 60);
    }
}

/// Where HEAD is of use, all are asked at once after the first.
#[tokio::test]
async fn head_with_a_digest_is_asked_for_all_and_refusals_are_heard_once() {
    let registry = registry();
    let source = source(&registry).limit(5).parallelism(32).build().unwrap();
    crate::support::discover(&source).await;
    registry.log().clear();
    cost(&registry, &crate::support::discover(&source).await, 1 + 5);
    for status in [403, 405] {
        let registry = self::registry();
        let source = crate::support::answers::source(&registry).limit(5).parallelism(32).build().unwrap();
        crate::support::discover(&source).await;
        registry.faults().add(When::head("/v2/**"), Fault::status(status));
        registry.log().clear();
        cost(&registry, &crate::support::discover(&source).await, 1 + 1 + 5);
    }
}
