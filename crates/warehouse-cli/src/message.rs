//! What is said on standard error.

use std::error::Error as _;
use std::fmt::Write as _;
use std::io::Write as _;

use artifact_source::Error;
use warehouse_spec::{Diagnostic, Location, Snippet};

use crate::output::printable;

/// Says things on standard error, as loudly as the arguments ask for.
///
/// A broken standard error is no reason to stop: whoever closed it does not want to hear.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Messages {
    quiet: bool,
    verbose: bool,
}

impl Messages {
    pub(crate) fn new(quiet: bool, verbose: bool) -> Self {
        Self { quiet, verbose }
    }

    /// Something failed.
    pub(crate) fn error(&self, message: &str) {
        say(&format!("error: {message}"));
    }

    /// An error with what caused it and what to do about it.
    pub(crate) fn explained(&self, error: &Error) {
        say(&format!("error: {}", explained(error)));
    }

    /// Something that is likely to be a mistake, with what to do about it; not said when quiet.
    pub(crate) fn warning(&self, message: &str, help: Option<&str>) {
        if !self.quiet {
            say(&format!("warning: {message}{}", helping(help)));
        }
    }

    /// Something a person may want to know; not said when quiet.
    pub(crate) fn note(&self, message: &str) {
        if !self.quiet {
            say(message);
        }
    }

    /// Something only a curious person wants to know.
    pub(crate) fn detail(&self, message: &str) {
        if self.verbose {
            say(message);
        }
    }

    /// Something wrong with a manifest, with the line it is about.
    pub(crate) fn diagnostic(&self, diagnostic: &Diagnostic, text: &str) {
        if diagnostic.is_error() || !self.quiet {
            say(&Snippet::new(diagnostic, text).to_string());
        }
    }

    /// A subscription that failed: where it stands in the manifest, what it asked, why it failed, what to do.
    pub(crate) fn failure(&self, place: &Location, error: &Error) {
        say(&failure(place, error));
    }
}

/// An error with what caused it and what to do about it, in several lines.
pub(crate) fn explained(error: &Error) -> String {
    with_causes(error) + &helping(error.hint())
}

fn helping(help: Option<&str>) -> String {
    help.map(|help| format!("\n  help: {help}")).unwrap_or_default()
}

fn failure(place: &Location, error: &Error) -> String {
    let mut text = format!("error: {place}: ");
    if let Some(id) = error.id() {
        let _ = write!(text, "{}: ", printable(&id.to_string()));
    }
    text += &printable(&error.to_string());
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, "\n  caused by: {}", printable(&error.to_string()));
        cause = error.source();
    }
    text + &helping(error.hint())
}

/// An error and what caused it, in one line.
pub(crate) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

fn say(message: &str) {
    // Messages quote manifests and servers, and neither may move the cursor or turn the line around.
    let lines: Vec<_> = message.split('\n').map(printable).collect();
    let _ = writeln!(std::io::stderr().lock(), "{}", lines.join("\n"));
}
