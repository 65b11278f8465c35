//! Go's regular expressions: against the conformance vectors, and what holds for every pattern.

use go_compat::{GoRegex, GoRegexError};
use proptest::prelude::*;
use serde_json::Value;

use crate::patterns::pattern;
use crate::vectors::{Report, rows};

#[test]
fn regex() {
    let mut report = Report::new("regex");
    for row in rows("regex") {
        let pattern = row["pattern"].as_str().unwrap();
        let regex = match GoRegex::new(pattern) {
            Ok(regex) => regex,
            Err(error) => {
                report.row(pattern, row["error"] == true, error);
                continue;
            }
        };
        report.row(pattern, row["error"].is_null(), &regex);
        for (key, expected) in [("match", true), ("nomatch", false)] {
            for text in texts(&row[key]) {
                let answer = regex.is_match(text);
                report.row((pattern, text), answer == expected, answer);
                let answer = regex.is_match_bytes(text.as_bytes());
                report.row((pattern, text, "bytes"), answer == expected, answer);
            }
        }
    }
    report.finish();
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(|text| text.as_str().unwrap()).collect()
}

#[test]
fn bounds_of_patterns() {
    assert!(matches!(GoRegex::new(&"a".repeat(16 * 1024 + 1)), Err(GoRegexError::TooLong { .. })));
    assert!(matches!(GoRegex::new(r"(\pL{10}){100}\pL{1000}"), Err(GoRegexError::TooLarge { .. })));
    assert!(matches!(GoRegex::new(&"(".repeat(16 * 1024)), Err(GoRegexError::Syntax { .. })));

    let nested = |open: &str, close: &str, depth| format!("{}a{}", open.repeat(depth), close.repeat(depth));
    assert!(GoRegex::new(&nested("(", ")", 999)).is_ok());
    assert!(matches!(GoRegex::new(&nested("(", ")", 1000)), Err(GoRegexError::Syntax { .. })));
    assert!(GoRegex::new(&nested("(?:", ")", 4000)).is_ok());
    assert!(GoRegex::new(&nested("(?:", "|b)", 100)).is_ok());
    assert!(matches!(GoRegex::new(&nested("(?:", "|b)*", 400)), Err(GoRegexError::TooLarge { .. })));
}

/// To the engine alone, `\B` holds between the bytes of a character.
#[test]
fn a_boundary_is_between_characters() {
    #[track_caller]
    fn matches(pattern: &str, text: &str, expected: bool) {
        assert_eq!(GoRegex::new(pattern).unwrap().is_match(text), expected, "{pattern} {text:?}");
    }
    matches(r"\B|.{2}", "Bς2", true);
    matches(r"\B", "aςa", false);
    matches(r"\B", "aς", true);
    matches(r"^\B|ς", "aς", true);
    matches(r"a\Bς|a", "aς", true);
    matches(r"\Q(?-u:\B)\E", r"(?-u:\B)", true);
}

proptest! {
    /// Patterns that mean the same to both engines: the translation must not change them.
    #[test]
    fn a_translation_means_what_the_pattern_meant(pattern in pattern(), texts in proptest::collection::vec(text(), 20)) {
        let (Ok(translated), Ok(direct)) = (GoRegex::new(&pattern), regex::Regex::new(&pattern)) else {
            return Ok(());
        };
        for text in texts {
            prop_assert_eq!(translated.is_match(&text), direct.is_match(&text), "{:?} {:?}", pattern, text);
        }
    }

    /// Each byte that is not UTF-8 reads as one U+FFFD.
    #[test]
    fn bytes_that_are_no_text_count_one_by_one(bytes in proptest::collection::vec(any::<u8>(), 0..8)) {
        let length = GoRegex::new(&format!("(?s)^.{{{}}}$", characters(&bytes))).unwrap();
        prop_assert!(length.is_match_bytes(&bytes));
    }

    #[test]
    fn no_pattern_panics(text in any::<String>(), odd in r"[\\\[\](){}^$|?*+.,:<>=!~xXvPpQEidswbB0-9a-c -]{0,24}") {
        for text in [&text, &odd] {
            let _ = GoRegex::new(text).map(|regex| regex.is_match(&odd));
        }
    }
}

/// The number of characters as Go counts them.
fn characters(bytes: &[u8]) -> usize {
    bytes.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum()
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-cA-C01\n -]{0,6}", "[a-cA-Cé-íſK\n]{0,5}", "[0-9a-z.-]{0,12}"]
}
