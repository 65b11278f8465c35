//! How a command ends.

use std::process::ExitCode;

/// How a command ends, for whoever called it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Every subscription answered; Freight was built where Freight was asked for.
    Success,
    /// At least one subscription failed, or no Freight followed. Whatever there is was printed.
    Failure,
    /// The command line or the manifest cannot be used. Nothing was asked of any server.
    Usage,
    /// Somebody pressed Ctrl-C.
    Interrupted,
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
