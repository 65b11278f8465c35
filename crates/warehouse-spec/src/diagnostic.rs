//! What is wrong with a manifest: the codes, and how help is attached.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use diagnostics::{Applicability, Location, Replacement};

use crate::yaml::Mark;

/// One thing wrong, or about to be wrong, with a manifest. An [error](diagnostics::Severity::Error) makes the document it is in unusable.
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
///
/// Spans are of what was parsed: for [`parse_bytes`](crate::parse_bytes), of what [`text_of`](crate::text_of) gives. The
/// compiler-like form with the line and a caret is [`Snippet`](crate::Snippet).
pub type Diagnostic = diagnostics::Diagnostic<Code>;

/// The place of a mark.
pub(crate) fn location(source: &Arc<str>, mark: Mark) -> Location {
    Location::new(Arc::clone(source), mark.line, mark.column)
        .with_width(mark.width)
        .with_bytes(mark.start..mark.end)
}

/// The diagnostic with help, and with its edit if it has one.
pub(crate) fn explained(diagnostic: Diagnostic, help: impl Into<Help>) -> Diagnostic {
    let help = help.into();
    let bytes = diagnostic.location.bytes.clone();
    let diagnostic = diagnostic.with_help(&help.text);
    match help.edit {
        Some(edit) => diagnostic.with_replacement(Replacement::new(
            edit.span.unwrap_or(bytes),
            edit.text,
            edit.applicability,
        )),
        None => diagnostic,
    }
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

    /// Whether it comes down to an edit.
    pub(crate) fn has_edit(&self) -> bool {
        self.edit.is_some()
    }

    /// The same edit in place of a value, unless it says what it replaces.
    pub(crate) fn of(mut self, value: Mark) -> Self {
        if let Some(edit) = &mut self.edit {
            edit.span.get_or_insert(value.start..value.end);
        }
        self
    }

    /// The same help, with more to say after it.
    pub(crate) fn with(mut self, more: &str) -> Self {
        self.text.push_str(more);
        self
    }

    /// The same help, whose edit is probably what was intended.
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
    /// No release of Kargo has this field.
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
    /// The URL is not of a form its kind of repository takes, or is that of a page about a repository.
    BadUrl => "bad-url",
    /// The constraint does not parse, or no version satisfies it.
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
    /// Two subscriptions cannot be distinguished.
    Duplicate => "duplicate-subscription",
    /// The field has no effect beside the others.
    NoEffect => "no-effect",
    /// Kargo itself refuses this; it works here.
    KargoRefuses => "kargo-refuses",
    /// No API server takes this name. Reported by [`lint`](crate::lint) only, as all that follow.
    BadName => "bad-name",
    /// A text that goes to a server, or that tags are compared with, was never filled in.
    Placeholder => "placeholder",
    /// A URL holds a password, a token or a user.
    Credential => "credential-in-url",
    /// A repository is read without TLS, or without verification of the certificate.
    Insecure => "insecure",
    /// A pattern of letters alone is found anywhere in a tag.
    Unanchored => "unanchored-pattern",
    /// The strategy reads the metadata of every tag, and nothing limits the tags.
    Unlimited => "unlimited-tags",
    /// Two documents of one file are the same object.
    DuplicateObject => "duplicate-object",
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
