//! Getting into a repository, once for everyone who wants in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use artifact_http::{Authorization, Call, Credential, HttpClient, Request, Response, Visitor};
use artifact_source::{Error, ErrorKind};

use crate::challenge::Challenge;
use crate::door::{Door, First, Turn};
use crate::place::Place;
use crate::token;

/// What is known about getting into one repository with one credential.
///
/// While the first answer or a token is under way its lock is held, so that everyone else who comes
/// waits for that and then uses it: however many start at once, one is refused and one asks for a token. Where
/// the registry's [`Door`] knows what this repository would ask for, nobody is refused.
#[derive(Debug)]
pub(crate) struct Gate {
    door: Arc<Door>,
    state: tokio::sync::Mutex<State>,
    /// The number of the latest pass that was seen to open the gate.
    proven: AtomicU64,
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
    /// Whether it answers what another repository asked for.
    guessed: bool,
    /// Which one it is: a later one has a higher number.
    number: u64,
}

/// Who wants in, and for what.
#[derive(Clone, Copy)]
pub(crate) struct Visit<'a> {
    pub(crate) http: &'a HttpClient,
    pub(crate) place: &'a Place,
    pub(crate) visitor: &'a Visitor,
    pub(crate) call: &'a Call,
}

/// A guess that did not open the gate: what it was, and what came of it.
struct Guess {
    challenge: Challenge,
    outcome: Result<Response, Error>,
}

impl Gate {
    pub(crate) fn behind(door: Arc<Door>) -> Self {
        Self { door, state: tokio::sync::Mutex::default(), proven: AtomicU64::new(0) }
    }

    /// Sends the request with whatever the registry wants to see. A pass that is refused is replaced
    /// once; the answer to that is the answer.
    pub(crate) async fn fetch(&self, visit: Visit<'_>, request: Request) -> Result<Response, Error> {
        let request = request.allow_plain_credential(visit.place.plain_credential);
        let mut state = self.lock(visit).await?;
        let before = state.pass.number;
        if !state.known {
            if let Some(response) = self.enter(&mut state, visit, &request).await? {
                return Ok(response);
            }
        } else if state.pass.until.is_some_and(|until| until <= Instant::now())
            && let Some(challenge) = state.challenge.clone()
        {
            let guessed = state.pass.guessed && !self.is_proven(&state.pass);
            self.answer(&mut state, visit, challenge, guessed).await?;
        }
        let pass = state.pass.clone();
        let is_new = pass.number != before;
        drop(state);

        let response =
            visit.http.fetch(request.clone().authorization(pass.authorization.clone()), visit.call).await?;
        let status = response.status.as_u16();
        if !matches!(status, 401 | 403) {
            self.proven.fetch_max(pass.number, Ordering::Relaxed);
            return Ok(response);
        }
        let guessed = pass.guessed && !self.is_proven(&pass);
        // ECR says 403 for a token that has expired.
        if !guessed && (is_new || status == 403 && pass.until.is_none()) {
            return Ok(response);
        }
        let mut state = self.lock(visit).await?;
        if state.pass.number == pass.number {
            let asked = Challenge::of(&response, &visit.place.name).filter(|_| status == 401);
            let is_same = match (&state.challenge, &asked) {
                (Some(known), Some(asked)) => known.covers(asked),
                _ => false,
            };
            if guessed && is_same && is_new {
                return Ok(response);
            }
            match (state.challenge.clone(), asked) {
                (Some(challenge), _) if guessed && !is_same => {
                    let guess = Guess { challenge, outcome: Ok(response) };
                    if let Some(response) = self.ask(&mut state, visit, &request, None, Some(guess)).await? {
                        return Ok(response);
                    }
                }
                (known, asked) => {
                    let Some(challenge) = asked.or(known) else { return Ok(response) };
                    if !self.answer(&mut state, visit, challenge, false).await? {
                        return Ok(response);
                    }
                }
            }
        }
        let authorization = state.pass.authorization.clone();
        drop(state);
        visit.http.fetch(request.authorization(authorization), visit.call).await
    }

    /// Gets a pass for a repository of which nothing is known yet. An answer, if there is none to be had or none
    /// is needed.
    async fn enter(
        &self,
        state: &mut State,
        visit: Visit<'_>,
        request: &Request,
    ) -> Result<Option<Response>, Error> {
        match self.door.turn(&visit.place.name, visit.call).await {
            Turn::Knowing(challenge) => match self.answer(state, visit, challenge.clone(), true).await {
                Ok(true) => Ok(None),
                Ok(false) => self.ask(state, visit, request, None, None).await,
                Err(error) => {
                    let challenge = challenge.widened(None, &visit.place.name);
                    let guess = Guess { challenge, outcome: Err(error) };
                    self.ask(state, visit, request, None, Some(guess)).await
                }
            },
            Turn::First(first) => self.ask(state, visit, request, Some(first), None).await,
            Turn::Alone => self.ask(state, visit, request, None, None).await,
        }
    }

    /// Sends the request as nobody, and gets the pass that the answer asks for.
    async fn ask(
        &self,
        state: &mut State,
        visit: Visit<'_>,
        request: &Request,
        first: Option<First<'_>>,
        guess: Option<Guess>,
    ) -> Result<Option<Response>, Error> {
        state.known = false;
        let response = visit.http.fetch(request.clone(), visit.call).await?;
        let (name, status) = (&visit.place.name, response.status);
        if status.as_u16() != 401 {
            if status.is_success() {
                self.door.learn(name, None);
            }
            state.known = !status.is_server_error() && status.as_u16() != 429;
            state.challenge = None;
            state.pass = Pass { number: state.pass.number.wrapping_add(1), ..Pass::default() };
            return Ok(Some(response));
        }
        let Some(challenge) = Challenge::of(&response, name) else { return Ok(Some(response)) };
        self.door.learn(name, Some(&challenge));
        drop(first);
        match guess {
            // The guess was right, and what came of it is what would come of it again.
            Some(Guess { challenge: guessed, outcome }) if guessed.covers(&challenge) => {
                return outcome.map(Some);
            }
            _ => {}
        }
        let may_enter = self.answer(state, visit, challenge, false).await?;
        Ok(if may_enter { None } else { Some(response) })
    }

    /// Gets a pass for this challenge and, if that is to be had, for what was asked for before and will be asked for next;
    /// whether there is one.
    async fn answer(
        &self,
        state: &mut State,
        visit: Visit<'_>,
        asked: Challenge,
        guessed: bool,
    ) -> Result<bool, Error> {
        let wide = asked.widened(state.challenge.as_ref(), &visit.place.name);
        let (challenge, (authorization, until)) = match self.credential_for(&wide, visit).await {
            Err(error) if error.is_auth() && wide != asked => {
                let narrow = self.credential_for(&asked, visit).await?;
                (asked, narrow)
            }
            answer => (wide, answer?),
        };
        let may_enter = authorization.is_some();
        if may_enter {
            state.known = true;
            state.challenge = Some(challenge);
            state.pass = Pass { authorization, until, guessed, number: state.pass.number.wrapping_add(1) };
        }
        Ok(may_enter)
    }

    /// What answers a challenge, and for how long.
    async fn credential_for(
        &self,
        challenge: &Challenge,
        visit: Visit<'_>,
    ) -> Result<(Option<Authorization>, Option<Instant>), Error> {
        Ok(match (challenge, visit.visitor.credential()) {
            (_, Some(Credential::Bearer(token))) => (Some(Authorization::bearer(token.expose())), None),
            (Challenge::Basic, credential) => (credential.and_then(Credential::authorization), None),
            (Challenge::Bearer(service), _) => {
                let token = token::fetch(visit.http, visit.place, service, visit.visitor, visit.call).await?;
                (Some(token.authorization), Some(token.until))
            }
        })
    }

    fn is_proven(&self, pass: &Pass) -> bool {
        self.proven.load(Ordering::Relaxed) >= pass.number
    }

    async fn lock(&self, visit: Visit<'_>) -> Result<tokio::sync::MutexGuard<'_, State>, Error> {
        let Some(deadline) = visit.call.deadline else { return Ok(self.state.lock().await) };
        tokio::time::timeout_at(deadline.into(), self.state.lock()).await.map_err(|_| {
            Error::new(ErrorKind::TimedOut, "the deadline passed while authentication was under way")
                .with_url(&visit.place.base)
        })
    }
}
