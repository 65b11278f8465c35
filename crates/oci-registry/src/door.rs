//! What one repository of a registry teaches about the others.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use artifact_http::Call;

use crate::ImageName;
use crate::challenge::Challenge;

/// How long somebody else's first answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is known about how one registry lets in whoever holds one credential.
///
/// The repositories of a registry nearly always ask for the same: the same password, or a token of the same service with the
/// repository's name in it. So the first refusal teaches what the next repository would ask for, and that one is
/// spared its own. A registry whose repositories differ is found out by that, and then each is asked by itself again.
#[derive(Debug, Default)]
pub(crate) struct Door {
    learned: Mutex<Learned>,
    turn: tokio::sync::Mutex<()>,
    lessons: AtomicU64,
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

/// How somebody comes to the door.
pub(crate) enum Turn<'a> {
    /// As one who knows what will be asked for.
    Knowing(Challenge),
    /// As the first one, for whose answer others wait while this is kept.
    First(First<'a>),
    /// As one who has to find out for himself, but not for others.
    Alone,
}

impl Door {
    /// Waits for the first answer to somebody else, where that is under way, but not for long.
    pub(crate) async fn turn(&self, name: &ImageName, call: &Call) -> Turn<'_> {
        let lessons = self.lessons.load(Ordering::Acquire);
        if let Some(turn) = self.known(name) {
            return turn;
        }
        let patience = Instant::now() + PATIENCE;
        let until = call.deadline.map_or(patience, |deadline| deadline.min(patience));
        let Ok(kept) = tokio::time::timeout_at(until.into(), self.turn.lock()).await else {
            return Turn::Alone;
        };
        match self.known(name) {
            Some(turn) => turn,
            None if self.lessons.load(Ordering::Acquire) == lessons => {
                Turn::First(First { door: self, _kept: kept })
            }
            // What came to the one before was no lesson: an outage, for example. Waiting in line for more of that helps nobody.
            None => Turn::Alone,
        }
    }

    fn known(&self, name: &ImageName) -> Option<Turn<'_>> {
        match &*self.learned.lock().unwrap_or_else(PoisonError::into_inner) {
            Learned::Nothing => None,
            Learned::Asks(own, challenge) => {
                Some(challenge.for_another(own, name).map_or(Turn::Alone, Turn::Knowing))
            }
            Learned::Open | Learned::Differs => Some(Turn::Alone),
        }
    }

    /// This repository, asked without a credential, wants this; `None` for nothing.
    pub(crate) fn learn(&self, name: &ImageName, asked: Option<&Challenge>) {
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

/// The turn of the first one, until this is dropped.
pub(crate) struct First<'a> {
    door: &'a Door,
    _kept: tokio::sync::MutexGuard<'a, ()>,
}

impl Drop for First<'_> {
    fn drop(&mut self) {
        self.door.lessons.fetch_add(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::challenge::{TokenService, standard_scope};

    fn name(text: &str) -> ImageName {
        format!("r.test/{text}").parse().unwrap()
    }

    fn bearer(realm: &str, of: &str) -> Challenge {
        let (realm, scopes) = (realm.to_owned(), [standard_scope(&name(of))].into());
        Challenge::Bearer(TokenService { realm, service: None, scopes, public_only: false })
    }

    /// What somebody who comes for `c` is told after these lessons.
    #[track_caller]
    fn check(lessons: &[(&str, Option<Challenge>)], expected: Option<Option<Challenge>>) {
        let door = Door::default();
        for (own, asked) in lessons {
            door.learn(&name(own), asked.as_ref());
        }
        let told = door.known(&name("c")).map(|turn| match turn {
            Turn::Knowing(challenge) => Some(challenge),
            _ => None,
        });
        assert_eq!(told, expected);
    }

    #[test]
    fn lessons() {
        check(&[], None);
        check(&[("a", None)], Some(None));
        check(&[("a", Some(Challenge::Basic))], Some(Some(Challenge::Basic)));
        check(&[("a", Some(bearer("x", "a")))], Some(Some(bearer("x", "c"))));
        check(&[("a", Some(bearer("x", "a"))), ("b", Some(bearer("x", "b")))], Some(Some(bearer("x", "c"))));
        check(&[("a", Some(bearer("x", "a"))), ("b", Some(bearer("y", "b")))], Some(None));
        check(&[("a", Some(bearer("x", "a"))), ("b", None)], Some(None));
        check(&[("a", Some(bearer("x", "a"))), ("b", Some(Challenge::Basic))], Some(None));
        check(&[("a", None), ("b", Some(Challenge::Basic))], Some(None));
        check(&[("a", Some(bearer("x", "other")))], Some(None));
        check(&[("a", Some(bearer("x", "other"))), ("a", Some(bearer("x", "other")))], Some(None));
    }

    #[tokio::test]
    async fn one_goes_first_and_an_outage_is_not_queued_for() {
        let (door, call) = (Door::default(), Call::new());
        let (a, b, c) = (name("a"), name("b"), name("c"));
        let Turn::First(first) = door.turn(&a, &call).await else { panic!("nobody was here before") };
        let waiting = futures::future::join(door.turn(&b, &call), door.turn(&c, &call));
        let (others, ()) = futures::future::join(waiting, async { drop(first) }).await;
        assert!(matches!(others, (Turn::Alone, Turn::Alone)));
        let Turn::First(first) = door.turn(&a, &call).await else { panic!("those before learned nothing") };
        let waiting = futures::future::join(door.turn(&b, &call), door.turn(&c, &call));
        let lesson = async {
            door.learn(&a, Some(&Challenge::Basic));
            drop(first);
        };
        let (others, ()) = futures::future::join(waiting, lesson).await;
        assert!(matches!(others, (Turn::Knowing(Challenge::Basic), Turn::Knowing(Challenge::Basic))));
    }
}
