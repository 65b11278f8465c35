//! Filters that compile and cannot be evaluated, or give neither true nor false: each is told offline, and what the help says to write is clean.

use warehouse_spec::{Code, Options, SubscriptionKind, lint};

use super::{HEAD, Row, check, error, row};

const ROWS: &[Row] = &[
    row(
        "git: {repoURL: 'https://h/a', expressionFilter: commitDate > '2024-01-01'}",
        Code::BadExpression,
        "the types do not fit when the expression is evaluated: time > string is not possible (at byte 11)",
        "write commitDate > date('2024-01-01')",
        true,
    ),
    row(
        "git: {repoURL: 'https://h/a', expressionFilter: '\"2024-01-01T00:00:00Z\" <= commitDate'}",
        Code::BadExpression,
        "the types do not fit when the expression is evaluated: string <= time is not possible (at byte 23)",
        "write date(\"2024-01-01T00:00:00Z\") <= commitDate",
        true,
    ),
    row(
        "git: {repoURL: 'https://h/a', expressionFilter: commitDate.After('2024-01-01')}",
        Code::BadExpression,
        "the types do not fit when the expression is evaluated: the method cannot be called with (string) (at byte 11)",
        "write commitDate.After(date('2024-01-01'))",
        true,
    ),
    row(
        "git: {repoURL: 'https://h/a', expressionFilter: commitDate.Year > 2020}",
        Code::BadExpression,
        "the types do not fit when the expression is evaluated: function > int is not possible (at byte 16)",
        "write commitDate.Year() > 2020",
        true,
    ),
    row(
        "git: {repoURL: 'https://h/a', commitSelectionStrategy: Lexical, expressionFilter: creatorDate.year >= 2020 && tag != 'x'}",
        Code::BadExpression,
        "the types do not fit when the expression is evaluated: time has no \"year\" (at byte 12)",
        "write creatorDate.Year() >= 2020 && tag != 'x'",
        true,
    ),
    row(
        "git: {repoURL: 'https://h/a', expressionFilter: subject contains 'x' || author}",
        Code::BadExpression,
        "the types do not fit when the expression is evaluated: bool || string is not possible (at byte 21)",
        "write subject contains 'x' || author contains 'x'",
        true,
    ),
    row(
        "git: {repoURL: 'https://h/a', expressionFilter: author || subject contains 'x'}",
        Code::BadExpression,
        "the types do not fit when the expression is evaluated: string || bool is not possible (at byte 7)",
        "`commitDate` is a time, compared as in `commitDate > date('2025-01-31')`; every other variable is a string",
        false,
    ),
    row(
        "git: {repoURL: 'https://h/a', expressionFilter: author == 1}",
        Code::BadExpression,
        "the types do not fit when the expression is evaluated: string == int is not possible (at byte 7)",
        "`commitDate` is a time, compared as in `commitDate > date('2025-01-31')`; every other variable is a string",
        false,
    ),
    row(
        "git: {repoURL: 'https://h/a', expressionFilter: len(subject)}",
        Code::BadExpression,
        "the expression gives a value of type int, neither true nor false",
        "compare it, as in `len(subject) > 0`",
        false,
    ),
    row(
        "git: {repoURL: 'https://h/a', expressionFilter: author}",
        Code::BadExpression,
        "the expression gives a value of type string, neither true nor false",
        "compare it, as in `subject contains 'fix'`",
        false,
    ),
    row(
        "git: {repoURL: 'https://h/a', commitSelectionStrategy: Lexical, expressionFilter: semver(tag) > '1'}",
        Code::UnknownName,
        "there is no function `semver`, and the call of it fails",
        "versions are compared by `commitSelectionStrategy: SemVer` and `semverConstraint`, such as '>1.0.0'; delete the call",
        false,
    ),
    row(
        "git: {repoURL: 'https://h/a', expressionFilter: like(subject)}",
        Code::UnknownName,
        "there is no function `like`, and the call of it fails",
        "the functions are those of https://expr-lang.org/docs/language-definition; texts are compared by `contains`, `startsWith`, `endsWith` and `matches`",
        false,
    ),
    error(
        "git: {repoURL: 'https://h/a', expressionFilter: not subject contains 'x'}",
        Code::BadExpression,
        "the expression does not compile: bool contains string is not possible (at byte 12)",
        "write not (subject contains 'x'): `!` and `not` bind more tightly than an operator between two strings",
        true,
    ),
    error(
        "git: {repoURL: 'https://h/a', expressionFilter: \"!author matches 'b.t' && !subject contains 'x'\"}",
        Code::BadExpression,
        "the expression does not compile: bool matches string is not possible (at byte 8)",
        "write \"!(author matches 'b.t') && !(subject contains 'x')\": `!` and `not` bind more tightly than an operator between two strings",
        true,
    ),
];

#[test]
fn each_is_told_with_its_remedy() {
    ROWS.iter().for_each(check);
}

/// The remedies that are words.
#[test]
fn words_are_followed() {
    for filter in [
        "expressionFilter: len(subject) > 0",
        "expressionFilter: subject contains 'fix'",
        "expressionFilter: commitDate > date('2025-01-31')",
        "commitSelectionStrategy: SemVer, semverConstraint: '>1.0.0'",
    ] {
        clean(filter);
    }
}

/// A tag before the value: YAML reads it, and the expression needs parentheses, too.
#[test]
fn an_unquoted_negation() {
    let text = format!(
        "{HEAD}  - git:\n      repoURL: https://h/a\n      expressionFilter: !subject contains 'x'\n"
    );
    let found = lint("kargo.yaml", &text, &Options::default()).diagnostics;
    let [found] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((found.code, found.message.as_str()), (Code::Unquoted, "`!subject` is read as a YAML tag"));
    let edit = found.replacement.as_ref().unwrap();
    let edited = warehouse_spec::Replacement::apply_all(&text, [edit]);
    let manifest = lint("kargo.yaml", &edited, &Options::default());
    assert_eq!(manifest.diagnostics, [], "{edited}");
    match &manifest.warehouses[0].spec.subscriptions[0].kind {
        SubscriptionKind::Git(git) => {
            assert_eq!(git.expression_filter.as_deref(), Some("!(subject contains 'x')"));
        }
        other => panic!("{other:?}"),
    }
}

/// What Kargo evaluates is clean.
#[test]
fn what_can_be_evaluated_is_clean() {
    for filter in [
        "int(commitDate.Month()) == 6",
        "commitDate.Hour() in 9..17",
        "subject[0:4] == 'feat' && subject[0] == 102",
        "split(author, ' ')[0] == 'John'",
        "(subject | lower()) contains 'feat'",
        "any(['a'], subject contains #)",
        "commitDate != nil && commitDate.Year() > 2000",
        "now() - commitDate < duration('24h')",
        "len(subject) > 3 ? true : author == 'x'",
        "let name = author; name contains 'x'",
        "commitDate.Format('2006') >= '2024'",
        "true",
        "1",
    ] {
        clean(&format!("expressionFilter: {}", serde_json::to_string(filter).unwrap()));
    }
}

#[track_caller]
fn clean(field: &str) {
    let text = format!("{HEAD}  - git: {{repoURL: 'https://h/a', {field}}}\n");
    let found = lint("kargo.yaml", &text, &Options::default()).diagnostics;
    assert_eq!(found, [], "{field}");
}
