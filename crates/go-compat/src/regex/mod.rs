//! Regular expressions in Go's syntax, run by the `regex` crate.

mod alphabet;
mod budget;
mod class;
mod error;
mod escape;
mod operand;
mod translate;
mod unicode;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use translate::Translation;

pub use budget::RegexBudget;
pub use error::GoRegexSyntaxError;

use crate::utf8::to_text;

/// The longest pattern that is compiled, in bytes.
pub const MAX_PATTERN_LENGTH: usize = 16 * 1024;

/// The most memory that the compiled form of one pattern may take, in bytes.
const MAX_COMPILED_SIZE: usize = 10 * 1024 * 1024;

/// A regular expression in the syntax of Go's `regexp` package (RE2): `regexp.Compile` and `Regexp.MatchString`.
///
/// ```
/// use go_compat::GoRegex;
///
/// let nightly = GoRegex::new(r"^nightly-\d{8}$")?;
/// assert!(nightly.is_match("nightly-20240102"));
/// assert!(!nightly.is_match("nightly-٢٠٢٤٠١٠٢")); // \d means ASCII
///
/// assert!(GoRegex::new("a**").is_err()); // the regex crate would take it
/// assert!(GoRegex::new("a{,2}")?.is_match("a{,2}")); // and refuse this
/// # Ok::<(), go_compat::GoRegexError>(())
/// ```
///
/// A match may begin anywhere (`^` and `$` anchor it), and takes time linear in the text.
///
/// # Compared to Go
///
/// The pattern is translated to the syntax of the [`regex`] crate, so that it means what it means
/// to Go: `\d`, `\s`, `\w` and `\b` are ASCII, `{,2}` and `[[]` are literal, `\Q...\E`, `\012` and
/// `\pN` work, `a**`, `(?x)`, repetitions over 1000 and `\p{Old_Italic}` (a script of two words)
/// are errors. On purpose it differs in bounds only: patterns over 16 KiB, more than about 250 nested
/// alternations and repetitions, and compiled forms over 10 MiB are errors here. The tables of Unicode are newer by a
/// version than those of Go 1.26, so characters that were assigned after Unicode 15.0 may fall
/// into other classes.
#[derive(Clone)]
pub struct GoRegex {
    pattern: Arc<str>,
    translation: Arc<str>,
    regex: Regex,
    /// Whether the expression may match nothing, within a character.
    may_split: bool,
    work_per_byte: usize,
}

impl GoRegex {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// What Go refuses ([`GoRegexError::Syntax`]) and what exceeds a bound
    /// ([`GoRegexError::TooLong`], [`GoRegexError::TooLarge`]); within [`RegexBudget::install`] also
    /// [`GoRegexError::OverBudget`].
    pub fn new(pattern: &str) -> Result<Self, GoRegexError> {
        match RegexBudget::current() {
            Some(budget) => budget.compile(pattern),
            None => Self::compile(pattern, usize::MAX).map(|(regex, _)| regex).map_err(|failed| failed.error),
        }
    }

    /// Compiles a pattern that may cost this much at most, and returns what it cost.
    fn compile(pattern: &str, most: usize) -> Result<(Self, usize), Failed> {
        let shared: Arc<str> = pattern.into();
        if pattern.len() > MAX_PATTERN_LENGTH {
            return Err(Failed { error: GoRegexError::TooLong { pattern: shared }, cost: 0 });
        }
        let translated = translate::translate(pattern).map_err(|(position, error)| Failed {
            error: GoRegexError::Syntax { pattern: Arc::clone(&shared), position, error },
            cost: 0,
        })?;
        let Some(Translation { text, folded }) = translated else {
            return Err(Failed { error: GoRegexError::TooLarge { pattern: shared }, cost: 0 });
        };
        let reading = folded as usize / FOLDED_PER_BYTE;
        match build(&text, most.saturating_sub(reading)) {
            Ok(built) => {
                let cost = built.cost.saturating_add(reading);
                Ok((Self::assemble(shared, text, built), cost))
            }
            Err(Unbuilt { is_over_budget, cost }) => {
                let error = match is_over_budget {
                    true => GoRegexError::OverBudget { pattern: shared },
                    false => GoRegexError::TooLarge { pattern: shared },
                };
                Err(Failed { error, cost: cost.saturating_add(reading) })
            }
        }
    }

    /// One expression that matches whatever one of `patterns` matches, so that many patterns cost one search; `None` if it
    /// would be too large, and the patterns have to be asked one by one.
    ///
    /// ```
    /// use go_compat::GoRegex;
    ///
    /// let either = GoRegex::any_of(&[GoRegex::new("^v")?, GoRegex::new("-rc$")?]).unwrap();
    /// assert!(either.is_match("1.0.0-rc") && !either.is_match("1.0.0"));
    /// # Ok::<(), go_compat::GoRegexError>(())
    /// ```
    #[must_use]
    pub fn any_of(patterns: &[Self]) -> Option<Self> {
        match RegexBudget::current() {
            Some(budget) => budget.any_of(patterns),
            None => Self::join(patterns, usize::MAX).map(|(regex, _)| regex).ok(),
        }
    }

    /// Compiles the alternatives, which may cost this much at most. Returns what they cost, also if they do not compile.
    fn join(patterns: &[Self], most: usize) -> Result<(Self, usize), usize> {
        let join = |text: fn(&Self) -> &str| {
            let parts: Vec<String> =
                patterns.iter().map(|pattern| format!("(?:{})", text(pattern))).collect();
            parts.join("|")
        };
        let translation = join(|pattern| &pattern.translation);
        let built = match build(&translation, most) {
            Ok(built) => built,
            Err(Unbuilt { cost, .. }) => return Err(cost),
        };
        let (cost, pattern) = (built.cost, join(|pattern| &pattern.pattern));
        Ok((Self::assemble(pattern.into(), translation, built), cost))
    }

    fn assemble(pattern: Arc<str>, translation: String, built: Built) -> Self {
        let Built { regex, work_per_byte, .. } = built;
        let may_split = translation.contains(translate::NOT_WORD_BOUNDARY);
        Self { pattern, translation: translation.into(), regex, may_split, work_per_byte }
    }

    /// How much work one byte of text costs at most, in units of what a small pattern takes: searching is linear in the text,
    /// but each byte may touch as many states as the pattern was compiled into. For programs that budget the evaluation of
    /// patterns they did not write.
    #[must_use]
    pub fn work_per_byte(&self) -> usize {
        self.work_per_byte
    }

    /// Whether the expression matches somewhere in the text.
    #[inline]
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        if self.may_split {
            // `is_match` would stop at the end of the first match, find it to lie within a character,
            // and go on behind it, past a longer match that began before.
            self.regex.find(text).is_some()
        } else {
            self.regex.is_match(text)
        }
    }

    /// Whether the expression matches somewhere in the bytes.
    ///
    /// As in Go, each byte that is not part of valid UTF-8 counts as one U+FFFD.
    #[inline]
    #[must_use]
    pub fn is_match_bytes(&self, bytes: &[u8]) -> bool {
        self.is_match(&to_text(bytes))
    }

    /// The pattern, as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.pattern
    }

    /// The pattern in the syntax of the [`regex`] crate.
    #[must_use]
    pub fn translation(&self) -> &str {
        &self.translation
    }

    /// The pattern, as written, to be shared without a copy.
    #[must_use]
    pub fn shared_pattern(&self) -> &Arc<str> {
        &self.pattern
    }
}

/// A pattern that did not compile, and what the attempt cost.
struct Failed {
    error: GoRegexError,
    cost: usize,
}

/// A compiled expression.
struct Built {
    regex: Regex,
    work_per_byte: usize,
    /// The bytes that it may take, with those of searching.
    cost: usize,
}

/// A translation that exceeds the bound of every pattern, or what was left, and the cost of finding out.
struct Unbuilt {
    is_over_budget: bool,
    cost: usize,
}

/// Sizes of compiled expressions, and how much work a byte of text is for one that fits.
const SIZES: [(usize, usize); 5] =
    [(4 << 10, 1), (32 << 10, 1), (256 << 10, 64), (2 << 20, 512), (MAX_COMPILED_SIZE, 4096)];

/// How many characters whose case is ignored cost as much to compile as one byte of a program.
const FOLDED_PER_BYTE: usize = 1;

/// The bytes in which the engine keeps the states that searches of an expression of this size met.
fn search_memory(size: usize) -> usize {
    size.saturating_mul(8).clamp(64 << 10, 2 << 20)
}

/// The expression of a translation. The engine does not report the compiled size, so limits are tried from the smallest; what people
/// write fits the first two. `most` bounds the cost.
fn build(translation: &str, most: usize) -> Result<Built, Unbuilt> {
    let mut tried = 0;
    for (size, work_per_byte) in SIZES {
        let memory = search_memory(size);
        let cost = size + memory;
        if cost > most {
            return Err(Unbuilt { is_over_budget: true, cost: tried });
        }
        tried = cost;
        match RegexBuilder::new(translation).size_limit(size).dfa_size_limit(memory).build() {
            Ok(regex) => return Ok(Built { regex, work_per_byte, cost }),
            Err(regex::Error::CompiledTooBig(_)) => {}
            Err(error) => {
                debug_assert!(
                    error.to_string().contains("nest"),
                    "{translation:?} does not compile: {error}"
                );
                break;
            }
        }
    }
    Err(Unbuilt { is_over_budget: false, cost: tried })
}

/// Why a pattern does not compile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GoRegexError {
    /// The pattern is not a regular expression to Go.
    #[error("{pattern:?} is not a regular expression: {error} at byte {position}")]
    Syntax {
        /// The pattern, as written.
        pattern: Arc<str>,
        /// Where the fault lies, as a byte offset into the pattern.
        position: usize,
        /// What is wrong.
        error: GoRegexSyntaxError,
    },
    /// The pattern is longer than [`MAX_PATTERN_LENGTH`].
    #[error("a regular expression of {} bytes is too long, the limit is 16384", pattern.len())]
    TooLong {
        /// The pattern, as written.
        pattern: Arc<str>,
    },
    /// The compiled form would take too much memory, nests too deeply, or ignores the case of too
    /// many characters.
    #[error("the regular expression {pattern:?} is too large when compiled")]
    TooLarge {
        /// The pattern, as written.
        pattern: Arc<str>,
    },
    /// The pattern does not fit in what the [`RegexBudget`] has left.
    #[error("the regular expression {pattern:?} exceeds what all patterns may take together when compiled")]
    OverBudget {
        /// The pattern, as written.
        pattern: Arc<str>,
    },
}

impl GoRegexError {
    /// The pattern, as written.
    #[must_use]
    pub fn pattern(&self) -> &str {
        match self {
            Self::Syntax { pattern, .. }
            | Self::TooLong { pattern }
            | Self::TooLarge { pattern }
            | Self::OverBudget { pattern } => pattern,
        }
    }
}

impl FromStr for GoRegex {
    type Err = GoRegexError;

    fn from_str(pattern: &str) -> Result<Self, GoRegexError> {
        Self::new(pattern)
    }
}

/// The pattern, as written.
impl fmt::Display for GoRegex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.pattern)
    }
}

impl fmt::Debug for GoRegex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("GoRegex").field(&self.pattern).finish()
    }
}

/// Two expressions are equal if their patterns are.
impl PartialEq for GoRegex {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

impl Eq for GoRegex {}
