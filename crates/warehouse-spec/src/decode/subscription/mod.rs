//! One subscription: an optional name and exactly one key that names its type ([rule 1.3](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).

mod beside;
pub(crate) mod chart;
mod divided;
pub(crate) mod duplicates;
pub(crate) mod effect;
pub(crate) mod generic;
pub(crate) mod git;
pub(crate) mod image;
pub(crate) mod repos;
pub(crate) mod tag_lists;
pub(crate) mod types;

use crate::decode::context::{Context, Field};
use crate::decode::object::Object;
use crate::decode::practice::is_label;
use crate::decode::remedy;
use crate::decode::subscription::beside::{Below, beside_git, several_types, type_as_field, typed};
use crate::decode::subscription::generic::other;
use crate::decode::subscription::types::{TYPES, by_type};
use crate::diagnostic::Code;
use crate::edition;
use crate::subscription::{Subscription, SubscriptionKind};
use crate::yaml::Value;

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
        let help = remedy::without_type(context.style, item.node.text().unwrap_or_default());
        context.error(Code::WrongType, item, message, help);
        return None;
    }
    let mut object = Object::open(context, item)?;
    if let Some(below) = Below::of(&object) {
        let name = if below.has_name() { None } else { name(context, &mut object) };
        below.tell(context, &object, name.as_deref());
        return None;
    }
    let name = name(context, &mut object);
    if let Some((of_type, field)) = type_as_field(&object) {
        typed(context, &object, (of_type, &field), name.as_deref());
        return None;
    }
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

/// The sibling `name`: an RFC 1123 label.
fn name(context: &mut Context, object: &mut Object<'_>) -> Option<String> {
    let field = object.take(context, "name")?;
    let text = context.filled(&field)?;
    if !is_label(text) {
        context.error(
            Code::BadValue,
            &field,
            format!("`{text}` is not a valid name of a subscription"),
            "at most 63 small letters, digits and hyphens; a letter or digit at both ends",
        );
    }
    Some(text.to_owned())
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
        context.old_spelling(&field, &edition::HELM);
        return Some(("chart".to_owned(), field));
    }
    let known = TYPES.iter().find(|name| name.eq_ignore_ascii_case(key));
    let name = known.copied().unwrap_or(key);
    let field = object.take_even_null(context, name, name)?;
    Some((name.to_owned(), field))
}
