//! Two readers of packet lines, between the stream and gitoxide.
//!
//! - [`HandshakeReader`] leaves the packet `version 1` out of a handshake, which gitoxide takes for the first reference. Version 1 of
//!   the protocol is version 0 after this packet. And it limits the capabilities of protocol 2, each of which gitoxide keeps.
//! - [`ErrorPackets`] finds the message of a server that refuses: in an `ERR` packet, or in the third band of a pack. gitoxide reads
//!   the first in a handshake only, and drops the second.

use std::io::{self, BufRead, Read};
use std::sync::Arc;

use artifact_source::{Error, ErrorKind};

use crate::transport::interrupt::Interrupt;
use crate::transport::server_message::ServerMessage;

/// The longest packet before the references, in bytes: `# service=git-upload-pack` and `version 1` are shorter.
const LONGEST_PREAMBLE: usize = 64;

/// A reader of an answer without the packet `version 1` at its beginning.
pub(crate) struct HandshakeReader<R> {
    reader: R,
    /// Whether the beginning was read.
    has_begun: bool,
    /// The part of the beginning that is passed on.
    begin: io::Cursor<Vec<u8>>,
    /// Follows the capabilities of protocol 2; `None` where there are none, or no more.
    capabilities: Option<Capabilities>,
    /// Keeps the error.
    interrupt: Option<Arc<Interrupt>>,
}

/// The most bytes of capabilities. Servers send less than a kilobyte.
const MOST_CAPABILITIES: usize = 64 << 10;

/// The capabilities so far.
#[derive(Default)]
struct Capabilities {
    bytes: usize,
    lengths: PacketLengths,
}

impl Capabilities {
    /// Follows the bytes that are read. Returns whether the capabilities have ended.
    fn follow(&mut self, bytes: &[u8]) -> Result<bool, Error> {
        let has_ended = self.lengths.find_flush(bytes);
        self.bytes = self.bytes.saturating_add(bytes.len());
        if !has_ended && self.bytes > MOST_CAPABILITIES {
            Err(too_many_capabilities())
        } else {
            Ok(has_ended)
        }
    }
}

/// Finds the end of some packets, a flush packet, in portions of any size.
#[derive(Default)]
struct PacketLengths {
    digits: usize,
    length: usize,
    /// What is left of the current packet.
    rest: usize,
}

impl PacketLengths {
    fn find_flush(&mut self, mut bytes: &[u8]) -> bool {
        while let Some((&first, after)) = bytes.split_first() {
            if self.rest > 0 {
                let skipped = self.rest.min(bytes.len());
                self.rest -= skipped;
                bytes = bytes.get(skipped..).unwrap_or_default();
                continue;
            }
            bytes = after;
            // What is no digit is no packet, which is an error of its own.
            let Some(digit) = char::from(first).to_digit(16) else { return true };
            (self.digits, self.length) = (self.digits + 1, self.length << 4 | digit as usize);
            if self.digits == 4 {
                if self.length == 0 {
                    return true;
                }
                self.rest = self.length.saturating_sub(4);
                (self.digits, self.length) = (0, 0);
            }
        }
        false
    }
}

/// The error of a server with more capabilities than are read.
fn too_many_capabilities() -> Error {
    let most = MOST_CAPABILITIES >> 10;
    Error::new(ErrorKind::TooLarge, format!("the server lists more than {most} KiB of capabilities"))
        .with_hint("a Git server lists less than a kilobyte: check the URL, and the server")
}

impl<R: Read> HandshakeReader<R> {
    /// A reader of a handshake and what follows it.
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, has_begun: false, begin: io::Cursor::default(), capabilities: None, interrupt: None }
    }

    /// The same, whose errors are those of this discovery.
    pub(crate) fn with_interrupt(self, interrupt: &Arc<Interrupt>) -> Self {
        Self { interrupt: Some(Arc::clone(interrupt)), ..self }
    }

    /// A reader of an answer that is no handshake: nothing is left out.
    pub(crate) fn without_handshake(reader: R) -> Self {
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
                Some(length @ 5..=LONGEST_PREAMBLE) => {
                    (&mut self.reader).take(length as u64 - 4).read_to_end(kept)?;
                }
                _ => return Ok(()),
            }
            let packet = kept.get(start + 4..).unwrap_or_default().trim_ascii_end();
            if packet == b"version 2" {
                self.capabilities = Some(Capabilities::default());
            }
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

    /// Follows the capabilities, if these bytes belong to them.
    fn follow(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(capabilities) = &mut self.capabilities else { return Ok(()) };
        match capabilities.follow(bytes) {
            Ok(false) => {}
            Ok(true) => self.capabilities = None,
            Err(error) => {
                return Err(match &self.interrupt {
                    Some(interrupt) => interrupt.fail(error),
                    None => io::Error::other(error),
                });
            }
        }
        Ok(())
    }

    fn is_in_begin(&self) -> bool {
        self.begin.position() < self.begin.get_ref().len() as u64
    }
}

impl<R: Read> Read for HandshakeReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.begin()?;
        if self.is_in_begin() {
            return self.begin.read(buffer);
        }
        let read = self.reader.read(buffer)?;
        self.follow(buffer.get(..read).unwrap_or_default())?;
        Ok(read)
    }
}

impl<R: BufRead> BufRead for HandshakeReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.begin()?;
        if self.is_in_begin() { self.begin.fill_buf() } else { self.reader.fill_buf() }
    }

    fn consume(&mut self, amount: usize) {
        if self.is_in_begin() {
            self.begin.consume(amount);
            return;
        }
        self.reader.consume(amount);
    }
}

/// The bytes of a message that are kept.
const LONGEST_MESSAGE: usize = 1024;

/// Follows the packet lines of a stream, in portions of any size.
#[derive(Debug, Default)]
pub(crate) struct ErrorPackets {
    state: State,
    message: Vec<u8>,
}

#[derive(Debug)]
enum State {
    /// In the four digits of a length.
    Length { digits: usize, length: usize },
    /// In a packet, of which this much is to come.
    Packet { rest: usize, kind: Kind },
    /// In data without packet lines: a pack without bands.
    Raw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Unknown,
    /// It may be a message.
    Message,
    Other,
}

impl Default for State {
    fn default() -> Self {
        Self::Length { digits: 0, length: 0 }
    }
}

impl ErrorPackets {
    /// Reads the next bytes. Returns the first message that ends in them.
    pub(crate) fn read(&mut self, mut bytes: &[u8]) -> Option<ServerMessage> {
        let mut found = None;
        while let Some((&first, after)) = bytes.split_first() {
            match &mut self.state {
                State::Raw => break,
                State::Length { digits, length } => {
                    bytes = after;
                    let Some(digit) = char::from(first).to_digit(16) else {
                        self.state = State::Raw;
                        break;
                    };
                    (*digits, *length) = (*digits + 1, *length << 4 | digit as usize);
                    if *digits == 4 {
                        self.state = match *length {
                            0..=2 | 4 => State::default(),
                            3 => State::Raw,
                            length => State::Packet { rest: length - 4, kind: Kind::Unknown },
                        };
                    }
                }
                State::Packet { rest, kind } => {
                    if *kind == Kind::Unknown {
                        *kind = if matches!(first, b'E' | 3) { Kind::Message } else { Kind::Other };
                        self.message.clear();
                    }
                    let (here, after) = bytes.split_at(bytes.len().min(*rest));
                    bytes = after;
                    *rest -= here.len();
                    if *kind == Kind::Message {
                        let room = LONGEST_MESSAGE.saturating_sub(self.message.len());
                        self.message.extend_from_slice(&here[..here.len().min(room)]);
                    }
                    if *rest == 0 {
                        if *kind == Kind::Message {
                            found = found.or_else(|| message(&self.message));
                        }
                        self.state = State::default();
                    }
                }
            }
        }
        found
    }
}

/// The message in a packet that holds one.
fn message(packet: &[u8]) -> Option<ServerMessage> {
    let refusal = packet.strip_prefix(b"ERR ");
    let text = refusal.or_else(|| packet.strip_prefix(&[3]))?;
    let text = String::from_utf8_lossy(text).trim().to_owned();
    (!text.is_empty()).then_some(ServerMessage { text, is_refusal: refusal.is_some() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_handshake(said: &str, expected: &str) {
        let mut read = String::new();
        HandshakeReader::new(said.as_bytes()).read_to_string(&mut read).unwrap();
        assert_eq!(read, expected, "{said:?}");
        let mut lines = Vec::new();
        HandshakeReader::new(said.as_bytes()).read_until(b'\r', &mut lines).unwrap();
        assert_eq!(String::from_utf8(lines).unwrap(), expected, "{said:?}");
        let mut whole = String::new();
        HandshakeReader::without_handshake(said.as_bytes()).read_to_string(&mut whole).unwrap();
        assert_eq!(whole, said);
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
            check_handshake(said, expected);
        }
    }

    #[test]
    fn capabilities_of_protocol_2_are_bounded() {
        let start = packet(b"version 2\n");
        let line = packet(b"a\n");
        for (count, after, is_read) in [
            (MOST_CAPABILITIES / 6, &b"0000"[..], true),
            (MOST_CAPABILITIES / 6 + 1, b"", false),
            (3, b"0000", true),
        ] {
            // What follows the capabilities is not limited.
            let rest = [after, &line.repeat(if after.is_empty() { 0 } else { 20_000 })].concat();
            let said = [&start[..], &line.repeat(count), &rest].concat();
            for portion in [1, 5, 4096] {
                let mut reader = HandshakeReader::new(&*said);
                let mut buffer = vec![0; portion];
                let outcome = loop {
                    match reader.read(&mut buffer) {
                        Ok(0) => break Ok(()),
                        Ok(_) => {}
                        Err(error) => break Err(error.to_string()),
                    }
                };
                assert_eq!(outcome.is_ok(), is_read, "{count} in portions of {portion}: {outcome:?}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn no_handshake_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..64)) {
            let _ = HandshakeReader::new(&*bytes).read_to_end(&mut Vec::new());
        }
    }

    fn packet(text: &[u8]) -> Vec<u8> {
        [format!("{:04x}", text.len() + 4).as_bytes(), text].concat()
    }

    #[track_caller]
    fn check_message(stream: &[u8], expected: Option<&str>) {
        for portion in [1, 2, 3, 5, 7, stream.len().max(1)] {
            let mut error_packets = ErrorPackets::default();
            let found = stream.chunks(portion).find_map(|bytes| error_packets.read(bytes));
            assert_eq!(
                found.as_ref().map(|found| found.text.as_str()),
                expected,
                "{} in portions of {portion}",
                String::from_utf8_lossy(stream)
            );
        }
    }

    #[test]
    fn messages_at_any_place() {
        let oid = b"1234567890123456789012345678901234567890 refs/heads/ERR main\n";
        check_message(b"", None);
        check_message(&packet(b"ERR not our ref 12\n"), Some("not our ref 12"));
        check_message(
            &[&packet(oid)[..], b"0000", &packet(b"ERR authentication denied")].concat(),
            Some("authentication denied"),
        );
        check_message(
            &[
                &packet(b"packfile\n")[..],
                &packet(b"\x01PACK\x03ERR "),
                &packet(b"\x02count"),
                &packet(b"\x03fatal: quota\n"),
            ]
            .concat(),
            Some("fatal: quota"),
        );
        check_message(
            &[b"0001".as_slice(), b"0002", b"0004", &packet(b"ERR a"), &packet(b"ERR b")].concat(),
            Some("a"),
        );
        check_message(&[&packet(b"NAK\n")[..], b"PACK\0\0\0\x02\0\x0e\x03ERR 0009ERR x"].concat(), None);
        check_message(&[&packet(b"ERROR of another kind")[..], b"0000"].concat(), None);
        check_message(&packet(b"ERR "), None);
        check_message(b"0003", None);
        check_message(b"0020ERR cut off", None);
        let long = [b"ERR ".as_slice(), &[b'x'; 9000]].concat();
        check_message(&packet(&long), Some(&"x".repeat(LONGEST_MESSAGE - 4)));
    }

    proptest::proptest! {
        #[test]
        fn no_packet_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..64)) {
            ErrorPackets::default().read(&bytes);
        }
    }
}
