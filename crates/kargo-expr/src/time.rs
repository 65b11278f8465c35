//! Points in time as Go has them: a moment and the zone it is shown in.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use go_compat::time::{Civil, Parsed, ParsedZone, RFC3339, RFC3339_NANO};

use crate::error::Failure;
#[cfg(feature = "time-zones")]
pub use region::Region;

pub(crate) const NANOSECONDS: i64 = 1_000_000_000;

/// The moment of Go's zero time, the first of January of the year 1, in Unix seconds.
const ZERO: i64 = -62_135_596_800;

/// A moment, to the nanosecond, and the time zone it is shown in.
///
/// ```
/// use kargo_expr::Time;
///
/// let time = Time::from_unix(1_709_272_800, 0, 2 * 3600);
/// assert_eq!(time.to_string(), "2024-03-01T08:00:00+02:00");
/// assert_eq!("2024-03-01T06:00:00Z".parse::<Time>()?.cmp(&time), std::cmp::Ordering::Equal);
/// # Ok::<(), kargo_expr::Failure>(())
/// ```
///
/// Two times are equal if they are the same moment, in any zone.
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
    pub(crate) fn from_civil(civil: &Civil, location: Location) -> Self {
        let local = civil.to_seconds();
        let seconds = location.to_unix(local);
        Self { seconds, nanosecond: civil.nanosecond, location }
    }

    /// The abbreviation of the zone that is in force.
    pub(crate) fn abbreviation(&self) -> std::borrow::Cow<'_, str> {
        self.location.abbreviation_at(self.seconds)
    }

    pub(crate) fn is_daylight(&self) -> bool {
        self.location.is_daylight_at(self.seconds)
    }

    pub(crate) fn location(&self) -> &Location {
        &self.location
    }

    pub(crate) fn with_location(&self, location: Location) -> Self {
        Self { location, ..self.clone() }
    }

    pub(crate) fn civil(&self) -> Civil {
        Civil::from_seconds(self.seconds.wrapping_add(i64::from(self.offset_seconds())), self.nanosecond)
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.seconds == ZERO && self.nanosecond == 0
    }

    pub(crate) fn add(&self, nanoseconds: i64) -> Self {
        let total = i64::from(self.nanosecond) + nanoseconds.rem_euclid(NANOSECONDS);
        let seconds =
            self.seconds.wrapping_add(nanoseconds.div_euclid(NANOSECONDS)).wrapping_add(total / NANOSECONDS);
        let nanosecond = u32::try_from(total % NANOSECONDS).unwrap_or(0);
        Self { seconds, nanosecond, location: self.location.clone() }
    }

    /// The difference in nanoseconds, at most what fits.
    pub(crate) fn since(&self, earlier: &Self) -> i64 {
        let seconds = i128::from(self.seconds) - i128::from(earlier.seconds);
        let nanoseconds = i128::from(self.nanosecond) - i128::from(earlier.nanosecond);
        let total = seconds * i128::from(NANOSECONDS) + nanoseconds;
        i64::try_from(total).unwrap_or(if total < 0 { i64::MIN } else { i64::MAX })
    }

    pub(crate) fn unix_nanoseconds(&self) -> i64 {
        self.seconds.wrapping_mul(NANOSECONDS).wrapping_add(i64::from(self.nanosecond))
    }

    /// The time since the last multiple of a duration, counted from Go's zero time.
    pub(crate) fn remainder(&self, duration: i64) -> i64 {
        let nanoseconds = (i128::from(self.seconds) - i128::from(ZERO)) * i128::from(NANOSECONDS)
            + i128::from(self.nanosecond);
        i64::try_from(nanoseconds.rem_euclid(i128::from(duration))).unwrap_or(0)
    }

    pub(crate) fn format(&self, layout: &str) -> String {
        go_compat::time::format(layout, &self.civil(), self.offset_seconds(), &self.abbreviation())
    }

    /// Go's `Time.String`.
    pub(crate) fn to_go_string(&self) -> String {
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
    type Err = Failure;

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

/// Reads a time in a layout. Without a zone in the text, `location` counts; without that, UTC. A zone in the text that is in
/// force at the location, or at the machine's, is that location.
pub(crate) fn parse(layout: &str, text: &str, location: Option<&Location>) -> Result<Time, Failure> {
    match go_compat::time::parse(layout, text) {
        Some(parsed) => Ok(resolve(&parsed, location)),
        None => Err(Failure::new(format!("cannot parse {text:?} as a time like {layout:?}"))),
    }
}

/// Finds out which zone a text means.
fn resolve(Parsed { civil, zone }: &Parsed, location: Option<&Location>) -> Time {
    let local = location.unwrap_or(&Location::Local);
    let utc = Time::from_civil(civil, Location::Utc);
    match zone {
        ParsedZone::Utc => utc,
        ParsedZone::Missing => Time::from_civil(civil, location.cloned().unwrap_or(Location::Utc)),
        ParsedZone::Offset { seconds, abbreviation } => {
            let time = utc.add(-i64::from(*seconds) * NANOSECONDS);
            // Go takes the location where offset and abbreviation are those in force there.
            let here = time.with_location(local.clone());
            let fits = here.offset_seconds() == *seconds
                && (abbreviation.is_empty() || here.abbreviation() == abbreviation.as_str());
            if fits { here } else { time.with_location(Location::fixed(abbreviation, *seconds)) }
        }
        ParsedZone::Abbreviation(name) => {
            if let Some(offset) = local.offset_of(name, utc.unix_seconds()) {
                return utc.add(-i64::from(offset) * NANOSECONDS).with_location(local.clone());
            }
            // An abbreviation whose offset is not known: Go leaves the moment, but for `GMT` and hours.
            let hours = name.strip_prefix("GMT").and_then(|hours| hours.parse::<i32>().ok());
            let offset = hours.map_or(0, |hours| hours * 3600);
            utc.with_location(Location::fixed(name, offset))
        }
    }
}

// Time zones.

/// A time zone.
///
/// UTC, the local zone (taken to be UTC, as in a container) and fixed offsets are always there. Zones by name come from a
/// database within the crate, with the feature `time-zones`; without it, to name one is an error when the expression is
/// evaluated.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Location {
    /// Coordinated Universal Time.
    Utc,
    /// The zone of the machine, which is UTC.
    Local,
    /// A fixed offset.
    Fixed {
        /// The abbreviation, or an empty text.
        name: Arc<str>,
        /// Seconds east of UTC.
        offset: i32,
    },
    /// A zone of the database, such as `Europe/Berlin`.
    #[cfg(feature = "time-zones")]
    Region(Region),
}

impl Location {
    pub(crate) fn fixed(name: &str, offset: i32) -> Self {
        Self::Fixed { name: name.into(), offset }
    }

    /// The zone of a name as Go's `LoadLocation` takes it; `None` if it is not known here.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "" | "UTC" => Some(Self::Utc),
            "Local" => Some(Self::Local),
            #[cfg(feature = "time-zones")]
            name => Region::named(name).map(Self::Region),
            #[cfg(not(feature = "time-zones"))]
            _ => None,
        }
    }

    pub(crate) fn offset_at(&self, seconds: i64) -> i32 {
        let _ = seconds;
        match self {
            Self::Utc | Self::Local => 0,
            Self::Fixed { offset, .. } => *offset,
            #[cfg(feature = "time-zones")]
            Self::Region(region) => region.at(seconds).0,
        }
    }

    /// The Unix time at which clocks here show a local time. Of a time that clocks skip or show twice, Go takes the offset
    /// that was in force an offset before.
    pub(crate) fn to_unix(&self, local: i64) -> i64 {
        match self.offset_at(local) {
            0 => local,
            first => {
                let estimate = local.wrapping_sub(i64::from(first));
                local.wrapping_sub(i64::from(self.offset_at(estimate)))
            }
        }
    }

    /// The offset of an abbreviation that is in use here, at this local time if it can be, as Go looks it up.
    pub(crate) fn offset_of(&self, abbreviation: &str, local: i64) -> Option<i32> {
        match self {
            Self::Fixed { name, offset } => (&**name == abbreviation).then_some(*offset),
            #[cfg(feature = "time-zones")]
            Self::Region(region) => region.offset_of(abbreviation, local),
            _ => {
                let _ = local;
                None
            }
        }
    }

    /// The abbreviation in force at a moment, empty if there is none.
    pub(crate) fn abbreviation_at(&self, seconds: i64) -> Cow<'_, str> {
        let _ = seconds;
        match self {
            Self::Utc | Self::Local => Cow::Borrowed("UTC"),
            Self::Fixed { name, .. } => Cow::Borrowed(name),
            #[cfg(feature = "time-zones")]
            Self::Region(region) => Cow::Owned(region.at(seconds).1),
        }
    }

    /// Whether clocks here show daylight saving time at a moment.
    pub(crate) fn is_daylight_at(&self, seconds: i64) -> bool {
        let _ = seconds;
        match self {
            #[cfg(feature = "time-zones")]
            Self::Region(region) => region.at(seconds).2,
            _ => false,
        }
    }

    /// Go's `Location.String`.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Utc => "UTC",
            Self::Local => "Local",
            Self::Fixed { name, .. } => name,
            #[cfg(feature = "time-zones")]
            Self::Region(region) => region.name(),
        }
    }
}

/// Zones of the database that is compiled in: data, which is read from no disk.
#[cfg(feature = "time-zones")]
mod region {
    use std::cmp::Ordering;
    use std::sync::LazyLock;

    use jiff::Timestamp;
    use jiff::tz::{TimeZone, TimeZoneDatabase};

    static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

    /// A zone of the database. Two are equal if they have the same name.
    #[derive(Clone, Debug)]
    pub struct Region {
        zone: TimeZone,
    }

    impl Region {
        /// The zone of this name; capitals count, as in Go.
        pub(crate) fn named(name: &str) -> Option<Self> {
            let zone = DATABASE.get(name).ok()?;
            (zone.iana_name() == Some(name)).then_some(Self { zone })
        }

        /// The name, such as `Europe/Berlin`.
        #[must_use]
        pub fn name(&self) -> &str {
            self.zone.iana_name().unwrap_or_default()
        }

        /// Seconds east of UTC, the abbreviation, and whether it is daylight saving time, at a moment.
        pub(crate) fn at(&self, seconds: i64) -> (i32, String, bool) {
            let info = self.zone.to_offset_info(timestamp(seconds));
            (info.offset().seconds(), info.abbreviation().to_owned(), info.dst().is_dst())
        }

        /// The offset of an abbreviation: the one with which it is in force at this local time, else any that it ever had.
        pub(crate) fn offset_of(&self, abbreviation: &str, local: i64) -> Option<i32> {
            let first = self.at(Timestamp::MIN.as_second());
            let later = self
                .zone
                .following(Timestamp::MIN)
                .take_while(|change| change.timestamp().as_second() < HORIZON);
            let later = later.map(|change| (change.offset().seconds(), change.abbreviation().to_owned()));
            let mut offsets: Vec<i32> = Vec::new();
            for (offset, name) in std::iter::once((first.0, first.1)).chain(later) {
                if name == abbreviation && !offsets.contains(&offset) {
                    offsets.push(offset);
                }
            }
            let in_force = |offset: &i32| {
                let (at, name, _) = self.at(local.saturating_sub(i64::from(*offset)));
                (name == abbreviation).then_some(at)
            };
            offsets.iter().find_map(in_force).or_else(|| offsets.first().copied())
        }
    }

    /// The year 2100: what is in force later was in force before.
    const HORIZON: i64 = 4_102_444_800;

    fn timestamp(seconds: i64) -> Timestamp {
        let within = seconds.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
        Timestamp::from_second(within).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    impl PartialEq for Region {
        fn eq(&self, other: &Self) -> bool {
            self.name() == other.name()
        }
    }

    impl Eq for Region {}

    impl PartialOrd for Region {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }

    impl Ord for Region {
        fn cmp(&self, other: &Self) -> Ordering {
            self.name().cmp(other.name())
        }
    }
}
