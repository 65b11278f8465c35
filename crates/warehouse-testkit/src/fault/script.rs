//! The rules of one server, and their application to one request.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue, Method, Response, Uri};
use http_body_util::BodyExt;

use super::bomb::gzip_bomb;
use super::broken::{Ending, broken, drip};
use super::flood::flood;
use super::{Fault, When};
use crate::loopback::{Body, WireControl, full};

/// The faults of one server. Clones share one script.
#[derive(Clone, Debug, Default)]
pub struct FaultScript(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    struck: u64,
}

#[derive(Debug)]
struct Rule {
    when: When,
    fault: Fault,
    seen: u64,
}

impl FaultScript {
    /// Adds a rule at the end. Its count starts now.
    pub fn add(&self, when: When, fault: impl Into<Fault>) {
        self.lock().rules.push(Rule { when, fault: fault.into(), seen: 0 });
    }

    /// Takes all rules away: the server is healthy again.
    pub fn clear(&self) {
        self.lock().rules.clear();
    }

    /// How many requests met a fault, latency included. A test that asks for trouble can see that it came.
    #[must_use]
    pub fn struck(&self) -> u64 {
        self.lock().struck
    }

    /// What shall become of the next request.
    pub(crate) fn plan(&self, method: &Method, uri: &Uri) -> Planned {
        let mut state = self.lock();
        let mut planned = Planned { latency: Duration::ZERO, fault: None };
        let mut struck = false;
        for rule in &mut state.rules {
            if !rule.when.describes(method.as_str(), uri.path(), uri.query()) {
                continue;
            }
            rule.seen += 1;
            if !rule.when.counts(rule.seen) {
                continue;
            }
            struck = true;
            match &rule.fault {
                Fault::Latency(latency) if planned.fault.is_none() => {
                    planned.latency = planned.latency.saturating_add(*latency);
                }
                fault if planned.fault.is_none() => planned.fault = Some(fault.clone()),
                _ => {}
            }
        }
        state.struck += u64::from(struck);
        planned
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the script has in store for one request.
pub(crate) struct Planned {
    latency: Duration,
    fault: Option<Fault>,
}

/// How a request ends.
pub(crate) enum Outcome {
    /// With an answer, healthy or not.
    Answer(Response<Body>),
    /// With a TCP reset.
    Reset,
    /// With an orderly close and no answer.
    Close,
}

impl Planned {
    /// Carries the plan out; `real` gives the real answer where it is needed.
    pub(crate) async fn run<F>(
        self,
        control: &WireControl,
        is_head: bool,
        real: impl FnOnce() -> F,
    ) -> Outcome
    where
        F: Future<Output = Response<Body>>,
    {
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        match self.fault {
            None => Outcome::Answer(real().await),
            Some(Fault::Reply(reply)) => Outcome::Answer(reply.response()),
            Some(Fault::Reset) => Outcome::Reset,
            Some(Fault::Close) => Outcome::Close,
            Some(Fault::Stall) => std::future::pending().await,
            Some(fault) => Outcome::Answer(bend(fault, real().await, control, is_head).await),
        }
    }
}

/// Bends the real answer.
async fn bend(
    fault: Fault,
    mut response: Response<Body>,
    control: &WireControl,
    is_head: bool,
) -> Response<Body> {
    match fault {
        Fault::Header { name, value } => {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().insert(name, value);
            }
            return response;
        }
        Fault::WrongDigest => {
            let other = format!("sha256:{}", "0123456789abcdef".repeat(4));
            if let Ok(value) = HeaderValue::try_from(other) {
                response.headers_mut().insert("docker-content-digest", value);
            }
            return response;
        }
        _ if is_head => return response,
        _ => {}
    }
    match fault {
        Fault::StallAfter { keep } => response.map(|body| broken(body, keep, Ending::Stall, control.clone())),
        Fault::Truncate { keep } => response.map(|body| broken(body, keep, Ending::Close, control.clone())),
        Fault::ResetAfter { keep } => response.map(|body| broken(body, keep, Ending::Reset, control.clone())),
        Fault::Drip { bytes, pause } => response.map(|body| drip(body, bytes, pause)),
        Fault::CorruptBody => corrupt(response).await,
        Fault::Endless { head, repeat } => replaced(response, flood(head, repeat, None)),
        Fault::Oversized { bytes, repeat } => replaced(response, flood(Bytes::new(), repeat, Some(bytes))),
        Fault::GzipBomb { bytes } => {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            replaced(response, gzip_bomb(bytes))
        }
        // These were carried out before.
        Fault::Reply(_)
        | Fault::Latency(_)
        | Fault::Reset
        | Fault::Close
        | Fault::Stall
        | Fault::WrongDigest
        | Fault::Header { .. } => response,
    }
}

/// The same head over another body; the body says itself how long it is.
fn replaced(mut response: Response<Body>, body: Body) -> Response<Body> {
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().remove(TRANSFER_ENCODING);
    response.map(|_| body)
}

async fn corrupt(response: Response<Body>) -> Response<Body> {
    let (parts, body) = response.into_parts();
    let mut bytes = match body.collect().await {
        Ok(collected) => collected.to_bytes().to_vec(),
        Err(_) => Vec::new(),
    };
    bytes.push(b' ');
    replaced(Response::from_parts(parts, full(Vec::new())), full(bytes))
}
