//! Which levels are open, and what a line means among them.

use super::doubt::Doubt;
use super::entry::Entry;
use super::handover::Place;
use super::key::{as_str, key_and_value};
use super::scalar::{self, Start};
use super::table::Index;

pub(super) const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// Deeper than any index is, and well below what full parsers are allowed.
const MOST_LEVELS: usize = 32;
/// How many fields are told apart beside `entries`.
const MOST_FIELDS: usize = 256;

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

/// All that the lexer knows about the lines it has seen.
#[derive(Debug, Default)]
pub(super) struct State {
    mode: Mode,
    levels: Vec<Level>,
    pub(super) started: bool,
    in_entries: bool,

    /// Where in the pending bytes the last checkpoint is, and how many lines stand before it.
    pub(super) checkpoint: usize,
    pub(super) lines: u64,
    /// Lines since the checkpoint.
    lines_since: u64,
    /// The rest is as it was at the checkpoint.
    pub(super) place: Place,
    pub(super) index: Index,
    pub(super) fields: Vec<Box<str>>,

    /// What was begun at the checkpoint and becomes certain at the next one.
    field: Option<Box<str>>,
    chart: Option<Box<str>>,
    entry: Entry,
}

impl State {
    /// Takes a line, which stands at `offset` in the pending bytes.
    pub(super) fn line(&mut self, line: &[u8], offset: usize) -> Result<(), Doubt> {
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
            self.entry.open();
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
                // Helm takes any case, and which of several counts is for the full parser to say.
                if key != b"entries" && key.eq_ignore_ascii_case(b"entries") {
                    return Err(Doubt::Shape);
                }
                self.field = Some(name.into());
                self.in_entries = key == b"entries";
                if self.in_entries && !matches!(value, b"" | b"{}") {
                    return Err(Doubt::Shape);
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
            4 if self.entry.is_open => {
                self.entry.add(key)?;
                if key == b"version" {
                    self.entry.version.push_str(scalar::version(value)?);
                    return Ok(());
                }
                if key.eq_ignore_ascii_case(b"version") {
                    return Err(Doubt::Shape);
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
        if std::mem::take(&mut self.entry.is_open) {
            self.index.push(&self.entry.version);
        }
    }

    pub(super) fn end(&mut self) -> Result<Index, Doubt> {
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
