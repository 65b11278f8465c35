//! Messages on standard error, and exit codes.

use std::error::Error as _;
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use artifact_source::{Error, printable};
use warehouse_spec::{Diagnostic, Location, Snippet};

/// The widest status, in characters: one that wraps could not be removed.
const STATUS_WIDTH: usize = 79;

/// What to do where the time limit was too short.
pub(crate) const LONGER: &str = "run the same command again, with a longer --timeout if that is too short";

/// Removes the line from the cursor on.
const CLEAR_LINE: &str = "\u{1b}[K";

/// Prints messages on standard error, as far as the arguments ask for them. A closed standard error is ignored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Messages {
    quiet: bool,
    verbose: bool,
}

impl Messages {
    pub(crate) fn new(quiet: bool, verbose: bool) -> Self {
        Self { quiet, verbose }
    }

    /// The same, for errors alone.
    pub(crate) fn errors_only(&self) -> Self {
        Self { quiet: true, verbose: false }
    }

    /// An error.
    pub(crate) fn error(&self, message: &str) {
        print(&format!("error: {message}"));
    }

    /// An error with its causes and its hint.
    pub(crate) fn explained(&self, error: &Error) {
        print(&format!("error: {}", explained(error)));
    }

    /// An error of a chart's or a release's, with its causes and its hint.
    pub(crate) fn chart_error(&self, error: &chart_release::Error) {
        self.chart_failure("", error);
    }

    /// The same, after the chart and the step that failed.
    pub(crate) fn chart_failure(&self, place: &str, error: &chart_release::Error) {
        let said = with_causes(error);
        let hint = error.hint();
        let longer = said.contains("the deadline passed").then_some(LONGER);
        print(&format!("error: {place}{said}{}", helping(hint.as_deref().or(longer))));
    }

    /// Why a release is refused, and what to do.
    pub(crate) fn refusal(&self, refusal: &chart_release::Refusal) {
        print(&format!("refused: {refusal}{}", helping(Some(&refusal.remedy()))));
    }

    /// The result of printing on standard output; a message where it failed.
    pub(crate) fn printed(&self, result: std::io::Result<crate::output::Printed>) -> Result<(), Exit> {
        result.map(drop).map_err(|error| {
            self.error(&format!("the results could not be written: {error}"));
            Exit::Failure
        })
    }

    /// A warning with its hint; not printed when quiet.
    pub(crate) fn warning(&self, message: &str, help: Option<&str>) {
        if !self.quiet {
            print(&format!("warning: {message}{}", helping(help)));
        }
    }

    /// A note; not printed when quiet.
    pub(crate) fn note(&self, message: &str) {
        if !self.quiet {
            print(message);
        }
    }

    /// A detail, printed when verbose.
    pub(crate) fn detail(&self, message: &str) {
        if self.verbose {
            print(message);
        }
    }

    /// What the command does right now, in the last line of a terminal; the next status replaces it, and an empty one removes it. Nothing
    /// is printed where standard error is not a terminal, when quiet, and when verbose, which says more.
    pub(crate) fn status(&self, text: &str) {
        if self.quiet || self.verbose || !std::io::stderr().is_terminal() {
            return;
        }
        let shown: String = printable(text).chars().take(STATUS_WIDTH).collect();
        let _ = write!(std::io::stderr().lock(), "\r{CLEAR_LINE}{shown}");
    }

    /// A diagnostic of a manifest, with the line that it is about.
    pub(crate) fn diagnostic(&self, diagnostic: &Diagnostic, text: &str) {
        if diagnostic.is_error() || !self.quiet {
            print(&Snippet::new(diagnostic, text).to_string());
        }
    }

    /// The failure of a subscription: its location in the manifest, its Warehouse where that is one of several (`NAME: `), its id, the
    /// reason and the hint.
    pub(crate) fn failure(&self, location: &Location, warehouse: &str, error: &Error) {
        print(&failure(location, warehouse, error));
    }
}

/// An error with its causes and its hint, in several lines.
pub(crate) fn explained(error: &Error) -> String {
    with_causes(error) + &helping(error.hint())
}

fn helping(help: Option<&str>) -> String {
    help.map(|help| format!("\n  help: {help}")).unwrap_or_default()
}

fn failure(location: &Location, warehouse: &str, error: &Error) -> String {
    let mut text = format!("error: {location}: {}", printable(warehouse));
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

/// An error with its causes, in one line. A cause that the error quotes is not said again.
pub(crate) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            let _ = write!(text, ": {said}");
        }
        cause = error.source();
    }
    text
}

fn print(message: &str) {
    // Messages quote manifests and servers, which must not move the cursor or change the direction of the line.
    let lines: Vec<_> = message.split('\n').map(printable).collect();
    let _ = writeln!(std::io::stderr().lock(), "{}", lines.join("\n"));
}

/// The exit code of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Every subscription succeeded; `freight` built Freight for every Warehouse; everything that was requested is published.
    Success,
    /// At least one subscription or chart failed, a release was refused, or there is no Freight. The other results were printed.
    Failure,
    /// The command line or the manifest cannot be used. No request was sent.
    Usage,
    /// The command was interrupted, as by Ctrl-C.
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
