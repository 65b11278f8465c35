//! Durations and moments as manifests write them: `spec.interval`, and RFC 3339 as Kubernetes has it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

const NANOSECOND: u128 = 1;
const SECOND: u128 = 1_000_000_000 * NANOSECOND;
const MINUTE: u128 = 60 * SECOND;
const HOUR: u128 = 60 * MINUTE;

/// The time between two discoveries ([rule 1.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)), `5m0s` by default.
///
/// It reads what Kargo's schema admits, a sequence of numbers each followed by `h`, `m` or `s`, and writes what Go writes.
///
/// ```
/// use std::time::Duration;
/// use warehouse_spec::Interval;
///
/// let interval: Interval = "1h1.5s".parse()?;
/// assert_eq!(interval.as_duration(), Duration::from_millis(3_601_500));
/// assert_eq!(interval.to_string(), "1h0m1.5s");
/// assert!("90".parse::<Interval>().is_err());
/// # Ok::<(), warehouse_spec::InvalidInterval>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Interval(Duration);

/// A text that is not an interval, or an interval longer than the 292 years that a Go duration holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration of hours, minutes and seconds such as `5m0s`")]
pub struct InvalidInterval(String);

impl Interval {
    /// The interval as a duration.
    pub fn as_duration(self) -> Duration {
        self.0
    }
}

impl Default for Interval {
    fn default() -> Self {
        Self(Duration::from_secs(5 * 60))
    }
}

impl From<Interval> for Duration {
    fn from(interval: Interval) -> Self {
        interval.0
    }
}

impl TryFrom<Duration> for Interval {
    type Error = InvalidInterval;

    fn try_from(duration: Duration) -> Result<Self, Self::Error> {
        i64::try_from(duration.as_nanos())
            .map(|_| Self(duration))
            .map_err(|_| InvalidInterval(format!("{duration:?}")))
    }
}

impl FromStr for Interval {
    type Err = InvalidInterval;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        nanoseconds(text)
            .and_then(|total| u64::try_from(total).ok())
            .filter(|total| i64::try_from(*total).is_ok())
            .map(|total| Self(Duration::from_nanos(total)))
            .ok_or_else(|| InvalidInterval(text.to_owned()))
    }
}

/// The sum of the terms, or nothing where a term does not parse or the sum overflows.
fn nanoseconds(text: &str) -> Option<u128> {
    let mut rest = text;
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let end = rest.find(['h', 'm', 's'])?;
        let (number, after) = rest.split_at(end);
        let scale = match after.as_bytes().first()? {
            b'h' => HOUR,
            b'm' => MINUTE,
            _ => SECOND,
        };
        rest = &after[1..];
        total = total.checked_add(term(number, scale)?)?;
    }
    (!text.is_empty()).then_some(total)
}

/// One number times its unit, cut to whole nanoseconds.
fn term(number: &str, scale: u128) -> Option<u128> {
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return None,
        None => (number, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole = whole.parse::<u128>().ok()?.checked_mul(scale)?;
    // Eighteen digits of a fraction of an hour are already far below one nanosecond.
    let kept = &fraction[..fraction.len().min(18)];
    let part = match kept {
        "" => 0,
        kept => kept.parse::<u128>().ok()? * scale / 10_u128.pow(u32::try_from(kept.len()).ok()?),
    };
    whole.checked_add(part)
}

impl fmt::Display for Interval {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.0.as_nanos();
        if total == 0 {
            return formatter.write_str("0s");
        }
        if total < SECOND {
            return write_small(formatter, total);
        }
        let (hours, minutes) = (total / HOUR, total % HOUR / MINUTE);
        if hours > 0 {
            write!(formatter, "{hours}h")?;
        }
        if hours > 0 || minutes > 0 {
            write!(formatter, "{minutes}m")?;
        }
        write_decimal(formatter, total % MINUTE, SECOND)?;
        formatter.write_str("s")
    }
}

/// Go writes less than a second in the unit that leaves a whole part.
fn write_small(formatter: &mut fmt::Formatter<'_>, total: u128) -> fmt::Result {
    let (scale, unit) = match total {
        0..1_000 => (1, "ns"),
        1_000..1_000_000 => (1_000, "µs"),
        _ => (1_000_000, "ms"),
    };
    write_decimal(formatter, total, scale)?;
    formatter.write_str(unit)
}

fn write_decimal(formatter: &mut fmt::Formatter<'_>, value: u128, scale: u128) -> fmt::Result {
    write!(formatter, "{}", value / scale)?;
    let fraction = value % scale;
    if fraction > 0 {
        let width = scale.ilog10() as usize;
        let digits = format!("{fraction:0width$}");
        write!(formatter, ".{}", digits.trim_end_matches('0'))?;
    }
    Ok(())
}

impl From<Interval> for String {
    fn from(interval: Interval) -> Self {
        interval.to_string()
    }
}

impl TryFrom<String> for Interval {
    type Error = InvalidInterval;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// A moment without its fraction of a second, rounded towards the past.
pub(crate) fn whole_seconds(moment: Timestamp) -> Timestamp {
    let seconds = moment.as_second() - i64::from(moment.subsec_nanosecond() < 0);
    Timestamp::from_second(seconds).unwrap_or(moment)
}

/// Reads RFC 3339 as Go's `time.Parse(time.RFC3339, …)` does: date, `T`, time, and an offset that is not optional.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let fixed = |range: std::ops::Range<usize>, pattern: &[u8]| {
        bytes.get(range).is_some_and(|part| {
            part.len() == pattern.len()
                && part.iter().zip(pattern).all(|(byte, expected)| match expected {
                    b'0' => byte.is_ascii_digit(),
                    other => byte == other,
                })
        })
    };
    if !fixed(0..19, b"0000-00-00T00:00:00") {
        return None;
    }
    let mut rest = 19;
    if matches!(bytes.get(rest), Some(b'.' | b',')) {
        let digits = bytes[rest + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        rest += 1 + digits;
    }
    let zone_fits = bytes.get(rest..) == Some(b"Z")
        || fixed(rest..bytes.len(), b"+00:00")
        || fixed(rest..bytes.len(), b"-00:00");
    if !zone_fits {
        return None;
    }
    text.parse().ok()
}

/// Serde for a moment that may be absent.
pub(crate) mod optional {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        moment: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        moment.map(super::whole_seconds).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Option::deserialize(deserializer)
    }
}

#[cfg(feature = "schema")]
pub(crate) mod schema {
    //! The schemas of texts that stand for a duration or a moment.

    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    /// A moment in RFC 3339.
    pub(crate) enum Moment {}

    impl JsonSchema for Moment {
        fn inline_schema() -> bool {
            true
        }

        fn schema_name() -> Cow<'static, str> {
            "Moment".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({"type": "string", "format": "date-time"})
        }
    }

    impl JsonSchema for super::Interval {
        fn inline_schema() -> bool {
            true
        }

        fn schema_name() -> Cow<'static, str> {
            "Interval".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(s|m|h))+$"})
        }
    }
}
