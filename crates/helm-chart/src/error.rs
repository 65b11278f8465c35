//! What can be wrong with a chart.

use std::fmt;
use std::path::{Path, PathBuf};

use repository_url::printable;

/// What is wrong with a chart, in which file and line, and what to do about it.
///
/// `Display` gives the place and the reason in one line, without control characters. [`hint`](Self::hint) is the remedy.
#[derive(Debug)]
pub struct Error {
    message: String,
    path: Option<PathBuf>,
    line: Option<usize>,
    hint: Option<String>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error with this message, which says what is wrong, starts in lower case and has no full stop.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), path: None, line: None, hint: None, cause: None }
    }

    /// The file or folder. The first one that is set stays.
    #[must_use]
    pub fn at(mut self, path: impl AsRef<Path>) -> Self {
        self.path.get_or_insert_with(|| path.as_ref().to_owned());
        self
    }

    /// The error with the path of its file relative to another folder, in which this folder is: the folder is put before the path.
    #[must_use]
    pub fn below(mut self, folder: impl AsRef<Path>) -> Self {
        self.path = Some(match &self.path {
            Some(path) => folder.as_ref().join(path),
            None => folder.as_ref().to_owned(),
        });
        self
    }

    /// The line of the file, from 1. The first one that is set stays.
    #[must_use]
    pub fn on_line(mut self, line: impl Into<Option<usize>>) -> Self {
        self.line = self.line.or(line.into());
        self
    }

    /// What to do about it. The first hint that is set stays.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// What caused it.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The file or folder.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The line of the file, from 1.
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            f.write_str(&printable(&path.display().to_string()))?;
            if let Some(line) = self.line {
                write!(f, ":{line}")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&printable(&self.message))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}
