//! What a rule is.

use diagnostics::Severity;
use diagnostics::sarif::{RuleText, Tool};

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

impl From<&'static Rule> for RuleText<'static> {
    fn from(rule: &'static Rule) -> Self {
        Self::new(rule.name, rule.severity, rule.summary, rule.explanation, rule.remedy)
    }
}

/// This crate as the tool of a SARIF log, with [`Rule::all`].
///
/// ```
/// use chart_lint::{Options, lint_dockerfile, sarif, sarif_tool};
///
/// let findings = lint_dockerfile("Dockerfile", "FROM debian\nUSER 1000\n", &Options::default());
/// let json = serde_json::to_value(sarif::log(&sarif_tool(), &findings))?;
/// assert_eq!(json["runs"][0]["results"][0]["ruleId"], "base-image-latest");
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn sarif_tool() -> Tool<'static> {
    Tool::new("chart-lint", env!("CARGO_PKG_VERSION"), env!("CARGO_PKG_REPOSITORY"))
        .with_rules(Rule::all().map(RuleText::from))
}
