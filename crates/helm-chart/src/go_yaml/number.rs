//! Numbers as Go writes them.

use std::fmt::Write as _;

use serde_json::Number;

/// A number that JSON writes without exponent and fraction, and that has 64 bits, stays an integer; the others are written with the
/// fewest digits that give the same number, with an exponent from a million on and below a ten-thousandth.
pub(super) fn text(number: &Number) -> String {
    if number.is_i64() || number.is_u64() {
        return number.to_string();
    }
    let Some(value) = number.as_f64() else { return number.to_string() };
    if value.fract() == 0.0 && value.abs() < 1e21 {
        let digits = value.to_string();
        if let Ok(integer) = digits.parse::<i64>() {
            return integer.to_string();
        }
        if digits.parse::<u64>().is_ok() {
            return digits;
        }
    }
    shortest(value)
}

/// As Go's `strconv.FormatFloat(value, 'g', -1, 64)`.
fn shortest(value: f64) -> String {
    let scientific = format!("{value:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let Ok(exponent) = exponent.parse::<i32>() else { return scientific };
    if (-4..6).contains(&exponent) {
        return value.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    let mut text = mantissa.to_owned();
    let _ = write!(text, "e{sign}{:02}", exponent.unsigned_abs());
    text
}
