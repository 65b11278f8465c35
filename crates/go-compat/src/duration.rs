//! Lengths of time as Go writes them: `1h30m0.5s`.

use std::fmt;
use std::str::FromStr;

const SECOND: u64 = 1_000_000_000;

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// A length of time in whole nanoseconds, as Go's `time.Duration`: from -292 to 292 years.
///
/// It reads as `time.ParseDuration` (a sign, numbers with units `ns`, `us`, `ms`, `s`, `m` and `h`) and writes as
/// `Duration.String`.
///
/// ```
/// use go_compat::GoDuration;
///
/// let duration: GoDuration = "1h30m0.5s".parse()?;
/// assert_eq!(duration.as_nanoseconds(), 5_400_500_000_000);
/// assert_eq!(duration.to_string(), "1h30m0.5s");
/// assert_eq!("90m".parse::<GoDuration>()?.to_string(), "1h30m0s");
/// # Ok::<(), go_compat::GoDurationError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoDuration(i64);

/// The text is not a Go duration, or one beyond 292 years.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid duration {text:?}")]
pub struct GoDurationError {
    text: String,
}

impl GoDurationError {
    /// The text, as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl GoDuration {
    /// The duration of so many nanoseconds.
    #[must_use]
    pub const fn from_nanoseconds(nanoseconds: i64) -> Self {
        Self(nanoseconds)
    }

    /// The duration in nanoseconds.
    #[must_use]
    pub const fn as_nanoseconds(self) -> i64 {
        self.0
    }

    /// The nearest multiple of `unit`, halves away from zero, as Go's `Duration.Round`. A `unit` that is not positive changes
    /// nothing, and what would overflow is the longest duration there is.
    #[must_use]
    pub fn round(self, unit: Self) -> Self {
        let (nanoseconds, unit) = (self.0, unit.0);
        if unit <= 0 {
            return self;
        }
        let remainder = (nanoseconds % unit).unsigned_abs();
        let down = nanoseconds - nanoseconds % unit;
        Self(if remainder.saturating_mul(2) < unit.unsigned_abs() {
            down
        } else if nanoseconds < 0 {
            down.saturating_sub(unit)
        } else {
            down.saturating_add(unit)
        })
    }
}

/// Reads a duration as Go's `time.ParseDuration`.
///
/// # Errors
///
/// A text without a unit (`1`; `0` alone is fine), with an unknown unit (`1d`), with a sign in the middle, or beyond 292 years.
impl FromStr for GoDuration {
    type Err = GoDurationError;

    fn from_str(text: &str) -> Result<Self, GoDurationError> {
        read(text).map(Self).ok_or_else(|| GoDurationError { text: text.to_owned() })
    }
}

fn read(text: &str) -> Option<i64> {
    const LIMIT: u64 = 1 << 63;
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_u64;
    while !rest.is_empty() {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, after) = rest.split_at(digits(rest));
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => after.split_at(digits(after)),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let end = after.find(|next: char| next == '.' || next.is_ascii_digit()).unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        let (_, unit) = UNITS.iter().find(|(unit, _)| *unit == name)?;
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let mut value = whole.checked_mul(*unit).filter(|value| *value <= LIMIT)?;
        value = value.checked_add(part_of(fraction, *unit)).filter(|value| *value <= LIMIT)?;
        total = total.checked_add(value).filter(|total| *total <= LIMIT)?;
        rest = after;
    }
    if negative { Some((total as i64).wrapping_neg()) } else { i64::try_from(total).ok() }
}

/// A decimal fraction of a unit, in nanoseconds, rounded down as Go does.
fn part_of(fraction: &str, unit: u64) -> u64 {
    let (mut value, mut scale) = (0_u64, 1.0_f64);
    for digit in fraction.bytes() {
        match value.checked_mul(10).and_then(|value| value.checked_add(u64::from(digit - b'0'))) {
            Some(next) if next <= 1 << 63 => value = next,
            _ => break,
        }
        scale *= 10.0;
    }
    (value as f64 * (unit as f64 / scale)) as u64
}

/// Writes the duration as Go's `Duration.String`: `1h30m0s`, `1.5ms`, `0s`.
impl fmt::Display for GoDuration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0 {
            formatter.write_str("-")?;
        }
        let amount = self.0.unsigned_abs();
        match amount {
            0 => formatter.write_str("0s"),
            1..1_000 => write!(formatter, "{amount}ns"),
            1_000..1_000_000 => write!(formatter, "{}µs", decimal(amount, 1_000)),
            1_000_000..SECOND => write!(formatter, "{}ms", decimal(amount, 1_000_000)),
            _ => {
                let (hours, minutes) = (amount / (3600 * SECOND), amount / (60 * SECOND) % 60);
                if hours > 0 {
                    write!(formatter, "{hours}h")?;
                }
                if hours > 0 || minutes > 0 {
                    write!(formatter, "{minutes}m")?;
                }
                write!(formatter, "{}s", decimal(amount % (60 * SECOND), SECOND))
            }
        }
    }
}

fn decimal(amount: u64, unit: u64) -> String {
    let width = unit.ilog10() as usize;
    let text = format!("{}.{:0width$}", amount / unit, amount % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn case(text: &str, written: &str) {
        assert_eq!(text.parse::<GoDuration>().unwrap().to_string(), written, "{text}");
    }

    #[test]
    fn durations() {
        case("0", "0s");
        case("1h30m", "1h30m0s");
        case("-1.5h", "-1h30m0s");
        case("1.000000001s", "1.000000001s");
        case("1500us", "1.5ms");
        case("3µs", "3µs");
        case("100h", "100h0m0s");
        for wrong in ["", "1", "h", ".s", "1x", "1h-1m", "9223372036854775808ns"] {
            assert!(wrong.parse::<GoDuration>().is_err(), "{wrong}");
        }
    }
}
