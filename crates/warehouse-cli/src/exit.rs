//! The exit codes.

use std::process::ExitCode;

/// The exit code of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Every subscription succeeded; `freight` built Freight for every Warehouse; everything that was requested is published.
    Success,
    /// At least one subscription or chart failed, a release was refused, or there is no Freight. The other results were printed.
    Failure,
    /// The command line or the manifest cannot be used, and no request was sent; or something cannot be read or written.
    Usage,
    /// The command was interrupted, as by Ctrl-C.
    Interrupted,
}

impl Exit {
    /// This one, or that of a failure in the place of success.
    pub(crate) fn or_failure(self) -> Self {
        if self == Self::Success { Self::Failure } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::Failure => 1,
            Exit::Usage => 2,
            Exit::Interrupted => 130,
        })
    }
}
