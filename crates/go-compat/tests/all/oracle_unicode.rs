//! Unicode classes: every name, over the characters that Go knows.
//!
//! The engine's tables are newer than Go's, so characters that Go takes for unassigned stay out,
//! and so do those of [`CHANGED`].

use go_compat::GoRegex;
use serde_json::{Value, json};

use crate::oracle::{Oracle, QUESTIONS, Random, number};

/// Case variants of each other since Unicode 15.1; with an upper case since 16; in another category
/// since 16; and the one that Go forgets in `(?i)\p{LC}`.
const CHANGED: &str = "\u{390}\u{1fd3}\u{3b0}\u{1fe3}\u{fb05}\u{fb06} \u{19b}\u{264} \u{1171e} \u{345}";

/// How many characters are looked at together.
const CHUNK: usize = 20_000;

#[test]
fn unicode_classes() {
    if let Some(mut oracle) = Oracle::start() {
        let sample = if number("ORACLE_QUESTIONS", QUESTIONS) >= 1_000_000 { 1 } else { 400 };
        check(&mut oracle, &mut Random::new(number("ORACLE_SEED", 1), "unicode"), sample);
    }
}

/// Compares each class over one in `sample` characters.
fn check(oracle: &mut Oracle, random: &mut Random, sample: usize) {
    let all: Vec<String> = ('\0'..=char::MAX)
        .filter(|letter| letter.is_ascii() || random.once_in(sample))
        .filter(|letter| !CHANGED.contains(*letter))
        .map(String::from)
        .collect();
    let assigned = matches(oracle, r"\p{Assigned}", &all);
    let texts: Vec<String> =
        all.into_iter().zip(assigned).filter_map(|(text, assigned)| assigned.then_some(text)).collect();

    let mut answers = 0;
    for name in names() {
        for pattern in [format!(r"\p{{{name}}}"), format!(r"(?i)[^\P{{{name}}}]")] {
            let expected = matches(oracle, &pattern, &texts);
            let regex = GoRegex::new(&pattern).unwrap();
            for (text, expected) in texts.iter().zip(expected) {
                assert_eq!(regex.is_match(text), expected, "{pattern} {text:?}");
                answers += 1;
            }
        }
    }
    eprintln!("oracle: Unicode classes: {answers} answers over {} characters, 0 differences", texts.len());
}

fn matches(oracle: &mut Oracle, pattern: &str, texts: &[String]) -> Vec<bool> {
    let ask = |texts| json!({ "ask": "regex", "pattern": pattern, "texts": texts });
    let questions: Vec<Value> = texts.chunks(CHUNK).map(ask).collect();
    let flag = |answer: &Value| answer.as_bool().unwrap();
    let answers = oracle.ask(&questions);
    answers.iter().flat_map(|answer| answer["matches"].as_array().unwrap().iter().map(flag)).collect()
}

/// Every name in the tables of the source: what stands in quotes there and begins upper case.
fn names() -> Vec<&'static str> {
    let source = include_str!("../../src/regex/unicode.rs");
    let tables = source.split_once("const CATEGORIES").unwrap().1;
    let quoted = tables.split('"').skip(1).step_by(2).flat_map(|names| names.split([' ', '\\', '\n']));
    ["Any", "ASCII", "Assigned", "Cs"].into_iter().chain(quoted).filter(|name| !name.is_empty()).collect()
}
