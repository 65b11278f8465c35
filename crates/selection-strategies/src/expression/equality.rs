//! When two values are equal.

use super::budget::Budget;
use super::error::Failure;
use super::operator::floats;
use super::value::{ElementType, List, Value};

/// The operator `==`.
pub(super) fn equal(left: &Value, right: &Value, budget: &mut Budget) -> Result<bool, Failure> {
    budget.work(1)?;
    Ok(match (left, right) {
        (Value::Int(left), Value::Int(right)) => left == right,
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
            floats(left, right).is_some_and(|(left, right)| left == right)
        }
        (Value::Text(left), Value::Text(right)) => {
            budget.work(left.len() / 16)?;
            left == right
        }
        (Value::Time(left), Value::Time(right)) => left == right,
        (Value::List(left), Value::List(right))
            if left.element() == right.element() || holds_anything(left) || holds_anything(right) =>
        {
            left.items().len() == right.items().len()
                && all(left.items().iter().zip(right.items()), |(left, right)| equal(left, right, budget))?
        }
        _ if left.is_nil() && right.is_nil() => true,
        _ => identical(left, right, budget)?,
    })
}

fn holds_anything(list: &List) -> bool {
    matches!(list.element(), ElementType::Any | ElementType::Missing)
}

/// Go's `reflect.DeepEqual`, which is what `==` means inside of maps.
fn identical(left: &Value, right: &Value, budget: &mut Budget) -> Result<bool, Failure> {
    budget.work(1)?;
    Ok(match (left, right) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Int(left), Value::Int(right)) | (Value::Duration(left), Value::Duration(right)) => {
            left == right
        }
        (Value::Float(left), Value::Float(right)) => left == right,
        (Value::Text(left), Value::Text(right)) | (Value::Bytes(left), Value::Bytes(right)) => {
            budget.work(left.len() / 16)?;
            left == right
        }
        (Value::Month(left), Value::Month(right)) | (Value::Weekday(left), Value::Weekday(right)) => {
            left == right
        }
        (Value::Time(left), Value::Time(right)) | (Value::Timestamp(left), Value::Timestamp(right)) => {
            left == right && left.offset_seconds() == right.offset_seconds()
        }
        (Value::Location(left), Value::Location(right)) => left == right,
        (Value::Version(left), Value::Version(right)) => left == right,
        (Value::List(left), Value::List(right)) => {
            left.element() == right.element()
                && left.items().len() == right.items().len()
                && all(left.items().iter().zip(right.items()), |(left, right)| {
                    identical(left, right, budget)
                })?
        }
        (Value::Map(left), Value::Map(right)) => {
            left.kind() == right.kind()
                && left.entries().len() == right.entries().len()
                && all(left.entries().iter().zip(right.entries()), |((key, left), (other, right))| {
                    Ok(key == other && identical(left, right, budget)?)
                })?
        }
        (Value::Record(left), Value::Record(right)) => {
            left.kind() == right.kind()
                && all(left.fields().iter().zip(right.fields()), |(left, right)| {
                    identical(left, right, budget)
                })?
        }
        _ => false,
    })
}

fn all<T>(
    items: impl Iterator<Item = T>,
    mut test: impl FnMut(T) -> Result<bool, Failure>,
) -> Result<bool, Failure> {
    for item in items {
        if !test(item)? {
            return Ok(false);
        }
    }
    Ok(true)
}
