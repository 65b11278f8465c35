//! One conditional GET of an index, read as it arrives.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::Instant;

use artifact_http::{
    BlockingThreads, Call, HttpClient, Identity, Origin, Request, Reservation, StatusCode, StreamingResponse,
    Url,
};
use artifact_source::{Error, ErrorKind};
use bytes::Bytes;
use oci_registry::Digest;
use tokio::sync::mpsc;

use crate::index::{Index, IndexError, IndexReader, Lost, Progress, ReadBy};
use crate::observation::Validators;

/// An index to fetch, the identity to fetch it as, and its limits. Indexes are cached by all of these.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct IndexRequest {
    pub(crate) url: Url,
    pub(crate) identity: Identity,
    pub(crate) max_bytes: u64,
    pub(crate) allow_plain_credential: bool,
}

impl IndexRequest {
    /// The same for all tenants that are anonymous: see [`Identity::without_reason`].
    pub(crate) fn without_reason(&self) -> Self {
        Self { identity: self.identity.without_reason(), ..self.clone() }
    }
}

/// An index with the validators of its response.
pub(crate) struct CachedIndex {
    pub(crate) index: Index,
    pub(crate) validators: Option<Validators>,
    /// Whether the server gave the same validators for different indexes. There are none then, so that it is read each time.
    pub(crate) is_distrusted: bool,
}

/// The response to a conditional request.
#[derive(Clone)]
pub(crate) enum Fetched {
    /// This index, and what it no longer lists of the one before.
    Index(Arc<CachedIndex>, Option<Arc<Lost>>),
    /// 304: the index still has these validators.
    NotModified(Validators),
}

const MESSAGE: &str = "the index of the chart repository could not be read";
const UNASKED_NOT_MODIFIED: &str =
    "the server says that the index has not changed, without an index and without being asked about a change";

/// Fetches an index on the condition that it no longer has the `known` validators.
///
/// The client repeats a request until the head of a response is here. If the body then fails with a
/// [transient](Error::is_transient) error, the request is repeated here: within the client's number of attempts, which includes the client's
/// own, and within the deadline.
pub(crate) async fn fetch(
    client: &HttpClient,
    request: &IndexRequest,
    known: Option<&Validators>,
    call: &Call,
) -> Result<Fetched, Error> {
    let started = Instant::now();
    let mut tries = 0;
    let describe = |error: Error, tries: u32| match tries {
        0 | 1 => with_remedy(error),
        _ => with_remedy(error).with_tries(tries, started.elapsed()),
    };
    loop {
        let response = match open(client, request, known, call).await {
            Ok(Opened::Index(response)) => response,
            Ok(Opened::NotModified(validators)) => return Ok(Fetched::NotModified(validators)),
            Err(error) => {
                let tries = error.tries().saturating_add(tries);
                return Err(describe(error, tries));
            }
        };
        let validators = Validators::of(response.headers(), response.url());
        let memory = client.memory_of_list(call, MOST_MEMORY);
        let error = match read_index(*response, memory, call).await {
            Ok((index, _)) => {
                let validators =
                    validators.map(|validators| validators.with_content(Digest::of(&index.content_bytes())));
                return Ok(Fetched::Index(
                    Arc::new(CachedIndex { index, validators, is_distrusted: false }),
                    None,
                ));
            }
            Err(error) => error,
        };
        tries = error.tries().saturating_add(tries);
        let pause = client.pause_after(tries).filter(|_| error.is_transient());
        match pause.filter(|pause| call.remaining().is_none_or(|remaining| *pause < remaining)) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(describe(error, tries)),
        }
    }
}

/// The error with what to do about it, where nothing more specific is known.
fn with_remedy(error: Error) -> Error {
    if error.hint().is_some() {
        return error;
    }
    let hint = match error.kind() {
        ErrorKind::TooLarge => "remove old versions from the index at its source",
        ErrorKind::BadAnswer if error.is_transient() => {
            "the server, or a proxy before it, ended the response too early: look at its log, and at its limits of time and size"
        }
        ErrorKind::BadAnswer => {
            "the server, or a proxy before it, gives no index at this URL: look at what `curl -L` gives, and use the URL that it ends at \
             as repoURL"
        }
        _ => return error,
    };
    error.with_hint(hint)
}

/// A complete response, or none because nothing changed.
enum Opened {
    Index(Box<StreamingResponse>),
    NotModified(Validators),
}

async fn open(
    client: &HttpClient,
    request: &IndexRequest,
    known: Option<&Validators>,
    call: &Call,
) -> Result<Opened, Error> {
    let mut response = send(client, request, known, call).await?;
    if response.status() == StatusCode::NOT_MODIFIED {
        if let Some(known) = known
            && known.are_of(response.url())
            && !known.are_contradicted_by(response.headers())
        {
            return Ok(Opened::NotModified(known.clone()));
        }
        // Another server responded than the one that gave the validators, so its 304 is about another file; or the response contradicts
        // itself.
        response = send(client, request, None, call).await?;
    }
    let origin = Origin::of(response.url());
    let was_authorized = response.was_authorized();
    let message = match response.status() {
        StatusCode::NOT_MODIFIED => UNASKED_NOT_MODIFIED,
        _ => MESSAGE,
    };
    match response.error_for_status(message, &request.identity).await {
        Ok(response) => Ok(Opened::Index(Box::new(response))),
        Err(error) => Err(match hint(&error, request, &origin, was_authorized) {
            Some(hint) => error.with_hint(hint),
            None => error,
        }),
    }
}

async fn send(
    client: &HttpClient,
    request: &IndexRequest,
    known: Option<&Validators>,
    call: &Call,
) -> Result<StreamingResponse, Error> {
    let authorization = match request.identity.credential() {
        Some(credential) => Some(credential.authorization().ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidInput,
                "an identity token is not a credential for a chart repository",
            )
            .with_url(&request.url)
            .with_hint("use a user name and password, or a bearer token")
        })?),
        None => None,
    };
    let get = Request::get(&request.url)
        .authorization(authorization)
        .allow_plain_credential(request.allow_plain_credential)
        .accept_gzip(true)
        .sniff_encoding(true)
        .max_bytes(request.max_bytes);
    let get = match known {
        Some(known) => known.apply(get),
        None => get,
    };
    client.open(get, call).await
}

/// What to do about an error status from `origin`, which may be the target of a redirect.
fn hint(error: &Error, request: &IndexRequest, origin: &Origin, was_authorized: bool) -> Option<String> {
    let hint = match error.kind() {
        ErrorKind::BadAnswer if error.status() == Some(StatusCode::NOT_MODIFIED.as_u16()) => {
            "the request had no condition, so only the whole index is an answer: look at what `curl -iL` gives for this URL; a cache before the \
             server answers for its own copy, so clear it or let it pass the request on, or the server answers 304 to everyone and is at fault"
        }
        ErrorKind::Unauthorized | ErrorKind::Forbidden if *origin != Origin::of(&request.url) => {
            return Some(format!(
                "{} redirects to {origin}, which asks for a login of its own; a credential for this repoURL is not sent \
                 there: use the chart repository at that host as repoURL, with a credential for it",
                Origin::of(&request.url)
            ));
        }
        ErrorKind::Unauthorized | ErrorKind::Forbidden
            if !was_authorized && request.identity.credential().is_some() =>
        {
            "a redirect led to another server and back, and the credential is not sent along such a redirect: no credential was sent with \
             the request that was refused; use the folder of the index to which the redirects lead as repoURL"
        }
        ErrorKind::NotFound if request.url.path().ends_with("/index.yaml/index.yaml") => {
            "the URL of a chart repository is the part before /index.yaml"
        }
        ErrorKind::NotFound => {
            "a chart repository answers <repoURL>/index.yaml; charts in a registry have a repoURL that begins \
             with oci://"
        }
        refusal => return request.identity.hint(refusal, "this repoURL"),
    };
    Some(hint.to_owned())
}

/// The number of pieces of a body that wait for the full parser.
const QUEUED_PIECES: usize = 8;

/// The most memory that reading an index takes, about, in bytes: a table of 32 MiB, and an entry of 16 MiB.
const MOST_MEMORY: u64 = 56 << 20;

/// Reads an index as it arrives.
///
/// `Ok` means that the whole body was received: a body that breaks off at the end of a line would be a valid index of fewer versions.
/// The deadline includes decompression and parsing, as a few bytes of gzip may be gigabytes of text.
async fn read_index(
    body: StreamingResponse,
    memory: Reservation,
    call: &Call,
) -> Result<(Index, ReadBy), Error> {
    let url = body.shown_url();
    let lease = memory.lease();
    let read = call.within(lease.guard(read(body, memory))).await;
    read.flatten().map_err(|error| if error.url().is_none() { error.with_url(&url) } else { error })
}

async fn read(mut body: StreamingResponse, mut memory: Reservation) -> Result<(Index, ReadBy), Error> {
    let mut reader = IndexReader::new();
    while let Some(piece) = body.chunk().await? {
        if reader.push(&piece) == Progress::FinishNow {
            return finish(reader, body, memory).await;
        }
        memory.lease().arrived(piece.len());
        memory.hold(reader.memory() as u64).await?;
        // Decompressing bytes that are here already never waits.
        tokio::task::yield_now().await;
    }
    parse(move || reader.finish(io::empty())).await?.map_err(|error| invalid_index(&error, &body.shown_url()))
}

/// Reads the rest of the body with the full parser, on a thread that may block.
async fn finish(
    reader: IndexReader,
    mut body: StreamingResponse,
    mut memory: Reservation,
) -> Result<(Index, ReadBy), Error> {
    let url = body.shown_url();
    let mut taken = reader.memory() as u64;
    let (sender, receiver) = mpsc::channel(QUEUED_PIECES);
    let rest = ChannelReader { receiver, piece: Bytes::new(), is_over: false };
    let parsed = parse(move || reader.finish(rest));
    let feed = async {
        // The parser may stop early. The body is still read to its end, to be sure that it is complete.
        let mut is_open = true;
        while let Some(piece) = body.chunk().await? {
            // What the parser makes of a piece is not larger than this, and all of it not larger than an index may be.
            taken = taken.saturating_add(2 * piece.len() as u64);
            memory.hold(taken.min(MOST_MEMORY)).await?;
            is_open = is_open && sender.send(Piece::Bytes(piece)).await.is_ok();
        }
        if is_open {
            let _ = sender.send(Piece::End).await;
        }
        // Not earlier: to the parser, a channel that closes without an end is an error.
        drop(sender);
        Ok::<_, Error>(())
    };
    tokio::pin!(parsed, feed);
    tokio::select! {
        biased;
        parsed = &mut parsed => {
            let parsed = parsed?;
            if parsed.is_ok() {
                feed.await?;
            }
            parsed.map_err(|error| invalid_index(&error, &url))
        }
        fed = &mut feed => {
            fed?;
            parsed.await?.map_err(|error| invalid_index(&error, &url))
        }
    }
}

async fn parse<F>(work: F) -> Result<Result<(Index, ReadBy), IndexError>, Error>
where
    F: FnOnce() -> Result<(Index, ReadBy), IndexError> + Send + 'static,
{
    // It waits for the server, and so does not take one of the threads that resolve names.
    BlockingThreads::default().run("index-parser", work).await
}

fn invalid_index(error: &IndexError, url: &str) -> Error {
    let hint = match error {
        IndexError::Page { .. } | IndexError::NotAnIndex => {
            "a login page or an error page is in the place of the index: check the URL and the credential"
        }
        IndexError::Empty => "a repository without charts has an index with `entries: {}`",
        IndexError::Compressed { .. } => {
            "let the server send the file as it is, or compressed once, with gzip"
        }
        IndexError::NotUtf8 { .. } => "an index is text in UTF-8: save it so at its source",
        IndexError::TooLarge { .. } => {
            "remove old versions from the index, or long texts from its entries, at its source"
        }
        _ => "an index is one document of valid YAML or JSON: correct it at its source",
    };
    let kind = match error {
        IndexError::TooLarge { .. } => ErrorKind::TooLarge,
        _ => ErrorKind::BadAnswer,
    };
    Error::new(kind, error.to_string()).with_url(url).with_hint(hint)
}

enum Piece {
    Bytes(Bytes),
    End,
}

/// The pieces of a body as a blocking reader. A channel that closes without an [end](Piece::End) is an error.
struct ChannelReader {
    receiver: mpsc::Receiver<Piece>,
    piece: Bytes,
    is_over: bool,
}

impl Read for ChannelReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !self.is_over {
            match self.receiver.blocking_recv() {
                Some(Piece::Bytes(piece)) => self.piece = piece,
                Some(Piece::End) => self.is_over = true,
                None => return Err(io::ErrorKind::ConnectionAborted.into()),
            }
        }
        let length = into.len().min(self.piece.len());
        into[..length].copy_from_slice(&self.piece.split_to(length));
        Ok(length)
    }
}
