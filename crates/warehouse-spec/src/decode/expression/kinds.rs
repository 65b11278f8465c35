//! Filters that compile and fail when they are evaluated, as the kinds of their variables do not fit, and the expression that was meant.

use std::sync::LazyLock;

use kargo_expr::{Environment, Expression, Kind};
use regex::Regex;

use crate::decode::context::{Context, Field};
use crate::decode::expression::operator::with_whole_negations;
use crate::decode::expression::unfinished::end_of_text;
use crate::diagnostic::{Code, Help};
use crate::rule;

/// A comparison of a name and a text.
static COMPARISON: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let text = r#"(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`)"#;
    Regex::new(&format!(r"\s(?:contains|startsWith|endsWith|matches|==)\s+{text}")).ok()
});

/// The longest filter for which a remedy is looked for, in bytes.
const LONGEST_REWRITTEN: usize = 8 << 10;

/// Warns about a filter that cannot be evaluated, and about one that gives neither true nor false.
pub(crate) fn check(context: &mut Context, field: &Field<'_>, text: &str, of_tags: bool) {
    let (message, help) = match rule::kind_of_filter(text, of_tags) {
        Err(error) => {
            let message = format!("the types do not fit when the expression is evaluated: {error}");
            (message, meant(context, text, of_tags).unwrap_or_else(|| types(of_tags).into()))
        }
        Ok(kind) if !is_condition(&kind) && !is_chosen(text) => {
            let message = format!("the expression gives a value of type {kind}, neither true nor false");
            let help = match kind {
                Kind::Text => "compare it, as in `subject contains 'fix'`".to_owned(),
                Kind::Int | Kind::SizedInt | Kind::Float => {
                    format!("compare it, as in `{} > 0`", text.trim())
                }
                _ => types(of_tags),
            };
            (message, help.into())
        }
        Ok(_) => return,
    };
    context.warn(Code::BadExpression, field, message, help);
}

fn is_condition(kind: &Kind) -> bool {
    matches!(kind, Kind::Bool | Kind::Unknown | Kind::Any)
}

/// Whether a text may be meant to give one of the texts and numbers that stand for true and false.
fn is_chosen(text: &str) -> bool {
    text.contains('?') || text.contains("if ") || rule::uses(text, false).is_empty()
}

/// What the variables are.
fn types(of_tags: bool) -> String {
    let date = if of_tags { "creatorDate" } else { "commitDate" };
    format!(
        "`{date}` is a time, compared as in `{date} > date('2025-01-31')`; every other variable is a string"
    )
}

/// The expression that was meant, where its kinds fit.
fn meant(context: &Context, text: &str, of_tags: bool) -> Option<Help> {
    if text.len() > LONGEST_REWRITTEN {
        return None;
    }
    let date = if of_tags { "creatorDate" } else { "commitDate" };
    let steps: [&dyn Fn(&str) -> String; 4] =
        [&|text| with_dates(text, date), &|text| with_calls(text, date), &with_whole_negations, &|text| {
            with_comparisons(text, rule::variables(of_tags))
        }];
    let mut form = text.to_owned();
    for step in steps {
        form = step(&form);
        if form != text && rule::kind_of_filter(&form, of_tags).is_ok_and(|kind| is_condition(&kind)) {
            return Some(context.style.writing(&form).probable());
        }
    }
    None
}

/// The expression with the texts that are compared with a time as times: `date('2024-01-01')`.
fn with_dates(text: &str, date: &str) -> String {
    let mut form = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '\'' | '"' | '`' => end_of_text(rest),
            _ => first.len_utf8(),
        };
        let (part, after) = rest.split_at(end);
        let is_literal = end > first.len_utf8();
        match is_literal && is_compared(&form, after, date) && is_date(part) {
            true => form.push_str(&format!("date({part})")),
            false => form.push_str(part),
        }
        rest = after;
    }
    form
}

/// Whether what is between these parts of an expression is compared with the date, or given to a method of it.
fn is_compared(before: &str, after: &str, date: &str) -> bool {
    let operator = |letter: char| matches!(letter, '<' | '>' | '=' | '!');
    let before = before.trim_end();
    let left = before.trim_end_matches(operator);
    let right = after.trim_start().trim_start_matches(operator);
    let methods = ["After", "Before", "Equal", "Compare", "Sub"];
    left.len() < before.len() && left.trim_end().ends_with(date)
        || right.len() < after.trim_start().len() && right.trim_start().starts_with(date)
        || methods.iter().any(|method| before.ends_with(&format!("{date}.{method}(")))
}

/// Whether a text in quotation marks is one that `date` reads.
fn is_date(quoted: &str) -> bool {
    let call = Expression::compile(&format!("date({quoted})"));
    call.is_ok_and(|call| call.evaluate(&Environment::new()).is_ok())
}

/// The expression with the methods of the date called: `commitDate.Year()`.
fn with_calls(text: &str, date: &str) -> String {
    let mut form = text.to_owned();
    let uses = rule::uses(text, false);
    for used in uses.iter().rev().filter(|used| used.name == date && !used.is_called) {
        let Some(member) = used.member.as_deref() else { continue };
        let read = format!("{date}.{member}");
        let end = used.position + read.len();
        if text.get(used.position..end) != Some(read.as_str()) {
            continue;
        }
        let method =
            member.get(..1).unwrap_or_default().to_ascii_uppercase() + member.get(1..).unwrap_or_default();
        form.replace_range(used.position..end, &format!("{date}.{method}()"));
    }
    form
}

/// The expression in which a text alone between `||` and `&&` is compared as the one before it: `subject contains 'x' || author contains 'x'`.
fn with_comparisons(text: &str, variables: &[&str]) -> String {
    let is_start = |before: &str| {
        ["||", "&&", " or", " and"].iter().any(|operator| before.trim_end().ends_with(operator))
    };
    let is_end = |after: &str| {
        let after = after.trim_start();
        after.is_empty()
            || ["||", "&&", "or ", "and ", ")"].iter().any(|operator| after.starts_with(operator))
    };
    let mut form = text.to_owned();
    for used in rule::uses(text, false).iter().rev() {
        let end = used.position + used.name.len();
        let (Some(before), Some(after)) = (text.get(..used.position), text.get(end..)) else { continue };
        let is_alone = used.member.is_none() && is_start(before) && is_end(after);
        let last = COMPARISON.as_ref().and_then(|comparison| comparison.find_iter(before).last());
        if let Some(comparison) = last.filter(|_| is_alone && variables.contains(&&*used.name)) {
            form.insert_str(end, comparison.as_str());
        }
    }
    form
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_compiles() {
        assert!(COMPARISON.is_some());
    }
}
