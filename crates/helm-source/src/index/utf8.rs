//! The location of the first byte that is not UTF-8, which the YAML parser does not report.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// The first byte of a text that is not UTF-8, with its location.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotUtf8 {
    pub(super) line: u64,
    pub(super) column: u64,
    pub(super) byte: u8,
}

/// A reader that fails at the first byte that is not UTF-8 and records it. A text that begins with the byte order mark of UTF-16 is not
/// checked.
pub(super) struct Utf8Reader<R> {
    reader: R,
    /// The first bytes of a character whose rest has not been read.
    unfinished: Vec<u8>,
    line: u64,
    column: u64,
    state: State,
    found: Rc<Cell<Option<NotUtf8>>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Checked,
    Unchecked,
}

impl<R: Read> Utf8Reader<R> {
    /// A checking reader on top of this one, and the cell for the location.
    pub(super) fn new(reader: R) -> (Self, Rc<Cell<Option<NotUtf8>>>) {
        let found = Rc::default();
        let state = State::Start;
        (Self { reader, unfinished: Vec::new(), line: 1, column: 1, state, found: Rc::clone(&found) }, found)
    }

    fn check(&mut self, bytes: &[u8]) -> io::Result<()> {
        let is_end = bytes.is_empty();
        let mut joined = std::mem::take(&mut self.unfinished);
        let bytes = if joined.is_empty() {
            bytes
        } else {
            joined.extend_from_slice(bytes);
            &*joined
        };
        if self.state == State::Start && !bytes.is_empty() {
            if matches!(bytes, [0xff | 0xfe]) && !is_end {
                self.unfinished = bytes.to_vec();
                return Ok(());
            }
            let is_utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
            self.state = if is_utf16 { State::Unchecked } else { State::Checked };
        }
        if self.state == State::Unchecked {
            return Ok(());
        }
        let Err(error) = std::str::from_utf8(bytes).map(|text| self.advance(text)) else { return Ok(()) };
        let (good, bad) = bytes.split_at(error.valid_up_to());
        self.advance(std::str::from_utf8(good).unwrap_or_default());
        if error.error_len().is_none() && !is_end {
            self.unfinished = bad.to_vec();
            return Ok(());
        }
        let byte = bad.first().copied().unwrap_or_default();
        self.found.set(Some(NotUtf8 { line: self.line, column: self.column, byte }));
        Err(io::ErrorKind::InvalidData.into())
    }

    fn advance(&mut self, text: &str) {
        let count = |text: &str| text.chars().count() as u64;
        match text.rfind('\n') {
            None => self.column += count(text),
            Some(last) => {
                self.line += memchr::memchr_iter(b'\n', text.as_bytes()).count() as u64;
                self.column = 1 + count(&text[last + 1..]);
            }
        }
    }
}

impl<R: Read> Read for Utf8Reader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(into)?;
        if !into.is_empty() {
            self.check(&into[..read])?;
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a few bytes at a time.
    struct Drip<'t>(&'t [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(into.len());
            (&mut self.0).take(length as u64).read(into)
        }
    }

    #[track_caller]
    fn check(text: &[u8], expected: Option<(u64, u64, u8)>) {
        for portion in [1, 2, 3, 5, 100] {
            let (mut reader, found) = Utf8Reader::new(Drip(text, portion));
            let is_read = reader.read_to_end(&mut Vec::new()).is_ok();
            let seen = found.get().map(|found| (found.line, found.column, found.byte));
            assert_eq!((seen, is_read), (expected, expected.is_none()), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn locations() {
        check(b"", None);
        check("a: ä 漢 🚀\n".as_bytes(), None);
        check(b"\xfc", Some((1, 1, 0xfc)));
        check(b"a: M\xfcnchen\n", Some((1, 5, 0xfc)));
        check("ä\nä漢🚀".as_bytes().strip_suffix(b"\x80").unwrap(), Some((2, 3, 0xf0)));
        check(b"a\nb\n\nc\xc3\n", Some((4, 2, 0xc3)));
        check(b"a\xc3", Some((1, 2, 0xc3)));
        check(b"a\x80", Some((1, 2, 0x80)));
    }

    #[test]
    fn utf16_is_not_checked() {
        for text in [&b"\xff\xfea\0\xfc\0"[..], b"\xfe\xff\0a\0\xfc"] {
            for portion in [1, 2, 100] {
                let (mut reader, found) = Utf8Reader::new(Drip(text, portion));
                reader.read_to_end(&mut Vec::new()).unwrap();
                assert_eq!(found.get(), None);
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn exactly_what_is_not_utf8_is_found(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..64), portion in 1_usize..9) {
            let is_utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
            proptest::prop_assume!(!is_utf16);
            let (mut reader, found) = Utf8Reader::new(Drip(&bytes, portion));
            let is_read = reader.read_to_end(&mut Vec::new()).is_ok();
            proptest::prop_assert_eq!(is_read, std::str::from_utf8(&bytes).is_ok());
            proptest::prop_assert_eq!(is_read, found.get().is_none());
        }
    }
}
