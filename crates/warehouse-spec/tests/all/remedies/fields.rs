//! Fields that Kargo has under another name or elsewhere: the remedy names the field that was meant.

use warehouse_spec::{Code, Edition, Options, migrate};

use super::{HEAD, read};

/// One subscription with this field, which is told alone, and its help.
#[track_caller]
fn help(kind: &str, field: &str) -> String {
    let manifest = read(&format!("{HEAD}  - {kind}\n      {field}\n"));
    let [found] = manifest.diagnostics.as_slice() else { panic!("{field}: {:?}", manifest.diagnostics) };
    assert_eq!(found.code, Code::UnknownField, "{found}");
    found.help.clone().unwrap_or_default()
}

#[test]
fn of_other_kinds_and_tools() {
    let image = "image:\n      repoURL: nginx";
    let git = "git:\n      repoURL: https://h/a";
    let chart = "chart:\n      repoURL: https://h/a\n      name: x";
    for (kind, field, names) in [
        (git, "constraint: ^1", &["semverConstraint", "commitSelectionStrategy: SemVer"][..]),
        (git, "version: ^1", &["semverConstraint", "commitSelectionStrategy: SemVer"]),
        (git, "tag: v1", &["allowTagsRegexes", "commitSelectionStrategy: SemVer"]),
        (chart, "targetRevision: ^1", &["semverConstraint"]),
        (chart, "versions: ^1", &["semverConstraint"]),
        (chart, "version: ^1", &["semverConstraint"]),
        (image, "tag: v1", &["constraint", "imageSelectionStrategy: Digest", "allowTagsRegexes"]),
        (image, "tags: [v1]", &["allowTagsRegexes"]),
        (image, "allow-tags: regexp:^v1", &["allowTagsRegexes"]),
        (image, "update-strategy: newest-build", &["imageSelectionStrategy", "NewestBuild"]),
        (image, "filterTags: {pattern: '^v1'}", &["allowTagsRegexes"]),
        (image, "policy: {semver: {range: ^1}}", &["constraint"]),
    ] {
        let help = help(kind, field);
        assert!(names.iter().all(|name| help.contains(name)), "{field}: {help}");
        // What the help names is known there.
        let written = match names[0] {
            "semverConstraint" | "constraint" => format!("{}: ^1", names[0]),
            "allowTagsRegexes" => "allowTagsRegexes: [^v1]".to_owned(),
            name => format!("{name}: NewestBuild"),
        };
        let strategy = match kind == git {
            true => "\n      commitSelectionStrategy: SemVer",
            false => "",
        };
        let remedied = read(&format!("{HEAD}  - {kind}\n      {written}{strategy}\n"));
        assert!(remedied.diagnostics.is_empty(), "{:?}", remedied.diagnostics);
    }
}

#[test]
fn subscriptions_beside_spec() {
    let start = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: demo\n";
    let list = "subscriptions:\n- image:\n    repoURL: nginx\n";
    for spec in ["", "spec:\n", "spec:\n  interval: 5m0s\n"] {
        let manifest = read(&format!("{start}{spec}{list}"));
        let [found] = manifest.diagnostics.as_slice() else { panic!("{:?}", manifest.diagnostics) };
        assert_eq!((found.code, found.path.as_str()), (Code::Misplaced, "subscriptions"));
        let expected = match spec.contains("interval") {
            true => "write it under `spec`, indented",
            false => "write it under a line `spec:`, indented",
        };
        assert_eq!(found.help.as_deref(), Some(expected));
        let line = if spec.is_empty() { "spec:\n" } else { spec };
        let indented: String = list.lines().map(|line| format!("  {line}\n")).collect();
        let remedied = read(&format!("{start}{line}{indented}"));
        assert!(remedied.diagnostics.is_empty(), "{:?}", remedied.diagnostics);
    }
}

/// Before the release that knows a field, its old spelling is the one to write. What no edit can say in the old spelling is told.
#[test]
fn of_older_editions() {
    for (edition, field, written, expected) in [
        (
            "v1.6",
            "constraint: ^1\n      semverConstraint: ^1",
            "semverConstraint: ^1",
            "write `semverConstraint`, with the same value, or migrate to v1.7 or newer",
        ),
        (
            "v1.8",
            "allowTagsRegexes: [a, b]",
            "allowTags: a|b",
            "write `allowTags`, a single pattern: `a|b` in place of two, or migrate to v1.9 or newer",
        ),
        (
            "v1.8",
            "ignoreTagsRegexes: [^a$, b]",
            "ignoreTags: [a]",
            "write `ignoreTags`, a list of tags as they are, without patterns, or migrate to v1.9 or newer",
        ),
        ("v1.8", "cacheByTag: true", "", "delete it, or migrate to v1.9 or newer"),
    ] {
        let edition: Edition = edition.parse().unwrap();
        let migrated = |field: &str| {
            let text = format!("{HEAD}  - image:\n      repoURL: nginx\n      {field}\n");
            migrate("kargo.yaml", &text, edition, &Options::default()).left
        };
        let helps: Vec<_> = migrated(field).into_iter().filter_map(|found| found.help).collect();
        assert_eq!(helps, [expected]);
        assert_eq!(migrated(written), []);
    }
}

/// In expressions, patterns and constraints, `<`, `>` and `$` have meanings of their own.
#[test]
fn what_is_no_placeholder() {
    let image = |field: &str| format!("{HEAD}  - image:\n      repoURL: nginx\n      {field}\n");
    let git = |field: &str| format!("{HEAD}  - git:\n      repoURL: https://h/a\n      {field}\n");
    for (text, help) in [
        (git(r#"expressionFilter: "author = 'Bot <bot@example.com>'""#), "the operator is `==`, not `=`"),
        (image("allowTagsRegexes: ['(?<x>a)(?!b)']"), "ignoreTagsRegexes"),
        (image(r"allowTagsRegexes: ['(?<ver>\d+)(?!-rc)']"), "ignoreTagsRegexes"),
        (image("constraint: '>=1 <v3 and >v1'"), ">=1 <v3, >v1"),
        (image("constraint: '>=1 <v3 and >v2'"), "write it like"),
        (image("constraint: $1.0"), "write it like"),
        (image("allowTagsRegexes: [$(foo]"), "close the group"),
        (image("constraint: <version>"), "<placeholder>"),
        (image("constraint: ^<version>"), "<placeholder>"),
        (image("allowTagsRegexes: ['(<name>']"), "<placeholder>"),
        (image("constraint: $VERSION"), "envsubst"),
        (image("constraint: ${VERSION}"), "envsubst"),
        (git(r#"expressionFilter: "author == <your name>""#), "<placeholder>"),
    ] {
        let manifest = read(&text);
        let helps: Vec<_> = manifest.diagnostics.iter().filter_map(|found| found.help.as_deref()).collect();
        assert!(helps.iter().any(|found| found.contains(help)), "{text}{help}: {:?}", manifest.diagnostics);
        let is_placeholder = help == "<placeholder>" || help == "envsubst";
        assert!(is_placeholder || !helps.iter().any(|found| found.contains("real value")), "{helps:?}");
    }
}
