//! How a registry wants to be authenticated to.

use artifact_http::{HeaderMap, header};

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
    pub(crate) scope: Option<String>,
}

impl Challenge {
    /// The best of the challenges in these headers: a token rather than a password, which then goes to the
    /// token service only.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
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
                    Some(found.1.to_unescaped()).filter(|text| !text.is_empty())
                };
                if let Some(realm) = parameter("realm") {
                    let (service, scope) = (parameter("service"), parameter("scope"));
                    return Some(Self::Bearer(TokenService { realm, service, scope }));
                }
            }
        }
        basic
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
        assert_eq!(Challenge::of(&headers), expected, "{values:?}");
    }

    #[test]
    fn table() {
        let bearer = |realm: &str, service: Option<&str>, scope: Option<&str>| {
            Some(Challenge::Bearer(TokenService {
                realm: realm.to_owned(),
                service: service.map(str::to_owned),
                scope: scope.map(str::to_owned),
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
        check(&["Negotiate"], None);
        check(&["\"\"\"", "Basic realm=\"x\""], Some(Challenge::Basic));
        check(&[""], None);
        check(&[], None);
    }
}
