//! `chart changed` and `chart build-marker`.

use super::world::{Publishing, said};

#[test]
fn a_library_chart_touches_its_dependents() {
    let world = Publishing::new();
    world.write("charts/common/values.yaml", "a: 2\n");
    world.write("README.md", "# Other\n");
    world.commit();
    let ran = world.run(&["chart", "changed", "--since", "origin/main"]);
    said(&ran, 0, &[]);
    assert_eq!(
        ran.out,
        "\
CHART    CHANGE                     PATH
common   changed                    charts/common
web      depends on charts/common   charts/web
worker   depends on charts/common   charts/worker
"
    );
    let names = world.run(&["chart", "changed", "--since", "origin/main", "-o", "name"]);
    assert_eq!(names.out, "common\nweb\nworker\n");
    let json = world.run(&["chart", "changed", "--since", "origin/main", "-o", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        json["items"][1],
        serde_json::json!({
            "name": "web", "path": "charts/web", "reason": "dependent", "on": ["charts/common"]
        })
    );
    assert_eq!(json["allBecause"], serde_json::Value::Null);
    assert_eq!((&json["kind"], &json["errors"]), (&"List".into(), &serde_json::json!([])));
}

#[test]
fn charts_that_are_gone_or_renamed() {
    let world = Publishing::new();
    world.git(&["rm", "-r", "--quiet", "charts/alone"]);
    world.git(&["mv", "charts/web", "charts/shop"]);
    world.write("charts/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.4.0\n");
    world.commit();
    let ran = world.run(&["chart", "changed", "--since", "HEAD~1"]);
    said(&ran, 0, &[]);
    for row in [["alone", "deleted", "charts/alone"], ["shop", "renamed from web", "charts/shop"]] {
        assert!(row.iter().all(|cell| ran.out.contains(cell)), "{}", ran.out);
    }
    let names = world.run(&["chart", "changed", "--since", "HEAD~1", "-o", "name"]);
    assert_eq!(names.out, "shop\n");
}

#[test]
fn nothing_changed() {
    let world = Publishing::new();
    let ran = world.run(&["chart", "changed", "--since", "HEAD"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), "", "no chart has changed\n"));
    let ran = world.run(&["chart", "changed", "--since", "HEAD", "-o", "name", "-q"]);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
}

#[test]
fn an_event_says_what_to_compare_with() {
    let world = Publishing::new();
    let before = world.git(&["rev-parse", "HEAD"]);
    world.write("charts/alone/values.yaml", "a: 2\n");
    world.commit();
    let after = world.git(&["rev-parse", "HEAD"]);
    let event = |before: &str| {
        let text = format!(
            "{{\"ref\": \"refs/heads/main\", \"before\": \"{}\", \"after\": \"{}\"}}",
            before.trim(),
            after.trim()
        );
        world.write("../event.json", &text);
    };
    event(&before);
    let arguments = ["chart", "changed", "--event", "../event.json", "-o", "name"];
    assert_eq!(world.run(&arguments).out, "alone\n");

    // After a force-push the commit before is not in the clone.
    event(&"1".repeat(40));
    let ran = world.run(&arguments);
    said(&ran, 1, &["which the branch was at before the push, is not in this clone", "--all-if-unknown"]);
    assert_eq!(ran.out, "");
    let ran = world.run(&[&arguments[..], &["--all-if-unknown"]].concat());
    said(&ran, 0, &["all charts are named: the commit 1111"]);
    assert_eq!(ran.out, "alone\ncommon\nweb\nworker\n");
}

#[test]
fn a_base_that_is_not_known_is_an_error() {
    let world = Publishing::new();
    world.write("../empty.json", "{}");
    for (code, arguments, parts) in [
        (1, &["--since", "nope"][..], &["\"nope\" names nothing in this clone", "help: fetch it"][..]),
        (2, &["--event", "../empty.json"], &["neither a push nor a pull request", "--since REF"]),
        (1, &["--since", "HEAD", "--charts", "helm"], &["helm: the commit", "has no such folder", "help: "]),
        (2, &["--event", "no.json"], &["no.json", "GITHUB_EVENT_PATH"]),
        (2, &["--since", "HEAD", "--repository", "/"], &["/ is in no Git repository"]),
        (2, &[], &["--since <REF>|--event <FILE>"]),
        (2, &["--since", "HEAD", "--event", "x"], &["cannot be used with"]),
    ] {
        let ran = world.run(&[&["chart", "changed"][..], arguments].concat());
        said(&ran, code, parts);
        assert_eq!(ran.out, "", "{arguments:?}");
    }
}

#[test]
fn build_markers_from_the_argument_and_from_standard_input() {
    let world = Publishing::new();
    let arguments = ["chart", "build-marker", "--app", "web", "--app", "api"];
    let ran = world.run_with(&arguments, "Mend it [build api 1.2]\n\nand [build web 2.0]\n");
    said(&ran, 0, &[]);
    assert_eq!(ran.out, "{\n  \"app\": \"web\",\n  \"tag\": \"2.0\"\n}\n");
    let ran = world.run(&[&arguments[..], &["[build api $(touch x)]"]].concat());
    assert_ne!(ran.code, Some(0), "{}", ran.out);
    assert!(!world.clone_folder().join("x").exists());

    let ran = world.run(&[&arguments[..], &["--", "--app [build api]"]].concat());
    assert!(ran.out.contains("\"latest\""), "{}", ran.err);

    said(&world.run_with(&arguments, "Mend it\n"), 1, &["has no marker [build APP] or [build APP TAG]"]);
    said(
        &world.run_with(&arguments, "[build wob]"),
        2,
        &["asks to build \"wob\"", "help: did you mean \"web\"?"],
    );
    said(&world.run(&["chart", "build-marker", "[build web]"]), 2, &["--app <NAME>"]);
}
