//! Dates, times of day and their texts, as Go's package `time` has them. No clock and no database of zones: the zone of a
//! text is returned as it is written ([`ParsedZone`]).

mod civil;
mod layout;
mod number;
mod parsed;
mod rfc3339;
mod zone;

pub use civil::{Civil, MONTHS, WEEKDAYS};
pub use layout::{RFC3339, RFC3339_NANO, format, parse};
pub use parsed::Parsed;
pub use rfc3339::parse_rfc3339;
#[cfg(feature = "jiff")]
pub use rfc3339::rfc3339_timestamp;
pub use zone::ParsedZone;
