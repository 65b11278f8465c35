//! Results, on standard output.

mod artifacts;
mod document;
mod explanation;
mod freight;
mod report;
mod table;

pub(crate) use artifacts::{artifacts, found};
pub(crate) use explanation::{Explanation, explanations};
pub(crate) use freight::freight;
pub(crate) use table::Table;

use std::io::{self, BufWriter, Write};

/// Hands standard output to what prints a result. A reader that has seen enough and closed its end is
/// no failure.
pub(crate) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// A digest, commit id or Freight's name, cut to what a person compares.
pub(crate) fn shortened(id: &str) -> String {
    let algorithm = id.find(':').map_or(0, |colon| colon + 1);
    let is_hex = id.len() >= algorithm + 40 && id[algorithm..].bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex { id[..algorithm + 12].to_owned() } else { id.to_owned() }
}

/// The text with everything made visible that could move a terminal's cursor or change the direction of the line: it
/// holds what servers sent.
pub(crate) fn printable(text: &str) -> String {
    let is_hidden = |character: char| {
        character.is_control()
            || matches!(character, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|character| if is_hidden(character) { '\u{FFFD}' } else { character }).collect()
}
