//! The functions of the language.

mod aggregate;
mod collection;
mod moment;
mod number;
mod signature;
mod text;

pub(super) use collection::is_descending;
pub(super) use signature::check;

use super::budget::Budget;
use super::error::Failure;
use super::time::Time;
use super::value::Value;

/// A parameter of a function that takes a predicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parameter {
    Expression,
    Predicate,
    OptionalPredicate,
    OptionalExpression,
}

impl Parameter {
    pub(super) fn is_optional(self) -> bool {
        matches!(self, Self::OptionalPredicate | Self::OptionalExpression)
    }

    pub(super) fn is_predicate(self) -> bool {
        matches!(self, Self::Predicate | Self::OptionalPredicate)
    }
}

use Parameter::{Expression, OptionalExpression, OptionalPredicate, Predicate};

/// The functions that take a predicate, which are evaluated where the scopes are.
const PREDICATES: [(&str, &[Parameter]); 15] = [
    ("all", &[Expression, Predicate]),
    ("none", &[Expression, Predicate]),
    ("any", &[Expression, Predicate]),
    ("one", &[Expression, Predicate]),
    ("filter", &[Expression, Predicate]),
    ("map", &[Expression, Predicate]),
    ("count", &[Expression, OptionalPredicate]),
    ("sum", &[Expression, OptionalPredicate]),
    ("find", &[Expression, Predicate]),
    ("findIndex", &[Expression, Predicate]),
    ("findLast", &[Expression, Predicate]),
    ("findLastIndex", &[Expression, Predicate]),
    ("groupBy", &[Expression, Predicate]),
    ("sortBy", &[Expression, Predicate, OptionalExpression]),
    ("reduce", &[Expression, Predicate, OptionalExpression]),
];

/// All others.
const NAMES: [&str; 56] = [
    "len",
    "type",
    "abs",
    "ceil",
    "floor",
    "round",
    "int",
    "float",
    "string",
    "trim",
    "trimPrefix",
    "trimSuffix",
    "upper",
    "lower",
    "split",
    "splitAfter",
    "replace",
    "repeat",
    "join",
    "indexOf",
    "lastIndexOf",
    "hasPrefix",
    "hasSuffix",
    "max",
    "min",
    "mean",
    "median",
    "toJSON",
    "fromJSON",
    "toBase64",
    "fromBase64",
    "now",
    "duration",
    "date",
    "timezone",
    "first",
    "last",
    "get",
    "take",
    "keys",
    "values",
    "toPairs",
    "fromPairs",
    "reverse",
    "uniq",
    "concat",
    "flatten",
    "sort",
    "bitand",
    "bitor",
    "bitxor",
    "bitnand",
    "bitshl",
    "bitshr",
    "bitushr",
    "bitnot",
];

/// The function of a name that takes a predicate.
pub(super) fn predicate(name: &str) -> Option<(&'static str, &'static [Parameter])> {
    PREDICATES.into_iter().find(|(other, _)| *other == name)
}

/// The name of another function of the language.
pub(super) fn name(name: &str) -> Option<&'static str> {
    NAMES.into_iter().find(|other| *other == name)
}

/// Whether a function of the language has this name.
pub(super) fn exists(text: &str) -> bool {
    predicate(text).is_some() || name(text).is_some()
}

/// Calls a function that takes no predicate.
pub(super) fn call(
    name: &str,
    arguments: &[Value],
    now: Option<&Time>,
    budget: &mut Budget,
) -> Result<Value, Failure> {
    budget.work(8)?;
    match name {
        "int" | "float" | "abs" | "ceil" | "floor" | "round" | "bitand" | "bitor" | "bitxor" | "bitnand"
        | "bitshl" | "bitshr" | "bitushr" | "bitnot" => number::call(name, arguments),
        "max" | "min" | "mean" | "median" => aggregate::call(name, arguments, budget),
        "now" | "duration" | "date" | "timezone" => moment::call(name, arguments, now),
        "first" | "last" | "get" | "take" | "keys" | "values" | "toPairs" | "fromPairs" | "reverse"
        | "uniq" | "concat" | "flatten" | "sort" | "len" => collection::call(name, arguments, budget),
        _ => text::call(name, arguments, budget),
    }
}

/// An argument that has to be there.
fn argument(arguments: &[Value], index: usize) -> Result<&Value, Failure> {
    arguments.get(index).ok_or_else(|| Failure::new("not enough arguments"))
}

/// An argument that has to be a text.
fn text_argument(arguments: &[Value], index: usize) -> Result<&[u8], Failure> {
    match argument(arguments, index)? {
        Value::Text(text) => Ok(text),
        other => Err(Failure::new(format!("expected a string, not {}", other.type_name()))),
    }
}

/// An argument that has to be a whole number, or a number to be cut off.
fn int_argument(arguments: &[Value], index: usize) -> Result<i64, Failure> {
    super::operator::to_int(argument(arguments, index)?)
}
