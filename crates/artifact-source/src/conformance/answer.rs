//! What a source answers: the order, the trace, observations, and nothing found.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::fixture::Fixture;
use super::report::{Check, Checked, Violation};
use crate::{ArtifactSource, DiscoverRequest, Discovery, Found, Judgement, Observation, Recorder};

/// The same content gives the same artifacts in the same order, cold or warm.
///
/// # Errors
///
/// How the source broke that.
pub async fn order_is_stable<F: Fixture>(fixture: &mut F) -> Result<Checked, Violation> {
    let check = Check("order_is_stable");
    let source = fixture.source().await;
    let first = check.found(source.discover(DiscoverRequest::new()).await)?;
    for round in 0..3 {
        same_order(&check, &source, fixture, &first, round).await?;
    }
    Ok(Checked::Kept)
}

/// The same candidates in another order of the server's list give the same artifacts in the same order.
///
/// # Errors
///
/// How the source broke that.
pub async fn order_ignores_the_listing<F: Fixture>(fixture: &mut F) -> Result<Checked, Violation> {
    let check = Check("order_ignores_the_listing");
    if fixture.listed().await.len() < 2 {
        return Ok(Checked::NotChecked("fewer than two candidates are listed"));
    }
    let source = fixture.source().await;
    let first = check.found(source.discover(DiscoverRequest::new()).await)?;
    for round in 0..3 {
        if !fixture.shuffle().await {
            return Ok(Checked::NotChecked("the server cannot list in another order"));
        }
        same_order(&check, &source, fixture, &first, round).await?;
    }
    Ok(Checked::Kept)
}

async fn same_order<F: Fixture>(
    check: &Check,
    warm: &F::Source,
    fixture: &F,
    first: &Found<<F::Source as ArtifactSource>::Artifact>,
    round: u32,
) -> Result<(), Violation> {
    for (asked, state) in [(warm, "warm"), (&fixture.source().await, "cold")] {
        let again = check.found(asked.discover(DiscoverRequest::new()).await)?;
        if again.artifacts != first.artifacts {
            return check.broken(format!(
                "round {round}, {state}: {:?} instead of {:?}",
                again.artifacts, first.artifacts
            ));
        }
    }
    Ok(())
}

/// What was published last comes first, and the other artifacts keep their order. This check publishes twice.
///
/// # Errors
///
/// How the source broke that.
pub async fn the_best_comes_first<F: Fixture>(fixture: &mut F) -> Result<Checked, Violation> {
    let check = Check("the_best_comes_first");
    let mut before = check.found(fixture.source().await.discover(DiscoverRequest::new()).await)?.artifacts;
    for _ in 0..2 {
        fixture.publish().await;
        let after = check.found(fixture.source().await.discover(DiscoverRequest::new()).await)?.artifacts;
        if after.len() < 2 {
            return Ok(Checked::NotChecked("fewer than two artifacts are found"));
        }
        if after.first().is_none_or(|best| before.contains(best)) {
            return check.broken(format!(
                "a better artifact than {before:?} was published, and it found {after:?}: the first one is not new"
            ));
        }
        let mut earlier = before.iter();
        let kept: Vec<_> = after.iter().filter(|artifact| before.contains(artifact)).collect();
        if !kept.iter().all(|artifact| earlier.any(|other| other == *artifact)) {
            return check.broken(format!(
                "they were found in the order {before:?}, and after a better one was published in this one: {kept:?}"
            ));
        }
        before = after;
    }
    Ok(Checked::Kept)
}

/// Every candidate is traced exactly once, and those traced as accepted are those in the answer: without an observation, with one of another
/// subscription, and with one that does not hold any more. Beside `Unchanged` a candidate may be missing, and no candidate is traced twice. This check publishes.
///
/// # Errors
///
/// How the source broke that.
pub async fn trace_is_complete<F: Fixture>(fixture: &mut F) -> Result<Checked, Violation> {
    let check = Check("trace_is_complete");
    let source = fixture.source().await;
    let (recorder, foreign) = (Recorder::new(), foreign());
    let first = source.discover(DiscoverRequest::new().with_trace(&recorder)).await;
    let first = check.found(first)?;
    let complete = "without an observation";
    traced(&check, fixture, recorder, Some(&first), complete).await?;

    let recorder = Recorder::new();
    let request = DiscoverRequest::new().with_previous(foreign.as_ref()).with_trace(&recorder);
    let found = check.found(source.discover(request).await)?;
    traced(&check, fixture, recorder, Some(&found), "with the observation of another subscription").await?;

    for state in ["with its observation", "with its observation of an older state"] {
        for asked in [&source, &fixture.source().await] {
            let recorder = Recorder::new();
            let request = DiscoverRequest::new().with_previous(first.observation.as_ref());
            let answer = check.answer(asked.discover(request.with_trace(&recorder)).await)?;
            traced(&check, fixture, recorder, answer.found().as_ref(), state).await?;
        }
        fixture.publish().await;
    }
    Ok(Checked::Kept)
}

async fn traced<F: Fixture>(
    check: &Check,
    fixture: &F,
    recorder: Recorder,
    found: Option<&Found<<F::Source as ArtifactSource>::Artifact>>,
    state: &str,
) -> Result<(), Violation> {
    let judgements = recorder.into_judgements();
    let traced = sorted(judgements.iter().map(|judgement| judgement.name.clone()));
    let mut listed = sorted(fixture.listed().await);
    let Some(found) = found else {
        // Each traced name uses up one that is listed.
        let extra = traced.iter().find(|name| match listed.iter().position(|other| other == *name) {
            Some(position) => {
                listed.remove(position);
                false
            }
            None => true,
        });
        return match extra {
            Some(name) => check.broken(format!("{state}, unchanged: it traced {name:?} too often")),
            None => Ok(()),
        };
    };
    if traced != listed {
        return check.broken(format!("{state}: it traced {traced:?}, and listed are {listed:?}"));
    }
    let accepted = |judgement: &&Judgement| judgement.rejection.is_none();
    let accepted = sorted(judgements.iter().filter(accepted).map(|judgement| judgement.name.clone()));
    let answered = sorted(found.artifacts.iter().map(|artifact| fixture.candidate(artifact)));
    if accepted != answered {
        return check.broken(format!("{state}: it traced {accepted:?} as accepted, and found {answered:?}"));
    }
    Ok(())
}

fn sorted(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut names: Vec<_> = names.into_iter().collect();
    names.sort_unstable();
    names
}

/// The observation of another subscription and of another schema.
fn foreign() -> Option<Observation> {
    Observation::new(u32::MAX, "of another subscription", &BTreeMap::from([("a", 1)]))
}

/// `Unchanged` only ever comes when a full run would say the same, and after a change it never does. A source that never says `Unchanged` keeps this.
/// This check publishes.
///
/// # Errors
///
/// How the source broke that.
pub async fn unchanged_is_sound<F: Fixture>(fixture: &mut F) -> Result<Checked, Violation> {
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
    Ok(Checked::Kept)
}

/// An observation of another subscription or schema, and the source's own one with any part of it damaged, lead to the full answer, never to an error.
///
/// # Errors
///
/// How the source broke that.
pub async fn observations_may_be_anything<F: Fixture>(fixture: &mut F) -> Result<Checked, Violation> {
    let check = Check("observations_may_be_anything");
    let source = fixture.source().await;
    let before = check.found(source.discover(DiscoverRequest::new()).await)?;
    let mut strange: Vec<Observation> = foreign().into_iter().collect();
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
    Ok(Checked::Kept)
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

/// Where nothing fits, the answer is [`Found`] without an artifact. This check empties the server.
///
/// # Errors
///
/// How the source broke that.
pub async fn empty_is_a_success<F: Fixture>(fixture: &mut F) -> Result<Checked, Violation> {
    let check = Check("empty_is_a_success");
    let source = fixture.source().await;
    let before = check.found(source.discover(DiscoverRequest::new()).await)?;
    if before.artifacts.is_empty() {
        return Ok(Checked::NotChecked("nothing was found before the server was emptied"));
    }
    if !fixture.clear().await {
        return Ok(Checked::NotChecked("the server cannot be emptied"));
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
