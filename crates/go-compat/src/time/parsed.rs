//! What a text says of a time.

use super::civil::Civil;
use super::zone::ParsedZone;

/// What a text in a layout says, as Go's `time.Parse` reads it: the zone is not resolved, since that takes a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The date and the time of day, all parts in range.
    pub civil: Civil,
    /// What the text says of the zone.
    pub zone: ParsedZone,
}

impl Parsed {
    /// The moment in Unix seconds; UTC where the text gives no offset.
    #[must_use]
    pub fn unix_seconds(&self) -> i64 {
        let offset = match &self.zone {
            ParsedZone::Offset { seconds, .. } => i64::from(*seconds),
            ParsedZone::Missing | ParsedZone::Utc | ParsedZone::Abbreviation(_) => 0,
        };
        self.civil.to_seconds() - offset
    }

    /// The moment as jiff has it. Go's times go further than jiff's in both directions: the latest and the earliest
    /// [`jiff::Timestamp`] stand for those beyond it. In RFC 3339 these are the last two days of the year 9999.
    ///
    /// ```
    /// use go_compat::time::parse_rfc3339;
    ///
    /// let time = parse_rfc3339("2024-03-01T8:00:00,5+02:00").unwrap();
    /// assert_eq!(time.timestamp().to_string(), "2024-03-01T06:00:00.5Z");
    /// let last = parse_rfc3339("9999-12-31T23:59:59Z").unwrap();
    /// assert_eq!(last.timestamp(), jiff::Timestamp::MAX);
    /// ```
    #[cfg(feature = "jiff")]
    #[must_use]
    pub fn timestamp(&self) -> jiff::Timestamp {
        let seconds = self.unix_seconds();
        let beyond = if seconds < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        let nanosecond = i32::try_from(self.civil.nanosecond).unwrap_or(i32::MAX);
        jiff::Timestamp::new(seconds, nanosecond).unwrap_or(beyond)
    }
}
