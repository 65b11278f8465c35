//! What is shown of a discovery while it runs: on a terminal, from the first second on.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use artifact_source::{Artifact, Candidate, Meter, Principal, Rejection, SourceId, Trace, Warning, lock};
use warehouse_discovery::{Observer, SubscriptionReport};
use warehouse_spec::Subscription;

use crate::message::Messages;
use crate::output::counted;

/// What takes no longer needs no progress.
const DELAY: Duration = Duration::from_secs(1);

/// The time between two lines.
const INTERVAL: Duration = Duration::from_millis(200);

/// The counts of all Warehouses of a command.
#[derive(Debug)]
pub(crate) struct Progress {
    messages: Messages,
    total: usize,
    done: AtomicUsize,
    candidates: AtomicU64,
    meters: Mutex<Vec<Meter>>,
    is_shown: AtomicBool,
}

impl Progress {
    /// The progress of this many subscriptions.
    pub(crate) fn new(total: usize, messages: Messages) -> Self {
        Self {
            messages,
            total,
            done: AtomicUsize::new(0),
            candidates: AtomicU64::new(0),
            meters: Mutex::default(),
            is_shown: AtomicBool::new(false),
        }
    }

    /// Shows it until it is dropped. It has no end.
    pub(crate) async fn show(&self) {
        if !self.messages.has_status() {
            return std::future::pending().await;
        }
        tokio::time::sleep(DELAY).await;
        self.is_shown.store(true, Ordering::Relaxed);
        loop {
            self.messages.status(&self.line());
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// Removes the line.
    pub(crate) fn end(&self) {
        if self.is_shown.swap(false, Ordering::Relaxed) {
            self.messages.status("");
        }
    }

    fn line(&self) -> String {
        let bytes: u64 = lock(&self.meters).iter().map(Meter::bytes_received).sum();
        let candidates = usize::try_from(self.candidates.load(Ordering::Relaxed)).unwrap_or(usize::MAX);
        format!(
            "{} of {}, {}, {}",
            self.done.load(Ordering::Relaxed),
            counted(self.total, "subscription"),
            counted(candidates, "candidate"),
            size(bytes)
        )
    }

    fn finished(&self, report: &SubscriptionReport) {
        self.done.fetch_add(1, Ordering::Relaxed);
        if !self.is_shown.load(Ordering::Relaxed) {
            return;
        }
        let result = match (&report.error, report.artifacts.as_slice()) {
            (Some(_), _) => "failed".to_owned(),
            (None, []) => "nothing fits".to_owned(),
            (None, found @ [best, ..]) => format!("{} found, best {}", found.len(), best.name()),
        };
        self.messages.status("");
        self.messages.note(&format!("{}: {result}", report.id));
    }
}

/// Bytes as people read them: `1.2 MB`.
pub(crate) fn size(bytes: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")];
    match units.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} bytes"),
    }
}

/// An observer that counts, keeps the report of each subscription that has finished, and passes everything on.
pub(crate) struct Watched<'o, O> {
    next: &'o O,
    progress: &'o Progress,
    traces: Vec<Counting<'o>>,
    finished: Mutex<Vec<SubscriptionReport>>,
}

impl<'o, O: Observer> Watched<'o, O> {
    pub(crate) fn new(next: &'o O, subscriptions: &[Subscription], progress: &'o Progress) -> Self {
        let trace = |(index, subscription): (usize, &Subscription)| Counting {
            next: next.trace(index),
            id: SubscriptionReport::new(index, subscription).id,
            progress,
        };
        let traces = subscriptions.iter().enumerate().map(trace).collect();
        Self { next, progress, traces, finished: Mutex::default() }
    }

    /// The reports of the subscriptions that have finished so far, in the order of the manifest.
    pub(crate) fn into_finished(self) -> Vec<SubscriptionReport> {
        let mut finished = self.finished.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        finished.sort_by_key(|report| report.index);
        finished
    }
}

impl<O: Observer> Observer for Watched<'_, O> {
    fn trace(&self, subscription: usize) -> &dyn Trace {
        match self.traces.get(subscription) {
            Some(trace) => trace,
            None => &(),
        }
    }

    fn started(&self, subscription: usize, id: &SourceId, meter: &Meter) {
        lock(&self.progress.meters).push(meter.clone());
        self.progress.messages.trace(&format!("{id}: started"));
        self.next.started(subscription, id, meter);
    }

    fn finished(&self, subscription: usize, report: &SubscriptionReport) {
        lock(&self.finished).push(report.clone());
        self.progress.finished(report);
        self.progress.messages.trace(&format!("{}: finished", report.id));
        self.next.finished(subscription, report);
    }
}

struct Counting<'o> {
    next: &'o dyn Trace,
    id: SourceId,
    progress: &'o Progress,
}

impl Counting<'_> {
    fn count(&self, candidate: &Candidate<'_>, why: Option<&Rejection>) {
        self.progress.candidates.fetch_add(1, Ordering::Relaxed);
        if self.progress.messages.has_trace() {
            let verdict = why.map_or_else(|| "accepted".to_owned(), ToString::to_string);
            let name = artifact_source::shown_name(candidate.name);
            self.progress.messages.trace(&format!("{}: {name}: {verdict}", self.id));
        }
    }
}

impl Trace for Counting<'_> {
    fn accepted(&self, candidate: &Candidate<'_>) {
        self.count(candidate, None);
        self.next.accepted(candidate);
    }

    fn rejected(&self, candidate: &Candidate<'_>, why: &Rejection) {
        self.count(candidate, Some(why));
        self.next.rejected(candidate, why);
    }

    fn listed(&self, count: usize) {
        self.next.listed(count);
    }

    fn authenticated(&self, principal: &Principal) {
        self.next.authenticated(principal);
    }

    fn warned(&self, warning: &Warning) {
        self.next.warned(warning);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(
            [999, 1000, 1_234_567, 2_000_000_000].map(size),
            ["999 bytes", "1.0 kB", "1.2 MB", "2.0 GB"]
        );
    }
}
