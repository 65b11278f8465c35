//! A request and its authorizations.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use artifact_source::{Error, ErrorKind, redact_url};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::Url;

use crate::credential::strip_user_info;
use crate::{Authorization, Credential, LeastProgress, Origin, Response};

const DEFAULT_MAX_BYTES: u64 = 16 << 20;
const DEFAULT_MAX_REDIRECTS: usize = 10;

/// Tells whether a complete answer was cut off.
type IsCutOff = Arc<dyn Fn(&Response) -> bool + Send + Sync>;

/// What is to be sent, and how much may come back.
///
/// What cannot be sent (a URL that is none, a header with a line break) is reported when it is sent.
#[derive(Clone)]
pub struct Request {
    pub(crate) method: Method,
    url: Result<Url, &'static str>,
    shown_url: String,
    headers: Result<HeaderMap, String>,
    pub(crate) authorizations: Authorizations,
    pub(crate) body: Bytes,
    pub(crate) max_bytes: u64,
    pub(crate) memory_per_byte: u64,
    pub(crate) accept_gzip: bool,
    pub(crate) sniff_encoding: bool,
    pub(crate) max_redirects: usize,
    pub(crate) retries: Retries,
    pub(crate) allow_plain_credential: bool,
    pub(crate) public_only: bool,
    pub(crate) private_peer: Option<IpAddr>,
    pub(crate) redirects_are_public: bool,
    pub(crate) least_progress: Option<LeastProgress>,
    is_cut_off: Option<IsCutOff>,
}

impl Request {
    /// A GET. A user name and password in the URL become its [`authorization`](Self::authorization).
    pub fn get(url: impl AsRef<str>) -> Self {
        Self::new(Method::GET, url.as_ref(), Bytes::new())
    }

    /// A HEAD.
    pub fn head(url: impl AsRef<str>) -> Self {
        Self::new(Method::HEAD, url.as_ref(), Bytes::new())
    }

    /// A POST of this body. It is sent once, unless [`retries`](Self::retries) says otherwise.
    pub fn post(url: impl AsRef<str>, body: impl Into<Bytes>) -> Self {
        Self::new(Method::POST, url.as_ref(), body.into())
    }

    /// A PUT of this body. It is sent once, unless [`retries`](Self::retries) says otherwise.
    pub fn put(url: impl AsRef<str>, body: impl Into<Bytes>) -> Self {
        Self::new(Method::PUT, url.as_ref(), body.into())
    }

    /// A PATCH of this body. It is sent once, unless [`retries`](Self::retries) says otherwise.
    pub fn patch(url: impl AsRef<str>, body: impl Into<Bytes>) -> Self {
        Self::new(Method::PATCH, url.as_ref(), body.into())
    }

    fn new(method: Method, url: &str, body: Bytes) -> Self {
        let is_read = matches!(method, Method::GET | Method::HEAD);
        let retries = if is_read { Retries::OfAll } else { Retries::Never };
        let mut authorizations = Authorizations::default();
        let parsed = Url::parse(url).map_err(|_| "not a URL").and_then(|mut url| {
            if !matches!(url.scheme(), "http" | "https") {
                return Err("not an http or https URL");
            }
            if let Some(authorization) = take_user_info(&mut url) {
                authorizations.put_own(Origin::of(&url), authorization);
            }
            Ok(url)
        });
        Self {
            method,
            url: parsed,
            shown_url: redact_url(url),
            headers: Ok(HeaderMap::new()),
            authorizations,
            body,
            max_bytes: DEFAULT_MAX_BYTES,
            memory_per_byte: 1,
            accept_gzip: false,
            sniff_encoding: false,
            max_redirects: DEFAULT_MAX_REDIRECTS,
            retries,
            allow_plain_credential: false,
            public_only: false,
            private_peer: None,
            redirects_are_public: false,
            least_progress: None,
            is_cut_off: None,
        }
    }

    /// Adds a header. It travels to wherever the request is redirected, so it must hold no secret:
    /// that is what [`authorization`](Self::authorization) is for.
    #[must_use]
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        if let Ok(headers) = &mut self.headers {
            match (name.try_into(), value.try_into()) {
                (Ok(name), Ok(value)) => {
                    headers.append(name, value);
                }
                (Ok(name), Err(_)) => {
                    self.headers = Err(format!("the value of the header {name} cannot be sent"))
                }
                (Err(_), _) => self.headers = Err("the name of a header cannot be sent".to_owned()),
            }
        }
        self
    }

    /// The authorization for the origin of the request's URL. It goes with the request until a redirect leads to another origin, and never
    /// comes back after that. `None` leaves in place what the URL said.
    #[must_use]
    pub fn authorization(self, authorization: impl Into<Option<Authorization>>) -> Self {
        let Ok(url) = &self.url else { return self };
        let origin = Origin::of(url);
        self.authorization_for(&origin, authorization)
    }

    /// The authorization for this origin, if that is the origin of the request's URL; to any other origin nothing is sent. For requests to
    /// URLs that an answer named.
    #[must_use]
    pub fn authorization_for(
        mut self,
        origin: &Origin,
        authorization: impl Into<Option<Authorization>>,
    ) -> Self {
        if let Some(authorization) = authorization.into() {
            self.authorizations.put_own(origin.clone(), authorization);
        }
        self
    }

    /// An authorization that this origin gives to every client, such as the token of a registry that needs no credential, for when a redirect leads
    /// there. As there is no secret in it, it may travel over plain http.
    #[must_use]
    pub fn anonymous_authorization(mut self, origin: &Origin, authorization: Authorization) -> Self {
        self.authorizations.put_anonymous(origin.clone(), authorization);
        self
    }

    /// The largest body that is wanted, in bytes after decompression: 16 MiB by default.
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// How many bytes of memory a byte of the body takes in all, with what it is decoded to. Defaults to 1. It counts against the
    /// [budget](crate::HttpClientBuilder::memory) of the client, as long as the [response](Response) is there.
    pub fn memory_per_byte(mut self, bytes: u64) -> Self {
        self.memory_per_byte = bytes.max(1);
        self
    }

    /// Whether the body may come as gzip. It is decompressed only where this was said, as a file
    /// that *is* gzip would otherwise lose its shape. Defaults to `false`.
    #[must_use]
    pub fn accept_gzip(mut self, accept: bool) -> Self {
        self.accept_gzip = accept;
        self
    }

    /// Whether the beginning of the body decides, and not its `Content-Encoding`: gzip is decompressed whatever the header says, and text is read
    /// as it is although the header names a compression. A store of files keeps that header from an upload, or loses it. For files that are
    /// text, such as an `index.yaml`: one that *is* gzip would lose its shape. Counts only with [`accept_gzip`](Self::accept_gzip). Defaults
    /// to `false`.
    #[must_use]
    pub fn sniff_encoding(mut self, sniff: bool) -> Self {
        self.sniff_encoding = sniff;
        self
    }

    /// The least that the server has to send, for an answer that takes a while to compute. Defaults to
    /// [that of the client](crate::HttpClientBuilder::least_progress).
    #[must_use]
    pub fn least_progress(mut self, least: LeastProgress) -> Self {
        self.least_progress = Some(least);
        self
    }

    /// How many redirects are followed. Defaults to 10. With 0 the redirect itself is the response.
    #[must_use]
    pub fn max_redirects(mut self, redirects: usize) -> Self {
        self.max_redirects = redirects;
        self
    }

    /// Whether the request may be sent again after a passing fault: defaults to `true` for GET and HEAD and to `false` for
    /// POST, PUT and PATCH.
    #[must_use]
    pub fn retries(mut self, retries: bool) -> Self {
        self.retries = if retries { Retries::OfAll } else { Retries::Never };
        self
    }

    /// Sends the request again only where the server wants fewer requests (429): for a request whose other failures the caller
    /// makes good with another request.
    #[must_use]
    pub fn retry_rate_limits_only(mut self) -> Self {
        self.retries = Retries::OfRateLimits;
        self
    }

    /// Whether a credential may travel over plain http to a host that is not this machine. Defaults to `false`. Where the host is asked through a proxy, the credential travels there in plain text, and the proxy reads it.
    #[must_use]
    pub fn allow_plain_credential(mut self, allow: bool) -> Self {
        self.allow_plain_credential = allow;
        self
    }

    /// Whether the request may go to public addresses only, as it must where a server out on the internet named the URL:
    /// otherwise that server could send us to our own machine, or to the metadata service of a cloud. Defaults to `false`.
    ///
    /// A URL or name that resolves to private addresses only is then [`Refused`](ErrorKind::Refused) before anything is sent;
    /// of several addresses the public ones are used. Whether a server is itself at a private address, and may name others
    /// there, is reported by [`Response::came_from_private_address`](crate::Response::came_from_private_address).
    #[must_use]
    pub fn public_only(mut self, public_only: bool) -> Self {
        self.public_only = public_only;
        self
    }

    /// The one private address from which an answer is accepted, for a request whose answer the server at this address gets to see, and for which a name
    /// may resolve to another server in the meantime. An answer from another private address is [`Refused`](ErrorKind::Refused), and its body
    /// is not read. Defaults to any address.
    #[must_use]
    pub fn private_answers_from(mut self, peer: impl Into<Option<IpAddr>>) -> Self {
        self.private_peer = peer.into();
        self
    }

    /// Whether redirects to another origin go to public addresses only, also where a server at a private address sends them: for a request whose answer the
    /// server that caused it gets to see. Defaults to `false`.
    #[must_use]
    pub fn public_redirects_only(mut self, public_only: bool) -> Self {
        self.redirects_are_public = public_only;
        self
    }

    /// How to tell by its content that a [complete](Response::is_complete) answer was cut off, such as JSON without its end. An answer
    /// without a `Content-Length` that breaks off looks like one that ends, and a proxy may pass on part of an answer as a whole.
    ///
    /// An answer for which `is_cut_off` returns `true` is a failure like a connection that breaks within the body: the request is sent
    /// again, and in the end [`BadAnswer`](ErrorKind::BadAnswer), which is transient. Defaults to `false` for all answers.
    /// [`HttpClient::open`](crate::HttpClient::open) does not use it.
    #[must_use]
    pub fn cut_off_if(mut self, is_cut_off: impl Fn(&Response) -> bool + Send + Sync + 'static) -> Self {
        self.is_cut_off = Some(Arc::new(is_cut_off));
        self
    }

    /// The answer, unless it [was cut off](Self::cut_off_if).
    pub(crate) fn check_end(&self, response: Response) -> Result<Response, Error> {
        match &self.is_cut_off {
            Some(is_cut_off) if response.is_complete() && is_cut_off(&response) => {
                Err(cut_off(response.body.is_empty()).with_url(&self.shown_url))
            }
            _ => Ok(response),
        }
    }

    /// The error with the origin of its URL alone, where a server led to the URL.
    pub(crate) fn mask_url(&self, error: Error) -> Error {
        let own = self.url.as_ref().map(|url| redact_url(url.as_str())).unwrap_or_default();
        let origin = |url: &str| match Url::parse(url) {
            Ok(url) => format!("{}/...", Origin::of(&url)),
            Err(_) => self.authorizations.remove_from(url),
        };
        match error.url() {
            Some(url) if url != self.shown_url && url != own => error.map_url(origin),
            _ => error,
        }
    }

    /// The URL, if it can be requested.
    pub(crate) fn url(&self) -> Option<&Url> {
        self.url.as_ref().ok()
    }

    /// URL and headers, if both can be sent.
    pub(crate) fn target(&self) -> Result<(&Url, &HeaderMap), Error> {
        let invalid = |what: String| Error::new(ErrorKind::InvalidInput, what).with_url(&self.shown_url);
        let url = self.url.as_ref().map_err(|&what| invalid(what.to_owned()))?;
        let headers = self.headers.as_ref().map_err(|what| invalid(what.clone()))?;
        if !self.authorizations.can_be_sent() {
            return Err(invalid("the credential holds characters that no header can carry".to_owned()));
        }
        Ok((url, headers))
    }
}

/// An answer that its content shows to be cut off.
fn cut_off(is_empty: bool) -> Error {
    let (what, hint) = match is_empty {
        true => (
            "the answer is empty",
            "the server, or a proxy before it, answers without content: its log may say why",
        ),
        false => (
            "the answer ends before its content does",
            "the server, a proxy before it, or the connection cut the answer off: their logs and limits may say why",
        ),
    };
    Error::new(ErrorKind::BadAnswer, what).with_transient(true).with_hint(hint)
}

/// Which failures of a request are tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retries {
    Never,
    OfRateLimits,
    OfAll,
}

impl Retries {
    /// Whether a request is sent again after this status, or after a failure without an answer.
    pub(crate) fn includes(self, status: Option<http::StatusCode>) -> bool {
        match self {
            Self::Never => false,
            Self::OfRateLimits => status == Some(http::StatusCode::TOO_MANY_REQUESTS),
            Self::OfAll => true,
        }
    }
}

/// Takes user name and password out of a URL.
fn take_user_info(url: &mut Url) -> Option<Authorization> {
    let authorization = Credential::in_url(url)?.authorization();
    strip_user_info(url);
    authorization
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &self.shown_url)
            .field("authorizations", &self.authorizations)
            .finish_non_exhaustive()
    }
}

/// Authorizations, each with the one origin that it is sent to.
#[derive(Clone, Default)]
pub(crate) struct Authorizations {
    own: Option<(Origin, Authorization)>,
    anonymous: Vec<(Origin, Authorization)>,
}

/// What is sent to one origin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sent<'a> {
    pub(crate) value: &'a HeaderValue,
    /// Whether it represents a credential, not a token that every client gets.
    pub(crate) is_own: bool,
}

impl Authorizations {
    pub(crate) fn put_own(&mut self, origin: Origin, authorization: Authorization) {
        self.own = Some((origin, authorization));
    }

    pub(crate) fn put_anonymous(&mut self, origin: Origin, authorization: Authorization) {
        self.anonymous.retain(|(other, _)| *other != origin);
        self.anonymous.push((origin, authorization));
    }

    /// Our own authorization for this origin.
    pub(crate) fn own(&self, origin: &Origin) -> Option<&Authorization> {
        self.own.as_ref().filter(|(own, _)| own == origin).map(|(_, authorization)| authorization)
    }

    /// The authorization for this origin. `is_first` says that no redirect has led to another origin yet.
    pub(crate) fn sent_to(&self, origin: &Origin, is_first: bool) -> Option<Sent<'_>> {
        let own = self.own(origin).filter(|_| is_first).map(|authorization| (authorization, true));
        let anonymous = || {
            let (_, authorization) = self.anonymous.iter().find(|(other, _)| other == origin)?;
            Some((authorization, false))
        };
        let (authorization, is_own) = own.or_else(anonymous)?;
        Some(Sent { value: authorization.header_value()?, is_own })
    }

    /// The text without any of them.
    fn remove_from(&self, text: &str) -> String {
        let all = self.own.iter().chain(&self.anonymous);
        all.fold(text.to_owned(), |text, (_, authorization)| authorization.remove_from(&text))
    }

    /// Whether a header can carry all of them.
    pub(crate) fn can_be_sent(&self) -> bool {
        self.own
            .iter()
            .chain(&self.anonymous)
            .all(|(_, authorization)| authorization.header_value().is_some())
    }
}

impl fmt::Debug for Authorizations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.own.iter().chain(&self.anonymous).map(|(origin, sent)| (origin, sent)))
            .finish()
    }
}

#[cfg(test)]
mod request_tests {
    use super::*;

    #[test]
    fn what_cannot_be_sent_is_said_without_secrets() {
        for (request, said) in [
            (Request::get("nonsense"), "not a URL (nonsense)"),
            (Request::get("ftp://u:SECRET@example.com/"), "not an http or https URL (ftp://example.com/)"),
            (
                Request::get("https://example.com/").header("accept", "a\nb"),
                "the value of the header accept cannot be sent (https://example.com/)",
            ),
            (
                Request::get("https://example.com/").header("a b", "c"),
                "the name of a header cannot be sent (https://example.com/)",
            ),
            (
                Request::get("https://example.com/").authorization(Authorization::bearer("SECRET\n")),
                "the credential holds characters that no header can carry (https://example.com/)",
            ),
        ] {
            let error = request.target().unwrap_err();
            assert_eq!(error.to_string(), said);
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(!format!("{request:?} {error:?}").contains("SECRET"));
        }
    }

    #[test]
    fn user_info_becomes_the_authorization() {
        let request = Request::get("https://me%40x:p%2B+%26%3D%20w@example.com/a");
        let origin = Origin::of(&Url::parse("https://example.com").unwrap());
        let own = |request: &Request| request.authorizations.own(&origin).cloned();
        assert_eq!(own(&request), Some(Authorization::basic("me@x", "p++&= w")));
        assert_eq!(request.target().unwrap().0.as_str(), "https://example.com/a");
        let explicit = request.authorization(Authorization::bearer("t"));
        assert_eq!(own(&explicit), Some(Authorization::bearer("t")));
    }
}

#[cfg(test)]
mod authorizations_tests {
    use super::*;
    use crate::Url;

    #[test]
    fn each_goes_to_its_origin_alone() {
        let origin = |url: &str| Origin::of(&Url::parse(url).unwrap());
        let (front, back) = (origin("https://front.test"), origin("https://back.test"));
        let mut all = Authorizations::default();
        all.put_own(front.clone(), Authorization::bearer("OURS"));
        all.put_anonymous(back.clone(), Authorization::bearer("old"));
        all.put_anonymous(back.clone(), Authorization::bearer("anyones"));
        let sent = |origin: &Origin, is_first| {
            all.sent_to(origin, is_first).map(|sent| (sent.value.to_str().unwrap(), sent.is_own))
        };
        assert_eq!(sent(&front, true), Some(("Bearer OURS", true)));
        assert_eq!(sent(&front, false), None, "it does not come back");
        assert_eq!(sent(&back, false), Some(("Bearer anyones", false)));
        for other in ["https://front.test:444", "http://front.test", "https://front.test.example.com"] {
            assert_eq!(sent(&origin(other), true), None, "{other}");
        }
        assert!(!format!("{all:?}").contains("OURS"));
    }
}
