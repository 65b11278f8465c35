//! What a watch promises: it tells each change once, costs the polls where nothing moved, calls the handler at least once for every piece of Freight
//! wherever it is stopped, and waits as its schedule says.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use artifact_source::memory::MemorySource;
use artifact_source::{
    ArtifactSource, ArtifactSourceExt, Clock, DiscoverRequest, Discovery, Error, ErrorKind, Generic, SourceId,
};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use warehouse_discovery::Discoverer;
use warehouse_discovery::watch::{FreightHandler, HandlerError, NewFreight, Schedule, StateFolder, Watcher};
use warehouse_spec::{
    ChartSubscription, CommitSelectionStrategy, FreightCreationCriteria, FreightCreationPolicy,
    GenericSubscription, GitSubscription, ImageSubscription, Subscription, Warehouse,
};
use warehouse_testkit::{Chart, ChartServer, Commit, GitServer, Registry};

use crate::on_loopback;

/// A clock that a test sets.
#[derive(Clone, Debug)]
struct TestClock(Arc<Mutex<Timestamp>>);

impl TestClock {
    fn new() -> Self {
        Self(Arc::new(Mutex::new("2026-03-01T08:00:00Z".parse().unwrap())))
    }

    fn advance(&self, seconds: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// A memory source that fails as long as an error is set.
#[derive(Clone, Debug)]
struct Flaky {
    memory: MemorySource,
    error: Arc<Mutex<Option<Error>>>,
}

impl std::fmt::Display for Flaky {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.memory.fmt(f)
    }
}

#[async_trait]
impl ArtifactSource for Flaky {
    type Artifact = Generic;

    fn id(&self) -> &SourceId {
        self.memory.id()
    }

    async fn discover(&self, request: DiscoverRequest<'_>) -> Result<Discovery<Generic>, Error> {
        let error = self.error.lock().unwrap().clone();
        match error {
            Some(error) => Err(error),
            None => self.memory.discover(request).await,
        }
    }
}

/// A Warehouse with one subscription, whose source is in memory and can be made to fail.
struct World {
    flaky: Flaky,
    clock: TestClock,
    discoverer: Discoverer,
    warehouse: Warehouse,
}

impl World {
    fn new(versions: &[&str]) -> Self {
        let flaky = Flaky { memory: MemorySource::new("m", versions.iter().copied()), error: Arc::default() };
        let clock = TestClock::new();
        let source = flaky.clone();
        let discoverer =
            on_loopback().clock(clock.clone()).generic("flaky", move |_| Ok(source.clone().erase()));
        let subscription = Subscription::new(GenericSubscription::new("flaky")).with_name("m");
        Self {
            flaky,
            clock,
            discoverer: discoverer.build().unwrap(),
            warehouse: Warehouse::new("test", vec![subscription]),
        }
    }

    fn fail(&self, error: impl Into<Option<Error>>) {
        *self.flaky.error.lock().unwrap() = error.into();
    }

    fn publish(&self, version: &str) {
        self.flaky.memory.publish(version);
    }

    fn watcher(&self) -> Watcher {
        Watcher::builder(&self.discoverer, self.warehouse.clone()).build().unwrap()
    }
}

/// What a round tells, line by line, with names of Freight shortened.
async fn told(watcher: &mut Watcher) -> Vec<String> {
    let lines = Mutex::new(Vec::new());
    watcher.round(|event| lines.lock().unwrap().push(event.to_string())).await;
    let shorten = |line: String| {
        let words = line.split(' ').map(|word| {
            let end = word.find(|letter: char| !letter.is_ascii_hexdigit()).unwrap_or(word.len());
            if end == 40 { format!("F{}", &word[40..]) } else { word.to_owned() }
        });
        words.collect::<Vec<_>>().join(" ")
    };
    lines.into_inner().unwrap().into_iter().map(shorten).collect()
}

fn unreachable() -> Error {
    Error::new(ErrorKind::Unreachable, "nothing listens").with_transient(true)
}

#[tokio::test]
async fn each_change_is_told_once() {
    let world = World::new(&[]);
    let mut watcher = world.watcher();
    let source = "test: memory m (subscription m)";
    let nothing: [String; 0] = [];
    assert_eq!(
        told(&mut watcher).await,
        [
            format!("{source}: nothing fits"),
            "test: no Freight: subscription 0 (flaky (subscription m)) found nothing that fits".to_owned()
        ]
    );
    assert_eq!(told(&mut watcher).await, nothing);
    world.publish("1");
    assert_eq!(told(&mut watcher).await, [format!("{source}: found 1"), "test: Freight F".to_owned()]);
    assert_eq!(told(&mut watcher).await, nothing);
    world.publish("2");
    assert_eq!(told(&mut watcher).await, [format!("{source}: 1 -> 2"), "test: Freight F after F".to_owned()]);
    world.clock.advance(60);
    world.fail(unreachable());
    assert_eq!(
        told(&mut watcher).await,
        [format!(
            "{source}: failed: nothing listens; what is left is the result of 2026-03-01T08:00:00Z (1m old)"
        )]
    );
    world.clock.advance(60);
    assert_eq!(told(&mut watcher).await, nothing, "the same failure again");
    world.fail(Error::new(ErrorKind::Server, "it is ill").with_status(503));
    assert_eq!(
        told(&mut watcher).await,
        [format!("{source}: failed: it is ill (HTTP 503); what is left is the result of 2026-03-01T08:00:00Z (2m old)")]
            .map(|line| line.replace(" (HTTP 503)", &shown_status()))
    );
    world.fail(None);
    world.publish("3");
    assert_eq!(
        told(&mut watcher).await,
        [
            format!("{source}: answers again"),
            format!("{source}: 2 -> 3"),
            "test: Freight F after F".to_owned()
        ]
    );
}

#[tokio::test]
async fn a_handler_that_is_added_later_gets_the_freight_that_is_there() {
    let world = World::new(&["1"]);
    let folder = tempfile::tempdir().unwrap();
    let builder = || {
        let state = StateFolder::open(folder.path()).unwrap().file(&world.warehouse);
        Watcher::builder(&world.discoverer, world.warehouse.clone()).state(state)
    };
    let mut without = builder().build().unwrap();
    assert_eq!(told(&mut without).await.len(), 2);
    assert_eq!((without.state().pending().count(), without.state().handled().count()), (0, 0));
    drop(without);
    let mut with = builder().handler(()).build().unwrap();
    assert_eq!(told(&mut with).await, ["test: Freight F: handled"]);
    assert_eq!(told(&mut with).await, [""; 0]);
    assert_eq!(with.state().handled().count(), 1);
}

/// What an error with a status says after its message.
fn shown_status() -> String {
    let error = Error::new(ErrorKind::Server, "it is ill").with_status(503).to_string();
    error.replace("it is ill", "")
}

#[tokio::test]
async fn a_policy_is_no_news_and_criteria_are() {
    let mut world = World::new(&["1"]);
    world.warehouse.spec.freight_creation_policy = FreightCreationPolicy::Manual;
    assert_eq!(told(&mut world.watcher()).await, ["test: memory m (subscription m): found 1"]);

    let registry = Registry::start().unwrap();
    registry.image("shop/web").tag("1.0.0").push();
    let url = format!("{}/shop/web", registry.host());
    let mut warehouse = Warehouse::new("shop", vec![Subscription::new(ImageSubscription::new(&url))]);
    let expression = format!("imageFrom('{url}').Tag == '1.1.0'");
    warehouse.spec.freight_creation_criteria = Some(FreightCreationCriteria::new(&expression));
    let discoverer = on_loopback().build().unwrap();
    let mut watcher = Watcher::builder(&discoverer, warehouse).build().unwrap();
    let lines = told(&mut watcher).await;
    assert_eq!(
        lines[1],
        format!("shop: no Freight: freightCreationCriteria are not satisfied: {expression}")
    );
    assert_eq!(told(&mut watcher).await.len(), 0);
    registry.image("shop/web").tag("1.1.0").push();
    assert_eq!(told(&mut watcher).await[1..], ["shop: Freight F"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unmoved_world_costs_the_polls_and_tells_nothing() {
    let registry = Registry::builder().bearer("me", "SECRET").start().unwrap();
    for tag in ["1.0.0", "1.1.0", "1.2.0"] {
        registry.image("shop/web").tag(tag).platforms(["linux/amd64", "linux/arm64"]).push();
    }
    let git = GitServer::start().unwrap();
    let repository = git.create("shop").unwrap();
    repository.commit("main", Commit::new("Open the shop").file("README.md", "# Shop\n")).unwrap();
    let charts = ChartServer::start().unwrap();
    charts.publish(&Chart::new("shop", "0.1.0"));
    let mut branch = GitSubscription::new(repository.url());
    branch.branch = Some("main".to_owned());
    let warehouse = Warehouse::new(
        "shop",
        vec![
            Subscription::new(ImageSubscription::new(format!("{}/shop/web", registry.host()))),
            Subscription::new(branch),
            Subscription::new(ChartSubscription::classic(charts.url(), "shop")),
        ],
    );
    let me = Arc::new(artifact_http::Credential::password("me", "SECRET"));
    let discoverer = on_loopback().credentials(me).build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::open(folder.path()).unwrap().file(&warehouse);
    let mut watcher = Watcher::builder(&discoverer, warehouse).state(state).build().unwrap();
    let round = watcher.round(|_| {}).await;
    assert!(round.is_complete, "{:?}", round.report);

    for _ in 0..3 {
        registry.log().clear();
        git.log().clear();
        charts.log().clear();
        let round = watcher.round(|event| panic!("{event}")).await;
        assert!(round.is_complete);
        let requests = [registry.log(), git.log(), charts.log()].map(|log| log.counters().requests);
        // The list and a HEAD for each tag; the references; the index, which is 304.
        assert_eq!(requests, [1 + 3, 1, 1], "see docs/src/cost.md");
        assert_eq!(charts.log().counters().body_bytes_sent, 0);
        assert_eq!(round.report.cost.requests, requests.iter().sum::<u64>());
    }
}

/// Notes every call, and fails as often as it is told to.
#[derive(Clone, Debug, Default)]
struct Notes {
    handled: Arc<Mutex<Vec<(String, u32)>>>,
    failures: Arc<Mutex<u32>>,
}

#[async_trait]
impl FreightHandler for Notes {
    async fn handle(&self, new: NewFreight<'_>) -> Result<(), HandlerError> {
        let version = new.freight.artifacts[0].version.clone();
        tokio::task::yield_now().await;
        self.handled.lock().unwrap().push((version, new.attempt));
        tokio::task::yield_now().await;
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Err("the program is ill".into());
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_handler_that_fails_is_called_again_and_the_oldest_comes_first() {
    let world = World::new(&["1"]);
    let notes = Notes::default();
    *notes.failures.lock().unwrap() = 3;
    let builder = Watcher::builder(&world.discoverer, world.warehouse.clone());
    let mut watcher = builder.handler(notes.clone()).build().unwrap();
    let failed = "test: Freight F: attempt 1 failed: the program is ill";
    assert_eq!(told(&mut watcher).await[2], failed);
    world.publish("2");
    assert_eq!(told(&mut watcher).await[2..], [failed.replace("attempt 1", "attempt 2"), failed.to_owned()]);
    assert_eq!(
        told(&mut watcher).await,
        ["test: Freight F: handled at attempt 3", "test: Freight F: handled at attempt 2"]
    );
    let handled = notes.handled.lock().unwrap().clone();
    let calls = [("1", 1), ("1", 2), ("2", 1), ("1", 3), ("2", 2)];
    assert_eq!(handled, calls.map(|(version, attempt)| (version.to_owned(), attempt)));
    assert_eq!(told(&mut watcher).await.len(), 0);
}

/// A round that is stopped at its n-th step, and the next process, which goes on from the folder.
#[tokio::test]
async fn wherever_a_round_is_stopped_the_handler_is_called_for_every_freight() {
    let folder = tempfile::tempdir().unwrap();
    for steps in 0..12 {
        let world = World::new(&[]);
        let notes = Notes::default();
        let path = folder.path().join(steps.to_string());
        for version in 1..=6 {
            world.publish(&version.to_string());
            let mut watcher = watcher_in(&path, &world, &notes);
            // Even versions are stopped at this step; after odd ones nothing is left.
            let mut round = Box::pin(watcher.round(|_| {}));
            if version % 2 == 1 {
                assert!(round.await.is_complete);
                assert_eq!(watcher.state().pending().count(), 0);
                continue;
            }
            for _ in 0..steps {
                if futures::poll!(&mut round).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(round);
            let state = watcher.state().clone();
            drop(watcher);
            // What the state says is handled was.
            let handled: BTreeSet<_> =
                notes.handled.lock().unwrap().iter().map(|(version, _)| version.clone()).collect();
            assert!(state.handled().count() <= handled.len());
        }
        let mut watcher = watcher_in(&path, &world, &notes);
        assert!(watcher.round(|_| {}).await.is_complete);
        let known: Vec<_> = watcher.state().handled().map(str::to_owned).collect();
        let called: BTreeSet<_> =
            notes.handled.lock().unwrap().iter().map(|(version, _)| version.clone()).collect();
        assert_eq!(known.len(), called.len(), "each is in the state once");
        // A version that was never seen, as its round was stopped before it was discovered, is not Freight. The others are.
        for version in ["1", "3", "5", "6"] {
            assert!(called.contains(version), "{version} after {steps} steps: {called:?}");
        }
    }
}

fn watcher_in(path: &Path, world: &World, notes: &Notes) -> Watcher {
    let state = StateFolder::open(path).unwrap().file(&world.warehouse);
    let builder = Watcher::builder(&world.discoverer, world.warehouse.clone());
    builder.handler(notes.clone()).state(state).build().unwrap()
}

#[tokio::test]
async fn what_one_process_told_the_next_one_does_not_tell_again() {
    let world = World::new(&["1"]);
    let (notes, folder) = (Notes::default(), tempfile::tempdir().unwrap());
    assert_eq!(told(&mut watcher_in(folder.path(), &world, &notes)).await.len(), 3);
    assert_eq!(told(&mut watcher_in(folder.path(), &world, &notes)).await.len(), 0);
    world.clock.advance(7200);
    world.fail(unreachable());
    let lines = told(&mut watcher_in(folder.path(), &world, &notes)).await;
    assert!(lines[0].ends_with("(2h old)"), "{lines:?}");
}

#[tokio::test]
async fn nothing_is_handled_before_the_state_is_saved() {
    let world = World::new(&["1"]);
    let (notes, folder) = (Notes::default(), tempfile::tempdir().unwrap());
    let mut watcher = watcher_in(folder.path(), &world, &notes);
    let obstacle = folder.path().join("test.json.new");
    std::fs::create_dir(&obstacle).unwrap();
    let lines = told(&mut watcher).await;
    assert!(lines[2].starts_with("test: the state could not be saved: "), "{lines:?}");
    assert_eq!(notes.handled.lock().unwrap().len(), 0);
    std::fs::remove_dir(&obstacle).unwrap();
    assert_eq!(told(&mut watcher).await, ["test: Freight F: handled"]);
}

#[tokio::test]
async fn an_earlier_result_stands_in_for_as_long_as_it_may_and_says_so() {
    let mut world = World::new(&["1"]);
    // A second subscription, which goes on.
    let other = MemorySource::new("other", ["a"]);
    let (source, flaky) = (other.clone(), world.flaky.clone());
    let builder = on_loopback().clock(world.clock.clone());
    world.discoverer = builder
        .generic("other", move |_| Ok(source.clone().erase()))
        .generic("flaky", move |_| Ok(flaky.clone().erase()))
        .build()
        .unwrap();
    world
        .warehouse
        .spec
        .subscriptions
        .push(Subscription::new(GenericSubscription::new("other")).with_name("o"));
    for (passed, age, stale_for, has_freight) in [
        (120, 120, None, false),
        (120, 120, Some(119), false),
        (120, 120, Some(120), true),
        // The clock was set back: nothing is older for it, and nothing is used for longer.
        (-600, 0, Some(599), false),
        (-600, 0, Some(600), true),
    ] {
        let builder = Watcher::builder(&world.discoverer, world.warehouse.clone());
        let mut watcher = builder.stale_for(stale_for.map(Duration::from_secs)).build().unwrap();
        watcher.round(|_| {}).await;
        world.fail(unreachable());
        world.clock.advance(passed);
        let version = format!("b{}", stale_for.unwrap_or_default());
        other.publish(&version);
        let events = Mutex::new(Vec::new());
        watcher.round(|event| events.lock().unwrap().push(serde_json::to_value(event).unwrap())).await;
        let events = events.into_inner().unwrap();
        assert_eq!(events[0]["event"], "failed");
        assert_eq!(events[0]["error"]["kind"], "unreachable");
        assert_eq!(events[0]["stale"]["ageSeconds"], age);
        let freight = events.iter().find(|event| event["event"] == "freight");
        assert_eq!(freight.is_some(), has_freight, "{stale_for:?}: {events:#?}");
        if let Some(freight) = freight {
            assert_eq!(freight["stale"][0]["source"], "memory m (subscription m)");
            assert_eq!(
                (&freight["stale"][0]["ageSeconds"], &freight["stale"][0]["subscription"]),
                (&age.into(), &0.into())
            );
        }
        world.fail(None);
    }
}

/// The waits of this many rounds.
async fn waits(world: &World, schedule: Schedule, rounds: usize) -> Vec<u64> {
    let builder = Watcher::builder(&world.discoverer, world.warehouse.clone());
    let mut watcher = builder.schedule(schedule).build().unwrap();
    let slept = Mutex::new(Vec::new());
    let (end, mut ended) = tokio::sync::mpsc::unbounded_channel();
    let sleep = |wait: Duration| {
        let mut slept = slept.lock().unwrap();
        slept.push(wait.as_secs());
        let is_last = slept.len() == rounds;
        let end = end.clone();
        async move {
            if is_last {
                let _ = end.send(());
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        () = watcher.run(sleep, |_| {}, |_| {}) => {}
        _ = ended.recv() => {}
    }
    slept.into_inner().unwrap()
}

#[tokio::test]
async fn rounds_wait_as_the_schedule_says() {
    let schedule = Schedule::new(Duration::from_secs(600)).with_jitter(0.0);
    let world = World::new(&["1"]);
    assert_eq!(waits(&world, schedule, 3).await, [600, 600, 600]);
    let jittered = waits(&world, schedule.with_jitter(0.5), 20).await;
    assert!(jittered.iter().all(|wait| (300..=900).contains(wait)), "{jittered:?}");
    assert!(jittered.iter().any(|wait| *wait != jittered[0]), "{jittered:?}");

    // A failure that passes: between half of the step and all of it.
    world.fail(unreachable());
    let failed = waits(&world, schedule, 8).await;
    for (wait, step) in failed.iter().zip([10, 20, 40, 80, 160, 320, 600, 600]) {
        assert!((step / 2..=step).contains(wait), "{failed:?}");
    }
    world.fail(unreachable().with_retry_after(Duration::from_secs(1234)));
    assert_eq!(waits(&world, schedule, 2).await, [1234, 1234]);
    // One that stays is retried at the interval.
    world.fail(Error::new(ErrorKind::Unauthorized, "who are you"));
    assert_eq!(waits(&world, schedule, 2).await, [600, 600]);
}

/// A tag whose own commit changes nothing that is selected, and which differs from the tag of the last Freight.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tags_are_judged_by_what_changed_since_the_last_freight_where_that_is_asked_for() {
    for (since_last, expected) in [(false, "v1.0.0"), (true, "v2.0.0")] {
        let git = GitServer::start().unwrap();
        let repository = git.create("shop").unwrap();
        let commit = |path: &str, text: &str| {
            repository.commit("main", Commit::new(format!("{path}: {text}")).file(path, text)).unwrap();
        };
        let mut tags = GitSubscription::new(repository.url());
        tags.commit_selection_strategy = CommitSelectionStrategy::SemVer;
        tags.include_paths = vec!["app".to_owned()];
        let warehouse = Warehouse::new("shop", vec![Subscription::new(tags)]);
        let discoverer = on_loopback().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let watcher = || {
            let state = StateFolder::open(folder.path()).unwrap().file(&warehouse);
            let builder = Watcher::builder(&discoverer, warehouse.clone()).state(state);
            builder.paths_since_last_freight(since_last).build().unwrap()
        };
        commit("app/x", "1");
        repository.git(["tag", "v1.0.0", "main"]).unwrap();
        assert_eq!(told(&mut watcher()).await.len(), 2);
        // Nothing of the application.
        commit("README.md", "2");
        repository.git(["tag", "v1.1.0", "main"]).unwrap();
        assert_eq!(told(&mut watcher()).await.len(), 0);
        // The application, and then the notes of the release, which are tagged.
        commit("app/x", "2");
        commit("NOTES.md", "2");
        repository.git(["tag", "v2.0.0", "main"]).unwrap();
        let mut last = watcher();
        let lines = told(&mut last).await;
        assert_eq!(lines.len(), if since_last { 2 } else { 0 }, "{lines:?}");
        let report = last.round(|event| panic!("{event}")).await.report;
        assert_eq!(report.freight(&warehouse).unwrap().commits[0].tag, expected);
    }
}
