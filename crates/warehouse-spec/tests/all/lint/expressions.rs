//! Filters that compile and cannot be evaluated, or give neither true nor false: each is told offline, and what the help says to write is clean.

use kargo_expr::{Environment, Expression};
use warehouse_spec::{Code, Options, Replacement, SubscriptionKind, lint};

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
    // An author is `Name <address>`.
    row(
        "git: {repoURL: 'https://h/a', expressionFilter: author == 'Bob'}",
        Code::BadExpression,
        "`author` is `Name <address>`, and never equal to 'Bob'",
        "write `author startsWith 'Bob <'`",
        true,
    ),
    row(
        "git: {repoURL: 'https://h/a', expressionFilter: \"subject != '' && 'bot@example.com' != committer\"}",
        Code::BadExpression,
        "`committer` is `Name <address>`, and never equal to 'bot@example.com'",
        "write `!(committer endsWith '<bot@example.com>')`",
        true,
    ),
    row(
        "git: {repoURL: 'https://h/a', commitSelectionStrategy: Lexical, expressionFilter: \"tagger not in ['Bob', 'Eve <eve@example.com>']\"}",
        Code::BadExpression,
        "`tagger` is `Name <address>`, and never equal to 'Bob'",
        "write `!(tagger startsWith 'Bob <' || tagger == 'Eve <eve@example.com>')`",
        true,
    ),
    // What is missing, and what is too much.
    error(
        "git: {repoURL: 'https://h/a', expressionFilter: subject contains 'x' &&}",
        Code::BadExpression,
        "the expression does not compile: unexpected end of the expression (at byte 23)",
        "write subject contains 'x': nothing follows the `&&` at its end",
        true,
    ),
    error(
        "git: {repoURL: 'https://h/a', expressionFilter: \"subject contains 'x' or\"}",
        Code::BadExpression,
        "the expression does not compile: unexpected end of the expression (at byte 23)",
        "write subject contains 'x': nothing follows the `or` at its end",
        true,
    ),
    error(
        "git: {repoURL: 'https://h/a', expressionFilter: \"|| subject contains 'x'\"}",
        Code::BadExpression,
        "the expression does not compile: unexpected \"||\" (at byte 0)",
        "write subject contains 'x': nothing is before the `||` at its start",
        true,
    ),
    error(
        "git: {repoURL: 'https://h/a', expressionFilter: \"subject contains 'x' }}\"}",
        Code::BadExpression,
        "the expression does not compile: unexpected \"}\" (at byte 21)",
        "write subject contains 'x': the braces are none of the expression",
        true,
    ),
    error(
        "git: {repoURL: 'https://h/a', expressionFilter: \"(subject contains 'x' }} &&\"}",
        Code::BadExpression,
        "the expression does not compile: unexpected \"}\" (at byte 22)",
        "the language is that of https://expr-lang.org/docs/language-definition",
        false,
    ),
    error(
        "git: {repoURL: 'https://h/a', expressionFilter: \"(subject contains 'x\"}",
        Code::BadExpression,
        "the expression does not compile: a quoted text is not closed (at byte 18)",
        "write (subject contains 'x'): the text in it is not closed, and a parenthesis is not closed",
        true,
    ),
    error(
        "git: {repoURL: 'https://h/a', expressionFilter: \"subject contains 'x')\"}",
        Code::BadExpression,
        "the expression does not compile: unexpected \")\" (at byte 20)",
        "write subject contains 'x': a parenthesis is closed and not opened",
        true,
    ),
    error(
        "git: {repoURL: 'https://h/a', expressionFilter: subject contains}",
        Code::BadExpression,
        "the expression does not compile: unexpected end of the expression (at byte 16)",
        "the language is that of https://expr-lang.org/docs/language-definition",
        false,
    ),
    error(
        "git: {repoURL: 'https://h/a', commitSelectionStrategy: Lexical, expressionFilter: \".tag startsWith 'v' && !(.author contains 'x')\"}",
        Code::BadExpression,
        "the expression does not compile: unexpected \".\" (at byte 0)",
        "write tag startsWith 'v' && !(author contains 'x'): a name has no point before it",
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
        "len(subject) > 3 ? true : subject == 'x'",
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

/// Two slips in one expression are both told, and the edits of one round mend both.
#[test]
fn two_slips_take_one_round() {
    let filter = |filter: &str| {
        format!(
            "{HEAD}  - git:\n      repoURL: https://h/a\n      commitSelectionStrategy: Lexical\n      expressionFilter: {filter}\n"
        )
    };
    for (written, count, meant) in [
        ("message contains 'x' && taggr contains 'y'", 2, "subject contains 'x' && tagger contains 'y'"),
        ("message contains 'x' &&& Tag startsWith 'v'", 2 + 1, "subject contains 'x' && tag startsWith 'v'"),
        (".Tag startsWith 'v'", 2, "tag startsWith 'v'"),
        ("tags startsWith 'v' && autor == 'Bob'", 3, "tag startsWith 'v' && author startsWith 'Bob <'"),
        ("author = 'Bob' && 'Eve' == tagger", 3, "author startsWith 'Bob <' && tagger startsWith 'Eve <'"),
    ] {
        mended_at_once(&filter(written), count, &filter(meant));
    }
    let criteria = |expression: &str| {
        let criteria = format!("spec:\n  freightCreationCriteria:\n    expression: {expression}\n");
        format!("{HEAD}  - image: {{repoURL: nginx}}\n").replace("spec:\n", &criteria)
    };
    for (written, count, meant) in [
        (
            "imageFrom('nginx').tags == imageFrom('nginx').digest",
            2,
            "imageFrom('nginx').Tag == imageFrom('nginx').Digest",
        ),
        ("imageFrom('nginx').tag != ''", 1, "imageFrom('nginx').Tag != ''"),
    ] {
        mended_at_once(&criteria(written), count, &criteria(meant));
    }
}

#[track_caller]
fn mended_at_once(written: &str, count: usize, meant: &str) {
    let found = lint("kargo.yaml", written, &Options::default()).diagnostics;
    assert_eq!(found.len(), count, "{found:#?}");
    let edits = found.iter().filter_map(|found| found.replacement.as_ref());
    assert_eq!(Replacement::apply_all(written, edits), meant);
    assert_eq!(lint("kargo.yaml", meant, &Options::default()).diagnostics, []);
}

/// The remedy of a comparison selects what was meant by it.
#[test]
fn persons_are_compared_as_they_are() {
    let person = |filter: &str, author: &str| {
        let filter = Expression::compile(filter).unwrap();
        filter.decide(&Environment::new().variable("author", author)).unwrap()
    };
    for (filter, selects, not) in [
        ("author startsWith 'Bob <'", "Bob <bob@example.com>", "Bobby <bob@example.com>"),
        ("author endsWith '<bob@example.com>'", "Bob <bob@example.com>", "Bob <rob@example.com>"),
        ("!(author startsWith 'Bob <')", "Eve <eve@example.com>", "Bob <bob@example.com>"),
    ] {
        assert!(person(filter, selects) && !person(filter, not), "{filter}");
    }
    assert!(!person("author == 'Bob'", "Bob <bob@example.com>"));
    for clean in
        ["author == 'Bob <bob@example.com>'", "author != ''", "author != committer", "lower(author) == 'x'"]
    {
        let text =
            format!("{HEAD}  - git:\n      repoURL: https://h/a\n      expressionFilter: \"{clean}\"\n");
        assert_eq!(lint("kargo.yaml", &text, &Options::default()).diagnostics, [], "{clean}");
    }
}
