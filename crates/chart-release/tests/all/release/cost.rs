//! How many requests a release of many charts takes: the table in `docs/src/cost.md`.

use chart_release::{ChartRepository, DevVersion, Report, Request};
use warehouse_testkit::{Commit, Conditions, RequestLog, S3Server};

use super::world::{NOW, World, chart};
use crate::fixture::{limits, open_s3};

/// A library chart, 65 charts that depend on it, and one without dependencies.
fn many() -> Commit {
    let commit = chart(Commit::new("Charts"), "common", "1.4.0", false, "first");
    let commit = chart(commit, "alone", "1.4.0", false, "first");
    (0..65).fold(commit, |commit, number| chart(commit, &format!("app{number}"), "1.4.0", true, "first"))
}

/// How often the registry and the store were asked, to read and to write each, and the Git server.
#[derive(Debug, PartialEq, Eq)]
struct Requests {
    registry: (usize, usize),
    store: (usize, usize),
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
        let reads_and_writes = |log: &RequestLog| {
            let all = log.all();
            let reads =
                all.iter().filter(|request| matches!(request.method.as_str(), "GET" | "HEAD")).count();
            (reads, all.len() - reads)
        };
        let requests = Requests {
            registry: reads_and_writes(world.registry.log()),
            store: reads_and_writes(store.log()),
            git: world.git.log().counters().requests,
        };
        (report, requests)
    }
}

const CHARTS: usize = 67;
/// The library chart and those that depend on it.
const CONCERNED: usize = 66;
/// Whether the store keeps conditions is tried in the store: three puts the first time, and two once the object of that is there.
const FIRST_PROBE: usize = 3;
const PROBE: usize = 2;

#[tokio::test]
async fn a_dev_release_of_67_charts() {
    let counted = Counted::new();
    let request = Request::Dev(Vec::new(), DevVersion::Fixed);
    let (report, cold) = counted.run(&request).await;
    assert_eq!(report.charts.len(), CHARTS);
    // What exists, and a push of 8; what exists, what is replaced, and what the index will name.
    let expected = Requests {
        registry: (4 * CHARTS, 5 * CHARTS),
        store: (1 + CHARTS + CHARTS + 1 + CHARTS, FIRST_PROBE + CHARTS + 1),
        git: 0,
    };
    assert_eq!(cold, expected);

    let (_, again) = counted.run(&request).await;
    assert_eq!(again, Requests { registry: (CHARTS, 0), store: (1 + CHARTS, 0), git: 0 });

    // Chart.yaml is the same, so is the configuration in the registry: it is not sent again.
    let values = counted.world.clone_folder().join("charts/common/values.yaml");
    std::fs::write(values, "changed: true\n").unwrap();
    let (_, changed) = counted.run(&request).await;
    let expected = Requests {
        registry: (CHARTS + 3 * CONCERNED, 3 * CONCERNED),
        store: (1 + CHARTS + CONCERNED + 1 + CONCERNED, PROBE + CONCERNED + 1),
        git: 0,
    };
    assert_eq!(changed, expected);
}

#[tokio::test]
async fn a_release_of_67_charts() {
    let counted = Counted::new();
    let names = counted.world.git(&["ls-tree", "--name-only", "HEAD", "charts/"]);
    let names = names.lines().map(|path| path.trim_start_matches("charts/").to_owned()).collect();
    let request = Request::Release(names);
    let (report, cold) = counted.run(&request).await;
    assert_eq!(report.charts.len(), CHARTS);
    // The push reads each tag again: another release may have moved it since. The archives are created on the condition that they are not there, which
    // is one request each.
    let expected = Requests {
        registry: (5 * CHARTS, 5 * CHARTS),
        store: (1 + CHARTS + 1, FIRST_PROBE + CHARTS + 1),
        git: 4,
    };
    assert_eq!(cold, expected);
    let (_, again) = counted.run(&request).await;
    assert_eq!(again, Requests { registry: (CHARTS, 0), store: (1 + CHARTS, 0), git: 2 });
}
