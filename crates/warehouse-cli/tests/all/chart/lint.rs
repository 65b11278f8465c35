//! `chart lint` and `dockerfile lint`.

use super::world::{Publishing, said};

#[test]
fn each_finding_has_a_place_and_a_remedy() {
    let world = Publishing::new();
    world.write("notes/README.md", "# Notes\n");
    let ran = world.run(&["chart", "lint", "charts/common", "charts/web", "notes"]);
    said(&ran, 1, &["1 error, "]);
    assert!(
        ran.out.contains(
            "notes/Chart.yaml:1:1: error: the folder has no `Chart.yaml` [chart-yaml-invalid]\n  help: make the folder a chart"
        ),
        "{}",
        ran.out
    );
    let ran = world.run(&["chart", "lint", "charts/web"]);
    said(&ran, 0, &["0 errors, "]);
    assert!(ran.out.contains("charts/web/values.yaml:1:1: warning: "), "{}", ran.out);
    let ran = world.run(&["chart", "lint", "charts/web", "--strict", "-q"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
    world.write("charts/alone/Chart.yaml", "apiVersion: v2\nname: alone\nversion: 0.9.0\n");
    assert_eq!(world.run(&["chart", "lint", "charts/alone"]).code, Some(0));
    assert_eq!(world.run(&["chart", "lint", "charts/alone", "--deployed"]).code, Some(1));
}

#[test]
fn what_is_no_folder_does_not_hide_the_other_findings() {
    let world = Publishing::new();
    let ran = world.run(&["chart", "lint", "README.md", "charts/no", "charts/web"]);
    said(
        &ran,
        2,
        &[
            "README.md is a file, not the folder of a chart: passed over\n",
            "charts/no: there is no such folder",
        ],
    );
    assert!(ran.out.contains("charts/web/values.yaml"), "{}", ran.out);
    said(&world.run(&["chart", "lint"]), 2, &["<FOLDER>"]);
    // As `charts/*` of a shell has it.
    let ran = world.run(&["chart", "lint", "README.md", "charts/web"]);
    said(&ran, 0, &["README.md is a file, not the folder of a chart: passed over\n"]);
    let ran = world.run(&["chart", "lint", "README.md"]);
    said(
        &ran,
        2,
        &[
            "README.md is a file, not the folder of a chart\n  help: name the folders of charts, such as charts/*/",
        ],
    );
}

#[test]
fn a_dev_version_in_the_folder_of_a_dependency() {
    let world = Publishing::new();
    assert_eq!(world.run(&["chart", "lint", "--release", "charts/web"]).code, Some(0));
    world.write(
        "charts/common/Chart.yaml",
        "apiVersion: v2\nname: common\nversion: 1.5.0-dev.1\ntype: library\n",
    );
    assert_eq!(world.run(&["chart", "lint", "charts/web"]).code, Some(0));
    let ran = world.run(&["chart", "lint", "--release", "charts/web"]);
    said(&ran, 1, &[]);
    assert!(
        ran.out.contains("`common` in ../common is a dev version: 1.5.0-dev.1 [dependency-on-dev-version]"),
        "{}",
        ran.out
    );
}

#[test]
fn json_and_sarif() {
    let world = Publishing::new();
    let read = |format: &str| {
        let ran = world.run(&["chart", "lint", "charts/web", "-o", format]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
        serde_json::from_str::<serde_json::Value>(&ran.out).unwrap()
    };
    let list = read("json");
    assert_eq!((&list["kind"], &list["errors"]), (&"List".into(), &serde_json::json!([])));
    let findings = &list["items"];
    let sarif = read("sarif");
    assert_eq!(sarif["version"], "2.1.0");
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), findings.as_array().unwrap().len());
    assert_eq!(results[0]["ruleId"], findings[0]["rule"]);
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], findings[0]["file"]);
    assert_eq!(place["region"]["startLine"], findings[0]["line"]);
    // What could not be read is an error in the same shape.
    let ran = world.run(&["chart", "lint", "charts/none", "-o", "json"]);
    let list: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (ran.code, &list["items"], list["errors"].as_array().unwrap().len()),
        (Some(2), &serde_json::json!([]), 1),
        "{list}"
    );
    assert_eq!(list["errors"][0]["kind"], "invalid input");
}

#[test]
fn dockerfiles_from_a_file_and_from_standard_input() {
    let world = Publishing::new();
    let ran = world.run_with(&["dockerfile", "lint", "-"], "FROM ubuntu\nRUN apt-get update\n");
    said(&ran, 0, &["0 errors, 3 warnings, 0 notes"]);
    assert!(
        ran.out.starts_with("standard input:1:6: warning: the base image `ubuntu` has no tag"),
        "{}",
        ran.out
    );
    world.write("Dockerfile", "hello\n");
    let ran = world.run(&["dockerfile", "lint", "Dockerfile"]);
    said(&ran, 1, &["1 error, 0 warnings, 0 notes"]);
    assert!(ran.out.starts_with("Dockerfile:1:1: error: "), "{}", ran.out);
    said(&world.run(&["dockerfile", "lint", "no"]), 2, &["no could not be read: "]);
}
