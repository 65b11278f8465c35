//! The command line as it was given, and a tip where it is a frequent mistake.

use std::path::Path;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use clap::{ColorChoice, CommandFactory as _, FromArgMatches as _};

use crate::arguments::{Arguments, Color, LogFormat};
use crate::message::{Messages, Style};

/// The commands that read manifests by `-f`.
const READERS: [&str; 5] = ["discover", "freight", "explain", "lint", "migrate"];

/// The arguments of the command line. A wrong one ends the program with exit code 2, after a message.
pub(crate) fn arguments() -> Arguments {
    let mut command = Arguments::command().color(color());
    let read = command.try_get_matches_from_mut(std::env::args_os());
    let read = read.and_then(|matches| Arguments::from_arg_matches(&matches));
    read.map_err(|error| error.format(&mut command)).unwrap_or_else(|error| {
        let error = with_tip(error);
        if error.use_stderr() && named("--log-format").as_deref() == Some("json") {
            tell_as_json(&error);
            std::process::exit(error.exit_code());
        }
        error.exit()
    })
}

/// Prints an error about the arguments as a message in JSON: what is wrong, and its tips as help.
fn tell_as_json(error: &Error) {
    let text = error.render().to_string();
    let paragraphs = || text.split("\n\n").map(str::trim);
    let message = paragraphs().next().unwrap_or_default().trim_start_matches("error: ");
    let tips = paragraphs().filter(|paragraph| paragraph.starts_with("tip: "));
    let tips: Vec<_> =
        tips.flat_map(str::lines).map(|line| line.trim().trim_start_matches("tip: ")).collect();
    let help = if tips.is_empty() { "`--help` shows the arguments".to_owned() } else { tips.join("; ") };
    let style = Style { quiet: true, verbosity: 0, format: LogFormat::Json, color: Color::Never };
    Messages::new(style, None).error_with_help(message, Some(&help));
}

/// The colours of help and of errors about arguments, which come before the arguments are read.
fn color() -> ColorChoice {
    match named("--color").as_deref() {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
}

/// The value of an option, before the arguments are read.
fn named(option: &str) -> Option<String> {
    let arguments: Vec<_> =
        std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    arguments.iter().enumerate().find_map(|(place, argument)| match argument.strip_prefix(option)? {
        "" => arguments.get(place + 1).cloned(),
        rest => rest.strip_prefix('=').map(str::to_owned),
    })
}

/// The error with the tip that a file is read with `-f`, where it is about a file without it.
fn with_tip(mut error: Error) -> Error {
    let is_reader =
        std::env::args_os().nth(1).is_some_and(|command| READERS.iter().any(|reader| command == *reader));
    let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidArg) else { return error };
    let is_file =
        Path::new(name).exists() || [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end));
    if error.kind() == ErrorKind::UnknownArgument && is_reader && is_file {
        let tip = StyledStr::from(format!("a file or folder is read with '-f {name}'"));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
    error
}
