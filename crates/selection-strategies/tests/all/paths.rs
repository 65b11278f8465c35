//! Path selectors against the conformance vectors, and which selector a verdict names.

use crate::vectors::{Report, rows};
use proptest::prelude::*;
use selection_strategies::path::{PathSelector, PathSelectors, PathVerdict};

fn texts(list: &serde_json::Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

/// Rows of `paths`: Kargo's prefix matcher, and whole selector sets.
#[test]
fn vectors() {
    let mut report = Report::new("paths");
    for row in rows("paths") {
        if row["kind"] == "basedir" {
            let (base, path) = (row["base"].as_str().unwrap(), row["path"].as_str().unwrap());
            // The rows are about the matcher behind the prefixes.
            if ["glob:", "regex:", "regexp:"].iter().any(|prefix| base.starts_with(prefix)) {
                continue;
            }
            let answer = PathSelector::new(base).unwrap().is_match(path);
            report.row(("basedir", base, path), answer == row["match"], answer);
            continue;
        }
        let (include, exclude) = (texts(&row["include"]), texts(&row["exclude"]));
        match PathSelectors::new(&include, &exclude) {
            Err(error) => report.row((include, exclude), row["error"] == true, error),
            Ok(_) if row["error"] == true => report.row((include, exclude), false, "taken"),
            Ok(selectors) => {
                let paths = texts(&row["paths"]);
                let answer = selectors.judge_commit(&paths).is_accepted();
                report.row((include, exclude, paths), answer == row["matches"], answer);
            }
        }
    }
    report.finish();
}

#[track_caller]
fn case(selectors: &PathSelectors, path: &str, expected: &str) {
    assert_eq!(selectors.judge(path).to_string(), expected, "{path}");
}

#[test]
fn a_verdict_names_the_selector_that_decided() {
    let selectors = PathSelectors::new(
        ["apps", "glob:**/*.yaml", "glob:charts/**", "glob:docs/*.md", "regex:^Make"],
        ["apps/legacy", "glob:**/test/**", "glob:**/*.lock", "glob:vendor/**", "regexp:~$"],
    )
    .unwrap();
    case(&selectors, "apps/web/main.go", r#"included by "apps""#);
    case(&selectors, "apps/web/service.yaml", r#"included by "apps""#);
    case(&selectors, "charts/web/values.yaml", r#"included by "glob:**/*.yaml""#);
    case(&selectors, "charts/web/NOTES.txt", r#"included by "glob:charts/**""#);
    case(&selectors, "Makefile", r#"included by "regex:^Make""#);
    case(&selectors, "apps/legacy/main.go", r#"excluded by "apps/legacy""#);
    case(&selectors, "charts/test/a.yaml", r#"excluded by "glob:**/test/**""#);
    case(&selectors, "charts/a.yaml~", r#"excluded by "regexp:~$""#);
    case(&selectors, "README.md", "included by no selector");
    // Not included says more than excluded: Kargo asks the include list first.
    case(&selectors, "vendor/a.go", "included by no selector");
}

#[test]
fn no_include_list_includes_everything() {
    let selectors = PathSelectors::new([""; 0], ["glob:*.md"]).unwrap();
    case(&selectors, "a/b", "included: there is no include list");
    case(&selectors, "README.md", r#"excluded by "glob:*.md""#);
    assert!(!selectors.is_unrestricted());
    assert!(PathSelectors::new([""; 0], [""; 0]).unwrap().is_unrestricted());
}

#[test]
fn errors_name_the_selector_and_their_cause() {
    let error = PathSelectors::new(["a", "glob:[a"], [""; 0]).unwrap_err();
    assert_eq!(error.selector(), "glob:[a");
    assert_eq!(error.to_string(), r#"invalid path selector "glob:[a""#);
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("[a"));
    assert_eq!(PathSelector::new("regexp:(").unwrap_err().selector(), "regexp:(");
}

#[test]
fn paths_are_bytes() {
    let path = b"apps/caf\xe9/values.yaml";
    for selector in ["apps", "glob:apps/*/*.yaml", "glob:apps/caf?/**", r"regex:\.yaml$"] {
        assert!(PathSelector::new(selector).unwrap().is_match(path), "{selector}");
    }
}

/// Selectors of every kind, valid or not.
fn selector() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab./]{0,6}",
        r"glob:[ab/*?{},!\[\]\\]{0,14}",
        r"glob:(\*\*/)?[ab*?]{1,3}(/[ab*?]{1,3}|/\*\*|\{a,b/\*\*\}|\[!ab\]){0,3}",
        "regex:[ab/.*]{0,6}",
    ]
}

fn path() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[ab]{1,3}(/[ab.]{1,3}){0,4}".prop_map(String::into_bytes),
        proptest::collection::vec(prop_oneof![Just(b'a'), Just(b'/'), any::<u8>()], 0..12),
    ]
}

fn valid(texts: &[String]) -> Vec<PathSelector> {
    texts.iter().filter_map(|text| PathSelector::new(text).ok()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// A set is quicker than asking every selector, and says the same.
    #[test]
    fn a_set_agrees_with_its_selectors(
        include in proptest::collection::vec(selector(), 0..12),
        exclude in proptest::collection::vec(selector(), 0..12),
        paths in proptest::collection::vec(path(), 1..12),
    ) {
        let (include, exclude) = (valid(&include), valid(&exclude));
        let set = PathSelectors::from_selectors(include.clone(), exclude.clone());
        for path in &paths {
            let first = |list: &[PathSelector]| list.iter().position(|one| one.is_match(path));
            let expected = match (first(&include), first(&exclude)) {
                (None, _) if !include.is_empty() => PathVerdict::NotIncluded,
                (_, Some(by)) => PathVerdict::Excluded { by: &exclude[by] },
                (by, None) => PathVerdict::Included { by: by.map(|by| &include[by]) },
            };
            prop_assert_eq!(set.judge(path), expected, "{:?}", path);
        }
        let chosen = paths.iter().any(|path| set.judge(path).is_included());
        prop_assert_eq!(set.judge_commit(&paths).is_accepted(), chosen);
    }

    #[test]
    fn excluding_wins(one in selector(), path in path()) {
        if let Ok(selector) = PathSelector::new(&one) {
            let set = PathSelectors::from_selectors(vec![selector.clone()], vec![selector]);
            prop_assert!(!set.judge(path).is_included());
        }
    }
}
