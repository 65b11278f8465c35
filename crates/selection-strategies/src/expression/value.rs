//! The values of expressions.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::display;
use super::kind::{MapKind, RecordKind};
use super::time::{Location, Time};
use crate::subject::decode;
use crate::version::Version;

/// A value in an expression.
///
/// Texts are bytes, as in Go: the subject of a commit need not be UTF-8, and slicing can cut a
/// character. Values are cheap to clone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Value {
    /// Nothing: `nil`, and every variable that is not set.
    Nil,
    /// True or false.
    Bool(bool),
    /// A whole number; arithmetic wraps around.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A text.
    Text(Arc<[u8]>),
    /// Bytes, as `b'...'` writes them.
    Bytes(Arc<[u8]>),
    /// A list.
    List(List),
    /// A map.
    Map(Map),
    /// A point in time.
    Time(Time),
    /// A length of time in nanoseconds.
    Duration(i64),
    /// A month, from 1.
    Month(u8),
    /// A day of the week, Sunday being 0.
    Weekday(u8),
    /// A time zone.
    Location(Location),
    /// A point in time as Kubernetes holds it.
    Timestamp(Time),
    /// A semantic version.
    Version(Arc<Version>),
    /// A value with named fields.
    Record(Arc<Record>),
    /// A method that was named and not called.
    Function,
}

impl Value {
    /// A text.
    pub fn text(bytes: impl AsRef<[u8]>) -> Self {
        Self::Text(bytes.as_ref().into())
    }

    /// A map from texts to texts, such as the annotations of an image.
    pub fn text_map<K: AsRef<[u8]>, V: AsRef<[u8]>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        let entries = entries
            .into_iter()
            .map(|(key, value)| (Key::Text(key.as_ref().into()), Self::text(value)))
            .collect();
        Self::Map(Map::new(MapKind::TextToText, entries))
    }

    /// A map from texts to anything.
    pub fn map<K: AsRef<[u8]>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        let entries =
            entries.into_iter().map(|(key, value)| (Key::Text(key.as_ref().into()), value)).collect();
        Self::Map(Map::new(MapKind::TextToAny, entries))
    }

    /// A list.
    pub fn list(items: Vec<Self>) -> Self {
        Self::List(List::new(ElementType::Any, items))
    }

    /// What kind of value it is, for messages.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Text(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "array",
            Self::Map(_) => "map",
            Self::Time(_) => "time",
            Self::Duration(_) => "duration",
            Self::Month(_) => "month",
            Self::Weekday(_) => "weekday",
            Self::Location(_) => "time zone",
            Self::Timestamp(_) => "timestamp",
            Self::Version(_) => "version",
            Self::Record(record) => record.kind.name,
            Self::Function => "function",
        }
    }

    /// Nil, or a list or map that Go holds as nil.
    pub(super) fn is_nil(&self) -> bool {
        match self {
            Self::Nil => true,
            Self::List(list) => list.0.element == ElementType::Missing,
            Self::Map(map) => map.0.missing,
            _ => false,
        }
    }

    pub(super) fn depth(&self) -> u16 {
        match self {
            Self::List(list) => list.0.depth,
            Self::Map(map) => map.0.depth,
            _ => 0,
        }
    }
}

/// What Go prints for the value; a broken byte of a text is shown as U+FFFD.
impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = display::display(self).unwrap_or_default();
        formatter.write_str(&decode(&written))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::text(value)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::text(value)
    }
}

impl From<Time> for Value {
    fn from(value: Time) -> Self {
        Self::Time(value)
    }
}

/// The type that Go has for the elements of a list; it shows in comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ElementType {
    Any,
    Int,
    Text,
    /// There never was a list: what `groupBy` has for a missing key.
    Missing,
}

/// A list of values.
#[derive(Clone, Debug)]
pub struct List(Arc<ListData>);

#[derive(Debug)]
struct ListData {
    element: ElementType,
    items: Box<[Value]>,
    depth: u16,
}

impl List {
    pub(super) fn new(element: ElementType, items: Vec<Value>) -> Self {
        let depth = deeper(items.iter());
        Self(Arc::new(ListData { element, items: items.into(), depth }))
    }

    pub(super) fn missing() -> Self {
        Self::new(ElementType::Missing, Vec::new())
    }

    /// The elements.
    #[must_use]
    pub fn items(&self) -> &[Value] {
        &self.0.items
    }

    pub(super) fn element(&self) -> ElementType {
        self.0.element
    }
}

/// A map; its entries are in the order of their keys.
#[derive(Clone, Debug)]
pub struct Map(Arc<MapData>);

#[derive(Debug)]
struct MapData {
    kind: MapKind,
    entries: BTreeMap<Key, Value>,
    depth: u16,
    missing: bool,
}

impl Map {
    pub(super) fn new(kind: MapKind, entries: BTreeMap<Key, Value>) -> Self {
        let depth = deeper(entries.values());
        Self(Arc::new(MapData { kind, entries, depth, missing: false }))
    }

    /// A map that is not there; it looks empty and equals nil.
    pub(super) fn missing(kind: MapKind) -> Self {
        Self(Arc::new(MapData { kind, entries: BTreeMap::new(), depth: 1, missing: true }))
    }

    pub(super) fn kind(&self) -> MapKind {
        self.0.kind
    }

    pub(super) fn entries(&self) -> &BTreeMap<Key, Value> {
        &self.0.entries
    }

    /// The value of a text key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.entries.get(&Key::Text(key.as_bytes().into()))
    }

    /// The keys, in their order.
    pub fn keys(&self) -> impl Iterator<Item = Value> + '_ {
        self.0.entries.keys().map(Key::to_value)
    }

    /// The values, in the order of their keys.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.0.entries.values()
    }

    /// What Go gives for a key that is not there.
    pub(super) fn default_value(&self) -> Value {
        match self.0.kind {
            MapKind::TextToText => Value::text(""),
            MapKind::AnyToList => Value::List(List::missing()),
            MapKind::TextToAny | MapKind::AnyToAny => Value::Nil,
        }
    }
}

fn deeper<'v>(values: impl Iterator<Item = &'v Value>) -> u16 {
    values.map(Value::depth).max().unwrap_or(0).saturating_add(1)
}

/// A value with named fields.
#[derive(Debug)]
pub struct Record {
    kind: Arc<RecordKind>,
    fields: Box<[Value]>,
}

impl Record {
    /// A record with a value for each field of its kind, in the same order. Missing values are nil.
    #[must_use]
    pub fn new(kind: Arc<RecordKind>, mut fields: Vec<Value>) -> Self {
        fields.resize(kind.fields.len(), Value::Nil);
        Self { kind, fields: fields.into() }
    }

    /// The kind of the record.
    #[must_use]
    pub fn kind(&self) -> &RecordKind {
        &self.kind
    }

    /// The value of a field; `None` if there is no such field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        let index = self.kind.fields.iter().position(|(field, _)| *field == name)?;
        self.fields.get(index)
    }

    pub(super) fn fields(&self) -> &[Value] {
        &self.fields
    }
}

/// A value that can be the key of a map.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Nil,
    Bool(bool),
    Int(i64),
    /// The bits of a float; never a negative zero.
    Float(u64),
    Text(Arc<[u8]>),
    Duration(i64),
    Month(u8),
    Weekday(u8),
    Time(i64, u32, Location),
}

impl Key {
    /// `None` for values that Go cannot hash.
    pub(super) fn from_value(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Nil => Self::Nil,
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::Float(value) => Self::Float((value + 0.0).to_bits()),
            Value::Text(value) => Self::Text(Arc::clone(value)),
            Value::Duration(value) => Self::Duration(*value),
            Value::Month(value) => Self::Month(*value),
            Value::Weekday(value) => Self::Weekday(*value),
            Value::Time(time) | Value::Timestamp(time) => {
                Self::Time(time.unix_seconds(), time.nanosecond(), time.location().clone())
            }
            _ => return None,
        })
    }

    pub(super) fn to_value(&self) -> Value {
        match self {
            Self::Nil => Value::Nil,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::Float(bits) => Value::Float(f64::from_bits(*bits)),
            Self::Text(value) => Value::Text(Arc::clone(value)),
            Self::Duration(value) => Value::Duration(*value),
            Self::Month(value) => Value::Month(*value),
            Self::Weekday(value) => Value::Weekday(*value),
            Self::Time(seconds, nanosecond, location) => {
                Value::Time(Time::from_unix(*seconds, *nanosecond, 0).with_location(location.clone()))
            }
        }
    }
}
