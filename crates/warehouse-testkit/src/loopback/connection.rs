//! One accepted connection: a TCP stream that counts its bytes and can be torn down on purpose.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::task::AtomicWaker;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Bytes that crossed the sockets of one server, in both directions, heads and chunk frames included.
#[derive(Debug, Default)]
pub(super) struct WireTotals {
    pub(super) sent: AtomicU64,
    pub(super) received: AtomicU64,
}

/// What a fault may do to the connection it answers on.
#[derive(Clone, Debug, Default)]
pub(crate) struct WireControl(Arc<State>);

#[derive(Debug, Default)]
struct State {
    reset: AtomicBool,
    flushed: AtomicBool,
    waiting: AtomicWaker,
}

impl WireControl {
    /// The connection will end with a TCP reset (RST) instead of an orderly close (FIN).
    pub(crate) fn reset_on_close(&self) {
        self.0.reset.store(true, Ordering::SeqCst);
    }

    /// Forget earlier flushes: the next [`poll_flushed`](Self::poll_flushed) waits for a new one.
    pub(crate) fn expect_flush(&self) {
        self.0.flushed.store(false, Ordering::SeqCst);
    }

    /// Ready once everything handed to the connection so far was given to the operating system.
    pub(crate) fn poll_flushed(&self, context: &mut Context<'_>) -> Poll<()> {
        self.0.waiting.register(context.waker());
        if self.0.flushed.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// The stream itself.
pub(super) struct Wire {
    stream: TcpStream,
    control: WireControl,
    totals: Arc<WireTotals>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, control: WireControl, totals: Arc<WireTotals>) -> Self {
        Self { stream, control, totals }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.control.0.reset.load(Ordering::SeqCst) {
            // A linger of zero turns the close into a reset. If that fails, an orderly close remains.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let read = buffer.filled().len().saturating_sub(before);
        self.totals.received.fetch_add(read as u64, Ordering::SeqCst);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // Counted first, so that a client that has read an answer finds it counted.
        self.totals.sent.fetch_add(bytes.len() as u64, Ordering::SeqCst);
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        let written = if let Poll::Ready(Ok(written)) = outcome { written } else { 0 };
        let unsent = bytes.len().saturating_sub(written) as u64;
        // The log may have been cleared in between. The closure always gives a value, so there is no error to see.
        let _ = self
            .totals
            .sent
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |sent| Some(sent.saturating_sub(unsent)));
        outcome
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper flushes its stream only after its own buffer is written out.
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.control.0.flushed.store(true, Ordering::SeqCst);
        self.control.0.waiting.wake();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The body of every answer. An error breaks the connection off.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// A body of no bytes.
pub(crate) fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A body of known length, which is sent with a `Content-Length`.
pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// Counts the bytes of a body as they are handed to the connection.
pub(super) struct Counted {
    inner: Body,
    counter: Arc<AtomicU64>,
}

impl Counted {
    pub(super) fn wrap(inner: Body, counter: Arc<AtomicU64>) -> Body {
        Self { inner, counter }.boxed_unsync()
    }
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.counter.fetch_add(data.len() as u64, Ordering::SeqCst);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
