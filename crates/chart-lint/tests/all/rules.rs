//! The table of rules, and the example of each.

use std::collections::BTreeSet;

use chart_lint::{Finding, Options, Rule, Subject, lint_chart, lint_dockerfile};

const CHART: &str =
    "apiVersion: v2\nname: web\nversion: 1.4.0\nappVersion: \"2.3.1\"\nicon: https://example.com/web.svg\n";
const LIBRARY: &str = "apiVersion: v2\nname: web\nversion: 1.4.0\ntype: library\n";
const VALUES: &str =
    "image:\n  repository: example/web\nresources: {}\nsecurityContext:\n  runAsNonRoot: true\n";
const TEMPLATE: &str = "kind: Deployment\n";

/// The findings of a file, in a chart that is otherwise in order.
pub fn lint(file: &str, text: &str, options: &Options) -> Vec<Finding> {
    if file == "Dockerfile" {
        return lint_dockerfile(file, text, options);
    }
    let mut files =
        vec![("Chart.yaml", CHART), ("values.yaml", VALUES), ("templates/deployment.yaml", TEMPLATE)];
    if file.starts_with("templates/") {
        files = vec![("Chart.yaml", LIBRARY), ("values.yaml", "")];
        // What defines named templates has a name of its own.
        if text.starts_with("{{- define") {
            files.push(("templates/_deployment.yaml", text));
        } else {
            files.push((file, text));
        }
    } else {
        files.retain(|(name, _)| *name != file);
        files.push((file, text));
    }
    lint_chart("charts/web", files.iter().map(|(name, text)| (*name, text.as_bytes())), options)
}

#[test]
fn each_example_has_its_finding_before_and_none_after() {
    let options = Options::default().deployed(true).release(true);
    let mut wrong = Vec::new();
    for rule in Rule::all() {
        let before = lint(rule.example.file, rule.example.before, &options);
        let after = lint(rule.example.file, rule.example.after, &options);
        let names = before.iter().map(|finding| finding.code).collect::<Vec<_>>();
        if names != [rule.name] || !after.is_empty() {
            wrong.push(format!("{}: before {before:#?}, after {after:#?}", rule.name));
        }
        for finding in before {
            assert_eq!(finding.severity, rule.severity, "{}", rule.name);
            assert!(finding.location.line >= 1 && finding.location.column >= 1);
            assert!(!finding.message.is_empty() && finding.help.is_some());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rules_with_an_option_need_it() {
    for rule in Rule::all().filter(|rule| rule.option.is_some()) {
        assert_eq!(lint(rule.example.file, rule.example.before, &Options::default()), [], "{}", rule.name);
    }
}

#[test]
fn names_are_unique_and_in_kebab_case() {
    let names = Rule::all().map(|rule| rule.name).collect::<BTreeSet<_>>();
    assert_eq!(names.len(), Rule::all().count());
    for rule in Rule::all() {
        let is_kebab = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        assert!(rule.name.bytes().all(is_kebab), "{}", rule.name);
        assert_eq!(Rule::named(rule.name), Some(rule));
        assert!(
            rule.explanation.ends_with('.') && !rule.summary.ends_with('.') && !rule.remedy.ends_with('.')
        );
    }
    assert_eq!(Rule::named("no-such-rule"), None);
    assert!(Rule::all().any(|rule| rule.subject == Subject::Waiver));
}

#[test]
fn a_finding_is_json() {
    let findings = lint("Dockerfile", "FROM debian:12.8-slim\nEXPOSE 80\nUSER 1000\n", &Options::default());
    let expected = serde_json::json!([{
        "rule": "privileged-port",
        "severity": "warning",
        "file": "Dockerfile",
        "line": 2,
        "column": 8,
        "reason": "the port 80 is below 1024",
        "remedy": "listen on a port from 1024, such as 8080; a Service may still offer 80",
    }]);
    assert_eq!(serde_json::to_value(findings).unwrap(), expected);
}
