//! Dates, times of day and their texts, as Go's package `time` has them. No clock and no database of zones: the zone of a
//! text is returned as it is written ([`ParsedZone`]).

mod civil;
mod layout;

pub use civil::{Civil, MONTHS, WEEKDAYS};
#[cfg(feature = "jiff")]
pub use layout::rfc3339_timestamp;
pub use layout::{Parsed, ParsedZone, RFC3339, RFC3339_NANO, format, parse, parse_rfc3339};
