//! Globs against the conformance vectors and against properties that no row can show.

use crate::vectors::{Report, rows};
use go_compat::Glob;
use proptest::prelude::*;

/// Rows of `globs`: what doublestar's validator and matcher answer.
#[test]
fn vectors() {
    let mut report = Report::new("globs");
    for row in rows("globs") {
        let pattern = row["pattern"].as_str().unwrap();
        let Ok(glob) = Glob::new(pattern) else {
            report.row(pattern, row["error"] == true, "refused");
            continue;
        };
        report.row(pattern, row["error"] != true, "taken");
        for (list, expected) in [("match", true), ("nomatch", false)] {
            for path in row[list].as_array().into_iter().flatten() {
                let path = path.as_str().unwrap();
                report.row((pattern, path), glob.is_match(path) == expected, !expected);
            }
        }
    }
    report.finish();
}

#[track_caller]
fn case(pattern: &str, matching: &[&str], others: &[&str]) {
    let glob = Glob::new(pattern).unwrap();
    for path in matching {
        assert!(glob.is_match(path), "{pattern} should match {path:?}");
    }
    for path in others {
        assert!(!glob.is_match(path), "{pattern} should not match {path:?}");
    }
}

#[test]
fn doublestar_stands_for_whole_segments() {
    case("a/**", &["a", "a/", "a/b", "a/b/c"], &["ab", "b/a", ""]);
    case("**/a", &["a", "b/a", "c/b/a"], &["ba", "a/b"]);
    case("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["ab", "a/xb"]);
    case("a**/b", &["a/b", "ax/b"], &["a/x/b"]);
}

#[test]
fn a_class_can_match_the_separator() {
    case("a[!x]b", &["a/b", "ayb", "aéb"], &["axb", "ab"]);
}

#[test]
fn an_alternation_begins_a_segment() {
    case("a{**/b,c}", &["axx/b", "ay/x/b", "ac"], &["a/c"]);
    case("a**/b", &["axx/b"], &["ay/x/b"]);
}

#[test]
fn broken_bytes_are_one_code_point_each() {
    let glob = Glob::new("a?.txt").unwrap();
    assert!(glob.is_match(b"a\xff.txt"));
    assert!(!glob.is_match(b"a\xff\xfe.txt"));
    assert!(Glob::new("a\u{fffd}").unwrap().is_match(b"a\xc3"));
}

#[test]
fn patterns_that_invite_exponential_work_come_to_an_end() {
    let paths = ["a".repeat(60), "a/".repeat(30) + "b", "ab".repeat(40)];
    for part in ["{a,a}", "{aa,a}", "{,a,a}", "*a", "**/a", "{*,?}", "{a,?}", "{{a,?},*{a,b}}"] {
        for end in ["", "x", "[!a]"] {
            let pattern = format!("*{}{end}", part.repeat(40));
            let glob = Glob::new(&pattern).unwrap();
            for path in &paths {
                let _ = glob.is_match(path);
            }
        }
    }
    case(&"{aa,a}".repeat(40), &[&"a".repeat(41)], &[&"a".repeat(39), &"a".repeat(81)]);
}

#[test]
fn deep_and_long_patterns_do_not_exhaust_the_stack() {
    let nested = "{".repeat(50_000) + &"}".repeat(50_000);
    let _ = Glob::new(&nested).unwrap().is_match("a");
    let _ = Glob::new(&"{a}".repeat(30_000)).unwrap().is_match("a".repeat(30_000));
    let _ = Glob::new(&"{,a}".repeat(30_000)).unwrap().is_match("a");
}

/// Doublestar's definition for patterns without alternations and classes, written to be obviously
/// right for paths without empty segments: what a segment matches, and how segments are skipped.
fn reference(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern, path) {
        (["**"], _) => true,
        (["**", rest @ ..], _) => (0..=path.len()).any(|skipped| reference(rest, &path[skipped..])),
        ([first, rest @ ..], [name, names @ ..]) => {
            let first: Vec<char> = first.chars().collect();
            let name: Vec<char> = name.chars().collect();
            segment(&first, &name) && reference(rest, names)
        }
        ([], []) => true,
        _ => false,
    }
}

fn segment(pattern: &[char], name: &[char]) -> bool {
    match (pattern, name) {
        (['*', rest @ ..], _) => (0..=name.len()).any(|taken| segment(rest, &name[taken..])),
        (['?', rest @ ..], [_, names @ ..]) => segment(rest, names),
        ([wanted, rest @ ..], [found, names @ ..]) => wanted == found && segment(rest, names),
        ([], []) => true,
        _ => false,
    }
}

proptest! {
    #[test]
    fn never_panics(pattern in ".{0,40}", path in proptest::collection::vec(any::<u8>(), 0..40)) {
        if let Ok(glob) = Glob::new(&pattern) {
            let _ = glob.is_match(&path);
        }
    }

    #[test]
    fn never_panics_on_special_characters(
        pattern in r"[*?\[\]{},!^/\\ab-]{0,24}", path in "[ab/,]{0,16}",
    ) {
        if let Ok(glob) = Glob::new(&pattern) {
            let _ = glob.is_match(&path);
        }
    }

    #[test]
    fn plain_patterns_match_as_defined(
        pattern in proptest::collection::vec("[ab?é*]{1,4}", 1..6),
        path in proptest::collection::vec("[abé]{1,4}", 1..6),
    ) {
        // A star before a trailing `/**` is where doublestar differs: there it has to
        // match something. `**` stands where it is a segment.
        let pattern: Vec<&str> = pattern
            .iter()
            .map(|part| if part.starts_with('*') && part.len() > 1 { "**" } else { part })
            .collect();
        let text = pattern.join("/");
        let star_before_end = text.contains("**/**") || text.contains("*/**") ;
        prop_assume!(!star_before_end && !pattern.iter().any(|part| *part != "**" && part.contains("**")));
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        prop_assert_eq!(
            Glob::new(&text).unwrap().is_match(path.join("/")),
            reference(&pattern, &names),
            "{} on {}", text, path.join("/")
        );
    }

    #[test]
    fn a_literal_matches_itself_only(path in ".{0,20}", other in ".{0,20}") {
        let escaped: String = path.chars().flat_map(|character| ['\\', character]).collect();
        let glob = Glob::new(&escaped).unwrap();
        prop_assert!(glob.is_match(&path));
        prop_assert_eq!(glob.is_match(&other), path == other);
    }
}
