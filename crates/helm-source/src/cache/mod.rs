//! Indexes in memory and on disk, shared by the sources of their repositories.

mod disk;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use artifact_http::{Call, EgressPolicy, HttpClient, SingleFlight};
use artifact_source::{Error, lock};
use tokio::sync::RwLock;

use crate::fetch::{CachedIndex, Fetched, IndexRequest, fetch};
use crate::observation::Validators;

pub use disk::DiskIndexCache;

/// The indexes that were fetched through one HTTP client, for all sources that share it.
///
/// The server answers every call. The cache saves the body of an index that the server recognizes by its `ETag` or `Last-Modified`, and
/// the request of a source that asks at the same moment as another one. A source that asks before a request is sent shares its response.
/// A source that asks later might know of a change that the request does not see, so it sends the next request, as soon as the one
/// under way has ended.
///
/// Indexes are kept apart by URL and by credential. Those that were not used for longest are dropped when all together exceed
/// [64 MiB](Self::with_limit). With a [`DiskIndexCache`] they outlive the process.
///
/// ```
/// use artifact_http::HttpClient;
/// use helm_source::{HelmSource, IndexCache};
///
/// # fn main() -> Result<(), artifact_source::Error> {
/// let cache = IndexCache::new(HttpClient::builder().build()?);
/// let web = HelmSource::builder("https://charts.example.com").chart("web").cache(cache.clone()).build()?;
/// let api = HelmSource::builder("https://charts.example.com").chart("api").cache(cache.clone()).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct IndexCache {
    client: HttpClient,
    disk: Option<DiskIndexCache>,
    /// The largest size of all indexes in memory, in bytes.
    limit: usize,
    entries: Arc<Mutex<Entries>>,
    requests: Arc<SingleFlight<IndexRequest, Fetched>>,
}

/// It is locked for writing while a request is under way.
type Entry = RwLock<Option<Arc<CachedIndex>>>;
/// The one that was used last first.
type Entries = VecDeque<Slot>;

struct Slot {
    request: IndexRequest,
    entry: Arc<Entry>,
    /// The size of the index in memory, about, in bytes.
    size: usize,
}

const DEFAULT_LIMIT: usize = 64 << 20;
/// The bytes that a slot takes beside its index, about.
const PER_SLOT: usize = 1 << 10;

impl IndexCache {
    /// An empty cache that sends its requests through this client.
    pub fn new(client: HttpClient) -> Self {
        Self { client, disk: None, limit: DEFAULT_LIMIT, entries: Arc::default(), requests: Arc::default() }
    }

    /// The same cache with indexes that outlive the process: the first request for an index is already a conditional one.
    #[must_use]
    pub fn with_disk(self, disk: DiskIndexCache) -> Self {
        Self { disk: Some(disk), ..self }
    }

    /// The largest size of all indexes in memory, in bytes. Defaults to 64 MiB. An index takes a fortieth of `index.yaml`, and at most
    /// 32 MiB.
    #[must_use]
    pub fn with_limit(self, bytes: usize) -> Self {
        Self { limit: bytes, ..self }
    }

    /// The same cache, whose requests are held to this policy. It shares the indexes and no request under way.
    #[must_use]
    pub fn with_egress(self, policy: EgressPolicy) -> Self {
        Self { client: self.client.with_egress(policy), requests: Arc::default(), ..self }
    }

    /// Removes every index. Requests under way go on.
    pub fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn client(&self) -> &HttpClient {
        &self.client
    }

    /// The index as the server has it now. [`Fetched::NotModified`] only ever has the `known` validators.
    ///
    /// # Errors
    ///
    /// As [`fetch`]; [`TimedOut`](artifact_source::ErrorKind::TimedOut) if the deadline passes first.
    pub(crate) async fn fetch(
        &self,
        request: &IndexRequest,
        known: Option<&Validators>,
        call: &Call,
    ) -> Result<Fetched, Error> {
        // Other tenants may share the request and its error.
        let (identity, request) = (&request.identity, &request.without_reason());
        let entry = self.entry(request);
        loop {
            let shared = self.shared(request, &entry, known, call).await;
            match shared.map_err(|error| identity.explain(error)) {
                // This is the response to another source, which knows another state of the index.
                Ok(Fetched::NotModified(validators)) if Some(&validators) != known => {}
                Err(error) if error.url().is_none() => return Err(error.with_url(&request.url)),
                response => return response,
            }
        }
    }

    async fn shared(
        &self,
        request: &IndexRequest,
        entry: &Arc<Entry>,
        known: Option<&Validators>,
        call: &Call,
    ) -> Result<Fetched, Error> {
        // The request under way may be older than this call. Its index makes the next request a conditional one.
        drop(call.within(entry.read()).await?);
        let read = || {
            let (cache, request, entry) = (self.clone(), request.clone(), Arc::clone(entry));
            let (known, call) = (known.cloned(), call.clone());
            async move {
                let mut cached = call.within(entry.write()).await?;
                let (now, fetched) = cache.read(cached.clone(), &request, known.as_ref(), &call).await?;
                if let Some(now) = now {
                    cache.resize(&request, now.index.size());
                    *cached = Some(now);
                }
                Ok(fetched)
            }
        };
        self.requests.share(request.clone(), call, read).await
    }

    /// Asks the server. Returns the index to keep, if there is one, and the response.
    async fn read(
        &self,
        cached: Option<Arc<CachedIndex>>,
        request: &IndexRequest,
        known: Option<&Validators>,
        call: &Call,
    ) -> Result<(Option<Arc<CachedIndex>>, Fetched), Error> {
        // What one source knows is enough for a condition, and the index is not needed then.
        let cached = match (cached, known) {
            (None, None) => self.stored(request).await,
            (cached, _) => cached,
        };
        let validators = match &cached {
            Some(index) => index.validators.as_ref(),
            None => known,
        };
        let index = match (fetch(&self.client, request, validators, call).await?, &cached) {
            (Fetched::NotModified(_), Some(index)) => {
                return Ok((cached.clone(), Fetched::Index(Arc::clone(index), None)));
            }
            (not_modified @ Fetched::NotModified(_), None) => return Ok((None, not_modified)),
            (Fetched::Index(index, _), _) => index,
        };
        let before = match cached {
            None if known.is_some() => self.stored(request).await,
            cached => cached,
        };
        let index = match &before {
            Some(before) if before.proves_false(&index) => {
                let index = index.index.clone();
                Arc::new(CachedIndex { index, validators: None, is_distrusted: true })
            }
            _ => index,
        };
        let lost = before.and_then(|before| index.index.lost_since(&before.index));
        if let Some(disk) = &self.disk {
            disk.store(request, &index).await;
        }
        Ok((Some(Arc::clone(&index)), Fetched::Index(index, lost.map(Arc::new))))
    }

    async fn stored(&self, request: &IndexRequest) -> Option<Arc<CachedIndex>> {
        self.disk.as_ref()?.read(request).await.map(Arc::new)
    }

    /// The entry for this request, which becomes the one that was used last.
    fn entry(&self, request: &IndexRequest) -> Arc<Entry> {
        let mut entries = self.lock();
        let known = entries.iter().position(|slot| slot.request == *request);
        let slot = match known.and_then(|position| entries.remove(position)) {
            Some(known) => known,
            None => Slot { request: request.clone(), entry: Arc::default(), size: 0 },
        };
        let entry = Arc::clone(&slot.entry);
        entries.push_front(slot);
        self.evict(&mut entries);
        entry
    }

    /// Notes the size of an index.
    fn resize(&self, request: &IndexRequest, size: usize) {
        let mut entries = self.lock();
        if let Some(slot) = entries.iter_mut().find(|slot| slot.request == *request) {
            slot.size = size;
        }
        self.evict(&mut entries);
    }

    /// Drops the indexes that were not used for longest, until the rest is within the limit. A source that waits for one keeps it.
    fn evict(&self, entries: &mut Entries) {
        let mut sum: usize = entries.iter().map(|slot| slot.size + PER_SLOT).sum();
        while sum > self.limit
            && entries.len() > 1
            && let Some(slot) = entries.pop_back()
        {
            sum -= slot.size + PER_SLOT;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        lock(&self.entries)
    }
}

impl CachedIndex {
    /// Whether this index and the next one show that the validators of their server prove nothing.
    fn proves_false(&self, next: &Self) -> bool {
        let both = self.validators.as_ref().zip(next.validators.as_ref());
        self.is_distrusted || both.is_some_and(|(before, now)| before.are_false_beside(now))
    }
}

impl fmt::Debug for IndexCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndexCache").field("entries", &self.lock().len()).finish_non_exhaustive()
    }
}
