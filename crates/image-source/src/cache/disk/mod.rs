//! The cache that outlives the process.

mod folder;
mod journal;
mod ledger;
mod line;
mod patience;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use oci_registry::Digest;

use super::{CacheScope, FactCache, MemoryCache};
use crate::Facts;
use folder::Folder;
use journal::Journal;
use ledger::Ledger;
use line::{Record, fingerprint};
use patience::Patience;

const DEFAULT_LIMIT: u64 = 256 << 20;

/// A [`FactCache`] in a folder, for processes that come and go, and for several at once.
///
/// ```
/// use std::sync::Arc;
/// use image_source::{DiskCache, FactCache};
///
/// # let folder = std::env::temp_dir().join("image-source-example");
/// let cache = Arc::new(DiskCache::new(folder).with_limit(64 << 20));
/// // ... ImageSource::builder("ghcr.io/a/b").registry(client.clone()).cache(cache.clone()) ...
/// if let Some(problem) = cache.take_problem() {
///     eprintln!("warning: {problem}");
/// }
/// ```
///
/// What is in it are annotations, platforms, times, digests and the names of tags; no credential, and no token. On Unix
/// only the user may read it.
///
/// # How it works
///
/// Facts never change, so there is nothing to update: they are lines of text, added to the end of a file. Each scope has a young
/// file and an old one. When the young one is full it takes the old one's place, and what is still used is
/// written to the new one: the halves of a [`MemoryCache`], on disk. A discovery reads the files of its scope once, as long
/// as nobody else changes them, and finds everything in memory from then on.
///
/// - **A line counts if its check fits**, which covers the line, the scope and the version of the format. So a line that
///   was cut off by `kill -9` or a power cut, or changed by a failing disk, or copied from elsewhere, or is of another version,
///   is a line that is not there; the lines around it are. It costs a request.
/// - **What was settled stays**, whatever becomes of the process: every few hundred puts and at the end of a discovery.
///   A line that a power cut takes was not there.
/// - **Who reads needs no lock. Who writes locks the folder** for as long as it takes to add some lines, and waits for
///   another who does: for two seconds of each discovery at most, and no more once that was in vain, until the lock is free again.
///   A lock ends with its process.
/// - **No more than the limit**: a file is at most a quarter of it, and the files that were not used for longest are
///   removed when all together are more.
/// - **What cannot be read or written is done without**, and [said](Self::take_problem). A file that is not ours is replaced; a
///   folder in a file's place is not touched, and neither links nor pipes in a file's place are followed.
///
/// # Why it is no database
///
/// An embedded database (redb 4) was tried first. It brings what is not needed, as nothing here is changed in place or looked
/// up on disk; and what is needed it does not bring: its file belongs to one process at a time and grows by doubling, and a
/// damaged file has to be checked as a whole before anything in it can be believed, and is lost as a whole.
#[derive(Debug)]
pub struct DiskCache(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: Folder,
    memory: MemoryCache,
    ledgers: Mutex<HashMap<CacheScope, Arc<Ledger>>>,
    problem: Mutex<Option<String>>,
}

impl DiskCache {
    /// A cache in this folder, which is made when there is something to keep. It is the cache's own: several caches may
    /// share it, at once, but nothing else.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(Arc::new(Inner::new(folder.into(), DEFAULT_LIMIT)))
    }

    /// Takes at most this many bytes on disk, and about as many in memory while they are in use: 256 MiB, if it is not said.
    #[must_use]
    pub fn with_limit(self, bytes: u64) -> Self {
        Self(Arc::new(Inner::new(self.0.folder.path.clone(), bytes)))
    }

    /// What last kept it from reading or writing, for a warning; each problem is told once. Discoveries do not fail of it, they
    /// only cost more.
    pub fn take_problem(&self) -> Option<String> {
        lock(&self.0.problem).take()
    }
}

#[async_trait]
impl FactCache for DiskCache {
    async fn open(&self, scope: &CacheScope) {
        let ledger = self.0.ledger(scope);
        let _turn = ledger.turn.lock().await;
        ledger.patience.renew();
        let (inner, ledger) = (Arc::clone(&self.0), Arc::clone(&ledger));
        self.0.in_background(move || inner.load(&ledger)).await;
    }

    fn get(&self, scope: &CacheScope, digest: &Digest) -> Option<Facts> {
        let facts = self.0.memory.get(scope, digest)?;
        let record = || Record::Content(digest.clone(), facts.clone());
        self.0.ledger(scope).note(fingerprint("", digest), record);
        Some(facts)
    }

    fn put(&self, scope: &CacheScope, digest: &Digest, facts: Facts) {
        let record = || Record::Content(digest.clone(), facts.clone());
        self.0.ledger(scope).note(fingerprint("", digest), record);
        self.0.memory.put(scope, digest, facts);
    }

    fn digest_of(&self, scope: &CacheScope, tag: &str) -> Option<Digest> {
        let digest = self.0.memory.digest_of(scope, tag)?;
        let record = || Record::Tag(tag.into(), digest.clone());
        self.0.ledger(scope).note(fingerprint(tag, &digest), record);
        Some(digest)
    }

    fn put_tag(&self, scope: &CacheScope, tag: &str, digest: &Digest) {
        let ledger = self.0.ledger(scope);
        if self.0.memory.digest_of(scope, tag).is_some_and(|known| known != *digest) {
            // It may have been here before, but what was written last has to be where it is now.
            ledger.forget(fingerprint(tag, digest));
        }
        ledger.note(fingerprint(tag, digest), || Record::Tag(tag.into(), digest.clone()));
        self.0.memory.put_tag(scope, tag, digest);
    }

    async fn settle(&self, scope: &CacheScope) {
        let ledger = self.0.ledger(scope);
        if ledger.is_settled() {
            return;
        }
        let _turn = ledger.turn.lock().await;
        let (inner, ledger) = (Arc::clone(&self.0), Arc::clone(&ledger));
        self.0.in_background(move || inner.store(&ledger, &ledger.patience)).await;
    }
}

impl Inner {
    fn new(path: PathBuf, limit: u64) -> Self {
        Self {
            folder: Folder::new(path, limit),
            memory: MemoryCache::new(usize::try_from(limit).unwrap_or(usize::MAX)),
            ledgers: Mutex::default(),
            problem: Mutex::default(),
        }
    }

    fn ledger(&self, scope: &CacheScope) -> Arc<Ledger> {
        let mut ledgers = lock(&self.ledgers);
        if let Some(ledger) = ledgers.get(scope) {
            return Arc::clone(ledger);
        }
        let ledger = Arc::new(Ledger::new(Journal::new(&self.folder, scope), scope.clone()));
        ledgers.insert(scope.clone(), Arc::clone(&ledger));
        ledger
    }

    /// Runs this where it may block. Without a runtime, that is here.
    async fn in_background(&self, work: impl FnOnce() + Send + 'static) {
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                if let Err(error) = runtime.spawn_blocking(work).await {
                    self.say(format!("the cache did not finish its work: {error}"));
                }
            }
            Err(_) => work(),
        }
    }

    /// Takes what is on disk into memory, unless it is there.
    fn load(&self, ledger: &Ledger) {
        let stamp = ledger.journal.stamp();
        if ledger.has_seen(stamp, self.memory.losses()) {
            return;
        }
        let mut written = HashSet::new();
        let is_foreign = ledger.journal.read(|record, is_young| {
            if is_young {
                written.insert(record.fingerprint());
            }
            self.remember(&ledger.scope, record);
        });
        // What waits to be written is newer.
        for record in ledger.waiting() {
            self.remember(&ledger.scope, record);
        }
        match is_foreign {
            Ok(is_foreign) => {
                if is_foreign {
                    let path = ledger.journal.path().display();
                    self.say(format!("no cached facts about images were found in {path}, which is replaced"));
                }
                ledger.loaded(written, (stamp, self.memory.losses()), is_foreign);
            }
            Err(error) => self.say(format!("cached facts about images could not be read: {error}")),
        }
    }

    fn remember(&self, scope: &CacheScope, record: Record) {
        match record {
            Record::Content(digest, facts) => self.memory.put(scope, &digest, facts),
            Record::Tag(tag, digest) => self.memory.put_tag(scope, &tag, &digest),
        }
    }

    /// Writes what is waiting. What cannot be written waits no longer: whoever uses it again will have it written again.
    fn store(&self, ledger: &Ledger, patience: &Patience) {
        let (records, foreign) = ledger.take_waiting();
        match ledger.journal.append(&records, foreign, patience) {
            Ok(stamps) => ledger.stored(stamps),
            Err(error) => {
                ledger.not_stored(&records);
                self.say(format!("facts about images could not be kept: {error}"));
            }
        }
    }

    fn say(&self, problem: String) {
        *lock(&self.problem) = Some(problem);
    }
}

impl Drop for Inner {
    /// What a discovery that was dropped has learned is kept too, if that needs no waiting.
    fn drop(&mut self) {
        let ledgers = std::mem::take(&mut *lock(&self.ledgers));
        for ledger in ledgers.into_values().filter(|ledger| !ledger.is_settled()) {
            self.store(&ledger, &Patience::none());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
