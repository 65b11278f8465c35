//! Every error at once, each with what to do: after all of it is done, nothing is left to say.

use super::{HEAD, read};

/// Every help of a manifest, in its order; and the manifest after doing what they say has no diagnostics.
#[track_caller]
fn told(text: &str, helps: &[&str], remedied: &str) {
    let manifest = read(text);
    let found: Vec<&str> =
        manifest.diagnostics.iter().map(|found| found.help.as_deref().unwrap_or_default()).collect();
    assert_eq!(found, helps, "{:?}", manifest.diagnostics);
    assert!(manifest.warehouses.is_empty());
    let after = read(remedied);
    assert!(after.diagnostics.is_empty(), "{:?}", after.diagnostics);
    assert_eq!(after.warehouses.len(), 1);
}

#[test]
fn a_text_for_a_type_and_a_key_beside_it() {
    told(
        &format!("{HEAD}  - image: ex/backend\n    semverConstraint: '*'\n"),
        &[
            "write `image:` and below it, indented, `repoURL: ex/backend`",
            "move `semverConstraint` into `image`",
        ],
        &format!("{HEAD}  - image:\n      repoURL: ex/backend\n      constraint: '*'\n"),
    );
    told(
        &format!("{HEAD}  - git: https://host/a\n"),
        &["write `git:` and below it, indented, `repoURL: https://host/a`"],
        &format!("{HEAD}  - git:\n      repoURL: https://host/a\n"),
    );
}

#[test]
fn a_key_beside_a_type_hides_nothing_within_it() {
    told(
        &format!(
            "{HEAD}  - git:\n      repoURL: https://host/a\n      branch: on\n      expressionFilter: !true\n    discoveryLimit: 5\n"
        ),
        &["quote it: \"on\"", "quote it: \"!true\"", "move `discoveryLimit` into `git`"],
        &format!(
            "{HEAD}  - git:\n      repoURL: https://host/a\n      branch: \"on\"\n      expressionFilter: \"!true\"\n      discoveryLimit: 5\n"
        ),
    );
}

#[test]
fn two_types_hide_nothing_within_them() {
    told(
        &format!(
            "{HEAD}  - image:\n      repoURL: nginx\n      constraint: 1.10\n    git:\n      repoURL: https://host/a\n      branch: no\n"
        ),
        &["start a new item with `- ` for each", "quote it: \"1.10\"", "quote it: \"no\""],
        &format!(
            "{HEAD}  - image:\n      repoURL: nginx\n      constraint: \"1.10\"\n  - git:\n      repoURL: https://host/a\n      branch: \"no\"\n"
        ),
    );
}

#[test]
fn a_document_without_a_kind_hides_nothing_below() {
    let body = |constraint: &str, key: &str| {
        format!(
            "metadata:\n  name: demo\nspec:\n  subscriptions:\n  - image:\n      repoURL: nginx\n      constraint: {constraint}\n      {key}: [a]\n"
        )
    };
    let head = "apiVersion: kargo.akuity.io/v1alpha1\n";
    let good = format!("{head}kind: Warehouse\n{}", body("\"!=9\"", "allowTagsRegexes"));
    let rest = ["quote it: \"!=9\"", "did you mean `allowTagsRegexes`?"];
    told(
        &body("!=9", "allowTagsRegex"),
        &[&["add `apiVersion: kargo.akuity.io/v1alpha1` and `kind: Warehouse`"][..], &rest].concat(),
        &good,
    );
    told(
        &format!("{head}{}", body("!=9", "allowTagsRegex")),
        &[&["add `kind: Warehouse`"][..], &rest].concat(),
        &good,
    );
}
