//! The fast path: block YAML as index files are written, line by line, each line verified.
//!
//! The lexer accepts a small part of YAML: block mappings and lists, plain, quoted and block scalars, `[]` and `{}`. Within that part
//! it checks everything that a full parser checks, so the index that it returns is the one that a full parser returns. Anything else is a
//! [`FallbackReason`], and a full parser continues at the last [`Checkpoint`].

use memchr::memrchr;

use super::checkpoint::{Checkpoint, FallbackReason, Position};
use super::created::Created;
use super::digest::EntryDigest;
use super::field_names::FieldNames;
use super::scalar::{self, Start, as_str, check_characters, key_and_value};
use super::table::{Index, NotAdded};
use super::word::{find, leading};

/// The largest entry, and the largest field beside `entries`, that is buffered until it is complete, in bytes.
const MAX_PENDING: usize = 4 << 20;
/// The largest number of nested collections. An index has fewer, and full parsers accept more.
const MAX_DEPTH: usize = 32;
/// The largest number of fields in an entry, and of fields beside `entries`.
const MAX_FIELDS: usize = 256;
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// Reads the bytes of an index in pieces of any size.
#[derive(Debug, Default)]
pub(super) struct Lexer {
    /// The bytes since the last checkpoint, including an unfinished line at their end.
    pending: Vec<u8>,
    /// The number of pending bytes that have been read.
    lexed: usize,
    state: State,
}

impl Lexer {
    /// Reads the next piece. After an error, which includes the piece, only [`into_checkpoint`](Self::into_checkpoint) may be called.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), FallbackReason> {
        let before = self.pending.len();
        self.pending.extend_from_slice(bytes);
        // JSON may be a single line, which need not be kept until it ends.
        if self.lexed == 0 && !self.state.started && self.pending.trim_ascii_start().starts_with(b"{") {
            return Err(FallbackReason::FlowCollection);
        }
        if let Some(last) = memrchr(b'\n', bytes) {
            self.lex(before + last + 1)?;
            self.pending.drain(..self.state.checkpoint);
            self.lexed -= self.state.checkpoint;
            self.state.checkpoint = 0;
        }
        if self.pending.len() > MAX_PENDING { Err(FallbackReason::TooLarge) } else { Ok(()) }
    }

    /// The memory that it takes, about, in bytes.
    pub(super) fn memory(&self) -> usize {
        self.pending.len() + self.state.index.size()
    }

    /// Ends the input.
    pub(super) fn finish(&mut self) -> Result<Index, FallbackReason> {
        self.lex(self.pending.len())?;
        self.state.end()
    }

    /// What the lexer has verified, and the bytes after that.
    pub(super) fn into_checkpoint(mut self, reason: FallbackReason) -> Checkpoint {
        self.pending.drain(..self.state.checkpoint);
        let State { index, position, lines, fields, .. } = self.state;
        Checkpoint { reason, index, position, lines, fields, pending: self.pending, flow: None }
    }

    fn lex(&mut self, end: usize) -> Result<(), FallbackReason> {
        // A byte order mark at the start of the file is no part of the first line.
        let is_start = self.lexed == 0 && !self.state.started && self.state.lines_since == 0;
        let mark =
            if is_start && self.pending.starts_with(&BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        check_characters(&self.pending[self.lexed + mark..end])?;
        let mut start = self.lexed;
        let mut lines = &self.pending[start + mark..end];
        while let Some(length) = find(lines, |word| word.equal(b'\n')) {
            let line = &lines[..length];
            self.state.line(line.strip_suffix(b"\r").unwrap_or(line), start)?;
            lines = &lines[length + 1..];
            start = end - lines.len();
        }
        if !lines.is_empty() {
            self.state.line(lines, start)?;
        }
        self.lexed = end;
        Ok(())
    }
}

/// A mapping or list that is open.
#[derive(Clone, Copy, Debug)]
struct Level {
    column: usize,
    is_list: bool,
    /// Whether this is a mapping whose last key has no value yet.
    awaits_value: bool,
}

/// What the next line may be.
#[derive(Clone, Copy, Debug, Default)]
enum Mode {
    #[default]
    Structure,
    /// Lines deeper than `parent` belong to a plain scalar.
    Plain { parent: usize },
    /// The next lines belong to a quoted scalar, up to the closing quote.
    Quoted { parent: usize, quote: u8 },
    /// Lines deeper than `parent` belong to a block scalar, which starts in column `indent` once that is known. `blank` is the
    /// longest line of spaces before its first line.
    Block { parent: usize, indent: Option<usize>, blank: usize },
}

/// The state after the lines so far.
#[derive(Debug, Default)]
struct State {
    mode: Mode,
    levels: Vec<Level>,
    started: bool,
    in_entries: bool,

    /// The offset of the last checkpoint in the pending bytes, and the number of lines before it.
    checkpoint: usize,
    lines: u64,
    /// Lines since the checkpoint.
    lines_since: u64,
    /// These three are the state at the checkpoint.
    position: Position,
    index: Index,
    fields: Vec<Box<str>>,

    /// These three were begun at the checkpoint and are verified at the next one.
    field: Option<Box<str>>,
    chart: Option<Box<str>>,
    entry: Entry,
}

impl State {
    /// Reads a line, which starts at `offset` in the pending bytes.
    fn line(&mut self, line: &[u8], offset: usize) -> Result<(), FallbackReason> {
        self.lines_since += 1;
        let indent = leading(line, b' ');
        let content = &line[indent..];
        if self.continues(indent, content)? || content.is_empty() {
            return Ok(());
        }
        self.mode = Mode::Structure;
        let content = match content.last() {
            Some(b' ') => {
                &content[..content.len() - content.iter().rev().take_while(|&&byte| byte == b' ').count()]
            }
            _ => content,
        };
        self.structure(indent, content, offset)
    }

    /// Whether a line belongs to the scalar that is open.
    fn continues(&mut self, indent: usize, content: &[u8]) -> Result<bool, FallbackReason> {
        match &mut self.mode {
            Mode::Structure => Ok(false),
            Mode::Plain { parent } => match content.is_empty() {
                true => Ok(true),
                false if indent > *parent => scalar::plain(content).map(|()| true),
                false => Ok(false),
            },
            Mode::Quoted { parent, quote } => {
                if content.is_empty() {
                    return Ok(true);
                }
                if indent <= *parent {
                    return Err(FallbackReason::QuotedScalar);
                }
                if scalar::quoted(*quote, content)? {
                    self.mode = Mode::Structure;
                }
                Ok(true)
            }
            Mode::Block { parent, indent: known, blank } => {
                if content.is_empty() {
                    if known.is_none() {
                        *blank = indent.max(*blank);
                    }
                    return Ok(true);
                }
                if indent <= *parent {
                    return Ok(false);
                }
                if *known.get_or_insert(indent) > indent || *blank > indent {
                    return Err(FallbackReason::BlockScalar);
                }
                *blank = 0;
                Ok(true)
            }
        }
    }

    /// Reads a line that is a key or an item of a list.
    fn structure(&mut self, indent: usize, content: &[u8], offset: usize) -> Result<(), FallbackReason> {
        if !self.started {
            if content == b"---" && indent == 0 {
                self.started = true;
                return Ok(());
            }
            if content.starts_with(b"#") {
                return Ok(());
            }
            self.started = true;
        }
        match content {
            [b'-'] | [b'-', b' ', ..] => self.item(indent, &content[1..], offset),
            _ => {
                let (key, value) = key_and_value(content)?;
                self.pop(|level| level.column > indent || level.is_list && level.column == indent);
                self.open(indent, false)?;
                self.field(indent, key, value, offset)
            }
        }
    }

    fn item(&mut self, indent: usize, rest: &[u8], offset: usize) -> Result<(), FallbackReason> {
        self.pop(|level| level.column > indent);
        self.open(indent, true)?;
        let is_entry = self.in_entries && self.levels.len() == 3;
        if self.in_entries && self.levels.len() == 2 {
            return Err(FallbackReason::Shape);
        }
        let spaces = rest.iter().take_while(|&&byte| byte == b' ').count();
        let value = &rest[spaces..];
        if matches!(value, [] | [b'-'] | [b'-', b' ', ..]) {
            return Err(FallbackReason::Shape);
        }
        if is_entry {
            let name = self.chart.take();
            if let Some(name) = name {
                self.index.open(&name).map_err(not_added)?;
                self.position = Position::Entry { column: self.levels[1].column, chart: name };
            }
            self.checkpoint(offset, None)?;
            self.entry.open();
        }
        match key_and_value(value) {
            Ok((key, value)) => {
                let column = indent + 1 + spaces;
                self.push(Level { column, is_list: false, awaits_value: false })?;
                self.field(column, key, value, offset)
            }
            Err(_) if is_entry => Err(FallbackReason::Shape),
            Err(_) => self.value(indent, value),
        }
    }

    fn field(
        &mut self,
        column: usize,
        key: &[u8],
        value: &[u8],
        offset: usize,
    ) -> Result<(), FallbackReason> {
        match self.levels.len() {
            1 => {
                let name = as_str(key)?;
                self.checkpoint(offset, Some(Position::TopLevel))?;
                if self.fields.iter().any(|field| **field == *name) {
                    return Err(FallbackReason::Duplicate);
                }
                if self.fields.len() >= MAX_FIELDS {
                    return Err(FallbackReason::Shape);
                }
                // Helm reads any case; the full parser decides which of several counts.
                if key != b"entries" && key.eq_ignore_ascii_case(b"entries") {
                    return Err(FallbackReason::Shape);
                }
                self.field = Some(name.into());
                self.in_entries = key == b"entries";
                if self.in_entries && !matches!(value, b"" | b"{}") {
                    return Err(FallbackReason::Shape);
                }
            }
            2 if self.in_entries => {
                let name = as_str(key)?;
                self.checkpoint(offset, Some(Position::Entries))?;
                if self.index.contains(name) {
                    return Err(FallbackReason::Duplicate);
                }
                self.chart = Some(name.into());
                if !matches!(value, b"" | b"[]") {
                    return Err(FallbackReason::Shape);
                }
            }
            3 if self.in_entries => return Err(FallbackReason::Shape),
            4 if self.entry.is_open => {
                self.entry.add(key)?;
                if key == b"version" {
                    self.entry.version.push_str(scalar::version(value)?);
                    return Ok(());
                }
                if key.eq_ignore_ascii_case(b"version") {
                    return Err(FallbackReason::Shape);
                }
                self.entry.is_digest = key == b"digest";
                if self.entry.is_digest && !value.is_empty() {
                    let digest = scalar::digest(value)?;
                    self.entry.digest = digest.value;
                    if digest.is_finished {
                        return Ok(());
                    }
                }
                if key == b"created"
                    && !value.is_empty()
                    && let Some(created) = scalar::created(value)?
                {
                    self.entry.created = created;
                    return Ok(());
                }
            }
            _ => {}
        }
        if value.is_empty() {
            if let Some(level) = self.levels.last_mut() {
                level.awaits_value = true;
            }
            return Ok(());
        }
        self.value(column, value)
    }

    /// Reads a value; lines deeper than `parent` continue it.
    fn value(&mut self, parent: usize, value: &[u8]) -> Result<(), FallbackReason> {
        self.mode = match scalar::start(value)? {
            Start::Finished | Start::EmptyList | Start::EmptyMapping => Mode::Structure,
            Start::Plain => Mode::Plain { parent },
            Start::Quoted(quote) => Mode::Quoted { parent, quote },
            Start::Block(explicit) => {
                Mode::Block { parent, indent: explicit.map(|more| parent + more), blank: 0 }
            }
        };
        Ok(())
    }

    fn pop(&mut self, is_over: impl Fn(&Level) -> bool) {
        while self.levels.last().is_some_and(&is_over) {
            self.levels.pop();
        }
    }

    /// Makes the level that a line in this column belongs to the last one.
    fn open(&mut self, column: usize, is_list: bool) -> Result<(), FallbackReason> {
        match self.levels.last_mut() {
            Some(level) if level.column == column && level.is_list == is_list => {
                level.awaits_value = false;
                Ok(())
            }
            Some(level)
                if level.awaits_value && (level.column < column || level.column == column && is_list) =>
            {
                level.awaits_value = false;
                self.push(Level { column, is_list, awaits_value: false })
            }
            None if column == 0 && !is_list => self.push(Level { column, is_list, awaits_value: false }),
            _ => Err(FallbackReason::Indentation),
        }
    }

    fn push(&mut self, level: Level) -> Result<(), FallbackReason> {
        if self.levels.len() >= MAX_DEPTH {
            return Err(FallbackReason::Depth);
        }
        if self.levels.len() == 4 && self.entry.is_digest {
            self.entry.digest = EntryDigest::Malformed;
        }
        self.levels.push(level);
        Ok(())
    }

    /// Sets the checkpoint to the line at `offset`: everything before it is verified.
    fn checkpoint(&mut self, offset: usize, position: Option<Position>) -> Result<(), FallbackReason> {
        self.commit()?;
        if let Some(position) = position {
            self.position = position;
        }
        self.checkpoint = offset;
        self.lines += self.lines_since - 1;
        self.lines_since = 1;
        Ok(())
    }

    /// Adds what was begun at the checkpoint. After an error, what was begun is read again from there.
    fn commit(&mut self) -> Result<(), FallbackReason> {
        if let Some(chart) = self.chart.take() {
            self.index.open(&chart).map_err(not_added)?;
        }
        if std::mem::take(&mut self.entry.is_open) {
            self.index.push(&self.entry.version, self.entry.digest, self.entry.created).map_err(not_added)?;
        }
        self.fields.extend(self.field.take());
        Ok(())
    }

    fn end(&mut self) -> Result<Index, FallbackReason> {
        if let Mode::Quoted { .. } = self.mode {
            return Err(FallbackReason::QuotedScalar);
        }
        if !self.fields.iter().chain(&self.field).any(|field| **field == *"entries") {
            return Err(FallbackReason::NoEntries);
        }
        self.commit()?;
        Ok(std::mem::take(&mut self.index))
    }
}

fn not_added(why: NotAdded) -> FallbackReason {
    match why {
        NotAdded::Duplicate => FallbackReason::Duplicate,
        NotAdded::Full => FallbackReason::TooLarge,
    }
}

/// The entry that is being read. There is one at a time, and its memory is reused.
#[derive(Debug, Default)]
struct Entry {
    is_open: bool,
    version: String,
    digest: EntryDigest,
    created: Created,
    /// Whether the last field is `digest`: what is below it belongs to it.
    is_digest: bool,
    fields: FieldNames,
}

impl Entry {
    /// Begins the next entry.
    fn open(&mut self) {
        self.is_open = true;
        self.version.clear();
        self.digest = EntryDigest::Missing;
        self.created = Created::NONE;
        self.is_digest = false;
        self.fields.clear();
    }

    /// Adds a field, which must be new.
    fn add(&mut self, field: &[u8]) -> Result<(), FallbackReason> {
        if self.fields.len() >= MAX_FIELDS {
            return Err(FallbackReason::Shape);
        }
        if !self.fields.add(field) {
            return Err(FallbackReason::Duplicate);
        }
        Ok(())
    }
}
