//! Keys of a subscription that stand beside its type: fields that belong below it, a second type, and a type that is written as a field.

use std::ops::Range;

use crate::decode::context::{Context, Field};
use crate::decode::edit::{self, Edit, Layout};
use crate::decode::object::Object;
use crate::decode::subscription::types::{TYPES, by_type, is_type};
use crate::diagnostic::Code;
use crate::edition::{self, fields_of};
use crate::yaml::{Node, Value, child};

/// How much further to the right the fields below a key stand.
const DEEPER: isize = 2;

/// An entry of a mapping.
type Entry = (Node, Node);

/// The type of a subscription that has no value, and the fields that stand beside it in place of below it.
pub(crate) struct Below {
    of_type: &'static str,
    key: Node,
    fields: Vec<Entry>,
    /// Whether nothing else stands between the type and the last one of them.
    is_in_one_piece: bool,
}

impl Below {
    pub(crate) fn of(object: &Object<'_>) -> Option<Self> {
        let Value::Mapping(entries) = &object.node.value else { return None };
        let mut types = entries.iter().enumerate().filter(|(_, (key, _))| key.text().is_some_and(is_type));
        let (at, (key, value)) = types.next()?;
        let is_empty = value.is_null() && value.text().is_none_or(str::is_empty) && value.misread.is_none();
        if !is_empty || types.next().is_some() {
            return None;
        }
        let of_type = match key.text()? {
            "helm" => "chart",
            text => TYPES.iter().find(|of_type| of_type.eq_ignore_ascii_case(text))?,
        };
        // A `name` is that of the subscription. Behind `chart:` it is that of the chart.
        let is_field = |(index, (name, _)): &(usize, &Entry)| {
            *index != at && (name.text() != Some("name") || of_type == "chart" && *index > at)
        };
        let (places, fields): (Vec<usize>, Vec<Entry>) =
            entries.iter().enumerate().filter(is_field).map(|(index, entry)| (index, entry.clone())).unzip();
        let is_one = |(name, _): &Entry| name.text().is_some_and(|name| belongs_into(of_type, name));
        fields.iter().any(is_one).then(|| Self {
            of_type,
            key: key.clone(),
            is_in_one_piece: places.iter().copied().eq(at + 1..=at + fields.len()),
            fields,
        })
    }

    /// Whether a `name` is among the fields.
    pub(crate) fn has_name(&self) -> bool {
        self.fields.iter().any(|(key, _)| key.text() == Some("name"))
    }

    /// Reports the fields, and what is wrong with them where they belong.
    pub(crate) fn tell(self, context: &mut Context, object: &Object<'_>, name: Option<&str>) {
        let written = self.key.text().unwrap_or_default();
        let path = child(&object.path, written);
        let message = format!("`{written}` has no value, and its fields are beside it");
        let text = context.text_read();
        let edit = match edit::is_flow(&text, object.node) {
            true => None,
            false => self
                .indented(&text)
                .filter(|_| self.is_in_one_piece && self.key.mark.end > self.key.mark.start),
        };
        let help = context.editing(format!("indent them, so that they are below `{written}:`"), edit);
        context.error_at(Code::Misplaced, (self.key.mark, &path), message, help);
        let entries: Vec<Range<usize>> = self.fields.iter().map(span_of).collect();
        let mark = self.fields.first().map_or(self.key.mark, |(key, _)| key.mark);
        let node = Node::new(mark, Value::Mapping(self.fields));
        let place = child(&object.place, self.of_type);
        let field = Field { node: &node, key: self.key.mark, path, place };
        read_apart(context, &entries, |context| drop(by_type(context, self.of_type, &field, name, &[])));
    }

    fn indented(&self, text: &str) -> Option<Edit> {
        let last = self.fields.last().map(span_of)?;
        let end = self.key.mark.end;
        // An edit replaces something: here at least what is between the type and its fields.
        let mut edits = vec![Edit::new(end..end, "")];
        edits.extend(edit::shifted(text, end..last.end, DEEPER));
        Edit::together(text, edits)
    }
}

/// Where an entry is written.
fn span_of((key, value): &Entry) -> Range<usize> {
    key.mark.start..value.mark.end.max(key.mark.end)
}

/// Reads entries as a part of a mapping in which they are not written. An edit that reaches beyond one of these places was made for that mapping, and is not kept.
fn read_apart(context: &mut Context, places: &[Range<usize>], read: impl FnOnce(&mut Context)) {
    let before = context.diagnostics.len();
    read(context);
    for found in context.diagnostics.iter_mut().skip(before) {
        let is_within = |edit: &Range<usize>| {
            places.iter().any(|place| place.start <= edit.start && edit.end <= place.end)
        };
        found.replacement = found.replacement.take().filter(|edit| is_within(&edit.span));
    }
}

/// Reports the fields beside the only type, and what is wrong with them and with those below it.
fn one_type(
    context: &mut Context,
    object: &Object<'_>,
    (of_type, field): (&str, &Field<'_>),
    name: Option<&str>,
) {
    let known = if of_type == "helm" { "chart" } else { of_type };
    let text = context.text_read();
    let Value::Mapping(entries) = &object.node.value else { return };
    let mut moved: Vec<Entry> = Vec::new();
    for (name, beside) in object.rest().iter().filter(|(name, _)| *name != of_type) {
        let (belongs, is_there) = (belongs_into(known, name), field.node.get(name).is_some());
        let help = match belongs && !is_there {
            true => {
                let edit = Layout::new(&text, object.node).moved_into(beside.key, field.node);
                context.editing(format!("move `{name}` into `{of_type}`"), edit)
            }
            false if belongs => format!("delete `{name}`, which is in `{of_type}` already").into(),
            false => format!("delete `{name}`").into(),
        };
        let message = format!("`{name}` is beside `{of_type}`, where only `name` is allowed");
        context.error_at(Code::Misplaced, beside.at_key(), message, help);
        if belongs && !is_there {
            moved.extend(entries.iter().rfind(|(key, _)| key.text() == Some(name)).cloned());
        }
    }
    if field.node.is_null() {
        return;
    }
    let place = child(&object.place, known);
    let Value::Mapping(inside) = &field.node.value else {
        by_type(context, of_type, &Field { place, ..field.clone() }, name, &[]);
        return;
    };
    let mut places: Vec<Range<usize>> = moved.iter().map(span_of).collect();
    places.push(field.node.mark.start..field.node.mark.end);
    let node = Node { value: Value::Mapping([inside.as_slice(), &moved].concat()), ..field.node.clone() };
    let whole = Field { node: if moved.is_empty() { field.node } else { &node }, place, ..field.clone() };
    match moved.is_empty() {
        true => drop(by_type(context, of_type, &whole, name, &[])),
        false => read_apart(context, &places, |context| drop(by_type(context, of_type, &whole, name, &[]))),
    }
}

/// Whether a type has this field, in any release.
fn belongs_into(of_type: &str, name: &str) -> bool {
    fields_of(of_type).into_iter().flatten().any(|field| field.name == name)
}

/// Reports a subscription of several types, or of one type with fields that belong into it.
pub(crate) fn several_types(context: &mut Context, object: &Object<'_>, keys: &[&str], name: Option<&str>) {
    let types: Vec<&str> = keys.iter().copied().filter(|key| TYPES.contains(key) || *key == "helm").collect();
    let rest = object.rest();
    if let [only] = types.as_slice() {
        if let Some((_, field)) = rest.iter().find(|(name, _)| name == only) {
            one_type(context, object, (only, field), name);
        }
        return;
    }
    let list: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    context.error_at(
        Code::OneType,
        object.at(),
        format!("a subscription has one type, and this has {}: {}", keys.len(), list.join(" and ")),
        // Fields of a subscription without the type that they belong into.
        match TYPES.iter().find(|of_type| keys.iter().all(|key| belongs_into(of_type, key))) {
            Some(of_type) => format!(
                "write `{of_type}:` above them, and indent them below it (or another type: image, git, chart)"
            ),
            None => "start a new item with `- ` for each".to_owned(),
        },
    );
    for (key, field) in rest {
        if types.contains(&key) && !field.node.is_null() {
            by_type(context, key, &field, name, &[]);
        }
    }
}

/// The type that a field `type` or `kind` names, as in other tools.
pub(crate) fn type_as_field<'t>(object: &Object<'t>) -> Option<(&'static str, Field<'t>)> {
    let rest = object.rest();
    if rest.iter().any(|(name, _)| is_type(name)) {
        return None;
    }
    let (_, field) = rest.into_iter().find(|(name, _)| matches!(*name, "type" | "kind"))?;
    let named = field.node.text()?;
    let of_type = match named {
        "helm" => "chart",
        named => TYPES.iter().find(|name| name.eq_ignore_ascii_case(named))?,
    };
    Some((of_type, field))
}

/// Reports a subscription that names its type in a field, and what is wrong with the other fields.
pub(crate) fn typed(
    context: &mut Context,
    object: &Object<'_>,
    (of_type, field): (&str, &Field<'_>),
    name: Option<&str>,
) {
    let text = context.text_read();
    // The name of a subscription stays beside its type; that of a chart is one of its fields.
    let keeps_name = name.is_some() && of_type != "chart";
    let edit = edit::under_new_key(&text, object.node, field.key, &context.style.key(of_type));
    let message = format!("`{}` is no field of a subscription: its type is a key of its own", field.name());
    let beside = if keeps_name { ", except `name`" } else { "" };
    let help = format!("write `- {of_type}:`, and below it, indented, the other fields{beside}");
    let help = context.editing(help, edit.filter(|_| !keeps_name));
    context.error_at(Code::OneType, field.at_key(), message, help);
    let Value::Mapping(entries) = &object.node.value else { return };
    let is_other =
        |key: &Node| key.mark.start != field.key.start && !(keeps_name && key.text() == Some("name"));
    let fields: Vec<(Node, Node)> = entries.iter().filter(|(key, _)| is_other(key)).cloned().collect();
    if !fields.is_empty() {
        let node = Node { value: Value::Mapping(fields), ..object.node.clone() };
        let inside = Field {
            node: &node,
            key: field.key,
            path: child(&object.path, of_type),
            place: child(&object.place, of_type),
        };
        by_type(context, of_type, &inside, name, &[]);
    }
}

/// `includePaths` and `excludePaths` beside `git:`, where Kargo's own documentation had them from v0.5 to v1.2.
pub(crate) fn beside_git<'t>(
    context: &mut Context,
    object: &mut Object<'t>,
) -> Vec<(&'static str, Field<'t>)> {
    if !object.has("git") {
        return Vec::new();
    }
    edition::LISTS_BESIDE_GIT
        .into_iter()
        .filter_map(|name| {
            let field = object.take(context, name)?;
            let edit = into_git(context, object, (name, &field));
            let help = context.editing(format!("move `{name}` into `git`"), edit);
            let message = format!("`{name}` beside `git` is an old spelling: Kargo v1.9 and newer refuse it");
            context.tell_old_spelling(&field, &edition::BESIDE_GIT, &message, help);
            Some((name, field))
        })
        .collect()
}

/// The edit that moves a list of paths into `git`; its items, if there is such a list already.
fn into_git(context: &Context, object: &Object<'_>, (name, field): (&str, &Field<'_>)) -> Option<Edit> {
    let text = context.text_read();
    let git = object.look("git")?;
    let layout = Layout::new(&text, object.node);
    let Some(list) = git.node.get(name) else {
        return layout.moved_into(field.key, git.node);
    };
    let Value::List(items) = &field.node.value else { return None };
    let form = |item: &Node| {
        let written = context.written_at(item.mark);
        // What is in quotation marks may stand in brackets and on a line of its own.
        match written.starts_with(['"', '\'']) && !written.contains('\n') {
            true => Some(written.to_owned()),
            false => Some(context.style.form(item.text()?)),
        }
    };
    let forms = items.iter().map(form);
    let added = edit::with_items(&text, list, &forms.collect::<Option<Vec<_>>>()?)?;
    Edit::together(&text, vec![added, layout.without(field.key)?])
}
