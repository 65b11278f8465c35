//! A compiled expression.

use std::fmt;
use std::sync::Arc;

use selection_strategies::{Rejection, Verdict};

use crate::encoding::display;
use crate::environment::{Environment, Signatures};
use crate::error::{CompileError, ExpressionError, RunError};
use crate::kind::Kind;
use crate::reads::{FieldReads, NameUse, UnknownName};
use crate::syntax::{NodeId, Tree};
use crate::value::Value;
use crate::{check, evaluate, parse, reads, rewrite};

/// A compiled expression.
#[derive(Clone, Debug)]
pub struct Expression {
    text: Arc<str>,
    tree: Arc<Tree>,
    root: NodeId,
}

impl Expression {
    /// Compiles an expression that calls no functions but those of the language.
    ///
    /// # Errors
    ///
    /// A text that is not an expression, and one whose types cannot fit.
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
        check::check(&mut tree, root, signatures, &[])?;
        rewrite::rewrite(&mut tree)?;
        Ok(Self { text: text.into(), tree: Arc::new(tree), root })
    }

    /// The kind of the value of an expression whose variables have these kinds: what compiles, and fails when it is evaluated with such
    /// variables, is found without evaluating it. [`CommitVariables::KINDS`](crate::CommitVariables::KINDS) are those of commits.
    ///
    /// Stricter than [`Expression::compile`], which knows nothing about variables, as Kargo does not: a comparison of different kinds by `==`, which is
    /// never true, and a mistake behind `||` or `&&`, which is not always reached, are errors here.
    ///
    /// ```
    /// use kargo_expr::{CommitVariables, Expression, Kind, Signatures};
    ///
    /// let kind = |text| Expression::kind_with(text, &Signatures::none(), CommitVariables::KINDS);
    /// assert_eq!(kind("commitDate.Year() > 2020"), Ok(Kind::Bool));
    /// assert_eq!(kind("len(subject)"), Ok(Kind::Int));
    ///
    /// let error = kind("commitDate > '2024-01-01'").unwrap_err();
    /// assert_eq!(error.message(), "time > string is not possible");
    /// assert!(Expression::compile("commitDate > '2024-01-01'").is_ok());
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Expression::compile`], and where the kinds of the variables do not fit.
    pub fn kind_with(
        text: &str,
        signatures: &Signatures,
        variables: &[(&str, Kind)],
    ) -> Result<Kind, CompileError> {
        let (mut tree, root) = parse::parse(text)?;
        check::check(&mut tree, root, signatures, variables)
    }

    /// The names in a text that neither these variables, nor these functions, nor the language have. Each is nil when it
    /// is evaluated, and a condition on nil is mostly true or false for every candidate.
    ///
    /// ```
    /// use kargo_expr::{CommitVariables, Expression, Signatures};
    ///
    /// let filter = "!(message contains '[skip ci]') && author != ''";
    /// let unknown = Expression::unknown_names(filter, CommitVariables::NAMES, &Signatures::none())?;
    /// assert_eq!((unknown.len(), unknown[0].name.as_str(), unknown[0].position), (1, "message", 2));
    /// # Ok::<(), kargo_expr::CompileError>(())
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
        Ok(reads::unknown_names(&tree, variables, signatures))
    }

    /// How a text reads the names of variables and of functions that it does not call, in the order of the text: what
    /// reads a member of a text, or a function without a call, fails whenever it is evaluated.
    ///
    /// ```
    /// use kargo_expr::{Expression, Signatures};
    ///
    /// let uses = Expression::uses_of_names("commit.message != '' && commitDate.After(now)", &Signatures::none())?;
    /// assert_eq!((uses[0].name.as_str(), uses[0].member.as_deref()), ("commit", Some("message")));
    /// assert!(uses[1].is_called && uses[2].is_uncalled_function());
    /// # Ok::<(), kargo_expr::CompileError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Expression::compile`], where the text cannot be read.
    pub fn uses_of_names(text: &str, signatures: &Signatures) -> Result<Vec<NameUse>, CompileError> {
        let (tree, _) = parse::parse(text)?;
        Ok(reads::uses_of_names(&tree, signatures))
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
    /// value is not a truth value in the sense of Go's `ParseBool`.
    pub fn decide(&self, environment: &Environment<'_>) -> Result<bool, ExpressionError> {
        let value = self.evaluate(environment).map_err(ExpressionError::Run)?;
        if let Value::Bool(value) = value {
            return Ok(value);
        }
        let written = display(&value).unwrap_or_default();
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
    /// counts as read. No read is left out; where it cannot be decided, the answer names more than is read.
    ///
    /// ```
    /// use kargo_expr::{Expression, FieldReads, Signatures};
    ///
    /// let criteria = "let app = imageFrom('ghcr.io/example/app'); \
    ///     app.CreatedAt != nil && imageFrom('ghcr.io/example/db').Tag == app.Tag";
    /// let criteria = Expression::compile_with(criteria, &Signatures::for_freight())?;
    /// let app = ["ghcr.io/example/app".to_owned()];
    /// assert_eq!(criteria.reads_of("imageFrom", "CreatedAt"), FieldReads::Of(app.into()));
    /// # Ok::<(), kargo_expr::CompileError>(())
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
