//! Escapes that stand for one character.

use super::error::{Fault, GoRegexSyntaxError};

/// A character by its code, which may be a surrogate's, and the length of the escape in bytes.
pub(super) struct Escape {
    pub(super) code: u32,
    pub(super) length: usize,
}

/// Reads the escape that `text` begins with.
pub(super) fn read_escape(text: &str) -> Result<Escape, Fault> {
    let invalid = (0, GoRegexSyntaxError::InvalidEscape);
    let mut rest = text.chars();
    rest.next();
    let Some(kind) = rest.next() else {
        return Err((0, GoRegexSyntaxError::TrailingBackslash));
    };
    let after_kind = rest.as_str();
    let single = |code: char| Ok(Escape { code: code.into(), length: 2 });
    match kind {
        // One digit other than zero would be a back reference.
        '1'..='7' if !after_kind.starts_with(is_octal) => Err(invalid),
        '0'..='7' => {
            let digits = 1 + after_kind.chars().take(2).take_while(|next| is_octal(*next)).count();
            let octal = text.get(1..=digits).unwrap_or_default();
            let code = u32::from_str_radix(octal, 8).map_err(|_| invalid)?;
            Ok(Escape { code, length: 1 + digits })
        }
        'x' if after_kind.starts_with('{') => {
            let (digits, _) = after_kind.get(1..).and_then(|digits| digits.split_once('}')).ok_or(invalid)?;
            let code = hexadecimal(digits).ok_or(invalid)?;
            Ok(Escape { code, length: digits.len() + 4 })
        }
        'x' => {
            let code = after_kind.get(..2).and_then(hexadecimal).ok_or(invalid)?;
            Ok(Escape { code, length: 4 })
        }
        'a' => single('\x07'),
        'f' => single('\x0c'),
        'n' => single('\n'),
        'r' => single('\r'),
        't' => single('\t'),
        'v' => single('\x0b'),
        punctuation if punctuation.is_ascii() && !punctuation.is_ascii_alphanumeric() => single(punctuation),
        _ => Err(invalid),
    }
}

fn is_octal(digit: char) -> bool {
    matches!(digit, '0'..='7')
}

/// Any number of hexadecimal digits, but at least one, up to the last code point.
fn hexadecimal(digits: &str) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.chars().try_fold(0_u32, |code, digit| {
        let code = code.checked_mul(16)?.checked_add(digit.to_digit(16)?)?;
        (code <= u32::from(char::MAX)).then_some(code)
    })
}
