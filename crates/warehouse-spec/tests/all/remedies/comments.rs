//! Comments that swallow a value, or a part of it.

use warehouse_spec::{Code, Severity};

use super::{HEAD, read};

const GIT: &str = "  - git:\n      repoURL: https://host/a\n";
const IMAGE: &str = "  - image:\n      repoURL: a\n";

/// What is told about these lines: the severity, the message, and the help.
#[track_caller]
fn told(lines: &str) -> (Severity, String, String) {
    let manifest = read(&format!("{HEAD}{lines}"));
    let [found] = manifest.diagnostics.as_slice() else { panic!("{lines}: {:?}", manifest.diagnostics) };
    assert_eq!(found.code, Code::Unquoted, "{found}");
    (found.severity, found.message.clone(), found.help.clone().unwrap_or_default())
}

#[track_caller]
fn nothing_is_told(lines: &str) {
    let manifest = read(&format!("{HEAD}{lines}"));
    assert!(manifest.diagnostics.is_empty(), "{lines}: {:?}", manifest.diagnostics);
}

#[test]
fn a_value_that_a_comment_has_swallowed_is_an_error() {
    for (head, field) in [
        (GIT, "branch"),
        (GIT, "expressionFilter"),
        (GIT, "since"),
        (GIT, "commitSelectionStrategy"),
        (GIT, "includePaths"),
        (GIT, "excludePaths"),
        (GIT, "semverConstraint"),
        (GIT, "allowTags"),
        (IMAGE, "constraint"),
        (IMAGE, "platform"),
        (IMAGE, "imageSelectionStrategy"),
        (IMAGE, "allowTagsRegexes"),
        (IMAGE, "ignoreTags"),
        (IMAGE, "strictSemvers"),
    ] {
        for value in ["#1", "#x y", "  #main"] {
            let (severity, message, help) = told(&format!("{head}      {field}: {value}\n"));
            assert_eq!(severity, Severity::Error, "{field}");
            assert_eq!(message, format!("`#` starts a comment, so that `{field}` has no value"));
            let value = value.trim();
            assert!(help.contains(&format!("\"{value}\"")) && help.contains("delete the line"), "{help}");
            nothing_is_told(head);
        }
        // A remark is none, and a value below it is one.
        let manifest = read(&format!("{HEAD}{head}      {field}: # a remark\n"));
        assert!(manifest.is_valid(), "{field}: {:?}", manifest.diagnostics);
    }
    nothing_is_told(&format!("{GIT}      includePaths: #these\n      - docs\n"));
    nothing_is_told(&format!("{GIT}      branch: #this\n        main\n"));
    // What a help shows for a text is that text.
    let (_, _, help) = told(&format!("{GIT}      expressionFilter: #x\n"));
    assert!(help.contains("quote it: \"#x\""), "{help}");
    let (_, _, help) = told(&format!("{GIT}      includePaths: #1\n"));
    assert!(help.contains("quote it: [\"#1\"]"), "{help}");
    nothing_is_told(&format!("{GIT}      includePaths: [\"#1\"]\n"));
}

#[test]
fn an_item_that_a_comment_has_swallowed_is_an_error() {
    for value in ["#2", "#a b"] {
        let lines = |value: &str| format!("{GIT}      includePaths:\n      - {value}\n      - b\n");
        let manifest = read(&format!("{HEAD}{}", lines(value)));
        assert_eq!((manifest.diagnostics[0].location.line, manifest.diagnostics[0].location.column), (10, 9));
        let (severity, _, help) = told(&lines(value));
        assert_eq!(severity, Severity::Error);
        assert!(help.contains(&format!("quote it: \"{value}\"")), "{help}");
        nothing_is_told(&lines(&format!("\"{value}\"")));
    }
}

#[test]
fn a_part_that_a_comment_has_cut_off_is_told() {
    for (place, value) in [
        ("includePaths:\n      - ", "docs #1"),
        ("excludePaths:\n      - ", "a/b #c"),
        ("expressionFilter: ", "subject != '' #x"),
    ] {
        let lines = |value: &str| format!("{GIT}      {place}{value}\n");
        let (severity, message, help) = told(&lines(value));
        let (kept, _) = value.split_once(" #").unwrap();
        assert_eq!(severity, Severity::Warning);
        assert!(
            message.starts_with("` #` starts a comment") && message.ends_with(&format!("is `{kept}`")),
            "{message}"
        );
        assert!(
            help.contains(&format!("quote it: \"{value}\"")) && help.contains("a blank after the `#`"),
            "{help}"
        );
        // A remark, and a text with the mark within it.
        nothing_is_told(&lines(&value.replace('#', "# ")));
        let quoted = read(&format!("{HEAD}{}", lines(&format!("\"{value}\""))));
        assert!(
            quoted.diagnostics.iter().all(|found| found.code != Code::Unquoted),
            "{:?}",
            quoted.diagnostics
        );
    }
    for value in ["docs # one", "docs ## one", "docs #", "docs#1", "'docs' #1", "docs #!x"] {
        nothing_is_told(&format!("{GIT}      includePaths:\n      - {value}\n"));
    }
    nothing_is_told(&format!("{IMAGE}      insecureSkipTLSVerify: true #x\n"));
    // No branch and no moment has a blank.
    nothing_is_told(&format!("{GIT}      branch: main #2\n"));
    nothing_is_told(&format!("{GIT}      since: 2025-01-01T00:00:00Z #x\n"));
}
