//! Members of names in expressions that nothing has, and functions that are not called: what reads them fails whenever it is
//! evaluated, or is nil.

use kargo_expr::NameUse;

use crate::decode::context::Context;
use crate::decode::name::synonym;
use crate::decode::nearest::nearest;
use crate::decode::object::Field;
use crate::diagnostic::Code;
use crate::rule;

/// The operators that compare texts.
const OPERATORS: &[&str] = &["contains", "startsWith", "endsWith", "matches"];

/// Reports the members that are read of texts, and the functions that are not called.
pub(crate) fn check(context: &mut Context, field: &Field<'_>, uses: &[NameUse], known: &[&'static str]) {
    let mut told = Vec::new();
    for used in uses {
        let key = (used.name.as_str(), used.member.as_deref());
        if told.contains(&key) {
            continue;
        }
        if used.is_uncalled_function() {
            let message = format!("`{}` is a function, and it is not called", used.name);
            context.warn(Code::BadExpression, field, message, call_of(used, known));
        } else if let Some(member) = used.member.as_deref().filter(|_| is_text(&used.name, known)) {
            let such = match used.name.as_str() {
                "author" | "committer" | "tagger" => " `Name <email>`",
                _ => "",
            };
            let message = format!("`{}` is a text{such}, and has no `{member}`", used.name);
            context.warn(Code::UnknownName, field, message, instead(&used.name, member));
        } else {
            continue;
        }
        told.push(key);
    }
}

/// Reports the members that are read of a name that nothing has, where a variable holds what they are.
/// False where none is.
pub(crate) fn of_unknown(
    context: &mut Context,
    field: &Field<'_>,
    uses: &[NameUse],
    name: &str,
    known: &[&'static str],
    what: &str,
) -> bool {
    let mut told: Vec<&str> = Vec::new();
    for member in uses.iter().filter(|used| used.name == name).map(|used| used.member.as_deref()) {
        let Some(member) = member else { return false };
        let same = known.iter().copied().find(|known| known.eq_ignore_ascii_case(member));
        let Some(meant) = same.or_else(|| synonym(member, known)) else { return false };
        if told.contains(&member) {
            continue;
        }
        told.push(member);
        let message = format!("there is no `{name}.{member}` of {what}, as there is no `{name}`");
        context.warn(Code::UnknownName, field, message, format!("did you mean `{meant}`?"));
    }
    !told.is_empty()
}

/// How the first function that is not called is called.
pub(crate) fn call_of_first(text: &str, known: &[&'static str]) -> Option<String> {
    let uses = rule::uses(text, known.is_empty());
    uses.iter().find(|used| used.is_uncalled_function()).map(|used| call_of(used, known))
}

/// What to write in place of a function that is not called: the variable that is meant, or a call.
fn call_of(used: &NameUse, known: &[&'static str]) -> String {
    match synonym(&used.name, known).filter(|_| used.member.is_some()) {
        Some(variable) => format!("did you mean `{variable}`?"),
        None => call(&used.name, known.contains(&"tag")),
    }
}

/// What to write to call a function.
fn call(name: &str, of_tags: bool) -> String {
    let date = if of_tags { "creatorDate" } else { "commitDate" };
    match name {
        "date" => format!("call it: `date('2025-01-31')`, as in `{date}.After(date('2025-01-31'))`"),
        "now" => format!("call it: `now()`, as in `now() - {date} < duration('24h')`"),
        "duration" => format!("call it: `duration('24h')`, as in `now() - {date} < duration('24h')`"),
        "timezone" => "call it: `timezone('UTC')`".to_owned(),
        "imageFrom" | "commitFrom" | "chartFrom" => format!("call it with the `repoURL`: `{name}('...')`"),
        name => format!("call it: `{name}(...)`"),
    }
}

/// Every variable of commits and tags is a text, but for the dates.
fn is_text(name: &str, known: &[&str]) -> bool {
    known.contains(&name) && !name.ends_with("Date")
}

/// What to write in place of a member of a text.
fn instead(name: &str, member: &str) -> String {
    let operator = match member.to_ascii_lowercase().as_str() {
        "includes" | "has" | "indexof" => Some("contains"),
        "hasprefix" => Some("startsWith"),
        "hassuffix" => Some("endsWith"),
        "match" | "test" => Some("matches"),
        _ => nearest(member, OPERATORS),
    };
    let function = match member.to_ascii_lowercase().as_str() {
        "lower" | "tolower" | "tolowercase" => Some("lower"),
        "upper" | "toupper" | "touppercase" => Some("upper"),
        "trim" | "trimspace" => Some("trim"),
        "len" | "length" | "size" => Some("len"),
        _ => None,
    };
    match (operator, function, member.to_ascii_lowercase().as_str()) {
        (Some(operator), ..) => format!("write `{name} {operator} 'TEXT'`"),
        (_, Some(function), _) => format!("write `{function}({name})`"),
        (.., "email" | "mail") => format!("compare the text: `{name} contains '<me@example.com>'`"),
        (.., "name") if matches!(name, "author" | "committer" | "tagger") => {
            format!("compare the text: `{name} contains 'Jane Doe'`")
        }
        _ => format!("write `{name}` alone"),
    }
}
