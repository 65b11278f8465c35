//! Sessions: one challenge and one token for all readers of one repository as one identity.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use artifact_http::{Authorization, Credential, Identity, Origin, Request, Response};
use artifact_source::{Error, ErrorKind, lock};

use super::challenge::{Challenge, ChallengeHints, FirstReader, Hint, Purpose, Scheme};
use super::token::{self, Access, Token};
use crate::endpoint::Endpoint;
use crate::json;

/// The number of sessions from which on those without a reader are removed.
const CLEANUP_AT: usize = 4096;

/// The sessions of all repositories that a client reads, and the hints of their registries.
#[derive(Debug, Default)]
pub(crate) struct AuthCache(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    sessions: HashMap<SessionKey, Arc<Session>>,
    hints: HashMap<(Origin, Identity), Arc<ChallengeHints>>,
}

/// A repository of a registry, used as one identity for one purpose.
type SessionKey = (Origin, String, Identity, Purpose);

impl AuthCache {
    /// The session of this repository as this identity, for this purpose.
    pub(crate) fn session(&self, endpoint: &Endpoint, identity: &Identity, purpose: Purpose) -> Arc<Session> {
        let Entries { sessions, hints } = &mut *lock(&self.0);
        remove_idle(sessions);
        // After the sessions, as each holds its hints.
        remove_idle(hints);
        let (origin, identity) = (endpoint.origin(), identity.without_reason());
        let key = (origin.clone(), endpoint.name.repository().to_owned(), identity.clone(), purpose);
        let session = sessions.entry(key).or_insert_with(|| {
            let hints = hints.entry((origin, identity)).or_default();
            Arc::new(Session::new(Arc::clone(hints)))
        });
        Arc::clone(session)
    }
}

fn remove_idle<K: Eq + Hash, V>(entries: &mut HashMap<K, Arc<V>>) {
    if entries.len() >= CLEANUP_AT {
        entries.retain(|_, entry| Arc::strong_count(entry) > 1);
    }
}

/// The authentication state of one repository read with one credential.
///
/// The state is locked until the first response or a token has come, so that all other readers wait for it and then use
/// it: one request is refused and one token is fetched, however many readers start at once. If the [hints](ChallengeHints) of the
/// registry predict the challenge of this repository, no request is refused.
#[derive(Debug)]
pub(crate) struct Session {
    hints: Arc<ChallengeHints>,
    state: tokio::sync::Mutex<State>,
    /// The number of the latest grant that a server accepted.
    proven: AtomicU64,
    /// The number of the latest grant.
    granted: AtomicU64,
    /// Whether something was read without authorization.
    was_open: AtomicBool,
    anonymous: AnonymousTokens,
}

#[derive(Debug, Default)]
struct State {
    /// Whether the registry's requirements are known.
    is_established: bool,
    challenge: Option<Challenge>,
    grant: Grant,
    /// Whether a credential that the registry requires at `/v2/` alone was not accepted.
    is_credential_refused: bool,
    /// Whether the grant answers the challenge at `/v2/` after a response without a challenge.
    is_signed_in: bool,
}

impl State {
    fn sign_out(&mut self) {
        self.is_signed_in = false;
        self.is_credential_refused = true;
        self.challenge = None;
        self.grant = Grant { number: self.grant.number.wrapping_add(1), ..Grant::default() };
    }
}

/// The authorization that requests are sent with.
#[derive(Clone, Debug, Default)]
struct Grant {
    authorization: Option<Authorization>,
    until: Option<Instant>,
    /// Whether it answers a hint, and not a challenge of this repository.
    from_hint: bool,
    /// A later grant has a higher number.
    number: u64,
}

/// A predicted challenge whose answer did not lead to a success, and the outcome.
struct Attempt {
    challenge: Challenge,
    outcome: Result<Response, Error>,
}

impl Session {
    fn new(hints: Arc<ChallengeHints>) -> Self {
        Self {
            hints,
            state: tokio::sync::Mutex::default(),
            proven: AtomicU64::new(0),
            granted: AtomicU64::new(0),
            was_open: AtomicBool::new(false),
            anonymous: AnonymousTokens::default(),
        }
    }

    /// Sends the request, authenticated as the registry requires. A grant that is refused is replaced once; the response to the second
    /// request is final.
    ///
    /// A registry may hide from strangers what it has, and challenge at `/v2/` alone: where there is a credential, a first answer that may
    /// be such a one [leads to its use](Self::sign_in).
    pub(crate) async fn fetch(&self, access: Access<'_>, request: Request) -> Result<Response, Error> {
        let request = request.allow_plain_credential(access.endpoint.plain_credential);
        let granted = self.granted.load(Ordering::Relaxed);
        let response = self.fetch_as_required(access, request.clone()).await?;
        let is_sent_by_registry = response.origin() == access.endpoint.origin();
        let was_open = self.was_open.load(Ordering::Relaxed);
        if response.was_authorized() && response.status.as_u16() == 401 && was_open {
            return self.sign_out(access, request, response).await;
        }
        if response.was_authorized() || !is_sent_by_registry || access.identity.credential().is_none() {
            return Ok(response);
        }
        if !hides_from_strangers(&response) {
            self.was_open.fetch_or(response.status.is_success(), Ordering::Relaxed);
            return Ok(response);
        }
        match access.purpose {
            Purpose::Pull => self.sign_in(access, request, response, granted).await,
            // A push begins with reads of what is not there, and the upload tells what it requires.
            Purpose::Push => Ok(response),
        }
    }

    /// Sends the request as the registry requires it in answers to it.
    async fn fetch_as_required(&self, access: Access<'_>, request: Request) -> Result<Response, Error> {
        let mut state = self.lock(access).await?;
        let before = state.grant.number;
        if !state.is_established {
            if let Some(response) = self.start(&mut state, access, &request).await? {
                return Ok(response);
            }
        } else if state.grant.until.is_some_and(|until| until <= Instant::now())
            && let Some(challenge) = state.challenge.clone()
        {
            let from_hint = state.grant.from_hint && !self.is_proven(&state.grant);
            match self.answer_challenge(&mut state, access, challenge, from_hint).await {
                Ok(_) => {}
                // The registry may have moved to another private address, and then names its token service anew.
                Err(error) if error.kind() == ErrorKind::Refused => {
                    let received = self.send_without_grant(&mut state, access, &request, None, None).await?;
                    if let Some(response) = received {
                        return Ok(response);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        let grant = state.grant.clone();
        let is_new = grant.number != before;
        drop(state);

        let response = self.send(access, request.clone(), grant.authorization.clone()).await?;
        let status = response.status.as_u16();
        // Another server than the registry has not seen the grant.
        if !matches!(status, 401 | 403) || response.origin() != access.endpoint.origin() {
            self.proven.fetch_max(grant.number, Ordering::Relaxed);
            return Ok(response);
        }
        let from_hint = grant.from_hint && !self.is_proven(&grant);
        // ECR answers 403 to an expired token.
        if !from_hint && (is_new || status == 403 && grant.until.is_none()) {
            return Ok(response);
        }
        let mut state = self.lock(access).await?;
        if state.grant.number == grant.number {
            let received =
                Challenge::of(response.instructions(), &access.endpoint.name).filter(|_| status == 401);
            let is_same = match (&state.challenge, &received) {
                (Some(known), Some(received)) => known.covers(received),
                _ => false,
            };
            if from_hint && is_same && is_new {
                return Ok(response);
            }
            match (state.challenge.clone(), received) {
                (Some(challenge), _) if from_hint && !is_same => {
                    let attempt = Attempt { challenge, outcome: Ok(response) };
                    let received =
                        self.send_without_grant(&mut state, access, &request, None, Some(attempt)).await?;
                    if let Some(response) = received {
                        return Ok(response);
                    }
                }
                (known, received) => {
                    let Some(challenge) = received.or(known) else { return Ok(response) };
                    if !self.answer_challenge(&mut state, access, challenge, false).await? {
                        return Ok(response);
                    }
                }
            }
        }
        let authorization = state.grant.authorization.clone();
        drop(state);
        self.send(access, request, authorization).await
    }

    /// Gets the first grant for a repository. Returns a response if there is no grant, or none is needed.
    async fn start(
        &self,
        state: &mut State,
        access: Access<'_>,
        request: &Request,
    ) -> Result<Option<Response>, Error> {
        match self.hints.hint(&access.endpoint.name, access.call).await {
            Hint::Expect(challenge) => {
                match self.answer_challenge(state, access, challenge.clone(), true).await {
                    Ok(true) => Ok(None),
                    Ok(false) => self.send_without_grant(state, access, request, None, None).await,
                    Err(error) if error.kind() == ErrorKind::Refused => {
                        self.send_without_grant(state, access, request, None, None).await
                    }
                    Err(error) => {
                        let challenge = challenge.widened(None, &access.endpoint.name);
                        let attempt = Attempt { challenge, outcome: Err(error) };
                        self.send_without_grant(state, access, request, None, Some(attempt)).await
                    }
                }
            }
            Hint::First(first) => self.send_without_grant(state, access, request, Some(first), None).await,
            Hint::Unknown => self.send_without_grant(state, access, request, None, None).await,
        }
    }

    /// Sends the request without a credential, and gets the grant that the response asks for.
    async fn send_without_grant(
        &self,
        state: &mut State,
        access: Access<'_>,
        request: &Request,
        first: Option<FirstReader<'_>>,
        attempt: Option<Attempt>,
    ) -> Result<Option<Response>, Error> {
        state.is_established = false;
        let response = self.send(access, request.clone(), None).await?;
        let (name, status) = (&access.endpoint.name, response.status);
        let is_refused = match status.as_u16() {
            401 => true,
            // Some registries challenge with it.
            403 => {
                access.identity.credential().is_some()
                    && Challenge::of(response.instructions(), name).is_some()
            }
            _ => false,
        };
        if !is_refused || response.origin() != access.endpoint.origin() {
            if status.is_success() {
                self.hints.learn(name, None);
            }
            state.is_established = !is_refused && !status.is_server_error() && status.as_u16() != 429;
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
            // The prediction was right, so that another attempt would have the same outcome.
            Some(Attempt { challenge: hint, outcome }) if hint.covers(&challenge) => {
                return outcome.map(Some);
            }
            _ => {}
        }
        let has_grant = self.answer_challenge(state, access, challenge, false).await?;
        Ok(if has_grant { None } else { Some(response) })
    }

    /// Sends the request again with the credential, which the registry requires at `/v2/` alone. The response is returned if it does not, if
    /// it was sent along a redirect without the `granted` authorization, or if what strangers may read is read already and the credential is
    /// not accepted.
    async fn sign_in(
        &self,
        access: Access<'_>,
        request: Request,
        response: Response,
        granted: u64,
    ) -> Result<Response, Error> {
        let is_open = self.was_open.load(Ordering::Relaxed) || response.status.is_success();
        let mut state = self.lock(access).await?;
        let mut used = None;
        if state.grant.authorization.is_some() {
            if self.granted.load(Ordering::Relaxed) == granted {
                return Ok(response);
            }
        } else {
            let challenge =
                if state.is_credential_refused { None } else { self.challenge_of_registry(access).await? };
            let Some(challenge) = challenge.map(|challenge| challenge.for_pull(&access.endpoint.name)) else {
                return Ok(response);
            };
            match self.answer_challenge(&mut state, access, challenge.clone(), false).await {
                Ok(true) => {
                    state.is_signed_in = true;
                    used = Some(challenge);
                }
                Ok(false) => return Ok(response),
                Err(error) if error.is_auth() && is_open => {
                    state.is_credential_refused = true;
                    return Ok(response);
                }
                Err(error) => return Err(error),
            }
        }
        let authorization = state.grant.authorization.clone();
        let answer = self.send(access, request, authorization).await?;
        if answer.status.as_u16() == 401 && is_open {
            state.sign_out();
            return Ok(response);
        }
        if answer.status.is_success() && !hides_from_strangers(&answer) {
            self.hints.learn(&access.endpoint.name, used.as_ref());
        }
        Ok(answer)
    }

    /// Sends the request again without the credential, if the one that [signing in](Self::sign_in) took was not accepted: what is open to all
    /// is read as before.
    async fn sign_out(
        &self,
        access: Access<'_>,
        request: Request,
        response: Response,
    ) -> Result<Response, Error> {
        let mut state = self.lock(access).await?;
        if state.is_signed_in {
            state.sign_out();
        }
        if !state.is_credential_refused {
            return Ok(response);
        }
        drop(state);
        self.send(access, request, None).await
    }

    /// The challenge of the registry at `/v2/` (distribution spec, end-1), requested once per registry if a read is refused without any
    /// challenge, or may be hidden from strangers.
    async fn challenge_of_registry(&self, access: Access<'_>) -> Result<Option<Challenge>, Error> {
        let mut known = within_deadline(access, self.hints.of_registry.lock()).await?;
        if let Some(challenge) = &*known {
            return Ok(challenge.clone());
        }
        let Ok(base) = access.endpoint.base.join("/v2/") else { return Ok(None) };
        let response = access.http.fetch(Request::get(&base).max_redirects(0), access.call).await?;
        let challenge = Challenge::of(response.instructions(), &access.endpoint.name).filter(|challenge| {
            response.status.as_u16() == 401 && challenge.origin == access.endpoint.origin()
        });
        // Other responses say nothing about the next one.
        if response.status.is_success() || matches!(response.status.as_u16(), 401 | 403 | 404) {
            *known = Some(challenge.clone());
        }
        Ok(challenge)
    }

    /// Gets a grant for this challenge, with [wider scopes](Challenge::widened) if the token service accepts them; returns whether there
    /// is one.
    async fn answer_challenge(
        &self,
        state: &mut State,
        access: Access<'_>,
        received: Challenge,
        from_hint: bool,
    ) -> Result<bool, Error> {
        self.hints.add_service(&received);
        let name = &access.endpoint.name;
        let wide = received.widened(state.challenge.as_ref(), name);
        let wide = if access.purpose == Purpose::Push { wide.with_push(name) } else { wide };
        let (challenge, (authorization, until)) = match authorization_for(&wide, access).await {
            Err(error) if error.is_auth() && wide != received => {
                let narrow = authorization_for(&received, access).await?;
                (received, narrow)
            }
            answer => (wide, answer?),
        };
        let has_grant = authorization.is_some();
        if has_grant {
            state.is_established = true;
            state.challenge = Some(challenge);
            let number = state.grant.number.wrapping_add(1);
            state.grant = Grant { authorization, until, from_hint, number };
            self.granted.store(number, Ordering::Relaxed);
        }
        Ok(has_grant)
    }

    fn is_proven(&self, grant: &Grant) -> bool {
        self.proven.load(Ordering::Relaxed) >= grant.number
    }

    async fn lock(&self, access: Access<'_>) -> Result<tokio::sync::MutexGuard<'_, State>, Error> {
        within_deadline(access, self.state.lock()).await
    }
}

/// Whether a response without authorization may hide something: a refusal, "not found", or a list without tags.
fn hides_from_strangers(response: &Response) -> bool {
    match response.status.as_u16() {
        403 | 404 | 410 => true,
        200 => response.url.path().ends_with("/tags/list") && is_empty_list(&response.body),
        _ => false,
    }
}

/// The length, in bytes, from which on a list has tags.
const MAX_EMPTY_LIST: usize = 4096;

fn is_empty_list(body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct List {
        name: Option<serde::de::IgnoredAny>,
        tags: Option<Vec<serde::de::IgnoredAny>>,
    }
    body.len() < MAX_EMPTY_LIST
        && json::object::<List>(body)
            .is_ok_and(|list| list.tags.as_ref().map_or(list.name.is_some(), Vec::is_empty))
}

/// The authorization that answers a challenge, and the end of its validity.
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

/// Waits for the authentication of another reader until the deadline of the call.
async fn within_deadline<T>(access: Access<'_>, lock: impl Future<Output = T>) -> Result<T, Error> {
    let passed = || Error::deadline_passed("authentication").with_url(&access.endpoint.base);
    access.call.within(lock).await.map_err(|_| passed())
}

/// The largest number of servers behind a registry whose tokens are kept, and whose challenges are answered for one request.
const MAX_SERVERS: usize = 8;

/// The tokens for servers behind a registry that need no credential.
///
/// A host in front of a public registry, such as a vanity domain, redirects each read to that registry, which requires a token that
/// needs no credential. The token is sent only to the origin that required it.
#[derive(Debug, Default)]
pub(super) struct AnonymousTokens {
    tokens: Mutex<HashMap<Origin, Token>>,
    /// Held while a token is fetched, so that readers share it.
    fetching: tokio::sync::Mutex<()>,
}

impl AnonymousTokens {
    /// The tokens that have not expired.
    fn valid(&self) -> Vec<(Origin, Authorization)> {
        let now = Instant::now();
        let tokens = lock(&self.tokens);
        let valid = tokens.iter().filter(|(_, token)| token.until > now);
        valid.map(|(origin, token)| (origin.clone(), token.authorization.clone())).collect()
    }

    /// Gets a token for this challenge, unless another caller has already replaced the `refused` one.
    async fn renew(
        &self,
        challenge: &Challenge,
        refused: Option<&Authorization>,
        access: Access<'_>,
    ) -> Result<(), Error> {
        let Scheme::Bearer(service) = &challenge.scheme else { return Ok(()) };
        let _fetching = within_deadline(access, self.fetching.lock()).await?;
        if find(&self.valid(), &challenge.origin) != refused {
            return Ok(());
        }
        let token = token::fetch(challenge, service, access).await?;
        let mut tokens = lock(&self.tokens);
        if tokens.len() >= MAX_SERVERS {
            tokens.clear();
        }
        tokens.insert(challenge.origin.clone(), token);
        Ok(())
    }
}

fn find<'a>(tokens: &'a [(Origin, Authorization)], origin: &Origin) -> Option<&'a Authorization> {
    tokens.iter().find(|(other, _)| other == origin).map(|(_, authorization)| authorization)
}

impl Session {
    /// Whether this challenge of another server than the registry names the token service of the registry. A token from there, with
    /// scopes that the other server chooses, is not for it, even if anyone gets one.
    fn is_own_service(&self, challenge: &Challenge, registry: &Origin) -> bool {
        challenge.service_origin().is_some_and(|service| {
            service != challenge.origin && (service == *registry || self.hints.knows_service(&service))
        })
    }

    /// Sends the request with the authorization for the registry, and answers the challenges of servers that it redirects to, without
    /// the credential. Each of them is answered once.
    async fn send(
        &self,
        access: Access<'_>,
        request: Request,
        own: Option<Authorization>,
    ) -> Result<Response, Error> {
        let registry = access.endpoint.origin();
        let request = request.authorization_for(&registry, own);
        let mut answered: Vec<Origin> = Vec::new();
        loop {
            let tokens = self.anonymous.valid();
            let attach = |request: Request, (origin, token): &(Origin, Authorization)| {
                request.anonymous_authorization(origin, token.clone())
            };
            // A server may repeat the credential in the URL to which it redirects.
            let masked = |error: Error| match access.identity.credential() {
                Some(credential) => error.map_url(|url| credential.remove_from(url)),
                None => error,
            };
            let request = tokens.iter().fold(request.clone(), attach);
            let response = access.http.fetch(request, access.call).await.map_err(masked)?;
            let origin = response.origin();
            if response.status.as_u16() != 401
                || origin == registry
                || answered.contains(&origin)
                || answered.len() == MAX_SERVERS
            {
                return Ok(response);
            }
            let Some(challenge) = Challenge::of(response.instructions(), &access.endpoint.name) else {
                return Ok(response);
            };
            if challenge.scheme == Scheme::Basic || self.is_own_service(&challenge, &registry) {
                return Ok(response);
            }
            match self.anonymous.renew(&challenge, find(&tokens, &origin), access).await {
                Err(error) if error.is_auth() => return Ok(response),
                renewed => renewed?,
            }
            answered.push(origin);
        }
    }
}
