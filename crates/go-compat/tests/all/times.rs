//! Times of RFC 3339 and layouts.

#[cfg(feature = "jiff")]
use go_compat::time::ParsedZone;
use go_compat::time::{Civil, Parsed, RFC3339, RFC3339_NANO, format, parse, parse_rfc3339};
use proptest::prelude::*;

/// The moment in UTC, as Go writes it.
fn written(parsed: &Parsed) -> String {
    let civil = Civil::from_seconds(parsed.unix_seconds(), parsed.civil.nanosecond);
    format(RFC3339_NANO, &civil, 0, "UTC")
}

/// Every answer here is that of Go's `time.Parse(time.RFC3339, ...)`, version 1.26.
#[test]
fn times_that_go_takes() {
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
        ("0000-01-01T00:00:00+24:00", "-0001-12-31T00:00:00Z"),
        ("2024-01-01T00:00:00+24:00", "2023-12-31T00:00:00Z"),
        ("2024-01-01T00:00:00+24:60", "2023-12-30T23:00:00Z"),
        ("2024-01-01T00:00:00+00:60", "2023-12-31T23:00:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    ] {
        let parsed = parse_rfc3339(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(written(&parsed), expected, "{text}");
        #[cfg(feature = "jiff")]
        if !expected.starts_with(['-', '9']) {
            assert_eq!(parsed.timestamp().to_string(), expected, "{text}");
        }
    }
}

/// jiff writes years before 0 otherwise, and its last moment is two days before Go's year 9999 ends.
#[cfg(feature = "jiff")]
#[test]
fn the_ends_of_time() {
    let timestamp = |text: &str| parse_rfc3339(text).unwrap().timestamp();
    assert_eq!(timestamp("0000-01-01T00:00:00+24:00").to_string(), "-000001-12-31T00:00:00Z");
    for last in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-24:00", "9999-12-31T00:00:00.5+00:30"] {
        assert_eq!(timestamp(last), jiff::Timestamp::MAX, "{last}");
    }
    let civil = |year| Civil { year, month: 1, day: 1, hour: 0, minute: 0, second: 0, nanosecond: 5 };
    for (year, expected) in [
        (-9_999_999, jiff::Timestamp::MIN),
        (9_999_999, jiff::Timestamp::MAX),
        (i64::MIN, jiff::Timestamp::MIN),
    ] {
        let parsed = Parsed { civil: civil(year), zone: ParsedZone::Utc };
        assert_eq!(parsed.timestamp(), expected, "{year}");
    }
}

#[test]
fn times_that_go_refuses() {
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
        assert_eq!(parse_rfc3339(text), None, "{text}");
    }
}

/// The same layout, written so that it is read part by part: the text between the parts is what differs.
const PART_BY_PART: &str = "|2006-01-02T15:04:05Z07:00";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// There are two ways to read RFC 3339, a short one and that of all layouts; they are one grammar.
    #[test]
    fn rfc_3339_is_one_grammar(
        text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2]?[0-9]:[0-6][0-9]:[0-6][0-9]([.,][0-9]{0,10})?(Z|[+-][0-2][0-9]:[0-7][0-9])",
        cut in 0_usize..30,
        sign in "[0-9TZ:.,+ a-]?",
    ) {
        let mut broken = text.clone();
        broken.replace_range(cut.min(text.len())..(cut + 1).min(text.len()), &sign);
        for text in [text, broken] {
            let parts = parse(PART_BY_PART, &format!("|{text}"));
            prop_assert_eq!(&parse_rfc3339(&text), &parts, "{}", text);
            prop_assert_eq!(&parse(RFC3339, &text), &parts, "{}", text);
        }
    }

    #[test]
    fn no_layout_and_no_text_panics(layout in "[0-9A-Za-z:., +_-]{0,24}|\\PC{0,12}", text in "[0-9A-Za-z:., +-]{0,24}|\\PC{0,12}") {
        let _ = parse(&layout, &text);
        let _ = parse_rfc3339(&text);
        let _ = format(&layout, &Civil::from_seconds(0, 0), 3600, &text);
    }
}
