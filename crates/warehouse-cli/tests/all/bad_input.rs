//! Each bad input: a clear message with its place in the file or its URL, the right exit code, the rest intact.

use crate::support::{World, warehouse};

/// Subscriptions under the head of a Warehouse; their first line is line 6.
fn manifest(subscriptions: &str) -> String {
    format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: test\nspec:\n{subscriptions}"
    )
}

/// An invalid manifest: exit code 2, nothing on standard output, and all of this on standard error.
#[track_caller]
fn refused(text: &str, said: &[&str]) {
    for command in ["discover", "freight"] {
        let ran = warehouse(&[command, "--no-cache", "-f", "-"], text);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{command}: {}", ran.err);
        for part in said {
            assert!(ran.err.contains(part), "{command} does not say {part:?}:\n{}", ran.err);
        }
    }
}

#[test]
fn a_manifest_that_is_not_valid_yaml() {
    refused("kind: [Warehouse\n", &["standard input:", "error"]);
    refused("\u{0}", &["error"]);
    refused("kind: Warehouse\n\tspec: 1\n", &["error: this is not valid YAML", "standard input:2:1", "tab"]);
}

#[test]
fn nothing_in_it() {
    refused("", &["there is no Warehouse in the input"]);
    refused("kind: Stage\napiVersion: kargo.akuity.io/v1alpha1\n", &["only one document of another kind"]);
}

#[test]
fn no_subscriptions() {
    refused(&manifest("  interval: 5m\n"), &["standard input:5:1 (spec)", "`subscriptions` is missing"]);
    refused(&manifest("  subscriptions: []\n"), &["standard input:6:", "(spec.subscriptions)"]);
}

#[test]
fn two_types_in_one_subscription() {
    let text = manifest(
        "  subscriptions:\n  - image: {repoURL: a/b}\n    git: {repoURL: 'https://example.com/a'}\n",
    );
    refused(&text, &["standard input:", "spec.subscriptions[0]", "image", "git"]);
}

#[test]
fn a_bad_constraint() {
    let text = manifest("  subscriptions:\n  - image:\n      repoURL: a/b\n      constraint: '>=1<2'\n");
    refused(&text, &["standard input:9:19", "spec.subscriptions[0].image.constraint", ">=1<2"]);
}

#[test]
fn every_problem_is_printed_at_once() {
    let text = manifest(
        "  subscriptions:\n  - image:\n      repoURL: a/b\n      constraint: nope\n  - git:\n      repoURL: 'https://example.com/a'\n      discoveryLimit: 0\n",
    );
    refused(&text, &["subscriptions[0].image.constraint", "subscriptions[1].git.discoveryLimit"]);
}

#[test]
fn a_file_that_is_not_there() {
    let ran = warehouse(&["discover", "-f", "/nowhere/warehouse.yaml"], "");
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("/nowhere/warehouse.yaml could not be read"), "{}", ran.err);
}

#[test]
fn wrong_usage() {
    for arguments in [&[][..], &["discover"], &["discover", "-f", "-", "--timeout", "5"], &["disco"]] {
        assert_eq!(warehouse(arguments, "").code, Some(2), "{arguments:?}");
    }
}

/// One subscription fails beside one that does not: exit code 1, the other's artifacts on standard output, no Freight, and
/// all of this on standard error.
#[track_caller]
fn fails(world: &World, subscription: &str, said: &[&str]) {
    let text = world.fill(&manifest(&format!(
        "  subscriptions:\n{subscription}  - chart:\n      repoURL: CHARTS\n      name: shop\n"
    )));
    let ran = warehouse(&["discover", "--no-cache", "-f", "-"], &text);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.out.contains("0.2.1"), "the rest is not intact:\n{}", ran.out);
    assert!(ran.out.contains("(failed)"), "{}", ran.out);
    for part in said {
        let part = world.fill(part);
        assert!(ran.err.contains(&part), "it does not say {part:?}:\n{}", ran.err);
    }
    assert!(!ran.err.contains("secret"), "a credential was shown:\n{}", ran.err);

    let ran = warehouse(&["freight", "--no-cache", "-f", "-"], &text);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{}", ran.err);
    assert!(ran.err.contains("test: no Freight: subscription 0 ("), "{}", ran.err);
}

#[test]
fn an_unreachable_host() {
    let world = World::start();
    fails(
        &world,
        "  - image:\n      repoURL: 127.0.0.1:1/a/b\n",
        &["standard input:8:16", "image 127.0.0.1:1/a/b", "http://127.0.0.1:1/"],
    );
    fails(
        &world,
        "  - git:\n      repoURL: http://127.0.0.1:1/a.git\n",
        &["standard input:8:16", "git http://127.0.0.1:1/a.git"],
    );
    fails(
        &world,
        "  - chart:\n      repoURL: http://127.0.0.1:1/charts\n      name: a\n",
        &["standard input:8:16", "http://127.0.0.1:1/charts/index.yaml"],
    );
}

#[test]
fn a_repository_that_is_not_there() {
    let world = World::start();
    fails(
        &world,
        "  - image:\n      repoURL: REGISTRY/no/such\n",
        &["standard input:8:16", "404", "NAME_UNKNOWN"],
    );
    fails(&world, "  - git:\n      repoURL: GIT-not\n", &["standard input:8:16", "404", "GIT-not"]);
    fails(
        &world,
        "  - chart:\n      repoURL: CHARTS/no/such\n      name: a\n",
        &["CHARTS/no/such/index.yaml", "404"],
    );
    fails(&world, "  - chart:\n      repoURL: oci://REGISTRY/no/such\n", &["standard input:8:16", "404"]);
}

#[test]
fn a_branch_that_is_not_there() {
    let world = World::start();
    fails(
        &world,
        "  - git:\n      repoURL: GIT\n      branch: mian\n",
        &["standard input:9:15", "mian", "GIT", "help: ", "main"],
    );
}

#[test]
fn a_401() {
    let world = World::start();
    let registry = warehouse_testkit::Registry::builder().basic("me", "secret").start().unwrap();
    registry.image("a/b").tag("1.0.0").platforms(["linux/amd64"]).push();
    let subscription = format!("  - image:\n      repoURL: {}/a/b\n", registry.host());
    fails(&world, &subscription, &["standard input:8:16", "401", "help: "]);

    let git = warehouse_testkit::GitServer::builder().basic("me", "secret").start().unwrap();
    let repository = git.create("a").unwrap();
    let subscription = format!("  - git:\n      repoURL: {}\n", repository.url());
    fails(&world, &subscription, &["standard input:8:16", "401", "help: "]);
}
