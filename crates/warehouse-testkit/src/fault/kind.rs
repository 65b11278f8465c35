//! The kinds of trouble.

use std::time::Duration;

use bytes::Bytes;

use super::reply::Reply;

/// One kind of trouble.
///
/// Those that bend the real answer (`Truncate`, `Drip`, `Header`, ...) ask the server for it first, so the request has its
/// effect and its headers are the real ones. Those that concern a body leave answers to HEAD alone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// This answer instead of the real one.
    Reply(Reply),
    /// The real answer, later. Adds to the rule that comes next.
    Latency(Duration),
    /// A TCP reset instead of an answer.
    Reset,
    /// The connection is closed in good order, without an answer.
    Close,
    /// Never an answer; the connection stays open until the client gives up.
    Stall,
    /// The head of the real answer and this much of its body, then nothing more; the connection stays open.
    StallAfter {
        /// Bytes of the body that are sent.
        keep: usize,
    },
    /// The real answer, a few bytes at a time.
    Drip {
        /// Bytes per portion, at least 1.
        bytes: usize,
        /// The pause before each portion.
        pause: Duration,
    },
    /// The head of the real answer, its `Content-Length` included, and this much of the body; then the connection is
    /// closed in good order.
    Truncate {
        /// Bytes of the body that are sent.
        keep: usize,
    },
    /// Like `Truncate`, but ends with a TCP reset.
    ResetAfter {
        /// Bytes of the body that are sent.
        keep: usize,
    },
    /// The real answer with one blank more at the end: still good JSON and YAML, under a digest that no longer fits.
    CorruptBody,
    /// The real answer under a `Docker-Content-Digest` of something else.
    WrongDigest,
    /// The real answer with this header set.
    Header {
        /// The name.
        name: String,
        /// The value.
        value: String,
    },
    /// The head of the real answer, then `head`, then `repeat` for as long as the client reads. No `Content-Length`.
    Endless {
        /// What the body begins with.
        head: Bytes,
        /// What follows again and again; must not be empty (a blank is taken then).
        repeat: Bytes,
    },
    /// The head of the real answer with an honest `Content-Length` of `bytes`, filled up with `repeat`.
    Oversized {
        /// The length of the body.
        bytes: u64,
        /// What the body consists of, again and again; must not be empty (a blank is taken then).
        repeat: Bytes,
    },
    /// The head of the real answer with `Content-Encoding: gzip`, and a small body that unpacks to this many blanks,
    /// rounded up to whole MiB.
    GzipBomb {
        /// The unpacked size.
        bytes: u64,
    },
}

impl Fault {
    /// An empty answer with this status.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Reply(Reply::status(status))
    }

    /// 429 with `Retry-After` and an OCI error body.
    #[must_use]
    pub fn too_many_requests(retry_after: Duration) -> Self {
        Self::Reply(
            Reply::status(429).retry_after(retry_after).oci_error("TOOMANYREQUESTS", "rate limit exceeded"),
        )
    }

    /// A redirect (307) to any address, on this host or another.
    #[must_use]
    pub fn redirect(location: impl Into<String>) -> Self {
        Self::Reply(Reply::redirect(307, location))
    }

    /// The real answer with a `Link` to the next page at any address, on this host or another.
    #[must_use]
    pub fn link(next: impl AsRef<str>) -> Self {
        Self::Header { name: "link".into(), value: format!("<{}>; rel=\"next\"", next.as_ref()) }
    }

    /// The login page of a proxy or a portal, with status 200.
    #[must_use]
    pub fn login_page() -> Self {
        const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\n\
            <body><form method=\"post\"><input name=\"user\"><input name=\"password\"></form></body></html>\n";
        Self::Reply(Reply::status(200).header("content-type", "text/html; charset=utf-8").body(PAGE))
    }

    /// A body of blanks that never ends.
    #[must_use]
    pub fn endless() -> Self {
        Self::Endless { head: Bytes::new(), repeat: Bytes::from_static(&[b' '; 4096]) }
    }

    /// A body of this many blanks.
    #[must_use]
    pub fn oversized(bytes: u64) -> Self {
        Self::Oversized { bytes, repeat: Bytes::from_static(&[b' '; 4096]) }
    }
}

impl From<Reply> for Fault {
    fn from(reply: Reply) -> Self {
        Self::Reply(reply)
    }
}
