//! The time that an entry of an index states.

use std::fmt;

use go_compat::time::parse_rfc3339;
use jiff::Timestamp;

/// The `created` of an entry, as seconds since 1970, in four bytes: an index may have some 700,000 of them.
///
/// It is read from RFC 3339, as Go reads it. Anything else is no time. Nor is a time before 1970, such as Go's zero time, which stands for
/// one that was never set, or beyond 32 bits, in 2106: no chart was created then.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Created(u32);

impl Created {
    /// There is no `created`, or it is not a time.
    pub(super) const NONE: Self = Self(0);

    /// Reads the text of a `created`.
    pub(super) fn parse(text: &[u8]) -> Self {
        let time = std::str::from_utf8(text).ok().and_then(parse_rfc3339);
        time.and_then(|time| u32::try_from(time.unix_seconds()).ok()).map_or(Self::NONE, Self)
    }

    /// The time; `None` if there is none.
    pub(super) fn timestamp(self) -> Option<Timestamp> {
        Timestamp::from_second(i64::from(self.0)).ok().filter(|_| self != Self::NONE)
    }

    pub(super) fn to_le_bytes(self) -> [u8; 4] {
        self.0.to_le_bytes()
    }

    pub(super) fn from_le_bytes(bytes: [u8; 4]) -> Self {
        Self(u32::from_le_bytes(bytes))
    }
}

impl fmt::Debug for Created {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.timestamp() {
            Some(time) => time.fmt(f),
            None => f.write_str("None"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let read = |text: &str| Created::parse(text.as_bytes()).timestamp().map(|time| time.to_string());
        for (text, expected) in [
            ("2024-05-01T12:00:00Z", "2024-05-01T12:00:00Z"),
            ("2024-05-01T12:00:00.999999999Z", "2024-05-01T12:00:00Z"),
            ("2024-05-01T12:00:00.5+02:00", "2024-05-01T10:00:00Z"),
            ("1970-01-01T00:00:01Z", "1970-01-01T00:00:01Z"),
            ("2106-02-07T06:28:15Z", "2106-02-07T06:28:15Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2024-05-01",
            "2024-05-01 12:00:00Z",
            "2024-05-01 12:00:00 +0000 UTC",
            "2024-05-01T12:00:00",
            "2024-05-01T12:00:00Z ",
            "2024-05-01T12:00:00Z\n",
            "2024-02-30T12:00:00Z",
            "2024-05-01T12:00:60Z",
            "2024-05-01t12:00:00z",
            "0001-01-01T00:00:00Z",
            "1970-01-01T00:00:00Z",
            "2106-02-07T06:28:16Z",
            "9999-12-31T23:59:59Z",
            "1714564800",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(Created::parse(b"2024-05-01T12:00:00\xff").timestamp(), None);
    }
}
