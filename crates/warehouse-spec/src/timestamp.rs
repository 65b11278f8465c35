//! Moments as Kubernetes writes them: RFC 3339, UTC, whole seconds.

use jiff::Timestamp;

/// Cuts a moment to whole seconds, towards the past.
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
