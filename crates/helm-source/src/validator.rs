//! What makes a conditional request.

use artifact_http::{HeaderMap, Request, Url, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How much later than the change an answer has to be for its `Last-Modified` to count, in seconds. Its
/// resolution is a second, and the two clocks need not agree (RFC 9110, section 8.8.2.2).
const SETTLED: i64 = 60;

/// What a server gave to recognise the state of an index by (RFC 9110, section 8.8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Validators {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_modified: Option<String>,
    /// Who gave them, after any redirects, without the query: another place may use the same ones for
    /// something else.
    place: String,
}

impl Validators {
    /// The validators of an answer, `None` if it has none that can be relied on.
    pub(crate) fn of(headers: &HeaderMap, url: &Url) -> Option<Self> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let etag = text(header::ETAG).filter(|etag| !etag.is_empty());
        let last_modified = text(header::LAST_MODIFIED).filter(|modified| {
            let date = text(header::DATE).as_deref().and_then(seconds);
            let age = date.zip(seconds(modified)).map(|(date, modified)| date.saturating_sub(modified));
            age.is_some_and(|age| age >= SETTLED)
        });
        if etag.is_none() && last_modified.is_none() {
            return None;
        }
        Some(Self { etag, last_modified, place: place(url) })
    }

    /// Makes the request conditional.
    pub(crate) fn apply(&self, request: Request) -> Request {
        let request = match &self.etag {
            Some(etag) => request.header(header::IF_NONE_MATCH, etag),
            None => request,
        };
        match &self.last_modified {
            Some(modified) => request.header(header::IF_MODIFIED_SINCE, modified),
            None => request,
        }
    }

    /// Whether a "not modified" from this URL speaks of what these validators were given for.
    pub(crate) fn are_of(&self, url: &Url) -> bool {
        self.place == place(url)
    }
}

fn place(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// The seconds of an HTTP date.
fn seconds(date: &str) -> Option<i64> {
    let zoned = jiff::fmt::rfc2822::DateTimeParser::new().parse_zoned(date).ok()?;
    Some(Timestamp::from(zoned).as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(&'static str, &str)], expected: Option<(Option<&str>, Option<&str>)>) {
        let headers = headers.iter().map(|(name, value)| {
            (header::HeaderName::from_static(name), value.parse::<header::HeaderValue>().unwrap())
        });
        let url = Url::parse("https://example.com/index.yaml?signature=SECRET").unwrap();
        let validators = Validators::of(&headers.collect(), &url);
        let found = validators.as_ref();
        assert_eq!(
            found.map(|found| (found.etag.as_deref(), found.last_modified.as_deref())),
            expected,
            "{validators:?}"
        );
        assert!(!format!("{validators:?}").contains("SECRET"));
    }

    #[test]
    fn a_date_that_is_too_fresh_proves_nothing() {
        let old = "Sun, 06 Nov 1994 08:49:37 GMT";
        check(&[], None);
        check(&[("etag", "\"a\"")], Some((Some("\"a\""), None)));
        check(&[("last-modified", old)], None);
        check(&[("last-modified", old), ("date", old)], None);
        check(&[("last-modified", old), ("date", "Sun, 06 Nov 1994 08:50:36 GMT")], None);
        check(&[("last-modified", old), ("date", "Sun, 06 Nov 1994 08:50:37 GMT")], Some((None, Some(old))));
        check(&[("last-modified", "yesterday"), ("date", old)], None);
        check(&[("last-modified", old), ("date", old), ("etag", "W/\"a\"")], Some((Some("W/\"a\""), None)));
    }
}
