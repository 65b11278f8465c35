//! Expressions in the syntax of expr-lang, which filter commits and tags and decide about Freight
//! (rules 4.6 and 6.2).
//!
//! ```
//! use selection_strategies::expression::{Environment, Expression, Time};
//!
//! let filter = Expression::compile(
//!     "!(author contains '<bot@example.com>') && commitDate.After(date('2025-01-01'))",
//! )?;
//! let commit = Environment::new()
//!     .variable("author", "Jane Doe <jane@example.com>")
//!     .variable("commitDate", "2025-06-15T10:30:00Z".parse::<Time>()?);
//! assert!(filter.decide(&commit)?);
//!
//! // What cannot work is found when the expression is compiled, not when the first commit arrives.
//! assert!(Expression::compile("subject contains ['feat']").is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The language
//!
//! It is expr-lang as of v1.17.8, types and optimizer included: whatever compiles there compiles
//! here, and means the same, but for the differences below. There are literals, arithmetic, comparisons (`1 < x < 3`), `and`, `or`,
//! `not`, `in`, `matches`, `contains`, `startsWith`, `endsWith`, `??`, `?.`, `? :`, `if` and `else`,
//! `let`, pipes, ranges, slices, lists, maps, predicates (`filter(list, # > 3)`), all functions of
//! the language and the methods of times and durations.
//!
//! | error | when | for example |
//! |---|---|---|
//! | [`CompileError`] | compiling | `subject = 'x'`, `'1' == 1`, `not subject contains 'x'` |
//! | [`ExpressionError::Run`] | deciding | `commitDate.Bogus()`, `date('bogus')` |
//! | [`ExpressionError::NotBoolean`] | deciding | `len(subject)` for a subject of more than a byte |
//!
//! A value that is no truth value goes through Go's `ParseBool`: `1`, `t`, `T`, `true`, `TRUE` and
//! `True` are true, and the like is false.
//!
//! # Bounds
//!
//! An expression nests at most 150 levels of what it means and 250 of its text, a value at most 100, and
//! one evaluation ends after some ten million steps, a million list elements (as in expr-lang) or
//! 32 MiB of text, with an error.
//! Nothing panics or overflows the stack.
//!
//! # Differences from expr-lang
//!
//! * Without the feature `time-zones` there is no database of time zones: `timezone('UTC')` works, and
//!   `timezone('Europe/Berlin')` is an error when it is evaluated. `IsDST()` tells summer time in Dublin and Casablanca,
//!   whose winter time is the saving time to Go. The database is the crate's own release of it, not the
//!   machine's; before 1970, a zone that was merged into another one has the times of that one, where Go keeps its own.
//! * The order of `keys`, `values` and `toPairs` is the order of the keys; in Go it is random.
//! * The local time zone is UTC, as in a container.
//! * An image, commit, chart or artifact cannot be the key of a map, and its `type()` is `struct`.
//! * Of the methods of times, those that write bytes (`AppendFormat`, `MarshalBinary`, `GobEncode`), `GoString` and
//!   `ZoneBounds` are missing; `AddDate` beyond all dates does not wrap around.
//! * `float()` reads decimal numbers without underscores only.
//! * Large patterns are paid for by their size, and all literal patterns of one expression have a bound together.
//! * The bytes of a text (`subject[0]`) are whole numbers like any other; Go's are a type of their own,
//!   which negation wraps around.
//! * `sortBy` leaves elements of equal keys as they stand; Go's order of them is its algorithm's, beyond twelve elements.
//! * The last digit of a power with a fractional exponent is the platform's, here and in Go.
//! * `findLast` and `a?.method(b)` work in the middle of an expression, too; expr-lang leaves values
//!   on its stack, which are then taken for operands.

mod base64;
mod budget;
mod builtin;
mod check;
mod display;
mod environment;
mod equality;
mod error;
mod evaluate;
mod json;
mod kind;
mod literal;
mod method;
mod names;
mod operator;
mod parse;
mod power;
mod predicate;
mod reads;
mod rewrite;
mod sort;
mod subscription;
mod syntax;
mod time;
mod token;
mod value;

use std::fmt;
use std::sync::Arc;

pub use environment::{Environment, Function, Signature, Signatures};
pub use error::{CompileError, ExpressionError, Failure, RunError};
pub use kind::{Kind, MapKind, RecordKind};
pub use names::{NameUse, UnknownName};
pub use parse::MAX_EXPRESSION_LENGTH;
pub use reads::FieldReads;
pub use subscription::{
    CommitVariables, DiscoveredArtifact, DiscoveredChart, DiscoveredCommit, DiscoveredImage, TagVariables,
};
#[cfg(feature = "time-zones")]
pub use time::Region;
pub use time::{Location, Time};
pub use value::{List, Map, Record, Value};

use crate::verdict::{Rejection, Verdict};

/// A compiled expression.
#[derive(Clone, Debug)]
pub struct Expression {
    text: Arc<str>,
    tree: Arc<syntax::Tree>,
    root: syntax::NodeId,
}

impl Expression {
    /// Compiles an expression that calls no functions but those of the language.
    ///
    /// # Errors
    ///
    /// A text that is no expression, and one whose types cannot fit.
    pub fn compile(text: &str) -> Result<Self, CompileError> {
        Self::compile_with(text, &Signatures::none())
    }

    /// Compiles an expression that may call functions of its environment.
    ///
    /// # Errors
    ///
    /// As [`Expression::compile`].
    pub fn compile_with(text: &str, signatures: &Signatures) -> Result<Self, CompileError> {
        let (mut tree, root) = parse::parse(text)?;
        check::check(&mut tree, root, signatures)?;
        rewrite::rewrite(&mut tree)?;
        Ok(Self { text: text.into(), tree: Arc::new(tree), root })
    }

    /// The names in a text that neither these variables, nor these functions, nor the language have. Each is nil when it
    /// is evaluated, and a condition on nil is mostly true or false for every candidate.
    ///
    /// ```
    /// use selection_strategies::expression::{CommitVariables, Expression, Signatures};
    ///
    /// let filter = "!(message contains '[skip ci]') && author != ''";
    /// let unknown = Expression::unknown_names(filter, CommitVariables::NAMES, &Signatures::none())?;
    /// assert_eq!((unknown.len(), unknown[0].name.as_str(), unknown[0].position), (1, "message", 2));
    /// # Ok::<(), selection_strategies::expression::CompileError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Expression::compile`], where the text cannot be read.
    pub fn unknown_names(
        text: &str,
        variables: &[&str],
        signatures: &Signatures,
    ) -> Result<Vec<UnknownName>, CompileError> {
        let (tree, _) = parse::parse(text)?;
        Ok(names::unknown(&tree, variables, signatures))
    }

    /// How a text reads the names of variables and of functions that it does not call, in the order of the text: what
    /// reads a member of a text, or a function without a call, fails whenever it is evaluated.
    ///
    /// ```
    /// use selection_strategies::expression::{Expression, Signatures};
    ///
    /// let uses = Expression::uses_of_names("commit.message != '' && commitDate.After(now)", &Signatures::none())?;
    /// assert_eq!((uses[0].name.as_str(), uses[0].member.as_deref()), ("commit", Some("message")));
    /// assert!(uses[1].is_called && uses[2].is_uncalled_function());
    /// # Ok::<(), selection_strategies::expression::CompileError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Expression::compile`], where the text cannot be read.
    pub fn uses_of_names(text: &str, signatures: &Signatures) -> Result<Vec<NameUse>, CompileError> {
        let (tree, _) = parse::parse(text)?;
        Ok(names::uses(&tree, signatures))
    }

    /// The value of the expression.
    ///
    /// # Errors
    ///
    /// What cannot be computed: operators and functions that do not fit the values they meet, and
    /// what exceeds the bounds.
    pub fn evaluate(&self, environment: &Environment<'_>) -> Result<Value, RunError> {
        evaluate::evaluate(&self.tree, self.root, environment)
    }

    /// Whether the expression is true.
    ///
    /// # Errors
    ///
    /// [`ExpressionError::Run`] as [`Expression::evaluate`]; [`ExpressionError::NotBoolean`] if the
    /// value is no truth value in the sense of Go's `ParseBool`.
    pub fn decide(&self, environment: &Environment<'_>) -> Result<bool, ExpressionError> {
        let value = self.evaluate(environment).map_err(ExpressionError::Run)?;
        if let Value::Bool(value) = value {
            return Ok(value);
        }
        let written = display::display(&value).unwrap_or_default();
        match &written[..] {
            b"1" | b"t" | b"T" | b"true" | b"TRUE" | b"True" => Ok(true),
            b"0" | b"f" | b"F" | b"false" | b"FALSE" | b"False" => Ok(false),
            _ => {
                let value = value.to_string().chars().take(80).collect();
                Err(ExpressionError::NotBoolean { value })
            }
        }
    }

    /// What the expression says about a candidate: accepted, or
    /// [`Rejection::FilteredByExpression`].
    ///
    /// # Errors
    ///
    /// As [`Expression::decide`].
    pub fn judge(&self, environment: &Environment<'_>) -> Result<Verdict, ExpressionError> {
        Ok(if self.decide(environment)? {
            Verdict::Accepted
        } else {
            Rejection::FilteredByExpression { expression: Arc::clone(&self.text) }.into()
        })
    }

    /// The calls of `function` whose results the expression may read `field` of, so that a caller can provide what is
    /// costly only where it is read. Nothing is evaluated.
    ///
    /// Variables, conditionals, lists and predicates are followed. A result that is used as a whole, as `toJSON` does,
    /// counts as read. No read is left out; where the expression does not tell, the answer names more than is read.
    ///
    /// ```
    /// use selection_strategies::expression::{Expression, FieldReads, Signatures};
    ///
    /// let criteria = "let app = imageFrom('ghcr.io/example/app'); \
    ///     app.CreatedAt != nil && imageFrom('ghcr.io/example/db').Tag == app.Tag";
    /// let criteria = Expression::compile_with(criteria, &Signatures::for_freight())?;
    /// let app = ["ghcr.io/example/app".to_owned()];
    /// assert_eq!(criteria.reads_of("imageFrom", "CreatedAt"), FieldReads::Of(app.into()));
    /// # Ok::<(), selection_strategies::expression::CompileError>(())
    /// ```
    #[must_use]
    pub fn reads_of(&self, function: &str, field: &str) -> FieldReads {
        reads::reads(&self.tree, self.root, function, field)
    }

    /// The expression as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}
