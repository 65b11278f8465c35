//! Bodies that are too long.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use crate::loopback::Body;

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
