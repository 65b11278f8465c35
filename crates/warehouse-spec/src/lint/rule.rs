//! What a rule is.

use diagnostics::Severity;

use crate::diagnostic::Code;

/// The page that explains every rule.
const PAGE: &str = "https://github.com/warehouse-rs/warehouse/blob/main/docs/src/guide/manifest-rules.md";

/// What a [`Code`] stands for: when it is reported, why, and what to do about it.
///
/// ```
/// use warehouse_spec::{Code, Rule, Severity};
///
/// let rule = Rule::of(Code::OldSpelling).ok_or("no rule")?;
/// assert_eq!(rule.severity, Severity::Warning);
/// assert!(rule.example.before.contains("semverConstraint"));
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rule {
    /// The code of its diagnostics.
    pub code: Code,
    /// How much they weigh; of a code with several weights, the most.
    pub severity: Severity,
    /// What is reported, in one line.
    pub summary: &'static str,
    /// Why, and what Kargo does.
    pub explanation: &'static str,
    /// What to do about it, where a diagnostic has nothing more exact.
    pub remedy: &'static str,
    /// Since which release of Kargo it matters: `v1.9`. Empty for what never worked.
    pub since: &'static str,
    /// A manifest that is against the rule, and the same one after the remedy.
    pub example: Example,
}

/// One manifest before and after a remedy.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Example {
    /// The text with a diagnostic of this code.
    pub before: &'static str,
    /// The text without diagnostics.
    pub after: &'static str,
}

impl Rule {
    /// A rule with its summary alone.
    pub(super) const fn new(code: Code, severity: Severity, summary: &'static str) -> Self {
        let example = Example { before: "", after: "" };
        Self { code, severity, summary, explanation: "", remedy: "", since: "", example }
    }

    pub(super) const fn explained(self, explanation: &'static str) -> Self {
        Self { explanation, ..self }
    }

    pub(super) const fn remedied(self, remedy: &'static str) -> Self {
        Self { remedy, ..self }
    }

    pub(super) const fn since(self, since: &'static str) -> Self {
        Self { since, ..self }
    }

    pub(super) const fn with_example(self, before: &'static str, after: &'static str) -> Self {
        Self { example: Example { before, after }, ..self }
    }

    /// The page that explains it, at its place.
    pub fn url(&self) -> String {
        format!("{PAGE}#{}", self.code)
    }
}
