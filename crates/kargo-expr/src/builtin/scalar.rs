//! Functions of strings, numbers, and times.

use go_compat::GoDuration;
use go_compat::time::RFC3339;
use go_compat::utf8::{self, to_text};
use memchr::memmem::{self, Finder};

use crate::budget::Budget;
use crate::encoding::{self, base64_decode, base64_encode};
use crate::error::Failure;
use crate::method::texts;
use crate::operator::{float_to_int, to_int};
use crate::time::{self, Location, Time};
use crate::value::{ElementType, List, Value};

// Arguments.

/// An argument that has to be there.
pub(crate) fn argument(arguments: &[Value], index: usize) -> Result<&Value, Failure> {
    arguments.get(index).ok_or_else(|| Failure::new("not enough arguments"))
}

/// An argument that has to be a text.
pub(crate) fn text_argument(arguments: &[Value], index: usize) -> Result<&[u8], Failure> {
    match argument(arguments, index)? {
        Value::Text(text) => Ok(text),
        other => Err(Failure::new(format!("expected a string, not {}", other.type_name()))),
    }
}

/// An argument that has to be a whole number, or a number to be cut off.
fn int_argument(arguments: &[Value], index: usize) -> Result<i64, Failure> {
    to_int(argument(arguments, index)?)
}

/// The failure of a function that does not take this value.
pub(super) fn wrong(name: &str, value: &Value) -> Failure {
    Failure::new(format!("{name}({}) is not possible", value.type_name()))
}

// Texts.

pub(crate) fn call_text(name: &str, arguments: &[Value], budget: &mut Budget) -> Result<Value, Failure> {
    // What is done to the first text takes time in its length.
    if let Some(Value::Text(text)) = arguments.first() {
        budget.work(text.len() / 4)?;
    }
    match name {
        "type" => Ok(Value::text(go_type(argument(arguments, 0)?))),
        "string" => {
            let mut text = Vec::new();
            encoding::write_display(&mut text, argument(arguments, 0)?, budget)?;
            Ok(Value::text(text))
        }
        "toJSON" => encoding::write(argument(arguments, 0)?, budget).map(Value::from),
        "fromJSON" => encoding::read(text_argument(arguments, 0)?, budget),
        "toBase64" => made(base64_encode(text_argument(arguments, 0)?).into_bytes(), budget),
        "fromBase64" => {
            let bytes = base64_decode(text_argument(arguments, 0)?);
            made(bytes.ok_or_else(|| Failure::new("invalid Base64"))?, budget)
        }
        "join" => join(arguments, budget),
        _ => transform(name, text_argument(arguments, 0)?, arguments, budget),
    }
}

fn made(bytes: Vec<u8>, budget: &mut Budget) -> Result<Value, Failure> {
    budget.bytes(bytes.len())?;
    Ok(Value::text(bytes))
}

fn transform(name: &str, text: &[u8], arguments: &[Value], budget: &mut Budget) -> Result<Value, Failure> {
    let second = |otherwise: &'static [u8]| match arguments.len() {
        0 | 1 => Ok(otherwise),
        _ => text_argument(arguments, 1),
    };
    let index = |found: Option<usize>| Value::Int(found.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1));
    match name {
        "trim" if arguments.len() < 2 => made(trim_space(text).to_vec(), budget),
        "trim" => made(trim(text, text_argument(arguments, 1)?), budget),
        "trimPrefix" => made(text.strip_prefix(second(b" ")?).unwrap_or(text).to_vec(), budget),
        "trimSuffix" => made(text.strip_suffix(second(b" ")?).unwrap_or(text).to_vec(), budget),
        "upper" => made(map_case(text, true), budget),
        "lower" => made(map_case(text, false), budget),
        "split" | "splitAfter" => split(name == "splitAfter", text, arguments, budget),
        "replace" => replace(text, arguments, budget),
        "repeat" => repeat(text, int_argument(arguments, 1)?, budget),
        "indexOf" => Ok(index(memmem::find(text, text_argument(arguments, 1)?))),
        "lastIndexOf" => Ok(index(memmem::rfind(text, text_argument(arguments, 1)?))),
        "hasPrefix" => Ok(Value::Bool(text.starts_with(text_argument(arguments, 1)?))),
        "hasSuffix" => Ok(Value::Bool(text.ends_with(text_argument(arguments, 1)?))),
        _ => Err(Failure::new(format!("unknown function {name}"))),
    }
}

fn trim_space(text: &[u8]) -> &[u8] {
    match std::str::from_utf8(text) {
        Ok(text) => text.trim().as_bytes(),
        Err(_) => text.trim_ascii(),
    }
}

/// Drops the characters of a set from both ends; broken bytes are all the same character.
fn trim(text: &[u8], set: &[u8]) -> Vec<u8> {
    let runes = |text: &[u8]| {
        let mut runes = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (rune, width) = utf8::decode(rest);
            runes.push((rune, width));
            rest = &rest[width..];
        }
        runes
    };
    let set = runes(set);
    let dropped = |(rune, _): &&(u32, usize)| set.iter().any(|(other, _)| other == rune);
    let width = |width: usize, rune: &(u32, usize)| width + rune.1;
    let runes = runes(text);
    let start = runes.iter().take_while(dropped).fold(0, width);
    let end = text.len() - runes.iter().rev().take_while(dropped).fold(0, width);
    text.get(start..end).unwrap_or_default().to_vec()
}

/// Go maps one character to one: `ß` stays as it is.
fn map_case(text: &[u8], upper: bool) -> Vec<u8> {
    let map = |character: char| {
        let mut mapped =
            if upper { Case::Upper(character.to_uppercase()) } else { Case::Lower(character.to_lowercase()) };
        match (mapped.next(), mapped.next()) {
            (Some(only), None) => only,
            // `İ` is the one character with a simple lower case that Rust expands.
            _ if character == 'İ' && !upper => 'i',
            _ => character,
        }
    };
    to_text(text).chars().map(map).collect::<String>().into_bytes()
}

enum Case {
    Upper(std::char::ToUppercase),
    Lower(std::char::ToLowercase),
}

impl Iterator for Case {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match self {
            Self::Upper(characters) => characters.next(),
            Self::Lower(characters) => characters.next(),
        }
    }
}

fn split(keep: bool, text: &[u8], arguments: &[Value], budget: &mut Budget) -> Result<Value, Failure> {
    let separator = text_argument(arguments, 1)?;
    let limit = if arguments.len() > 2 { int_argument(arguments, 2)? } else { -1 };
    if limit == 0 {
        return Ok(Value::List(List::missing()));
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut parts: Vec<&[u8]> = Vec::new();
    let mut rest = text;
    if separator.is_empty() {
        while parts.len() + 1 < limit && !rest.is_empty() {
            let (_, width) = utf8::decode(rest);
            let (part, after) = rest.split_at(width);
            parts.push(part);
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(rest);
        }
    } else {
        let finder = Finder::new(separator);
        while parts.len() + 1 < limit {
            let Some(start) = finder.find(rest) else { break };
            let end = start + separator.len();
            parts.push(&rest[..if keep { end } else { start }]);
            rest = &rest[end..];
        }
        parts.push(rest);
    }
    budget.work(parts.len() * 4)?;
    budget.bytes(text.len())?;
    Ok(texts(parts))
}

fn replace(text: &[u8], arguments: &[Value], budget: &mut Budget) -> Result<Value, Failure> {
    let (old, new) = (text_argument(arguments, 1)?, text_argument(arguments, 2)?);
    let limit = if arguments.len() > 3 { int_argument(arguments, 3)? } else { -1 };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut result = Vec::new();
    let mut rest = text;
    let mut count = 0;
    let finder = (!old.is_empty()).then(|| Finder::new(old));
    while count < limit {
        let (before, width) = match &finder {
            Some(finder) => match finder.find(rest) {
                Some(start) => (start, old.len()),
                None => break,
            },
            // Nothing is found before each character and at the end.
            None if count == 0 => (0, 0),
            None if rest.is_empty() => break,
            None => (utf8::decode(rest).1, 0),
        };
        budget.bytes(before + new.len())?;
        result.extend_from_slice(&rest[..before]);
        result.extend_from_slice(new);
        rest = &rest[before + width..];
        count += 1;
    }
    result.extend_from_slice(rest);
    made(result, budget)
}

fn repeat(text: &[u8], count: i64, budget: &mut Budget) -> Result<Value, Failure> {
    let count = usize::try_from(count).map_err(|_| Failure::new("repeat wants a positive number"))?;
    if count > 1_000_000 {
        return Err(Failure::new("memory budget exceeded"));
    }
    budget.elements(text.len().saturating_mul(count))?;
    made(text.repeat(count), budget)
}

fn join(arguments: &[Value], budget: &mut Budget) -> Result<Value, Failure> {
    let glue = if arguments.len() > 1 { text_argument(arguments, 1)? } else { b"" };
    let Value::List(list) = argument(arguments, 0)? else {
        return Err(Failure::new("join wants a list of strings"));
    };
    if list.element() == ElementType::Int {
        return Err(Failure::new("join wants a list of strings, not of int"));
    }
    let mut result: Vec<u8> = Vec::new();
    for (index, item) in list.items().iter().enumerate() {
        let Value::Text(text) = item else {
            return Err(Failure::new(format!("join wants a list of strings, not of {}", item.type_name())));
        };
        budget.bytes(text.len() + glue.len() + 1)?;
        if index > 0 {
            result.extend_from_slice(glue);
        }
        result.extend_from_slice(text);
    }
    Ok(Value::text(result))
}

/// What `type` answers.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Nil => "nil",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Float(_) => "float",
        Value::Text(_) => "string",
        Value::Bytes(_) | Value::List(_) => "array",
        Value::Map(_) => "map",
        Value::Time(_) => "time.Time",
        Value::Duration(_) => "time.Duration",
        Value::Month(_) => "time.Month",
        Value::Weekday(_) => "time.Weekday",
        Value::Location(_) => "time.Location",
        Value::Timestamp(_) => "k8s.io/apimachinery/pkg/apis/meta/v1.Time",
        Value::Version(_) => "github.com/Masterminds/semver/v3.Version",
        Value::Record(_) => "struct",
        Value::Function => "func",
    }
}

// Numbers.

pub(crate) fn call_number(name: &str, arguments: &[Value]) -> Result<Value, Failure> {
    let first = argument(arguments, 0)?;
    match name {
        "int" => int(first, arguments),
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

fn int(value: &Value, arguments: &[Value]) -> Result<Value, Failure> {
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

// Times out of texts.

/// What `date` tries if no layout is given, in this order.
const LAYOUTS: [&str; 7] = [
    "2006-01-02",
    "15:04:05",
    "2006-01-02 15:04:05",
    RFC3339,
    "02 Jan 06 15:04 MST",
    "Monday, 02-Jan-06 15:04:05 MST",
    "Mon, 02 Jan 2006 15:04:05 MST",
];

pub(crate) fn call_moment(name: &str, arguments: &[Value], now: Option<&Time>) -> Result<Value, Failure> {
    match name {
        "now" => {
            let now = now.ok_or_else(|| Failure::new("now() is not known here"))?;
            match arguments {
                [Value::Location(location)] => Ok(Value::Time(now.with_location(location.clone()))),
                _ => Ok(Value::Time(now.clone())),
            }
        }
        "duration" => Ok(Value::Duration(duration(&text(arguments, 0)?)?)),
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

fn duration(text: &str) -> Result<i64, Failure> {
    let duration: GoDuration = text.parse().map_err(|error| Failure::new(format!("{error}")))?;
    Ok(duration.as_nanoseconds())
}
