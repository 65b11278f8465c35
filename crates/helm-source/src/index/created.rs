//! The time that an entry of an index states.

use std::fmt;

use go_compat::time::parse_rfc3339;
use jiff::Timestamp;

/// The `created` of an entry, to the second, in eight bytes.
///
/// It is read from RFC 3339, as Go reads it. Anything else is no time, and so is Go's zero time, which stands for one that was never set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Created(i64);

/// The first second of the year 1.
const GO_ZERO: i64 = -62_135_596_800;

impl Created {
    /// There is no `created`, or it is not a time. No timestamp is that early.
    pub(super) const NONE: Self = Self(i64::MIN);

    /// Reads the text of a `created`.
    pub(super) fn parse(text: &[u8]) -> Self {
        let time = std::str::from_utf8(text).ok().and_then(parse_rfc3339);
        let seconds = time.map(|time| time.unix_seconds()).filter(|seconds| *seconds != GO_ZERO);
        seconds.map_or(Self::NONE, Self)
    }

    /// The time; `None` if there is none.
    pub(super) fn timestamp(self) -> Option<Timestamp> {
        Timestamp::from_second(self.0).ok()
    }

    pub(super) fn to_le_bytes(self) -> [u8; 8] {
        self.0.to_le_bytes()
    }

    pub(super) fn from_le_bytes(bytes: [u8; 8]) -> Self {
        Self(i64::from_le_bytes(bytes))
    }
}

impl Default for Created {
    fn default() -> Self {
        Self::NONE
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
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59Z"),
            ("0001-01-01T00:00:01Z", "0001-01-01T00:00:01Z"),
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
            "9999-12-31T23:59:59Z",
            "1714564800",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(Created::parse(b"2024-05-01T12:00:00\xff").timestamp(), None);
    }
}
