//! How a registry wants to be authenticated to.

use artifact_http::{HeaderMap, Response, header};

use crate::ImageName;

/// No real parameter is longer, and nobody wants to read a longer one in an error.
const LONGEST: usize = 4 << 10;

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
    pub(crate) scope: String,
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
                    return Some(Self::Bearer(TokenService {
                        realm,
                        service: parameter("service"),
                        scope: parameter("scope").unwrap_or_else(|| standard_scope(name)),
                        public_only,
                    }));
                }
            }
        }
        basic
    }

    /// What another repository of the registry would be asked, as far as this repository's challenge shows it: the same, if it
    /// asks for no more than to pull from that repository. `None` if it asks for something else.
    pub(crate) fn for_another(&self, own: &ImageName, other: &ImageName) -> Option<Self> {
        match self {
            Self::Basic => Some(Self::Basic),
            Self::Bearer(service) if service.scope == standard_scope(own) => {
                Some(Self::Bearer(TokenService { scope: standard_scope(other), ..service.clone() }))
            }
            Self::Bearer(_) => None,
        }
    }
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
                scope: scope.unwrap_or("repository:own/name:pull").to_owned(),
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

    #[test]
    fn what_others_would_be_asked() {
        let name = |text: &str| text.parse::<ImageName>().unwrap();
        let bearer = |scope: &str| {
            let (realm, scope) = ("https://x/t".to_owned(), scope.to_owned());
            Challenge::Bearer(TokenService { realm, service: None, scope, public_only: false })
        };
        let other = |challenge: Challenge| challenge.for_another(&name("r.test/a/b"), &name("r.test/c"));
        assert_eq!(other(Challenge::Basic), Some(Challenge::Basic));
        assert_eq!(other(bearer("repository:a/b:pull")), Some(bearer("repository:c:pull")));
        for scope in ["repository:a/b:metadata_read", "repository:a:pull", "registry:catalog:*", ""] {
            assert_eq!(other(bearer(scope)), None, "{scope}");
        }
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
