//! What is left of a text after Go wrote it as JSON and read that as YAML.

use std::borrow::Cow;
use std::fmt;

/// The next-line character, a line break to YAML 1.1 and none to JSON.
const NEXT_LINE: char = '\u{85}';

/// The longest key that YAML finds, in characters of JSON with the quotation marks.
const LONGEST_KEY: usize = 1024;

/// Why YAML does not read a text of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    Character(char),
    LongKey,
    BrokenKey,
    Marker,
}

impl Unreadable {
    pub(super) fn remedy(&self) -> &'static str {
        match self {
            Self::Character(_) | Self::BrokenKey => "remove the character",
            Self::LongKey => "shorten the key",
            Self::Marker => "replace U+0085 by a line feed (U+000A)",
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character(character) => {
                write!(f, "YAML does not allow the character U+{:04X}", u32::from(*character))
            }
            Self::LongKey => {
                write!(f, "the key is longer than YAML allows ({} characters)", LONGEST_KEY - 2)
            }
            Self::BrokenKey => f.write_str("the key holds the line break U+0085"),
            Self::Marker => {
                f.write_str("a line of the text is a document marker of YAML (`---` or `...`) after U+0085")
            }
        }
    }
}

/// Whether YAML reads a key of JSON; it is then the same key.
pub(super) fn key(key: &str) -> Result<(), Unreadable> {
    allowed(key)?;
    if key.contains(NEXT_LINE) {
        return Err(Unreadable::BrokenKey);
    }
    let length = 2 + key.chars().map(escaped_length).sum::<usize>();
    if length > LONGEST_KEY { Err(Unreadable::LongKey) } else { Ok(()) }
}

/// The text that YAML reads from a text of JSON.
pub(super) fn text(text: &str) -> Result<Cow<'_, str>, Unreadable> {
    allowed(text)?;
    if text.contains(NEXT_LINE) { fold(text).map(Cow::Owned) } else { Ok(Cow::Borrowed(text)) }
}

fn allowed(text: &str) -> Result<(), Unreadable> {
    let refused = |character: &char| {
        matches!(character, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}') && *character != NEXT_LINE
    };
    text.chars().find(refused).map_or(Ok(()), |character| Err(Unreadable::Character(character)))
}

/// How many characters JSON has for one, as Go writes it.
fn escaped_length(character: char) -> usize {
    match character {
        '"' | '\\' | '\u{8}' | '\u{c}' | '\n' | '\r' | '\t' => 2,
        '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | ..='\u{1f}' => 6,
        _ => 1,
    }
}

/// Joins the lines of a quoted text: one break is a space, each further one a line feed, and spaces around breaks are dropped. Other
/// white space is escaped in JSON and is none here.
fn fold(text: &str) -> Result<String, Unreadable> {
    let mut read = String::with_capacity(text.len());
    let mut lines = text.split(NEXT_LINE);
    let first = lines.next().unwrap_or_default();
    read.push_str(first.trim_end_matches(' '));
    let mut breaks = 0;
    let mut lines = lines.peekable();
    while let Some(line) = lines.next() {
        breaks += 1;
        let followed = lines.peek().is_some();
        if let Some(rest) = line.strip_prefix("---").or_else(|| line.strip_prefix("..."))
            && (rest.starts_with(' ') || (rest.is_empty() && followed))
        {
            return Err(Unreadable::Marker);
        }
        let line = line.trim_start_matches(' ');
        let line = if followed { line.trim_end_matches(' ') } else { line };
        if line.is_empty() && followed {
            continue;
        }
        match breaks {
            1 => read.push(' '),
            _ => read.extend(std::iter::repeat_n('\n', breaks - 1)),
        }
        read.push_str(line);
        breaks = 0;
    }
    Ok(read)
}
