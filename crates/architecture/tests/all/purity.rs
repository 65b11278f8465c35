//! What may never be pulled in, however deep: the tree of each crate, and the build of the pure one for wasm32.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use architecture::Workspace;

/// Everything that waits, talks to a network, or knows Kubernetes.
const ASYNC: &[&str] = &["tokio", "async", "futures", "mio", "smol", "polling", "socket2"];
const NETWORK: &[&str] = &["reqwest", "hyper", "h2", "rustls", "native-tls", "curl", "gix"];
const KUBERNETES: &[&str] = &["kube", "k8s-openapi", "warehouse-spec", "warehouse-freight"];

#[track_caller]
fn check(workspace: &Workspace, name: &str, banned: &[&[&str]]) {
    assert!(workspace.members().contains_key(name), "there is no crate {name}");
    let tree = workspace.tree(name);
    let is_banned = |dependency: &&str| {
        banned.iter().copied().flatten().any(|family| {
            *dependency == *family
                || dependency.strip_prefix(family).is_some_and(|rest| rest.starts_with(['-', '_']))
        })
    };
    let found: Vec<_> = tree.iter().filter(|dependency| is_banned(dependency)).collect();
    assert!(found.is_empty(), "{name} pulls in {found:?}");
    let _ = writeln!(std::io::stderr(), "{name}: {} dependencies, none of them banned", tree.len());
}

/// The crates that are rules alone: no I/O, no async, no clock.
const PURE: [&str; 4] = ["go-compat", "selection-strategies", "kargo-expr", "commit-rule"];

#[test]
fn the_rules_are_pure() {
    let workspace = Workspace::read().unwrap();
    for name in PURE {
        check(&workspace, name, &[ASYNC, NETWORK, KUBERNETES]);
    }
}

#[test]
fn the_rules_alone_bring_no_expression_language_and_no_time_zones() {
    // Alone, without the feature `jiff` that other crates switch on.
    for name in ["go-compat", "selection-strategies"] {
        let alone = tree_alone(name, &[]).unwrap();
        assert!(has(&alone, "regex") && !has(&alone, "jiff"), "{alone}");
    }
    let workspace = Workspace::read().unwrap();
    check(&workspace, "go-compat", &[&["selection-strategies", "kargo-expr", "semver"]]);
    check(&workspace, "selection-strategies", &[&["kargo-expr"]]);
    check(&workspace, "artifact-source", &[&["kargo-expr"]]);
    check(&workspace, "image-source", &[&["kargo-expr"]]);
}

#[test]
fn manifests_and_freight_talk_to_nobody() {
    let workspace = Workspace::read().unwrap();
    for name in ["warehouse-spec", "warehouse-freight"] {
        check(&workspace, name, &[ASYNC, NETWORK, &["kube", "k8s-openapi"]]);
    }
}

#[test]
fn embedding_a_source_brings_no_kubernetes() {
    let workspace = Workspace::read().unwrap();
    for name in
        ["artifact-source", "artifact-http", "oci-registry", "image-source", "git-source", "helm-source"]
    {
        check(&workspace, name, &[KUBERNETES]);
    }
}

/// The packages below this one, as it is built alone, one a line.
fn tree_alone(package: &str, features: &[&str]) -> std::io::Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--package", package, "--edges", "normal,build", "--prefix", "none"])
        .args(features)
        .current_dir(architecture::root())
        .output()?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(std::io::Error::other(String::from_utf8_lossy(&output.stderr))),
    }
}

fn has(tree: &str, package: &str) -> bool {
    tree.lines().any(|line| line.split(' ').next() == Some(package))
}

#[test]
fn a_tls_provider_that_is_chosen_comes_alone() {
    let features = ["--no-default-features", "--features", "image,git,chart,credentials,aws-lc-rs"];
    let chosen = tree_alone("warehouse-discovery", &features).unwrap();
    assert!(has(&chosen, "aws-lc-rs") && !has(&chosen, "ring"), "{chosen}");
    for name in
        ["artifact-http", "oci-registry", "image-source", "git-source", "helm-source", "artifact-credentials"]
    {
        let chosen = tree_alone(name, &["--no-default-features", "--features", "aws-lc-rs"]).unwrap();
        assert!(has(&chosen, "aws-lc-rs") && !has(&chosen, "ring"), "{name}: {chosen}");
        let default = tree_alone(name, &[]).unwrap();
        assert!(has(&default, "ring") && !has(&default, "aws-lc-rs"), "{name}: {default}");
    }
}

/// What is released has no demo, and so none of its servers.
#[test]
fn the_command_without_its_demo_has_no_testkit() {
    assert!(
        has(&tree_alone("warehouse-cli", &[]).unwrap(), "warehouse-testkit"),
        "the demo is on by default"
    );
    let released = tree_alone("warehouse-cli", &["--no-default-features"]).unwrap();
    assert!(has(&released, "warehouse-discovery") && !has(&released, "warehouse-testkit"), "{released}");
}

#[test]
fn the_rules_build_for_wasm32() {
    const TARGET: &str = "wasm32-unknown-unknown";
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let sysroot = Command::new(rustc).args(["--print", "sysroot"]).output().unwrap();
    let sysroot = PathBuf::from(String::from_utf8_lossy(&sysroot.stdout).trim());
    if !sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir() {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: the build for {TARGET}; rustup target add {TARGET} brings it"
        );
        return;
    }
    // A target folder of its own: the one of this run may be locked.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--lib", "--target", TARGET])
        .args(PURE.iter().flat_map(|name| ["--package", name]))
        .current_dir(architecture::root())
        .env("CARGO_TARGET_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/wasm32"))
        .env_remove("RUSTFLAGS")
        .status()
        .unwrap();
    assert!(status.success());
}
