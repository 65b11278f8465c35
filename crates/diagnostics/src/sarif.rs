//! Findings as a log of [SARIF 2.1.0](https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html), which code scanning of hosts reads.
//!
//! [`log`] takes the diagnostics of any tool, and a [`Tool`] with its [`RuleText`]s. A replacement becomes a fix.
//!
//! ```
//! use diagnostics::{Diagnostic, Location, Severity, sarif};
//!
//! let tool = sarif::Tool::new("my-lint", "1.0.0", "https://example.com");
//! let found = Diagnostic::new(Severity::Note, "long-line", Location::new("a.txt", 3, 81), "", "the line is long");
//! let json = serde_json::to_value(sarif::log(&tool, [&found]))?;
//! assert_eq!(json["version"], "2.1.0");
//! assert_eq!(json["runs"][0]["results"][0]["level"], "note");
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Severity};
use crate::replacement::Replacement;

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
    /// Its rules. A diagnostic may have a code that is not among them.
    pub rules: Vec<RuleText<'a>>,
}

/// What a rule says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RuleText<'a> {
    /// The name.
    pub name: Cow<'a, str>,
    /// The weight of its diagnostics.
    pub severity: Severity,
    /// What is reported, in one line.
    pub summary: Cow<'a, str>,
    /// Why.
    pub explanation: Cow<'a, str>,
    /// What to do about it.
    pub remedy: Cow<'a, str>,
    /// The URL of the page that explains it; empty if there is none.
    pub url: Cow<'a, str>,
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
            url: Cow::Borrowed(""),
        }
    }

    /// The same rule with the URL of the page that explains it.
    #[must_use]
    pub fn with_url(mut self, url: impl Into<Cow<'a, str>>) -> Self {
        self.url = url.into();
        self
    }
}

/// The log of one run of a tool.
pub fn log<'a, C: fmt::Display + 'a>(
    tool: &Tool<'_>,
    diagnostics: impl IntoIterator<Item = &'a Diagnostic<C>>,
) -> Log {
    let rules = tool.rules.iter().map(Descriptor::from).collect::<Vec<_>>();
    let results = diagnostics.into_iter().map(|diagnostic| result(&rules, diagnostic)).collect();
    let driver = Driver {
        name: tool.name.to_string(),
        semantic_version: tool.version.to_string(),
        information_uri: tool.url.to_string(),
        rules,
    };
    let run = Run { tool: ToolComponents { driver }, column_kind: "unicodeCodePoints", results };
    Log { schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: vec![run] }
}

fn result<C: fmt::Display>(rules: &[Descriptor], diagnostic: &Diagnostic<C>) -> ResultEntry {
    let (location, code) = (&diagnostic.location, diagnostic.code.to_string());
    let region = location.is_known().then_some(Region {
        start_line: location.line,
        start_column: Some(location.column).filter(|column| *column > 0),
        end_column: Some(location.column + location.width)
            .filter(|_| location.column > 0 && location.width > 1),
    });
    let message = match &diagnostic.help {
        Some(help) => format!("{}: {help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let artifact_location = ArtifactLocation { uri: uri(&location.source) };
    ResultEntry {
        rule_index: rules.iter().position(|rule| rule.id == code),
        rule_id: code,
        level: diagnostic.severity.as_str(),
        message: text(&message),
        fixes: diagnostic.replacement.iter().map(|edit| fix(diagnostic, edit, &artifact_location)).collect(),
        locations: vec![ResultLocation { physical_location: PhysicalLocation { artifact_location, region } }],
    }
}

fn fix<C>(diagnostic: &Diagnostic<C>, edit: &Replacement, file: &ArtifactLocation) -> Fix {
    let deleted_region = ByteRegion { byte_offset: edit.span.start, byte_length: edit.span.len() };
    let replacement = Edit { deleted_region, inserted_content: text(&edit.text) };
    Fix {
        description: text(diagnostic.help.as_deref().unwrap_or_default()),
        artifact_changes: vec![ArtifactChange {
            artifact_location: file.clone(),
            replacements: vec![replacement],
        }],
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
    #[serde(skip_serializing_if = "String::is_empty")]
    help_uri: String,
    default_configuration: Configuration,
}

impl From<&RuleText<'_>> for Descriptor {
    fn from(rule: &RuleText<'_>) -> Self {
        Self {
            id: rule.name.to_string(),
            short_description: text(&rule.summary),
            full_description: text(&rule.explanation),
            help: text(&rule.remedy),
            help_uri: rule.url.to_string(),
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
    locations: Vec<ResultLocation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Fix>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Fix {
    description: Text,
    artifact_changes: Vec<ArtifactChange>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange {
    artifact_location: ArtifactLocation,
    replacements: Vec<Edit>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Edit {
    deleted_region: ByteRegion,
    inserted_content: Text,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ByteRegion {
    byte_offset: usize,
    byte_length: usize,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultLocation {
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
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Applicability, Location};

    #[test]
    fn a_replacement_is_a_fix() {
        let found = Diagnostic::new(Severity::Warning, "typo", Location::new("./a.yaml", 1, 6), "", "a typo")
            .with_help("write `b`")
            .with_replacement(Replacement::new(5..8, "b", Applicability::MaybeIncorrect));
        let json = serde_json::to_value(log(&Tool::default(), [&found])).unwrap();
        assert_eq!(
            json["runs"][0]["results"][0]["fixes"],
            serde_json::json!([{
                "description": {"text": "write `b`"},
                "artifactChanges": [{
                    "artifactLocation": {"uri": "a.yaml"},
                    "replacements": [{
                        "deletedRegion": {"byteOffset": 5, "byteLength": 3},
                        "insertedContent": {"text": "b"},
                    }],
                }],
            }])
        );
    }
}
