//! Faults: a missing tag is skipped, a failure is an error, and mistakes in the subscription have messages.

use std::time::{Duration, Instant};

use crate::support::answers::{discover, explain, platform, source, source_with};
use artifact_http::{Credential, HttpClient};
use artifact_source::{ArtifactSource, DiscoverRequest, ErrorKind};
use image_source::ImageSource;
use oci_registry::RegistryClient;
use selection_strategies::TagRule;
use warehouse_testkit::{Fault, Registry, Reply, When};

#[tokio::test]
async fn a_tag_that_vanishes_is_skipped() {
    let registry = Registry::start().unwrap();
    for version in 0..10 {
        registry.image("demo/app").tag(format!("1.{version}.0")).push();
    }
    let gone = Reply::status(404).oci_error("MANIFEST_UNKNOWN", "manifest unknown");
    registry.faults().add(When::path("/v2/**/manifests/1.9.0"), gone);
    let (found, why) = explain(source(&registry).limit(2)).await;
    assert_eq!(found, ["1.8.0", "1.7.0"]);
    assert!(why["1.9.0"].contains("MANIFEST_UNKNOWN"), "{why:?}");

    registry.faults().clear();
    let gone = Reply::status(404).oci_error("NAME_UNKNOWN", "no such repository");
    registry.faults().add(When::path("/v2/**/manifests/*"), gone);
    let error = discover(source(&registry)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "a repository that vanishes is not empty");
}

#[tokio::test]
async fn invalid_tags_are_never_requested() {
    let registry = Registry::start().unwrap();
    registry.image("demo/app").tag("1.0.0").push();
    let list = r#"{"tags": ["1.0.0", "../../../v2/other/manifests/1.0.0", "a b", "x\ny", ""]}"#;
    registry.faults().add(When::get("/v2/**/tags/list"), Reply::status(200).body(list));
    let (found, why) = explain(source(&registry).rule(TagRule::lexical())).await;
    assert_eq!(found, ["1.0.0"]);
    assert_eq!(why.len(), 4);
    assert!(why.values().all(|why| why == "unreadable: its name is not a valid tag"), "{why:?}");
    assert_eq!(registry.log().counters().requests, 2);
}

#[tokio::test]
async fn a_credential_that_cannot_be_sent_is_not_a_missing_tag() {
    let registry = Registry::builder().basic("me", "SECRET").start().unwrap();
    let credential = Credential::bearer("SECRET\n");
    let error =
        discover(source_with(&registry, Some(credential)).rule(TagRule::digest("latest"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(!format!("{error} {error:?}").contains("SECRET"));
}

#[tokio::test]
async fn an_error_never_selects_an_older_image() {
    for (fault, kind) in [
        (Fault::status(500), ErrorKind::Server),
        (Fault::too_many_requests(Duration::ZERO), ErrorKind::RateLimited),
        (Fault::Reset, ErrorKind::Unreachable),
        (Fault::WrongDigest, ErrorKind::BadAnswer),
        (Fault::CorruptBody, ErrorKind::BadAnswer),
        (Fault::Truncate { keep: 10 }, ErrorKind::BadAnswer),
        (Fault::login_page(), ErrorKind::BadAnswer),
        (Fault::oversized(400 << 20), ErrorKind::TooLarge),
    ] {
        let registry = Registry::start().unwrap();
        for version in 0..10 {
            registry.image("demo/app").tag(format!("1.{version}.0")).push();
        }
        registry.faults().add(When::path("/v2/**/manifests/1.9.0"), fault.clone());
        let error = discover(source(&registry).limit(3)).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{fault:?}: {error}");
        assert_eq!(error.id().unwrap().to_string(), format!("image {}/demo/app", registry.host()));
    }
}

/// Limit 1: 1.9 and 1.8 are rejected, so that 1.7 and, as lookahead, 1.6 are read together.
#[tokio::test]
async fn an_error_of_a_lookahead_candidate_counts_if_it_is_needed() {
    for fault in [Fault::status(500), Fault::login_page(), Fault::Reset] {
        let registry = Registry::start().unwrap();
        for version in 0..10 {
            let offered = if version >= 8 { "linux/arm64" } else { "linux/amd64" };
            registry.image("demo/app").tag(format!("1.{version}.0")).platforms([offered]).push();
        }
        let source = || source(&registry).platform(platform("linux/amd64")).limit(1);
        registry.faults().add(When::path("/v2/**/manifests/1.6.0"), fault.clone());
        let (found, why) = explain(source()).await;
        assert_eq!(found, ["1.7.0"], "{fault:?}");
        assert_eq!(why["1.6.0"], "beyond the limit: one better candidate fills it");
        assert!(registry.log().count(&When::get("/v2/**/manifests/1.6.0")) > 0, "it was looked at ahead");

        // If the one before it does not fit, it is needed.
        registry.image("demo/app").tag("1.7.0").platforms(["linux/arm64"]).push();
        discover(source()).await.unwrap_err();

        // One that is needed whatever becomes of the others ends the round at once.
        registry.faults().add(When::path("/v2/**/manifests/1.9.0"), Fault::login_page());
        assert_eq!(discover(source()).await.unwrap_err().kind(), ErrorKind::BadAnswer);
    }
}

#[tokio::test]
async fn an_error_of_a_needed_candidate_ends_the_discovery_at_once() {
    for rule in [TagRule::semver(None), TagRule::lexical(), TagRule::newest()] {
        let registry = Registry::start().unwrap();
        for version in 0..10 {
            registry.image("demo/app").tag(format!("1.{version}.0")).push();
        }
        registry.faults().add(When::path("/v2/**/manifests/1.9.0"), Fault::Stall);
        registry.faults().add(When::path("/v2/**/manifests/1.8.0"), Fault::login_page());
        let request = DiscoverRequest::new().with_deadline(Instant::now() + Duration::from_secs(10));
        let source = source(&registry).rule(rule).limit(2).build().unwrap();
        assert_eq!(source.discover(request).await.unwrap_err().kind(), ErrorKind::BadAnswer);
    }
}

#[tokio::test]
async fn a_transient_fault_changes_nothing() {
    for fault in [Fault::status(503), Fault::Reset, Fault::Close, Fault::Truncate { keep: 10 }] {
        let registry = Registry::start().unwrap();
        for version in 0..30 {
            registry.image("demo/app").tag(format!("1.{version}.0")).push();
        }
        registry.faults().add(When::path("/v2/**/manifests/1.29.0").first(1), fault.clone());
        let found = discover(source(&registry)).await.unwrap();
        assert_eq!((found.len(), found[0].tag.as_str()), (20, "1.29.0"), "{fault:?}");
        assert_eq!(registry.log().counters().requests, 1 + 20 + 1, "{fault:?}");
    }
}

#[tokio::test]
async fn the_deadline_ends_every_wait() {
    for fault in [
        Fault::Stall,
        Fault::too_many_requests(Duration::from_secs(10)),
        Fault::Latency(Duration::from_secs(10)),
    ] {
        let registry = Registry::start().unwrap();
        registry.image("demo/app").tag("1.0.0").push();
        registry.faults().add(When::path("/v2/**/manifests/*"), fault.clone());
        let request = DiscoverRequest::new().with_deadline(Instant::now() + Duration::from_millis(300));
        let error = source(&registry).build().unwrap().discover(request).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::RateLimited), "{fault:?}: {error}");
    }
}

// ---- what a newcomer does wrong

#[tokio::test]
async fn mistakes_have_their_words() {
    let registry = Registry::builder().basic("me", "SECRET").start().unwrap();
    registry.image("demo/app").tag("1.0.0").push();
    let host = registry.host();

    let error = discover(source_with(&registry, None)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the registry requires authentication for {host}/demo/app: HTTP 401 UNAUTHORIZED: the server says \"authentication required\" (http://{host}/v2/demo/app/tags/list?n=...)"
        )
    );
    assert!(error.hint().unwrap().starts_with("no credential was given for "));

    let wrong = Some(Credential::password("me", "SECRET-typo"));
    let error = discover(source_with(&registry, wrong)).await.unwrap_err();
    assert!(error.is_auth() && error.hint().unwrap().starts_with("the credential was not accepted"));
    assert!(!format!("{error} {error:?}").contains("SECRET"), "{error:?}");

    let open = Registry::start().unwrap();
    let error = discover(source(&open)).await.unwrap_err();
    let host = open.host();
    assert_eq!(
        error.to_string(),
        format!(
            "there is no repository {host}/demo/app: HTTP 404 NAME_UNKNOWN: the server says \"repository name not known to registry\" (http://{host}/v2/demo/app/tags/list?n=...)"
        )
    );

    let client = RegistryClient::builder(HttpClient::builder().build().unwrap()).build();
    let error = ImageSource::builder("ghcr.io/a/b:1.0").registry(client.clone()).build().unwrap_err();
    assert_eq!(error.to_string(), "a tag in the image \"ghcr.io/a/b:1.0\"");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let error = ImageSource::builder("ghcr.io/a/b").registry(client.clone()).limit(0).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn nothing_that_fits_is_a_success() {
    let registry = Registry::start().unwrap();
    registry.image("demo/app").tag("latest").push();
    assert_eq!(discover(source(&registry)).await.unwrap(), []);
    registry.delete_tag("demo/app", "latest");
    registry.faults().add(When::get("/v2/**/tags/list"), Reply::status(200).body(r#"{"tags": null}"#));
    assert_eq!(discover(source(&registry)).await.unwrap(), []);
}
