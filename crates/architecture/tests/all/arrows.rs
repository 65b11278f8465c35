//! Which crate may depend on which.

use std::collections::BTreeSet;

use architecture::{Kind, Workspace};

/// Every crate of ours, and which of ours it may name in `[dependencies]`. A new crate needs a row here.
const ARROWS: &[(&str, &[&str])] = &[
    ("go-compat", &[]),
    ("repository-url", &[]),
    ("child-process", &[]),
    ("git-program", &[]),
    ("warehouse-diagnostics", &["repository-url"]),
    ("selection-strategies", &["go-compat"]),
    ("kargo-expr", &["go-compat", "selection-strategies"]),
    ("commit-rule", &["kargo-expr", "selection-strategies"]),
    ("artifact-source", &["repository-url", "selection-strategies"]),
    ("artifact-http", &["artifact-source"]),
    (
        "artifact-credentials",
        &[
            "artifact-http",
            "artifact-source",
            "child-process",
            "go-compat",
            "oci-registry",
            "repository-url",
            "warehouse-spec",
        ],
    ),
    ("oci-registry", &["artifact-http", "artifact-source", "repository-url", "selection-strategies"]),
    (
        "image-source",
        &["artifact-http", "artifact-source", "go-compat", "oci-registry", "selection-strategies"],
    ),
    (
        "git-source",
        &[
            "artifact-http",
            "artifact-source",
            "child-process",
            "commit-rule",
            "git-program",
            "selection-strategies",
        ],
    ),
    (
        "helm-source",
        &[
            "artifact-http",
            "artifact-source",
            "go-compat",
            "oci-registry",
            "repository-url",
            "selection-strategies",
        ],
    ),
    ("helm-chart", &["go-compat", "repository-url", "selection-strategies"]),
    ("chart-lint", &["warehouse-diagnostics", "helm-chart", "repository-url"]),
    (
        "chart-release",
        &[
            "artifact-http",
            "artifact-source",
            "child-process",
            "git-program",
            "helm-chart",
            "helm-source",
            "image-source",
            "oci-registry",
            "repository-url",
            "selection-strategies",
        ],
    ),
    (
        "warehouse-spec",
        &[
            "commit-rule",
            "warehouse-diagnostics",
            "go-compat",
            "kargo-expr",
            "repository-url",
            "selection-strategies",
        ],
    ),
    ("warehouse-freight", &["go-compat", "kargo-expr", "repository-url", "warehouse-spec"]),
    ("warehouse-discovery", LIBRARIES),
    (
        "discovery-bundle",
        &["artifact-http", "artifact-source", "repository-url", "warehouse-discovery", "warehouse-spec"],
    ),
    ("warehouse-cli", BINARIES),
    ("warehouse-testkit", &[]),
    ("benches", BINARIES),
    ("guide", &["warehouse-discovery", "warehouse-testkit"]),
    ("architecture", &[]),
];

/// What discovery may depend on.
const LIBRARIES: &[&str] = &[
    "artifact-credentials",
    "artifact-http",
    "artifact-source",
    "child-process",
    "commit-rule",
    "git-program",
    "warehouse-diagnostics",
    "git-source",
    "go-compat",
    "helm-source",
    "image-source",
    "kargo-expr",
    "oci-registry",
    "repository-url",
    "selection-strategies",
    "warehouse-freight",
    "warehouse-spec",
];

/// What a binary may depend on.
const BINARIES: &[&str] = &[
    "artifact-credentials",
    "artifact-http",
    "artifact-source",
    "chart-lint",
    "chart-release",
    "child-process",
    "commit-rule",
    "discovery-bundle",
    "git-program",
    "warehouse-diagnostics",
    "git-source",
    "go-compat",
    "helm-chart",
    "helm-source",
    "image-source",
    "kargo-expr",
    "oci-registry",
    "repository-url",
    "selection-strategies",
    "warehouse-discovery",
    "warehouse-freight",
    "warehouse-spec",
    "warehouse-testkit",
];

#[test]
fn every_arrow_is_drawn() {
    let workspace = Workspace::read().unwrap();
    let members = workspace.members();
    let mut wrong = Vec::new();
    for (name, package) in &members {
        let Some((_, allowed)) = ARROWS.iter().find(|(row, _)| row == name) else {
            wrong.push(format!("{name} has no row in the table of arrows"));
            continue;
        };
        for dependency in &package.dependencies {
            let to = dependency.name.as_str();
            let tested_with = dependency.kind == Kind::Dev && (to == "warehouse-testkit" || to == *name);
            if members.contains_key(to) && !allowed.contains(&to) && !tested_with {
                wrong.push(format!(
                    "{name} -> {to} ({:?}) is not an arrow of the architecture",
                    dependency.kind
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    eprintln!("{} crates, every arrow drawn", members.len());
}

#[test]
fn the_table_names_only_crates_that_exist() {
    let workspace = Workspace::read().unwrap();
    let members = workspace.members();
    let named: BTreeSet<&str> =
        ARROWS.iter().flat_map(|(name, allowed)| allowed.iter().chain([name])).copied().collect();
    let gone: Vec<_> = named.into_iter().filter(|name| !members.contains_key(name)).collect();
    assert!(gone.is_empty(), "{gone:?}");
}
