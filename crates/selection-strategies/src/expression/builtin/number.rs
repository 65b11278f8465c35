//! Conversions, rounding and bits.

use super::{argument, text_argument};
use crate::expression::error::Failure;
use crate::expression::operator::float_to_int;
use crate::expression::value::Value;

pub(super) fn call(name: &str, arguments: &[Value]) -> Result<Value, Failure> {
    let first = argument(arguments, 0)?;
    match name {
        "int" => to_int(first, arguments),
        "float" => to_float(first, arguments),
        "abs" => match first {
            Value::Int(value) => Ok(Value::Int(value.wrapping_abs())),
            Value::Float(value) => Ok(Value::Float(if *value < 0.0 { -value } else { *value })),
            other => Err(wrong(name, other)),
        },
        "ceil" | "floor" | "round" => match first {
            Value::Int(value) => Ok(Value::Float(*value as f64)),
            Value::Float(value) => Ok(Value::Float(match name {
                "ceil" => value.ceil(),
                "floor" => value.floor(),
                _ => value.round(),
            })),
            other => Err(wrong(name, other)),
        },
        "bitnot" => Ok(Value::Int(!whole(name, first)?)),
        _ => bits(name, whole(name, first)?, whole(name, argument(arguments, 1)?)?),
    }
}

fn to_int(value: &Value, arguments: &[Value]) -> Result<Value, Failure> {
    Ok(Value::Int(match value {
        Value::Int(value) | Value::Duration(value) => *value,
        Value::Float(value) => float_to_int(*value),
        Value::Month(value) | Value::Weekday(value) => i64::from(*value),
        Value::Text(_) => {
            let text = String::from_utf8_lossy(text_argument(arguments, 0)?);
            text.parse().map_err(|_| Failure::new(format!("int({text}) is not possible")))?
        }
        other => return Err(wrong("int", other)),
    }))
}

fn to_float(value: &Value, arguments: &[Value]) -> Result<Value, Failure> {
    Ok(Value::Float(match value {
        Value::Int(value) => *value as f64,
        Value::Float(value) => *value,
        Value::Text(_) => {
            let text = String::from_utf8_lossy(text_argument(arguments, 0)?);
            parse_float(&text).ok_or_else(|| Failure::new(format!("float({text}) is not possible")))?
        }
        other => return Err(wrong("float", other)),
    }))
}

/// Go's `ParseFloat`, but for hexadecimal floats.
fn parse_float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let word = unsigned.starts_with(|first: char| first.is_ascii_alphabetic());
    let value: f64 = text.parse().ok()?;
    // What is too large is an error, but infinity itself can be written.
    (value.is_finite() || word).then_some(value)
}

fn bits(name: &str, left: i64, right: i64) -> Result<Value, Failure> {
    let shift = || u32::try_from(right).map_err(|_| Failure::new("a negative shift"));
    let shift = || match shift() {
        Err(error) if right < 0 => Err(error),
        shift => Ok(shift.unwrap_or(u32::MAX)),
    };
    Ok(Value::Int(match name {
        "bitand" => left & right,
        "bitor" => left | right,
        "bitxor" => left ^ right,
        "bitnand" => left & !right,
        "bitshl" => left.checked_shl(shift()?).unwrap_or(0),
        "bitshr" => left.checked_shr(shift()?).unwrap_or(if left < 0 { -1 } else { 0 }),
        "bitushr" => (left as u64).checked_shr(shift()?).unwrap_or(0) as i64,
        _ => return Err(Failure::new(format!("unknown function {name}"))),
    }))
}

fn whole(name: &str, value: &Value) -> Result<i64, Failure> {
    match value {
        Value::Int(value) => Ok(*value),
        other => Err(wrong(name, other)),
    }
}

fn wrong(name: &str, value: &Value) -> Failure {
    Failure::new(format!("{name}({}) is not possible", value.type_name()))
}
