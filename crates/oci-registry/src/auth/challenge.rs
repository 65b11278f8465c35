//! Challenges of servers, and their reuse for other repositories of the same registry.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use artifact_http::{Call, Instructions, Origin, Url};
use artifact_source::lock;

use crate::ImageName;

/// The largest number of scopes of one token.
const MAX_SCOPES: usize = 8;

/// The authentication that one server requires. It is answered with what that server may get: see [`Access::credential_for`](super::Access::credential_for).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// The server that sent the challenge: the registry, or another one that it redirected to.
    pub(crate) origin: Origin,
    pub(crate) scheme: Scheme,
}

/// The supported authentication schemes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// A user name and a password.
    Basic,
    /// A token of this service.
    Bearer(TokenService),
}

/// A token service, and the token to request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenService {
    pub(crate) realm: String,
    pub(crate) service: Option<String>,
    /// The scopes of the token, such as `repository:a/b:pull`.
    pub(crate) scopes: BTreeSet<String>,
    /// Whether the server that names it has a public address, so that the token service must have one too.
    pub(crate) public_only: bool,
    /// The address of the server that names it, if it is private.
    pub(crate) private_peer: Option<IpAddr>,
}

/// What a token is requested for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Purpose {
    /// To read.
    #[default]
    Pull,
    /// To read and to push.
    Push,
}

/// The default scope: to pull from this repository.
fn default_scope(name: &ImageName) -> String {
    format!("repository:{}:pull", name.repository())
}

impl Challenge {
    /// The best challenge of a response: a token rather than a password, which is then sent to the token service only. `None` if
    /// no scheme is supported.
    pub(crate) fn of(instructions: &Instructions, name: &ImageName) -> Option<Self> {
        let bearer = instructions.challenges().iter().filter(|challenge| challenge.is("bearer"));
        let service = bearer.filter_map(|challenge| {
            let scopes = challenge.parameter("scope").map_or_else(|| default_scope(name), str::to_owned);
            Some(TokenService {
                realm: challenge.parameter("realm")?.to_owned(),
                service: challenge.parameter("service").map(str::to_owned),
                scopes: scopes.split_ascii_whitespace().take(MAX_SCOPES).map(str::to_owned).collect(),
                public_only: instructions.public_only(),
                private_peer: instructions.private_peer(),
            })
        });
        let basic = || {
            let challenges = instructions.challenges();
            challenges.iter().any(|challenge| challenge.is("basic")).then_some(Scheme::Basic)
        };
        let scheme = service.map(Scheme::Bearer).next().or_else(basic)?;
        Some(Self { origin: instructions.origin(), scheme })
    }

    /// The challenge to expect for another repository of the registry: this one with the other name. `None` if it has other
    /// scopes than those of the repository.
    pub(crate) fn for_another(&self, own: &ImageName, other: &ImageName) -> Option<Self> {
        let Scheme::Bearer(service) = &self.scheme else { return Some(self.clone()) };
        let renamed =
            |scope: &String| Some(format!("repository:{}:{}", other.repository(), actions(scope, own)?));
        let scopes = service.scopes.iter().map(renamed).collect::<Option<_>>()?;
        Some(self.with(Scheme::Bearer(TokenService { scopes, ..service.clone() })))
    }

    /// The challenge with the scope to pull from this repository in place of its scopes, which at `/v2/` are those of no repository.
    pub(super) fn for_pull(&self, name: &ImageName) -> Self {
        let Scheme::Bearer(service) = &self.scheme else { return self.clone() };
        let scopes = BTreeSet::from([default_scope(name)]);
        self.with(Scheme::Bearer(TokenService { scopes, ..service.clone() }))
    }

    /// The origin of the token service; `None` for another scheme, and for a realm that is not a URL.
    pub(super) fn service_origin(&self) -> Option<Origin> {
        let Scheme::Bearer(service) = &self.scheme else { return None };
        Some(Origin::of(&Url::parse(&service.realm).ok()?))
    }

    fn with(&self, scheme: Scheme) -> Self {
        Self { origin: self.origin.clone(), scheme }
    }

    /// The challenge with the scopes of the one before, and with the scope to pull: Azure's registry requires one scope for the tags
    /// of a repository and another one for its manifests, and a token may have both.
    pub(crate) fn widened(&self, before: Option<&Self>, name: &ImageName) -> Self {
        let mut joined = before.and_then(|before| self.joined(before)).unwrap_or_else(|| self.clone());
        let Scheme::Bearer(service) = &mut joined.scheme else { return joined };
        let mut own = service.scopes.iter().filter_map(|scope| actions(scope, name)).peekable();
        let is_of_repository = own.peek().is_some();
        if is_of_repository
            && !own.any(|actions| actions.split(',').any(|action| matches!(action, "pull" | "*")))
        {
            service.scopes.insert(default_scope(name));
        }
        joined
    }

    /// The challenge with a scope to pull and to push in place of its scopes of this repository that ask for less: one token serves all
    /// requests of a push. A challenge without a scope of this repository is left as it is.
    pub(crate) fn with_push(&self, name: &ImageName) -> Self {
        let Scheme::Bearer(service) = &self.scheme else { return self.clone() };
        let push = format!("repository:{}:pull,push", name.repository());
        let is_of_repository = |scope: &String| actions(scope, name).is_some();
        if !service.scopes.iter().any(is_of_repository) || includes(&service.scopes, &push) {
            return self.clone();
        }
        let kept = service.scopes.iter().filter(|scope| !is_included(scope, &push)).cloned();
        let scopes = kept.chain([push.clone()]).collect();
        self.with(Scheme::Bearer(TokenService { scopes, ..service.clone() }))
    }

    /// Both challenges in one; `None` if they differ in more than their scopes, or have too many.
    pub(crate) fn joined(&self, other: &Self) -> Option<Self> {
        if self.origin != other.origin {
            return None;
        }
        match (&self.scheme, &other.scheme) {
            (Scheme::Basic, Scheme::Basic) => Some(self.clone()),
            (Scheme::Bearer(one), Scheme::Bearer(other)) if one.is_same_service(other) => {
                let scopes: BTreeSet<_> = one.scopes.union(&other.scopes).cloned().collect();
                let fits = scopes.len() <= MAX_SCOPES;
                fits.then(|| self.with(Scheme::Bearer(TokenService { scopes, ..one.clone() })))
            }
            _ => None,
        }
    }

    /// Whether the answer to this challenge answers the other one too.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.origin == other.origin
            && match (&self.scheme, &other.scheme) {
                (Scheme::Basic, Scheme::Basic) => true,
                (Scheme::Bearer(one), Scheme::Bearer(other)) => {
                    one.is_same_service(other)
                        && other.scopes.iter().all(|scope| includes(&one.scopes, scope))
                }
                _ => false,
            }
    }
}

impl TokenService {
    fn is_same_service(&self, other: &Self) -> bool {
        (&self.realm, &self.service, self.public_only) == (&other.realm, &other.service, other.public_only)
    }
}

/// `pull` of `repository:a/b:pull`, if the scope is that of the repository.
fn actions<'a>(scope: &'a str, name: &ImageName) -> Option<&'a str> {
    scope.strip_prefix("repository:")?.strip_prefix(name.repository())?.strip_prefix(':')
}

/// Whether one of the scopes has all actions of this one.
fn includes(scopes: &BTreeSet<String>, wanted: &str) -> bool {
    scopes.iter().any(|scope| is_included(wanted, scope))
}

/// Whether a scope has no action that the other one has not: `repository:a:pull` and `repository:a:pull,push`.
fn is_included(scope: &str, other: &str) -> bool {
    match (scope.rsplit_once(':'), other.rsplit_once(':')) {
        (Some((one, actions)), Some((other, all))) => {
            one == other
                && actions
                    .split(',')
                    .all(|action| all.split(',').any(|known| known == action || known == "*"))
        }
        _ => scope == other,
    }
}

/// The longest wait for the first response to another reader.
const FIRST_RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The challenge that one registry is expected to send to the holder of one credential.
///
/// The repositories of a registry nearly always send the same challenge: the same password, or a token of the same service with the
/// repository's name in its scope. So the first challenge predicts that of the next repository, which saves a refused request. If
/// repositories turn out to send different challenges, nothing is predicted any more.
///
/// [`SingleFlight`](artifact_http::SingleFlight) and [`OnceMap`](artifact_http::OnceMap) give every caller the answer of one request, and here each reader sends its
/// own, to another repository: the first one teaches only how the others begin. They wait for it for two seconds at most, and go on without a hint if it learned nothing.
#[derive(Debug, Default)]
pub(super) struct ChallengeHints {
    learned: Mutex<Learned>,
    /// Held by the first reader until its response has come.
    first: tokio::sync::Mutex<()>,
    /// The number of first readers that have finished.
    finished: AtomicU64,
    /// The origins of the token services that the registry has named.
    services: Mutex<Vec<Origin>>,
    /// The challenge at `/v2/`, as of some repository; `None` inside if there is none.
    pub(super) of_registry: tokio::sync::Mutex<Option<Option<Challenge>>>,
}

/// The largest number of token services of one registry that are remembered.
const MAX_SERVICES: usize = 8;

#[derive(Debug, Default)]
enum Learned {
    #[default]
    Nothing,
    /// A repository sent this challenge.
    Requires(ImageName, Challenge),
    /// A repository sent no challenge.
    Open,
    /// Repositories sent different challenges.
    Differs,
}

/// The first step of a reader of a repository.
pub(super) enum Hint<'a> {
    /// Answer this challenge at once.
    Expect(Challenge),
    /// Send the request without a credential, while other readers wait for the response.
    First(FirstReader<'a>),
    /// Send the request without a credential, and no other reader waits.
    Unknown,
}

impl ChallengeHints {
    /// The hint for this repository. Waits for the response to the first reader, if there is one, for two seconds at most.
    pub(super) async fn hint(&self, name: &ImageName, call: &Call) -> Hint<'_> {
        let finished = self.finished.load(Ordering::Acquire);
        if let Some(hint) = self.known(name) {
            return hint;
        }
        let first = tokio::time::timeout(FIRST_RESPONSE_TIMEOUT, self.first.lock());
        let Ok(Ok(held)) = call.within(first).await else { return Hint::Unknown };
        match self.known(name) {
            Some(hint) => hint,
            None if self.finished.load(Ordering::Acquire) == finished => {
                Hint::First(FirstReader { hints: self, _held: held })
            }
            // The first reader learned nothing, because of an outage for example. There is no use in waiting for the next one.
            None => Hint::Unknown,
        }
    }

    fn known(&self, name: &ImageName) -> Option<Hint<'_>> {
        match &*lock(&self.learned) {
            Learned::Nothing => None,
            Learned::Requires(own, challenge) => {
                Some(challenge.for_another(own, name).map_or(Hint::Unknown, Hint::Expect))
            }
            Learned::Open | Learned::Differs => Some(Hint::Unknown),
        }
    }

    /// Remembers the token service of a challenge that the registry sent.
    pub(super) fn add_service(&self, challenge: &Challenge) {
        let Some(service) = challenge.service_origin() else { return };
        let mut services = lock(&self.services);
        if !services.contains(&service) && services.len() < MAX_SERVICES {
            services.push(service);
        }
    }

    /// Whether the registry has named this token service.
    pub(super) fn knows_service(&self, service: &Origin) -> bool {
        lock(&self.services).contains(service)
    }

    /// Records the challenge that this repository sent to a request without a credential; `None` for none.
    pub(super) fn learn(&self, name: &ImageName, received: Option<&Challenge>) {
        let mut learned = lock(&self.learned);
        let next = match (&*learned, received) {
            (Learned::Nothing, Some(challenge)) => Learned::Requires(name.clone(), challenge.clone()),
            (Learned::Nothing, None) => Learned::Open,
            (Learned::Requires(own, known), Some(challenge)) => {
                let known = if own == name { Some(known.clone()) } else { known.for_another(own, name) };
                match known.and_then(|known| known.joined(challenge)) {
                    Some(both) => Learned::Requires(name.clone(), both),
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
pub(super) struct FirstReader<'a> {
    hints: &'a ChallengeHints,
    _held: tokio::sync::MutexGuard<'a, ()>,
}

impl Drop for FirstReader<'_> {
    fn drop(&mut self) {
        self.hints.finished.fetch_add(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry() -> Origin {
        Origin::of(&Url::parse("https://r.test").unwrap())
    }

    fn basic() -> Challenge {
        Challenge { origin: registry(), scheme: Scheme::Basic }
    }

    fn bearer_at(realm: &str, scopes: &str) -> Challenge {
        let scopes = scopes.split_ascii_whitespace().map(str::to_owned).collect();
        let service = TokenService {
            realm: realm.to_owned(),
            service: None,
            scopes,
            public_only: false,
            private_peer: None,
        };
        Challenge { origin: registry(), scheme: Scheme::Bearer(service) }
    }

    fn name(text: &str) -> ImageName {
        text.parse().unwrap()
    }

    fn bearer(scopes: &str) -> Challenge {
        bearer_at("https://x/t", scopes)
    }

    #[test]
    fn challenges_of_other_repositories() {
        let other = |challenge: Challenge| challenge.for_another(&name("r.test/a/b"), &name("r.test/c"));
        assert_eq!(other(basic()), Some(basic()));
        assert_eq!(other(bearer("repository:a/b:pull")), Some(bearer("repository:c:pull")));
        let (two, renamed) =
            ("repository:a/b:pull repository:a/b:read", "repository:c:pull repository:c:read");
        assert_eq!(other(bearer(two)), Some(bearer(renamed)));
        for scope in ["repository:a:pull", "registry:catalog:*", "repository:a/b", "repository:a/b:pull x"] {
            assert_eq!(other(bearer(scope)), None, "{scope}");
        }
    }

    #[test]
    fn widened_scopes() {
        #[track_caller]
        fn check(asked: &str, before: Option<Challenge>, expected: &str) {
            let widened = bearer(asked).widened(before.as_ref(), &name("r.test/a"));
            assert_eq!(widened, bearer(expected));
            assert!(widened.covers(&bearer(asked)));
        }
        check("repository:a:pull", None, "repository:a:pull");
        check("repository:a:push,pull", None, "repository:a:push,pull");
        check("repository:a:*", None, "repository:a:*");
        check("repository:a:read", None, "repository:a:read repository:a:pull");
        check("registry:catalog:*", None, "registry:catalog:*");
        check("repository:b:read", None, "repository:b:read");
        check("repository:a:pull", Some(bearer("x")), "repository:a:pull x");
        check("repository:a:pull", Some(bearer_at("https://y/t", "x")), "repository:a:pull");
        check("repository:a:pull", Some(basic()), "repository:a:pull");
        check("repository:a:pull", Some(bearer("1 2 3 4 5 6 7 8")), "repository:a:pull");
        assert_eq!(basic().widened(Some(&bearer("x")), &name("r.test/a")), basic());
        assert!(!bearer("x").covers(&bearer("x y")) && !bearer("x").covers(&basic()));
    }

    #[test]
    fn scopes_to_push() {
        #[track_caller]
        fn check(asked: &str, expected: &str) {
            let pushed = bearer(asked).with_push(&name("r.test/a"));
            assert_eq!(pushed, bearer(expected));
            assert!(pushed.covers(&bearer(asked)));
        }
        check("repository:a:pull", "repository:a:pull,push");
        check("repository:a:push", "repository:a:pull,push");
        check("repository:a:push,pull", "repository:a:push,pull");
        check("repository:a:pull,push,delete", "repository:a:pull,push,delete");
        check(
            "repository:a:pull repository:a:metadata_read",
            "repository:a:metadata_read repository:a:pull,push",
        );
        check("repository:b:pull", "repository:b:pull");
        check("registry:catalog:*", "registry:catalog:*");
        check("x", "x");
        assert_eq!(basic().with_push(&name("r.test/a")), basic());
        assert!(!bearer("repository:a:pull").covers(&bearer("repository:a:pull,push")));
        assert!(!bearer("repository:b:pull,push").covers(&bearer("repository:a:pull")));
    }

    #[test]
    fn another_server_has_another_challenge() {
        let origin = Origin::of(&Url::parse("https://other.test").unwrap());
        let other = Challenge { origin, ..bearer("x") };
        assert!(!bearer("x").covers(&other) && bearer("x").joined(&other).is_none());
        assert_eq!(bearer("x").widened(Some(&other), &name("r.test/a")), bearer("x"));
    }

    fn in_registry(text: &str) -> ImageName {
        name(&format!("r.test/{text}"))
    }

    fn token_of(realm: &str, repository: &str) -> Challenge {
        bearer_at(realm, &default_scope(&in_registry(repository)))
    }

    /// The hint for a reader of `c` after these challenges.
    #[track_caller]
    fn check_hint(asked: &[(&str, Option<Challenge>)], expected: Option<Option<Challenge>>) {
        let hints = ChallengeHints::default();
        for (own, challenge) in asked {
            hints.learn(&in_registry(own), challenge.as_ref());
        }
        let hint = hints.known(&in_registry("c")).map(|hint| match hint {
            Hint::Expect(challenge) => Some(challenge),
            _ => None,
        });
        assert_eq!(hint, expected);
    }

    #[test]
    fn hints_after_challenges() {
        check_hint(&[], None);
        check_hint(&[("a", None)], Some(None));
        check_hint(&[("a", Some(basic()))], Some(Some(basic())));
        check_hint(&[("a", Some(token_of("x", "a")))], Some(Some(token_of("x", "c"))));
        check_hint(
            &[("a", Some(token_of("x", "a"))), ("b", Some(token_of("x", "b")))],
            Some(Some(token_of("x", "c"))),
        );
        check_hint(&[("a", Some(token_of("x", "a"))), ("b", Some(token_of("y", "b")))], Some(None));
        check_hint(&[("a", Some(token_of("x", "a"))), ("b", None)], Some(None));
        check_hint(&[("a", Some(token_of("x", "a"))), ("b", Some(basic()))], Some(None));
        check_hint(&[("a", None), ("b", Some(basic()))], Some(None));
        check_hint(&[("a", Some(token_of("x", "other")))], Some(None));
        check_hint(&[("a", Some(token_of("x", "other"))), ("a", Some(token_of("x", "other")))], Some(None));
    }

    #[tokio::test]
    async fn one_reader_is_first_and_others_do_not_wait_during_an_outage() {
        let (hints, call) = (ChallengeHints::default(), Call::new());
        let (a, b, c) = (in_registry("a"), in_registry("b"), in_registry("c"));
        let Hint::First(first) = hints.hint(&a, &call).await else { panic!("this is the first reader") };
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
