//! The command line as it was given, and a tip where it is a frequent mistake.

use std::path::Path;

use clap::Parser;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use crate::arguments::Arguments;

/// The commands that read manifests by `-f`.
const READERS: [&str; 5] = ["discover", "freight", "explain", "lint", "migrate"];

/// The arguments of the command line. A wrong one ends the program with exit code 2, after a message.
pub(crate) fn arguments() -> Arguments {
    Arguments::try_parse().unwrap_or_else(|error| with_tip(error).exit())
}

/// The error with the tip that a file is read with `-f`, where it is about a file without it.
fn with_tip(mut error: Error) -> Error {
    let is_reader = std::env::args().nth(1).is_some_and(|command| READERS.contains(&command.as_str()));
    let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidArg) else { return error };
    let is_file =
        Path::new(name).exists() || [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end));
    if error.kind() == ErrorKind::UnknownArgument && is_reader && is_file {
        let tip = StyledStr::from(format!("a file or folder is read with '-f {name}'"));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
    error
}
