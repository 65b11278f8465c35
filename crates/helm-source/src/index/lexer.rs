//! The fast path: block YAML as index files are written, line by line, each line verified.
//!
//! The lexer knows a small part of YAML: block mappings and lists, plain, quoted and block scalars,
//! `[]` and `{}`. Within that part it checks everything that a full parser would, so that what it
//! accepts means what it says. Whatever else it meets is a [`Doubt`], and then a full parser goes on
//! [from the last place that was sure](Handover).

use memchr::{memchr_iter, memrchr};

use super::doubt::Doubt;
use super::handover::{Handover, Place};
use super::scalar::{self, Start};
use super::table::Index;
use super::text;

/// How much of one entry, or of one field beside `entries`, is kept until it is understood.
const MOST_PENDING: usize = 4 << 20;
/// Deeper than any index is, and well below what full parsers are allowed.
const MOST_LEVELS: usize = 32;
const MOST_FIELDS: usize = 256;
const LONGEST_KEY: usize = 512;

/// Takes the bytes of an index in pieces of any size.
#[derive(Debug, Default)]
pub(super) struct Lexer {
    /// What was received since the last checkpoint, an unfinished line at its end included.
    pending: Vec<u8>,
    /// How much of it has been looked at.
    lexed: usize,
    state: State,
}

impl Lexer {
    /// Takes the next piece. After a doubt, [`hand_over`](Self::hand_over) is all that is left to do;
    /// the piece counts as taken.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), Doubt> {
        let before = self.pending.len();
        self.pending.extend_from_slice(bytes);
        if let Some(last) = memrchr(b'\n', bytes) {
            self.lex(before + last + 1)?;
            self.pending.drain(..self.state.checkpoint);
            self.lexed -= self.state.checkpoint;
            self.state.checkpoint = 0;
        }
        if self.pending.len() > MOST_PENDING { Err(Doubt::Large) } else { Ok(()) }
    }

    /// Ends the input.
    pub(super) fn finish(&mut self) -> Result<Index, Doubt> {
        self.lex(self.pending.len())?;
        self.state.end()
    }

    /// What the lexer was sure about, and the bytes behind that.
    pub(super) fn hand_over(mut self, doubt: Doubt) -> Handover {
        self.pending.drain(..self.state.checkpoint);
        let State { index, place, lines, fields, .. } = self.state;
        Handover { doubt, index, place, lines, fields, pending: self.pending }
    }

    fn lex(&mut self, end: usize) -> Result<(), Doubt> {
        let lines = &self.pending[self.lexed..end];
        text::check(lines.strip_prefix(&BYTE_ORDER_MARK).filter(|_| !self.state.started).unwrap_or(lines))?;
        let mut start = self.lexed;
        for line_feed in memchr_iter(b'\n', lines) {
            let line_end = self.lexed + line_feed;
            self.state.line(&self.pending[start..line_end], start)?;
            start = line_end + 1;
        }
        if start < end {
            self.state.line(&self.pending[start..end], start)?;
        }
        self.lexed = end;
        Ok(())
    }
}

const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// A mapping or list that is open.
#[derive(Clone, Copy, Debug)]
struct Level {
    column: usize,
    is_list: bool,
    /// A mapping whose last key has no value yet.
    awaits: bool,
}

/// What the next line may be.
#[derive(Clone, Copy, Debug, Default)]
enum Mode {
    #[default]
    Structure,
    /// Lines deeper than `parent` belong to a plain scalar.
    Plain { parent: usize },
    /// The next lines belong to a quoted text, up to the closing quote.
    Quoted { parent: usize, quote: u8 },
    /// Lines deeper than `parent` belong to a block scalar, which starts in column `indent` once that
    /// is known. No line of white space before its first line was longer than `blank`.
    Block { parent: usize, indent: Option<usize>, blank: usize },
}

/// An entry that has been read in part.
#[derive(Debug, Default)]
struct Entry {
    version: Option<String>,
    fields: Vec<FieldName>,
}

/// The name of a field. Two equal names are equal here; two different ones mostly are not.
#[derive(Clone, Copy, Debug, PartialEq)]
struct FieldName {
    length: usize,
    first: u64,
    last: u64,
}

impl FieldName {
    fn new(name: &[u8]) -> Self {
        let word = |bytes: &[u8]| bytes.iter().fold(0, |word, &byte| word << 8 | u64::from(byte));
        let length = name.len();
        Self { length, first: word(&name[..length.min(8)]), last: word(&name[length.saturating_sub(8)..]) }
    }
}

#[derive(Debug, Default)]
struct State {
    mode: Mode,
    levels: Vec<Level>,
    started: bool,
    in_entries: bool,

    /// Where in the pending bytes the last checkpoint is, and how many lines stand before it.
    checkpoint: usize,
    lines: u64,
    /// Lines since the checkpoint.
    lines_since: u64,
    /// The rest is as it was at the checkpoint.
    place: Place,
    index: Index,
    fields: Vec<Box<str>>,

    /// What was begun at the checkpoint and becomes certain at the next one.
    field: Option<Box<str>>,
    chart: Option<Box<str>>,
    entry: Option<Entry>,
}

impl State {
    /// Takes a line, which stands at `offset` in the pending bytes.
    fn line(&mut self, line: &[u8], offset: usize) -> Result<(), Doubt> {
        let line = match line.strip_prefix(&BYTE_ORDER_MARK) {
            Some(rest) if !self.started && self.lines_since == 0 => rest,
            _ => line,
        };
        self.lines_since += 1;
        let indent = line.iter().take_while(|&&byte| byte == b' ').count();
        let content = &line[indent..];
        if self.continues(indent, content)? || content.is_empty() {
            return Ok(());
        }
        self.mode = Mode::Structure;
        let trailing = content.iter().rev().take_while(|&&byte| byte == b' ').count();
        self.structure(indent, &content[..content.len() - trailing], offset)
    }

    /// Whether a line belongs to the scalar that is open.
    fn continues(&mut self, indent: usize, content: &[u8]) -> Result<bool, Doubt> {
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
                    return Err(Doubt::Quoted);
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
                    return Err(Doubt::BlockScalar);
                }
                *blank = 0;
                Ok(true)
            }
        }
    }

    /// Takes a line that is a key or an item of a list.
    fn structure(&mut self, indent: usize, content: &[u8], offset: usize) -> Result<(), Doubt> {
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

    fn item(&mut self, indent: usize, rest: &[u8], offset: usize) -> Result<(), Doubt> {
        self.pop(|level| level.column > indent);
        self.open(indent, true)?;
        let is_entry = self.in_entries && self.levels.len() == 3;
        if self.in_entries && self.levels.len() == 2 {
            return Err(Doubt::Shape);
        }
        let spaces = rest.iter().take_while(|&&byte| byte == b' ').count();
        let value = &rest[spaces..];
        if matches!(value, [] | [b'-'] | [b'-', b' ', ..]) {
            return Err(Doubt::Shape);
        }
        if is_entry {
            let name = self.chart.take();
            if let Some(name) = name {
                self.index.open(&name);
                self.place = Place::Entry { column: self.levels[1].column, chart: name };
            }
            self.checkpoint(offset, None);
            self.entry = Some(Entry::default());
        }
        match key_and_value(value) {
            Ok((key, value)) => {
                let column = indent + 1 + spaces;
                self.push(Level { column, is_list: false, awaits: false })?;
                self.field(column, key, value, offset)
            }
            Err(_) if is_entry => Err(Doubt::Shape),
            Err(_) => self.value(indent, value),
        }
    }

    fn field(&mut self, column: usize, key: &[u8], value: &[u8], offset: usize) -> Result<(), Doubt> {
        match self.levels.len() {
            1 => {
                let name = as_str(key)?;
                self.checkpoint(offset, Some(Place::TopLevel));
                if self.fields.iter().any(|field| **field == *name) {
                    return Err(Doubt::Repeated);
                }
                if self.fields.len() >= MOST_FIELDS {
                    return Err(Doubt::Shape);
                }
                self.field = Some(name.into());
                self.in_entries = key == b"entries";
                match value {
                    b"" | b"{}" => {}
                    _ if self.in_entries => return Err(Doubt::Shape),
                    _ => {}
                }
            }
            2 if self.in_entries => {
                let name = as_str(key)?;
                self.checkpoint(offset, Some(Place::Entries));
                if self.index.contains(name) {
                    return Err(Doubt::Repeated);
                }
                self.chart = Some(name.into());
                if !matches!(value, b"" | b"[]") {
                    return Err(Doubt::Shape);
                }
            }
            3 if self.in_entries => return Err(Doubt::Shape),
            4 => {
                if let Some(entry) = &mut self.entry {
                    let name = FieldName::new(key);
                    if entry.fields.contains(&name) {
                        return Err(Doubt::Repeated);
                    }
                    if entry.fields.len() >= MOST_FIELDS {
                        return Err(Doubt::Shape);
                    }
                    entry.fields.push(name);
                    if key == b"version" {
                        entry.version = Some(scalar::version(value)?.to_owned());
                        return Ok(());
                    }
                }
            }
            _ => {}
        }
        if value.is_empty() {
            if let Some(level) = self.levels.last_mut() {
                level.awaits = true;
            }
            return Ok(());
        }
        self.value(column, value)
    }

    /// Takes a value whose continuation would have to stand deeper than `parent`.
    fn value(&mut self, parent: usize, value: &[u8]) -> Result<(), Doubt> {
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

    /// Makes the last level the one that a line at this column belongs to.
    fn open(&mut self, column: usize, is_list: bool) -> Result<(), Doubt> {
        match self.levels.last_mut() {
            Some(level) if level.column == column && level.is_list == is_list => {
                level.awaits = false;
                Ok(())
            }
            Some(level) if level.awaits && (level.column < column || level.column == column && is_list) => {
                level.awaits = false;
                self.push(Level { column, is_list, awaits: false })
            }
            None if column == 0 && !is_list => self.push(Level { column, is_list, awaits: false }),
            _ => Err(Doubt::Indentation),
        }
    }

    fn push(&mut self, level: Level) -> Result<(), Doubt> {
        if self.levels.len() >= MOST_LEVELS {
            return Err(Doubt::Depth);
        }
        self.levels.push(level);
        Ok(())
    }

    /// Makes everything before the line at `offset` certain.
    fn checkpoint(&mut self, offset: usize, place: Option<Place>) {
        self.settle();
        if let Some(place) = place {
            self.place = place;
        }
        self.checkpoint = offset;
        self.lines += self.lines_since - 1;
        self.lines_since = 1;
    }

    fn settle(&mut self) {
        self.fields.extend(self.field.take());
        if let Some(chart) = self.chart.take() {
            self.index.open(&chart);
        }
        if let Some(entry) = self.entry.take() {
            self.index.push(entry.version.as_deref().unwrap_or_default());
        }
    }

    fn end(&mut self) -> Result<Index, Doubt> {
        if let Mode::Quoted { .. } = self.mode {
            return Err(Doubt::Quoted);
        }
        if !self.fields.iter().chain(&self.field).any(|field| **field == *"entries") {
            return Err(Doubt::NoEntries);
        }
        self.settle();
        Ok(std::mem::take(&mut self.index))
    }
}

/// Splits `key: value`, where the key is plain and of the characters that keys have.
fn key_and_value(content: &[u8]) -> Result<(&[u8], &[u8]), Doubt> {
    let fits = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/');
    let length = content.iter().take_while(fits).count();
    let (key, rest) = content.split_at(length);
    let first = key.first().ok_or(match content.first() {
        Some(b'#') => Doubt::Comment,
        Some(b'{' | b'[') => Doubt::Flow,
        Some(b'&' | b'*' | b'!' | b'%' | b'?') => Doubt::Indicator,
        _ => Doubt::NotAKey,
    })?;
    if !first.is_ascii_alphanumeric() && *first != b'_' {
        return Err(if key.starts_with(b"---") || key == b"..." { Doubt::Document } else { Doubt::NotAKey });
    }
    let is_null = key.len() == 4 && key.eq_ignore_ascii_case(b"null");
    match rest {
        _ if is_null || key.len() > LONGEST_KEY => Err(Doubt::NotAKey),
        [b':'] => Ok((key, b"")),
        [b':', b' ', value @ ..] => {
            let spaces = value.iter().take_while(|&&byte| byte == b' ').count();
            Ok((key, &value[spaces..]))
        }
        _ => Err(Doubt::NotAKey),
    }
}

fn as_str(key: &[u8]) -> Result<&str, Doubt> {
    std::str::from_utf8(key).map_err(|_| Doubt::Encoding)
}
