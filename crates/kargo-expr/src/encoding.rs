//! Values as strings and back: as Go prints them, as JSON, as Base64.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use go_compat::GoDuration;
use go_compat::time::{MONTHS, RFC3339, RFC3339_NANO, WEEKDAYS};
use go_compat::utf8::to_text;

use crate::budget::Budget;
use crate::error::Failure;
use crate::kind::MapKind;
use crate::time::Location;
use crate::value::{ElementType, Key, Value, new_list, new_map};

// As Go prints them.

/// Go's `%v`: what `string()` gives, and what is read as a truth value in the end.
pub(crate) fn display(value: &Value) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    let mut budget = Budget::new();
    write_display(&mut text, value, &mut budget)?;
    Ok(text)
}

/// As [`display`], within a budget.
pub(crate) fn write_display(text: &mut Vec<u8>, value: &Value, budget: &mut Budget) -> Result<(), Failure> {
    budget.work(2)?;
    let start = text.len();
    match value {
        Value::Nil => text.extend(b"<nil>"),
        Value::Bool(value) => text.extend(value.to_string().bytes()),
        Value::Int(value) => text.extend(value.to_string().bytes()),
        Value::Float(value) => text.extend(general_float(*value).bytes()),
        Value::Text(value) => text.extend(value.iter()),
        Value::Bytes(value) => {
            let bytes: Vec<String> = value.iter().map(u8::to_string).collect();
            text.extend(format!("[{}]", bytes.join(" ")).bytes());
        }
        Value::List(list) => {
            text.push(b'[');
            for (index, item) in list.items().iter().enumerate() {
                if index > 0 {
                    text.push(b' ');
                }
                write_display(text, item, budget)?;
            }
            text.push(b']');
        }
        Value::Map(map) => {
            text.extend(b"map[");
            for (index, (key, item)) in map.entries().iter().enumerate() {
                if index > 0 {
                    text.push(b' ');
                }
                write_display(text, &key.to_value(), budget)?;
                text.push(b':');
                write_display(text, item, budget)?;
            }
            text.push(b']');
        }
        Value::Time(time) | Value::Timestamp(time) => text.extend(time.to_go_string().bytes()),
        Value::Duration(value) => text.extend(GoDuration::from_nanoseconds(*value).to_string().bytes()),
        Value::Month(month) => text.extend(name(&MONTHS, usize::from(*month).wrapping_sub(1)).bytes()),
        Value::Weekday(day) => text.extend(name(&WEEKDAYS, usize::from(*day)).bytes()),
        Value::Location(location) => text.extend(location.name().bytes()),
        Value::Version(version) => text.extend(version.to_string().bytes()),
        Value::Function => text.extend(b"a function"),
        Value::Record(record) => {
            text.push(b'{');
            for (index, item) in record.fields().iter().enumerate() {
                if index > 0 {
                    text.push(b' ');
                }
                write_display(text, item, budget)?;
            }
            text.push(b'}');
        }
    }
    budget.bytes(text.len() - start)
}

fn name(names: &[&'static str], index: usize) -> &'static str {
    names.get(index).copied().unwrap_or("?")
}

/// What Go prints for the value; a broken byte of a text is shown as U+FFFD.
impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = display(self).unwrap_or_default();
        formatter.write_str(&to_text(&written))
    }
}

// JSON.

/// Writes a value with two spaces of indentation.
pub(crate) fn write(value: &Value, budget: &mut Budget) -> Result<String, Failure> {
    let mut text = String::new();
    write_value(&mut text, value, 0, budget)?;
    Ok(text)
}

fn write_value(text: &mut String, value: &Value, indent: usize, budget: &mut Budget) -> Result<(), Failure> {
    budget.work(2)?;
    let start = text.len();
    match value {
        Value::Time(time) | Value::Timestamp(time) if !(0..=9999).contains(&time.civil().year) => {
            return Err(Failure::new("a year of more or less than four digits cannot be written as JSON"));
        }
        _ if value.is_nil() => text.push_str("null"),
        Value::Nil => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) | Value::Duration(value) => text.push_str(&value.to_string()),
        Value::Month(value) | Value::Weekday(value) => text.push_str(&value.to_string()),
        Value::Float(value) => text.push_str(&json_float(*value)?),
        Value::Text(value) => write_text(text, value),
        Value::Bytes(value) => write_text(text, base64_encode(value).as_bytes()),
        Value::Time(time) => write_text(text, time.format(RFC3339_NANO).as_bytes()),
        Value::Timestamp(time) => {
            let time = time.with_location(Location::Utc).format(RFC3339);
            write_text(text, time.as_bytes());
        }
        Value::List(list) => {
            let items = list.items().iter().map(|item| (None, item));
            write_all(text, ('[', ']'), items, indent, budget)?;
        }
        Value::Map(map) if !matches!(map.kind(), MapKind::TextToAny | MapKind::TextToText) => {
            return Err(Failure::new("a map with keys of any type cannot be written as JSON"));
        }
        Value::Map(map) => {
            let mut entries = Vec::with_capacity(map.entries().len());
            for (key, item) in map.entries() {
                entries.push((Some(key_text(key)), item));
            }
            write_all(text, ('{', '}'), entries.into_iter(), indent, budget)?;
        }
        Value::Version(version) => write_text(text, version.to_string().as_bytes()),
        Value::Location(_) => text.push_str("{}"),
        Value::Record(record) => {
            let mut fields = Vec::new();
            let named = record.kind().fields.iter().map(|(name, _)| *name);
            for (name, item) in named.zip(record.fields()) {
                if !is_left_out(record.kind().name, name, item) {
                    fields.push((field_name(name), item));
                }
            }
            let fields: Vec<_> = fields.iter().map(|(name, item)| (Some(name.as_bytes()), *item)).collect();
            write_all(text, ('{', '}'), fields.into_iter(), indent, budget)?;
        }
        Value::Function => return Err(Failure::new("a function cannot be written as JSON")),
    }
    budget.bytes(text.len() - start)
}

fn write_all<'v>(
    text: &mut String,
    (open, close): (char, char),
    entries: impl ExactSizeIterator<Item = (Option<&'v [u8]>, &'v Value)>,
    indent: usize,
    budget: &mut Budget,
) -> Result<(), Failure> {
    text.push(open);
    let count = entries.len();
    for (index, (key, item)) in entries.enumerate() {
        text.push_str(if index > 0 { ",\n" } else { "\n" });
        text.extend(std::iter::repeat_n("  ", indent + 1));
        if let Some(key) = key {
            write_text(text, key);
            text.push_str(": ");
        }
        write_value(text, item, indent + 1, budget)?;
    }
    if count > 0 {
        text.push('\n');
        text.extend(std::iter::repeat_n("  ", indent));
    }
    text.push(close);
    Ok(())
}

/// The name of a record's field in JSON, as the tags of Kargo's types have it: `repoURL`, `id`, `createdAt`.
fn field_name(name: &str) -> String {
    match name {
        "ID" => "id".to_owned(),
        name => {
            let mut letters = name.chars();
            letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
        }
    }
}

/// Whether Kargo leaves a field out of JSON: one without a value, but for those that are always there.
fn is_left_out(record: &str, name: &str, value: &Value) -> bool {
    match value {
        _ if record == "DiscoveredImageReference" && matches!(name, "Tag" | "Digest") => false,
        _ if record == "ArtifactReference" && matches!(name, "SubscriptionName" | "Version") => false,
        Value::Text(text) => text.is_empty(),
        Value::Map(map) => map.entries().is_empty(),
        value => value.is_nil() || matches!(value, Value::Nil),
    }
}

fn key_text(key: &Key) -> &[u8] {
    match key {
        Key::Text(text) => text,
        _ => b"",
    }
}

fn write_text(text: &mut String, value: &[u8]) {
    text.push('"');
    for chunk in value.utf8_chunks() {
        chunk.valid().chars().for_each(|character| write_character(text, character));
        chunk.invalid().iter().for_each(|_| text.push_str("\\ufffd"));
    }
    text.push('"');
}

fn write_character(text: &mut String, character: char) {
    match character {
        '"' => text.push_str("\\\""),
        '\\' => text.push_str("\\\\"),
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        '\u{8}' => text.push_str("\\b"),
        '\u{c}' => text.push_str("\\f"),
        '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\u{:04x}", u32::from(character));
        }
        _ => text.push(character),
    }
}

fn json_float(value: f64) -> Result<String, Failure> {
    if !value.is_finite() {
        return Err(Failure::new("the number cannot be written as JSON"));
    }
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        // `1e-07` is written `1e-7`.
        return Ok(exponent(value, 1));
    }
    Ok(format!("{value}"))
}

/// Go's `%v` of a float: the shortest digits, with an exponent below 1e-4 and from 1e6.
pub(crate) fn general_float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() };
    }
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e6).contains(&size) {
        return exponent(value, 2);
    }
    format!("{value}")
}

/// `1.5e+30`, the exponent with at least this many digits where it is negative.
fn exponent(value: f64, digits: usize) -> String {
    let written = format!("{value:e}");
    match written.split_once('e') {
        Some((mantissa, exponent)) => match exponent.strip_prefix('-') {
            Some(exponent) => format!("{mantissa}e-{exponent:0>digits$}"),
            None => format!("{mantissa}e+{exponent:0>2}"),
        },
        None => written,
    }
}

/// Reads JSON; every number is a float.
pub(crate) fn read(text: &[u8], budget: &mut Budget) -> Result<Value, Failure> {
    budget.bytes(text.len())?;
    let text = String::from_utf8_lossy(text);
    let mut reader = Reader { text: &text, position: 0 };
    let value = reader.value(0, budget)?;
    reader.skip_space();
    if reader.position == text.len() { Ok(value) } else { Err(reader.error()) }
}

struct Reader<'t> {
    text: &'t str,
    position: usize,
}

/// How deep JSON may nest.
const MAX_JSON_DEPTH: usize = 90;

impl Reader<'_> {
    fn error(&self) -> Failure {
        Failure::new(format!("invalid JSON at byte {}", self.position))
    }

    fn rest(&self) -> &str {
        &self.text[self.position..]
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.position += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn accept(&mut self, token: &str) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(token);
        if found {
            self.position += token.len();
        }
        found
    }

    fn value(&mut self, depth: usize, budget: &mut Budget) -> Result<Value, Failure> {
        budget.work(4)?;
        if depth > MAX_JSON_DEPTH {
            return Err(Failure::new("the JSON nests too deeply"));
        }
        self.skip_space();
        match self.rest().bytes().next() {
            Some(b'{') => self.object(depth, budget),
            Some(b'[') => self.array(depth, budget),
            Some(b'"') => Ok(Value::text(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ if self.accept("true") => Ok(Value::Bool(true)),
            _ if self.accept("false") => Ok(Value::Bool(false)),
            _ if self.accept("null") => Ok(Value::Nil),
            _ => Err(self.error()),
        }
    }

    fn array(&mut self, depth: usize, budget: &mut Budget) -> Result<Value, Failure> {
        self.position += 1;
        let mut items = Vec::new();
        if !self.accept("]") {
            loop {
                items.push(self.value(depth + 1, budget)?);
                if self.accept("]") {
                    break;
                }
                if !self.accept(",") {
                    return Err(self.error());
                }
            }
        }
        new_list(ElementType::Any, items)
    }

    fn object(&mut self, depth: usize, budget: &mut Budget) -> Result<Value, Failure> {
        self.position += 1;
        let mut entries = BTreeMap::new();
        if !self.accept("}") {
            loop {
                self.skip_space();
                if !self.rest().starts_with('"') {
                    return Err(self.error());
                }
                let key = self.string()?;
                if !self.accept(":") {
                    return Err(self.error());
                }
                let value = self.value(depth + 1, budget)?;
                entries.insert(Key::Text(key.as_bytes().into()), value);
                if self.accept("}") {
                    break;
                }
                if !self.accept(",") {
                    return Err(self.error());
                }
            }
        }
        new_map(MapKind::TextToAny, entries)
    }

    fn number(&mut self) -> Result<Value, Failure> {
        let rest = self.rest();
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let mut length = usize::from(rest.starts_with('-'));
        let whole = digits(&rest[length..]);
        if whole == 0 || whole > 1 && rest[length..].starts_with('0') {
            return Err(self.error());
        }
        length += whole;
        if rest[length..].starts_with('.') {
            let fraction = digits(&rest[length + 1..]);
            if fraction == 0 {
                return Err(self.error());
            }
            length += 1 + fraction;
        }
        if rest[length..].starts_with(['e', 'E']) {
            let sign = usize::from(rest[length + 1..].starts_with(['+', '-']));
            let exponent = digits(&rest[length + 1 + sign..]);
            if exponent == 0 {
                return Err(self.error());
            }
            length += 1 + sign + exponent;
        }
        let value: f64 = rest[..length].parse().map_err(|_| self.error())?;
        if !value.is_finite() {
            return Err(Failure::new("a number in JSON is too large"));
        }
        self.position += length;
        Ok(Value::Float(value))
    }

    fn string(&mut self) -> Result<String, Failure> {
        self.position += 1;
        let mut value = String::new();
        loop {
            let Some(next) = self.rest().chars().next() else { return Err(self.error()) };
            self.position += next.len_utf8();
            match next {
                '"' => return Ok(value),
                '\\' => self.escape(&mut value)?,
                '\0'..='\u{1f}' => return Err(self.error()),
                _ => value.push(next),
            }
        }
    }

    fn escape(&mut self, value: &mut String) -> Result<(), Failure> {
        let Some(next) = self.rest().bytes().next() else { return Err(self.error()) };
        value.push(match next {
            b'"' | b'\\' | b'/' => char::from(next),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.position += 1;
                let unit = self.unit()?;
                value.push(self.character(unit));
                return Ok(());
            }
            _ => return Err(self.error()),
        });
        self.position += 1;
        Ok(())
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Result<u32, Failure> {
        let digits =
            self.rest().get(..4).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.error())?;
        self.position += 4;
        Ok(unit)
    }

    /// The character of a code unit, together with the second half of a pair if it is there.
    fn character(&mut self, unit: u32) -> char {
        if (0xD800..0xDC00).contains(&unit) && self.rest().starts_with("\\u") {
            let position = self.position;
            self.position += 2;
            if let Ok(low @ 0xDC00..0xE000) = self.unit() {
                let code = 0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                return char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            }
            self.position = position;
        }
        char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

// Base64 with padding (RFC 4648, section 4).

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn base64_encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for index in 0..4 {
            let digit = ALPHABET[(group >> (18 - 6 * index) & 63) as usize];
            text.push(if index <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

/// `None` for what is not Base64. Line breaks do not count.
pub(crate) fn base64_decode(text: &[u8]) -> Option<Vec<u8>> {
    let text: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let digits = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(&text);
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for chunk in digits.chunks(4) {
        let mut group = 0_u32;
        for index in 0..4 {
            let value = match chunk.get(index) {
                Some(digit) => ALPHABET.iter().position(|other| other == digit)?,
                None => 0,
            };
            group = group << 6 | u32::try_from(value).ok()?;
        }
        let [_, first, second, third] = group.to_be_bytes();
        bytes.extend([first, second, third].into_iter().take(chunk.len().checked_sub(1)?));
    }
    Some(bytes)
}
