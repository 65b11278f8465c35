//! Why it cannot be told what changed.

use repository_url::printable;

/// Why there is nothing to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BaseErrorKind {
    /// The event cannot be read, or does not say what changed.
    InvalidEvent,
    /// The push deleted the branch.
    Deleted,
    /// The push created the branch, so there is nothing before it.
    Created,
    /// The commit is not in this clone.
    Unknown,
    /// The branch was force-pushed: the commit is not in its history any more.
    Rewritten,
    /// The two have no common history.
    Unrelated,
    /// The dependencies of a chart cannot be read, so it is not known whether it depends on what changed.
    Incomplete,
    /// The clone is shallow, and the answer is beyond its end.
    Shallow,
}

impl BaseErrorKind {
    /// Whether [`all_if_unknown`](crate::changed::ChangedOptions::all_if_unknown) helps.
    pub fn is_unknown_base(self) -> bool {
        !matches!(self, Self::InvalidEvent | Self::Deleted)
    }
}

/// Why it cannot be told what changed. [`hint`](Self::hint) is the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseError {
    kind: BaseErrorKind,
    message: String,
    hint: Option<String>,
}

impl BaseError {
    pub(crate) fn new(kind: BaseErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What is wrong.
    pub fn kind(&self) -> BaseErrorKind {
        self.kind
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl std::fmt::Display for BaseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&printable(&self.message))
    }
}

impl std::error::Error for BaseError {}
