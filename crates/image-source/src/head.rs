//! Which registries tell the digest of a tag when they are asked for it alone.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::MutexGuard;

const NEW: u8 = 0;
const OPEN: u8 = 1;
const MUTE: u8 = 2;

/// What is known of registries and HEAD, shared by the sources of one program: a registry that answers HEAD without a digest
/// is asked so once, however many sources and discoveries there are and however many requests are under way at once. Clones
/// share what they know.
#[derive(Clone, Debug, Default)]
pub struct HeadSupport(Arc<Mutex<HashMap<String, Arc<Host>>>>);

impl HeadSupport {
    pub(crate) fn at(&self, host: &str) -> Arc<Host> {
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(hosts.entry(host.to_owned()).or_default())
    }
}

/// What is known of one registry.
#[derive(Debug, Default)]
pub(crate) struct Host {
    state: AtomicU8,
    first: tokio::sync::Mutex<()>,
}

/// The right to ask with HEAD.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    host: &'a Host,
    /// Held by the first one, so that the others hear what it learns.
    _first: Option<MutexGuard<'a, ()>>,
}

impl Host {
    /// The right to ask with HEAD, unless it is of no use here. The first who asks asks alone, and the others wait for what
    /// comes of it.
    pub(crate) async fn turn(&self) -> Option<Turn<'_>> {
        let mut first = None;
        if self.is(NEW) {
            first = Some(self.first.lock().await).filter(|_| self.is(NEW));
        }
        (!self.is(MUTE)).then_some(Turn { host: self, _first: first })
    }

    fn is(&self, state: u8) -> bool {
        self.state.load(Ordering::Relaxed) == state
    }
}

impl Turn<'_> {
    /// It was answered, with a digest or without.
    pub(crate) fn answered(self, with_digest: bool) {
        self.host.state.store(if with_digest { OPEN } else { MUTE }, Ordering::Relaxed);
    }

    /// What came back tells nothing about the others.
    pub(crate) fn told_nothing(self) {
        if self.host.is(NEW) {
            self.host.state.store(OPEN, Ordering::Relaxed);
        }
    }
}
