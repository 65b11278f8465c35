//! Migration: the words change, and nothing else does.

use std::io::Write;

use warehouse_spec::{
    Code, CommitSelectionStrategy, Edition, FreightCreationPolicy, ImageSelectionStrategy, Limits, Manifest,
    Migration, Options, SubscriptionKind, Warehouse, migrate, parse,
};

use crate::corpus::{corpus, manifests};

const HEAD: &str = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: demo\nspec:\n";

fn to_newest(text: &str) -> Migration {
    migrate("kargo.yaml", text, Edition::NEWEST, &Options::default())
}

/// What a Warehouse selects: old lists of tags as patterns, and nothing that the strategy does not read.
fn selection(warehouse: &Warehouse) -> Warehouse {
    let mut warehouse = warehouse.clone();
    let exactly = |tag: &String| {
        let escaped: String = tag
            .chars()
            .flat_map(|letter| r"\.+*?()|[]{}^$".contains(letter).then_some('\\').into_iter().chain([letter]))
            .collect();
        format!("^{escaped}$")
    };
    if warehouse.spec.freight_creation_policy == FreightCreationPolicy::Manual {
        warehouse.spec.freight_creation_criteria = None;
    }
    for subscription in &mut warehouse.spec.subscriptions {
        match &mut subscription.kind {
            SubscriptionKind::Image(image) => {
                image.git_repo_url = None;
                image.ignore_tags_regexes.extend(image.ignore_tags.iter().map(exactly));
                image.ignore_tags.clear();
                let strategy = image.image_selection_strategy;
                if strategy == ImageSelectionStrategy::Digest {
                    image.allow_tags_regexes.clear();
                    image.ignore_tags_regexes.clear();
                    image.cache_by_tag = false;
                    image.discovery_limit = 20;
                }
                if matches!(strategy, ImageSelectionStrategy::Lexical | ImageSelectionStrategy::NewestBuild) {
                    image.constraint = None;
                }
                if strategy != ImageSelectionStrategy::SemVer {
                    image.strict_semvers = true;
                }
            }
            SubscriptionKind::Git(git) => {
                git.ignore_tags_regexes.extend(git.ignore_tags.iter().map(exactly));
                git.ignore_tags.clear();
                let strategy = git.commit_selection_strategy;
                if strategy == CommitSelectionStrategy::NewestFromBranch {
                    git.allow_tags_regexes.clear();
                    git.ignore_tags_regexes.clear();
                } else {
                    (git.branch, git.since) = (None, None);
                }
                if strategy != CommitSelectionStrategy::SemVer {
                    (git.semver_constraint, git.strict_semvers) = (None, true);
                }
            }
            _ => {}
        }
    }
    warehouse
}

pub(crate) fn selections(manifest: &Manifest) -> Vec<Warehouse> {
    manifest.warehouses.iter().map(|warehouse| selection(warehouse)).collect()
}

/// The comments of a text, as far as lines and quotation marks tell, in no order.
fn comments(text: &str) -> Vec<String> {
    let mut comments: Vec<String> = text
        .lines()
        .filter_map(|line| {
            let at = match line.trim_start().starts_with('#') {
                true => line.find('#'),
                false => line
                    .rfind(" #")
                    .map(|at| at + 1)
                    .filter(|at| line[..*at].matches(['"', '\'']).count() % 2 == 0),
            }?;
            Some(line[at..].trim_end().to_owned())
        })
        .collect();
    comments.sort();
    comments
}

/// What holds for every text.
#[track_caller]
pub(crate) fn holds(name: &str, text: &str) -> Migration {
    let before = parse(name, text, &Options::default());
    let migration = migrate(name, text, Edition::NEWEST, &Options::default());
    let after = parse(name, &migration.text, &Options::default());
    assert_eq!(selections(&before), selections(&after), "{name}\n{}", migration.text);
    assert_eq!(before.freights.len(), after.freights.len(), "{name}");
    for (before, after) in before.freights.iter().zip(&after.freights) {
        assert_eq!(**before, **after, "{name}");
    }
    let errors = |manifest: &Manifest| {
        manifest.errors().map(|found| (found.code, found.message.to_lowercase())).collect::<Vec<_>>()
    };
    assert_eq!(errors(&before), errors(&after), "{name}\n{}", migration.text);
    let again = to_newest(&migration.text);
    assert_eq!((again.text.as_str(), again.changes.len()), (migration.text.as_str(), 0), "{name}");
    assert_eq!(comments(text), comments(&migration.text), "{name}\n{}", migration.text);
    assert_eq!(text.ends_with('\n'), migration.text.ends_with('\n'), "{name}");
    assert_eq!(text.contains('\r'), migration.text.contains('\r'), "{name}");
    let bare = |text: &str| text.replace("\r\n", "").matches('\n').count();
    if text.contains('\r') {
        assert_eq!(bare(text), bare(&migration.text), "{name}: {:?}", migration.text);
    }
    let blank = |text: &str| text.lines().filter(|line| line.trim().is_empty()).count();
    // Where the last line goes and had no line break, the blank lines before it end the text, and none is there to see.
    if text.ends_with('\n') {
        assert_eq!(blank(text), blank(&migration.text), "{name}\n{}", migration.text);
    }
    if !migration.is_changed() {
        assert_eq!(migration.text, text);
    }
    migration
}

#[test]
fn every_real_manifest() {
    let Some(folder) = corpus() else { return };
    let (mut changed, mut changes, mut left) = (0, 0, Vec::new());
    for (name, text) in manifests(&folder).values() {
        let migration = holds(name, text);
        changed += usize::from(migration.is_changed());
        changes += migration.changes.len();
        // No release knows some of the fields.
        let known = migration.left.iter().filter(|found| found.code != Code::UnknownField);
        left.extend(known.map(|found| format!("{found:#}")));
        // With the line breaks of Windows, and without the last one, too.
        let crlf = text.replace("\r\n", "\n").replace('\n', "\r\n");
        assert_eq!(holds(name, &crlf).changes.len(), migration.changes.len(), "{name}");
        holds(name, text.trim_end());
    }
    let _ = writeln!(std::io::stderr(), "{changed} files with {changes} changes; left: {left:#?}");
    assert!(changed > 100 || std::env::var_os("CONFORMANCE_CORPUS").is_some(), "{changed}");
    assert_eq!(left, [] as [String; 0]);
}

#[track_caller]
fn rewritten(before: &str, after: &str) {
    let migration = holds("kargo.yaml", &format!("{HEAD}{before}"));
    assert_eq!(migration.text.strip_prefix(HEAD), Some(after), "{before}");
    assert_eq!(migration.left, [], "{before}");
}

#[test]
fn every_old_spelling() {
    for (before, after) in [
        (
            "  subscriptions:\n  - helm: # x\n      registryURL: https://h/c # y\n      name: web\n",
            "  subscriptions:\n  - chart: # x\n      repoURL: https://h/c # y\n      name: web\n",
        ),
        (
            "  subscriptions:\n  - image:\n      \"semverConstraint\": ^1 # y\n      repoURL: 'nginx'\n",
            "  subscriptions:\n  - image:\n      \"constraint\": ^1 # y\n      repoURL: 'nginx'\n",
        ),
        (
            "  subscriptions:\n  - image:\n      repoURL: nginx\n      semverConstraint: ^1 # old\n      constraint: ^2\n",
            "  subscriptions:\n  - image:\n      repoURL: nginx\n      # old\n      constraint: ^2\n",
        ),
        (
            "  subscriptions:\n  - image:\n      updateStrategy: Latest\n      tagSelectionStrategy: NewestBuild # b\n      allowTags: ^v\\d # c\n      repoURL: nginx\n      gitRepoURL: https://h/a\n",
            "  subscriptions:\n  - image:\n      imageSelectionStrategy: NewestBuild # b\n      allowTagsRegexes: ['^v\\d'] # c\n      repoURL: nginx\n",
        ),
        (
            "  subscriptions:\n  - image:\n      repoURL: nginx\n      allowTags: b # old\n      allowTagsRegexes:\n      - a # first\n\n",
            "  subscriptions:\n  - image:\n      repoURL: nginx\n      # old\n      allowTagsRegexes:\n      - a # first\n      - 'b'\n\n",
        ),
        (
            "  subscriptions:\n  - image:\n      repoURL: nginx\n      ignoreTags: # broken\n      - v1.1 # by us\n      # and\n      - \"it's\"\n",
            "  subscriptions:\n  - image:\n      repoURL: nginx\n      ignoreTagsRegexes: # broken\n      - '^v1\\.1$' # by us\n      # and\n      - '^it''s$'\n",
        ),
        (
            "  subscriptions:\n  - git:\n      repoURL: https://h/a\n      branch: main # b\n    includePaths: # p\n    - apps # a\n    # and\n    - docs\n  - image:\n      repoURL: nginx\n",
            "  subscriptions:\n  - git:\n      repoURL: https://h/a\n      branch: main # b\n      includePaths: # p\n      - apps # a\n      # and\n      - docs\n  - image:\n      repoURL: nginx\n",
        ),
        (
            "  subscriptions:\n  - includePaths:\n    - apps\n    excludePaths: [docs]\n    git:\n      repoURL: https://h/a\n",
            "  subscriptions:\n  - git:\n      repoURL: https://h/a\n      includePaths:\n      - apps\n      excludePaths: [docs]\n",
        ),
        (
            "  subscriptions:\n  - git:\n      repoURL: https://h/a\n      includePaths: [x]\n    includePaths: [a, 'b']\n",
            "  subscriptions:\n  - git:\n      repoURL: https://h/a\n      includePaths: [x, a, 'b']\n",
        ),
        (
            "  subscriptions:\n    repos: # all\n      git: # of git\n      # the app\n      - repoURL: https://h/a # u\n        branch: main\n\n      - {repoURL: https://h/b}\n      images:\n        - repoURL: nginx\n          semverConstraint: ^1\n      charts: [{repoURL: oci://h/c}, {registryURL: oci://h/d}]\n",
            "  subscriptions:\n    # all\n    # of git\n      # the app\n    - git:\n        repoURL: https://h/a # u\n        branch: main\n\n    - git: {repoURL: https://h/b}\n    - image:\n        repoURL: nginx\n        constraint: ^1\n    - chart: {repoURL: oci://h/c}\n    - chart: {repoURL: oci://h/d}\n",
        ),
        (
            "  subscriptions: {repos: {images: [{repoURL: nginx, semverConstraint: ^1}], git: [{repoURL: https://h/a}]}}\n",
            "  subscriptions: [{image: {repoURL: nginx, constraint: ^1}}, {git: {repoURL: https://h/a}}]\n",
        ),
        (
            "  subscriptions:\n  - git:\n      repoURL: https://h/a\n      semverConstraint: ^1\n      allowTags: ^v # tags\n      ignoreTagsRegexes:\n      - a\n      strictSemvers: false\n",
            "  subscriptions:\n  - git:\n      repoURL: https://h/a\n      # tags\n",
        ),
        (
            "  freightCreationPolicy: Manual\n  freightCreationCriteria:\n    # never\n    expression: 'true'\n  subscriptions:\n  - image: {repoURL: nginx, discoveryLimit: 0}\n",
            "  freightCreationPolicy: Manual\n  # never\n  subscriptions:\n  - image: {repoURL: nginx}\n",
        ),
        (
            "  subscriptions:\n  - image: {RepoURL: nginx, AllowTags: a}\n",
            "  subscriptions:\n  - image: {repoURL: nginx, allowTagsRegexes: ['a']}\n",
        ),
    ] {
        rewritten(before, after);
    }
}

#[test]
fn freight() {
    let head = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Freight\nmetadata:\n  name: f\n";
    let before = format!(
        "{head}id: abc # computed\nwarehouse: demo # from\ncommits:\n- repoURL: https://h/a\n  id: c0ffee\n  healthCheckCommit: bad\nimages:\n- repoURL: nginx\n  gitRepoURL: https://h/a\n  tag: v1\ncharts:\n- registryURL: https://h/c\n  name: web\n"
    );
    let after = format!(
        "{head}# computed\norigin:\n  kind: Warehouse\n  name: demo # from\ncommits:\n- repoURL: https://h/a\n  id: c0ffee\nimages:\n- repoURL: nginx\n  tag: v1\ncharts:\n- repoURL: https://h/c\n  name: web\n"
    );
    assert_eq!(holds("freight.yaml", &before).text, after);
}

/// The `origin` of Freight is a name alone before v0.8.
#[test]
fn origin_of_freight_to_an_older_edition() {
    let head = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Freight\nmetadata: {name: f}\n";
    let migrated = |origin: &str, edition: &str| {
        migrate("a.yaml", &format!("{head}{origin}"), edition.parse().unwrap(), &Options::default())
    };
    for (origin, expected) in [
        ("origin: # of\n  kind: Warehouse\n  name: demo\n", None),
        ("origin: {kind: Stage, name: demo}\n", None),
        ("origin: {kind: Warehouse}\n", None),
        ("origin: {kind: Warehouse, name: 'on'} # of\n", Some("warehouse: \"on\" # of\n")),
        ("origin:\n  kind: Warehouse\n  name: demo\nalias: a\n", Some("warehouse: demo\nalias: a\n")),
    ] {
        let migration = migrated(origin, "v0.7");
        assert_eq!(migration.text.strip_prefix(head), Some(expected.unwrap_or(origin)));
        let help: Vec<_> = migration.left.iter().filter_map(|found| found.help.as_deref()).collect();
        let told = ["write `warehouse` with the name of the Warehouse, or migrate to v0.8 or newer"];
        assert_eq!(help, if expected.is_some() { &[][..] } else { &told[..] });
        let oldest = migrated(origin, "v0.4").left;
        assert!(
            oldest
                .iter()
                .any(|found| found.help.as_deref() == Some("delete it, or migrate to v0.8 or newer"))
        );
    }
}

#[test]
fn json() {
    let text = r#"{"apiVersion": "kargo.akuity.io/v1alpha1", "kind": "Warehouse", "metadata": {"name": "demo"}, "spec": {"subscriptions": [
  {"image": {"repoURL": "nginx", "semverConstraint": "^1", "ignoreTags": ["v1.1"], "allowTags": "^v\\d", "gitRepoURL": "https://h/a"}},
  {"includePaths": ["a"], "git": {"repoURL": "https://h/a", "allowTags": "x"}}
]}}"#;
    let migrated = holds("kargo.json", text);
    assert_eq!(migrated.left, []);
    assert!(serde_json::from_str::<serde_json::Value>(&migrated.text).is_ok(), "{}", migrated.text);
    assert!(migrated.text.contains(r#"{"image": {"repoURL": "nginx", "constraint": "^1", "ignoreTagsRegexes": ["^v1\\.1$"], "allowTagsRegexes": ["^v\\d"]}},"#), "{}", migrated.text);
    assert!(
        migrated.text.contains(r#"{"git": {"repoURL": "https://h/a", "includePaths": ["a"]}}"#),
        "{}",
        migrated.text
    );
}

/// An anchor that others refer to stays, and what is left is told.
#[test]
fn what_no_edit_keeps() {
    let text = format!(
        "{HEAD}  subscriptions:\n  - git:\n      repoURL: https://h/a\n      semverConstraint: &c ^1\n  - image:\n      repoURL: nginx\n      constraint: *c\n"
    );
    let migration = holds("kargo.yaml", &text);
    assert_eq!(migration.text, text);
    let left: Vec<_> = migration.left.iter().map(|found| (found.code, found.location.line)).collect();
    assert_eq!(left, [(Code::NoEffect, 9)]);
}

#[test]
fn to_an_older_edition() {
    let text = format!(
        "{HEAD}  subscriptions:\n  - image:\n      repoURL: nginx\n      semverConstraint: ^1\n      allowTags: ^v\n      cacheByTag: true\n  - name: x\n    git:\n      repoURL: https://h/a\n      blobless: true\n"
    );
    for (edition, constraint, tags, left) in [
        ("v1.12", "constraint", "allowTagsRegexes: ['^v']", &[][..]),
        ("v1.11", "constraint", "allowTagsRegexes: ['^v']", &["name"]),
        ("v1.9", "constraint", "allowTagsRegexes: ['^v']", &["name", "blobless"]),
        ("v1.8", "constraint", "allowTags: ^v", &["cacheByTag", "name", "blobless"]),
        ("v1.6", "semverConstraint", "allowTags: ^v", &["cacheByTag", "name", "blobless"]),
    ] {
        let edition: Edition = edition.parse().unwrap();
        let migration = migrate("kargo.yaml", &text, edition, &Options::default());
        assert!(
            migration.text.contains(&format!("      {constraint}: ^1\n      {tags}\n")),
            "{edition}: {}",
            migration.text
        );
        let told: Vec<&str> =
            migration.left.iter().map(|found| found.path.rsplit('.').next().unwrap()).collect();
        assert_eq!(told, left, "{edition}: {:?}", migration.left);
    }
}

/// A change has the place that it had in the text before.
#[test]
fn places_of_changes() {
    let text = format!(
        "{HEAD}  subscriptions:\n    repos:\n      images:\n      - repoURL: nginx\n        semverConstraint: ^1\n        ignoreTags: [a]\n"
    );
    let changes = holds("kargo.yaml", &text).changes;
    let places: Vec<_> = changes
        .iter()
        .map(|change| (change.location.line, change.location.column, change.help.as_deref().unwrap()))
        .collect();
    assert_eq!(
        places,
        [
            (7, 5, "write a list: `- image:`, `- git:` or `- chart:` for each subscription"),
            (10, 9, "write `constraint`"),
            (11, 9, "write `ignoreTagsRegexes: ['^a$']`"),
        ]
    );
}

/// An error is shown at its value in the text as it was, with the words of `parse`, wherever the value is moved.
#[test]
fn places_of_errors() {
    for subscriptions in [
        "  subscriptions:\n    repos: # all\n      git:\n      - repoURL: https://h/a\n        semverConstraint: '^^1'\n        commitSelectionStrategy: SemVer\n      images:\n        - repoURL: nginx\n          semverConstraint: 1.10\n          platform: x\n        - {repoURL: redis, updateStrategy: Foo}\n",
        "  subscriptions: {repos: {images: [{repoURL: nginx, semverConstraint: '^^1'}, {repoURL: 'https://redis'}]}}\n",
        "  subscriptions:\n  - includePaths: [a, 7]\n    git:\n      repoURL: https://h/a\n      allowTags: '('\n      commitSelectionStrategy: Lexical\n      allowTagsRegexes: ['x']\n",
    ] {
        let text = format!("{HEAD}{subscriptions}");
        let parsed = parse("kargo.yaml", &text, &Options::default());
        let migration = to_newest(&text);
        assert!(migration.is_changed(), "{text}");
        let errors = |all: Vec<warehouse_spec::Diagnostic>| {
            all.iter().filter(|found| found.is_error()).map(ToString::to_string).collect::<Vec<_>>()
        };
        let expected = errors(parsed.diagnostics);
        assert!(!expected.is_empty(), "{text}");
        assert_eq!(errors(migration.left_before(&text)), expected, "{text}");
    }
}

/// What is left is shown at its key in the text as it was, also where it has moved.
#[test]
fn places_of_what_is_left() {
    let text = format!(
        "{HEAD}  subscriptions:\n    repos:\n      git:\n      - repoURL: https://h/a\n      images:\n      - repoURL: nginx\n        allowTags: !!str # all\n          ^v\n      - repoURL: redis\n"
    );
    let migration = to_newest(&text);
    let left = migration.left_before(&text);
    assert!(!left.is_empty() && !migration.text.contains("repos"), "{}", migration.text);
    for found in left {
        let line = text.lines().nth(found.location.line - 1).unwrap_or_default();
        let shown: String = line.chars().skip(found.location.column - 1).take(found.location.width).collect();
        assert_eq!(shown, "allowTags", "{found}");
    }
}

/// A field that goes takes the errors in its value with it.
#[test]
fn errors_of_what_is_deleted() {
    for subscription in [
        "image:\n      repoURL: nginx\n      imageSelectionStrategy: Lexical\n      semverConstraint: |\n        ^1\n        # not a comment\n",
        "git:\n      repoURL: https://h/a\n      allowTags: '('\n      ignoreTags: [7]\n      ignoreTagsRegexes: ['(', '^x$']\n",
        "image: {repoURL: nginx, imageSelectionStrategy: NewestBuild, strictSemvers: maybe, constraint: '^^1'}\n",
        "image:\n      repoURL: nginx\n      allowTags: '('\n      allowTags: ^a\n",
    ] {
        let text = format!("{HEAD}  subscriptions:\n  - {subscription}");
        let migration = to_newest(&text);
        let errors =
            |found: &[warehouse_spec::Diagnostic]| found.iter().filter(|found| found.is_error()).count();
        let after = parse("kargo.yaml", &migration.text, &Options::default());
        assert!(migration.is_changed(), "{text}");
        assert_eq!(errors(&migration.left_before(&text)), errors(&after.diagnostics), "{}", migration.text);
    }
}

/// A field that no release knows is one that this release does not know.
#[test]
fn fields_that_no_release_knows() {
    let text = format!(
        "{HEAD}  subscriptions:\n  - image: {{repoURL: nginx, semverConstraint: ^1, platforms: linux/amd64, name: x}}\n"
    );
    for edition in ["v1.6", "v1.12"] {
        let migration = migrate("kargo.yaml", &text, edition.parse().unwrap(), &Options::default());
        let left: Vec<_> = migration.left.iter().map(|found| (found.code, found.path.as_str())).collect();
        let path = ["spec.subscriptions[0].image.platforms", "spec.subscriptions[0].image.name"];
        assert_eq!(left, [(Code::UnknownField, path[0]), (Code::Misplaced, path[1])], "{edition}");
        assert!(migration.manifest.is_valid());
    }
}

/// What is too large to be read to its end is not changed in part, and the remedy works.
#[test]
fn beyond_the_limits() {
    let document = |number: usize| {
        format!("---\n{HEAD}  subscriptions:\n  - image: {{repoURL: nginx, semverConstraint: ^1}}\n")
            .replace("demo", &format!("demo-{number}"))
    };
    let documents: Vec<String> = (0..20).map(document).collect();
    let text = documents.concat();
    let mut limits = Limits::default();
    (limits.nodes, limits.diagnostics) = (200, 5);
    let options = Options::default().with_limits(limits);
    let migration = migrate("kargo.yaml", &text, Edition::NEWEST, &options);
    assert_eq!((migration.text.as_str(), migration.is_changed()), (text.as_str(), false));
    let told = migration.left_before(&text);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].code, Code::Limit);
    assert_eq!(migration.manifest.diagnostics, told);
    assert_eq!(
        told[0].help.as_deref(),
        Some("split it into several files, each with some of its documents or subscriptions")
    );
    let whole: String = documents
        .chunks(5)
        .map(|part| {
            let migration = migrate("kargo.yaml", &part.concat(), Edition::NEWEST, &options);
            assert!(migration.manifest.is_valid() && migration.left.is_empty());
            migration.text
        })
        .collect();
    assert_eq!(whole, text.replace("semverC", "c"));
}
