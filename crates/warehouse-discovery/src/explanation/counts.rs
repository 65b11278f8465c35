//! What was judged, counted by the reason, with the best names of each; and the words for it.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeSet;
use std::sync::Arc;

use artifact_source::{AnyArtifact, Artifact, Candidate, Rejection, shown_name};
use selection_strategies::{CommitSelectionStrategy, IgnoreRule};
use warehouse_spec::{Subscription, SubscriptionKind};

use super::near::{Near, Probes};
use super::order::Rank;

/// How many different reasons are counted.
pub(super) const MOST_REASONS: usize = 32;

/// How many of the best names are kept of each reason.
pub(super) const KEPT: usize = 8;

/// How many changed paths are kept, and a few more.
const MOST_CHANGED: usize = 1000;

/// How many near misses a summary has.
pub(super) const MOST_MISSES: usize = 3;

#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub(super) taken: u64,
    pub(super) groups: Vec<Group>,
    /// Candidates with a reason beyond the most that are counted.
    pub(super) others: u64,
    /// The candidates that are ignored although a pattern allows them.
    pub(super) allowed_but_ignored: Vec<Group>,
    pub(super) nears: Vec<NearGroup>,
    pub(super) probed: u32,
    /// Some of the paths that commits changed of which none is selected. A folder that was not looked into ends with `/`.
    pub(super) changed: BTreeSet<String>,
}

/// The candidates with one reason.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) why: Rejection,
    pub(super) count: u64,
    /// Those that the fewest rules exclude, and of these the best, closest first.
    pub(super) closest: Vec<Close>,
    /// What the rejected images are built for, and what cannot be read: the first few.
    pub(super) details: Vec<String>,
    /// A selector of paths, and what was changed that differs from it in case alone.
    pub(super) other_case: Option<(Arc<str>, Arc<str>)>,
}

/// A candidate, and how far it is from being taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Close {
    /// How many of the rules about its name exclude it, not only the first one.
    pub(super) excluded_by: Reverse<u8>,
    pub(super) rank: Rank,
}

/// The candidates that one change would make fit.
#[derive(Clone, Debug)]
pub(super) struct NearGroup {
    pub(super) near: Near,
    /// How far they came: the stage of the rule that excludes them.
    pub(super) stage: u8,
    pub(super) count: u64,
    pub(super) best: Rank,
}

impl Counts {
    /// Counts a rejected candidate.
    pub(super) fn reject(&mut self, probes: &Probes, candidate: &Candidate<'_>, why: &Rejection) {
        let name = candidate.name;
        if why.rule() == Rejection::NoMatchingPath.rule() && self.changed.len() < MOST_CHANGED {
            self.changed.extend(candidate.details.changed_paths.iter().cloned());
        }
        if let Some(near) = probes.near(name, why, &mut self.probed) {
            let has_room = self.nears.len() < MOST_REASONS;
            match self.nears.iter_mut().find(|group| is_same_change(&group.near, &near)) {
                Some(group) => {
                    group.count += 1;
                    if group.best.is_below(name) {
                        (group.best, group.near) = (probes.rank(name), near);
                    }
                }
                None if has_room => {
                    self.nears.push(NearGroup { near, stage: stage(why), count: 1, best: probes.rank(name) });
                }
                None => {}
            }
        }
        if matches!(why, Rejection::IgnoredBy { .. }) && probes.is_allowed(name) {
            add(&mut self.allowed_but_ignored, probes, name, why);
        }
        if !add(&mut self.groups, probes, name, why) {
            self.others += 1;
        }
    }
}

/// Counts a candidate in the group of its reason, unless that would be one group too many.
fn add(groups: &mut Vec<Group>, probes: &Probes, name: &str, why: &Rejection) -> bool {
    let has_room = groups.len() < MOST_REASONS;
    match groups.iter_mut().find(|group| is_same_reason(&group.why, why)) {
        Some(group) => group.add(probes, name, why),
        None if has_room => {
            let mut group = Group {
                why: why.clone(),
                count: 0,
                closest: Vec::new(),
                details: Vec::new(),
                other_case: None,
            };
            group.add(probes, name, why);
            groups.push(group);
        }
        None => return false,
    }
    true
}

impl Group {
    fn add(&mut self, probes: &Probes, name: &str, why: &Rejection) {
        self.count += 1;
        let excluded_by = Reverse(probes.excluding_rules(name, why));
        let is_closer = |last: &Close| match excluded_by.cmp(&last.excluded_by) {
            Ordering::Equal => last.rank.is_below(name),
            order => order.is_gt(),
        };
        if self.closest.len() < KEPT || self.closest.last().is_some_and(is_closer) {
            let close = Close { excluded_by, rank: probes.rank(name) };
            let place = self.closest.partition_point(|closer| *closer > close);
            self.closest.insert(place, close);
            self.closest.truncate(KEPT);
        }
        let mut keep = |detail: &str| {
            if self.details.len() < KEPT && !self.details.iter().any(|known| known == detail) {
                self.details.push(detail.to_owned());
            }
        };
        match why {
            Rejection::Platform { offered, .. } => offered.iter().for_each(|platform| keep(platform)),
            Rejection::NotAnImage { what } => keep(what),
            Rejection::PathInOtherCase { selector, path } if self.other_case.is_none() => {
                self.other_case = Some((Arc::clone(selector), Arc::clone(path)));
            }
            Rejection::Unreadable { reason } => keep(reason),
            _ => {}
        }
    }

    /// The names of the closest of them, closest first.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.closest.iter().map(|close| close.rank.name())
    }

    /// The same as they are shown: `1.2.0, 1.1.0`.
    pub(super) fn examples(&self) -> String {
        let names: Vec<_> = self.names().take(MOST_MISSES).map(shown_name).collect();
        let more = if self.count > 3 { ", ..." } else { "" };
        format!("{}{more}", names.join(", "))
    }
}

/// What a candidate of this subscription is called.
pub(super) fn noun(subscription: &Subscription) -> &'static str {
    match &subscription.kind {
        SubscriptionKind::Image(_) => "tag",
        SubscriptionKind::Git(git) => match git.commit_selection_strategy {
            CommitSelectionStrategy::NewestFromBranch => "commit",
            _ => "tag",
        },
        SubscriptionKind::Chart(chart) if chart.is_oci() => "tag",
        SubscriptionKind::Chart(_) => "version",
        _ => "candidate",
    }
}

/// Whether so many commits of a branch were taken that the walk along it ended there.
pub(super) fn is_at_limit(subscription: &Subscription, taken: u64) -> bool {
    noun(subscription) == "commit" && taken >= u64::from(subscription.discovery_limit())
}

/// The name by which an artifact was judged.
pub(super) fn version_name(artifact: &AnyArtifact) -> &str {
    match artifact {
        AnyArtifact::Commit(commit) => commit.tag.as_deref().unwrap_or(&commit.id),
        other => other.name(),
    }
}

/// The id of a commit is shown by its beginning.
pub(super) fn shown_revision(name: &str) -> String {
    let is_commit = matches!(name.len(), 40 | 64) && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_commit { name.chars().take(12).collect() } else { shown_name(name) }
}

/// `1 tag`, `3,000 tags`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// A number with commas: `3,000`.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Whether candidates are all there are, or those that other rules left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    All,
    Some,
}

/// All of these candidates: `the only tag`, `all 2 tags`, `all 2 tags that are left`.
pub(super) fn every(count: u64, noun: &str, left: Left) -> String {
    match (count, left) {
        (1, Left::All) => format!("the only {noun}"),
        (1, Left::Some) => format!("the only {noun} that is left"),
        (count, Left::All) => format!("all {}", counted(count, noun)),
        (count, Left::Some) => format!("all {} that are left", counted(count, noun)),
    }
}

/// At this stage, names are compared with patterns and lists of names.
pub(super) const NAME: u8 = 1;

/// At this stage, versions are compared with the constraint.
pub(super) const CONSTRAINT: u8 = 3;

/// From this stage on, rules judge what was fetched about a candidate, and no longer its name.
pub(super) const EVIDENCE: u8 = 5;

/// How far a candidate came that this rule excludes: the order in which rules are asked.
pub(super) fn stage(why: &Rejection) -> u8 {
    match why {
        _ if *why == Rejection::forbidden_git_name() => 0,
        _ if is_absent(why) => 0,
        Rejection::IgnoredBy { .. } | Rejection::NotAllowed | Rejection::NotTheTag { .. } => NAME,
        Rejection::NotSemver { .. }
        | Rejection::LeadingVOutsideConstraint { .. }
        | Rejection::SecondUnderscore => 2,
        Rejection::OutsideConstraint { .. } => CONSTRAINT,
        Rejection::LeadingV => 4,
        Rejection::FilteredByExpression { .. } => 6,
        Rejection::NoMatchingPath | Rejection::PathInOtherCase { .. } => 7,
        Rejection::BeyondLimit { .. } | Rejection::Undated { .. } | Rejection::SameBuildTime { .. } => 8,
        _ => EVIDENCE,
    }
}

/// Whether the name is none that the server lists, but what the subscription asks for.
pub(super) fn is_absent(why: &Rejection) -> bool {
    matches!(why, Rejection::NotListed { .. } | Rejection::NoSuchTag { .. })
}

pub(super) fn is_beyond_limit(why: &Rejection) -> bool {
    stage(why) == 8
}

/// Whether two rejections are counted as one reason: what is built for other platforms, and what cannot be read, is one each.
pub(super) fn is_same_reason(one: &Rejection, other: &Rejection) -> bool {
    match (one, other) {
        (
            Rejection::NoMatchingPath | Rejection::PathInOtherCase { .. },
            Rejection::NoMatchingPath | Rejection::PathInOtherCase { .. },
        )
        | (Rejection::Platform { .. }, Rejection::Platform { .. })
        | (Rejection::NotAnImage { .. }, Rejection::NotAnImage { .. }) => true,
        (Rejection::Unreadable { .. }, Rejection::Unreadable { .. }) => stage(one) == stage(other),
        _ if is_beyond_limit(one) => is_beyond_limit(other),
        _ => one == other,
    }
}

pub(super) fn is_same_change(one: &Near, other: &Near) -> bool {
    matches!((one, other), (Near::Prefix(_), Near::Prefix(_))) || one == other
}

/// A reason in a few words that follow a number.
pub(super) fn brief(why: &Rejection) -> String {
    match why {
        Rejection::IgnoredBy { rule: rule @ IgnoreRule::Regex(_) } => {
            format!("ignored by {:?}", rule.as_str())
        }
        Rejection::IgnoredBy { .. } => "ignored by name".to_owned(),
        Rejection::NotAllowed => "not matched by an allowed pattern".to_owned(),
        Rejection::NotTheTag { tag } => format!("not the tag {tag:?}"),
        Rejection::NotSemver { .. } => "not semver".to_owned(),
        Rejection::LeadingV => "with a leading v".to_owned(),
        Rejection::LeadingVOutsideConstraint { constraint } => {
            format!("with a leading v and outside {constraint:?}")
        }
        Rejection::SecondUnderscore => "with a second _".to_owned(),
        Rejection::OutsideConstraint { constraint } => format!("outside {constraint:?}"),
        Rejection::Platform { platform, .. } => format!("not built for {platform}"),
        Rejection::NotAnImage { .. } => "not an image".to_owned(),
        Rejection::FilteredByExpression { .. } => "filtered out by the expression".to_owned(),
        Rejection::NoMatchingPath | Rejection::PathInOtherCase { .. } => {
            "without a change of a selected path".to_owned()
        }
        Rejection::OlderThanSince => "older than `since`".to_owned(),
        Rejection::Unreadable { .. } => "unreadable".to_owned(),
        _ if is_beyond_limit(why) => "beyond the limit".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
