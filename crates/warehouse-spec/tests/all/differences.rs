//! The rows of `docs/src/differences.md` about manifests that no other test holds.

use warehouse_spec::{Code, Manifest, Options, SubscriptionKind, parse};

const HEAD: &str = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: demo\nspec:\n  subscriptions:\n";

fn read(text: &str) -> Manifest {
    parse("kargo.yaml", text, &Options::default())
}

#[track_caller]
fn codes(text: &str, expected: &[Code]) {
    let manifest = read(text);
    let found: Vec<Code> = manifest.diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(found, expected, "{text}: {:?}", manifest.diagnostics);
}

#[test]
fn a_bad_pattern_under_a_strategy_that_ignores_it_is_an_error() {
    let git = "  - git:\n      repoURL: https://host/a\n";
    codes(&format!("{HEAD}{git}      allowTagsRegexes: ['(']\n"), &[Code::NoEffect, Code::BadRegex]);
    codes(&format!("{HEAD}{git}      semverConstraint: a.b\n"), &[Code::NoEffect, Code::BadConstraint]);
    let digest =
        "  - image:\n      repoURL: nginx\n      imageSelectionStrategy: Digest\n      constraint: latest\n";
    codes(&format!("{HEAD}{digest}      ignoreTagsRegexes: ['(']\n"), &[Code::NoEffect, Code::BadRegex]);
    for strategy in ["Lexical", "NewestBuild"] {
        let image =
            format!("{HEAD}  - image:\n      repoURL: nginx\n      imageSelectionStrategy: {strategy}\n");
        for name in ["constraint", "semverConstraint"] {
            let bad = read(&format!("{image}      {name}: '['\n"));
            let found: Vec<Code> = bad.diagnostics.iter().map(|found| found.code).collect();
            assert!(found.contains(&Code::NoEffect) && found.contains(&Code::BadConstraint), "{found:?}");
            // A constraint, and a tag that `Digest` would follow.
            for text in ["^1", "latest", "v1.0-alpine"] {
                assert!(read(&format!("{image}      {name}: {text}\n")).is_valid(), "{text}");
            }
        }
        codes(&format!("{image}      constraint: ']['\n"), &[Code::NoEffect, Code::BadConstraint]);
    }
}

#[test]
fn directives_of_yaml_change_nothing() {
    let body = format!("---\n{HEAD}  - git:\n      repoURL: https://host/a\n      branch: on\n");
    for version in ["1.0", "1.1", "1.2", "1.3"] {
        codes(&format!("%YAML {version}\n{body}"), &[Code::WrongType]);
    }
}

/// Signs that mean something at the start of a line are a part of the text in a block, with an indentation indicator and without.
#[test]
fn blocks_with_signs_at_the_start_of_their_lines_are_read() {
    for (header, indentation) in [("|", 8), ("|2", 8), ("|2-", 8), ("|1+", 7), (">-", 9), (">3", 9)] {
        for sign in ["%", "%YAML 1.2", "%TAG ! x", "---", "...", "#", "- a", "? a"] {
            let line = " ".repeat(indentation);
            let block = format!("{line}true\n{line}{sign}\n");
            let text =
                format!("{HEAD}  - git:\n      repoURL: https://host/a\n      branch: {header}\n{block}");
            let manifest = read(&text);
            let spans = manifest.diagnostics.iter().any(|found| found.code == Code::Syntax);
            assert!(!spans, "{text}: {:?}", manifest.diagnostics);
        }
    }
}

#[test]
fn what_the_reader_of_yaml_is_stricter_about_is_an_error() {
    for text in ["a: \"x\ny\"\n", "a: 'x\n%y'\n", "a: |4\n  # c\nb: 1\n", "a: >4-\n\n  #\n"] {
        assert!(!read(text).is_valid(), "{text}");
    }
    for text in ["a: \"x\n y\"\n", "a: 'x\n %y'\n", "a: |\n# c\nb: 1\n"] {
        let manifest = read(text);
        assert!(manifest.diagnostics.iter().all(|found| found.code != Code::Syntax), "{text}");
    }
}

#[test]
fn more_than_64_levels_are_an_error() {
    let nested = |levels: usize| {
        format!(
            "{HEAD}  - name: one\n    thing:\n      config: {}{}\n",
            "{a: ".repeat(levels),
            "}".repeat(levels)
        )
    };
    codes(&nested(58), &[]);
    codes(&nested(65), &[Code::Limit]);
}

#[test]
fn single_bars_are_no_alternatives() {
    for (constraint, expected) in [("'|*|'", SINGLE), ("1|2", &[Code::BadConstraint]), ("'1 || 2'", &[])] {
        codes(&format!("{HEAD}  - image:\n      repoURL: nginx\n      constraint: {constraint}\n"), expected);
    }
}

const SINGLE: &[Code] = &[Code::BadConstraint];

#[test]
fn an_upper_case_image_and_a_slash_at_the_end_of_a_chart_are_taken() {
    codes(&format!("{HEAD}  - image:\n      repoURL: ghcr.io/MyOrg/app\n"), &[]);
    codes(&format!("{HEAD}  - chart:\n      repoURL: oci://ghcr.io/org/chart/\n"), &[Code::KargoRefuses]);
}

/// The fields that Kargo does not have are written only where they are on, so that a manifest without them stays as it was.
#[test]
fn extensions_of_charts_are_on_only_where_the_manifest_says_so() {
    for field in ["followDigests", "acceptV", "checkConfig"] {
        for (line, is_on) in [
            (String::new(), false),
            (format!("      {field}: false\n"), false),
            (format!("      {field}: true\n"), true),
        ] {
            let manifest = read(&format!("{HEAD}  - chart:\n      repoURL: oci://ghcr.io/org/chart\n{line}"));
            assert!(manifest.diagnostics.is_empty(), "{:?}", manifest.diagnostics);
            let written = serde_json::to_value(&manifest.warehouses[0].spec.subscriptions[0]).unwrap();
            let expected = is_on.then_some(serde_json::Value::Bool(true));
            assert_eq!(written["chart"].get(field), expected.as_ref(), "{written}");
            let SubscriptionKind::Chart(chart) = &manifest.warehouses[0].spec.subscriptions[0].kind else {
                panic!()
            };
            let accepts_v = chart.rule().unwrap().judge("v1.0.0").is_accepted();
            assert_eq!(accepts_v, is_on && field == "acceptV", "{line}");
        }
    }
    // Of a chart repository only the digests are a choice.
    for (field, code) in
        [("followDigests", None), ("acceptV", Some(Code::NoEffect)), ("checkConfig", Some(Code::NoEffect))]
    {
        let lines =
            format!("      repoURL: https://charts.example.com\n      name: web\n      {field}: true\n");
        codes(&format!("{HEAD}  - chart:\n{lines}"), code.as_slice());
    }
}
