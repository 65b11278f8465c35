//! The methods of times, durations, months, weekdays, time zones and versions.

use std::sync::Arc;

use go_compat::GoDuration;
use go_compat::time::{Civil, RFC3339_NANO};
use selection_strategies::Version;

use crate::encoding::display;
use crate::error::Failure;
use crate::kind::Kind;
use crate::time::{self, Location, Time};
use crate::value::{ElementType, List, Value};
/// What a method takes and returns.
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    pub(crate) parameters: &'static [Kind],
    pub(crate) result: Kind,
    /// Go's method returns more values than an expression can use.
    pub(crate) unusable: bool,
}

const TIME: &[Kind] = &[Kind::Time];
const DURATION: &[Kind] = &[Kind::Duration];
const TEXT: &[Kind] = &[Kind::Text];

/// The signature of a method; `None` if values of the kind have no such method.
pub(crate) fn signature(kind: &Kind, name: &str) -> Option<Signature> {
    let (parameters, result): (&'static [Kind], Kind) = match kind {
        Kind::Time => time_signature(name)?,
        Kind::Timestamp => match name {
            "Equal" | "Before" => (&[Kind::Timestamp], Kind::Bool),
            _ => time_signature(name)?,
        },
        Kind::Duration => match name {
            "Abs" => (&[], Kind::Duration),
            "Hours" | "Minutes" | "Seconds" => (&[], Kind::Float),
            "Milliseconds" | "Microseconds" | "Nanoseconds" => (&[], Kind::SizedInt),
            "Round" | "Truncate" => (DURATION, Kind::Duration),
            "String" => (&[], Kind::Text),
            _ => return None,
        },
        Kind::Month | Kind::Weekday | Kind::Location if name == "String" => (&[], Kind::Text),
        Kind::Version => match name {
            "Major" | "Minor" | "Patch" => (&[], Kind::SizedInt),
            "Prerelease" | "Metadata" | "Original" | "String" => (&[], Kind::Text),
            "Compare" => (&[Kind::Version], Kind::Int),
            "Equal" | "LessThan" | "GreaterThan" | "LessThanEqual" | "GreaterThanEqual" => {
                (&[Kind::Version], Kind::Bool)
            }
            _ => return None,
        },
        _ => return None,
    };
    let unusable = matches!((kind, name), (Kind::Time | Kind::Timestamp, "Date" | "Clock"));
    Some(Signature { parameters, result, unusable })
}

fn time_signature(name: &str) -> Option<(&'static [Kind], Kind)> {
    Some(match name {
        "Add" => (DURATION, Kind::Time),
        "AddDate" => (&[Kind::Int, Kind::Int, Kind::Int], Kind::Time),
        "After" | "Before" | "Equal" => (TIME, Kind::Bool),
        "Compare" => (TIME, Kind::Int),
        "Format" => (TEXT, Kind::Text),
        "In" => (&[Kind::Location], Kind::Time),
        "IsZero" | "IsDST" => (&[], Kind::Bool),
        "Local" | "UTC" => (&[], Kind::Time),
        "Location" => (&[], Kind::Location),
        "Month" => (&[], Kind::Month),
        "Weekday" => (&[], Kind::Weekday),
        "Round" | "Truncate" => (DURATION, Kind::Time),
        "String" | "GoString" | "Zone" => (&[], Kind::Text),
        "Sub" => (TIME, Kind::Duration),
        "Unix" | "UnixMilli" | "UnixMicro" | "UnixNano" => (&[], Kind::SizedInt),
        "MarshalJSON" | "MarshalText" => (&[], Kind::Bytes),
        "Year" | "Day" | "Hour" | "Minute" | "Second" | "Nanosecond" | "YearDay" | "ISOWeek" | "Date"
        | "Clock" => (&[], Kind::Int),
        _ => return None,
    })
}

/// The kind whose methods a value has.
fn receiver(value: &Value) -> Option<Kind> {
    Some(match value {
        Value::Time(_) => Kind::Time,
        Value::Timestamp(_) => Kind::Timestamp,
        Value::Duration(_) => Kind::Duration,
        Value::Month(_) => Kind::Month,
        Value::Weekday(_) => Kind::Weekday,
        Value::Location(_) => Kind::Location,
        Value::Version(_) => Kind::Version,
        _ => return None,
    })
}

/// Whether a value has a method.
pub(crate) fn exists(value: &Value, name: &str) -> bool {
    receiver(value).is_some_and(|kind| signature(&kind, name).is_some())
}

/// Calls a method. `None` if the value has none of that name.
pub(crate) fn call(value: &Value, name: &str, arguments: &[Value]) -> Option<Result<Value, Failure>> {
    let signature = signature(&receiver(value)?, name)?;
    Some(convert(signature.parameters, arguments).and_then(|arguments| match value {
        Value::Time(time) | Value::Timestamp(time) => call_time(time, name, &arguments),
        Value::Duration(duration) => call_duration(*duration, name, &arguments),
        Value::Version(version) => call_version(version, name, &arguments),
        _ => display(value).map(Value::text),
    }))
}

/// Go wants the exact types; nil is the zero value of any of them.
fn convert(parameters: &[Kind], arguments: &[Value]) -> Result<Vec<Value>, Failure> {
    if parameters.len() != arguments.len() {
        return Err(Failure::new(format!(
            "expected {} arguments, got {}",
            parameters.len(),
            arguments.len()
        )));
    }
    let convert = |(parameter, argument): (&Kind, &Value)| match (parameter, argument) {
        (Kind::Int, Value::Int(_))
        | (Kind::Text, Value::Text(_))
        | (Kind::Time, Value::Time(_))
        | (Kind::Timestamp, Value::Timestamp(_) | Value::Nil)
        | (Kind::Duration, Value::Duration(_))
        | (Kind::Location, Value::Location(_))
        | (Kind::Version, Value::Version(_)) => Ok(argument.clone()),
        (Kind::Int, Value::Nil) => Ok(Value::Int(0)),
        (Kind::Text, Value::Nil) => Ok(Value::text("")),
        (Kind::Duration, Value::Nil) => Ok(Value::Duration(0)),
        (Kind::Time, Value::Nil) => Ok(Value::Time(zero_time())),
        _ => Err(Failure::new(format!("expected {parameter}, not {}", argument.type_name()))),
    };
    parameters.iter().zip(arguments).map(convert).collect()
}

fn zero_time() -> Time {
    Time::from_unix(-62_135_596_800, 0, 0)
}

fn call_time(time: &Time, name: &str, arguments: &[Value]) -> Result<Value, Failure> {
    let civil = time.civil();
    Ok(match (name, arguments) {
        ("Add", [Value::Duration(duration)]) => Value::Time(time.add(*duration)),
        ("AddDate", [Value::Int(years), Value::Int(months), Value::Int(days)]) => {
            let civil = Civil {
                year: civil.year.saturating_add(*years),
                month: civil.month.saturating_add(*months),
                day: civil.day.saturating_add(*days),
                ..civil
            };
            Value::Time(Time::from_civil(&civil, time.location().clone()))
        }
        ("After", [Value::Time(other)]) => Value::Bool(time > other),
        ("Before", [Value::Time(other) | Value::Timestamp(other)]) => Value::Bool(time < other),
        ("Equal", [Value::Time(other) | Value::Timestamp(other)]) => Value::Bool(time == other),
        ("Before" | "Equal", [Value::Nil]) => Value::Bool(false),
        ("Compare", [Value::Time(other)]) => Value::Int(time.cmp(other) as i64),
        ("Format", [Value::Text(layout)]) => Value::text(time.format(&String::from_utf8_lossy(layout))),
        ("In", [Value::Location(location)]) => Value::Time(time.with_location(location.clone())),
        ("IsZero", _) => Value::Bool(time.is_zero()),
        ("IsDST", _) => Value::Bool(time.is_daylight()),
        ("Local", _) => Value::Time(time.with_location(Location::Local)),
        ("UTC", _) => Value::Time(time.with_location(Location::Utc)),
        ("Location", _) => Value::Location(time.location().clone()),
        ("Month", _) => Value::Month(u8::try_from(civil.month).unwrap_or(0)),
        ("Weekday", _) => Value::Weekday(civil.weekday()),
        ("Truncate", [Value::Duration(unit)]) if *unit <= 0 => Value::Time(time.clone()),
        ("Round", [Value::Duration(unit)]) if *unit <= 0 => Value::Time(time.clone()),
        ("Truncate", [Value::Duration(unit)]) => Value::Time(time.add(-time.remainder(*unit))),
        ("Round", [Value::Duration(unit)]) => {
            let remainder = time.remainder(*unit);
            let half = remainder.saturating_mul(2) < *unit;
            Value::Time(time.add(if half { -remainder } else { unit - remainder }))
        }
        ("String", _) => Value::text(time.to_go_string()),
        ("GoString", _) => return Err(Failure::new("GoString is not supported")),
        ("Zone", _) => Value::text(time.abbreviation().as_bytes()),
        ("Sub", [Value::Time(other)]) => Value::Duration(time.since(other)),
        ("Unix", _) => Value::Int(time.unix_seconds()),
        ("UnixMilli", _) => Value::Int(unix(time, 1_000)),
        ("UnixMicro", _) => Value::Int(unix(time, 1_000_000)),
        ("UnixNano", _) => Value::Int(time.unix_nanoseconds()),
        ("MarshalJSON", _) => Value::Bytes(format!("\"{}\"", time.format(RFC3339_NANO)).into_bytes().into()),
        ("MarshalText", _) => Value::Bytes(time.format(RFC3339_NANO).into_bytes().into()),
        // Of several results the first counts.
        ("Year" | "Date", _) => Value::Int(civil.year),
        ("Day", _) => Value::Int(civil.day),
        ("Hour" | "Clock", _) => Value::Int(civil.hour),
        ("Minute", _) => Value::Int(civil.minute),
        ("Second", _) => Value::Int(civil.second),
        ("Nanosecond", _) => Value::Int(time.nanosecond().into()),
        ("YearDay", _) => Value::Int(civil.year_day()),
        ("ISOWeek", _) => Value::Int(civil.iso_week().0),
        _ => return Err(Failure::new("wrong arguments")),
    })
}

/// Unix time in parts of a second.
fn unix(time: &Time, parts: i64) -> i64 {
    let fraction = i64::from(time.nanosecond()) / (time::NANOSECONDS / parts);
    time.unix_seconds().wrapping_mul(parts).wrapping_add(fraction)
}

fn call_duration(nanoseconds: i64, name: &str, arguments: &[Value]) -> Result<Value, Failure> {
    let duration = GoDuration::from_nanoseconds(nanoseconds);
    // Whole units and the rest apart, as Go divides.
    let in_units = |unit: i64| (nanoseconds / unit) as f64 + (nanoseconds % unit) as f64 / unit as f64;
    Ok(match (name, arguments) {
        ("Abs", _) => Value::Duration(nanoseconds.saturating_abs()),
        ("Hours", _) => Value::Float(in_units(3600 * time::NANOSECONDS)),
        ("Minutes", _) => Value::Float(in_units(60 * time::NANOSECONDS)),
        ("Seconds", _) => Value::Float(in_units(time::NANOSECONDS)),
        ("Milliseconds", _) => Value::Int(nanoseconds / 1_000_000),
        ("Microseconds", _) => Value::Int(nanoseconds / 1_000),
        ("Nanoseconds", _) => Value::Int(nanoseconds),
        ("Round", [Value::Duration(unit)]) => {
            Value::Duration(duration.round(GoDuration::from_nanoseconds(*unit)).as_nanoseconds())
        }
        ("Truncate", [Value::Duration(unit)]) if *unit <= 0 => Value::Duration(nanoseconds),
        ("Truncate", [Value::Duration(unit)]) => Value::Duration(nanoseconds - nanoseconds % unit),
        ("String", _) => Value::text(duration.to_string()),
        _ => return Err(Failure::new("wrong arguments")),
    })
}

fn call_version(version: &Arc<Version>, name: &str, arguments: &[Value]) -> Result<Value, Failure> {
    let number = |part: u64| Value::Int(part as i64);
    Ok(match (name, arguments) {
        ("Major", _) => number(version.major()),
        ("Minor", _) => number(version.minor()),
        ("Patch", _) => number(version.patch()),
        ("Prerelease", _) => Value::text(version.prerelease()),
        ("Metadata", _) => Value::text(version.metadata()),
        ("Original", _) => Value::text(version.original()),
        ("String", _) => Value::text(version.to_string()),
        ("Compare", [Value::Version(other)]) => Value::Int(version.compare_precedence(other) as i64),
        ("Equal", [Value::Version(other)]) => Value::Bool(version.compare_precedence(other).is_eq()),
        ("LessThan", [Value::Version(other)]) => Value::Bool(version.compare_precedence(other).is_lt()),
        ("GreaterThan", [Value::Version(other)]) => Value::Bool(version.compare_precedence(other).is_gt()),
        ("LessThanEqual", [Value::Version(other)]) => Value::Bool(version.compare_precedence(other).is_le()),
        ("GreaterThanEqual", [Value::Version(other)]) => {
            Value::Bool(version.compare_precedence(other).is_ge())
        }
        _ => return Err(Failure::new("wrong arguments")),
    })
}

/// The list that a function of several texts returns.
pub(crate) fn texts(texts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Value {
    let items = texts.into_iter().map(Value::text).collect();
    Value::List(List::new(ElementType::Text, items))
}
