//! Percent-encoding as Go's `net/url` does it, which differs from part to part of a URL.

/// The part of a URL that a text stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Path,
    Host,
    /// The zone of an IPv6 address, after its `%25`.
    Zone,
    User,
    Query,
    Fragment,
}

/// The bytes that the text stands for; nothing where an escape is malformed or a byte may not stand in this part.
pub(super) fn unescape(text: &str, part: Part) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'%' {
            let value = (hex(bytes.get(at + 1)?)? << 4) | hex(bytes.get(at + 2)?)?;
            if !escape_is_allowed(value, part) {
                return None;
            }
            decoded.push(value);
            at += 3;
            continue;
        }
        if matches!(part, Part::Host | Part::Zone) && byte.is_ascii() && must_escape(byte, part) {
            return None;
        }
        decoded.push(if byte == b'+' && part == Part::Query { b' ' } else { byte });
        at += 1;
    }
    Some(decoded)
}

/// A host may escape bytes outside ASCII and the percent sign; a zone also what a host may hold, and the space.
fn escape_is_allowed(value: u8, part: Part) -> bool {
    match part {
        Part::Host => value >= 0x80 || value == b'%',
        Part::Zone => value == b'%' || value == b' ' || !must_escape(value, Part::Host),
        _ => true,
    }
}

fn hex(byte: &u8) -> Option<u8> {
    char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The text for these bytes.
pub(super) fn escape(bytes: &[u8], part: Part) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if must_escape(byte, part) {
            text.push('%');
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        } else {
            text.push(char::from(byte));
        }
    }
    text
}

/// Whether a text is a possible encoding for this part, if not the one [`escape`] would choose.
pub(super) fn is_encoded(text: &str, part: Part) -> bool {
    text.bytes().all(|byte| b"!$&'()*+,;=:@[]%".contains(&byte) || !must_escape(byte, part))
}

fn must_escape(byte: u8, part: Part) -> bool {
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        return false;
    }
    match part {
        Part::Host | Part::Zone => !b"!$&'()*+,;=:[]<>\"".contains(&byte),
        Part::Path => !b"$&+,/:;=@".contains(&byte),
        Part::User => !b"$&+,;=".contains(&byte),
        Part::Query => true,
        Part::Fragment => !b"$&+,/:;=?@!()*".contains(&byte),
    }
}
