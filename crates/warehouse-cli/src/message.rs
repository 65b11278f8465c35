//! Messages on standard error, and exit codes.

use std::error::Error as _;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;

use artifact_source::{Error, printable, shorten};
use serde::Serialize;
use warehouse_discovery::Cause;
use warehouse_spec::{Diagnostic, Lines, Location};

use crate::arguments::{Color, ExplainFormat, LogFormat};
use crate::exit::Exit;
use crate::output::{self, Failure};
use crate::remedy::{hint_of, hint_of_chart};
use crate::told::Told;

/// The name of the manifest in a bundle.
pub(crate) const OF_BUNDLE: &str = "the manifest of the bundle";

/// The widest status, in characters: one that wraps could not be removed.
const STATUS_WIDTH: usize = 79;

/// What to do where the time limit was too short.
pub(crate) const LONGER: &str = "run the same command again, with a longer --timeout if that is too short";

/// The longest line of a message, in characters: what a server or a manifest says may be of any length.
const MAX_LINE: usize = 4096;

/// Ends a colour.
const RESET: &str = "\u{1b}[0m";

/// Removes the line from the cursor on.
const CLEAR_LINE: &str = "\u{1b}[K";

/// What messages look like, and which there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub(crate) quiet: bool,
    /// 1 with details, 2 with each candidate as it is judged.
    pub(crate) verbosity: u8,
    pub(crate) format: LogFormat,
    pub(crate) color: Color,
}

/// Prints messages on standard error, as far as the arguments ask for them, and results on standard output. A closed standard error is ignored.
#[derive(Clone, Debug)]
pub(crate) struct Messages {
    style: Style,
    told: Arc<Told>,
}

impl Messages {
    /// Messages of this style; and the results as a document for programs in this format, if any.
    pub(crate) fn new(style: Style, format: Option<ExplainFormat>) -> Self {
        Self { style, told: Arc::new(Told::new(format)) }
    }

    /// The same, for errors alone.
    pub(crate) fn errors_only(&self) -> Self {
        let style = Style { quiet: true, verbosity: 0, ..self.style };
        Self { style, told: Arc::clone(&self.told) }
    }

    /// An error.
    pub(crate) fn error(&self, message: &str) {
        self.error_with_help(message, None);
    }

    /// An error with what to do about it.
    pub(crate) fn error_with_help(&self, message: &str, help: Option<&str>) {
        self.told.error(|| Failure::of_message(message.to_owned(), help.map(str::to_owned)));
        self.print(Level::Error, message, help);
    }

    /// An error about a file as a whole, which the message names.
    pub(crate) fn error_of_file(&self, file: &str, message: &str, help: Option<&str>) {
        self.told.error(|| {
            Failure::of_message(message.to_owned(), help.map(str::to_owned)).at(&Location::of_file(file))
        });
        self.print(Level::Error, message, help);
    }

    /// An error with its causes and its hint.
    pub(crate) fn explained(&self, error: &Error) {
        let said = with_causes(error);
        self.told.error(|| Failure::of_error(error, said.clone()));
        self.print(Level::Error, &said, hint_of(error).as_deref());
    }

    /// An error of a chart's or a release's, with its causes and its hint.
    pub(crate) fn chart_error(&self, error: &chart_release::Error) {
        self.chart_failure("", error);
    }

    /// The same, after the chart and the step that failed.
    pub(crate) fn chart_failure(&self, place: &str, error: &chart_release::Error) {
        let said = with_causes(error);
        let hint = hint_of_chart(error);
        let longer = said.contains("the deadline passed").then_some(LONGER);
        self.error_with_help(&format!("{place}{said}"), hint.as_deref().or(longer));
    }

    /// Why a release is refused, and what to do.
    pub(crate) fn refusal(&self, refusal: &chart_release::Refusal) {
        self.print(Level::Refused, &refusal.to_string(), Some(&refusal.remedy()));
    }

    /// Calls `write` with standard output, for the results of the command. A reader that closes the pipe early is not an error.
    ///
    /// # Errors
    ///
    /// [`Exit::Usage`] where they could not be written, after a message.
    pub(crate) fn results(
        &self,
        write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
    ) -> Result<(), Exit> {
        self.results_begin();
        output::print(write).map(drop).map_err(|error| self.unwritable(&error))
    }

    /// Says that the results are about to be printed, other than by [`Self::results`].
    pub(crate) fn results_begin(&self) {
        self.told.results_begin();
    }

    /// Says that standard output takes no results.
    pub(crate) fn unwritable(&self, error: &io::Error) -> Exit {
        self.error(&format!("the results could not be written: {error}"));
        Exit::Usage
    }

    /// The errors that were told, for the document of a command that ends like this.
    pub(crate) fn errors(&self, exit: Exit) -> Vec<Failure> {
        self.told.errors(exit)
    }

    /// Prints the document of a command that has ended without one: a list of nothing, with the errors that were told.
    pub(crate) fn complete(&self, exit: Exit) -> Exit {
        let Some((format, errors)) = self.told.left(exit) else { return exit };
        let printed = self.results(|out| format.write(&[] as &[Failure], &errors, out));
        printed.err().unwrap_or(exit)
    }

    /// A warning with its hint; not printed when quiet.
    pub(crate) fn warning(&self, message: &str, help: Option<&str>) {
        if !self.style.quiet {
            self.print(Level::Warning, message, help);
        }
    }

    /// A note; not printed when quiet.
    pub(crate) fn note(&self, message: &str) {
        if !self.style.quiet {
            self.print(Level::Note, message, None);
        }
    }

    /// A detail, printed when verbose.
    pub(crate) fn detail(&self, message: &str) {
        if self.style.verbosity > 0 {
            self.print(Level::Detail, message, None);
        }
    }

    /// A detail of a detail, printed when very verbose.
    pub(crate) fn trace(&self, message: &str) {
        if self.has_trace() {
            self.print(Level::Trace, message, None);
        }
    }

    /// Whether errors alone are printed.
    pub(crate) fn is_quiet(&self) -> bool {
        self.style.quiet
    }

    /// Whether details of details are printed.
    pub(crate) fn has_trace(&self) -> bool {
        self.style.verbosity > 1
    }

    /// Whether there is a [status](Self::status).
    pub(crate) fn has_status(&self) -> bool {
        let Style { quiet, verbosity, format, .. } = self.style;
        !quiet && verbosity == 0 && format == LogFormat::Text && std::io::stderr().is_terminal()
    }

    /// What the command does right now, in the last line of a terminal; the next status replaces it, and an empty one removes it. Nothing
    /// is printed where standard error is not a terminal, when quiet, and when verbose, which says more.
    pub(crate) fn status(&self, text: &str) {
        if !self.has_status() {
            return;
        }
        let shown: String = printable(text).chars().take(STATUS_WIDTH).collect();
        let _ = write!(std::io::stderr().lock(), "\r{CLEAR_LINE}{shown}");
    }

    /// A diagnostic of a manifest, with the line that it is about.
    pub(crate) fn diagnostic(&self, diagnostic: &Diagnostic, lines: &Lines<'_>) {
        if diagnostic.is_error() {
            self.told.error(|| {
                Failure::of_message(diagnostic.message.clone(), diagnostic.help.clone())
                    .at(&diagnostic.location)
            });
        } else if self.style.quiet {
            return;
        }
        match self.style.format {
            LogFormat::Json => print_json(&DiagnosticLine {
                line: Line {
                    level: diagnostic.severity.as_str(),
                    message: &diagnostic.message,
                    help: diagnostic.help.as_deref(),
                },
                diagnostic,
            }),
            LogFormat::Text => {
                let has_colors = self.has_colors(&std::io::stderr());
                let snippet = lines.snippet(diagnostic).with_colors(has_colors).to_string();
                if has_colors {
                    // The snippet escapes what it quotes.
                    let _ = writeln!(std::io::stderr().lock(), "{snippet}");
                } else {
                    print(&snippet);
                }
            }
        }
    }

    /// The failure of a subscription: its location in the manifest, its Warehouse where that is one of several (`NAME: `), its id, the cause if it
    /// is known, the reason and the hint.
    pub(crate) fn failure(&self, location: &Location, warehouse: &str, error: &Error, cause: Option<&Cause>) {
        let mut text = format!("{}: {warehouse}", place(location));
        if let Some(id) = error.id() {
            let _ = write!(text, "{id}: ");
        }
        if let Some(cause) = cause {
            let _ = write!(text, "{cause}\n  caused by: ");
        }
        text += &beside_its_id(error);
        let mut source = error.source();
        while let Some(error) = source {
            let _ = write!(text, "\n  caused by: {}", printable(&error.to_string()));
            source = error.source();
        }
        let hint = cause.and_then(|cause| cause.hint.clone()).or_else(|| hint_of(error));
        self.print(Level::Error, &text, hint.as_deref());
    }

    /// Whether this stream, a terminal or not, has colours.
    pub(crate) fn has_colors(&self, stream: &impl std::io::IsTerminal) -> bool {
        match self.style.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let is_off = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
                !is_off && !is_dumb && stream.is_terminal()
            }
        }
    }

    fn print(&self, level: Level, message: &str, help: Option<&str>) {
        if self.style.format == LogFormat::Json {
            return print_json(&Line { level: level.name(), message, help });
        }
        let (color, reset) = match self.has_colors(&std::io::stderr()) {
            true => (level.color(), RESET),
            false => ("", ""),
        };
        let prefix = match level {
            Level::Error | Level::Warning | Level::Refused => format!("{color}{}{reset}: ", level.name()),
            _ => String::new(),
        };
        let help = help.map(|help| format!("\n  help: {help}")).unwrap_or_default();
        // Messages quote manifests and servers, which must not move the cursor or change the direction of the line.
        let text = format!("{message}{help}");
        let lines: Vec<_> = text.split('\n').map(|line| printable(&shorten(line, MAX_LINE))).collect();
        let _ = writeln!(std::io::stderr().lock(), "{prefix}{}", lines.join("\n"));
    }
}

/// A location as it is shown. The manifest of a bundle is in no file that has lines.
pub(crate) fn place(location: &Location) -> String {
    match &*location.source {
        OF_BUNDLE => format!("in {OF_BUNDLE}"),
        _ => location.to_string(),
    }
}

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Error,
    Refused,
    Warning,
    Note,
    Detail,
    Trace,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Refused => "refused",
            Self::Warning => "warning",
            Self::Note => "note",
            Self::Detail => "detail",
            Self::Trace => "trace",
        }
    }

    fn color(self) -> &'static str {
        match self {
            Self::Error | Self::Refused => "\u{1b}[1;31m",
            Self::Warning => "\u{1b}[1;33m",
            _ => "",
        }
    }
}

/// A message as JSON.
#[derive(Serialize)]
struct Line<'a> {
    level: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
}

/// A diagnostic as JSON: a message, and the fields of the diagnostic beside it.
#[derive(Serialize)]
struct DiagnosticLine<'a> {
    #[serde(flatten)]
    line: Line<'a>,
    #[serde(flatten)]
    diagnostic: &'a Diagnostic,
}

/// Prints a value as one line of JSON.
fn print_json(value: &impl Serialize) {
    if let Ok(json) = serde_json::to_string(value) {
        let _ = writeln!(std::io::stderr().lock(), "{}", output::escaped(&json));
    }
}

/// An error with its causes, in one line. A cause that the error quotes is not said again.
pub(crate) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    add_causes(&mut text, error);
    text
}

/// Adds the causes that the text does not quote.
fn add_causes(text: &mut String, error: &(dyn std::error::Error + 'static)) {
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            let _ = write!(text, ": {said}");
        }
        cause = error.source();
    }
}

/// An error as it is said beside its id, which has the URL already.
fn beside_its_id(error: &Error) -> String {
    let said = error.to_string();
    match error.id().filter(|id| error.url() == Some(id.url())) {
        Some(id) => said.replacen(&format!(" ({})", id.url()), "", 1),
        None => said,
    }
}

/// The same with its causes, in one line.
pub(crate) fn in_one_line(error: &Error) -> String {
    let mut text = beside_its_id(error);
    add_causes(&mut text, error);
    text.replace('\n', "; ")
}

fn print(message: &str) {
    // Messages quote manifests and servers, which must not move the cursor or change the direction of the line.
    let lines: Vec<_> = message.split('\n').map(printable).collect();
    let _ = writeln!(std::io::stderr().lock(), "{}", lines.join("\n"));
}
