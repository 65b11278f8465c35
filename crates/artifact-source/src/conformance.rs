//! The suite that every [`ArtifactSource`] passes, ours and yours.
//!
//! Describe how to set your source up with a [`Fixture`] and run [`all`] inside a test. It checks the
//! [contract](ArtifactSource#contract) over the transport that your source really uses:
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
//! let conformance = conformance::all(&mut InMemory(world)).await.unwrap();
//! // A source in memory has no server that could fail, and this fixture does not empty it.
//! assert_eq!(conformance.not_checked(), ["empty_is_a_success", "a_failure_is_an_error", "the_deadline_ends_it", "no_secret_is_shown"]);
//! # });
//! ```
//!
//! # What is checked
//!
//! | clause of the contract | check | the fixture provides |
//! |---|---|---|
//! | `Unchanged` is a proof | [`unchanged_is_sound`] | [`Fixture::publish`] |
//! | an observation that does not fit means a full discovery | [`observations_may_be_anything`] | |
//! | the best candidate comes first, and the order is stable | [`order_is_stable`] | [`Fixture::shuffle`] |
//! | nothing found is a success | [`empty_is_a_success`] | [`Fixture::clear`] |
//! | every candidate is traced exactly once, the accepted ones are the answer | [`trace_is_complete`] | [`Fixture::listed`] |
//! | dropping the future cancels the work | [`drop_is_clean`] | |
//! | a transient failure is an error | [`a_failure_is_an_error`] | [`Fixture::disturb`] |
//! | retries end at the deadline | [`the_deadline_ends_it`] | [`Fixture::disturb`] |
//! | the meter counts what the answer says it cost | [`cost_is_what_was_counted`] | |
//! | no credential in an error, trace, observation, `Debug` or `Display` | [`no_secret_is_shown`] | [`Fixture::secrets`] |
//! | no globals, no environment, no hidden clock | cannot be checked from outside: review it | |
//!
//! Each of these checks fails for a source that was written to break its clause and no other: `tests/all/liars.rs` of this crate.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::{
    Artifact, ArtifactSource, DiscoverRequest, Discovery, Error, ErrorKind, Found, Meter, Observation,
    Recorder,
};

/// How to set a source up, and how to change what it reads.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// The source under test.
    type Source: ArtifactSource;

    /// A new source with cold caches over the present state of its server. Every source that is made must ask the same question.
    async fn source(&self) -> Self::Source;

    /// The names of all candidates that a source lists now, in any order.
    async fn listed(&self) -> Vec<String>;

    /// Changes the server's content so that the best artifact is another one.
    async fn publish(&mut self);

    /// Makes the server list the same candidates in another order, if it can. Defaults to no change.
    async fn shuffle(&mut self) {}

    /// The name of the candidate that became this artifact. Defaults to the artifact's own name; a commit that was found by its tag is
    /// listed as the tag.
    fn candidate(&self, artifact: &<Self::Source as ArtifactSource>::Artifact) -> String {
        artifact.name().to_owned()
    }

    /// Removes every candidate that fits, and returns whether it did. Called last. Defaults to `false`: an empty server cannot be made.
    async fn clear(&mut self) -> bool {
        false
    }

    /// Makes the server fail in this way from now on, or work again for `None`, and returns whether it did. Defaults to `false`: there is no server
    /// that could fail.
    async fn disturb(&mut self, disturbance: Option<Disturbance>) -> bool {
        let _ = disturbance;
        false
    }

    /// The secrets that the source was given: passwords and tokens. Defaults to none.
    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A way in which a server fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Disturbance {
    /// It answers every request with a transient failure: 503 in HTTP.
    Unavailable,
    /// It accepts requests and never answers them.
    Silent,
}

/// A clause of the contract that a source broke.
#[derive(Debug)]
pub struct Violation {
    check: &'static str,
    what: String,
}

impl Violation {
    /// The name of the check that failed.
    pub fn check(&self) -> &'static str {
        self.check
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.what)
    }
}

impl std::error::Error for Violation {}

/// The result of a run without violations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Conformance {
    not_checked: Vec<&'static str>,
}

impl Conformance {
    /// The names of the checks that this fixture does not provide for.
    pub fn not_checked(&self) -> &[&'static str] {
        &self.not_checked
    }
}

/// Whether a check was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Checked {
    /// The source keeps the clause.
    Kept,
    /// The fixture does not provide what the check needs.
    NotProvided,
}

/// Runs every check.
///
/// # Errors
///
/// The first clause of the contract that the source broke.
pub async fn all<F: Fixture>(fixture: &mut F) -> Result<Conformance, Violation> {
    order_is_stable(fixture).await?;
    trace_is_complete(fixture).await?;
    cost_is_what_was_counted(fixture).await?;
    drop_is_clean(fixture).await?;
    observations_may_be_anything(fixture).await?;
    unchanged_is_sound(fixture).await?;
    let mut conformance = Conformance::default();
    let mut note = |check, checked| {
        if checked == Checked::NotProvided {
            conformance.not_checked.push(check);
        }
    };
    let failure = a_failure_is_an_error(fixture).await?;
    let deadline = the_deadline_ends_it(fixture).await?;
    let secret = no_secret_is_shown(fixture).await?;
    note("empty_is_a_success", empty_is_a_success(fixture).await?);
    note("a_failure_is_an_error", failure);
    note("the_deadline_ends_it", deadline);
    note("no_secret_is_shown", secret);
    Ok(conformance)
}

/// `Unchanged` only ever comes when a full run would say the same, and after a change it never does. This check publishes.
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

/// An observation of another subscription or schema, and the source's own one with any part of it damaged, lead to the full answer, never to an error.
///
/// # Errors
///
/// How the source broke that.
pub async fn observations_may_be_anything<F: Fixture>(fixture: &mut F) -> Result<(), Violation> {
    let check = Check("observations_may_be_anything");
    let source = fixture.source().await;
    let before = check.found(source.discover(DiscoverRequest::new()).await)?;
    let mut strange: Vec<Observation> =
        Observation::new(u32::MAX, "of another subscription", &BTreeMap::from([("a", 1)]))
            .into_iter()
            .collect();
    if let Some(own) = &before.observation {
        strange.extend(damaged(own));
    }
    for observation in strange {
        let answer = source.discover(DiscoverRequest::new().with_previous(&observation)).await;
        match check.answer(answer)? {
            Discovery::Found(found) if found.artifacts == before.artifacts => {}
            Discovery::Found(_) => {
                return check.broken(format!("this observation changed the answer: {observation:?}"));
            }
            Discovery::Unchanged { .. } => {
                return check.broken(format!(
                    "it said Unchanged to an observation that is not its own: {observation:?}"
                ));
            }
        }
    }
    Ok(())
}

/// The same observation with another schema, another fingerprint, and states that are none.
fn damaged(own: &Observation) -> Vec<Observation> {
    let Ok(value) = serde_json::to_value(own) else { return Vec::new() };
    let with = |field: &str, new: Value| {
        let mut value = value.clone();
        value.as_object_mut()?.insert(field.to_owned(), new);
        serde_json::from_value(value).ok()
    };
    let states = [json!(null), json!(""), json!([]), json!({}), json!(-1), json!({"a": [null, {"b": "c"}]})];
    let states = states.into_iter().map(|state| with("state", state));
    [with("schema", json!(u32::MAX)), with("fingerprint", json!("of another subscription"))]
        .into_iter()
        .chain(states)
        .flatten()
        .filter(|observation| observation != own)
        .collect()
}

/// The same content gives the same artifacts in the same order, cold or warm, in any order of the server's list.
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

    let sorted = |mut names: Vec<String>| {
        names.sort_unstable();
        names
    };
    let traced = sorted(judgements.iter().map(|judgement| judgement.name.clone()).collect());
    let listed = sorted(fixture.listed().await);
    if traced != listed {
        return check.broken(format!("it traced {traced:?}, and listed are {listed:?}"));
    }
    let accepted = judgements.iter().filter(|judgement| judgement.rejection.is_none());
    let accepted = sorted(accepted.map(|judgement| judgement.name.clone()).collect());
    let answered = sorted(found.artifacts.iter().map(|artifact| fixture.candidate(artifact)).collect());
    if accepted != answered {
        return check.broken(format!("it traced {accepted:?} as accepted, and found {answered:?}"));
    }
    Ok(())
}

/// The cost in the answer is what the caller's meter has counted.
///
/// # Errors
///
/// How the source broke that.
pub async fn cost_is_what_was_counted<F: Fixture>(fixture: &mut F) -> Result<(), Violation> {
    let check = Check("cost_is_what_was_counted");
    let (source, meter) = (fixture.source().await, Meter::new());
    let found = check.found(source.discover(DiscoverRequest::new().with_meter(&meter)).await)?;
    let (said, counted) = (found.cost, meter.cost(Duration::ZERO));
    if (said.requests, said.bytes_received) != (counted.requests, counted.bytes_received) {
        return check.broken(format!("it says that it cost {said}, and the meter counted {counted}"));
    }
    Ok(())
}

/// A discovery that is dropped, at any point, changes nothing about the next one.
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

/// Where the server answers with transient failures, the discovery fails with a transient error, warm and cold, with an observation or without, and
/// gives no artifact that it knows from before.
///
/// # Errors
///
/// How the source broke that.
pub async fn a_failure_is_an_error<F: Fixture>(fixture: &mut F) -> Result<Checked, Violation> {
    let check = Check("a_failure_is_an_error");
    let warm = fixture.source().await;
    let before = check.found(warm.discover(DiscoverRequest::new()).await)?;
    let cold = fixture.source().await;
    if !fixture.disturb(Some(Disturbance::Unavailable)).await {
        return Ok(Checked::NotProvided);
    }
    for (source, state) in [(&warm, "warm"), (&cold, "cold")] {
        for previous in [None, before.observation.as_ref()] {
            match source.discover(DiscoverRequest::new().with_previous(previous)).await {
                Err(error) if error.is_transient() => {}
                Err(error) => return check.broken(format!("{state}: the error is not transient: {error:?}")),
                Ok(_) => return check.broken(format!("{state}: it answered, and the server is unavailable")),
            }
        }
    }
    fixture.disturb(None).await;
    let after = check.found(cold.discover(DiscoverRequest::new()).await)?;
    if after.artifacts != before.artifacts {
        return check.broken("after the failure it found something else than before");
    }
    Ok(Checked::Kept)
}

/// How long after the deadline the answer may come.
const GRACE: Duration = Duration::from_secs(2);

/// Where the server is silent, the discovery ends with [`TimedOut`](ErrorKind::TimedOut) at its deadline.
///
/// # Errors
///
/// How the source broke that.
pub async fn the_deadline_ends_it<F: Fixture>(fixture: &mut F) -> Result<Checked, Violation> {
    let check = Check("the_deadline_ends_it");
    let source = fixture.source().await;
    if !fixture.disturb(Some(Disturbance::Silent)).await {
        return Ok(Checked::NotProvided);
    }
    let deadline = Instant::now() + Duration::from_millis(300);
    let answer = source.discover(DiscoverRequest::new().with_deadline(deadline));
    match until(deadline + GRACE, answer).await {
        Some(Err(error)) if error.kind() == ErrorKind::TimedOut => {}
        Some(Err(error)) => return check.broken(format!("the error is not TimedOut: {error:?}")),
        Some(Ok(_)) => return check.broken("it answered, and the server is silent"),
        None => return check.broken(format!("{GRACE:?} after the deadline there is no answer")),
    }
    fixture.disturb(None).await;
    Ok(Checked::Kept)
}

/// None of the [secrets](Fixture::secrets) stands in what the source shows: its id, `Debug` and `Display`, its trace, its warnings, its observation,
/// and its error where the server is unavailable.
///
/// # Errors
///
/// Where a secret stands.
pub async fn no_secret_is_shown<F: Fixture>(fixture: &mut F) -> Result<Checked, Violation> {
    let check = Check("no_secret_is_shown");
    let secrets = fixture.secrets();
    if secrets.is_empty() {
        return Ok(Checked::NotProvided);
    }
    let source = fixture.source().await;
    let recorder = Recorder::new();
    let found = check.found(source.discover(DiscoverRequest::new().with_trace(&recorder)).await)?;
    let observation = serde_json::to_string(&found.observation);
    let mut shown = vec![
        ("id", format!("{:?} {}", source.id(), source.id())),
        ("Debug", format!("{source:?} {source:#?}")),
        ("Display", source.to_string()),
        ("trace", format!("{recorder:?}")),
        ("observation", format!("{:?} {observation:?}", found.observation)),
        ("artifacts", format!("{:?}", found.artifacts)),
    ];
    if fixture.disturb(Some(Disturbance::Unavailable)).await {
        if let Err(error) = source.discover(DiscoverRequest::new()).await {
            shown.push(("error", format!("{error} {error:?} {error:#?} {:?}", error.hint())));
        }
        fixture.disturb(None).await;
    }
    for (part, text) in shown {
        if secrets.iter().any(|secret| text.contains(secret)) {
            return check.broken(format!("a secret stands in its {part}"));
        }
    }
    Ok(Checked::Kept)
}

/// Where nothing fits, the answer is [`Found`] without an artifact. This check empties the server.
///
/// # Errors
///
/// How the source broke that.
pub async fn empty_is_a_success<F: Fixture>(fixture: &mut F) -> Result<Checked, Violation> {
    let check = Check("empty_is_a_success");
    let source = fixture.source().await;
    let before = check.found(source.discover(DiscoverRequest::new()).await)?;
    if !fixture.clear().await {
        return Ok(Checked::NotProvided);
    }
    for asked in [&source, &fixture.source().await] {
        for previous in [None, before.observation.as_ref()] {
            match check.answer(asked.discover(DiscoverRequest::new().with_previous(previous)).await)? {
                Discovery::Found(found) if found.artifacts.is_empty() => {}
                Discovery::Found(found) => {
                    return check.broken(format!("nothing fits, and it found {:?}", found.artifacts));
                }
                Discovery::Unchanged { .. } => {
                    return check.broken("everything is gone, and it said Unchanged");
                }
            }
        }
    }
    Ok(Checked::Kept)
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

/// Waits for this future until that moment, on any runtime.
async fn until<T>(moment: Instant, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut alarm: Option<std::thread::JoinHandle<()>> = None;
    std::future::poll_fn(|context| {
        if let Poll::Ready(value) = Pin::new(&mut future).poll(context) {
            return Poll::Ready(Some(value));
        }
        let now = Instant::now();
        if now >= moment {
            return Poll::Ready(None);
        }
        if alarm.as_ref().is_none_or(std::thread::JoinHandle::is_finished) {
            let waker = context.waker().clone();
            alarm = Some(std::thread::spawn(move || {
                std::thread::sleep(moment.saturating_duration_since(now));
                waker.wake();
            }));
        }
        Poll::Pending
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
