//! YAML against the rows that Go's library gave, and what no row says: messages, limits, any value.

use helm_chart::go_yaml;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::vectors::{self, Report};

#[test]
fn every_row_is_written_as_go_writes_it() {
    let mut report = Report::new("go-yaml");
    for row in vectors::rows("go-yaml") {
        let answer = go_yaml::to_string(&row["value"]).map_err(|error| error.to_string());
        let agrees = match &row["yaml"] {
            Value::String(expected) => answer.as_ref() == Ok(expected),
            _ => answer.is_err() && row["error"].is_string(),
        };
        report.row(&row, agrees, answer);
    }
    report.finish();
}

#[test]
fn what_go_refuses_is_an_error_with_its_place_and_a_remedy() {
    let cases = [
        (
            json!({"annotations": {"note": "a\u{7f}"}}),
            "`annotations.note`: YAML does not allow the character U+007F",
            "remove the character",
        ),
        (
            json!({"sources": ["a", {"b": "\u{ffff}"}]}),
            "`sources[1].b`: YAML does not allow the character U+FFFF",
            "remove the character",
        ),
        (json!("\u{80}"), "YAML does not allow the character U+0080", "remove the character"),
        (json!({"a\u{85}b": 1}), r"`a\u{85}b`: the key holds the line break U+0085", "remove the character"),
        (
            json!({"k".repeat(1023): 1}),
            &format!("`{}`: the key is longer than YAML allows (1022 characters)", "k".repeat(60)),
            "shorten the key",
        ),
        (
            json!("a\u{85}--- b"),
            "a line of the text is a document marker of YAML (`---` or `...`) after U+0085",
            "replace U+0085 by a line feed (U+000A)",
        ),
    ];
    for (value, message, hint) in cases {
        let error = go_yaml::to_string(&value).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(error.hint(), Some(hint), "{message}");
    }
    // The remedies work.
    assert_eq!(go_yaml::to_string("a\n--- b").unwrap(), "|-\n  a\n  --- b\n");
    assert!(go_yaml::to_string(&json!({"k".repeat(1022): 1})).is_ok());
}

#[test]
fn depth_is_bounded() {
    let nested = |depth| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    assert!(go_yaml::to_string(&nested(go_yaml::MAX_DEPTH)).is_ok());
    let error = go_yaml::to_string(&nested(go_yaml::MAX_DEPTH + 1)).unwrap_err();
    assert_eq!(error.to_string(), "lists and maps stand more than 128 deep in each other");
}

#[test]
fn keys_whose_order_is_a_circle_are_written_the_same_each_time() {
    let value = json!({"10": 1, "1a": 2, "2": 3});
    let first = go_yaml::to_string(&value).unwrap();
    let reversed = value.as_object().unwrap().clone().into_iter().rev().collect::<serde_json::Map<_, _>>();
    assert_eq!(go_yaml::to_string(&reversed).unwrap(), first);
}

fn any_value() -> impl Strategy<Value = Value> {
    let text =
        prop_oneof![any::<String>(), "[ a:#\\-\n\t'\"\u{2028}\u{85}0-9]{0,100}", "([a-z]{1,9} ){0,40}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(text.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// No value panics; the output ends with a line break and has no tabs.
    #[test]
    fn any_value_is_written_or_refused(value in any_value()) {
        if let Ok(text) = go_yaml::to_string(&value) {
            prop_assert!(text.ends_with(['\n', '\u{2028}', '\u{2029}']), "{text:?}");
            prop_assert!(!text.contains('\t'), "{text:?}");
        }
    }

    /// Texts that the writer leaves without quotation marks are texts to a reader of YAML, too.
    #[test]
    fn texts_are_read_back(text in "[ -~\u{a0}-\u{2027}\u{202a}-\u{2fff}\n]{0,200}") {
        // U+2028 and U+2029 are line breaks to Go (YAML 1.1) and not to the reader (YAML 1.2).
        let value = json!({ "key": [text] });
        let written = go_yaml::to_string(&value).unwrap();
        let read = serde_saphyr::from_str::<Value>(&written).unwrap();
        prop_assert_eq!(read, value, "{}", written);
    }

    /// The same of what has a meaning at the start of a line: directives, documents, comments and lists.
    #[test]
    fn texts_with_signs_at_the_start_of_lines_are_read_back(text in "[ %\\-.#a:|>\n]{0,12}") {
        let value = json!({ "key": [text], "other": { "a": text } });
        let written = go_yaml::to_string(&value).unwrap();
        let read = serde_saphyr::from_str::<Value>(&written).unwrap();
        prop_assert_eq!(read, value, "{}", written);
    }
}
