//! What is wrong with a manifest, where, and what to do about it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use repository_url::{printable, redact};

use crate::yaml::Mark;

/// One thing wrong, or about to be wrong, with a manifest.
///
/// Everything in it is safe to print: credentials in URLs are masked when it is made, and characters that are not printable are
/// escaped, such as `\u{1b}`.
/// `Display` is the one-line form, `file:3:7: error: message (spec.subscriptions[0].git)`; the compiler-like form with
/// the line and a caret is [`Snippet`](crate::Snippet).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Whether the document is unusable.
    pub severity: Severity,
    /// The kind of problem. Its spelling is stable, for tools and for counting.
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
    /// The edit that does it, where the help comes down to one exact text.
    pub replacement: Option<Replacement>,
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
            replacement: None,
        }
    }

    /// The same diagnostic with help; an empty help is none.
    pub(crate) fn with_help(mut self, help: impl Into<Help>) -> Self {
        let help = help.into();
        self.help = Some(shown(&help.text)).filter(|help| !help.is_empty());
        let bytes = &self.location.bytes;
        self.replacement = help.edit.and_then(|edit| {
            let span = edit.span.unwrap_or_else(|| bytes.clone());
            // What is not shown cannot be copied, and what was never written cannot be replaced.
            let is_shown = shown(&edit.text.replace('\n', "")) == edit.text.replace('\n', "");
            (is_shown && !span.is_empty()).then_some(Replacement {
                span,
                text: edit.text,
                applicability: edit.applicability,
            })
        });
        self
    }

    /// Whether this makes the manifest unusable.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// An edit that makes a [`Diagnostic`] go away.
///
/// ```
/// use warehouse_spec::{Options, Replacement, parse};
///
/// let text = "\
/// apiVersion: kargo.akuity.io/v1alpha1
/// kind: Warehouse
/// metadata: {name: demo}
/// spec:
///   subscriptions:
///   - image: {repoURL: nginx, constraint: 1.10}
/// ";
/// let manifest = parse("kargo.yaml", text, &Options::default());
/// let replacement = manifest.diagnostics[0].replacement.as_ref().ok_or("no replacement")?;
/// assert_eq!(&text[replacement.span.clone()], "1.10");
/// assert_eq!(replacement.text, "\"1.10\"");
///
/// let fixed = Replacement::apply_all(text, [replacement]);
/// assert!(parse("kargo.yaml", &fixed, &Options::default()).diagnostics.is_empty());
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replacement {
    /// The bytes of the text that go, as an offset into what was parsed: for [`parse_bytes`](crate::parse_bytes), into what
    /// [`text_of`](crate::text_of) gives.
    pub span: Range<usize>,
    /// What to write in their place.
    pub text: String,
    /// Whether a program may make the edit without asking.
    pub applicability: Applicability,
}

impl Replacement {
    /// The text after these edits. An edit that overlaps an earlier one in the text, or lies outside the text, is left out.
    pub fn apply_all<'a>(text: &str, replacements: impl IntoIterator<Item = &'a Self>) -> String {
        let mut edits: Vec<&Self> = replacements.into_iter().collect();
        edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
        let mut edited = String::with_capacity(text.len());
        let mut done = 0;
        for edit in edits {
            let Some(before) = text.get(done..edit.span.start) else { continue };
            if text.get(edit.span.clone()).is_none() {
                continue;
            }
            edited.push_str(before);
            edited.push_str(&edit.text);
            done = edit.span.end;
        }
        edited.push_str(text.get(done..).unwrap_or_default());
        edited
    }
}

/// How sure it is that a [`Replacement`] is what the author of the manifest meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Applicability {
    /// The edit keeps what is written and says it in the form that is read: a program may make it.
    MachineApplicable,
    /// The edit is what was probably meant, such as the nearest known name: a person should see it first.
    MaybeIncorrect,
}

/// What to do about a problem: words for people, and the edit where they come down to one exact text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Help {
    pub(crate) text: String,
    edit: Option<Edit>,
}

#[derive(Clone, Debug)]
struct Edit {
    /// None: what the diagnostic points at.
    span: Option<Range<usize>>,
    text: String,
    applicability: Applicability,
}

impl Help {
    /// Help with the text to write in place of what the diagnostic points at.
    pub(crate) fn writing(text: impl Into<String>, form: impl Into<String>) -> Self {
        let edit = Edit { span: None, text: form.into(), applicability: Applicability::MachineApplicable };
        // Within quotation marks, a line break would not stay one.
        Self { text: text.into(), edit: Some(edit).filter(|edit| !edit.text.contains('\n')) }
    }

    /// Help with the lines to write in place of these bytes.
    pub(crate) fn rewriting(text: impl Into<String>, span: Range<usize>, lines: String) -> Self {
        let applicability = Applicability::MachineApplicable;
        Self { text: text.into(), edit: Some(Edit { span: Some(span), text: lines, applicability }) }
    }

    /// The same edit in place of a value, unless it says what it replaces.
    pub(crate) fn of(mut self, value: Mark) -> Self {
        if let Some(edit) = &mut self.edit {
            edit.span.get_or_insert(value.start..value.end);
        }
        self
    }

    /// The same edit, in place of these bytes.
    pub(crate) fn over(mut self, span: Range<usize>) -> Self {
        if let Some(edit) = &mut self.edit {
            edit.span = Some(span);
        }
        self
    }

    /// The same help, with more to say after it.
    pub(crate) fn with(mut self, more: &str) -> Self {
        self.text.push_str(more);
        self
    }

    /// The same help, whose edit is what was probably meant.
    pub(crate) fn probable(mut self) -> Self {
        if let Some(edit) = &mut self.edit {
            edit.applicability = Applicability::MaybeIncorrect;
        }
        self
    }

    /// The same help without an edit, unless this holds.
    pub(crate) fn only_if(mut self, holds: bool) -> Self {
        self.edit = self.edit.filter(|_| holds);
        self
    }
}

impl From<String> for Help {
    fn from(text: String) -> Self {
        Self { text, edit: None }
    }
}

impl From<&str> for Help {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), edit: None }
    }
}

impl From<Cow<'static, str>> for Help {
    fn from(text: Cow<'static, str>) -> Self {
        Self { text: text.into_owned(), edit: None }
    }
}

/// A text as it may be shown.
fn shown(text: &str) -> String {
    printable(&redact(text))
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.location.is_known() {
            write!(formatter, "{}: ", self.location)?;
        }
        write!(formatter, "{}: {}", self.severity, self.message)?;
        if self.path.is_empty() {
            return Ok(());
        }
        write!(formatter, " ({})", self.path)
    }
}

/// How bad a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The document is used. It may not mean what its author meant, or not the same to every Kargo release.
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
    /// The name of the file, as given to [`parse`](crate::parse).
    pub source: Arc<str>,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// How many characters on that line belong to the place; at least 1.
    pub width: usize,
    /// The bytes of the text that belong to the place. Those of a list or of a text in several lines go beyond its line.
    pub bytes: Range<usize>,
}

impl Location {
    pub(crate) fn new(source: &Arc<str>, mark: Mark) -> Self {
        Self {
            source: Arc::clone(source),
            line: mark.line,
            column: mark.column,
            width: mark.width,
            bytes: mark.start..mark.end,
        }
    }

    /// Whether there is a text that this is a place in. What [`from_value`](crate::from_value) reads has none, and every number of its
    /// locations is 0.
    pub fn is_known(&self) -> bool {
        self.line > 0
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", printable(&self.source), self.line, self.column)
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
    /// The text is not valid YAML.
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
