//! How a command learns that it is to stop.

use tokio::sync::watch;

/// Says that the command is to stop, as on Ctrl-C. A command that keeps it ends in order, and any other is aborted.
pub(crate) type Stopping = watch::Receiver<bool>;
