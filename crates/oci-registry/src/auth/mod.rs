//! Signing in to registries.
//!
//! A [`Session`] knows how one repository is read with one credential. [`ChallengeHints`] carry what one repository of a registry asked
//! for to the next one. A [`Challenge`] knows which server asked, and [`Access::credential_for`] is the only place that decides who
//! gets our credential: the registry itself, and the token service that it names.

mod challenge;
mod hints;
mod redirected;
mod session;
mod token;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use artifact_http::{Call, Credential, HttpClient, Identity, Origin};

use crate::endpoint::Endpoint;
use challenge::Challenge;
use hints::ChallengeHints;
pub(crate) use session::Session;

/// How many sessions are kept before those that nobody uses are forgotten.
const MANY: usize = 4096;

/// One reader of one repository.
#[derive(Clone, Copy)]
pub(crate) struct Access<'a> {
    pub(crate) http: &'a HttpClient,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) identity: &'a Identity,
    pub(crate) call: &'a Call,
}

impl<'a> Access<'a> {
    /// The credential that answers this challenge: ours for what the registry itself asks, and none for what another server asks, to which
    /// the registry only redirected.
    fn credential_for(&self, challenge: &Challenge) -> Option<&'a Credential> {
        if challenge.origin == self.endpoint.origin() { self.identity.credential() } else { None }
    }
}

/// The sessions of all repositories that a client reads, and what their registries ask for.
#[derive(Debug, Default)]
pub(crate) struct AuthCache(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    sessions: HashMap<(Origin, String, Option<Credential>), Arc<Session>>,
    hints: HashMap<(Origin, Option<Credential>), Arc<ChallengeHints>>,
}

impl AuthCache {
    /// The session of this repository with this credential.
    pub(crate) fn session(&self, endpoint: &Endpoint, credential: Option<Credential>) -> Arc<Session> {
        let Known { sessions, hints } = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        forget_idle(sessions);
        // After the sessions, as each holds its hints.
        forget_idle(hints);
        let origin = endpoint.origin();
        let key = (origin.clone(), endpoint.name.repository().to_owned(), credential.clone());
        let session = sessions.entry(key).or_insert_with(|| {
            let hints = hints.entry((origin, credential)).or_default();
            Arc::new(Session::new(Arc::clone(hints)))
        });
        Arc::clone(session)
    }
}

fn forget_idle<K: Eq + Hash, V>(known: &mut HashMap<K, Arc<V>>) {
    if known.len() >= MANY {
        known.retain(|_, one| Arc::strong_count(one) > 1);
    }
}
