//! `metadata` of a document.

use crate::decode::context::Context;
use crate::decode::object::Object;
use crate::diagnostic::Code;
use crate::warehouse::Metadata;

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
    metadata.name = context.text(&mut object, "name");
    metadata.namespace = context.optional(&mut object, "namespace");
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
    object.pass_over(KUBERNETES);
    object.pass_over(&["subscriptions"]);
    object.finish(context, "metadata", KUBERNETES);
    metadata
}
