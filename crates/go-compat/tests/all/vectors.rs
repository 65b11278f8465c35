//! Reading the conformance vectors. The tests of other crates include this module by its path.

use std::fmt::Debug;
use std::io::Write;
use std::path::PathBuf;

/// The folder of the vectors: `CONFORMANCE_VECTORS` if set, otherwise the crate's own copy.
fn folder() -> PathBuf {
    match std::env::var_os("CONFORMANCE_VECTORS") {
        Some(folder) => folder.into(),
        None => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors")),
    }
}

/// The rows of one file.
#[track_caller]
pub fn rows(name: &str) -> Vec<serde_json::Value> {
    let path = folder().join(name).with_extension("jsonl");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Counts answers and mismatches of one file.
pub struct Report {
    name: &'static str,
    answers: usize,
    mismatches: Vec<String>,
}

impl Report {
    pub fn new(name: &'static str) -> Self {
        Self { name, answers: 0, mismatches: Vec::new() }
    }

    /// Notes one answer; `agrees` says whether it is the one of the vectors.
    pub fn row(&mut self, question: impl Debug, agrees: bool, answer: impl Debug) {
        self.answers += 1;
        if !agrees {
            self.mismatches.push(format!("{question:?} gives {answer:?}"));
        }
    }

    /// Prints the counts and fails on any mismatch.
    #[track_caller]
    pub fn finish(self) {
        let _ = writeln!(
            std::io::stderr(),
            "{}: {} answers, {} mismatches",
            self.name,
            self.answers,
            self.mismatches.len()
        );
        let shown = self.mismatches.iter().take(40).map(String::as_str).collect::<Vec<_>>();
        assert!(self.mismatches.is_empty(), "{}:\n{}", self.name, shown.join("\n"));
        assert!(self.answers > 0, "{}: no rows", self.name);
    }
}
