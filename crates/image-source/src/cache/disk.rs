//! The cache on disk.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use artifact_source::lock;
use async_trait::async_trait;
use oci_registry::Digest;

use super::journal::{Folder, Journal, LockBudget, Record, Stamp, fingerprint};
use super::{CacheScope, FactCache, MemoryCache};
use crate::Facts;

const DEFAULT_LIMIT: u64 = 256 << 20;
/// The most bytes of facts that are kept in memory.
const MOST_IN_MEMORY: usize = 64 << 20;

/// A [`FactCache`] in a folder that outlives the process and may be used by several processes at once.
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
/// It holds annotations, platforms, times, digests and tags; no credential and no token. On Unix, only the user may read it.
///
/// # Format
///
/// Facts never change, so they are appended to a file as lines of text. Each scope has a young file and an old one. When the young file is
/// full, it replaces the old one, and entries that are still used are written to the new one: the generations of a [`MemoryCache`], on
/// disk. A discovery reads the files of its scope once, as long as no other process changes them, and then uses the memory.
///
/// - **Each line has a checksum** of the line, the scope and the version of the format. A line that was truncated by `kill -9` or a power
///   cut, changed by a failing disk, copied from another file, or written in another version is skipped. The lines around it are read.
///   A skipped line costs a request.
/// - **Flushed entries survive the process**: every few hundred puts and at the end of a discovery. A power cut may lose lines.
/// - **Readers need no lock. Writers lock the folder** while they append lines, and wait for another writer for at most two seconds of
///   each discovery; after a wait that timed out, they do not wait again until the lock is free. A lock ends with its process.
/// - **The size is bounded**: a file is at most a quarter of the limit, and the files that were not used for longest are
///   removed when all files together exceed it.
/// - **Errors are not fatal**: a discovery goes on without the cache, and [`take_problem`](Self::take_problem) returns the error. A file in
///   another format is replaced; a folder, link or pipe in place of a file is neither followed nor replaced.
///
/// # Why not a database
///
/// An embedded database (redb 4) was tried first. Its updates in place and lookups on disk are not needed here. Its file belongs to one
/// process at a time and grows by doubling, and a damaged file has to be checked as a whole before it can be used, or is lost as a
/// whole.
#[derive(Debug)]
pub struct DiskCache(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: Folder,
    memory: MemoryCache,
    buffers: Mutex<HashMap<CacheScope, Arc<WriteBuffer>>>,
    problem: Mutex<Option<String>>,
}

impl DiskCache {
    /// A cache in this folder, which is created at the first write. Several caches may use it at once; it must hold no other files.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(Arc::new(Inner::new(folder.into(), DEFAULT_LIMIT)))
    }

    /// The largest size in bytes on disk, and about as much in memory for the entries in use. Defaults to 256 MiB.
    #[must_use]
    pub fn with_limit(self, bytes: u64) -> Self {
        Self(Arc::new(Inner::new(self.0.folder.path.clone(), bytes)))
    }

    /// The last error of reading or writing, for a warning; each error is returned once. Discoveries do not fail because of it, but
    /// send more requests.
    pub fn take_problem(&self) -> Option<String> {
        lock(&self.0.problem).take()
    }
}

#[async_trait]
impl FactCache for DiskCache {
    async fn open(&self, scope: &CacheScope) {
        let buffer = self.0.buffer(scope);
        let _io = buffer.io.lock().await;
        buffer.budget.renew();
        let (inner, buffer) = (Arc::clone(&self.0), Arc::clone(&buffer));
        self.0.in_background(move || inner.load(&buffer)).await;
    }

    fn get(&self, scope: &CacheScope, digest: &Digest) -> Option<Facts> {
        let facts = self.0.memory.get(scope, digest)?;
        let record = || Record::Content(digest.clone(), facts.clone());
        self.0.buffer(scope).record(fingerprint("", digest), record);
        Some(facts)
    }

    fn put(&self, scope: &CacheScope, digest: &Digest, facts: Facts) {
        let record = || Record::Content(digest.clone(), facts.clone());
        self.0.buffer(scope).record(fingerprint("", digest), record);
        self.0.memory.put(scope, digest, facts);
    }

    fn digest_of(&self, scope: &CacheScope, tag: &str) -> Option<Digest> {
        let digest = self.0.memory.digest_of(scope, tag)?;
        let record = || Record::Tag(tag.into(), digest.clone());
        self.0.buffer(scope).record(fingerprint(tag, &digest), record);
        Some(digest)
    }

    fn put_tag(&self, scope: &CacheScope, tag: &str, digest: &Digest) {
        let buffer = self.0.buffer(scope);
        if self.0.memory.digest_of(scope, tag).is_some_and(|known| known != *digest) {
            // The tag may have had this digest before, but the last line has to be the current one.
            buffer.invalidate(fingerprint(tag, digest));
        }
        buffer.record(fingerprint(tag, digest), || Record::Tag(tag.into(), digest.clone()));
        self.0.memory.put_tag(scope, tag, digest);
    }

    async fn flush(&self, scope: &CacheScope) {
        let buffer = self.0.buffer(scope);
        if buffer.is_empty() {
            return;
        }
        let _io = buffer.io.lock().await;
        let (inner, buffer) = (Arc::clone(&self.0), Arc::clone(&buffer));
        self.0.in_background(move || inner.store(&buffer, &buffer.budget)).await;
    }
}

impl Inner {
    fn new(path: PathBuf, limit: u64) -> Self {
        Self {
            folder: Folder::new(path, limit),
            memory: MemoryCache::new(usize::try_from(limit).unwrap_or(usize::MAX).min(MOST_IN_MEMORY)),
            buffers: Mutex::default(),
            problem: Mutex::default(),
        }
    }

    fn buffer(&self, scope: &CacheScope) -> Arc<WriteBuffer> {
        let mut buffers = lock(&self.buffers);
        if let Some(buffer) = buffers.get(scope) {
            return Arc::clone(buffer);
        }
        let buffer = Arc::new(WriteBuffer::new(Journal::new(&self.folder, scope), scope.clone()));
        buffers.insert(scope.clone(), Arc::clone(&buffer));
        buffer
    }

    /// Runs work that may block: on a thread of the runtime, or on this thread if there is no runtime.
    async fn in_background(&self, work: impl FnOnce() + Send + 'static) {
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                if let Err(error) = runtime.spawn_blocking(work).await {
                    self.report(format!("the cache did not finish its work: {error}"));
                }
            }
            Err(_) => work(),
        }
    }

    /// Reads the files into memory, unless the memory is up to date.
    fn load(&self, buffer: &WriteBuffer) {
        let stamp = buffer.journal.stamp();
        if buffer.is_loaded(stamp, self.memory.evictions()) {
            return;
        }
        let mut written = HashSet::new();
        let is_unrecognized = buffer.journal.read(|record, is_young| {
            if is_young {
                written.insert(record.fingerprint());
            }
            self.remember(&buffer.scope, record);
        });
        // Pending records are newer.
        for record in buffer.pending() {
            self.remember(&buffer.scope, record);
        }
        match is_unrecognized {
            Ok(is_unrecognized) => {
                if is_unrecognized {
                    let path = buffer.journal.path().display();
                    self.report(format!("{path} holds no cached facts about images and is replaced"));
                }
                buffer.mark_loaded(written, (stamp, self.memory.evictions()), is_unrecognized);
            }
            Err(error) => self.report(format!("cached facts about images could not be read: {error}")),
        }
    }

    fn remember(&self, scope: &CacheScope, record: Record) {
        match record {
            Record::Content(digest, facts) => self.memory.put(scope, &digest, facts),
            Record::Tag(tag, digest) => self.memory.put_tag(scope, &tag, &digest),
        }
    }

    /// Writes the pending records. After an error they are dropped, and written when they are used again.
    fn store(&self, buffer: &WriteBuffer, budget: &LockBudget) {
        let (records, unrecognized) = buffer.take_pending();
        match buffer.journal.append(&records, unrecognized, budget) {
            Ok(stamps) => buffer.mark_written(stamps),
            Err(error) => {
                buffer.mark_dropped(&records);
                self.report(format!("facts about images could not be cached: {error}"));
            }
        }
    }

    fn report(&self, problem: String) {
        *lock(&self.problem) = Some(problem);
    }
}

impl Drop for Inner {
    /// Writes the records of a discovery that was dropped, unless the lock is taken.
    fn drop(&mut self) {
        let buffers = std::mem::take(&mut *lock(&self.buffers));
        for buffer in buffers.into_values().filter(|buffer| !buffer.is_empty()) {
            self.store(&buffer, &LockBudget::none());
        }
    }
}

/// The largest number of pending records. Further ones are dropped; a discovery flushes long before.
const MAX_PENDING: usize = 1 << 16;

/// The records of one scope that are to be written, and the state of its journal.
#[derive(Debug)]
struct WriteBuffer {
    scope: CacheScope,
    journal: Journal,
    /// Held while the journal is read or written in this process.
    io: tokio::sync::Mutex<()>,
    budget: LockBudget,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The fingerprints of the records in the young file and of the pending ones.
    written: HashSet<u64>,
    pending: Vec<Record>,
    /// The stamp of the files when they were read, and the evictions from memory by then.
    loaded: Option<(Stamp, u64)>,
    /// The stamp of a young file that is not a journal of this scope.
    unrecognized: Option<Stamp>,
}

impl WriteBuffer {
    fn new(journal: Journal, scope: CacheScope) -> Self {
        let io = tokio::sync::Mutex::default();
        Self { scope, journal, io, budget: LockBudget::default(), state: Mutex::default() }
    }

    /// Adds a record that is used, unless it is in the young file.
    fn record(&self, fingerprint: u64, record: impl FnOnce() -> Record) {
        let mut state = self.state();
        if state.pending.len() < MAX_PENDING && state.written.insert(fingerprint) {
            state.pending.push(record());
        }
    }

    /// Lets a record be written once more.
    fn invalidate(&self, fingerprint: u64) {
        self.state().written.remove(&fingerprint);
    }

    fn is_empty(&self) -> bool {
        self.state().pending.is_empty()
    }

    /// Whether the memory is up to date with the files.
    fn is_loaded(&self, stamp: Stamp, evictions: u64) -> bool {
        self.state().loaded == Some((stamp, evictions))
    }

    fn pending(&self) -> Vec<Record> {
        self.state().pending.clone()
    }

    fn mark_loaded(&self, written: HashSet<u64>, loaded: (Stamp, u64), is_unrecognized: bool) {
        let mut state = self.state();
        state.written = written;
        let pending: Vec<u64> = state.pending.iter().map(Record::fingerprint).collect();
        state.written.extend(pending);
        state.loaded = Some(loaded);
        state.unrecognized = is_unrecognized.then_some(loaded.0);
    }

    /// The records to write, and the stamp of a file to replace.
    fn take_pending(&self) -> (Vec<Record>, Option<Stamp>) {
        let mut state = self.state();
        (std::mem::take(&mut state.pending), state.unrecognized)
    }

    /// The records were written; if there are stamps, there was no other change between them.
    fn mark_written(&self, stamps: Option<(Stamp, Stamp)>) {
        let mut state = self.state();
        state.loaded = match (state.loaded, stamps) {
            (Some((loaded, evictions)), Some((before, after))) if loaded == before => {
                Some((after, evictions))
            }
            // The files may have records that the memory lacks, or the young file was rotated.
            _ => None,
        };
    }

    fn mark_dropped(&self, records: &[Record]) {
        let mut state = self.state();
        for record in records {
            state.written.remove(&record.fingerprint());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}
