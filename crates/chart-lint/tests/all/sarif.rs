//! The log of SARIF, against what its JSON schema requires.

use chart_lint::sarif::{RuleText, Tool, log};
use chart_lint::sarif_tool;
use chart_lint::{Options, Rule, Severity, lint_dockerfile};
use diagnostics::{Diagnostic, Location};
use serde_json::{Value, json};

/// The objects of the schema that we write: where they are, their required properties, and their properties that we use.
/// From <https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json>.
const OBJECTS: &[(&str, &[&str], &[&str])] = &[
    ("", &["version", "runs"], &["$schema"]),
    ("/runs/*", &["tool"], &["results", "columnKind"]),
    ("/runs/*/tool", &["driver"], &[]),
    ("/runs/*/tool/driver", &["name"], &["semanticVersion", "informationUri", "rules"]),
    (
        "/runs/*/tool/driver/rules/*",
        &["id"],
        &["shortDescription", "fullDescription", "help", "defaultConfiguration"],
    ),
    ("/runs/*/tool/driver/rules/*/shortDescription", &["text"], &[]),
    ("/runs/*/tool/driver/rules/*/fullDescription", &["text"], &[]),
    ("/runs/*/tool/driver/rules/*/help", &["text"], &[]),
    ("/runs/*/tool/driver/rules/*/defaultConfiguration", &[], &["level"]),
    ("/runs/*/results/*", &["message"], &["ruleId", "ruleIndex", "level", "locations"]),
    ("/runs/*/results/*/message", &["text"], &[]),
    ("/runs/*/results/*/locations/*", &[], &["physicalLocation"]),
    ("/runs/*/results/*/locations/*/physicalLocation", &[], &["artifactLocation", "region"]),
    ("/runs/*/results/*/locations/*/physicalLocation/artifactLocation", &[], &["uri"]),
    ("/runs/*/results/*/locations/*/physicalLocation/region", &[], &["startLine", "startColumn"]),
];

fn check(path: &str, value: &Value) {
    match value {
        Value::Array(items) => {
            for item in items {
                check(&format!("{path}/*"), item);
            }
        }
        Value::Object(fields) => {
            let row = OBJECTS.iter().find(|(place, ..)| *place == path);
            let (_, required, optional) = row.unwrap_or_else(|| panic!("no object at {path}"));
            for name in *required {
                assert!(fields.contains_key(*name), "{path} has no {name}");
            }
            for (name, value) in fields {
                assert!(
                    required.contains(&name.as_str()) || optional.contains(&name.as_str()),
                    "{path}/{name}"
                );
                check(&format!("{path}/{name}"), value);
            }
        }
        Value::Number(number) => assert!(number.as_u64().is_some(), "{path}"),
        Value::String(text) => assert!(!text.is_empty(), "{path} is empty"),
        _ => {}
    }
    if path.ends_with("/level") {
        assert!(matches!(value.as_str(), Some("none" | "note" | "warning" | "error")));
    }
}

#[test]
fn a_log_has_what_the_schema_requires() {
    let findings =
        lint_dockerfile("images/a b/Dockerfile", "FROM debian\nENV API_TOKEN=x\n", &Options::default());
    let json = serde_json::to_value(log(&sarif_tool(), &findings)).unwrap();
    check("", &json);
    let run = &json["runs"][0];
    assert_eq!(json["version"], "2.1.0");
    assert_eq!(run["tool"]["driver"]["rules"].as_array().unwrap().len(), Rule::all().count());
    assert_eq!(run["results"].as_array().unwrap().len(), findings.len());
    let secret =
        run["results"].as_array().unwrap().iter().find(|it| it["ruleId"] == "secret-in-image").unwrap();
    let index = secret["ruleIndex"].as_u64().unwrap().try_into().unwrap();
    assert_eq!(Rule::all().nth(index).unwrap().name, "secret-in-image");
    assert_eq!(secret["level"], "error");
    assert_eq!(
        secret["locations"][0]["physicalLocation"],
        json!({"artifactLocation": {"uri": "images/a%20b/Dockerfile"}, "region": {"startLine": 2, "startColumn": 5}})
    );
}

#[test]
fn another_tool_writes_its_own_log() {
    let tool = Tool::new("manifest-lint", "0.1.0", "https://example.com").with_rules([RuleText::new(
        "a-rule",
        Severity::Note,
        "A",
        "B.",
        "C",
    )]);
    let problems = [
        Diagnostic::new(Severity::Warning, "a-rule", Location::of_file(".\\warehouse.yaml"), "", "wrong"),
        Diagnostic::new(Severity::Error, "another", Location::new("./ü.yaml", 3, 1), "", "wrong"),
    ];
    let json = serde_json::to_value(log(&tool, &problems)).unwrap();
    check("", &json);
    let results = &json["runs"][0]["results"];
    assert_eq!(results[0]["ruleIndex"], 0);
    assert_eq!(
        results[0]["locations"][0]["physicalLocation"],
        json!({"artifactLocation": {"uri": "warehouse.yaml"}})
    );
    assert_eq!(results[1].get("ruleIndex"), None);
    assert_eq!(results[1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "%C3%BC.yaml");
    // Nothing found is a log, too.
    check("", &serde_json::to_value(log::<&str>(&tool, [])).unwrap());
}
