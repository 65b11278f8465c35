//! Keys of mappings.

use super::doubt::Doubt;

const LONGEST_KEY: usize = 512;

/// The characters of plain keys that nobody reads as something else.
const IN_KEYS: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let ascii = byte as u8;
        table[byte] = ascii.is_ascii_alphanumeric() || matches!(ascii, b'_' | b'-' | b'.' | b'/');
        byte += 1;
    }
    table
};

/// Splits `key: value`, where the key is plain and of the characters that keys have.
pub(super) fn key_and_value(content: &[u8]) -> Result<(&[u8], &[u8]), Doubt> {
    let length = content.iter().take_while(|&&byte| IN_KEYS[usize::from(byte)]).count();
    let (key, rest) = content.split_at(length);
    let first = key.first().ok_or(match content.first() {
        Some(b'#') => Doubt::Comment,
        Some(b'{' | b'[') => Doubt::Flow,
        Some(b'&' | b'*' | b'!' | b'%' | b'?') => Doubt::Indicator,
        _ => Doubt::NotAKey,
    })?;
    if !first.is_ascii_alphanumeric() && *first != b'_' {
        return Err(if key.starts_with(b"---") || key == b"..." { Doubt::Document } else { Doubt::NotAKey });
    }
    let is_null = key.len() == 4 && key.eq_ignore_ascii_case(b"null");
    match rest {
        _ if is_null || key.len() > LONGEST_KEY => Err(Doubt::NotAKey),
        [b':'] => Ok((key, b"")),
        [b':', b' ', value @ ..] => {
            let spaces = value.iter().take_while(|&&byte| byte == b' ').count();
            Ok((key, &value[spaces..]))
        }
        _ => Err(Doubt::NotAKey),
    }
}

/// A key as text, which it always is.
pub(super) fn as_str(key: &[u8]) -> Result<&str, Doubt> {
    std::str::from_utf8(key).map_err(|_| Doubt::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        for (content, expected) in [
            ("a: b", Ok(("a", "b"))),
            ("a:", Ok(("a", ""))),
            ("a.b/c-d_1:   b c", Ok(("a.b/c-d_1", "b c"))),
            ("0.1: x", Ok(("0.1", "x"))),
            ("a", Err(Doubt::NotAKey)),
            ("a:b", Err(Doubt::NotAKey)),
            ("a :b", Err(Doubt::NotAKey)),
            ("a b: c", Err(Doubt::NotAKey)),
            ("null: a", Err(Doubt::NotAKey)),
            ("Null:", Err(Doubt::NotAKey)),
            ("~: a", Err(Doubt::NotAKey)),
            (": a", Err(Doubt::NotAKey)),
            ("-a: b", Err(Doubt::NotAKey)),
            ("\"a\": b", Err(Doubt::NotAKey)),
            ("# a", Err(Doubt::Comment)),
            ("? a", Err(Doubt::Indicator)),
            ("<<: *a", Err(Doubt::NotAKey)),
            ("{a: b}", Err(Doubt::Flow)),
            ("---", Err(Doubt::Document)),
            ("...", Err(Doubt::Document)),
        ] {
            let answer = key_and_value(content.as_bytes());
            assert_eq!(answer, expected.map(|(key, value)| (key.as_bytes(), value.as_bytes())), "{content}");
        }
    }
}
