//! The values of expressions, and when two of them are equal.

use std::collections::BTreeMap;
use std::sync::Arc;

use selection_strategies::Version;

use crate::budget::{Budget, MAX_VALUE_DEPTH};
use crate::error::Failure;
use crate::kind::{MapKind, RecordKind};
use crate::time::{Location, Time};

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
    pub(crate) fn is_nil(&self) -> bool {
        match self {
            Self::Nil => true,
            Self::List(list) => list.0.element == ElementType::Missing,
            Self::Map(map) => map.0.missing,
            _ => false,
        }
    }

    pub(crate) fn depth(&self) -> u16 {
        match self {
            Self::List(list) => list.0.depth,
            Self::Map(map) => map.0.depth,
            _ => 0,
        }
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
pub(crate) enum ElementType {
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
    pub(crate) fn new(element: ElementType, items: Vec<Value>) -> Self {
        let depth = deeper(items.iter());
        Self(Arc::new(ListData { element, items: items.into(), depth }))
    }

    pub(crate) fn missing() -> Self {
        Self::new(ElementType::Missing, Vec::new())
    }

    /// The elements.
    #[must_use]
    pub fn items(&self) -> &[Value] {
        &self.0.items
    }

    pub(crate) fn element(&self) -> ElementType {
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
    pub(crate) fn new(kind: MapKind, entries: BTreeMap<Key, Value>) -> Self {
        let depth = deeper(entries.values());
        Self(Arc::new(MapData { kind, entries, depth, missing: false }))
    }

    /// A map that is not there; it looks empty and equals nil.
    pub(crate) fn missing(kind: MapKind) -> Self {
        Self(Arc::new(MapData { kind, entries: BTreeMap::new(), depth: 1, missing: true }))
    }

    pub(crate) fn kind(&self) -> MapKind {
        self.0.kind
    }

    pub(crate) fn entries(&self) -> &BTreeMap<Key, Value> {
        &self.0.entries
    }

    /// The value of a text key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        // Few entries, such as the variables of a commit, are compared one by one: that takes no key of its own.
        const FEW: usize = 16;
        let entries = &self.0.entries;
        if entries.len() > FEW {
            return entries.get(&Key::Text(key.as_bytes().into()));
        }
        let is_key = |other: &Key| matches!(other, Key::Text(text) if **text == *key.as_bytes());
        entries.iter().find(|(other, _)| is_key(other)).map(|(_, value)| value)
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
    pub(crate) fn default_value(&self) -> Value {
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

    pub(crate) fn fields(&self) -> &[Value] {
        &self.fields
    }
}

/// A value that can be the key of a map.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
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
    pub(crate) fn from_value(value: &Value) -> Option<Self> {
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

    pub(crate) fn to_value(&self) -> Value {
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

// Values that are made while an expression is evaluated, within the bound of depth.

/// A list that was computed.
pub(crate) fn new_list(element: ElementType, items: Vec<Value>) -> Result<Value, Failure> {
    let list = Value::List(List::new(element, items));
    if list.depth() > MAX_VALUE_DEPTH { Err(too_deep()) } else { Ok(list) }
}

/// A map that was computed.
pub(crate) fn new_map(kind: MapKind, entries: BTreeMap<Key, Value>) -> Result<Value, Failure> {
    let map = Value::Map(Map::new(kind, entries));
    if map.depth() > MAX_VALUE_DEPTH { Err(too_deep()) } else { Ok(map) }
}

fn too_deep() -> Failure {
    Failure::new("values nest too deeply")
}

// Equality.

pub(crate) fn floats(left: &Value, right: &Value) -> Option<(f64, f64)> {
    Some((number(left)?, number(right)?))
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(value) => Some(*value as f64),
        Value::Float(value) => Some(*value),
        _ => None,
    }
}

/// The operator `==`.
pub(crate) fn equal(left: &Value, right: &Value, budget: &mut Budget) -> Result<bool, Failure> {
    budget.work(1)?;
    Ok(match (left, right) {
        (Value::Int(left), Value::Int(right)) => left == right,
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
            floats(left, right).is_some_and(|(left, right)| left == right)
        }
        (Value::Text(left), Value::Text(right)) => {
            budget.work(left.len() / 16)?;
            left == right
        }
        (Value::Time(left), Value::Time(right)) => left == right,
        (Value::List(left), Value::List(right))
            if left.element() == right.element() || holds_anything(left) || holds_anything(right) =>
        {
            left.items().len() == right.items().len()
                && all(left.items().iter().zip(right.items()), |(left, right)| equal(left, right, budget))?
        }
        _ if left.is_nil() && right.is_nil() => true,
        _ => identical(left, right, budget)?,
    })
}

fn holds_anything(list: &List) -> bool {
    matches!(list.element(), ElementType::Any | ElementType::Missing)
}

/// Go's `reflect.DeepEqual`, which is what `==` means inside of maps.
fn identical(left: &Value, right: &Value, budget: &mut Budget) -> Result<bool, Failure> {
    budget.work(1)?;
    Ok(match (left, right) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Int(left), Value::Int(right)) | (Value::Duration(left), Value::Duration(right)) => {
            left == right
        }
        (Value::Float(left), Value::Float(right)) => left == right,
        (Value::Text(left), Value::Text(right)) | (Value::Bytes(left), Value::Bytes(right)) => {
            budget.work(left.len() / 16)?;
            left == right
        }
        (Value::Month(left), Value::Month(right)) | (Value::Weekday(left), Value::Weekday(right)) => {
            left == right
        }
        (Value::Time(left), Value::Time(right)) | (Value::Timestamp(left), Value::Timestamp(right)) => {
            left == right && left.offset_seconds() == right.offset_seconds()
        }
        (Value::Location(left), Value::Location(right)) => left == right,
        (Value::Version(left), Value::Version(right)) => left == right,
        (Value::List(left), Value::List(right)) => {
            left.element() == right.element()
                && left.items().len() == right.items().len()
                && all(left.items().iter().zip(right.items()), |(left, right)| {
                    identical(left, right, budget)
                })?
        }
        (Value::Map(left), Value::Map(right)) => {
            left.kind() == right.kind()
                && left.entries().len() == right.entries().len()
                && all(left.entries().iter().zip(right.entries()), |((key, left), (other, right))| {
                    Ok(key == other && identical(left, right, budget)?)
                })?
        }
        (Value::Record(left), Value::Record(right)) => {
            left.kind() == right.kind()
                && all(left.fields().iter().zip(right.fields()), |(left, right)| {
                    identical(left, right, budget)
                })?
        }
        _ => false,
    })
}

fn all<T>(
    items: impl Iterator<Item = T>,
    mut test: impl FnMut(T) -> Result<bool, Failure>,
) -> Result<bool, Failure> {
    for item in items {
        if !test(item)? {
            return Ok(false);
        }
    }
    Ok(true)
}
