//! The contract of `ArtifactSource`, held over a registry on loopback.

use std::sync::Arc;
use std::time::Duration;

use artifact_http::{Credential, HttpClient};
use artifact_source::conformance::{self, Disturbance, Fixture, Traffic};
use async_trait::async_trait;
use image_source::{DiskCache, ImageSource, Platform};
use oci_registry::RegistryClient;
use selection_strategies::{TagFilter, TagRule};
use warehouse_testkit::{Fault, Registry, RegistryBuilder, Reply, When};

const SECRET: &str = "hunter2-SECRET";

struct World {
    registry: Registry,
    rule: TagRule,
    platform: Option<Platform>,
    next: u32,
    shuffled: usize,
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
        Self { registry, rule, platform: None, next: 3, shuffled: 0, only: None, folder: None }
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
        self.registry.faults().clear();
        let tag = match self.only {
            Some(tag) => tag.to_owned(),
            None => format!("{}.0.0", self.next),
        };
        let created = format!("2025-01-{:02}T00:00:00Z", self.next);
        let image = self.registry.image("demo/app").tag(tag).created(&created).annotation("made", created);
        image.platforms(["linux/amd64", "linux/arm64"]).push();
        self.next += 1;
    }

    async fn shuffle(&mut self) -> bool {
        self.shuffled += 1;
        self.registry.faults().clear();
        let mut tags = self.registry.tags("demo/app");
        match self.shuffled % 3 {
            1 => tags.reverse(),
            2 => tags.rotate_left(3),
            // As the registry itself lists them.
            _ => return true,
        }
        self.registry.faults().add(When::get("/v2/demo/app/tags/list"), Reply::tags("demo/app", &tags));
        true
    }

    async fn clear(&mut self) -> bool {
        self.registry.faults().clear();
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
            Some(Disturbance::Busy) => Reply::status(503).retry_after(Duration::from_secs(1)).into(),
            Some(Disturbance::Silent) => Fault::Stall,
            Some(_) => return false,
        };
        self.registry.faults().add(When::any(), fault);
        true
    }

    /// The password, and what the tokens of the registry begin with.
    fn secrets(&self) -> Vec<String> {
        vec![SECRET.to_owned(), "testkit-token".to_owned()]
    }

    fn traffic(&self) -> Option<Traffic> {
        let counters = self.registry.log().counters();
        Some(Traffic { requests: counters.requests, bytes: counters.body_bytes_sent })
    }
}

/// Runs the suite. No check may be left out but these.
async fn conforms(mut world: World, not_checked: &[(&str, &str)]) {
    let conformance = conformance::all(&mut world).await.unwrap();
    assert_eq!(conformance.not_checked(), not_checked);
}

#[tokio::test]
async fn every_rule() {
    let filter = TagFilter::builder().allow("^[0-9]").build().unwrap();
    for rule in [TagRule::semver(None), TagRule::lexical().with_filter(filter), TagRule::newest()] {
        conforms(World::new(Registry::builder(), rule), &[]).await;
    }
    let mut one_tag = World::new(Registry::builder(), TagRule::digest("latest"));
    one_tag.only = Some("latest");
    let not_checked = [
        ("order_ignores_the_listing", "fewer than two candidates are listed"),
        ("the_best_comes_first", "fewer than two artifacts are found"),
    ];
    conforms(one_tag, &not_checked).await;
}

#[tokio::test]
async fn every_transport() {
    let behind_a_token = Registry::builder().bearer("me", SECRET).reverse_tags();
    let mut behind_a_token = World::new(behind_a_token, TagRule::semver(None));
    behind_a_token.platform = Some("linux/arm64".parse().unwrap());
    conforms(behind_a_token, &[]).await;
    conforms(World::new(Registry::builder().basic("me", SECRET), TagRule::semver(None)), &[]).await;
    conforms(World::new(Registry::builder().redirect_blobs(), TagRule::newest()), &[]).await;
}

#[tokio::test]
async fn every_cache() {
    let mut world = World::new(Registry::builder().bearer("me", SECRET), TagRule::newest());
    world.folder = Some(tempfile::tempdir().unwrap());
    conforms(world, &[]).await;
}
