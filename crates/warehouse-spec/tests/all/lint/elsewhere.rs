//! What people write as other tools, word processors and chats have it: each is told, and what the help says to write is clean and selects what was meant.

use warehouse_spec::{Code, Options, Replacement, Severity, lint};

use super::{HEAD, Row, check, error, row};

const ROWS: &[Row] = &[
    row(
        "image: {repoURL: nginx, allowTagsRegexes: ['regexp:^v1']}",
        Code::BadRegex,
        "`regexp:` is a part of the pattern, and no tag has a colon: the pattern matches no tag",
        "write '^v1'",
        true,
    ),
    row(
        "image: {repoURL: nginx, allowTagsRegexes: ['glob:v1.*']}",
        Code::BadRegex,
        "`glob:` is a part of the pattern, and no tag has a colon: the pattern matches no tag",
        "write '^v1\\.'",
        true,
    ),
    row(
        "image: {repoURL: nginx, allowTagsRegexes: ['/^1/']}",
        Code::BadRegex,
        "the slashes around the pattern are a part of it: the pattern matches no tag",
        "write '^1'",
        true,
    ),
    row(
        "image: {repoURL: nginx, allowTagsRegexes: ['/^V1/i']}",
        Code::BadRegex,
        "the slashes around the pattern are a part of it: the pattern matches no tag",
        "write '(?i)^V1'",
        true,
    ),
    row(
        "image: {repoURL: nginx, allowTagsRegexes: ['!^v']}",
        Code::BadRegex,
        "`!` is a part of the pattern, and leaves nothing out",
        "write '^v' in `ignoreTagsRegexes` instead of it",
        false,
    ),
    row(
        "image: {repoURL: nginx, ignoreTagsRegexes: ['!/^v/']}",
        Code::BadRegex,
        "`!` is a part of the pattern, and leaves nothing out",
        "write '^v' in `allowTagsRegexes` instead of it",
        false,
    ),
    row(
        r"image: {repoURL: nginx, allowTagsRegexes: ['^\\d+\.']}",
        Code::BadRegex,
        r"`\\` stands for a backslash, and no tag has one: the pattern matches no tag",
        r"write '^\d+\.'",
        true,
    ),
    row(
        "image: {repoURL: nginx, allowTagsRegexes: [v*]}",
        Code::BadRegex,
        "`v*` is read as a regular expression, in which `*` repeats the character before it, or leaves it out",
        "write '^v'",
        true,
    ),
    row(
        "image: {repoURL: nginx, allowTagsRegexes: ['']}",
        Code::BadRegex,
        "an empty pattern matches every tag",
        "write the pattern, such as '^v1\\.', or delete it",
        false,
    ),
    row(
        "git: {repoURL: 'https://h/a', includePaths: ['apps/web, apps/api']}",
        Code::BadSelector,
        "`apps/web, apps/api` takes the comma as a part of the path: an entry of the list is one path",
        "write \"glob:{apps/web,apps/api}/**\"",
        true,
    ),
    error(
        "image: {repoURL: nginx, constraint: ≥1.0}",
        Code::BadConstraint,
        "`≥1.0` is not a version constraint: `≥` (U+2265) is none of the signs of a constraint",
        "write \">=1.0\"",
        true,
    ),
    error(
        "image: {repoURL: nginx, constraint: 1.0.0 – 2.0.0}",
        Code::BadConstraint,
        "`1.0.0 – 2.0.0` is not a version constraint: `–` (U+2013) is none of the signs of a constraint",
        "write 1.0.0 - 2.0.0",
        true,
    ),
    error(
        "image: {repoURL: nginx, constraint: “^1.0.0”}",
        Code::BadConstraint,
        "`“^1.0.0”` is not a version constraint: `“` (U+201C) is none of the signs of a constraint",
        "write ^1.0.0",
        true,
    ),
    error(
        "image: {repoURL: nginx, constraint: \"^1\u{a0}|| ^2\"}",
        Code::BadConstraint,
        "`^1\\u{a0}|| ^2` is not a version constraint: the blank U+00A0 is none of the signs of a constraint",
        "write ^1 || ^2",
        true,
    ),
    error(
        "image: {repoURL: nginx, constraint: latest}",
        Code::BadConstraint,
        "`latest` is a tag, and not a constraint on versions",
        "to follow the tag, write `imageSelectionStrategy: Digest` beside it; otherwise write it like ^1.2.0, ~1.2, or '>=1.2 <2'",
        true,
    ),
    error(
        "chart: {repoURL: 'oci://h/a', semverConstraint: latest}",
        Code::BadConstraint,
        "`latest` is not a version constraint: it is not a list of comparisons such as `>=1.2, <2`",
        "delete it: without a constraint, the newest version is taken",
        false,
    ),
    error(
        "git: {repoURL: 'https://h/a', includePaths: [{glob: }]}",
        Code::WrongType,
        "`glob:` has nothing after it, so that it is a mapping without a value",
        "write the pattern right after the colon, as in glob:apps/**, or delete the line",
        false,
    ),
    error(
        "git: {url: 'https://h/a'}",
        Code::Missing,
        "`repoURL` is missing, and a git subscription has no field `url`",
        "did you mean `repoURL`?",
        true,
    ),
    error(
        "image: {repoURL: nginx, imageSelectionStrategy: Digest, semver: latest}",
        Code::Missing,
        "`imageSelectionStrategy: Digest` needs a `constraint`, the tag to follow, and an image subscription has no field `semver`",
        "did you mean `constraint`?",
        true,
    ),
];

#[test]
fn each_is_told_with_its_remedy() {
    ROWS.iter().for_each(check);
}

/// What the help says in words.
#[test]
fn words_are_followed() {
    for lines in [
        "image: {repoURL: nginx, ignoreTagsRegexes: ['^v']}",
        "image: {repoURL: nginx, allowTagsRegexes: ['^v']}",
        "image: {repoURL: nginx, allowTagsRegexes: ['^v1\\.']}",
        "image: {repoURL: nginx}",
        "chart: {repoURL: 'oci://h/a'}",
        "git: {repoURL: 'https://h/a', includePaths: ['glob:apps/**']}",
    ] {
        let found = lint("kargo.yaml", &format!("{HEAD}  - {lines}\n"), &Options::default()).diagnostics;
        assert_eq!(found, [], "{lines}");
    }
}

/// Makes the edits of what is found until there is none, and gives the lines that are left, which are clean.
#[track_caller]
fn mended(text: &str, said: &[&str]) -> String {
    let found = lint("kargo.yaml", text, &Options::default()).diagnostics;
    for said in said {
        let is_said = |help: &Option<String>| help.as_deref().is_some_and(|help| help.contains(said));
        assert!(
            found.iter().any(|found| found.message.contains(said) || is_said(&found.help)),
            "{said}: {found:#?}"
        );
    }
    let mut edited = text.to_owned();
    for _ in 0..3 {
        let found = lint("kargo.yaml", &edited, &Options::default()).diagnostics;
        edited = Replacement::apply_all(&edited, found.iter().filter_map(|found| found.replacement.as_ref()));
    }
    let manifest = lint("kargo.yaml", &edited, &Options::default());
    assert_eq!(manifest.diagnostics, [], "{edited}");
    assert!(!manifest.warehouses.is_empty(), "{edited}");
    edited.strip_prefix(HEAD).unwrap().to_owned()
}

#[test]
fn a_list_where_a_text_was_meant() {
    let image = |field: &str| format!("{HEAD}  - image:\n      repoURL: nginx\n      {field}\n");
    let git = |field: &str| format!("{HEAD}  - git:\n      repoURL: https://h/a\n      {field}\n");
    for (text, said, line) in [
        (
            image("allowTags: [^v]"),
            "write '^v', or \"[^v]\" if the brackets belong to it",
            "allowTagsRegexes: ['^v']",
        ),
        (image("allowTagsRegexes: [[^v]]"), "write '^v'", "allowTagsRegexes: ['^v']"),
        (image("allowTagsRegexes: [[0-9]]"), "quote it: \"[0-9]\"", "allowTagsRegexes: [\"[0-9]\"]"),
        (git("includePaths: [[apps]]"), "write apps", "includePaths: [apps]"),
        (git("includePaths:\n      - [apps]"), "write apps", "includePaths:\n      - apps"),
        (image("constraint: !1.2"), "write \"!=1.2\"", "constraint: \"!=1.2\""),
        (image("constraint: latest"), "Digest", "constraint: latest\n      imageSelectionStrategy: Digest"),
    ] {
        let lines = mended(&text, &[said]);
        assert!(lines.ends_with(&format!("      {line}\n")), "{lines}");
    }
}

const MARKS: &[&str] = &["– ", "— ", "−\u{a0}", "-\u{a0}", "• "];

#[test]
fn other_dashes_in_place_of_hyphens() {
    for (indent, mark) in
        ["", "  "].into_iter().flat_map(|indent| MARKS.iter().map(move |mark| (indent, mark)))
    {
        let paths = |mark: &str| {
            format!(
                "{HEAD}  - git:\n      repoURL: https://h/a\n      includePaths:\n      {indent}{mark}apps\n"
            )
        };
        let text = paths(mark);
        let found = lint("kargo.yaml", &text, &Options::default()).diagnostics;
        let [found] = found.as_slice() else { panic!("{found:#?}") };
        assert_eq!((found.code, found.severity), (Code::Syntax, Severity::Error), "{found}");
        let edited = Replacement::apply_all(&text, &found.replacement);
        assert_eq!(edited, paths("- "));
    }
    let image = |mark: &str| format!("{HEAD}  {mark}image:\n      repoURL: nginx\n");
    assert_eq!(
        mended(&image("– "), &["`–` (U+2013) is taken as a part of a text", "write `- image`"]),
        "  - image:\n      repoURL: nginx\n"
    );
}

#[test]
fn two_documents_without_a_line_between() {
    let one = |name: &str| {
        format!("{HEAD}  - image: {{repoURL: nginx}}\n").replace("name: demo", &format!("name: {name}"))
    };
    let text = format!("{}{}", one("demo"), one("other"));
    let found = lint("kargo.yaml", &text, &Options::default()).diagnostics;
    let [found] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(
        (found.code, found.severity, found.location.line, found.help.as_deref()),
        (Code::Syntax, Severity::Error, 8, Some("write `---` on a line before it"))
    );
    let edited = Replacement::apply_all(&text, &found.replacement);
    let manifest = lint("kargo.yaml", &edited, &Options::default());
    assert_eq!((manifest.diagnostics.len(), manifest.warehouses.len()), (0, 2), "{edited}");
    // One key alone that occurs twice starts no document.
    let twice = one("demo").replace("spec:", "metadata: {name: demo}\nspec:");
    assert_eq!(lint("kargo.yaml", &twice, &Options::default()).diagnostics[0].code, Code::DuplicateKey);
}

/// What is found in manifests that people published, by code: patterns of ours are not taken for those of other tools.
#[test]
fn published_manifests_stay_as_clean_as_they_are() {
    let Some(folder) = crate::corpus::corpus() else { return };
    if std::env::var_os("CONFORMANCE_CORPUS").is_some() {
        return;
    }
    let mut counts = std::collections::BTreeMap::new();
    for (name, text) in crate::corpus::manifests(&folder).values() {
        for found in lint(name, text, &Options::default()).diagnostics {
            *counts.entry(found.code).or_insert(0) += 1;
        }
    }
    let count = |code: Code| counts.get(&code).copied().unwrap_or(0);
    assert_eq!(
        (count(Code::BadRegex), count(Code::BadSelector), count(Code::BadExpression)),
        (0, 13, 0),
        "{counts:?}"
    );
    assert_eq!((count(Code::Credential), count(Code::Syntax), count(Code::BadUrl)), (0, 6, 8), "{counts:?}");
}
