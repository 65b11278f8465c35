//! Git's packet lines.

/// A packet line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    /// `0000`.
    Flush,
    /// `0001`.
    Delimiter,
    /// Data, with its line feed.
    Data(&'a [u8]),
}

impl<'a> Packet<'a> {
    /// The text of a line, without its line feed.
    pub(crate) fn text(self) -> Option<&'a str> {
        let Self::Data(data) = self else { return None };
        let data = data.strip_suffix(b"\n").unwrap_or(data);
        std::str::from_utf8(data).ok()
    }
}

/// The packet lines at the start of some bytes.
#[derive(Clone, Debug)]
pub(crate) struct Packets<'a>(&'a [u8]);

impl<'a> Packets<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// What is not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Packet<'a>;

    /// The next packet; `None` at the end, and before what is none.
    fn next(&mut self) -> Option<Packet<'a>> {
        let (length, rest) = self.0.split_at_checked(4)?;
        let length = std::str::from_utf8(length)
            .ok()
            .filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        let length = usize::from_str_radix(length, 16).ok()?;
        let (packet, rest) = match length {
            0 => (Packet::Flush, rest),
            1 | 2 => (Packet::Delimiter, rest),
            3 => return None,
            length => {
                let (data, rest) = rest.split_at_checked(length - 4)?;
                (Packet::Data(data), rest)
            }
        };
        self.0 = rest;
        Some(packet)
    }
}

/// The most data of one packet.
const MAX_DATA: usize = 65_515;

/// Appends a line, with a line feed.
pub(crate) fn write_line(out: &mut Vec<u8>, line: &str) {
    out.extend_from_slice(format!("{:04x}{line}\n", line.len() + 5).as_bytes());
}

/// Appends bytes on the first band of a side band.
pub(crate) fn write_band(out: &mut Vec<u8>, bytes: &[u8]) {
    for piece in bytes.chunks(MAX_DATA) {
        out.extend_from_slice(format!("{:04x}\u{1}", piece.len() + 5).as_bytes());
        out.extend_from_slice(piece);
    }
}

/// Appends a flush.
pub(crate) fn write_flush(out: &mut Vec<u8>) {
    out.extend_from_slice(b"0000");
}

/// Appends a delimiter.
pub(crate) fn write_delimiter(out: &mut Vec<u8>) {
    out.extend_from_slice(b"0001");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_they_are_written() {
        let mut out = Vec::new();
        write_line(&mut out, "version 2");
        write_delimiter(&mut out);
        write_band(&mut out, &vec![7; MAX_DATA + 1]);
        write_flush(&mut out);
        let packets: Vec<_> = Packets::new(&out).collect();
        assert_eq!(packets[0].text(), Some("version 2"));
        assert_eq!((packets[1], packets[4]), (Packet::Delimiter, Packet::Flush));
        let sizes = packets[2..4].iter().map(|packet| match packet {
            Packet::Data(data) => data.len(),
            _ => 0,
        });
        assert_eq!(sizes.collect::<Vec<_>>(), [MAX_DATA + 1, 2]);
    }

    #[test]
    fn what_is_no_packet_ends_them() {
        for bytes in ["", "000", "0003", "0010abc", "+123abc", "PACK....", "\u{fc}\u{fc}"] {
            let mut packets = Packets::new(bytes.as_bytes());
            assert_eq!((packets.next(), packets.rest()), (None, bytes.as_bytes()), "{bytes}");
        }
    }
}
