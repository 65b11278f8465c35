//! Bytes that need not be UTF-8, read as Go reads a string: each byte that is not part of a well-formed code point counts as
//! one U+FFFD. As Go's `unicode/utf8` and `range` over a string.

use std::borrow::Cow;

/// U+FFFD, the code point that is read for a byte that begins no well-formed one.
pub const REPLACEMENT: u32 = 0xFFFD;

/// The first code point of `bytes` and its width.
///
/// A byte that begins no well-formed UTF-8 sequence is [`REPLACEMENT`] with width 1, and no bytes
/// at all are [`REPLACEMENT`] with width 0. So two different broken bytes compare equal, and equal
/// to a real U+FFFD; this is how Go reads a string and therefore how a glob compares.
#[inline]
pub fn decode(bytes: &[u8]) -> (u32, usize) {
    match bytes.first() {
        Some(&byte) if byte < 0x80 => (u32::from(byte), 1),
        Some(_) => decode_wide(bytes),
        None => (REPLACEMENT, 0),
    }
}

fn decode_wide(bytes: &[u8]) -> (u32, usize) {
    let head = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(),
    };
    match valid.chars().next() {
        Some(character) => (u32::from(character), character.len_utf8()),
        None => (REPLACEMENT, 1),
    }
}

/// Bytes as text; each byte that is not part of valid UTF-8 becomes one U+FFFD, as in Go's `[]rune(s)`.
///
/// (`String::from_utf8_lossy` puts one U+FFFD for a whole broken sequence.)
///
/// ```
/// assert_eq!(go_compat::utf8::to_text(b"caf\xc3"), "caf\u{fffd}");
/// assert_eq!(go_compat::utf8::to_text(b"\xe6\x97"), "\u{fffd}\u{fffd}");
/// ```
#[inline]
pub fn to_text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(replace_broken(bytes)),
    }
}

fn replace_broken(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn case(bytes: &[u8], expected: (u32, usize)) {
        assert_eq!(decode(bytes), expected, "{bytes:?}");
    }

    #[test]
    fn every_kind_of_first_byte() {
        case(b"", (REPLACEMENT, 0));
        case(b"a", (0x61, 1));
        case("é/".as_bytes(), (0xe9, 2));
        case("日本".as_bytes(), (0x65e5, 3));
        case("\u{10ffff}".as_bytes(), (0x10ffff, 4));
        case(b"\xff", (REPLACEMENT, 1));
        case(b"\xc3", (REPLACEMENT, 1));
        case(b"\xc3a", (REPLACEMENT, 1));
        case(b"\xed\xa0\x80", (REPLACEMENT, 1));
        case(b"\xc0\x80", (REPLACEMENT, 1));
        case("\u{fffd}".as_bytes(), (REPLACEMENT, 3));
    }
}
