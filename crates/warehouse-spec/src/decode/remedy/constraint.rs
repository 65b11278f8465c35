//! The replacement for a version constraint that does not parse, or that no version satisfies.

use crate::decode::remedy::ascii;
use crate::decode::remedy::style::Style;
use crate::diagnostic::Help;
use crate::rule;

/// How other languages write alternatives, and comparisons that all have to hold; and how constraints do.
const OTHERWISE: &[(&str, &str)] = &[
    ("|", "||"),
    ("or", "||"),
    ("OR", "||"),
    ("&&", ","),
    ("&", ","),
    ("and", ","),
    ("AND", ","),
    (";", ","),
];

/// Why a constraint with one `|`, or with a sign that only looks like one of its own, does not parse, which is not what the rest of it says.
pub(crate) fn reason(text: &str) -> Option<String> {
    if let Some((_, odd)) = ascii::in_ascii(text) {
        return Some(format!("{} is none of the signs of a constraint", ascii::named(odd)));
    }
    let at = single_bar(text)?;
    Some(format!("a single `|` at byte {at}, and alternatives are separated by `||`"))
}

/// Where a `|` is that has no second one beside it.
fn single_bar(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_bar = |at: Option<usize>| at.and_then(|at| bytes.get(at)) == Some(&b'|');
    (0..bytes.len()).find(|&at| is_bar(Some(at)) && !is_bar(at.checked_sub(1)) && !is_bar(Some(at + 1)))
}

/// What to write in place of a constraint that does not parse: operators that are written otherwise elsewhere.
pub(crate) fn meant(style: Style, text: &str) -> Option<Help> {
    let form = ascii::in_ascii(text).map_or_else(|| text.to_owned(), |(form, _)| form);
    let form = of_interval(&form)
        .unwrap_or_else(|| separated(&of_other_tools(&with_inequality(&with_operators(&form)))));
    let is_meant = form != text && rule::constraint(&form).is_none() && !rule::is_unsatisfiable(&form);
    is_meant.then(|| style.writing(&form).probable())
}

/// The comparisons of an interval as Maven and NuGet have it: `>=1.0.0 <2.0.0` for `[1.0.0, 2.0.0)`.
fn of_interval(text: &str) -> Option<String> {
    let text = text.trim();
    let from = if text.starts_with('[') { ">=" } else { ">" };
    let to = if text.ends_with(']') { "<=" } else { "<" };
    let inside = text.strip_prefix(['[', '('])?.strip_suffix([']', ')'])?;
    let (low, high) = inside.split_once(',')?;
    let sides = [(from, low.trim()), (to, high.trim())];
    let sides = sides.iter().filter(|(_, version)| !version.is_empty());
    let form = sides.map(|(operator, version)| format!("{operator}{version}")).collect::<Vec<_>>().join(" ");
    Some(form).filter(|form| !form.is_empty())
}

/// The comparisons of other tools as they are here: `==1.2.3`, `~=1.2` of Python, `v^1.0.0`, and a word with a colon before them.
fn of_other_tools(text: &str) -> String {
    let text = text.trim();
    let bare = text.strip_prefix("semver:").unwrap_or(text).trim_start();
    let bare = match bare.strip_prefix('v') {
        Some(rest) if rest.starts_with(['^', '~', '>', '<', '=']) => rest,
        _ => bare,
    };
    let compatible = |part: &str| {
        let version = part.strip_prefix("~=")?.trim_start();
        // What may change is the last number.
        Some(format!("{}{version}", if version.matches('.').count() == 1 { "^" } else { "~" }))
    };
    let parts = bare.split(", ").map(|part| compatible(part).unwrap_or_else(|| part.replace("==", "=")));
    parts.collect::<Vec<_>>().join(", ")
}

/// The constraint with a blank before each comparison that follows a version without one: `>=1<2`.
fn separated(text: &str) -> String {
    let (mut form, mut last) = (String::with_capacity(text.len() + 4), ' ');
    for letter in text.chars() {
        if matches!(letter, '<' | '>' | '^' | '~') && last.is_ascii_alphanumeric() {
            form.push(' ');
        }
        form.push(letter);
        last = letter;
    }
    form
}

/// The constraint with `!=` in place of a `!` alone.
fn with_inequality(text: &str) -> String {
    let mut form = String::with_capacity(text.len() + 1);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        form.push(letter);
        if letter == '!'
            && letters.peek().is_some_and(|next| next.is_ascii_digit() || matches!(next, 'v' | ' '))
        {
            form.push('=');
        }
    }
    form
}

/// The constraint with the operators between comparisons that other languages have written as they are in constraints.
fn with_operators(text: &str) -> String {
    let is_operator = |letter: char| letter.is_ascii_alphabetic() || "|&;".contains(letter);
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || ".-+*".contains(letter);
    let (mut form, mut rest) = (String::with_capacity(text.len() + 8), text);
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '|' | '&' => rest.find(|letter| letter != first).unwrap_or(rest.len()),
            // A version is read as a whole: the letters of a pre-release are no words.
            _ if is_part(first) => rest.find(|letter| !is_part(letter)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (part, after) = rest.split_at(end);
        match OTHERWISE.iter().find(|(wrong, _)| *wrong == part && part.chars().all(is_operator)) {
            Some((_, ",")) => {
                form.truncate(form.trim_end().len());
                form.push_str(", ");
                rest = after.trim_start();
            }
            Some((_, right)) => {
                form.truncate(form.trim_end().len());
                form.push(' ');
                form.push_str(right);
                form.push(' ');
                rest = after.trim_start();
            }
            None => {
                form.push_str(part);
                rest = after;
            }
        }
    }
    form
}

/// What to do about a constraint that no version satisfies: its range the other way round, or its comparisons as alternatives.
pub(crate) fn satisfiable(style: Style, text: &str) -> Help {
    let fits =
        |form: &String| form != text && rule::constraint(form).is_none() && !rule::is_unsatisfiable(form);
    let swapped = || {
        let (from, to) = text.split_once(" - ")?;
        Some(format!("{} - {}", to.trim(), from.trim())).filter(fits)
    };
    let parts = || text.split([' ', ',']).filter(|part| !part.is_empty()).collect::<Vec<_>>();
    let alternatives = || {
        let parts = parts();
        let is_plain = parts.len() > 1 && !text.contains("||") && !parts.contains(&"-");
        Some(parts.join(" || ")).filter(|_| is_plain).filter(fits)
    };
    if let Some(form) = swapped() {
        return style.writing(&form).probable();
    }
    // `>1` excludes all of 1.x.
    let included = text.replace(">=", ">").replace('>', ">=");
    if fits(&included) {
        return style
            .writing(&included)
            .with(": `>1` excludes every version 1.x, and `>=1` includes them")
            .probable();
    }
    match alternatives() {
        Some(form) => style
            .writing(&form)
            .with(" if one of them is enough; comparisons side by side must all hold")
            .probable(),
        None => "comparisons side by side must all hold; alternatives are separated by `||`".into(),
    }
}
