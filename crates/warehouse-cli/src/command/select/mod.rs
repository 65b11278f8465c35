//! `warehouse select`: one rule over the lines of standard input.

mod arguments;
mod expression;
mod lines;
mod ranked;
mod sieve;

pub(crate) use arguments::Rule;

use crate::exit::Exit;
use crate::message::Messages;
use crate::output::Printed;
use lines::Lines;

/// Applies one rule to the lines of standard input and prints those that fit, best first.
///
/// Ends with [`Exit::Usage`] for a rule that does not compile or cannot be applied to a candidate, and with [`Exit::Failure`] where nothing fits, as grep does.
pub(crate) async fn select(rule: Rule, messages: &Messages) -> Result<Exit, Exit> {
    let messages = *messages;
    // Standard input may never end, and that may not keep an interruption from being heard.
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
    // The rule first: who mistypes it should not have to end the input to hear of it.
    let judge = match rule {
        Rule::Semver(semver) => ranked::semver(semver).map_err(usage)?,
        Rule::Lexical(lexical) => ranked::lexical(lexical).map_err(usage)?,
        Rule::Regex(regex) => sieve::regex(regex).map_err(usage)?,
        Rule::Paths(paths) => sieve::paths(paths).map_err(usage)?,
        Rule::Expr(expr) => expression::expression(expr).map_err(usage)?,
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
    // Something was chosen where somebody has read enough of it.
    Ok(if chosen > 0 || printed == Printed::Closed { Exit::Success } else { Exit::Failure })
}

/// Judges lines, prints what the arguments ask for, and counts what was chosen.
type Judge<'a> = Box<dyn FnOnce(&Lines, &mut dyn std::io::Write) -> std::io::Result<usize> + 'a>;
