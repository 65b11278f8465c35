//! Getting into a repository, once for everyone who wants in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use artifact_http::{Authorization, Call, Credential, HttpClient, Origin, Request, Response, Visitor};
use artifact_source::{Error, ErrorKind};

use crate::challenge::Challenge;
use crate::repository::Place;
use crate::token;

/// How many gates are kept before those that nobody stands at are forgotten.
const MANY: usize = 4096;

/// The gates of all repositories a client talks to.
#[derive(Debug, Default)]
pub(crate) struct Gates(Mutex<HashMap<Key, Arc<Gate>>>);

type Key = (Origin, String, Option<Credential>);

impl Gates {
    /// The gate of this repository for whoever holds this credential.
    pub(crate) fn at(&self, place: &Place, credential: Option<Credential>) -> Arc<Gate> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if gates.len() >= MANY {
            gates.retain(|_, gate| Arc::strong_count(gate) > 1);
        }
        let key = (Origin::of(&place.base), place.name.repository().to_owned(), credential);
        Arc::clone(gates.entry(key).or_default())
    }
}

/// What is known about getting into one repository with one credential.
///
/// While the first answer or a token is under way its lock is held, so that everyone else who comes
/// waits for that and then uses it: however many start at once, one is refused and one asks for a token.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    state: tokio::sync::Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    known: bool,
    challenge: Option<Challenge>,
    pass: Pass,
}

/// What to show at the gate.
#[derive(Clone, Debug, Default)]
struct Pass {
    authorization: Option<Authorization>,
    until: Option<Instant>,
    /// Which one it is: a later one has a higher number.
    number: u64,
}

impl Gate {
    /// Sends the request with whatever the registry wants to see. A pass that is refused is replaced
    /// once; the answer to that is the answer.
    pub(crate) async fn fetch(
        &self,
        http: &HttpClient,
        place: &Place,
        visitor: &Visitor,
        request: Request,
        call: &Call,
    ) -> Result<Response, Error> {
        let request = request.allow_plain_credential(place.plain_credential);
        let mut state = self.lock(place, call).await?;
        let mut is_new = false;
        if !state.known {
            let response = http.fetch(request.clone(), call).await?;
            if response.status.as_u16() != 401 {
                state.known = !response.status.is_server_error() && response.status.as_u16() != 429;
                return Ok(response);
            }
            let Some(challenge) = Challenge::of(&response.headers) else { return Ok(response) };
            if !self.answer(&mut state, challenge, http, place, visitor, call).await? {
                return Ok(response);
            }
            is_new = true;
        } else if state.pass.until.is_some_and(|until| until <= Instant::now())
            && let Some(challenge) = state.challenge.clone()
        {
            is_new = self.answer(&mut state, challenge, http, place, visitor, call).await?;
        }
        let pass = state.pass.clone();
        drop(state);

        let response = http.fetch(request.clone().authorization(pass.authorization), call).await?;
        let status = response.status.as_u16();
        // ECR says 403 for a token that has expired.
        if is_new || !(status == 401 || status == 403 && pass.until.is_some()) {
            return Ok(response);
        }
        let mut state = self.lock(place, call).await?;
        if state.pass.number == pass.number {
            let challenge =
                Challenge::of(&response.headers).filter(|_| status == 401).or(state.challenge.clone());
            let Some(challenge) = challenge else { return Ok(response) };
            if !self.answer(&mut state, challenge, http, place, visitor, call).await? {
                return Ok(response);
            }
        }
        let authorization = state.pass.authorization.clone();
        drop(state);
        http.fetch(request.authorization(authorization), call).await
    }

    /// Gets a pass for this challenge; whether there is one.
    async fn answer(
        &self,
        state: &mut State,
        challenge: Challenge,
        http: &HttpClient,
        place: &Place,
        visitor: &Visitor,
        call: &Call,
    ) -> Result<bool, Error> {
        let (authorization, until) = match (&challenge, visitor.credential()) {
            (_, Some(Credential::Bearer(token))) => (Some(Authorization::bearer(token.expose())), None),
            (Challenge::Basic, credential) => (credential.and_then(Credential::authorization), None),
            (Challenge::Bearer(service), _) => {
                let token = token::fetch(http, place, service, visitor, call).await?;
                (Some(token.authorization), Some(token.until))
            }
        };
        let may_enter = authorization.is_some();
        if may_enter {
            state.known = true;
            state.challenge = Some(challenge);
            state.pass = Pass { authorization, until, number: state.pass.number.wrapping_add(1) };
        }
        Ok(may_enter)
    }

    async fn lock(&self, place: &Place, call: &Call) -> Result<tokio::sync::MutexGuard<'_, State>, Error> {
        let Some(deadline) = call.deadline else { return Ok(self.state.lock().await) };
        tokio::time::timeout_at(deadline.into(), self.state.lock()).await.map_err(|_| {
            Error::new(ErrorKind::TimedOut, "the deadline passed while authentication was under way")
                .with_url(&place.base)
        })
    }
}
