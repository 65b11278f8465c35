//! The fast path for one entry in JSON: read in one pass over its bytes, each verified, without a copy of a text that is not needed.
//!
//! It reads what programs write. What is unusual, or does not lie in memory to its end, is left to serde_json.

use super::created::Created;
use super::digest::EntryDigest;
use super::field_names::FieldNames;
use super::scalar::{LONGEST_KEY, check_characters};
use super::word::Word;

/// The largest number of fields of an entry.
const MAX_FIELDS: usize = 256;
/// The largest number of nested objects and lists in an entry, itself included.
const MAX_DEPTH: u32 = 32;

/// What an entry says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct JsonEntry<'t> {
    /// Empty if there is none.
    pub(super) version: &'t str,
    pub(super) digest: EntryDigest,
    pub(super) created: Created,
    /// The number of bytes from the opening to the closing brace.
    pub(super) length: usize,
}

/// Reads the object at the start of a text. `None` if it is unusual or incomplete; if it is an entry, serde_json and a YAML parser read the
/// same.
pub(super) fn read<'t>(text: &'t [u8], names: &mut FieldNames) -> Option<JsonEntry<'t>> {
    names.clear();
    let mut scanner = Scanner { text, at: 0, others: 0 };
    let (mut version, mut digest, mut created) = (&text[..0], EntryDigest::Missing, Created::NONE);
    scanner.expect(b'{')?;
    if scanner.next()? == b'}' {
        scanner.at += 1;
    } else {
        loop {
            let start = scanner.at;
            let key = scanner.plain_text()?;
            if names.len() >= MAX_FIELDS || !names.add(key) {
                return None;
            }
            scanner.expect_colon(start)?;
            match key {
                b"version" => version = scanner.plain_text()?,
                b"digest" => digest = EntryDigest::parse(scanner.plain_text()?),
                b"created" => created = Created::parse(scanner.plain_text()?),
                key if key.eq_ignore_ascii_case(b"version") => return None,
                _ => scanner.skip()?,
            }
            if !scanner.goes_on(b'}')? {
                break;
            }
        }
    }
    let length = scanner.at;
    if scanner.others != 0 {
        check_characters(text.get(..length)?).ok()?;
    }
    Some(JsonEntry { version: std::str::from_utf8(version).ok()?, digest, created, length })
}

struct Scanner<'t> {
    text: &'t [u8],
    at: usize,
    /// Not 0 if a text has a byte of 0x7f or above.
    others: u64,
}

impl<'t> Scanner<'t> {
    /// The next byte that is not white space.
    #[inline]
    fn next(&mut self) -> Option<u8> {
        loop {
            match *self.text.get(self.at)? {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    #[inline]
    fn expect(&mut self, expected: u8) -> Option<()> {
        let next = self.next()?;
        self.at += 1;
        (next == expected).then_some(())
    }

    /// Reads a comma, or what closes the object or list; returns whether it was the comma.
    #[inline]
    fn goes_on(&mut self, close: u8) -> Option<bool> {
        let next = self.next()?;
        self.at += 1;
        match next {
            b',' => Some(true),
            next if next == close => Some(false),
            _ => None,
        }
    }

    /// A text without escapes.
    #[inline]
    fn plain_text(&mut self) -> Option<&'t [u8]> {
        self.expect(b'"')?;
        let start = self.at;
        match self.skip_to_quote_or_escape()? {
            b'"' => self.text.get(start..self.at - 1),
            _ => None,
        }
    }

    /// Moves behind the next quote or backslash in a text, and returns it.
    #[inline]
    fn skip_to_quote_or_escape(&mut self) -> Option<u8> {
        loop {
            let word = Word::new(*self.text.get(self.at..)?.first_chunk()?);
            // What is behind the closing quote may be of another text, and is then looked at twice.
            self.others |= word.at_least_0x7f();
            match word.equal(b'"').or(word.equal(b'\\')).or(word.less(b' ')).first() {
                None => self.at += 8,
                Some(offset) => {
                    let found = *self.text.get(self.at + offset)?;
                    self.at += offset + 1;
                    return (found >= b' ').then_some(found);
                }
            }
        }
    }

    /// Moves behind a text, of which the opening quote is read.
    #[inline]
    fn skip_text(&mut self) -> Option<()> {
        while self.skip_to_quote_or_escape()? != b'"' {
            let escape = *self.text.get(self.at)?;
            self.at += 1;
            match escape {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                b'u' => {
                    let digits = self.text.get(self.at..self.at + 4)?;
                    self.at += 4;
                    // Halves of a character are left to the others, which tell whether they are a pair.
                    let is_surrogate =
                        matches!(digits, [b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F', ..]);
                    if is_surrogate || !digits.iter().all(u8::is_ascii_hexdigit) {
                        return None;
                    }
                }
                _ => return None,
            }
        }
        Some(())
    }

    /// Moves behind a value.
    fn skip(&mut self) -> Option<()> {
        // The innermost object or list has the lowest bit, which is set for an object.
        let (mut open, mut depth) = (0_u32, 1);
        loop {
            match self.next()? {
                b'"' => {
                    self.at += 1;
                    self.skip_text()?;
                }
                byte @ (b'{' | b'[') => {
                    self.at += 1;
                    let close = byte + 2;
                    if self.next()? == close {
                        self.at += 1;
                    } else {
                        if depth >= MAX_DEPTH {
                            return None;
                        }
                        depth += 1;
                        open = open << 1 | u32::from(byte == b'{');
                        if byte == b'{' {
                            self.skip_key()?;
                        }
                        continue;
                    }
                }
                b't' => self.skip_word(b"true")?,
                b'f' => self.skip_word(b"false")?,
                b'n' => self.skip_word(b"null")?,
                _ => self.skip_number()?,
            }
            // Behind a value: what is open goes on, or ends.
            loop {
                if depth == 1 {
                    return Some(());
                }
                let is_object = open & 1 == 1;
                if self.goes_on(if is_object { b'}' } else { b']' })? {
                    if is_object {
                        self.skip_key()?;
                    }
                    break;
                }
                open >>= 1;
                depth -= 1;
            }
        }
    }

    /// Moves behind a key and its colon.
    #[inline]
    fn skip_key(&mut self) -> Option<()> {
        let start = self.at;
        self.expect(b'"')?;
        self.skip_text()?;
        self.expect_colon(start)
    }

    /// Moves behind the colon of a key that starts here or behind white space. One that may be too long for YAML is left to the others.
    #[inline]
    fn expect_colon(&mut self, start: usize) -> Option<()> {
        self.expect(b':')?;
        (self.at - start <= LONGEST_KEY).then_some(())
    }

    fn skip_word(&mut self, expected: &[u8]) -> Option<()> {
        self.text.get(self.at..)?.strip_prefix(expected)?;
        self.at += expected.len();
        Some(())
    }

    /// Moves behind a number: `-1.5e+3`.
    fn skip_number(&mut self) -> Option<()> {
        if self.text.get(self.at)? == &b'-' {
            self.at += 1;
        }
        let begins_with_zero = self.text.get(self.at)? == &b'0';
        if self.skip_digits()? > 1 && begins_with_zero {
            return None;
        }
        if self.text.get(self.at)? == &b'.' {
            self.at += 1;
            self.skip_digits()?;
        }
        if matches!(self.text.get(self.at)?, b'e' | b'E') {
            self.at += 1;
            if matches!(self.text.get(self.at)?, b'+' | b'-') {
                self.at += 1;
            }
            self.skip_digits()?;
        }
        Some(())
    }

    /// Moves behind one digit or more, and returns how many.
    fn skip_digits(&mut self) -> Option<usize> {
        let rest = self.text.get(self.at..)?;
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        (count > 0).then_some(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries() {
        let hex = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let read = |text: &str| {
            let text = format!("{text}, and more");
            super::read(text.as_bytes(), &mut FieldNames::default())
                .map(|entry| (entry.version.to_owned(), entry.digest, entry.length))
        };
        for (text, version) in [
            ("{}".to_owned(), ""),
            ("{ }".to_owned(), ""),
            (r#"{"version":"1.0.0"}"#.to_owned(), "1.0.0"),
            ("{\r\n\t\"version\" : \"1.0.0\" \n}".to_owned(), "1.0.0"),
            (r#"{"version":"ä"}"#.to_owned(), "ä"),
            (
                r#"{"a":[],"b":{},"c":[{}],"d":{"e":[[1,-2.5e+3,0],{"x":"]}"}]},"f":null,"version":"2"}"#
                    .to_owned(),
                "2",
            ),
            (r#"{"a":"\"\\\/\b\f\n\r\t\u00e4","b":true,"c":false,"d":0.1,"version":"3"}"#.to_owned(), "3"),
            (format!(r#"{{"a":{}1{},"version":"4"}}"#, "[".repeat(31), "]".repeat(31)), "4"),
            (r#"{"a":{"version":"5"},"b":{"c":1,"c":2}}"#.to_owned(), ""),
        ] {
            assert_eq!(read(&text), Some((version.to_owned(), EntryDigest::Missing, text.len())), "{text}");
        }
        let text = format!(r#"{{"digest":"{hex}","version":"1"}}"#);
        let (_, digest, _) = read(&text).unwrap();
        assert_eq!(digest.to_text(), Some(format!("sha256:{hex}")));
        let text = br#"{"created":"2024-05-01T12:00:00.5Z","version":"1"}, and more"#;
        let entry = super::read(text, &mut FieldNames::default()).unwrap();
        assert_eq!(entry.created, Created::parse(b"2024-05-01T12:00:00Z"));
        assert!(entry.created.timestamp().is_some());
        for text in [
            "",
            "[]",
            "{",
            "{,}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a":1 "b":2}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":[1}]"#,
            r#"{"a":{"b":1]}"#,
            r#"{"a":{1:2}}"#,
            r#"{"a":01}"#,
            r#"{"a":-}"#,
            r#"{"a":1.}"#,
            r#"{"a":.5}"#,
            r#"{"a":1e}"#,
            r#"{"a":+1}"#,
            r#"{"a":nul}"#,
            r#"{"a":nullx}"#,
            r#"{"a":"\q"}"#,
            r#"{"a":"\u12g4"}"#,
            r#"{"a":"\ud83d\ude80"}"#,
            "{\"a\":\"\n\"}",
            r#"{"a":1,"a":2}"#,
            r#"{"version":1}"#,
            r#"{"version":null}"#,
            r#"{"version":"\u0031"}"#,
            r#"{"Version":"1"}"#,
            r#"{"\u0061":1}"#,
            r#"{"digest":1}"#,
            r#"{"created":null}"#,
            r#"{"created":"2024-05-01T12:00:00\u005a"}"#,
            r#"{"a":1 # b"#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(32), "]".repeat(32));
        assert_eq!(read(&deep), None);
        // Valid JSON that may not be YAML is left to the others.
        assert_eq!(read("{\"a\":\"\u{7f}\"}"), None);
        assert_eq!(read("{\"a\":\"a text\u{fffe}\"}"), None);
        // Cut, and bytes that are no UTF-8.
        let entry = br#"{"description":"a text","version":"1.0.0"}"#;
        for end in 0..entry.len() {
            assert_eq!(super::read(&entry[..end], &mut FieldNames::default()), None, "{end}");
        }
        assert_eq!(super::read(b"{\"a\":\"\xff\"}, and more", &mut FieldNames::default()), None);
    }
}
