//! Scalars: where one ends, and that it is nothing else than it seems.

use memchr::{memchr, memchr2, memchr2_iter};

use super::doubt::Doubt;

/// A scalar or a whole value that starts in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// It ended in the same line; nothing may stand below it.
    Finished,
    /// An empty list in brackets.
    EmptyList,
    /// An empty mapping in braces.
    EmptyMapping,
    /// Plain text, which goes on in deeper lines.
    Plain,
    /// A text in `'` or `"` that is still open.
    Quoted(u8),
    /// A block scalar whose content starts in the next line, with its explicit indentation.
    Block(Option<usize>),
}

/// Looks at a value, which is not empty and does not end in a space.
pub(super) fn start(value: &[u8]) -> Result<Start, Doubt> {
    match value {
        b"[]" => Ok(Start::EmptyList),
        b"{}" => Ok(Start::EmptyMapping),
        [quote @ (b'"' | b'\''), text @ ..] => Ok(match quoted(*quote, text)? {
            true => Start::Finished,
            false => Start::Quoted(*quote),
        }),
        [b'|' | b'>', header @ ..] => block_header(header).map(Start::Block),
        [b'[' | b'{', ..] => Err(Doubt::Flow),
        [b'#', ..] => Err(Doubt::Comment),
        [b'&' | b'*' | b'!' | b'%' | b'@' | b'`' | b',' | b']' | b'}', ..] => Err(Doubt::Indicator),
        [b'-' | b'?' | b':'] | [b'-' | b'?' | b':', b' ', ..] => Err(Doubt::Indicator),
        _ => plain(value).map(|()| Start::Plain),
    }
}

/// Accepts a line of plain text: no `: ` and no ` #` in it.
pub(super) fn plain(text: &[u8]) -> Result<(), Doubt> {
    if text.first() == Some(&b'#') {
        return Err(Doubt::PlainText);
    }
    for at in memchr2_iter(b':', b'#', text) {
        let doubtful = match text[at] {
            b':' => matches!(text.get(at + 1), None | Some(b' ')),
            _ => text[at - 1] == b' ',
        };
        if doubtful {
            return Err(Doubt::PlainText);
        }
    }
    Ok(())
}

/// Reads on in a quoted text: whether it ended, which must be at the end of the line.
pub(super) fn quoted(quote: u8, text: &[u8]) -> Result<bool, Doubt> {
    let end = if quote == b'"' { double_quoted(text)? } else { single_quoted(text) };
    match end {
        None => Ok(false),
        Some(end) if text[end..].iter().all(|&byte| byte == b' ') => Ok(true),
        Some(_) => Err(Doubt::Quoted),
    }
}

/// Where the text behind the closing quote starts.
fn single_quoted(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr(b'\'', &text[at..])? + 1;
        if text.get(at) != Some(&b'\'') {
            return Some(at);
        }
        at += 1;
    }
}

/// Where the text behind the closing quote starts.
fn double_quoted(text: &[u8]) -> Result<Option<usize>, Doubt> {
    let mut at = 0;
    while let Some(next) = memchr2(b'"', b'\\', &text[at..]) {
        at += next + 1;
        if text[at - 1] == b'"' {
            return Ok(Some(at));
        }
        at += escape(&text[at..])?;
    }
    Ok(None)
}

/// How long an escape is that follows a backslash; 0 at the end of the line. YAML 1.1 has no `\\/`, so
/// readers do not agree on it.
fn escape(text: &[u8]) -> Result<usize, Doubt> {
    let digits = match text.first() {
        None => return Ok(0),
        Some(b'0' | b'a' | b'b' | b't' | b'n' | b'v' | b'f' | b'r' | b'e' | b' ' | b'"' | b'\\') => {
            return Ok(1);
        }
        Some(b'x') => 2,
        Some(b'u') => 4,
        Some(b'U') => 8,
        Some(_) => return Err(Doubt::Quoted),
    };
    let code = text.get(1..=digits).and_then(|code| std::str::from_utf8(code).ok());
    let code = code.filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let character = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
    if character.is_some() { Ok(digits + 1) } else { Err(Doubt::Quoted) }
}

/// The explicit indentation of a block scalar.
fn block_header(header: &[u8]) -> Result<Option<usize>, Doubt> {
    let digit = |digit: u8| Ok(Some(usize::from(digit - b'0')));
    match header {
        [] | [b'+' | b'-'] => Ok(None),
        [indent @ b'1'..=b'9']
        | [indent @ b'1'..=b'9', b'+' | b'-']
        | [b'+' | b'-', indent @ b'1'..=b'9'] => digit(*indent),
        _ => Err(Doubt::BlockScalar),
    }
}

/// A text that can be a version as it stands: plain or simply quoted, in one line.
pub(super) fn version(value: &[u8]) -> Result<&str, Doubt> {
    let text = match value {
        [b'"', text @ .., b'"'] | [b'\'', text @ .., b'\''] => text,
        b"null" | b"Null" | b"NULL" => return Err(Doubt::Version),
        text => text,
    };
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'_' | b'-');
    if text.is_empty() || text == b"-" || !text.iter().all(fits) {
        return Err(Doubt::Version);
    }
    std::str::from_utf8(text).map_err(|_| Doubt::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn starts(value: &str, expected: Result<Start, Doubt>) {
        assert_eq!(start(value.as_bytes()), expected, "{value}");
    }

    #[test]
    fn values() {
        starts("text", Ok(Start::Plain));
        starts("http://x/#y a:b", Ok(Start::Plain));
        starts("-1", Ok(Start::Plain));
        starts("a: b", Err(Doubt::PlainText));
        starts("a:", Err(Doubt::PlainText));
        starts("a # b", Err(Doubt::PlainText));
        starts("# b", Err(Doubt::Comment));
        starts("- b", Err(Doubt::Indicator));
        starts("&a b", Err(Doubt::Indicator));
        starts("[]", Ok(Start::EmptyList));
        starts("{}", Ok(Start::EmptyMapping));
        starts("[a]", Err(Doubt::Flow));
        starts("|", Ok(Start::Block(None)));
        starts(">-", Ok(Start::Block(None)));
        starts("|2+", Ok(Start::Block(Some(2))));
        starts("|-2", Ok(Start::Block(Some(2))));
        starts("|0", Err(Doubt::BlockScalar));
        starts("| # x", Err(Doubt::BlockScalar));
        starts("''", Ok(Start::Finished));
        starts("'it''s'", Ok(Start::Finished));
        starts("'it''s", Ok(Start::Quoted(b'\'')));
        starts("'a' b", Err(Doubt::Quoted));
        starts(r#""""#, Ok(Start::Finished));
        starts(r#""a\"b\u00e4\\""#, Ok(Start::Finished));
        starts(r#""a\"b"#, Ok(Start::Quoted(b'"')));
        starts(r#""a\"#, Ok(Start::Quoted(b'"')));
        starts(r#""\q""#, Err(Doubt::Quoted));
        starts(r#""\/""#, Err(Doubt::Quoted));
        starts(r#""\ud800""#, Err(Doubt::Quoted));
        starts(r#""\u+123""#, Err(Doubt::Quoted));
    }

    #[test]
    fn versions() {
        for (value, expected) in [
            ("1.2.3", Ok("1.2.3")),
            ("\"1.2\"", Ok("1.2")),
            ("'v1+a_b-c'", Ok("v1+a_b-c")),
            ("null", Err(Doubt::Version)),
            ("'null'", Ok("null")),
            ("~", Err(Doubt::Version)),
            ("\"\"", Err(Doubt::Version)),
            ("\"1", Err(Doubt::Version)),
            ("1.2 # x", Err(Doubt::Version)),
            ("-", Err(Doubt::Version)),
        ] {
            assert_eq!(version(value.as_bytes()), expected, "{value}");
        }
    }
}
