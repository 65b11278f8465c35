//! What a crate needs before it can be published. `scripts/package` packs and builds them.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;

use architecture::{Workspace, root};

/// The most that crates.io takes.
const MOST_KEYWORDS: usize = 5;
const MOST_CATEGORIES: usize = 5;

#[test]
fn every_published_crate_comes_after_what_it_depends_on() {
    let workspace = Workspace::read().unwrap();
    let order = workspace.publish_order();
    let published = workspace.members().values().filter(|package| package.is_published()).count();
    assert_eq!(
        order.len(),
        published,
        "crates that depend on each other cannot be published: only {order:?} can"
    );
}

/// The tutorial puts the folder of all binaries on `PATH`, where one of the name of a program that ours start would be started in its place: it would
/// start itself without end.
#[test]
fn no_binary_has_the_name_of_a_program_that_is_started() {
    let started = [
        "bash", "cargo", "crane", "docker", "git", "go", "gzip", "helm", "nginx", "openssl", "rclone",
        "registry", "script", "sh", "skopeo", "ssh", "sshd",
    ];
    let workspace = Workspace::read().unwrap();
    let mut binaries = 0;
    for (name, package) in workspace.members() {
        for target in package.targets.iter().filter(|target| target.is_binary()) {
            assert!(!started.contains(&target.name.as_str()), "{name} has the binary {}", target.name);
            binaries += 1;
        }
    }
    assert!(binaries > 3, "{binaries} binaries");
}

#[test]
fn every_published_crate_says_what_crates_io_shows() {
    let workspace = Workspace::read().unwrap();
    let licence = fs::read(root().join("LICENSE")).unwrap();
    let mut wrong = Vec::new();
    for (name, package) in workspace.members() {
        if !package.is_published() {
            continue;
        }
        let folder = package.manifest_path.parent().unwrap();
        let manifest = fs::read_to_string(&package.manifest_path).unwrap();
        let line = |field: &str| {
            manifest
                .lines()
                .find_map(|line| line.strip_prefix(field)?.trim_start().strip_prefix("= "))
                .unwrap_or_default()
        };
        let mut missing = |what: &str| wrong.push(format!("{name}: {what}"));
        if line("description").len() < 20 {
            missing("no description");
        }
        let items = |field| line(field).split(',').filter(|item| item.contains('"')).count();
        if !(1..=MOST_KEYWORDS).contains(&items("keywords")) {
            missing("between 1 and 5 keywords");
        }
        if !(1..=MOST_CATEGORIES).contains(&items("categories")) {
            missing("between 1 and 5 categories");
        }
        let include = line("include");
        if !["/src/**", "/README.md", "/LICENSE"].iter().all(|part| include.contains(&format!("{part:?}"))) {
            missing("`include` has the sources, the README and the licence");
        }
        if include.contains("/tests") {
            missing("`include` leaves out the tests and their vectors");
        }
        if folder.join("examples").is_dir() != include.contains("/examples/**") {
            missing("`include` has the examples if there are any");
        }
        if fs::read(folder.join("LICENSE")).ok().as_ref() != Some(&licence) {
            missing("its LICENSE is that of the project");
        }
        if line("readme") != "\"README.md\"" {
            missing("`readme` is README.md");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
