//! How many requests a discovery takes, exactly, as the registry counted them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use artifact_http::{Credential, HttpClient};
use artifact_source::{ArtifactSource, DiscoverRequest, Discovery, Found, Image};
use image_source::{ImageSource, ImageSourceBuilder, MemoryCache};
use oci_registry::RegistryClient;
use selection_strategies::TagRule;
use warehouse_testkit::{Registry, RegistryBuilder};

const PLATFORMS: [&str; 6] =
    ["linux/amd64", "linux/arm64/v8", "linux/arm/v7", "linux/386", "linux/ppc64le", "linux/s390x"];
const CREATED: &str = "org.opencontainers.image.created";

/// A registry that wants a token, with this many versions for six platforms each.
fn registry(builder: RegistryBuilder, versions: usize, annotated: bool) -> Registry {
    let registry = builder.bearer("me", "secret").page_size(1000).start().unwrap();
    for version in 0..versions {
        let created =
            format!("2024-01-01T{:02}:{:02}:{:02}Z", version / 3600, version / 60 % 60, version % 60);
        let image =
            registry.image("demo/app").tag(format!("1.{version}.0")).platforms(PLATFORMS).created(&created);
        if annotated {
            image.annotation(CREATED, created).push()
        } else {
            image.push()
        };
    }
    registry
}

fn client() -> RegistryClient {
    let http = HttpClient::builder().build().unwrap();
    RegistryClient::builder(http).credentials(Credential::password("me", "secret")).build()
}

fn source(registry: &Registry, rule: TagRule) -> ImageSourceBuilder {
    ImageSource::builder(&client(), format!("{}/demo/app", registry.host())).rule(rule)
}

/// Discovers, and holds the number of requests that the registry saw against the expected and the stated one.
#[track_caller]
fn cost(registry: &Registry, found: &Discovery<Image>, expected: u64) {
    let counters = registry.log().counters();
    assert_eq!(counters.requests, expected, "requests");
    assert_eq!(found.cost().requests, expected, "requests in the stated cost");
    assert_eq!(found.cost().bytes_received, counters.body_bytes_sent, "bytes in the stated cost");
    registry.log().clear();
}

fn found(answer: Discovery<Image>) -> Found<Image> {
    answer.found().expect("it was not unchanged")
}

#[tokio::test]
async fn semver_20_of_3000() {
    let registry = registry(Registry::builder(), 3000, false);
    let cache = Arc::new(MemoryCache::default());
    let source = source(&registry, TagRule::semver(None)).cache(cache).build().unwrap();

    // The refusal that names the token service, the token, three pages, twenty images.
    let cold = source.discover(DiscoverRequest::new()).await.unwrap();
    cost(&registry, &cold, 2 + 3 + 20);
    let cold = found(cold);
    assert_eq!((cold.artifacts.len(), cold.artifacts[0].tag.as_str()), (20, "1.2999.0"));

    let again = found(source.discover(DiscoverRequest::new()).await.unwrap());
    assert_eq!(again.artifacts, cold.artifacts);
    assert_eq!(registry.log().counters().requests, 3 + 20);
    registry.log().clear();

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

#[tokio::test]
async fn digest() {
    let registry = registry(Registry::builder(), 30, false);
    let source = source(&registry, TagRule::digest("1.7.0")).build().unwrap();
    let cold = source.discover(DiscoverRequest::new()).await.unwrap();
    cost(&registry, &cold, 3);
    let warm = source.discover(DiscoverRequest::new()).await.unwrap();
    cost(&registry, &warm, 1);
    assert_eq!(found(cold).artifacts, found(warm).artifacts);
}

#[tokio::test]
async fn newest_build_of_1000_annotated() {
    let registry = registry(Registry::builder(), 1000, true);
    let source = source(&registry, TagRule::newest()).build().unwrap();
    let cold = source.discover(DiscoverRequest::new()).await.unwrap();
    cost(&registry, &cold, 2 + 1 + 1000);
    assert_eq!(found(cold).artifacts[0].tag, "1.999.0");
    let warm = source.discover(DiscoverRequest::new()).await.unwrap();
    cost(&registry, &warm, 1 + 1000);
}

#[tokio::test]
async fn tags_that_never_move() {
    let registry = registry(Registry::builder(), 1000, true);
    let source = source(&registry, TagRule::newest()).cache_by_tag(true).build().unwrap();
    source.discover(DiscoverRequest::new()).await.unwrap();
    registry.log().clear();
    let warm = source.discover(DiscoverRequest::new()).await.unwrap();
    cost(&registry, &warm, 1);
    registry.image("demo/app").tag("2.0.0").platforms(["linux/amd64"]).created("2025-01-01T00:00:00Z").push();
    let new = source.discover(DiscoverRequest::new()).await.unwrap();
    // 1001 tags are two pages; the new one, its manifest, its configuration.
    cost(&registry, &new, 2 + 3);
    assert_eq!(found(new).artifacts[0].tag, "2.0.0");

    let source = self::source(&registry, TagRule::digest("2.0.0")).cache_by_tag(true).build().unwrap();
    let before = found(source.discover(DiscoverRequest::new()).await.unwrap());
    registry.image("demo/app").tag("2.0.0").platforms(["linux/arm64"]).push();
    let after = found(source.discover(DiscoverRequest::new()).await.unwrap());
    assert_ne!(before.artifacts, after.artifacts, "the tag of a digest rule is there to move");
}

#[tokio::test]
async fn newest_build_of_1000_that_do_not_say_when() {
    let registry = registry(Registry::builder(), 1000, false);
    let source = source(&registry, TagRule::newest()).build().unwrap();
    let cold = source.discover(DiscoverRequest::new()).await.unwrap();
    cost(&registry, &cold, 2 + 1 + 1000 * (1 + 6 * 2));
    assert_eq!(found(cold).artifacts[0].tag, "1.999.0");
    let warm = source.discover(DiscoverRequest::new()).await.unwrap();
    cost(&registry, &warm, 1 + 1000);
    assert_eq!(found(warm).artifacts[0].tag, "1.999.0");
}

#[tokio::test]
async fn a_platform_is_read_from_the_index() {
    let registry = registry(Registry::builder(), 3000, false);
    let platform = "linux/arm64".parse::<image_source::PlatformConstraint>().unwrap();
    let source = source(&registry, TagRule::semver(None)).platform(platform).build().unwrap();
    let cold = source.discover(DiscoverRequest::new()).await.unwrap();
    cost(&registry, &cold, 2 + 3 + 20);
    assert_eq!(found(cold).artifacts.len(), 20);
}

#[tokio::test]
async fn images_of_one_platform_are_judged_by_their_configuration() {
    let registry = Registry::builder().anonymous_bearer().page_size(1000).start().unwrap();
    for version in 0..1200 {
        registry.image("demo/app").tag(format!("1.{version}.0")).single("linux/amd64").push();
    }
    let platform = "linux/amd64".parse::<image_source::PlatformConstraint>().unwrap();
    let client = RegistryClient::builder(HttpClient::builder().build().unwrap()).build();
    let source = ImageSource::builder(&client, format!("{}/demo/app", registry.host())).platform(platform);
    let source = source.build().unwrap();

    let cold = source.discover(DiscoverRequest::new()).await.unwrap();
    cost(&registry, &cold, 2 + 2 + 20 * 2);
    assert_eq!(found(cold).artifacts.len(), 20);
    let warm = source.discover(DiscoverRequest::new()).await.unwrap();
    cost(&registry, &warm, 2 + 20);
}

#[tokio::test]
async fn a_limit_that_misses_use_up_is_filled() {
    let registry = Registry::start().unwrap();
    for version in 0..100 {
        let platform = if version % 10 == 0 { "linux/arm64" } else { "linux/amd64" };
        registry.image("demo/app").tag(format!("1.{version}.0")).platforms([platform]).push();
    }
    let platform = "linux/arm64".parse::<image_source::PlatformConstraint>().unwrap();
    let source = source(&registry, TagRule::semver(None)).platform(platform).limit(3).build().unwrap();
    let answer = found(source.discover(DiscoverRequest::new()).await.unwrap());
    let tags: Vec<_> = answer.artifacts.iter().map(|image| image.tag.as_str()).collect();
    assert_eq!(tags, ["1.90.0", "1.80.0", "1.70.0"]);
    // Thirty have to be looked at; at most half as many more for not doing so one by one.
    let looks = registry.log().counters().requests - 1;
    assert!((30..=45).contains(&looks), "{looks} looks");

    let again = found(source_of(&registry).discover(DiscoverRequest::new()).await.unwrap());
    assert_eq!(again.cost.requests, answer.cost.requests, "the same repository always costs the same");
}

fn source_of(registry: &Registry) -> ImageSource {
    let platform = "linux/arm64".parse::<image_source::PlatformConstraint>().unwrap();
    source(registry, TagRule::semver(None)).platform(platform).limit(3).build().unwrap()
}

#[tokio::test]
async fn aliases_share_what_is_below_them() {
    let registry = Registry::start().unwrap();
    let pushed = registry.image("demo/app").tag("1.0.0").platforms(PLATFORMS).push();
    for version in 1..50 {
        registry.tag("demo/app", &pushed.digest, &format!("1.{version}.0")).unwrap();
    }
    let source = source(&registry, TagRule::newest()).build().unwrap();
    let cold = source.discover(DiscoverRequest::new()).await.unwrap();
    // One list, every tag once, and the twelve things below them once.
    cost(&registry, &cold, 1 + 50 + 6 * 2);
    assert_eq!(found(cold).artifacts[0].tag, "1.9.0", "equal times: by tag, descending bytes");
}
