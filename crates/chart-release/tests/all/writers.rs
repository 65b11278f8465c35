//! Several writers at once: no entry is lost, nothing is overwritten.

use std::collections::BTreeSet;
use std::ops::Range;

use chart_release::Error;
use chart_release::Overwrite;
use chart_release::repository::ChartRepository;
use chart_release::store::{Random, Store};
use warehouse_testkit::Conditions;

use crate::fixture::{self, Held, noon, other_package, package, run};
use crate::repository::consistent;

/// How many seeded runs; `RUNS=1000` for more.
fn runs(default: u64) -> u64 {
    std::env::var("RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(default)
}

/// One run: writers with charts of their own, versions of a chart that both have, one version with other content, and a dev version.
async fn one_run(store: &Store, seed: u64, writers: u64) {
    let dev = Overwrite::Version("0.0.0-dev".to_owned());
    let work = (0..writers).map(|writer| {
        let dev = dev.clone();
        let repository =
            ChartRepository::new(store.clone()).with_clock(noon()).with_seed(seed * 100 + writer);
        async move {
            let mut random = Random::seeded(seed * 1000 + writer);
            tokio::time::sleep(std::time::Duration::from_micros(random.next_u64() % 2000)).await;
            let own = package(&format!("own-{writer}"), &format!("1.0.{seed}"));
            let shared = package("shared", &format!("1.{writer}.{seed}"));
            let same = package("same", &format!("1.0.{seed}"));
            repository.publish(&[own, shared, same], &Overwrite::Never).await.unwrap();
            let dev_package = other_package("dev", "0.0.0-dev", &format!("{seed} {writer}"));
            repository.publish(&[dev_package], &dev).await.unwrap();
            let contested = other_package("contested", &format!("1.0.{seed}"), &format!("{writer}"));
            match repository.publish(std::slice::from_ref(&contested), &Overwrite::Never).await {
                Ok(_) => Some(contested),
                Err(Error::Conflict(_)) => None,
                Err(error) => panic!("{error}"),
            }
        }
    });
    let won: Vec<_> = futures::future::join_all(work).await.into_iter().flatten().collect();
    assert_eq!(won.len(), 1, "one of the writers has the contested version");
    let repository = ChartRepository::new(store.clone());
    let version = format!("1.0.{seed}");
    let standing = repository.standing(&[("contested", &version), ("dev", "0.0.0-dev")]).await.unwrap();
    assert_eq!(standing[0].entry.as_deref(), Some(won[0].digest()));
    assert_eq!(standing[0].archive, standing[0].entry);
    assert_eq!(standing[1].archive, standing[1].entry, "the entry of the dev version is that of its archive");
}

/// Runs in groups, each with a repository of its own, which the runs of the group fill.
fn all(held: impl Fn() -> Held, runs: u64, writers: u64) {
    for first in (0..runs).step_by(20) {
        group(&held(), first..runs.min(first + 20), writers);
    }
}

fn group(held: &Held, seeds: Range<u64>, writers: u64) {
    run(async {
        for seed in seeds.clone() {
            one_run(&held.store, seed, writers).await;
        }
    });
    let objects = held.objects();
    let index = helm_source::Index::from_slice(&objects["index.yaml"]).unwrap();
    let versions = |chart: &str| index.versions(chart).unwrap().map(str::to_owned).collect::<BTreeSet<_>>();
    for seed in seeds.clone() {
        for writer in 0..writers {
            assert!(versions(&format!("own-{writer}")).contains(&format!("1.0.{seed}")));
            assert!(versions("shared").contains(&format!("1.{writer}.{seed}")));
        }
    }
    let runs = seeds.end - seeds.start;
    let count = usize::try_from(runs * writers + runs * writers + runs + runs + 1).unwrap();
    assert_eq!(index.version_count(), count, "nothing twice, nothing lost");
    consistent(&objects);
}

#[test]
fn two_writers_at_once_on_a_folder() {
    all(fixture::file_store, runs(200), 2);
}

#[test]
fn two_writers_at_once_on_s3() {
    all(|| fixture::s3_store(Conditions::Kept), runs(200), 2);
}

#[test]
fn writers_at_once_without_conditions_take_the_lock() {
    all(|| fixture::s3_store(Conditions::Ignored), runs(8), 2);
}

#[test]
fn six_writers_at_once_on_a_folder() {
    all(fixture::file_store, runs(10), 6);
}
