//! The fast path for JSON: charts and entries are split off in memory. An entry as programs write it is read in one pass, any other by
//! serde_json.
//!
//! serde_json reads a slice several times as fast as a stream. So the document is split here, at the level of entries, and anything
//! unexpected is left to the full parsers, which continue at the last checkpoint: a few bytes, the prelude, open the same objects
//! and lists.

use std::io::{ErrorKind, Read};
use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2, memrchr};
use serde::de::{DeserializeOwned, DeserializeSeed, IgnoredAny};

use super::checkpoint::{Checkpoint, FlowPrelude, Position};
use super::document::{Entry, IndexBuilder, table_too_large};
use super::field_names::FieldNames;
use super::json_entry::{self, JsonEntry};
use super::scalar::LONGEST_KEY;
use super::table::{Index, IndexError};
use super::value::JsonText;

/// How much is read at one time.
const PIECE: usize = 64 << 10;
/// The largest entry, and the largest field beside `entries`, that is split off.
const MAX_PENDING: usize = 2 << 20;

/// The largest number of nested objects and lists in an entry.
const MAX_DEPTH: usize = 32;

/// Something that is left to the full parsers, which say what it is.
struct Unusual;

/// Reads a file that starts like JSON.
///
/// # Errors
///
/// The checkpoint from which the full parsers continue with `rest`.
pub(super) fn read(
    mut checkpoint: Checkpoint,
    rest: &mut impl Read,
) -> Result<Result<Index, IndexError>, Box<Checkpoint>> {
    let mut builder = IndexBuilder::new(&mut checkpoint);
    let text = std::mem::take(&mut checkpoint.pending);
    let place = Place { prelude: String::new(), position: Position::Start };
    let mut splitter = Splitter {
        rest,
        text,
        at: 0,
        start: 0,
        lines: 0,
        column: 0,
        place,
        has_stray_comma: false,
        is_yaml: true,
        names: FieldNames::default(),
    };
    match splitter.document(&mut builder) {
        Ok(()) => Ok(builder.finish()),
        Err(Unusual) if builder.is_full() => Ok(Err(table_too_large(splitter.line()))),
        Err(Unusual) => {
            let (index, fields) = builder.into_parts();
            Err(Box::new(splitter.into_checkpoint(Checkpoint { index, fields, ..checkpoint })))
        }
    }
}

/// What is open at a checkpoint.
struct Place {
    prelude: String,
    position: Position,
}

struct Splitter<'r, R> {
    rest: &'r mut R,
    /// The text from some place before the last checkpoint on.
    text: Vec<u8>,
    /// The end of what was read of it.
    at: usize,
    /// The last checkpoint.
    start: usize,
    /// The lines before the text, and the bytes before it in its first line.
    lines: u64,
    column: u64,
    place: Place,
    /// Whether there is a comma without an element behind it, which only YAML has.
    has_stray_comma: bool,
    /// Whether what was read so far is YAML as well.
    is_yaml: bool,
    /// Of the entry that is being read.
    names: FieldNames,
}

impl<R: Read> Splitter<'_, R> {
    fn document(&mut self, builder: &mut IndexBuilder) -> Result<(), Unusual> {
        self.expect(b'{')?;
        if self.peek()? == b'}' {
            return Ok(());
        }
        loop {
            self.checkpoint("{".to_owned(), Position::TopLevel);
            let field = self.key()?;
            // Repeated fields, and other cases of `entries`, have rules of their own.
            if field.eq_ignore_ascii_case("entries") && field != "entries" || builder.has_field(&field) {
                return Err(Unusual);
            }
            if field == "entries" {
                self.expect(b'{')?;
                builder.add_field(field);
                self.entries(builder)?;
                self.checkpoint("{\"entries\":{}".to_owned(), Position::Entries);
            } else {
                let value = self.value()?;
                self.peek_delimiter(b'}')?;
                self.parse::<IgnoredAny>(value.clone())?;
                self.check_yaml(value);
                builder.add_field(field);
            }
            if !self.goes_on(b'}')? {
                return Ok(());
            }
        }
    }

    /// The charts, up to the closing brace.
    fn entries(&mut self, builder: &mut IndexBuilder) -> Result<(), Unusual> {
        let prelude = || "{\"entries\":{".to_owned();
        self.checkpoint(prelude(), Position::Entries);
        if self.peek()? == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            let chart = self.key()?;
            self.expect(b'[')?;
            builder.open(&chart).map_err(|_| Unusual)?;
            let written = serde_json::to_string(&chart).map_err(|_| Unusual)?;
            let position = Position::Entry { column: 0, chart: chart.into() };
            self.versions(builder, &format!("{}{written}:[", prelude()), &position)?;
            self.checkpoint(format!("{}{written}:[]", prelude()), position);
            if !self.goes_on(b'}')? {
                return Ok(());
            }
            self.checkpoint(prelude(), Position::Entries);
        }
    }

    /// The entries of a chart, up to the closing bracket.
    fn versions(
        &mut self,
        builder: &mut IndexBuilder,
        prelude: &str,
        position: &Position,
    ) -> Result<(), Unusual> {
        self.checkpoint(prelude.to_owned(), position.clone());
        if self.peek()? == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            if !self.usual_entry(builder)? {
                self.entry(builder)?;
            }
            if !self.goes_on(b']')? {
                return Ok(());
            }
            self.move_checkpoint();
        }
    }

    /// Reads an entry as programs write it. Returns whether it is one, and is in memory to its end.
    fn usual_entry(&mut self, builder: &mut IndexBuilder) -> Result<bool, Unusual> {
        self.element()?;
        let text = self.text.get(self.at..).unwrap_or_default();
        let Some(JsonEntry { version, digest, created, length }) = json_entry::read(text, &mut self.names)
        else {
            return Ok(false);
        };
        let behind = text.get(length..).unwrap_or_default().trim_ascii_start();
        if !matches!(behind, [b',' | b']', ..]) {
            return Ok(false);
        }
        builder.add(version, digest, created).map_err(|_| Unusual)?;
        self.at += length;
        Ok(true)
    }

    /// Reads any other entry.
    fn entry(&mut self, builder: &mut IndexBuilder) -> Result<(), Unusual> {
        let entry = self.value()?;
        self.peek_delimiter(b']')?;
        let text = self.text.get(entry.clone()).filter(|text| text.starts_with(b"{")).ok_or(Unusual)?;
        let mut json = serde_json::Deserializer::from_slice(text);
        Entry::<JsonText>::new(builder).deserialize(&mut json).map_err(|_| Unusual)?;
        self.check_yaml(entry);
        Ok(())
    }

    /// A key and the colon behind it.
    fn key(&mut self) -> Result<String, Unusual> {
        if self.element()? != b'"' {
            return Err(Unusual);
        }
        let range = self.value()?;
        self.peek_delimiter(b':')?;
        let key = self.parse(range.clone())?;
        self.expect(b':')?;
        self.check_yaml(range.start..self.at);
        Ok(key)
    }

    fn parse<T: DeserializeOwned>(&self, range: Range<usize>) -> Result<T, Unusual> {
        serde_json::from_slice(self.text.get(range).ok_or(Unusual)?).map_err(|_| Unusual)
    }

    /// Notes whether what is JSON, a value or a key with its colon, is YAML, too.
    fn check_yaml(&mut self, range: Range<usize>) {
        let text = self.text.get(range).unwrap_or_default();
        let is_printable = |text: &str| !text.chars().any(is_not_printable);
        self.is_yaml &= std::str::from_utf8(text).is_ok_and(is_printable)
            && !has_lone_surrogate(text)
            && !has_long_key(text);
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Result<u8, Unusual> {
        loop {
            match self.text.get(self.at) {
                None => self.fill()?,
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(byte) => return Ok(*byte),
            }
        }
    }

    /// The first byte of the next element.
    fn element(&mut self) -> Result<u8, Unusual> {
        let first = self.peek()?;
        self.has_stray_comma = matches!(first, b',' | b'}' | b']');
        // A comment needs white space before it, and before the checkpoint is none.
        self.is_yaml &= first != b'#' || self.at > self.start;
        if self.has_stray_comma { Err(Unusual) } else { Ok(first) }
    }

    fn expect(&mut self, expected: u8) -> Result<(), Unusual> {
        if self.peek()? != expected {
            return Err(Unusual);
        }
        self.at += 1;
        Ok(())
    }

    /// Accepts a comma, or what closes the object or list, as the next byte.
    fn peek_delimiter(&mut self, close: u8) -> Result<(), Unusual> {
        let next = self.peek()?;
        if next == close || next == b',' && close != b':' { Ok(()) } else { Err(Unusual) }
    }

    /// Reads a comma, or what closes the object or list; returns whether it was the comma.
    fn goes_on(&mut self, close: u8) -> Result<bool, Unusual> {
        self.peek_delimiter(close)?;
        let goes_on = self.peek()? == b',';
        self.at += 1;
        Ok(goes_on)
    }

    /// The range of the next value. It is complete, and not verified.
    fn value(&mut self) -> Result<Range<usize>, Unusual> {
        self.element()?;
        let begin = self.at;
        let (mut depth, mut is_text) = (0_usize, false);
        loop {
            let text = self.text.get(self.at..).unwrap_or_default();
            let found = match (is_text, depth) {
                (true, _) => memchr2(b'"', b'\\', text),
                (false, 0) if self.at > begin => text.iter().position(|byte| ENDS_SCALAR[usize::from(*byte)]),
                _ => text.iter().position(|byte| STRUCTURE[usize::from(*byte)] || depth == 0),
            };
            let Some(offset) =
                found.filter(|offset| !is_text || text[*offset] == b'"' || offset + 1 < text.len())
            else {
                // A backslash at the end is looked at again with what follows.
                self.at += if is_text { found.unwrap_or(text.len()) } else { text.len() };
                self.fill()?;
                continue;
            };
            let byte = text[offset];
            self.at += offset;
            match (is_text, byte) {
                (true, b'"') => {
                    is_text = false;
                    self.at += 1;
                }
                (true, _) => {
                    self.at += 2;
                    continue;
                }
                // The end of a number, `true`, `false` or `null`.
                (false, _) if depth == 0 && self.at > begin => return Ok(begin..self.at),
                (false, b'"') => {
                    is_text = true;
                    self.at += 1;
                }
                (false, b'{' | b'[') => {
                    depth += 1;
                    if depth > MAX_DEPTH {
                        return Err(Unusual);
                    }
                    self.at += 1;
                }
                (false, b'}' | b']') => {
                    depth = depth.checked_sub(1).ok_or(Unusual)?;
                    self.at += 1;
                }
                (false, _) => {
                    self.at += 1;
                    continue;
                }
            }
            if depth == 0 && !is_text {
                return Ok(begin..self.at);
            }
        }
    }

    /// Sets the checkpoint to what follows.
    fn checkpoint(&mut self, prelude: String, position: Position) {
        self.place = Place { prelude, position };
        self.move_checkpoint();
    }

    /// Sets the checkpoint to what follows; the same is open there.
    fn move_checkpoint(&mut self) {
        self.start = self.at;
        if self.start >= PIECE {
            self.forget();
        }
    }

    /// Drops what is before the checkpoint.
    fn forget(&mut self) {
        let before = self.text.get(..self.start).unwrap_or_default();
        self.lines += memchr_iter(b'\n', before).count() as u64;
        self.column = match memrchr(b'\n', before) {
            Some(last) => (before.len() - last - 1) as u64,
            None => self.column + before.len() as u64,
        };
        self.text.drain(..self.start);
        self.at -= self.start;
        self.start = 0;
    }

    fn fill(&mut self) -> Result<(), Unusual> {
        let length = self.text.len();
        if length - self.start > MAX_PENDING {
            return Err(Unusual);
        }
        self.text.resize(length + PIECE, 0);
        let read = loop {
            match self.rest.read(self.text.get_mut(length..).unwrap_or_default()) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The full parsers read again, and have the error.
                Err(_) => break 0,
                Ok(read) => break read,
            }
        };
        self.text.truncate(length + read);
        if read == 0 { Err(Unusual) } else { Ok(()) }
    }

    /// The line that is being read, from 1.
    fn line(&self) -> u64 {
        self.lines + memchr_iter(b'\n', self.text.get(..self.at).unwrap_or_default()).count() as u64 + 1
    }

    fn into_checkpoint(mut self, checkpoint: Checkpoint) -> Checkpoint {
        self.forget();
        let Place { mut prelude, position } = self.place;
        // What is in one line, and short, could be the key of a mapping: `{a: b}: c`. For that the YAML parser looks at what follows, and
        // only then.
        if !prelude.is_empty() && (self.lines > 0 || self.column > LONGEST_KEY as u64) {
            prelude.insert(1, '\n');
        }
        let is_json = !self.has_stray_comma;
        let flow = FlowPrelude { text: prelude, column: self.column, is_json, is_yaml: self.is_yaml };
        let flow = (position != Position::Start).then_some(flow);
        Checkpoint { position, lines: self.lines, pending: self.text, flow, ..checkpoint }
    }
}

/// Whether a character, which may be in a text of JSON as it is, may only be written as an escape in YAML.
fn is_not_printable(character: char) -> bool {
    matches!(character, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')
}

/// Whether a text has an escape of half a character, which JSON parsers skip and YAML parsers refuse.
fn has_lone_surrogate(text: &[u8]) -> bool {
    let code = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut at = 0;
    while let Some(next) = text.get(at..).and_then(|rest| memchr(b'\\', rest)) {
        at += next;
        at += match code(at) {
            Some(0xd800..=0xdbff) if matches!(code(at + 6), Some(0xdc00..=0xdfff)) => 12,
            Some(0xd800..=0xdfff) => return true,
            _ => 2,
        };
    }
    false
}

/// Whether a text has a key that is longer, up to its colon, than one of YAML may be.
fn has_long_key(text: &[u8]) -> bool {
    let characters = |text: &[u8]| text.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    let mut rest = text;
    while rest.len() > LONGEST_KEY
        && let Some(start) = memchr(b'"', rest)
    {
        let mut end = start + 1;
        while let Some(offset) = memchr2(b'"', b'\\', rest.get(end..).unwrap_or_default()) {
            end += offset;
            if rest[end] == b'"' {
                break;
            }
            end += 2;
        }
        let behind = rest.get(end + 1..).unwrap_or_default();
        let space = behind.len() - behind.trim_ascii_start().len();
        if behind.get(space) == Some(&b':')
            && characters(rest.get(start..end + 1 + space).unwrap_or_default()) > LONGEST_KEY
        {
            return true;
        }
        rest = behind;
    }
    false
}

/// What opens or closes a text, an object or a list.
const STRUCTURE: [bool; 256] = table(b"\"{}[]");
/// What ends a number, `true`, `false` or `null`.
const ENDS_SCALAR: [bool; 256] = table(b",:{}[]\" \t\r\n");

const fn table(bytes: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
}
