//! Indexes in memory, shared by the sources of their repositories.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use artifact_http::{Call, HttpClient, SingleFlight};
use artifact_source::{Error, lock};
use tokio::sync::RwLock;

use crate::fetch::{CachedIndex, Fetched, IndexRequest, fetch};
use crate::observation::Validators;

/// The indexes that were fetched through one HTTP client, for all sources that share it.
///
/// The server answers every call. The cache saves the body of an index that the server recognizes by its `ETag` or `Last-Modified`, and
/// the request of a source that asks at the same moment as another one. A source that asks before a request is sent shares its response.
/// A source that asks later might know of a change that the request does not see, so it sends the next request, as soon as the one
/// under way has ended.
///
/// Indexes are kept apart by URL and by credential. The cache holds the 256 that were used last. Clones share everything.
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
    entries: Arc<Mutex<Entries>>,
    requests: Arc<SingleFlight<IndexRequest, Fetched>>,
}

/// The index that was fetched last, if it has validators. It is locked for writing while a request is under way.
type Entry = RwLock<Option<Arc<CachedIndex>>>;
/// The one that was used last first.
type Entries = VecDeque<(IndexRequest, Arc<Entry>)>;

/// The largest number of indexes.
const MAX_ENTRIES: usize = 256;

impl IndexCache {
    /// An empty cache that sends its requests through this client.
    pub fn new(client: HttpClient) -> Self {
        Self { client, entries: Arc::default(), requests: Arc::default() }
    }

    /// Removes every index. Requests under way go on.
    pub fn clear(&self) {
        self.lock().clear();
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
        let entry = self.entry(request);
        loop {
            match self.shared(request, &entry, known, call).await {
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
            let (client, request, entry) = (self.client.clone(), request.clone(), Arc::clone(entry));
            let (known, call) = (known.cloned(), call.clone());
            async move {
                let mut cached = call.within(entry.write()).await?;
                let validators = match &*cached {
                    Some(index) => index.validators.as_ref(),
                    None => known.as_ref(),
                };
                let fetched = fetch(&client, &request, validators, &call).await?;
                match (fetched, &*cached) {
                    (Fetched::NotModified(_), Some(index)) => Ok(Fetched::Index(Arc::clone(index))),
                    (Fetched::Index(index), _) => {
                        *cached = Some(Arc::clone(&index)).filter(|index| index.validators.is_some());
                        Ok(Fetched::Index(index))
                    }
                    (not_modified, None) => Ok(not_modified),
                }
            }
        };
        self.requests.share(request.clone(), call, read).await
    }

    /// The entry for this request, which becomes the one that was used last.
    fn entry(&self, request: &IndexRequest) -> Arc<Entry> {
        let mut entries = self.lock();
        let known = entries.iter().position(|(other, _)| other == request);
        let (request, entry) = match known.and_then(|position| entries.remove(position)) {
            Some(known) => known,
            None => (request.clone(), Arc::default()),
        };
        entries.push_front((request, Arc::clone(&entry)));
        entries.truncate(MAX_ENTRIES);
        entry
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        lock(&self.entries)
    }
}

impl fmt::Debug for IndexCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndexCache").field("entries", &self.lock().len()).finish_non_exhaustive()
    }
}
