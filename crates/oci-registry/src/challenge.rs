//! How a registry wants to be authenticated to.

use std::collections::BTreeSet;

use artifact_http::{HeaderMap, Response, header};

use crate::ImageName;

/// No real parameter is longer, and nobody wants to read a longer one in an error.
const LONGEST: usize = 4 << 10;
/// More is never asked for at once.
const MOST_SCOPES: usize = 8;

/// What `WWW-Authenticate` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
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
    /// Whether the registry is out on the internet, so that its token service must be there too.
    pub(crate) public_only: bool,
}

/// What is asked for where the registry does not say it: to pull from this repository.
pub(crate) fn standard_scope(name: &ImageName) -> String {
    format!("repository:{}:pull", name.repository())
}

impl Challenge {
    /// What this answer asks of those who want into the repository.
    pub(crate) fn of(response: &Response, name: &ImageName) -> Option<Self> {
        Self::read(&response.headers, !response.came_from_private_address(), name)
    }

    /// The best of the challenges in these headers: a token rather than a password, which then goes to the
    /// token service only.
    fn read(headers: &HeaderMap, public_only: bool, name: &ImageName) -> Option<Self> {
        let mut basic = None;
        for value in headers.get_all(header::WWW_AUTHENTICATE) {
            let Ok(challenges) = http_auth::parse_challenges(value.to_str().unwrap_or_default()) else {
                continue;
            };
            for challenge in challenges {
                if challenge.scheme.eq_ignore_ascii_case("basic") {
                    basic = Some(Self::Basic);
                }
                if !challenge.scheme.eq_ignore_ascii_case("bearer") {
                    continue;
                }
                let parameter = |wanted: &str| {
                    let mut parameters = challenge.params.iter();
                    let found = parameters.find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
                    Some(found.1.to_unescaped()).filter(|text| !text.is_empty() && text.len() <= LONGEST)
                };
                if let Some(realm) = parameter("realm") {
                    let scope = parameter("scope").unwrap_or_else(|| standard_scope(name));
                    let scopes =
                        scope.split_ascii_whitespace().take(MOST_SCOPES).map(str::to_owned).collect();
                    let service = parameter("service");
                    return Some(Self::Bearer(TokenService { realm, service, scopes, public_only }));
                }
            }
        }
        basic
    }

    /// What another repository of the registry would be asked, as far as this repository's challenge shows it: the same with
    /// the other name. `None` if it asks for something else.
    pub(crate) fn for_another(&self, own: &ImageName, other: &ImageName) -> Option<Self> {
        let Self::Bearer(service) = self else { return Some(Self::Basic) };
        let renamed =
            |scope: &String| Some(format!("repository:{}:{}", other.repository(), actions(scope, own)?));
        let scopes = service.scopes.iter().map(renamed).collect::<Option<_>>()?;
        Some(Self::Bearer(TokenService { scopes, ..service.clone() }))
    }

    /// The same, together with what was asked for before and with what will be asked for next: Azure's registry wants one scope
    /// for the tags of a repository and another one for its manifests, and a token may have both.
    pub(crate) fn widened(&self, before: Option<&Self>, name: &ImageName) -> Self {
        let joined = before.and_then(|before| self.joined(before)).unwrap_or_else(|| self.clone());
        let Self::Bearer(mut service) = joined else { return Self::Basic };
        let mut own = service.scopes.iter().filter_map(|scope| actions(scope, name)).peekable();
        let is_about_it = own.peek().is_some();
        if is_about_it && !own.any(|actions| actions.split(',').any(|action| matches!(action, "pull" | "*")))
        {
            service.scopes.insert(standard_scope(name));
        }
        Self::Bearer(service)
    }

    /// Both in one; `None` where that cannot be, or would be too much.
    pub(crate) fn joined(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Basic, Self::Basic) => Some(Self::Basic),
            (Self::Bearer(one), Self::Bearer(other)) if one.is_at_the_place_of(other) => {
                let scopes: BTreeSet<_> = one.scopes.union(&other.scopes).cloned().collect();
                (scopes.len() <= MOST_SCOPES).then(|| Self::Bearer(TokenService { scopes, ..one.clone() }))
            }
            _ => None,
        }
    }

    /// Whether what answers this answers the other one too.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Basic, Self::Basic) => true,
            (Self::Bearer(one), Self::Bearer(other)) => {
                one.is_at_the_place_of(other) && one.scopes.is_superset(&other.scopes)
            }
            _ => false,
        }
    }
}

impl TokenService {
    fn is_at_the_place_of(&self, other: &Self) -> bool {
        (&self.realm, &self.service, self.public_only) == (&other.realm, &other.service, other.public_only)
    }
}

/// `pull` of `repository:a/b:pull`, if that is the name.
fn actions<'a>(scope: &'a str, name: &ImageName) -> Option<&'a str> {
    scope.strip_prefix("repository:")?.strip_prefix(name.repository())?.strip_prefix(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[&str], expected: Option<Challenge>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::WWW_AUTHENTICATE, value.parse().unwrap());
        }
        let name = "r.test/own/name".parse().unwrap();
        assert_eq!(Challenge::read(&headers, true, &name), expected, "{values:?}");
    }

    #[test]
    fn table() {
        let bearer = |realm: &str, service: Option<&str>, scope: Option<&str>| {
            Some(Challenge::Bearer(TokenService {
                realm: realm.to_owned(),
                service: service.map(str::to_owned),
                scopes: scope.unwrap_or("repository:own/name:pull").split(' ').map(str::to_owned).collect(),
                public_only: true,
            }))
        };
        check(
            &[
                r#"Bearer realm="https://auth.example.com/token",service="registry",scope="repository:a/b:pull""#,
            ],
            bearer("https://auth.example.com/token", Some("registry"), Some("repository:a/b:pull")),
        );
        check(&[r#"bearer REALM="https://x/t", error="invalid_token""#], bearer("https://x/t", None, None));
        check(&[r#"Bearer realm="https://x/t",service="""#], bearer("https://x/t", None, None));
        check(&["Basic realm=\"x\"", "Bearer realm=\"https://x/t\""], bearer("https://x/t", None, None));
        check(&[r#"Basic realm="a", Bearer realm="https://x/t""#], bearer("https://x/t", None, None));
        check(&["Basic realm=\"Registry\""], Some(Challenge::Basic));
        check(&["BASIC"], Some(Challenge::Basic));
        check(&["Bearer"], None);
        check(&[&format!("Bearer realm=\"https://{}\"", "x".repeat(LONGEST))], None);
        check(&["Negotiate"], None);
        check(&["\"\"\"", "Basic realm=\"x\""], Some(Challenge::Basic));
        check(&[""], None);
        check(&[], None);
    }

    fn name(text: &str) -> ImageName {
        text.parse().unwrap()
    }

    fn bearer_at(realm: &str, scopes: &str) -> Challenge {
        let scopes = scopes.split_ascii_whitespace().map(str::to_owned).collect();
        Challenge::Bearer(TokenService { realm: realm.to_owned(), service: None, scopes, public_only: false })
    }

    fn bearer(scopes: &str) -> Challenge {
        bearer_at("https://x/t", scopes)
    }

    #[test]
    fn what_others_would_be_asked() {
        let other = |challenge: Challenge| challenge.for_another(&name("r.test/a/b"), &name("r.test/c"));
        assert_eq!(other(Challenge::Basic), Some(Challenge::Basic));
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
        check("repository:a:pull", Some(Challenge::Basic), "repository:a:pull");
        check("repository:a:pull", Some(bearer("1 2 3 4 5 6 7 8")), "repository:a:pull");
        assert_eq!(Challenge::Basic.widened(Some(&bearer("x")), &name("r.test/a")), Challenge::Basic);
        assert!(!bearer("x").covers(&bearer("x y")) && !bearer("x").covers(&Challenge::Basic));
    }

    proptest::proptest! {
        #[test]
        fn noise_never_panics(value in r#"((Bearer|Basic|realm=|scope=|[",= \\a-z]){0,30}|[ -~\x80-\xff]{0,60})"#) {
            let mut headers = HeaderMap::new();
            if let Ok(value) = artifact_http::HeaderValue::from_bytes(value.as_bytes()) {
                headers.insert(header::WWW_AUTHENTICATE, value);
            }
            Challenge::read(&headers, true, &"r.test/a".parse().unwrap());
        }
    }
}
