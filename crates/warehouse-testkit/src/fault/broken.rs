//! Real bodies that end too early or come too slowly.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
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
