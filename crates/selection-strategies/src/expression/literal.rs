//! The values of literals.

/// A text: resolves the escapes of the inside of a quoted literal.
pub(super) fn text(inside: &str) -> Result<String, &'static str> {
    let inside = normalize_newlines(inside);
    let mut value = String::with_capacity(inside.len());
    let mut rest = inside.as_str();
    while let Some((next, after)) = split_first(rest) {
        rest = after;
        if next != '\\' {
            value.push(next);
            continue;
        }
        let (escape, after) = split_first(rest).ok_or("a backslash ends the text")?;
        rest = after;
        let code = match escape {
            'x' => digits(&mut rest, 2, 16)?,
            'u' if rest.starts_with('{') => braced(&mut rest)?,
            'u' => digits(&mut rest, 4, 16)?,
            'U' => digits(&mut rest, 8, 16)?,
            '0'..='3' => u32::from(escape) % 8 * 64 + digits(&mut rest, 2, 8)?,
            _ => u32::from(simple(escape)?),
        };
        if code > u32::from(char::MAX) {
            return Err("an escape beyond Unicode");
        }
        value.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    Ok(value)
}

/// Bytes: as [`text`], but `\xff` and `\377` are one byte and there is no `\u`.
pub(super) fn bytes(inside: &str) -> Result<Vec<u8>, &'static str> {
    let inside = normalize_newlines(inside);
    let mut value = Vec::with_capacity(inside.len());
    let mut rest = inside.as_str();
    while let Some((next, after)) = split_first(rest) {
        rest = after;
        if next != '\\' {
            value.extend(next.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let (escape, after) = split_first(rest).ok_or("a backslash ends the text")?;
        rest = after;
        let code = match escape {
            'x' => digits(&mut rest, 2, 16)?,
            '0'..='3' => u32::from(escape) % 8 * 64 + digits(&mut rest, 2, 8)?,
            _ => u32::from(simple(escape)?),
        };
        value.push(u8::try_from(code).map_err(|_| "an escape beyond a byte")?);
    }
    Ok(value)
}

/// The value of a number literal.
pub(super) enum Number {
    Integer(i64),
    Float(f64),
}

/// Reads a number as it was written: decimal, `0x`, `0o`, `0b`, fractions, exponents, `_` anywhere.
pub(super) fn number(written: &str) -> Result<Number, &'static str> {
    let digits = written.replace('_', "").to_ascii_lowercase();
    let integer = |digits: &str, radix| {
        i64::from_str_radix(digits, radix).map(Number::Integer).map_err(|_| "bad integer")
    };
    if let Some(digits) = digits.strip_prefix("0x") {
        return integer(unsigned(digits)?, 16);
    }
    if digits.contains(['.', 'e']) {
        let value = digits.parse::<f64>().map_err(|_| "bad number")?;
        return if value.is_finite() { Ok(Number::Float(value)) } else { Err("number too large") };
    }
    if let Some(digits) = digits.strip_prefix("0b") {
        return integer(unsigned(digits)?, 2);
    }
    if let Some(digits) = digits.strip_prefix("0o") {
        return integer(unsigned(digits)?, 8);
    }
    integer(&digits, 10)
}

fn unsigned(digits: &str) -> Result<&str, &'static str> {
    if digits.starts_with(['+', '-']) { Err("bad integer") } else { Ok(digits) }
}

fn simple(escape: char) -> Result<u8, &'static str> {
    Ok(match escape {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        '\\' => b'\\',
        '\'' => b'\'',
        '"' => b'"',
        _ => return Err("unknown escape"),
    })
}

fn digits(rest: &mut &str, count: usize, radix: u32) -> Result<u32, &'static str> {
    let mut value = 0_u32;
    for _ in 0..count {
        let (next, after) = split_first(rest).ok_or("an escape is cut off")?;
        let digit = next.to_digit(radix).ok_or("an escape has a bad digit")?;
        value = value
            .checked_mul(radix)
            .and_then(|value| value.checked_add(digit))
            .ok_or("an escape beyond Unicode")?;
        *rest = after;
    }
    Ok(value)
}

/// `{41}`, one to six digits.
fn braced(rest: &mut &str) -> Result<u32, &'static str> {
    let (digits, after) = rest[1..].split_once('}').ok_or("an escape is cut off")?;
    if digits.len() > 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err("an escape has a bad digit");
    }
    *rest = after;
    u32::from_str_radix(digits, 16).map_err(|_| "an escape is empty")
}

fn normalize_newlines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn split_first(text: &str) -> Option<(char, &str)> {
    let first = text.chars().next()?;
    Some((first, &text[first.len_utf8()..]))
}
