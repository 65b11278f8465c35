//! Manifests as people wrote them: each parses, or is refused for the right reason.
//!
//! The folder is `CONFORMANCE_CORPUS`, or a folder beside the project; without either the test says so and passes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use warehouse_spec::{Code, Manifest, Options, Snippet, parse};

fn corpus() -> Option<PathBuf> {
    let root = match std::env::var_os("CONFORMANCE_CORPUS") {
        Some(root) => PathBuf::from(root),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
    };
    let folder = root.join("warehouses");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no corpus of manifests at {}", folder.display());
    None
}

/// The manifests by number, each with its name. A fragment of documentation starts at `spec:`; what comes before it in
/// every manifest is added.
fn manifests(folder: &Path) -> BTreeMap<String, (String, String)> {
    let mut manifests = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".yaml") {
            continue;
        }
        let mut text = fs::read_to_string(&path).unwrap();
        if name.contains("docs-fragment") && text.starts_with("spec:") {
            text.insert_str(0, "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: fragment\n");
        }
        manifests.insert(name[..3].to_owned(), (name, text));
    }
    manifests
}

#[test]
fn dump() {
    let Some(folder) = corpus() else { return };
    let manifests = manifests(&folder);
    let mut warehouses = 0;
    let mut by_code: BTreeMap<String, usize> = BTreeMap::new();
    for (number, (name, text)) in &manifests {
        let manifest: Manifest = parse(name, text, &Options::default());
        warehouses += manifest.warehouses.len();
        for found in &manifest.diagnostics {
            *by_code.entry(format!("{} {}", found.severity, found.code)).or_default() += 1;
        }
        for found in manifest.errors() {
            println!("{number} {}\n{}", found.code, Snippet::new(found, text));
        }
    }
    println!("{} files, {warehouses} warehouses, {by_code:#?}", manifests.len());
}
