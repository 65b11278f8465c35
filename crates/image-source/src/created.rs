//! When an image was built (semantics rule 3.5).

use std::collections::BTreeMap;

use go_compat::time::parse_rfc3339;
use jiff::Timestamp;

pub(crate) const OCI_KEY: &str = "org.opencontainers.image.created";
pub(crate) const LABEL_SCHEMA_KEY: &str = "org.label-schema.build-date";
/// The first second of the year 1. Go's zero time, it stands for a time that is not said: both are the same, in every order.
pub(crate) const UNSAID: Timestamp = Timestamp::constant(-62_135_596_800, 0);

/// The same as it is told to others: `None` where it is not said.
pub(crate) fn told(time: Timestamp) -> Option<Timestamp> {
    Some(time).filter(|time| *time != UNSAID)
}

/// The time that annotations state; `None` where they state none that can be read.
pub(crate) fn stated(annotations: &BTreeMap<String, String>) -> Option<Timestamp> {
    [OCI_KEY, LABEL_SCHEMA_KEY].into_iter().find_map(|key| parse(annotations.get(key)?))
}

/// A time of RFC 3339, as Go reads it ([`parse_rfc3339`]). What is later than there are times here is the last there is.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let parsed = parse_rfc3339(text)?;
    let nanosecond = i32::try_from(parsed.civil.nanosecond).ok()?;
    Some(Timestamp::new(parsed.unix_seconds(), nanosecond).unwrap_or(Timestamp::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_can_be_read() {
        let stated = |pairs: &[(&str, &str)]| {
            let annotations = pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
            stated(&annotations).map(|time| time.to_string())
        };
        let (early, late) = ("2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z");
        assert_eq!(stated(&[(OCI_KEY, early), (LABEL_SCHEMA_KEY, late)]).as_deref(), Some(early));
        assert_eq!(stated(&[(OCI_KEY, "never"), (LABEL_SCHEMA_KEY, late)]).as_deref(), Some(late));
        assert_eq!(stated(&[(OCI_KEY, "2024-01-01")]), None, "a date is no time");
        assert_eq!(stated(&[("created", early)]), None);
    }

    /// Every answer here is that of Go's `time.Parse(time.RFC3339, ...)`, version 1.26; it has later times than
    /// the last one, too.
    #[test]
    fn times_that_are_taken() {
        for (text, expected) in [
            ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
            ("2024-05-01T12:00:00+02:00", "2024-05-01T10:00:00Z"),
            ("2024-05-01T12:00:00-05:30", "2024-05-01T17:30:00Z"),
            ("2024-05-01T12:00:00-00:00", "2024-05-01T12:00:00Z"),
            ("2024-01-01T00:00:00.5Z", "2024-01-01T00:00:00.5Z"),
            ("2024-01-01T00:00:00.5+02:00", "2023-12-31T22:00:00.5Z"),
            ("2024-01-01T00:00:00,5Z", "2024-01-01T00:00:00.5Z"),
            ("2024-01-01T00:00:00.123456789123Z", "2024-01-01T00:00:00.123456789Z"),
            ("2024-01-01T00:00:00.9999999999Z", "2024-01-01T00:00:00.999999999Z"),
            ("2024-01-01T1:02:03Z", "2024-01-01T01:02:03Z"),
            ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
            ("0000-01-01T00:00:00+24:00", "-000001-12-31T00:00:00Z"),
            ("2024-01-01T00:00:00+24:00", "2023-12-31T00:00:00Z"),
            ("2024-01-01T00:00:00+24:60", "2023-12-30T23:00:00Z"),
            ("2024-01-01T00:00:00+00:60", "2023-12-31T23:00:00Z"),
        ] {
            assert_eq!(parse(text).map(|time| time.to_string()).as_deref(), Some(expected), "{text}");
        }
        for last in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-24:00", "9999-12-31T00:00:00.5+00:30"] {
            assert_eq!(parse(last), Some(Timestamp::MAX), "{last}");
        }
    }

    #[test]
    fn times_that_are_not_taken() {
        for text in [
            "",
            "1704067200",
            "2024-01-01",
            "2024-01-01T00:00:00",
            "2024-01-01T00:00Z",
            "20240101T000000Z",
            "2024-01-01 00:00:00Z",
            "2024-01-01t00:00:00Z",
            "2024-01-01T00:00:00z",
            " 2024-01-01T00:00:00Z",
            "2024-01-01T00:00:00Z ",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00.5",
            "2024-01-01T00:00:00.\u{663}Z",
            "2024-01-01T1:2:3Z",
            "2024-1-01T01:02:03Z",
            "2024-00-01T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-01-00T00:00:00Z",
            "2024-04-31T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T23:60:00Z",
            "2024-01-01T23:59:60Z",
            "2024-01-01T00:00:00+25:00",
            "2024-01-01T00:00:00+24:61",
            "2024-01-01T00:00:00+00:61",
            "2024-01-01T00:00:00+0200",
            "2024-01-01T00:00:00+02",
            "2024-01-01T00:00:00+2:00",
            "2024-01-01T00:00:00\u{2212}02:00",
            "2024-01-01T00:00:00+02:00[Europe/Berlin]",
            "2024-01-01T00:00:00Z[UTC]",
            "-000001-01-01T00:00:00Z",
            "-001-01-01T00:00:00Z",
            "+002024-01-01T00:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
