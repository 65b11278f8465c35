//! What a rule is.

use crate::severity::Severity;

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Subject {
    /// A chart's `Chart.yaml`, `Chart.lock` and files.
    Chart,
    /// A chart's `values.yaml`.
    Values,
    /// A Dockerfile.
    Dockerfile,
    /// The comments that waive findings, in any of these files.
    Waiver,
}

impl Subject {
    /// `charts`, `values`, `Dockerfiles` or `waivers`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chart => "charts",
            Self::Values => "values",
            Self::Dockerfile => "Dockerfiles",
            Self::Waiver => "waivers",
        }
    }
}

/// A best practice, under a name that stays.
///
/// ```
/// use chart_lint::{Rule, Severity};
///
/// let rule = Rule::named("app-version-latest").unwrap();
/// assert_eq!(rule.severity, Severity::Error);
/// assert!(rule.example.after.contains("appVersion: \"2.3.1\""));
/// ```
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rule {
    /// The name, in kebab case.
    pub name: &'static str,
    /// What the rule is about.
    pub subject: Subject,
    /// How much its findings weigh.
    pub severity: Severity,
    /// What is reported, in one line.
    pub summary: &'static str,
    /// Why, and what is left out.
    pub explanation: &'static str,
    /// What to do about it, where a finding has nothing more exact.
    pub remedy: &'static str,
    /// The name of the option of [`Options`](crate::Options) that the rule needs.
    pub option: Option<&'static str>,
    /// A file that is against the rule, and the same one after the remedy.
    pub example: Example,
}

/// One file before and after a remedy. The rest of the chart, if the file is one of a chart, is in order.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Example {
    /// The path of the file in the chart, or `Dockerfile`.
    pub file: &'static str,
    /// The text with exactly one finding, of this rule.
    pub before: &'static str,
    /// The text without findings.
    pub after: &'static str,
}
