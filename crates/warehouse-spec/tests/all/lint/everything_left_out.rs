//! Lists that leave out everything, and what is told of lists that hold an error.

use warehouse_spec::{Code, Options, Replacement, lint};

use super::{HEAD, Row, check, error, row};

const DELETE_TAG: &str = "delete it, or name the tags to leave out of those that `allowTagsRegexes` allows";
const DELETE_PATH: &str = "delete it, or name the paths to leave out";

const ROWS: &[Row] = &[
    error(
        "image: {repoURL: nginx, ignoreTagsRegexes: ['*']}",
        Code::BadRegex,
        "`*` is not a regular expression of Go's syntax: missing argument to a repetition operator at byte 0",
        DELETE_TAG,
        false,
    ),
    error(
        "image: {repoURL: nginx, ignoreTagsRegexes: [*]}",
        Code::Unquoted,
        "`*` is read as a YAML alias",
        DELETE_TAG,
        false,
    ),
    row(
        "git: {repoURL: 'https://h/a', commitSelectionStrategy: Lexical, ignoreTagsRegexes: ['glob:*']}",
        Code::BadRegex,
        "`glob:` is a part of the pattern, and no tag has a colon: the pattern matches no tag",
        DELETE_TAG,
        false,
    ),
    row(
        "image: {repoURL: nginx, allowTagsRegexes: [^v1], ignoreTagsRegexes: [^v1]}",
        Code::BadRegex,
        "`^v1` ignores every tag that it allows in `allowTagsRegexes`",
        DELETE_TAG,
        false,
    ),
    row(
        "git: {repoURL: 'https://h/a', excludePaths: ['*']}",
        Code::BadSelector,
        "`*` is taken as a path, letter by letter, and matches only a path with exactly these characters",
        DELETE_PATH,
        false,
    ),
    row(
        "git: {repoURL: 'https://h/a', excludePaths: ['glob:**']}",
        Code::BadSelector,
        "`glob:**` excludes every file",
        DELETE_PATH,
        false,
    ),
    row(
        "git: {repoURL: 'https://h/a', excludePaths: [.]}",
        Code::BadSelector,
        "`.` excludes every file",
        DELETE_PATH,
        false,
    ),
    // Nothing is told of a strategy without a limit where the limit has an error.
    error(
        "image: {repoURL: nginx, imageSelectionStrategy: NewestBuild, allowTagsRegexes: ^v1}",
        Code::WrongType,
        "`allowTagsRegexes` must be a list of strings, not a string",
        "put it on a line of its own, after `- `",
        false,
    ),
];

#[test]
fn each_is_told_once() {
    ROWS.iter().for_each(check);
}

/// What is left after doing as the help says is clean.
#[test]
fn the_deletion_is_clean() {
    for subscription in [
        "image: {repoURL: nginx}",
        "image: {repoURL: nginx, allowTagsRegexes: [^v1], ignoreTagsRegexes: [^v1.0]}",
        "git: {repoURL: 'https://h/a', excludePaths: [docs]}",
        "git: {repoURL: 'https://h/a', includePaths: [apps], excludePaths: [apps/docs]}",
    ] {
        let text = format!("{HEAD}  - {subscription}\n");
        assert_eq!(lint("kargo.yaml", &text, &Options::default()).diagnostics, [], "{subscription}");
    }
}

/// The old fields are the same lists.
#[test]
fn old_fields_are_compared_too() {
    for (fields, said) in [
        ("allowTags: ^v1, ignoreTagsRegexes: [^v1]", "`^v1` ignores every tag that it allows in `allowTags`"),
        (
            "allowTagsRegexes: [^v1$], ignoreTags: [v1]",
            "`v1` ignores every tag that `^v1$` allows in `allowTagsRegexes`",
        ),
        ("allowTags: ^v1$, ignoreTags: [v1]", "`v1` ignores every tag that `^v1$` allows in `allowTags`"),
    ] {
        let text = format!("{HEAD}  - image: {{repoURL: nginx, {fields}}}\n");
        let found = lint("kargo.yaml", &text, &Options::default()).diagnostics;
        let told: Vec<_> = found.iter().filter(|found| found.code == Code::BadRegex).collect();
        assert_eq!(told.iter().map(|found| found.message.as_str()).collect::<Vec<_>>(), [said]);
        let edited =
            Replacement::apply_all(&text, found.iter().filter_map(|found| found.replacement.as_ref()));
        let left = lint("kargo.yaml", &edited, &Options::default()).diagnostics;
        assert_eq!(left.len(), 1, "{left:?}");
    }
}

/// A value that YAML has read to its end before the error in it is named by its own place.
#[test]
fn items_have_their_index() {
    for indent in ["      ", "        "] {
        let items = ["[0-9]+-[a-f]+", "a: b", "[0-9]+"].map(|item| format!("{indent}- {item}\n")).concat();
        let text = format!("{HEAD}  - image:\n      repoURL: nginx\n      allowTagsRegexes:\n{items}");
        let found = lint("kargo.yaml", &text, &Options::default()).diagnostics;
        let paths: Vec<&str> = found.iter().map(|found| found.path.as_str()).collect();
        let list = |index: usize| format!("spec.subscriptions[0].image.allowTagsRegexes[{index}]");
        assert_eq!(paths, [list(0), list(1), list(2)], "{found:#?}");
    }
    let text = format!("{HEAD}  - git:\n      repoURL: https://h/a\n      branch: [a]+\n");
    let found = lint("kargo.yaml", &text, &Options::default()).diagnostics;
    assert_eq!(found[0].path, "spec.subscriptions[0].git.branch");
}
