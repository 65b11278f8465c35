//! Anchors and aliases of YAML: no edit changes a value that several places share.

use warehouse_spec::{Code, Edition, Manifest, Options, Replacement, lint, migrate, parse};

use crate::migrate::holds;

const HEAD: &str = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: demo\nspec:\n  subscriptions:\n";

/// Fields with an old spelling, or without effect, and a value of each: `@` is where an anchor may be.
const OLD: &[(&str, &str)] = &[
    ("image:\n      repoURL: nginx", "updateStrategy: @Latest"),
    ("image:\n      repoURL: nginx", "updateStrategy: @SemVer"),
    ("image:\n      repoURL: nginx", "tagSelectionStrategy: @NewestBuild"),
    ("image:\n      repoURL: nginx", "semverConstraint: @^1"),
    ("image:\n      repoURL: nginx", "SemverConstraint: @^1"),
    ("image:\n      repoURL: nginx\n      constraint: ^2", "semverConstraint: @^1"),
    ("image:\n      repoURL: nginx\n      imageSelectionStrategy: NewestBuild", "constraint: @^1"),
    ("image:\n      repoURL: nginx", "allowTags: @^1"),
    ("image:\n      repoURL: nginx\n      allowTagsRegexes: [x]", "allowTags: @^1"),
    ("image:\n      repoURL: nginx\n      allowTagsRegexes:\n      - @x", "allowTags: ^1"),
    ("image:\n      repoURL: nginx", "ignoreTags: @[latest, dev]"),
    ("image:\n      repoURL: nginx", "ignoreTags: [@latest, dev]"),
    ("image:\n      repoURL: nginx", "ignoreTags:\n      - latest\n      - @dev"),
    ("image:\n      repoURL: nginx", "ignoreTags: @\n      - latest\n      - dev"),
    ("image:\n      repoURL: nginx\n      ignoreTagsRegexes: @[x]", "ignoreTags: [latest]"),
    ("image:\n      repoURL: nginx\n      ignoreTagsRegexes: [x]", "ignoreTags: @[latest]"),
    ("image:\n      repoURL: nginx", "gitRepoURL: @https://h/a"),
    ("image: @\n      repoURL: nginx", "semverConstraint: ^1"),
    ("image: @\n      repoURL: nginx", "ignoreTags: [latest]"),
    ("git:\n      repoURL: https://h/a\n      commitSelectionStrategy: NewestTag", "allowTags: @^1"),
    ("git:\n      repoURL: https://h/a\n      commitSelectionStrategy: NewestTag", "ignoreTags: @[a, b]"),
    ("git:\n      repoURL: https://h/a", "allowTags: @^1"),
    ("git:\n      repoURL: https://h/a\n    includePaths: @[a]", "branch: main"),
    ("git:\n      repoURL: https://h/a\n    excludePaths:\n    - @a", "branch: main"),
    ("helm:\n      name: x", "registryURL: @https://h/a"),
    ("helm: @\n      name: x", "registryURL: https://h/a"),
];

/// Where the alias is: in old and in new spellings, as a value and as an item, and as what is merged in.
const USES: &[&str] = &[
    "image:\n      repoURL: redis\n      semverConstraint: *x",
    "image:\n      repoURL: redis\n      constraint: *x",
    "image:\n      repoURL: redis\n      imageSelectionStrategy: Lexical\n      constraint: *x",
    "image:\n      repoURL: redis\n      updateStrategy: *x",
    "image:\n      repoURL: redis\n      allowTags: *x",
    "image:\n      repoURL: redis\n      allowTagsRegexes: [*x]",
    "image:\n      repoURL: redis\n      allowTagsRegexes: [*x]\n      allowTags: a",
    "image:\n      repoURL: redis\n      ignoreTags: *x",
    "image:\n      repoURL: redis\n      ignoreTags: [*x, a]",
    "image:\n      repoURL: redis\n      ignoreTagsRegexes: *x",
    "image:\n      repoURL: redis\n      ignoreTags: [a]\n      ignoreTagsRegexes: *x",
    "image:\n      repoURL: redis\n      gitRepoURL: *x",
    "image: *x",
    "image:\n      <<: *x\n      repoURL: redis",
    "chart:\n      <<: *x\n      repoURL: https://h/c",
    "git:\n      repoURL: *x",
    "git:\n      repoURL: https://h/b\n    includePaths: *x",
    "git:\n      repoURL: https://h/b\n      branch: main\n      ignoreTags: *x",
    "helm:\n      name: y\n      registryURL: *x",
];

fn manifests() -> impl Iterator<Item = String> {
    OLD.iter().flat_map(|(kind, field)| {
        let first = format!("{HEAD}  - {kind}\n      {field}\n").replace('@', "&x ");
        USES.iter().map(move |user| format!("{first}  - name: second\n    {user}\n"))
    })
}

fn unknown_aliases(manifest: &Manifest) -> usize {
    manifest.diagnostics.iter().filter(|found| found.message.contains("*x")).count()
}

#[test]
fn migration_keeps_what_is_shared() {
    let mut valid = 0;
    for text in manifests() {
        // The message of an error may have the name of its field, which changes.
        let is_valid = parse("kargo.yaml", &text, &Options::default()).is_valid();
        let migration = match is_valid {
            true => holds("kargo.yaml", &text),
            false => migrate("kargo.yaml", &text, Edition::NEWEST, &Options::default()),
        };
        valid += usize::from(is_valid);
        assert_eq!(migration.text.matches("&x").count(), 1, "{}", migration.text);
        assert_eq!(migration.text.matches("*x").count(), 1, "{}", migration.text);
        for edition in ["v1.6", "v1.8"] {
            let edition: Edition = edition.parse().unwrap();
            let text = migrate("kargo.yaml", &text, edition, &Options::default()).text;
            assert_eq!(unknown_aliases(&parse("kargo.yaml", &text, &Options::default())), 0, "{text}");
        }
    }
    assert!(valid > 100, "{valid} manifests are valid");
}

/// Neither those that are made alone, as by an editor, nor all at once.
#[test]
fn edits_keep_what_is_shared() {
    for text in manifests() {
        let found = lint("kargo.yaml", &text, &Options::default()).diagnostics;
        let edits: Vec<&Replacement> = found.iter().filter_map(|found| found.replacement.as_ref()).collect();
        let alone = edits.iter().map(|edit| Replacement::apply_all(&text, [*edit]));
        for edited in alone.chain([Replacement::apply_all(&text, edits.iter().copied())]) {
            assert!(edited.contains("&x") && edited.contains("*x"), "{edited}");
            let read = parse("kargo.yaml", &edited, &Options::default());
            assert_eq!(unknown_aliases(&read), 0, "{edited}\n{:?}", read.diagnostics);
        }
    }
}

#[test]
fn a_list_of_two_images() {
    let text = format!(
        "{HEAD}  - image:\n      repoURL: nginx\n      semverConstraint: ^1\n      ignoreTags: &x [latest, dev]\n  - image:\n      repoURL: redis\n      ignoreTags: *x\n"
    );
    let migration = holds("kargo.yaml", &text);
    assert_eq!(migration.text, text.replace("semverConstraint", "constraint"));
    let left: Vec<_> = migration.left.iter().map(|found| (found.code, found.location.line)).collect();
    assert_eq!(left, [(Code::OldSpelling, 10), (Code::OldSpelling, 13)]);
    assert_eq!(
        migration.left[1].help.as_deref(),
        Some(
            "write `ignoreTagsRegexes: ['^latest$', '^dev$']`; an anchor or an alias of YAML shares the value, so look at every place that has it"
        )
    );
}

/// What an alias repeats is told where it is written, and once.
#[test]
fn what_is_repeated_is_told_once() {
    let text = format!(
        "{HEAD}  - image: &x\n      repoURL: nginx\n      semverConstraint: ^1\n  - name: second\n    image: *x\n  - name: third\n    image: *x\n"
    );
    let found = parse("kargo.yaml", &text, &Options::default()).diagnostics;
    let old: Vec<_> = found.iter().filter(|found| found.code == Code::OldSpelling).collect();
    assert_eq!(old.len(), 1, "{old:?}");
    let left =
        migrate("kargo.yaml", &text.replace("semverC", "c"), "v1.6".parse().unwrap(), &Options::default());
    assert_eq!(
        left.left.iter().filter(|found| found.path.ends_with("constraint")).count(),
        1,
        "{:?}",
        left.left
    );
}

/// Where nothing refers to an anchor, it hinders nothing.
#[test]
fn an_anchor_that_nothing_refers_to() {
    let text = format!("{HEAD}  - image:\n      repoURL: nginx\n      ignoreTags: &x [latest]\n");
    let migration = holds("kargo.yaml", &text);
    assert!(migration.text.ends_with("ignoreTagsRegexes: &x ['^latest$']\n"), "{}", migration.text);
}
