//! Expressions that end too early, or with more than belongs to them: an operator without its other side, parentheses and quotation marks without their
//! counterpart, what is left of a template.

use crate::rule;

/// Operators between two conditions.
const BETWEEN: &[&str] = &["&&", "||", "and", "or"];

/// An expression with one change, and what it mends.
type Step = Option<(String, String)>;

/// The expression without what is too much and with what is missing, and what that is, where the result compiles.
pub(crate) fn finished(text: &str, compiles: impl Fn(&str) -> bool) -> Option<(String, String)> {
    let steps: [fn(&str) -> Step; 5] =
        [without_braces, with_quotation_mark, without_operator, without_points, with_parentheses];
    let (mut form, mut notes) = (text.trim().to_owned(), Vec::new());
    for step in steps {
        if let Some((next, note)) = step(&form) {
            form = next;
            notes.push(note);
            if compiles(&form) {
                return Some((form, notes.join(", and ")));
            }
        }
    }
    None
}

/// The braces that are left of `${{ }}` or `{{ }}`.
fn without_braces(text: &str) -> Step {
    let inside = text.strip_suffix("}}").filter(|rest| !rest.contains("{{"));
    let inside = inside.or_else(|| {
        let rest = text.strip_prefix("${{").or_else(|| text.strip_prefix("{{"))?;
        Some(rest).filter(|rest| !rest.contains("}}"))
    })?;
    Some((inside.trim().to_owned(), "the braces are none of the expression".to_owned()))
}

/// A quotation mark at the end of a text that has none.
fn with_quotation_mark(text: &str) -> Step {
    let last = parts(text).last()?;
    let mark = last.chars().next().filter(|mark| matches!(mark, '\'' | '"' | '`'))?;
    let is_closed = last.len() > 1 && last.ends_with(mark);
    (!is_closed).then(|| (format!("{text}{mark}"), "the text in it is not closed".to_owned()))
}

/// An operator between two conditions at an end, where one of them is missing.
fn without_operator(text: &str) -> Step {
    let is_apart = |operator: &str, rest: &str, beside: Option<char>| {
        !rest.is_empty()
            && (!operator.starts_with(char::is_alphabetic)
                || beside.is_some_and(|letter| !letter.is_alphanumeric()))
    };
    for operator in BETWEEN {
        if let Some(rest) =
            text.strip_suffix(operator).filter(|rest| is_apart(operator, rest, rest.chars().next_back()))
        {
            return Some((
                rest.trim_end().to_owned(),
                format!("nothing follows the `{operator}` at its end"),
            ));
        }
        if let Some(rest) =
            text.strip_prefix(operator).filter(|rest| is_apart(operator, rest, rest.chars().next()))
        {
            return Some((
                rest.trim_start().to_owned(),
                format!("nothing is before the `{operator}` at its start"),
            ));
        }
    }
    None
}

/// Variables with a point before them, as in a template.
fn without_points(text: &str) -> Step {
    let (mut without, mut before, mut after) = (String::with_capacity(text.len()), " ", text);
    for part in parts(text) {
        after = after.get(part.len()..)?;
        let starts = before.ends_with([' ', '(', '!', '&', '|', ',', '[']);
        if !(part == "." && starts && starts_with_variable(after)) {
            without.push_str(part);
        }
        before = part;
    }
    (without != text).then(|| (without, "a name has no point before it".to_owned()))
}

fn starts_with_variable(text: &str) -> bool {
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(text.len());
    let name = &text[..end];
    [true, false].into_iter().any(|of_tags| rule::nearest(name, rule::variables(of_tags)).is_some())
}

/// The parentheses that are missing at the end, or are too many there.
fn with_parentheses(text: &str) -> Step {
    let count = |sign: &str| parts(text).filter(|part| *part == sign).count();
    let (open, closed) = (count("("), count(")"));
    let note = |what: &str| format!("a parenthesis is {what}");
    match open.checked_sub(closed) {
        Some(0) => None,
        Some(missing) => Some((format!("{text}{}", ")".repeat(missing)), note("not closed"))),
        None => {
            let mut rest = text;
            for _ in open..closed {
                rest = rest.strip_suffix(')')?.trim_end();
            }
            Some((rest.to_owned(), note("closed and not opened")))
        }
    }
}

/// The texts in quotation marks of an expression, and the characters between them.
fn parts(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '\'' | '"' | '`' => end_of_text(rest),
            _ => first.len_utf8(),
        };
        let (part, after) = rest.split_at(end);
        parts.push(part);
        rest = after;
    }
    parts.into_iter()
}

/// Where the text in quotation marks ends that an expression starts with.
pub(crate) fn end_of_text(expression: &str) -> usize {
    let mark = expression.chars().next().unwrap_or_default();
    let mut is_escaped = false;
    let end = expression.char_indices().skip(1).find(|&(_, letter)| {
        let ends = letter == mark && !is_escaped;
        is_escaped = letter == '\\' && mark != '`' && !is_escaped;
        ends
    });
    end.map_or(expression.len(), |(at, letter)| at + letter.len_utf8())
}
