//! The rules of one server, and their application to one request.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER, TRANSFER_ENCODING,
};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, Uri};
use http_body_util::BodyExt;

use super::body::{Ending, broken, drip, flood, gzip_bomb};
use super::when::When;
use crate::lock::lock;
use crate::loopback::{Body, WireControl, full};

/// The faults of one server. Clones share one script.
#[derive(Clone, Debug, Default)]
pub struct FaultScript(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    injected: u64,
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

    /// Removes all rules: the server works again.
    pub fn clear(&self) {
        self.lock().rules.clear();
    }

    /// The number of requests that met a fault, latency included. A test can see that its fault was injected.
    #[must_use]
    pub fn injected(&self) -> u64 {
        self.lock().injected
    }

    /// What happens to the next request.
    pub(crate) fn plan(&self, method: &Method, uri: &Uri) -> Planned {
        let mut state = self.lock();
        let mut planned = Planned { latency: Duration::ZERO, fault: None };
        let mut injected = false;
        for rule in &mut state.rules {
            if !rule.when.describes(method.as_str(), uri.path(), uri.query()) {
                continue;
            }
            rule.seen += 1;
            if !rule.when.counts(rule.seen) {
                continue;
            }
            injected = true;
            match &rule.fault {
                Fault::Latency(latency) if planned.fault.is_none() => {
                    planned.latency = planned.latency.saturating_add(*latency);
                }
                fault if planned.fault.is_none() => planned.fault = Some(fault.clone()),
                _ => {}
            }
        }
        state.injected += u64::from(injected);
        planned
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }
}

/// What the script does with one request.
pub(crate) struct Planned {
    latency: Duration,
    fault: Option<Fault>,
}

/// How a request ends.
pub(crate) enum Outcome {
    /// With an answer, the real one or another.
    Answer(Response<Body>),
    /// With a TCP reset.
    Reset,
    /// With an orderly close and no answer.
    Close,
}

impl Planned {
    /// Whether the answer is a scripted one, for which the request is not needed.
    pub(crate) fn is_reply(&self) -> bool {
        matches!(self.fault, Some(Fault::Reply(_)))
    }

    /// Carries the plan out; `real` computes the real answer where it is needed.
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
            Some(Fault::LoseAnswer) => {
                real().await;
                Outcome::Reset
            }
            Some(fault) => Outcome::Answer(change(fault, real().await, control, is_head).await),
        }
    }
}

/// Changes the real answer.
async fn change(
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
        // These were handled before.
        Fault::Reply(_)
        | Fault::Latency(_)
        | Fault::Reset
        | Fault::Close
        | Fault::Stall
        | Fault::LoseAnswer
        | Fault::WrongDigest
        | Fault::Header { .. } => response,
    }
}

/// The same head with another body, which carries its own length.
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

/// One kind of fault.
///
/// Those that change the real answer (`Truncate`, `Drip`, `Header`, ...) let the server compute it first, so the request has its
/// effect and its headers are the real ones. Those that concern a body do not change answers to HEAD.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// This answer instead of the real one.
    Reply(Reply),
    /// The real answer, later. Adds to the rule that comes next.
    Latency(Duration),
    /// A TCP reset instead of an answer.
    Reset,
    /// The connection is closed in good order, without an answer.
    Close,
    /// Never an answer; the connection stays open until the client gives up.
    Stall,
    /// The request has its effect, and a TCP reset comes instead of the answer.
    LoseAnswer,
    /// The head of the real answer and this much of its body, then nothing more; the connection stays open.
    StallAfter {
        /// Bytes of the body that are sent.
        keep: usize,
    },
    /// The real answer, a few bytes at a time.
    Drip {
        /// Bytes per portion, at least 1.
        bytes: usize,
        /// The pause before each portion.
        pause: Duration,
    },
    /// The head of the real answer, its `Content-Length` included, and this much of the body; then the connection is
    /// closed in good order.
    Truncate {
        /// Bytes of the body that are sent.
        keep: usize,
    },
    /// Like `Truncate`, but ends with a TCP reset.
    ResetAfter {
        /// Bytes of the body that are sent.
        keep: usize,
    },
    /// The real answer with one blank more at the end: still good JSON and YAML, under a digest that no longer fits.
    CorruptBody,
    /// The real answer under a `Docker-Content-Digest` of something else.
    WrongDigest,
    /// The real answer with this header set.
    Header {
        /// The name.
        name: String,
        /// The value.
        value: String,
    },
    /// The head of the real answer, then `head`, then `repeat` for as long as the client reads. No `Content-Length`.
    Endless {
        /// What the body begins with.
        head: Bytes,
        /// What follows again and again; must not be empty (a blank is taken then).
        repeat: Bytes,
    },
    /// The head of the real answer with an honest `Content-Length` of `bytes`, filled up with `repeat`.
    Oversized {
        /// The length of the body.
        bytes: u64,
        /// What the body consists of, again and again; must not be empty (a blank is taken then).
        repeat: Bytes,
    },
    /// The head of the real answer with `Content-Encoding: gzip`, and a small body that unpacks to this many blanks,
    /// rounded up to whole MiB.
    GzipBomb {
        /// The unpacked size.
        bytes: u64,
    },
}

macro_rules! kinds {
    ($($kind:ident),+ $(,)?) => {
        /// The kinds of [`Fault`]s, without their values: a test that goes through all of them does not compile when there is a further one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum FaultKind {
            $(
                #[doc = concat!("[`Fault::", stringify!($kind), "`].")]
                $kind,
            )+
        }

        impl FaultKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),+];
        }

        impl Fault {
            /// The kind of this fault.
            #[must_use]
            pub fn kind(&self) -> FaultKind {
                match self {
                    $(Self::$kind { .. } => FaultKind::$kind,)+
                }
            }
        }
    };
}

kinds!(
    Reply,
    Latency,
    Reset,
    Close,
    Stall,
    LoseAnswer,
    StallAfter,
    Drip,
    Truncate,
    ResetAfter,
    CorruptBody,
    WrongDigest,
    Header,
    Endless,
    Oversized,
    GzipBomb,
);

impl Fault {
    /// An empty answer with this status.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Reply(Reply::status(status))
    }

    /// 429 with `Retry-After` and an OCI error body.
    #[must_use]
    pub fn too_many_requests(retry_after: Duration) -> Self {
        Self::Reply(
            Reply::status(429).retry_after(retry_after).oci_error("TOOMANYREQUESTS", "rate limit exceeded"),
        )
    }

    /// A redirect (307) to any address, on this host or another.
    #[must_use]
    pub fn redirect(location: impl Into<String>) -> Self {
        Self::Reply(Reply::redirect(307, location))
    }

    /// The real answer with a `Link` to the next page at any address, on this host or another.
    #[must_use]
    pub fn link(next: impl AsRef<str>) -> Self {
        Self::Header { name: "link".into(), value: format!("<{}>; rel=\"next\"", next.as_ref()) }
    }

    /// The login page of a proxy or a portal, with status 200.
    #[must_use]
    pub fn login_page() -> Self {
        const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\n\
            <body><form method=\"post\"><input name=\"user\"><input name=\"password\"></form></body></html>\n";
        Self::Reply(Reply::status(200).header("content-type", "text/html; charset=utf-8").body(PAGE))
    }

    /// A body of blanks that never ends.
    #[must_use]
    pub fn endless() -> Self {
        Self::Endless { head: Bytes::new(), repeat: Bytes::from_static(&[b' '; 4096]) }
    }

    /// A body of this many blanks.
    #[must_use]
    pub fn oversized(bytes: u64) -> Self {
        Self::Oversized { bytes, repeat: Bytes::from_static(&[b' '; 4096]) }
    }
}

impl From<Reply> for Fault {
    fn from(reply: Reply) -> Self {
        Self::Reply(reply)
    }
}

/// A scripted answer: status, headers, body.
///
/// A header name or value that HTTP does not allow is left out, and so is a status outside 100 to 999 (500 is answered
/// then): a script is a fixture, and its author sees the difference at once.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Reply {
    /// An answer with this status, no headers and an empty body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    /// Adds a header; the same name may be added several times.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds `Retry-After` in whole seconds, rounded up.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.header(RETRY_AFTER.as_str(), seconds.to_string())
    }

    /// The body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// A JSON body with an OCI error of this code (distribution spec, "Error codes").
    #[must_use]
    pub fn oci_error(self, code: &str, message: &str) -> Self {
        let body = serde_json::json!({ "errors": [{ "code": code, "message": message }] });
        self.header(CONTENT_TYPE.as_str(), "application/json").body(body.to_string())
    }

    /// A list of these tags of a repository, in this order and in one page (distribution spec, "Listing Tags").
    #[must_use]
    pub fn tags<T: AsRef<str>>(repository: &str, tags: impl IntoIterator<Item = T>) -> Self {
        let tags: Vec<String> = tags.into_iter().map(|tag| tag.as_ref().to_owned()).collect();
        let body = serde_json::json!({ "name": repository, "tags": tags });
        Self::status(200).header(CONTENT_TYPE.as_str(), "application/json").body(body.to_string())
    }

    /// A redirect.
    #[must_use]
    pub fn redirect(status: u16, location: impl Into<String>) -> Self {
        Self::status(status).header(LOCATION.as_str(), location)
    }

    pub(super) fn response(&self) -> Response<Body> {
        let mut response = Response::new(full(self.body.clone()));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}
