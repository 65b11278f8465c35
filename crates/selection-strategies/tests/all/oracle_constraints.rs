//! Constraints: what is one, and what matches it (rules 2.6 to 2.10).

use selection_strategies::{Constraint, VersionRef};
use serde_json::{Value, json};

use crate::oracle::{self, Family, Random};
use crate::oracle_versions;

const FAMILY: Family = Family {
    name: "constraint",
    question: |random| {
        let constraint = text(random);
        let versions: Vec<String> = (0..8).map(|_| near(random, &constraint)).collect();
        json!({ "constraint": constraint, "versions": versions })
    },
    answer: |question| {
        let Ok(constraint) = Constraint::parse(question["constraint"].as_str().unwrap()) else {
            return Some(json!({ "error": true }));
        };
        let versions = question["versions"].as_array().unwrap();
        let matches: Vec<Value> = versions
            .iter()
            .map(|text| match VersionRef::parse(text.as_str().unwrap()) {
                Ok(version) => constraint.matches(version).into(),
                Err(_) => Value::Null,
            })
            .collect();
        Some(json!({ "matches": matches }))
    },
};

#[test]
fn constraints() {
    oracle::check(&FAMILY);
}

const OPERATORS: &[&str] = &["", "=", "!=", ">", "<", ">=", "=>", "<=", "=<", "~", "~>", "^"];

/// What people write.
const REAL: &[&str] = &[
    "^1.26.0",
    "^1.0.0-0",
    ">=1.0.0",
    ">=0.0.0-0",
    "*",
    "^1.x",
    "<3.20",
    "1.25-alpine",
    ">=1.0.0 <2.0.0",
    ">= 1.2, < 2.0.0-0",
    "~1.27.0 || ~1.29.0",
    "1.2 - 1.4.5",
    "latest",
    "main",
];

const NOISE: &str = "00129vxX*.-+|&=<>!~^, \t\n\u{b}\u{a0}é";

fn text(random: &mut Random) -> String {
    match random.below(10) {
        0 => random.repeat(0, 8, |random| {
            let glued = [random.pick(OPERATORS).to_owned(), random.character(NOISE).into()];
            glued.concat()
        }),
        1..=3 => {
            let groups = groups(random);
            random.mutate(&groups, NOISE)
        }
        4 => long(random),
        5 => {
            let real = random.pick(REAL);
            if random.once_in(2) { real.to_owned() } else { random.mutate(real, NOISE) }
        }
        _ => groups(random),
    }
}

fn groups(random: &mut Random) -> String {
    let mut text = group(random);
    while random.once_in(4) {
        text = text + random.pick(&["||", " || ", "|| ", " ||", "  ||\t"]) + &group(random);
    }
    text
}

fn group(random: &mut Random) -> String {
    let mut text = comparison(random);
    while random.once_in(3) {
        text = text + random.pick(&[" ", ",", ", ", " , ", "  ", ""]) + &comparison(random);
    }
    text
}

fn comparison(random: &mut Random) -> String {
    if random.once_in(8) {
        let hyphen = random.pick(&[" - ", " - ", "  -\t", "-", " -"]);
        return operand(random) + hyphen + &operand(random);
    }
    let operator = random.pick(OPERATORS).to_owned();
    operator + random.pick(&["", "", "", " ", "  "]) + &operand(random)
}

fn operand(random: &mut Random) -> String {
    if random.once_in(4) {
        return oracle_versions::version(random);
    }
    let field = |random: &mut Random| match random.below(12) {
        0 => random.pick(&["x", "X", "*"]).to_owned(),
        1 => random.pick(&["|", "1|2", "xx", "1x", "00", "*1", "18446744073709551616"]).to_owned(),
        _ => random.below(4).to_string(),
    };
    let mut text = random.pick(&["", "", "", "v"]).to_owned() + &field(random);
    for _ in 0..random.below(3) {
        text = text + "." + &field(random);
    }
    if random.once_in(5) {
        text += random.pick(&["-0", "-rc.1", "-alpha", "-1", "-01", "-a-b", "+b", "-rc+b.1"]);
    }
    text
}

/// Around the longest, or the most groups, that are read.
fn long(random: &mut Random) -> String {
    if random.once_in(2) {
        let count = 30 + random.below(5);
        let glue = random.pick(&["||", " || "]);
        return (0..count).map(|_| random.below(4).to_string()).collect::<Vec<_>>().join(glue);
    }
    let mut text = group(random);
    let length = random.pick(&[250, 505]) + random.below(12);
    let fill = random.pick(&[" ", " 1", ",1", "a", " || 1", " 1 - 2"]);
    while text.len() < length {
        text += fill;
    }
    text
}

/// A version near the numbers of the constraint, so that bounds are hit and just missed.
fn near(random: &mut Random, constraint: &str) -> String {
    if random.once_in(4) {
        return oracle_versions::version(random);
    }
    let digits = constraint.split(|byte: char| !byte.is_ascii_digit());
    let numbers: Vec<u64> = digits.filter_map(|digits| digits.parse().ok()).collect();
    let number = |random: &mut Random| -> u64 {
        let number = if numbers.is_empty() { 0 } else { random.pick(&numbers) };
        match random.below(4) {
            0 => number.saturating_add(1),
            1 => number.saturating_sub(1),
            _ => number,
        }
    };
    let (major, minor, patch) = (number(random), number(random), number(random));
    let suffix = random.pick(&["", "", "", "-0", "-rc.1", "-rc.2", "-alpha", "-1", "+b", "-rc.1+b"]);
    format!("{major}.{minor}.{patch}{suffix}")
}
