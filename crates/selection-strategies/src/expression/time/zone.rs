//! Time zones.

use std::borrow::Cow;
use std::sync::Arc;

#[cfg(feature = "time-zones")]
pub use super::region::Region;

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
    pub(super) fn fixed(name: &str, offset: i32) -> Self {
        Self::Fixed { name: name.into(), offset }
    }

    /// The zone of a name as Go's `LoadLocation` takes it; `None` if it is not known here.
    pub(in super::super) fn named(name: &str) -> Option<Self> {
        match name {
            "" | "UTC" => Some(Self::Utc),
            "Local" => Some(Self::Local),
            #[cfg(feature = "time-zones")]
            name => Region::named(name).map(Self::Region),
            #[cfg(not(feature = "time-zones"))]
            _ => None,
        }
    }

    pub(super) fn offset_at(&self, seconds: i64) -> i32 {
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
    pub(super) fn to_unix(&self, local: i64) -> i64 {
        match self.offset_at(local) {
            0 => local,
            first => {
                let guess = local.wrapping_sub(i64::from(first));
                local.wrapping_sub(i64::from(self.offset_at(guess)))
            }
        }
    }

    /// The offset of an abbreviation that is in use here, at this local time if it can be, as Go looks it up.
    pub(super) fn offset_of(&self, abbreviation: &str, local: i64) -> Option<i32> {
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
    pub(in super::super) fn abbreviation_at(&self, seconds: i64) -> Cow<'_, str> {
        let _ = seconds;
        match self {
            Self::Utc | Self::Local => Cow::Borrowed("UTC"),
            Self::Fixed { name, .. } => Cow::Borrowed(name),
            #[cfg(feature = "time-zones")]
            Self::Region(region) => Cow::Owned(region.at(seconds).1),
        }
    }

    /// Whether clocks here show daylight saving time at a moment.
    pub(in super::super) fn is_daylight_at(&self, seconds: i64) -> bool {
        let _ = seconds;
        match self {
            #[cfg(feature = "time-zones")]
            Self::Region(region) => region.at(seconds).2,
            _ => false,
        }
    }

    /// Go's `Location.String`.
    pub(in super::super) fn name(&self) -> &str {
        match self {
            Self::Utc => "UTC",
            Self::Local => "Local",
            Self::Fixed { name, .. } => name,
            #[cfg(feature = "time-zones")]
            Self::Region(region) => region.name(),
        }
    }
}
