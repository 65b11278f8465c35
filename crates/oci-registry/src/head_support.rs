//! Which registries answer HEAD, so that it is asked where it spares something and nowhere else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use artifact_http::{Call, Origin};
use artifact_source::{Error, ErrorKind};
use tokio::sync::MutexGuard;

/// How long HEAD is not asked after a registry failed at it.
const PAUSE: Duration = Duration::from_secs(600);

/// What is known of registries and HEAD, shared by all reads of a client.
#[derive(Debug, Default)]
pub(crate) struct HeadSupport(Mutex<HashMap<Origin, Arc<Registry>>>);

impl HeadSupport {
    pub(crate) fn at(&self, origin: Origin) -> Arc<Registry> {
        let mut registries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(registries.entry(origin).or_default())
    }
}

/// What is known of one registry.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    state: Mutex<State>,
    first: tokio::sync::Mutex<()>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum State {
    #[default]
    Unknown,
    Answers,
    /// It answers without a digest, or not at all.
    NeverAnswers,
    /// It failed at HEAD, and is not asked before this moment.
    FailedUntil(Instant),
}

/// The right to ask with HEAD.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    registry: &'a Registry,
    /// Held by the first reader, so that the others know what it learns.
    _first: Option<MutexGuard<'a, ()>>,
}

impl Registry {
    /// The right to ask with HEAD; `None` where it is of no use. The first reader asks alone, and the others wait for what comes of it.
    ///
    /// # Errors
    ///
    /// `TimedOut` where the deadline passes before that.
    pub(crate) async fn turn(&self, call: &Call) -> Result<Option<Turn<'_>>, Error> {
        let mut first = None;
        if self.state() == State::Unknown {
            let lock = self.first.lock();
            let held = match call.deadline {
                None => lock.await,
                Some(deadline) => tokio::time::timeout_at(deadline.into(), lock)
                    .await
                    .map_err(|_| Error::new(ErrorKind::TimedOut, "the deadline passed"))?,
            };
            first = Some(held).filter(|_| self.state() == State::Unknown);
        }
        let is_asked = matches!(self.state(), State::Unknown | State::Answers);
        Ok(is_asked.then_some(Turn { registry: self, _first: first }))
    }

    fn state(&self) -> State {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::FailedUntil(end) if end <= Instant::now()) {
            *state = State::Unknown;
        }
        *state
    }
}

impl Turn<'_> {
    /// It was answered, with a digest or without.
    pub(crate) fn answered(self, with_digest: bool) {
        self.set(if with_digest { State::Answers } else { State::NeverAnswers });
    }

    /// It was not answered, by an error that says something of this tag alone, or of all.
    pub(crate) fn failed(self, error: &Error) {
        match error.kind() {
            // That is said of one tag, or of the number of requests.
            ErrorKind::NotFound | ErrorKind::RateLimited if self.registry.state() == State::Unknown => {
                self.set(State::Answers);
            }
            ErrorKind::NotFound | ErrorKind::RateLimited => {}
            _ => self.set(State::FailedUntil(Instant::now() + PAUSE)),
        }
    }

    fn set(&self, state: State) {
        *self.registry.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}
