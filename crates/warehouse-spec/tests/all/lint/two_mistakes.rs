//! No mistake hides another: two that are put into one valid manifest are both reported, each in its place.

use proptest::prelude::*;
use warehouse_spec::{Code, Options, Replacement, lint};

/// A line of a valid manifest, the same line with a mistake in it, and the code of that.
const LINES: &[(&str, &str, Code)] = &[
    ("  name: demo\n", "  name: De_mo\n", Code::BadName),
    ("  namespace: team\n", "  namespace: on\n", Code::WrongType),
    ("  interval: 5m0s\n", "  interval: 5 minutes\n", Code::BadValue),
    ("  freightCreationPolicy: Automatic\n", "  freightCreationPolicy: automatic\n", Code::BadValue),
    ("      repoURL: ghcr.io/example/app\n", "      repoURL: ghcr.io/example/app:1.0\n", Code::BadUrl),
    ("      imageSelectionStrategy: SemVer\n", "      imageSelectionStrategy: Semver\n", Code::BadValue),
    ("      constraint: \"!=9.0.0\"\n", "      constraint: !=9.0.0\n", Code::Unquoted),
    ("      strictSemvers: true\n", "      strictSemvers: 'true'\n", Code::WrongType),
    ("      allowTagsRegexes: [\"^[0-9]+$\"]\n", "      allowTagsRegexes: [[0-9]+]\n", Code::Unquoted),
    ("      ignoreTagsRegexes: [-rc$]\n", "      ignoreTagsRegexes: [*-rc$]\n", Code::Unquoted),
    ("      platform: linux/amd64\n", "      platform: amd64\n", Code::BadValue),
    ("      discoveryLimit: 5\n", "      discoveryLimit: 500\n", Code::BadValue),
    (
        "      repoURL: https://github.com/example/app\n",
        "      repoURL: https://github.com/<org>/app\n",
        Code::Placeholder,
    ),
    ("      branch: main\n", "      branch: !main\n", Code::Unquoted),
    (
        "      expressionFilter: subject contains 'fix'\n",
        "      expressionFilter: message contains 'fix'\n",
        Code::UnknownName,
    ),
    ("      includePaths: [apps]\n", "      includePaths: [/apps]\n", Code::BadSelector),
    ("      since: 2025-01-31T00:00:00Z\n", "      since: yesterday\n", Code::BadValue),
    ("      repoURL: https://charts.example.com\n", "      repoURL: charts.example.com\n", Code::BadUrl),
    ("      name: web\n", "      name: [web]+\n", Code::Unquoted),
    ("      semverConstraint: ^1\n", "      semverConstraint: '>=1<2'\n", Code::BadConstraint),
];

/// What stands between the lines.
const BETWEEN: &[(usize, &str)] = &[
    (0, "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n"),
    (2, "spec:\n"),
    (4, "  subscriptions:\n  - image:\n"),
    (12, "  - git:\n"),
    (17, "  - chart:\n"),
];

/// The manifest with these mistakes, and their lines.
fn manifest(mistakes: &[usize]) -> (String, Vec<(Code, usize)>) {
    let (mut text, mut expected) = (String::new(), Vec::new());
    for (index, (right, wrong, code)) in LINES.iter().enumerate() {
        text.extend(BETWEEN.iter().filter(|(before, _)| *before == index).map(|(_, text)| *text));
        if mistakes.contains(&index) {
            expected.push((*code, text.lines().count() + 1));
            text.push_str(wrong);
        } else {
            text.push_str(right);
        }
    }
    (text, expected)
}

#[track_caller]
fn all_are_told(mistakes: &[usize]) {
    let (text, expected) = manifest(mistakes);
    let read = lint("kargo.yaml", &text, &Options::default());
    let found: Vec<(Code, usize)> =
        read.diagnostics.iter().map(|found| (found.code, found.location.line)).collect();
    for mistake in &expected {
        assert!(found.contains(mistake), "{mistake:?} is not among {found:?}:\n{text}");
    }
    let errors = read.errors().count();
    assert_eq!(read.warehouses.len(), usize::from(errors == 0), "{found:?}");
    for found in &read.diagnostics {
        let line = text.lines().nth(found.location.line - 1).unwrap();
        let shown: String = line.chars().skip(found.location.column - 1).take(found.location.width).collect();
        let bytes = text.get(found.location.bytes.clone()).unwrap_or_default();
        assert!(
            bytes.is_empty() || bytes.starts_with(&shown) || shown.starts_with(bytes),
            "{found}: {bytes:?} {shown:?}"
        );
    }
}

#[test]
fn each_pair_is_told() {
    all_are_told(&[]);
    for first in 0..LINES.len() {
        for second in first..LINES.len() {
            all_are_told(&[first, second]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_number_is_told(mistakes in prop::collection::vec(0..LINES.len(), 0..LINES.len())) {
        all_are_told(&mistakes);
    }
}

/// A value that YAML takes for something else hides nothing behind it, also where no exact remedy is known, and it is told once.
#[test]
fn a_value_without_an_exact_remedy() {
    for (wrong, code, message) in [
        ("[0-9]+", Code::Unquoted, "`[0-9]+` is read as the start of a list"),
        ("@latest", Code::Unquoted, "`@latest` is read as a character that YAML keeps for itself"),
        ("a: b", Code::Unquoted, "`a: b` is read as a key and its value"),
        ("[0-9", Code::Unquoted, "`[0-9` is read as the start of a list"),
        ("[1.0.0, 2.0.0)", Code::Unquoted, "`[1.0.0, 2.0.0)` is read as the start of a list"),
        ("\"^1.0.0", Code::Syntax, "`\"^1.0.0` has no quotation mark at its end"),
        ("'^1.0.0", Code::Syntax, "`'^1.0.0` has no quotation mark at its end"),
    ] {
        let (text, mut expected) = manifest(&[2, 6, 11, 12, 13, 16]);
        let text = text.replace("!=9.0.0", wrong);
        let read = lint("kargo.yaml", &text, &Options::default());
        let found: Vec<(Code, usize)> =
            read.diagnostics.iter().map(|found| (found.code, found.location.line)).collect();
        expected[1].0 = code;
        assert_eq!(found, expected, "{wrong}: {:#?}", read.diagnostics);
        assert_eq!(read.diagnostics[1].message, message);
        assert!(read.diagnostics[1].path.ends_with(".image.constraint"), "{}", read.diagnostics[1]);
        if let Some(edit) = &read.diagnostics[1].replacement {
            let edited = Replacement::apply_all(&text, [edit]);
            assert_eq!(lint("kargo.yaml", &edited, &Options::default()).diagnostics.len(), 5, "{edited}");
        }
    }
}

/// A list without its last bracket is closed, and what follows it is read.
#[test]
fn a_list_without_its_end() {
    let (text, _) = manifest(&[11]);
    let text = text.replace("[-rc$]", "[-rc$, [x]");
    let read = lint("kargo.yaml", &text, &Options::default());
    let found: Vec<&str> = read.diagnostics.iter().map(|found| found.message.as_str()).collect();
    assert_eq!(found[0], "`[-rc$, [x]` has no bracket at its end");
    assert_eq!(read.diagnostics[0].help.as_deref(), Some("close it: [-rc$, [x]]"));
    assert!(found.contains(&"`discoveryLimit` is 500, and must be from 1 to 100"), "{found:#?}");
}

/// A document with a value that is read over is not used, and the documents beside it are.
#[test]
fn what_is_read_over_is_not_used() {
    let (good, _) = manifest(&[]);
    let (bad, _) = manifest(&[8, 18]);
    let text = format!("{good}---\n{bad}---\n{}", good.replace("demo", "other"));
    let read = lint("kargo.yaml", &text, &Options::default());
    let names: Vec<&str> = read.warehouses.iter().map(|warehouse| warehouse.name()).collect();
    assert_eq!(names, ["demo", "other"]);
    let place = read.warehouses[1].locate("metadata.name");
    assert_eq!(text.get(place.bytes.clone()), Some("other"));
    assert_eq!(text.lines().nth(place.line - 1), Some("  name: other"));
}
