//! What a source does with its server: what is counted, what is cancelled, what fails, and what the deadline ends.

use std::time::{Duration, Instant};

use super::fixture::{Disturbance, Fixture, Traffic};
use super::report::{Check, Checked, Violation};
use super::wait::{abandon, pause, until};
use crate::{ArtifactSource, DiscoverRequest, ErrorKind, Meter};

/// After how many polls a discovery is dropped.
const POLLS: [usize; 8] = [1, 2, 3, 5, 8, 13, 21, 34];

/// How long the suite waits for requests that should not come.
const SETTLE: Duration = Duration::from_millis(500);

/// How long the deadlines of the suite are.
const DEADLINE: Duration = Duration::from_millis(300);

/// How long after the deadline a request may arrive that was sent before.
const IN_FLIGHT: Duration = Duration::from_millis(500);

/// How long after the deadline the answer may come.
const GRACE: Duration = Duration::from_secs(2);

const NO_TRAFFIC: &str = "the server does not count its requests";

/// The cost in the answer is what the caller's meter has counted.
///
/// # Errors
///
/// How the source broke that.
pub async fn cost_is_what_was_counted<F: Fixture>(fixture: &mut F) -> Result<Checked, Violation> {
    let check = Check("cost_is_what_was_counted");
    let source = fixture.source().await;
    let mut observation = None;
    for _ in 0..2 {
        let meter = Meter::new();
        let request = DiscoverRequest::new().with_previous(observation.as_ref()).with_meter(&meter);
        let answer = check.answer(source.discover(request).await)?;
        let (said, counted) = (answer.cost(), meter.cost(Duration::ZERO));
        if (said.requests, said.bytes_received) != (counted.requests, counted.bytes_received) {
            return check.broken(format!("it says that it cost {said}, and the meter counted {counted}"));
        }
        observation = answer.found().and_then(|found| found.observation);
    }
    Ok(Checked::Kept)
}

/// The meter counts every request that reached the server and every byte that came back, with an observation and without.
///
/// # Errors
///
/// How the source broke that.
pub async fn the_meter_counts_everything<F: Fixture>(fixture: &mut F) -> Result<Checked, Violation> {
    let check = Check("the_meter_counts_everything");
    let source = fixture.source().await;
    let mut observation = None;
    for state in ["cold", "warm, with its observation"] {
        let Some(before) = fixture.traffic() else { return Ok(Checked::NotChecked(NO_TRAFFIC)) };
        let meter = Meter::new();
        let request = DiscoverRequest::new().with_previous(observation.as_ref()).with_meter(&meter);
        let answer = check.answer(source.discover(request).await)?;
        let arrived = since(fixture, before);
        let counted = Traffic { requests: meter.requests(), bytes: meter.bytes_received() };
        if counted != arrived {
            return check.broken(format!("{state}: the meter has {counted:?}, and the server {arrived:?}"));
        }
        if arrived.requests == 0 && observation.is_none() {
            return Ok(Checked::NotChecked("the server counted no request of a cold source"));
        }
        observation = answer.found().and_then(|found| found.observation);
    }
    Ok(Checked::Kept)
}

/// The meter counts the requests of a discovery that fails, its retries included.
///
/// # Errors
///
/// How the source broke that.
pub async fn the_meter_counts_failures<F: Fixture>(fixture: &mut F) -> Result<Checked, Violation> {
    let check = Check("the_meter_counts_failures");
    let source = fixture.source().await;
    let Some(before) = fixture.traffic() else { return Ok(Checked::NotChecked(NO_TRAFFIC)) };
    if !fixture.disturb(Some(Disturbance::Unavailable)).await {
        return Ok(Checked::NotChecked("the server cannot be made unavailable"));
    }
    let meter = Meter::new();
    let answer = source.discover(DiscoverRequest::new().with_meter(&meter)).await;
    let (counted, arrived) = (meter.requests(), since(fixture, before).requests);
    fixture.disturb(None).await;
    if answer.is_ok() {
        return check.broken("it answered, and the server is unavailable");
    }
    if counted != arrived {
        return check
            .broken(format!("{arrived} requests arrived at the server, and the meter counted {counted}"));
    }
    Ok(Checked::Kept)
}

/// What has reached the server since it had counted that.
fn since<F: Fixture>(fixture: &F, before: Traffic) -> Traffic {
    let now = fixture.traffic().unwrap_or_default();
    Traffic {
        requests: now.requests.saturating_sub(before.requests),
        bytes: now.bytes.saturating_sub(before.bytes),
    }
}

/// After a discovery has returned, or was dropped at any point, no further request is sent: the meter stands still, and no request arrives that it does
/// not count. Requests are looked for during half a second. One of the eight dropped discoveries may send one more request, since blocking work
/// stops at its next interrupt check.
///
/// # Errors
///
/// How the source broke that.
pub async fn nothing_is_left_running<F: Fixture>(fixture: &mut F) -> Result<Checked, Violation> {
    let check = Check("nothing_is_left_running");
    let Some(before) = fixture.traffic() else { return Ok(Checked::NotChecked(NO_TRAFFIC)) };
    let mut ended = Vec::new();
    // Without a limit the last one returns.
    for polls in POLLS.into_iter().chain([usize::MAX]) {
        let (source, meter) = (fixture.source().await, Meter::new());
        let has_returned = abandon(source.discover(DiscoverRequest::new().with_meter(&meter)), polls).await;
        ended.push((has_returned, meter.requests(), meter));
    }
    if fixture.disturb(Some(Disturbance::Silent)).await {
        let (source, meter) = (fixture.source().await, Meter::new());
        let request = DiscoverRequest::new().with_meter(&meter).with_deadline(Instant::now() + DEADLINE);
        let answer = until(Instant::now() + DEADLINE + GRACE, source.discover(request)).await;
        ended.push((answer.is_some(), meter.requests(), meter));
        fixture.disturb(None).await;
    }
    pause(SETTLE).await;
    let later = |returned: bool| -> Vec<u64> {
        let of_them = ended.iter().filter(|(has_returned, ..)| *has_returned == returned);
        of_them.map(|(_, at_end, meter)| meter.requests() - at_end).filter(|later| *later > 0).collect()
    };
    let (returned, dropped) = (later(true), later(false));
    if !returned.is_empty() {
        return check
            .broken(format!("{} requests were counted after it returned", returned.iter().sum::<u64>()));
    }
    if !matches!(dropped[..], [] | [1]) {
        return check
            .broken(format!("{} requests were counted after it was dropped", dropped.iter().sum::<u64>()));
    }
    let arrived = since(fixture, before).requests;
    let counted: u64 = ended.iter().map(|(_, _, meter)| meter.requests()).sum();
    if arrived > counted {
        return check.broken(format!("{arrived} requests arrived at the server, and {counted} were counted"));
    }
    Ok(Checked::Kept)
}

/// A discovery that is dropped, at any point, changes nothing about the next one.
///
/// # Errors
///
/// How the source broke that.
pub async fn drop_is_clean<F: Fixture>(fixture: &mut F) -> Result<Checked, Violation> {
    let check = Check("drop_is_clean");
    let expected = check.found(fixture.source().await.discover(DiscoverRequest::new()).await)?;
    for polls in POLLS {
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
    Ok(Checked::Kept)
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
        return Ok(Checked::NotChecked("the server cannot be made unavailable"));
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

/// Where the server is silent, the discovery ends with [`TimedOut`](ErrorKind::TimedOut) at its deadline, and with a deadline that has passed no request
/// is sent.
///
/// # Errors
///
/// How the source broke that.
pub async fn the_deadline_ends_it<F: Fixture>(fixture: &mut F) -> Result<Checked, Violation> {
    let check = Check("the_deadline_ends_it");
    let source = fixture.source().await;
    if !fixture.disturb(Some(Disturbance::Silent)).await {
        return Ok(Checked::NotChecked("the server cannot be made silent"));
    }
    let deadline = Instant::now() + DEADLINE;
    let answer = source.discover(DiscoverRequest::new().with_deadline(deadline));
    match until(deadline + GRACE, answer).await {
        Some(Err(error)) if error.kind() == ErrorKind::TimedOut => {}
        Some(Err(error)) => return check.broken(format!("the error is not TimedOut: {error:?}")),
        Some(Ok(_)) => return check.broken("it answered, and the server is silent"),
        None => return check.broken(format!("{GRACE:?} after the deadline there is no answer")),
    }
    let before = fixture.traffic().unwrap_or_default();
    let passed = DiscoverRequest::new().with_deadline(Instant::now());
    if until(Instant::now() + GRACE, source.discover(passed)).await.is_none() {
        return check.broken(format!("the deadline has passed, and after {GRACE:?} there is no answer"));
    }
    let late = since(fixture, before).requests;
    if late > 0 {
        return check.broken(format!("the deadline has passed, and it sent {late} requests"));
    }
    fixture.disturb(None).await;
    Ok(Checked::Kept)
}

/// Where the server keeps failing, the discovery ends at its deadline at the latest, and no retry is sent after it.
///
/// This is checked where the source, without a deadline, would still be trying at that moment.
///
/// # Errors
///
/// How the source broke that.
pub async fn retries_end_at_the_deadline<F: Fixture>(fixture: &mut F) -> Result<Checked, Violation> {
    let check = Check("retries_end_at_the_deadline");
    let mut checked = Checked::NotChecked("the server cannot be made busy or unavailable");
    for disturbance in [Disturbance::Busy, Disturbance::Unavailable] {
        let source = fixture.source().await;
        if !fixture.disturb(Some(disturbance)).await {
            continue;
        }
        let deadline = Instant::now() + DEADLINE;
        let mut answer = source.discover(DiscoverRequest::new().with_deadline(deadline));
        let mut outcome = until(deadline + IN_FLIGHT, answer.as_mut()).await;
        if outcome.is_none() {
            let before = fixture.traffic().unwrap_or_default();
            outcome = until(deadline + GRACE, answer).await;
            let late = since(fixture, before).requests;
            if late > 0 {
                return check.broken(format!("{disturbance:?}: {late} requests arrived after the deadline"));
            }
        }
        if outcome.is_none() {
            return check.broken(format!("{disturbance:?}: {GRACE:?} after the deadline there is no answer"));
        }
        let cold = fixture.source().await;
        let unlimited = cold.discover(DiscoverRequest::new());
        if until(Instant::now() + DEADLINE, unlimited).await.is_none() {
            checked = Checked::Kept;
        } else if checked != Checked::Kept {
            checked = Checked::NotChecked("without a deadline the retries end as early");
        }
        fixture.disturb(None).await;
    }
    Ok(checked)
}
