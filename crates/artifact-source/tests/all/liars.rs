//! Sources that break one clause of the contract each. The suite catches every one of them, with the check of that clause: a suite that cannot
//! fail proves nothing.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use artifact_source::conformance::{self, Checked, Disturbance, Fixture, Traffic};
use artifact_source::memory::MemorySource;
use artifact_source::{
    ArtifactSource, Candidate, Cost, DiscoverRequest, Discovery, Error, ErrorKind, Generic, Meter,
    Observation, Rejection, SourceId, Trace, Warning,
};
use async_trait::async_trait;

const PASSWORD: &str = "hunter2/SECRET";
const PERCENT_ENCODED: &str = "hunter2%2FSECRET";
const BASE64: &str = "aHVudGVyMi9TRUNSRVQ=";
/// `me:hunter2/SECRET` as Basic sends it.
const BASIC: &str = "bWU6aHVudGVyMi9TRUNSRVQ=";

/// The clause that a source breaks.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lie {
    None,
    AlwaysUnchanged,
    FailsOnForeignObservation,
    FailsOnDamagedObservation,
    TrustsAnySchema,
    OrderDependsOnCall,
    OrderDependsOnListing,
    WorstFirst,
    WorstFirstAfterTheBest,
    TracesTwice,
    TracesNothing,
    TracesOthersAsAccepted,
    TracesOnlyWithoutObservation,
    PoisonedByDrop,
    GoesOnAfterDrop,
    GoesOnAfterDropUncounted,
    GoesOnAfterReturn,
    EmptyIsAnError,
    EmptyIsUnchanged,
    OlderArtifactsInsteadOfAnError,
    UnavailableIsLasting,
    IgnoresTheDeadline,
    EndsAtTheDeadlineWithAnotherError,
    SendsAfterTheDeadline,
    RetriesPastTheDeadline,
    RetriesOnceAfterTheDeadline,
    RestsPastTheDeadline,
    SaysAnotherCost,
    CountsNothing,
    CountsNoBytes,
    CountsNoRetries,
    DebugShows(&'static str),
    DisplayShows(&'static str),
    ErrorShows(&'static str),
    TimedOutShows(&'static str),
    ObservationHolds(&'static str),
    TraceShows(&'static str),
}

#[derive(Default)]
struct Server {
    disturbance: Mutex<Option<Disturbance>>,
    empty: AtomicBool,
    reversed: AtomicBool,
    requests: AtomicU64,
    bytes: AtomicU64,
}

impl Server {
    /// The answer to one request.
    async fn request(&self) -> Result<(), Disturbance> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        let disturbance = *self.disturbance.lock().unwrap();
        match disturbance {
            Some(Disturbance::Silent) => std::future::pending().await,
            Some(failure) => Err(failure),
            None => {
                self.bytes.fetch_add(100, Ordering::Relaxed);
                Ok(())
            }
        }
    }
}

/// A source in memory in front of a server that counts and can fail.
struct Source {
    honest: MemorySource,
    server: Arc<Server>,
    lie: Lie,
    calls: AtomicUsize,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Lie::DebugShows(shown) = self.lie else { return f.write_str("Source") };
        f.debug_struct("Source").field("password", &shown).finish()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lie {
            Lie::DisplayShows(shown) => write!(f, "memory {shown}"),
            _ => f.write_str("memory"),
        }
    }
}

/// Passes every candidate on with the opposite verdict.
struct Inverting<'a>(&'a dyn Trace);

impl Trace for Inverting<'_> {
    fn accepted(&self, candidate: &Candidate<'_>) {
        self.0.rejected(candidate, &Rejection::NotAllowed);
    }

    fn rejected(&self, candidate: &Candidate<'_>, _: &Rejection) {
        self.0.accepted(candidate);
    }
}

impl Source {
    fn timed_out(&self) -> Error {
        match self.lie {
            Lie::EndsAtTheDeadlineWithAnotherError => Error::new(ErrorKind::Internal, "the deadline passed"),
            Lie::TimedOutShows(shown) => {
                let cause = std::io::Error::other(format!("no answer to {shown}"));
                Error::new(ErrorKind::TimedOut, "the deadline passed").with_cause(cause)
            }
            _ => Error::new(ErrorKind::TimedOut, "the deadline passed"),
        }
    }

    /// One request that ends at the deadline, and is tried again after a failure.
    async fn reach(&self, request: &DiscoverRequest<'_>, meter: &Meter) -> Result<(), Error> {
        let deadline = request.deadline.filter(|_| self.lie != Lie::IgnoresTheDeadline);
        let ignores = matches!(
            self.lie,
            Lie::RetriesPastTheDeadline | Lie::RetriesOnceAfterTheDeadline | Lie::RestsPastTheDeadline
        );
        for attempt in 0.. {
            let is_past = deadline.is_some_and(|deadline| deadline <= Instant::now());
            if attempt == 0 && is_past && self.lie != Lie::SendsAfterTheDeadline {
                return Err(self.timed_out());
            }
            if self.lie != Lie::CountsNothing && (attempt == 0 || self.lie != Lie::CountsNoRetries) {
                meter.count_request();
            }
            // These lies keep the deadline of the first attempt alone.
            let answer = match deadline.filter(|_| attempt == 0 || !ignores) {
                Some(deadline) => tokio::time::timeout_at(deadline.into(), self.server.request())
                    .await
                    .map_err(|_| self.timed_out())?,
                None => self.server.request().await,
            };
            let Err(failure) = answer else { break };
            let (pause, attempts) = match (failure, self.lie) {
                (_, Lie::RetriesPastTheDeadline) => (Duration::from_millis(20), 100_000),
                (_, Lie::RetriesOnceAfterTheDeadline) => (Duration::from_millis(900), 2),
                (Disturbance::Busy, _) => (Duration::from_secs(1), 3),
                _ => (Duration::from_millis(1), 3),
            };
            let is_too_late = deadline.is_some_and(|deadline| Instant::now() + pause >= deadline);
            if attempt + 1 >= attempts || (is_too_late && !ignores) {
                let shown = if let Lie::ErrorShows(shown) = self.lie { shown } else { "..." };
                let is_lasting = self.lie == Lie::UnavailableIsLasting;
                let kind = if is_lasting { ErrorKind::BadAnswer } else { ErrorKind::Server };
                return Err(Error::new(kind, format!("the server refuses {shown}")));
            }
            tokio::time::sleep(pause).await;
        }
        if !matches!(self.lie, Lie::CountsNothing | Lie::CountsNoBytes) {
            meter.count_bytes(100);
        }
        Ok(())
    }

    /// A task that sends a request when the discovery may have ended.
    fn leave_running(&self, meter: &Meter) {
        let (server, meter, lie) = (Arc::clone(&self.server), meter.clone(), self.lie);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if lie != Lie::GoesOnAfterDropUncounted {
                meter.count_request();
            }
            server.request().await
        });
    }
}

#[async_trait]
impl ArtifactSource for Source {
    type Artifact = Generic;

    fn id(&self) -> &SourceId {
        self.honest.id()
    }

    async fn discover(&self, request: DiscoverRequest<'_>) -> Result<Discovery<Generic>, Error> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let meter = request.meter();
        // The honest `reach` waits at least once, so the first poll does not end a discovery: what is dropped there goes on.
        if matches!(self.lie, Lie::GoesOnAfterDrop | Lie::GoesOnAfterDropUncounted) && request.meter.is_some()
        {
            self.leave_running(&meter);
        }
        let reached = self.reach(&request, &meter).await;
        match reached {
            Err(error)
                if self.lie == Lie::OlderArtifactsInsteadOfAnError && error.kind() == ErrorKind::Server => {}
            reached => reached?,
        }
        let cost = match self.lie {
            Lie::SaysAnotherCost => Cost { requests: 7, ..Cost::ZERO },
            _ => meter.cost(Duration::ZERO),
        };
        if self.server.empty.load(Ordering::Relaxed) {
            return match self.lie {
                Lie::EmptyIsAnError => Err(Error::new(ErrorKind::NotFound, "there is nothing")),
                Lie::EmptyIsUnchanged if request.previous.is_some() => Ok(Discovery::Unchanged { cost }),
                _ => Ok(Discovery::Found(artifact_source::Found::new(Vec::new(), cost))),
            };
        }
        let previous = request.previous.map(|seen| serde_json::to_string(seen).unwrap()).unwrap_or_default();
        match self.lie {
            Lie::AlwaysUnchanged if !previous.is_empty() && is_own(&previous) => {
                return Ok(Discovery::Unchanged { cost });
            }
            Lie::TrustsAnySchema
                if previous.contains(&u32::MAX.to_string()) && previous.contains("limit") =>
            {
                return Ok(Discovery::Unchanged { cost });
            }
            Lie::FailsOnForeignObservation if previous.contains("another subscription") => {
                return Err(Error::new(ErrorKind::Internal, "what is this"));
            }
            Lie::FailsOnDamagedObservation if previous.contains("null") => {
                return Err(Error::new(ErrorKind::Internal, "what is this"));
            }
            Lie::TracesTwice => request.trace.rejected(&Candidate::new("1"), &Rejection::NotAllowed),
            Lie::TraceShows(shown) => request.trace.warned(&Warning::new(format!("as {shown}"))),
            Lie::GoesOnAfterReturn if request.meter.is_some() => self.leave_running(&meter),
            _ => {}
        }
        let inverting = Inverting(request.trace);
        let mut inner = request;
        match self.lie {
            Lie::TracesNothing => inner.trace = &(),
            Lie::TracesOnlyWithoutObservation if request.previous.is_some() => inner.trace = &(),
            Lie::TracesOthersAsAccepted => inner.trace = &inverting,
            _ => {}
        }
        let mut answer = self.honest.discover(inner).await?;
        if self.lie == Lie::PoisonedByDrop {
            tokio::task::yield_now().await;
            self.calls.store(0, Ordering::Relaxed);
        }
        let disorder = match self.lie {
            Lie::OrderDependsOnCall => call % 2 == 1,
            Lie::OrderDependsOnListing => self.server.reversed.load(Ordering::Relaxed),
            Lie::PoisonedByDrop => call > 0,
            Lie::WorstFirst => true,
            _ => false,
        };
        match &mut answer {
            Discovery::Unchanged { cost: said } => *said = cost,
            Discovery::Found(found) => {
                if disorder {
                    found.artifacts.reverse();
                } else if self.lie == Lie::WorstFirstAfterTheBest {
                    found.artifacts.split_first_mut().unwrap().1.reverse();
                }
                found.cost = cost;
                if let Lie::ObservationHolds(shown) = self.lie {
                    found.observation = Observation::new(1, shown, &());
                }
            }
        }
        Ok(answer)
    }
}

/// Whether an observation in JSON is one that the honest source has made, as far as this test needs it.
fn is_own(observation: &str) -> bool {
    observation.contains("limit")
        && observation.contains("state\":[\"")
        && !observation.contains("4294967295")
}

struct World {
    lie: Lie,
    honest: MemorySource,
    server: Arc<Server>,
    versions: Vec<String>,
    /// The server can list in another order, count, fail and be emptied, and the source has a secret.
    is_rich: bool,
}

impl World {
    fn new(lie: Lie) -> Self {
        let versions = ["1", "2", "3", "4"].map(str::to_owned).to_vec();
        let honest = MemorySource::new("world", versions.clone()).with_limit(3);
        Self { lie, honest, server: Arc::default(), versions, is_rich: true }
    }
}

#[async_trait]
impl Fixture for World {
    type Source = Source;

    async fn source(&self) -> Source {
        Source {
            honest: self.honest.clone(),
            server: Arc::clone(&self.server),
            lie: self.lie,
            calls: AtomicUsize::new(0),
        }
    }

    async fn listed(&self) -> Vec<String> {
        self.versions.clone()
    }

    async fn publish(&mut self) {
        let version = (self.versions.len() + 1).to_string();
        self.honest.publish(&*version);
        self.versions.push(version);
    }

    async fn shuffle(&mut self) -> bool {
        self.server.reversed.fetch_xor(true, Ordering::Relaxed);
        self.is_rich
    }

    async fn clear(&mut self) -> bool {
        self.server.empty.store(true, Ordering::Relaxed);
        self.is_rich
    }

    async fn disturb(&mut self, disturbance: Option<Disturbance>) -> bool {
        *self.server.disturbance.lock().unwrap() = disturbance.filter(|_| self.is_rich);
        self.is_rich
    }

    fn secrets(&self) -> Vec<String> {
        if self.is_rich { vec![PASSWORD.to_owned()] } else { Vec::new() }
    }

    fn traffic(&self) -> Option<Traffic> {
        self.is_rich.then(|| Traffic {
            requests: self.server.requests.load(Ordering::Relaxed),
            bytes: self.server.bytes.load(Ordering::Relaxed),
        })
    }
}

#[tokio::test]
async fn an_honest_source_passes_every_check() {
    let conformance = conformance::all(&mut World::new(Lie::None)).await.unwrap();
    assert_eq!(conformance.not_checked(), []);
    assert!(conformance.checks().iter().all(|(_, checked)| *checked == Checked::Kept), "{conformance}");
}

#[tokio::test]
async fn what_a_world_cannot_show_is_reported_as_not_checked() {
    let poor = World { is_rich: false, ..World::new(Lie::None) };
    let only = |mut world: World| {
        world.honest = MemorySource::new("world", ["1"]);
        world.versions.truncate(1);
        world
    };
    let no_traffic = "the server does not count its requests";
    let poor_gaps = [
        ("order_ignores_the_listing", "the server cannot list in another order"),
        ("the_meter_counts_everything", no_traffic),
        ("nothing_is_left_running", no_traffic),
        ("the_deadline_ends_it", "the server cannot be made silent"),
        ("retries_end_at_the_deadline", "the server cannot be made busy or unavailable"),
        ("a_failure_is_an_error", "the server cannot be made unavailable"),
        ("the_meter_counts_failures", no_traffic),
        ("no_secret_is_shown", "the source was given no secret"),
        ("no_secret_is_in_an_error", "the source was given no secret"),
        ("empty_is_a_success", "the server cannot be emptied"),
    ];
    let few = [("order_ignores_the_listing", "fewer than two candidates are listed")];
    for (mut world, expected) in [(poor, &poor_gaps[..]), (only(World::new(Lie::None)), &few[..])] {
        let conformance = conformance::all(&mut world).await.unwrap();
        assert_eq!(conformance.not_checked(), expected);
        for (check, reason) in expected {
            assert!(conformance.to_string().contains(&format!("{check}: not checked: {reason}\n")));
        }
    }

    // One artifact has no order, and a source that gives up before the deadline shows nothing about the deadline.
    let mut world = World::new(Lie::None);
    world.honest = world.honest.with_limit(1);
    let checked = conformance::the_best_comes_first(&mut world).await.unwrap();
    assert_eq!(checked, Checked::NotChecked("fewer than two artifacts are found"));

    struct Hasty(World);
    #[async_trait]
    impl Fixture for Hasty {
        type Source = Source;
        async fn source(&self) -> Source {
            self.0.source().await
        }
        async fn listed(&self) -> Vec<String> {
            self.0.listed().await
        }
        async fn publish(&mut self) {
            self.0.publish().await;
        }
        async fn disturb(&mut self, disturbance: Option<Disturbance>) -> bool {
            disturbance != Some(Disturbance::Busy) && self.0.disturb(disturbance).await
        }
    }
    let checked = conformance::retries_end_at_the_deadline(&mut Hasty(World::new(Lie::None))).await.unwrap();
    assert_eq!(checked, Checked::NotChecked("without a deadline the retries end as early"));
}

#[tokio::test]
async fn every_lie_is_caught_by_the_check_of_its_clause() {
    let mut lies = vec![
        (Lie::AlwaysUnchanged, "unchanged_is_sound"),
        (Lie::FailsOnForeignObservation, "observations_may_be_anything"),
        (Lie::FailsOnDamagedObservation, "observations_may_be_anything"),
        (Lie::TrustsAnySchema, "observations_may_be_anything"),
        (Lie::OrderDependsOnCall, "order_is_stable"),
        (Lie::OrderDependsOnListing, "order_ignores_the_listing"),
        (Lie::WorstFirst, "the_best_comes_first"),
        (Lie::WorstFirstAfterTheBest, "the_best_comes_first"),
        (Lie::TracesTwice, "trace_is_complete"),
        (Lie::TracesNothing, "trace_is_complete"),
        (Lie::TracesOthersAsAccepted, "trace_is_complete"),
        (Lie::TracesOnlyWithoutObservation, "trace_is_complete"),
        (Lie::PoisonedByDrop, "drop_is_clean"),
        (Lie::GoesOnAfterDrop, "nothing_is_left_running"),
        (Lie::GoesOnAfterDropUncounted, "nothing_is_left_running"),
        (Lie::GoesOnAfterReturn, "nothing_is_left_running"),
        (Lie::EmptyIsAnError, "empty_is_a_success"),
        (Lie::EmptyIsUnchanged, "empty_is_a_success"),
        (Lie::OlderArtifactsInsteadOfAnError, "a_failure_is_an_error"),
        (Lie::UnavailableIsLasting, "a_failure_is_an_error"),
        (Lie::IgnoresTheDeadline, "the_deadline_ends_it"),
        (Lie::EndsAtTheDeadlineWithAnotherError, "the_deadline_ends_it"),
        (Lie::SendsAfterTheDeadline, "the_deadline_ends_it"),
        (Lie::RetriesPastTheDeadline, "retries_end_at_the_deadline"),
        (Lie::RetriesOnceAfterTheDeadline, "retries_end_at_the_deadline"),
        (Lie::RestsPastTheDeadline, "retries_end_at_the_deadline"),
        (Lie::SaysAnotherCost, "cost_is_what_was_counted"),
        (Lie::CountsNothing, "the_meter_counts_everything"),
        (Lie::CountsNoBytes, "the_meter_counts_everything"),
        (Lie::CountsNoRetries, "the_meter_counts_failures"),
    ];
    for shown in [PASSWORD, PERCENT_ENCODED, BASE64, BASIC] {
        lies.extend([
            (Lie::DebugShows(shown), "no_secret_is_shown"),
            (Lie::DisplayShows(shown), "no_secret_is_shown"),
            (Lie::ObservationHolds(shown), "no_secret_is_shown"),
            (Lie::TraceShows(shown), "no_secret_is_shown"),
            (Lie::ErrorShows(shown), "no_secret_is_in_an_error"),
            (Lie::TimedOutShows(shown), "no_secret_is_in_an_error"),
        ]);
    }
    let caught = lies.into_iter().map(|(lie, check)| async move {
        let violation =
            conformance::all(&mut World::new(lie)).await.expect_err(&format!("{lie:?} is caught"));
        assert_eq!(violation.check(), check, "{lie:?}: {violation}");
        for secret in [PASSWORD, PERCENT_ENCODED, BASE64, BASIC] {
            assert!(!violation.to_string().contains(secret), "{violation}");
        }
    });
    // At once, since most of a run is waiting.
    let tasks: Vec<_> = caught.map(tokio::spawn).collect();
    for task in tasks {
        task.await.unwrap();
    }
}
