//! Candidates, one a line.

use std::fmt::Display;
use std::io::{self, Read, Write};

use crate::output::printable;

/// The lines of standard input, without their ends; an empty line is no candidate.
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

    /// The lines as text. What is no UTF-8 is no tag of any registry; it fails.
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

/// Prints a candidate that does not fit, where that was asked for.
pub(super) fn rejected(out: &mut dyn Write, explain: bool, line: &[u8], why: &dyn Display) -> io::Result<()> {
    if !explain {
        return Ok(());
    }
    writeln!(out, "- {}\t{}", shown(line), printable(&why.to_string()))
}

/// A line for a person; what is not UTF-8 in it as `\xff`.
fn shown(line: &[u8]) -> String {
    let mut shown = String::new();
    for chunk in line.utf8_chunks() {
        shown.push_str(&printable(chunk.valid()));
        shown.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    shown
}
