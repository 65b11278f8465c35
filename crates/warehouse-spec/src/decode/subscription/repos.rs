//! `subscriptions: {repos: {git: [...], images: [...], charts: [...]}}`, the shape of v0.1.

use crate::decode::context::{Context, Field};
use crate::decode::edit::{self, Edit};
use crate::decode::object::Object;
use crate::decode::subscription::chart::chart;
use crate::decode::subscription::duplicates::Placed;
use crate::decode::subscription::git::git;
use crate::decode::subscription::image::image;
use crate::diagnostic::Code;
use crate::edition;
use crate::subscription::{Subscription, SubscriptionKind};
use crate::yaml::{Node, Value, child};

/// The keys of the lists, and that of a subscription of each.
const LISTS: &[(&str, &str)] = &[("git", "git"), ("images", "image"), ("charts", "chart")];

/// Decodes the subscriptions in the order in which they are written.
pub(crate) fn repos(context: &mut Context, around: &Node, field: &Field<'_>) -> Vec<Placed> {
    let help = "write a list: `- image:`, `- git:` or `- chart:` for each subscription";
    let Some(mut outer) = Object::open(context, field) else {
        return Vec::new();
    };
    let Some(inner) = outer.take(context, "repos") else {
        context.wrong_type(field, "a list of subscriptions");
        return Vec::new();
    };
    let edit = as_list(context, around, field.node, inner.node);
    context.old_spelling_with(&inner, &edition::REPOS, context.editing(help, edit));
    let Some(mut object) = Object::open(context, &inner) else {
        return Vec::new();
    };
    let mut lists: Vec<(&str, Field<'_>)> =
        LISTS.iter().filter_map(|(name, key)| Some((*key, object.take(context, name)?))).collect();
    lists.sort_by_key(|(_, list)| list.key.start);
    let mut placed = Vec::new();
    for (key, list) in lists {
        for item in context.list(&list, "subscriptions").unwrap_or_default() {
            let index = placed.len();
            let place = format!("spec.subscriptions[{index}]");
            context.place(&place, item.node.mark);
            let item = Field { place: child(&place, key), ..item };
            let kind: Option<SubscriptionKind> = match key {
                "git" => git(context, &item, &[]).map(Into::into),
                "image" => image(context, &item).map(Into::into),
                _ => chart(context, &item).map(Into::into),
            };
            if let Some(kind) = kind {
                let subscription = Subscription::new(kind);
                placed.push(Placed { mark: item.node.mark, path: item.path.clone(), subscription });
            }
        }
    }
    object.finish(context, "repos", &["git", "images", "charts"]);
    outer.finish(context, "subscriptions", &["repos"]);
    if placed.is_empty() && !context.has_errors() {
        context.error(Code::Missing, field, "a Warehouse needs at least one subscription", help);
    }
    placed
}

/// The edit that writes them as a list: each item with the key of its type, in the order in which they are written.
fn as_list(context: &Context, around: &Node, outer: &Node, inner: &Node) -> Option<Edit> {
    let text = context.text_read();
    let (Value::Mapping(outer_entries), Value::Mapping(entries)) = (&outer.value, &inner.value) else {
        return None;
    };
    let [(repos, _)] = outer_entries.as_slice() else { return None };
    let mut lists = Vec::new();
    for (key, value) in entries {
        let (_, kind) = LISTS.iter().find(|(name, _)| key.text() == Some(name))?;
        let Value::List(items) = &value.value else { return None };
        lists.push((key, *kind, value, items));
    }
    if edit::is_flow(&text, inner) {
        let items = lists.iter().flat_map(|(_, kind, _, items)| items.iter().map(move |item| (*kind, item)));
        let written = items.map(|(kind, item)| {
            let raw = text.get(item.mark.start..item.mark.end)?;
            Some(format!("{{{}}}", context.style.entry(kind, raw)))
        });
        let written = format!("[{}]", written.collect::<Option<Vec<_>>>()?.join(", "));
        let span = match edit::is_flow(&text, outer) {
            true => outer.mark.start..outer.mark.end,
            false => repos.mark.start..inner.mark.end,
        };
        let is_free = edit::comments(&text, span.clone(), around)?.is_empty();
        return is_free.then(|| Edit::new(span, written));
    }
    let column = repos.mark.start - edit::line_start(&text, repos.mark.start);
    let indent = " ".repeat(column);
    let line_break = edit::line_break(&text);
    // A line of a key goes, with what follows it up to the line break; a comment stays.
    let key_line = |key: &Node, value: &Node| {
        let start = edit::line_start(&text, key.mark.start);
        let is_first = text.get(start..key.mark.start)?.trim().is_empty();
        let end =
            text.get(key.mark.end..)?.find('\n').map(|at| key.mark.end + at + 1).filter(|_| is_first)?;
        let has_value = value.mark.end > value.mark.start && value.mark.start < end;
        let comments = edit::comments(&text, key.mark.start..end, around)?;
        let kept: String = comments.iter().map(|comment| format!("{indent}{comment}{line_break}")).collect();
        (!has_value).then(|| Edit::new(start..end, kept))
    };
    let mut edits = vec![key_line(repos, inner)?];
    for (key, kind, list, items) in lists {
        if edit::is_flow(&text, list) {
            let start = edit::line_start(&text, key.mark.start);
            let items = items.iter().map(|item| {
                let raw = text.get(item.mark.start..item.mark.end)?;
                Some(format!("{indent}- {kind}: {raw}"))
            });
            let is_free = edit::comments(&text, start..list.mark.end, around)?.is_empty();
            let written = items.collect::<Option<Vec<_>>>()?.join(line_break);
            edits.push(Edit::new(start..list.mark.end, written));
            if !is_free || !text.get(start..key.mark.start)?.trim().is_empty() {
                return None;
            }
            continue;
        }
        edits.push(key_line(key, list)?);
        for item in items {
            let start = edit::line_start(&text, item.mark.start);
            let before = text.get(start..item.mark.start)?;
            if before.trim() != "-" {
                return None;
            }
            if edit::is_flow(&text, item) {
                edits.push(Edit::new(start..item.mark.start, format!("{indent}- {kind}: ")));
                continue;
            }
            let deeper = format!("{indent}    ");
            edits.push(Edit::new(start..item.mark.start, format!("{indent}- {kind}:{line_break}{deeper}")));
            let columns = edit::columns_between(before.chars().count(), deeper.len())?;
            edits.extend(edit::shifted(&text, item.mark.start..item.mark.end, columns));
        }
    }
    Edit::together(&text, edits)
}
