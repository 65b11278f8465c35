//! What a person wrote where YAML reads something else: the text of one value on its line, and that text in quotation marks.

/// How much of a line is looked at for one value; a longer one is not quoted to anybody.
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

/// Where a comment starts that stands in the place of a value: `key: #1` or `- #1`. The place of a value that is not there
/// is the end of its key, or the end of its line.
pub(crate) fn comment_in_place(text: &str, place: usize) -> Option<usize> {
    let is_blank = |letter: char| letter == ' ' || letter == '\t';
    let after = text.get(place..)?.trim_start_matches(is_blank);
    if let Some(rest) = after.strip_prefix(':') {
        let value = rest.trim_start_matches(is_blank);
        let is_comment = value.len() < rest.len() && value.starts_with('#');
        return is_comment.then(|| text.len() - value.len());
    }
    // As far back as somebody would look for it.
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
        && crate::scalar::resolve(text) == crate::node::ScalarKind::Text
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
        '"' | '\'' => "a text that ends at its second quotation mark",
        ',' => "the end of an item",
        '?' if value.starts_with("? ") => "the start of a key",
        '-' if value.starts_with("- ") || value == "-" => "the start of a list",
        _ if value.contains(": ") || value.ends_with(':') => "a key and its value",
        _ if value.contains([',', '[', ']', '{', '}']) => "parts of a list or mapping",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{start_on, value, value_at};

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
            let found = super::comment_in_place(text, place).map(|at| &text[at..]);
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
            assert_eq!(super::cut_off(written), value, "{written:?}");
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
}
