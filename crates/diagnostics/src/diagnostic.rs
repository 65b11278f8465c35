//! What is wrong, where, and what to do about it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use repository_url::{printable, redact};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::replacement::Replacement;

/// One thing wrong, or about to be wrong, with a text.
///
/// Everything in it is safe to print: credentials in URLs are masked when it is made, and characters that are not printable are
/// escaped, such as `\u{1b}`.
///
/// `Display` is the one-line form, `file:3:7: error: message (spec.subscriptions[0].git)`; `{:#}` adds the code, ` [wrong-type]`. It serializes to an object
/// with `rule` (the code), `severity`, `file`, `line`, `column`, `path` unless it is empty, `reason` (the message) and `remedy` (the help) if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic<C> {
    /// How much it weighs.
    pub severity: Severity,
    /// The kind of problem, whose `Display` is stable, for tools and for counting.
    pub code: C,
    /// Where it is.
    pub location: Location,
    /// The field's path in the document, as it is written there: `spec.subscriptions[2].image.constraint`. Empty where there are no fields.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The edit that does it, where the help comes down to one exact text.
    pub replacement: Option<Replacement>,
}

impl<C> Diagnostic<C> {
    /// A diagnostic without help.
    pub fn new(
        severity: Severity,
        code: C,
        location: Location,
        path: impl AsRef<str>,
        message: impl AsRef<str>,
    ) -> Self {
        Self {
            severity,
            code,
            location,
            path: shown(path.as_ref()),
            message: shown(message.as_ref()),
            help: None,
            replacement: None,
        }
    }

    /// The same diagnostic with help; an empty help is none.
    #[must_use]
    pub fn with_help(mut self, help: impl AsRef<str>) -> Self {
        self.help = Some(shown(help.as_ref())).filter(|help| !help.is_empty());
        self
    }

    /// The same diagnostic with an edit. There is none where the span is empty, and where the text of the edit may not be shown as it is: a secret, or
    /// what is not printable.
    #[must_use]
    pub fn with_replacement(mut self, replacement: Replacement) -> Self {
        // What is not shown cannot be copied, and what was never written cannot be replaced.
        let text = replacement.text.replace("\r\n", "").replace(['\n', '\t'], "");
        self.replacement =
            Some(replacement).filter(|replacement| shown(&text) == text && !replacement.span.is_empty());
        self
    }

    /// Whether it is an [`Error`](Severity::Error).
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// A text as it may be shown.
fn shown(text: &str) -> String {
    printable(&redact(text))
}

impl<C: fmt::Display> fmt::Display for Diagnostic<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.location.is_known() {
            write!(f, "{}: ", self.location)?;
        }
        write!(f, "{}: {}", self.severity, self.message)?;
        if !self.path.is_empty() {
            write!(f, " ({})", self.path)?;
        }
        if f.alternate() {
            write!(f, " [{}]", self.code)?;
        }
        Ok(())
    }
}

impl<C: fmt::Display> Serialize for Diagnostic<C> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let optional = usize::from(!self.path.is_empty()) + usize::from(self.help.is_some());
        let mut object = serializer.serialize_struct("Diagnostic", 6 + optional)?;
        object.serialize_field("rule", &self.code.to_string())?;
        object.serialize_field("severity", &self.severity)?;
        object.serialize_field("file", &*self.location.source)?;
        object.serialize_field("line", &self.location.line)?;
        object.serialize_field("column", &self.location.column)?;
        if !self.path.is_empty() {
            object.serialize_field("path", &self.path)?;
        }
        object.serialize_field("reason", &self.message)?;
        if let Some(help) = &self.help {
            object.serialize_field("remedy", help)?;
        }
        object.end()
    }
}

/// How much a [`Diagnostic`] weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// The text is used. It violates a best practice, or may not mean what its author intended.
    Warning,
    /// The text, or the document it is in, is not used, or is refused by the program that reads it.
    Error,
}

impl Severity {
    /// `note`, `warning` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place in a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Location {
    /// The name of the file.
    pub source: Arc<str>,
    /// The line, counted from 1; 0 where there is no place.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// How many characters on that line belong to the place; at least 1.
    pub width: usize,
    /// The bytes of the text that belong to the place; none where that is not known. Those of a list or of a text in several lines go beyond its line.
    pub bytes: Range<usize>,
}

impl Location {
    /// The character at this line and column of a file, both counted from 1.
    pub fn new(source: impl Into<Arc<str>>, line: usize, column: usize) -> Self {
        Self { source: source.into(), line, column, width: 1, bytes: 0..0 }
    }

    /// A file as a whole, or what was read without a text: no place.
    pub fn of_file(source: impl Into<Arc<str>>) -> Self {
        Self { width: 0, ..Self::new(source, 0, 0) }
    }

    /// The same place with this many characters.
    #[must_use]
    pub fn with_width(mut self, characters: usize) -> Self {
        self.width = characters;
        self
    }

    /// The same place with these bytes of the text.
    #[must_use]
    pub fn with_bytes(mut self, bytes: Range<usize>) -> Self {
        self.bytes = bytes;
        self
    }

    /// Whether it is a place in a text. What was read without a text has none, and every number of its location is 0.
    pub fn is_known(&self) -> bool {
        self.line > 0
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", printable(&self.source), self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replacement::Applicability;

    #[test]
    fn what_it_holds_may_be_shown() {
        let made = |text: &str| {
            Diagnostic::new(
                Severity::Error,
                "bad-url",
                Location::new("a\u{1b}b", 2, 3),
                "a.b",
                format!("{text} is bad"),
            )
            .with_help(text)
            .with_replacement(Replacement::new(0..1, text, Applicability::MachineApplicable))
        };
        let secret = made("https://me:hunter2@host");
        assert!(!format!("{secret:?}").contains("hunter2"));
        assert_eq!(secret.replacement, None);
        assert_eq!(secret.to_string(), "a\\u{1b}b:2:3: error: https://***@host is bad (a.b)");
        let plain = made("https://host");
        assert_eq!(plain.replacement.unwrap().text, "https://host");
        let nowhere =
            made("x").with_replacement(Replacement::new(1..1, "x", Applicability::MachineApplicable));
        assert_eq!(nowhere.replacement, None);
    }
}
