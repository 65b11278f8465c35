//! Authentication and authorization: none, Basic, or Bearer tokens of the registry's own `/token`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use serde_json::json;
use url::form_urlencoded;

use super::response::{method_not_allowed, refuse};
use crate::credential::Credential;
use crate::lock::lock;
use crate::loopback::{Body, full};

/// The service name in challenges and token requests.
const SERVICE: &str = "testkit";

#[derive(Clone, Debug, Default)]
pub(super) enum Mode {
    #[default]
    Open,
    Basic(Vec<User>),
    Bearer(Bearer),
}

#[derive(Clone)]
pub(super) struct Bearer {
    pub(super) users: Vec<User>,
    /// Tokens are given out elsewhere.
    pub(super) token_server: Option<TokenServer>,
    pub(super) anonymous: bool,
    pub(super) refresh_token: Option<String>,
    pub(super) lifetime: Duration,
}

impl Default for Bearer {
    fn default() -> Self {
        Self {
            users: Vec::new(),
            token_server: None,
            anonymous: false,
            refresh_token: None,
            lifetime: Duration::from_secs(300),
        }
    }
}

impl std::fmt::Debug for Bearer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Bearer")
            .field("users", &self.users)
            .field("anonymous", &self.anonymous)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

/// Where tokens are given out, and those that were.
#[derive(Clone)]
pub(super) struct TokenServer {
    realm: String,
    grants: Arc<Mutex<HashMap<String, Grant>>>,
}

/// What a token was given for. Its `Debug` stays unwritten, because tokens are keys of the map.
struct Grant {
    scopes: Vec<(String, Action)>,
    expires: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Pull,
    Push,
    Delete,
}

impl Action {
    /// What a method needs.
    pub(super) fn of(method: &Method) -> Self {
        match *method {
            Method::GET | Method::HEAD => Self::Pull,
            Method::DELETE => Self::Delete,
            _ => Self::Push,
        }
    }

    fn named(name: &str) -> Option<Self> {
        match name {
            "pull" => Some(Self::Pull),
            "push" => Some(Self::Push),
            "delete" => Some(Self::Delete),
            _ => None,
        }
    }

    /// The scope actions a challenge asks for.
    fn needed(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "pull,push",
            Self::Delete => "delete",
        }
    }
}

/// The client that requests a token.
#[derive(Clone, Copy)]
enum Client<'a> {
    /// A client without a credential: pulls only.
    Anonymous,
    User(&'a User),
    /// The holder of the refresh token.
    Trusted,
}

impl Client<'_> {
    fn may(self, repository: &str, action: Action) -> bool {
        match self {
            Self::Anonymous => action == Action::Pull,
            Self::User(user) => user.may_use(repository),
            Self::Trusted => true,
        }
    }
}

pub(super) struct Access {
    mode: Mode,
    denied: Vec<String>,
    expired_is_forbidden: bool,
    tokens: TokenServer,
    issued: AtomicU64,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Access").field("mode", &self.mode).finish_non_exhaustive()
    }
}

impl Access {
    pub(super) fn new(mode: Mode, denied: Vec<String>, expired_is_forbidden: bool, url: &str) -> Self {
        let elsewhere = match &mode {
            Mode::Bearer(bearer) => bearer.token_server.clone(),
            _ => None,
        };
        let here = || TokenServer { realm: format!("{url}/token"), grants: Arc::default() };
        let tokens = elsewhere.unwrap_or_else(here);
        Self { mode, denied, expired_is_forbidden, tokens, issued: AtomicU64::new(0) }
    }

    /// Where this registry gives out tokens, for the challenges of others.
    pub(super) fn token_server(&self) -> TokenServer {
        self.tokens.clone()
    }

    pub(super) fn issued(&self) -> u64 {
        self.issued.load(Ordering::SeqCst)
    }

    pub(super) fn expire_all(&self) {
        for grant in self.grants().values_mut() {
            grant.expires = None;
        }
    }

    /// Allows a request, or gives the answer that refuses it.
    pub(super) fn check(
        &self,
        headers: &HeaderMap,
        repository: &str,
        action: Action,
    ) -> Result<(), Box<Response<Body>>> {
        let denied = self.denied.iter().any(|denied| denied == repository);
        match &self.mode {
            Mode::Open if denied => Err(forbidden()),
            Mode::Open => Ok(()),
            Mode::Basic(users) => match User::of_request(users, headers) {
                None => Err(unauthorized("Basic realm=\"testkit\"".into())),
                Some(user) if denied || !user.may_use(repository) => Err(forbidden()),
                Some(_) => Ok(()),
            },
            Mode::Bearer(_) => self.check_token(headers, repository, action),
        }
    }

    fn check_token(
        &self,
        headers: &HeaderMap,
        repository: &str,
        action: Action,
    ) -> Result<(), Box<Response<Body>>> {
        let Some(token) = bearer(headers) else {
            return Err(self.challenge(repository, action, None));
        };
        let grants = self.grants();
        let Some(grant) = grants.get(token) else {
            return Err(self.challenge(repository, action, Some("invalid_token")));
        };
        if grant.expires.is_none_or(|expires| expires <= Instant::now()) {
            return Err(if self.expired_is_forbidden {
                Box::new(refuse(StatusCode::FORBIDDEN, "DENIED", "your authorization token has expired"))
            } else {
                self.challenge(repository, action, Some("invalid_token"))
            });
        }
        let covered = |(granted, allowed): &(String, Action)| granted == repository && *allowed == action;
        if repository.is_empty() || grant.scopes.iter().any(covered) {
            Ok(())
        } else {
            Err(self.challenge(repository, action, Some("insufficient_scope")))
        }
    }

    fn challenge(&self, repository: &str, action: Action, error: Option<&str>) -> Box<Response<Body>> {
        let mut challenge = format!("Bearer realm=\"{}\",service=\"{SERVICE}\"", self.tokens.realm);
        if !repository.is_empty() {
            challenge.push_str(&format!(",scope=\"repository:{repository}:{}\"", action.needed()));
        }
        if let Some(error) = error {
            challenge.push_str(&format!(",error=\"{error}\""));
        }
        unauthorized(challenge)
    }

    /// `GET /token` (Docker's token specification) and `POST /token` (its OAuth2 variant).
    pub(super) fn token(
        &self,
        method: &Method,
        headers: &HeaderMap,
        query: &str,
        form: &[u8],
    ) -> Response<Body> {
        let Mode::Bearer(settings) = &self.mode else {
            return refuse(StatusCode::NOT_FOUND, "NOT_FOUND", "this registry gives out no tokens");
        };
        match *method {
            Method::GET => {
                let client = match User::of_request(&settings.users, headers) {
                    Some(user) => Client::User(user),
                    None if headers.contains_key(AUTHORIZATION) => return bad_credential(),
                    None if settings.anonymous => Client::Anonymous,
                    None => return bad_credential(),
                };
                let scopes = self.scopes(parameters(query.as_bytes(), "scope"), client);
                self.issue("token", scopes, settings)
            }
            Method::POST => {
                let one = |name| parameters(form, name).next().unwrap_or_default();
                let client = match one("grant_type").as_str() {
                    "refresh_token" if settings.refresh_token == Some(one("refresh_token")) => {
                        Client::Trusted
                    }
                    "password" => {
                        let credential = Credential::new(one("username"), one("password"));
                        match User::named(&settings.users, &credential) {
                            Some(user) => Client::User(user),
                            None => return bad_credential(),
                        }
                    }
                    _ => return bad_credential(),
                };
                let scopes = self.scopes(parameters(form, "scope"), client);
                self.issue("access_token", scopes, settings)
            }
            _ => method_not_allowed(),
        }
    }

    /// What is granted of `repository:<name>:<actions>`, several of them separated by blanks or given several times.
    fn scopes(&self, asked: impl Iterator<Item = String>, client: Client<'_>) -> Vec<(String, Action)> {
        let mut granted = Vec::new();
        for scope in asked.collect::<Vec<_>>().join(" ").split_ascii_whitespace() {
            let Some((repository, actions)) =
                scope.strip_prefix("repository:").and_then(|rest| rest.rsplit_once(':'))
            else {
                continue;
            };
            if self.denied.iter().any(|denied| denied == repository) {
                continue;
            }
            let actions = actions.split(',').filter_map(Action::named);
            let allowed = actions.filter(|action| client.may(repository, *action));
            granted.extend(allowed.map(|action| (repository.to_owned(), action)));
        }
        granted
    }

    fn issue(&self, field: &str, scopes: Vec<(String, Action)>, settings: &Bearer) -> Response<Body> {
        let number = self.issued.fetch_add(1, Ordering::SeqCst) + 1;
        let token = format!("testkit-token-{number}");
        let expires = Instant::now().checked_add(settings.lifetime);
        self.grants().insert(token.clone(), Grant { scopes, expires });
        let body = json!({ field: token, "expires_in": settings.lifetime.as_secs() });
        let mut response = Response::new(full(body.to_string()));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }

    fn grants(&self) -> MutexGuard<'_, HashMap<String, Grant>> {
        lock(&self.tokens.grants)
    }
}

fn parameters<'a>(encoded: &'a [u8], name: &'a str) -> impl Iterator<Item = String> + 'a {
    form_urlencoded::parse(encoded).filter(move |(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn unauthorized(challenge: String) -> Box<Response<Body>> {
    let mut response = refuse(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "authentication required");
    if let Ok(challenge) = HeaderValue::try_from(challenge) {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    Box::new(response)
}

fn forbidden() -> Box<Response<Body>> {
    Box::new(refuse(StatusCode::FORBIDDEN, "DENIED", "requested access to the resource is denied"))
}

fn bad_credential() -> Response<Body> {
    refuse(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "incorrect username or password")
}

/// A credential and the repositories that it may use.
#[derive(Clone, Debug)]
pub(super) struct User {
    credential: Credential,
    /// All of them if `None`.
    repositories: Option<Vec<String>>,
}

impl User {
    pub(super) fn of_all(credential: Credential) -> Self {
        Self { credential, repositories: None }
    }

    pub(super) fn of(credential: Credential, repositories: Vec<String>) -> Self {
        Self { credential, repositories: Some(repositories) }
    }

    /// Whether they may use a repository. The registry's base, which has no name, is open to all users.
    pub(super) fn may_use(&self, repository: &str) -> bool {
        let Some(repositories) = &self.repositories else { return true };
        repository.is_empty() || repositories.iter().any(|theirs| theirs == repository)
    }

    /// The user whose HTTP Basic credential a request carries.
    pub(super) fn of_request<'a>(users: &'a [Self], headers: &HeaderMap) -> Option<&'a Self> {
        users.iter().find(|user| user.credential.matches(headers))
    }

    /// The user of a credential.
    pub(super) fn named<'a>(users: &'a [Self], credential: &Credential) -> Option<&'a Self> {
        users.iter().find(|user| user.credential == *credential)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, Method, StatusCode};

    #[test]
    fn a_token_covers_only_what_it_was_given_for() {
        let bearer = Bearer { anonymous: true, ..Bearer::default() };
        let access = Access::new(Mode::Bearer(bearer), vec!["secret".into()], false, "http://127.0.0.1:1");
        let query = "scope=repository:demo/app:pull,push&scope=repository:secret:pull";
        let answer = access.token(&Method::GET, &HeaderMap::new(), query, b"");
        assert_eq!(answer.status(), StatusCode::OK);
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Bearer testkit-token-1".parse().unwrap());
        assert!(access.check(&headers, "demo/app", Action::Pull).is_ok());
        assert!(access.check(&headers, "demo/app", Action::Push).is_err(), "anonymous tokens do not push");
        assert!(access.check(&headers, "demo/other", Action::Pull).is_err());
        assert!(access.check(&headers, "secret", Action::Pull).is_err());
        access.expire_all();
        assert!(access.check(&headers, "demo/app", Action::Pull).is_err());
    }

    #[test]
    fn debug_shows_no_credential() {
        let bearer = Bearer {
            users: vec![super::User::of_all(crate::Credential::new("wise", "owl"))],
            refresh_token: Some("owl".into()),
            ..Bearer::default()
        };
        let access = Access::new(Mode::Bearer(bearer), vec![], false, "http://127.0.0.1:1");
        let shown = format!("{access:?}");
        assert!(!shown.contains("owl") && !shown.contains("wise"), "{shown}");
    }
}
