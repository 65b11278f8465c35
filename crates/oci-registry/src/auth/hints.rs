//! What one repository of a registry tells about the challenges of the others.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use artifact_http::Call;

use super::challenge::Challenge;
use crate::ImageName;

/// How long to wait for the first response to another reader.
const FIRST_RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);

/// What one registry is known to ask of the holder of one credential.
///
/// The repositories of a registry nearly always ask for the same: the same password, or a token of the same service with the
/// repository's name in it. So the first challenge tells what the next repository would ask for, which is then spared its own refused
/// request. Where repositories turn out to ask for different things, each is asked by itself again.
#[derive(Debug, Default)]
pub(super) struct ChallengeHints {
    learned: Mutex<Learned>,
    /// Held by the first reader until its response has come.
    first: tokio::sync::Mutex<()>,
    /// How many first readers have finished.
    finished: AtomicU64,
}

#[derive(Debug, Default)]
enum Learned {
    #[default]
    Nothing,
    /// A repository asked for this.
    Asks(ImageName, Challenge),
    /// A repository asked for nothing.
    Open,
    /// Repositories asked for this and that.
    Differs,
}

/// What a reader of a repository does first.
pub(super) enum Hint<'a> {
    /// It answers this challenge at once.
    Expect(Challenge),
    /// It asks without a credential, and other readers wait for what comes of it while this is held.
    First(First<'a>),
    /// It asks without a credential, and nobody waits for it.
    Unknown,
}

impl ChallengeHints {
    /// What is known for this repository. Waits for the response to the first reader, where that is under way, for two seconds at most.
    pub(super) async fn hint(&self, name: &ImageName, call: &Call) -> Hint<'_> {
        let finished = self.finished.load(Ordering::Acquire);
        if let Some(hint) = self.known(name) {
            return hint;
        }
        let timeout = Instant::now() + FIRST_RESPONSE_TIMEOUT;
        let until = call.deadline.map_or(timeout, |deadline| deadline.min(timeout));
        let Ok(held) = tokio::time::timeout_at(until.into(), self.first.lock()).await else {
            return Hint::Unknown;
        };
        match self.known(name) {
            Some(hint) => hint,
            None if self.finished.load(Ordering::Acquire) == finished => {
                Hint::First(First { hints: self, _held: held })
            }
            // The first reader learned nothing, because of an outage for example. Waiting in line for more of that helps nobody.
            None => Hint::Unknown,
        }
    }

    fn known(&self, name: &ImageName) -> Option<Hint<'_>> {
        match &*self.learned.lock().unwrap_or_else(PoisonError::into_inner) {
            Learned::Nothing => None,
            Learned::Asks(own, challenge) => {
                Some(challenge.for_another(own, name).map_or(Hint::Unknown, Hint::Expect))
            }
            Learned::Open | Learned::Differs => Some(Hint::Unknown),
        }
    }

    /// This repository, asked without a credential, wants this; `None` for nothing.
    pub(super) fn learn(&self, name: &ImageName, asked: Option<&Challenge>) {
        let mut learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        let next = match (&*learned, asked) {
            (Learned::Nothing, Some(challenge)) => Learned::Asks(name.clone(), challenge.clone()),
            (Learned::Nothing, None) => Learned::Open,
            (Learned::Asks(own, known), Some(challenge)) => {
                let known = if own == name { Some(known.clone()) } else { known.for_another(own, name) };
                match known.and_then(|known| known.joined(challenge)) {
                    Some(both) => Learned::Asks(name.clone(), both),
                    None => Learned::Differs,
                }
            }
            (Learned::Open, None) => return,
            _ => Learned::Differs,
        };
        *learned = next;
    }
}

/// Marks the first reader of a registry until it is dropped.
pub(super) struct First<'a> {
    hints: &'a ChallengeHints,
    _held: tokio::sync::MutexGuard<'a, ()>,
}

impl Drop for First<'_> {
    fn drop(&mut self) {
        self.hints.finished.fetch_add(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::challenge::standard_scope;
    use crate::auth::challenge::tests::{basic, bearer_at};

    fn name(text: &str) -> ImageName {
        format!("r.test/{text}").parse().unwrap()
    }

    fn bearer(realm: &str, of: &str) -> Challenge {
        bearer_at(realm, &standard_scope(&name(of)))
    }

    /// The hint for a reader of `c` after these challenges.
    #[track_caller]
    fn check(asked: &[(&str, Option<Challenge>)], expected: Option<Option<Challenge>>) {
        let hints = ChallengeHints::default();
        for (own, challenge) in asked {
            hints.learn(&name(own), challenge.as_ref());
        }
        let told = hints.known(&name("c")).map(|hint| match hint {
            Hint::Expect(challenge) => Some(challenge),
            _ => None,
        });
        assert_eq!(told, expected);
    }

    #[test]
    fn hints_after_challenges() {
        check(&[], None);
        check(&[("a", None)], Some(None));
        check(&[("a", Some(basic()))], Some(Some(basic())));
        check(&[("a", Some(bearer("x", "a")))], Some(Some(bearer("x", "c"))));
        check(&[("a", Some(bearer("x", "a"))), ("b", Some(bearer("x", "b")))], Some(Some(bearer("x", "c"))));
        check(&[("a", Some(bearer("x", "a"))), ("b", Some(bearer("y", "b")))], Some(None));
        check(&[("a", Some(bearer("x", "a"))), ("b", None)], Some(None));
        check(&[("a", Some(bearer("x", "a"))), ("b", Some(basic()))], Some(None));
        check(&[("a", None), ("b", Some(basic()))], Some(None));
        check(&[("a", Some(bearer("x", "other")))], Some(None));
        check(&[("a", Some(bearer("x", "other"))), ("a", Some(bearer("x", "other")))], Some(None));
    }

    #[tokio::test]
    async fn one_reader_is_first_and_an_outage_is_not_waited_for() {
        let (hints, call) = (ChallengeHints::default(), Call::new());
        let (a, b, c) = (name("a"), name("b"), name("c"));
        let Hint::First(first) = hints.hint(&a, &call).await else { panic!("nobody read before") };
        let waiting = futures::future::join(hints.hint(&b, &call), hints.hint(&c, &call));
        let (others, ()) = futures::future::join(waiting, async { drop(first) }).await;
        assert!(matches!(others, (Hint::Unknown, Hint::Unknown)));
        let Hint::First(first) = hints.hint(&a, &call).await else {
            panic!("the readers before learned nothing")
        };
        let waiting = futures::future::join(hints.hint(&b, &call), hints.hint(&c, &call));
        let learning = async {
            hints.learn(&a, Some(&basic()));
            drop(first);
        };
        let (others, ()) = futures::future::join(waiting, learning).await;
        assert!(
            matches!(others, (Hint::Expect(one), Hint::Expect(other)) if (&one, &other) == (&basic(), &basic()))
        );
    }
}
