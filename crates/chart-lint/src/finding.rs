//! What a rule found.

use std::cell::Cell;
use std::fmt;

use repository_url::printable;
use serde::Serialize;

use crate::rule::Rule;
use crate::severity::Severity;

/// One place in one file that is against a rule.
///
/// `Display` gives one line without control characters: `charts/web/Chart.yaml:4:13: error: ... [app-version-latest]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The name of the rule, as in [`Rule::name`].
    pub rule: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// The path of the file, as it was given.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong. It holds no value of a secret.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
}

impl Finding {
    /// A finding at the start of a file, with the remedy of its rule.
    pub(crate) fn new(rule: &'static Rule, file: &str, reason: impl Into<String>) -> Self {
        Self {
            rule: rule.name,
            severity: rule.severity,
            file: file.to_owned(),
            line: 1,
            column: 1,
            reason: reason.into(),
            remedy: rule.remedy.to_owned(),
        }
    }

    pub(crate) fn at(mut self, (line, column): (usize, usize)) -> Self {
        (self.line, self.column) = (line, column);
        self
    }

    pub(crate) fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, reason) = (printable(&self.file), printable(&self.reason));
        write!(f, "{file}:{}:{}: {}: {reason} [{}]", self.line, self.column, self.severity, self.rule)
    }
}

/// In the order of the files as they were read, then by place and rule.
pub(crate) fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| (&a.file, a.line, a.column, a.rule).cmp(&(&b.file, b.line, b.column, b.rule)));
}

/// The findings of one file.
pub(crate) struct Report<'a> {
    path: &'a str,
    places: Places<'a>,
    pub(crate) findings: Vec<Finding>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(path: &'a str, text: &'a str) -> Self {
        Self { path, places: Places::of(text), findings: Vec::new() }
    }

    /// The line and column of a byte, both from 1.
    pub(crate) fn place(&self, at: usize) -> (usize, usize) {
        self.places.of_byte(at)
    }

    pub(crate) fn add(&mut self, rule: &'static Rule, at: usize, reason: impl Into<String>) {
        self.findings.push(Finding::new(rule, self.path, reason).at(self.places.of_byte(at)));
    }

    pub(crate) fn add_with_remedy(
        &mut self,
        rule: &'static Rule,
        at: usize,
        reason: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let finding = Finding::new(rule, self.path, reason).at(self.places.of_byte(at));
        self.findings.push(finding.with_remedy(remedy));
    }
}

/// The lines and columns of a text.
struct Places<'text> {
    text: &'text str,
    starts: Vec<usize>,
    /// A byte, and the characters of its line before it: the next question is mostly about one not far behind.
    last: Cell<(usize, usize)>,
}

impl<'text> Places<'text> {
    fn of(text: &'text str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(breaks).collect(), last: Cell::default() }
    }

    /// The line and column of a byte, both from 1.
    fn of_byte(&self, at: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= at);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let (last, before) = self.last.get();
        let (from, before) = if (start..=at).contains(&last) { (last, before) } else { (start, 0) };
        let column = before + self.text.get(from..at).unwrap_or_default().chars().count();
        self.last.set((at, column));
        (line.max(1), column + 1)
    }
}
