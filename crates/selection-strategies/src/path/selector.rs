//! One path selector.

use std::fmt;
use std::str::FromStr;

use super::base::{BaseDirectory, clean};
use crate::glob::{Glob, GlobError};
use crate::go_regex::{GoRegex, GoRegexError};

/// One entry of `includePaths` or `excludePaths` (rule 4.4).
///
/// | written | selects |
/// |---|---|
/// | `apps/web` | the file or directory `apps/web` and everything below it |
/// | `glob:apps/**/*.yaml` | what the [glob](crate::glob) matches |
/// | `regex:\.ya?ml$`, `regexp:...` | what the regular expression (Go's syntax) finds a match in |
///
/// ```
/// use selection_strategies::path::PathSelector;
///
/// let selector: PathSelector = "apps/web".parse()?;
/// assert!(selector.is_match("apps/web/deployment.yaml"));
/// assert!(!selector.is_match("apps/website/deployment.yaml"));
/// # Ok::<(), selection_strategies::path::PathSelectorError>(())
/// ```
///
/// A selector without prefix is cleaned first (`./a//b/` is `a/b`), and it selects no path that has
/// two dots in a row in what lies below it: `a` does not select `a/x..y`. Kargo looks for the dots
/// in the text of the relative path, and so does this crate.
#[derive(Clone)]
pub struct PathSelector {
    text: Box<str>,
    kind: Kind,
}

#[derive(Clone)]
pub(super) enum Kind {
    Base(BaseDirectory),
    Glob(Glob),
    Regex(GoRegex),
}

impl PathSelector {
    /// Reads a selector.
    ///
    /// # Errors
    ///
    /// [`PathSelectorError::Glob`] if what follows `glob:` is no pattern, and
    /// [`PathSelectorError::Regex`] if what follows `regex:` or `regexp:` is no regular expression.
    /// Any other text is a path and never wrong.
    pub fn new(text: &str) -> Result<Self, PathSelectorError> {
        let kind = if let Some(pattern) = text.strip_prefix("glob:") {
            Kind::Glob(
                Glob::new(pattern)
                    .map_err(|source| PathSelectorError::Glob { selector: text.into(), source })?,
            )
        } else if let Some(pattern) = text.strip_prefix("regex:").or_else(|| text.strip_prefix("regexp:")) {
            let regex = GoRegex::new(pattern).map_err(|source| PathSelectorError::Regex {
                selector: text.into(),
                source: Box::new(source),
            })?;
            Kind::Regex(regex)
        } else {
            Kind::Base(BaseDirectory::new(text))
        };
        Ok(Self { text: text.into(), kind })
    }

    /// Whether the selector selects `path`, given as in a Git tree: no quoting, any bytes.
    pub fn is_match(&self, path: impl AsRef<[u8]>) -> bool {
        let path = path.as_ref();
        match &self.kind {
            Kind::Base(base) => base.contains(&clean(path)),
            Kind::Glob(glob) => glob.is_match(path),
            Kind::Regex(regex) => regex.is_match_bytes(path),
        }
    }

    /// The selector as it was written, with its prefix.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn kind(&self) -> &Kind {
        &self.kind
    }
}

impl FromStr for PathSelector {
    type Err = PathSelectorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl PartialEq for PathSelector {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for PathSelector {}

impl fmt::Display for PathSelector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl fmt::Debug for PathSelector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("PathSelector").field(&self.text).finish()
    }
}

/// A text that is no path selector.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PathSelectorError {
    /// What follows `glob:` is no pattern.
    #[error("invalid path selector {selector:?}")]
    Glob {
        /// The selector as it was written.
        selector: Box<str>,
        /// What is wrong with the pattern.
        source: GlobError,
    },
    /// What follows `regex:` or `regexp:` is no regular expression in Go's syntax.
    #[error("invalid path selector {selector:?}")]
    Regex {
        /// The selector as it was written.
        selector: Box<str>,
        /// What is wrong with the expression.
        source: Box<GoRegexError>,
    },
}

impl PathSelectorError {
    /// The selector as it was written.
    pub fn selector(&self) -> &str {
        match self {
            Self::Glob { selector, .. } | Self::Regex { selector, .. } => selector,
        }
    }
}
