//! The schemas describe what is written: every field of a value with all of them is in the schema of its type.

use serde_json::Value as Json;
use warehouse_spec::{Freight, Warehouse, WarehouseSpec, WarehouseStatus, from_value};

/// The schema that a reference stands for.
fn resolve<'a>(root: &'a Json, schema: &'a Json) -> &'a Json {
    match schema["$ref"].as_str() {
        Some(reference) => root.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

/// Checks the keys and types of a value against a schema of this crate's; types that are none or several are unions with null.
#[track_caller]
fn fits(root: &Json, schema: &Json, value: &Json, path: &str) {
    let schema = resolve(root, schema);
    if let Some(any) = schema["anyOf"].as_array() {
        let of_value = any.iter().find(|one| one["type"] != "null").unwrap();
        return fits(root, of_value, value, path);
    }
    if let Some(constant) = schema.get("const") {
        assert_eq!(constant, value, "{path}");
    }
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{path}: {value}");
    }
    match value {
        Json::Object(entries) => {
            for name in schema["required"].as_array().into_iter().flatten() {
                assert!(entries.contains_key(name.as_str().unwrap()), "{path} has no {name}");
            }
            for (key, value) in entries {
                let path = format!("{path}.{key}");
                match (schema["properties"].get(key), schema.get("additionalProperties")) {
                    (Some(property), _) => fits(root, property, value, &path),
                    (None, Some(Json::Bool(true))) => {}
                    (None, Some(other)) => fits(root, other, value, &path),
                    (None, None) => panic!("{path} is not in the schema"),
                }
            }
        }
        Json::Array(items) => items.iter().for_each(|item| fits(root, &schema["items"], item, path)),
        scalar => {
            let name = match scalar {
                Json::String(_) => "string",
                Json::Bool(_) => "boolean",
                Json::Number(_) => "integer",
                _ => "null",
            };
            let types = &schema["type"];
            let is_of = types == name || types.as_array().is_some_and(|types| types.contains(&name.into()));
            assert!(is_of || types.is_null(), "{path}: {scalar} is not {types}");
        }
    }
}

const WHOLE: &str = r#"{
    "apiVersion": "kargo.akuity.io/v1alpha1", "kind": "Warehouse",
    "metadata": {"name": "demo", "namespace": "team", "labels": {"a": "b"}, "annotations": {"c": "d"}},
    "spec": {
        "shard": "one", "interval": "1h0m0s", "freightCreationPolicy": "Automatic",
        "freightCreationCriteria": {"expression": "true"},
        "subscriptions": [
            {"name": "a", "image": {
                "repoURL": "ghcr.io/a/b", "imageSelectionStrategy": "SemVer", "constraint": "^1", "strictSemvers": false,
                "allowTagsRegexes": ["a"], "ignoreTagsRegexes": ["b"], "ignoreTags": ["c"], "platform": "linux/amd64",
                "cacheByTag": true, "discoveryLimit": 5, "insecureSkipTLSVerify": true, "gitRepoURL": "https://host/a"}},
            {"git": {
                "repoURL": "https://host/a", "commitSelectionStrategy": "SemVer", "semverConstraint": "^1",
                "allowTagsRegexes": ["a"], "ignoreTagsRegexes": ["b"], "ignoreTags": ["c"], "expressionFilter": "true",
                "includePaths": ["a"], "excludePaths": ["b"], "blobless": true, "insecureSkipTLSVerify": true}},
            {"git": {"repoURL": "https://host/b", "branch": "main", "since": "2026-01-02T03:04:05Z"}},
            {"chart": {"repoURL": "https://host", "name": "web", "semverConstraint": "^1", "followDigests": true, "acceptV": true, "checkConfig": true,
                "insecureSkipTLSVerify": true}},
            {"name": "d", "bucket": {"config": {"a": [1, {"b": null}]}, "discoveryLimit": 3}}
        ]
    },
    "status": {
        "conditions": [{"type": "Ready", "status": "True", "observedGeneration": 1, "lastTransitionTime": "2026-01-02T03:04:05Z", "reason": "a", "message": "b"}],
        "lastHandledRefresh": "x", "observedGeneration": 1, "lastFreightID": "c0ffee",
        "discoveredArtifacts": {
            "discoveredAt": "2026-01-02T03:04:05Z",
            "git": [{"repoURL": "https://host/a", "subscriptionName": "a", "observedRefs": {"branchHead": "c", "tags": [{"name": "v1", "id": "c"}]},
                "commits": [{"id": "c", "branch": "main", "tag": "v1", "subject": "s", "author": "a", "committer": "b", "creatorDate": "2026-01-02T03:04:05Z"}]}],
            "images": [{"repoURL": "a", "platform": "linux/amd64", "subscriptionName": "b",
                "references": [{"tag": "1", "digest": "sha256:0", "annotations": {"a": "b"}, "createdAt": "2026-01-02T03:04:05Z", "gitRepoURL": "c"}]}],
            "charts": [{"repoURL": "a", "name": "b", "semverConstraint": "^1", "versions": ["1.0.0"],
                "digests": {"1.0.0": "sha256:0"}, "subscriptionName": "c"}],
            "results": [{"name": "d", "artifactReferences": [{"artifactType": "t", "subscriptionName": "d", "version": "1", "metadata": {"a": 1}}]}]
        }
    }
}"#;

#[test]
fn a_warehouse_with_every_field() {
    let parsed = from_value::<Warehouse>(serde_json::from_str(WHOLE).unwrap());
    let warehouse = parsed.value.unwrap_or_else(|| panic!("{:?}", parsed.diagnostics));
    let schema = schemars::schema_for!(Warehouse).to_value();
    fits(&schema, &schema, &serde_json::to_value(&warehouse).unwrap(), "");
    let schema = schemars::schema_for!(WarehouseSpec).to_value();
    fits(&schema, &schema, &serde_json::to_value(&warehouse.spec).unwrap(), "");
    let schema = schemars::schema_for!(WarehouseStatus).to_value();
    fits(&schema, &schema, &serde_json::to_value(&warehouse.status).unwrap(), "");
}

#[test]
fn freight_with_every_field() {
    let freight: Freight = serde_json::from_str(
        r#"{"metadata": {"name": "a"}, "alias": "b", "discoveredAt": "2026-01-02T03:04:05Z", "origin": {"kind": "Warehouse", "name": "demo"},
        "commits": [{"repoURL": "a", "id": "b", "branch": "c", "tag": "d", "message": "e", "author": "f", "committer": "g", "subscriptionName": "h"}],
        "images": [{"repoURL": "a", "tag": "b", "digest": "c", "annotations": {"d": "e"}, "subscriptionName": "f"}],
        "charts": [{"repoURL": "a", "name": "b", "version": "c", "digest": "sha256:0", "subscriptionName": "d"}],
        "artifacts": [{"artifactType": "a", "subscriptionName": "b", "version": "c", "metadata": {"d": 1}}]}"#,
    )
    .unwrap();
    let schema = schemars::schema_for!(Freight).to_value();
    fits(&schema, &schema, &serde_json::to_value(&freight).unwrap(), "");
}

/// What a manifest may leave out, the schema does not ask for.
#[test]
fn defaults_are_not_required() {
    let schema = schemars::schema_for!(Warehouse).to_value();
    let required = |name: &str| schema["$defs"][name]["required"].clone();
    assert_eq!(required("WarehouseSpec"), serde_json::json!(["subscriptions"]));
    assert_eq!(required("GitSubscription"), serde_json::json!(["repoURL"]));
    assert_eq!(required("ImageSubscription"), serde_json::json!(["repoURL"]));
    assert_eq!(required("ChartSubscription"), serde_json::json!(["repoURL"]));
    assert_eq!(required("GenericSubscription"), Json::Null);
}
