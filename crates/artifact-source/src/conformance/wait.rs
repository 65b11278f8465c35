//! Waiting on any runtime.

use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

/// Polls a future this many times at most, then drops it; whether it finished.
pub(super) async fn abandon<T>(future: impl Future<Output = T>, polls: usize) -> bool {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(_) => Poll::Ready(true),
        Poll::Pending if left <= 1 => Poll::Ready(false),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// Waits for this future until that moment.
pub(super) async fn until<T>(moment: Instant, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut alarm: Option<std::thread::JoinHandle<()>> = None;
    std::future::poll_fn(|context| {
        if let Poll::Ready(value) = Pin::new(&mut future).poll(context) {
            return Poll::Ready(Some(value));
        }
        let now = Instant::now();
        if now >= moment {
            return Poll::Ready(None);
        }
        if alarm.as_ref().is_none_or(std::thread::JoinHandle::is_finished) {
            let waker = context.waker().clone();
            alarm = Some(std::thread::spawn(move || {
                std::thread::sleep(moment.saturating_duration_since(now));
                waker.wake();
            }));
        }
        Poll::Pending
    })
    .await
}

/// Waits this long; what else runs on the runtime goes on meanwhile.
pub(super) async fn pause(duration: Duration) {
    let _: Option<()> = until(Instant::now() + duration, std::future::pending()).await;
}
