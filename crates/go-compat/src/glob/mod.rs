//! Shell patterns over paths, as doublestar v4 reads them.

mod matcher;

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// A valid shell pattern over paths, as `bmatcuk/doublestar` v4 reads it: `doublestar.ValidatePattern` and `doublestar.Match`.
///
/// ```
/// use go_compat::Glob;
///
/// let glob: Glob = "charts/**/*.{yaml,yml}".parse()?;
/// assert!(glob.is_match("charts/web/templates/service.yaml"));
/// assert!(glob.is_match("charts/Chart.yml"));
/// assert!(!glob.is_match("charts/web/README.md"));
/// # Ok::<(), go_compat::GlobError>(())
/// ```
///
/// # Syntax
///
/// | pattern | matches |
/// |---|---|
/// | `*` | any text without `/` |
/// | `?` | one code point other than `/` |
/// | `[ab]`, `[a-z]` | one of these code points, `/` among them if it is listed |
/// | `[^a]`, `[!a]` | one other code point, **also `/`** |
/// | `{a,b}` | one of the alternatives, which may be patterns and nest |
/// | `**/` where a segment begins | no or any number of whole segments |
/// | `**` where a segment begins, at the end | everything |
/// | `**` elsewhere | the same as `*` |
/// | `\x` | `x` itself |
///
/// A pattern has to match the whole path. `a/**` matches `a` too, hidden files are files like any
/// other, and case counts. Paths are bytes: one that is not UTF-8 is matched all the same, each
/// broken byte being one code point.
///
/// Doublestar decides alternations one by one and goes back to the latest `*` and the latest `**/`
/// only. Where that differs from what the table promises (`*[/b]*c` does not match `ab/c`), this
/// matcher does as doublestar does.
///
/// # Cost
///
/// A pattern without alternations needs no memory and at most polynomial time. Alternations are
/// tried each once for the same rest, within a budget; a pattern that exhausts it (such as
/// `*{a,?}{a,?}...`, thirty times) does not match, where doublestar would run for days.
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
        if matcher::is_valid(pattern.as_bytes()) {
            Ok(Self { pattern: pattern.into(), ends: Ends::new(pattern) })
        } else {
            Err(GlobError { pattern: pattern.into() })
        }
    }

    /// Whether the pattern matches all of `path`.
    pub fn is_match(&self, path: impl AsRef<[u8]>) -> bool {
        let (pattern, path) = (self.pattern.as_bytes(), path.as_ref());
        self.ends.fit(pattern, path) && matcher::is_match(pattern, path)
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

/// The text is not a valid pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid glob {pattern:?}: a class or alternation is empty, unclosed or unopened, or a backslash ends the pattern"
)]
pub struct GlobError {
    pattern: Box<str>,
}

impl GlobError {
    /// The text, as written.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }
}

/// The characters that mean something to a pattern.
const SPECIAL: [char; 8] = ['*', '?', '[', ']', '{', '}', ',', '\\'];

/// The literal texts with which everything a pattern matches begins and ends, as offsets into the pattern.
///
/// Most paths fail at one of them, in a fraction of the time that the matcher takes. They only rule out; the matcher decides
/// what matches.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Ends {
    prefix: usize,
    suffix: usize,
}

impl Ends {
    fn new(pattern: &str) -> Self {
        // U+FFFD equals any broken byte, so it is not a literal text.
        let special = |sign: char| SPECIAL.contains(&sign) || sign == char::REPLACEMENT_CHARACTER;
        let Some(first) = pattern.find(special) else {
            return Self { prefix: pattern.len(), suffix: pattern.len() };
        };
        let last = pattern.char_indices().rfind(|(_, sign)| special(*sign));
        let after = last.map_or(pattern.len(), |(at, sign)| at + sign.len_utf8());
        // A slash beside `**` can be left out: `a/**` matches `a`, `**/a` too.
        let prefix = pattern[..first].trim_end_matches('/').len();
        let suffix = pattern.len() - pattern[after..].trim_start_matches('/').len();
        Self { prefix, suffix }
    }

    /// Whether the path begins with the prefix and ends with the suffix.
    #[inline]
    fn fit(&self, pattern: &[u8], path: &[u8]) -> bool {
        let text = |range: Range<usize>| pattern.get(range).unwrap_or_default();
        path.starts_with(text(0..self.prefix)) && path.ends_with(text(self.suffix..pattern.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn case(pattern: &str, prefix: &str, suffix: &str) {
        let ends = Ends::new(pattern);
        assert_eq!((&pattern[..ends.prefix], &pattern[ends.suffix..]), (prefix, suffix), "{pattern}");
    }

    #[test]
    fn ends() {
        case("", "", "");
        case("a/b", "a/b", "");
        case("charts/**/*.yaml", "charts", ".yaml");
        case("**/a", "", "a");
        case("a/**", "a", "");
        case("a**/", "a", "");
        case("{a,b}/c", "", "c");
        case("a\\*b", "a", "b");
        case("é\u{fffd}é", "é", "é");
    }
}
