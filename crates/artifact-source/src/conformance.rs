//! The suite that every [`ArtifactSource`] passes, ours and yours.
//!
//! Describe how to set your source up with a [`Fixture`], run [`all`] inside a test, and the
//! [contract](ArtifactSource#contract) is held against your implementation over whatever transport it
//! really uses:
//!
//! ```
//! use artifact_source::conformance::{self, Fixture};
//! use artifact_source::memory::MemorySource;
//!
//! struct InMemory(MemorySource);
//!
//! #[async_trait::async_trait]
//! impl Fixture for InMemory {
//!     type Source = MemorySource;
//!
//!     async fn source(&self) -> MemorySource {
//!         self.0.clone()
//!     }
//!
//!     async fn listed(&self) -> Vec<String> {
//!         ["1", "2", "3"].map(str::to_owned).to_vec()
//!     }
//!
//!     async fn publish(&mut self) {
//!         self.0.publish("9");
//!     }
//! }
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let world = MemorySource::new("demo", ["1", "2", "3"]).with_limit(2);
//! conformance::all(&mut InMemory(world)).await.unwrap();
//! # });
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::pin::pin;
use std::task::Poll;

use async_trait::async_trait;

use crate::{Artifact, ArtifactSource, DiscoverRequest, Discovery, Error, Found, Observation, Recorder};

/// How to set a source up, and how to change the world it looks at.
#[async_trait]
pub trait Fixture: Send {
    /// The source under test.
    type Source: ArtifactSource;

    /// A new source, with cold caches, over the world as it is now. Every one that is made must
    /// ask the same question.
    async fn source(&self) -> Self::Source;

    /// The names of all candidates that a source over the world as it is now lists, in any order.
    async fn listed(&self) -> Vec<String>;

    /// Changes the world so that the best artifact is another one.
    async fn publish(&mut self);

    /// Makes the server list the same candidates in another order, if it can.
    async fn shuffle(&mut self) {}
}

/// A part of the contract that a source broke.
#[derive(Debug)]
pub struct Violation {
    check: &'static str,
    what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.what)
    }
}

impl std::error::Error for Violation {}

/// Runs every check.
///
/// # Errors
///
/// The first part of the contract that the source broke.
pub async fn all<F: Fixture>(fixture: &mut F) -> Result<(), Violation> {
    order_is_stable(fixture).await?;
    trace_is_complete(fixture).await?;
    drop_is_clean(fixture).await?;
    unchanged_is_sound(fixture).await
}

/// `Unchanged` only ever comes when a full run would say the same, after a change it never does, and
/// an observation that does not fit is no error. This check publishes.
///
/// # Errors
///
/// How the source broke that.
pub async fn unchanged_is_sound<F: Fixture>(fixture: &mut F) -> Result<(), Violation> {
    let check = Check("unchanged_is_sound");
    let source = fixture.source().await;
    let before = check.found(source.discover(DiscoverRequest::new()).await)?;

    if let Some(observation) = &before.observation {
        let observation = check.through_json(observation)?;
        for asked in [&source, &fixture.source().await] {
            match check.answer(asked.discover(DiscoverRequest::new().with_previous(&observation)).await)? {
                Discovery::Unchanged { .. } => {}
                Discovery::Found(again) if again.artifacts == before.artifacts => {}
                Discovery::Found(again) => {
                    return check.broken(format!(
                        "nothing changed, and with the observation it found {:?} instead of {:?}",
                        again.artifacts, before.artifacts
                    ));
                }
            }
        }
    }

    let stranger = Observation::new(u32::MAX, "of another subscription", &BTreeMap::from([("a", 1)]));
    let found =
        check.found(source.discover(DiscoverRequest::new().with_previous(stranger.as_ref())).await)?;
    if found.artifacts != before.artifacts {
        return check.broken("an observation of another subscription changed the answer");
    }

    fixture.publish().await;
    let fresh = check.found(fixture.source().await.discover(DiscoverRequest::new()).await)?;
    if fresh.artifacts.first() == before.artifacts.first() {
        return check.broken("the fixture published, and a cold source finds the same best artifact");
    }
    for asked in [&source, &fixture.source().await] {
        let request = DiscoverRequest::new().with_previous(before.observation.as_ref());
        match check.answer(asked.discover(request).await)? {
            Discovery::Found(after) if after.artifacts == fresh.artifacts => {}
            Discovery::Found(after) => {
                return check.broken(format!(
                    "after a change it found {:?}, and a cold source finds {:?}",
                    after.artifacts, fresh.artifacts
                ));
            }
            Discovery::Unchanged { .. } => {
                return check.broken("the best artifact changed, and it said Unchanged");
            }
        }
    }
    Ok(())
}

/// The same world gives the same artifacts in the same order, cold or warm, however the server
/// orders its answer.
///
/// # Errors
///
/// How the source broke that.
pub async fn order_is_stable<F: Fixture>(fixture: &mut F) -> Result<(), Violation> {
    let check = Check("order_is_stable");
    let source = fixture.source().await;
    let first = check.found(source.discover(DiscoverRequest::new()).await)?;
    for round in 0..3 {
        fixture.shuffle().await;
        for (asked, state) in [(&source, "warm"), (&fixture.source().await, "cold")] {
            let again = check.found(asked.discover(DiscoverRequest::new()).await)?;
            if again.artifacts != first.artifacts {
                return check.broken(format!(
                    "round {round}, {state}: {:?} instead of {:?}",
                    again.artifacts, first.artifacts
                ));
            }
        }
    }
    Ok(())
}

/// Every candidate is traced exactly once, and those traced as accepted are those in the answer.
///
/// # Errors
///
/// How the source broke that.
pub async fn trace_is_complete<F: Fixture>(fixture: &mut F) -> Result<(), Violation> {
    let check = Check("trace_is_complete");
    let recorder = Recorder::new();
    let source = fixture.source().await;
    let found = check.found(source.discover(DiscoverRequest::new().with_trace(&recorder)).await)?;
    let judgements = recorder.into_judgements();

    let mut traced: Vec<_> = judgements.iter().map(|judgement| judgement.name.clone()).collect();
    let mut listed = fixture.listed().await;
    traced.sort_unstable();
    listed.sort_unstable();
    if traced != listed {
        return check.broken(format!("it traced {traced:?}, and listed are {listed:?}"));
    }

    let accepted = judgements.iter().filter(|judgement| judgement.rejection.is_none()).count();
    if accepted != found.artifacts.len() {
        return check
            .broken(format!("it traced {accepted} as accepted, and found {}", found.artifacts.len()));
    }
    Ok(())
}

/// A discovery that is dropped, at whichever point, changes nothing about the next one.
///
/// # Errors
///
/// How the source broke that.
pub async fn drop_is_clean<F: Fixture>(fixture: &mut F) -> Result<(), Violation> {
    let check = Check("drop_is_clean");
    let expected = check.found(fixture.source().await.discover(DiscoverRequest::new()).await)?;
    for polls in [1, 2, 3, 5, 8, 13, 21, 34] {
        let source = fixture.source().await;
        let finished = abandon(source.discover(DiscoverRequest::new()), polls).await;
        let again = check.found(source.discover(DiscoverRequest::new()).await)?;
        if again.artifacts != expected.artifacts {
            return check.broken(format!(
                "dropped after {polls} polls, the next call found {:?} instead of {:?}",
                again.artifacts, expected.artifacts
            ));
        }
        if finished {
            break;
        }
    }
    Ok(())
}

/// Polls a future this many times at most, then drops it; whether it finished.
async fn abandon<T>(future: impl Future<Output = T>, polls: usize) -> bool {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(_) => Poll::Ready(true),
        Poll::Pending if left <= 1 => Poll::Ready(false),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

struct Check(&'static str);

impl Check {
    fn broken<T>(&self, what: impl Into<String>) -> Result<T, Violation> {
        Err(Violation { check: self.0, what: what.into() })
    }

    fn answer<A>(&self, answer: Result<Discovery<A>, Error>) -> Result<Discovery<A>, Violation> {
        answer.or_else(|error| self.broken(format!("it failed: {error:?}")))
    }

    fn found<A: Artifact>(&self, answer: Result<Discovery<A>, Error>) -> Result<Found<A>, Violation> {
        match self.answer(answer)? {
            Discovery::Found(found) => Ok(found),
            Discovery::Unchanged { .. } => {
                self.broken("it said Unchanged where no observation of its own was given")
            }
        }
    }

    /// What comes back after the observation was stored and loaded.
    fn through_json(&self, observation: &Observation) -> Result<Observation, Violation> {
        serde_json::to_string(observation)
            .and_then(|json| serde_json::from_str(&json))
            .or_else(|error| self.broken(format!("its observation does not survive JSON: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::memory::MemorySource;
    use crate::{Candidate, Cost, Generic, Rejection, SourceId};

    /// A source that breaks exactly one promise.
    #[derive(Debug)]
    struct Broken {
        honest: MemorySource,
        how: How,
        calls: AtomicUsize,
    }

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum How {
        AlwaysUnchanged,
        FailsOnStrangeObservation,
        OrderDependsOnCall,
        TracesTwice,
        TracesNothing,
        PoisonedByDrop,
    }

    impl fmt::Display for Broken {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.honest.fmt(f)
        }
    }

    #[async_trait]
    impl ArtifactSource for Broken {
        type Artifact = Generic;

        fn id(&self) -> &SourceId {
            self.honest.id()
        }

        async fn discover(&self, request: DiscoverRequest<'_>) -> Result<Discovery<Generic>, Error> {
            let call = self.calls.fetch_add(1, Ordering::Relaxed);
            let strange = request.previous.is_some_and(|seen| format!("{seen:?}").contains("another"));
            match self.how {
                How::AlwaysUnchanged if request.previous.is_some() && !strange => {
                    return Ok(Discovery::Unchanged { cost: Cost::ZERO });
                }
                How::FailsOnStrangeObservation if strange => {
                    return Err(Error::new(crate::ErrorKind::Internal, "what is this"));
                }
                How::TracesTwice => request.trace.rejected(&Candidate::new("1"), &Rejection::NotAllowed),
                _ => {}
            }
            let silent = DiscoverRequest { trace: &(), ..request };
            let request = if self.how == How::TracesNothing { silent } else { request };
            let mut answer = self.honest.discover(request).await?;
            if self.how == How::PoisonedByDrop {
                let mut first = true;
                std::future::poll_fn(|context| {
                    context.waker().wake_by_ref();
                    if std::mem::take(&mut first) { Poll::Pending } else { Poll::Ready(()) }
                })
                .await;
                self.calls.store(0, Ordering::Relaxed);
            }
            let disorder = match self.how {
                How::OrderDependsOnCall => call % 2 == 1,
                How::PoisonedByDrop => call > 0,
                _ => false,
            };
            if let (true, Discovery::Found(found)) = (disorder, &mut answer) {
                found.artifacts.reverse();
            }
            Ok(answer)
        }
    }

    struct World(How, MemorySource);

    #[async_trait]
    impl Fixture for World {
        type Source = Broken;

        async fn source(&self) -> Broken {
            Broken { honest: self.1.clone(), how: self.0, calls: AtomicUsize::new(0) }
        }

        async fn listed(&self) -> Vec<String> {
            vec!["1".to_owned(), "2".to_owned()]
        }

        async fn publish(&mut self) {
            self.1.publish("3");
        }
    }

    /// A suite that cannot fail would prove nothing: each broken promise is caught by the check
    /// that is there for it.
    #[tokio::test]
    async fn every_broken_promise_is_caught() {
        for (how, check) in [
            (How::AlwaysUnchanged, "unchanged_is_sound"),
            (How::FailsOnStrangeObservation, "unchanged_is_sound"),
            (How::OrderDependsOnCall, "order_is_stable"),
            (How::TracesTwice, "trace_is_complete"),
            (How::TracesNothing, "trace_is_complete"),
            (How::PoisonedByDrop, "drop_is_clean"),
        ] {
            let violation =
                all(&mut World(how, MemorySource::new("world", ["1", "2"]))).await.expect_err("it is broken");
            assert_eq!(violation.check, check, "{how:?}: {violation}");
        }
    }
}
