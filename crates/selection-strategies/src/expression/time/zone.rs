//! Time zones.

use std::sync::Arc;

/// A time zone.
///
/// The crate has no time zone database: UTC, the local zone (taken to be UTC, as in a container)
/// and fixed offsets are all there is. `timezone('Europe/Berlin')` fails when it is evaluated.
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
            _ => None,
        }
    }

    pub(super) fn offset_at(&self, _seconds: i64) -> i32 {
        match self {
            Self::Utc | Self::Local => 0,
            Self::Fixed { offset, .. } => *offset,
        }
    }

    /// The Unix time at which clocks here show a local time.
    pub(super) fn to_unix(&self, local: i64) -> i64 {
        local.wrapping_sub(i64::from(self.offset_at(local)))
    }

    /// The abbreviation in force, empty if there is none.
    pub(in super::super) fn abbreviation(&self) -> &str {
        match self {
            Self::Utc | Self::Local => "UTC",
            Self::Fixed { name, .. } => name,
        }
    }

    /// Go's `Location.String`.
    pub(in super::super) fn name(&self) -> &str {
        match self {
            Self::Utc => "UTC",
            Self::Local => "Local",
            Self::Fixed { name, .. } => name,
        }
    }
}
