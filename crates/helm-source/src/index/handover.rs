//! From the lexer to a full parser, in the middle of a file.

use std::io::{Chain, Cursor, Read};

use super::doubt::Doubt;
use super::table::Index;

/// All that a full parser needs to go on where the lexer stopped being sure.
///
/// A doubt in the last line of 30 MB must not mean that the 30 MB had to be kept, nor that they are
/// asked for again. The lexer has verified everything up to its last checkpoint - the start of an
/// entry, a chart or a top-level field - and there the state of any YAML parser is known: which block
/// collections are open, and at which columns. So a few made-up lines that open the same collections,
/// followed by the bytes from the checkpoint on, are read exactly as the end of the whole file would be.
#[derive(Debug)]
pub(super) struct Handover {
    pub(super) doubt: Doubt,
    /// What is listed before the checkpoint.
    pub(super) index: Index,
    pub(super) place: Place,
    /// How many lines stand before the checkpoint.
    pub(super) lines: u64,
    /// The top-level fields before the checkpoint, the one that it is inside of included.
    pub(super) fields: Vec<Box<str>>,
    /// The bytes from the checkpoint on, as far as they have been received.
    pub(super) pending: Vec<u8>,
}

/// Where the checkpoint is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// At the very start.
    #[default]
    Start,
    /// At a top-level field.
    TopLevel,
    /// At the key of a chart.
    Entries,
    /// At an entry of this chart, whose key stands in this column.
    Entry { column: usize, chart: Box<str> },
}

impl Handover {
    /// A handover of a whole file that starts with these bytes: nothing has been looked at.
    pub(super) fn of_all(doubt: Doubt, pending: Vec<u8>) -> Self {
        Self { doubt, index: Index::default(), place: Place::Start, lines: 0, fields: Vec::new(), pending }
    }

    /// The text to be read: the made-up lines, the pending bytes, the rest.
    pub(super) fn text<R: Read>(&mut self, rest: R) -> Chain<Cursor<Vec<u8>>, R> {
        let mut text = self.opening().into_bytes();
        text.append(&mut self.pending);
        Cursor::new(text).chain(rest)
    }

    /// The made-up lines.
    fn opening(&self) -> String {
        match &self.place {
            Place::Start | Place::TopLevel => String::new(),
            Place::Entries => "entries:\n".to_owned(),
            Place::Entry { column, chart } => format!("entries:\n{:column$}{chart}:\n", ""),
        }
    }

    /// How many made-up lines there are.
    pub(super) fn opening_lines(&self) -> u64 {
        match &self.place {
            Place::Start | Place::TopLevel => 0,
            Place::Entries => 1,
            Place::Entry { .. } => 2,
        }
    }

    /// The chart whose list is being read.
    pub(super) fn open_chart(&self) -> Option<&str> {
        match &self.place {
            Place::Entry { chart, .. } => Some(chart),
            _ => None,
        }
    }

    /// The top-level fields that are not to come again; a made-up `entries:` may come once more.
    pub(super) fn fields_seen(&self) -> impl Iterator<Item = &str> {
        let is_made_up = self.opening_lines() > 0;
        self.fields.iter().map(|field| &**field).filter(move |field| !(is_made_up && *field == "entries"))
    }

    /// The bytes at the very start of the file, where nothing has been verified yet.
    pub(super) fn head(&self) -> Option<&[u8]> {
        (self.place == Place::Start).then_some(&self.pending)
    }
}
