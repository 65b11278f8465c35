//! Findings as a log of [SARIF 2.1.0](https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html), which code scanning of hosts reads.
//!
//! The input is neutral, so that any tool can write a log: a [`Tool`] with its [`RuleText`]s, and one [`Problem`] for each finding.
//!
//! ```
//! use chart_lint::{Options, lint_dockerfile, sarif};
//!
//! let findings = lint_dockerfile("Dockerfile", "FROM debian\nUSER 1000\n", &Options::default());
//! let log = sarif::log(&sarif::Tool::chart_lint(), findings.iter().map(sarif::Problem::from));
//! let json = serde_json::to_value(&log)?;
//! assert_eq!(json["version"], "2.1.0");
//! assert_eq!(json["runs"][0]["results"][0]["ruleId"], "base-image-latest");
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::borrow::Cow;

use serde::Serialize;

use crate::finding::Finding;
use crate::rule::Rule;
use crate::severity::Severity;

/// The tool that found the problems.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Tool<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Its version, a semantic one.
    pub version: Cow<'a, str>,
    /// The URL of its page.
    pub url: Cow<'a, str>,
    /// Its rules. A problem may name one that is not among them.
    pub rules: Vec<RuleText<'a>>,
}

/// What a rule says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RuleText<'a> {
    /// The name.
    pub name: Cow<'a, str>,
    /// The weight of its problems.
    pub severity: Severity,
    /// What is reported, in one line.
    pub summary: Cow<'a, str>,
    /// Why.
    pub explanation: Cow<'a, str>,
    /// What to do about it.
    pub remedy: Cow<'a, str>,
}

/// One problem at one place.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Problem<'a> {
    /// The name of the rule.
    pub rule: Cow<'a, str>,
    /// How much it weighs.
    pub severity: Severity,
    /// What is wrong.
    pub message: Cow<'a, str>,
    /// The path of the file, relative to the root of the repository.
    pub file: Cow<'a, str>,
    /// The line, from 1, if there is one.
    pub line: Option<usize>,
    /// The column in characters, from 1, if there is one.
    pub column: Option<usize>,
}

impl<'a> Tool<'a> {
    /// A tool without rules.
    pub fn new(
        name: impl Into<Cow<'a, str>>,
        version: impl Into<Cow<'a, str>>,
        url: impl Into<Cow<'a, str>>,
    ) -> Self {
        Self { name: name.into(), version: version.into(), url: url.into(), rules: Vec::new() }
    }

    /// Sets the rules.
    #[must_use]
    pub fn with_rules(mut self, rules: impl IntoIterator<Item = RuleText<'a>>) -> Self {
        self.rules = rules.into_iter().collect();
        self
    }
}

impl Tool<'static> {
    /// This crate, with [`Rule::all`].
    pub fn chart_lint() -> Self {
        Self::new("chart-lint", env!("CARGO_PKG_VERSION"), env!("CARGO_PKG_REPOSITORY"))
            .with_rules(Rule::all().map(RuleText::from))
    }
}

impl<'a> RuleText<'a> {
    /// A rule.
    pub fn new(
        name: impl Into<Cow<'a, str>>,
        severity: Severity,
        summary: impl Into<Cow<'a, str>>,
        explanation: impl Into<Cow<'a, str>>,
        remedy: impl Into<Cow<'a, str>>,
    ) -> Self {
        Self {
            name: name.into(),
            severity,
            summary: summary.into(),
            explanation: explanation.into(),
            remedy: remedy.into(),
        }
    }
}

impl From<&'static Rule> for RuleText<'static> {
    fn from(rule: &'static Rule) -> Self {
        Self::new(rule.name, rule.severity, rule.summary, rule.explanation, rule.remedy)
    }
}

impl<'a> Problem<'a> {
    /// A problem of a whole file.
    pub fn new(
        rule: impl Into<Cow<'a, str>>,
        severity: Severity,
        message: impl Into<Cow<'a, str>>,
        file: impl Into<Cow<'a, str>>,
    ) -> Self {
        Self {
            rule: rule.into(),
            severity,
            message: message.into(),
            file: file.into(),
            line: None,
            column: None,
        }
    }

    /// Sets line and column, both from 1.
    #[must_use]
    pub fn at(mut self, line: usize, column: usize) -> Self {
        (self.line, self.column) = (Some(line), Some(column));
        self
    }
}

impl<'a> From<&'a Finding> for Problem<'a> {
    fn from(finding: &'a Finding) -> Self {
        let message = format!("{}: {}", finding.reason, finding.remedy);
        Self::new(finding.rule, finding.severity, message, finding.file.as_str())
            .at(finding.line, finding.column)
    }
}

/// The log of one run of a tool.
pub fn log<'a>(tool: &Tool<'_>, problems: impl IntoIterator<Item = Problem<'a>>) -> Log {
    let rules = tool.rules.iter().map(Descriptor::from).collect::<Vec<_>>();
    let results = problems.into_iter().map(|problem| result(&rules, problem)).collect();
    let driver = Driver {
        name: tool.name.to_string(),
        semantic_version: tool.version.to_string(),
        information_uri: tool.url.to_string(),
        rules,
    };
    let run = Run { tool: ToolComponents { driver }, column_kind: "unicodeCodePoints", results };
    Log { schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: vec![run] }
}

fn result(rules: &[Descriptor], problem: Problem<'_>) -> ResultEntry {
    let region = problem.line.map(|line| Region { start_line: line, start_column: problem.column });
    let artifact_location = ArtifactLocation { uri: uri(&problem.file) };
    ResultEntry {
        rule_index: rules.iter().position(|rule| rule.id == problem.rule),
        rule_id: problem.rule.into_owned(),
        level: problem.severity.as_str(),
        message: text(&problem.message),
        locations: vec![Location { physical_location: PhysicalLocation { artifact_location, region } }],
    }
}

/// The path as a relative reference: `\` as `/`, and all but letters, digits, `-`, `.`, `_`, `~` and `/` escaped.
fn uri(path: &str) -> String {
    use std::fmt::Write as _;

    let path = path.replace('\\', "/");
    let mut uri = String::with_capacity(path.len());
    for byte in path.strip_prefix("./").unwrap_or(&path).bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(byte.into())
            }
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

fn text(text: &str) -> Text {
    Text { text: text.to_owned() }
}

/// A log of SARIF. It is there to be serialized as JSON.
#[derive(Clone, Debug, Serialize)]
pub struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: Vec<Run>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: ToolComponents,
    column_kind: &'static str,
    results: Vec<ResultEntry>,
}

#[derive(Clone, Debug, Serialize)]
struct ToolComponents {
    driver: Driver,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    semantic_version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    information_uri: String,
    rules: Vec<Descriptor>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: String,
    short_description: Text,
    full_description: Text,
    help: Text,
    default_configuration: Configuration,
}

impl From<&RuleText<'_>> for Descriptor {
    fn from(rule: &RuleText<'_>) -> Self {
        Self {
            id: rule.name.to_string(),
            short_description: text(&rule.summary),
            full_description: text(&rule.explanation),
            help: text(&rule.remedy),
            default_configuration: Configuration { level: rule.severity.as_str() },
        }
    }
}

#[derive(Clone, Debug, Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Clone, Debug, Serialize)]
struct Text {
    text: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultEntry {
    rule_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Text,
    locations: Vec<Location>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Clone, Debug, Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<usize>,
}
