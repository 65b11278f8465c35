//! What a run promises whatever the sources are: failures are kept apart, subscriptions are asked at once, what is
//! known is handed back, and Freight follows only from what this run answers for.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use artifact_source::memory::MemorySource;
use artifact_source::{
    AnyArtifact, Artifact, ArtifactSource, ArtifactSourceExt, DiscoverRequest, Discovery, Error, ErrorKind,
    Found, Generic, SourceId, SourceKind,
};
use async_trait::async_trait;
use freight::{MissingCause, NoFreight};
use tokio::sync::Barrier;
use warehouse_discovery::{Discoverer, Freshness, Observer, Report, Snapshot, SubscriptionReport};
use warehouse_spec::{GenericSubscription, Subscription, Warehouse};

use crate::on_loopback;

/// A source that does what it is told.
#[derive(Debug)]
struct Actor {
    id: SourceId,
    act: Act,
}

#[derive(Clone, Debug)]
enum Act {
    Fail,
    Panic,
    Hang,
    Meet(Arc<Barrier>),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

#[async_trait]
impl ArtifactSource for Actor {
    type Artifact = Generic;

    fn id(&self) -> &SourceId {
        &self.id
    }

    async fn discover(&self, request: DiscoverRequest<'_>) -> Result<Discovery<Generic>, Error> {
        let meter = request.meter();
        meter.count_request();
        match &self.act {
            Act::Fail => return Err(Error::new(ErrorKind::Server, "the server is ill")),
            Act::Panic => panic!("a bug in a source"),
            Act::Hang => std::future::pending().await,
            Act::Meet(barrier) => {
                barrier.wait().await;
            }
        }
        MemorySource::new("met", ["1"]).discover(DiscoverRequest::new()).await
    }
}

/// A discoverer that knows `memory` (one shared world), and an actor under each name given.
fn discoverer(memory: &MemorySource, actors: &[(&str, Act)]) -> Discoverer {
    let memory = memory.clone();
    let mut builder = on_loopback().generic("memory", move |_| Ok(memory.clone().erase()));
    for (name, act) in actors {
        let (id, act) = (SourceId::new(SourceKind::Other((*name).to_owned()), ""), act.clone());
        builder = builder.generic(*name, move |_| Ok(Actor { id: id.clone(), act: act.clone() }.erase()));
    }
    builder.build().unwrap()
}

fn warehouse(subscriptions: &[&str]) -> Warehouse {
    let subscriptions = subscriptions.iter().enumerate().map(|(index, kind)| {
        Subscription::new(GenericSubscription::new(*kind)).with_name(format!("{kind}-{index}"))
    });
    Warehouse::new("test", subscriptions.collect())
}

fn names(report: &SubscriptionReport) -> Vec<&str> {
    report.artifacts.iter().map(AnyArtifact::name).collect()
}

fn missing(report: &Report, warehouse: &Warehouse) -> Vec<(usize, MissingCause)> {
    match report.freight(warehouse) {
        Err(NoFreight::Missing(missing)) => {
            missing.into_iter().map(|missing| (missing.index, missing.cause)).collect()
        }
        other => panic!("expected something to be missing, got {other:?}"),
    }
}

#[tokio::test]
async fn one_that_fails_leaves_the_others_standing_and_no_freight_is_built() {
    let memory = MemorySource::new("m", ["1", "2"]);
    let discoverer = discoverer(&memory, &[("ill", Act::Fail)]);
    let warehouse = warehouse(&["memory", "ill", "memory"]);
    let report = discoverer.run(&warehouse).await;

    assert_eq!(names(&report.subscriptions[0]), ["2", "1"]);
    assert_eq!(names(&report.subscriptions[2]), ["2", "1"]);
    let error = report.subscriptions[1].error.as_ref().unwrap();
    assert_eq!(error.to_string(), "the server is ill");
    assert_eq!(error.id().unwrap().to_string(), "ill (subscription ill-1)");
    assert_eq!(report.subscriptions[1].cost.requests, 1, "a failure has a cost too");
    assert!(!report.is_complete());
    let [(1, MissingCause::Failed(cause))] = &missing(&report, &warehouse)[..] else {
        panic!("one is missing")
    };
    let typed = cause.downcast_ref::<artifact_source::Error>().unwrap();
    assert_eq!((typed.kind(), typed.to_string().as_str()), (error.kind(), "the server is ill"));
}

/// A run may ask some of the subscriptions: the report has these, at their places in the manifest.
#[tokio::test]
async fn a_run_may_ask_some_subscriptions_only() {
    let memory = MemorySource::new("m", ["1", "2"]);
    let discoverer = discoverer(&memory, &[("ill", Act::Fail)]);
    let warehouse = warehouse(&["ill", "ill", "memory"]);
    let report = discoverer.run(&warehouse).only([2, 0, 9]).await;
    let asked: Vec<_> = report.subscriptions.iter().map(|report| report.index).collect();
    assert_eq!((asked, report.cost.requests), (vec![0, 2], report.subscriptions[1].cost.requests + 1));
    assert_eq!(names(&report.subscriptions[1]), ["2", "1"]);
    assert!(missing(&report, &warehouse).iter().any(|(index, _)| *index == 1), "no Freight without the rest");
    assert!(discoverer.run(&warehouse).only([]).await.subscriptions.is_empty());
}

#[tokio::test]
async fn a_source_that_panics_is_one_that_failed() {
    let memory = MemorySource::new("m", ["1"]);
    let warehouse = warehouse(&["mad", "memory"]);
    let report = discoverer(&memory, &[("mad", Act::Panic)]).run(&warehouse).await;
    assert_eq!(report.subscriptions[0].error.as_ref().unwrap().kind(), ErrorKind::Internal);
    assert_eq!(names(&report.subscriptions[1]), ["1"]);
}

#[tokio::test]
async fn a_source_that_ignores_the_deadline_is_ended_and_the_others_answer() {
    let memory = MemorySource::new("m", ["1"]);
    let warehouse = warehouse(&["slow", "memory"]);
    let discoverer = discoverer(&memory, &[("slow", Act::Hang)]);
    let report = discoverer.run(&warehouse).with_deadline(Instant::now() + Duration::from_secs(1)).await;
    assert_eq!(report.subscriptions[0].error.as_ref().unwrap().kind(), ErrorKind::TimedOut);
    assert_eq!(names(&report.subscriptions[1]), ["1"]);
}

#[tokio::test]
async fn subscriptions_are_asked_at_once() {
    // Three sources that only answer when all three have been asked: one after the other would never end.
    let barrier = Arc::new(Barrier::new(3));
    let memory = MemorySource::new("m", ["1"]);
    let discoverer = discoverer(&memory, &[("meet", Act::Meet(barrier))]);
    let warehouse = warehouse(&["meet", "meet", "meet"]);
    let run = discoverer.run(&warehouse).with_deadline(Instant::now() + Duration::from_secs(60));
    assert!(run.await.is_complete());
}

#[tokio::test]
async fn a_subscription_type_that_nobody_registered_fails_alone() {
    let memory = MemorySource::new("m", ["1"]);
    let warehouse = warehouse(&["s3Object", "memory"]);
    let report = discoverer(&memory, &[]).run(&warehouse).await;
    let error = report.subscriptions[0].error.as_ref().unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("s3Object"), "{error}");
    assert!(report.subscriptions[1].error.is_none());
}

#[tokio::test]
async fn what_did_not_change_is_proven_from_the_snapshot_and_survives_json() {
    let memory = MemorySource::new("m", ["1"]);
    let discoverer = discoverer(&memory, &[]);
    let warehouse = warehouse(&["memory"]);
    let first = discoverer.run(&warehouse).await;
    let json = serde_json::to_string(&first.snapshot()).unwrap();
    let snapshot: Snapshot = serde_json::from_str(&json).unwrap();

    let second = discoverer.run(&warehouse).with_previous(&snapshot).await;
    assert_eq!(second.subscriptions[0].freshness, Freshness::Unchanged);
    assert_eq!(names(&second.subscriptions[0]), ["1"]);
    // The same Freight, but for the moment.
    let mut freight = first.freight(&warehouse).unwrap();
    freight.discovered_at = Some(second.discovered_at);
    assert_eq!(second.freight(&warehouse).unwrap(), freight);

    memory.publish("2");
    let third = discoverer.run(&warehouse).with_previous(&second.snapshot()).await;
    assert_eq!(third.subscriptions[0].freshness, Freshness::Found);
    assert_eq!(names(&third.subscriptions[0]), ["2", "1"]);
}

#[tokio::test]
async fn a_failure_shows_what_is_left_over_as_stale_and_freight_does_not_use_it() {
    let memory = MemorySource::new("m", ["1"]);
    let warehouse = warehouse(&["flaky"]);
    let calls = Arc::new(AtomicUsize::new(0));
    let discoverer = on_loopback()
        .generic("flaky", {
            let (calls, memory) = (Arc::clone(&calls), memory.clone());
            move |_| {
                let actor =
                    Actor { id: SourceId::new(SourceKind::Other("flaky".to_owned()), ""), act: Act::Fail };
                if calls.fetch_add(1, Ordering::Relaxed) == 0 {
                    Ok(memory.clone().erase())
                } else {
                    Ok(actor.erase())
                }
            }
        })
        .build()
        .unwrap();
    let first = discoverer.run(&warehouse).await;
    let second = discoverer.run(&warehouse).with_previous(&first.snapshot()).await;
    assert_eq!(second.subscriptions[0].freshness, Freshness::Stale);
    assert_eq!(names(&second.subscriptions[0]), ["1"]);
    assert_eq!(missing(&second, &warehouse).len(), 1);
    // And it is not forgotten by the failure.
    assert_eq!(second.snapshot(), first.snapshot());
}

/// The report of a run, made again by hand, leaves the same for the next run.
#[tokio::test]
async fn a_report_that_is_made_by_hand_leaves_every_subscription_for_the_next_run() {
    let memory = MemorySource::new("m", ["1"]);
    let warehouse = warehouse(&["memory", "memory"]);
    let discoverer = discoverer(&memory, &[]);
    let first = discoverer.run(&warehouse).await;
    let observation = memory.discover(DiscoverRequest::new()).await.unwrap();
    let Discovery::Found(Found { observation: Some(observation), .. }) = observation else {
        panic!("it observes")
    };

    let by_hand = |report: &SubscriptionReport| {
        SubscriptionReport::new(report.index, &warehouse.spec.subscriptions[report.index])
            .with_artifacts(report.artifacts.clone())
            .with_observation(observation.clone())
    };
    let made = Report::new("test", first.discovered_at);
    let made = first.subscriptions.iter().map(by_hand).fold(made, Report::with_subscription);
    assert_eq!(made.snapshot().len(), 2);
    assert_eq!(made.snapshot(), first.snapshot());
    let second = discoverer.run(&warehouse).with_previous(&made.snapshot()).await;
    assert!(second.subscriptions.iter().all(|report| report.freshness == Freshness::Unchanged));
}

/// A source and a factory that name themselves keep their ids, and the errors of both have the subscription's name.
#[tokio::test]
async fn an_error_under_an_id_of_its_own_has_the_name_of_the_subscription() {
    let own = |url: &str| SourceId::new(SourceKind::Other("bucket".to_owned()), url);
    let id = own("https://objects.example.com/a");
    let discoverer = on_loopback()
        .generic("found", move |_| Ok(Named(id.clone()).erase()))
        .generic("unmade", move |_| {
            Err(Error::new(ErrorKind::InvalidInput, "no bucket")
                .with_id(&own("https://objects.example.com/b")))
        })
        .build()
        .unwrap();
    let report = discoverer.run(&warehouse(&["found", "unmade"])).await;
    let ids: Vec<_> = report
        .failures()
        .map(|(report, error)| {
            assert_eq!(error.id(), Some(&report.id));
            report.id.to_string()
        })
        .collect();
    let expected = [
        "bucket https://objects.example.com/a (subscription found-0)",
        "bucket https://objects.example.com/b (subscription unmade-1)",
    ];
    assert_eq!(ids, expected);
}

/// A source whose errors name it.
#[derive(Debug)]
struct Named(SourceId);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[async_trait]
impl ArtifactSource for Named {
    type Artifact = Generic;

    fn id(&self) -> &SourceId {
        &self.0
    }

    async fn discover(&self, _: DiscoverRequest<'_>) -> Result<Discovery<Generic>, Error> {
        Err(Error::new(ErrorKind::Server, "the bucket is ill").with_id(&self.0))
    }
}

#[tokio::test]
async fn an_observer_hears_of_every_subscription_once() {
    #[derive(Default)]
    struct Count {
        started: AtomicUsize,
        finished: AtomicUsize,
    }
    impl Observer for Count {
        fn started(&self, _: usize, _: &SourceId, meter: &artifact_source::Meter) {
            assert_eq!(meter.requests(), 0);
            self.started.fetch_add(1, Ordering::Relaxed);
        }
        fn finished(&self, _: usize, _: &SubscriptionReport) {
            self.finished.fetch_add(1, Ordering::Relaxed);
        }
    }
    let memory = MemorySource::new("m", ["1"]);
    let warehouse = warehouse(&["memory", "ill", "unknown"]);
    let count = Count::default();
    discoverer(&memory, &[("ill", Act::Fail)]).run(&warehouse).with_observer(&count).await;
    assert_eq!((count.started.into_inner(), count.finished.into_inner()), (3, 3));
}
