//! Fields that the strategy does not look at: every one of them is told, no other one is, and what the message says works.

use warehouse_spec::Code;

use super::{HEAD, read};

/// Every field that some strategy does not look at, with a value.
const GIT: &[(&str, &str)] = &[
    ("branch", "main"),
    ("since", "2025-01-01T00:00:00Z"),
    ("semverConstraint", "^1"),
    ("strictSemvers", "false"),
    ("allowTags", "^v"),
    ("allowTagsRegexes", "[^v]"),
    ("ignoreTags", "[v1]"),
    ("ignoreTagsRegexes", "[^w]"),
    ("expressionFilter", "subject != ''"),
    ("includePaths", "[apps]"),
    ("excludePaths", "[docs]"),
    ("blobless", "true"),
    ("discoveryLimit", "5"),
    ("insecureSkipTLSVerify", "true"),
];
const IMAGE: &[(&str, &str)] = &[
    ("constraint", "latest"),
    ("semverConstraint", "latest"),
    ("strictSemvers", "false"),
    ("allowTags", "^v"),
    ("allowTagsRegexes", "[^v]"),
    ("ignoreTags", "[v1]"),
    ("ignoreTagsRegexes", "[^w]"),
    ("platform", "linux/amd64"),
    ("cacheByTag", "true"),
    ("discoveryLimit", "5"),
    ("insecureSkipTLSVerify", "true"),
];

const LISTS: [&str; 4] = ["allowTags", "allowTagsRegexes", "ignoreTags", "ignoreTagsRegexes"];

/// The warning about a field without effect, if there is one: what it says to do.
#[track_caller]
fn told(kind: &str, lines: &str) -> Option<String> {
    let manifest = read(&format!("{HEAD}  - {kind}:\n{lines}"));
    assert!(manifest.is_valid(), "{lines}: {:?}", manifest.diagnostics);
    let found: Vec<_> = manifest.warnings().filter(|found| found.code == Code::NoEffect).collect();
    assert!(found.len() < 2, "{found:?}");
    found.first().map(|found| found.help.clone().unwrap_or_default())
}

#[track_caller]
fn every_field(
    kind: &str,
    url: &str,
    strategy_key: &str,
    strategy: &str,
    fields: &[(&str, &str)],
    idle: &[&str],
) {
    let strategies = match strategy {
        "" => String::new(),
        strategy => format!("      {strategy_key}: {strategy}\n"),
    };
    for (name, value) in fields {
        let value = match (kind, strategy, *name) {
            ("image", "" | "SemVer", "constraint" | "semverConstraint") => "^1",
            _ => value,
        };
        let needed = match (strategy, *name) {
            ("Digest", "constraint" | "semverConstraint")
            | ("" | "SemVer" | "Lexical" | "NewestBuild" | "NewestTag" | "NewestFromBranch", _) => "",
            _ => "      constraint: latest\n",
        };
        let url = format!("      repoURL: {url}\n");
        let line = format!("      {name}: {value}\n");
        let help = told(kind, &format!("{url}{strategies}{needed}{line}"));
        assert_eq!(help.is_some(), idle.contains(name), "{name} with {strategy}: {help:?}");
        // The lines in the other order, and with other capitals, say the same.
        let other = line.replacen(&name[..1], &name[..1].to_uppercase(), 1);
        assert_eq!(
            told(kind, &format!("{other}{url}{needed}{strategies}")).is_some(),
            help.is_some(),
            "{other}"
        );
        let Some(help) = help else { continue };
        assert!(help.contains("delete it"), "{help}");
        assert_eq!(told(kind, &format!("{url}{strategies}{needed}")), None);
        let named = help.split('`').find(|part| part.starts_with(strategy_key));
        if let Some(named) = named {
            assert_eq!(
                told(kind, &format!("{url}      {named}\n{line}").replace("latest", "^1")),
                None,
                "{help}"
            );
        }
    }
}

#[test]
fn commits() {
    let git = |strategy, idle: &[&str]| {
        every_field("git", "https://host/a", "commitSelectionStrategy", strategy, GIT, idle);
    };
    for strategy in ["", "NewestFromBranch"] {
        git(strategy, &[&LISTS[..], &["semverConstraint", "strictSemvers"]].concat());
    }
    git("SemVer", &["branch", "since"]);
    for strategy in ["Lexical", "NewestTag"] {
        git(strategy, &["branch", "since", "semverConstraint", "strictSemvers"]);
    }
}

#[test]
fn images() {
    let image = |strategy, idle: &[&str]| {
        every_field("image", "nginx", "imageSelectionStrategy", strategy, IMAGE, idle);
    };
    for strategy in ["", "SemVer"] {
        image(strategy, &[]);
    }
    for strategy in ["Lexical", "NewestBuild"] {
        image(strategy, &["constraint", "semverConstraint", "strictSemvers"]);
    }
    image("Digest", &[&LISTS[..], &["strictSemvers", "cacheByTag", "discoveryLimit"]].concat());
}

#[test]
fn what_says_nothing_is_not_told() {
    for lines in [
        "      repoURL: https://host/a\n      allowTagsRegexes: []\n",
        "      repoURL: https://host/a\n      semverConstraint: ''\n",
    ] {
        assert_eq!(told("git", lines), None, "{lines}");
    }
    assert_eq!(
        told(
            "image",
            "      repoURL: a\n      imageSelectionStrategy: Digest\n      constraint: b\n      cacheByTag: false\n"
        ),
        None
    );
}

#[test]
fn a_strategy_that_is_none_is_all_that_is_told() {
    for text in [
        "  - git:\n      repoURL: https://host/a\n      commitSelectionStrategy: NewestCommit\n      branch: main\n      allowTagsRegexes: [a]\n",
        "  - image:\n      repoURL: a\n      imageSelectionStrategy: Newest\n      cacheByTag: true\n      strictSemvers: false\n",
    ] {
        let found: Vec<Code> =
            read(&format!("{HEAD}{text}")).diagnostics.iter().map(|found| found.code).collect();
        assert_eq!(found, [Code::BadValue], "{text}");
    }
}
