//! A subscription of a type that is unknown here, under a key of its own.

use serde_json::Value as Json;

use crate::decode::context::{Context, Field};
use crate::decode::object::Object;
use crate::decode::subscription::types::TYPES;
use crate::diagnostic::{Code, Help};
use crate::rule::nearest;
use crate::snippet::has_secret_key;
use crate::subscription::GenericSubscription;
use crate::yaml::{Mark, Node};

const WHAT: &str = "a subscription of this type";

const KNOWN: &[&str] = &["config", "discoveryLimit"];

/// What to do about a field beside `config`: to put it there. The edit is one text where it is the only such field, and there is no
/// `config` yet.
fn under_config(context: &Context, object: &Node, field: &Field<'_>) -> Help {
    let words = "put it under `config:`";
    let (whole, entry) = (object.mark, field.entry());
    let raw = context.written_at(Mark { start: entry.start, end: entry.end, ..whole });
    let is_within = whole.start <= entry.start && entry.end <= whole.end && !raw.is_empty();
    // What is not shown cannot be copied.
    let is_secret = raw.lines().any(has_secret_key);
    if !is_within || is_secret {
        return words.into();
    }
    let is_flow = context.written_at(whole).starts_with('{');
    let moved = match is_flow {
        true => context.style.entry("config", &format!("{{{raw}}}")),
        false => {
            let indent = " ".repeat(field.key.column - 1);
            format!("config:\n{indent}  {}", raw.replace('\n', "\n  "))
        }
    };
    Help::rewriting(words, entry, moved)
}

/// Decodes the common part of a subscription under a key of its own; its `config` is taken as it is.
fn generic(context: &mut Context, subscription_type: &str, field: &Field<'_>) -> Option<GenericSubscription> {
    let mut object = Object::open(context, field)?;
    let mut generic = GenericSubscription::new(subscription_type);
    if let Some(field) = object.take(context, "config") {
        context.reads_otherwise_within(&field);
        match field.node.to_json() {
            Json::Object(config) => generic.config = Some(config),
            _ => context.wrong_type(&field, "a mapping"),
        }
    }
    generic.discovery_limit = context.discovery_limit(&mut object);
    // Kargo writes the type into the object as well.
    object.ignore(&["subscriptionType"]);
    let is_alone = object.rest().len() == 1 && !object.has("config");
    for (name, field) in object.rest() {
        // A misspelt `config` or `discoveryLimit` is told as such.
        if nearest(name, KNOWN).is_none() && !context.reads_otherwise(&field) {
            let message = format!("{WHAT} has no field `{name}`; it is ignored");
            let help = under_config(context, object.node, &field).only_if(is_alone);
            context.ignored_at(Code::UnknownField, field.at_key(), message, help);
            object.ignore(&[name]);
        }
    }
    object.finish(context, WHAT, KNOWN);
    Some(generic)
}

/// A subscription of a type unknown here: Kargo has such, each with a name; a misspelt `image` is likelier.
pub(crate) fn other(
    context: &mut Context,
    key: &str,
    field: &Field<'_>,
    has_name: bool,
) -> Option<GenericSubscription> {
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
            format!("`{key}` is not a type of subscription"),
            help,
        );
        return None;
    }
    generic(context, key, field)
}
