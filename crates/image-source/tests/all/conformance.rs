//! The contract of `ArtifactSource`, held over a registry on loopback.

use std::sync::Arc;
use std::time::Duration;

use artifact_http::{Credential, HttpClient};
use artifact_source::conformance::{self, Disturbance, Fixture};
use async_trait::async_trait;
use image_source::{DiskCache, ImageSource, Platform};
use oci_registry::RegistryClient;
use selection_strategies::{TagFilter, TagRule};
use warehouse_testkit::{Fault, Registry, RegistryBuilder, When};

const SECRET: &str = "hunter2-SECRET";
/// `me:hunter2-SECRET` as Basic sends it.
const BASE64: &str = "bWU6aHVudGVyMi1TRUNSRVQ";

struct World {
    registry: Registry,
    rule: TagRule,
    platform: Option<Platform>,
    next: u32,
    /// The one tag that is read without a list.
    only: Option<&'static str>,
    /// The folder of the cache, a new one for each source.
    folder: Option<tempfile::TempDir>,
}

impl World {
    fn new(registry: RegistryBuilder, rule: TagRule) -> Self {
        let registry = registry.page_size(4).start().unwrap();
        for (number, tag) in
            ["v1.0.0", "1.0.0", "1.1.0", "1.2.0", "latest", "2.0.0-rc.1", "nightly"].iter().enumerate()
        {
            let created = format!("2024-01-0{}T00:00:00Z", number + 1);
            let image = registry.image("demo/app").tag(*tag).created(created);
            match number % 3 {
                0 => image.single("linux/amd64").push(),
                1 => image.platforms(["linux/amd64", "linux/arm64"]).push(),
                _ => image.platforms(["linux/arm64/v8"]).attested().push(),
            };
        }
        Self { registry, rule, platform: None, next: 3, only: None, folder: None }
    }
}

#[async_trait]
impl Fixture for World {
    type Source = ImageSource;

    async fn source(&self) -> ImageSource {
        let quick = Duration::from_millis(1);
        let http = HttpClient::builder().backoff(quick, quick).build().unwrap();
        let client = RegistryClient::builder(http).credentials(Credential::password("me", SECRET)).build();
        let source = ImageSource::builder(format!("{}/demo/app", self.registry.host()))
            .registry(client)
            .rule(self.rule.clone())
            .platform(self.platform.clone())
            .limit(3);
        match &self.folder {
            Some(folder) => source.cache(Arc::new(DiskCache::new(folder.path()))).build().unwrap(),
            None => source.build().unwrap(),
        }
    }

    async fn listed(&self) -> Vec<String> {
        match self.only {
            Some(tag) => vec![tag.to_owned()],
            None => self.registry.tags("demo/app"),
        }
    }

    async fn publish(&mut self) {
        let tag = match self.only {
            Some(tag) => tag.to_owned(),
            None => format!("{}.0.0", self.next),
        };
        let created = format!("2025-01-0{}T00:00:00Z", self.next);
        let image = self.registry.image("demo/app").tag(tag).created(&created).annotation("made", created);
        image.platforms(["linux/amd64", "linux/arm64"]).push();
        self.next += 1;
    }

    async fn clear(&mut self) -> bool {
        for tag in self.registry.tags("demo/app") {
            self.registry.delete_tag("demo/app", &tag);
        }
        true
    }

    async fn disturb(&mut self, disturbance: Option<Disturbance>) -> bool {
        self.registry.faults().clear();
        let fault = match disturbance {
            None => return true,
            Some(Disturbance::Unavailable) => Fault::status(503),
            Some(Disturbance::Silent) => Fault::Stall,
            Some(_) => return false,
        };
        self.registry.faults().add(When::any(), fault);
        true
    }

    fn secrets(&self) -> Vec<String> {
        vec![SECRET.to_owned(), BASE64.to_owned()]
    }
}

/// Runs the suite, of which no check may be left out.
async fn conforms(mut world: World) {
    let conformance = conformance::all(&mut world).await.unwrap();
    assert_eq!(conformance.not_checked(), [""; 0]);
}

#[tokio::test]
async fn semantic_versions() {
    conforms(World::new(Registry::builder(), TagRule::semver(None))).await;
}

#[tokio::test]
async fn semantic_versions_behind_a_token_for_one_platform() {
    let mut world =
        World::new(Registry::builder().bearer("me", SECRET).reverse_tags(), TagRule::semver(None));
    world.platform = Some("linux/arm64".parse().unwrap());
    conforms(world).await;
}

#[tokio::test]
async fn lexical() {
    let filter = TagFilter::builder().allow("^[0-9]").build().unwrap();
    let world = World::new(Registry::builder(), TagRule::lexical().with_filter(filter));
    conforms(world).await;
}

#[tokio::test]
async fn newest_build() {
    conforms(World::new(Registry::builder().redirect_blobs(), TagRule::newest())).await;
}

#[tokio::test]
async fn digest() {
    let mut world = World::new(Registry::builder(), TagRule::digest("latest"));
    world.only = Some("latest");
    conforms(world).await;
}

#[tokio::test]
async fn newest_build_with_a_cache_on_disk() {
    let mut world = World::new(Registry::builder().bearer("me", SECRET), TagRule::newest());
    world.folder = Some(tempfile::tempdir().unwrap());
    conforms(world).await;
}
