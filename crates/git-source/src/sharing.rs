//! What several sources of one repository share: the exchange with its server.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use artifact_http::{BlockingThreads, Call, HttpClient, Identity, LeastProgress, Tenant};
use artifact_source::{Error, ErrorKind, lock};
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared, WeakShared};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::unconstrained;

use crate::observation::ObservedState;
use crate::repository::{RepositoryHandle, Session, TemporaryFolder};
use crate::selection::{Answer, Question, Selection, answer_all};
use crate::transport::{Authentication, Interrupt, Limits, run_blocking};

/// How often other tasks run without another question before an exchange starts.
const QUIET_YIELDS: usize = 8;

/// The longest time for which an exchange can be joined, should the first caller not be polled again.
const JOIN_WINDOW: Duration = Duration::from_secs(2);

/// The most memory of the references of one exchange, and of what is made of them.
const MOST_MEMORY: u64 = 256 << 20;

/// With this many waiting exchanges, those that every caller has left are removed.
const CLEANUP_AT: usize = 1024;

/// Git repositories, as several sources share them.
///
/// Sources that ask about one repository at the same moment, with the same credential, are answered in one exchange with its server: one greeting,
/// one list of the references that any of them needs, and one fetch of all that is missing. A source that asks after the first request was sent takes part in
/// the next exchange, so an answer is never older than its question. The first one pays: requests and bytes count on its meter alone. It may
/// be dropped; the exchange goes on for the others.
///
/// Where no [`cache_dir`](crate::GitSourceBuilder::cache_dir) is named, what was fetched is kept in a temporary folder as long as this lives.
///
/// ```
/// use artifact_http::HttpClient;
/// use git_source::{CommitRule, GitSource, RepositoryCache};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let repositories = RepositoryCache::new(HttpClient::builder().build()?);
/// let of = |path: &str| -> Result<_, Box<dyn std::error::Error>> {
///     let rule = CommitRule::builder().include_paths([path]).build()?;
///     Ok(GitSource::builder("https://example.com/monorepo.git").rule(rule).repositories(&repositories).build()?)
/// };
/// let (web, api) = (of("apps/web")?, of("apps/api")?);
/// // futures::join!(web.discover(...), api.discover(...)) costs what one of them costs.
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RepositoryCache(Arc<Inner>);

struct Inner {
    http: HttpClient,
    waiting: Mutex<Waiting>,
    threads: BlockingThreads,
    temporary: Arc<TemporaryFolder>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Not when the last discovery ends: its thread may not be given the time for it.
        self.temporary.close();
    }
}

/// The exchanges that have not started.
#[derive(Default)]
struct Waiting {
    by_key: HashMap<ExchangeKey, (u64, Arc<Asked>, WeakShared<Running>)>,
    last: u64,
}

type Running = BoxFuture<'static, Result<(), Error>>;

/// What is the same for sources that are answered together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ExchangeKey {
    pub(crate) url: String,
    pub(crate) ssh: (std::ffi::OsString, Vec<std::ffi::OsString>),
    pub(crate) allow_plain_credential: bool,
    pub(crate) identity: Identity,
    /// The tenant that asks as the system.
    pub(crate) system: Option<Tenant>,
    pub(crate) cache: (Option<PathBuf>, u64),
    pub(crate) max_bytes: u64,
    pub(crate) stall: Duration,
    pub(crate) least_progress: LeastProgress,
}

/// The questions of an exchange that has not started.
#[derive(Default)]
struct Asked(Mutex<Questions>);

#[derive(Default)]
struct Questions {
    questions: Vec<Question>,
    /// The latest deadline; `None` where a question has none.
    deadline: Option<Instant>,
}

/// An exchange that a source has joined.
struct Joined {
    running: Shared<Running>,
    /// Only the first one has it. The exchange starts when it is dropped.
    start: Option<(oneshot::Sender<()>, Arc<Asked>)>,
    answer: oneshot::Receiver<Answer>,
}

/// How a source asks.
pub(crate) struct Asking {
    pub(crate) key: ExchangeKey,
    pub(crate) repository: Arc<RepositoryHandle>,
    pub(crate) authentication: Authentication,
    pub(crate) selection: Arc<Selection>,
    pub(crate) previous: Option<ObservedState>,
}

impl RepositoryCache {
    /// Repositories that are read with this client.
    pub fn new(http: HttpClient) -> Self {
        Self::with_threads(http, BlockingThreads::default())
    }

    /// The same with threads of its own for exchanges, which wait for their servers in blocking code. Those of [`new`](Self::new) are those of the
    /// process, 64.
    pub fn with_threads(http: HttpClient, threads: BlockingThreads) -> Self {
        Self(Arc::new(Inner { http, waiting: Mutex::default(), threads, temporary: Arc::default() }))
    }

    pub(crate) fn http(&self) -> &HttpClient {
        &self.0.http
    }

    pub(crate) fn temporary(&self) -> Arc<TemporaryFolder> {
        Arc::clone(&self.0.temporary)
    }

    /// The answer to a question, together with those of others.
    pub(crate) async fn ask(&self, asking: Asking, call: &Call) -> Result<Answer, Error> {
        let runtime = Handle::try_current().map_err(|error| {
            Error::new(ErrorKind::Internal, "a discovery needs a tokio runtime").with_cause(error)
        })?;
        let Joined { running, start, mut answer } = self.join(asking, call, runtime);
        if let Some((_, asked)) = &start {
            // Sources that would ask at the same moment get the chance to do so, also where tokio lets a task with many of
            // them do only part of its work at a time.
            let began = Instant::now();
            let (mut quiet, mut count) = (0, 1);
            while quiet < QUIET_YIELDS && began.elapsed() < JOIN_WINDOW {
                tokio::task::yield_now().await;
                let now = lock(&asked.0).questions.len();
                quiet = if now == count { quiet + 1 } else { 0 };
                count = now;
            }
        }
        drop(start);
        // An answer may come before the exchange ends, which goes on for the others.
        tokio::select! {
            biased;
            answer = &mut answer => answer.map_err(|_| Error::new(ErrorKind::Internal, "a discovery was not answered")),
            ended = unconstrained(running) => match answer.try_recv() {
                Ok(answer) => Ok(answer),
                Err(_) => {
                    ended?;
                    Err(Error::new(ErrorKind::Internal, "a discovery was not answered"))
                }
            },
        }
    }

    /// Joins the exchange that waits under this key, or begins one.
    fn join(&self, asking: Asking, call: &Call, runtime: Handle) -> Joined {
        let Asking { key, repository, authentication, selection, previous } = asking;
        let mut waiting = lock(&self.0.waiting);
        if let Some((_, asked, running)) = waiting.by_key.get(&key)
            && let Some(running) = running.upgrade()
        {
            let (question, answer) = Question::new(selection, previous, false);
            let mut asked = lock(&asked.0);
            asked.deadline = asked.deadline.zip(call.deadline).map(|(one, other)| one.max(other));
            asked.questions.push(question);
            return Joined { running, start: None, answer };
        }
        if waiting.by_key.len() >= CLEANUP_AT {
            waiting.by_key.retain(|_, (_, _, running)| running.upgrade().is_some());
        }
        waiting.last += 1;
        let number = waiting.last;
        let (question, answer) = Question::new(selection, previous, true);
        let asked = Questions { questions: vec![question], deadline: call.deadline };
        let asked = Arc::new(Asked(Mutex::new(asked)));
        let (start, started) = oneshot::channel();
        // The exchange keeps this alive only until it starts.
        let (own, own_key, own_asked) = (self.clone(), key.clone(), Arc::clone(&asked));
        let first = call.clone();
        let limits = (key.max_bytes, key.stall, key.least_progress);
        let threads = self.0.threads.clone();
        let running = async move {
            // Either way it starts.
            let _ = tokio::time::timeout(JOIN_WINDOW, unconstrained(started)).await;
            own.close(&own_key, number);
            drop(own);
            let Questions { questions, deadline } = std::mem::take(&mut *lock(&own_asked.0));
            let (bytes, stall, progress) = limits;
            let limits = Limits { bytes, stall, progress, deadline };
            exchange(&threads, repository, authentication, runtime, &first, limits, questions).await
        };
        let running = running.boxed().shared();
        if let Some(weak) = running.downgrade() {
            waiting.by_key.insert(key, (number, Arc::clone(&asked), weak));
        }
        Joined { running, start: Some((start, asked)), answer }
    }

    /// Nobody joins this exchange any more.
    fn close(&self, key: &ExchangeKey, number: u64) {
        let mut waiting = lock(&self.0.waiting);
        if waiting.by_key.get(key).is_some_and(|(own, ..)| *own == number) {
            waiting.by_key.remove(key);
        }
    }
}

/// Runs an exchange on a blocking thread, for the meter and the tenant of the first call. Dropping the future ends it.
async fn exchange(
    threads: &BlockingThreads,
    repository: Arc<RepositoryHandle>,
    authentication: Authentication,
    runtime: Handle,
    first: &Call,
    limits: Limits,
    questions: Vec<Question>,
) -> Result<(), Error> {
    let call = first.clone().with_deadline(limits.deadline);
    let memory = repository.options.http.memory_of_list(&call, MOST_MEMORY);
    let lease = memory.lease();
    let interrupt =
        Interrupt::new(call.meter, limits).for_tenant(call.tenant).with_secrets(authentication.secrets());
    let interrupt = Arc::new(interrupt.with_memory(runtime.clone(), memory));
    let session = Session::new(repository, authentication, runtime, Arc::clone(&interrupt));
    let answered = run_blocking(threads, interrupt, move || {
        answer_all(&session, &questions);
        Ok(())
    });
    lease.guard(answered).await
}

impl fmt::Debug for RepositoryCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RepositoryCache")
            .field("waiting", &lock(&self.0.waiting).by_key.len())
            .finish_non_exhaustive()
    }
}
