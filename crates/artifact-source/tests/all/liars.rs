//! Sources that break one clause of the contract each. The suite catches every one of them, with the check of that clause: a suite that cannot
//! fail proves nothing.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use artifact_source::conformance::{self, Disturbance, Fixture};
use artifact_source::memory::MemorySource;
use artifact_source::{
    ArtifactSource, Candidate, Cost, DiscoverRequest, Discovery, Error, ErrorKind, Generic, Observation,
    Rejection, SourceId, Trace,
};
use async_trait::async_trait;

const PASSWORD: &str = "hunter2-SECRET";

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
    TracesTwice,
    TracesNothing,
    TracesOthersAsAccepted,
    PoisonedByDrop,
    EmptyIsAnError,
    EmptyIsUnchanged,
    OlderArtifactsInsteadOfAnError,
    UnavailableIsLasting,
    IgnoresTheDeadline,
    EndsAtTheDeadlineWithAnotherError,
    SaysAnotherCost,
    DebugShowsThePassword,
    DisplayShowsThePassword,
    ErrorShowsThePassword,
    ObservationHoldsThePassword,
    TraceShowsThePassword,
}

#[derive(Default)]
struct Server {
    silent: AtomicBool,
    unavailable: AtomicBool,
    empty: AtomicBool,
    reversed: AtomicBool,
}

/// A source in memory in front of a server that can fail.
struct Source {
    honest: MemorySource,
    server: Arc<Server>,
    lie: Lie,
    calls: AtomicUsize,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = if self.lie == Lie::DebugShowsThePassword { PASSWORD } else { "..." };
        f.debug_struct("Source").field("password", &password).finish()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = if self.lie == Lie::DisplayShowsThePassword { PASSWORD } else { "..." };
        write!(f, "memory {password}")
    }
}

/// Passes candidates on under other names.
struct Renaming<'a>(&'a dyn Trace);

impl Trace for Renaming<'_> {
    fn accepted(&self, candidate: &Candidate<'_>) {
        self.0.rejected(candidate, &Rejection::NotAllowed);
    }

    fn rejected(&self, candidate: &Candidate<'_>, _: &Rejection) {
        self.0.accepted(candidate);
    }
}

impl Source {
    async fn reach(&self, request: &DiscoverRequest<'_>) -> Result<(), Error> {
        if let Some(meter) = request.meter {
            meter.count_request();
        }
        while self.server.silent.load(Ordering::Relaxed) {
            let deadline = request.deadline.filter(|_| self.lie != Lie::IgnoresTheDeadline);
            if deadline.is_some_and(|deadline| deadline <= std::time::Instant::now()) {
                let kind = match self.lie {
                    Lie::EndsAtTheDeadlineWithAnotherError => ErrorKind::Internal,
                    _ => ErrorKind::TimedOut,
                };
                return Err(Error::new(kind, "the deadline passed"));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if self.server.unavailable.load(Ordering::Relaxed) {
            let shown = if self.lie == Lie::ErrorShowsThePassword { PASSWORD } else { "..." };
            let kind =
                if self.lie == Lie::UnavailableIsLasting { ErrorKind::BadAnswer } else { ErrorKind::Server };
            return Err(Error::new(kind, format!("the server refuses {shown}")));
        }
        Ok(())
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
        let reached = self.reach(&request).await;
        let reached = if self.lie == Lie::OlderArtifactsInsteadOfAnError { Ok(()) } else { reached };
        reached?;
        if self.server.empty.load(Ordering::Relaxed) {
            return match self.lie {
                Lie::EmptyIsAnError => Err(Error::new(ErrorKind::NotFound, "there is nothing")),
                Lie::EmptyIsUnchanged if request.previous.is_some() => {
                    Ok(Discovery::Unchanged { cost: Cost::ZERO })
                }
                _ => Ok(Discovery::Found(artifact_source::Found::new(Vec::new(), Cost::ZERO))),
            };
        }
        let previous = request.previous.map(|seen| serde_json::to_string(seen).unwrap()).unwrap_or_default();
        match self.lie {
            Lie::AlwaysUnchanged if !previous.is_empty() && is_own(&previous) => {
                return Ok(Discovery::Unchanged { cost: Cost::ZERO });
            }
            Lie::TrustsAnySchema
                if previous.contains(&u32::MAX.to_string()) && previous.contains("limit") =>
            {
                return Ok(Discovery::Unchanged { cost: Cost::ZERO });
            }
            Lie::FailsOnForeignObservation if previous.contains("another subscription") => {
                return Err(Error::new(ErrorKind::Internal, "what is this"));
            }
            Lie::FailsOnDamagedObservation if previous.contains("null") => {
                return Err(Error::new(ErrorKind::Internal, "what is this"));
            }
            Lie::TracesTwice => request.trace.rejected(&Candidate::new("1"), &Rejection::NotAllowed),
            Lie::TraceShowsThePassword => {
                request.trace.warned(&artifact_source::Warning::new(format!("as {PASSWORD}")));
            }
            _ => {}
        }
        let renaming = Renaming(request.trace);
        let mut inner = request;
        match self.lie {
            Lie::TracesNothing => inner.trace = &(),
            Lie::TracesOthersAsAccepted => inner.trace = &renaming,
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
            _ => false,
        };
        if let Discovery::Found(found) = &mut answer {
            if disorder {
                found.artifacts.reverse();
            }
            let counted = u64::from(request.meter.is_some());
            found.cost.requests = if self.lie == Lie::SaysAnotherCost { 7 } else { counted };
            if self.lie == Lie::ObservationHoldsThePassword {
                found.observation = Observation::new(1, PASSWORD, &());
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
}

impl World {
    fn new(lie: Lie) -> Self {
        Self {
            lie,
            honest: MemorySource::new("world", ["1", "2", "3"]).with_limit(2),
            server: Arc::default(),
        }
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
        ["1", "2", "3"].map(str::to_owned).to_vec()
    }

    async fn publish(&mut self) {
        self.honest.publish("4");
    }

    async fn shuffle(&mut self) {
        self.server.reversed.fetch_xor(true, Ordering::Relaxed);
    }

    async fn clear(&mut self) -> bool {
        self.server.empty.store(true, Ordering::Relaxed);
        true
    }

    async fn disturb(&mut self, disturbance: Option<Disturbance>) -> bool {
        self.server.silent.store(disturbance == Some(Disturbance::Silent), Ordering::Relaxed);
        self.server.unavailable.store(disturbance == Some(Disturbance::Unavailable), Ordering::Relaxed);
        true
    }

    fn secrets(&self) -> Vec<String> {
        vec![PASSWORD.to_owned()]
    }
}

#[tokio::test]
async fn an_honest_source_passes_every_check() {
    let conformance = conformance::all(&mut World::new(Lie::None)).await.unwrap();
    assert_eq!(conformance.not_checked(), [""; 0]);
}

#[tokio::test]
async fn every_lie_is_caught_by_the_check_of_its_clause() {
    for (lie, check) in [
        (Lie::AlwaysUnchanged, "unchanged_is_sound"),
        (Lie::FailsOnForeignObservation, "observations_may_be_anything"),
        (Lie::FailsOnDamagedObservation, "observations_may_be_anything"),
        (Lie::TrustsAnySchema, "observations_may_be_anything"),
        (Lie::OrderDependsOnCall, "order_is_stable"),
        (Lie::OrderDependsOnListing, "order_is_stable"),
        (Lie::TracesTwice, "trace_is_complete"),
        (Lie::TracesNothing, "trace_is_complete"),
        (Lie::TracesOthersAsAccepted, "trace_is_complete"),
        (Lie::PoisonedByDrop, "drop_is_clean"),
        (Lie::EmptyIsAnError, "empty_is_a_success"),
        (Lie::EmptyIsUnchanged, "empty_is_a_success"),
        (Lie::OlderArtifactsInsteadOfAnError, "a_failure_is_an_error"),
        (Lie::UnavailableIsLasting, "a_failure_is_an_error"),
        (Lie::IgnoresTheDeadline, "the_deadline_ends_it"),
        (Lie::EndsAtTheDeadlineWithAnotherError, "the_deadline_ends_it"),
        (Lie::SaysAnotherCost, "cost_is_what_was_counted"),
        (Lie::DebugShowsThePassword, "no_secret_is_shown"),
        (Lie::DisplayShowsThePassword, "no_secret_is_shown"),
        (Lie::ErrorShowsThePassword, "no_secret_is_shown"),
        (Lie::ObservationHoldsThePassword, "no_secret_is_shown"),
        (Lie::TraceShowsThePassword, "no_secret_is_shown"),
    ] {
        let violation =
            conformance::all(&mut World::new(lie)).await.expect_err(&format!("{lie:?} is caught"));
        assert_eq!(violation.check(), check, "{lie:?}: {violation}");
        assert!(!violation.to_string().contains(PASSWORD), "{violation}");
    }
}
