//! A Dockerfile: whatever it is made of, every finding has a place in it and a rule of the table.

#![no_main]

use chart_lint::{Options, Rule, lint_dockerfile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let lines = text.split('\n').count();
    for finding in lint_dockerfile("Dockerfile", text, &Options::default()) {
        assert!((1..=lines).contains(&finding.location.line) && finding.location.column >= 1, "{finding:?}");
        assert!(Rule::named(finding.code).is_some());
        let _ = finding.to_string();
    }
});
