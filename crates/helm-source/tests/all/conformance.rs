//! The contract of `ArtifactSource`, held over a chart repository and a registry on loopback.

use std::time::Duration;

use artifact_http::{Credential, HttpClient};
use artifact_source::Chart;
use artifact_source::conformance::{self, Disturbance, Fixture, Traffic};
use async_trait::async_trait;
use helm_source::{HelmSource, HelmSourceBuilder, IndexCache};
use warehouse_testkit::{
    Chart as Published, ChartIndex, ChartServer, Fault, FaultScript, Registry, Reply, RequestLog, When,
};

const SECRET: &str = "hunter2-SECRET";

const LIMIT: usize = 3;

/// A version of the chart `web` with this content.
fn web(version: &str, content: u32) -> Published {
    Published::new("web", version).file("values.yaml", format!("content: {content}\n"))
}

fn http() -> HttpClient {
    let quick = Duration::from_millis(1);
    HttpClient::builder().backoff(quick, quick).build().unwrap()
}

fn me() -> Credential {
    Credential::password("me", SECRET)
}

/// Makes a server of the testkit fail in this way, or work again.
fn disturb(faults: &FaultScript, disturbance: Option<Disturbance>) -> bool {
    faults.clear();
    let fault = match disturbance {
        None => return true,
        Some(Disturbance::Unavailable) => Fault::status(503),
        Some(Disturbance::Busy) => Reply::status(503).retry_after(Duration::from_secs(1)).into(),
        Some(Disturbance::Silent) => Fault::Stall,
        Some(_) => return false,
    };
    faults.add(When::any(), fault);
    true
}

fn traffic(log: &RequestLog) -> Traffic {
    let counters = log.counters();
    Traffic { requests: counters.requests, bytes: counters.body_bytes_sent }
}

/// A chart in a registry.
struct Tags {
    registry: Registry,
    /// Whether the best version stays the same one, with another digest each time.
    follows_digests: bool,
    published: u32,
    shuffled: usize,
}

impl Tags {
    fn new(follows_digests: bool) -> Self {
        let registry = Registry::builder().bearer("me", SECRET).page_size(2).reverse_tags().start().unwrap();
        for version in ["1.0.0", "1.10.0", "1.9.0", "1.9.0+a", "0.0.1"] {
            registry.push_chart("charts", &web(version, 0));
        }
        Self { registry, follows_digests, published: 0, shuffled: 0 }
    }
}

#[async_trait]
impl Fixture for Tags {
    type Source = HelmSource;

    async fn source(&self) -> HelmSource {
        HelmSource::builder(format!("oci://{}/charts/web", self.registry.host()))
            .http(http())
            .credentials(me())
            .constraint(">=0.1")
            .follow_digests(self.follows_digests)
            .limit(LIMIT)
            .build()
            .unwrap()
    }

    async fn listed(&self) -> Vec<String> {
        self.registry.tags("charts/web")
    }

    async fn publish(&mut self) {
        self.registry.faults().clear();
        self.published += 1;
        let version =
            if self.follows_digests { "9.0.0".to_owned() } else { format!("9.{}.0", self.published) };
        self.registry.push_chart("charts", &web(&version, self.published));
    }

    async fn shuffle(&mut self) -> bool {
        self.shuffled += 1;
        self.registry.faults().clear();
        let mut tags = self.registry.tags("charts/web");
        match self.shuffled % 3 {
            1 => tags.reverse(),
            2 => tags.rotate_left(2),
            // As the registry itself lists them.
            _ => return true,
        }
        self.registry.faults().add(When::get("/v2/charts/web/tags/list"), Reply::tags("charts/web", &tags));
        true
    }

    /// A tag has `_` for the `+` of the version.
    fn candidate(&self, chart: &Chart) -> String {
        chart.version.replace('+', "_")
    }

    async fn clear(&mut self) -> bool {
        self.registry.faults().clear();
        let fitting = self.registry.tags("charts/web").into_iter().filter(|tag| tag != "0.0.1");
        fitting.for_each(|tag| assert!(self.registry.delete_tag("charts/web", &tag)));
        true
    }

    async fn disturb(&mut self, disturbance: Option<Disturbance>) -> bool {
        disturb(self.registry.faults(), disturbance)
    }

    /// The password, and what the tokens of the registry begin with.
    fn secrets(&self) -> Vec<String> {
        vec![SECRET.to_owned(), "testkit-token".to_owned()]
    }

    fn traffic(&self) -> Option<Traffic> {
        Some(traffic(self.registry.log()))
    }
}

/// A chart in a chart repository.
struct Index {
    server: ChartServer,
    /// The versions in the order of the index, each with the number of its content.
    listed: Vec<(String, u32)>,
    published: u32,
    follows_digests: bool,
    cache: Option<IndexCache>,
}

impl Index {
    fn new(follows_digests: bool) -> Self {
        let server = ChartServer::builder().basic("me", SECRET).require_query(format!("token={SECRET}"));
        let versions: &[_] = match follows_digests {
            true => &["0.9.0", "0.8.0", "0.0.1"],
            false => &["1.0.0", "1.10.0", "1.9.0", "v1.9.0", "1.9", "0.0.1", "nightly", "1.10.0"],
        };
        let listed = versions.iter().map(|version| ((*version).to_owned(), 0)).collect();
        let index =
            Self { server: server.start().unwrap(), listed, published: 0, follows_digests, cache: None };
        index.set();
        index
    }

    fn set(&self) {
        if self.follows_digests {
            let mut index = ChartIndex::new();
            for (version, content) in &self.listed {
                index.add(&web(version, *content));
            }
            return self.server.set_index(index.render());
        }
        let entries = self.listed.iter().map(|(version, _)| format!("  - version: \"{version}\"\n"));
        self.server.set_index(format!("entries:\n  web:\n{}", entries.collect::<String>()));
    }
}

#[async_trait]
impl Fixture for Index {
    type Source = HelmSource;

    async fn source(&self) -> HelmSource {
        let url = self.server.url().replace("://", &format!("://me:{SECRET}@"));
        let source: HelmSourceBuilder = HelmSource::builder(format!("{url}/?token={SECRET}"));
        let source = source.chart("web").http(http()).constraint(">=0.1").limit(LIMIT);
        let source = source.follow_digests(self.follows_digests);
        match &self.cache {
            Some(cache) => source.cache(cache.clone()).build().unwrap(),
            None => source.build().unwrap(),
        }
    }

    async fn listed(&self) -> Vec<String> {
        self.listed.iter().map(|(version, _)| version.clone()).collect()
    }

    async fn publish(&mut self) {
        self.published += 1;
        if self.follows_digests {
            self.listed.retain(|(version, _)| version != "9.0.0");
            self.listed.push(("9.0.0".to_owned(), self.published));
        } else {
            self.listed.push((format!("9.{}.0", self.published), 0));
        }
        self.set();
    }

    async fn shuffle(&mut self) -> bool {
        self.listed.rotate_left(1);
        self.set();
        true
    }

    async fn clear(&mut self) -> bool {
        self.listed = vec![("0.0.1".to_owned(), 0)];
        self.set();
        true
    }

    async fn disturb(&mut self, disturbance: Option<Disturbance>) -> bool {
        disturb(self.server.faults(), disturbance)
    }

    fn secrets(&self) -> Vec<String> {
        vec![SECRET.to_owned()]
    }

    fn traffic(&self) -> Option<Traffic> {
        Some(traffic(self.server.log()))
    }
}

/// Runs the suite. No check may be left out but these.
async fn conforms<F: Fixture>(mut world: F, not_checked: &[(&str, &str)]) {
    let conformance = conformance::all(&mut world).await.unwrap();
    assert_eq!(conformance.not_checked(), not_checked);
}

#[tokio::test]
async fn every_rule() {
    conforms(Index::new(true), &[]).await;
    conforms(Tags::new(true), &[]).await;
}

#[tokio::test]
async fn every_transport() {
    conforms(Index::new(false), &[]).await;
    conforms(Tags::new(false), &[]).await;
}

#[tokio::test]
async fn every_cache() {
    let cache = Some(IndexCache::new(http()));
    conforms(Index { cache, ..Index::new(false) }, &[]).await;
}
