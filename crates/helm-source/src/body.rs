//! From a body under way to an index.

use std::io::{self, Read};
use std::time::Instant;

use artifact_http::{StreamingResponse, Url};
use artifact_source::{Error, ErrorKind};
use bytes::Bytes;
use tokio::sync::mpsc;

use crate::index::{Index, IndexError, IndexReader, ReadBy, Taken};

/// How many pieces of a body wait for the full parser at most.
const PIECES: usize = 8;

/// Reads an index as it arrives. `Ok` means that the whole body was there: a body that breaks off at
/// the end of a line would be a good index of fewer versions.
///
/// The deadline is seen by the parsers too: a few bytes of gzip may be gigabytes of text.
pub(crate) async fn read_index(
    body: StreamingResponse,
    deadline: Option<Instant>,
) -> Result<(Index, ReadBy), Error> {
    let url = body.url().clone();
    let Some(deadline) = deadline else { return read(body).await };
    tokio::time::timeout_at(deadline.into(), read(body))
        .await
        .unwrap_or_else(|_| Err(Error::new(ErrorKind::TimedOut, "the deadline passed").with_url(&url)))
}

async fn read(mut body: StreamingResponse) -> Result<(Index, ReadBy), Error> {
    let mut reader = IndexReader::new();
    while let Some(piece) = body.chunk().await? {
        if reader.push(&piece) == Taken::FinishNow {
            return finish(reader, body).await;
        }
        // Bytes that were received at once are unpacked without waiting for anything.
        tokio::task::yield_now().await;
    }
    parse(move || reader.finish(io::empty())).await?.map_err(|error| not_an_index(&error, body.url()))
}

/// Lets the full parser read on, on a thread where it may take its time.
async fn finish(reader: IndexReader, mut body: StreamingResponse) -> Result<(Index, ReadBy), Error> {
    let url = body.url().clone();
    let (sender, receiver) = mpsc::channel(PIECES);
    let rest = Pieces { receiver, piece: Bytes::new(), is_over: false };
    let answer = parse(move || reader.finish(rest));
    let feed = async {
        // A parser that has seen enough hears no more; an index is complete or none, so reading goes on.
        let mut hears = true;
        while let Some(piece) = body.chunk().await? {
            hears = hears && sender.send(Piece::Bytes(piece)).await.is_ok();
        }
        if hears {
            let _ = sender.send(Piece::End).await;
        }
        // The parser reads until it has the end, so the channel must not close before.
        drop(sender);
        Ok::<_, Error>(())
    };
    tokio::pin!(answer, feed);
    tokio::select! {
        biased;
        answer = &mut answer => {
            let answer = answer?;
            if answer.is_ok() {
                feed.await?;
            }
            answer.map_err(|error| not_an_index(&error, &url))
        }
        fed = &mut feed => {
            fed?;
            answer.await?.map_err(|error| not_an_index(&error, &url))
        }
    }
}

async fn parse<F>(work: F) -> Result<Result<(Index, ReadBy), IndexError>, Error>
where
    F: FnOnce() -> Result<(Index, ReadBy), IndexError> + Send + 'static,
{
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|cause| Error::new(ErrorKind::Internal, "the index could not be read").with_cause(cause))
}

fn not_an_index(error: &IndexError, url: &Url) -> Error {
    let hint = match error {
        IndexError::Page { .. } | IndexError::NoIndex => {
            "a login page or an error page stands where the index should be: check the URL and the credential"
        }
        IndexError::Empty => "a repository without charts has an index with `entries: {}`",
        IndexError::Compressed { .. } => {
            "let the server send the file unpacked, or as gzip with the header `Content-Encoding: gzip`"
        }
        IndexError::NotUtf8 { .. } => "an index is text in UTF-8: save it so at its source",
        _ => "an index is one document of valid YAML or JSON: mend it at its source",
    };
    Error::new(ErrorKind::BadAnswer, error.to_string()).with_url(url).with_hint(hint)
}

enum Piece {
    Bytes(Bytes),
    End,
}

/// The pieces of a body as a blocking reader. A channel that closes without an end is an error.
struct Pieces {
    receiver: mpsc::Receiver<Piece>,
    piece: Bytes,
    is_over: bool,
}

impl Read for Pieces {
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
