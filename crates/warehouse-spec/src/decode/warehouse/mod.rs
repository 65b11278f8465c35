//! A `Warehouse` document, and the metadata of every document.

mod outside_spec;

use crate::decode::context::{Context, Field};
use crate::decode::edit;
use crate::decode::expression;
use crate::decode::object::Object;
use crate::decode::subscription::duplicates::{Placed, check_duplicates};
use crate::decode::subscription::repos::repos;
use crate::decode::subscription::{is_type, subscription};
use crate::diagnostic::Code;
use crate::metadata::Metadata;
use crate::status::WarehouseStatus;
use crate::time::{Interval, InvalidInterval};
use crate::warehouse::{FreightCreationCriteria, FreightCreationPolicy, Warehouse, WarehouseSpec};
use crate::yaml::{Node, Value};

const WHAT: &str = "the specification of a Warehouse";

/// The names of its fields.
pub(crate) const SPEC: &[&str] =
    &["shard", "interval", "freightCreationPolicy", "freightCreationCriteria", "subscriptions"];

/// Decodes a whole document; none where there is no specification.
pub(crate) fn warehouse(context: &mut Context, document: &Field<'_>) -> Option<Warehouse> {
    let mut object = Object::open(context, document)?;
    object.ignore(&["apiVersion", "kind"]);
    let metadata = metadata(context, &mut object, true);
    let status = status(context, &mut object);
    let field = object.take_even_null(context, "spec", "spec");
    object.ignore(SPEC);
    // What is missing in `spec` and there outside of it is one mistake.
    let outside = outside_spec::tell(context, &object, field.as_ref());
    let spec = match field {
        Some(field) if !field.node.is_null() => spec_without(context, &field, outside.has_subscriptions),
        _ => {
            if !outside.has_subscriptions {
                let (message, help) =
                    ("a Warehouse needs a `spec` with `subscriptions`", "add `spec:` with `subscriptions:`");
                context.error_at(Code::Missing, object.at(), message, help);
            }
            None
        }
    };
    object.finish(context, "a Warehouse", &["apiVersion", "kind", "metadata", "spec", "status"]);
    Some(Warehouse { metadata, spec: spec?, status })
}

/// The status. It is written by the controller and selects nothing, so one of another shape is a warning.
fn status(context: &mut Context, object: &mut Object<'_>) -> Option<WarehouseStatus> {
    let field = object.take_even_null(context, "status", "status")?;
    if field.node.is_null() {
        return None;
    }
    match serde_json::from_value(field.node.to_json()) {
        Ok(status) => Some(status),
        Err(error) => {
            let message = format!("the status is not one of Kargo's, and it is ignored: {error}");
            context.warn_at(Code::WrongType, field.at_key(), message, "delete it: the controller writes it");
            None
        }
    }
}

pub(crate) fn spec(context: &mut Context, field: &Field<'_>) -> Option<WarehouseSpec> {
    spec_without(context, field, false)
}

/// Decodes the specification of a Warehouse, whose subscriptions may be outside of it by mistake.
fn spec_without(context: &mut Context, field: &Field<'_>, are_outside: bool) -> Option<WarehouseSpec> {
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
    let empty = "a Warehouse needs at least one subscription";
    let help = "add `- image:`, `- git:` or `- chart:` under `subscriptions`";
    if let Some(field) = object.take_even_null(context, "subscriptions", "subscriptions") {
        return subscriptions_in(context, object.node, &field);
    }
    let message = format!("`subscriptions` is missing: {empty}");
    match object.take_misnamed((WHAT, SPEC), "subscriptions") {
        Some(field) => {
            context.misnamed(&field, (WHAT, "subscriptions"), &message);
            subscriptions_in(context, object.node, &field);
        }
        None => context.error_at(Code::Missing, object.at(), message, help),
    }
    Vec::new()
}

/// The subscriptions under their key.
pub(crate) fn subscriptions_in(
    context: &mut Context,
    around: &Node,
    field: &Field<'_>,
) -> Vec<crate::subscription::Subscription> {
    let empty = "a Warehouse needs at least one subscription";
    let help = "add `- image:`, `- git:` or `- chart:` under `subscriptions`";
    if field.node.is_null() {
        context.error_at(
            Code::Missing,
            field.at_key(),
            format!("`subscriptions` has no value: {empty}"),
            help,
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
        context.error(Code::Missing, field, format!("`subscriptions` is empty: {empty}"), help);
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

/// What Kubernetes itself keeps in `metadata`, and what is read nowhere here.
const KUBERNETES: &[&str] = &[
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Decodes `metadata`. A Warehouse must have a name, since its Freight carries it.
pub(crate) fn metadata(context: &mut Context, document: &mut Object<'_>, needs_name: bool) -> Metadata {
    let mut metadata = Metadata::default();
    let Some(field) = document.take(context, "metadata") else {
        if needs_name {
            let at = document.at();
            context.error_at(
                Code::Missing,
                at,
                "`metadata.name` is missing",
                "add `metadata:` with a `name:`",
            );
        }
        return metadata;
    };
    let Some(mut object) = Object::open(context, &field) else {
        return metadata;
    };
    let names = [("name", false), ("namespace", true)];
    let names = names.map(|(name, is_namespace)| {
        let field = object.take(context, name)?;
        let text = context.filled(&field)?.to_owned();
        context.advise_name(&field, &text, is_namespace);
        Some(text)
    });
    let [name, namespace] = names;
    metadata.name = name.unwrap_or_default();
    metadata.namespace = namespace;
    for (name, map) in [("labels", &mut metadata.labels), ("annotations", &mut metadata.annotations)] {
        if let Some(field) = object.take(context, name) {
            *map = context.string_map(&field);
        }
    }
    if needs_name && metadata.name.is_empty() && !object.has("name") {
        context.error_at(Code::Missing, object.at(), "`metadata.name` is missing", "add a `name`");
    } else if needs_name && metadata.name.is_empty() && !context.has_errors() {
        context.error_at(Code::Missing, object.at(), "`metadata.name` has no value", "add a `name`");
    }
    object.ignore(KUBERNETES);
    if needs_name {
        // Those are told with `spec`.
        object.ignore(SPEC);
        object.ignore(&["spec"]);
    }
    object.finish(context, "metadata", KUBERNETES);
    metadata
}
