//! What a text would be without quotation marks.

use std::borrow::Cow;

use go_compat::time;

/// The keywords of YAML 1.1 that are not strings.
const WORDS: &[&str] = &[
    "", "~", "null", "Null", "NULL", "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON",
    "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF", ".nan", ".NaN", ".NAN",
    ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF",
];

/// The forms of a time, as layouts of Go.
const TIMES: [&str; 4] = [
    "2006-1-2T15:4:5.999999999Z07:00",
    "2006-1-2t15:4:5.999999999Z07:00",
    "2006-1-2 15:4:5.999999999",
    "2006-1-2",
];

/// Whether a text without quotation marks is read as the same text: not as null, a boolean, a number, a time, or a number to base 60.
pub(super) fn is_text(text: &str) -> bool {
    if WORDS.contains(&text) {
        return false;
    }
    match text.as_bytes().first() {
        Some(b'.') => !is_fraction(text),
        Some(b'+' | b'-' | b'0'..=b'9') => {
            let plain =
                if text.contains('_') { Cow::Owned(text.replace('_', "")) } else { Cow::Borrowed(text) };
            !(is_time(text) || is_integer(&plain) || is_float(&plain) || is_base_60(text))
        }
        _ => true,
    }
}

fn is_time(text: &str) -> bool {
    let year = text.bytes().take_while(u8::is_ascii_digit).count();
    year == 4
        && text.as_bytes().get(4) == Some(&b'-')
        && TIMES.iter().any(|layout| time::parse(layout, text).is_some())
}

/// An integer of 64 bits, with or without a sign: `12`, `0x1f`, `0o17`, `017`, `0b11`.
fn is_integer(text: &str) -> bool {
    let (sign, digits) = match text.as_bytes().first() {
        Some(b'+') => (Some('+'), text.get(1..).unwrap_or_default()),
        Some(b'-') => (Some('-'), text.get(1..).unwrap_or_default()),
        _ => (None, text),
    };
    let lower = digits.to_ascii_lowercase();
    let prefixed = |prefix| lower.strip_prefix(prefix).filter(|digits| !digits.is_empty());
    let (radix, digits) = if let Some(digits) = prefixed("0x") {
        (16, digits)
    } else if let Some(digits) = prefixed("0o") {
        (8, digits)
    } else if let Some(digits) = prefixed("0b") {
        // `0b-1` is read as a number, `0B-1` and `-0b-1` are not.
        let unsigned = if text.starts_with("0b") { digits.strip_prefix(['+', '-']) } else { None };
        (2, unsigned.unwrap_or(digits))
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, lower.get(1..).unwrap_or_default())
    } else {
        (10, lower.as_str())
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return false;
    }
    let largest = match sign {
        None => u64::MAX,
        Some('-') => 1 << 63,
        Some(_) => (1 << 63) - 1,
    };
    u64::from_str_radix(digits, radix).is_ok_and(|value| value <= largest)
}

/// A decimal number with an optional fraction and exponent, in the range of `f64`.
fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, fraction),
        None => (mantissa, ""),
    };
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    are_digits(whole)
        && are_digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && are_digits(exponent))
        && text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// A number that begins with a dot; an underscore may be between two digits.
fn is_fraction(text: &str) -> bool {
    let between = text.as_bytes().windows(3).filter(
        |window| matches!(window, [before, b'_', after] if before.is_ascii_digit() && after.is_ascii_digit()),
    );
    let underscores = text.bytes().filter(|byte| *byte == b'_').count();
    between.count() == underscores && is_float(&text.replace('_', ""))
}

/// A number to base 60, such as `190:20:30.15`.
fn is_base_60(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut parts = text.split(':');
    let first = parts.next().unwrap_or_default();
    let is_first = first.starts_with(|digit: char| digit.is_ascii_digit())
        && first.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let mut parts = parts.peekable();
    if !is_first || parts.peek().is_none() {
        return false;
    }
    while let Some(part) = parts.next() {
        let part = match part.split_once('.') {
            Some((part, fraction)) if parts.peek().is_none() => {
                if !fraction.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') {
                    return false;
                }
                part
            }
            _ => part,
        };
        if !matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']) {
            return false;
        }
    }
    true
}
