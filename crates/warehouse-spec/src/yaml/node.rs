//! A YAML document as a tree with the location of every node, and the types of unquoted scalars by the rules of
//! YAML 1.1 as the YAML library of Kubernetes applies them.

use serde_json::Value as Json;

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) mark: Mark,
    pub(crate) value: Value,
    /// What YAML took a part of the text for, when that part is lost.
    pub(crate) misread: Option<Misread>,
    /// The text on its line, if YAML reads it as something else than a string.
    pub(crate) written: Option<Box<str>>,
    /// How many levels of mappings and lists are in it; bounded, so walks may recurse.
    pub(crate) height: usize,
    /// How many nodes it is, itself included.
    pub(crate) size: usize,
    /// How many bytes of text it holds.
    pub(crate) bytes: usize,
}

/// Where a node was written: the line and column of its start, counted from 1, and how many characters of that line it takes; and its
/// first byte and the one after its last in the text. All of them are 0 for what was never written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) width: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Mark {
    /// The start of the text.
    pub(crate) fn first() -> Self {
        Self { line: 1, column: 1, width: 1, start: 0, end: 0 }
    }
}

/// What YAML takes the start of an unquoted text for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misread {
    /// `!text`.
    Tag,
    /// `&text` and no value after it.
    Anchor,
    /// `>1` or `|` and no lines under it.
    BlockHead,
}

impl Misread {
    /// The noun that messages use.
    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::Tag => "a YAML tag",
            Self::Anchor => "a YAML anchor",
            Self::BlockHead => "the head of a block of text",
        }
    }
}

/// What a node holds.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    Mapping(Vec<(Node, Node)>),
    /// `*name` where nothing of that name came before.
    UnknownAlias(String),
}

/// A text, and whether YAML may read something else in it.
#[derive(Clone, Debug)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    pub(crate) kind: ScalarKind,
    /// Whether it was written without quotation marks.
    pub(crate) plain: bool,
    /// Whether it was written in lines of its own after `|` or `>`.
    pub(crate) block: bool,
    /// Whether a comment follows it on its line.
    pub(crate) commented: bool,
}

/// What a scalar is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ScalarKind {
    Null,
    Boolean(bool),
    Integer(i64),
    /// A number that is not an integer of 64 bits.
    Float,
    Text,
}

impl Node {
    pub(crate) fn new(mark: Mark, value: Value) -> Self {
        let (height, size, bytes) = match &value {
            Value::Scalar(scalar) => (0, 1, scalar.text.len()),
            Value::UnknownAlias(name) => (0, 1, name.len()),
            Value::List(items) => measure(items.iter()),
            Value::Mapping(entries) => measure(entries.iter().flat_map(|(key, value)| [key, value])),
        };
        Self { mark, value, misread: None, written: None, height, size, bytes }
    }

    /// The text of a scalar, of any type in YAML.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    /// Whether this key asks for another mapping to be merged in.
    pub(crate) fn is_merge_key(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.plain && scalar.text == "<<")
    }

    pub(crate) fn is_null(&self) -> bool {
        self.misread.is_none()
            && matches!(&self.value, Value::Scalar(scalar) if scalar.kind == ScalarKind::Null)
    }

    /// Whether it is written as a block of text, behind `|` or `>`.
    pub(crate) fn is_block(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.block)
    }

    /// The value of a key of a mapping, without reporting anything; the last one counts.
    pub(crate) fn get(&self, name: &str) -> Option<&Node> {
        match &self.value {
            Value::Mapping(entries) => {
                entries.iter().rev().find(|(key, _)| key.text() == Some(name)).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// What the node is, for a sentence: `a list`, `the number 1.10`.
    pub(crate) fn describe(&self) -> String {
        match &self.value {
            Value::Scalar(scalar) => match scalar.kind {
                ScalarKind::Null if scalar.text.is_empty() => "nothing".to_owned(),
                ScalarKind::Null => format!("`{}` as nothing", scalar.text),
                ScalarKind::Boolean(_) => format!("the boolean `{}`", scalar.text),
                ScalarKind::Integer(_) | ScalarKind::Float => {
                    format!("the number `{}`", scalar.text)
                }
                ScalarKind::Text => "a string".to_owned(),
            },
            Value::List(_) => "a list".to_owned(),
            Value::Mapping(_) => "a mapping".to_owned(),
            Value::UnknownAlias(name) => format!("the YAML alias `*{name}`"),
        }
    }

    /// The node as JSON, as Kubernetes would be sent it. A mapping's later keys replace earlier ones.
    pub(crate) fn to_json(&self) -> Json {
        match &self.value {
            Value::Scalar(scalar) => match scalar.kind {
                ScalarKind::Null => Json::Null,
                ScalarKind::Boolean(value) => Json::Bool(value),
                ScalarKind::Integer(value) => Json::from(value),
                ScalarKind::Float => {
                    scalar.text.parse::<f64>().map_or_else(|_| Json::String(scalar.text.clone()), Json::from)
                }
                ScalarKind::Text => Json::String(scalar.text.clone()),
            },
            Value::UnknownAlias(_) => Json::Null,
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Mapping(entries) => entries
                .iter()
                .filter_map(|(key, value)| Some((key.text()?.to_owned(), value.to_json())))
                .collect(),
        }
    }

    /// JSON as a tree without places; nothing where it is nested deeper than this.
    pub(crate) fn from_json(json: &Json, depth: usize) -> Option<Self> {
        let scalar = |text: String, kind| {
            Value::Scalar(Scalar { text, kind, plain: false, block: false, commented: false })
        };
        let value = match json {
            Json::Null => scalar(String::new(), ScalarKind::Null),
            Json::Bool(value) => scalar(value.to_string(), ScalarKind::Boolean(*value)),
            Json::Number(number) => {
                scalar(number.to_string(), number.as_i64().map_or(ScalarKind::Float, ScalarKind::Integer))
            }
            Json::String(text) => scalar(text.clone(), ScalarKind::Text),
            Json::Array(items) => {
                let depth = depth.checked_sub(1)?;
                Value::List(items.iter().map(|item| Self::from_json(item, depth)).collect::<Option<_>>()?)
            }
            Json::Object(entries) => {
                let depth = depth.checked_sub(1)?;
                let entry = |(key, value): (&String, &Json)| {
                    let key = scalar(key.clone(), ScalarKind::Text);
                    Some((Self::new(Mark::default(), key), Self::from_json(value, depth)?))
                };
                Value::Mapping(entries.iter().map(entry).collect::<Option<_>>()?)
            }
        };
        Some(Self::new(Mark::default(), value))
    }
}

/// Height, size and bytes of a collection of these nodes.
fn measure<'a>(nodes: impl Iterator<Item = &'a Node>) -> (usize, usize, usize) {
    nodes.fold((1, 1, 0), |(height, size, bytes), node| {
        (height.max(node.height + 1), size + node.size, bytes + node.bytes)
    })
}

/// What a plain scalar is. Timestamps are texts, as Kubernetes has it.
pub(super) fn resolve(text: &str) -> ScalarKind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return ScalarKind::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return ScalarKind::Boolean(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return ScalarKind::Boolean(false);
        }
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf"
        | "-.Inf" | "-.INF" => return ScalarKind::Float,
        _ => {}
    }
    let looks_like_number = text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first));
    if !looks_like_number {
        return ScalarKind::Text;
    }
    // Underscores are for reading. After a leading point they must be between digits.
    if text.starts_with('.') && !separates_digits(text) {
        return ScalarKind::Text;
    }
    let plain = text.replace('_', "");
    integer(&plain).or_else(|| is_float(&plain).then_some(ScalarKind::Float)).unwrap_or(ScalarKind::Text)
}

/// Whether every underscore is between two digits.
fn separates_digits(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    text.match_indices('_').all(|(at, _)| is_digit(at.checked_sub(1)) && is_digit(Some(at + 1)))
}

/// An integer in decimal, or in base 2, 8 or 16 with Go's prefixes.
fn integer(text: &str) -> Option<ScalarKind> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    let is_number = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    if !is_number {
        return None;
    }
    Some(
        i64::from_str_radix(&format!("{sign}{digits}"), radix).map_or(ScalarKind::Float, ScalarKind::Integer),
    )
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (number, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let number_fits = match number.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => !number.is_empty() && digits(number),
    };
    // A number that 64 bits cannot hold is a text again.
    number_fits
        && text.parse::<f64>().is_ok_and(f64::is_finite)
        && exponent.is_none_or(|exponent| {
            let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            !exponent.is_empty() && digits(exponent)
        })
}

/// The path of a key within the value of a path: `spec.subscriptions`, or `labels["app.kubernetes.io/name"]`.
pub(crate) fn child(path: &str, key: &str) -> String {
    let is_plain = !key.is_empty()
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    match (path, is_plain) {
        ("", true) => key.to_owned(),
        (path, true) => format!("{path}.{key}"),
        (path, false) => format!("{path}[{key:?}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::ScalarKind::{self, Boolean, Float, Integer, Null, Text};
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: ScalarKind) {
        assert_eq!(resolve(text), expected, "{text:?}");
    }

    #[test]
    fn words() {
        check("", Null);
        check("~", Null);
        check("on", Boolean(true));
        check("No", Boolean(false));
        check("yEs", Text);
        check("main", Text);
    }

    #[test]
    fn numbers() {
        check("20", Integer(20));
        check("-1", Integer(-1));
        check("0x1F", Integer(31));
        check("010", Integer(8));
        check("1_000", Integer(1000));
        check("1.10", Float);
        check("1e3", Float);
        check(".5", Float);
        check(".5_1", Float);
        check("99999999999999999999", Float);
        check("089", Float);
    }

    #[test]
    fn texts_that_start_like_numbers() {
        check("1.2.3", Text);
        check("5m0s", Text);
        check("2025-01-01", Text);
        check("0123abc", Text);
        check("-", Text);
        check(".", Text);
        check("1e", Text);
        check("1e400", Text);
        check("12e3456", Text);
        check(".2_", Text);
    }
}
