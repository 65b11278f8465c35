//! The replacement for an operator of another language in an expression that does not compile.

use crate::decode::remedy::style::Style;
use std::sync::LazyLock;

use regex::Regex;

use crate::decode::expression::unfinished::{end_of_text, finished};
use crate::decode::remedy::pattern;
use crate::diagnostic::Help;
use crate::rule;

/// What to write in place of an expression that does not compile: operators that are written otherwise elsewhere, look-around, and what is missing or too much.
pub(crate) fn meant(style: Style, text: &str, are_criteria: bool) -> Option<Help> {
    mended(text, are_criteria).map(|(form, note)| style.writing(&form).with(&note).probable())
}

/// The expression that was meant by one that does not compile, and why, as what follows it in a message.
pub(crate) fn mended(text: &str, are_criteria: bool) -> Option<(String, String)> {
    let compiles = |text: &str| match are_criteria {
        true => rule::criteria(text).is_none(),
        false => rule::filter(text).is_none(),
    };
    let (form, mut operators) = with_operators(text);
    let (form, calls) = with_calls(&form);
    operators.extend(calls);
    let mut form = pattern::in_expression(&form).unwrap_or(form);
    if !compiles(&form) {
        let negated = with_whole_negations(&form);
        if negated != form && operators.is_empty() && compiles(&negated) {
            return Some((negated, NOT_BINDS.to_owned()));
        }
        form = negated;
    }
    let finished = if compiles(&form) { None } else { finished(&form, compiles) };
    let note = match (finished, operators.as_slice()) {
        (Some((whole, note)), operators) => {
            form = whole;
            if operators.is_empty() { format!(": {note}") } else { String::new() }
        }
        (None, []) => ": Go's regular expressions have no look-around".to_owned(),
        (None, [(wrong, right)]) if wrong == right => {
            format!(": `{right}` is an operator between two strings")
        }
        (None, [(wrong, right)]) => format!(": the operator is `{right}`, not `{wrong}`"),
        _ => String::new(),
    };
    (form != text && compiles(&form)).then_some((form, note))
}

/// Why a negation needs parentheses.
const NOT_BINDS: &str = ": `!` and `not` bind more tightly than an operator between two strings";

/// A comparison of a name and a text, and the negation before it that was meant of the whole.
static NEGATION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let operator = "(?:contains|startsWith|endsWith|matches|in)";
    let text = r#"(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`|\[[^\]]*\])"#;
    Regex::new(&format!(r"(!\s*|\bnot\s+)([A-Za-z]\w*\s+{operator}\s+{text})")).ok()
});

/// Operators of other languages, and how they are written in expressions.
const OTHERWISE: &[(&str, &str)] = &[
    ("=", "=="),
    ("===", "=="),
    ("!==", "!="),
    ("<>", "!="),
    ("=~", "matches"),
    ("~", "matches"),
    ("~=", "matches"),
    ("!~", "not matches"),
    ("&", "&&"),
    ("&&&", "&&"),
    ("|", "||"),
    ("|||", "||"),
    ("=>", ">="),
    ("=<", "<="),
    ("AND", "and"),
    ("OR", "or"),
    ("NOT", "not"),
    ("IN", "in"),
    ("is", "=="),
    ("equals", "=="),
    ("eq", "=="),
    ("EQ", "=="),
    ("ne", "!="),
    ("gt", ">"),
    ("ge", ">="),
    ("lt", "<"),
    ("le", "<="),
    ("startswith", "startsWith"),
    ("starts_with", "startsWith"),
    ("StartsWith", "startsWith"),
    ("hasPrefix", "startsWith"),
    ("endswith", "endsWith"),
    ("ends_with", "endsWith"),
    ("EndsWith", "endsWith"),
    ("hasSuffix", "endsWith"),
    ("Contains", "contains"),
    ("CONTAINS", "contains"),
    ("includes", "contains"),
    ("match", "matches"),
    ("MATCHES", "matches"),
];

/// The expression with the operators of other languages written as they are in expressions, and those that were, each once.
fn with_operators(text: &str) -> (String, Vec<(&'static str, &'static str)>) {
    let is_sign = |letter: char| "=!<>~&|".contains(letter);
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let (mut expression, mut operators) = (String::with_capacity(text.len()), Vec::new());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let all = |is: &dyn Fn(char) -> bool| rest.find(|letter| !is(letter)).unwrap_or(rest.len());
        let end = match first {
            '\'' | '"' | '`' => end_of_text(rest),
            _ if is_sign(first) => all(&is_sign),
            _ if is_word(first) => all(&is_word),
            _ => first.len_utf8(),
        };
        let (part, after) = rest.split_at(end);
        // `is not` and `like` are more than one word for another.
        if let Some(instead) = comparison(part, after).filter(|_| expression.ends_with([' ', ')'])) {
            let Instead { operator, right, text, rest: behind } = instead;
            expression.push_str(right);
            expression.push(' ');
            expression.push_str(&text);
            if !operators.contains(&(operator, right)) {
                operators.push((operator, right));
            }
            rest = behind;
            continue;
        }
        match OTHERWISE.iter().find(|(wrong, _)| *wrong == part) {
            Some(&operator @ (_, right)) => {
                let is_name = right.starts_with(char::is_alphabetic);
                let blank = |is_there: bool| if is_there { "" } else { " " };
                expression
                    .push_str(blank(!is_name || expression.is_empty() || expression.ends_with([' ', '('])));
                expression.push_str(right);
                expression.push_str(blank(!is_name || after.starts_with([' ', '('])));
                if !operators.contains(&operator) {
                    operators.push(operator);
                }
            }
            None => expression.push_str(part),
        }
        rest = after;
    }
    (expression, operators)
}

/// A comparison that is written otherwise in expressions.
struct Instead<'t> {
    operator: &'static str,
    right: &'static str,
    text: String,
    /// What follows it.
    rest: &'t str,
}

/// What `is not`, or `like` of SQL with a text, is in an expression.
fn comparison<'t>(word: &str, after: &'t str) -> Option<Instead<'t>> {
    let behind = after.trim_start();
    match word {
        "is" | "IS" => {
            let rest = ["not ", "NOT "].iter().find_map(|not| behind.strip_prefix(not))?;
            Some(Instead { operator: "is not", right: "!=", text: String::new(), rest: rest.trim_start() })
        }
        "like" | "LIKE" => {
            let end = Some(end_of_text(behind)).filter(|_| behind.starts_with(['\'', '"']))?;
            let (quoted, rest) = behind.split_at(end);
            let mark = quoted.get(..1)?;
            let pattern = quoted.get(1..quoted.len().checked_sub(1)?)?;
            // An escape is more than can be told here.
            if pattern.contains(['\\', '_']) {
                return None;
            }
            let text = pattern.trim_matches('%');
            let right = match (pattern.starts_with('%'), pattern.ends_with('%')) {
                _ if text.contains('%') || text.is_empty() => return None,
                (true, true) => "contains",
                (true, false) => "endsWith",
                (false, true) => "startsWith",
                (false, false) => "==",
            };
            Some(Instead { operator: "like", right, text: format!("{mark}{text}{mark}"), rest })
        }
        _ => None,
    }
}

/// The longest expression that is rewritten, in bytes: each call in it is read to its end, also those inside others.
const LONGEST_REWRITTEN: usize = 8 << 10;

/// The expression with the operators that are written as functions, `contains(subject, 'x')`, written between their texts.
fn with_calls(text: &str) -> (String, Vec<(&'static str, &'static str)>) {
    const OPERATORS: [&str; 4] = ["contains", "startsWith", "endsWith", "matches"];
    let is_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.');
    if text.len() > LONGEST_REWRITTEN {
        return (text.to_owned(), Vec::new());
    }
    let (mut expression, mut operators) = (String::with_capacity(text.len()), Vec::new());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '\'' | '"' | '`' => end_of_text(rest),
            _ if is_word(first) => rest.find(|letter| !is_word(letter)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (part, after) = rest.split_at(end);
        let operator = OPERATORS.into_iter().find(|operator| *operator == part);
        let call = operator.and_then(|operator| {
            Some((operator, after.trim_start().strip_prefix('(').and_then(two_arguments)?))
        });
        rest = match call {
            Some((operator, (left, right, behind))) => {
                if !expression.is_empty() && !expression.ends_with([' ', '(', '!']) {
                    expression.push(' ');
                }
                // `!` and `not` bind more tightly than the operator.
                match expression.is_empty() && behind.trim().is_empty() {
                    true => expression.push_str(&format!("{left} {operator} {right}")),
                    false => expression.push_str(&format!("({left} {operator} {right})")),
                }
                if !operators.contains(&(operator, operator)) {
                    operators.push((operator, operator));
                }
                behind
            }
            None => {
                expression.push_str(part);
                after
            }
        };
    }
    (expression, operators)
}

/// The two arguments of a call, behind its parenthesis, and what follows the call.
fn two_arguments(text: &str) -> Option<(&str, &str, &str)> {
    let (mut depth, mut comma, mut at) = (0_usize, None, 0);
    loop {
        let rest = text.get(at..)?;
        let letter = rest.chars().next()?;
        match letter {
            '\'' | '"' | '`' => {
                at += end_of_text(rest);
                continue;
            }
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => {
                let comma = comma?;
                let (left, right) = (text.get(..comma)?.trim(), text.get(comma + 1..at)?.trim());
                let behind = text.get(at + 1..)?;
                return (!left.is_empty() && !right.is_empty()).then_some((left, right, behind));
            }
            ')' | ']' | '}' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 && comma.replace(at).is_some() => return None,
            _ => {}
        }
        at += letter.len_utf8();
    }
}

/// The expression with parentheses around what a negation was meant of: `!(subject contains 'x')`.
pub(crate) fn with_whole_negations(text: &str) -> String {
    match NEGATION.as_ref() {
        Some(negation) => negation.replace_all(text, "$1($2)").into_owned(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::NEGATION;

    #[test]
    fn the_pattern_compiles() {
        assert!(NEGATION.is_some());
    }
}
