//! Values as Go prints them.

use super::budget::Budget;
use super::error::Failure;
use super::json;
use super::time::{MONTHS, WEEKDAYS, duration};
use super::value::Value;

/// Go's `%v`: what `string()` gives, and what is read as a truth value in the end.
pub(super) fn display(value: &Value) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    let mut budget = Budget::new();
    write_display(&mut text, value, &mut budget)?;
    Ok(text)
}

/// As [`display`], within a budget.
pub(super) fn write_display(text: &mut Vec<u8>, value: &Value, budget: &mut Budget) -> Result<(), Failure> {
    budget.work(2)?;
    let start = text.len();
    match value {
        Value::Nil => text.extend(b"<nil>"),
        Value::Bool(value) => text.extend(value.to_string().bytes()),
        Value::Int(value) => text.extend(value.to_string().bytes()),
        Value::Float(value) => text.extend(json::general_float(*value).bytes()),
        Value::Text(value) => text.extend(value.iter()),
        Value::Bytes(value) => {
            let bytes: Vec<String> = value.iter().map(u8::to_string).collect();
            text.extend(format!("[{}]", bytes.join(" ")).bytes());
        }
        Value::List(list) => {
            text.push(b'[');
            for (index, item) in list.items().iter().enumerate() {
                if index > 0 {
                    text.push(b' ');
                }
                write_display(text, item, budget)?;
            }
            text.push(b']');
        }
        Value::Map(map) => {
            text.extend(b"map[");
            for (index, (key, item)) in map.entries().iter().enumerate() {
                if index > 0 {
                    text.push(b' ');
                }
                write_display(text, &key.to_value(), budget)?;
                text.push(b':');
                write_display(text, item, budget)?;
            }
            text.push(b']');
        }
        Value::Time(time) | Value::Timestamp(time) => text.extend(time.to_go_string().bytes()),
        Value::Duration(value) => text.extend(duration::format(*value).bytes()),
        Value::Month(month) => text.extend(name(&MONTHS, usize::from(*month).wrapping_sub(1)).bytes()),
        Value::Weekday(day) => text.extend(name(&WEEKDAYS, usize::from(*day)).bytes()),
        Value::Location(location) => text.extend(location.name().bytes()),
        Value::Version(version) => text.extend(version.to_string().bytes()),
        Value::Function => text.extend(b"a function"),
        Value::Record(record) => {
            text.push(b'{');
            for (index, item) in record.fields().iter().enumerate() {
                if index > 0 {
                    text.push(b' ');
                }
                write_display(text, item, budget)?;
            }
            text.push(b'}');
        }
    }
    budget.bytes(text.len() - start)
}

fn name(names: &[&'static str], index: usize) -> &'static str {
    names.get(index).copied().unwrap_or("?")
}
