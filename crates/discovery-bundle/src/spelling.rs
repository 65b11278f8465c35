//! The ways in which a text is written into others: as it is, percent-encoded, escaped for JSON, escaped for HTML, and several of them at once.

/// The longest reference of a character in HTML that is read: `&#x0010ffff;`.
const LONGEST_REFERENCE: usize = 12;

/// How many steps a search may take for each byte that is searched.
const STEPS: usize = 64;

/// Texts that are looked for, whichever way they are written.
pub(crate) struct Spellings {
    texts: Vec<String>,
    /// The positions in `texts` of those that begin with each byte.
    by_first: Vec<Vec<usize>>,
}

/// A part of what was searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// The position of the text, in the order in which they were given.
    pub(crate) text: usize,
}

/// The search would take too long: what is searched was made for it.
#[derive(Debug)]
pub(crate) struct TooCostly;

impl Spellings {
    /// Empty texts are not found.
    pub(crate) fn new(texts: impl IntoIterator<Item = String>) -> Self {
        let texts: Vec<String> = texts.into_iter().collect();
        let mut by_first = vec![Vec::new(); 256];
        for (position, text) in texts.iter().enumerate() {
            if let Some(list) = text.bytes().next().and_then(|first| by_first.get_mut(usize::from(first))) {
                list.push(position);
            }
        }
        Self { texts, by_first }
    }

    /// The parts of `bytes` that are one of the texts, from the start to the end. Those that overlap are one part, with the text of the first.
    ///
    /// # Errors
    ///
    /// [`TooCostly`] if it takes more than 64 steps a byte.
    pub(crate) fn find(&self, bytes: &[u8]) -> Result<Vec<Found>, TooCostly> {
        let mut found: Vec<Found> = Vec::new();
        if self.texts.is_empty() {
            return Ok(found);
        }
        let mut steps = bytes.len().saturating_mul(STEPS).saturating_add(1 << 20);
        let mut firsts = Vec::new();
        for start in 0..bytes.len() {
            firsts.clear();
            each_way(bytes, start, |written, _| firsts.extend(written.first().copied()));
            firsts.sort_unstable();
            firsts.dedup();
            let texts = firsts.iter().filter_map(|first| self.by_first.get(usize::from(*first))).flatten();
            for &text in texts {
                let Some(sought) = self.texts.get(text) else { continue };
                let Some(end) = end_of(sought.as_bytes(), bytes, start, &mut steps)? else { continue };
                match found.last_mut() {
                    Some(last) if start < last.end => last.end = last.end.max(end),
                    _ => found.push(Found { start, end, text }),
                }
            }
        }
        Ok(found)
    }
}

/// Where `sought` ends in `bytes`, which has it at `start` in some spelling: the last such end.
fn end_of(sought: &[u8], bytes: &[u8], start: usize, steps: &mut usize) -> Result<Option<usize>, TooCostly> {
    // How far each is read. A spelling may be read in several ways: `%25` is itself, or a percent sign.
    let mut states = std::collections::BTreeSet::from([(0, start)]);
    let mut last = None;
    while let Some((read, at)) = states.pop_first() {
        *steps = steps.checked_sub(1).ok_or(TooCostly)?;
        let rest = sought.get(read..).unwrap_or_default();
        if rest.is_empty() {
            last = last.max(Some(at));
            continue;
        }
        each_way(bytes, at, |written, end| {
            if rest.starts_with(written) {
                states.insert((read + written.len(), end));
            }
        });
    }
    Ok(last)
}

/// Calls `way` with each text that the letter at this position may stand for, and where it ends.
fn each_way(bytes: &[u8], at: usize, mut way: impl FnMut(&[u8], usize)) {
    let Some(&first) = bytes.get(at) else { return };
    way(&[first], at + 1);
    let mut buffer = [0; 4];
    match first {
        b'+' => way(b" ", at + 1),
        b'%' => {
            // `%252f` is `%2f` percent-encoded once more.
            let mut digits = at + 1;
            while let Some(byte) = bytes.get(digits..digits + 2).and_then(hexadecimal) {
                way(&[u8::try_from(byte).unwrap_or_default()], digits + 2);
                if byte != u32::from(b'%') {
                    break;
                }
                digits += 2;
            }
        }
        b'\\' => {
            // A backslash that is escaped once, or twice as in JSON within JSON.
            let count = bytes.get(at..).unwrap_or_default().iter().take(4).take_while(|&&byte| byte == b'\\');
            let count = count.count();
            for length in [2, 4].into_iter().filter(|length| *length <= count) {
                way(b"\\", at + length);
            }
            if let Some((letter, end)) = escape(bytes, at) {
                way(letter.encode_utf8(&mut buffer).as_bytes(), end);
            }
        }
        b'&' => {
            if let Some((letter, end)) = reference(bytes, at) {
                way(letter.encode_utf8(&mut buffer).as_bytes(), end);
            }
        }
        _ => {}
    }
}

/// `\/`, `\"`, `\n`, `\u002f`, a pair of surrogates: a letter. JSON within JSON has further backslashes.
fn escape(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let after = after_backslashes(bytes, at)?;
    let letter = match bytes.get(after) {
        Some(b'u') => return unicode(bytes, after + 1),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(other @ (b'/' | b'"' | b'\'')) => char::from(*other),
        _ => return None,
    };
    Some((letter, after + 1))
}

/// The letter of the digits after `\u`.
fn unicode(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let unit = hexadecimal(bytes.get(at..at + 4)?)?;
    if let Some(letter) = char::from_u32(unit) {
        return Some((letter, at + 4));
    }
    let second = after_backslashes(bytes, at + 4).filter(|after| bytes.get(*after) == Some(&b'u'))? + 1;
    let low = hexadecimal(bytes.get(second..second + 4)?)?;
    let units = [u16::try_from(unit).ok()?, u16::try_from(low).ok()?];
    let letter = char::decode_utf16(units).next()?.ok()?;
    Some((letter, second + 4))
}

/// The position after at least one backslash.
fn after_backslashes(bytes: &[u8], at: usize) -> Option<usize> {
    // More are not from any program that writes JSON.
    let count = bytes.get(at..)?.iter().take(16).take_while(|byte| **byte == b'\\').count();
    (count > 0).then_some(at + count)
}

/// `&amp;`, `&#38;`, `&#x26;`: a letter.
fn reference(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let after = bytes.get(at + 1..)?;
    let length = after.iter().take(LONGEST_REFERENCE).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(after.get(..length)?).ok()?;
    let letter = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((letter, at + length + 2))
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| Some(value * 16 + char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(text: &str, searched: &str) -> Vec<(usize, usize)> {
        let found = Spellings::new([text.to_owned()]).find(searched.as_bytes()).unwrap();
        found.into_iter().map(|found| (found.start, found.end)).collect()
    }

    #[test]
    fn spellings() {
        let cases = [
            ("a/b", "a/b"),
            ("a/b", r"a\/b"),
            ("a/b", r"a\\\/b"),
            ("a/b", r"a\u002fb"),
            ("a/b", r"\u0061\u002F\u0062"),
            ("a/b", "a%2fb"),
            ("a/b", "%61%2F%62"),
            ("a/b", "a%252fb"),
            ("a b", "a+b"),
            ("a&b\"", "a&amp;b&quot;"),
            ("a/b", "a&#47;b"),
            ("a/b", "a&#x2F;b"),
            ("a\\b", r"a\\b"),
            ("a\\\\b", r"a\\\\b"),
            ("a\\\"", r#"a\\\""#),
            ("a\"\n", r#"a\"\n"#),
            ("%25x", "%2525x"),
            ("%25x", "%25x"),
            ("ä😀", "%c3%A4\\uD83D\\ude00"),
        ];
        for (text, spelling) in cases {
            let searched = format!("(%2{spelling})");
            assert_eq!(parts(text, &searched), [(3, 3 + spelling.len())], "{text} as {spelling}");
        }
        for (text, other) in [("a/b", "a%2gb"), ("a/b", r"a\u002"), ("a/b", "a&#x2Fb"), ("a", ""), ("", "a")]
        {
            assert_eq!(parts(text, other), [], "{text} is not in {other}");
        }
    }

    #[test]
    fn parts_that_overlap_are_one() {
        let spellings = Spellings::new(["abcd".to_owned(), "cdefgh".to_owned()]);
        let found = spellings.find(b"-abcdefgh-abcd").unwrap();
        assert_eq!(found, [Found { start: 1, end: 9, text: 0 }, Found { start: 10, end: 14, text: 0 }]);
    }

    #[test]
    fn a_text_that_is_made_to_be_searched_for_long_is_refused() {
        let spellings = Spellings::new(["a".repeat(1 << 14) + "b"]);
        assert!(spellings.find("a".repeat(1 << 18).as_bytes()).is_err());
        assert!(spellings.find("ab".repeat(1 << 18).as_bytes()).is_ok());
    }

    proptest! {
        #[test]
        fn every_spelling_of_every_letter(text in "[ -~äß漢😀]{1,20}", ways in proptest::collection::vec(0..8_u8, 20)) {
            let mut spelled = String::new();
            for (letter, way) in text.chars().zip(ways) {
                let mut bytes = [0; 4];
                let bytes = letter.encode_utf8(&mut bytes).bytes();
                let mut units = [0; 2];
                let units = letter.encode_utf16(&mut units).iter();
                match way {
                    0 => spelled.extend(bytes.map(|byte| format!("%{byte:02x}"))),
                    1 => spelled.extend(bytes.map(|byte| format!("%{byte:02X}"))),
                    2 => spelled.extend(units.map(|unit| format!("\\u{unit:04x}"))),
                    3 => spelled.extend(units.map(|unit| format!("\\u{unit:04X}"))),
                    4 => spelled += &format!("&#{};", u32::from(letter)),
                    5 if letter == '/' || letter == '"' || letter == '\\' => spelled.extend(['\\', letter]),
                    _ => spelled.push(letter),
                }
            }
            let found = Spellings::new([text]).find(spelled.as_bytes()).unwrap();
            prop_assert_eq!(found.first().map(|found| (found.start, found.end)), Some((0, spelled.len())));
        }

        #[test]
        fn any_bytes(text in ".{1,8}", bytes: Vec<u8>) {
            let found = Spellings::new([text]).find(&bytes).unwrap();
            prop_assert!(found.iter().all(|found| found.start < found.end && found.end <= bytes.len()));
        }
    }
}
