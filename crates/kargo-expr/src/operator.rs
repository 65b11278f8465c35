//! The results of operators, exact powers, and sorting by keys that may not be comparable.

use std::cmp::Ordering;

use crate::budget::Budget;
use crate::encoding::display;
use crate::error::Failure;
use crate::kind::MapKind;
use crate::method;
use crate::syntax::Binary;
use crate::value::{ElementType, Key, Map, Value, equal, floats, new_list};

/// `+ - * / % **` and the comparisons, for operands that were evaluated.
pub(crate) fn apply(
    operator: Binary,
    left: &Value,
    right: &Value,
    budget: &mut Budget,
) -> Result<Value, Failure> {
    let truth = |ordering: fn(Ordering) -> bool| {
        compare(left, right).map(|found| Some(Value::Bool(found.is_some_and(ordering))))
    };
    let result = match operator {
        Binary::Less => truth(Ordering::is_lt),
        Binary::More => truth(Ordering::is_gt),
        Binary::LessOrEqual => truth(Ordering::is_le),
        Binary::MoreOrEqual => truth(Ordering::is_ge),
        Binary::Add => add(left, right, budget),
        Binary::Subtract => Ok(subtract(left, right)),
        Binary::Multiply => Ok(multiply(left, right)),
        Binary::Divide => Ok(floats(left, right).map(|(left, right)| Value::Float(left / right))),
        Binary::Modulo => modulo(left, right),
        Binary::Power => Ok(floats(left, right).map(|(left, right)| Value::Float(power(left, right)))),
        _ => Ok(None),
    };
    // `None` where the types do not fit.
    result?.ok_or_else(|| mismatch(operator, left, right))
}

fn mismatch(operator: Binary, left: &Value, right: &Value) -> Failure {
    Failure::new(format!("{} {} {} is not possible", left.type_name(), operator.symbol(), right.type_name()))
}

fn compare(left: &Value, right: &Value) -> Result<Option<Ordering>, Failure> {
    Ok(match (left, right) {
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Time(left), Value::Time(right)) => Some(left.cmp(right)),
        (Value::Duration(left), Value::Duration(right)) => Some(left.cmp(right)),
        _ => match floats(left, right) {
            Some((left, right)) => left.partial_cmp(&right),
            None => return Err(mismatch(Binary::Less, left, right)),
        },
    })
}

/// Whether `left < right`.
pub(crate) fn is_less(left: &Value, right: &Value) -> Result<bool, Failure> {
    Ok(compare(left, right)?.is_some_and(Ordering::is_lt))
}

fn add(left: &Value, right: &Value, budget: &mut Budget) -> Result<Option<Value>, Failure> {
    Ok(Some(match (left, right) {
        (Value::Int(left), Value::Int(right)) => Value::Int(left.wrapping_add(*right)),
        (Value::Text(left), Value::Text(right)) => {
            budget.bytes(left.len() + right.len())?;
            Value::text([&**left, &**right].concat())
        }
        (Value::Time(time), Value::Duration(duration)) | (Value::Duration(duration), Value::Time(time)) => {
            Value::Time(time.add(*duration))
        }
        (Value::Duration(left), Value::Duration(right)) => Value::Duration(left.wrapping_add(*right)),
        _ => return Ok(floats(left, right).map(|(left, right)| Value::Float(left + right))),
    }))
}

fn subtract(left: &Value, right: &Value) -> Option<Value> {
    Some(match (left, right) {
        (Value::Int(left), Value::Int(right)) => Value::Int(left.wrapping_sub(*right)),
        (Value::Time(left), Value::Time(right)) => Value::Duration(left.since(right)),
        (Value::Time(time), Value::Duration(duration)) => Value::Time(time.add(duration.wrapping_neg())),
        (Value::Duration(left), Value::Duration(right)) => Value::Duration(left.wrapping_sub(*right)),
        _ => return floats(left, right).map(|(left, right)| Value::Float(left - right)),
    })
}

fn multiply(left: &Value, right: &Value) -> Option<Value> {
    Some(match (left, right) {
        (Value::Int(left), Value::Int(right)) => Value::Int(left.wrapping_mul(*right)),
        (Value::Duration(left), Value::Duration(right) | Value::Int(right))
        | (Value::Int(left), Value::Duration(right)) => Value::Duration(left.wrapping_mul(*right)),
        // With a fraction the unit is lost.
        (Value::Duration(duration), Value::Float(factor))
        | (Value::Float(factor), Value::Duration(duration)) => Value::Float(*duration as f64 * factor),
        _ => return floats(left, right).map(|(left, right)| Value::Float(left * right)),
    })
}

fn modulo(left: &Value, right: &Value) -> Result<Option<Value>, Failure> {
    match (left, right) {
        (Value::Int(_), Value::Int(0)) => Err(Failure::new("integer divide by zero")),
        (Value::Int(left), Value::Int(right)) => Ok(Some(Value::Int(left.wrapping_rem(*right)))),
        _ => Ok(None),
    }
}

/// Minus a number.
pub(crate) fn negate(value: &Value) -> Result<Value, Failure> {
    match value {
        Value::Int(value) => Ok(Value::Int(value.wrapping_neg())),
        Value::Float(value) => Ok(Value::Float(-value)),
        other => Err(Failure::new(format!("- {} is not possible", other.type_name()))),
    }
}

/// A whole number; a float loses its fraction.
pub(crate) fn to_int(value: &Value) -> Result<i64, Failure> {
    match value {
        Value::Int(value) => Ok(*value),
        Value::Float(value) => Ok(float_to_int(*value)),
        other => Err(Failure::new(format!("{} is not a whole number", other.type_name()))),
    }
}

/// As Go converts on amd64: what does not fit becomes the smallest number.
pub(crate) fn float_to_int(value: f64) -> i64 {
    let fits = value >= i64::MIN as f64 && value < -(i64::MIN as f64);
    if fits { value as i64 } else { i64::MIN }
}

pub(crate) fn to_bool(value: &Value) -> Result<bool, Failure> {
    match value {
        Value::Bool(value) => Ok(*value),
        other => Err(Failure::new(format!("expected true or false, not {}", other.type_name()))),
    }
}

/// The operator `in`.
pub(crate) fn is_in(needle: &Value, haystack: &Value, budget: &mut Budget) -> Result<bool, Failure> {
    match haystack {
        Value::Nil => Ok(false),
        Value::List(list) => {
            for item in list.items() {
                if equal(item, needle, budget)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Value::Bytes(bytes) => {
            Ok(matches!(needle, Value::Int(value) if bytes.iter().any(|byte| i64::from(*byte) == *value)))
        }
        Value::Map(map) => Ok(map.entries().contains_key(&map_key(map, needle)?)),
        Value::Record(_) | Value::Time(_) | Value::Timestamp(_) => match needle {
            Value::Text(name) => Ok(match haystack {
                Value::Record(record) => record.field(&String::from_utf8_lossy(name)).is_some(),
                Value::Timestamp(_) => **name == *b"Time",
                _ => false,
            }),
            other => Err(Failure::new(format!("{} is not the name of a field", other.type_name()))),
        },
        other => Err(Failure::new(format!("nothing can be in {}", other.type_name()))),
    }
}

/// The key that a value is in a map; Go insists on the type of the keys.
pub(crate) fn map_key(map: &Map, value: &Value) -> Result<Key, Failure> {
    match (map.kind(), value) {
        (MapKind::TextToAny | MapKind::TextToText, Value::Nil) => Ok(Key::Text([].into())),
        (MapKind::TextToAny | MapKind::TextToText, Value::Text(text)) => Ok(Key::Text(text.clone())),
        (MapKind::TextToAny | MapKind::TextToText, other) => {
            Err(Failure::new(format!("the keys of the map are strings, not {}", other.type_name())))
        }
        _ => key(value),
    }
}

/// Any value as a key.
pub(crate) fn key(value: &Value) -> Result<Key, Failure> {
    Key::from_value(value).ok_or_else(|| Failure::new(format!("{} cannot be a key", value.type_name())))
}

/// The operators `[]` and `.`. A method that is not called is a function, of no use.
pub(crate) fn fetch(from: &Value, property: &Value) -> Result<Value, Failure> {
    if let Value::Text(name) = property
        && method::exists(from, &String::from_utf8_lossy(name))
    {
        return Ok(Value::Function);
    }
    match from {
        Value::List(list) => element(list.items().len(), property).map(|index| list.items()[index].clone()),
        Value::Text(text) | Value::Bytes(text) => {
            element(text.len(), property).map(|index| Value::Int(i64::from(text[index])))
        }
        Value::Map(map) => {
            let key = map_key(map, property)?;
            Ok(map.entries().get(&key).cloned().unwrap_or_else(|| map.default_value()))
        }
        Value::Record(record) => {
            let Value::Text(name) = property else { return Err(no_property(from, property)) };
            let name = String::from_utf8_lossy(name);
            record.field(&name).cloned().ok_or_else(|| no_property(from, property))
        }
        // The one field of a Kubernetes time.
        Value::Timestamp(time) if matches!(property, Value::Text(name) if **name == *b"Time") => {
            Ok(Value::Time(time.clone()))
        }
        _ => Err(no_property(from, property)),
    }
}

fn no_property(from: &Value, property: &Value) -> Failure {
    let name = display(property).unwrap_or_default();
    Failure::new(format!("{} has no {}", from.type_name(), String::from_utf8_lossy(&name)))
}

/// An index into something of a length; negative ones count from the end.
fn element(length: usize, index: &Value) -> Result<usize, Failure> {
    let index = to_int(index)?;
    let expected =
        if index < 0 { i64::try_from(length).unwrap_or(i64::MAX).saturating_add(index) } else { index };
    usize::try_from(expected)
        .ok()
        .filter(|expected| *expected < length)
        .ok_or_else(|| Failure::new(format!("index {index} is out of range (length {length})")))
}

/// The operator `[from:to]`.
pub(crate) fn slice(
    of: &Value,
    from: Option<&Value>,
    to: Option<&Value>,
    budget: &mut Budget,
) -> Result<Value, Failure> {
    let length = match of {
        Value::List(list) => list.items().len(),
        Value::Text(text) | Value::Bytes(text) => text.len(),
        other => return Err(Failure::new(format!("{} cannot be sliced", other.type_name()))),
    };
    let bound = |index: Option<&Value>, otherwise: usize| match index {
        None => Ok(otherwise),
        Some(index) => {
            let index = to_int(index)?;
            Ok(if index < 0 {
                length.saturating_sub(usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX))
            } else {
                usize::try_from(index).unwrap_or(usize::MAX).min(length)
            })
        }
    };
    let to = bound(to, length)?;
    let from = bound(from, 0)?.min(to);
    budget.bytes(to - from)?;
    match of {
        Value::List(list) => new_list(list.element(), list.items()[from..to].to_vec()),
        Value::Bytes(bytes) => Ok(Value::Bytes(bytes[from..to].into())),
        Value::Text(text) => Ok(Value::text(&text[from..to])),
        _ => Ok(Value::Nil),
    }
}

/// The code points of a text; a broken byte is one.
pub(crate) fn count_characters(text: &[u8]) -> usize {
    text.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum()
}

/// The operator `..`.
pub(crate) fn range(from: &Value, to: &Value, budget: &mut Budget) -> Result<Value, Failure> {
    let (from, to) = (to_int(from)?, to_int(to)?);
    // A size that overflows is none.
    let size = usize::try_from(to.wrapping_sub(from).wrapping_add(1)).unwrap_or(0);
    budget.elements(size)?;
    let items = if size == 0 { Vec::new() } else { (from..=to).map(Value::Int).collect() };
    budget.work(size)?;
    new_list(ElementType::Int, items)
}

/// The operators `contains`, `startsWith` and `endsWith`; nil contains nothing and is in nothing.
pub(crate) fn search(
    operator: Binary,
    text: &Value,
    expected: &Value,
    budget: &mut Budget,
) -> Result<bool, Failure> {
    if text.is_nil() || expected.is_nil() {
        return Ok(false);
    }
    let (Value::Text(text), Value::Text(expected)) = (text, expected) else {
        return Err(mismatch(operator, text, expected));
    };
    budget.work((text.len() + expected.len()) / 16)?;
    Ok(match operator {
        Binary::StartsWith => text.starts_with(expected),
        Binary::EndsWith => text.ends_with(expected),
        _ => memchr::memmem::find(text, expected).is_some(),
    })
}

// Sorting.

/// Sorts stably by the first of each pair: a merge sort that stops at the first failure.
pub(crate) fn sort<T>(
    pairs: Vec<(Value, T)>,
    descending: bool,
    budget: &mut Budget,
) -> Result<Vec<(Value, T)>, Failure> {
    let mut runs: Vec<Vec<(Value, T)>> = pairs.into_iter().map(|pair| vec![pair]).collect();
    while runs.len() > 1 {
        let mut merged = Vec::with_capacity(runs.len().div_ceil(2));
        let mut rest = runs.into_iter();
        while let Some(left) = rest.next() {
            match rest.next() {
                Some(right) => merged.push(merge(left, right, descending, budget)?),
                None => merged.push(left),
            }
        }
        runs = merged;
    }
    Ok(runs.pop().unwrap_or_default())
}

fn merge<T>(
    left: Vec<(Value, T)>,
    right: Vec<(Value, T)>,
    descending: bool,
    budget: &mut Budget,
) -> Result<Vec<(Value, T)>, Failure> {
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some((first, _)), Some((second, _))) = (left.peek(), right.peek()) {
        budget.work(4)?;
        let later = if descending { is_less(first, second)? } else { is_less(second, first)? };
        merged.extend(if later { right.next() } else { left.next() });
    }
    merged.extend(left);
    merged.extend(right);
    Ok(merged)
}

// Powers.

/// Go's `math.Pow`: a whole exponent is worked off by squaring, so that the last digit is the same.
pub(crate) fn power(base: f64, exponent: f64) -> f64 {
    let whole = exponent.fract() == 0.0 && exponent.abs() < 9e15;
    if !whole || !base.is_normal() || exponent == 0.0 {
        return if exponent.abs() == 0.5 && base.is_normal() {
            root(base, exponent)
        } else {
            base.powf(exponent)
        };
    }
    // Fractions between a half and one, and their powers of two apart: nothing overflows on the way.
    let (mut factor, mut factor_scale) = fraction_and_scale(base);
    let (mut result, mut scale) = (1.0_f64, 0_i64);
    let mut rest = exponent.abs() as u64;
    while rest > 0 {
        if factor_scale.unsigned_abs() > 1 << 20 {
            // Far beyond what a float can be, up or down.
            scale = scale.saturating_add(factor_scale);
            break;
        }
        if rest % 2 == 1 {
            result *= factor;
            scale += factor_scale;
        }
        factor *= factor;
        factor_scale *= 2;
        if factor < 0.5 {
            factor *= 2.0;
            factor_scale -= 1;
        }
        rest /= 2;
    }
    if exponent < 0.0 {
        (result, scale) = (1.0 / result, -scale);
    }
    with_scale(result, scale)
}

fn root(base: f64, exponent: f64) -> f64 {
    if exponent < 0.0 { 1.0 / base.sqrt() } else { base.sqrt() }
}

/// A normal number as a fraction of at least a half and a power of two.
fn fraction_and_scale(number: f64) -> (f64, i64) {
    const EXPONENT: u64 = 0x7ff << 52;
    let bits = number.to_bits();
    let scale = ((bits & EXPONENT) >> 52) as i64 - 1022;
    (f64::from_bits(bits & !EXPONENT | 1022 << 52), scale)
}

fn with_scale(mut fraction: f64, scale: i64) -> f64 {
    let mut scale = scale.clamp(-3000, 3000);
    while scale != 0 {
        // In steps that are powers of two themselves.
        let step = scale.clamp(-1000, 1000);
        fraction *= f64::from_bits(((1023 + step) as u64) << 52);
        scale -= step;
    }
    fraction
}
