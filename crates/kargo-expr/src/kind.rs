//! The types that are known before evaluation.

use std::fmt;
use std::sync::Arc;

/// The type of a value as far as it is known when an expression is compiled.
///
/// Expressions are checked against these: `'1' == 1` does not compile, while `subject == 1` does,
/// since nothing is known about variables.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// Nothing is known.
    Unknown,
    /// Known to be of any type: an element of a map or a list. (Go's `any`; expr-lang draws finer
    /// conclusions from it than from knowing nothing.)
    Any,
    /// The literal `nil`.
    Nil,
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// A whole number of one of Go's other integer types, such as the result of `Unix()`.
    SizedInt,
    /// A floating-point number.
    Float,
    /// A text.
    Text,
    /// Bytes.
    Bytes,
    /// A point in time.
    Time,
    /// A length of time.
    Duration,
    /// A month, as `Month()` returns it.
    Month,
    /// A day of the week, as `Weekday()` returns it.
    Weekday,
    /// A time zone.
    Location,
    /// A point in time as Kubernetes holds it (`*metav1.Time`).
    Timestamp,
    /// A semantic version, as `semverParse` returns it.
    Version,
    /// A list with elements of one kind.
    List(Arc<Kind>),
    /// A list that Go knows to hold texts, such as the result of `split`.
    Texts,
    /// A map.
    Map(MapKind),
    /// A value with named fields.
    Record(Arc<RecordKind>),
    /// A function.
    Function,
}

/// The types of the keys and values of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MapKind {
    /// From texts to anything: the literals and JSON.
    TextToAny,
    /// From texts to texts; a missing key gives an empty text.
    TextToText,
    /// From anything to anything: the result of `fromPairs`.
    AnyToAny,
    /// From anything to lists: the result of `groupBy`.
    AnyToList,
}

/// The name and the fields of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordKind {
    /// The name, for messages.
    pub name: &'static str,
    /// The fields in their order.
    pub fields: Vec<(&'static str, Kind)>,
}

impl RecordKind {
    /// The kind of a field; `None` if there is no such field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Kind> {
        self.fields.iter().find(|(field, _)| *field == name).map(|(_, kind)| kind)
    }
}

/// The coarsest classification, Go's `reflect.Kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Invalid,
    Interface,
    Bool,
    Int,
    Int64,
    Float,
    Text,
    Slice,
    Struct,
    Pointer,
    Map,
    Function,
}

impl Kind {
    /// A list with elements of this kind.
    pub(crate) fn list_of(element: Self) -> Self {
        Self::List(Arc::new(element))
    }

    /// A list of anything.
    pub(crate) fn any_list() -> Self {
        Self::list_of(Self::Any)
    }

    pub(crate) fn shape(&self) -> Shape {
        match self {
            Self::Unknown | Self::Nil => Shape::Invalid,
            Self::Any => Shape::Interface,
            Self::Bool => Shape::Bool,
            Self::Int | Self::Month | Self::Weekday => Shape::Int,
            Self::SizedInt | Self::Duration => Shape::Int64,
            Self::Float => Shape::Float,
            Self::Text => Shape::Text,
            Self::Bytes | Self::List(_) | Self::Texts => Shape::Slice,
            Self::Time | Self::Record(_) => Shape::Struct,
            Self::Location | Self::Timestamp | Self::Version => Shape::Pointer,
            Self::Map(_) => Shape::Map,
            Self::Function => Shape::Function,
        }
    }

    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown | Self::Any)
    }

    pub(crate) fn is_integer(&self) -> bool {
        matches!(self, Self::Int | Self::SizedInt)
    }

    pub(crate) fn is_number(&self) -> bool {
        self.is_integer() || *self == Self::Float
    }

    pub(crate) fn is_list(&self) -> bool {
        self.shape() == Shape::Slice
    }

    /// Bool, or nothing known.
    pub(crate) fn may_be_bool(&self) -> bool {
        *self == Self::Bool || self.is_unknown()
    }

    /// The kind of the elements of a list or the values of a map.
    pub(crate) fn element(&self) -> Self {
        match self {
            Self::List(element) => (**element).clone(),
            Self::Texts | Self::Map(MapKind::TextToText) => Self::Text,
            Self::Bytes => Self::SizedInt,
            Self::Map(MapKind::TextToAny | MapKind::AnyToAny) => Self::Any,
            Self::Map(MapKind::AnyToList) => Self::any_list(),
            _ => Self::Unknown,
        }
    }

    /// Whether Go would assign a value of this type to a variable of that type.
    pub(crate) fn is_assignable_to(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nil, _) => matches!(
                other.shape(),
                Shape::Pointer | Shape::Interface | Shape::Function | Shape::Map | Shape::Slice
            ),
            (Self::Unknown, _) | (_, Self::Unknown | Self::Nil) => false,
            (_, Self::Any) | (Self::List(_), Self::List(_)) => true,
            _ => self == other,
        }
    }

    pub(crate) fn is_comparable_to(&self, other: &Self) -> bool {
        let both = |test: fn(&Self) -> bool| test(self) && test(other);
        self.is_unknown()
            || other.is_unknown()
            || *self == Self::Nil
            || *other == Self::Nil
            || both(Self::is_number)
            || both(Self::is_list)
            || self.is_assignable_to(other)
    }

    /// Whether one of the two is unknown and the other unknown too or fit for the operator.
    pub(crate) fn may_fit(&self, other: &Self, fits: impl Fn(&Self) -> bool) -> bool {
        match (self.is_unknown(), other.is_unknown()) {
            (true, true) => true,
            (true, false) => fits(other),
            (false, true) => fits(self),
            (false, false) => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Unknown | Self::Any => "unknown",
            Self::Nil => "nil",
            Self::Bool => "bool",
            Self::Int | Self::SizedInt => "int",
            Self::Float => "float",
            Self::Text => "string",
            Self::Bytes => "bytes",
            Self::Time => "time",
            Self::Duration => "duration",
            Self::Month => "month",
            Self::Weekday => "weekday",
            Self::Location => "time zone",
            Self::Timestamp => "timestamp",
            Self::Version => "version",
            Self::List(_) => "array",
            Self::Texts => "array of strings",
            Self::Map(_) => "map",
            Self::Record(record) => record.name,
            Self::Function => "function",
        })
    }
}
