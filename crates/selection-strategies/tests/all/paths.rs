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

#[test]
fn selectors_that_contain_others() {
    for (one, other, expected) in [
        ("apps", "apps/web", true),
        ("apps", "apps", true),
        ("./apps/", "apps/web", true),
        ("", "apps", true),
        (".", "glob:**", true),
        ("apps", "glob:apps/*/values.yaml", true),
        ("apps", "glob:apps/web", true),
        ("apps", "regex:^apps/web/", true),
        ("glob:apps/**", "apps/web", true),
        ("glob:apps/**", "apps", true),
        ("glob:**", "regex:x", true),
        ("regex:.*", "apps", true),
        ("regex:^apps/", "apps", true),
        ("regex:^apps/.*", "apps/web", true),
        ("regex:^apps/", "glob:apps/web/*", true),
        ("glob:*.md", "glob:*.md", true),
        ("apps/web", "apps", false),
        ("app", "apps", false),
        ("apps", "glob:*/web", false),
        ("apps", "glob:apps*", false),
        ("apps", "regex:apps/web", false),
        ("apps", "regex:^apps/|docs", false),
        ("apps", "regex:^apps/?x", false),
        ("glob:apps/*", "apps/web", false),
        ("glob:apps/**/*.md", "apps/web", false),
        ("regex:^apps.web", "apps/web", false),
        ("apps", "apps/a..b", false),
        ("regex:^a/b$", "a/b", false),
    ] {
        let [selector, contained] = [one, other].map(|text| PathSelector::new(text).unwrap());
        assert_eq!(selector.contains_all_of(&contained), expected, "{one} {other}");
    }
}

#[test]
fn paths_in_other_letters() {
    let selectors =
        PathSelectors::new(["Apps/Web", "docs", "glob:X/**"], ["Docs", "glob:**/README"]).unwrap();
    for (path, expected) in [
        ("apps/web/a", Some(("Apps/Web", "apps/web"))),
        ("Apps/web/a", Some(("Apps/Web", "Apps/web"))),
        ("apps", Some(("Apps/Web", "apps"))),
        ("DOCS", Some(("docs", "DOCS"))),
        ("Apps", None),
        ("apps/website", None),
        ("apps/wEb2/a", None),
        ("app", None),
        ("docs/a", None),
        ("x/a", None),
        ("apps/web/README", None),
    ] {
        let found = selectors
            .other_case(path, |_| false)
            .map(|near| (near.selector.as_str(), std::str::from_utf8(near.found).unwrap()));
        assert_eq!(found, expected, "{path}");
        // What exists as the selector spells it is another path.
        assert_eq!(selectors.other_case(path, |_| true), None, "{path}");
    }
}

proptest! {
    /// What is contained is selected by what contains it.
    #[test]
    fn a_selector_contains_what_it_says(
        one in "(glob:|regex:\\^?|)[ab/*.]{0,6}",
        other in "(glob:|regex:\\^?|)[ab/*.|?]{0,6}",
        path in "[ab]{1,2}(/[ab.]{1,2}){0,3}",
    ) {
        let (Ok(one), Ok(other)) = (PathSelector::new(&one), PathSelector::new(&other)) else { return Ok(()) };
        let is_a_folder = other.as_str() == path || !path.contains('/');
        if one.contains_all_of(&other) && other.is_match(&path) && !path.contains("..") && !is_a_folder {
            prop_assert!(one.is_match(&path), "{one} {other} {path}");
        }
    }
}
