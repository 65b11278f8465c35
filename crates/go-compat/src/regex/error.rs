//! What is wrong with a pattern, and where.

/// What is wrong with a pattern that Go refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GoRegexSyntaxError {
    /// `[a`
    #[error("missing closing ]")]
    MissingBracket,
    /// `(a`
    #[error("missing closing )")]
    MissingParenthesis,
    /// `a)`
    #[error("unexpected )")]
    UnexpectedParenthesis,
    /// `*a`
    #[error("missing argument to a repetition operator")]
    MissingRepeatArgument,
    /// `a**`
    #[error("a repetition operator follows another")]
    StackedRepeat,
    /// `a{1001}`, `a{3,2}`, `(a{40}){40}`
    #[error("invalid repeat count")]
    InvalidRepeatCount,
    /// `\8`, `\y`, `\x{}`
    #[error("invalid escape sequence")]
    InvalidEscape,
    /// `a\`
    #[error("trailing backslash")]
    TrailingBackslash,
    /// `[b-a]`, `[[:nothing:]]`, `\p{Nothing}`
    #[error("invalid character class or range")]
    InvalidClass,
    /// `(?x)`, `(?=a)`
    #[error("invalid or unsupported Perl syntax")]
    InvalidPerlSyntax,
    /// `(?P<>a)`
    #[error("invalid group name")]
    InvalidGroupName,
    /// More than 1000 operators within each other.
    #[error("the expression nests too deeply")]
    NestingTooDeep,
}

/// A fault and where it lies.
pub(super) type Fault = (usize, GoRegexSyntaxError);
