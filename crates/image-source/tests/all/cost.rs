//! The exact number of requests of a discovery, as counted by the registry; in comparison with Kargo's (commit 1c76476).
//!
//! Where Kargo's figure is "by its pattern" it follows from this: A requests for a token before every call (2 where a
//! bearer token is required), D pages of tags, L tags that are read, P platforms each. Cold it makes A + D + L((A+1) + P(A+2))
//! requests, warm A + D + L(A+1), and for an image of one platform L(A+2) every time, as it keeps nothing of those.

use crate::support::{Annotated, PLATFORMS, cost, discover, found, images, registry, source};
use artifact_http::HttpClient;
use artifact_source::{ArtifactSource, DiscoverRequest, Discovery};
use image_source::{ImageSource, Platform};
use oci_registry::RegistryClient;
use selection_strategies::TagRule;
use warehouse_testkit::{Registry, When};

fn platform(text: &str) -> Platform {
    text.parse().unwrap()
}

/// Kargo: 545 cold and 65 warm, counted.
#[tokio::test]
async fn semver_20_of_3000_is_25_cold_and_23_warm() {
    let registry = registry(Registry::builder(), 3000, Annotated::No);
    let source = source(&registry, TagRule::semver(None)).build().unwrap();

    // The refusal that names the token service, the token, three pages, twenty images.
    let cold = discover(&source).await;
    cost(&registry, &cold, 2 + 3 + 20);
    let cold = found(cold);
    assert_eq!((cold.artifacts.len(), cold.artifacts[0].tag.as_str()), (20, "1.2999.0"));

    let again = discover(&source).await;
    assert_eq!(registry.log().count(&When::head("/v2/**")), 20);
    cost(&registry, &again, 3 + 20);
    assert_eq!(found(again).artifacts, cold.artifacts);

    let request = DiscoverRequest::new().with_previous(cold.observation.as_ref());
    let warm = source.discover(request).await.unwrap();
    assert!(matches!(warm, Discovery::Unchanged { .. }));
    cost(&registry, &warm, 3 + 20);

    // A moved tag: its HEAD tells so, and one GET brings what it points at now.
    registry.image("demo/app").tag("1.2990.0").platforms(PLATFORMS).annotation("moved", "yes").push();
    let request = DiscoverRequest::new().with_previous(cold.observation.as_ref());
    let moved = source.discover(request).await.unwrap();
    cost(&registry, &moved, 3 + 20 + 1);
    assert_eq!(found(moved).artifacts[9].annotations["moved"], "yes");
}

/// Kargo finds nothing, after 37,806 requests and 4,206 at every later poll, counted: it takes a platform without variant to
/// be one without variant, and reads every tag.
#[tokio::test]
async fn linux_arm64_of_indexes_that_say_v8_is_25_cold_and_23_warm() {
    let registry = registry(Registry::builder(), 3000, Annotated::No);
    let source = source(&registry, TagRule::semver(None)).platform(platform("linux/arm64")).build().unwrap();
    let cold = discover(&source).await;
    cost(&registry, &cold, 2 + 3 + 20);
    let cold = found(cold).artifacts;
    assert_eq!((cold.len(), cold[0].tag.as_str()), (20, "1.2999.0"));
    let warm = discover(&source).await;
    cost(&registry, &warm, 3 + 20);
    assert_eq!(found(warm).artifacts, cold);
}

/// Kargo finds nothing, after 8,406 requests every time, counted: it knows of no platform of an image that is in no index.
/// By its pattern that is 2 + 4 + 2,100 * 4, so there are 2,100 tags on four pages here.
#[tokio::test]
async fn single_manifests_for_linux_amd64_are_46_cold_and_24_warm() {
    let registry = Registry::builder().bearer("me", "secret").page_size(600).start().unwrap();
    for version in 0..2100 {
        registry.image("demo/app").tag(format!("1.{version}.0")).single("linux/amd64").push();
    }
    let source = source(&registry, TagRule::semver(None)).platform(platform("linux/amd64")).build().unwrap();
    // An image of one platform says in its configuration which one that is.
    let cold = discover(&source).await;
    cost(&registry, &cold, 2 + 4 + 20 * 2);
    let cold = found(cold).artifacts;
    assert_eq!((cold.len(), cold[0].tag.as_str()), (20, "1.2099.0"));
    let warm = discover(&source).await;
    cost(&registry, &warm, 4 + 20);
    assert_eq!(found(warm).artifacts, cold);
}

/// Kargo: 27 cold and 3 warm, by its pattern (without a list, which a named tag does not need).
#[tokio::test]
async fn digest_is_3_cold_and_1_warm() {
    let registry = registry(Registry::builder(), 30, Annotated::No);
    let source = source(&registry, TagRule::digest("1.7.0")).build().unwrap();
    let cold = discover(&source).await;
    cost(&registry, &cold, 3);
    let warm = discover(&source).await;
    cost(&registry, &warm, 1);
    assert_eq!(found(cold).artifacts, found(warm).artifacts);
}

#[tokio::test]
async fn lexical_20_of_3000_is_25_cold_and_23_warm() {
    let registry = registry(Registry::builder(), 3000, Annotated::No);
    let source = source(&registry, TagRule::lexical()).build().unwrap();
    let cold = discover(&source).await;
    cost(&registry, &cold, 2 + 3 + 20);
    assert_eq!(found(cold).artifacts[0].tag, "1.999.0");
    cost(&registry, &discover(&source).await, 3 + 20);
}

/// A registry that answers HEAD without a digest is asked once so, and then with GET at once.
#[tokio::test]
async fn where_head_says_no_digest_it_is_not_asked_again() {
    let registry = Registry::builder().without_digest_header().start().unwrap();
    for version in 0..50 {
        registry.image("demo/app").tag(format!("1.{version}.0")).platforms(["linux/amd64"]).push();
    }
    let client = RegistryClient::builder(HttpClient::builder().build().unwrap()).build();
    let builder =
        ImageSource::builder(format!("{}/demo/app", registry.host())).registry(client.clone()).parallelism(1);
    let source = builder.build().unwrap();
    let cold = discover(&source).await;
    cost(&registry, &cold, 1 + 20);
    let warm = discover(&source).await;
    cost(&registry, &warm, 1 + 20 + 1);
    assert_eq!(found(warm).artifacts, found(cold).artifacts);
    registry.image("demo/app").tag("1.40.0").platforms(["linux/amd64"]).annotation("moved", "yes").push();
    let moved = discover(&source).await;
    cost(&registry, &moved, 1 + 20);
    assert_eq!(found(moved).artifacts[9].annotations["moved"], "yes");
}

/// What one subscription has read, another of the same repository need not read.
#[tokio::test]
async fn sources_that_share_a_cache_share_what_they_read() {
    let registry = registry(Registry::builder(), 100, Annotated::No);
    let cache = std::sync::Arc::new(image_source::MemoryCache::default());
    let newest = crate::support::cached(&registry, TagRule::newest(), &cache);
    cost(&registry, &discover(&newest).await, 2 + 1 + 100 * 13);
    let semver = crate::support::cached(&registry, TagRule::semver(None), &cache);
    cost(&registry, &discover(&semver).await, 2 + 1 + 20);
    assert_eq!(images(&semver).await.len(), 20);
}
