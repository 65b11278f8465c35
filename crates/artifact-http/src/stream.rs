//! A body as it arrives.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use artifact_source::{Error, ErrorKind};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode, header};
use url::Url;

use crate::encoding::{self, Encoding, Gunzip, Sniffed};
use crate::in_flight::Permit;
use crate::response::{self, Tries, error_of};
use crate::service::{ServiceBody, ServiceResponse};
use crate::{Call, Identity, Instructions, LeastProgress, Progress, Request, Reservation, Response, call};

/// How much of an error page is read.
const ERROR_PAGE: u64 = 64 << 10;
/// The time limit for the text of an error page, after its status.
const ERROR_PAGE_TIME: Duration = Duration::from_secs(5);
/// What a body that is read whole has to bring within the stall time-out.
const LEAST_PROGRESS: usize = 1 << 10;

/// The server that sent an answer, and the authorization that it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    pub(crate) url: Url,
    pub(crate) private: bool,
    /// The `Authorization` that the request had.
    pub(crate) sent: Option<http::HeaderValue>,
}

/// An answer whose body is still under way. It is read with [`chunk`](Self::chunk); dropping it
/// closes the connection.
pub struct StreamingResponse {
    status: StatusCode,
    headers: HeaderMap,
    url: Url,
    instructions: Instructions,
    sent: Option<http::HeaderValue>,
    tries: Tries,
    body: Body,
    call: Call,
    stall: Duration,
    progress: Progress,
    /// What is left of the limit.
    room: u64,
    max_bytes: u64,
    least_progress: usize,
    /// Counts the request among those under way.
    _permit: Option<Permit>,
    memory: Reservation,
    memory_per_byte: u64,
}

enum Body {
    Wire(ServiceBody),
    Gzip(ServiceBody, Box<Gunzip>),
    GzipEnd(Box<Gunzip>),
    /// The beginning was read, and the body is not decompressed.
    Begun(Bytes, ServiceBody),
    /// The beginning says whether the body has the encoding that its header names.
    Sniff(ServiceBody, Encoding),
    Read(Bytes),
    Done,
}

impl StreamingResponse {
    pub(crate) fn new(
        answer: ServiceResponse,
        Sender { url, private, sent }: Sender,
        request: &Request,
        call: Call,
        (stall, least): (Duration, LeastProgress),
        whole: Option<Reservation>,
    ) -> Result<Self, Error> {
        let ServiceResponse { status, mut headers, body, peer, .. } = answer;
        let instructions = Instructions::take(&mut headers, &url, private, peer).in_answer_to(request.url());
        let max_bytes =
            if response::is_complete(status) { request.max_bytes } else { request.max_bytes.min(ERROR_PAGE) };
        let has_body = request.method != Method::HEAD && !matches!(status.as_u16(), 204 | 304);
        let encoding = match has_body && request.accept_gzip {
            true => Encoding::of(&headers),
            false => Encoding::None,
        };
        if has_body && encoding == Encoding::None && response::is_complete(status) {
            let announced = announced_length(&headers).unwrap_or_default();
            if announced > max_bytes {
                return Err(too_large(&url, max_bytes));
            }
        }
        let body = match encoding {
            _ if !has_body => Body::Done,
            Encoding::None
                if !(request.accept_gzip && request.sniff_encoding && response::is_complete(status)) =>
            {
                Body::Wire(body)
            }
            // An error page is a courtesy; its status is what counts.
            Encoding::Other(_) if !response::is_complete(status) => Body::Done,
            encoding if request.sniff_encoding => Body::Sniff(body, encoding),
            Encoding::None => Body::Wire(body),
            Encoding::Gzip => Body::Gzip(body, Box::new(Gunzip::new())),
            Encoding::Other(name) => return Err(encoding::unasked(&name, &url)),
        };
        let least_progress = if whole.is_some() { LEAST_PROGRESS } else { 1 };
        let tries = Tries::begin();
        Ok(Self {
            status,
            headers,
            url,
            instructions,
            sent,
            tries,
            body,
            call,
            stall,
            progress: Progress::new(least),
            room: max_bytes,
            max_bytes,
            least_progress,
            _permit: None,
            memory: whole.unwrap_or_else(Reservation::unlimited),
            memory_per_byte: request.memory_per_byte,
        })
    }

    /// An answer whose body is here already.
    pub(crate) fn already_read(response: Response) -> Self {
        let Response { status, headers, url, body, instructions, sent, tries, _memory: _ } = response;
        Self {
            status,
            headers,
            url,
            instructions,
            sent,
            tries,
            body: Body::Read(body),
            call: Call::new(),
            stall: Duration::MAX,
            progress: Progress::new(LeastProgress::default()),
            room: u64::MAX,
            max_bytes: u64::MAX,
            least_progress: 1,
            _permit: None,
            memory: Reservation::unlimited(),
            memory_per_byte: 1,
        }
    }

    /// The request counts among those under way until this is dropped.
    pub(crate) fn until_read(mut self, permit: Option<Permit>) -> Self {
        self._permit = permit;
        self
    }

    pub(crate) fn after(mut self, tries: Tries) -> Self {
        self.tries = tries;
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers, without those that a client acts on, which are [instructions](Self::instructions).
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The URL that answered, after any redirects. A signed one holds its signature: show it only
    /// through [`artifact_source::redact_url`].
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The same for a message: see [`Instructions::shown_url`].
    pub fn shown_url(&self) -> String {
        self.instructions.shown_url()
    }

    /// Whether the request that this answers, after any redirects, carried an `Authorization`: a credential or a token.
    pub fn was_authorized(&self) -> bool {
        self.sent.is_some()
    }

    /// The headers that direct the next request, with the origin that sent them.
    pub fn instructions(&self) -> &Instructions {
        &self.instructions
    }

    /// Whether the server that answered is at a private address: see
    /// [`Response::came_from_private_address`](crate::Response::came_from_private_address).
    pub fn came_from_private_address(&self) -> bool {
        !self.instructions.public_only()
    }

    /// The next piece of the body, decompressed; `None` after the last one, which is then known to be
    /// the last: an early end is an error.
    ///
    /// # Errors
    ///
    /// [`BadAnswer`](ErrorKind::BadAnswer) for a body that breaks off or is damaged,
    /// [`TooLarge`](ErrorKind::TooLarge) past [`Request::max_bytes`],
    /// [`TimedOut`](ErrorKind::TimedOut) for silence and past the deadline. After an error there
    /// is no more to read.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        match self.next().await {
            Ok(bytes) => Ok(bytes),
            Err(failure) => {
                self.body = Body::Done;
                Err(self.tries.describe(failure.map_url(|_| self.shown_url())))
            }
        }
    }

    /// This answer if it [is complete](Response::is_complete), and otherwise an error of the fitting kind, with the
    /// [message of the server](Error::server_message) if the answer is a short `text/plain`. The credential of `identity`, and what this
    /// server was sent, is removed from them.
    ///
    /// # Errors
    ///
    /// As [`Response::error_for_status`].
    pub async fn error_for_status(self, what: &str, identity: &Identity) -> Result<Self, Error> {
        if response::is_complete(self.status) {
            return Ok(self);
        }
        let error = error_of(self.status, &self.headers, &self.url, what);
        let error = self.tries.describe(error.map_url(|_| self.shown_url()));
        if !response::is_plain_text(&self.headers) {
            return Err(error);
        }
        // A page that breaks off may end within a credential, so it is not shown.
        let page = tokio::time::timeout(ERROR_PAGE_TIME.min(self.stall), self.read_page()).await;
        let said =
            page.ok().flatten().map(|page| response::text_of_page(&page, identity)).unwrap_or_default();
        Err(error.with_server_message(&said))
    }

    /// The whole of an error page; `None` if it breaks off.
    async fn read_page(mut self) -> Option<Response> {
        let mut body = BytesMut::new();
        while let Some(bytes) = self.next().await.ok()? {
            body.extend_from_slice(&bytes);
        }
        Some(self.with_body(body.freeze()))
    }

    /// Reads the whole body. What comes after the limit of an error page is left unread.
    pub(crate) async fn read_whole(mut self) -> Result<Response, Error> {
        let mut body = BytesMut::new();
        let lease = self.memory.lease();
        loop {
            let next = lease.guard(self.next()).await;
            match next.map_err(|error| error.with_url(&self.url)) {
                Ok(Some(bytes)) => {
                    let length = (body.len() + bytes.len()) as u64;
                    let held = self.memory.hold(length.saturating_mul(self.memory_per_byte)).await;
                    held.map_err(|error| error.with_url(&self.url))?;
                    body.extend_from_slice(&bytes);
                }
                Ok(None) => break,
                // An error page is a courtesy; its status is what counts.
                Err(_) if !response::is_complete(self.status) => break,
                Err(failure) => return Err(failure),
            }
        }
        Ok(self.with_body(body.freeze()))
    }

    fn with_body(mut self, body: Bytes) -> Response {
        self.memory.settle();
        Response {
            _memory: Some(Arc::new(self.memory)),
            status: self.status,
            headers: self.headers,
            url: self.url,
            body,
            instructions: self.instructions,
            sent: self.sent,
            tries: self.tries,
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let output = match &mut self.body {
                Body::Done => return Ok(None),
                Body::Read(bytes) => {
                    let bytes = std::mem::take(bytes);
                    self.body = Body::Done;
                    return Ok(Some(bytes).filter(|bytes| !bytes.is_empty()));
                }
                Body::Gzip(_, gunzip) | Body::GzipEnd(gunzip) => {
                    gunzip.pull().map_err(|cause| damaged(&self.url, cause))?
                }
                Body::Wire(_) => None,
                Body::Begun(..) => match std::mem::replace(&mut self.body, Body::Done) {
                    Body::Begun(begin, answer) => {
                        self.body = Body::Wire(answer);
                        Some(begin).filter(|begin| !begin.is_empty())
                    }
                    _ => None,
                },
                Body::Sniff(..) => {
                    self.sniff().await?;
                    continue;
                }
            };
            if let Some(bytes) = output {
                return self.within_limit(bytes).map(Some);
            }
            if matches!(self.body, Body::GzipEnd(_)) {
                self.body = Body::Done;
                return Ok(None);
            }
            match (self.wire().await?, std::mem::replace(&mut self.body, Body::Done)) {
                (Some(bytes), Body::Gzip(answer, mut gunzip)) => {
                    gunzip.push(bytes);
                    self.body = Body::Gzip(answer, gunzip);
                }
                (None, Body::Gzip(_, mut gunzip)) => {
                    gunzip.end();
                    self.body = Body::GzipEnd(gunzip);
                }
                (Some(bytes), body) => {
                    self.body = body;
                    return self.within_limit(bytes).map(Some);
                }
                (None, _) => return Ok(None),
            }
        }
    }

    /// Reads the beginning of the body, and decides by it how to read the body.
    async fn sniff(&mut self) -> Result<(), Error> {
        let mut begin = BytesMut::new();
        while begin.len() < encoding::SNIFFED
            && let Some(bytes) = self.wire().await?
        {
            begin.extend_from_slice(&bytes);
        }
        let begin = begin.freeze();
        let Body::Sniff(answer, named) = std::mem::replace(&mut self.body, Body::Done) else { return Ok(()) };
        self.body = match encoding::sniffed(&begin, named) {
            Sniffed::AsItIs => Body::Begun(begin, answer),
            Sniffed::Gzip => {
                let mut gunzip = Gunzip::new();
                gunzip.push(begin);
                Body::Gzip(answer, Box::new(gunzip))
            }
            Sniffed::Other(name) => return Err(encoding::unasked(&name, &self.url)),
        };
        Ok(())
    }

    /// Takes these bytes off the limit. The end of an error page that is too long is cut off.
    fn within_limit(&mut self, mut bytes: Bytes) -> Result<Bytes, Error> {
        if bytes.len() as u64 > self.room {
            if response::is_complete(self.status) {
                return Err(too_large(&self.url, self.max_bytes));
            }
            bytes.truncate(usize::try_from(self.room).unwrap_or(usize::MAX));
            self.body = Body::Done;
        }
        self.room = self.room.saturating_sub(bytes.len() as u64);
        Ok(bytes)
    }

    /// The next bytes from the wire: at least as many as progress asks for, unless the end comes first.
    async fn wire(&mut self) -> Result<Option<Bytes>, Error> {
        let (Body::Wire(answer) | Body::Gzip(answer, _) | Body::Sniff(answer, _)) = &mut self.body else {
            return Ok(None);
        };
        let (until, at_deadline) = call::until(self.stall, self.call.deadline);
        let mut gathered = BytesMut::new();
        loop {
            let chunk = within_progress(&mut self.progress, &self.url, answer.chunk());
            let bytes = match tokio::time::timeout_at(until.into(), chunk).await {
                Ok(Ok(Some(bytes))) => bytes,
                Ok(Ok(None)) => return Ok(Some(gathered.freeze()).filter(|bytes| !bytes.is_empty())),
                Ok(Err(error)) => return Err(error),
                Err(_) if at_deadline => return Err(call::deadline_passed_at(&self.url)),
                Err(_) => return Err(call::silence(&self.url, self.stall)),
            };
            self.call.meter.count_bytes(bytes.len());
            if gathered.is_empty() && bytes.len() >= self.least_progress {
                return Ok(Some(bytes));
            }
            gathered.extend_from_slice(&bytes);
            if gathered.len() >= self.least_progress || Instant::now() >= until {
                return Ok(Some(gathered.freeze()));
            }
        }
    }
}

/// Waits for the next bytes as long as the server makes progress.
async fn within_progress(
    progress: &mut Progress,
    url: &Url,
    chunk: impl Future<Output = Result<Option<Bytes>, Error>>,
) -> Result<Option<Bytes>, Error> {
    tokio::pin!(chunk);
    let slow = |error: Error| error.with_url(url);
    loop {
        let began = Instant::now();
        let (look, _) = call::until(progress.left(), None);
        match tokio::time::timeout_at(look.into(), &mut chunk).await {
            Ok(Ok(Some(bytes))) => {
                progress.add(began.elapsed(), bytes.len()).map_err(slow)?;
                return Ok(Some(bytes));
            }
            // The end, or an error that says more.
            Ok(other) => return other,
            Err(_) => progress.add(began.elapsed(), 0).map_err(slow)?,
        }
    }
}

pub(crate) fn announced_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(url: &Url, max_bytes: u64) -> Error {
    let message = format!("the answer is larger than {max_bytes} bytes");
    Error::new(ErrorKind::TooLarge, message).with_url(url)
}

fn damaged(url: &Url, cause: std::io::Error) -> Error {
    Error::new(ErrorKind::BadAnswer, "the compressed answer is damaged or ends early")
        .with_transient(true)
        .with_url(url)
        .with_cause(cause)
}

impl fmt::Debug for StreamingResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamingResponse")
            .field("status", &self.status)
            .field("url", &artifact_source::redact_url(self.url.as_str()))
            .finish_non_exhaustive()
    }
}
