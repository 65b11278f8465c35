//! Servers that want credentials, a Warehouse over them, and its recording.

use std::sync::Arc;
use std::time::Duration;

use artifact_http::{Credential, CredentialRequest, CredentialSource, EgressPolicy, HttpClient, Login};
use artifact_source::{Error, SourceKind};
use async_trait::async_trait;
use discovery_bundle::{Bundle, Recorder, Replay};
use warehouse_discovery::{Discoverer, Report};
use warehouse_spec::{ChartSubscription, GitSubscription, ImageSubscription, Subscription, Warehouse};
use warehouse_testkit::{Chart, ChartServer, Commit, GitRepository, GitServer, Registry};

/// The secrets of the servers. None may be in a bundle.
pub const SECRETS: [&str; 4] = ["REGISTRY-SECRET", "GIT-SECRET", "CHARTS-SECRET", "URL-SECRET"];

/// A registry with tokens, a Git server and a chart repository with passwords.
pub struct World {
    pub registry: Registry,
    pub git: GitServer,
    pub repository: GitRepository,
    pub charts: ChartServer,
}

impl World {
    pub fn start() -> Self {
        let registry = Registry::builder().bearer("me", SECRETS[0]).page_size(10).start().unwrap();
        for minor in 0..15 {
            for repository in ["shop/web", "shop/api"] {
                let created = format!("2026-03-{:02}T08:00:00Z", minor + 1);
                let image = registry.image(repository).tag(format!("1.{minor}.0"));
                image.platforms(["linux/amd64", "linux/arm64"]).created(created).push();
            }
        }
        for version in ["4.0.0", "4.1.0"] {
            registry.push_chart("charts", &Chart::new("cache", version));
        }
        let git = GitServer::builder().basic("me", SECRETS[1]).start().unwrap();
        let repository = git.create("shop").unwrap();
        let mut history = repository.history().unwrap();
        for number in 0..40 {
            let path = format!("apps/app-{}/values.yaml", number % 4);
            history.commit("main", Commit::new(format!("Change {number}")).file(path, format!("{number}")));
        }
        history.write().unwrap();
        for (tag, commit) in [("v1.0.0", "main~20"), ("v1.1.0", "main~10"), ("v2.0.0", "main")] {
            repository.git(["tag", tag, commit]).unwrap();
        }
        let charts = ChartServer::builder().basic("me", SECRETS[2]).start().unwrap();
        for version in ["0.1.0", "0.2.0", "0.2.1"] {
            charts.publish(&Chart::new("shop", version));
        }
        Self { registry, git, repository, charts }
    }

    pub fn image(&self, repository: &str) -> ImageSubscription {
        ImageSubscription::new(format!("{}/{repository}", self.registry.host()))
    }

    pub fn branch(&self) -> GitSubscription {
        let mut git = GitSubscription::new(self.repository.url());
        git.branch = Some("main".to_owned());
        git
    }

    /// Everything that the servers have.
    pub fn warehouse(&self) -> Warehouse {
        let mut web = self.image("shop/web");
        web.discovery_limit = 5;
        let mut api = self.image("shop/api");
        api.image_selection_strategy = warehouse_spec::ImageSelectionStrategy::NewestBuild;
        let mut filtered = self.branch();
        filtered.include_paths = vec!["apps/app-1".to_owned()];
        filtered.discovery_limit = 3;
        let mut tags = GitSubscription::new(self.repository.url());
        tags.commit_selection_strategy = warehouse_spec::CommitSelectionStrategy::SemVer;
        let subscriptions = vec![
            Subscription::new(web),
            Subscription::new(api),
            Subscription::new(self.branch()).with_name("branch"),
            Subscription::new(filtered).with_name("filtered"),
            Subscription::new(tags).with_name("tags"),
            Subscription::new(ChartSubscription::classic(self.charts.url(), "shop")),
            Subscription::new(ChartSubscription::oci(format!("oci://{}/charts/cache", self.registry.host()))),
        ];
        let mut warehouse = Warehouse::new("shop", subscriptions);
        warehouse.metadata.namespace = Some("fruit".to_owned());
        warehouse
    }

    pub fn requests(&self) -> u64 {
        [self.registry.log(), self.git.log(), self.charts.log()]
            .iter()
            .map(|log| log.counters().requests)
            .sum()
    }
}

/// The credentials of the world.
#[derive(Debug)]
pub struct Credentials;

#[async_trait]
impl CredentialSource for Credentials {
    async fn credential(&self, request: &CredentialRequest<'_>) -> Result<Option<Login>, Error> {
        let password = match request.kind {
            SourceKind::Git => SECRETS[1],
            SourceKind::Chart if request.url.starts_with("http") => SECRETS[2],
            _ => SECRETS[0],
        };
        Ok(Some(Login::new(Credential::password("me", password), "the test")))
    }
}

/// Discovers and records.
pub async fn record(warehouse: &Warehouse, credentials: impl CredentialSource + 'static) -> (Report, Bundle) {
    let recorder = Recorder::new("2026-04-01T08:00:00Z".parse().unwrap());
    let credentials = Arc::new(credentials);
    let discoverer = || {
        let client = HttpClient::builder().backoff(Duration::from_millis(1), Duration::from_millis(5));
        Discoverer::builder()
            .http_client(recorder.http_client(client.build()?))
            .credentials(recorder.credentials(Arc::clone(&credentials)))
            .clock(recorder.recorded_at())
            .egress(EgressPolicy::workstation())
            .build()
    };
    let report = discoverer().unwrap().run(warehouse).await;
    recorder.complete(discoverer, [warehouse]).await.unwrap();
    let bundle = recorder.finish([warehouse]);
    // As it is read back.
    let mut file = Vec::new();
    bundle.write(&mut file).unwrap();
    let read = Bundle::read(&*file).unwrap();
    assert_eq!(read, bundle);
    (report, read)
}

/// Discovers again, from the bundle.
pub async fn replay(bundle: &Bundle, warehouse: &Warehouse) -> (Report, Replay) {
    let replay = Replay::new(bundle.clone());
    let discoverer = replay.discoverer().unwrap().build().unwrap();
    (discoverer.run(warehouse).await, replay)
}

/// The errors of a report.
pub fn errors(report: &Report) -> Vec<String> {
    report.failures().map(|(subscription, error)| format!("{}: {error}", subscription.index)).collect()
}
