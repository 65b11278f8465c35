//! Constraints that commas in braces divide.

use warehouse_spec::{Code, Replacement, SubscriptionKind};

use super::{HEAD, read};

#[test]
fn a_constraint_in_braces() {
    for (fields, whole) in [
        ("repoURL: nginx, constraint: >=1.0.0, <2.0.0", ">=1.0.0, <2.0.0"),
        ("constraint: >=1.0.0, <2.0.0, repoURL: nginx", ">=1.0.0, <2.0.0"),
        ("repoURL: nginx, constraint: <2, >=1", "<2, >=1"),
        ("repoURL: nginx, constraint: ^1.0, >1.1, <1.9", "^1.0, >1.1, <1.9"),
        ("repoURL: nginx, constraint: ^1.0,<1.9", "^1.0,<1.9"),
        ("repoURL: nginx, semverConstraint: ^1.0, <1.9", "^1.0, <1.9"),
    ] {
        let text = format!("{HEAD}  - image: {{{fields}}}\n");
        let manifest = read(&text);
        let [found] = manifest.diagnostics.as_slice() else { panic!("{fields}: {manifest:?}") };
        assert_eq!(found.code, Code::Unquoted);
        assert_eq!(found.help.as_deref(), Some(format!("quote it: \"{whole}\"").as_str()));
        let edited = read(&Replacement::apply_all(&text, found.replacement.as_ref()));
        let SubscriptionKind::Image(image) = &edited.warehouses[0].spec.subscriptions[0].kind else {
            panic!()
        };
        assert_eq!(image.constraint.as_deref(), Some(whole));
    }
    // A field that is none is told as one.
    let unknown = read(&format!("{HEAD}  - image: {{repoURL: nginx, constraint: ^1, x}}\n"));
    assert_eq!(unknown.diagnostics[0].code, Code::UnknownField);
}

/// What `kubectl get -o yaml` shows, and comments that nobody meant as a part of a value.
#[test]
fn nothing_is_told_of_defaults_and_comments() {
    for subscription in [
        "git: {repoURL: 'https://h/a', strictSemvers: true, discoveryLimit: 20}",
        "image: {repoURL: nginx, imageSelectionStrategy: Digest, constraint: latest, strictSemvers: true, discoveryLimit: 20}",
        "git:\n      repoURL: https://h/a\n      branch: main #prod",
        "git:\n      repoURL: https://h/a\n      commitSelectionStrategy: NewestFromBranch #or SemVer",
        "image:\n      repoURL: nginx\n      platform: linux/amd64 #or arm64",
    ] {
        let found = read(&format!("{HEAD}  - {subscription}\n")).diagnostics;
        assert!(found.is_empty(), "{subscription}: {found:?}");
    }
    for subscription in [
        "git: {repoURL: 'https://h/a', strictSemvers: false}",
        "image: {repoURL: nginx, imageSelectionStrategy: Digest, constraint: latest, discoveryLimit: 5}",
        "git:\n      repoURL: https://h/a\n      includePaths:\n      - docs #2",
    ] {
        let found = read(&format!("{HEAD}  - {subscription}\n")).diagnostics;
        assert_eq!(found.len(), 1, "{subscription}: {found:?}");
    }
}
