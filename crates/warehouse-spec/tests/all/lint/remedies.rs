//! One table of remedies with a row for each code: after doing what the diagnostic says, lint is clean and what was meant is selected.

use selection_strategies::path::PathSelectors;
use warehouse_spec::{
    Code, CommitSelectionStrategy, Manifest, Options, Replacement, Rule, SubscriptionKind, lint,
};

/// A row: the code, whether the diagnostic has the edit that leads to the remedied manifest, names, and those of them that the first
/// subscription of the remedied manifest selects.
struct Row {
    code: Code,
    is_edit: bool,
    names: &'static [&'static str],
    selected: &'static [&'static str],
}

const fn row(
    code: Code,
    is_edit: bool,
    names: &'static [&'static str],
    selected: &'static [&'static str],
) -> Row {
    Row { code, is_edit, names, selected }
}

const VERSIONS: &[&str] = &["1.25.0", "1.26.3", "1.27.1", "1.27.10", "21.27.1", "latest"];
/// The same without those below 1.26 and above 2.
const ALL: &[&str] = &["21.27.1", "1.27.10", "1.27.1", "1.26.3", "1.25.0"];
const FROM_1_26: &[&str] = &["1.27.10", "1.27.1", "1.26.3"];
const FROM_1_27: &[&str] = &["1.27.10", "1.27.1"];
const PATHS: &[&str] = &["apps/web/a.yaml", "docs/index.md"];
const NONE: &[&str] = &[];

const ROWS: &[Row] = &[
    row(Code::Syntax, false, VERSIONS, FROM_1_26),
    row(Code::Limit, false, NONE, NONE),
    row(Code::DuplicateKey, false, VERSIONS, FROM_1_27),
    row(Code::Unquoted, true, VERSIONS, &["21.27.1", "1.27.10", "1.26.3", "1.25.0"]),
    row(Code::WrongType, true, &["1.10.0", "1.10.7", "1.1.0"], &["1.10.7", "1.10.0"]),
    row(Code::Missing, false, VERSIONS, &["latest"]),
    row(Code::Null, false, VERSIONS, ALL),
    row(Code::UnknownField, true, VERSIONS, FROM_1_26),
    row(Code::FieldCase, true, VERSIONS, FROM_1_26),
    row(Code::Misplaced, false, NONE, NONE),
    row(Code::OldSpelling, true, VERSIONS, FROM_1_27),
    row(Code::Conflict, true, VERSIONS, FROM_1_27),
    row(Code::BadValue, true, VERSIONS, ALL),
    row(Code::BadUrl, false, VERSIONS, ALL),
    row(Code::BadConstraint, false, VERSIONS, FROM_1_26),
    row(
        Code::BadRegex,
        true,
        &["1.26.0-alpine", "1.27.0-alpine", "1.27.0"],
        &["1.27.0-alpine", "1.26.0-alpine"],
    ),
    row(Code::BadSelector, true, PATHS, &["apps/web/a.yaml"]),
    row(Code::BadExpression, true, NONE, NONE),
    row(Code::UnknownName, true, NONE, NONE),
    row(Code::OneType, false, VERSIONS, ALL),
    row(Code::Duplicate, false, VERSIONS, ALL),
    row(Code::NoEffect, false, &["v1.2.0", "v2.0.0"], &["v1.2.0"]),
    row(Code::KargoRefuses, true, VERSIONS, ALL),
    row(Code::BadName, true, VERSIONS, ALL),
    row(Code::Placeholder, false, NONE, NONE),
    row(Code::Credential, true, NONE, NONE),
    row(Code::Insecure, true, VERSIONS, ALL),
    row(Code::Unanchored, true, VERSIONS, &["21.27.1", "1.27.10", "1.26.3", "1.25.0"]),
    row(Code::Unlimited, false, &["1.26.0-alpine", "1.27.0"], &["1.26.0-alpine"]),
    row(Code::DuplicateObject, false, VERSIONS, ALL),
];

fn read(text: &str) -> Manifest {
    lint("kargo.yaml", text, &Options::default())
}

/// The names that the first subscription selects: tags and versions by its rule, otherwise paths.
fn selected(manifest: &Manifest, names: &[&'static str]) -> Vec<&'static str> {
    let subscription = &manifest.warehouses[0].spec.subscriptions[0];
    if let SubscriptionKind::Git(git) = &subscription.kind
        && git.commit_selection_strategy == CommitSelectionStrategy::NewestFromBranch
    {
        let paths = PathSelectors::new(&git.include_paths, &git.exclude_paths).unwrap();
        return names.iter().copied().filter(|path| paths.judge(path).is_included()).collect();
    }
    let Some(rule) = subscription.tag_rule().unwrap() else { return Vec::new() };
    let chosen = rule.select(names).chosen;
    chosen.iter().map(|chosen| *names.iter().find(|name| **name == chosen.name).unwrap()).collect()
}

#[test]
fn every_code_has_a_row_and_a_rule() {
    let rows: Vec<Code> = ROWS.iter().map(|row| row.code).collect();
    assert_eq!(rows, Code::ALL);
    let rules: Vec<Code> = Rule::all().map(|rule| rule.code).collect();
    assert_eq!(rules, Code::ALL);
}

#[test]
fn every_remedy_works() {
    for row in ROWS {
        let rule = Rule::of(row.code).unwrap();
        let example = &rule.example;
        let before = read(example.before);
        let code = row.code;
        let found: Vec<_> = before.diagnostics.iter().filter(|found| found.code == code).collect();
        assert!(!found.is_empty(), "{code}: {:?}", before.diagnostics);
        assert!(found.iter().all(|found| found.severity <= rule.severity), "{code}: {found:?}");
        let after = read(example.after);
        assert_eq!(after.diagnostics, [], "{code}");
        assert!(!after.warehouses.is_empty(), "{code}");
        assert_eq!(selected(&after, row.names), row.selected, "{code}");
        let edits: Vec<&Replacement> =
            before.diagnostics.iter().filter_map(|found| found.replacement.as_ref()).collect();
        if row.is_edit {
            assert_eq!(Replacement::apply_all(example.before, edits), example.after, "{code}");
        } else {
            assert!(
                found.iter().all(|found| found.help.is_some() || found.code == Code::Limit),
                "{code}: {found:?}"
            );
        }
    }
}

/// What the issue and the README of the corpus name, beside the examples of the rules: the mistake, the code, what the help says to write, and the
/// names that are selected then.
#[test]
fn slips_of_real_manifests() {
    let image = |field: &str| format!("  - image:\n      repoURL: nginx\n      {field}\n");
    let git =
        |field: &str| format!("  - git:\n      repoURL: https://github.com/example/app\n      {field}\n");
    let tags = ["v1.0.0", "v1.1.0", "1.9.0", "9.0.0", "10.0.0", "main", "latest", "latest-dev"];
    let rows: &[(String, Code, &str, String, &[&str])] = &[
        (
            image("constraint: !=9.0.0"),
            Code::Unquoted,
            "quote it: \"!=9.0.0\"",
            image("constraint: \"!=9.0.0\""),
            &["10.0.0", "1.9.0", "v1.1.0", "v1.0.0"],
        ),
        (
            image("constraint: >9"),
            Code::Unquoted,
            "quote it: \">9\"",
            image("constraint: \">9\""),
            &["10.0.0"],
        ),
        (
            image("constraint: *"),
            Code::Unquoted,
            "quote it: \"*\"",
            image("constraint: \"*\""),
            &["10.0.0", "9.0.0", "1.9.0", "v1.1.0", "v1.0.0"],
        ),
        (
            image("constraint: ~"),
            Code::WrongType,
            "write it like ^1.2.0, ~1.2",
            image("constraint: ~1"),
            &["1.9.0", "v1.1.0", "v1.0.0"],
        ),
        (
            image("constraint: {{ x }}"),
            Code::WrongType,
            "render the template first",
            image("constraint: ^9"),
            &["9.0.0"],
        ),
        (
            image("constraint: ${X}"),
            Code::BadConstraint,
            "fill in the variable first",
            image("constraint: ^9"),
            &["9.0.0"],
        ),
        (
            image("allowTagsRegexes:\n      - [0-9]+\n"),
            Code::Unquoted,
            "quote it: \"[0-9]+\"",
            image("allowTagsRegexes:\n      - \"^[0-9]+\"\n"),
            &["10.0.0", "9.0.0", "1.9.0"],
        ),
        (
            image("allowTagsRegexes: ^v1"),
            Code::WrongType,
            "put it on a line of its own, after `- `",
            image("allowTagsRegexes:\n      - ^v1"),
            &["v1.1.0", "v1.0.0"],
        ),
        (
            image("AllowTagsRegexes: [^v1]"),
            Code::FieldCase,
            "write `allowTagsRegexes`",
            image("allowTagsRegexes: [^v1]"),
            &["v1.1.0", "v1.0.0"],
        ),
        (
            image("semver: ^9"),
            Code::UnknownField,
            "did you mean `constraint`?",
            image("constraint: ^9"),
            &["9.0.0"],
        ),
        (
            image("strictSemver: true"),
            Code::UnknownField,
            "did you mean `strictSemvers`?",
            image("strictSemvers: true"),
            &["10.0.0", "9.0.0", "1.9.0", "v1.1.0", "v1.0.0"],
        ),
        (
            image("insecure: true\n      constraint: ^9"),
            Code::UnknownField,
            "did you mean `insecureSkipTLSVerify`?",
            image("constraint: ^9"),
            &["9.0.0"],
        ),
        (
            image("pullSecret: x"),
            Code::UnknownField,
            "by the labels of Secrets",
            image("constraint: '>=1'"),
            &["10.0.0", "9.0.0", "1.9.0", "v1.1.0", "v1.0.0"],
        ),
        (
            image("ignoreTags: [v1.1.0]"),
            Code::OldSpelling,
            r"write `ignoreTagsRegexes: ['^v1\.1\.0$']`",
            image(r"ignoreTagsRegexes: ['^v1\.1\.0$']"),
            &["10.0.0", "9.0.0", "1.9.0", "v1.0.0"],
        ),
        (
            image("imageSelectionStrategy: Lexical\n      ignoreTags: [latest, main]"),
            Code::OldSpelling,
            "write `ignoreTagsRegexes: ['^latest$', '^main$']`",
            image("imageSelectionStrategy: Lexical\n      ignoreTagsRegexes: ['^latest$', '^main$']"),
            &["v1.1.0", "v1.0.0", "latest-dev", "9.0.0", "10.0.0", "1.9.0"],
        ),
        (
            image("allowTags: ^v\\d"),
            Code::OldSpelling,
            r"write `allowTagsRegexes: ['^v\d']`",
            image(r"allowTagsRegexes: ['^v\d']"),
            &["v1.1.0", "v1.0.0"],
        ),
        (
            image("imageSelectionStrategy: Digest\n      semverConstraint: latest"),
            Code::OldSpelling,
            "write `constraint`",
            image("imageSelectionStrategy: Digest\n      constraint: latest"),
            &["latest"],
        ),
        (
            image("imageSelectionStrategy: Digest\n      allowTagsRegexes: [^latest$]"),
            Code::Missing,
            "write `constraint: latest` instead of the pattern",
            image("imageSelectionStrategy: Digest\n      constraint: latest"),
            &["latest"],
        ),
        (
            image("commitSelectionStrategy: NewestTag"),
            Code::UnknownField,
            "the field is `imageSelectionStrategy`",
            image("imageSelectionStrategy: Digest\n      constraint: main"),
            &["main"],
        ),
        (
            image("tagSelectionStrategy: SemVer\n      constraint: ^9"),
            Code::OldSpelling,
            "write `imageSelectionStrategy: SemVer`",
            image("imageSelectionStrategy: SemVer\n      constraint: ^9"),
            &["9.0.0"],
        ),
        (
            image("updateStrategy: Latest\n      allowTagsRegexes: [^v]"),
            Code::OldSpelling,
            "write `imageSelectionStrategy: NewestBuild`",
            image("imageSelectionStrategy: NewestBuild\n      allowTagsRegexes: [^v]"),
            &["v1.1.0", "v1.0.0"],
        ),
        (git("branch: !main"), Code::Unquoted, "write the name of a branch", git("branch: main"), &[]),
        (
            git("commitSelectionStrategy: NewestCommit"),
            Code::BadValue,
            "write one of Lexical, NewestFromBranch",
            git("commitSelectionStrategy: NewestFromBranch"),
            &[],
        ),
        (git("revision: main"), Code::UnknownField, "did you mean `branch`?", git("branch: main"), &[]),
        (
            git("allowTags: ^v1"),
            Code::NoEffect,
            "choose a strategy of tags",
            git("commitSelectionStrategy: SemVer\n      allowTagsRegexes: [^v1]"),
            &["v1.1.0", "v1.0.0"],
        ),
        (
            git("ignoreTagsRegexes: [^v1]"),
            Code::NoEffect,
            "choose a strategy of tags",
            git("commitSelectionStrategy: SemVer\n      ignoreTagsRegexes: [^v1]"),
            &["10.0.0", "9.0.0", "1.9.0"],
        ),
        (
            git("commitSelectionStrategy: SemVer\n      since: 2025-01-01T00:00:00Z"),
            Code::NoEffect,
            "`commitSelectionStrategy: NewestFromBranch`, or delete it",
            git("commitSelectionStrategy: SemVer"),
            &["10.0.0", "9.0.0", "1.9.0", "v1.1.0", "v1.0.0"],
        ),
        (
            git("expressionFilter: !(author contains 'bot')"),
            Code::Unquoted,
            "quote it: \"!(author contains 'bot')\"",
            git("expressionFilter: \"!(author contains 'bot')\""),
            &[],
        ),
        (
            "  - image: nginx\n".to_owned(),
            Code::WrongType,
            "write `image:` and below it, indented, `repoURL: nginx`",
            image("constraint: ^9"),
            &["9.0.0"],
        ),
        (
            "  - image:\n      repoURL: nginx\n  - git:\n".to_owned(),
            Code::Missing,
            "write its fields under it",
            image("constraint: ^9"),
            &["9.0.0"],
        ),
        (
            "  - image:\n      repoUrl: nginx\n      constraint: ^9\n".to_owned(),
            Code::FieldCase,
            "write `repoURL`",
            image("constraint: ^9"),
            &["9.0.0"],
        ),
        (
            "  - dockerImage:\n      repoURL: nginx\n      constraint: ^9\n".to_owned(),
            Code::UnknownField,
            "did you mean `image`?",
            image("constraint: ^9"),
            &["9.0.0"],
        ),
        (
            "  - helm:\n      repoURL: oci://h/c\n".to_owned(),
            Code::OldSpelling,
            "write `chart`",
            "  - chart:\n      repoURL: oci://h/c\n".to_owned(),
            &["10.0.0", "9.0.0", "1.9.0"],
        ),
        (
            "  - chart:\n      registryURL: oci://h/c\n".to_owned(),
            Code::OldSpelling,
            "write `repoURL`",
            "  - chart:\n      repoURL: oci://h/c\n".to_owned(),
            &["10.0.0", "9.0.0", "1.9.0"],
        ),
        (
            "  - chart:\n      repoURL: oci://h/c\n      name: c\n".to_owned(),
            Code::BadValue,
            "delete it",
            "  - chart:\n      repoURL: oci://h/c\n".to_owned(),
            &["10.0.0", "9.0.0", "1.9.0"],
        ),
        (
            "  - chart:\n      repoURL: https://h/c\n      name: ${NAME}\n".to_owned(),
            Code::Placeholder,
            "fill in the variable first",
            "  - chart:\n      repoURL: https://h/c\n      name: web\n".to_owned(),
            &["10.0.0", "9.0.0", "1.9.0", "v1.1.0", "v1.0.0"],
        ),
        (
            "  - chart:\n      repoURL: https://h/c\n      name: web\n      insecureSkipTLSVerify: true\n"
                .to_owned(),
            Code::Insecure,
            "delete it",
            "  - chart:\n      repoURL: https://h/c\n      name: web\n".to_owned(),
            &["10.0.0", "9.0.0", "1.9.0", "v1.1.0", "v1.0.0"],
        ),
    ];
    let head = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: demo\nspec:\n  subscriptions:\n";
    for (lines, code, help, remedied, expected) in rows {
        let before = read(&format!("{head}{lines}"));
        let told = before.diagnostics.iter().filter(|found| found.code == *code);
        let helps: Vec<&str> = told.filter_map(|found| found.help.as_deref()).collect();
        assert!(helps.iter().any(|found| found.contains(help)), "{lines}: {:?}", before.diagnostics);
        let after = read(&format!("{head}{remedied}"));
        assert_eq!(after.diagnostics, [], "{remedied}");
        if !expected.is_empty() {
            assert_eq!(selected(&after, &tags), *expected, "{remedied}");
        }
    }
}
