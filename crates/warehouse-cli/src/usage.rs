//! The command line as it was given, and a tip where it is a frequent mistake.

use std::path::Path;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use clap::{ColorChoice, CommandFactory as _, FromArgMatches as _};

use crate::arguments::Arguments;

/// The commands that read manifests by `-f`.
const READERS: [&str; 5] = ["discover", "freight", "explain", "lint", "migrate"];

/// The arguments of the command line. A wrong one ends the program with exit code 2, after a message.
pub(crate) fn arguments() -> Arguments {
    let mut command = Arguments::command().color(color());
    let read = command.try_get_matches_from_mut(std::env::args_os());
    let read = read.and_then(|matches| Arguments::from_arg_matches(&matches));
    read.map_err(|error| error.format(&mut command)).unwrap_or_else(|error| with_tip(error).exit())
}

/// The colours of help and of errors about arguments, which come before the arguments are read.
fn color() -> ColorChoice {
    let arguments: Vec<_> =
        std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let named =
        arguments.iter().enumerate().find_map(|(place, argument)| match argument.strip_prefix("--color") {
            Some("") => arguments.get(place + 1).map(String::as_str),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        });
    match named {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
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
