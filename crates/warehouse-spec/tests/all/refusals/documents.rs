//! Documents that are none, and what is around the subscriptions.

use warehouse_spec::{Diagnostic, Options, parse_bytes};

use super::{Code, Expected, HEAD, Severity, error, only, read};

#[test]
fn no_yaml() {
    only(
        "kind: [Warehouse\n",
        &Expected {
            severity: Severity::Error,
            code: Code::Syntax,
            place: (1, 7),
            path: "kind[0]",
            message: "this is not valid YAML: unclosed bracket '['",
            help: "close the bracket",
        },
    );
}

#[test]
fn no_mapping() {
    only(
        "just some words\n",
        &Expected {
            severity: Severity::Error,
            code: Code::WrongType,
            place: (1, 1),
            path: "",
            message: "a document must be a mapping, not a string",
            help: "a manifest starts with `apiVersion:` and `kind:`",
        },
    );
}

#[test]
fn no_utf8() {
    let manifest = parse_bytes("kargo.yaml", b"kind: X\nname: \xff\n", &Options::default());
    let [found] = manifest.diagnostics.as_slice() else {
        panic!("{:?}", manifest.diagnostics);
    };
    assert_eq!(found.to_string(), "kargo.yaml:2:7: error: the file is not text in UTF-8");
}

#[test]
fn tabs() {
    error(
        "  - image:\n\trepoURL: nginx\n",
        Code::Syntax,
        (8, 2),
        "spec.subscriptions[0].image",
        "this is not valid YAML: tabs disallowed within this context (block indentation)",
        "indent with spaces, not with tabs",
    );
}

#[test]
fn no_subscriptions() {
    let empty = HEAD.replace("subscriptions:", "subscriptions: []");
    only(
        &empty,
        &Expected {
            severity: Severity::Error,
            code: Code::Missing,
            place: (6, 18),
            path: "spec.subscriptions",
            message: "`subscriptions` is empty: a Warehouse needs at least one subscription",
            help: "add `- image:`, `- git:` or `- chart:` under `subscriptions`",
        },
    );
    error(
        "",
        Code::Missing,
        (6, 3),
        "spec.subscriptions",
        "`subscriptions` has no value: a Warehouse needs at least one subscription",
        "add `- image:`, `- git:` or `- chart:` under `subscriptions`",
    );
}

#[test]
fn the_rest_of_the_document() {
    let good = format!("{HEAD}  - image:\n      repoURL: nginx\n");
    let change = |from: &str, to: &str| read(&good.replace(from, to)).diagnostics;
    let one = |found: Vec<Diagnostic>| match found.as_slice() {
        [one] => one.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        one(change("  name: demo", "  namespace: x")),
        "kargo.yaml:3:1: error: `metadata.name` is missing (metadata)"
    );
    assert_eq!(
        one(change("v1alpha1", "v2")),
        "kargo.yaml:1:13: error: `kargo.akuity.io/v2` is not a version of Kargo's API that is read here (apiVersion)"
    );
    assert_eq!(
        one(change("spec:", "spec:\n  interval: 300")),
        "kargo.yaml:6:13: error: `interval` must be a string, and YAML reads the number `300` (spec.interval)"
    );
    assert_eq!(
        one(change("spec:", "spec:\n  interval: 5 minutes")),
        "kargo.yaml:6:13: error: `5 minutes` is not a duration of hours, minutes and seconds such as `5m0s` (spec.interval)"
    );
    assert_eq!(
        one(change("spec:", "spec:\n  freightCreationPolicy: manual")),
        "kargo.yaml:6:26: error: `freightCreationPolicy` cannot be `manual` (spec.freightCreationPolicy)"
    );
    assert_eq!(
        one(change("kind: Warehouse\n", "")),
        "kargo.yaml:1:1: error: the document has `spec.subscriptions` and no `kind`"
    );
}

#[test]
fn one_bad_document_hides_no_good_one() {
    let good = format!("{HEAD}  - image:\n      repoURL: nginx\n");
    let text = format!("{good}---\nkind: [\n---\n{}---\n{good}", good.replace("nginx", "nginx:1"));
    let manifest = read(&text);
    assert_eq!(manifest.warehouses.len(), 2);
    let codes: Vec<Code> = manifest.errors().map(|error| error.code).collect();
    assert_eq!(codes, [Code::Syntax, Code::BadUrl]);
}

#[test]
fn all_errors_at_once() {
    let text = format!(
        "{HEAD}  - image:\n      repoURL: a:1\n      constraint: 1\n      discoveryLimit: 0x1FF\n  - git:\n      branch: no\n"
    );
    let places: Vec<usize> = read(&text).errors().map(|error| error.location.line).collect();
    assert_eq!(places, [8, 9, 10, 11, 12]);
}
