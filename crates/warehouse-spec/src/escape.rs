//! Backslashes in double quotes, where YAML reads escapes and a regular expression was often meant.

/// What of a value in double quotes is no text as it was meant, and how to write it.
pub(crate) struct Escaped {
    /// The escape, such as `\.`.
    pub(crate) escape: String,
    /// What it stands for, if YAML knows it.
    pub(crate) stands_for: Option<char>,
    /// The text as it was meant, with its backslashes.
    pub(crate) text: String,
}

/// The value in double quotes that starts at this byte, with both quotation marks; nothing where it does not end on its line.
pub(crate) fn double_quoted(text: &str, start: usize) -> Option<&str> {
    let rest = text.get(start..).filter(|rest| rest.starts_with('"'))?;
    let mut letters = rest.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\n' | '\r' => return None,
            '\\' => drop(letters.next()),
            '"' => return Some(&rest[..=at]),
            _ => {}
        }
    }
    None
}

/// The first escape of a value in double quotes that YAML does not know, or that stands for a character nobody sees.
pub(crate) fn first_bad(quoted: &str, is_expression: bool) -> Option<Escaped> {
    first(quoted, is_expression, false)
}

/// The first escape of a value in double quotes that YAML does not know.
pub(crate) fn first_unknown(quoted: &str, is_expression: bool) -> Option<Escaped> {
    first(quoted, is_expression, true)
}

fn first(quoted: &str, is_expression: bool, is_unknown: bool) -> Option<Escaped> {
    let inside = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let mut rest = inside;
    while let Some(at) = rest.find('\\') {
        let after = &rest[at + 1..];
        let letter = after.chars().next()?;
        let digits = match letter {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let length = letter.len_utf8() + digits;
        let code = after.get(letter.len_utf8()..length);
        let number = code.and_then(|code| u32::from_str_radix(code, 16).ok());
        let stands_for = match digits {
            0 => known(letter),
            _ => number.and_then(char::from_u32),
        };
        let is_seen = stands_for.is_some_and(|letter| is_unknown || !is_unseen(letter));
        // Half of a pair of UTF-16, which YAML in JSON's form takes.
        let is_half = letter == 'u' && number.is_some_and(|number| (0xd800..0xe000).contains(&number));
        if !is_seen && !is_half {
            let escape = match stands_for {
                Some(_) => format!("\\{}", &after[..length]),
                None => format!("\\{letter}"),
            };
            return Some(Escaped { escape, stands_for, text: kept(inside, is_expression) });
        }
        rest = after.get(length..)?;
    }
    None
}

/// Whether a text is JSON and no other YAML: its quotation marks are double ones, and it has no comments.
pub(crate) fn is_json(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with('{')
}

/// Whether a character is none that somebody means in a pattern.
pub(crate) fn is_unseen(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{a0}' | '\u{2028}' | '\u{2029}')
}

/// What the escape of one letter stands for.
fn known(letter: char) -> Option<char> {
    Some(match letter {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\u{b}',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        ' ' | '"' | '/' | '\\' => letter,
        _ => return None,
    })
}

/// The text with its backslashes. An escaped quotation mark or backslash was meant as itself. The texts in an expression
/// have escapes of their own.
fn kept(inside: &str, is_expression: bool) -> String {
    let mut text = String::new();
    let mut letters = inside.chars();
    while let Some(letter) = letters.next() {
        match (letter, letters.as_str().chars().next()) {
            ('\\', Some(next @ ('"' | '\\'))) => {
                text.push(next);
                letters.next();
            }
            ('\\', Some('u' | 'U')) => {
                let rest = letters.as_str();
                match by_number(rest) {
                    Some((meant, length)) => {
                        text.push_str(&short(meant).unwrap_or_else(|| meant.to_string()));
                        letters = rest[length..].chars();
                    }
                    None => text.push(letter),
                }
            }
            _ => text.push(letter),
        }
    }
    match is_expression {
        true => text.replace('\\', "\\\\"),
        false => text,
    }
}

/// The character of an escape by its number, without its backslash, and the length of the escape; of a character that UTF-16
/// writes as two numbers, the length of both.
fn by_number(escape: &str) -> Option<(char, usize)> {
    let number = |escape: &str, length: usize| u32::from_str_radix(escape.get(1..length)?, 16).ok();
    let length = if escape.starts_with('u') { 5 } else { 9 };
    let first = number(escape, length)?;
    if let Some(letter) = char::from_u32(first) {
        return Some((letter, length));
    }
    let second = number(escape.get(length..)?.strip_prefix('\\').filter(|rest| rest.starts_with('u'))?, 5)?;
    let units = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    let letter = char::decode_utf16(units).next()?.ok()?;
    Some((letter, length + 6))
}

/// An escape that a regular expression takes, for a character that a program has written by its number.
fn short(letter: char) -> Option<String> {
    is_unseen(letter).then(|| match letter {
        '\u{8}' => r"\b".to_owned(),
        '\u{7}' => r"\a".to_owned(),
        '\t' => r"\t".to_owned(),
        '\n' => r"\n".to_owned(),
        '\u{b}' => r"\v".to_owned(),
        '\u{c}' => r"\f".to_owned(),
        '\r' => r"\r".to_owned(),
        letter => format!(r"\x{{{:02x}}}", u32::from(letter)),
    })
}

#[cfg(test)]
mod tests {
    use super::{double_quoted, first_bad};

    #[track_caller]
    fn bad(quoted: &str, escape: &str, text: &str) {
        let found = first_bad(quoted, false).unwrap_or_else(|| panic!("{quoted} is taken"));
        assert_eq!((found.escape.as_str(), found.text.as_str()), (escape, text), "{quoted}");
    }

    #[test]
    fn what_is_bad() {
        bad(r#""^v1\.0""#, r"\.", r"^v1\.0");
        bad(r#""a 'a\.b'""#, r"\.", r"a 'a\.b'");
        bad(r#""\\d\d""#, r"\d", r"\d\d");
        bad(r#""\"\s""#, r"\s", r#""\s"#);
        bad(r#""^v\b""#, r"\b", r"^v\b");
        bad(r#""\x07""#, r"\x07", r"\x07");
        bad(r#""^v\u0008""#, r"\u0008", r"^v\b");
        bad(r#""\u0041\U00000042\b""#, r"\b", r"AB\b");
        bad(r#""\ud83d\ude00\b""#, r"\b", r"😀\b");
        bad(r#""\ud83d\b""#, r"\b", r"\ud83d\b");
        bad(r#""\U0000001bx""#, r"\U0000001b", r"\x{1b}x");
        bad(r#""\xzz""#, r"\x", r"\xzz");
        bad(r#""\é""#, r"\é", r"\é");
        for seen in [r#""\\b""#, r#""\/ \" \\""#, r#""\x41\u0041""#, r#""\ud83d\ude00""#, r#""""#, r#""\"#] {
            assert!(first_bad(seen, false).is_none(), "{seen}");
        }
        let found = first_bad(r#""a 'b\.c'""#, true).map(|found| found.text);
        assert_eq!(found.as_deref(), Some(r"a 'b\\.c'"));
    }

    #[test]
    fn where_it_ends() {
        assert_eq!(double_quoted(r#"a: "b\"c" d"#, 3), Some(r#""b\"c""#));
        assert_eq!(double_quoted("\"a\nb\"", 0), None);
        assert_eq!(double_quoted("\"a", 0), None);
    }
}
