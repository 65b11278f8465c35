//! A chart: its three files in one input, separated by NUL. Every finding has a place in its file and a rule of the table.

#![no_main]

use chart_lint::{Options, Rule, lint_chart};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let names = ["Chart.yaml", "values.yaml", "Chart.lock"];
    let files = names.into_iter().zip(bytes.split(|byte| *byte == 0)).collect::<Vec<_>>();
    let options = Options::default().deployed(true).release(true);
    for finding in lint_chart("", files.iter().copied(), &options) {
        let file = files.iter().find(|(name, _)| *name == &*finding.location.source);
        let lines = file.map_or(1, |(_, bytes)| 1 + bytes.iter().filter(|byte| **byte == b'\n').count());
        assert!((1..=lines).contains(&finding.location.line) && finding.location.column >= 1, "{finding:?}");
        assert!(Rule::named(finding.code).is_some());
        let _ = finding.to_string();
    }
});
