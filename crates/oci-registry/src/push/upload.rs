//! The push of a blob by an upload session (distribution spec, "Pushing blobs").

use std::time::Instant;

use artifact_http::{Call, Origin, Request, Response, Url, header};
use artifact_source::{Error, ErrorKind};
use bytes::Bytes;

use super::content::BlobPush;
use super::refusal::{checked_digest, pause, refusal};
use crate::Digest;
use crate::endpoint::with_scheme_of;
use crate::reader::Reader;

/// The size of a portion where the whole blob is too large for one request: below 1 MiB, the limit that nginx has by default.
const PORTION: usize = 512 << 10;
/// The least size of a portion that a registry asks for.
const LEAST_PORTION: &str = "oci-chunk-min-length";

/// Sends the blob, unless the repository has it.
pub(super) async fn push(
    reader: &Reader,
    digest: &Digest,
    bytes: &Bytes,
    call: &Call,
) -> Result<BlobPush, Error> {
    let what = format!("the blob {digest} of {} bytes", bytes.len());
    let mut upload =
        Upload { reader, call, digest, bytes, what, session: None, portion: None, is_resumed: false };
    if upload.is_stored().await? {
        return Ok(BlobPush::AlreadyThere);
    }
    let (mut failures, started) = (0, Instant::now());
    loop {
        let Failure { error, next } = match upload.advance().await {
            Ok(Progress::Complete) => return Ok(BlobPush::Sent),
            Ok(Progress::Incomplete) => continue,
            Err(failure) => failure,
        };
        match next {
            Next::Stop => return Err(error),
            Next::Portions => {
                upload.portion = Some(PORTION);
                upload.session = None;
                continue;
            }
            Next::Resume | Next::Anew => {}
        }
        failures += 1;
        let error = error.with_tries(failures, started.elapsed());
        pause(reader, failures, call).await.ok_or(error)?;
        if matches!(next, Next::Resume) && upload.resume().await {
            continue;
        }
        upload.session = None;
        // The answer to the last request may be all that was lost.
        if upload.is_stored().await? {
            return Ok(BlobPush::Sent);
        }
    }
}

/// A blob on its way.
struct Upload<'a> {
    reader: &'a Reader,
    call: &'a Call,
    digest: &'a Digest,
    bytes: &'a Bytes,
    /// The blob, in words.
    what: String,
    session: Option<Session>,
    /// The size of a portion; `None` if the rest is sent at once.
    portion: Option<usize>,
    /// Whether the session has a part that an interrupted request sent.
    is_resumed: bool,
}

/// An upload session of the registry.
struct Session {
    url: Url,
    /// Whether the session may only be at a public address.
    public_only: bool,
    /// The number of bytes that it has.
    offset: usize,
    /// The least size of a portion.
    least_portion: usize,
}

enum Progress {
    Complete,
    Incomplete,
}

/// A request that failed.
struct Failure {
    error: Error,
    next: Next,
}

/// What follows after a failure.
#[derive(Clone, Copy)]
enum Next {
    /// Nothing.
    Stop,
    /// The session is asked for what it has.
    Resume,
    /// Another session.
    Anew,
    /// Another session, which gets portions.
    Portions,
}

/// A failure without an answer.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let next = if error.is_transient() { Next::Resume } else { Next::Stop };
        Self { error, next }
    }
}

impl Upload<'_> {
    /// Whether the repository has the blob: one HEAD request.
    async fn is_stored(&self) -> Result<bool, Error> {
        let url = self.reader.url(&format!("blobs/{}", self.digest))?;
        let response = self.reader.fetch(Request::head(&url), self.call).await?;
        let status = response.status.as_u16();
        match status {
            200..=299 => Ok(number(&response, header::CONTENT_LENGTH.as_str())
                .is_none_or(|length| length == self.bytes.len())
                && checked_digest(&response, self.digest, &self.what).is_ok()),
            404 | 405 | 410 | 501 => Ok(false),
            // A store behind the registry may not answer HEAD.
            _ if response.origin() != self.reader.endpoint.origin() => Ok(false),
            _ => Err(refusal(self.reader, &response, &self.what)),
        }
    }

    /// Sends the next request of the upload.
    async fn advance(&mut self) -> Result<Progress, Failure> {
        let Some(session) = &self.session else {
            self.session = Some(self.begin().await?);
            self.is_resumed = false;
            return Ok(Progress::Incomplete);
        };
        let rest = self.bytes.slice(session.offset.min(self.bytes.len())..);
        let portion = self.portion.map(|portion| portion.max(session.least_portion));
        match portion.filter(|portion| *portion < rest.len()) {
            Some(portion) => {
                let next = self.send_portion(session, rest.slice(..portion)).await?;
                self.session = Some(next);
                Ok(Progress::Incomplete)
            }
            None => {
                self.finish(session, rest).await?;
                Ok(Progress::Complete)
            }
        }
    }

    /// Begins a session: one POST request.
    async fn begin(&self) -> Result<Session, Failure> {
        let url = self.reader.url("blobs/uploads/")?;
        // A session that nothing is sent to costs the registry nothing, so it may be begun again.
        let response = self.reader.fetch(Request::post(&url, Bytes::new()).retries(true), self.call).await;
        let response = response.map_err(|error| Failure { error, next: Next::Stop })?;
        if !response.status.is_success() {
            return Err(Failure { error: refusal(self.reader, &response, &self.what), next: Next::Stop });
        }
        let (url, public_only) = self.session_url(&response)?.ok_or_else(|| {
            let name = &self.reader.endpoint.name;
            let message = format!("the registry of {name} began no upload: its answer has no Location");
            Error::new(ErrorKind::BadAnswer, message).with_url(response.shown_url())
        })?;
        let least_portion = number(&response, LEAST_PORTION).unwrap_or_default();
        Ok(Session { url, public_only, offset: 0, least_portion })
    }

    /// Sends one portion: one PATCH request. Returns the session as it is afterwards.
    async fn send_portion(&self, session: &Session, portion: Bytes) -> Result<Session, Failure> {
        let sent = session.offset + portion.len();
        let request = Request::patch(&session.url, portion.clone());
        let response = self.reader.fetch(self.prepared(request, session, &portion), self.call).await?;
        if !response.status.is_success() {
            return Err(self.failure(&response, session));
        }
        let (url, public_only) =
            self.session_url(&response)?.unwrap_or_else(|| (session.url.clone(), session.public_only));
        let offset = received(&response).unwrap_or(sent);
        if offset > sent || offset <= session.offset {
            let message = format!(
                "the registry of {} has {offset} bytes of {} after {sent} were sent",
                self.reader.endpoint.name, self.what
            );
            let error = Error::new(ErrorKind::BadAnswer, message).with_url(response.shown_url());
            return Err(Failure { error, next: Next::Stop });
        }
        Ok(Session { url, public_only, offset, least_portion: session.least_portion })
    }

    /// Sends the rest and ends the session: one PUT request.
    async fn finish(&self, session: &Session, rest: Bytes) -> Result<(), Failure> {
        let mut url = session.url.clone();
        url.query_pairs_mut().append_pair("digest", self.digest.as_str());
        let request = Request::put(&url, rest.clone());
        let response = self.reader.fetch(self.prepared(request, session, &rest), self.call).await?;
        match response.status.as_u16() {
            200 | 201 | 204 => Ok(checked_digest(&response, self.digest, &self.what)?),
            _ => Err(self.failure(&response, session)),
        }
    }

    /// The request for this part of the blob.
    fn prepared(&self, request: Request, session: &Session, part: &Bytes) -> Request {
        let request = request
            .header("content-type", "application/octet-stream")
            .retry_rate_limits_only()
            .public_only(session.public_only);
        // The whole blob needs no range, and an empty part has none.
        let is_whole = part.len() == self.bytes.len();
        match (session.offset + part.len()).checked_sub(1).filter(|_| !is_whole && !part.is_empty()) {
            Some(last) => request.header("content-range", format!("{}-{last}", session.offset)),
            None => request,
        }
    }

    /// What an answer means that did not take a part.
    fn failure(&self, response: &Response, session: &Session) -> Failure {
        let error = refusal(self.reader, response, &self.what);
        let least = PORTION.max(session.least_portion);
        let next = match response.status.as_u16() {
            413 if self.portion.is_none() && least < self.bytes.len() => Next::Portions,
            // The session is gone.
            404 => Next::Anew,
            416 => Next::Resume,
            // What an interrupted request left is not what was sent.
            400 if self.is_resumed => Next::Anew,
            429 | 507 => Next::Stop,
            _ if error.is_transient() => Next::Resume,
            _ => Next::Stop,
        };
        Failure { error, next }
    }

    /// Asks the session for what it has: one GET request. Returns whether the upload goes on there.
    async fn resume(&mut self) -> bool {
        let Some(session) = self.session.take() else { return false };
        let request = Request::get(&session.url).retries(false).public_only(session.public_only);
        let Ok(response) = self.reader.fetch(request, self.call).await else { return false };
        let offset = received(&response).filter(|offset| *offset <= self.bytes.len());
        let (Some(offset), true) = (offset, response.status.is_success()) else { return false };
        let Ok(place) = self.session_url(&response) else { return false };
        let (url, public_only) = place.unwrap_or((session.url, session.public_only));
        self.session = Some(Session { url, public_only, offset, least_portion: session.least_portion });
        self.is_resumed = true;
        true
    }

    /// The place of the session that an answer names, and whether it may only be at a public address.
    ///
    /// # Errors
    ///
    /// `BadAnswer` for a location that is not a URL; `Refused` for one on plain http at another host than a registry on https.
    fn session_url(&self, response: &Response) -> Result<Option<(Url, bool)>, Error> {
        let Some(mut url) = response.instructions().location()? else { return Ok(None) };
        let registry = &self.reader.endpoint.base;
        for known in [registry, &response.url] {
            with_scheme_of(known, &mut url);
        }
        if Origin::of(&url) == Origin::of(registry) {
            // The caller has named the registry, so that its own address may be private.
            return Ok(Some((url, false)));
        }
        if url.scheme() == "http" && registry.scheme() == "https" {
            let message = format!(
                "the registry of {} uses https, and its uploads go to {}",
                self.reader.endpoint.name,
                Origin::of(&url)
            );
            return Err(Error::new(ErrorKind::Refused, message)
                .with_url(response.shown_url())
                .with_hint("a correct registry uses https for uploads"));
        }
        Ok(Some((url, response.instructions().public_only())))
    }
}

/// The number in a header.
fn number(response: &Response, name: &str) -> Option<usize> {
    response.headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// How many bytes a session has, by the `Range` of its answer. `None` for `0-0` too, which registries write for no byte and for one.
fn received(response: &Response) -> Option<usize> {
    let range = response.headers.get(header::RANGE)?.to_str().ok()?.trim();
    let range = range.strip_prefix("bytes=").unwrap_or(range);
    let (first, last) = range.split_once('-')?;
    let last = last.parse::<usize>().ok().filter(|last| first == "0" && *last > 0)?;
    last.checked_add(1)
}
