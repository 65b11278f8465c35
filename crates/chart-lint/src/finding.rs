//! What a rule found.

use std::cell::Cell;

use diagnostics::{Diagnostic, Location};

use crate::rule::Rule;

/// One place in one file that is against a rule, whose code is [`Rule::name`].
///
/// `{:#}` gives one line without control characters: `charts/web/Chart.yaml:4:13: error: ... [app-version-latest]`. It holds no value of a secret.
pub type Finding = Diagnostic<&'static str>;

/// A finding with the remedy of its rule. Line and column are counted from 1.
pub(crate) fn finding(
    rule: &'static Rule,
    file: &str,
    (line, column): (usize, usize),
    reason: impl AsRef<str>,
) -> Finding {
    Diagnostic::new(rule.severity, rule.name, Location::new(file, line, column), "", reason)
        .with_help(rule.remedy)
}

/// Where a finding about a whole file is.
pub(crate) const START: (usize, usize) = (1, 1);

/// In the order of the files as they were read, then by place and rule.
pub(crate) fn sort(findings: &mut [Finding]) {
    let key = |found: &Finding| (found.location.line, found.location.column, found.code);
    findings.sort_by(|a, b| (&a.location.source, key(a)).cmp(&(&b.location.source, key(b))));
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

    pub(crate) fn add(&mut self, rule: &'static Rule, at: usize, reason: impl AsRef<str>) {
        self.findings.push(finding(rule, self.path, self.places.of_byte(at), reason));
    }

    pub(crate) fn add_with_remedy(
        &mut self,
        rule: &'static Rule,
        at: usize,
        reason: impl AsRef<str>,
        remedy: impl AsRef<str>,
    ) {
        self.findings.push(finding(rule, self.path, self.places.of_byte(at), reason).with_help(remedy));
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
