//! Classes of characters, in brackets and as escapes.

use std::fmt::Write as _;

use super::error::{Fault, GoRegexSyntaxError};
use super::escape::{Escape, read_escape};
use super::operand::Flags;
use super::unicode::{self, NOTHING};

/// A class, translated.
pub(super) struct Class {
    pub(super) translation: String,
    /// The length of what was translated, in bytes.
    pub(super) length: usize,
    /// How many characters the engine has to visit to ignore their case.
    pub(super) folded: u32,
}

/// Translates the class in brackets that `text` begins with.
pub(super) fn translate_class(text: &str, flags: Flags) -> Result<Class, Fault> {
    let mut reader = ClassReader { text, position: 1, items: String::new(), size: 0, properties: 0 };
    let negated = reader.skip('^');
    let mut first = true; // a `]` that comes first is a literal
    while first || !reader.rest().starts_with(']') {
        first = false;
        reader.read_item()?;
    }
    let class = match (reader.items.as_str(), negated) {
        ("", false) => NOTHING.to_owned(),
        ("", true) => r"[\x00-\x{10FFFF}]".to_owned(),
        (items, false) => format!("[{items}]"),
        (items, true) => format!("[^{items}]"),
    };
    let folded = reader.size.min(u32::from(char::MAX)).saturating_add(reader.properties);
    Ok(with_flags(class, reader.position + 1, folded, flags))
}

/// Translates the class that `text` begins with, if it begins with an escape of one: `\d`, `\pN`.
pub(super) fn translate_class_escape(text: &str, flags: Flags) -> Result<Option<Class>, Fault> {
    let Some((item, length)) = read_class_escape(text)? else {
        return Ok(None);
    };
    let folded = property_size(&item);
    let class = if is_class(&item) { item } else { format!("[{item}]") };
    Ok(Some(with_flags(class, length, folded, flags)))
}

fn with_flags(class: String, length: usize, folded: u32, flags: Flags) -> Class {
    if flags.ignore_case {
        Class { translation: format!("(?i:{class})"), length, folded }
    } else {
        Class { translation: class, length, folded: 0 }
    }
}

fn is_property(item: &str) -> bool {
    item.starts_with(r"\p") || item.starts_with(r"\P")
}

/// Whether an item is a class of its own, which may be as large as they get.
fn is_class(item: &str) -> bool {
    item.starts_with("[^") || is_property(item)
}

/// About as many characters as the largest properties that have cases hold; 0 for other items.
fn property_size(item: &str) -> u32 {
    if is_property(item) { 0x2_0000 } else { 0 }
}

struct ClassReader<'t> {
    text: &'t str,
    position: usize,
    items: String,
    /// An upper bound of the number of characters in `items`, more than once if they overlap.
    size: u32,
    /// The part of `items` that the engine reads apart from the whole.
    properties: u32,
}

impl<'t> ClassReader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn skip(&mut self, expected: char) -> bool {
        let found = self.rest().starts_with(expected);
        self.position += if found { expected.len_utf8() } else { 0 };
        found
    }

    fn read_item(&mut self) -> Result<(), Fault> {
        if let Some((item, length)) = read_named(self.rest()).map_err(|fault| self.fault(fault))? {
            self.push(item, length);
            return Ok(());
        }
        let escape = read_class_escape(self.rest()).map_err(|fault| self.fault(fault))?;
        if let Some((item, length)) = escape {
            self.push(&item, length);
            return Ok(());
        }
        let start = self.position;
        let low = self.read_character()?;
        let mut high = low;
        let rest = self.rest();
        if rest.starts_with('-') && rest.len() > 1 && !rest.starts_with("-]") {
            self.position += 1;
            high = self.read_character()?;
            if high < low {
                return Err((start, GoRegexSyntaxError::InvalidClass));
            }
        }
        push_range(&mut self.items, low, high);
        self.size = self.size.saturating_add(high - low + 1);
        Ok(())
    }

    fn push(&mut self, item: &str, length: usize) {
        self.items.push_str(item);
        self.position += length;
        let size = if is_class(item) { u32::from(char::MAX) } else { 128 };
        self.size = self.size.saturating_add(size);
        self.properties = self.properties.saturating_add(property_size(item));
    }

    fn read_character(&mut self) -> Result<u32, Fault> {
        let rest = self.rest();
        let (code, length) = match rest.chars().next() {
            None => return Err((0, GoRegexSyntaxError::MissingBracket)),
            Some('\\') => {
                let Escape { code, length } = read_escape(rest).map_err(|fault| self.fault(fault))?;
                (code, length)
            }
            Some(literal) => (literal.into(), literal.len_utf8()),
        };
        self.position += length;
        Ok(code)
    }

    fn fault(&self, (offset, error): Fault) -> Fault {
        (self.position + offset, error)
    }
}

/// Writes a range of code points, without the surrogates, which no text has.
fn push_range(items: &mut String, low: u32, high: u32) {
    let low = if (0xD800..=0xDFFF).contains(&low) { 0xE000 } else { low };
    let high = if (0xD800..=0xDFFF).contains(&high) { 0xD7FF } else { high };
    let _ = match low.cmp(&high) {
        std::cmp::Ordering::Less => write!(items, r"\x{{{low:X}}}-\x{{{high:X}}}"),
        std::cmp::Ordering::Equal => write!(items, r"\x{{{low:X}}}"),
        std::cmp::Ordering::Greater => Ok(()),
    };
}

/// `\d`, `\D` and their like, and `\p{Greek}`, `\PN`, `\p{^Lu}`.
fn read_class_escape(text: &str) -> Result<Option<(String, usize)>, Fault> {
    let Some(escaped) = text.strip_prefix('\\') else {
        return Ok(None);
    };
    let class = match escaped.as_bytes().first() {
        Some(b'd') => "0-9",
        Some(b'D') => "[^0-9]",
        Some(b's') => r"\t\n\f\r ",
        Some(b'S') => r"[^\t\n\f\r ]",
        Some(b'w') => "0-9A-Z_a-z",
        Some(b'W') => "[^0-9A-Z_a-z]",
        Some(b'p' | b'P') => {
            return unicode::read(text).map(Some).ok_or((0, GoRegexSyntaxError::InvalidClass));
        }
        _ => return Ok(None),
    };
    Ok(Some((class.to_owned(), 2)))
}

/// `[:alpha:]` and its like. Without a closing `:]`, a `[` is a literal.
fn read_named(text: &str) -> Result<Option<(&'static str, usize)>, Fault> {
    let Some(length) = text.strip_prefix("[:").and_then(|rest| rest.find(":]")).map(|length| length + 4)
    else {
        return Ok(None);
    };
    let item = match text.get(..length).unwrap_or_default() {
        "[:alnum:]" => "0-9A-Za-z",
        "[:^alnum:]" => "[^0-9A-Za-z]",
        "[:alpha:]" => "A-Za-z",
        "[:^alpha:]" => "[^A-Za-z]",
        "[:ascii:]" => r"\x00-\x7F",
        "[:^ascii:]" => r"[^\x00-\x7F]",
        "[:blank:]" => r"\t ",
        "[:^blank:]" => r"[^\t ]",
        "[:cntrl:]" => r"\x00-\x1F\x7F",
        "[:^cntrl:]" => r"[^\x00-\x1F\x7F]",
        "[:digit:]" => "0-9",
        "[:^digit:]" => "[^0-9]",
        "[:graph:]" => r"\x21-\x7E",
        "[:^graph:]" => r"[^\x21-\x7E]",
        "[:lower:]" => "a-z",
        "[:^lower:]" => "[^a-z]",
        "[:print:]" => r"\x20-\x7E",
        "[:^print:]" => r"[^\x20-\x7E]",
        "[:punct:]" => r"\x21-\x2F\x3A-\x40\x5B-\x60\x7B-\x7E",
        "[:^punct:]" => r"[^\x21-\x2F\x3A-\x40\x5B-\x60\x7B-\x7E]",
        "[:space:]" => r"\x09-\x0D\x20",
        "[:^space:]" => r"[^\x09-\x0D\x20]",
        "[:upper:]" => "A-Z",
        "[:^upper:]" => "[^A-Z]",
        "[:word:]" => "0-9A-Z_a-z",
        "[:^word:]" => "[^0-9A-Z_a-z]",
        "[:xdigit:]" => "0-9A-Fa-f",
        "[:^xdigit:]" => "[^0-9A-Fa-f]",
        _ => return Err((0, GoRegexSyntaxError::InvalidClass)),
    };
    Ok(Some((item, length)))
}
