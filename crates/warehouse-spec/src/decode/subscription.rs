//! One subscription: an optional name and exactly one key that names its type (rule 1.3).

use crate::decode::alone;
use crate::decode::chart::chart;
use crate::decode::context::Context;
use crate::decode::edition::HELM;
use crate::decode::generic::generic;
use crate::decode::git::{self, git};
use crate::decode::image::image;
use crate::decode::nearest::nearest;
use crate::decode::object::{Field, Object};
use crate::diagnostic::Code;
use crate::node::Value;
use crate::subscription::{Subscription, SubscriptionKind};

const TYPES: &[&str] = &["image", "git", "chart"];

/// Decodes one item of `spec.subscriptions`.
pub(crate) fn subscription(context: &mut Context, item: &Field<'_>) -> Option<Subscription> {
    if item.node.is_null() {
        context.error(
            Code::OneType,
            item,
            "a subscription is empty",
            "write `image:`, `git:` or `chart:` under it, or delete the `-`",
        );
        return None;
    }
    if item.node.misread.is_none() && !matches!(item.node.value, Value::Mapping(_) | Value::UnknownAlias(_)) {
        let message = format!("a subscription must be a mapping, not {}", item.node.describe());
        let help = alone::without_type(context.style, item.node.text().unwrap_or_default());
        context.error(Code::WrongType, item, message, help);
        return None;
    }
    let mut object = Object::open(context, item)?;
    let name = name(context, &mut object);
    let beside = beside_git(context, &mut object);
    let (key, field) = type_field(context, &mut object, name.as_deref())?;
    if field.node.is_null() {
        context.error_at(
            Code::Missing,
            field.at_key(),
            format!("`{key}` has no value, so there is nothing to subscribe to"),
            "write its fields under it, indented, or delete it",
        );
        return None;
    }
    let kind = match by_type(context, &key, &field, name.as_deref(), &beside) {
        Some(kind) => kind?,
        None => SubscriptionKind::from(other(context, &key, &field, name.is_some())?),
    };
    Some(Subscription { name, kind })
}

/// Decodes what stands under a type that is known here.
fn by_type(
    context: &mut Context,
    key: &str,
    field: &Field<'_>,
    name: Option<&str>,
    beside: &[(&'static str, Field<'_>)],
) -> Option<Option<SubscriptionKind>> {
    // A text under `image:` and the like is the repository alone.
    if let Some(url) = alone::repository(field.node)
        && ["image", "git", "chart", "helm"].contains(&key)
    {
        let message = format!("`{}` must be a mapping, not {}", field.name(), field.node.describe());
        context.error(Code::WrongType, field, message, alone::of_type(context.style, key, url, name));
        return Some(None);
    }
    Some(match key {
        "image" => image(context, field).map(Into::into),
        "git" => git(context, field, beside).map(Into::into),
        "chart" | "helm" => chart(context, field).map(Into::into),
        _ => return None,
    })
}

/// The sibling `name`: an RFC 1123 label.
fn name(context: &mut Context, object: &mut Object<'_>) -> Option<String> {
    let field = object.take(context, "name")?;
    let text = context.filled(&field)?;
    let bytes = text.as_bytes();
    let inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_label = text.len() <= 63
        && bytes.iter().all(|byte| inner(byte) || *byte == b'-')
        && bytes.first().is_some_and(inner)
        && bytes.last().is_some_and(inner);
    if !is_label {
        context.error(
            Code::BadValue,
            &field,
            format!("`{text}` is no name of a subscription"),
            "at most 63 small letters, digits and hyphens; a letter or digit at both ends",
        );
    }
    Some(text.to_owned())
}

/// `includePaths` and `excludePaths` beside `git:`, where Kargo's own documentation had them from v0.5 to v1.2.
fn beside_git<'t>(context: &mut Context, object: &mut Object<'t>) -> Vec<(&'static str, Field<'t>)> {
    if !object.has("git") {
        return Vec::new();
    }
    ["includePaths", "excludePaths"]
        .into_iter()
        .filter_map(|name| {
            let field = object.take(context, name)?;
            context.warn_at(
                Code::OldSpelling,
                field.at_key(),
                format!("`{name}` beside `git` is an old spelling: Kargo v1.9 and newer refuse it"),
                format!("move `{name}` into `git`"),
            );
            Some((name, field))
        })
        .collect()
}

/// The one key that names the type, in normal form, and its field.
fn type_field<'t>(
    context: &mut Context,
    object: &mut Object<'t>,
    name: Option<&str>,
) -> Option<(String, Field<'t>)> {
    let keys: Vec<&str> = object.rest().into_iter().map(|(name, _)| name).collect();
    match keys.as_slice() {
        [] => {
            context.error_at(
                Code::OneType,
                object.at(),
                "a subscription has no type",
                "add `image:`, `git:` or `chart:`",
            );
            None
        }
        [key] => one_type(context, object, key),
        keys => {
            several_types(context, object, keys, name);
            None
        }
    }
}

fn one_type<'t>(context: &mut Context, object: &mut Object<'t>, key: &str) -> Option<(String, Field<'t>)> {
    if key == "helm" {
        let field = object.take_even_null(context, key, "chart")?;
        context.old_spelling(&field, HELM);
        return Some(("chart".to_owned(), field));
    }
    let known = TYPES.iter().find(|name| name.eq_ignore_ascii_case(key));
    let name = known.copied().unwrap_or(key);
    let field = object.take_even_null(context, name, name)?;
    Some((name.to_owned(), field))
}

/// Reports a subscription of several types, or of one type with fields that belong into it.
fn several_types(context: &mut Context, object: &Object<'_>, keys: &[&str], name: Option<&str>) {
    let types: Vec<&str> = keys.iter().copied().filter(|key| TYPES.contains(key) || *key == "helm").collect();
    if let [only] = types.as_slice() {
        for (name, field) in object.rest().iter().filter(|(name, _)| name != only) {
            let help = match belongs_into(only, name) {
                true => format!("move `{name}` into `{only}`"),
                false => format!("delete `{name}`"),
            };
            context.error_at(
                Code::Misplaced,
                field.at_key(),
                format!("`{name}` stands beside `{only}`, where only `name` may stand"),
                help,
            );
        }
        // What is wrong within the one type is told at once, too; the subscription is refused already.
        if let Some((_, field)) = object.rest().into_iter().find(|(name, _)| name == only)
            && !field.node.is_null()
        {
            let place = crate::path::child(&object.place, if *only == "helm" { "chart" } else { only });
            by_type(context, only, &Field { place, ..field }, name, &[]);
        }
        return;
    }
    let list: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    context.error_at(
        Code::OneType,
        object.at(),
        format!("a subscription has one type, and this has {}: {}", keys.len(), list.join(" and ")),
        "start a new item with `- ` for each",
    );
    for (key, field) in object.rest() {
        if types.contains(&key) && !field.node.is_null() {
            by_type(context, key, &field, name, &[]);
        }
    }
}

fn belongs_into(subscription_type: &str, name: &str) -> bool {
    match subscription_type {
        "git" => git::KNOWN.contains(&name),
        _ => matches!(
            name,
            "discoveryLimit"
                | "semverConstraint"
                | "constraint"
                | "repoURL"
                | "allowTags"
                | "allowTagsRegexes"
                | "imageSelectionStrategy"
                | "platform"
                | "strictSemvers"
        ),
    }
}

/// A subscription of a type unknown here: Kargo has such, each with a name; a misspelt `image` is likelier.
fn other(
    context: &mut Context,
    key: &str,
    field: &Field<'_>,
    has_name: bool,
) -> Option<crate::generic::GenericSubscription> {
    if !has_name {
        let meant = TYPES
            .iter()
            .find(|name| key.to_lowercase().contains(*name))
            .copied()
            .or_else(|| nearest(key, TYPES));
        let help = match meant {
            Some(name) => {
                format!("did you mean `{name}`? A subscription of another type needs a `name` beside it")
            }
            None => {
                "write `image`, `git` or `chart`; a subscription of another type needs a `name` beside it"
                    .to_owned()
            }
        };
        context.error_at(
            Code::UnknownField,
            field.at_key(),
            format!("`{key}` is no type of subscription"),
            help,
        );
        return None;
    }
    generic(context, key, field)
}
