//! Which bytes the lexer is sure about.

use super::doubt::Doubt;

/// Accepts whole lines of printable text: no control character but the line feed, valid UTF-8, and
/// none of the characters that some readers of YAML take for a line break, skip, or refuse.
pub(super) fn check(lines: &[u8]) -> Result<(), Doubt> {
    if is_printable_ascii(lines) {
        return Ok(());
    }
    if lines.iter().any(|&byte| byte < 0x20 && byte != b'\n' || byte == 0x7f) {
        return Err(Doubt::ControlCharacter);
    }
    let text = std::str::from_utf8(lines).map_err(|_| Doubt::Encoding)?;
    let odd = |character: char| {
        matches!(
            character,
            '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
    };
    if text.chars().any(odd) { Err(Doubt::OddCharacter) } else { Ok(()) }
}

/// Written without a branch, so that it becomes a few vector instructions.
fn is_printable_ascii(bytes: &[u8]) -> bool {
    let odd = |odd, &byte: &u8| odd | u8::from(byte < 0x20 && byte != b'\n') | u8::from(byte >= 0x7f);
    bytes.chunks(4096).all(|chunk| chunk.iter().fold(0, odd) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        for (text, expected) in [
            (&b"a: b\n"[..], Ok(())),
            ("a: ä 漢 🚀\n".as_bytes(), Ok(())),
            (b"a:\tb\n", Err(Doubt::ControlCharacter)),
            (b"a: b\r\n", Err(Doubt::ControlCharacter)),
            (b"a: \0\n", Err(Doubt::ControlCharacter)),
            (b"a: \x7f\n", Err(Doubt::ControlCharacter)),
            (b"a: \xff\n", Err(Doubt::Encoding)),
            ("a: \u{85}\n".as_bytes(), Err(Doubt::OddCharacter)),
            ("a: \u{2028}\n".as_bytes(), Err(Doubt::OddCharacter)),
            ("a: \u{feff}\n".as_bytes(), Err(Doubt::OddCharacter)),
            ("a: \u{ffff}\n".as_bytes(), Err(Doubt::OddCharacter)),
        ] {
            assert_eq!(check(text), expected, "{}", text.escape_ascii());
        }
    }
}
