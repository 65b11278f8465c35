//! The one shape of documents for programs: a list of what there is, and of what failed.

use std::io;
use std::io::Write;

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::{write_json_value, write_yaml};
use crate::arguments::ExplainFormat;

/// What a command prints as JSON or YAML, whatever the outcome: a Kubernetes `List`, and beside the items what failed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a, T, E> {
    api_version: &'static str,
    kind: &'static str,
    items: &'a [T],
    errors: &'a [E],
    /// What is not about one item.
    #[serde(flatten)]
    rest: Map<String, Json>,
}

impl<'a, T: Serialize, E: Serialize> List<'a, T, E> {
    fn of(items: &'a [T], errors: &'a [E]) -> Self {
        Self { api_version: "v1", kind: "List", items, errors, rest: Map::new() }
    }
}

/// Writes items and errors as JSON.
pub(crate) fn write_list<T: Serialize, E: Serialize>(
    items: &[T],
    errors: &[E],
    out: &mut dyn Write,
) -> io::Result<()> {
    write_json_value(&List::of(items, errors), out)
}

impl ExplainFormat {
    /// Writes items and errors in a format for programs.
    pub(crate) fn write<T: Serialize, E: Serialize>(
        self,
        items: &[T],
        errors: &[E],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match self {
            Self::Yaml => write_yaml(&List::of(items, errors), out),
            Self::Json | Self::Text => write_list(items, errors, out),
        }
    }
}

/// Writes a result that has its items in the field `items`, and what failed in `failed`, in the same shape. Its other fields stay beside them.
pub(crate) fn write_as_list<E: Serialize>(
    result: &impl Serialize,
    [items, failed]: [&str; 2],
    errors: &[E],
    out: &mut dyn Write,
) -> io::Result<()> {
    let Json::Object(mut rest) = serde_json::to_value(result)? else {
        return Err(io::Error::other("the result is not an object"));
    };
    let items = match rest.remove(items) {
        Some(Json::Array(items)) => items,
        _ => Vec::new(),
    };
    rest.remove(failed);
    write_json_value(&List { rest, ..List::of(&items, errors) }, out)
}
