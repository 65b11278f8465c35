//! `Chart.yaml` and `.helmignore` against the rows that Helm and Go gave.

use helm_chart::{Chart, ChartFile, HelmIgnore};
use serde_json::Value;

use crate::vectors::{self, Report};

#[test]
fn fields_are_those_that_helm_reads() {
    let mut report = Report::new("chart-yaml");
    for row in vectors::rows("chart-yaml") {
        let text = row["text"].as_str().unwrap();
        let file = ChartFile { path: "Chart.yaml".into(), bytes: text.into() };
        let answer = Chart::from_files(vec![file]).map_err(|error| error.to_string());
        let fields = answer.map(|chart| serde_json::to_value(chart.metadata()).unwrap());
        let agrees = match &row["fields"] {
            Value::Null => fields.is_err(),
            expected => fields.as_ref() == Ok(expected),
        };
        report.row(&row, agrees, fields);
    }
    report.finish();
}

#[test]
fn patterns_match_as_in_go() {
    let mut report = Report::new("helmignore");
    for row in vectors::rows("helmignore") {
        let [pattern, name, expected] =
            ["pattern", "name", "answer"].map(|field| row[field].as_str().unwrap());
        let answer = match HelmIgnore::parse(pattern.as_bytes()) {
            Err(_) => "bad".to_owned(),
            // From the root, so that the whole path counts.
            Ok(_) => match HelmIgnore::parse(format!("/{pattern}").as_bytes()) {
                Ok(rules) => rules.ignores(name, false).to_string(),
                Err(error) => error.to_string(),
            },
        };
        report.row(&row, answer == expected, &answer);
    }
    report.finish();
}
