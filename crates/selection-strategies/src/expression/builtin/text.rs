//! Texts.

use memchr::memmem::{self, Finder};

use super::{argument, int_argument, text_argument};
use crate::expression::budget::Budget;
use crate::expression::error::Failure;
use crate::expression::method::texts;
use crate::expression::value::{ElementType, List, Value};
use crate::expression::{base64, display, json};
use crate::subject::decode;

pub(super) fn call(name: &str, arguments: &[Value], budget: &mut Budget) -> Result<Value, Failure> {
    // What is done to the first text takes time in its length.
    if let Some(Value::Text(text)) = arguments.first() {
        budget.work(text.len() / 4)?;
    }
    match name {
        "type" => Ok(Value::text(go_type(argument(arguments, 0)?))),
        "string" => {
            let mut text = Vec::new();
            display::write_display(&mut text, argument(arguments, 0)?, budget)?;
            Ok(Value::text(text))
        }
        "toJSON" => json::write(argument(arguments, 0)?, budget).map(Value::from),
        "fromJSON" => json::read(text_argument(arguments, 0)?, budget),
        "toBase64" => made(base64::encode(text_argument(arguments, 0)?).into_bytes(), budget),
        "fromBase64" => {
            let bytes = base64::decode(text_argument(arguments, 0)?);
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
            let (rune, width) = crate::glob::decode_rune(rest);
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
    decode(text).chars().map(map).collect::<String>().into_bytes()
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
            let (_, width) = crate::glob::decode_rune(rest);
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
            None => (crate::glob::decode_rune(rest).1, 0),
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
