//! `toJSON` and `fromJSON`, as Go's `encoding/json` writes and reads.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::budget::Budget;
use super::error::Failure;
use super::kind::MapKind;
use super::operator::{new_list, new_map};
use super::time::{Location, RFC3339, RFC3339_NANO};
use super::value::{ElementType, Key, Value};

/// Writes a value with two spaces of indentation.
pub(super) fn write(value: &Value, budget: &mut Budget) -> Result<String, Failure> {
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
        Value::Bytes(value) => write_text(text, super::base64::encode(value).as_bytes()),
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
pub(super) fn general_float(value: f64) -> String {
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
pub(super) fn read(text: &[u8], budget: &mut Budget) -> Result<Value, Failure> {
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
