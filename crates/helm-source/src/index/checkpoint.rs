//! The hand-over from the lexer to a full parser in the middle of a file.

use std::io::{Chain, Cursor, Read};

use super::table::Index;

/// Why the lexer left the rest of a file to the full YAML parser.
///
/// A reason is not a fault: most of these are valid YAML that is unusual in an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FallbackReason {
    /// A tab, a carriage return or another control character.
    ControlCharacter,
    /// Bytes that are not UTF-8.
    Encoding,
    /// A character that YAML parsers disagree on: U+0085, U+2028, U+2029, a byte order mark after the start, or a character that is
    /// not printable.
    UnusualCharacter,
    /// A line that is neither a key nor an item of a list, or a key with unusual characters.
    Key,
    /// Indentation that fits no open collection, or content below a value that is complete.
    Indentation,
    /// More nested collections than the lexer follows (32).
    Depth,
    /// An anchor, alias, tag, directive or another indicator.
    Indicator,
    /// A list or mapping in flow style (`[a]`, `{a: b}`) that is not empty.
    FlowCollection,
    /// A colon, a comment or a quote inside a plain scalar.
    PlainScalar,
    /// An unusual header of a block scalar, or unusual indentation of its first lines.
    BlockScalar,
    /// A quoted scalar with an unusual escape, with content after its closing quote, or without an end.
    QuotedScalar,
    /// A comment after the first key.
    Comment,
    /// A document marker (`---`, `...`) after the first line.
    DocumentMarker,
    /// A field, a chart or `entries` itself is given twice.
    Duplicate,
    /// An entry, a list of versions, or `entries` has an unusual shape.
    Shape,
    /// A version with characters that versions do not have.
    Version,
    /// A digest in an unusual form: in several lines, with escapes, or without a letter that tells it from a number.
    Digest,
    /// The time of an entry in an unusual form: in several lines, or with escapes.
    Created,
    /// The document has no `entries`, so it may not be an index.
    NoEntries,
    /// One entry, or one field beside `entries`, is larger than the lexer buffers (4 MiB).
    TooLarge,
}

/// The state of the lexer at its last checkpoint, from which a full parser continues.
///
/// The lexer has verified everything before its last checkpoint: the start of an entry, a chart or a top-level field. There the state of
/// every YAML parser is known: which block collections are open, and in which columns. A few generated lines, the prelude, open the same
/// collections. The prelude followed by the bytes after the checkpoint therefore parses exactly as the end of the whole file does, and
/// the bytes before the checkpoint need not be kept or downloaded again.
#[derive(Debug)]
pub(super) struct Checkpoint {
    pub(super) reason: FallbackReason,
    /// The charts and versions before the checkpoint.
    pub(super) index: Index,
    pub(super) position: Position,
    /// The number of lines before the checkpoint.
    pub(super) lines: u64,
    /// The top-level fields before the checkpoint, including the one that contains it.
    pub(super) fields: Vec<Box<str>>,
    /// The bytes after the checkpoint that have been received.
    pub(super) pending: Vec<u8>,
    /// The prelude of a checkpoint within a document in braces.
    pub(super) flow: Option<FlowPrelude>,
}

/// The prelude of a checkpoint within a document in braces: the beginning of a line whose end follows.
#[derive(Clone, Debug)]
pub(super) struct FlowPrelude {
    pub(super) text: String,
    /// The bytes of the file before the checkpoint in its line.
    pub(super) column: u64,
    /// Whether the file may still be JSON.
    pub(super) is_json: bool,
    /// Whether what is before the checkpoint is YAML as well.
    pub(super) is_yaml: bool,
}

/// The position of a checkpoint in the document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Position {
    /// The very start.
    #[default]
    Start,
    /// A top-level field.
    TopLevel,
    /// The key of a chart.
    Entries,
    /// An entry of this chart, whose key is in this column.
    Entry { column: usize, chart: Box<str> },
}

impl Checkpoint {
    /// The checkpoint at the start of a file that begins with these bytes.
    #[cfg(test)]
    pub(super) fn at_start(reason: FallbackReason, pending: Vec<u8>) -> Self {
        let (index, position, fields) = (Index::default(), Position::Start, Vec::new());
        Self { reason, index, position, lines: 0, fields, pending, flow: None }
    }

    /// The text for the full parser: the prelude, the pending bytes, the rest.
    pub(super) fn text<R: Read>(&mut self, rest: R) -> Chain<Cursor<Vec<u8>>, R> {
        let mut text = self.prelude().into_bytes();
        text.append(&mut self.pending);
        Cursor::new(text).chain(rest)
    }

    /// The generated lines that open the collections of the checkpoint.
    pub(super) fn prelude(&self) -> String {
        if let Some(flow) = &self.flow {
            return flow.text.clone();
        }
        match &self.position {
            Position::Start | Position::TopLevel => String::new(),
            Position::Entries => "entries:\n".to_owned(),
            Position::Entry { column, chart } => format!("entries:\n{:column$}{chart}:\n", ""),
        }
    }

    /// The number of lines of the prelude.
    pub(super) fn prelude_lines(&self) -> u64 {
        if let Some(flow) = &self.flow {
            return u64::from(flow.text.contains('\n'));
        }
        match &self.position {
            Position::Start | Position::TopLevel => 0,
            Position::Entries => 1,
            Position::Entry { .. } => 2,
        }
    }

    /// The chart whose list contains the checkpoint.
    pub(super) fn open_chart(&self) -> Option<&str> {
        match &self.position {
            Position::Entry { chart, .. } => Some(chart),
            _ => None,
        }
    }

    /// The top-level fields that must not be given again; the `entries:` of the prelude may.
    pub(super) fn fields_before(&self) -> impl Iterator<Item = &str> {
        let has_prelude = matches!(self.position, Position::Entries | Position::Entry { .. });
        self.fields.iter().map(|field| &**field).filter(move |field| !(has_prelude && *field == "entries"))
    }

    /// The first bytes of the file, where nothing has been verified.
    pub(super) fn head(&self) -> Option<&[u8]> {
        (self.position == Position::Start).then_some(&self.pending)
    }
}
