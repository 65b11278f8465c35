//! RFC 3339, the layout of most times, read without taking a layout apart.

use super::civil::{Civil, days_in};
use super::number::optional_fraction;
use super::parsed::Parsed;
use super::zone::{Offset, ParsedZone, offset};

/// Reads a time of RFC 3339, as Go's `time.Parse(time.RFC3339, text)`: the date, `T`, the time of day, a fraction after `.` or
/// `,` if there is one, and `Z` or an offset. The hour may have a single digit, offsets go up to `24:60`, and digits beyond
/// nanoseconds are cut off.
///
/// ```
/// use go_compat::time::parse_rfc3339;
///
/// let time = parse_rfc3339("2024-03-01T8:00:00,5+02:00").unwrap();
/// assert_eq!((time.unix_seconds(), time.civil.nanosecond), (1_709_272_800, 500_000_000));
/// assert_eq!(parse_rfc3339("2024-03-01"), None);
/// assert_eq!(parse_rfc3339("2024-03-01t08:00:00z"), None);
/// ```
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<Parsed> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', clock @ ..] = text.as_bytes() else { return None };
    let (hour, clock) = match clock {
        [h1, h2, b':', clock @ ..] => (two(*h1, *h2)?, clock),
        [h2, b':', clock @ ..] => (two(b'0', *h2)?, clock),
        _ => return None,
    };
    let [m3, m4, b':', s1, s2, rest @ ..] = clock else { return None };
    let year = two(*y1, *y2)? * 100 + two(*y3, *y4)?;
    let (month, day) = (two(*m1, *m2)?, two(*d1, *d2)?);
    let (minute, second) = (two(*m3, *m4)?, two(*s1, *s2)?);
    if !(1..=12).contains(&month)
        || !(1..=days_in(month, year)).contains(&day)
        || hour > 23
        || minute > 59
        || second > 59
    {
        return None;
    }
    let (rest, mut nanosecond) = (&mut { rest }, 0);
    optional_fraction(&mut nanosecond, rest);
    let zone = if *rest == b"Z" {
        *rest = &[];
        ParsedZone::Utc
    } else {
        ParsedZone::Offset { seconds: offset(rest, Offset::ColonMinutes)?, abbreviation: String::new() }
    };
    let civil = Civil { year, month, day, hour, minute, second, nanosecond };
    rest.is_empty().then_some(Parsed { civil, zone })
}

/// Reads RFC 3339 as [`parse_rfc3339`], as a timestamp. A moment beyond what a [`Timestamp`](jiff::Timestamp) can be is the last one, or the
/// first.
///
/// ```
/// use go_compat::time::rfc3339_timestamp;
///
/// assert_eq!(rfc3339_timestamp("2024-03-01T8:00:00,5+02:00").unwrap().to_string(), "2024-03-01T06:00:00.5Z");
/// assert_eq!(rfc3339_timestamp("yesterday"), None);
/// ```
#[cfg(feature = "jiff")]
#[must_use]
pub fn rfc3339_timestamp(text: &str) -> Option<jiff::Timestamp> {
    Some(parse_rfc3339(text)?.timestamp())
}

/// The number that two digits are.
fn two(tens: u8, ones: u8) -> Option<i64> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| i64::from((tens - b'0') * 10 + (ones - b'0')))
}
