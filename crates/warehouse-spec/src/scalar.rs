//! What an unquoted word means: the rules of YAML 1.1 as the YAML library of Kubernetes applies them.

use crate::node::ScalarKind;

/// What a plain scalar is. Timestamps are texts, as Kubernetes has it.
pub(crate) fn resolve(text: &str) -> ScalarKind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return ScalarKind::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return ScalarKind::Boolean(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return ScalarKind::Boolean(false);
        }
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf"
        | "-.Inf" | "-.INF" => return ScalarKind::Float,
        _ => {}
    }
    let looks_like_number = text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first));
    if !looks_like_number {
        return ScalarKind::Text;
    }
    // Underscores are for reading. After a leading point they must stand between digits.
    if text.starts_with('.') && !separates_digits(text) {
        return ScalarKind::Text;
    }
    let plain = text.replace('_', "");
    integer(&plain).or_else(|| is_float(&plain).then_some(ScalarKind::Float)).unwrap_or(ScalarKind::Text)
}

/// Whether every underscore stands between two digits.
fn separates_digits(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    text.match_indices('_').all(|(at, _)| is_digit(at.checked_sub(1)) && is_digit(Some(at + 1)))
}

/// An integer in decimal, or in base 2, 8 or 16 with Go's prefixes.
fn integer(text: &str) -> Option<ScalarKind> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    let is_number = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    if !is_number {
        return None;
    }
    Some(
        i64::from_str_radix(&format!("{sign}{digits}"), radix).map_or(ScalarKind::Float, ScalarKind::Integer),
    )
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (number, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let number_fits = match number.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => !number.is_empty() && digits(number),
    };
    // A number that 64 bits cannot hold is a text again.
    number_fits
        && text.parse::<f64>().is_ok_and(f64::is_finite)
        && exponent.is_none_or(|exponent| {
            let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            !exponent.is_empty() && digits(exponent)
        })
}

#[cfg(test)]
mod tests {
    use super::resolve;
    use crate::node::ScalarKind::{self, Boolean, Float, Integer, Null, Text};

    #[track_caller]
    fn check(text: &str, expected: ScalarKind) {
        assert_eq!(resolve(text), expected, "{text:?}");
    }

    #[test]
    fn words() {
        check("", Null);
        check("~", Null);
        check("on", Boolean(true));
        check("No", Boolean(false));
        check("yEs", Text);
        check("main", Text);
    }

    #[test]
    fn numbers() {
        check("20", Integer(20));
        check("-1", Integer(-1));
        check("0x1F", Integer(31));
        check("010", Integer(8));
        check("1_000", Integer(1000));
        check("1.10", Float);
        check("1e3", Float);
        check(".5", Float);
        check(".5_1", Float);
        check("99999999999999999999", Float);
        check("089", Float);
    }

    #[test]
    fn texts_that_start_like_numbers() {
        check("1.2.3", Text);
        check("5m0s", Text);
        check("2025-01-01", Text);
        check("0123abc", Text);
        check("-", Text);
        check(".", Text);
        check("1e", Text);
        check("1e400", Text);
        check("12e3456", Text);
        check(".2_", Text);
    }
}
