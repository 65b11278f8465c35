//! The source text of a value that YAML reads as something else: its text on the line, that text in quotation marks, and
//! backslashes in double quotes, which are often part of a regular expression.

/// How much of a line is looked at for one value; a longer value is not quoted in messages.
const LONGEST: usize = 400;

/// The value that starts here, up to a comment or the end of its line; in a list or mapping in brackets, up to its end there.
/// Nothing if it is empty or too long.
pub(crate) fn value(text: &str, in_brackets: bool) -> Option<&str> {
    let mut end = LONGEST.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let line = text[..end].split(['\n', '\r']).next().unwrap_or_default();
    if line.len() >= LONGEST {
        return None;
    }
    let value = match in_brackets {
        true => &line[..item(line)],
        false => without_comment(line),
    };
    let value = value.trim();
    (!value.is_empty()).then_some(value)
}

/// The part of a line before a comment.
pub(crate) fn without_comment(line: &str) -> &str {
    if line.starts_with('#') {
        return "";
    }
    let comment = [" #", "\t#"].iter().filter_map(|start| line.find(start)).min();
    line[..comment.unwrap_or(line.len())].trim_end()
}

/// Where a comment starts that is in the place of a value: `key: #1` or `- #1`. The place of a value that is not there
/// is the end of its key, or the end of its line.
pub(crate) fn comment_in_place(text: &str, place: usize) -> Option<usize> {
    let is_blank = |letter: char| letter == ' ' || letter == '\t';
    let after = text.get(place..)?.trim_start_matches(is_blank);
    if let Some(rest) = after.strip_prefix(':') {
        let value = rest.trim_start_matches(is_blank);
        let is_comment = value.len() < rest.len() && value.starts_with('#');
        return is_comment.then(|| text.len() - value.len());
    }
    // The search goes back a bounded way.
    let mut from = place.saturating_sub(LONGEST);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let start = match text[from..place].rfind('\n') {
        Some(end) => from + end + 1,
        None if from == 0 => 0,
        None => return None,
    };
    let mut item = text[start..place].trim_start_matches(is_blank);
    let mut is_item = false;
    while let Some(rest) = item.strip_prefix('-').filter(|rest| rest.starts_with(is_blank)) {
        item = rest.trim_start_matches(is_blank);
        is_item = true;
    }
    (is_item && item.starts_with('#')).then(|| place - item.len())
}

/// What a comment without a blank after its `#` may have cut off the value before it, which is this much of the text.
pub(crate) fn cut_off(written: &str) -> Option<&str> {
    let value = without_comment(written);
    let comment = written[value.len()..].trim_start().strip_prefix('#')?;
    let is_text = comment.starts_with(|first: char| first != '#' && first != '!' && !first.is_whitespace());
    is_text.then_some(value)
}

/// Where an item of a list in brackets ends: at a comma, or at a bracket that it did not open.
fn item(text: &str) -> usize {
    let mut open = 0_usize;
    let mut quote = None;
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(mark), _) if letter == mark => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') if text[..at].ends_with(['[', '{', ',', ' ', ':', '(']) || at == 0 => {
                quote = Some(letter);
            }
            (None, '[' | '{') => open += 1,
            (None, ']' | '}') if open == 0 => return at,
            (None, ']' | '}') => open -= 1,
            (None, ',') if open == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

/// Where on a line the value of a key or of an item of a list starts, in bytes.
pub(crate) fn start_on(line: &str) -> usize {
    let mut at = line.len() - line.trim_start().len();
    while line[at..].starts_with("- ") {
        at += 2;
        at += line[at..].len() - line[at..].trim_start().len();
    }
    let is_key = |key: &str| {
        let key = key.trim_matches(['"', '\'']);
        !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-/<".contains(&byte))
    };
    if let Some(colon) = line[at..].find(": ").filter(|&colon| is_key(&line[at..at + colon])) {
        at += colon + 2;
        at += line[at..].len() - line[at..].trim_start().len();
    }
    at
}

/// The value of a line that a syntax error at this byte is in. In lists and mappings in brackets, the innermost value.
pub(crate) fn value_at(line: &str, byte: usize) -> Option<(usize, &str)> {
    let mut start = start_on(line);
    if byte < start {
        return None;
    }
    let mut whole = value(&line[start..], false)?;
    loop {
        // What follows a closed bracket makes a text of the whole.
        let is_closed = closing(whole).is_some_and(|end| end < whole.len());
        if !whole.starts_with(['[', '{']) || is_closed || byte <= start {
            return (!whole.is_empty()).then_some((start, whole));
        }
        let end = start + whole.len();
        let mut at = start + 1;
        (start, whole) = loop {
            at += line[at..end].len() - line[at..end].trim_start().len();
            let length = item(&line[at..end]);
            if byte <= at + length {
                let at = match whole.starts_with('{') {
                    true => at + start_on(&line[at..at + length]),
                    false => at,
                };
                // Between the items, or in a key.
                if byte < at || length == 0 {
                    return None;
                }
                break (at, line[at..end][..item(&line[at..end])].trim());
            }
            if !line[at + length..end].starts_with(',') {
                return None;
            }
            at += length + 1;
        };
    }
}

/// Where the bracket that a text starts with is closed, if it is; behind it.
fn closing(text: &str) -> Option<usize> {
    let inside = text.strip_prefix(['[', '{'])?;
    let mut at = 1;
    loop {
        at += item(&text[at..]);
        match inside.as_bytes().get(at - 1)? {
            b',' => at += 1,
            _ => return Some(at + 1),
        }
    }
}

/// The value of a line that opens a bracket or a quotation mark which its line does not close, and where it starts. One that is made for several lines is none.
pub(crate) fn unclosed(line: &str) -> Option<(usize, &str)> {
    let start = start_on(line);
    let value = value(&line[start..], false)?;
    let is_open = match value.as_bytes() {
        [b'[' | b'{', _, ..] => closing(value).is_none() && !value.ends_with(','),
        [b'"', _, ..] => double_quoted(value, 0).is_none(),
        [b'\'', rest @ ..] if !rest.is_empty() => rest.iter().filter(|byte| **byte == b'\'').count() % 2 == 0,
        _ => false,
    };
    is_open.then_some((start, value))
}

/// The brackets that a value opens and does not close, as they are closed.
pub(crate) fn missing_brackets(value: &str) -> String {
    let mut open = Vec::new();
    for letter in value.chars() {
        match letter {
            '[' => open.push(']'),
            '{' => open.push('}'),
            ']' | '}' => drop(open.pop()),
            _ => {}
        }
    }
    open.into_iter().rev().collect()
}

/// The value in the quotation marks that need the least escaping.
pub(crate) fn quoted(value: &str) -> String {
    match value.contains('"') || value.contains('\\') {
        true => format!("'{}'", value.replace('\'', "''")),
        false => format!("\"{value}\""),
    }
}

/// Whether a text is the same without quotation marks, in a list in brackets, too.
pub(crate) fn plain(text: &str) -> bool {
    reading(text).is_none()
        && !text.contains([',', '[', ']', '{', '}', '#'])
        && text.trim() == text
        && !text.is_empty()
        && super::node::resolve(text) == super::ScalarKind::Text
        && !text.chars().any(char::is_control)
}

/// What YAML takes the first letters of a text for, when it is not quoted.
pub(crate) fn reading(value: &str) -> Option<&'static str> {
    Some(match value.chars().next()? {
        '*' => "a YAML alias",
        '!' => "a YAML tag",
        '&' => "a YAML anchor",
        '>' | '|' => "the head of a block of text",
        '@' | '`' | '%' => "a character that YAML keeps for itself",
        '[' => "the start of a list",
        '{' => "the start of a mapping",
        '"' | '\'' => "a string that ends at its second quotation mark",
        ',' => "the end of an item",
        '?' if value.starts_with("? ") => "the start of a key",
        '-' if value.starts_with("- ") || value == "-" => "the start of a list",
        _ if value.contains(": ") || value.ends_with(':') => "a key and its value",
        _ if value.contains([',', '[', ']', '{', '}']) => "parts of a list or mapping",
        _ => return None,
    })
}

/// An escape in double quotes that does not stand for the text that was meant, and how to write that text.
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

/// The first escape of a value in double quotes that YAML does not know, or that stands for a character that is not visible.
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

/// Whether a character is one that is not visible, and therefore not meant in a pattern.
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
    use super::*;

    #[test]
    fn where_values_start() {
        for (line, rest) in [
            ("  key: value", "value"),
            ("  - key:  value", "value"),
            ("  - - a b: c", "a b: c"),
            ("'key': value", "value"),
            ("- glob:x", "glob:x"),
            ("key:", "key:"),
        ] {
            assert_eq!(&line[start_on(line)..], rest);
        }
    }

    #[test]
    fn comments_in_the_place_of_values() {
        for (text, key, comment) in [
            ("a: #1", "a", Some("#1")),
            ("- a:  #1 b\nc: d", "a", Some("#1 b\nc: d")),
            ("a: # b", "a", Some("# b")),
            ("a:\n# b", "a", None),
            ("a:#1", "a", None),
            ("- #1", "- #1", Some("#1")),
            ("a:\n  - - #1\n  - b", "a:\n  - - #1", Some("#1\n  - b")),
            ("a:\n  # b", "a:\n  # b", None),
            ("-\n", "-", None),
            ("", "", None),
        ] {
            let place = text.find(key).unwrap_or_default() + key.len();
            let found = comment_in_place(text, place).map(|at| &text[at..]);
            assert_eq!(found, comment, "{text:?}");
        }
        for (written, value) in [
            ("docs #1", Some("docs")),
            ("#1", Some("")),
            ("docs # 1", None),
            ("docs #", None),
            ("docs ## x", None),
            ("docs", None),
            ("docs#1", None),
        ] {
            assert_eq!(cut_off(written), value, "{written:?}");
        }
    }

    #[test]
    fn where_values_end() {
        for (text, in_brackets, expected) in [
            ("!x y # z\nnext", false, Some("!x y")),
            ("a#b", false, Some("a#b")),
            ("# a", false, None),
            ("{a, b}, c]", true, Some("{a, b}")),
            ("a], b", true, Some("a")),
            ("'a, b', c", true, Some("'a, b'")),
        ] {
            assert_eq!(value(text, in_brackets), expected, "{text:?}");
        }
        assert_eq!(value(&"é".repeat(500), false), None);
    }

    #[test]
    fn the_value_around_an_error() {
        assert_eq!(value_at("  a: [*, x]", 6), Some((6, "*")));
        assert_eq!(value_at("  a: [x, @y]", 9), Some((9, "@y")));
        assert_eq!(value_at("  a: [b]+", 8), Some((5, "[b]+")));
        assert_eq!(value_at("  a: >1.0 # c", 5), Some((5, ">1.0")));
        assert_eq!(value_at("  a: b", 3), None);
        assert_eq!(value_at("- image: {repoURL: x, constraint: *}", 34), Some((34, "*")));
        assert_eq!(value_at("- image: {a: [x, @y], constraint: *}", 17), Some((17, "@y")));
        assert_eq!(value_at("- image: {a: [x, y], constraint: [b]+}", 35), Some((33, "[b]+")));
        assert_eq!(value_at("  a: [,x]", 6), None);
        assert_eq!(value_at("  a: [x", 6), Some((6, "x")));
    }

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
