//! What the tests of costs share.

pub mod answers;
pub mod process;

use std::sync::Arc;

use artifact_http::{Credential, HttpClient, Login};
use artifact_source::{ArtifactSource, DiscoverRequest, Discovery, Found, Image};
use image_source::{FactCache, ImageSource, ImageSourceBuilder};
use oci_registry::RegistryClient;
use selection_strategies::TagRule;
use warehouse_testkit::{Registry, RegistryBuilder};

pub const PLATFORMS: [&str; 6] =
    ["linux/amd64", "linux/arm64/v8", "linux/arm/v7", "linux/386", "linux/ppc64le", "linux/s390x"];
pub const CREATED: &str = "org.opencontainers.image.created";

/// Whether an index says when it was built, or only the configurations of its platforms do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Annotated {
    Yes,
    No,
}

/// A registry that wants a token, with pages of 1,000 tags and this many versions for six platforms each.
pub fn registry(builder: RegistryBuilder, versions: usize, annotated: Annotated) -> Registry {
    let registry = builder.bearer("me", "secret").page_size(1000).start().unwrap();
    for version in 0..versions {
        push(&registry, &format!("1.{version}.0"), version, annotated);
    }
    registry
}

/// Publishes a version for six platforms, built in this second.
pub fn push(registry: &Registry, tag: &str, second: usize, annotated: Annotated) {
    let created = format!("2024-01-01T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60);
    let image = registry.image("demo/app").tag(tag).platforms(PLATFORMS).created(&created);
    match annotated {
        Annotated::Yes => image.annotation(CREATED, created).push(),
        Annotated::No => image.push(),
    };
}

pub fn client() -> RegistryClient {
    client_as("me", "secret")
}

pub fn client_as(user: &str, password: &str) -> RegistryClient {
    let http = HttpClient::builder().build().unwrap();
    // Named, so that another process finds what was read with it.
    let login = Login::new(Credential::password(user, password), "a test");
    RegistryClient::builder(http).credentials(login).build()
}

/// A source with a client, and therefore a token, of its own.
pub fn source_at(host: &str, rule: TagRule) -> ImageSourceBuilder {
    ImageSource::builder(format!("{host}/demo/app")).registry(client()).rule(rule)
}

pub fn source(registry: &Registry, rule: TagRule) -> ImageSourceBuilder {
    source_at(&registry.host(), rule)
}

/// The same through this cache.
pub fn cached(registry: &Registry, rule: TagRule, cache: &Arc<impl FactCache + 'static>) -> ImageSource {
    source(registry, rule).cache(Arc::clone(cache) as _).build().unwrap()
}

/// Holds the number of requests that the registry saw against the expected and the stated one.
#[track_caller]
pub fn cost(registry: &Registry, found: &Discovery<Image>, expected: u64) {
    let counters = registry.log().counters();
    assert_eq!(counters.requests, expected, "requests");
    assert_eq!(found.cost().requests, expected, "requests in the stated cost");
    assert_eq!(found.cost().bytes_received, counters.body_bytes_sent, "bytes in the stated cost");
    registry.log().clear();
}

pub fn found(answer: Discovery<Image>) -> Found<Image> {
    answer.found().expect("it was not unchanged")
}

pub async fn discover(source: &ImageSource) -> Discovery<Image> {
    source.discover(DiscoverRequest::new()).await.unwrap()
}

pub async fn images(source: &ImageSource) -> Vec<Image> {
    found(discover(source).await).artifacts
}
