//! Two releasers at once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use artifact_http::Call;
use chart_release::registry::Standing;
use chart_release::store::Random;
use chart_release::{Action, ChartRegistry, DevVersion, ReleaseObserver, Report, Request, StepKind};

use super::killed::runs;
use super::world::{CHARTS, World, builder, chart, client};
use warehouse_testkit::Commit;

/// Waits a little before and after each step.
struct Dawdling(Mutex<Random>);

impl Dawdling {
    fn pass(&self) {
        let microseconds = self.0.lock().unwrap().next_u64() % 3_000;
        std::thread::sleep(Duration::from_micros(microseconds));
    }
}

impl ReleaseObserver for Dawdling {
    fn packaging(&self, _: &str) {
        self.pass();
    }

    fn started(&self, _: &str, _: StepKind, _: &str) {
        self.pass();
    }

    fn finished(&self, _: &str, _: StepKind, _: Action) {
        self.pass();
    }
}

/// One release of a clone, planned and carried out; without names, a dev release of all charts.
async fn release(clone: &Path, world: (String, &Path), names: &[&str], seed: u64) -> Report {
    let release = builder(clone, &world.0, world.1, client()).build();
    let observer = Dawdling(Mutex::new(Random::seeded(seed)));
    let request = match names {
        [] => Request::Dev(Vec::new(), DevVersion::Fixed),
        names => Request::Release(names.iter().map(|&name| name.to_owned()).collect()),
    };
    let plan = release.plan(&request, &observer, None).await.unwrap();
    release.execute(plan, &observer, None).await
}

/// The digest of each chart in the registry, the store and the index.
async fn published(world: &World, version: &str) -> BTreeMap<String, [Option<String>; 3]> {
    let registry = ChartRegistry::builder(world.registry_url()).http(client()).build().unwrap();
    let index = std::fs::read_to_string(world.store().join("index.yaml")).unwrap_or_default();
    let mut found = BTreeMap::new();
    for name in CHARTS {
        let pushed = match registry.standing(name, version, &Call::new()).await.unwrap() {
            Standing::Chart(chart) => Some(chart.chart.to_string()),
            Standing::Nothing => None,
            other => panic!("{other}"),
        };
        let archive = std::fs::read(world.store().join(format!("{name}-{version}.tgz"))).ok();
        let stored =
            archive.map(|archive| chart_release::Package::from_archive(archive).unwrap().digest().to_owned());
        let entry =
            index.split("  - apiVersion").find(|entry| entry.contains(&format!("{name}-{version}.tgz")));
        let digest = entry.and_then(|entry| entry.split_once("digest: ")?.1.lines().next());
        found.insert(name.to_owned(), [pushed, stored, digest.map(|digest| format!("sha256:{digest}"))]);
    }
    found
}

/// Two commits with the same versions and other content: whichever comes first is published everywhere, and nothing of the other one is.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_releasers_of_one_version_one_wins_everywhere() {
    let mut both = [0, 0];
    for seed in 0..runs() / 2 {
        let world = World::new();
        let commit = Commit::new("Changed, and the version was not raised");
        let commit = chart(commit, "web", "1.4.0", true, "second");
        world.remote.commit("main", chart(commit, "worker", "1.4.0", true, "second")).unwrap();
        let clones = [world.clone_folder(), world.clone_to("second")];
        let store = world.store();
        let places = || (world.registry_url(), store.as_path());
        // In different orders, and each with one chart that the other one does not have.
        let first = release(&clones[0], places(), &["web", "worker", "common"], seed * 2);
        let second = release(&clones[1], places(), &["worker", "web", "alone"], seed * 2 + 1);
        let reports = tokio::join!(first, second);
        for (wins, report) in both.iter_mut().zip([&reports.0, &reports.1]) {
            *wins += u64::from(report.is_complete());
        }
        assert!(
            reports.0.is_complete() != reports.1.is_complete(),
            "seed {seed}: one of them is complete, and one is not: {:#?}",
            [&reports.0.failures, &reports.1.failures]
        );
        let loser = if reports.0.is_complete() { &reports.1 } else { &reports.0 };
        assert!(!loser.failures.is_empty());
        for (name, digests) in published(&world, "1.4.0").await {
            let mut known = digests.iter().flatten();
            let first = known.next();
            assert!(known.all(|digest| Some(digest) == first), "seed {seed}: {name} {digests:?}");
        }
    }
    eprintln!("the first one won {} times, the second one {} times", both[0], both[1]);
}

/// Two commits that release other charts: both are published, and no entry is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_releasers_of_other_charts_lose_nothing() {
    for seed in 0..runs() / 2 {
        let world = World::new();
        let clones = [world.clone_folder(), world.clone_to("second")];
        let store = world.store();
        let places = || (world.registry_url(), store.as_path());
        let first = release(&clones[0], places(), &["web", "common"], seed * 2);
        let second = release(&clones[1], places(), &["worker", "common", "alone"], seed * 2 + 1);
        let (first, second) = tokio::join!(first, second);
        assert!(
            first.is_complete() && second.is_complete(),
            "seed {seed}: {:#?}",
            [first.failures, second.failures]
        );
        for (name, digests) in published(&world, "1.4.0").await {
            assert!(
                digests[0].is_some() && digests.iter().all(|digest| *digest == digests[0]),
                "seed {seed}: {name} {digests:?}"
            );
        }
        let tags = world.remote.git(["tag", "--list"]).unwrap();
        assert_eq!(tags.lines().count(), CHARTS.len(), "{tags}");
    }
}

/// Two dev releases with other content: the registry, the store and the index end with the same, whichever it is, and the other release says that it was
/// superseded, unless it was complete before.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_dev_releases_one_stands_everywhere() {
    let mut superseded = 0;
    for seed in 0..runs() / 2 {
        let world = World::new();
        let clones = [world.clone_folder(), world.clone_to("second")];
        for name in CHARTS {
            std::fs::write(clones[1].join(format!("charts/{name}/values.yaml")), "second: true\n").unwrap();
        }
        if seed % 3 == 0 {
            // The registry has the first one's content already, which it does not push again.
            let first = release(&clones[0], (world.registry_url(), world.store().as_path()), &[], seed).await;
            assert!(first.is_complete());
            for name in CHARTS {
                std::fs::remove_file(world.store().join(format!("{name}-0.0.0-dev.tgz"))).unwrap();
            }
            std::fs::remove_file(world.store().join("index.yaml")).unwrap();
        }
        let store = world.store();
        let places = || (world.registry_url(), store.as_path());
        let first = release(&clones[0], places(), &[], seed * 2);
        let second = release(&clones[1], places(), &[], seed * 2 + 1);
        let (first, second) = tokio::join!(first, second);
        for (name, digests) in published(&world, "0.0.0-dev").await {
            assert!(
                digests[0].is_some() && digests.iter().all(|digest| *digest == digests[0]),
                "seed {seed}: {name} {digests:?}: {first:#?} {second:#?}"
            );
            for report in [&first, &second] {
                let chart = report.charts.iter().find(|chart| chart.chart == name).unwrap();
                let stands = Some(&chart.digest) == digests[0].as_ref();
                // A release that was complete before the other one replaced it says so, and nothing else.
                assert_ne!(chart.is_complete(), chart.is_superseded(), "seed {seed}: {chart:#?}");
                assert!(chart.is_complete() || !stands, "seed {seed}: {chart:#?} {:?}", report.failures);
                superseded += u32::from(chart.is_superseded());
            }
        }
        assert!(
            first.failures.is_empty() && second.failures.is_empty(),
            "{:?} {:?}",
            first.failures,
            second.failures
        );
    }
    assert!(superseded > 0);
}
