//! Selectors without prefix (rule 4.4).

use selection_strategies::path::PathSelector;
use serde_json::json;

use crate::oracle::{self, Family, Random};

const FAMILY: Family = Family {
    name: "base",
    question: |random| {
        let base = path(random);
        let paths: Vec<String> = (0..8)
            .map(|_| match random.below(3) {
                0 => path(random),
                1 => format!("{base}/{}", path(random)),
                _ => random.mutate(&base, "ab/."),
            })
            .collect();
        json!({ "base": base, "paths": paths })
    },
    answer: |question| {
        let base = question["base"].as_str().unwrap();
        let selector = PathSelector::new(base).unwrap();
        let paths = question["paths"].as_array().unwrap();
        let matches: Vec<bool> = paths.iter().map(|path| selector.is_match(path.as_str().unwrap())).collect();
        Some(json!({ "matches": matches }))
    },
};

#[test]
fn paths() {
    oracle::check(&FAMILY);
}

fn path(random: &mut Random) -> String {
    random.repeat(0, 6, |random| {
        random.pick(&["a", "b", "ab", "/", "/", "/", ".", "..", "./", "../", "é", " "]).into()
    })
}
