//! What is wrong with a rule, and what a rule cannot judge.

use kargo_expr::CompileError;
use selection_strategies::path::PathSelectorError;
use selection_strategies::{ConstraintError, TagFilterError};

/// Settings that no [`CommitRule`](crate::CommitRule) can be made of.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCommitRule {
    /// Git allows no branch of this name.
    #[error("{branch:?} cannot be a branch: {reason}")]
    Branch {
        /// The name.
        branch: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The version constraint does not parse.
    #[error(transparent)]
    Constraint(ConstraintError),
    /// A pattern for tags is not a regular expression of Go's syntax.
    #[error(transparent)]
    Pattern(TagFilterError),
    /// A selector of the included paths does not parse.
    #[error(transparent)]
    IncludePath(PathSelectorError),
    /// A selector of the excluded paths does not parse.
    #[error(transparent)]
    ExcludePath(PathSelectorError),
    /// The expression does not compile.
    #[error("the expression filter is not valid: {0}")]
    Expression(CompileError),
    /// The rule about tags is not one of Git's, or other settings are given beside it.
    #[error("{reason}")]
    TagRule {
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// The error of a [`CommitRule`](crate::CommitRule) that follows a branch: the names of tags do not decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the strategy NewestFromBranch finds commits of a branch: the names of tags do not decide")]
pub struct NamesDoNotDecide;
