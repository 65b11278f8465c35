//! How memory and disk stand to each other.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard};

use super::journal::{Journal, Stamp};
use super::line::Record;
use super::lock;
use super::patience::Patience;
use crate::CacheScope;

/// How many records wait at most. More would be forgotten; a discovery settles long before.
const MOST_WAITING: usize = 1 << 16;

/// What of one scope is written, and what is yet to be.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) scope: CacheScope,
    pub(super) journal: Journal,
    /// Held by whoever reads or writes the journal in this process.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// For how long this scope's discovery may still wait for others who write.
    pub(super) patience: Patience,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Fingerprints of what the young file says, and will say when what is waiting has been written.
    written: HashSet<u64>,
    waiting: Vec<Record>,
    /// What the files were like when they were read, and how much the memory had lost by then.
    seen: Option<(Stamp, u64)>,
    /// The stamp of a young file that is of no use.
    foreign: Option<Stamp>,
}

impl Ledger {
    pub(super) fn new(journal: Journal, scope: CacheScope) -> Self {
        let turn = tokio::sync::Mutex::default();
        Self { scope, journal, turn, patience: Patience::default(), state: Mutex::default() }
    }

    /// Something is used: it has to be in the young file, if it is not.
    pub(super) fn note(&self, fingerprint: u64, record: impl FnOnce() -> Record) {
        let mut state = self.state();
        if state.waiting.len() < MOST_WAITING && state.written.insert(fingerprint) {
            state.waiting.push(record());
        }
    }

    /// Something has to be written once more when it is noted again.
    pub(super) fn forget(&self, fingerprint: u64) {
        self.state().written.remove(&fingerprint);
    }

    pub(super) fn is_settled(&self) -> bool {
        self.state().waiting.is_empty()
    }

    /// Whether the memory holds what the files hold.
    pub(super) fn has_seen(&self, stamp: Stamp, losses: u64) -> bool {
        self.state().seen == Some((stamp, losses))
    }

    pub(super) fn waiting(&self) -> Vec<Record> {
        self.state().waiting.clone()
    }

    pub(super) fn loaded(&self, written: HashSet<u64>, seen: (Stamp, u64), is_foreign: bool) {
        let mut state = self.state();
        state.written = written;
        let waiting: Vec<u64> = state.waiting.iter().map(Record::fingerprint).collect();
        state.written.extend(waiting);
        state.seen = Some(seen);
        state.foreign = is_foreign.then_some(seen.0);
    }

    /// What is to be written, and the stamp of a file that is to be replaced.
    pub(super) fn take_waiting(&self) -> (Vec<Record>, Option<Stamp>) {
        let mut state = self.state();
        (std::mem::take(&mut state.waiting), state.foreign)
    }

    /// It was written; between these stamps nothing else was, if there are any.
    pub(super) fn stored(&self, stamps: Option<(Stamp, Stamp)>) {
        let mut state = self.state();
        state.seen = match (state.seen, stamps) {
            (Some((seen, losses)), Some((before, after))) if seen == before => Some((after, losses)),
            // The files hold something that the memory may not, or the young one no longer what it did.
            _ => None,
        };
    }

    pub(super) fn not_stored(&self, records: &[Record]) {
        let mut state = self.state();
        for record in records {
            state.written.remove(&record.fingerprint());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}
