//! Times and durations out of texts.

use super::{argument, text_argument};
use crate::expression::error::Failure;
use crate::expression::time::{self, Location, Time, duration};
use crate::expression::value::Value;

/// What `date` tries if no layout is given, in this order.
const LAYOUTS: [&str; 7] = [
    "2006-01-02",
    "15:04:05",
    "2006-01-02 15:04:05",
    time::RFC3339,
    "02 Jan 06 15:04 MST",
    "Monday, 02-Jan-06 15:04:05 MST",
    "Mon, 02 Jan 2006 15:04:05 MST",
];

pub(super) fn call(name: &str, arguments: &[Value], now: Option<&Time>) -> Result<Value, Failure> {
    match name {
        "now" => {
            let now = now.ok_or_else(|| Failure::new("now() is not known here"))?;
            match arguments {
                [Value::Location(location)] => Ok(Value::Time(now.with_location(location.clone()))),
                _ => Ok(Value::Time(now.clone())),
            }
        }
        "duration" => Ok(Value::Duration(duration::parse(&text(arguments, 0)?)?)),
        "timezone" => Ok(Value::Location(location(&text(arguments, 0)?)?)),
        _ => date(arguments).map(Value::Time),
    }
}

fn date(arguments: &[Value]) -> Result<Time, Failure> {
    let (zone, arguments) = match arguments {
        [Value::Location(location), rest @ ..] => (Some(location), rest),
        all => (None, all),
    };
    argument(arguments, 0)?;
    let date = text(arguments, 0)?;
    match arguments.len() {
        1 => LAYOUTS
            .iter()
            .find_map(|layout| time::parse(layout, &date, zone).ok())
            .ok_or_else(|| Failure::new(format!("invalid date {date:?}"))),
        2 => time::parse(&text(arguments, 1)?, &date, zone),
        _ => time::parse(&text(arguments, 1)?, &date, Some(&location(&text(arguments, 2)?)?)),
    }
}

fn location(name: &str) -> Result<Location, Failure> {
    Location::named(name).ok_or_else(|| Failure::new(format!("the time zone {name:?} is not known here")))
}

fn text(arguments: &[Value], index: usize) -> Result<String, Failure> {
    Ok(String::from_utf8_lossy(text_argument(arguments, index)?).into_owned())
}
