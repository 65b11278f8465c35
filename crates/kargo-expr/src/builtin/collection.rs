//! Lists and maps: their parts, their order, and what is computed of all their elements.

use std::collections::BTreeMap;

use super::scalar::{argument, text_argument, wrong};
use crate::budget::Budget;
use crate::error::Failure;
use crate::kind::MapKind;
use crate::operator::{self, is_less, sort};
use crate::value::{ElementType, List, Map, Value, equal, new_list, new_map};

pub(crate) fn call(name: &str, arguments: &[Value], budget: &mut Budget) -> Result<Value, Failure> {
    let first = argument(arguments, 0)?;
    match name {
        "len" => length(first, budget),
        "first" => Ok(operator::fetch(first, &Value::Int(0)).unwrap_or(Value::Nil)),
        "last" => Ok(operator::fetch(first, &Value::Int(-1)).unwrap_or(Value::Nil)),
        "get" => get(first, argument(arguments, 1)?),
        "take" => take(first, argument(arguments, 1)?, budget),
        "keys" => {
            from_map(name, first, budget, |map| map.entries().keys().map(|key| Ok(key.to_value())).collect())
        }
        "values" => from_map(name, first, budget, |map| map.entries().values().cloned().map(Ok).collect()),
        "toPairs" => from_map(name, first, budget, |map| {
            let pair = |(key, value): (&crate::value::Key, &Value)| {
                new_list(ElementType::Any, vec![key.to_value(), value.clone()])
            };
            map.entries().iter().map(pair).collect()
        }),
        "fromPairs" => from_pairs(&items(name, first)?, budget),
        "reverse" => {
            let mut items = items(name, first)?;
            budget.elements(items.len())?;
            items.reverse();
            new_list(ElementType::Any, items)
        }
        "uniq" => uniq(&items(name, first)?, budget),
        "concat" => {
            let mut all = Vec::new();
            for argument in arguments {
                let items = items(name, argument)?;
                budget.elements(items.len())?;
                all.extend(items);
            }
            if all.is_empty() { Ok(Value::List(List::missing())) } else { new_list(ElementType::Any, all) }
        }
        "flatten" => {
            let mut all = Vec::new();
            flatten(&items(name, first)?, &mut all, budget)?;
            budget.elements(all.len())?;
            new_list(ElementType::Any, all)
        }
        _ => sorted(first, arguments, budget),
    }
}

fn length(value: &Value, budget: &mut Budget) -> Result<Value, Failure> {
    let length = match value {
        Value::Text(text) => {
            budget.work(text.len() / 4)?;
            operator::count_characters(text)
        }
        Value::Bytes(bytes) => bytes.len(),
        Value::List(list) => list.items().len(),
        Value::Map(map) => map.entries().len(),
        other => return Err(wrong("len", other)),
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// As indexing, but nil where there is nothing.
fn get(from: &Value, index: &Value) -> Result<Value, Failure> {
    match from {
        Value::Nil => Ok(Value::Nil),
        Value::List(_) | Value::Text(_) | Value::Bytes(_) => {
            operator::to_int(index)?;
            Ok(operator::fetch(from, index).unwrap_or(Value::Nil))
        }
        Value::Map(map) => {
            let key = operator::map_key(map, index)?;
            Ok(map.entries().get(&key).cloned().unwrap_or(Value::Nil))
        }
        Value::Time(_) | Value::Timestamp(_) | Value::Record(_) if !matches!(index, Value::Text(_)) => {
            Err(wrong("get", from))
        }
        _ => Ok(operator::fetch(from, index).unwrap_or(Value::Nil)),
    }
}

fn take(list: &Value, count: &Value, budget: &mut Budget) -> Result<Value, Failure> {
    let Value::Int(count) = count else { return Err(wrong("take", count)) };
    let count = usize::try_from(*count).map_err(|_| Failure::new("take wants a positive number"))?;
    match list {
        Value::List(list) => {
            let items = &list.items()[..count.min(list.items().len())];
            budget.work(items.len())?;
            new_list(list.element(), items.to_vec())
        }
        Value::Bytes(bytes) => Ok(Value::Bytes(bytes[..count.min(bytes.len())].into())),
        other => Err(wrong("take", other)),
    }
}

fn from_map(
    name: &str,
    value: &Value,
    budget: &mut Budget,
    list: impl Fn(&Map) -> Result<Vec<Value>, Failure>,
) -> Result<Value, Failure> {
    let Value::Map(map) = value else { return Err(wrong(name, value)) };
    budget.work(map.entries().len() * 2)?;
    new_list(ElementType::Any, list(map)?)
}

fn from_pairs(pairs: &[Value], budget: &mut Budget) -> Result<Value, Failure> {
    let mut entries = BTreeMap::new();
    for pair in pairs {
        budget.work(2)?;
        match &items("fromPairs", pair)?[..] {
            [key, value] => entries.insert(operator::key(key)?, value.clone()),
            _ => return Err(Failure::new("a pair has two elements")),
        };
    }
    new_map(MapKind::AnyToAny, entries)
}

fn uniq(items: &[Value], budget: &mut Budget) -> Result<Value, Failure> {
    let mut kept: Vec<Value> = Vec::new();
    'items: for item in items {
        for other in &kept {
            if equal(item, other, budget)? {
                continue 'items;
            }
        }
        kept.push(item.clone());
    }
    new_list(ElementType::Any, kept)
}

fn flatten(items: &[Value], all: &mut Vec<Value>, budget: &mut Budget) -> Result<(), Failure> {
    for item in items {
        budget.work(1)?;
        match item {
            Value::List(list) => flatten(list.items(), all, budget)?,
            Value::Bytes(bytes) => all.extend(bytes.iter().map(|byte| Value::Int(i64::from(*byte)))),
            other => all.push(other.clone()),
        }
    }
    Ok(())
}

fn sorted(list: &Value, arguments: &[Value], budget: &mut Budget) -> Result<Value, Failure> {
    let descending = if arguments.len() > 1 { is_descending(text_argument(arguments, 1)?)? } else { false };
    let Value::List(list) = list else { return Ok(Value::List(List::missing())) };
    let pairs = list.items().iter().map(|item| (item.clone(), ())).collect();
    let items = sort(pairs, descending, budget)?.into_iter().map(|(item, ())| item).collect();
    budget.elements(list.items().len())?;
    new_list(ElementType::Any, items)
}

/// The order that `sort` and `sortBy` take.
pub(crate) fn is_descending(order: &[u8]) -> Result<bool, Failure> {
    match order {
        b"asc" => Ok(false),
        b"desc" => Ok(true),
        _ => Err(Failure::new("the order is \"asc\" or \"desc\"")),
    }
}

fn items(name: &str, value: &Value) -> Result<Vec<Value>, Failure> {
    match value {
        Value::List(list) => Ok(list.items().to_vec()),
        Value::Bytes(bytes) => Ok(bytes.iter().map(|byte| Value::Int(i64::from(*byte))).collect()),
        other => Err(wrong(name, other)),
    }
}

// Functions of all elements.

pub(crate) fn call_aggregate(name: &str, arguments: &[Value], budget: &mut Budget) -> Result<Value, Failure> {
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
    // As Go sorts: what is not a number first, and the two zeros are equal.
    numbers
        .sort_by(|left, right| left.partial_cmp(right).unwrap_or_else(|| right.is_nan().cmp(&left.is_nan())));
    let middle = numbers.len() / 2;
    match numbers.get(middle) {
        None => 0.0,
        Some(upper) if numbers.len() % 2 == 1 => *upper,
        Some(upper) => (numbers.get(middle.wrapping_sub(1)).unwrap_or(upper) + upper) / 2.0,
    }
}
