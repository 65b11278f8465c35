//! One code point at a time out of bytes that need not be UTF-8.

/// What stands for a byte that begins no well-formed code point.
pub(crate) const REPLACEMENT: u32 = 0xFFFD;

/// The first code point of `bytes` and its width.
///
/// A byte that begins no well-formed UTF-8 sequence is [`REPLACEMENT`] with width 1, and no bytes
/// at all are [`REPLACEMENT`] with width 0. So two different broken bytes compare equal, and equal
/// to a real U+FFFD; this is how Go reads a string and therefore how a glob compares.
#[inline]
pub(crate) fn decode(bytes: &[u8]) -> (u32, usize) {
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
