//! The functions of the language: their names, their signatures, and what computes them.

mod collection;
mod scalar;

pub(crate) use collection::is_descending;

use crate::budget::Budget;
use crate::error::Failure;
use crate::kind::{Kind, MapKind, Shape};
use crate::time::Time;
use crate::value::Value;

/// A parameter of a function that takes a predicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parameter {
    Expression,
    Predicate,
    OptionalPredicate,
    OptionalExpression,
}

impl Parameter {
    pub(crate) fn is_optional(self) -> bool {
        matches!(self, Self::OptionalPredicate | Self::OptionalExpression)
    }

    pub(crate) fn is_predicate(self) -> bool {
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
pub(crate) fn predicate(name: &str) -> Option<(&'static str, &'static [Parameter])> {
    PREDICATES.into_iter().find(|(other, _)| *other == name)
}

/// The name of another function of the language.
pub(crate) fn name(name: &str) -> Option<&'static str> {
    NAMES.into_iter().find(|other| *other == name)
}

/// Whether a function of the language has this name.
pub(crate) fn exists(text: &str) -> bool {
    predicate(text).is_some() || name(text).is_some()
}

/// Calls a function that takes no predicate.
pub(crate) fn call(
    name: &str,
    arguments: &[Value],
    now: Option<&Time>,
    budget: &mut Budget,
) -> Result<Value, Failure> {
    budget.work(8)?;
    match name {
        "int" | "float" | "abs" | "ceil" | "floor" | "round" | "bitand" | "bitor" | "bitxor" | "bitnand"
        | "bitshl" | "bitshr" | "bitushr" | "bitnot" => scalar::call_number(name, arguments),
        "max" | "min" | "mean" | "median" => collection::call_aggregate(name, arguments, budget),
        "now" | "duration" | "date" | "timezone" => scalar::call_moment(name, arguments, now),
        "first" | "last" | "get" | "take" | "keys" | "values" | "toPairs" | "fromPairs" | "reverse"
        | "uniq" | "concat" | "flatten" | "sort" | "len" => collection::call(name, arguments, budget),
        _ => scalar::call_text(name, arguments, budget),
    }
}

// Signatures.

/// What an overload takes as one argument.
#[derive(Clone, Copy)]
enum Argument {
    Anything,
    Text,
    Int,
    AnyList,
    Texts,
    /// A list of another type than expressions can know of.
    OtherList,
}

use Argument::{AnyList, Anything, Int, OtherList, Text, Texts};

impl Argument {
    fn takes(self, kind: &Kind) -> bool {
        match self {
            Anything => true,
            _ if kind.is_unknown() => true,
            Text => *kind == Kind::Text,
            Int => kind.is_integer(),
            AnyList => matches!(kind, Kind::List(_)),
            Texts => *kind == Kind::Texts,
            OtherList => false,
        }
    }
}

/// The overloads of a function and what it returns; `None` for functions with rules of their own.
fn overloads(name: &str) -> Option<(&'static [&'static [Argument]], Kind)> {
    Some(match name {
        "type" | "string" | "toJSON" => (&[&[Anything]], Kind::Text),
        "trim" | "trimPrefix" | "trimSuffix" => (&[&[Text], &[Text, Text]], Kind::Text),
        "upper" | "lower" | "toBase64" | "fromBase64" => (&[&[Text]], Kind::Text),
        "split" | "splitAfter" => (&[&[Text, Text], &[Text, Text, Int]], Kind::Texts),
        "replace" => (&[&[Text, Text, Text, Int], &[Text, Text, Text]], Kind::Text),
        "repeat" => (&[&[Text, Int]], Kind::Text),
        "join" => (&[&[Texts, Text], &[AnyList, Text], &[AnyList], &[Texts]], Kind::Text),
        "indexOf" | "lastIndexOf" => (&[&[Text, Text]], Kind::Int),
        "hasPrefix" | "hasSuffix" => (&[&[Text, Text]], Kind::Bool),
        "fromJSON" => (&[&[Text]], Kind::Any),
        "duration" => (&[&[Text]], Kind::Duration),
        "timezone" => (&[&[Text]], Kind::Location),
        "sort" => (
            &[&[AnyList, Text], &[Texts, Text], &[OtherList, Text], &[AnyList], &[Texts], &[OtherList]],
            Kind::any_list(),
        ),
        "bitand" | "bitor" | "bitxor" | "bitnand" | "bitshl" | "bitshr" | "bitushr" => {
            (&[&[Int, Int]], Kind::Int)
        }
        "bitnot" => (&[&[Int]], Kind::Int),
        _ => return None,
    })
}

/// Checks the arguments of a function and returns the kind of the result.
pub(crate) fn check(name: &str, arguments: &[Kind]) -> Result<Kind, String> {
    if let Some((overloads, result)) = overloads(name) {
        let fits = overloads.iter().any(|wanted| {
            wanted.len() == arguments.len()
                && wanted.iter().zip(arguments).all(|(wanted, kind)| wanted.takes(kind))
        });
        return if fits { Ok(result) } else { Err(wrong_arguments(name, arguments)) };
    }
    match name {
        "max" | "min" | "mean" | "median" => aggregate(name, arguments),
        "concat" if arguments.is_empty() => Err(wrong_arguments(name, arguments)),
        "concat" if arguments.iter().all(is_listlike) => Ok(Kind::any_list()),
        "now" => match arguments {
            [] | [Kind::Location] => Ok(Kind::Time),
            _ => Err(wrong_arguments(name, arguments)),
        },
        "date" => {
            let rest = match arguments {
                [Kind::Location, rest @ ..] => rest,
                all => all,
            };
            if arguments.is_empty() || rest.len() > 3 {
                Err(wrong_arguments(name, arguments))
            } else {
                Ok(Kind::Time)
            }
        }
        "take" => match arguments {
            [list, count] if is_listlike(list) && (count.is_unknown() || is_whole(count)) => {
                Ok(if matches!(list, Kind::List(_)) { Kind::any_list() } else { returned(list) })
            }
            _ => Err(wrong_arguments(name, arguments)),
        },
        _ => match arguments {
            [only] => one(name, only).ok_or_else(|| wrong_arguments(name, arguments)),
            _ => Err(wrong_arguments(name, arguments)),
        },
    }
}

/// Functions of one argument.
fn one(name: &str, argument: &Kind) -> Option<Kind> {
    let number = is_numberlike(argument) || argument.is_unknown();
    let text = *argument == Kind::Text;
    let map = argument.shape() == Shape::Map || argument.is_unknown();
    let list = is_listlike(argument);
    match name {
        "len" if list || text || map => Some(Kind::Int),
        "abs" if number => Some(returned(argument)),
        "ceil" | "floor" | "round" if number => Some(Kind::Float),
        "int" if number || text => Some(Kind::Int),
        "float" if number || text => Some(Kind::Float),
        "first" | "last" if list => Some(match argument {
            Kind::Texts => Kind::Text,
            Kind::Bytes => Kind::SizedInt,
            _ => Kind::Any,
        }),
        "keys" | "values" | "toPairs" if map => Some(Kind::any_list()),
        "fromPairs" if list => Some(Kind::Map(MapKind::AnyToAny)),
        "reverse" | "uniq" | "flatten" | "concat" if list => Some(Kind::any_list()),
        _ => None,
    }
}

fn aggregate(name: &str, arguments: &[Kind]) -> Result<Kind, String> {
    let Some(first) = arguments.first() else { return Err(wrong_arguments(name, arguments)) };
    for argument in arguments {
        if is_listlike(argument) {
            return Ok(Kind::Any);
        }
        if !is_numberlike(argument) {
            return Err(wrong_arguments(name, arguments));
        }
    }
    Ok(first.clone())
}

/// The kind of an argument that a function gives back: of a function it is known that it returns anything, even where nothing is
/// known of its argument.
fn returned(argument: &Kind) -> Kind {
    if argument.is_unknown() { Kind::Any } else { argument.clone() }
}

fn is_listlike(kind: &Kind) -> bool {
    kind.is_list() || kind.is_unknown()
}

fn is_whole(kind: &Kind) -> bool {
    matches!(kind.shape(), Shape::Int | Shape::Int64)
}

fn is_numberlike(kind: &Kind) -> bool {
    is_whole(kind) || kind.shape() == Shape::Float
}

fn wrong_arguments(name: &str, arguments: &[Kind]) -> String {
    let kinds: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    format!("{name} cannot be called with ({})", kinds.join(", "))
}
