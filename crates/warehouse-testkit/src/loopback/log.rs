//! The exact record of what clients requested and what was sent to them.

use std::fmt;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use http::{HeaderMap, Method, Uri};

use super::connection::WireTotals;
use crate::fault::When;
use crate::lock::lock;

/// Every request a server has seen, in the order of arrival.
///
/// A request is in the log before its answer is on the wire, so a client that has read a whole answer finds exact
/// counts here. Clones share one log.
#[derive(Clone, Default)]
pub struct RequestLog {
    entries: Arc<Mutex<Vec<Entry>>>,
    wire: Arc<WireTotals>,
    connections: Arc<AtomicU64>,
    in_flight: Arc<AtomicU64>,
    peak: Arc<AtomicU64>,
}

/// The sums over a [`RequestLog`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Requests whose head was read.
    pub requests: u64,
    /// Bytes of response bodies as they travelled: compressed if they were compressed, without heads and chunk frames.
    pub body_bytes_sent: u64,
    /// Connections that were accepted.
    pub connections: u64,
    /// Everything written to sockets, heads and chunk frames included.
    pub wire_bytes_sent: u64,
    /// Everything read from sockets.
    pub wire_bytes_received: u64,
    /// The largest number of requests that were being answered at one moment.
    pub peak_concurrency: u64,
}

/// One request and what became of it.
#[derive(Clone)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The method, e.g. `GET`.
    pub method: String,
    /// The path as it was sent, still percent-encoded.
    pub path: String,
    /// What followed the `?`, still percent-encoded.
    pub query: Option<String>,
    /// The status of the answer; `None` before the answer, and where a fault broke the connection first.
    pub status: Option<u16>,
    /// Bytes of the response body handed to the connection so far.
    pub body_bytes_sent: u64,
    headers: HeaderMap,
}

impl RecordedRequest {
    /// The value of a request header, the first one if it was sent several times. Credentials are in here too: this is
    /// how a test proves that one was sent, or was not.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// All values of a request header.
    pub fn header_all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok())
    }
}

/// `GET /v2/demo/app/tags/list -> 200, 42 bytes`: neither the query nor a header, where credentials travel.
impl fmt::Display for RecordedRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} -> ", self.method, self.path)?;
        match self.status {
            Some(status) => write!(formatter, "{status}, {} bytes", self.body_bytes_sent),
            None => formatter.write_str("no answer"),
        }
    }
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// The counters: lines are shown by [`RequestLog::all`].
impl fmt::Debug for RequestLog {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("RequestLog").field(&self.counters()).finish()
    }
}

impl RequestLog {
    /// All requests so far.
    #[must_use]
    pub fn all(&self) -> Vec<RecordedRequest> {
        self.lock().iter().map(Entry::snapshot).collect()
    }

    /// The requests that `when` describes. Its count (`nth`, `first`, `after`) is taken over this log.
    #[must_use]
    pub fn matching(&self, when: &When) -> Vec<RecordedRequest> {
        let mut seen = 0;
        let mut found = self.all();
        found.retain(|request| {
            when.describes(&request.method, &request.path, request.query.as_deref()) && {
                seen += 1;
                when.counts(seen)
            }
        });
        found
    }

    /// How many requests `when` describes.
    #[must_use]
    pub fn count(&self, when: &When) -> usize {
        self.matching(when).len()
    }

    /// The sums.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let (requests, body_bytes_sent) = {
            let entries = self.lock();
            let bytes = entries.iter().map(|entry| entry.body_bytes.load(Ordering::SeqCst)).sum();
            (entries.len() as u64, bytes)
        };
        Counters {
            requests,
            body_bytes_sent,
            connections: self.connections.load(Ordering::SeqCst),
            wire_bytes_sent: self.wire.sent.load(Ordering::SeqCst),
            wire_bytes_received: self.wire.received.load(Ordering::SeqCst),
            peak_concurrency: self.peak.load(Ordering::SeqCst),
        }
    }

    /// Forgets everything: all sums are zero afterwards.
    pub fn clear(&self) {
        self.lock().clear();
        for counter in [&self.connections, &self.peak] {
            counter.store(0, Ordering::SeqCst);
        }
        for counter in [&self.wire.sent, &self.wire.received] {
            counter.store(0, Ordering::SeqCst);
        }
    }

    pub(super) fn wire(&self) -> Arc<WireTotals> {
        Arc::clone(&self.wire)
    }

    pub(super) fn connection(&self) {
        self.connections.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn begin(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> (Entry, InFlight) {
        let entry = Entry {
            method: method.clone(),
            path: uri.path().into(),
            query: uri.query().map(Into::into),
            headers: Arc::new(headers.clone()),
            status: Arc::default(),
            body_bytes: Arc::default(),
        };
        self.lock().push(entry.clone());
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.peak.fetch_max(now, Ordering::SeqCst);
        (entry, InFlight(Arc::clone(&self.in_flight)))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        lock(&self.entries)
    }
}

/// A live line of the log. It holds credentials, hence no `Debug`.
#[derive(Clone)]
pub(super) struct Entry {
    method: Method,
    path: Arc<str>,
    query: Option<Arc<str>>,
    headers: Arc<HeaderMap>,
    status: Arc<AtomicU16>,
    pub(super) body_bytes: Arc<AtomicU64>,
}

impl Entry {
    pub(super) fn answered(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    fn snapshot(&self) -> RecordedRequest {
        let status = self.status.load(Ordering::SeqCst);
        RecordedRequest {
            method: self.method.to_string(),
            path: self.path.to_string(),
            query: self.query.as_deref().map(Into::into),
            status: (status != 0).then_some(status),
            body_bytes_sent: self.body_bytes.load(Ordering::SeqCst),
            headers: (*self.headers).clone(),
        }
    }
}

/// Counts a request as being answered until it is dropped.
pub(super) struct InFlight(Arc<AtomicU64>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
