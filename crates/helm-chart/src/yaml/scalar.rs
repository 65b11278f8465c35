//! Scalars of YAML 1.1, as Go's `yaml.v2` resolves them.

use go_compat::time;

use crate::Error;

use super::node::Value;

/// The value of a scalar with this tag (`str`, `int`, ..., without `!!`).
pub(super) fn resolve(text: String, plain: bool, tag: Option<&str>) -> Result<Value, Error> {
    match tag {
        None if plain => Ok(untagged(text, true)),
        None | Some("str") => Ok(Value::Text(text)),
        Some("binary") => {
            Err(Error::new("a value has the tag !!binary").with_hint("write it as a text, without the tag"))
        }
        Some(tag @ ("bool" | "int" | "float" | "null" | "timestamp")) => {
            let wrong = format!("{text:?} is not {}", name(tag));
            match (tag, untagged(text, tag == "timestamp")) {
                ("float", Value::Integer(value)) => Ok(Value::Float(value as f64)),
                ("bool", value @ Value::Bool(_))
                | ("int", value @ Value::Integer(_))
                | ("float", value @ Value::Float(_))
                | ("null", value @ Value::Null) => Ok(value),
                ("timestamp", Value::Text(text)) if is_timestamp(&text) => Ok(Value::Text(text)),
                _ => Err(Error::new(wrong)),
            }
        }
        Some(_) => Ok(Value::Text(text)),
    }
}

fn name(tag: &str) -> &'static str {
    match tag {
        "bool" => "a truth value",
        "null" => "null",
        "timestamp" => "a time",
        _ => "a number",
    }
}

fn untagged(text: String, with_times: bool) -> Value {
    match text.as_str() {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Value::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Value::Float(f64::NEG_INFINITY),
        _ => {}
    }
    match text.bytes().next() {
        Some(b'.') => match number(&text.replace('_', "")) {
            Some(value) => Value::Float(value),
            None => Value::Text(text),
        },
        Some(b'+' | b'-' | b'0'..=b'9') => {
            // A time stays the text that it is.
            if with_times && is_timestamp(&text) {
                return Value::Text(text);
            }
            let digits = text.replace('_', "");
            if let Some(value) = integer(&digits) {
                return Value::Integer(value);
            }
            match number(&digits) {
                Some(value) => Value::Float(value),
                None => Value::Text(text),
            }
        }
        _ => Value::Text(text),
    }
}

/// An integer of 64 bits, with or without sign, in Go's spellings: `0x1f`, `0o17`, `017`, `0b11`.
fn integer(text: &str) -> Option<i128> {
    let (negative, signed, rest) = match text.as_bytes().first()? {
        b'-' => (true, true, text.get(1..)?),
        b'+' => (false, true, text.get(1..)?),
        _ => (false, false, text),
    };
    let lower = rest.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, lower.get(2..)?),
        [b'0', b'b', ..] => (2, lower.get(2..)?),
        [b'0', b'o', ..] => (8, lower.get(2..)?),
        [b'0', _, ..] => (8, lower.get(1..)?),
        _ => (10, lower.as_str()),
    };
    if digits.is_empty() || !digits.bytes().all(|digit| char::from(digit).is_digit(radix)) {
        return None;
    }
    let value = i128::from_str_radix(digits, radix).ok()?;
    let value = if negative { -value } else { value };
    let range = if signed { i128::from(i64::MIN)..=i128::from(i64::MAX) } else { 0..=i128::from(u64::MAX) };
    range.contains(&value).then_some(value)
}

/// A number as `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`, within the range of 64 bits.
fn number(text: &str) -> Option<f64> {
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (rest, None),
    };
    if exponent.is_some_and(|digits| digits.is_empty() || !is_digits(digits)) {
        return None;
    }
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_number = is_digits(whole) && is_digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    text.parse().ok().filter(|value: &f64| is_number && value.is_finite())
}

fn is_timestamp(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits != 4 || text.as_bytes().get(4) != Some(&b'-') {
        return false;
    }
    [
        "2006-1-2T15:4:5.999999999Z07:00",
        "2006-1-2t15:4:5.999999999Z07:00",
        "2006-1-2 15:4:5.999999999",
        "2006-1-2",
    ]
    .iter()
    .any(|layout| time::parse(layout, text).is_some())
}

/// A number as text where a text is wanted: the shortest form of 32 bits, as Go's `strconv.FormatFloat(value, 'g', -1, 32)`.
pub(crate) fn format_float(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "Helm's parser writes 32 bits")]
    let value = value as f32;
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plain scalar where a text is wanted, as Go's `sigs.k8s.io/yaml` 1.6.0 answered.
    #[test]
    fn plain_scalars_as_texts() {
        for (text, expected) in [
            ("y", "true"),
            ("No", "false"),
            ("1.10", "1.1"),
            ("1.0", "1"),
            ("2021-01-01", "2021-01-01"),
            ("1e3", "1000"),
            ("017", "15"),
            ("1_000", "1000"),
            ("1.123456789", "1.1234568"),
            ("123456789.5", "1.2345679e+08"),
            ("1e20", "1e+20"),
            ("1e-5", "1e-05"),
            ("0.0001", "0.0001"),
            ("0x1F", "31"),
            ("0o17", "15"),
            ("08", "8"),
            ("09.5", "9.5"),
            ("1:30", "1:30"),
            ("1.2.3", "1.2.3"),
            ("18446744073709551615", "18446744073709551615"),
            ("18446744073709551616", "1.8446744e+19"),
            ("-5", "-5"),
            ("+5", "5"),
            ("0b11", "3"),
            (".5", "0.5"),
            (".5_1", "0.51"),
            ("-.5", "-0.5"),
            ("1e", "1e"),
            (".inf", "+Inf"),
            ("1234567.0", "1.234567e+06"),
            ("123456.0", "123456"),
            ("20210101.5", "2.0210102e+07"),
            ("1e400", "1e400"),
            ("0x", "0x"),
            ("1e6", "1e+06"),
            ("100000.0", "100000"),
            ("1e22", "1e+22"),
            ("-0b11", "-3"),
            ("_1", "_1"),
        ] {
            let shown = match untagged(text.to_owned(), true) {
                Value::Bool(value) => value.to_string(),
                Value::Integer(value) => value.to_string(),
                Value::Float(value) => format_float(value),
                Value::Text(text) => text,
                other => format!("{other:?}"),
            };
            assert_eq!(shown, expected, "{text}");
        }
    }
}
