//! A response, and the error of its status.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use artifact_source::{Error, ErrorKind, redact_url};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use url::Url;

use crate::credential::remove_sent;
use crate::encoding::{Encoding, Gunzip};
use crate::retry::is_passing;
use crate::{Identity, Instructions, Origin, Reservation, retry_after};

/// A whole answer of any status.
#[derive(Clone)]
#[non_exhaustive]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers, without those that a client acts on, which are [instructions](Self::instructions).
    pub headers: HeaderMap,
    /// The URL that answered, after any redirects. A signed one holds its signature: show it only
    /// through [`artifact_source::redact_url`].
    pub url: Url,
    /// The body, decompressed. At most 64 KiB of an error page.
    pub body: Bytes,
    pub(crate) instructions: Instructions,
    pub(crate) sent: Option<http::HeaderValue>,
    pub(crate) tries: Tries,
    /// The memory of the body, as long as the response or a clone of it is there.
    pub(crate) _memory: Option<Arc<Reservation>>,
}

impl Response {
    pub(crate) fn after(mut self, tries: Tries) -> Self {
        self.tries = tries;
        self
    }

    /// Whether the server that answered is at a private address: on this machine or its own network. One that is asked
    /// through a proxy is where its URL says.
    pub fn came_from_private_address(&self) -> bool {
        !self.instructions.public_only()
    }

    /// The body without the gzip that `Content-Encoding` names, for an answer whose request did not ask for a compression, so that
    /// [`body`](Self::body) is what was sent. `None` if the header names another compression or none, if the body is not gzip, and if it has more
    /// than this number of bytes.
    pub fn unpacked(&self, max_bytes: u64) -> Option<Bytes> {
        if Encoding::of(&self.headers) != Encoding::Gzip {
            return None;
        }
        let mut gunzip = Gunzip::new();
        gunzip.push(self.body.clone());
        gunzip.end();
        let mut unpacked = BytesMut::new();
        while let Some(piece) = gunzip.pull().ok()? {
            if (unpacked.len() + piece.len()) as u64 > max_bytes {
                return None;
            }
            unpacked.extend_from_slice(&piece);
        }
        Some(unpacked.freeze())
    }

    /// The headers that direct the next request, `WWW-Authenticate`, `Link` and `Location`, with the origin that sent them.
    pub fn instructions(&self) -> &Instructions {
        &self.instructions
    }

    /// The origin that answered, after any redirects.
    pub fn origin(&self) -> Origin {
        Origin::of(&self.url)
    }

    /// Whether the request that this answers, after any redirects, carried an `Authorization`: a credential or a token.
    pub fn was_authorized(&self) -> bool {
        self.sent.is_some()
    }

    /// The text, such as a message in the body, with the token or password that this server was sent replaced by `...`: a server may
    /// repeat what it was sent.
    pub fn without_authorization(&self, text: &str) -> String {
        match &self.sent {
            Some(sent) => remove_sent(sent, text),
            None => text.to_owned(),
        }
    }

    /// Whether the response is complete: an answer with status 200. Those with another status of success
    /// ([RFC 9110, section 15.3](https://www.rfc-editor.org/rfc/rfc9110#section-15.3)) are a part (206), a change to an earlier answer
    /// (226), what a proxy has made of the answer (203), nothing (204, 205), or the outcome of an action (201, 202).
    pub fn is_complete(&self) -> bool {
        is_complete(self.status)
    }

    /// This answer if it [is complete](Self::is_complete), and otherwise an error of the fitting kind.
    ///
    /// `what` begins the error's message: `"the index could not be read"`.
    ///
    /// # Errors
    ///
    /// 401 is [`Unauthorized`](ErrorKind::Unauthorized), 403 [`Forbidden`](ErrorKind::Forbidden), 404 and
    /// 410 [`NotFound`](ErrorKind::NotFound), 408 [`TimedOut`](ErrorKind::TimedOut), 429
    /// [`RateLimited`](ErrorKind::RateLimited), 5xx [`Server`](ErrorKind::Server), and everything else
    /// (304, a redirect that was not followed, and a success other than 200, too) [`BadAnswer`](ErrorKind::BadAnswer).
    pub fn error_for_status(self, what: &str) -> Result<Self, Error> {
        if self.is_complete() { Ok(self) } else { Err(self.error(what)) }
    }

    /// The error that this answer means, of any status: with URL, status, `Retry-After` and the
    /// number of tries.
    pub fn error(&self, what: &str) -> Error {
        let error = error_of(self.status, &self.headers, &self.url, what);
        self.tries.describe(error.map_url(|_| self.shown_url()))
    }

    /// The [URL](Self::url) for a message: see [`Instructions::shown_url`].
    pub fn shown_url(&self) -> String {
        self.instructions.shown_url()
    }
}

/// Whether a response with this status is complete: see [`Response::is_complete`].
pub(crate) fn is_complete(status: StatusCode) -> bool {
    status == StatusCode::OK
}

/// What an answer with another status of success is, and what to do about it.
fn hint_for_incomplete(status: StatusCode) -> Option<&'static str> {
    Some(match status.as_u16() {
        200 => return None,
        203 => {
            "203 is the status of a proxy that changes answers, and of a login page of Azure DevOps: check the credential, and that a proxy \
             passes the answers of this host on as they are"
        }
        204 | 205 => {
            "the answer has no content, where a status 200 with content was expected: check the URL, and a proxy before the server"
        }
        206 => {
            "the answer is a part, which was not asked for: the server, or a proxy before it, answers a request without a range with a range"
        }
        226 => {
            "the answer is a change to an earlier one, which was not asked for: the server, or a proxy before it, sends it without being asked (RFC 3229)"
        }
        201..=299 => {
            "only an answer with status 200 is the whole of what was asked for: check the server, and a proxy before it"
        }
        _ => return None,
    })
}

/// The error that this status means.
pub(crate) fn error_of(status: StatusCode, headers: &HeaderMap, url: &Url, what: &str) -> Error {
    let kind = match status.as_u16() {
        401 => ErrorKind::Unauthorized,
        403 => ErrorKind::Forbidden,
        404 | 410 => ErrorKind::NotFound,
        408 => ErrorKind::TimedOut,
        429 => ErrorKind::RateLimited,
        500.. => ErrorKind::Server,
        _ => ErrorKind::BadAnswer,
    };
    let error = Error::new(kind, what)
        .with_url(url)
        .with_status(status.as_u16())
        .with_retry_after(retry_after(headers))
        .with_transient(is_passing(status));
    match hint_for_incomplete(status) {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("url", &redact_url(self.url.as_str()))
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// How often a request was sent, and since when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tries {
    count: u32,
    started: Instant,
}

impl Tries {
    /// The first one begins.
    pub(crate) fn begin() -> Self {
        Self { count: 1, started: Instant::now() }
    }

    /// Another one begins.
    pub(crate) fn next(&mut self) {
        self.count = self.count.saturating_add(1);
    }

    pub(crate) fn count(self) -> u32 {
        self.count
    }

    /// The error with the tries so far, unless there was only one.
    pub(crate) fn describe(self, error: Error) -> Error {
        if self.count > 1 { error.with_tries(self.count, self.started.elapsed()) } else { error }
    }
}

/// A text that is longer than this is a page rather than a message.
const LONGEST: usize = 4096;

/// Whether an answer is `text/plain`, with any parameters.
pub(crate) fn is_plain_text(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).map(|value| value.as_bytes()).unwrap_or_default();
    let media_type = content_type.split(|&byte| byte == b';').next().unwrap_or_default();
    media_type.trim_ascii().eq_ignore_ascii_case(b"text/plain")
}

/// The text of a page without the credential of this identity and without what the server was sent; nothing of a page that is too long.
pub(crate) fn text_of_page(page: &Response, identity: &Identity) -> String {
    if page.body.len() > LONGEST {
        return String::new();
    }
    let text = page.without_authorization(&String::from_utf8_lossy(&page.body));
    match identity.credential() {
        Some(credential) => credential.remove_from(&text),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content_type: Option<&str>, expected: bool) {
        let mut headers = HeaderMap::new();
        if let Some(content_type) = content_type {
            headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        }
        assert_eq!(is_plain_text(&headers), expected, "{content_type:?}");
    }

    #[test]
    fn only_200_is_complete() {
        for status in 200..300 {
            let status = StatusCode::from_u16(status).unwrap();
            let error = error_of(status, &HeaderMap::new(), &Url::parse("https://u.test/").unwrap(), "x");
            assert_eq!((error.kind(), error.is_transient()), (ErrorKind::BadAnswer, false), "{status}");
            assert_eq!(is_complete(status), error.hint().is_none(), "{status}");
        }
        assert!(is_complete(StatusCode::OK) && !is_complete(StatusCode::NOT_MODIFIED));
    }

    #[test]
    fn plain_text() {
        check(Some("text/plain"), true);
        check(Some("Text/Plain ; charset=utf-8"), true);
        check(Some("text/plaintext"), false);
        check(Some("text/html"), false);
        check(Some(""), false);
        check(None, false);
    }
}
