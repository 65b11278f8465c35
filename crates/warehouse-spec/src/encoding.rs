//! Decodes the bytes of a file to text.

use std::borrow::Cow;

/// Bytes that are not text in an encoding that is read here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is not UTF-8{}", .encoding.map(|encoding| format!(": the file is {encoding}; save it as UTF-8")).unwrap_or_default())]
#[non_exhaustive]
pub struct NotText {
    /// The line of the first byte that does not fit, counted from 1.
    pub line: usize,
    /// Its column in characters, counted from 1.
    pub column: usize,
    /// What the bytes seem to be instead, for a sentence: `UTF-16 without a byte order mark`.
    pub encoding: Option<&'static str>,
}

/// The text of a file in UTF-8, or in UTF-16 or UTF-32 with a byte order mark, as some editors and shells write it. The mark
/// is taken off.
///
/// ```
/// use warehouse_spec::text_of;
///
/// assert_eq!(text_of(b"kind: Warehouse")?, "kind: Warehouse");
/// assert_eq!(text_of(b"\xff\xfek\0i\0n\0d\0")?, "kind");
/// let error = text_of(b"k\0i\0n\0d\0").unwrap_err();
/// assert_eq!(error.to_string(), "line 1 is not UTF-8: the file is UTF-16 without a byte order mark; save it as UTF-8");
/// # Ok::<(), warehouse_spec::NotText>(())
/// ```
///
/// # Errors
///
/// [`NotText`] with the place of the first byte that does not fit, and with the encoding if it is known.
pub fn text_of(bytes: &[u8]) -> Result<Cow<'_, str>, NotText> {
    match bytes {
        [0xff, 0xfe, 0, 0, rest @ ..] => wide(rest, "damaged UTF-32", u32::from_le_bytes),
        [0, 0, 0xfe, 0xff, rest @ ..] => wide(rest, "damaged UTF-32", u32::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => pairs(rest, "damaged UTF-16", u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => pairs(rest, "damaged UTF-16", u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => narrow(rest),
        bytes => narrow(bytes),
    }
}

fn narrow(bytes: &[u8]) -> Result<Cow<'_, str>, NotText> {
    match std::str::from_utf8(bytes) {
        // A manifest holds no NUL; every second byte of other encodings is one.
        Ok(text) if text.contains('\0') && unmarked(bytes).is_some() => {
            Err(NotText::after("", unmarked(bytes)))
        }
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(error) => {
            let valid = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
            Err(NotText::after(valid, unmarked(bytes)))
        }
    }
}

/// The encoding of bytes without a mark, by where the zeros are.
fn unmarked(bytes: &[u8]) -> Option<&'static str> {
    let start = &bytes[..bytes.len().min(256)];
    let zeros = start.iter().filter(|&&byte| byte == 0).count();
    // Three or one of four bytes, but for letters beyond the first 256.
    match start.len() {
        0..4 => None,
        length if 5 * zeros > 3 * length => Some("UTF-32 without a byte order mark"),
        length if 8 * zeros > 3 * length => Some("UTF-16 without a byte order mark"),
        _ => None,
    }
}

fn pairs(
    bytes: &[u8],
    damaged: &'static str,
    unit: fn([u8; 2]) -> u16,
) -> Result<Cow<'static, str>, NotText> {
    let (units, rest) = bytes.as_chunks::<2>();
    collect(
        char::decode_utf16(units.iter().map(|pair| unit(*pair))).map(Result::ok),
        !rest.is_empty(),
        damaged,
    )
}

fn wide(bytes: &[u8], damaged: &'static str, unit: fn([u8; 4]) -> u32) -> Result<Cow<'static, str>, NotText> {
    let (units, rest) = bytes.as_chunks::<4>();
    collect(units.iter().map(|four| char::from_u32(unit(*four))), !rest.is_empty(), damaged)
}

fn collect(
    letters: impl Iterator<Item = Option<char>>,
    cut: bool,
    damaged: &'static str,
) -> Result<Cow<'static, str>, NotText> {
    let mut text = String::new();
    for letter in letters {
        match letter {
            Some(letter) => text.push(letter),
            None => return Err(NotText::after(&text, Some(damaged))),
        }
    }
    match cut {
        true => Err(NotText::after(&text, Some(damaged))),
        false => Ok(Cow::Owned(text)),
    }
}

impl NotText {
    fn after(text: &str, encoding: Option<&'static str>) -> Self {
        let last = text.rsplit('\n').next().unwrap_or_default();
        Self { line: text.matches('\n').count() + 1, column: last.chars().count() + 1, encoding }
    }
}

#[cfg(test)]
mod tests {
    use super::text_of;

    const TEXT: &str = "kind: Warehouse # é 漢 🚀\n";

    fn utf16(mark: bool, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        mark.then_some('\u{feff}')
            .into_iter()
            .chain(TEXT.chars())
            .collect::<String>()
            .encode_utf16()
            .flat_map(bytes)
            .collect()
    }

    fn utf32(mark: bool, bytes: fn(u32) -> [u8; 4]) -> Vec<u8> {
        mark.then_some('\u{feff}')
            .into_iter()
            .chain(TEXT.chars())
            .flat_map(|letter| bytes(u32::from(letter)))
            .collect()
    }

    #[test]
    fn with_a_mark() {
        for bytes in [
            utf16(true, u16::to_le_bytes),
            utf16(true, u16::to_be_bytes),
            utf32(true, u32::to_le_bytes),
            utf32(true, u32::to_be_bytes),
            [b"\xef\xbb\xbf", TEXT.as_bytes()].concat(),
            TEXT.as_bytes().to_vec(),
        ] {
            assert_eq!(text_of(&bytes).as_deref(), Ok(TEXT), "{bytes:x?}");
        }
        assert_eq!(text_of(b"").as_deref(), Ok(""));
        assert_eq!(text_of(b"\xff\xfe").as_deref(), Ok(""));
    }

    #[test]
    fn without_one_the_cause_is_named() {
        for (bytes, name) in [
            (utf16(false, u16::to_le_bytes), "UTF-16 without"),
            (utf16(false, u16::to_be_bytes), "UTF-16 without"),
            (utf32(false, u32::to_le_bytes), "UTF-32 without"),
            (utf32(false, u32::to_be_bytes), "UTF-32 without"),
        ] {
            let error = text_of(&bytes).unwrap_err();
            assert!(error.encoding.is_some_and(|encoding| encoding.starts_with(name)), "{error}");
        }
    }

    #[test]
    fn damage_has_a_place() {
        for (bytes, place, shown) in [
            (&b"a\nb\xff"[..], (2, 2), "line 2 is not UTF-8"),
            (
                b"\xff\xfea\0\n\0b\0\0\xd8",
                (2, 2),
                "line 2 is not UTF-8: the file is damaged UTF-16; save it as UTF-8",
            ),
            (b"\xff\xfea\0b", (1, 2), "line 1 is not UTF-8: the file is damaged UTF-16; save it as UTF-8"),
            (
                b"\xff\xfe\0\0\xff\xff\xff\xff",
                (1, 1),
                "line 1 is not UTF-8: the file is damaged UTF-32; save it as UTF-8",
            ),
        ] {
            let error = text_of(bytes).unwrap_err();
            assert_eq!(((error.line, error.column), error.to_string().as_str()), (place, shown));
        }
    }
}
