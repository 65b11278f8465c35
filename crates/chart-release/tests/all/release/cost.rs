//! How many requests a release of many charts takes: the table in `docs/src/cost.md`.

use chart_release::{ChartRepository, DevVersion, Report, Request};
use warehouse_testkit::{Commit, Conditions, S3Server, When};

use super::world::{NOW, World, chart};
use crate::fixture::{limits, open_s3};

/// A library chart, 65 charts that depend on it, and one that stands alone.
fn many() -> Commit {
    let commit = chart(Commit::new("Charts"), "common", "1.4.0", false, "first");
    let commit = chart(commit, "alone", "1.4.0", false, "first");
    (0..65).fold(commit, |commit, number| chart(commit, &format!("app{number}"), "1.4.0", true, "first"))
}

/// How often each was asked: the registry to read and to write, the store to read and to write, and the Git server.
#[derive(Debug, PartialEq, Eq)]
struct Requests {
    registry_reads: usize,
    registry_writes: usize,
    store_reads: usize,
    store_writes: usize,
    git: u64,
}

struct Counted {
    world: World,
    store: S3Server,
}

impl Counted {
    fn new() -> Self {
        Self { world: World::of(many()), store: S3Server::start(Conditions::Kept).unwrap() }
    }

    /// One run, and what it asked.
    async fn run(&self, request: &Request) -> (Report, Requests) {
        let Self { world, store } = self;
        world.registry.log().clear();
        world.git.log().clear();
        store.log().clear();
        let repository = ChartRepository::new(open_s3(&store.url(), limits())).with_clock(NOW);
        let release = world.builder().repository(repository).build();
        let plan = release.plan(request, &(), None).await.unwrap();
        let report = release.execute(plan, &(), None).await;
        assert!(report.is_complete(), "{:#?}", report.failures);
        let reads = |log: &warehouse_testkit::RequestLog| {
            log.count(&When::any().method("GET")) + log.count(&When::any().method("HEAD"))
        };
        let (registry, stored) = (world.registry.log(), store.log());
        let requests = Requests {
            registry_reads: reads(registry),
            registry_writes: registry.all().len() - reads(registry),
            store_reads: reads(stored),
            store_writes: stored.all().len() - reads(stored),
            git: world.git.log().counters().requests,
        };
        (report, requests)
    }
}

#[tokio::test]
async fn a_dev_release_of_67_charts() {
    let counted = Counted::new();
    let request = Request::Dev(Vec::new(), DevVersion::Fixed);
    let (report, cold) = counted.run(&request).await;
    assert_eq!(report.charts.len(), 67);
    let (_, again) = counted.run(&request).await;
    let values = counted.world.clone_folder().join("charts/common/values.yaml");
    std::fs::write(values, "changed: true\n").unwrap();
    let (_, changed) = counted.run(&request).await;
    eprintln!("{cold:?}\n{again:?}\n{changed:?}");
}

#[tokio::test]
async fn a_release_of_67_charts() {
    let counted = Counted::new();
    let names = counted.world.git(&["ls-tree", "--name-only", "HEAD", "charts/"]);
    let names = names.lines().map(|path| path.trim_start_matches("charts/").to_owned()).collect();
    let request = Request::Release(names);
    let (report, cold) = counted.run(&request).await;
    assert_eq!(report.charts.len(), 67);
    let (_, again) = counted.run(&request).await;
    eprintln!("{cold:?}\n{again:?}");
}
