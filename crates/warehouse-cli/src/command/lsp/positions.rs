//! Places in a text as editors count them.

use serde::{Deserialize, Serialize};

/// How the characters before a place in a line are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Utf16,
}

impl Encoding {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16 => "utf-16",
        }
    }

    fn count(self, text: &str) -> usize {
        match self {
            Self::Utf8 => text.len(),
            Self::Utf16 => text.chars().map(char::len_utf16).sum(),
        }
    }
}

/// A place between two characters: both numbers are counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub(crate) struct Position {
    line: usize,
    character: usize,
}

/// The text between two places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Range {
    start: Position,
    end: Position,
}

impl Range {
    /// Whether it has a place in common with another, be it an end.
    pub(crate) fn touches(&self, other: &Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }
}

/// A text whose places are asked for. A line ends with LF, CR LF or CR.
#[derive(Debug)]
pub(crate) struct Positions {
    text: String,
    /// Where each line begins.
    starts: Vec<usize>,
    encoding: Encoding,
}

impl Positions {
    pub(crate) fn new(text: String, encoding: Encoding) -> Self {
        let bytes = text.as_bytes();
        let ends = bytes.iter().enumerate().filter(|(at, byte)| match byte {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        });
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { text, starts, encoding }
    }

    /// The range of these bytes. An end that is beyond the text, or within a character, is the one before it.
    pub(crate) fn range(&self, bytes: std::ops::Range<usize>) -> Range {
        Range { start: self.position(bytes.start), end: self.position(bytes.end.max(bytes.start)) }
    }

    /// So many characters from a column of a line on, both counted from 1, as far as the line goes. The beginning of the text for line 0.
    pub(crate) fn in_line(&self, line: usize, column: usize, width: usize) -> Range {
        let line = line.checked_sub(1).and_then(|line| Some((*self.starts.get(line)?, line)));
        let Some((start, line)) = line else { return Range::default() };
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        let text = self.text.get(start..end).unwrap_or_default().trim_end_matches(['\n', '\r']);
        let offset = |characters: usize| {
            let at = text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at);
            Position { line, character: self.encoding.count(text.get(..at).unwrap_or_default()) }
        };
        let first = column.saturating_sub(1);
        Range { start: offset(first), end: offset(first.saturating_add(width)) }
    }

    fn position(&self, byte: usize) -> Position {
        let mut byte = byte.min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= byte).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or_default();
        Position { line, character: self.encoding.count(self.text.get(start..byte).unwrap_or_default()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: usize, character: usize) -> Position {
        Position { line, character }
    }

    #[test]
    fn places_are_counted_as_editors_count_them() {
        let text = "a: 𝒳é\r\nb: ü\rc\n";
        for (encoding, of_x, of_line) in [(Encoding::Utf16, 6, 5), (Encoding::Utf8, 9, 6)] {
            let positions = Positions::new(text.to_owned(), encoding);
            let end = text.find('\r').unwrap();
            assert_eq!(positions.range(3..end), Range { start: at(0, 3), end: at(0, of_x) }, "{encoding:?}");
            assert_eq!(positions.in_line(1, 4, 100), Range { start: at(0, 3), end: at(0, of_x) });
            assert_eq!(positions.in_line(2, 1, 4).end, at(1, of_line - 1));
            assert_eq!(positions.range(text.len() - 2..text.len()), Range { start: at(2, 0), end: at(3, 0) });
        }
    }

    #[test]
    fn no_place_is_outside_the_text() {
        let positions = Positions::new("é".to_owned(), Encoding::Utf16);
        assert_eq!(positions.range(1..900), Range { start: at(0, 0), end: at(0, 1) });
        assert_eq!(positions.in_line(0, 0, 0), Range::default());
        assert_eq!(positions.in_line(7, 1, 1), Range::default());
        assert_eq!(positions.in_line(1, 9, usize::MAX), Range { start: at(0, 1), end: at(0, 1) });
        assert_eq!(Positions::new(String::new(), Encoding::Utf8).range(0..0), Range::default());
    }
}
