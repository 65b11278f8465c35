//! Lines for which an expression is true.

use std::io;

use jiff::Timestamp;
use kargo_expr::{Environment, Expression, Time, Value};
use selection_strategies::Rejection;
use serde_json::Value as Json;

use super::Judge;
use super::arguments::Expr;
use super::sieve::Sieve;
use crate::message::with_causes;

pub(super) fn expression(expr: &Expr) -> Result<Judge<'_>, String> {
    let expression = Expression::compile(&expr.expression).map_err(|error| with_causes(&error))?;
    Ok(Box::new(move |lines, out| {
        let now = Timestamp::now();
        let now = Time::from_unix(now.as_second(), now.subsec_nanosecond().unsigned_abs(), 0);
        let mut sieve = Sieve::new(&expr.common);
        for (number, line) in lines.text()?.enumerate() {
            let wrong = |error: &(dyn std::error::Error + 'static)| {
                let message = format!("candidate {}: {}", number + 1, with_causes(error));
                io::Error::new(io::ErrorKind::InvalidData, message)
            };
            let environment = environment(line).map_err(|error| wrong(&error))?.now(now.clone());
            let verdict = match expression.decide(&environment) {
                Ok(true) => Ok(()),
                Ok(false) => {
                    Err(Rejection::FilteredByExpression { expression: expr.expression.as_str().into() })
                }
                Err(error) => return Err(wrong(&error)),
            };
            sieve.sort(out, line.as_bytes(), verdict)?;
        }
        Ok(sieve.chosen)
    }))
}

/// The variables of one line: the keys of a JSON object, or `tag`.
fn environment(line: &str) -> serde_json::Result<Environment<'static>> {
    if !line.starts_with('{') {
        return Ok(Environment::new().variable("tag", line));
    }
    let object: serde_json::Map<String, Json> = serde_json::from_str(line)?;
    Ok(object.into_iter().fold(Environment::new(), |environment, (name, value)| {
        // JSON has no times; those of semantics rule 4.6 are known by their names.
        let time = match &value {
            Json::String(text) if name == "commitDate" || name == "creatorDate" => text.parse::<Time>().ok(),
            _ => None,
        };
        environment.variable(&name, time.map_or_else(|| from_json(value), Value::from))
    }))
}

fn from_json(json: Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(value) => value.into(),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().unwrap_or(f64::NAN).into(),
        },
        Json::String(text) => text.into(),
        Json::Array(items) => Value::list(items.into_iter().map(from_json).collect()),
        Json::Object(entries) => Value::map(entries.into_iter().map(|(key, value)| (key, from_json(value)))),
    }
}
