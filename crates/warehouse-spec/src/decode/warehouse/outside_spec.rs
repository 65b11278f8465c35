//! Fields of `spec` that stand beside it or under `metadata`, and a `spec` under `metadata`: they are told once, and read where they are.

use crate::decode::context::{Context, Field};
use crate::decode::edit::{self, Edit, Layout};
use crate::decode::object::Object;
use crate::decode::warehouse::spec::{SPEC, settings, spec, subscriptions_in};
use crate::diagnostic::{Code, Help};
use crate::yaml::{Node, Value, child};

/// How many blanks stand before the fields of `spec`.
const INDENT: usize = 2;

/// The fields outside of `spec` in one mapping.
struct Outside<'t> {
    /// Where they are, for a sentence.
    place: &'static str,
    /// The mapping that they stand in.
    mapping: &'t Node,
    fields: Vec<Field<'t>>,
}

impl<'t> Outside<'t> {
    fn new(place: &'static str, (mapping, path): (&'t Node, &str), names: &[&str]) -> Option<Self> {
        let Value::Mapping(entries) = &mapping.value else { return None };
        let field = |(key, node): &'t (Node, Node)| {
            let name = key.text().filter(|name| names.contains(name))?;
            let place = if name == "spec" { name.to_owned() } else { child("spec", name) };
            Some(Field { node, key: key.mark, path: child(path, name), place })
        };
        let fields: Vec<Field<'t>> = entries.iter().filter_map(field).collect();
        (!fields.is_empty()).then_some(Self { place, mapping, fields })
    }

    /// Where the fields are among the entries of the mapping, if they follow each other.
    fn in_one_piece(&self, text: &str) -> Option<(usize, usize)> {
        let Value::Mapping(entries) = &self.mapping.value else { return None };
        // A value that was JSON already has no places.
        let first = self.fields.first().map(|field| field.key).filter(|key| key.end > key.start)?;
        let start = entries.iter().position(|(key, _)| key.mark.start == first.start)?;
        let keys = entries.get(start..start + self.fields.len())?;
        let follow = keys.iter().zip(&self.fields).all(|((key, _), field)| key.mark.start == field.key.start);
        (follow && !edit::is_flow(text, self.mapping)).then_some((start, entries.len()))
    }

    /// The edit that makes them the fields of a `spec` which has none, or which is not there.
    fn as_spec(&self, text: &str, root: &Node, empty: Option<&Field<'_>>) -> Option<Edit> {
        let (start, count) = self.in_one_piece(text)?;
        let first = self.fields.first()?;
        let end = self.fields.last()?.entry().end;
        let line = edit::line_start(text, first.key.start);
        let indent = text.get(line..first.key.start).filter(|indent| indent.trim().is_empty())?;
        let key = text.get(first.key.start..first.key.end)?;
        let line_break = edit::line_break(text);
        let is_root = self.mapping.mark.start == root.mark.start;
        let blanks = " ".repeat(INDENT);
        let (head, columns) = match empty {
            // The fields follow the line `spec:`.
            Some(empty) => {
                let Value::Mapping(entries) = &self.mapping.value else { return None };
                let before = entries.get(start.checked_sub(1)?)?;
                let follows = is_root && before.0.mark.start == empty.key.start;
                (follows && empty.node.text().is_none_or(str::is_empty))
                    .then(|| (format!("{blanks}{key}"), INDENT))?
            }
            None if is_root => (format!("spec:{line_break}{blanks}{key}"), INDENT),
            // The last fields under `metadata` have the indentation of those of `spec`.
            None => {
                let is_last = start + self.fields.len() == count && !indent.is_empty();
                is_last.then(|| (format!("spec:{line_break}{indent}{key}"), 0))?
            }
        };
        let from = if is_root { first.key.start } else { line };
        let mut edits = vec![Edit::new(from..first.key.end, head)];
        if columns > 0 {
            edits.extend(edit::shifted(text, first.key.end..end, isize::try_from(columns).ok()?));
        }
        Edit::together(text, edits)
    }

    /// The edit that puts a `spec` which is the last field of this mapping beside it.
    fn spec_beside(&self, text: &str, field: &Field<'_>) -> Option<Edit> {
        let Value::Mapping(entries) = &self.mapping.value else { return None };
        let is_last =
            entries.last().is_some_and(|(key, _)| key.mark == field.key && key.mark.end > key.mark.start);
        let line = edit::line_start(text, field.key.start);
        let indent = text.get(line..field.key.start).filter(|indent| indent.trim().is_empty() && is_last)?;
        let columns = isize::try_from(indent.len()).ok().filter(|_| !edit::is_flow(text, self.mapping))?;
        let mut edits = vec![Edit::new(line..field.key.end, text.get(field.key.start..field.key.end)?)];
        edits.extend(edit::shifted(text, field.key.end..field.entry().end, -columns));
        Edit::together(text, edits)
    }
}

/// What was found outside of `spec`.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The subscriptions, or all of `spec`: what is missing in `spec` is there.
    pub(crate) has_subscriptions: bool,
}

/// Reports the fields outside of `spec`, and what is wrong with them.
pub(crate) fn tell(context: &mut Context, object: &Object<'_>, own: Option<&Field<'_>>) -> Found {
    let mut found = Found::default();
    let metadata = object.node.get("metadata");
    let has_spec = own.is_some_and(|own| !own.node.is_null());
    let names = if has_spec { SPEC.to_vec() } else { [SPEC, &["spec"]].concat() };
    let root = Outside::new("beside `spec`", (object.node, &object.path), SPEC);
    let path = child(&object.path, "metadata");
    let below = metadata.and_then(|node| Outside::new("under `metadata`", (node, &path), &names));
    let is_only = root.is_none() || below.is_none();
    for outside in [root, below].into_iter().flatten() {
        for (index, field) in outside.fields.iter().enumerate() {
            let is_first = index == 0 && is_only;
            tell_field(context, object, (&outside, field, is_first), own, &mut found);
        }
    }
    found
}

fn tell_field(
    context: &mut Context,
    root: &Object<'_>,
    (outside, field, is_first): (&Outside<'_>, &Field<'_>, bool),
    own: Option<&Field<'_>>,
    found: &mut Found,
) {
    let (text, name) = (context.text_read(), field.name().to_owned());
    let of = if name == "spec" { "beside `metadata`" } else { "in `spec`" };
    let message = format!("`{name}` is {}, and a Warehouse has it {of}", outside.place);
    let is_there = |node: &Node| node.get(&name).is_some();
    let help: Help = match own.map(|own| own.node) {
        _ if name == "spec" => context.editing(
            "write it beside `metadata`, without the indentation",
            outside.spec_beside(&text, field),
        ),
        Some(spec) if is_there(spec) => {
            let help = format!("delete it: `spec` has `{name}`, too");
            context.deleting(help, outside.mapping, field.key).probable()
        }
        Some(spec) if !spec.is_null() => {
            let edit = Layout::new(&text, outside.mapping).moved_into(field.key, spec);
            let help = context.editing("write it under `spec`, indented", edit);
            // What was ignored counts from then on.
            if name == "subscriptions" { help } else { help.probable() }
        }
        _ => {
            // One edit moves all of them.
            let edit = if is_first { outside.as_spec(&text, root.node, own) } else { None };
            context.editing("write it under a line `spec:`, indented", edit)
        }
    };
    let is_second =
        own.is_some_and(|own| is_there(own.node)) || name == "subscriptions" && found.has_subscriptions;
    if is_second || !matches!(name.as_str(), "spec" | "subscriptions") {
        context.ignored_at(Code::Misplaced, field.at_key(), message, help);
    } else {
        context.error_at(Code::Misplaced, field.at_key(), message, help);
    }
    if is_second {
        return;
    }
    match name.as_str() {
        "spec" => drop(spec(context, field)),
        "subscriptions" => drop(subscriptions_in(context, outside.mapping, field)),
        _ => read_ignored(context, outside.mapping, field),
    }
    found.has_subscriptions |= matches!(name.as_str(), "spec" | "subscriptions");
}

/// Reads a field that Kargo ignores where it is: what is wrong with its value does not make the document unusable.
fn read_ignored(context: &mut Context, mapping: &Node, field: &Field<'_>) {
    let name = field.name();
    let above = field.path.strip_suffix(name).and_then(|path| path.strip_suffix('.')).unwrap_or_default();
    let Value::Mapping(entries) = &mapping.value else { return };
    let entry = entries.iter().rfind(|(key, _)| key.text() == Some(name));
    let node = Node::new(field.key, Value::Mapping(entry.cloned().into_iter().collect()));
    let whole = Field { node: &node, key: field.key, path: above.to_owned(), place: String::new() };
    context.ignoring(|context| {
        if let Some(mut object) = Object::open(context, &whole) {
            settings(context, &mut object);
        }
    });
}
