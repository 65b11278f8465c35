//! Requests, as far as they decide the answer, and answers.

use artifact_http::{Method, ServiceRequest, header};
use artifact_source::{Error, ErrorKind};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use url::form_urlencoded;

/// The pseudo method of requests for a token.
const SIGN_IN: &str = "SIGN-IN";

/// What decides an answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RequestKey {
    pub(crate) method: String,
    /// Without secrets.
    pub(crate) url: String,
    /// Whether it had a credential or a token.
    pub(crate) authorized: bool,
    /// Whether it asked for what is new only.
    pub(crate) conditional: bool,
    pub(crate) range: Option<String>,
    /// The digest of the body.
    pub(crate) body: Option<String>,
}

impl RequestKey {
    /// The key of a request.
    pub(crate) fn of(request: &ServiceRequest) -> Self {
        let headers = &request.headers;
        let text =
            |name| headers.get(name).and_then(|value: &artifact_http::HeaderValue| value.to_str().ok());
        Self {
            method: request.method.as_str().to_owned(),
            url: request.url.as_str().to_owned(),
            authorized: headers.contains_key(header::AUTHORIZATION),
            conditional: headers.contains_key(header::IF_NONE_MATCH)
                || headers.contains_key(header::IF_MODIFIED_SINCE),
            range: text(header::RANGE).map(str::to_owned),
            body: (!request.body.is_empty()).then(|| format!("sha256:{:x}", Sha256::digest(&request.body))),
        }
    }

    /// The key of a request for a token to this realm: the scopes decide, whichever way they are sent.
    pub(crate) fn of_sign_in(request: &ServiceRequest, realm: &str) -> Self {
        let query = request.url.query().unwrap_or_default().as_bytes();
        let form = if request.method == Method::POST { &request.body[..] } else { &[] };
        let mut authorized = request.headers.contains_key(header::AUTHORIZATION);
        let mut scopes = Vec::new();
        for (name, value) in form_urlencoded::parse(query).chain(form_urlencoded::parse(form)) {
            match &*name {
                "scope" => {
                    scopes.extend(value.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned))
                }
                "refresh_token" | "password" => authorized = true,
                _ => {}
            }
        }
        scopes.sort();
        scopes.dedup();
        let mut url = realm.to_owned();
        for (position, scope) in scopes.iter().enumerate() {
            url.push(if position == 0 { '?' } else { '&' });
            url.push_str("scope=");
            url.extend(form_urlencoded::byte_serialize(scope.as_bytes()));
        }
        Self { method: SIGN_IN.to_owned(), url, authorized, conditional: false, range: None, body: None }
    }

    pub(crate) fn is_sign_in(&self) -> bool {
        self.method == SIGN_IN
    }

    /// The scheme, host and port of the URL.
    pub(crate) fn origin(&self) -> &str {
        let start = self.url.find("://").map_or(0, |at| at + 3);
        let end = self
            .url
            .get(start..)
            .and_then(|rest| rest.find(['/', '?']))
            .map_or(self.url.len(), |at| start + at);
        self.url.get(..end).unwrap_or(&self.url)
    }
}

/// An answer, or why there was none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Response(Response),
    Failure(Failure),
}

/// An answer, decompressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Those that a client reads.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// Whether the server is at a private address.
    pub(crate) private: bool,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The realms that its challenges name: the URL of a token service, without its query.
    pub(crate) fn realms(&self) -> impl Iterator<Item = &str> {
        let challenges = self.headers.iter().filter(|(name, _)| name == "www-authenticate");
        challenges.flat_map(|(_, value)| {
            value.split("realm=").skip(1).filter_map(|rest| {
                let realm = match rest.strip_prefix('"') {
                    Some(quoted) => quoted.split('"').next(),
                    None => rest.split([',', ' ']).next(),
                };
                realm.filter(|realm| realm.contains("://")).and_then(|realm| realm.split('?').next())
            })
        })
    }
}

/// What kept an answer away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
}

/// The kinds that a bundle names.
const KINDS: &[ErrorKind] = &[
    ErrorKind::InvalidInput,
    ErrorKind::Unreachable,
    ErrorKind::Tls,
    ErrorKind::Unauthorized,
    ErrorKind::Forbidden,
    ErrorKind::NotFound,
    ErrorKind::RateLimited,
    ErrorKind::Server,
    ErrorKind::TimedOut,
    ErrorKind::TooLarge,
    ErrorKind::BadAnswer,
    ErrorKind::Refused,
    ErrorKind::Cache,
    ErrorKind::Internal,
];

impl Failure {
    pub(crate) fn of(error: &Error) -> Self {
        Self { kind: error.kind(), message: error.message().to_owned() }
    }

    /// The kind of this name; `Unreachable` for one of a later version.
    pub(crate) fn kind_of(name: &str) -> ErrorKind {
        KINDS.iter().copied().find(|kind| kind.as_str() == name).unwrap_or(ErrorKind::Unreachable)
    }

    pub(crate) fn to_error(&self) -> Error {
        Error::new(self.kind, &self.message).with_transient(false)
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn request(method: Method, url: &str, body: &'static str) -> ServiceRequest {
        let mut request = ServiceRequest::new(method, Url::parse(url).unwrap());
        request.body = Bytes::from_static(body.as_bytes());
        request
    }

    #[test]
    fn the_scopes_decide_a_token() {
        let realm = "https://auth.example.com/token";
        let by_get = request(Method::GET, &format!("{realm}?service=x&scope=b&scope=a"), "");
        let by_post = request(Method::POST, realm, "grant_type=refresh_token&scope=a+b&refresh_token=SECRET");
        let (mut get, post) =
            (RequestKey::of_sign_in(&by_get, realm), RequestKey::of_sign_in(&by_post, realm));
        assert!(!get.authorized && post.authorized);
        get.authorized = true;
        assert_eq!(get, post);
        assert_eq!(get.url, format!("{realm}?scope=a&scope=b"));
    }

    #[test]
    fn realms_and_origins() {
        let response = |value: &str| Response {
            status: 401,
            headers: vec![("www-authenticate".to_owned(), value.to_owned())],
            body: Bytes::new(),
            private: false,
        };
        for (value, expected) in [
            (r#"Bearer realm="https://a.example/token",service="x""#, vec!["https://a.example/token"]),
            (r#"Basic realm="x", Bearer realm="https://a/t?x=1""#, vec!["https://a/t"]),
            ("Bearer realm=https://a/t,scope=x", vec!["https://a/t"]),
            ("Basic", vec![]),
        ] {
            assert_eq!(response(value).realms().collect::<Vec<_>>(), expected, "{value}");
        }
        for (url, origin) in [
            ("https://a.example:1/b?c", "https://a.example:1"),
            ("https://a?b", "https://a"),
            ("https://a", "https://a"),
            ("", ""),
        ] {
            let mut key = RequestKey::of(&request(Method::GET, "https://x/", ""));
            key.url = url.to_owned();
            assert_eq!(key.origin(), origin);
        }
    }

    #[test]
    fn kinds_of_failures_are_read_as_they_are_written() {
        for kind in KINDS {
            assert_eq!(Failure::kind_of(kind.as_str()), *kind);
        }
        assert_eq!(Failure::kind_of("of tomorrow"), ErrorKind::Unreachable);
    }
}
