//! A `Warehouse` document, and the metadata of every document.

mod outside_spec;
mod spec;

pub(crate) use spec::spec;

use crate::decode::context::{Context, Field};
use crate::decode::object::Object;
use crate::decode::warehouse::spec::{SPEC, spec_without};
use crate::diagnostic::Code;
use crate::metadata::Metadata;
use crate::status::WarehouseStatus;
use crate::warehouse::Warehouse;

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
    if needs_name
        && object.look("generateName").is_some_and(|prefix| !prefix.node.is_null())
        && !object.has("name")
    {
        // The API server makes up a name. Who discovers without one needs it.
        if !context.advises {
            let message = "`metadata.name` is missing, and `generateName` is for the API server alone";
            context.error_at(Code::Missing, object.at(), message, "add a `name`");
        }
    } else if needs_name && metadata.name.is_empty() && !object.has("name") {
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
