//! The fields that an edition does not know: those that it knows by an older name get that, and the others are told.

use std::sync::Arc;

use diagnostics::Severity;

use crate::decode::context::{Context, Field as Place};
use crate::decode::remedy::pattern;
use crate::diagnostic::{Code, Diagnostic, Help, explained, location};
use crate::edition::{self, Edition, Field, Shape, fields_of};
use crate::manifest::Options;
use crate::parse::leave;
use crate::yaml::{self, Node, Value, child};

/// The names that a field had, the newest first: the place, and each name with what its value was. Which release knew which is in the table of fields.
const NAMES: &[(&str, &[(&str, Form)])] = &[
    ("image", &[("constraint", Form::Same), ("semverConstraint", Form::Same)]),
    (
        "image",
        &[
            ("imageSelectionStrategy", Form::Same),
            ("tagSelectionStrategy", Form::Same),
            ("updateStrategy", Form::Same),
        ],
    ),
    ("image", &[("allowTagsRegexes", Form::Same), ("allowTags", Form::OnePattern)]),
    ("image", &[("ignoreTagsRegexes", Form::Same), ("ignoreTags", Form::Literals)]),
    ("git", &[("allowTagsRegexes", Form::Same), ("allowTags", Form::OnePattern)]),
    ("git", &[("ignoreTagsRegexes", Form::Same), ("ignoreTags", Form::Literals)]),
    ("chart", &[("repoURL", Form::Same), ("registryURL", Form::Same)]),
    ("charts", &[("repoURL", Form::Same), ("registryURL", Form::Same)]),
    ("Freight", &[("origin", Form::Same), ("warehouse", Form::Warehouse)]),
];

/// What the value of a field is under an older name.
#[derive(Clone, Copy)]
enum Form {
    Same,
    /// The only pattern of a list.
    OnePattern,
    /// Each tag that a pattern of the list matches alone.
    Literals,
    /// The name in an `origin` of the kind `Warehouse`.
    Warehouse,
}

/// The fields that an edition does not know. Those of no edition are told by reading.
pub(super) fn unknown(source_name: &str, text: &str, edition: Edition, options: &Options) -> Vec<Diagnostic> {
    if text.len() > options.limits.bytes {
        return Vec::new();
    }
    let source = Arc::from(source_name);
    let context = Context::new(&source, &Arc::from(text), false);
    let mut check = Check { source: &source, edition, context, found: Vec::new() };
    let documents = yaml::read(text, &options.limits);
    documents.nodes.iter().for_each(|node| check.document(node));
    leave(&mut check.found, &documents);
    check.found
}

struct Check<'a> {
    source: &'a Arc<str>,
    edition: Edition,
    context: Context,
    found: Vec<Diagnostic>,
}

impl Check<'_> {
    fn document(&mut self, node: &Node) {
        match node.get("kind").and_then(Node::text) {
            Some("Warehouse") => {
                if let Some(kind) = node.get("kind").filter(|_| self.edition < Edition::FIRST_WAREHOUSE) {
                    let since = Edition::FIRST_WAREHOUSE;
                    let help = format!("migrate to {since} or newer");
                    self.tell(kind, "kind", ("Warehouse", since), help.into());
                }
                if let Some(spec) = node.get("spec") {
                    self.fields(spec, "spec", "spec", edition::SPEC);
                    self.subscriptions(spec.get("subscriptions"));
                }
            }
            Some("Freight") => self.fields(node, "Freight", "", edition::FREIGHT),
            Some("List" | "WarehouseList" | "FreightList") => {
                if let Some(Value::List(items)) = node.get("items").map(|items| &items.value) {
                    items.iter().for_each(|item| self.document(item));
                }
            }
            _ => {}
        }
    }

    fn subscriptions(&mut self, node: Option<&Node>) {
        let Some(Value::List(items)) = node.map(|node| &node.value) else { return };
        for (index, item) in items.iter().enumerate() {
            let path = format!("spec.subscriptions[{index}]");
            let Value::Mapping(entries) = &item.value else { continue };
            for (key, value) in entries {
                let Some(name) = key.text() else { continue };
                match (name, fields_of(name)) {
                    ("name", _) if self.edition < edition::NAME_SINCE => {
                        let help = self.or_migrate("delete it", edition::NAME_SINCE);
                        self.tell(key, &child(&path, name), (name, edition::NAME_SINCE), help);
                    }
                    (_, Some(fields)) => self.fields(value, name, &child(&path, name), fields),
                    _ => {}
                }
            }
        }
    }

    fn fields(&mut self, node: &Node, place: &str, path: &str, fields: &[Field]) {
        let Value::Mapping(entries) = &node.value else { return };
        for (key, value) in entries {
            let Some(field) = fields.iter().find(|field| key.text() == Some(field.name)) else { continue };
            let path = child(path, field.name);
            if field.since > self.edition {
                let help = self.instead(node, (place, field, fields), (key, value));
                self.tell(key, &path, (field.name, field.since), help);
                continue;
            }
            match (field.shape, &value.value) {
                (Shape::Fields(inner, _), _) => self.fields(value, field.name, &path, inner),
                (Shape::Items(inner, _), Value::List(items)) => {
                    for (index, item) in items.iter().enumerate() {
                        self.fields(item, field.name, &format!("{path}[{index}]"), inner);
                    }
                }
                _ => {}
            }
        }
    }

    /// What to do about a field that came later: to write it by the name that the edition knows, or to delete it.
    fn instead(
        &self,
        mapping: &Node,
        (place, field, fields): (&str, &Field, &[Field]),
        (key, value): (&Node, &Node),
    ) -> Help {
        let is_known =
            |name: &str| fields.iter().any(|other| other.name == name && other.is_known(self.edition));
        let names = NAMES
            .iter()
            .filter(|(of, names)| *of == place && names.iter().any(|(name, _)| *name == field.name));
        let names: Vec<(&str, Form)> = names.flat_map(|(_, names)| names.iter().copied()).collect();
        let Some(&(name, form)) = names.iter().find(|(name, _)| is_known(name)) else {
            return self.or_migrate("delete it", field.since);
        };
        let is_alone = !names.iter().any(|(other, _)| *other != field.name && has(mapping, other));
        let entry = Place { node: value, key: key.mark, path: String::new(), place: String::new() };
        // Beside another one of the names, the value of one of the two is lost.
        let edit = match (is_alone, form) {
            (false, _) => None,
            (true, Form::Same) => Some(self.context.renamed_key(key.mark, name)),
            (true, Form::OnePattern) => only_item(value).and_then(|pattern| {
                self.context.on_one_line(&entry, name, &self.context.style.single_quoted(pattern))
            }),
            (true, Form::Literals) => literals(value).and_then(|tags| {
                let tags: Vec<String> =
                    tags.iter().map(|tag| self.context.style.single_quoted(tag)).collect();
                self.context.with_texts(&entry, name, &tags)
            }),
            (true, Form::Warehouse) => name_of_warehouse(value).and_then(|warehouse| {
                self.context.on_one_line(&entry, name, &self.context.style.form(warehouse))
            }),
        };
        if edit.is_some() {
            return self.context.editing(format!("write `{name}`"), edit);
        }
        let instead = match form {
            Form::Same => format!("write `{name}`, with the same value"),
            Form::OnePattern => format!("write `{name}`, a single pattern: `a|b` in place of two"),
            Form::Warehouse => format!("write `{name}` with the name of the Warehouse"),
            Form::Literals => format!("write `{name}`, a list of tags as they are, without patterns"),
        };
        self.or_migrate(&instead, field.since)
    }

    fn or_migrate(&self, instead: &str, since: Edition) -> Help {
        format!("{instead}, or migrate to {since} or newer").into()
    }

    fn tell(&mut self, at: &Node, path: &str, (name, since): (&str, Edition), help: Help) {
        let message = format!("Kargo {} does not know `{name}`, which came with {since}", self.edition);
        let location = location(self.source, at.mark);
        let found = Diagnostic::new(Severity::Warning, Code::UnknownField, location, path, message);
        self.found.push(explained(found, help));
    }
}

/// Whether a mapping has a key, whatever its capitals.
fn has(mapping: &Node, name: &str) -> bool {
    let Value::Mapping(entries) = &mapping.value else { return false };
    entries.iter().any(|(key, _)| key.text().is_some_and(|key| key.eq_ignore_ascii_case(name)))
}

/// The name of the Warehouse that an `origin` names, and nothing else.
fn name_of_warehouse(origin: &Node) -> Option<&str> {
    let Value::Mapping(entries) = &origin.value else { return None };
    let is_warehouse = origin.get("kind").and_then(Node::text) == Some("Warehouse");
    origin.get("name").filter(|_| is_warehouse && entries.len() == 2).and_then(Node::text)
}

/// The only text of a list.
fn only_item(list: &Node) -> Option<&str> {
    match &list.value {
        Value::List(items) if items.len() == 1 => items.first().and_then(Node::text),
        _ => None,
    }
}

/// The tags that the patterns of a list match, where each matches one alone.
fn literals(list: &Node) -> Option<Vec<String>> {
    let Value::List(items) = &list.value else { return None };
    items.iter().map(|item| pattern::exact_text(item.text()?)).collect()
}
