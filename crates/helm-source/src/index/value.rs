//! The values of an entry's fields, in YAML and in JSON.
//!
//! A version must be a text or null, or the index is refused. A digest and a time accept every value that may be skipped: what they are not
//! is a question of the one entry.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::created::Created;
use super::digest::EntryDigest;
use super::message::fault;

/// The text of a version in one of the formats.
pub(super) trait VersionText<'de>: Deserialize<'de> {
    /// Any value in the same format.
    type Any: Deserialize<'de> + Into<AnyValue>;

    fn into_text(self) -> Option<String>;
}

/// Any value, of which only a text says something.
pub(super) enum AnyValue {
    Null,
    Text(String),
    Other,
}

impl From<AnyValue> for EntryDigest {
    fn from(value: AnyValue) -> Self {
        match value {
            AnyValue::Null => Self::Missing,
            AnyValue::Text(text) => Self::parse(text.as_bytes()),
            AnyValue::Other => Self::Malformed,
        }
    }
}

impl From<AnyValue> for Created {
    fn from(value: AnyValue) -> Self {
        match value {
            AnyValue::Text(text) => Self::parse(text.as_bytes()),
            AnyValue::Null | AnyValue::Other => Self::NONE,
        }
    }
}

/// A version as it is written: an unquoted `1.10` stays that text, null is `None`.
pub(super) struct YamlText(Option<String>);

impl<'de> Deserialize<'de> for YamlText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Option<String>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text as the version")
            }

            fn visit_none<E>(self) -> Result<Option<String>, E> {
                Ok(None)
            }

            fn visit_unit<E>(self) -> Result<Option<String>, E> {
                Ok(None)
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<String>, D::Error> {
                String::deserialize(deserializer).map(Some)
            }
        }

        deserializer.deserialize_option(Text).map(Self)
    }
}

impl VersionText<'_> for YamlText {
    type Any = YamlValue;

    fn into_text(self) -> Option<String> {
        self.0
    }
}

/// Any value in YAML. Only a text is one: an unquoted one that reads as a number is not, as in the YAML parser of Helm.
pub(super) struct YamlValue(AnyValue);

impl From<YamlValue> for AnyValue {
    fn from(value: YamlValue) -> Self {
        value.0
    }
}

impl<'de> Deserialize<'de> for YamlValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyVisitor).map(Self)
    }
}

struct AnyVisitor;

/// Implements the methods for values that are no text.
macro_rules! other {
    ($($method:ident($type:ty)),+ $(,)?) => {$(
        fn $method<E>(self, _: $type) -> Result<AnyValue, E> {
            Ok(AnyValue::Other)
        }
    )+};
}

impl<'de> Visitor<'de> for AnyVisitor {
    type Value = AnyValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    other!(
        visit_bool(bool),
        visit_i64(i64),
        visit_i128(i128),
        visit_u64(u64),
        visit_u128(u128),
        visit_f64(f64),
        visit_bytes(&[u8]),
    );

    fn visit_str<E>(self, text: &str) -> Result<AnyValue, E> {
        Ok(AnyValue::Text(text.to_owned()))
    }

    fn visit_none<E>(self) -> Result<AnyValue, E> {
        Ok(AnyValue::Null)
    }

    fn visit_unit<E>(self) -> Result<AnyValue, E> {
        Ok(AnyValue::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<AnyValue, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<AnyValue, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<AnyValue, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(AnyValue::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AnyValue, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(AnyValue::Other)
    }
}

/// A version as it is written: the number `1.10` stays that text, as in YAML.
pub(super) struct JsonText(Box<RawValue>);

impl<'de> Deserialize<'de> for JsonText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if raw.get().starts_with(['{', '[']) {
            return Err(fault("a version is a text"));
        }
        Ok(Self(raw))
    }
}

impl VersionText<'_> for JsonText {
    type Any = JsonValue;

    fn into_text(self) -> Option<String> {
        match self.0.get() {
            "null" => None,
            text if text.starts_with('"') => serde_json::from_str(text).ok(),
            text => Some(text.to_owned()),
        }
    }
}

/// Any value in JSON. It is kept as it is written until it is known to be a text, so that no number is too large and no escape wrong.
pub(super) struct JsonValue(AnyValue);

impl From<JsonValue> for AnyValue {
    fn from(value: JsonValue) -> Self {
        value.0
    }
}

impl<'de> Deserialize<'de> for JsonValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(match raw.get() {
            "null" => AnyValue::Null,
            text if text.starts_with('"') => {
                serde_json::from_str(text).map_or(AnyValue::Other, AnyValue::Text)
            }
            _ => AnyValue::Other,
        }))
    }
}
