//! Lengths of time as Go writes them: `1h30m0.5s`.

use std::fmt::Write;

use super::NANOSECONDS;
use crate::expression::error::Failure;

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

/// Reads a duration: a sign and numbers with units.
pub(in super::super) fn parse(text: &str) -> Result<i64, Failure> {
    read(text).ok_or_else(|| Failure::new(format!("invalid duration {text:?}")))
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

/// Go's `Duration.String`.
pub(in super::super) fn format(nanoseconds: i64) -> String {
    let mut text = String::new();
    if nanoseconds < 0 {
        text.push('-');
    }
    let amount = nanoseconds.unsigned_abs();
    // Writing to a String cannot fail.
    let _ = match amount {
        0 => write!(text, "0s"),
        1..1_000 => write!(text, "{amount}ns"),
        1_000..1_000_000 => write!(text, "{}µs", decimal(amount, 1_000)),
        1_000_000..1_000_000_000 => write!(text, "{}ms", decimal(amount, 1_000_000)),
        _ => {
            let second = NANOSECONDS.unsigned_abs();
            let (hours, minutes) = (amount / (3600 * second), amount / (60 * second) % 60);
            if hours > 0 {
                let _ = write!(text, "{hours}h");
            }
            if hours > 0 || minutes > 0 {
                let _ = write!(text, "{minutes}m");
            }
            write!(text, "{}s", decimal(amount % (60 * second), second))
        }
    };
    text
}

fn decimal(amount: u64, unit: u64) -> String {
    let width = unit.ilog10() as usize;
    let text = format!("{}.{:0width$}", amount / unit, amount % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Go's `Duration.Round`: to the nearest multiple, halves away from zero.
pub(in super::super) fn round(nanoseconds: i64, unit: i64) -> i64 {
    if unit <= 0 {
        return nanoseconds;
    }
    let remainder = (nanoseconds % unit).unsigned_abs();
    let down = nanoseconds - nanoseconds % unit;
    if remainder.saturating_mul(2) < unit.unsigned_abs() {
        down
    } else if nanoseconds < 0 {
        down.saturating_sub(unit)
    } else {
        down.saturating_add(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn case(text: &str, written: &str) {
        assert_eq!(format(parse(text).unwrap()), written, "{text}");
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
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
