//! What the documents say of the code.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use architecture::{root, rust_files};

/// Documents that name the test behind each of their claims.
const PROVEN: [&str; 2] = ["docs/src/cost.md", "docs/src/hostile.md"];

/// A name of fewer words may be anything's.
const WORDS_OF_A_TEST: usize = 4;

#[test]
fn the_tests_that_documents_name_exist() {
    let mut functions = BTreeSet::new();
    collect(&root().join("crates"), &mut functions);
    let mut missing = Vec::new();
    for document in PROVEN {
        let text = fs::read_to_string(root().join(document)).unwrap();
        let named: BTreeSet<&str> = text.split('`').skip(1).step_by(2).filter(|name| is_test(name)).collect();
        assert!(named.len() > 10, "{document} names hardly any test");
        missing.extend(
            named
                .into_iter()
                .filter(|name| !functions.contains(*name))
                .map(|name| format!("{document}: {name}")),
        );
    }
    assert!(missing.is_empty(), "tests that do not exist:\n{}", missing.join("\n"));
}

fn is_test(name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.bytes().all(is_word) && name.split('_').filter(|word| !word.is_empty()).count() >= WORDS_OF_A_TEST
}

/// The name of every function below this folder.
fn collect(folder: &Path, functions: &mut BTreeSet<String>) {
    for file in rust_files(folder).unwrap() {
        let text = fs::read_to_string(file).unwrap();
        let names = text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
        functions.extend(names.map(str::to_owned));
    }
}
