//! Results on standard output.

mod artifacts;
mod diff;
mod explanation;
mod failure;
mod list;
mod no_result;
mod release;

use std::borrow::Cow;
use std::io;
use std::io::{BufWriter, Write};

use artifact_source::{printable, shorten};
use jiff::Timestamp;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

#[cfg(feature = "demo")]
pub(crate) use artifacts::found;
pub(crate) use artifacts::{artifacts, freight};
pub(crate) use diff::unified_diff;
pub(crate) use explanation::{Explanation, explanations};
pub(crate) use failure::Failure;
pub(crate) use list::{write_as_list, write_list};
pub(crate) use no_result::why_no_freight;
pub(crate) use release::{plan, report, summary};

/// Whether the reader read the whole result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Printed {
    /// It was written.
    Whole,
    /// The reader closed the pipe early, as `head` does.
    Closed,
}

/// Calls `write` with standard output. A reader that closes the pipe early is not an error.
pub(crate) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<Printed> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Printed::Closed),
        result => result.map(|()| Printed::Whole),
    }
}

/// Writes one line for people, [printable].
pub(crate) fn line(out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out, "{}", printable(text))
}

/// Whether a result has colours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    /// What was taken: green.
    pub(crate) fn good(self, text: &str) -> String {
        self.rendered("32", text)
    }

    /// What nothing fits: yellow.
    pub(crate) fn doubtful(self, text: &str) -> String {
        self.rendered("1;33", text)
    }

    /// What failed: red.
    pub(crate) fn bad(self, text: &str) -> String {
        self.rendered("1;31", text)
    }

    /// What was not taken: faint.
    pub(crate) fn faint(self, text: &str) -> String {
        self.rendered("2", text)
    }

    fn rendered(self, rendition: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{rendition}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// A number of things: `1 error`, `2 errors`.
pub(crate) fn counted(count: usize, name: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {name}{plural}")
}

/// A time without parts of a second.
pub(crate) fn seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// A number with commas: `1,000`.
pub(crate) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let commas = |(place, digit): (usize, char)| {
        let is_before_group = place > 0 && (digits.len() - place).is_multiple_of(3);
        is_before_group.then_some(',').into_iter().chain([digit])
    };
    digits.chars().enumerate().flat_map(commas).collect()
}

/// A digest, commit id or name of Freight, shortened to what people compare.
pub(crate) fn shortened(id: &str) -> String {
    let algorithm = id.find(':').map_or(0, |colon| colon + 1);
    let is_hex = id.len() >= algorithm + 40 && id[algorithm..].bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex { id[..algorithm + 12].to_owned() } else { id.to_owned() }
}

/// The longest cell of a table, in characters: what a server or a manifest says may be of any length.
const MAX_CELL: usize = 2000;

/// Rows under a heading; every column is as wide as its widest cell on a terminal, and columns are three blanks apart.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with this heading.
    pub(crate) fn new(heading: &[&str]) -> Self {
        Self { rows: vec![heading.iter().map(|&cell| cell.to_owned()).collect()] }
    }

    /// A table without a heading.
    pub(crate) fn headless() -> Self {
        Self { rows: Vec::new() }
    }

    /// Adds a row; missing cells at its end stay empty.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| printable(&shorten(&cell, MAX_CELL))).collect());
    }

    /// Writes the table.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.lines().iter().try_for_each(|line| writeln!(out, "{line}"))
    }

    /// The rows as lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.width())
                .max()
                .unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let line = |row: &Vec<String>| {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                let blanks = (width + 3).saturating_sub(cell.width());
                line.extend(std::iter::repeat_n(' ', blanks));
            }
            line.truncate(line.trim_end().len());
            line
        };
        self.rows.iter().map(line).collect()
    }
}

/// Writes one value as JSON.
pub(crate) fn write_json_value(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", escaped(&serde_json::to_string_pretty(value)?))
}

/// Writes one value as JSON in one line.
pub(crate) fn write_json_line(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", escaped(&serde_json::to_string(value)?))
}

/// Whether a terminal or a reader is misled by this character: controls of the direction of writing, and those beyond ASCII, of which
/// one begins a terminal's command. serde_json writes out the others.
fn misleads(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || letter.is_control() && letter >= '\u{7f}'
}

/// JSON in which such characters, which are in strings only, are written as `\\u202e`.
pub(crate) fn escaped(json: &str) -> Cow<'_, str> {
    if !json.contains(misleads) {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len() + 16);
    for letter in json.chars() {
        match misleads(letter) {
            true => text.push_str(&format!("\\u{:04x}", u32::from(letter))),
            false => text.push(letter),
        }
    }
    Cow::Owned(text)
}

/// Writes one value as YAML.
pub(crate) fn write_yaml(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let text = serde_saphyr::to_string(value).map_err(io::Error::other)?;
    // Only texts in double quotes can hold escapes. JSON is YAML.
    match text.contains(misleads) {
        true => write_json_value(value, out),
        false => writeln!(out, "{}", text.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_no_line_ends_in_blanks() {
        let mut table = Table::new(&["A", "B"]);
        table.row(["über".to_owned(), "x".to_owned()]);
        table.row(["i".to_owned(), String::new()]);
        let mut out = Vec::new();
        table.write(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "A      B\nüber   x\ni\n");
    }

    /// Characters that take two columns of a terminal, and those that take none.
    #[test]
    fn wide_characters_line_up() {
        let mut table = Table::headless();
        for cell in ["abcd", "漢字", "🍎x", "e\u{301}"] {
            table.row([cell.to_owned(), "|".to_owned()]);
        }
        let expected = ["abcd   |", "漢字   |", "🍎x    |", "e\u{301}      |"];
        assert_eq!(table.lines(), expected);
    }

    #[test]
    fn a_server_cannot_move_the_cursor() {
        let mut table = Table::new(&["A"]);
        table.row(["\u{1b}[2Jgone\r".to_owned()]);
        let mut out = Vec::new();
        table.write(&mut out).unwrap();
        assert!(!out.contains(&0x1b) && !out.contains(&b'\r'));
    }
}

#[cfg(test)]
mod escape_tests {
    use super::*;

    #[test]
    fn what_misleads_is_written_out_and_read_back() {
        let text = "a\u{202e}b\u{9b}31m\u{2066}ä \u{200f}";
        let documents = [serde_json::json!({ "tag": text, "other": "漢" })];
        let (mut json, mut yaml) = (Vec::new(), Vec::new());
        write_list(&documents, &[] as &[Failure], &mut json).unwrap();
        write_yaml(&documents[0], &mut yaml).unwrap();
        for (written, is_list) in [(json, true), (yaml, false)] {
            let written = String::from_utf8(written).unwrap();
            assert!(
                !written.contains(misleads) && written.contains("漢") && written.contains("\\u202e"),
                "{written}"
            );
            let read: serde_json::Value = serde_json::from_str(&written).unwrap();
            assert_eq!(if is_list { &read["items"][0] } else { &read }, &documents[0]);
        }
    }
}
