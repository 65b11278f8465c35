//! The JSON schemas of the types whose JSON is not that of their fields: whole documents, and subscriptions under the key of their type.
//!
//! A schema describes the normal form, which is today's spelling. What the decoder accepts beyond it, old spellings and other
//! capitals, is not in the schema.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::freight::{ArtifactReference, Chart, Freight, FreightOrigin, GitCommit, Image};
use crate::metadata::{API_VERSION, Metadata};
use crate::status::WarehouseStatus;
use crate::subscription::{
    ChartSubscription, GenericSubscription, GitSubscription, ImageSubscription, Subscription,
};
use crate::time::schema::Moment;
use crate::warehouse::{Warehouse, WarehouseSpec};

impl JsonSchema for Warehouse {
    fn schema_name() -> Cow<'static, str> {
        "Warehouse".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "properties": {
                "apiVersion": {"const": API_VERSION},
                "kind": {"const": "Warehouse"},
                "metadata": generator.subschema_for::<Metadata>(),
                "spec": generator.subschema_for::<WarehouseSpec>(),
                "status": generator.subschema_for::<WarehouseStatus>(),
            },
            "required": ["apiVersion", "kind", "metadata", "spec"],
        })
    }
}

impl JsonSchema for Freight {
    fn schema_name() -> Cow<'static, str> {
        "Freight".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "properties": {
                "apiVersion": {"const": API_VERSION},
                "kind": {"const": "Freight"},
                "metadata": generator.subschema_for::<Metadata>(),
                "alias": {"type": "string"},
                "discoveredAt": generator.subschema_for::<Moment>(),
                "origin": generator.subschema_for::<FreightOrigin>(),
                "commits": generator.subschema_for::<Vec<GitCommit>>(),
                "images": generator.subschema_for::<Vec<Image>>(),
                "charts": generator.subschema_for::<Vec<Chart>>(),
                "artifacts": generator.subschema_for::<Vec<ArtifactReference>>(),
            },
            "required": ["apiVersion", "kind"],
        })
    }
}

/// One key that names the type, and perhaps a `name` beside it. Another key than `image`, `git` and `chart` holds a generic
/// subscription.
impl JsonSchema for Subscription {
    fn schema_name() -> Cow<'static, str> {
        "Subscription".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "properties": {
                "name": {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 63},
                "image": generator.subschema_for::<ImageSubscription>(),
                "git": generator.subschema_for::<GitSubscription>(),
                "chart": generator.subschema_for::<ChartSubscription>(),
            },
            "additionalProperties": generator.subschema_for::<GenericSubscription>(),
            "minProperties": 1,
            "maxProperties": 2,
        })
    }
}

/// A platform as one text.
pub(crate) struct PlatformText;

impl JsonSchema for PlatformText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Platform".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)?$"})
    }
}
