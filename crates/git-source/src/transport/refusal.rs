//! Finds the words of a server that refuses, in the packet lines of its answer.
//!
//! A server says why in an `ERR` packet, or in the third band of a pack. gitoxide understands the first only in a greeting, and
//! forgets the second.

/// How much of a message is kept.
const LONGEST: usize = 1024;

/// Reads packet lines as they pass.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    state: State,
    message: Vec<u8>,
}

#[derive(Debug)]
enum State {
    /// In the four digits of a length.
    Length { digits: usize, length: usize },
    /// In a packet, of which this much is to come.
    Packet { rest: usize, kind: Kind },
    /// In what is no packet line: a pack without bands.
    Lost,
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

impl Refusals {
    /// Reads on; the message that ends in these bytes.
    pub(super) fn read(&mut self, mut bytes: &[u8]) -> Option<String> {
        let mut found = None;
        while let Some((&first, after)) = bytes.split_first() {
            match &mut self.state {
                State::Lost => break,
                State::Length { digits, length } => {
                    bytes = after;
                    let Some(digit) = char::from(first).to_digit(16) else {
                        self.state = State::Lost;
                        break;
                    };
                    (*digits, *length) = (*digits + 1, *length << 4 | digit as usize);
                    if *digits == 4 {
                        self.state = match *length {
                            0..=2 | 4 => State::default(),
                            3 => State::Lost,
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
                        let room = LONGEST.saturating_sub(self.message.len());
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
fn message(packet: &[u8]) -> Option<String> {
    let text = packet.strip_prefix(b"ERR ").or_else(|| packet.strip_prefix(&[3]))?;
    let text = String::from_utf8_lossy(text).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(text: &[u8]) -> Vec<u8> {
        [format!("{:04x}", text.len() + 4).as_bytes(), text].concat()
    }

    #[track_caller]
    fn check(stream: &[u8], expected: Option<&str>) {
        for portion in [1, 2, 3, 5, 7, stream.len().max(1)] {
            let mut refusals = Refusals::default();
            let found = stream.chunks(portion).find_map(|bytes| refusals.read(bytes));
            assert_eq!(
                found.as_deref(),
                expected,
                "{} in portions of {portion}",
                String::from_utf8_lossy(stream)
            );
        }
    }

    #[test]
    fn messages_wherever_they_stand() {
        let oid = b"1234567890123456789012345678901234567890 refs/heads/ERR main\n";
        check(b"", None);
        check(&packet(b"ERR not our ref 12\n"), Some("not our ref 12"));
        check(&[&packet(oid)[..], b"0000", &packet(b"ERR access denied")].concat(), Some("access denied"));
        check(
            &[
                &packet(b"packfile\n")[..],
                &packet(b"\x01PACK\x03ERR "),
                &packet(b"\x02count"),
                &packet(b"\x03fatal: quota\n"),
            ]
            .concat(),
            Some("fatal: quota"),
        );
        check(
            &[b"0001".as_slice(), b"0002", b"0004", &packet(b"ERR a"), &packet(b"ERR b")].concat(),
            Some("a"),
        );
        check(&[&packet(b"NAK\n")[..], b"PACK\0\0\0\x02\0\x0e\x03ERR 0009ERR x"].concat(), None);
        check(&[&packet(b"ERROR of another kind")[..], b"0000"].concat(), None);
        check(&packet(b"ERR "), None);
        check(b"0003", None);
        check(b"0020ERR cut off", None);
        let long = [b"ERR ".as_slice(), &[b'x'; 9000]].concat();
        check(&packet(&long), Some(&"x".repeat(LONGEST - 4)));
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..64)) {
            Refusals::default().read(&bytes);
        }
    }
}
