//! How a command learns that it is to stop.

use tokio::sync::watch;

use crate::exit::Exit;
use crate::message::Messages;

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

/// Work on another thread: standard input may never end, a file may be a pipe, and an interrupt must end the command all the same.
///
/// # Errors
///
/// As the work, and [`Exit::Failure`] where it panicked, after a message that begins with `failure`.
pub(crate) async fn blocking<T: Send + 'static>(
    messages: &Messages,
    failure: &str,
    work: impl FnOnce(&Messages) -> Result<T, Exit> + Send + 'static,
) -> Result<T, Exit> {
    let told = messages.clone();
    tokio::task::spawn_blocking(move || work(&told)).await.unwrap_or_else(|_| {
        messages.error(&format!("{failure}: this is a bug in warehouse"));
        Err(Exit::Failure)
    })
}
