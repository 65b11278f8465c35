//! An index as a value, for files that are not in the form in which Helm writes them. What is written from it has no comments.

use std::fmt;

use helm_chart::go_yaml;
use helm_source::index_limits;
use jiff::Timestamp;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_saphyr::options::DuplicateKeyPolicy;

use super::change::{Charts, Insertions, Known};
use super::entry::time;

/// The first document of a text.
pub(super) fn read(text: &str) -> Result<(Value, Charts), String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut value = None;
    let answer = serde_saphyr::with_deserializer_from_reader_with_options(
        text.as_bytes(),
        index_limits::yaml_options(DuplicateKeyPolicy::Error),
        |document| {
            value = Some(Fields(Level::Document).deserialize(document)?);
            Ok(())
        },
    );
    let value = match (answer, value) {
        (_, Some(value @ Value::Object(_))) => value,
        (Err(error), _) => {
            let place = error.location().map_or(String::new(), |at| format!("line {}: ", at.line()));
            return Err(format!("{place}not the YAML of an index"));
        }
        _ => return Err("it is not a mapping".to_owned()),
    };
    let charts = charts(&value);
    Ok((value, charts))
}

fn charts(value: &Value) -> Charts {
    let entries = value.get("entries").and_then(Value::as_object);
    let known = |item: &Value| {
        let text = |name: &str| {
            item.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        Known { version: text("version").unwrap_or_default(), digest: text("digest") }
    };
    let list =
        |list: &Value| list.as_array().map(|list| list.iter().map(known).collect()).unwrap_or_default();
    entries.into_iter().flatten().map(|(name, entries)| (name.clone(), list(entries))).collect()
}

/// The text with the changes.
pub(super) fn written(
    value: &Value,
    changes: &[(&str, Insertions<'_>)],
    now: Timestamp,
) -> Result<String, crate::Error> {
    let mut value = value.clone();
    if let Value::Object(fields) = &mut value {
        fields.insert("generated".to_owned(), time(now).into());
        let entries = fields.entry("entries").or_insert(Value::Null);
        if !entries.is_object() {
            *entries = Value::Object(Map::new());
        }
        if let Value::Object(entries) = entries {
            for (name, change) in changes {
                let list = entries.entry(*name).or_insert(Value::Null);
                let standing = match list.take() {
                    Value::Array(standing) => standing,
                    _ => Vec::new(),
                };
                *list = change.applied(standing, |entry| entry.value()).into();
            }
        }
    }
    Ok(go_yaml::to_string(&value)?)
}

/// Where in an index a mapping is.
#[derive(Clone, Copy)]
enum Level {
    Document,
    Entries,
    Chart,
    Entry,
    /// Below an entry, or beside `entries`.
    Other,
}

/// Reads fields, where those of an entry that Helm knows as texts stay as they are written: `version: 1.10` is not 1.1.
struct Fields(Level);

impl<'de> DeserializeSeed<'de> for Fields {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.0 {
            Level::Other => Value::deserialize(deserializer),
            _ => deserializer.deserialize_any(self),
        }
    }
}

/// The fields of an entry that are texts.
const TEXTS: [&str; 13] = [
    "name",
    "home",
    "version",
    "description",
    "icon",
    "apiVersion",
    "condition",
    "tags",
    "appVersion",
    "kubeVersion",
    "type",
    "digest",
    "created",
];

impl<'de> Visitor<'de> for Fields {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a part of an index")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = match self.0 {
                Level::Document if key == "entries" => map.next_value_seed(Fields(Level::Entries))?,
                Level::Document if key == "generated" => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
                Level::Document if key == "apiVersion" => map.next_value::<Option<String>>()?.into(),
                Level::Entries => map.next_value_seed(Fields(Level::Chart))?,
                Level::Entry if TEXTS.contains(&key.as_str()) => map.next_value::<Option<String>>()?.into(),
                _ => map.next_value_seed(Fields(Level::Other))?,
            };
            fields.insert(key, value);
        }
        Ok(Value::Object(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        let level = || match self.0 {
            Level::Chart => Level::Entry,
            _ => Level::Other,
        };
        while let Some(item) = items.next_element_seed(Fields(level()))? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }
}
