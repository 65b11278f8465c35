//! Numbers out of many numbers.

use crate::expression::budget::Budget;
use crate::expression::error::Failure;
use crate::expression::operator::is_less;
use crate::expression::value::Value;

pub(super) fn call(name: &str, arguments: &[Value], budget: &mut Budget) -> Result<Value, Failure> {
    match name {
        "max" => extreme(name, arguments, is_less, budget),
        "min" => extreme(name, arguments, |best, other| is_less(other, best), budget),
        _ => {
            let mut numbers = Vec::new();
            for argument in arguments {
                collect(name, argument, &mut numbers, budget)?;
            }
            Ok(Value::Float(if name == "mean" { mean(&numbers) } else { median(numbers) }))
        }
    }
}

/// The number that no other replaces.
fn extreme(
    name: &str,
    arguments: &[Value],
    replaces: impl Fn(&Value, &Value) -> Result<bool, Failure> + Copy,
    budget: &mut Budget,
) -> Result<Value, Failure> {
    let mut best: Option<Value> = None;
    for argument in arguments {
        budget.work(1)?;
        let candidate = match argument {
            Value::Int(_) | Value::Float(_) | Value::Duration(_) | Value::Month(_) | Value::Weekday(_) => {
                argument.clone()
            }
            Value::List(list) => {
                if let Some(other) = list.items().iter().find(|item| !is_number_or_list(item)) {
                    return Err(wrong(name, other));
                }
                extreme(name, list.items(), replaces, budget)?
            }
            Value::Bytes(bytes) => {
                let items: Vec<Value> = bytes.iter().map(|byte| Value::Int(i64::from(*byte))).collect();
                extreme(name, &items, replaces, budget)?
            }
            // A single argument of any other type is its own extreme.
            other if arguments.len() == 1 => return Ok(other.clone()),
            other => return Err(wrong(name, other)),
        };
        let better = match &best {
            None => true,
            Some(_) if candidate.is_nil() => false,
            Some(best) => replaces(best, &candidate)?,
        };
        if better && !candidate.is_nil() {
            best = Some(candidate);
        }
    }
    Ok(best.unwrap_or(Value::Nil))
}

fn is_number_or_list(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Float(_) | Value::List(_))
}

fn collect(name: &str, value: &Value, numbers: &mut Vec<f64>, budget: &mut Budget) -> Result<(), Failure> {
    budget.work(1)?;
    match value {
        Value::Int(value) | Value::Duration(value) => numbers.push(*value as f64),
        Value::Month(value) | Value::Weekday(value) => numbers.push(f64::from(*value)),
        Value::Float(value) => numbers.push(*value),
        Value::Bytes(bytes) => numbers.extend(bytes.iter().map(|byte| f64::from(*byte))),
        Value::List(list) => {
            for item in list.items() {
                collect(name, item, numbers, budget)?;
            }
        }
        other => return Err(wrong(name, other)),
    }
    Ok(())
}

fn mean(numbers: &[f64]) -> f64 {
    if numbers.is_empty() {
        0.0
    } else {
        numbers.iter().fold(0.0, |sum, number| sum + number) / numbers.len() as f64
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    // As Go sorts: what is no number first, and the two zeros are equal.
    numbers
        .sort_by(|left, right| left.partial_cmp(right).unwrap_or_else(|| right.is_nan().cmp(&left.is_nan())));
    let middle = numbers.len() / 2;
    match numbers.get(middle) {
        None => 0.0,
        Some(upper) if numbers.len() % 2 == 1 => *upper,
        Some(upper) => (numbers.get(middle.wrapping_sub(1)).unwrap_or(upper) + upper) / 2.0,
    }
}

fn wrong(name: &str, value: &Value) -> Failure {
    Failure::new(format!("{name}({}) is not possible", value.type_name()))
}
