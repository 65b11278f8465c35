//! The rooms of every crate: modules without circles, one binary of tests, one style of folders, and what a published crate carries.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use architecture::{Shape, Workspace, root};

/// The rules that crates do not meet yet. This list only shrinks: a crate that is in it and meets the rule fails the test until
/// its line is removed.
const NOT_YET: &[(Rule, &str)] = &[];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// No module uses, by way of others, itself.
    NoCircles,
    /// Tests are linked once: `tests/all/main.rs`.
    OneTestBinary,
    /// A module with children is `name/mod.rs`, never `name.rs` beside `name/`.
    NoFileBesideItsFolder,
    /// A published crate has a readme, a licence, keywords and categories of its own, settings for docs.rs, and packs no vectors.
    Published,
}

/// Holds a rule against every crate; `faults` says what a crate does otherwise.
#[track_caller]
fn check(rule: Rule, faults: impl IntoIterator<Item = (String, Vec<String>)>) {
    let mut open: BTreeSet<&str> =
        NOT_YET.iter().filter(|(row, _)| *row == rule).map(|(_, name)| *name).collect();
    let mut wrong = Vec::new();
    for (name, faults) in faults {
        match (open.remove(name.as_str()), faults.as_slice()) {
            (false, []) => {}
            (true, []) => wrong.push(format!("{name} meets the rule now: remove it from NOT_YET")),
            (true, _) => {}
            (false, faults) => wrong.extend(faults.iter().map(|fault| format!("{name}: {fault}"))),
        }
    }
    wrong.extend(open.into_iter().map(|name| format!("there is no crate {name}: remove it from NOT_YET")));
    assert!(wrong.is_empty(), "{rule:?}:\n{}", wrong.join("\n"));
}

fn shapes() -> Vec<Shape> {
    Shape::read_all(&root()).unwrap()
}

#[test]
fn modules_do_not_use_each_other_in_a_circle() {
    let faults = |shape: &Shape| shape.circles.iter().map(|circle| circle.join(", ")).collect();
    check(Rule::NoCircles, shapes().iter().map(|shape| (shape.name.clone(), faults(shape))));
}

#[test]
fn the_tests_of_a_crate_are_one_binary() {
    let faults = |shape: &Shape| match shape.test_binaries.as_slice() {
        [] => Vec::new(),
        [only] if only == "all" => Vec::new(),
        others => vec![format!("its test binaries are {}", others.join(", "))],
    };
    check(Rule::OneTestBinary, shapes().iter().map(|shape| (shape.name.clone(), faults(shape))));
}

#[test]
fn a_module_with_children_is_a_folder() {
    check(
        Rule::NoFileBesideItsFolder,
        shapes().into_iter().map(|shape| (shape.name.clone(), shape.split_modules)),
    );
}

#[test]
fn a_published_crate_carries_what_its_readers_need() {
    let workspace = Workspace::read().unwrap();
    let faults = workspace.members().into_values().map(|package| {
        let folder = package.manifest_path.parent().unwrap();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let manifest = fs::read_to_string(&package.manifest_path).unwrap();
        (
            name,
            if manifest.contains("publish = false") { Vec::new() } else { unpublishable(folder, &manifest) },
        )
    });
    check(Rule::Published, faults);
}

fn unpublishable(folder: &Path, manifest: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut must = |holds: bool, what: &str| faults.extend((!holds).then(|| what.to_owned()));
    for file in ["README.md", "LICENSE"] {
        // `is_file` follows links, so a broken one fails.
        must(folder.join(file).is_file(), &format!("has no {file}"));
    }
    must(manifest.contains("readme = \"README.md\""), "does not name its README.md");
    let list = |field: &str| {
        let text = manifest.split_once(&format!("\n{field} = ["))?.1.split_once(']')?.0;
        Some(text.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>())
    };
    let keywords = list("keywords").unwrap_or_default();
    // The registry takes at most five, each of at most 20 characters.
    must(keywords.len() == 5, "does not have five keywords of its own");
    must(keywords.iter().all(|keyword| keyword.len() <= 20), "has a keyword of more than 20 characters");
    must(list("categories").is_some_and(|all| !all.is_empty()), "has no categories of its own");
    let include = list("include").unwrap_or_default();
    must(
        ["/src/**", "/README.md", "/LICENSE"].iter().all(|path| include.iter().any(|given| given == path)),
        "does not include /src, /README.md and /LICENSE",
    );
    // A pattern without a slash in front also matches below other folders, such as the README of the test vectors.
    must(
        include.iter().all(|path| path.starts_with('/')),
        "has a pattern in `include` that matches in every folder",
    );
    must(!include.iter().any(|path| path.starts_with("/tests")), "packs its tests");
    must(
        manifest
            .split_once("[package.metadata.docs.rs]")
            .is_some_and(|(_, rest)| rest.trim_start().starts_with("all-features = true")),
        "does not say `all-features = true` for docs.rs",
    );
    faults
}
