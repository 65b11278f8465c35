//! What a server asks for before it answers, and who asked it.

use std::collections::BTreeSet;

use artifact_http::{Instructions, Origin};

use crate::ImageName;

/// More scopes are never asked for at once.
const MOST_SCOPES: usize = 8;

/// What one server asks for. It is answered with what that server may have: see [`Access::credential_for`](super::Access::credential_for).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// The server that asks: the registry, or another one that it redirected to.
    pub(crate) origin: Origin,
    pub(crate) scheme: Scheme,
}

/// The ways of authentication that can be met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// A user name and a password.
    Basic,
    /// A token of that service.
    Bearer(TokenService),
}

/// Where tokens are given out, and what to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenService {
    pub(crate) realm: String,
    pub(crate) service: Option<String>,
    /// What the token is to be good for, `repository:a/b:pull` for example.
    pub(crate) scopes: BTreeSet<String>,
    /// Whether the server that names it is out on the internet, so that the token service must be there too.
    pub(crate) public_only: bool,
}

/// What is asked for where the registry does not say it: to pull from this repository.
pub(crate) fn standard_scope(name: &ImageName) -> String {
    format!("repository:{}:pull", name.repository())
}

impl Challenge {
    /// The best of the challenges in a response to somebody who wants to read the repository: a token rather than a password, which
    /// then goes to the token service only. `None` where none can be met.
    pub(crate) fn of(instructions: &Instructions, name: &ImageName) -> Option<Self> {
        let bearer = instructions.challenges().iter().filter(|challenge| challenge.is("bearer"));
        let service = bearer.filter_map(|challenge| {
            let scopes = challenge.parameter("scope").map_or_else(|| standard_scope(name), str::to_owned);
            Some(TokenService {
                realm: challenge.parameter("realm")?.to_owned(),
                service: challenge.parameter("service").map(str::to_owned),
                scopes: scopes.split_ascii_whitespace().take(MOST_SCOPES).map(str::to_owned).collect(),
                public_only: instructions.public_only(),
            })
        });
        let basic = || {
            let challenges = instructions.challenges();
            challenges.iter().any(|challenge| challenge.is("basic")).then_some(Scheme::Basic)
        };
        let scheme = service.map(Scheme::Bearer).next().or_else(basic)?;
        Some(Self { origin: instructions.origin(), scheme })
    }

    /// What another repository of the registry would be asked, as far as this repository's challenge shows it: the same with
    /// the other name. `None` if it asks for something else.
    pub(crate) fn for_another(&self, own: &ImageName, other: &ImageName) -> Option<Self> {
        let Scheme::Bearer(service) = &self.scheme else { return Some(self.clone()) };
        let renamed =
            |scope: &String| Some(format!("repository:{}:{}", other.repository(), actions(scope, own)?));
        let scopes = service.scopes.iter().map(renamed).collect::<Option<_>>()?;
        Some(self.with(Scheme::Bearer(TokenService { scopes, ..service.clone() })))
    }

    fn with(&self, scheme: Scheme) -> Self {
        Self { origin: self.origin.clone(), scheme }
    }

    /// The same, together with what was asked for before and with what will be asked for next: Azure's registry wants one scope
    /// for the tags of a repository and another one for its manifests, and a token may have both.
    pub(crate) fn widened(&self, before: Option<&Self>, name: &ImageName) -> Self {
        let mut joined = before.and_then(|before| self.joined(before)).unwrap_or_else(|| self.clone());
        let Scheme::Bearer(service) = &mut joined.scheme else { return joined };
        let mut own = service.scopes.iter().filter_map(|scope| actions(scope, name)).peekable();
        let is_about_it = own.peek().is_some();
        if is_about_it && !own.any(|actions| actions.split(',').any(|action| matches!(action, "pull" | "*")))
        {
            service.scopes.insert(standard_scope(name));
        }
        joined
    }

    /// Both in one; `None` where that cannot be, or would be too much.
    pub(crate) fn joined(&self, other: &Self) -> Option<Self> {
        if self.origin != other.origin {
            return None;
        }
        match (&self.scheme, &other.scheme) {
            (Scheme::Basic, Scheme::Basic) => Some(self.clone()),
            (Scheme::Bearer(one), Scheme::Bearer(other)) if one.is_same_service(other) => {
                let scopes: BTreeSet<_> = one.scopes.union(&other.scopes).cloned().collect();
                let fits = scopes.len() <= MOST_SCOPES;
                fits.then(|| self.with(Scheme::Bearer(TokenService { scopes, ..one.clone() })))
            }
            _ => None,
        }
    }

    /// Whether what answers this answers the other one too.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.origin == other.origin
            && match (&self.scheme, &other.scheme) {
                (Scheme::Basic, Scheme::Basic) => true,
                (Scheme::Bearer(one), Scheme::Bearer(other)) => {
                    one.is_same_service(other) && one.scopes.is_superset(&other.scopes)
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

/// `pull` of `repository:a/b:pull`, if that is the name.
fn actions<'a>(scope: &'a str, name: &ImageName) -> Option<&'a str> {
    scope.strip_prefix("repository:")?.strip_prefix(name.repository())?.strip_prefix(':')
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use artifact_http::Url;

    pub(in crate::auth) fn registry() -> Origin {
        Origin::of(&Url::parse("https://r.test").unwrap())
    }

    pub(in crate::auth) fn basic() -> Challenge {
        Challenge { origin: registry(), scheme: Scheme::Basic }
    }

    pub(in crate::auth) fn bearer_at(realm: &str, scopes: &str) -> Challenge {
        let scopes = scopes.split_ascii_whitespace().map(str::to_owned).collect();
        let service = TokenService { realm: realm.to_owned(), service: None, scopes, public_only: false };
        Challenge { origin: registry(), scheme: Scheme::Bearer(service) }
    }

    fn name(text: &str) -> ImageName {
        text.parse().unwrap()
    }

    fn bearer(scopes: &str) -> Challenge {
        bearer_at("https://x/t", scopes)
    }

    #[test]
    fn what_others_would_be_asked() {
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
    fn what_is_asked_for_at_once() {
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
    fn what_another_server_asks_is_another_challenge() {
        let origin = Origin::of(&Url::parse("https://other.test").unwrap());
        let other = Challenge { origin, ..bearer("x") };
        assert!(!bearer("x").covers(&other) && bearer("x").joined(&other).is_none());
        assert_eq!(bearer("x").widened(Some(&other), &name("r.test/a")), bearer("x"));
    }
}
