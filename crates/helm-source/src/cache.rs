//! One table per repository for all who ask.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use artifact_http::{Call, HttpClient};
use artifact_source::{Error, ErrorKind};

use crate::fetch::{Answer, Table, Target, fetch};
use crate::validator::Validators;

/// The indexes that were read through one HTTP client, for all sources that share it.
///
/// Every call is answered by the server, never by the cache alone: what the cache saves is the body,
/// where the server recognises it (`ETag`, `Last-Modified`), and the second request, where several
/// sources of one repository ask at once. Whoever asks before a request is sent shares its answer;
/// whoever asks later, and might know of a change that the request does not, causes another one.
///
/// Indexes are kept apart by URL and by credential, 256 of them at most. Clones share everything.
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
    repositories: Arc<Mutex<Repositories>>,
}

/// How many indexes are kept; the one that was not asked for the longest makes room for another.
const MOST_REPOSITORIES: usize = 256;

#[derive(Default)]
struct Repositories {
    by_target: HashMap<Target, (Arc<Repository>, u64)>,
    uses: u64,
}

impl Repositories {
    fn get(&mut self, target: &Target) -> Arc<Repository> {
        if self.by_target.len() >= MOST_REPOSITORIES && !self.by_target.contains_key(target) {
            let oldest = self.by_target.iter().min_by_key(|(_, (_, used))| *used);
            if let Some(oldest) = oldest.map(|(target, _)| target.clone()) {
                self.by_target.remove(&oldest);
            }
        }
        self.uses += 1;
        let (repository, used) = self.by_target.entry(target.clone()).or_default();
        *used = self.uses;
        Arc::clone(repository)
    }
}

/// A repository as somebody sees it.
#[derive(Default)]
struct Repository {
    /// How many requests were begun.
    begun: AtomicU64,
    latest: tokio::sync::Mutex<Latest>,
}

#[derive(Default)]
struct Latest {
    table: Option<Arc<Table>>,
    flight: Option<Flight>,
}

/// The request that was made last, and what became of it.
struct Flight {
    number: u64,
    deadline: Option<Instant>,
    answer: Result<Answer, Error>,
}

impl IndexCache {
    /// An empty cache whose requests this client sends.
    pub fn new(client: HttpClient) -> Self {
        Self { client, repositories: Arc::default() }
    }

    /// Forgets every index. Requests that are under way are not disturbed.
    pub fn clear(&self) {
        self.lock().by_target.clear();
    }

    /// The client that sends the requests.
    pub(crate) fn client(&self) -> &HttpClient {
        &self.client
    }

    /// The answer of the server. `NotModified` comes only for `known`.
    pub(crate) async fn ask(
        &self,
        target: &Target,
        known: Option<&Validators>,
        call: &Call,
    ) -> Result<Answer, Error> {
        let repository = self.lock().get(target);
        let before = repository.begun.load(Ordering::SeqCst);
        let mut latest = wait(repository.latest.lock(), target, call).await?;
        if let Some(flight) = &latest.flight
            && flight.number > before
            && let Some(answer) = flight.share(known, call)
        {
            return answer;
        }

        // Those who would ask at the same moment get the chance to do so before the request is sent.
        tokio::task::yield_now().await;
        let number = repository.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let kept = latest.table.clone().filter(|table| table.validators.is_some());
        let sent = match &kept {
            Some(table) => table.validators.as_ref(),
            None => known,
        };
        let answer = match (fetch(&self.client, target, sent, call).await, kept) {
            (Ok(Answer::NotModified(_)), Some(table)) => Ok(Answer::Table(table)),
            (answer, _) => answer,
        };
        if let Ok(Answer::Table(table)) = &answer {
            latest.table = Some(Arc::clone(table)).filter(|table| table.validators.is_some());
        }
        latest.flight = Some(Flight { number, deadline: call.deadline, answer: answer.clone() });
        answer
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Repositories> {
        self.repositories.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    /// The answer, where it is one for whoever knows these validators and has this much time.
    fn share(&self, known: Option<&Validators>, call: &Call) -> Option<Result<Answer, Error>> {
        match &self.answer {
            Ok(Answer::NotModified(of)) if Some(of) != known => None,
            Err(error) if error.kind() == ErrorKind::TimedOut && self.deadline != call.deadline => None,
            answer => Some(answer.clone()),
        }
    }
}

/// Waits for somebody else's request, but not past the deadline.
async fn wait<T>(lock: impl Future<Output = T>, target: &Target, call: &Call) -> Result<T, Error> {
    match call.deadline {
        None => Ok(lock.await),
        Some(deadline) => tokio::time::timeout_at(deadline.into(), lock)
            .await
            .map_err(|_| Error::new(ErrorKind::TimedOut, "the deadline passed").with_url(&target.url)),
    }
}

impl fmt::Debug for IndexCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndexCache")
            .field("repositories", &self.lock().by_target.len())
            .finish_non_exhaustive()
    }
}
