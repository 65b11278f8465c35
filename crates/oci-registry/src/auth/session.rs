//! Reading one repository with one credential: one challenge and one token for all its readers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use artifact_http::{Authorization, Credential, Request, Response};
use artifact_source::{Error, ErrorKind};

use super::challenge::{Challenge, Scheme};
use super::hints::{ChallengeHints, First, Hint};
use super::redirected::AnonymousTokens;
use super::{Access, token};

/// What is known about reading one repository with one credential.
///
/// While the first response or a token is under way the state is locked, so that all other readers wait for that and then use
/// it: however many start at once, one request is refused and one token is fetched. Where the [hints](ChallengeHints) of the registry
/// tell what this repository would ask for, no request is refused.
#[derive(Debug)]
pub(crate) struct Session {
    hints: Arc<ChallengeHints>,
    state: tokio::sync::Mutex<State>,
    /// The number of the latest grant that was seen to work.
    proven: AtomicU64,
    pub(super) anonymous: AnonymousTokens,
}

#[derive(Debug, Default)]
struct State {
    known: bool,
    challenge: Option<Challenge>,
    grant: Grant,
}

/// What requests are sent with.
#[derive(Clone, Debug, Default)]
struct Grant {
    authorization: Option<Authorization>,
    until: Option<Instant>,
    /// Whether it answers a hint, and not a challenge of this repository.
    from_hint: bool,
    /// Which one it is: a later one has a higher number.
    number: u64,
}

/// A hint that was answered in vain: the challenge that it gave, and what came of it.
struct Attempt {
    challenge: Challenge,
    outcome: Result<Response, Error>,
}

impl Session {
    pub(super) fn new(hints: Arc<ChallengeHints>) -> Self {
        Self {
            hints,
            state: tokio::sync::Mutex::default(),
            proven: AtomicU64::new(0),
            anonymous: AnonymousTokens::default(),
        }
    }

    /// Sends the request with what the registry asks for. A grant that is refused is replaced once; the response to that is
    /// the response.
    pub(crate) async fn fetch(&self, access: Access<'_>, request: Request) -> Result<Response, Error> {
        let request = request.allow_plain_credential(access.endpoint.plain_credential);
        let mut state = self.lock(access).await?;
        let before = state.grant.number;
        if !state.known {
            if let Some(response) = self.begin(&mut state, access, &request).await? {
                return Ok(response);
            }
        } else if state.grant.until.is_some_and(|until| until <= Instant::now())
            && let Some(challenge) = state.challenge.clone()
        {
            let from_hint = state.grant.from_hint && !self.is_proven(&state.grant);
            self.answer(&mut state, access, challenge, from_hint).await?;
        }
        let grant = state.grant.clone();
        let is_new = grant.number != before;
        drop(state);

        let response = self.send(access, request.clone(), grant.authorization.clone()).await?;
        let status = response.status.as_u16();
        // A refusal of another server says nothing about the grant, which that server never saw.
        if !matches!(status, 401 | 403) || response.origin() != access.endpoint.origin() {
            self.proven.fetch_max(grant.number, Ordering::Relaxed);
            return Ok(response);
        }
        let from_hint = grant.from_hint && !self.is_proven(&grant);
        // ECR says 403 for a token that has expired.
        if !from_hint && (is_new || status == 403 && grant.until.is_none()) {
            return Ok(response);
        }
        let mut state = self.lock(access).await?;
        if state.grant.number == grant.number {
            let asked =
                Challenge::of(response.instructions(), &access.endpoint.name).filter(|_| status == 401);
            let is_same = match (&state.challenge, &asked) {
                (Some(known), Some(asked)) => known.covers(asked),
                _ => false,
            };
            if from_hint && is_same && is_new {
                return Ok(response);
            }
            match (state.challenge.clone(), asked) {
                (Some(challenge), _) if from_hint && !is_same => {
                    let attempt = Attempt { challenge, outcome: Ok(response) };
                    let asked = self.ask(&mut state, access, &request, None, Some(attempt)).await?;
                    if let Some(response) = asked {
                        return Ok(response);
                    }
                }
                (known, asked) => {
                    let Some(challenge) = asked.or(known) else { return Ok(response) };
                    if !self.answer(&mut state, access, challenge, false).await? {
                        return Ok(response);
                    }
                }
            }
        }
        let authorization = state.grant.authorization.clone();
        drop(state);
        self.send(access, request, authorization).await
    }

    /// Gets a grant for a repository of which nothing is known yet. Returns a response where none can be had or none
    /// is needed.
    async fn begin(
        &self,
        state: &mut State,
        access: Access<'_>,
        request: &Request,
    ) -> Result<Option<Response>, Error> {
        match self.hints.hint(&access.endpoint.name, access.call).await {
            Hint::Expect(challenge) => match self.answer(state, access, challenge.clone(), true).await {
                Ok(true) => Ok(None),
                Ok(false) => self.ask(state, access, request, None, None).await,
                Err(error) => {
                    let challenge = challenge.widened(None, &access.endpoint.name);
                    let attempt = Attempt { challenge, outcome: Err(error) };
                    self.ask(state, access, request, None, Some(attempt)).await
                }
            },
            Hint::First(first) => self.ask(state, access, request, Some(first), None).await,
            Hint::Unknown => self.ask(state, access, request, None, None).await,
        }
    }

    /// Sends the request without a credential, and gets the grant that the response asks for.
    async fn ask(
        &self,
        state: &mut State,
        access: Access<'_>,
        request: &Request,
        first: Option<First<'_>>,
        attempt: Option<Attempt>,
    ) -> Result<Option<Response>, Error> {
        state.known = false;
        let response = self.send(access, request.clone(), None).await?;
        let (name, status) = (&access.endpoint.name, response.status);
        let is_refused = status.as_u16() == 401;
        if !is_refused || response.origin() != access.endpoint.origin() {
            if status.is_success() {
                self.hints.learn(name, None);
            }
            state.known = !is_refused && !status.is_server_error() && status.as_u16() != 429;
            state.challenge = None;
            state.grant = Grant { number: state.grant.number.wrapping_add(1), ..Grant::default() };
            return Ok(Some(response));
        }
        let challenge = match Challenge::of(response.instructions(), name) {
            Some(challenge) => challenge,
            None if response.instructions().challenges().is_empty() => {
                match self.challenge_of_registry(access).await? {
                    Some(challenge) => challenge,
                    None => return Ok(Some(response)),
                }
            }
            None => return Ok(Some(response)),
        };
        self.hints.learn(name, Some(&challenge));
        drop(first);
        match attempt {
            // The hint was right, and what came of it is what would come of it again.
            Some(Attempt { challenge: hint, outcome }) if hint.covers(&challenge) => {
                return outcome.map(Some);
            }
            _ => {}
        }
        let may_enter = self.answer(state, access, challenge, false).await?;
        Ok(if may_enter { None } else { Some(response) })
    }

    /// What the registry asks for at `/v2/`, where every registry says it (distribution spec, end-1): a registry that refuses a read
    /// without any challenge is asked there, once.
    async fn challenge_of_registry(&self, access: Access<'_>) -> Result<Option<Challenge>, Error> {
        let Ok(base) = access.endpoint.base.join("/v2/") else { return Ok(None) };
        let response = access.http.fetch(Request::get(&base).max_redirects(0), access.call).await?;
        Ok(Challenge::of(response.instructions(), &access.endpoint.name).filter(|challenge| {
            response.status.as_u16() == 401 && challenge.origin == access.endpoint.origin()
        }))
    }

    /// Gets a grant for this challenge and, if that is to be had, for what was asked for before and will be asked for next;
    /// returns whether there is one.
    async fn answer(
        &self,
        state: &mut State,
        access: Access<'_>,
        asked: Challenge,
        from_hint: bool,
    ) -> Result<bool, Error> {
        let wide = asked.widened(state.challenge.as_ref(), &access.endpoint.name);
        let (challenge, (authorization, until)) = match authorization_for(&wide, access).await {
            Err(error) if error.is_auth() && wide != asked => {
                let narrow = authorization_for(&asked, access).await?;
                (asked, narrow)
            }
            answer => (wide, answer?),
        };
        let may_enter = authorization.is_some();
        if may_enter {
            state.known = true;
            state.challenge = Some(challenge);
            let number = state.grant.number.wrapping_add(1);
            state.grant = Grant { authorization, until, from_hint, number };
        }
        Ok(may_enter)
    }

    fn is_proven(&self, grant: &Grant) -> bool {
        self.proven.load(Ordering::Relaxed) >= grant.number
    }

    async fn lock(&self, access: Access<'_>) -> Result<tokio::sync::MutexGuard<'_, State>, Error> {
        let Some(deadline) = access.call.deadline else { return Ok(self.state.lock().await) };
        tokio::time::timeout_at(deadline.into(), self.state.lock()).await.map_err(|_| deadline_passed(access))
    }
}

/// What answers a challenge, and until when.
async fn authorization_for(
    challenge: &Challenge,
    access: Access<'_>,
) -> Result<(Option<Authorization>, Option<Instant>), Error> {
    Ok(match (&challenge.scheme, access.credential_for(challenge)) {
        (_, Some(Credential::Bearer(token))) => (Some(Authorization::bearer(token.expose())), None),
        (Scheme::Basic, credential) => (credential.and_then(Credential::authorization), None),
        (Scheme::Bearer(service), _) => {
            let token = token::fetch(challenge, service, access).await?;
            (Some(token.authorization), Some(token.until))
        }
    })
}

/// The error for a call whose deadline passes while it waits for the sign-in of another one.
pub(super) fn deadline_passed(access: Access<'_>) -> Error {
    Error::new(ErrorKind::TimedOut, "the deadline passed while authentication was under way")
        .with_url(&access.endpoint.base)
}
