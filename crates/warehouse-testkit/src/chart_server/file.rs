//! One served file and its validators.

use std::sync::Arc;
use std::sync::OnceLock;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    LAST_MODIFIED, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use crate::archive;
use crate::loopback::{Body, empty, full};
use crate::registry::digest_of;

/// Which of HTTP's courtesies a server knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Courtesies {
    pub(super) etag: bool,
    pub(super) last_modified: bool,
    pub(super) gzip: bool,
}

/// A file. Clones are the same file.
#[derive(Clone, Debug)]
pub(super) struct File {
    bytes: Bytes,
    packed: Arc<OnceLock<Bytes>>,
    content_type: String,
    tag: String,
    modified: String,
}

impl File {
    /// `change` counts the changes of the server: each makes a later `Last-Modified`.
    pub(super) fn new(bytes: Bytes, content_type: &str, change: u64) -> Self {
        const EPOCH: u64 = 1_704_067_200; // 2024-01-01T00:00:00Z
        let digest = digest_of(&bytes);
        let modified = UNIX_EPOCH + Duration::from_secs(EPOCH + change);
        Self {
            tag: digest.get(7..27).unwrap_or_default().to_owned(),
            modified: httpdate::fmt_http_date(modified),
            content_type: content_type.into(),
            packed: Arc::default(),
            bytes,
        }
    }

    pub(super) fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// The answer to a GET or HEAD: whole, compressed, or 304.
    pub(super) fn answer(
        &self,
        headers: &HeaderMap,
        courtesies: Courtesies,
        is_head: bool,
    ) -> Response<Body> {
        let packed = courtesies.gzip && asks_for_gzip(headers);
        let bytes = if packed { self.packed() } else { self.bytes.clone() };
        let mut response = if self.is_fresh(headers, courtesies) {
            let mut response = Response::new(empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            let length = bytes.len().to_string();
            let mut response = Response::new(if is_head { empty() } else { full(bytes) });
            set(&mut response, CONTENT_LENGTH, &length);
            set(&mut response, CONTENT_TYPE, &self.content_type);
            if packed {
                set(&mut response, CONTENT_ENCODING, "gzip");
            }
            response
        };
        if courtesies.gzip {
            set(&mut response, VARY, "Accept-Encoding");
        }
        if courtesies.etag {
            // Compressed on the fly, the bytes are not the same: a weak validator, as nginx makes it.
            let weak = if packed { "W/" } else { "" };
            set(&mut response, ETAG, &format!("{weak}\"{}\"", self.tag));
        }
        if courtesies.last_modified {
            set(&mut response, LAST_MODIFIED, &self.modified);
        }
        response
    }

    /// RFC 9110, section 13.2.2: `If-None-Match` decides alone where it is sent and understood.
    fn is_fresh(&self, headers: &HeaderMap, courtesies: Courtesies) -> bool {
        if courtesies.etag && headers.contains_key(IF_NONE_MATCH) {
            return values(headers, &IF_NONE_MATCH).any(|tag| {
                tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"') == self.tag
            });
        }
        // To the second, as nginx compares by default.
        courtesies.last_modified
            && headers
                .get(IF_MODIFIED_SINCE)
                .is_some_and(|since| since.as_bytes() == self.modified.as_bytes())
    }

    fn packed(&self) -> Bytes {
        let pack = || archive::gzip(&self.bytes).unwrap_or_default().into();
        self.packed.get_or_init(pack).clone()
    }
}

fn asks_for_gzip(headers: &HeaderMap) -> bool {
    values(headers, &ACCEPT_ENCODING).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(weight.trim(), "q=0" | "q=0.0")
    })
}

/// The comma-separated members of a header.
fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter();
    lines.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim)
}

fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}
