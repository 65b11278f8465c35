//! The JSON Schema of an edition's manifests, for editors.

use serde_json::{Map, Value as Json, json};

use super::Edition;
use super::field::{FREIGHT, Field, GENERIC_SINCE, METADATA_NAME, NAME_SINCE, SPEC, Shape, fields_of};
use crate::metadata::API_VERSION;

/// A kind of document that has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DocumentKind {
    /// A Warehouse.
    Warehouse,
    /// A piece of Freight.
    Freight,
}

impl DocumentKind {
    /// The kind as a manifest spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warehouse => "Warehouse",
            Self::Freight => "Freight",
        }
    }
}

/// The JSON Schema (draft 7, which editors take) of a kind of document in an edition: every field that the edition knows, with a description.
///
/// Without a kind, documents of other kinds are valid as well, so that it fits files with several documents.
///
/// ```
/// use warehouse_spec::{DocumentKind, Edition, json_schema};
///
/// let schema = json_schema("v1.8".parse()?, Some(DocumentKind::Warehouse));
/// let image = &schema["definitions"]["image"]["properties"];
/// assert!(image.get("constraint").is_some() && image.get("allowTagsRegexes").is_none());
/// # Ok::<(), warehouse_spec::InvalidEdition>(())
/// ```
pub fn json_schema(edition: Edition, kind: Option<DocumentKind>) -> Json {
    let title = match kind {
        Some(kind) => format!("{} of Kargo {edition}", kind.as_str()),
        None => format!("Manifests of Kargo {edition}"),
    };
    let mut schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": title,
        "definitions": {
            "metadata": metadata(),
            "image": object(edition, fields_of("image").unwrap_or_default(), &["repoURL"]),
            "git": object(edition, fields_of("git").unwrap_or_default(), &["repoURL"]),
            "chart": chart(edition),
            "subscription": subscription(edition),
            "warehouse": warehouse(edition),
            "freight": freight(edition),
        },
    });
    require_tag(edition, &mut schema["definitions"]["image"]);
    let whole = match kind {
        Some(DocumentKind::Warehouse) => json!([{"$ref": "#/definitions/warehouse"}]),
        Some(DocumentKind::Freight) => json!([{"$ref": "#/definitions/freight"}]),
        None => json!([of_kind("Warehouse", "warehouse"), of_kind("Freight", "freight")]),
    };
    schema["allOf"] = whole;
    schema
}

/// Documents of this kind, and of Kargo's group, have this definition.
fn of_kind(kind: &str, definition: &str) -> Json {
    json!({
        "if": {
            "properties": {
                "kind": {"const": kind},
                "apiVersion": {"pattern": "^kargo\\.akuity\\.io/"},
            },
            "required": ["kind", "apiVersion"],
        },
        "then": {"$ref": format!("#/definitions/{definition}")},
    })
}

fn metadata() -> Json {
    json!({
        "type": "object",
        "description": "The name of the object, its namespace, labels and annotations.",
        "properties": {
            "name": {"type": "string", "pattern": METADATA_NAME, "maxLength": 253},
            "namespace": {"type": "string"},
            "labels": texts_by_name(),
            "annotations": texts_by_name(),
        },
    })
}

fn texts_by_name() -> Json {
    json!({"type": "object", "additionalProperties": {"type": "string"}})
}

fn document(kind: &str, properties: Map<String, Json>, required: &[&str]) -> Json {
    let mut all = json!({
        "apiVersion": {"const": API_VERSION, "description": "The version of the API."},
        "kind": {"const": kind, "description": "The kind of the document."},
        "metadata": {"$ref": "#/definitions/metadata"},
    });
    if let Json::Object(all) = &mut all {
        all.extend(properties);
    }
    json!({"type": "object", "properties": all, "required": required, "additionalProperties": false})
}

fn warehouse(edition: Edition) -> Json {
    let mut spec = object(edition, SPEC, &["subscriptions"]);
    spec["description"] = "What is discovered, how often, and what follows from it.".into();
    let status = json!({"type": "object", "description": "What the controller writes."});
    let properties = Map::from_iter([("spec".to_owned(), spec), ("status".to_owned(), status)]);
    document("Warehouse", properties, &["apiVersion", "kind", "metadata", "spec"])
}

fn freight(edition: Edition) -> Json {
    document("Freight", properties(edition, FREIGHT), &["apiVersion", "kind"])
}

fn chart(edition: Edition) -> Json {
    let url = if edition < Edition::new(0, 4) { "registryURL" } else { "repoURL" };
    let mut chart = object(edition, fields_of("chart").unwrap_or_default(), &[url]);
    // A classic repository holds many charts, and the URL of a registry names the one.
    let is_oci = json!({"properties": {url: {"pattern": "^oci://"}}});
    chart["if"] = is_oci;
    chart["then"] = json!({"not": {"required": ["name"]}});
    chart["else"] = json!({"required": ["name"]});
    chart
}

/// `Digest` follows the tag that the constraint names.
fn require_tag(edition: Edition, image: &mut Json) {
    let strategies = ["imageSelectionStrategy", "tagSelectionStrategy", "updateStrategy"];
    let known = |name: &str| image["properties"].get(name).is_some();
    let Some(strategy) = strategies.into_iter().find(|name| known(name)) else { return };
    let constraints: Vec<Json> = ["constraint", "semverConstraint"]
        .into_iter()
        .filter(|name| known(name))
        .map(|name| json!({"required": [name]}))
        .collect();
    // No edition before v0.4 says so.
    if edition < Edition::new(0, 4) {
        return;
    }
    image["if"] = json!({"properties": {strategy: {"const": "Digest"}}, "required": [strategy]});
    image["then"] = json!({"anyOf": constraints});
}

fn subscription(edition: Edition) -> Json {
    let mut subscription = json!({
        "type": "object",
        "description": "One repository: `image`, `git` or `chart`.",
        "properties": {
            "image": {"$ref": "#/definitions/image"},
            "git": {"$ref": "#/definitions/git"},
            "chart": {"$ref": "#/definitions/chart"},
        },
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": false,
    });
    if edition >= GENERIC_SINCE {
        subscription["additionalProperties"] = json!({
            "type": "object",
            "description": "A repository of another type.",
            "properties": {
                "config": {"type": "object"},
                "discoveryLimit": {"type": "integer", "minimum": 1, "maximum": 100},
                "subscriptionType": {"type": "string"},
            },
            "additionalProperties": false,
        });
        // Every type that is not known has a name beside it, in each edition that knows such types.
        subscription["properties"]["name"] = json!({
            "type": "string",
            "description": "The name by which results and Freight tell this subscription from others.",
            "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
            "maxLength": 63,
        });
        subscription["maxProperties"] = 2.into();
        let named = if edition >= NAME_SINCE { json!(["image", "git", "chart"]) } else { json!([]) };
        subscription["if"] = json!({"minProperties": 2});
        subscription["then"] = json!({"required": ["name"]});
        subscription["else"] = json!({"not": {"required": ["name"]}});
        if named.as_array().is_some_and(Vec::is_empty) {
            let with_name = |kind: &str| json!({"not": {"required": ["name", kind]}});
            subscription["allOf"] = json!([with_name("image"), with_name("git"), with_name("chart")]);
        }
    }
    subscription
}

fn object(edition: Edition, fields: &[Field], required: &[&str]) -> Json {
    json!({
        "type": "object",
        "properties": properties(edition, fields),
        "required": required,
        "additionalProperties": false,
    })
}

fn properties(edition: Edition, fields: &[Field]) -> Map<String, Json> {
    let known = fields.iter().filter(|field| field.is_known(edition));
    known.map(|field| (field.name.to_owned(), property(edition, field))).collect()
}

fn property(edition: Edition, field: &Field) -> Json {
    let mut schema = match field.shape {
        Shape::Text("") => json!({"type": "string"}),
        Shape::Text(pattern) => json!({"type": "string", "pattern": pattern}),
        Shape::Texts => json!({"type": "array", "items": {"type": "string"}}),
        Shape::Switch => json!({"type": "boolean"}),
        Shape::Limit => json!({"type": "integer", "minimum": 1, "maximum": 100}),
        Shape::Words(words) => json!({"type": "string", "enum": words}),
        Shape::Moment => json!({"type": "string", "format": "date-time"}),
        Shape::TextMap => texts_by_name(),
        Shape::Object => json!({"type": "object"}),
        Shape::Fields(fields, required) => object(edition, fields, required),
        Shape::Items(fields, required) => {
            json!({"type": "array", "items": object(edition, fields, required)})
        }
        Shape::Subscriptions => {
            json!({"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/subscription"}})
        }
    };
    schema["description"] = field.text.into();
    if let Some((_, instead)) = field.deprecated.filter(|(since, _)| *since <= edition) {
        schema["deprecated"] = true.into();
        schema["deprecationMessage"] = instead.into();
    }
    schema
}
