//! From YAML to the fields of `Chart.yaml` and `Chart.lock`, converted as Helm converts them.
//!
//! Helm reads YAML through JSON: a number or boolean becomes a string where a string is expected, names of fields may have any case, null is
//! absent, and fields that it does not know are dropped.

use std::collections::BTreeMap;

use serde_json::{Number, Value as Json};

use crate::yaml::{Node, Value, format_float};
use crate::{Dependency, Error, Maintainer, Metadata};

/// The lines of fields, by path: `version`, `dependencies[1]`, `dependencies[1].alias`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines(BTreeMap<String, usize>);

impl Lines {
    /// The line of a field, or of what contains it.
    pub(crate) fn of(&self, path: &str) -> Option<usize> {
        self.0.get(path).or_else(|| self.0.get(path.rsplit_once('.')?.0)).copied()
    }

    fn set(&mut self, path: &str, node: &Node) {
        self.0.insert(path.to_owned(), node.line);
    }
}

/// Reads the fields of a document into `metadata`, in which the others stay.
pub(crate) fn metadata(node: Node, metadata: &mut Metadata, lines: &mut Lines) -> Result<(), Error> {
    let to = metadata;
    fields(node, "", lines, |name, field, lines| match name {
        "name" => text(field, &mut to.name),
        "home" => text(field, &mut to.home),
        "sources" => texts(field, &mut to.sources),
        "version" => text(field, &mut to.version),
        "description" => text(field, &mut to.description),
        "keywords" => texts(field, &mut to.keywords),
        "maintainers" => each(field, &mut to.maintainers, lines, maintainer),
        "icon" => text(field, &mut to.icon),
        "apiversion" => text(field, &mut to.api_version),
        "condition" => text(field, &mut to.condition),
        "tags" => text(field, &mut to.tags),
        "appversion" => text(field, &mut to.app_version),
        "deprecated" => truth(field, &mut to.deprecated),
        "annotations" => annotations(field, &mut to.annotations),
        "kubeversion" => text(field, &mut to.kube_version),
        "dependencies" => each(field, &mut to.dependencies, lines, dependency),
        "type" => text(field, &mut to.kind),
        _ => field.node.check_finite(),
    })
}

fn maintainer(field: Field<'_>, lines: &mut Lines) -> Result<Maintainer, Error> {
    let mut to = Maintainer::default();
    fields(field.node, field.path, lines, |name, field, _| match name {
        "name" => text(field, &mut to.name),
        "email" => text(field, &mut to.email),
        "url" => text(field, &mut to.url),
        _ => field.node.check_finite(),
    })?;
    Ok(to)
}

pub(crate) fn dependency(field: Field<'_>, lines: &mut Lines) -> Result<Dependency, Error> {
    let mut to = Dependency::default();
    fields(field.node, field.path, lines, |name, field, _| match name {
        "name" => text(field, &mut to.name),
        "version" => text(field, &mut to.version),
        "repository" => text(field, &mut to.repository),
        "condition" => text(field, &mut to.condition),
        "tags" => texts(field, &mut to.tags),
        "enabled" => truth(field, &mut to.enabled),
        "import-values" => {
            to.import_values = match field.list()? {
                Some(items) => items.into_iter().map(json).collect::<Result<_, _>>()?,
                None => Vec::new(),
            };
            Ok(())
        }
        "alias" => text(field, &mut to.alias),
        _ => field.node.check_finite(),
    })?;
    Ok(to)
}

/// A field of a document, with its path for messages.
pub(crate) struct Field<'p> {
    pub(crate) node: Node,
    pub(crate) path: &'p str,
}

impl Field<'_> {
    pub(crate) fn wrong(&self, wanted: &str) -> Error {
        let message = match self.path {
            "" => format!("the file is {}, where {wanted} is wanted", self.node.kind()),
            path => format!("`{path}` is {}, where {wanted} is wanted", self.node.kind()),
        };
        Error::new(message).on_line(self.node.line)
    }

    /// The items of a list; nothing for null.
    fn list(self) -> Result<Option<Vec<Node>>, Error> {
        match self.node.value {
            Value::List(items) => Ok(Some(items)),
            Value::Null => Ok(None),
            _ => Err(self.wrong("a list")),
        }
    }
}

/// Gives each field of a mapping to `take`, with its name in lower case, in the order of bytes of the names, so that of two spellings of a
/// name the later one counts, as in Go.
pub(crate) fn fields(
    node: Node,
    parent: &str,
    lines: &mut Lines,
    mut take: impl FnMut(&str, Field<'_>, &mut Lines) -> Result<(), Error>,
) -> Result<(), Error> {
    lines.set(parent, &node);
    let field = Field { node, path: parent };
    let entries = match field.node.value {
        Value::Mapping(entries) => entries,
        Value::Null => return Ok(()),
        _ => return Err(field.wrong("a mapping of fields")),
    };
    for (key, node) in entries {
        let name: String = key.chars().map(folded).collect();
        let path = if parent.is_empty() { key } else { format!("{parent}.{key}") };
        lines.set(&path, &node);
        take(&name, Field { node, path: &path }, lines)?;
    }
    Ok(())
}

/// As Go's JSON compares names: without case, and two letters outside ASCII that fold to ASCII.
fn folded(letter: char) -> char {
    match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        letter => letter.to_ascii_lowercase(),
    }
}

pub(crate) fn text(field: Field<'_>, to: &mut String) -> Result<(), Error> {
    if let Some(text) = scalar(&field)? {
        *to = text;
    }
    Ok(())
}

fn scalar(field: &Field<'_>) -> Result<Option<String>, Error> {
    match &field.node.value {
        Value::Null => Ok(None),
        Value::Text(text) => Ok(Some(text.clone())),
        Value::Bool(value) => Ok(Some(value.to_string())),
        Value::Integer(value) => Ok(Some(value.to_string())),
        Value::Float(value) => Ok(Some(format_float(*value))),
        Value::List(_) | Value::Mapping(_) => Err(field.wrong("a text")),
    }
}

fn texts(field: Field<'_>, to: &mut Vec<String>) -> Result<(), Error> {
    let path = field.path;
    to.clear();
    for (at, node) in field.list()?.unwrap_or_default().into_iter().enumerate() {
        let path = format!("{path}[{at}]");
        to.push(scalar(&Field { node, path: &path })?.unwrap_or_default());
    }
    Ok(())
}

fn truth(field: Field<'_>, to: &mut bool) -> Result<(), Error> {
    match field.node.value {
        Value::Bool(value) => *to = value,
        Value::Null => {}
        _ => return Err(field.wrong("true or false, without quotation marks,")),
    }
    Ok(())
}

fn annotations(field: Field<'_>, to: &mut BTreeMap<String, String>) -> Result<(), Error> {
    let path = field.path;
    match field.node.value {
        Value::Mapping(entries) => {
            for (key, node) in entries {
                let path = format!("{path}.{key}");
                let value = scalar(&Field { node, path: &path })?.unwrap_or_default();
                to.insert(key, value);
            }
            Ok(())
        }
        Value::Null => {
            to.clear();
            Ok(())
        }
        _ => Err(field.wrong("a mapping of texts")),
    }
}

/// Reads each item of a list. An item that is null is an error, as in Helm.
pub(crate) fn each<T>(
    field: Field<'_>,
    to: &mut Vec<T>,
    lines: &mut Lines,
    mut read: impl FnMut(Field<'_>, &mut Lines) -> Result<T, Error>,
) -> Result<(), Error> {
    let path = field.path;
    to.clear();
    for (at, node) in field.list()?.unwrap_or_default().into_iter().enumerate() {
        let path = format!("{path}[{at}]");
        if matches!(node.value, Value::Null) {
            return Err(Error::new(format!("`{path}` is empty"))
                .on_line(node.line)
                .with_hint("take the `-` away, or write the fields below it"));
        }
        to.push(read(Field { node, path: &path }, lines)?);
    }
    Ok(())
}

/// A value as JSON, in which all numbers are floating-point numbers, as Go has them in a value without a type.
fn json(node: Node) -> Result<Json, Error> {
    Ok(match node.value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(value),
        #[expect(clippy::cast_precision_loss, reason = "as Go")]
        Value::Integer(value) => Json::Number(json_number(value as f64, node.line)?),
        Value::Float(value) => Json::Number(json_number(value, node.line)?),
        Value::Text(text) => Json::String(text),
        Value::List(items) => Json::Array(items.into_iter().map(json).collect::<Result<_, _>>()?),
        Value::Mapping(entries) => Json::Object(
            entries.into_iter().map(|(key, node)| Ok((key, json(node)?))).collect::<Result<_, Error>>()?,
        ),
    })
}

/// A whole number without a fraction, as Go writes it.
fn json_number(value: f64, line: usize) -> Result<Number, Error> {
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and within the range")]
    let number = match value.fract() == 0.0 && value.abs() <= WHOLE {
        true => Some(Number::from(value as i64)),
        false => Number::from_f64(value),
    };
    number.ok_or_else(|| {
        Error::new("a number is infinite or not a number, which JSON cannot hold").on_line(line)
    })
}
