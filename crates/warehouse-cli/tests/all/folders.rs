//! Folders and patterns: what is passed over, what is read once, what is left out.

use std::fs;
use std::path::Path;

use crate::support::{Ran, World, warehouse};

const WAREHOUSE: &str = "apiVersion: kargo.akuity.io/v1alpha1
kind: Warehouse
metadata: {name: shop}
spec:
  subscriptions:
  - image: {repoURL: REGISTRY/shop/web, constraint: ^1.0.0}
";

/// Files that hold no Warehouse, as they lie beside one.
const OTHERS: [(&str, &str); 6] = [
    ("kustomization.yaml", "resources: [warehouse.yaml]\npatches:\n- path: patch.yaml\n"),
    (
        "patch.yaml",
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: shop}\nspec: {interval: 1m}\n",
    ),
    ("values.yaml", "replicas: 3\nimage: {tag: 1.0.0}\n"),
    ("list.yaml", "- op: replace\n  path: /spec/interval\n  value: 1m\n"),
    ("template.yaml", "{{ if .Values.x }}\na: b\n{{ end }}\n"),
    ("project.yaml", "apiVersion: kargo.akuity.io/v1alpha1\nkind: Project\nmetadata: {name: shop}\n"),
];

fn run(command: &str, more: &[&str]) -> Ran {
    let network = ["--no-cache", "--no-docker-config"];
    warehouse(&[&[command], &network[..], more].concat(), "")
}

fn fill(folder: &Path, world: &World) {
    for (name, text) in OTHERS.into_iter().chain([("warehouse.yaml", WAREHOUSE)]) {
        fs::write(folder.join(name), world.fill(text)).unwrap();
    }
}

#[test]
fn every_command_passes_over_what_is_no_warehouse_in_a_folder() {
    let world = World::start();
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), &world);
    let (named, bundle) = (folder.path().to_str().unwrap(), folder.path().join("bundle"));
    let (pattern, bundle) = (format!("{named}/*.yaml"), bundle.to_str().unwrap());
    for file in [named, &pattern] {
        for (command, more) in [
            ("discover", &[][..]),
            ("freight", &[]),
            ("explain", &[]),
            ("watch", &["--once"]),
            ("record", &["--to", bundle]),
        ] {
            let ran = run(command, &[&["-f", file][..], more].concat());
            assert_eq!(ran.code, Some(0), "{command}: {}", ran.err);
            for other in [
                "kustomization.yaml",
                "patch.yaml",
                "values.yaml",
                "list.yaml",
                "template.yaml",
                "project.yaml",
            ] {
                let notes =
                    ran.err.lines().filter(|line| line.contains(other) && line.contains("passed over"));
                assert_eq!(notes.count(), 1, "{command}: {other}: {}", ran.err);
            }
        }
        let ran = warehouse(&["replay", bundle, "-q", "-o", "name", "-f", file], "");
        assert!(ran.code == Some(0) && ran.out.contains("/shop/web:1.2.0@"), "{}{}", ran.out, ran.err);
        let ran = warehouse(&["select", "-f", file], "1.0.0\n2.0.0\n");
        assert_eq!((ran.code, ran.out.as_str()), (Some(0), "1.0.0\n"), "{}", ran.err);
    }
    // A file that is named itself is meant.
    for name in ["values.yaml", "list.yaml", "template.yaml"] {
        let path = folder.path().join(name);
        let ran = run("discover", &["-f", path.to_str().unwrap()]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{name}: {}", ran.err);
    }
}

#[test]
fn a_file_that_is_named_twice_is_read_once() {
    let world = World::start();
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), &world);
    let (named, file) = (folder.path().to_str().unwrap(), folder.path().join("warehouse.yaml"));
    let file = file.to_str().unwrap();
    let dotted = format!("{named}/./warehouse.yaml");
    let ran = run("discover", &["-q", "-o", "name", "-f", file, "-f", &dotted, "-f", named]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert_eq!(ran.out.lines().count(), 3, "{}", ran.out);
}

#[test]
fn what_is_left_out_is_a_failure_of_every_command_and_an_error_in_json() {
    let world = World::start();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.yaml"), world.fill(WAREHOUSE)).unwrap();
    fs::write(folder.path().join("bad.yaml"), world.fill(WAREHOUSE).replace("^1.0.0", "nonsense")).unwrap();
    fs::write(folder.path().join("binary.yaml"), b"kind: Warehouse\n\xff\xfe\xfa").unwrap();
    let (named, bundle) = (folder.path().to_str().unwrap(), folder.path().join("bundle"));
    let bundle = bundle.to_str().unwrap();
    for (command, more) in [
        ("discover", &["-o", "json"][..]),
        ("freight", &["-o", "json"]),
        ("explain", &["-o", "json"]),
        ("watch", &["--once"]),
        ("record", &["--to", bundle]),
    ] {
        let ran = run(command, &[&["-f", named][..], more].concat());
        assert_eq!(ran.code, Some(2), "{command}: {}", ran.err);
        let refused: serde_json::Value = serde_json::from_str(&ran.out).unwrap_or_default();
        assert_eq!(ran.out.is_empty(), !more.contains(&"json"), "{command}: {}", ran.out);
        let ran = run(command, &[&["--keep-going", "-f", named][..], more].concat());
        assert_eq!(ran.code, Some(1), "{command}: {}", ran.err);
        if more.contains(&"json") {
            let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
            assert_eq!(json["items"].as_array().unwrap().len(), 1, "{command}");
            assert_eq!((&refused["items"], &refused["errors"]), (&serde_json::json!([]), &json["errors"]));
            let errors = json["errors"].as_array().unwrap();
            let told: Vec<_> = errors
                .iter()
                .map(|error| {
                    let file = error["location"]["file"].as_str().unwrap().rsplit('/').next().unwrap();
                    (file, &error["location"]["line"], error["kind"].as_str().unwrap())
                })
                .collect();
            assert_eq!(
                told,
                [("binary.yaml", &0.into(), "invalid input"), ("bad.yaml", &6.into(), "invalid input")]
            );
            assert!(errors[1]["message"].as_str().unwrap().contains("nonsense"), "{}", errors[1]);
            assert!(errors[1].get("warehouse").is_none(), "{}", errors[1]);
        }
    }
    let ran = warehouse(&["replay", bundle, "-o", "json", "--keep-going", "-f", named], "");
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, json["errors"].as_array().unwrap().len()), (Some(1), 2), "{}", ran.err);
}
