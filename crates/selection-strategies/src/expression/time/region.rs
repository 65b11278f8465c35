//! Zones of the database that is compiled in: data, which is read from no disk.

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
    pub(super) fn named(name: &str) -> Option<Self> {
        let zone = DATABASE.get(name).ok()?;
        (zone.iana_name() == Some(name)).then_some(Self { zone })
    }

    /// The name, such as `Europe/Berlin`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.zone.iana_name().unwrap_or_default()
    }

    /// Seconds east of UTC, the abbreviation, and whether it is daylight saving time, at a moment.
    pub(super) fn at(&self, seconds: i64) -> (i32, String, bool) {
        let info = self.zone.to_offset_info(timestamp(seconds));
        (info.offset().seconds(), info.abbreviation().to_owned(), info.dst().is_dst())
    }

    /// The offset of an abbreviation: the one with which it is in force at this local time, else any that it ever had.
    pub(super) fn offset_of(&self, abbreviation: &str, local: i64) -> Option<i32> {
        let first = self.at(Timestamp::MIN.as_second());
        let later =
            self.zone.following(Timestamp::MIN).take_while(|change| change.timestamp().as_second() < HORIZON);
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
