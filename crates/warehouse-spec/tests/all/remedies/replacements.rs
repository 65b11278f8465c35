//! Every replacement makes the diagnostic that offers it go away, and adds no error.

use super::{HEAD, read};
use warehouse_spec::{Diagnostic, Manifest, Options, Replacement, parse};

/// Makes every edit that a manifest's diagnostics offer, each on its own, and gives their number.
#[track_caller]
pub(crate) fn each_works(text: &str, manifest: &Manifest) -> usize {
    let offered = manifest.diagnostics.iter().filter_map(|found| Some((found, found.replacement.as_ref()?)));
    offered.map(|(found, replacement)| works(text, manifest, found, replacement)).count()
}

#[track_caller]
fn works(text: &str, manifest: &Manifest, found: &Diagnostic, replacement: &Replacement) {
    let edited = Replacement::apply_all(text, [replacement]);
    let after = parse("kargo.yaml", &edited, &Options::default());
    let same = |other: &&Diagnostic| {
        (other.code, &other.path, &other.message) == (found.code, &found.path, &found.message)
    };
    let times = |manifest: &Manifest| manifest.diagnostics.iter().filter(same).count();
    assert!(times(&after) < times(manifest), "{found}: {replacement:?}\n{edited}");
    let (errors_before, errors_after) = (manifest.errors().count(), after.errors().count());
    assert!(errors_after <= errors_before, "{found}: {replacement:?}\n{edited}\n{:?}", after.diagnostics);
}

/// Reads lines below `subscriptions` of which one diagnostic offers an edit, and gives the lines after it.
#[track_caller]
fn edited(lines: &str) -> String {
    let text = format!("{HEAD}{lines}");
    let manifest = read(&text);
    let offered: Vec<&Replacement> =
        manifest.diagnostics.iter().filter_map(|found| found.replacement.as_ref()).collect();
    let [only] = offered.as_slice() else { panic!("{:?}", manifest.diagnostics) };
    Replacement::apply_all(&text, [*only]).split_off(HEAD.len())
}

#[track_caller]
fn not_edited(lines: &str) {
    let manifest = read(&format!("{HEAD}{lines}"));
    let offered: Vec<_> =
        manifest.diagnostics.iter().filter_map(|found| found.replacement.as_ref()).collect();
    assert!(!manifest.diagnostics.is_empty() && offered.is_empty(), "{offered:?}");
}

#[test]
fn what_each_kind_of_help_writes() {
    let git = |rest: &str| format!("  - git:\n      repoURL: https://host/a\n{rest}");
    let image = |rest: &str| format!("  - image:\n      repoURL: nginx\n{rest}");
    for (before, after) in [
        (image("      constraint: 1.10 # pin\n"), image("      constraint: \"1.10\" # pin\n")),
        (image("      semverConstraint: ^1\n"), image("      constraint: ^1\n")),
        (image("      \"semverConstraint\": ^1\n"), image("      \"constraint\": ^1\n")),
        (image("      allowTags: ^v1\n"), image("      allowTagsRegexes: ['^v1']\n")),
        (image("      updateStrategy: Latest\n"), image("      imageSelectionStrategy: NewestBuild\n")),
        (image("      strictSemvers: 'false'\n"), image("      strictSemvers: false\n")),
        (image("      discoveryLimit: '5'\n"), image("      discoveryLimit: 5\n")),
        (image("      constrain: ^1\n"), image("      constraint: ^1\n")),
        (image("      ImageSelectionStrategy: SemVer\n"), image("      imageSelectionStrategy: SemVer\n")),
        (git("      branch: |\n        main\n\n"), git("      branch: \"main\"\n\n")),
        (git("      since: 2025-01-31\n"), git("      since: 2025-01-31T00:00:00Z\n")),
        (git("      includePaths:\n      - apps/**\n"), git("      includePaths:\n      - glob:apps/**\n")),
        (git("      includePaths:\n      - glob: apps\n"), git("      includePaths:\n      - glob:apps\n")),
        (git("      expressionFilter: !true\n"), git("      expressionFilter: \"!true\"\n")),
        (
            git("      expressionFilter: \"message != 'message'\"\n"),
            git("      expressionFilter: subject != 'message'\n"),
        ),
        (
            "  - chart:\n      repoURL: oci://host/a/\n".to_owned(),
            "  - chart:\n      repoURL: oci://host/a\n".to_owned(),
        ),
        ("  - helm: {repoURL: oci://host/a}\n".to_owned(), "  - chart: {repoURL: oci://host/a}\n".to_owned()),
    ] {
        assert_eq!(edited(&before), after);
    }
}

#[test]
fn a_field_beside_config_is_put_under_it() {
    for (before, after) in [
        (
            "  - name: a\n    s3:\n      bucket: b\n      discoveryLimit: 3\n",
            "  - name: a\n    s3:\n      config:\n        bucket: b\n      discoveryLimit: 3\n",
        ),
        (
            "  - name: a\n    s3:\n      parts:\n      - one\n      - two: |\n          x\n          y\n",
            "  - name: a\n    s3:\n      config:\n        parts:\n        - one\n        - two: |\n            x\n            y\n",
        ),
        ("  - name: a\n    s3: {bucket: [b, c]}\n", "  - name: a\n    s3: {config: {bucket: [b, c]}}\n"),
        (
            "  - {name: a, \"s3\": {\"bucket\": \"b\"}}\n",
            "  - {name: a, \"s3\": {config: {\"bucket\": \"b\"}}}\n",
        ),
    ] {
        assert_eq!(edited(before), after);
        let found = &read(&format!("{HEAD}{before}")).diagnostics[0];
        assert_eq!(found.help.as_deref(), Some("put it under `config:`"));
        assert!(read(&format!("{HEAD}{after}")).diagnostics.is_empty());
    }
    // Of two, one edit does not say where the other goes; a secret is not copied.
    not_edited("  - name: a\n    s3:\n      bucket: b\n      region: c\n");
    not_edited("  - name: a\n    s3:\n      config: {}\n      region: c\n");
    not_edited("  - name: a\n    s3:\n      password: hunter2\n");
    let found = read(&format!("{HEAD}  - name: a\n    s3:\n      confg: {{}}\n"));
    assert_eq!(found.diagnostics[0].help.as_deref(), Some("did you mean `config`?"));
}

#[test]
fn what_is_not_shown_is_not_copied() {
    for lines in [
        "  - git:\n      repoURL: [https://me:hunter2@host/a]\n",
        "  - image:\n      repoURL: nginx\n      password: !hunter2\n",
        "  - image: {repoURL: a, imageSelectionStrategy: Digest, constraint: latest, semverConstraint: https://me:hunter2@host}\n",
    ] {
        let manifest = read(&format!("{HEAD}{lines}"));
        assert!(!manifest.diagnostics.is_empty());
        let shown =
            format!("{:?}", manifest.diagnostics.iter().map(|found| &found.replacement).collect::<Vec<_>>());
        assert!(!shown.contains("hunter2") && !shown.contains("***"), "{shown}");
    }
}

#[test]
fn edits_are_made_at_once() {
    let text = format!(
        "{HEAD}  - helm: {{repoURL: oci://host/é, discoveryLimit: '5'}}\n  - image:\n      repoURL: nginx\n      constraint: 1.10\n"
    );
    let manifest = read(&text);
    let fixed = Replacement::apply_all(
        &text,
        manifest.diagnostics.iter().filter_map(|found| found.replacement.as_ref()),
    );
    assert!(fixed.ends_with("  - chart: {repoURL: oci://host/é, discoveryLimit: 5}\n  - image:\n      repoURL: nginx\n      constraint: \"1.10\"\n"), "{fixed}");
    // One that overlaps another, or lies outside, is left out.
    let first = manifest.diagnostics[0].replacement.as_ref().unwrap();
    assert_eq!(Replacement::apply_all(&text, [first, first]), Replacement::apply_all(&text, [first]));
    assert_eq!(Replacement::apply_all("a", [first]), "a");
}

/// The bytes of a location are those of its line, column and width.
#[test]
fn bytes_are_where_line_and_column_are() {
    for text in [
        format!("{HEAD}  - image: {{repoURL: 'ngïnx:1', constrain: 1.10}}\n"),
        format!("{HEAD}  - git:\r\n      repoURL: https://host/é\r\n      branch: !x\r\n      since: &a\r\n"),
        format!("\u{feff}{HEAD}  - image: {{repoURL: nginx, é: 1}}\n"),
        format!("{HEAD}  - image: {{repoURL: *}}\n"),
    ] {
        let manifest = parse("kargo.yaml", &text, &Options::default());
        assert!(!manifest.diagnostics.is_empty());
        for found in &manifest.diagnostics {
            let place = &found.location;
            let line = text.lines().nth(place.line - 1).unwrap().trim_start_matches('\u{feff}');
            let expected: String = line.chars().skip(place.column - 1).take(place.width).collect();
            let bytes = text.get(place.bytes.clone()).unwrap_or_else(|| panic!("{found}: {:?}", place.bytes));
            assert!(
                bytes.starts_with(&expected) || expected.starts_with(bytes),
                "{found}: {bytes:?}, {expected:?}"
            );
        }
    }
}
