//! `warehouse select`: one rule over the lines of standard input.

use std::fmt::Display;
use std::io;
use std::io::{Read, Write};

use artifact_source::printable;
use jiff::Timestamp;
use kargo_expr::{Environment, Expression, Time, Value};
use selection_strategies::path::PathSelectors;
use selection_strategies::{Constraint, Rejection, Strictness, TagFilter, TagRule};
use serde_json::Value as Json;

use crate::arguments::{Common, Expr, Filter, Lexical, Paths, Regex, Semver};
use crate::message::{Exit, Messages, with_causes};
use crate::output::Printed;

pub(crate) use crate::arguments::Rule;

/// Applies one rule to the lines of standard input and prints those that fit, best first.
///
/// Ends with [`Exit::Usage`] for a rule that does not compile or cannot be applied to a candidate, and with [`Exit::Failure`] where nothing fits, as grep does.
pub(crate) async fn select(rule: Rule, messages: &Messages) -> Result<Exit, Exit> {
    let messages = *messages;
    // Standard input may never end, and an interrupt must end the command all the same.
    let selected = tokio::task::spawn_blocking(move || apply(&rule, &messages)).await;
    selected.unwrap_or_else(|_| {
        messages.error("the rule could not be applied: this is a bug in warehouse");
        Err(Exit::Failure)
    })
}

fn apply(rule: &Rule, messages: &Messages) -> Result<Exit, Exit> {
    let usage = |error: String| {
        messages.error(&error);
        Exit::Usage
    };
    // The rule is compiled first, so that a mistake in it is reported before the end of the input.
    let judge = match rule {
        Rule::Semver(arguments) => semver(arguments).map_err(usage)?,
        Rule::Lexical(arguments) => lexical(arguments).map_err(usage)?,
        Rule::Regex(arguments) => regex(arguments).map_err(usage)?,
        Rule::Paths(arguments) => paths(arguments).map_err(usage)?,
        Rule::Expr(arguments) => expression(arguments).map_err(usage)?,
    };
    let lines = Lines::read().map_err(|error| {
        messages.error(&format!("standard input could not be read: {error}"));
        Exit::Failure
    })?;
    let mut chosen = 0;
    let printed = crate::output::print(|out| {
        chosen = judge(&lines, out)?;
        Ok(())
    });
    let printed = printed.map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => usage(error.to_string()),
        _ => {
            messages.error(&format!("the results could not be written: {error}"));
            Exit::Failure
        }
    })?;
    // A reader that closed the pipe has read a chosen line.
    Ok(if chosen > 0 || printed == Printed::Closed { Exit::Success } else { Exit::Failure })
}

/// Judges lines, prints them as the arguments ask for, and returns how many were chosen.
type Judge<'a> = Box<dyn FnOnce(&Lines, &mut dyn std::io::Write) -> std::io::Result<usize> + 'a>;

pub(super) fn semver(semver: &Semver) -> Result<Judge<'_>, String> {
    let constraint = semver.constraint.as_deref().filter(|text| !text.is_empty());
    let constraint = constraint.map(Constraint::parse).transpose().map_err(|error| with_causes(&error))?;
    let strictness = if semver.loose { Strictness::Loose } else { Strictness::Strict };
    let rule = TagRule::semver(constraint).with_strictness(strictness).with_filter(filter(&semver.filter)?);
    Ok(ranked(rule, &semver.common))
}

pub(super) fn lexical(lexical: &Lexical) -> Result<Judge<'_>, String> {
    Ok(ranked(TagRule::lexical().with_filter(filter(&lexical.filter)?), &lexical.common))
}

fn filter(filter: &Filter) -> Result<TagFilter, String> {
    let built = TagFilter::builder().allow_all(&filter.allow).ignore_all(&filter.ignore).build();
    built.map_err(|error| with_causes(&error))
}

fn ranked(rule: TagRule, common: &Common) -> Judge<'_> {
    Box::new(move |lines, out| {
        let explain = common.explain;
        let names = lines.text()?;
        if !explain {
            let mut ranking = rule.rank(names, |_, _| {});
            let best: Vec<_> = match common.limit {
                Some(limit) => ranking.by_ref().take(limit).collect(),
                None => ranking.into_sorted(),
            };
            for candidate in &best {
                chosen(out, false, candidate.name.as_bytes())?;
            }
            return Ok(best.len());
        }
        let mut selection = rule.select(names);
        if let Some(limit) = common.limit {
            selection = selection.limit(limit);
        }
        for candidate in &selection.chosen {
            chosen(out, explain, candidate.name.as_bytes())?;
        }
        for (name, why) in &selection.rejected {
            rejected(out, explain, name.as_bytes(), why)?;
        }
        Ok(selection.chosen.len())
    })
}

pub(super) fn regex(regex: &Regex) -> Result<Judge<'_>, String> {
    let filter = TagFilter::builder().allow(&regex.pattern).build().map_err(|error| with_causes(&error))?;
    Ok(Box::new(move |lines, out| {
        let mut printer = Printer::new(&regex.common);
        for line in lines.text()? {
            printer.print(out, line.as_bytes(), filter.judge(line).into_result())?;
        }
        Ok(printer.chosen)
    }))
}

pub(super) fn paths(paths: &Paths) -> Result<Judge<'_>, String> {
    let selectors =
        PathSelectors::new(&paths.include, &paths.exclude).map_err(|error| with_causes(&error))?;
    Ok(Box::new(move |lines, out| {
        let mut printer = Printer::new(&paths.common);
        for line in lines.bytes() {
            let verdict = selectors.judge(line);
            printer.print(out, line, if verdict.is_included() { Ok(()) } else { Err(verdict) })?;
        }
        Ok(printer.chosen)
    }))
}

/// Prints judged lines up to the limit.
pub(super) struct Printer {
    limit: usize,
    explain: bool,
    pub(super) chosen: usize,
}

impl Printer {
    pub(super) fn new(common: &Common) -> Self {
        Self { limit: common.limit.unwrap_or(usize::MAX), explain: common.explain, chosen: 0 }
    }

    /// Prints a judged line, as far as limit and arguments allow.
    pub(super) fn print(
        &mut self,
        out: &mut dyn Write,
        line: &[u8],
        verdict: Result<(), impl Display>,
    ) -> io::Result<()> {
        match verdict {
            Ok(()) if self.chosen < self.limit => {
                self.chosen += 1;
                chosen(out, self.explain, line)
            }
            Ok(()) => rejected(out, self.explain, line, &Rejection::BeyondLimit { limit: self.limit }),
            Err(why) => rejected(out, self.explain, line, &why),
        }
    }
}

pub(super) fn expression(expr: &Expr) -> Result<Judge<'_>, String> {
    let expression = Expression::compile(&expr.expression).map_err(|error| with_causes(&error))?;
    Ok(Box::new(move |lines, out| {
        let now = Timestamp::now();
        let now = Time::from_unix(now.as_second(), now.subsec_nanosecond().unsigned_abs(), 0);
        let mut printer = Printer::new(&expr.common);
        for (number, line) in lines.text()?.enumerate() {
            let invalid = |error: &(dyn std::error::Error + 'static)| {
                let message = format!("candidate {}: {}", number + 1, with_causes(error));
                io::Error::new(io::ErrorKind::InvalidData, message)
            };
            let environment = environment(line).map_err(|error| invalid(&error))?.now(now.clone());
            let verdict = match expression.decide(&environment) {
                Ok(true) => Ok(()),
                Ok(false) => {
                    Err(Rejection::FilteredByExpression { expression: expr.expression.as_str().into() })
                }
                Err(error) => return Err(invalid(&error)),
            };
            printer.print(out, line.as_bytes(), verdict)?;
        }
        Ok(printer.chosen)
    }))
}

/// The variables of one line: the keys of a JSON object, or `tag`.
fn environment(line: &str) -> serde_json::Result<Environment<'static>> {
    if !line.starts_with('{') {
        return Ok(Environment::new().variable("tag", line));
    }
    let object: serde_json::Map<String, Json> = serde_json::from_str(line)?;
    Ok(object.into_iter().fold(Environment::new(), |environment, (name, value)| {
        // JSON has no times. Those of rule 4.6 have fixed names.
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

/// The lines of standard input, without their ends; empty lines are ignored.
#[derive(Debug)]
pub(super) struct Lines(Vec<u8>);

impl Lines {
    pub(super) fn read() -> io::Result<Self> {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The lines as bytes: a path need not be UTF-8.
    pub(super) fn bytes(&self) -> impl Iterator<Item = &[u8]> {
        let lines = self.0.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        lines.filter(|line| !line.is_empty())
    }

    /// The lines as text. Bytes that are not UTF-8 are an error, because no registry has such tags.
    pub(super) fn text(&self) -> io::Result<impl Iterator<Item = &str>> {
        let text = std::str::from_utf8(&self.0).map_err(|error| {
            let line = self.0[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count() + 1;
            io::Error::new(io::ErrorKind::InvalidData, format!("line {line} of standard input is not UTF-8"))
        })?;
        Ok(text
            .split('\n')
            .map(|line| line.strip_suffix('\r').unwrap_or(line))
            .filter(|line| !line.is_empty()))
    }
}

/// Prints a candidate that fits. Without an explanation it is for another program and stays the bytes that it was.
pub(super) fn chosen(out: &mut dyn Write, explain: bool, line: &[u8]) -> io::Result<()> {
    if explain {
        return writeln!(out, "+ {}", shown(line));
    }
    out.write_all(line)?;
    out.write_all(b"\n")
}

/// Prints a candidate that does not fit, if the arguments ask for it.
pub(super) fn rejected(out: &mut dyn Write, explain: bool, line: &[u8], why: &dyn Display) -> io::Result<()> {
    if !explain {
        return Ok(());
    }
    writeln!(out, "- {}\t{}", shown(line), printable(&why.to_string()))
}

/// A line for people; bytes that are not UTF-8 as `\xff`.
fn shown(line: &[u8]) -> String {
    let mut shown = String::new();
    for chunk in line.utf8_chunks() {
        shown.push_str(&printable(chunk.valid()));
        shown.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    shown
}
