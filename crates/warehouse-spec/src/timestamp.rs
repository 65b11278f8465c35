//! Moments as Kubernetes writes them: RFC 3339, UTC, whole seconds.

use go_compat::time::parse_rfc3339;
use jiff::Timestamp;

/// Cuts a moment to whole seconds, towards the past.
pub(crate) fn whole_seconds(moment: Timestamp) -> Timestamp {
    let seconds = moment.as_second() - i64::from(moment.subsec_nanosecond() < 0);
    Timestamp::from_second(seconds).unwrap_or(moment)
}

/// Reads RFC 3339 as Go's `time.Parse(time.RFC3339, …)` does ([`parse_rfc3339`]). A moment later than a [`Timestamp`] can be
/// is the latest one.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let parsed = parse_rfc3339(text)?;
    let nanosecond = i32::try_from(parsed.civil.nanosecond).ok()?;
    Some(Timestamp::new(parsed.unix_seconds(), nanosecond).unwrap_or(Timestamp::MAX))
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

#[cfg(test)]
mod tests {
    use super::parse;

    /// `since` and `date()` in an expression filter of the same subscription mean the same moment, or neither is one.
    #[test]
    fn a_moment_is_read_as_an_expression_reads_it() {
        for text in [
            "2024-01-01T07:00:00Z",
            "2024-01-01T7:00:00Z",
            "2024-01-01T07:00:00,5+02:00",
            "2024-01-01T07:00:00.123456789123-24:60",
            "2024-01-01T07:00:60Z",
            "2024-01-01t07:00:00z",
            "2024-01-01 07:00:00Z",
            "2024-02-30T07:00:00Z",
            "2024-01-01T07:00:00+25:00",
            "2024-01-01",
        ] {
            let expression = text.parse::<kargo_expr::Time>().ok();
            let expression = expression.map(|time| (time.unix_seconds(), time.nanosecond()));
            let since =
                parse(text).map(|moment| (moment.as_second(), moment.subsec_nanosecond().unsigned_abs()));
            assert_eq!(since, expression, "{text}");
        }
        assert!(parse("2024-01-01T7:00:00Z").is_some());
    }
}
