//! Constraints, patterns, selectors and expressions that do not compile, or that YAML reads otherwise.

use super::{Code, HEAD, error, read, warning};

#[test]
fn a_bad_constraint() {
    error(
        "  - image:\n      repoURL: nginx\n      constraint: ^1.x.y.z\n",
        Code::BadConstraint,
        (9, 19),
        "spec.subscriptions[0].image.constraint",
        "`^1.x.y.z` is not a version constraint: it is not a list of comparisons such as `>=1.2, <2`",
        "write it like ^1.2.0, ~1.2, or '>=1.2 <2'",
    );
}

#[test]
fn a_constraint_that_is_a_number() {
    error(
        "  - image:\n      repoURL: nginx\n      constraint: 1.10\n",
        Code::WrongType,
        (9, 19),
        "spec.subscriptions[0].image.constraint",
        "`constraint` must be a string, and YAML reads the number `1.10`",
        "quote it: \"1.10\"",
    );
}

#[test]
fn a_branch_that_is_a_boolean() {
    error(
        "  - git:\n      repoURL: https://host/a\n      branch: on\n",
        Code::WrongType,
        (9, 15),
        "spec.subscriptions[0].git.branch",
        "`branch` must be a string, and YAML reads the boolean `on`",
        "quote it: \"on\"",
    );
}

#[test]
fn a_constraint_that_is_an_alias() {
    error(
        "  - image:\n      repoURL: nginx\n      constraint: *\n",
        Code::Unquoted,
        (9, 19),
        "spec.subscriptions[0].image.constraint",
        "`*` is read as a YAML alias",
        "quote it: \"*\"",
    );
    error(
        "  - image:\n      repoURL: nginx\n      constraint: *any\n",
        Code::Unquoted,
        (9, 19),
        "spec.subscriptions[0].image.constraint",
        "`*any` is read as a YAML alias",
        "write it like ^1.2.0, ~1.2, or '>=1.2 <2'",
    );
}

#[test]
fn an_expression_that_is_a_tag() {
    error(
        "  - git:\n      repoURL: https://host/a\n      expressionFilter: !(author == 'x')\n",
        Code::Unquoted,
        (9, 25),
        "spec.subscriptions[0].git.expressionFilter",
        "`!(author` is read as a YAML tag",
        "quote it: \"!(author == 'x')\"",
    );
}

#[test]
fn a_bad_pattern() {
    error(
        "  - image:\n      repoURL: nginx\n      allowTagsRegexes: ['^v[0-9']\n",
        Code::BadRegex,
        (9, 26),
        "spec.subscriptions[0].image.allowTagsRegexes[0]",
        "`^v[0-9` is not a regular expression of Go's syntax: missing closing ] at byte 2",
        "close the class with `]`",
    );
}

#[test]
fn a_pattern_that_should_be_a_list() {
    error(
        "  - image:\n      repoURL: nginx\n      allowTagsRegexes: ^v\n",
        Code::WrongType,
        (9, 25),
        "spec.subscriptions[0].image.allowTagsRegexes",
        "`allowTagsRegexes` must be a list of strings, not a string",
        "put it on a line of its own, after `- `",
    );
}

#[test]
fn selectors() {
    let git = "  - git:\n      repoURL: https://host/a\n      includePaths:\n";
    error(
        &format!("{git}      - glob: apps/**\n"),
        Code::WrongType,
        (10, 9),
        "spec.subscriptions[0].git.includePaths[0]",
        "`glob: apps/**` is a mapping, because of the space after the colon",
        "leave the space out: glob:apps/**",
    );
    error(
        &format!("{git}      - 'regex:('\n"),
        Code::BadSelector,
        (10, 9),
        "spec.subscriptions[0].git.includePaths[0]",
        "`regex:(` is not a path selector: missing closing ) at byte 1",
        r"close the group with `)`, or write `\(` for the character itself",
    );
    warning(
        &format!("{git}      - apps/**\n"),
        Code::BadSelector,
        (10, 9),
        "spec.subscriptions[0].git.includePaths[0]",
        "`apps/**` is taken as a path, letter by letter, and matches only a path with exactly these characters",
        "write glob:apps/**",
    );
    warning(
        &format!("{git}      - ^apps/\n"),
        Code::BadSelector,
        (10, 9),
        "spec.subscriptions[0].git.includePaths[0]",
        "`^apps/` is taken as a path, letter by letter, and matches only a path with exactly these characters",
        "write regex:^apps/",
    );
}

#[test]
fn expressions() {
    let text = format!(
        "{HEAD}  - git:\n      repoURL: https://host/a\n      expressionFilter: \"author contains (\"\n"
    )
    .replace("spec:", "spec:\n  freightCreationCriteria:\n    expression: imageFrom(1)");
    let manifest = read(&text);
    let found: Vec<(Code, &str, usize)> =
        manifest.errors().map(|error| (error.code, error.path.as_str(), error.location.line)).collect();
    assert_eq!(
        found,
        [
            (Code::BadExpression, "spec.freightCreationCriteria.expression", 7),
            (Code::BadExpression, "spec.subscriptions[0].git.expressionFilter", 11),
        ]
    );
    for error in manifest.errors() {
        assert!(error.message.starts_with("the expression does not compile: "), "{error}");
    }
}
