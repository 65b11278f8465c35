//! How a command learns that it is to stop.

use tokio::sync::watch;

use crate::message::Exit;

/// Says that the command is to stop, as on Ctrl-C. A command that keeps it ends in order, and any other is aborted.
pub(crate) type Stopping = watch::Receiver<bool>;

/// Waits until the command is to stop.
pub(crate) async fn stopped(stopping: &Stopping) {
    // An error means that nobody is left who could stop it.
    if stopping.clone().wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Work that is given up when the command is to stop.
///
/// # Errors
///
/// [`Exit::Interrupted`] if it was given up.
pub(crate) async fn unless_stopped<T, E: From<Exit>>(
    stopping: &Stopping,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    tokio::select! {
        result = work => result,
        () = stopped(stopping) => Err(Exit::Interrupted.into()),
    }
}
