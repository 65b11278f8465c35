//! The same Warehouse gives the same result, without a network, as often as one likes.

use artifact_source::ErrorKind;
use warehouse_spec::{Options, Subscription, Warehouse, parse};
use warehouse_testkit::{Fault, GitServer, When};

use crate::world::{Credentials, World, errors, record, replay};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_is_the_discovery_again() {
    let world = World::start();
    let warehouse = world.warehouse();
    let (recorded, bundle) = record(&warehouse, Credentials).await;
    assert_eq!(errors(&recorded), [""; 0]);
    let before = world.requests();
    for _ in 0..10 {
        let (replayed, replay) = replay(&bundle, &warehouse).await;
        assert_eq!(errors(&replayed), [""; 0], "{:?}", replay.missing());
        assert_eq!(replayed.discovered_at, recorded.discovered_at);
        assert_eq!(replayed.discovered_artifacts(&warehouse), recorded.discovered_artifacts(&warehouse));
        assert_eq!(replayed.freight(&warehouse).unwrap(), recorded.freight(&warehouse).unwrap());
    }
    assert_eq!(world.requests(), before, "nothing is sent");
    drop(world);
    // The Warehouse of the bundle is the same one.
    let manifest = parse("bundle", &bundle.manifest(), &Options::default());
    assert!(manifest.is_valid(), "{:?}", manifest.diagnostics);
    let own: &Warehouse = &manifest.warehouses[0];
    let (replayed, _) = replay(&bundle, own).await;
    assert_eq!(replayed.freight(own).unwrap(), recorded.freight(&warehouse).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_are_replayed_and_those_that_passed_are_not() {
    let world = World::start();
    // One that passes, one that stays, one connection that is closed, and a page for browsers.
    world.registry.faults().add(When::get("/v2/shop/web/tags/list").first(1), Fault::status(503));
    world.registry.faults().add(When::path("/v2/shop/api/**"), Fault::status(500));
    world.charts.faults().add(When::any(), Fault::status(403));
    let mut warehouse = world.warehouse();
    let mut gone = world.branch();
    gone.repo_url = "http://127.0.0.1:1/shop".to_owned();
    warehouse.spec.subscriptions.push(Subscription::new(gone).with_name("gone"));
    let mut nowhere = world.branch();
    nowhere.branch = Some("nowhere".to_owned());
    warehouse.spec.subscriptions.push(Subscription::new(nowhere).with_name("nowhere"));
    let (recorded, bundle) = record(&warehouse, Credentials).await;
    let (replayed, replay) = replay(&bundle, &warehouse).await;
    let kinds = |report: &warehouse_discovery::Report| -> Vec<_> {
        report
            .failures()
            .map(|(subscription, error)| (subscription.index, error.kind(), error.status()))
            .collect()
    };
    assert_eq!(kinds(&replayed), kinds(&recorded), "{:?}", replay.missing());
    assert_eq!(
        kinds(&recorded),
        [
            (1, ErrorKind::Server, Some(500)),
            (5, ErrorKind::Forbidden, Some(403)),
            (7, ErrorKind::Unreachable, None),
            (8, ErrorKind::NotFound, None)
        ]
    );
    assert_eq!(replayed.discovered_artifacts(&warehouse), recorded.discovered_artifacts(&warehouse));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn git_servers_that_can_less_are_recorded_as_well() {
    let can_less = [
        ("without filters", GitServer::builder().without_filter()),
        ("protocol 0", GitServer::builder().old_protocol()),
        ("protocol 1", GitServer::builder().protocol_1()),
        ("whole histories", GitServer::builder().refuses_shallow()),
    ];
    for (name, builder) in can_less {
        let mut world = World::start();
        world.git = builder.start().unwrap();
        world.repository = world.git.create("shop").unwrap();
        let mut history = world.repository.history().unwrap();
        for number in 0..30 {
            let path = format!("apps/app-{}/values.yaml", number % 4);
            let commit =
                warehouse_testkit::Commit::new(format!("Change {number}")).file(path, format!("{number}"));
            history.commit("main", commit);
        }
        history.write().unwrap();
        world.repository.git(["tag", "v1.0.0", "main~3"]).unwrap();
        let warehouse = world.warehouse();
        let (recorded, bundle) = record(&warehouse, Credentials).await;
        assert_eq!(errors(&recorded), [""; 0], "{name}");
        let (replayed, replay) = replay(&bundle, &warehouse).await;
        assert_eq!(errors(&replayed), [""; 0], "{name}: {:?}", replay.missing());
        assert_eq!(replayed.freight(&warehouse).unwrap(), recorded.freight(&warehouse).unwrap(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_subscriptions_are_at_most_a_mebibyte() {
    let world = World::start();
    let mut warehouse = world.warehouse();
    let subscriptions = warehouse.spec.subscriptions.clone();
    for number in 0..20 - subscriptions.len() {
        let mut more = subscriptions[number % subscriptions.len()].clone();
        more.name = Some(format!("more-{number}"));
        warehouse.spec.subscriptions.push(more);
    }
    for minor in 0..2000 {
        world.registry.image("shop/web").tag(format!("0.{minor}.0")).platforms(["linux/amd64"]).push();
    }
    let (recorded, bundle) = record(&warehouse, Credentials).await;
    assert_eq!((errors(&recorded), recorded.subscriptions.len()), (vec![], 20));
    let mut file = Vec::new();
    bundle.write(&mut file).unwrap();
    eprintln!("twenty subscriptions: {} answers and repositories, {} bytes", bundle.len(), file.len());
    assert!(file.len() <= 1 << 20, "{} bytes", file.len());
}
