//! Checks of texts against the rules that judge artifacts: whether a constraint, a pattern, a selector or an expression parses. Each
//! check returns an error message, or `None`.

use std::error::Error;
use std::sync::LazyLock;

use go_compat::{GoRegex, GoRegexError, RegexBudget};
use kargo_expr::{CommitVariables, CompileError, Expression, Kind, Signatures, TagVariables};
use kargo_expr::{NameUse, UnknownName};
use regex::Regex;
use selection_strategies::path::{PathSelector, PathSelectorError};
use selection_strategies::{Constraint, ConstraintError, nearest_name};

/// What an error says is wrong, without its own repetition of the text that we show anyway.
fn reason(error: &dyn Error) -> String {
    let Some(source) = error.source() else {
        return error.to_string();
    };
    let mut text = source.to_string();
    let mut next = source.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}

/// Why this is not a version constraint ([rules 2.1 to 2.9](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
pub(crate) fn constraint(text: &str) -> Option<String> {
    match Constraint::parse(text) {
        Ok(_) => None,
        Err(ConstraintError::Malformed { group }) if group.trim() == text.trim() => {
            Some("it is not a list of comparisons such as `>=1.2, <2`".to_owned())
        }
        Err(error) => Some(reason(&error)),
    }
}

/// Whether this is a version constraint that no version satisfies.
pub(crate) fn is_unsatisfiable(text: &str) -> bool {
    Constraint::parse(text).is_ok_and(|constraint| !constraint.is_satisfiable())
}

/// Why this is not a regular expression of Go's syntax ([rule 3.3](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
pub(crate) fn regex(text: &str) -> Option<String> {
    GoRegex::new(text).err().map(|error| regex_reason(&error))
}

/// Why a pattern that is none too large by itself is not compiled.
pub(crate) fn over_budget() -> String {
    format!(
        "the patterns of the manifest are more than {}, or exceed {} MiB together when compiled",
        RegexBudget::MAX_PATTERNS,
        RegexBudget::MAX_BYTES >> 20
    )
}

/// What to do about it.
pub(crate) const WITHIN_BUDGET: &str =
    "write fewer or smaller patterns, or put Warehouses into files of their own";

fn regex_reason(error: &GoRegexError) -> String {
    match error {
        GoRegexError::Syntax { error, position, .. } => format!("{error} at byte {position}"),
        GoRegexError::TooLong { .. } => "it is too long".to_owned(),
        GoRegexError::OverBudget { .. } => over_budget(),
        _ => "it is too large when compiled".to_owned(),
    }
}

/// Why this is not a path selector ([rule 4.4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
pub(crate) fn path_selector(text: &str) -> Option<String> {
    match PathSelector::new(text) {
        Ok(_) => None,
        Err(PathSelectorError::Regex { source, .. }) => Some(regex_reason(&source)),
        Err(error) => Some(reason(&error)),
    }
}

/// Why this is not a filter of commits or tags ([rule 4.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
pub(crate) fn filter(text: &str) -> Option<String> {
    Expression::compile(text).err().map(|error| error.to_string())
}

/// Why these are not criteria for Freight ([rule 6.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). Blank criteria are none.
pub(crate) fn criteria(text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return None;
    }
    let compiled = Expression::compile_with(text, &Signatures::for_freight());
    compiled.err().map(|error| error.to_string())
}

/// How many members of criteria are mended.
const MOST_MEMBERS: usize = 16;

/// The members in criteria that values do not have, each with its place, and the criteria that were meant, where that is all that is wrong.
pub(crate) fn unknown_members(text: &str) -> (Vec<String>, Option<String>) {
    let signatures = Signatures::for_freight();
    let (mut form, mut messages, mut grown) = (text.to_owned(), Vec::new(), 0_isize);
    for _ in 0..MOST_MEMBERS {
        let Err(error) = Expression::compile_with(&form, &signatures) else {
            let is_changed = !messages.is_empty();
            return (messages, is_changed.then_some(form));
        };
        let Some(unknown) = error.unknown_member() else { break };
        let (start, end) = (error.position(), error.position() + unknown.name.len());
        let meant = nearest(&unknown.name, &unknown.known);
        let Some(meant) = meant.filter(|_| form.get(start..end) == Some(unknown.name.as_str())) else {
            break;
        };
        messages.push(format!("{} (at byte {})", error.message(), start.saturating_add_signed(-grown)));
        grown += isize::try_from(meant.len()).unwrap_or(0) - isize::try_from(unknown.name.len()).unwrap_or(0);
        form.replace_range(start..end, meant);
    }
    (messages, None)
}

/// The names that a filter of commits or tags can ask for ([rule 4.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
pub(crate) fn variables(of_tags: bool) -> &'static [&'static str] {
    match of_tags {
        true => TagVariables::NAMES,
        false => CommitVariables::NAMES,
    }
}

/// The names in a filter that it cannot ask for.
pub(crate) fn unknown_in_filter(text: &str, of_tags: bool) -> Vec<UnknownName> {
    Expression::unknown_names(text, variables(of_tags), &Signatures::none()).unwrap_or_default()
}

/// The names in criteria that nothing has.
pub(crate) fn unknown_in_criteria(text: &str) -> Vec<UnknownName> {
    Expression::unknown_names(text, &[], &Signatures::for_freight()).unwrap_or_default()
}

/// The kind of what a filter gives, or why the kinds of the variables do not fit.
pub(crate) fn kind_of_filter(text: &str, of_tags: bool) -> Result<Kind, CompileError> {
    let variables = if of_tags { TagVariables::KINDS } else { CommitVariables::KINDS };
    Expression::kind_with(text, &Signatures::none(), variables)
}

/// How an expression reads names, where it can be read; criteria have functions of their own.
pub(crate) fn uses(text: &str, are_criteria: bool) -> Vec<NameUse> {
    let signatures = match are_criteria {
        true => Signatures::for_freight(),
        false => Signatures::none(),
    };
    Expression::uses_of_names(text, &signatures).unwrap_or_default()
}

/// The functions of criteria.
pub(crate) fn functions() -> Vec<&'static str> {
    Signatures::for_freight().names().collect()
}

/// What to write where `constraint` names a tag.
pub(crate) const NAME_A_TAG: &str = "name a tag, for example `latest`";

/// The longest branch name ([rule 1.7](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
pub(crate) const LONGEST_BRANCH: usize = 255;

/// What a name of a branch looks like.
pub(crate) const BRANCH_NAME: &str =
    "letters, digits, `.`, `_`, `-` and `/`; a letter or digit first, no `.` or `/` last";

static BRANCH: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[a-zA-Z0-9](?:[a-zA-Z0-9._/-]*[a-zA-Z0-9_-])?$").ok());

/// Whether this may be the name of a branch ([rule 1.7](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
pub(crate) fn is_branch(text: &str) -> bool {
    text.len() <= LONGEST_BRANCH && BRANCH.as_ref().is_some_and(|name| name.is_match(text))
}

/// The most similar of these names, if any is similar enough to be worth mentioning.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    nearest_name(name, known.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_what_was_meant() {
        let known = ["repoURL", "branch", "semverConstraint", "strictSemvers"];
        assert_eq!(nearest("repoUrl", &known), Some("repoURL"));
        assert_eq!(nearest("barnch", &known), Some("branch"));
        assert_eq!(nearest("strictSemver", &known), Some("strictSemvers"));
        assert_eq!(nearest("colour", &known), None);
    }
}
