//! The errors of expressions.

use std::fmt;

/// The text is not a valid expression: it cannot be read, or its types cannot fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at byte {position})")]
pub struct CompileError {
    message: String,
    position: usize,
    unknown: Option<Box<UnknownMember>>,
}

/// A member that a value of a known type does not have: `tag` of `imageFrom('nginx').tag`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownMember {
    /// The name as it is written, at the position of the error.
    pub name: String,
    /// The members that the value has.
    pub known: Vec<&'static str>,
}

impl CompileError {
    pub(crate) fn at(position: usize, message: impl Into<String>) -> Self {
        Self { message: message.into(), position, unknown: None }
    }

    pub(crate) fn with_unknown(self, name: &str, known: Vec<&'static str>) -> Self {
        Self { unknown: Some(Box::new(UnknownMember { name: name.to_owned(), known })), ..self }
    }

    /// The member that is not there, if that is the fault.
    ///
    /// ```
    /// use kargo_expr::{Expression, Signatures};
    ///
    /// let error = Expression::compile_with("imageFrom('nginx').tag != ''", &Signatures::for_freight()).unwrap_err();
    /// let unknown = error.unknown_member().unwrap();
    /// assert!(unknown.name == "tag" && unknown.known.contains(&"Tag"));
    /// ```
    #[must_use]
    pub fn unknown_member(&self) -> Option<&UnknownMember> {
        self.unknown.as_deref()
    }

    /// The byte of the expression at which the fault lies.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// What is wrong, without the position.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// An expression that could not be evaluated for this environment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at byte {position})")]
pub struct RunError {
    message: String,
    position: usize,
}

impl RunError {
    pub(crate) fn at(position: usize, failure: Failure) -> Self {
        Self { message: failure.0, position }
    }

    /// The byte of the expression at which evaluation failed.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// What went wrong, without the position.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Why an expression gives no verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpressionError {
    /// The expression could not be evaluated.
    #[error("the expression cannot be evaluated: {0}")]
    Run(RunError),
    /// The expression has a value that is not a truth value in the sense of Go's `ParseBool`.
    #[error("the expression gives {value}, which is neither true nor false")]
    NotBoolean {
        /// The value, shortened.
        value: String,
    },
}

/// What goes wrong inside an operator or function, before it is known where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    /// A failure with a message for people.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}
