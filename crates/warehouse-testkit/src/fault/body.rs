//! Real bodies that end too early or come too slowly.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::{io, iter};

use bytes::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use futures::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Sleep;

use crate::loopback::{Body, WireControl};

/// What comes after the last byte that is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Silence.
    Stall,
    /// An orderly close.
    Close,
    /// A reset.
    Reset,
}

/// The first `keep` bytes of a body, then the ending. The announced length stays that of the whole.
pub(super) fn broken(inner: Body, keep: usize, ending: Ending, control: WireControl) -> Body {
    let hint = inner.size_hint();
    Broken { inner, hint, keep, ending, control, waiting: false }.boxed_unsync()
}

struct Broken {
    inner: Body,
    hint: SizeHint,
    keep: usize,
    ending: Ending,
    control: WireControl,
    waiting: bool,
}

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        while self.keep > 0 {
            match ready!(Pin::new(&mut self.inner).poll_frame(context)) {
                Some(Ok(frame)) => {
                    let Ok(mut data) = frame.into_data() else { continue };
                    if data.is_empty() {
                        continue;
                    }
                    data.truncate(self.keep);
                    self.keep -= data.len();
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => self.keep = 0,
            }
        }
        // What was sent so far must reach the client before the connection goes.
        if !self.waiting {
            self.waiting = true;
            self.control.expect_flush();
        }
        ready!(self.control.poll_flushed(context));
        match self.ending {
            Ending::Stall => return Poll::Pending,
            Ending::Reset => self.control.reset_on_close(),
            Ending::Close => {}
        }
        Poll::Ready(Some(Err(io::Error::other("the body is broken off by a scripted fault"))))
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

/// The whole body in portions with a pause before each.
pub(super) fn drip(inner: Body, bytes: usize, pause: Duration) -> Body {
    let hint = inner.size_hint();
    Drip { inner, hint, bytes: bytes.max(1), pause, rest: Bytes::new(), sleep: None }.boxed_unsync()
}

struct Drip {
    inner: Body,
    hint: SizeHint,
    bytes: usize,
    pause: Duration,
    rest: Bytes,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl HttpBody for Drip {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        while self.rest.is_empty() {
            match ready!(Pin::new(&mut self.inner).poll_frame(context)) {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.rest = data;
                    }
                }
                end => return Poll::Ready(end),
            }
        }
        let pause = self.pause;
        ready!(self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(pause))).as_mut().poll(context));
        self.sleep = None;
        let portion = self.bytes.min(self.rest.len());
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(portion)))))
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

/// Portions of about this size keep the number of writes small.
const PORTION: usize = 64 * 1024;

/// `head`, then `repeat` again and again: without end, or up to `length` bytes in all.
pub(super) fn flood(head: Bytes, repeat: Bytes, length: Option<u64>) -> Body {
    let unit: &[u8] = if repeat.is_empty() { b" " } else { &repeat };
    let portion = Bytes::from(unit.repeat((PORTION / unit.len()).max(1)));
    Flood { head, portion, remaining: length }.boxed_unsync()
}

struct Flood {
    head: Bytes,
    portion: Bytes,
    remaining: Option<u64>,
}

impl HttpBody for Flood {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let mut data =
            if self.head.is_empty() { self.portion.clone() } else { std::mem::take(&mut self.head) };
        if let Some(remaining) = &mut self.remaining {
            data.truncate(usize::try_from(*remaining).unwrap_or(usize::MAX));
            *remaining -= data.len() as u64;
            if data.is_empty() {
                return Poll::Ready(None);
            }
        }
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.remaining.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

const MEBIBYTE: usize = 1024 * 1024;

/// One gzip member (RFC 1952) of `bytes` blanks, rounded up to whole MiB. One MiB is compressed once and sent as often
/// as needed: after a full flush a deflate block refers to nothing before it. So the bomb costs its sender nothing.
pub(super) fn gzip_bomb(bytes: u64) -> Body {
    let count = bytes.div_ceil(MEBIBYTE as u64).max(1);
    let blanks = vec![b' '; MEBIBYTE];
    let block = deflated(&blanks);
    let mut one = Crc::new();
    one.update(&blanks);
    let mut all = Crc::new();
    for _ in 0..count {
        all.combine(&one);
    }
    let mut trailer = vec![0x03, 0x00]; // an empty last block
    trailer.extend_from_slice(&all.sum().to_le_bytes());
    trailer.extend_from_slice(&all.amount().to_le_bytes());

    // magic, deflate, no flags, no time, no extra flags, unknown system
    let header = Bytes::from_static(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    let blocks = (0..count).map(move |_| block.clone());
    let parts = iter::once(header).chain(blocks).chain(iter::once(Bytes::from(trailer)));
    StreamBody::new(stream::iter(parts.map(|part| Ok::<_, io::Error>(Frame::data(part))))).boxed_unsync()
}

/// Deflate blocks of `bytes` that end at a byte border and are not the last ones.
fn deflated(bytes: &[u8]) -> Bytes {
    let mut compress = Compress::new(Compression::best(), false);
    let mut out = Vec::with_capacity(bytes.len() / 64 + 1024);
    loop {
        let consumed = usize::try_from(compress.total_in()).unwrap_or(usize::MAX);
        let rest = bytes.get(consumed..).unwrap_or_default();
        let room = out.capacity() - out.len();
        let flush = if rest.is_empty() { FlushCompress::Full } else { FlushCompress::None };
        match compress.compress_vec(rest, &mut out, flush) {
            // A flush is complete when it left room in the output.
            Ok(Status::Ok | Status::BufError | Status::StreamEnd) => {
                if rest.is_empty() && out.capacity() > out.len() && room > 0 {
                    return out.into();
                }
                out.reserve(1024);
            }
            Err(_) => return out.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use flate2::read::GzDecoder;
    use http_body_util::BodyExt;

    #[test]
    fn it_is_one_valid_member_and_small() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let bomb = gzip_bomb(3 * MEBIBYTE as u64 - 5);
        let body = runtime.block_on(bomb.collect()).unwrap().to_bytes();
        assert!(body.len() < 3 * MEBIBYTE / 500, "{} bytes", body.len());
        let mut unpacked = Vec::new();
        GzDecoder::new(&body[..]).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked.len(), 3 * MEBIBYTE);
        assert!(unpacked.iter().all(|byte| *byte == b' '));
    }
}
