//! A YAML document as a tree that remembers where everything was written.

use serde_json::Value as Json;

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) mark: Mark,
    pub(crate) value: Value,
    /// What YAML took a part of the text for, when that part is lost.
    pub(crate) misread: Option<Misread>,
    /// The text on its line, where something else than a text came of it.
    pub(crate) written: Option<Box<str>>,
    /// How many levels of mappings and lists are in it; bounded, so walks may recurse.
    pub(crate) height: usize,
    /// How many nodes it is, itself included.
    pub(crate) size: usize,
    /// How many bytes of text it holds.
    pub(crate) bytes: usize,
}

/// Where a node starts: line and column counted from 1, and how many characters of that line it takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) width: usize,
}

impl Mark {
    /// The start of the text.
    pub(crate) fn first() -> Self {
        Self { line: 1, column: 1, width: 1 }
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
    /// For a message.
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
    /// A number that is no integer of 64 bits.
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

    /// The text of a scalar, whatever YAML makes of it.
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

    /// The value of a key of a mapping, for a first look; the last one counts.
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
                ScalarKind::Text => "a text".to_owned(),
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

    /// JSON as a tree without places.
    pub(crate) fn from_json(json: &Json) -> Self {
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
            Json::Array(items) => Value::List(items.iter().map(Self::from_json).collect()),
            Json::Object(entries) => Value::Mapping(
                entries
                    .iter()
                    .map(|(key, value)| {
                        let key = scalar(key.clone(), ScalarKind::Text);
                        (Self::new(Mark::default(), key), Self::from_json(value))
                    })
                    .collect(),
            ),
        };
        Self::new(Mark::default(), value)
    }
}

/// Height, size and bytes of a collection of these nodes.
fn measure<'a>(nodes: impl Iterator<Item = &'a Node>) -> (usize, usize, usize) {
    nodes.fold((1, 1, 0), |(height, size, bytes), node| {
        (height.max(node.height + 1), size + node.size, bytes + node.bytes)
    })
}
