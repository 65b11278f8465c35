//! `transient` in the JSON of errors: whether the same call may succeed later with nothing changed on this side.

use std::fmt::Write;
use std::time::Duration;

use crate::support::warehouse;
use warehouse_testkit::{Chart, ChartServer, Fault, Registry, Reply, When};

/// Every trouble of a chart repository, whether it passes, and the kind of the error.
fn troubles() -> Vec<(&'static str, Option<Fault>, bool, &'static str)> {
    let body = |body: &'static str| Some(Fault::from(Reply::status(200).body(body)));
    vec![
        ("cut", Some(Fault::Truncate { keep: 20 }), true, "bad answer"),
        ("reset", Some(Fault::ResetAfter { keep: 20 }), true, "bad answer"),
        ("status-500", Some(Fault::status(500)), true, "server error"),
        ("status-501", Some(Fault::status(501)), false, "server error"),
        ("status-503", Some(Fault::status(503)), true, "server error"),
        ("status-429", Some(Fault::too_many_requests(Duration::from_millis(1))), true, "rate limited"),
        ("status-401", Some(Fault::status(401)), false, "unauthorized"),
        ("status-403", Some(Fault::status(403)), false, "forbidden"),
        ("status-404", Some(Fault::status(404)), false, "not found"),
        ("bad-yaml", body("entries: [\n"), false, "bad answer"),
        ("no-index", body("a: b\n"), false, "bad answer"),
        ("empty", body(""), false, "bad answer"),
        ("login", Some(Fault::login_page()), false, "bad answer"),
        ("loop", Some(Fault::redirect("index.yaml")), false, "bad answer"),
    ]
}

#[test]
fn transient_errors_and_lasting_ones() {
    let charts = ChartServer::builder().without_gzip().start().unwrap();
    charts.publish(&Chart::new("web", "1.0.0"));
    let registry = Registry::start().unwrap();
    for name in ["cut", "lasting"] {
        registry.image(name).tag("1.0.0").platforms(["linux/amd64"]).push();
    }
    registry.faults().add(When::path("/v2/cut/manifests/*"), Fault::Truncate { keep: 20 });
    registry.faults().add(When::path("/v2/lasting/**"), Fault::status(501));

    let mut text = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: test}\nspec:\n  subscriptions:\n".to_owned();
    let mut expected = Vec::new();
    for (path, fault, transient, kind) in troubles() {
        charts.put(&format!("/{path}/index.yaml"), charts.index(), "text/yaml");
        if let Some(fault) = fault {
            charts.faults().add(When::path(format!("/{path}/index.yaml")), fault);
        }
        writeln!(text, "  - chart: {{repoURL: '{}/{path}', name: web}}", charts.url()).unwrap();
        expected.push((path, transient, kind));
    }
    // No such name, and no server at the port.
    for url in ["https://charts.invalid", "http://127.0.0.1:1"] {
        writeln!(text, "  - chart: {{repoURL: '{url}', name: web}}").unwrap();
        expected.push((url, true, "unreachable"));
    }
    for (name, transient, kind) in [("cut", true, "bad answer"), ("lasting", false, "server error")] {
        writeln!(text, "  - image: {{repoURL: {}/{name}}}", registry.host()).unwrap();
        expected.push((name, transient, kind));
    }

    let ran = warehouse(&["discover", "--no-cache", "--no-docker-config", "-o", "json", "-f", "-"], &text);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let errors = json["errors"].as_array().unwrap();
    assert_eq!(errors.len(), expected.len(), "{errors:#?}");
    for ((case, transient, kind), error) in expected.into_iter().zip(errors) {
        assert_eq!(
            (error["transient"].as_bool(), error["kind"].as_str()),
            (Some(transient), Some(kind)),
            "{case}: {error:#}"
        );
        // What lasts was not tried again.
        if !transient {
            assert_eq!(error["tries"], 1, "{case}: {error:#}");
        }
    }
}
