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

/// Whether a result was read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Printed {
    /// It was written.
    Whole,
    /// The reader closed its end before, as `head` does.
    Closed,
}

/// Hands standard output to what prints a result. A reader that has seen enough and closed its end is no failure.
pub(crate) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<Printed> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Printed::Closed),
        result => result.map(|()| Printed::Whole),
    }
}

/// Writes one line of text for people, [printable].
pub(crate) fn line(out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out, "{}", printable(text))
}

/// A digest, commit id or Freight's name, cut to what a person compares.
pub(crate) fn shortened(id: &str) -> String {
    let algorithm = id.find(':').map_or(0, |colon| colon + 1);
    let is_hex = id.len() >= algorithm + 40 && id[algorithm..].bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex { id[..algorithm + 12].to_owned() } else { id.to_owned() }
}

/// The text with everything written out that could move a terminal's cursor, end the line or change its direction: `\u{1b}` for
/// ESC, `\n` for a line break. It holds what servers sent.
pub(crate) fn printable(text: &str) -> String {
    let is_hidden = |character: char| {
        character.is_control()
            || matches!(
                character,
                '\u{AD}' | '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
            )
    };
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            hidden if is_hidden(hidden) => shown.extend(hidden.escape_unicode()),
            plain => shown.push(plain),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_move_the_cursor_is_written_out() {
        for (text, shown) in [
            ("Fix \"a\" in C:\\b, gr\u{fc}n \u{65e5}", "Fix \"a\" in C:\\b, gr\u{fc}n \u{65e5}"),
            ("\u{1b}[2J", r"\u{1b}[2J"),
            ("a\r\n\tb\0", r"a\r\n\tb\u{0}"),
            ("\u{9b}31m\u{7f}", r"\u{9b}31m\u{7f}"),
            ("\u{202e}\u{2066}\u{2028}\u{feff}", r"\u{202e}\u{2066}\u{2028}\u{feff}"),
        ] {
            assert_eq!(printable(text), shown);
            assert_eq!(printable(shown), shown, "once is enough");
        }
    }
}
