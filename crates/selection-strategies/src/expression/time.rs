//! Points in time as Go has them: a moment and the zone it is shown in.

mod civil;
pub(super) mod duration;
mod format;
mod layout;
mod parse;
#[cfg(feature = "time-zones")]
mod region;
mod zone;

use std::cmp::Ordering;
use std::fmt;

pub(super) use civil::{Civil, days_before_year};
pub(super) use parse::parse;
pub use zone::Location;
#[cfg(feature = "time-zones")]
pub use zone::Region;

pub(super) const NANOSECONDS: i64 = 1_000_000_000;

/// The moment of Go's zero time, the first of January of the year 1, in Unix seconds.
const ZERO: i64 = -62_135_596_800;

pub(super) const RFC3339: &str = "2006-01-02T15:04:05Z07:00";
pub(super) const RFC3339_NANO: &str = "2006-01-02T15:04:05.999999999Z07:00";

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(super) const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// A moment, to the nanosecond, and the time zone it is shown in.
///
/// ```
/// use selection_strategies::expression::Time;
///
/// let time = Time::from_unix(1_709_272_800, 0, 2 * 3600);
/// assert_eq!(time.to_string(), "2024-03-01T08:00:00+02:00");
/// assert_eq!("2024-03-01T06:00:00Z".parse::<Time>()?.cmp(&time), std::cmp::Ordering::Equal);
/// # Ok::<(), selection_strategies::expression::Failure>(())
/// ```
///
/// Two times are equal if they are the same moment, in whatever zone.
#[derive(Clone, Debug)]
pub struct Time {
    seconds: i64,
    nanosecond: u32,
    location: Location,
}

impl Time {
    /// A moment in Unix time, shown at an offset east of UTC. Nanoseconds beyond a second carry.
    #[must_use]
    pub fn from_unix(seconds: i64, nanosecond: u32, offset_seconds: i32) -> Self {
        let carry = i64::from(nanosecond) / NANOSECONDS;
        let location = match offset_seconds {
            0 => Location::Utc,
            offset => Location::fixed("", offset),
        };
        Self { seconds: seconds.saturating_add(carry), nanosecond: nanosecond % 1_000_000_000, location }
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn unix_seconds(&self) -> i64 {
        self.seconds
    }

    /// Nanoseconds within the second.
    #[must_use]
    pub fn nanosecond(&self) -> u32 {
        self.nanosecond
    }

    /// How far east of UTC the time is shown, in seconds.
    #[must_use]
    pub fn offset_seconds(&self) -> i32 {
        self.location.offset_at(self.seconds)
    }

    /// The moment that clocks at the location show as the given date and time; parts out of range
    /// carry over, as in Go.
    pub(super) fn from_civil(civil: &Civil, location: Location) -> Self {
        let local = civil.to_seconds();
        let seconds = location.to_unix(local);
        Self { seconds, nanosecond: civil.nanosecond, location }
    }

    /// The abbreviation of the zone that is in force.
    pub(super) fn abbreviation(&self) -> std::borrow::Cow<'_, str> {
        self.location.abbreviation_at(self.seconds)
    }

    pub(super) fn is_daylight(&self) -> bool {
        self.location.is_daylight_at(self.seconds)
    }

    pub(super) fn location(&self) -> &Location {
        &self.location
    }

    pub(super) fn with_location(&self, location: Location) -> Self {
        Self { location, ..self.clone() }
    }

    pub(super) fn civil(&self) -> Civil {
        Civil::from_seconds(self.seconds.wrapping_add(i64::from(self.offset_seconds())), self.nanosecond)
    }

    pub(super) fn is_zero(&self) -> bool {
        self.seconds == ZERO && self.nanosecond == 0
    }

    pub(super) fn add(&self, nanoseconds: i64) -> Self {
        let total = i64::from(self.nanosecond) + nanoseconds.rem_euclid(NANOSECONDS);
        let seconds =
            self.seconds.wrapping_add(nanoseconds.div_euclid(NANOSECONDS)).wrapping_add(total / NANOSECONDS);
        let nanosecond = u32::try_from(total % NANOSECONDS).unwrap_or(0);
        Self { seconds, nanosecond, location: self.location.clone() }
    }

    /// The difference in nanoseconds, at most what fits.
    pub(super) fn since(&self, earlier: &Self) -> i64 {
        let seconds = i128::from(self.seconds) - i128::from(earlier.seconds);
        let nanoseconds = i128::from(self.nanosecond) - i128::from(earlier.nanosecond);
        let total = seconds * i128::from(NANOSECONDS) + nanoseconds;
        i64::try_from(total).unwrap_or(if total < 0 { i64::MIN } else { i64::MAX })
    }

    pub(super) fn unix_nanoseconds(&self) -> i64 {
        self.seconds.wrapping_mul(NANOSECONDS).wrapping_add(i64::from(self.nanosecond))
    }

    /// The time since the last multiple of a duration, counted from Go's zero time.
    pub(super) fn remainder(&self, duration: i64) -> i64 {
        let nanoseconds = (i128::from(self.seconds) - i128::from(ZERO)) * i128::from(NANOSECONDS)
            + i128::from(self.nanosecond);
        i64::try_from(nanoseconds.rem_euclid(i128::from(duration))).unwrap_or(0)
    }

    pub(super) fn format(&self, layout: &str) -> String {
        format::format(self, layout)
    }

    /// Go's `Time.String`.
    pub(super) fn to_go_string(&self) -> String {
        self.format("2006-01-02 15:04:05.999999999 -0700 MST")
    }
}

impl PartialEq for Time {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Time {}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Time {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.seconds, self.nanosecond).cmp(&(other.seconds, other.nanosecond))
    }
}

/// Reads RFC 3339.
impl std::str::FromStr for Time {
    type Err = super::error::Failure;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(RFC3339, text, None)
    }
}

/// Writes RFC 3339.
impl fmt::Display for Time {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.format(RFC3339_NANO))
    }
}
