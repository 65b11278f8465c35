//! The tasks that hold locks.

use tokio::sync::watch;

/// Counts the tasks that have a lock object.
#[derive(Clone, Debug)]
pub(super) struct Keepers(watch::Sender<usize>);

impl Default for Keepers {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Keepers {
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        struct Running(watch::Sender<usize>);

        impl Drop for Running {
            fn drop(&mut self) {
                self.0.send_modify(|running| *running = running.saturating_sub(1));
            }
        }

        self.0.send_modify(|running| *running += 1);
        let running = Running(self.0.clone());
        tokio::spawn(async move {
            work.await;
            drop(running);
        });
    }

    /// Waits until none is at work.
    pub(super) async fn ended(&self) {
        // The sender is here, so it does not close.
        let _ = self.0.subscribe().wait_for(|running| *running == 0).await;
    }
}
