//! Pure rules that choose among artifact versions as a Kargo Warehouse does: semver constraints, tag filters, path selectors, expressions

mod constraint;
pub mod glob;
mod go_regex;
pub mod path;
mod tag;
mod verdict;
mod version;

pub use constraint::{Constraint, ConstraintError, MAX_CONSTRAINT_GROUPS, MAX_CONSTRAINT_LENGTH};
pub use go_regex::{GoRegex, GoRegexError, GoRegexSyntaxError, MAX_PATTERN_LENGTH};
pub use tag::{
    Candidate, NameKind, Ranking, Selection, TagFilter, TagFilterBuilder, TagFilterError, TagRule,
    TagStrategy,
};
pub use verdict::{IgnoreRule, Rejection, Verdict};
pub use version::{ExchangeError, MAX_VERSION_LENGTH, Strictness, Version, VersionError, VersionRef};
