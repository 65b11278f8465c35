//! The parts of a line: characters, keys and scalars, each verified.

use memchr::memchr3_iter;

use super::checkpoint::FallbackReason;
use super::created::Created;
use super::digest::EntryDigest;
use super::word::{Word, find, leading};

/// The longest key of a mapping in YAML, in characters.
pub(super) const LONGEST_KEY: usize = 1024;

/// Accepts whole lines of printable text: valid UTF-8 without control characters except the line feed and a carriage return before it, and
/// without the characters that some YAML parsers treat as a line break, skip, or reject.
pub(super) fn check_characters(lines: &[u8]) -> Result<(), FallbackReason> {
    // Most files are ASCII with one kind of line breaks; the others are looked at again from the first piece on that is not.
    let is_plain = |piece: &&[u8]| is_printable_ascii(piece);
    let checked = lines.chunks(PIECE).take_while(is_plain).count() * PIECE;
    let Some(lines) = lines.get(checked..).filter(|rest| !rest.is_empty()) else { return Ok(()) };
    if has_control_character(lines) {
        return Err(FallbackReason::ControlCharacter);
    }
    if lines.is_ascii() {
        return Ok(());
    }
    std::str::from_utf8(lines).map_err(|_| FallbackReason::Encoding)?;
    // The first bytes of these characters in UTF-8.
    let is_unusual = |at: usize| {
        matches!(
            lines.get(at..).unwrap_or_default(),
            // U+0080 to U+009F, U+2028 and U+2029, U+FEFF, U+FFFE and U+FFFF.
            [0xc2, 0x80..=0x9f, ..]
                | [0xe2, 0x80, 0xa8 | 0xa9, ..]
                | [0xef, 0xbb, 0xbf, ..]
                | [0xef, 0xbf, 0xbe | 0xbf, ..]
        )
    };
    match memchr3_iter(0xc2, 0xe2, 0xef, lines).any(is_unusual) {
        true => Err(FallbackReason::UnusualCharacter),
        false => Ok(()),
    }
}

/// How much is checked at a time.
const PIECE: usize = 4096;

/// Has no branch per byte, so that it compiles to vector instructions.
fn is_printable_ascii(piece: &[u8]) -> bool {
    let others =
        |others, &byte: &u8| others | u8::from(byte < 0x20 && byte != b'\n') | u8::from(byte >= 0x7f);
    piece.iter().fold(0, others) == 0
}

/// Whether there is one other than a line feed, with or without a carriage return before it. Has no branch per byte either.
fn has_control_character(lines: &[u8]) -> bool {
    let is_control = |byte: u8, next: u8| {
        (u8::from(byte < 0x20) & u8::from(byte != b'\n') & u8::from(byte != b'\r' || next != b'\n'))
            | u8::from(byte == 0x7f)
    };
    let (Some(after), Some(last)) = (lines.get(1..), lines.last()) else { return false };
    let controls = |controls, (&byte, &next): (&u8, &u8)| controls | is_control(byte, next);
    let pieces = lines.chunks(PIECE).zip(after.chunks(PIECE));
    is_control(*last, 0) != 0
        || pieces.into_iter().any(|(piece, after)| piece.iter().zip(after).fold(0, controls) != 0)
}

/// The longest key that is read here, in bytes; a longer one is left to the YAML parser.
const LONGEST_PLAIN_KEY: usize = 512;

/// Splits `key: value`, where the key is a plain scalar of characters that every YAML parser reads alike: ASCII letters, digits and `-./_`.
pub(super) fn key_and_value(content: &[u8]) -> Result<(&[u8], &[u8]), FallbackReason> {
    let length = find(content, Word::outside_names).map_or(content.len(), |at| at.min(content.len()));
    let (key, rest) = content.split_at(length);
    let first = key.first().ok_or(match content.first() {
        Some(b'#') => FallbackReason::Comment,
        Some(b'{' | b'[') => FallbackReason::FlowCollection,
        Some(b'&' | b'*' | b'!' | b'%' | b'?') => FallbackReason::Indicator,
        _ => FallbackReason::Key,
    })?;
    if !first.is_ascii_alphanumeric() && *first != b'_' {
        return Err(if key.starts_with(b"---") || key == b"..." {
            FallbackReason::DocumentMarker
        } else {
            FallbackReason::Key
        });
    }
    let is_null = key.len() == 4 && key.eq_ignore_ascii_case(b"null");
    match rest {
        _ if is_null || key.len() > LONGEST_PLAIN_KEY => Err(FallbackReason::Key),
        [b':'] => Ok((key, b"")),
        [b':', b' ', value @ ..] => match value.first() {
            Some(b' ') => Ok((key, &value[leading(value, b' ')..])),
            _ => Ok((key, value)),
        },
        _ => Err(FallbackReason::Key),
    }
}

/// A key as text. It always is.
pub(super) fn as_str(key: &[u8]) -> Result<&str, FallbackReason> {
    std::str::from_utf8(key).map_err(|_| FallbackReason::Encoding)
}

/// The kind of a value, by its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// It ended in the same line; nothing may follow below it.
    Finished,
    /// An empty list in brackets.
    EmptyList,
    /// An empty mapping in braces.
    EmptyMapping,
    /// A plain scalar, which continues in deeper lines.
    Plain,
    /// A quoted scalar in `'` or `"` that is still open.
    Quoted(u8),
    /// A block scalar whose content starts in the next line, with its explicit indentation.
    Block(Option<usize>),
}

/// Classifies a value, which is not empty and does not end in a space.
pub(super) fn start(value: &[u8]) -> Result<Start, FallbackReason> {
    match value {
        b"[]" => Ok(Start::EmptyList),
        b"{}" => Ok(Start::EmptyMapping),
        [quote @ (b'"' | b'\''), text @ ..] => Ok(match quoted(*quote, text)? {
            true => Start::Finished,
            false => Start::Quoted(*quote),
        }),
        [b'|' | b'>', header @ ..] => block_header(header).map(Start::Block),
        [b'[' | b'{', ..] => Err(FallbackReason::FlowCollection),
        [b'#', ..] => Err(FallbackReason::Comment),
        [b'&' | b'*' | b'!' | b'%' | b'@' | b'`' | b',' | b']' | b'}', ..] => Err(FallbackReason::Indicator),
        [b'-' | b'?' | b':'] | [b'-' | b'?' | b':', b' ', ..] => Err(FallbackReason::Indicator),
        _ => plain(value).map(|()| Start::Plain),
    }
}

/// Accepts a line of a plain scalar: no `: ` and no ` #` in it.
pub(super) fn plain(text: &[u8]) -> Result<(), FallbackReason> {
    if text.first() == Some(&b'#') {
        return Err(FallbackReason::PlainScalar);
    }
    let mut at = 0;
    while let Some(next) = find(&text[at..], |word| word.equal(b':').or(word.equal(b'#'))) {
        at += next;
        let is_ambiguous = match text[at] {
            b':' => matches!(text.get(at + 1), None | Some(b' ')),
            _ => text[at - 1] == b' ',
        };
        if is_ambiguous {
            return Err(FallbackReason::PlainScalar);
        }
        at += 1;
    }
    Ok(())
}

/// Continues a quoted scalar. Returns whether it ended, which it must at the end of the line.
pub(super) fn quoted(quote: u8, text: &[u8]) -> Result<bool, FallbackReason> {
    let end = if quote == b'"' { double_quoted(text)? } else { single_quoted(text) };
    match end {
        None => Ok(false),
        Some(end) if end == text.len() || text[end..].iter().all(|&byte| byte == b' ') => Ok(true),
        Some(_) => Err(FallbackReason::QuotedScalar),
    }
}

/// The offset after the closing quote.
fn single_quoted(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += find(&text[at..], |word| word.equal(b'\''))? + 1;
        if text.get(at) != Some(&b'\'') {
            return Some(at);
        }
        at += 1;
    }
}

/// The offset after the closing quote.
fn double_quoted(text: &[u8]) -> Result<Option<usize>, FallbackReason> {
    let mut at = 0;
    while let Some(next) = find(&text[at..], |word| word.equal(b'"').or(word.equal(b'\\'))) {
        at += next + 1;
        if text[at - 1] == b'"' {
            return Ok(Some(at));
        }
        at += escape(&text[at..])?;
    }
    Ok(None)
}

/// The length of the escape after a backslash; 0 at the end of the line. YAML 1.1 has no `\\/`, so parsers disagree on it.
fn escape(text: &[u8]) -> Result<usize, FallbackReason> {
    let digits = match text.first() {
        None => return Ok(0),
        Some(b'0' | b'a' | b'b' | b't' | b'n' | b'v' | b'f' | b'r' | b'e' | b' ' | b'"' | b'\\') => {
            return Ok(1);
        }
        Some(b'x') => 2,
        Some(b'u') => 4,
        Some(b'U') => 8,
        Some(_) => return Err(FallbackReason::QuotedScalar),
    };
    let code = text.get(1..=digits).and_then(|code| std::str::from_utf8(code).ok());
    let code = code.filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let character = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
    if character.is_some() { Ok(digits + 1) } else { Err(FallbackReason::QuotedScalar) }
}

/// The explicit indentation of a block scalar.
fn block_header(header: &[u8]) -> Result<Option<usize>, FallbackReason> {
    let digit = |digit: u8| Ok(Some(usize::from(digit - b'0')));
    match header {
        [] | [b'+' | b'-'] => Ok(None),
        [indent @ b'1'..=b'9']
        | [indent @ b'1'..=b'9', b'+' | b'-']
        | [b'+' | b'-', indent @ b'1'..=b'9'] => digit(*indent),
        _ => Err(FallbackReason::BlockScalar),
    }
}

/// A version in one line: a plain scalar, or a quoted one without escapes.
pub(super) fn version(value: &[u8]) -> Result<&str, FallbackReason> {
    let text = match value {
        [b'"', text @ .., b'"'] | [b'\'', text @ .., b'\''] => text,
        b"null" | b"Null" | b"NULL" => return Err(FallbackReason::Version),
        text => text,
    };
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'_' | b'-');
    if text.is_empty() || text == b"-" || !text.iter().all(fits) {
        return Err(FallbackReason::Version);
    }
    std::str::from_utf8(text).map_err(|_| FallbackReason::Encoding)
}

/// What a value says as the digest of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DigestValue {
    pub(super) value: EntryDigest,
    /// Whether the value is complete, so that nothing may follow below it. Otherwise it is not a digest, however it continues.
    pub(super) is_finished: bool,
}

/// The digest that a value is, which is not empty and does not end in a space.
pub(super) fn digest(value: &[u8]) -> Result<DigestValue, FallbackReason> {
    let finished = |text| Ok(DigestValue { value: EntryDigest::parse(text), is_finished: true });
    if let Some(text) = plainly_quoted(value) {
        return finished(text);
    }
    match value {
        b"~" | b"null" | b"Null" | b"NULL" => finished(b""),
        b"[]" | b"{}" => Ok(DigestValue { value: EntryDigest::Malformed, is_finished: false }),
        [b'"' | b'\'' | b'|' | b'>' | b'!' | b'&' | b'*', ..] => Err(FallbackReason::Digest),
        text => match EntryDigest::parse(text) {
            // Without one of these letters it may read as a number: decimal, with an exponent, or binary.
            EntryDigest::Sha256(_)
                if !text.iter().any(|byte| matches!(byte | 0x20, b'a' | b'c' | b'd' | b'f')) =>
            {
                Err(FallbackReason::Digest)
            }
            value @ EntryDigest::Sha256(_) => Ok(DigestValue { value, is_finished: true }),
            _ if text.eq_ignore_ascii_case(b"null") => Err(FallbackReason::Digest),
            value => Ok(DigestValue { value, is_finished: false }),
        },
    }
}

/// The time that a value is, which is not empty and does not end in a space: complete, so that nothing may follow below it. `None` for a
/// value that is not a time, however it continues.
pub(super) fn created(value: &[u8]) -> Result<Option<Created>, FallbackReason> {
    if let Some(text) = plainly_quoted(value) {
        return Ok(Some(Created::parse(text)));
    }
    match value {
        [b'"' | b'\'' | b'|' | b'>', ..] => Err(FallbackReason::Created),
        // No time has white space, which each further line of a plain scalar adds.
        text => Ok(Some(Created::parse(text)).filter(|created| *created != Created::NONE)),
    }
}

/// The text of a value that is quoted, in one line and without escapes.
fn plainly_quoted(value: &[u8]) -> Option<&[u8]> {
    match value {
        [b'"', text @ .., b'"'] => {
            Some(text).filter(|text| !text.iter().any(|byte| matches!(byte, b'"' | b'\\')))
        }
        [b'\'', text @ .., b'\''] => Some(text).filter(|text| !text.contains(&b'\'')),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters() {
        for (text, expected) in [
            (&b"a: b\n"[..], Ok(())),
            ("a: ä 漢 🚀\n".as_bytes(), Ok(())),
            (b"a:\tb\n", Err(FallbackReason::ControlCharacter)),
            (b"a: b\r\n\r\n", Ok(())),
            (b"a: b\rc\r\n", Err(FallbackReason::ControlCharacter)),
            (b"a: b\r", Err(FallbackReason::ControlCharacter)),
            (b"a: b\r\r\n", Err(FallbackReason::ControlCharacter)),
            (b"a: \0\n", Err(FallbackReason::ControlCharacter)),
            (b"a: \x7f\n", Err(FallbackReason::ControlCharacter)),
            (b"a: \xff\n", Err(FallbackReason::Encoding)),
            ("a: \u{85}\n".as_bytes(), Err(FallbackReason::UnusualCharacter)),
            ("a: \u{2028}\n".as_bytes(), Err(FallbackReason::UnusualCharacter)),
            ("a: \u{feff}\n".as_bytes(), Err(FallbackReason::UnusualCharacter)),
            ("a: \u{ffff}\n".as_bytes(), Err(FallbackReason::UnusualCharacter)),
        ] {
            assert_eq!(check_characters(text), expected, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn keys() {
        for (content, expected) in [
            ("a: b", Ok(("a", "b"))),
            ("a:", Ok(("a", ""))),
            ("a.b/c-d_1:   b c", Ok(("a.b/c-d_1", "b c"))),
            ("0.1: x", Ok(("0.1", "x"))),
            ("a", Err(FallbackReason::Key)),
            ("a:b", Err(FallbackReason::Key)),
            ("a :b", Err(FallbackReason::Key)),
            ("a b: c", Err(FallbackReason::Key)),
            ("null: a", Err(FallbackReason::Key)),
            ("Null:", Err(FallbackReason::Key)),
            ("~: a", Err(FallbackReason::Key)),
            (": a", Err(FallbackReason::Key)),
            ("-a: b", Err(FallbackReason::Key)),
            ("\"a\": b", Err(FallbackReason::Key)),
            ("# a", Err(FallbackReason::Comment)),
            ("? a", Err(FallbackReason::Indicator)),
            ("<<: *a", Err(FallbackReason::Key)),
            ("{a: b}", Err(FallbackReason::FlowCollection)),
            ("---", Err(FallbackReason::DocumentMarker)),
            ("...", Err(FallbackReason::DocumentMarker)),
        ] {
            let answer = key_and_value(content.as_bytes());
            assert_eq!(answer, expected.map(|(key, value)| (key.as_bytes(), value.as_bytes())), "{content}");
        }
    }

    #[track_caller]
    fn starts(value: &str, expected: Result<Start, FallbackReason>) {
        assert_eq!(start(value.as_bytes()), expected, "{value}");
    }

    #[test]
    fn values() {
        starts("text", Ok(Start::Plain));
        starts("http://x/#y a:b", Ok(Start::Plain));
        starts("-1", Ok(Start::Plain));
        starts("a: b", Err(FallbackReason::PlainScalar));
        starts("a:", Err(FallbackReason::PlainScalar));
        starts("a # b", Err(FallbackReason::PlainScalar));
        starts("# b", Err(FallbackReason::Comment));
        starts("- b", Err(FallbackReason::Indicator));
        starts("&a b", Err(FallbackReason::Indicator));
        starts("[]", Ok(Start::EmptyList));
        starts("{}", Ok(Start::EmptyMapping));
        starts("[a]", Err(FallbackReason::FlowCollection));
        starts("|", Ok(Start::Block(None)));
        starts(">-", Ok(Start::Block(None)));
        starts("|2+", Ok(Start::Block(Some(2))));
        starts("|-2", Ok(Start::Block(Some(2))));
        starts("|0", Err(FallbackReason::BlockScalar));
        starts("| # x", Err(FallbackReason::BlockScalar));
        starts("''", Ok(Start::Finished));
        starts("'it''s'", Ok(Start::Finished));
        starts("'it''s", Ok(Start::Quoted(b'\'')));
        starts("'a' b", Err(FallbackReason::QuotedScalar));
        starts(r#""""#, Ok(Start::Finished));
        starts(r#""a\"b\u00e4\\""#, Ok(Start::Finished));
        starts(r#""a\"b"#, Ok(Start::Quoted(b'"')));
        starts(r#""a\"#, Ok(Start::Quoted(b'"')));
        starts(r#""\q""#, Err(FallbackReason::QuotedScalar));
        starts(r#""\/""#, Err(FallbackReason::QuotedScalar));
        starts(r#""\ud800""#, Err(FallbackReason::QuotedScalar));
        starts(r#""\u+123""#, Err(FallbackReason::QuotedScalar));
    }

    #[test]
    fn versions() {
        for (value, expected) in [
            ("1.2.3", Ok("1.2.3")),
            ("\"1.2\"", Ok("1.2")),
            ("'v1+a_b-c'", Ok("v1+a_b-c")),
            ("null", Err(FallbackReason::Version)),
            ("'null'", Ok("null")),
            ("~", Err(FallbackReason::Version)),
            ("\"\"", Err(FallbackReason::Version)),
            ("\"1", Err(FallbackReason::Version)),
            ("1.2 # x", Err(FallbackReason::Version)),
            ("-", Err(FallbackReason::Version)),
        ] {
            assert_eq!(version(value.as_bytes()), expected, "{value}");
        }
    }
}
