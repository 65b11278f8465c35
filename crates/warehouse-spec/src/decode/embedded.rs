//! A Warehouse out of JSON that is already parsed, as an API server sends it.

use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::Value as Json;

use crate::decode::context::Context;
use crate::decode::object::Field;
use crate::decode::warehouse::warehouse;
use crate::diagnostic::Diagnostic;
use crate::node::Node;
use crate::warehouse::Warehouse;

/// Decodes a Warehouse, every edition's spelling included.
///
/// # Errors
///
/// Every error at once; their locations mean nothing, their paths do.
fn from_json(json: &Json) -> Result<Warehouse, Vec<Diagnostic>> {
    let node = Node::from_json(json);
    let mut context = Context::new(&Arc::from(""), false, true);
    let document = Field { node: &node, key: node.mark, path: String::new(), place: String::new() };
    let warehouse = warehouse(&mut context, &document);
    match warehouse {
        Some(warehouse) if !context.has_errors() => Ok(warehouse),
        _ => {
            context.diagnostics.retain(Diagnostic::is_error);
            Err(context.diagnostics)
        }
    }
}

/// Reads every edition's spelling, as [`parse`](crate::parse) does, and fails with every error at once. Warnings are lost:
/// where they matter, [`parse`](crate::parse) the text.
impl<'de> Deserialize<'de> for Warehouse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        from_json(&json).map_err(|errors| {
            let messages: Vec<String> =
                errors.iter().map(|error| format!("{}: {}", error.path, error.message)).collect();
            D::Error::custom(messages.join("; "))
        })
    }
}
