//! A value of YAML, in its place.

use std::collections::BTreeMap;

use crate::Error;

/// A value and the line that it starts on, from 1.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) value: Value,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    /// By key, in the order of bytes, which is that of JSON as Go writes it.
    Mapping(BTreeMap<String, Node>),
}

impl Node {
    /// What it is, in words, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a truth value",
            Value::Integer(_) | Value::Float(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Mapping(_) => "a mapping",
        }
    }

    /// Refuses numbers that JSON cannot hold. Helm reads YAML through JSON, so it refuses them even where it drops the field.
    pub(crate) fn check_finite(&self) -> Result<(), Error> {
        match &self.value {
            Value::Float(value) if !value.is_finite() => {
                Err(Error::new("a number is infinite or not a number, which JSON cannot hold")
                    .on_line(self.line)
                    .with_hint("put the value into quotation marks"))
            }
            Value::List(items) => items.iter().try_for_each(Self::check_finite),
            Value::Mapping(entries) => entries.values().try_for_each(Self::check_finite),
            _ => Ok(()),
        }
    }

    /// How many values it is, and the bytes of their texts.
    pub(super) fn size(&self) -> (usize, usize) {
        match &self.value {
            Value::Text(text) => (1, text.len()),
            Value::List(items) => sum(items.iter().map(Self::size)),
            Value::Mapping(entries) => sum(entries.iter().map(|(key, value)| {
                let (nodes, bytes) = value.size();
                (nodes + 1, bytes + key.len())
            })),
            _ => (1, 0),
        }
    }
}

fn sum(sizes: impl Iterator<Item = (usize, usize)>) -> (usize, usize) {
    sizes.fold((1, 0), |(nodes, bytes), (more, text)| (nodes + more, bytes + text))
}
