//! Shell patterns over paths, as doublestar v4 reads them (rule 4.4).
//!
//! ```
//! use selection_strategies::glob::Glob;
//!
//! let glob: Glob = "charts/**/*.{yaml,yml}".parse()?;
//! assert!(glob.is_match("charts/web/templates/service.yaml"));
//! assert!(glob.is_match("charts/Chart.yml"));
//! assert!(!glob.is_match("charts/web/README.md"));
//! # Ok::<(), selection_strategies::glob::GlobError>(())
//! ```
//!
//! # Syntax
//!
//! | pattern | matches |
//! |---|---|
//! | `*` | any text without `/` |
//! | `?` | one code point other than `/` |
//! | `[ab]`, `[a-z]` | one of these code points, `/` among them if it is listed |
//! | `[^a]`, `[!a]` | one other code point, **also `/`** |
//! | `{a,b}` | one of the alternatives, which may be patterns and nest |
//! | `**/` where a segment begins | no or any number of whole segments |
//! | `**` where a segment begins, at the end | everything |
//! | `**` elsewhere | the same as `*` |
//! | `\x` | `x` itself |
//!
//! A pattern has to match the whole path. `a/**` matches `a` too, hidden files are files like any
//! other, and case counts. Paths are bytes: one that is not UTF-8 is matched all the same, each
//! broken byte being one code point.
//!
//! Doublestar decides alternations one by one and goes back to the latest `*` and the latest `**/`
//! only. Where that differs from what the table promises (`*[/b]*c` does not match `ab/c`), this
//! matcher does as doublestar does.
//!
//! # Cost
//!
//! A pattern without alternations needs no memory and at most polynomial time. Alternations are
//! tried each once for the same rest, within a budget; a pattern that exhausts it (such as
//! `*{a,?}{a,?}...`, thirty times) does not match, where doublestar would run for days.

mod ends;
mod run;
mod rune;
mod search;
mod syntax;

use std::fmt;
use std::str::FromStr;

use ends::Ends;
pub(crate) use rune::decode as decode_rune;

/// A valid shell pattern.
///
/// Patterns compare and hash as the text they were written as.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Glob {
    pattern: Box<str>,
    ends: Ends,
}

impl Glob {
    /// Checks a pattern.
    ///
    /// # Errors
    ///
    /// If a class or an alternation is not closed (`[a`, `{a,b`), a class is empty (`[]`, `[^]`), a
    /// `}` closes nothing, or the pattern ends in a lone backslash.
    pub fn new(pattern: &str) -> Result<Self, GlobError> {
        if syntax::is_valid(pattern.as_bytes()) {
            Ok(Self { pattern: pattern.into(), ends: Ends::new(pattern) })
        } else {
            Err(GlobError { pattern: pattern.into() })
        }
    }

    /// Whether the pattern matches all of `path`.
    pub fn is_match(&self, path: impl AsRef<[u8]>) -> bool {
        let (pattern, path) = (self.pattern.as_bytes(), path.as_ref());
        self.ends.fit(pattern, path) && search::is_match(pattern, path)
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.pattern
    }
}

impl FromStr for Glob {
    type Err = GlobError;

    fn from_str(pattern: &str) -> Result<Self, Self::Err> {
        Self::new(pattern)
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.pattern)
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Glob").field(&self.pattern).finish()
    }
}

/// A text that is no valid pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid glob {pattern:?}: a class or alternation is empty, unclosed or unopened, or a backslash ends the pattern"
)]
pub struct GlobError {
    pattern: Box<str>,
}

impl GlobError {
    /// The text that is no pattern.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }
}
