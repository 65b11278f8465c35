//! JSON that is already parsed, as a client of Kubernetes has it: read by the decoder that reads texts, with every diagnostic.

use serde_json::{Value as Json, json};
use warehouse_spec::{
    ChartSubscription, Code, Freight, GitSubscription, ImageSubscription, Subscription, Warehouse,
    WarehouseSpec, WarehouseStatus, from_value,
};

fn warehouse() -> Json {
    json!({
        "apiVersion": "kargo.akuity.io/v1alpha1",
        "kind": "Warehouse",
        "metadata": {"name": "demo", "uid": "1"},
        "spec": {"subscriptions": [{"helm": {"registryURL": "oci://ghcr.io/example/chart"}}]},
        "status": {
            "conditions": [{
                "type": "Ready", "status": "True", "observedGeneration": 2,
                "lastTransitionTime": "2026-01-02T03:04:05Z", "reason": "Found", "message": "",
            }],
            "observedGeneration": 2,
            "lastFreightID": "c0ffee",
            "discoveredArtifacts": {
                "discoveredAt": "2026-01-02T03:04:05Z",
                "charts": [{"repoURL": "oci://ghcr.io/example/chart", "versions": ["1.0.0"]}],
            },
        },
    })
}

/// The value is what its JSON is read as, and its JSON is the same again.
#[track_caller]
fn round_trip<T>(value: &T)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let json = serde_json::to_value(value).unwrap();
    let again: T = serde_json::from_value(json.clone()).unwrap();
    assert_eq!((&again, serde_json::to_value(&again).unwrap()), (value, json));
}

#[test]
fn old_spellings_are_normalized_and_defaults_are_applied() {
    let parsed = from_value::<Warehouse>(warehouse());
    let codes: Vec<Code> = parsed.diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(codes, [Code::OldSpelling, Code::OldSpelling]);
    assert!(parsed.diagnostics.iter().all(|found| !found.location.is_known() && found.replacement.is_none()));
    let warehouse = parsed.value.unwrap();
    assert_eq!(warehouse.spec.interval.to_string(), "5m0s");
    assert_eq!(
        serde_json::to_value(&warehouse.spec.subscriptions[0]).unwrap(),
        json!({"chart": {"repoURL": "oci://ghcr.io/example/chart", "discoveryLimit": 20}})
    );
    let status = warehouse.status.as_ref().unwrap();
    assert_eq!((status.last_freight_id.as_str(), status.conditions[0].observed_generation), ("c0ffee", 2));
    let artifacts = status.discovered_artifacts.as_ref().unwrap();
    assert_eq!(artifacts.charts[0].versions, ["1.0.0"]);
    round_trip(&warehouse);
    round_trip(status);
    round_trip(&warehouse.spec);
    round_trip(&warehouse.spec.subscriptions[0]);
}

#[test]
fn a_misspelt_field_is_not_lost() {
    let spec = json!({"intervall": "1h", "subscriptions": [{"image": {"repoURL": "nginx"}}]});
    let parsed = from_value::<WarehouseSpec>(spec.clone());
    let [found] = parsed.diagnostics.as_slice() else { panic!("{:?}", parsed.diagnostics) };
    assert_eq!((found.code, found.path.as_str()), (Code::UnknownField, "intervall"));
    assert_eq!(found.help.as_deref(), Some("did you mean `interval`?"));
    assert_eq!(
        found.to_string(),
        "warning: the specification of a Warehouse has no field `intervall`; it is ignored (intervall)"
    );
    // Deserializing gives the same value, without the warning.
    assert_eq!(serde_json::from_value::<WarehouseSpec>(spec).ok(), parsed.value);
}

#[test]
fn another_kind_or_version_is_refused_and_an_absent_one_is_not() {
    for (field, value, message) in [
        ("kind", "Stage", "kind: a document of kind `Stage` is not a Warehouse"),
        ("kind", "warehouse", "kind: a document of kind `warehouse` is not a Warehouse"),
        ("apiVersion", "v1", "apiVersion: `v1` is not a version of Kargo's API that is read here"),
    ] {
        let mut other = warehouse();
        other[field] = value.into();
        let error = serde_json::from_value::<Warehouse>(other.clone()).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(
            from_value::<Warehouse>(other.clone())
                .into_result()
                .is_err_and(|invalid| invalid.errors().len() == 1)
        );
        other.as_object_mut().unwrap().remove(field);
        assert!(serde_json::from_value::<Warehouse>(other).is_ok());
    }
    let freight = json!({"kind": "Warehouse", "metadata": {"name": "a"}});
    let error = serde_json::from_value::<Freight>(freight).unwrap_err();
    assert_eq!(error.to_string(), "kind: a document of kind `Warehouse` is not a Freight");
}

#[test]
fn freight_of_early_releases() {
    let freight: Freight = serde_json::from_value(json!({
        "warehouse": "demo",
        "commits": [{"repoURL": "https://host/a", "id": "c0ffee", "healthCheckCommit": "x"}],
        "charts": [{"registryURL": "https://charts.example.com", "name": "web", "version": "1.0.0"}],
        "images": null,
    }))
    .unwrap();
    assert_eq!(freight.origin.to_string(), "Warehouse/demo");
    assert_eq!(freight.charts[0].repo_url, "https://charts.example.com");
    round_trip(&freight);
}

#[test]
fn subscriptions_on_their_own() {
    let parsed = from_value::<Subscription>(json!({"name": "a", "image": {"repoURL": "nginx"}}));
    assert_eq!(parsed.value.unwrap().discovery_limit(), 20);
    assert!(from_value::<ImageSubscription>(json!({"repoURL": "nginx:1"})).value.is_none());
    let git: GitSubscription = serde_json::from_value(json!({"repoURL": "https://host/a"})).unwrap();
    assert_eq!(git, GitSubscription::new("https://host/a"));
    let chart: ChartSubscription =
        serde_json::from_value(json!({"repoURL": "https://host", "name": "a"})).unwrap();
    assert_eq!(chart, ChartSubscription::classic("https://host", "a"));
    let error = serde_json::from_value::<ChartSubscription>(json!({"repoURL": 5})).unwrap_err();
    assert_eq!(error.to_string(), "repoURL: `repoURL` must be a string, and YAML reads the number `5`");
}

#[test]
fn a_status_of_another_shape_is_ignored_with_a_warning() {
    let mut odd = warehouse();
    odd["status"] = json!({"conditions": "none"});
    let parsed = from_value::<Warehouse>(odd);
    assert!(parsed.value.is_some_and(|warehouse| warehouse.status.is_none()));
    assert!(parsed.diagnostics.iter().any(|found| found.path == "status" && !found.is_error()));
    let newer: WarehouseStatus = serde_json::from_value(json!({"conditions": [], "unheardOf": 1})).unwrap();
    assert_eq!(newer, WarehouseStatus::default());
}

#[test]
fn a_value_that_is_nested_too_deep_is_refused() {
    let mut deep = json!(1);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let parsed = from_value::<Warehouse>(json!({"spec": deep}));
    assert_eq!(parsed.diagnostics[0].code, Code::Limit);
    for odd in [json!(null), json!([]), json!("Warehouse"), json!(1.5)] {
        assert!(from_value::<Warehouse>(odd.clone()).value.is_none(), "{odd}");
        assert!(from_value::<Freight>(odd.clone()).value.is_none(), "{odd}");
    }
}
