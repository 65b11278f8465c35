//! Globs: what is one, and what it matches (rule 4.4).

use go_compat::Glob;
use serde_json::json;

use crate::oracle::{self, Family, Random};

const FAMILY: Family = Family {
    name: "glob",
    question: |random| {
        let pattern = pattern(random);
        let paths: Vec<String> = (0..8).map(|_| near(random, &pattern)).collect();
        json!({ "pattern": pattern, "paths": paths })
    },
    answer: |question| {
        let Ok(glob) = Glob::new(question["pattern"].as_str().unwrap()) else {
            return Some(json!({ "error": true }));
        };
        let paths = question["paths"].as_array().unwrap();
        let matches: Vec<bool> = paths.iter().map(|path| glob.is_match(path.as_str().unwrap())).collect();
        Some(json!({ "matches": matches }))
    },
};

#[test]
fn globs() {
    oracle::check(&FAMILY);
}

/// Everything that means something to a pattern, few letters, and what UTF-8 makes of more.
const SIGNS: &str = "ab/*?[]{},!^-\\.é日\u{fffd}\u{10ffff}";

fn pattern(random: &mut Random) -> String {
    match random.below(6) {
        0 => random.repeat(0, 12, |random| random.character(SIGNS).into()),
        1 | 2 => {
            let pattern = parts(random, 2);
            random.mutate(&pattern, SIGNS)
        }
        _ => parts(random, 3),
    }
}

fn parts(random: &mut Random, depth: usize) -> String {
    random.repeat(0, 5, |random| part(random, depth))
}

fn part(random: &mut Random, depth: usize) -> String {
    match random.below(16) {
        0 | 1 => "*".into(),
        2 => "?".into(),
        3 => "**/".into(),
        4 => "/**".into(),
        5 => "/**/".into(),
        6 => random.pick(&["**", "***", "a**", "**b", "\\*", "\\", "\\/", "\\{", "\\,"]).into(),
        7 => random
            .pick(&[
                "[a]", "[!a]", "[^b]", "[a-b]", "[a-]", "[-a]", "[/]", "[\\]]", "[,]", "[{]", "[}]",
                "[é-日]", "[b-a]",
            ])
            .into(),
        8 | 9 if depth > 0 => {
            let count = 1 + random.below(3);
            let alternatives: Vec<String> = (0..count).map(|_| parts(random, depth - 1)).collect();
            format!("{{{}}}", alternatives.join(","))
        }
        10..=12 => "/".into(),
        _ => random.character("aabbé.").into(),
    }
}

/// A path that the pattern may match: its signs taken literally or filled in, or letters at random.
fn near(random: &mut Random, pattern: &str) -> String {
    if random.once_in(4) {
        return random.repeat(0, 8, |random| random.character("aabb//é.,日{}\u{fffd}").into());
    }
    let path: String = pattern
        .chars()
        .map(|sign| match sign {
            '*' => random.pick(&["", "a", "b", "ab", "a/b", "/"]).to_owned(),
            '?' => random.pick(&["a", "é", "/"]).to_owned(),
            '[' | ']' | '{' | '}' | ',' | '!' | '^' | '\\' | '-' if !random.once_in(6) => String::new(),
            _ if random.once_in(12) => String::new(),
            other => other.into(),
        })
        .collect();
    if random.once_in(3) { random.mutate(&path, "ab/é") } else { path }
}
