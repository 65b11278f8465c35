//! Comments that allow a finding, with a reason.

use std::ops::RangeInclusive;

use crate::finding::{Finding, finding};
use crate::rule::{Rule, waiver};

/// How many waivers a file may have.
const MAX_WAIVERS: usize = 1_000;

/// A comment `# lint: allow RULE: REASON`.
struct Waiver {
    place: (usize, usize),
    rules: Vec<&'static str>,
    covers: RangeInclusive<usize>,
}

/// The waivers of one file.
pub(crate) struct Waivers {
    waivers: Vec<Waiver>,
    findings: Vec<Finding>,
}

impl Waivers {
    /// Reads the comments of a file. `covers` says which lines the waiver for a line covers.
    ///
    /// A comment on a line of its own is for the next line that is neither empty nor a comment; one behind a value, which YAML has and a
    /// Dockerfile has not, is for its own line.
    pub(crate) fn read(
        file: &str,
        text: &str,
        behind_values: bool,
        covers: impl Fn(&[&str], usize) -> RangeInclusive<usize>,
    ) -> Self {
        let mut read = Self { waivers: Vec::new(), findings: Vec::new() };
        let lines = text.lines().collect::<Vec<_>>();
        let code_from = code_from(&lines);
        for (index, line) in lines.iter().enumerate() {
            let Some((before, rest)) = find_waiver(line) else { continue };
            let alone = before.trim().is_empty();
            let is_behind = behind_values && before.ends_with([' ', '\t']);
            if !(alone || is_behind) {
                continue;
            }
            let target = if alone { code_from.get(index).copied().unwrap_or(lines.len()) } else { index + 1 };
            let place = (index + 1, before.chars().count() + 1);
            if read.waivers.len() == MAX_WAIVERS {
                let reason = format!("the file has more than {MAX_WAIVERS} waivers");
                let remedy = "waive for the whole file with `# lint: allow-file RULE: REASON`";
                read.findings.push(finding(&waiver::MALFORMED, file, place, reason).with_help(remedy));
                break;
            }
            read.add(file, place, rest, covers(&lines, target));
        }
        read
    }

    fn add(&mut self, file: &str, place: (usize, usize), rest: &str, target: RangeInclusive<usize>) {
        let mut report = |rule: &'static Rule, reason: String| {
            self.findings.push(finding(rule, file, place, reason));
        };
        let (covers, rest) = if let Some(rest) = rest.strip_prefix("allow-file ") {
            (1..=usize::MAX, rest)
        } else if let Some(rest) = rest.strip_prefix("allow ") {
            (target, rest)
        } else {
            return report(
                &waiver::MALFORMED,
                "`# lint:` is followed by neither `allow` nor `allow-file`".into(),
            );
        };
        let (names, reason) = rest.split_once(':').unwrap_or((rest, ""));
        let mut rules = Vec::new();
        for name in names.split([',', ' ', '\t']).filter(|name| !name.is_empty()) {
            match Rule::named(name) {
                Some(rule) => rules.push(rule.name),
                None => report(&waiver::UNKNOWN_RULE, format!("there is no rule `{name}`")),
            }
        }
        if reason.trim().is_empty() {
            report(&waiver::WITHOUT_REASON, "the waiver gives no reason".into());
        }
        self.waivers.push(Waiver { place, rules, covers });
    }

    /// The findings that are not waived, and what is wrong with the waivers.
    pub(crate) fn apply(self, file: &str, findings: Vec<Finding>) -> Vec<Finding> {
        let Self { waivers, findings: mut left } = self;
        let mut used = waivers.iter().map(|waiver| vec![false; waiver.rules.len()]).collect::<Vec<_>>();
        for found in findings {
            let mut is_waived = false;
            for (waiver, used) in waivers.iter().zip(&mut used) {
                for (rule, used) in waiver.rules.iter().zip(used) {
                    if *rule == found.code && waiver.covers.contains(&found.location.line) {
                        (is_waived, *used) = (true, true);
                    }
                }
            }
            if !is_waived {
                left.push(found);
            }
        }
        for (waiver, used) in waivers.iter().zip(used) {
            for (rule, _) in waiver.rules.iter().zip(used).filter(|(_, used)| !used) {
                let reason = format!("the waiver of `{rule}` waives nothing");
                left.push(finding(&waiver::UNUSED, file, waiver.place, reason));
            }
        }
        left
    }
}

/// For each line, the next one from it on that is neither empty nor a comment, counted from 1.
fn code_from(lines: &[&str]) -> Vec<usize> {
    let mut next = lines.len();
    let mut from = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate().rev() {
        let line = line.trim_start();
        if !line.is_empty() && !line.starts_with('#') {
            next = index + 1;
        }
        from.push(next);
    }
    from.reverse();
    from
}

/// What is before a waiver on its line, and what follows `lint:`.
fn find_waiver(line: &str) -> Option<(&str, &str)> {
    let (at, _) = line
        .match_indices('#')
        .find(|(at, _)| line.get(at + 1..).is_some_and(|rest| rest.trim_start().starts_with("lint:")))?;
    let (before, comment) = line.split_at_checked(at)?;
    let rest = comment.strip_prefix('#')?.trim_start().strip_prefix("lint:")?;
    Some((before, rest.trim()))
}

/// The lines of a block of YAML: a line, and those below it that are indented deeper or are the items of its list.
pub(crate) fn yaml_block(lines: &[&str], line: usize) -> RangeInclusive<usize> {
    let indentation = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let mut lines = lines.iter().skip(line.saturating_sub(1));
    let Some(first) = lines.next() else { return line..=line };
    let depth = indentation(first);
    let is_item = first.trim_start().starts_with("- ");
    let below = lines.take_while(|next| {
        let trimmed = next.trim_start();
        let item_below = !is_item && indentation(next) == depth && trimmed.starts_with("- ");
        trimmed.is_empty() || indentation(next) > depth || item_below
    });
    line..=line + below.count()
}
