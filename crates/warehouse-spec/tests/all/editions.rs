//! Every edition's spelling means the same, and each old one is named with the release that dropped it.

use warehouse_spec::{
    Code, CommitSelectionStrategy, ImageSelectionStrategy, Options, Subscription, SubscriptionKind,
    Warehouse, parse,
};

const HEAD: &str = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: demo\nspec:\n";

/// The Warehouse of this specification, and the warnings.
#[track_caller]
fn read(spec: &str) -> (Warehouse, Vec<(Code, String)>) {
    let manifest = parse("kargo.yaml", &format!("{HEAD}{spec}"), &Options::default());
    assert!(manifest.is_valid(), "{:#?}", manifest.diagnostics);
    let warnings = manifest.warnings().map(|warning| (warning.code, warning.message.clone())).collect();
    let [warehouse] = manifest.warehouses.as_slice() else {
        panic!("not one Warehouse");
    };
    (warehouse.clone().into_inner(), warnings)
}

/// Both specifications mean the same; the first is one of `releases`' spellings, the second in normal form.
#[track_caller]
fn same(old: &str, releases: &[&str], normal: &str) {
    let (old, warnings) = read(old);
    let (normal, none) = read(normal);
    assert_eq!(old, normal);
    assert_eq!(none, [], "the normal form is free of warnings");
    assert_eq!(warnings.len(), releases.len(), "{warnings:?}");
    for ((code, message), release) in warnings.iter().zip(releases) {
        assert_eq!(*code, Code::OldSpelling, "{message}");
        assert!(message.contains(release), "{message:?} does not name {release}");
    }
}

#[test]
fn helm_is_chart() {
    same(
        "  subscriptions:\n  - helm:\n      repoURL: https://charts.example.com\n      name: app\n",
        &["v1.2"],
        "  subscriptions:\n  - chart:\n      repoURL: https://charts.example.com\n      name: app\n",
    );
}

#[test]
fn semver_constraint_of_an_image_is_constraint() {
    same(
        "  subscriptions:\n  - image:\n      repoURL: nginx\n      semverConstraint: ^1.26.0\n",
        &["v1.9"],
        "  subscriptions:\n  - image:\n      repoURL: nginx\n      constraint: ^1.26.0\n",
    );
    same(
        "  subscriptions:\n  - image:\n      repoURL: nginx\n      imageSelectionStrategy: Digest\n      semverConstraint: latest\n",
        &["v1.9"],
        "  subscriptions:\n  - image:\n      repoURL: nginx\n      imageSelectionStrategy: Digest\n      constraint: latest\n",
    );
}

#[test]
fn constraint_wins_over_semver_constraint() {
    let (warehouse, warnings) = read(
        "  subscriptions:\n  - image:\n      repoURL: nginx\n      constraint: ^2\n      semverConstraint: ^1\n",
    );
    let codes: Vec<Code> = warnings.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, [Code::OldSpelling, Code::Conflict]);
    let SubscriptionKind::Image(image) = &warehouse.spec.subscriptions[0].kind else {
        panic!("no image");
    };
    assert_eq!(image.constraint.as_deref(), Some("^2"));
}

#[test]
fn allow_tags_is_one_more_pattern() {
    same(
        "  subscriptions:\n  - image:\n      repoURL: nginx\n      allowTagsRegexes: [a]\n      allowTags: b\n",
        &["v1.11"],
        "  subscriptions:\n  - image:\n      repoURL: nginx\n      allowTagsRegexes: [a, b]\n",
    );
    same(
        "  subscriptions:\n  - git:\n      repoURL: https://host/a\n      commitSelectionStrategy: SemVer\n      allowTags: b\n",
        &["v1.11"],
        "  subscriptions:\n  - git:\n      repoURL: https://host/a\n      commitSelectionStrategy: SemVer\n      allowTagsRegexes: [b]\n",
    );
}

#[test]
fn ignored_tags_stay_literal() {
    let (warehouse, warnings) =
        read("  subscriptions:\n  - image:\n      repoURL: nginx\n      ignoreTags: [1.x, latest]\n");
    assert_eq!(warnings.len(), 1);
    let SubscriptionKind::Image(image) = &warehouse.spec.subscriptions[0].kind else {
        panic!("no image");
    };
    assert_eq!(image.ignore_tags, ["1.x", "latest"]);
    assert!(image.ignore_tags_regexes.is_empty());
}

#[test]
fn the_first_names_of_the_image_strategy() {
    for (old, release, normal) in [
        ("tagSelectionStrategy: SemVer", "v0.4", "SemVer"),
        ("tagSelectionStrategy: NewestBuild", "v0.4", "NewestBuild"),
        ("updateStrategy: Latest", "v0.3", "NewestBuild"),
        ("updateStrategy: Name", "v0.3", "Lexical"),
        ("updateStrategy: Alphabetical", "v0.3", "Lexical"),
    ] {
        same(
            &format!("  subscriptions:\n  - image:\n      repoURL: nginx\n      {old}\n"),
            &[release],
            &format!(
                "  subscriptions:\n  - image:\n      repoURL: nginx\n      imageSelectionStrategy: {normal}\n"
            ),
        );
    }
}

#[test]
fn registry_url_is_repo_url() {
    same(
        "  subscriptions:\n  - chart:\n      registryURL: https://charts.example.com\n      name: app\n",
        &["v0.4"],
        "  subscriptions:\n  - chart:\n      repoURL: https://charts.example.com\n      name: app\n",
    );
}

#[test]
fn paths_beside_git_belong_into_it() {
    same(
        "  subscriptions:\n  - git:\n      repoURL: https://host/a\n      includePaths: [x]\n    includePaths: [a, b]\n    excludePaths: [c]\n",
        &["v1.9", "v1.9"],
        "  subscriptions:\n  - git:\n      repoURL: https://host/a\n      includePaths: [x, a, b]\n      excludePaths: [c]\n",
    );
}

#[test]
fn the_shape_of_the_first_release() {
    same(
        "  subscriptions:\n    repos:\n      charts:\n      - repoURL: oci://host/c\n      git:\n      - repoURL: https://host/a\n        branch: main\n      images:\n      - repoURL: nginx\n",
        &["v0.2"],
        "  subscriptions:\n  - chart:\n      repoURL: oci://host/c\n  - git:\n      repoURL: https://host/a\n      branch: main\n  - image:\n      repoURL: nginx\n",
    );
}

#[test]
fn git_repo_url_of_an_image_is_kept() {
    let (warehouse, warnings) =
        read("  subscriptions:\n  - image:\n      repoURL: nginx\n      gitRepoURL: https://host/a\n");
    assert!(warnings[0].1.contains("v1.7"), "{warnings:?}");
    let SubscriptionKind::Image(image) = &warehouse.spec.subscriptions[0].kind else {
        panic!("no image");
    };
    assert_eq!(image.git_repo_url.as_deref(), Some("https://host/a"));
}

#[test]
fn defaults() {
    let (warehouse, warnings) =
        read("  subscriptions:\n  - image:\n      repoURL: nginx\n  - git:\n      repoURL: https://host/a\n");
    assert_eq!(warnings, []);
    assert_eq!(warehouse.spec.interval.to_string(), "5m0s");
    assert_eq!(warehouse.spec.freight_creation_policy.as_str(), "Automatic");
    let kinds: Vec<&SubscriptionKind> = warehouse.spec.subscriptions.iter().map(|one| &one.kind).collect();
    let [SubscriptionKind::Image(image), SubscriptionKind::Git(git)] = kinds.as_slice() else {
        panic!("{kinds:?}");
    };
    assert_eq!(image.image_selection_strategy, ImageSelectionStrategy::SemVer);
    assert_eq!(git.commit_selection_strategy, CommitSelectionStrategy::NewestFromBranch);
    assert!(image.strict_semvers && git.strict_semvers);
    assert_eq!((image.discovery_limit, git.discovery_limit), (20, 20));
}

#[test]
fn a_generic_subscription_is_carried_along() {
    let (warehouse, warnings) = read(
        "  subscriptions:\n  - name: feed\n    s3:\n      config: {bucket: b, depth: 2}\n      discoveryLimit: 3\n",
    );
    assert_eq!(warnings, []);
    let subscription: &Subscription = &warehouse.spec.subscriptions[0];
    let json = serde_json::to_value(subscription).unwrap();
    assert_eq!(
        json,
        serde_json::json!({"name": "feed", "s3": {"config": {"bucket": "b", "depth": 2}, "discoveryLimit": 3}})
    );
}

#[test]
fn places_are_found_by_normal_paths() {
    let text = format!(
        "{HEAD}  subscriptions:\n  - helm:\n      repoURL: https://charts.example.com\n      name: app\n  - git:\n      repoURL: https://host/a\n    includePaths: [b]\n"
    );
    let manifest = parse("kargo.yaml", &text, &Options::default());
    let warehouse = &manifest.warehouses[0];
    let place = |path: &str| {
        let location = warehouse.locate(path);
        (location.line, location.column)
    };
    assert_eq!(place("spec.subscriptions[0].chart.repoURL"), (8, 16));
    assert_eq!(place("spec.subscriptions[0].chart.semverConstraint"), (7, 5));
    assert_eq!(place("spec.subscriptions[1].git.branch"), (10, 5));
    assert_eq!(place("spec.subscriptions[1].git.includePaths[0]"), (12, 20));
    assert_eq!(place("status"), (1, 1));
    let location = warehouse.locate_subscription(1);
    assert_eq!((location.line, location.column), (10, 5));
}

#[test]
fn freight_of_every_edition() {
    let text = "\
apiVersion: kargo.akuity.io/v1alpha1
kind: Freight
metadata: {name: x}
warehouse: demo
id: abc
images:
- {repoURL: nginx, tag: \"1.25\", digest: \"sha256:00\"}
---
apiVersion: kargo.akuity.io/v1alpha1
kind: Freight
metadata: {name: x}
origin: {kind: Warehouse, name: demo}
images:
- {repoURL: nginx, tag: \"1.25\", digest: \"sha256:00\"}
";
    let manifest = parse("freight.yaml", text, &Options::default());
    assert!(manifest.is_valid(), "{:?}", manifest.diagnostics);
    let [old, new] = manifest.freights.as_slice() else {
        panic!("{:?}", manifest.freights);
    };
    assert_eq!(**old, **new);
    assert_eq!(manifest.warnings().count(), 2);
}

#[test]
fn other_kinds_are_listed_and_lists_are_opened() {
    let text = "\
kind: Secret
apiVersion: v1
metadata: {name: s}
---
---
kind: Warehouse
apiVersion: example.com/v1
metadata: {name: stock}
---
kind: List
apiVersion: v1
items:
- apiVersion: kargo.akuity.io/v1alpha1
  kind: Warehouse
  metadata: {name: demo}
  spec: {subscriptions: [{image: {repoURL: 'nginx:1'}}]}
";
    let manifest = parse("all.yaml", text, &Options::default());
    let skipped: Vec<(&str, &str, usize)> = manifest
        .skipped
        .iter()
        .map(|one| (one.kind.as_str(), one.name.as_str(), one.location.line))
        .collect();
    assert_eq!(skipped, [("Secret", "s", 1), ("Warehouse", "stock", 6)]);
    assert_eq!(manifest.diagnostics[0].path, "items[0].spec.subscriptions[0].image.repoURL");
}
