//! Texts that YAML reads as something else: each is taken as it was written, or it is an error whose quoted form is taken so.

use warehouse_spec::{Code, SubscriptionKind, Warehouse};

use super::{HEAD, read};

/// Where a text may be: what comes before it, what comes after it, and the field that holds it.
struct Place {
    before: &'static str,
    after: &'static str,
    field: fn(&Warehouse) -> Option<String>,
}

fn git(warehouse: &Warehouse) -> &warehouse_spec::GitSubscription {
    match &warehouse.spec.subscriptions[0].kind {
        SubscriptionKind::Git(git) => git,
        other => panic!("{other:?}"),
    }
}

const BRANCH: Place =
    Place { before: "branch: ", after: "", field: |warehouse| git(warehouse).branch.clone() };
const CONSTRAINT: Place = Place {
    before: "semverConstraint: ",
    after: "",
    field: |warehouse| git(warehouse).semver_constraint.clone(),
};
const EXPRESSION: Place = Place {
    before: "expressionFilter: ",
    after: "",
    field: |warehouse| git(warehouse).expression_filter.clone(),
};
const ITEM: Place = Place {
    before: "includePaths:\n      - ",
    after: "",
    field: |warehouse| git(warehouse).include_paths.first().cloned(),
};
const IN_BRACKETS: Place = Place {
    before: "includePaths: [first, ",
    after: ", last]",
    field: |warehouse| git(warehouse).include_paths.get(1).cloned(),
};
const IN_BRACES: Place = Place {
    before: "<<: {blobless: true, branch: ",
    after: "}",
    field: |warehouse| git(warehouse).branch.clone(),
};
const TAG: Place = Place {
    before: "ignoreTags: [",
    after: "]",
    field: |warehouse| git(warehouse).ignore_tags.first().cloned(),
};

fn manifest(place: &Place, value: &str) -> String {
    let Place { before, after, .. } = place;
    format!(
        "{HEAD}  - git:\n      repoURL: https://host/a\n      commitSelectionStrategy: SemVer\n      {before}{value}{after}\n      discoveryLimit: 5\n"
    )
}

/// The text is refused with its quoted form, and the quoted form is the text. Where the quoted form is none that the field
/// takes, the help is one that it takes.
#[track_caller]
fn refused(place: &Place, value: &str) {
    let text = manifest(place, value);
    let manifest_read = read(&text);
    let error =
        manifest_read.errors().next().unwrap_or_else(|| panic!("{value:?} is taken: {:?}", place.before));
    assert!(matches!(error.code, Code::Unquoted | Code::WrongType), "{value:?}: {error}");
    let help = error.help.clone().unwrap_or_default();
    let help = help.strip_suffix(", or delete the line").unwrap_or(&help);
    let start = text.find(place.before).unwrap() + place.before.len();
    let column = start - text[..start].rfind('\n').unwrap();
    if !matches!(value, "~" | "null" | "Null" | "NULL") {
        assert_eq!(error.location.column, column, "{value:?}: {error}");
    }
    let list =
        help.strip_prefix("write ").and_then(|help| help.strip_suffix(" in `excludePaths` instead of it"));
    if let Some(form) = list {
        let remedied =
            read(&manifest(&ITEM, "'a'").replace("includePaths:", "excludePaths:").replace("'a'", form));
        assert!(remedied.diagnostics.is_empty(), "{value:?} written {form}: {:?}", remedied.diagnostics);
        return;
    }
    let Some(quoted) = help.strip_prefix("quote it: ") else {
        let quoted = read(&manifest(place, &format!("'{}'", value.replace('\'', "''"))));
        assert!(!quoted.diagnostics.is_empty(), "{value:?} may be quoted: {error}: {help}");
        for form in forms(help) {
            let remedied = read(&manifest(place, form));
            assert!(remedied.is_valid(), "{value:?} written {form}: {:?}", remedied.diagnostics);
        }
        return;
    };
    // What an expression may be is another matter.
    let remedied = read(&manifest(place, quoted));
    for error in remedied.errors() {
        let other = error.code == Code::BadExpression;
        assert!(other, "{value:?} written {quoted}: {error}");
    }
    if let Some(warehouse) = remedied.warehouses.first() {
        assert_eq!((place.field)(warehouse).as_deref(), Some(value));
    }
}

/// What a help says to write.
fn forms(help: &str) -> Vec<&str> {
    match help.strip_prefix("write it like ") {
        Some(list) => list.split(", ").map(|form| form.strip_prefix("or ").unwrap_or(form)).collect(),
        None if help.starts_with("write the name of a branch") => vec!["a1/b.c_d-e"],
        None => vec![help.strip_prefix("write ").unwrap_or_else(|| panic!("{help}"))],
    }
}

/// The text is taken as it was written.
#[track_caller]
fn taken(place: &Place, value: &str) {
    let manifest = read(&manifest(place, value));
    let errors: Vec<String> = manifest.errors().map(ToString::to_string).collect();
    assert!(errors.is_empty(), "{value:?}: {errors:?}");
    assert_eq!((place.field)(&manifest.warehouses[0]).as_deref(), Some(value));
}

/// Texts whose start YAML takes for something of its own, or that it takes for another type.
const MISREAD: &[&str] = &[
    "!=9.0.0",
    "!true",
    "!(a == 'b')",
    "!x",
    "! x",
    "!x  y",
    "!",
    "!!x",
    "!!binary aGk=",
    "!<x>",
    "*",
    "*x",
    "*.x",
    "&x",
    "@x",
    "`x`",
    "%x",
    "[a-z]+",
    "[a]",
    "{a}",
    "{a: b}",
    "'a' in b",
    "\"a\" in b",
    "- x",
    "-",
    "? x",
    "1",
    "1.10",
    "1_000",
    "0x10",
    "0o17",
    "0b1",
    "1e3",
    "010",
    "+1",
    "-1",
    ".5",
    ".inf",
    ".nan",
    "on",
    "Off",
    "yes",
    "no",
    "y",
    "n",
    "true",
    "False",
    "~",
    "null",
    "Null",
    "NULL",
    ">1.0.0",
    ">=1.0.0",
    ">",
    ">1",
    ">-",
    ">2 <3",
    "|",
    "|x",
    "||",
    "|+",
    "a: b",
    "a:",
];

#[test]
fn every_misreading_is_an_error_with_the_form_that_works() {
    for place in [&BRANCH, &CONSTRAINT, &EXPRESSION, &ITEM, &IN_BRACKETS, &IN_BRACES, &TAG] {
        for value in MISREAD {
            refused(place, value);
        }
    }
}

#[test]
fn every_other_text_is_taken_as_it_is() {
    for value in [
        "1:30",
        "2025-01-01",
        "2025-01-01T00:00:00Z",
        "1.2.3",
        "1.x",
        "^1.2",
        "~1.2",
        "<2",
        "=1",
        "a#b",
        "a,b",
        "a!b",
        "a*",
        "glob:*",
        "glob:a/**/*.yaml",
        "regex:^a$",
        "a&b",
        "a@b",
        "a%b",
        "-a",
        ":a",
        "?a",
        "nulls",
        "ON-CALL",
        "1e",
        "v1",
        "a b",
        "a'b",
        "a\"b",
        "<<",
    ] {
        taken(&ITEM, value);
        if !value.contains(',') {
            taken(&IN_BRACKETS, value);
            taken(&TAG, value);
        }
    }
    for place in [&BRANCH, &IN_BRACES] {
        for value in ["main", "release/1.10", "2025-01-01", "v1", "1.2.3", "nulls", "a_b"] {
            taken(place, value);
        }
    }
    for value in ["^1.2", "~1.2", "<2", "=1", "1.x", "1.2.3 - 2", "2025-01-01"] {
        taken(&CONSTRAINT, value);
    }
    taken(&EXPRESSION, "author contains 'a'");
}

#[test]
fn a_comment_is_a_comment() {
    for (written, value) in [("^1.2 # as agreed", "^1.2"), ("^1.2 #x", "^1.2"), ("'>=1.0.0' #x", ">=1.0.0")] {
        let manifest = read(&manifest(&CONSTRAINT, written));
        assert_eq!((CONSTRAINT.field)(&manifest.warehouses[0]).as_deref(), Some(value));
    }
    let text = manifest(&CONSTRAINT, ">=1.0.0 #x");
    let error = read(&text).errors().next().and_then(|error| error.help.clone());
    assert_eq!(error.as_deref(), Some("quote it: \">=1.0.0\""));
}

#[test]
fn what_a_comment_cuts_off_is_told_where_the_rest_means_nothing() {
    for (place, written, quoted) in [
        (&EXPRESSION, "subject contains 'x #y'", "\"subject contains 'x #y'\""),
        (&EXPRESSION, "all([1], # > 3)", "\"all([1], # > 3)\""),
        (&EXPRESSION, "subject matches #x", "\"subject matches #x\""),
    ] {
        let manifest = read(&manifest(place, written));
        let error = manifest.errors().next().unwrap_or_else(|| panic!("{written:?} is taken"));
        let help = error.help.clone().unwrap_or_default();
        assert_eq!(
            help,
            format!("` #` starts a comment; if it is part of the value, quote it: {quoted}"),
            "{error}"
        );
    }
    let text = manifest(&EXPRESSION, "\"subject contains 'x #y'\"");
    assert!(read(&text).is_valid());
}

#[test]
fn lines_after_a_head_are_a_text_without_the_last_break_only_where_asked() {
    for head in ["|", ">", "|+", ">+", "| # why"] {
        for (place, value) in [(&BRANCH, "main"), (&ITEM, "apps"), (&ITEM, "1.10")] {
            let text = manifest(place, &format!("{head}\n        {value}"));
            let manifest_read = read(&text);
            let error = manifest_read.errors().next().unwrap_or_else(|| panic!("{head} {value} is taken"));
            let help = error.help.clone().unwrap_or_default();
            let quoted =
                help.strip_prefix("write it on one line: ").unwrap_or_else(|| panic!("{error}: {help}"));
            taken(place, "x");
            let remedied = read(&manifest(place, quoted));
            assert_eq!((place.field)(&remedied.warehouses[0]).as_deref(), Some(value), "{head}");
        }
    }
    for (place, head, value) in [
        (&BRANCH, "|-", "main"),
        (&BRANCH, ">-", "main"),
        (&ITEM, "|-", "apps"),
        (&EXPRESSION, "|-", "author == 'x'"),
    ] {
        let manifest = read(&manifest(place, &format!("{head}\n        {value}")));
        assert_eq!(
            (place.field)(&manifest.warehouses[0]).as_deref(),
            Some(value),
            "{:?}",
            manifest.diagnostics
        );
    }
    // Neither an expression nor a condition on versions is another one for a line break at its end.
    let manifest = read(&manifest(&EXPRESSION, "|\n        author == 'x'\n        && subject == 'y'"));
    assert!(manifest.is_valid(), "{:?}", manifest.diagnostics);
}

#[test]
fn an_anchor_that_is_used_is_one() {
    let text = manifest(&BRANCH, "&main release").replace("discoveryLimit: 5", "includePaths: [*main]");
    let manifest = read(&text);
    assert_eq!(git(&manifest.warehouses[0]).branch.as_deref(), Some("release"));
    assert_eq!(git(&manifest.warehouses[0]).include_paths, ["release"]);
}

#[test]
fn null_in_json_is_no_text_that_was_forgotten_to_quote() {
    let text = r#"{"apiVersion": "kargo.akuity.io/v1alpha1", "kind": "Warehouse", "metadata": {"name": "w"}, "spec":
        {"subscriptions": [{"git": {"repoURL": "https://host/a", "branch": null}}]}}"#;
    let manifest = read(text);
    assert!(manifest.is_valid(), "{:?}", manifest.diagnostics);
    assert_eq!(git(&manifest.warehouses[0]).branch, None);
}

#[test]
fn what_is_lost_within_the_configuration_of_another_type_is_an_error_too() {
    for (value, expected) in [
        ("!x", "spec.subscriptions[0].thing.config.a.b"),
        ("*x", "spec.subscriptions[0].thing.config.a.b"),
        ("[1, !x]", "spec.subscriptions[0].thing.config.a.b[1]"),
    ] {
        let text =
            format!("{HEAD}  - name: one\n    thing:\n      config:\n        a:\n          b: {value}\n");
        let errors: Vec<String> = read(&text).errors().map(|error| error.path.clone()).collect();
        assert_eq!(errors, [expected], "{value}");
    }
}

#[test]
fn a_tag_on_a_collection_is_an_error() {
    for text in [
        "  - git: !x\n      repoURL: https://host/a\n",
        "  - git: !x {repoURL: 'https://host/a'}\n",
        "  - git:\n      repoURL: https://host/a\n      includePaths: !x\n      - a\n",
        "  - git: {repoURL: 'https://host/a', includePaths: !x [a]}\n",
        "  - !x git: {repoURL: 'https://host/a'}\n",
    ] {
        let manifest = read(&format!("{HEAD}{text}"));
        assert!(
            manifest.errors().any(|error| error.code == Code::Unquoted),
            "{text}: {:?}",
            manifest.diagnostics
        );
        let remedied = text.replace("!x", "");
        assert!(read(&format!("{HEAD}{remedied}")).is_valid(), "{remedied}");
    }
}

/// A value in double quotes is refused for its escape, and the help is the value with its backslashes.
#[track_caller]
fn escape(place: &Place, value: &str, message: &str, kept: &str, means: &str) {
    let found = read(&manifest(place, value));
    let error = found.errors().next().unwrap_or_else(|| panic!("{value} is taken"));
    assert_eq!((error.code, error.message.as_str()), (Code::Unquoted, message), "{value}");
    let help = error.help.as_deref().unwrap_or_default();
    if help != format!("quote it: {kept}") {
        // A path selector whose quoted form selects nothing is written as one that does.
        let form = help.strip_prefix("write ").unwrap_or_else(|| panic!("{value}: {help}"));
        let quoted = read(&manifest(place, kept));
        assert!(quoted.diagnostics.iter().any(|found| found.code == Code::BadSelector), "{value}: {help}");
        let remedied = read(&manifest(place, form));
        assert!(remedied.diagnostics.is_empty(), "{form}: {:?}", remedied.diagnostics);
        return;
    }
    let remedied = read(&manifest(place, kept));
    assert!(remedied.diagnostics.iter().all(|found| found.code != Code::Unquoted), "{kept}");
    assert_eq!((place.field)(&remedied.warehouses[0]).as_deref(), Some(means), "{kept}");
}

#[test]
fn escapes_that_yaml_does_not_know() {
    for (value, bad, text) in [
        (r#""^v1\.0""#, r"\.", r"^v1\.0"),
        (r#""^v\d+$""#, r"\d", r"^v\d+$"),
        (r#""\docs""#, r"\d", r"\docs"),
        (r#""^v\$""#, r"\$", r"^v\$"),
        (r#""a\sb # c""#, r"\s", r"a\sb # c"),
    ] {
        let message = format!("`{bad}` is not an escape in double quotes");
        for place in [&TAG, &ITEM, &IN_BRACKETS] {
            escape(place, value, &message, &format!("'{text}'"), text);
        }
    }
    // The texts in an expression have escapes of their own.
    let kept = r"'subject contains ''a\\.b'''";
    let message = r"`\.` is not an escape in double quotes";
    escape(&EXPRESSION, r#""subject contains 'a\.b'""#, message, kept, r"subject contains 'a\\.b'");
}

#[test]
fn escapes_that_yaml_reads_as_something_else() {
    for (value, bad, code, text) in [
        (r#""^v\b""#, r"\b", "0008", r"^v\b"),
        (r#""\v1""#, r"\v", "000B", r"\v1"),
        (r#""v1\t""#, r"\t", "0009", r"v1\t"),
        (r#""\e""#, r"\e", "001B", r"\e"),
        (r#""\P""#, r"\P", "2029", r"\P"),
        (r#""v1\0""#, r"\0", "0000", r"v1\0"),
    ] {
        let message = format!("`{bad}` in double quotes is the character U+{code}");
        for place in [&TAG, &IN_BRACKETS] {
            escape(place, value, &message, &format!("'{text}'"), text);
        }
    }
    let message = r"`\b` in double quotes is the character U+0008";
    let kept = r"'subject contains ''\\bx'''";
    escape(&EXPRESSION, r#""subject contains '\bx'""#, message, kept, r"subject contains '\\bx'");
}

#[test]
fn escapes_that_are_meant() {
    for (value, text) in [(r#""^v1\\.0""#, r"^v1\.0"), (r#""\x76\u0031""#, "v1"), (r#""\ud83d\ude00""#, "😀")]
    {
        let found = read(&manifest(&TAG, value));
        assert_eq!((TAG.field)(&found.warehouses[0]).as_deref(), Some(text), "{:?}", found.diagnostics);
    }
    let lines = read(&manifest(&EXPRESSION, r#""subject == 'a'\n&& true\n""#));
    assert!(lines.errors().next().is_none(), "{:?}", lines.diagnostics);
}

/// A text on several lines is quoted with all of them, and what stands behind it is read.
#[test]
fn on_several_lines() {
    for (value, taken) in [
        (">=1.0.0\n        <2.0.0", ">=1.0.0 <2.0.0"),
        (">=1.0.0\n        <2.0.0\n         !=1.5.0", ">=1.0.0 <2.0.0 !=1.5.0"),
        ("!=1.0.0\n        <2.0.0", "!=1.0.0 <2.0.0"),
        ("!=1.0.0 <2.0.0\n        !=1.5.0", "!=1.0.0 <2.0.0 !=1.5.0"),
        ("! >=1\n        <2", "! >=1 <2"),
    ] {
        let text = manifest(&CONSTRAINT, value).replace("discoveryLimit: 5", "discoveryLimit: all");
        let found = read(&text);
        let errors: Vec<_> = found.errors().collect();
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert_eq!((errors[0].code, errors[1].code), (Code::Unquoted, Code::WrongType), "{errors:?}");
        assert!(errors[0].message.starts_with('`'), "{}", errors[0]);
        let line = text.lines().nth(errors[0].location.line - 1).unwrap();
        assert!(line[errors[0].location.column - 1..].starts_with(&value[..1]), "{}", errors[0]);
        assert!(text.lines().nth(errors[1].location.line - 1).unwrap().contains("all"), "{}", errors[1]);
        let Some(edit) = &errors[0].replacement else {
            assert_eq!(value.chars().nth(1), Some(' '), "{}", errors[0]);
            continue;
        };
        let edited = warehouse_spec::Replacement::apply_all(&text, [edit]).replace("Limit: all", "Limit: 5");
        let warehouses = read(&edited).warehouses;
        assert_eq!((CONSTRAINT.field)(&warehouses[0]).as_deref(), Some(taken), "{edited}");
    }
}

/// The place of a value in braces is the value, and not what closes them.
#[test]
fn the_place_in_braces() {
    for (after, value) in [("}", "!=9.0.0"), (", branch: main}", "!=9.0.0"), (" }", "!=9.0.0")] {
        let text = format!("{HEAD}  - git: {{repoURL: https://host/a, semverConstraint: {value}{after}\n");
        let found = read(&text);
        let error = found.errors().next().unwrap();
        assert_eq!((error.code, error.location.width), (Code::Unquoted, value.len()), "{error}");
        assert_eq!(&text[error.location.bytes.clone()], value);
    }
}
