//! Blocking work on behalf of a future: dropping the future stops the work.

use std::sync::Arc;
use std::time::Instant;

use artifact_source::{Error, ErrorKind};

use crate::watch::Watch;

/// Does blocking work on a thread that is there for that, and looks after it. Must be called in a
/// runtime.
pub(crate) async fn blocking<T: Send + 'static>(
    watch: Arc<Watch>,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let _stop = StopOnDrop(Arc::clone(&watch));
    let mut task = tokio::task::spawn_blocking(work);
    loop {
        let next = watch.look(Instant::now())?;
        tokio::select! {
            biased;
            done = &mut task => {
                return done.unwrap_or_else(|error| {
                    Err(Error::new(ErrorKind::Internal, "the discovery broke off").with_cause(error))
                });
            }
            () = tokio::time::sleep_until(next.into()) => {}
        }
    }
}

/// Stops the work when the future that waits for it is dropped.
struct StopOnDrop(Arc<Watch>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop(None);
    }
}
