//! A subscription of a type this project does not know.

use serde_json::Value as Json;

use crate::decode::context::Context;
use crate::decode::object::{Field, Object};
use crate::generic::GenericSubscription;

const WHAT: &str = "a subscription of this type";

/// Decodes the common part of a subscription under a key of its own; its `config` is taken as it is.
pub(crate) fn generic(
    context: &mut Context,
    subscription_type: &str,
    field: &Field<'_>,
) -> Option<GenericSubscription> {
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
    object.pass_over(&["subscriptionType"]);
    object.finish(context, WHAT, &["config", "discoveryLimit"]);
    Some(generic)
}
