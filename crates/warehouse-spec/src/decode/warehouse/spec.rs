//! The `spec` of a Warehouse.

use crate::decode::context::{Context, Field};
use crate::decode::edit;
use crate::decode::expression;
use crate::decode::object::Object;
use crate::decode::subscription::duplicates::{Placed, check_duplicates};
use crate::decode::subscription::repos::repos;
use crate::decode::subscription::subscription;
use crate::decode::subscription::types::is_type;
use crate::diagnostic::Code;
use crate::time::{Interval, InvalidInterval};
use crate::warehouse::{FreightCreationCriteria, FreightCreationPolicy, WarehouseSpec};
use crate::yaml::{Node, Value};

const WHAT: &str = "the specification of a Warehouse";

/// Why there must be subscriptions ([rule 1.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)), and what to do where there are none.
const NEEDS_ONE: &str = "a Warehouse needs at least one subscription";
const ADD_ONE: &str = "add `- image:`, `- git:` or `- chart:` under `subscriptions`";

/// The names of its fields.
pub(crate) const SPEC: &[&str] =
    &["shard", "interval", "freightCreationPolicy", "freightCreationCriteria", "subscriptions"];

pub(crate) fn spec(context: &mut Context, field: &Field<'_>) -> Option<WarehouseSpec> {
    spec_without(context, field, false)
}

/// Decodes the specification of a Warehouse, whose subscriptions may be outside of it by mistake.
pub(crate) fn spec_without(
    context: &mut Context,
    field: &Field<'_>,
    are_outside: bool,
) -> Option<WarehouseSpec> {
    let mut object = Object::open(context, field)?;
    let (mut spec, criteria) = settings(context, &mut object);
    if !are_outside {
        spec.subscriptions = subscriptions(context, &mut object);
    }
    if let Some((criteria, field)) = &criteria {
        expression::repositories(context, field, &criteria.expression, &spec.subscriptions);
    }
    object.finish(context, WHAT, SPEC);
    Some(spec)
}

/// What a specification says beside its subscriptions, and the field of its criteria.
pub(crate) fn settings<'t>(
    context: &mut Context,
    object: &mut Object<'t>,
) -> (WarehouseSpec, Option<(FreightCreationCriteria, Field<'t>)>) {
    let mut spec = WarehouseSpec::new(Vec::new());
    spec.shard = context.optional(object, "shard");
    if let Some(field) = object.take(context, "interval") {
        spec.interval = interval(context, &field).unwrap_or_default();
    }
    if let Some(field) = object.take(context, "freightCreationPolicy") {
        spec.freight_creation_policy = context.word(&field).unwrap_or_default();
    }
    let criteria = object.take(context, "freightCreationCriteria");
    let criteria = criteria.and_then(|field| criteria_of(context, field));
    spec.freight_creation_criteria = criteria.as_ref().map(|(criteria, _)| criteria.clone());
    if spec.freight_creation_policy == FreightCreationPolicy::Manual {
        idle_criteria(context, object, &spec);
    }
    (spec, criteria)
}

/// Reports criteria under the policy `Manual`, which creates no Freight ([rule 6.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
fn idle_criteria(context: &mut Context, object: &Object<'_>, spec: &WarehouseSpec) {
    let says_something = |criteria: &FreightCreationCriteria| !criteria.expression.trim().is_empty();
    if !spec.freight_creation_criteria.as_ref().is_some_and(says_something) {
        return;
    }
    if let Some(field) = object.look("freightCreationCriteria") {
        let help = "write `freightCreationPolicy: Automatic`, or delete it";
        let help = context.deleting(help, object.node, field.key).probable();
        context.warn_at(
            Code::NoEffect,
            field.at_key(),
            "`freightCreationCriteria` has no effect with `freightCreationPolicy: Manual`: no Freight is created",
            help,
        );
    }
}

fn interval(context: &mut Context, field: &Field<'_>) -> Option<Interval> {
    let text = context.filled(field)?;
    match text.parse() {
        Ok(interval) => Some(interval),
        Err(error) => {
            let error: InvalidInterval = error;
            context.error(Code::BadValue, field, error.to_string(), context.style.interval(text));
            None
        }
    }
}

/// The criteria, and the field of their expression.
fn criteria_of<'n>(context: &mut Context, field: Field<'n>) -> Option<(FreightCreationCriteria, Field<'n>)> {
    let mut object = Object::open(context, &field)?;
    let expression = object.take(context, "expression").and_then(|field| {
        let text = context.filled(&field)?;
        expression::criteria(context, &field, text);
        Some((text.to_owned(), field))
    });
    object.finish(context, "freightCreationCriteria", &["expression"]);
    expression.map(|(text, field)| (FreightCreationCriteria::new(text), field))
}

/// The subscriptions, at least one ([rule 1.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
fn subscriptions(context: &mut Context, object: &mut Object<'_>) -> Vec<crate::subscription::Subscription> {
    if let Some(field) = object.take_even_null(context, "subscriptions", "subscriptions") {
        return subscriptions_in(context, object.node, &field);
    }
    let message = format!("`subscriptions` is missing: {NEEDS_ONE}");
    match object.take_misnamed((WHAT, SPEC), "subscriptions") {
        Some(field) => {
            context.misnamed(&field, (WHAT, "subscriptions"), &message);
            subscriptions_in(context, object.node, &field);
        }
        None => context.error_at(Code::Missing, object.at(), message, ADD_ONE),
    }
    Vec::new()
}

/// The subscriptions under their key.
pub(crate) fn subscriptions_in(
    context: &mut Context,
    around: &Node,
    field: &Field<'_>,
) -> Vec<crate::subscription::Subscription> {
    if field.node.is_null() {
        context.error_at(
            Code::Missing,
            field.at_key(),
            format!("`subscriptions` has no value: {NEEDS_ONE}"),
            ADD_ONE,
        );
        return Vec::new();
    }
    if let Value::Mapping(entries) = &field.node.value {
        if entries.iter().any(|(key, _)| key.text().is_some_and(is_type)) {
            without_list(context, field, entries);
            return Vec::new();
        }
        let placed = repos(context, around, field);
        return finish(context, placed);
    }
    let Some(items) = context.list(field, "subscriptions") else {
        return Vec::new();
    };
    if items.is_empty() {
        context.error(Code::Missing, field, format!("`subscriptions` is empty: {NEEDS_ONE}"), ADD_ONE);
    }
    let placed: Vec<Placed> = items
        .iter()
        .filter_map(|item| {
            let subscription = subscription(context, item)?;
            Some(Placed { mark: item.node.mark, path: item.path.clone(), subscription })
        })
        .collect();
    finish(context, placed)
}

/// Reports subscriptions that are written without a list around them, and what is wrong within them.
fn without_list(context: &mut Context, field: &Field<'_>, entries: &[(Node, Node)]) {
    let types = entries.iter().filter(|(key, _)| key.text().is_some_and(is_type)).count();
    // Each type starts a subscription; what is beside the only one belongs to it.
    let starts = |index: usize, key: &Node| match types {
        1 => index == 0,
        _ => key.text().is_some_and(is_type),
    };
    let starts: Vec<bool> = entries.iter().enumerate().map(|(index, (key, _))| starts(index, key)).collect();
    let text = context.text_read();
    let edit = edit::as_items(&text, field.node, &starts);
    let message = format!("`{}` must be a list of subscriptions, not a mapping", field.name());
    let help = context.editing("write `- ` before each type, as in `- image:`", edit);
    context.error(Code::WrongType, field, message, help);
    let path = format!("{}[0]", field.path);
    if types == 1 {
        subscription(context, &Field { path, ..field.clone() });
        return;
    }
    for (key, node) in entries {
        let value = Value::Mapping(vec![(key.clone(), node.clone())]);
        let item = Node::new(key.mark, value);
        subscription(
            context,
            &Field { node: &item, key: key.mark, path: path.clone(), place: field.place.clone() },
        );
    }
}

fn finish(context: &mut Context, placed: Vec<Placed>) -> Vec<crate::subscription::Subscription> {
    check_duplicates(context, &placed);
    placed.into_iter().map(|placed| placed.subscription).collect()
}
