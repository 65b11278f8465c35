//! What is wrong with a manifest, where, and what to do about it.

use std::fmt;
use std::sync::Arc;

use crate::redact::redact;
use crate::visible::visible;

/// One thing wrong, or about to be wrong, with a manifest.
///
/// Everything in it is safe to print: credentials in URLs are masked when it is made, and characters that a terminal would
/// act on are replaced by U+FFFD.
/// `Display` is the one-line form, `file:3:7: error: message (spec.subscriptions[0].git)`; the compiler-like form with
/// the line and a caret is [`Snippet`](crate::Snippet).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Whether the manifest is unusable or merely doubtful.
    pub severity: Severity,
    /// What kind of slip this is; stable, for tools and for counting.
    pub code: Code,
    /// Where it is.
    pub location: Location,
    /// The field's path in the document, as it is written there: `spec.subscriptions[2].image.constraint`. Empty when the
    /// text did not get as far as having fields.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    pub(crate) fn new(
        severity: Severity,
        code: Code,
        location: Location,
        path: impl Into<String>,
        message: impl AsRef<str>,
    ) -> Self {
        Self {
            severity,
            code,
            location,
            path: shown(&path.into()),
            message: shown(message.as_ref()),
            help: None,
        }
    }

    pub(crate) fn with_help(mut self, help: impl AsRef<str>) -> Self {
        self.help = Some(shown(help.as_ref()));
        self
    }

    /// Whether this makes the manifest unusable.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// A text as it may be shown.
fn shown(text: &str) -> String {
    visible(&redact(text)).into_owned()
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}: {}", self.location, self.severity, self.message)?;
        if self.path.is_empty() {
            return Ok(());
        }
        write!(formatter, " ({})", self.path)
    }
}

/// How bad a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The manifest means something, though perhaps not what its author meant, or not to every Kargo release.
    Warning,
    /// The document it is in is not used.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A place in a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Location {
    /// The file, as whoever called [`parse`](crate::parse) names it.
    pub source: Arc<str>,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// How many characters on that line belong to the place; at least 1.
    pub width: usize,
}

impl Location {
    pub(crate) fn new(source: &Arc<str>, mark: crate::node::Mark) -> Self {
        Self { source: Arc::clone(source), line: mark.line, column: mark.column, width: mark.width }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", visible(&self.source), self.line, self.column)
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident => $text:literal,)+) => {
        /// The kind of a [`Diagnostic`]. The spelling of [`Code::as_str`] never changes once released.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as tools see it, in kebab case.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }
    };
}

codes! {
    /// The text is no YAML.
    Syntax => "syntax",
    /// The text is larger, deeper or more entangled than [`Limits`](crate::Limits) allow.
    Limit => "limit",
    /// A key occurs twice in one mapping; the last one counts.
    DuplicateKey => "duplicate-key",
    /// YAML takes a value, or a part of it, for something else than was written: an alias, a tag, a comment, an escape.
    Unquoted => "unquoted",
    /// A value is of the wrong type.
    WrongType => "wrong-type",
    /// A required field is missing, or present without a value.
    Missing => "missing",
    /// A field without a value is taken as absent.
    Null => "null",
    /// No release of Kargo knows this field.
    UnknownField => "unknown-field",
    /// The field is known, but written with other capitals.
    FieldCase => "field-case",
    /// The field is known, but belongs elsewhere.
    Misplaced => "misplaced",
    /// A spelling that newer Kargo releases no longer read.
    OldSpelling => "old-spelling",
    /// Two spellings of one field contradict each other.
    Conflict => "conflict",
    /// The value is none of those the field takes.
    BadValue => "bad-value",
    /// The URL is not of a form its kind of repository takes.
    BadUrl => "bad-url",
    /// The constraint does not parse.
    BadConstraint => "bad-constraint",
    /// The regular expression does not parse.
    BadRegex => "bad-regex",
    /// The path selector does not parse, or matches nothing.
    BadSelector => "bad-selector",
    /// The expression does not parse, or reads a function without a call of it.
    BadExpression => "bad-expression",
    /// The expression asks for a name that nothing has.
    UnknownName => "unknown-name",
    /// A subscription is of no type, or of two.
    OneType => "one-type",
    /// Two subscriptions cannot be told apart.
    Duplicate => "duplicate-subscription",
    /// The field has no effect beside the others.
    NoEffect => "no-effect",
    /// Kargo itself refuses this; it works here.
    KargoRefuses => "kargo-refuses",
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
