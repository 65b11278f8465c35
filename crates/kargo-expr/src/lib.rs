//! Expressions in the syntax of expr-lang, which filter commits and tags and decide about Freight
//! ([rules 4.6 and 6.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
//!
//! ```
//! use kargo_expr::{Environment, Expression, Time};
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
//! It is expr-lang as of v1.17.8, types and optimizer included: an expression that compiles there compiles
//! here and means the same, except for the differences below. There are literals, arithmetic, comparisons (`1 < x < 3`), `and`, `or`,
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
//! A value that is not a boolean is converted as by Go's `ParseBool`: `1`, `t`, `T`, `true`, `TRUE` and
//! `True` are true, and the corresponding spellings are false.
//!
//! # Bounds
//!
//! An expression has at most 150 levels in its tree and 250 in its text, a value at most 100, and
//! one evaluation ends after some ten million steps, a million list elements (as in expr-lang) or
//! 32 MiB of text, with an error.
//! Nothing panics or overflows the stack.
//!
//! # Differences from expr-lang
//!
//! * Without the feature `time-zones` there is no database of time zones: `timezone('UTC')` works, and
//!   `timezone('Europe/Berlin')` is an error when it is evaluated. `IsDST()` is true of summer time in Dublin and Casablanca,
//!   whose winter time is the saving time to Go. The database is the crate's own release of it, not the
//!   machine's; before 1970, a zone that was merged into another one has the times of that one, where Go keeps its own.
//! * The order of `keys`, `values` and `toPairs` is the order of the keys; in Go it is random.
//! * The local time zone is UTC, as in a container.
//! * An image, commit, chart or artifact cannot be the key of a map, and its `type()` is `struct`.
//! * Of the methods of times, those that write bytes (`AppendFormat`, `MarshalBinary`, `GobEncode`), `GoString` and
//!   `ZoneBounds` are missing; `AddDate` beyond all dates does not wrap around.
//! * `float()` reads decimal numbers without underscores only.
//! * A pattern costs steps by its size, and all literal patterns of one expression share one limit.
//! * The bytes of a text (`subject[0]`) are whole numbers like any other; Go's have their own type,
//!   which negation wraps around.
//! * `sortBy` is stable; Go's order of equal keys depends on its algorithm beyond twelve elements.
//! * The last digit of a power with a fractional exponent is the platform's, here and in Go.
//! * `findLast` and `a?.method(b)` work in the middle of an expression, too; expr-lang leaves values
//!   on its stack, which are then taken for operands.

mod budget;
mod builtin;
mod check;
mod encoding;
mod environment;
mod error;
mod evaluate;
mod expression;
mod kind;
mod method;
mod operator;
mod parse;
mod reads;
mod rewrite;
mod subscription;
mod syntax;
mod time;
mod token;
mod value;

pub use environment::{Environment, Function, Signature, Signatures};
pub use error::{CompileError, ExpressionError, Failure, RunError, UnknownMember};
pub use expression::Expression;
pub use kind::{Kind, MapKind, RecordKind};
pub use parse::MAX_EXPRESSION_LENGTH;
pub use reads::{FieldReads, NameUse, UnknownName};
pub use subscription::{
    CommitVariables, DiscoveredArtifact, DiscoveredChart, DiscoveredCommit, DiscoveredImage, TagVariables,
};
#[cfg(feature = "time-zones")]
pub use time::Region;
pub use time::{Location, Time};
pub use value::{List, Map, Record, Value};

/// The example of the README is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
