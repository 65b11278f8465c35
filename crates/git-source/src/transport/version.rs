//! Reads the greeting of a server that speaks version 1 of the protocol.
//!
//! Version 1 is version 0 after one packet that says so. gitoxide takes that packet for the first reference, so it is left out here.

use std::io::{self, BufRead, Read};

/// No packet before the references is longer: `# service=git-upload-pack` and `version 1`.
const LONGEST: usize = 64;

/// What a server says, without the packet `version 1` at its beginning.
pub(super) struct Greeting<R> {
    reader: R,
    /// Whether the beginning was read.
    has_begun: bool,
    /// What was read of the beginning, as far as it was not passed on.
    begin: io::Cursor<Vec<u8>>,
}

impl<R: Read> Greeting<R> {
    /// What a server says in a greeting and after it.
    pub(super) fn new(reader: R) -> Self {
        Self { reader, has_begun: false, begin: io::Cursor::default() }
    }

    /// What a server says after the greeting.
    pub(super) fn over(reader: R) -> Self {
        Self { has_begun: true, ..Self::new(reader) }
    }

    /// Reads the packets before the first one that is neither the name of the service nor the version.
    fn begin(&mut self) -> io::Result<()> {
        if self.has_begun {
            return Ok(());
        }
        self.has_begun = true;
        let kept = self.begin.get_mut();
        let mut is_after_service = false;
        loop {
            let start = kept.len();
            (&mut self.reader).take(4).read_to_end(kept)?;
            let digits = std::str::from_utf8(&kept[start..]).ok().filter(|digits| digits.len() == 4);
            let length = digits.and_then(|digits| usize::from_str_radix(digits, 16).ok());
            match length {
                Some(0) if is_after_service => continue,
                Some(length @ 5..=LONGEST) => {
                    (&mut self.reader).take(length as u64 - 4).read_to_end(kept)?;
                }
                _ => return Ok(()),
            }
            let packet = kept.get(start + 4..).unwrap_or_default().trim_ascii_end();
            if packet == b"version 1" {
                kept.truncate(start);
                return Ok(());
            }
            is_after_service = packet.starts_with(b"# service=");
            if !is_after_service {
                return Ok(());
            }
        }
    }

    fn is_in_begin(&self) -> bool {
        self.begin.position() < self.begin.get_ref().len() as u64
    }
}

impl<R: Read> Read for Greeting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.begin()?;
        if self.is_in_begin() { self.begin.read(buffer) } else { self.reader.read(buffer) }
    }
}

impl<R: BufRead> BufRead for Greeting<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.begin()?;
        if self.is_in_begin() { self.begin.fill_buf() } else { self.reader.fill_buf() }
    }

    fn consume(&mut self, amount: usize) {
        if self.is_in_begin() {
            self.begin.consume(amount);
        } else {
            self.reader.consume(amount);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(said: &str, expected: &str) {
        let mut read = String::new();
        Greeting::new(said.as_bytes()).read_to_string(&mut read).unwrap();
        assert_eq!(read, expected, "{said:?}");
        let mut lines = Vec::new();
        Greeting::new(said.as_bytes()).read_until(b'\r', &mut lines).unwrap();
        assert_eq!(String::from_utf8(lines).unwrap(), expected, "{said:?}");
        let mut over = String::new();
        Greeting::over(said.as_bytes()).read_to_string(&mut over).unwrap();
        assert_eq!(over, said);
    }

    #[test]
    fn the_packet_of_version_1_is_left_out() {
        let service = "001e# service=git-upload-pack\n0000";
        for (said, expected) in [
            ("000eversion 1\n003frefs", "003frefs"),
            ("000dversion 1003frefs", "003frefs"),
            (&format!("{service}000eversion 1\n003frefs"), &*format!("{service}003frefs")),
            (&format!("{service}000eversion 2\n0000"), &format!("{service}000eversion 2\n0000")),
            (&format!("{service}003frefs"), &format!("{service}003frefs")),
            ("000eversion 2\n0000", "000eversion 2\n0000"),
            ("000eversion 1\n000eversion 1\n", "000eversion 1\n"),
            ("0000000eversion 1\n", "0000000eversion 1\n"),
            ("0008ERR ", "0008ERR "),
            ("000eversi", "000eversi"),
            ("003frefs", "003frefs"),
            ("+01eabc", "+01eabc"),
            ("00", "00"),
            ("", ""),
        ] {
            check(said, expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..64)) {
            let _ = Greeting::new(&*bytes).read_to_end(&mut Vec::new());
        }
    }
}
