//! Durations and moments as manifests write them: `spec.interval`, and RFC 3339 as Kubernetes has it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use go_compat::GoDuration;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
        let nanoseconds = || text.parse::<GoDuration>().ok()?.as_nanoseconds().try_into().ok();
        is_interval(text)
            .then(nanoseconds)
            .flatten()
            .map(|nanoseconds| Self(Duration::from_nanos(nanoseconds)))
            .ok_or_else(|| InvalidInterval(text.to_owned()))
    }
}

/// Whether the text is one that the schema of Kargo admits: `^([0-9]+(\.[0-9]+)?(s|m|h))+$`.
fn is_interval(text: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_term = |term: &str| {
        let Some(number) = term.strip_suffix(['h', 'm', 's']) else { return false };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        is_number(whole) && is_number(fraction)
    };
    !text.is_empty() && text.split_inclusive(['h', 'm', 's']).all(is_term)
}

/// Writes the interval as Go writes it.
impl fmt::Display for Interval {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An interval is never longer than a Go duration.
        let nanoseconds = i64::try_from(self.0.as_nanos()).unwrap_or(i64::MAX);
        GoDuration::from_nanoseconds(nanoseconds).fmt(formatter)
    }
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

#[cfg(test)]
mod tests {
    use go_compat::time::rfc3339_timestamp;

    /// `since` and `date()` in an expression filter of the same subscription mean the same moment, or neither is one. What is one is
    /// `go-compat`'s to test.
    #[test]
    fn a_moment_is_read_as_an_expression_reads_it() {
        for text in ["2024-01-01T7:00:00,5+02:00", "2024-01-01T07:00:60Z"] {
            let expression = text.parse::<kargo_expr::Time>().ok();
            let expression = expression.map(|time| (time.unix_seconds(), time.nanosecond()));
            let since = rfc3339_timestamp(text)
                .map(|moment| (moment.as_second(), moment.subsec_nanosecond().unsigned_abs()));
            assert_eq!(since, expression, "{text}");
        }
    }
}
