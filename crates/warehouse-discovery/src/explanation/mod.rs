//! What was judged, in a few words: how many candidates each rule excludes, which came closest, and where nothing fits, why.

mod cause;
mod near;
mod order;

use std::fmt;
use std::sync::Mutex;

use artifact_source::{AnyArtifact, Artifact, Candidate, Judgement, Rejection, Trace, lock, shown_name};
use selection_strategies::{CommitSelectionStrategy, IgnoreRule, similar_names};
use serde::Serialize;
use warehouse_spec::{Subscription, SubscriptionKind};

use crate::SubscriptionReport;
use near::{Near, Probes};
use order::Rank;

pub use order::sort_candidates;

/// How many different reasons are counted.
const MOST_REASONS: usize = 32;

/// How many of the best names are kept of each reason.
const KEPT: usize = 8;

/// How many near misses a summary has.
const MOST_MISSES: usize = 3;

/// Counts what a source judges, in bounded memory: a [`Trace`] for [`Observer::trace`](crate::Observer::trace).
///
/// ```
/// use warehouse_discovery::Tally;
/// use warehouse_discovery::source::{Candidate, Trace};
/// use warehouse_discovery::spec::{ImageSubscription, Subscription};
///
/// let mut image = ImageSubscription::new("ghcr.io/example/app");
/// image.constraint = Some("^1.2.0".to_owned());
/// let subscription = Subscription::new(image);
///
/// let tally = Tally::of(&subscription);
/// let rule = subscription.tag_rule()?.ok_or("no rule about tags")?;
/// for tag in ["1.3.0-rc.1", "1.1.0", "latest"] {
///     match rule.judge(tag).into_result() {
///         Ok(()) => tally.accepted(&Candidate::new(tag)),
///         Err(why) => tally.rejected(&Candidate::new(tag), &why),
///     }
/// }
/// let summary = tally.summary(&[]);
/// assert_eq!((summary.listed, summary.taken), (3, 0));
/// assert_eq!(
///     summary.cause.as_ref().map(ToString::to_string).as_deref(),
///     Some(r#"the only version within "^1.2.0" is a pre-release (1.3.0-rc.1), which the constraint excludes"#),
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Tally {
    subscription: Subscription,
    probes: Probes,
    counts: Mutex<Counts>,
}

#[derive(Clone, Debug, Default)]
struct Counts {
    taken: u64,
    groups: Vec<Group>,
    /// Candidates with a reason beyond the most that are counted.
    others: u64,
    nears: Vec<NearGroup>,
    probed: u32,
}

/// The candidates with one reason.
#[derive(Clone, Debug)]
struct Group {
    why: Rejection,
    count: u64,
    /// The best of them, best first.
    best: Vec<Rank>,
    /// What the rejected images are built for, and what cannot be read: the first few.
    details: Vec<String>,
}

/// The candidates that one change would make fit.
#[derive(Clone, Debug)]
struct NearGroup {
    near: Near,
    count: u64,
    best: Rank,
}

impl Tally {
    /// An empty tally for the candidates of this subscription.
    pub fn of(subscription: &Subscription) -> Self {
        Self {
            subscription: subscription.clone(),
            probes: Probes::of(subscription),
            counts: Mutex::default(),
        }
    }

    /// The tally of what a [`Recorder`](artifact_source::Recorder) has recorded.
    pub fn of_judgements(subscription: &Subscription, judged: &[Judgement]) -> Self {
        let tally = Self::of(subscription);
        for Judgement { name, rejection, .. } in judged {
            match rejection {
                None => tally.accepted(&Candidate::new(name)),
                Some(why) => tally.rejected(&Candidate::new(name), why),
            }
        }
        tally
    }

    /// What was counted. `artifacts` are those that were found, best first: [`SubscriptionReport::artifacts`].
    ///
    /// There is a [`cause`](Summary::cause) only if nothing was taken: call this for a subscription that succeeded.
    pub fn summary(&self, artifacts: &[AnyArtifact]) -> Summary {
        let counts = lock(&self.counts).clone();
        let mut groups: Vec<&Group> = counts.groups.iter().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        let mut reasons: Vec<Reason> = groups
            .iter()
            .map(|group| Reason {
                rule: group.why.rule().to_owned(),
                text: brief(&group.why),
                count: group.count,
            })
            .collect();
        if counts.others > 0 {
            let (rule, text) = ("other".to_owned(), "for other reasons".to_owned());
            reasons.push(Reason { rule, text, count: counts.others });
        }
        let rejected: u64 = reasons.iter().map(|reason| reason.count).sum();
        Summary {
            noun: noun(&self.subscription),
            listed: counts.taken + rejected,
            taken: counts.taken,
            best: artifacts.first().map(|best| best.name().to_owned()),
            near_misses: self.near_misses(&counts, artifacts.first()),
            cause: if counts.taken == 0 { cause::of(self, &counts) } else { None },
            reasons,
        }
    }

    /// The candidates that came closest: those that the last rules exclude, and among them the best.
    fn near_misses(&self, counts: &Counts, best: Option<&AnyArtifact>) -> Vec<NearMiss> {
        if matches!(self.noun(), "commit") {
            return Vec::new();
        }
        let best = best.map(|best| Rank::of(version_name(best)));
        let mut misses: Vec<(u8, &Rank, &Rejection)> = Vec::new();
        for group in counts.groups.iter().filter(|group| !is_beyond_limit(&group.why)) {
            let stage = stage(&group.why);
            let is_better = |rank: &&Rank| match &best {
                Some(best) => stage >= EVIDENCE || rank.is_version() && *rank > best,
                None => true,
            };
            misses.extend(group.best.iter().filter(is_better).map(|rank| {
                // One that a single change makes fit came closer than others that the same rule excludes.
                let is_near = counts.nears.iter().any(|near| near.best.name() == rank.name());
                (stage * 2 + u8::from(is_near), rank, &group.why)
            }));
        }
        // Beside versions, names that are none did not come close.
        let closest = misses.iter().map(|(closeness, ..)| *closeness).max().unwrap_or_default();
        misses.retain(|(closeness, ..)| closest < CONSTRAINT * 2 || *closeness >= CONSTRAINT * 2);
        misses.sort_by(|(stage, rank, _), (other, other_rank, _)| (other, other_rank).cmp(&(stage, rank)));
        let miss = |(_, rank, why): (u8, &Rank, &Rejection)| NearMiss {
            name: rank.name().to_owned(),
            rule: why.rule().to_owned(),
            reason: why.to_string(),
        };
        misses.into_iter().take(MOST_MISSES).map(miss).collect()
    }

    /// What a candidate of the subscription is called.
    fn noun(&self) -> &'static str {
        noun(&self.subscription)
    }

    fn reject(&self, name: &str, why: &Rejection) {
        let mut counts = lock(&self.counts);
        let counts = &mut *counts;
        if let Some(near) = self.probes.near(name, why, &mut counts.probed) {
            let rank = Rank::of(name);
            let has_room = counts.nears.len() < MOST_REASONS;
            match counts.nears.iter_mut().find(|group| is_same_change(&group.near, &near)) {
                Some(group) => {
                    group.count += 1;
                    if rank > group.best {
                        (group.best, group.near) = (rank, near);
                    }
                }
                None if has_room => {
                    counts.nears.push(NearGroup { near, count: 1, best: rank });
                }
                None => {}
            }
        }
        let has_room = counts.groups.len() < MOST_REASONS;
        match counts.groups.iter_mut().find(|group| is_same_reason(&group.why, why)) {
            Some(group) => group.add(name, why),
            None if has_room => {
                let mut group = Group { why: why.clone(), count: 0, best: Vec::new(), details: Vec::new() };
                group.add(name, why);
                counts.groups.push(group);
            }
            None => counts.others += 1,
        }
    }
}

impl Trace for Tally {
    fn accepted(&self, _: &Candidate<'_>) {
        lock(&self.counts).taken += 1;
    }

    fn rejected(&self, candidate: &Candidate<'_>, why: &Rejection) {
        self.reject(candidate.name, why);
    }
}

impl Group {
    fn add(&mut self, name: &str, why: &Rejection) {
        self.count += 1;
        let rank = Rank::of(name);
        if self.best.len() < KEPT || self.best.last().is_some_and(|worst| rank > *worst) {
            let place = self.best.partition_point(|better| *better > rank);
            self.best.insert(place, rank);
            self.best.truncate(KEPT);
        }
        let mut keep = |detail: &str| {
            if self.details.len() < KEPT && !self.details.iter().any(|known| known == detail) {
                self.details.push(detail.to_owned());
            }
        };
        match why {
            Rejection::Platform { offered, .. } => offered.iter().for_each(|platform| keep(platform)),
            Rejection::NotAnImage { what } => keep(what),
            Rejection::Unreadable { reason } => keep(reason),
            _ => {}
        }
    }

    /// The names of the best of them, as they are shown: `1.2.0, 1.1.0`.
    fn examples(&self) -> String {
        let names: Vec<_> = self.best.iter().take(MOST_MISSES).map(|rank| shown_name(rank.name())).collect();
        let more = if self.count > 3 { ", ..." } else { "" };
        format!("{}{more}", names.join(", "))
    }
}

/// What a source judged, counted: the answer to "why was my tag not taken" in one line.
///
/// `Display` is that line: `5 tags: 2 outside "^1.0.0", 1 not semver, 2 taken, best 1.2.0; nearest misses: 2.0.0 (outside the constraint "^1.0.0")`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Summary {
    /// How many candidates the server listed and the source judged.
    pub listed: u64,
    /// How many of them were taken.
    pub taken: u64,
    /// The name of the best one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best: Option<String>,
    /// Why the others were not taken, the most frequent reason first.
    pub reasons: Vec<Reason>,
    /// The candidates that came closest, the closest first, at most three: where something was taken, those that would come before the best.
    pub near_misses: Vec<NearMiss>,
    /// Why nothing was taken; `None` if something was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    #[serde(skip)]
    noun: &'static str,
}

/// A reason, and how many candidates it excludes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Reason {
    /// The rule as one word: see [`Rejection::rule`].
    pub rule: String,
    /// The reason in a few words that follow a number: `outside "^1.0.0"`.
    pub text: String,
    /// The number of candidates.
    pub count: u64,
}

/// A candidate that came close.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NearMiss {
    /// Its name.
    pub name: String,
    /// The rule that excludes it, as one word.
    pub rule: String,
    /// Why it was not taken.
    pub reason: String,
}

/// Why nothing fits a subscription, or why it failed. `Display` is the message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Cause {
    /// The reason in one line, which starts in lower case and has no full stop.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Cause {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What is wrong with a subscription that failed, if the failure has a frequent cause that its error cannot know: an image without the
    /// host of its registry, which is looked for on Docker Hub.
    ///
    /// ```
    /// use warehouse_discovery::Cause;
    /// use warehouse_discovery::source::{Error, ErrorKind};
    /// use warehouse_discovery::spec::{ImageSubscription, Subscription};
    ///
    /// let subscription = Subscription::new(ImageSubscription::new("shop/web"));
    /// let cause = Cause::of_failure(&subscription, &Error::new(ErrorKind::NotFound, "there is no repository"));
    /// assert_eq!(
    ///     cause.unwrap().to_string(),
    ///     "\"shop/web\" names no registry, so it is docker.io/shop/web, which Docker Hub does not have or does not show",
    /// );
    /// ```
    pub fn of_failure(subscription: &Subscription, error: &artifact_source::Error) -> Option<Self> {
        cause::of_failure(subscription, error)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", counted(self.listed, self.noun))?;
        let mut separator = ": ";
        for reason in &self.reasons {
            write!(f, "{separator}{} {}", grouped(reason.count), reason.text)?;
            separator = ", ";
        }
        if self.taken > 0 || !self.reasons.is_empty() {
            write!(f, "{separator}{} taken", grouped(self.taken))?;
        }
        if let Some(best) = &self.best {
            write!(f, ", best {}", shown_revision(best))?;
        }
        separator = "; nearest misses: ";
        for miss in &self.near_misses {
            write!(f, "{separator}{} ({})", shown_name(&miss.name), miss.reason)?;
            separator = ", ";
        }
        Ok(())
    }
}

/// The answer to "why this one?", or "why not?": one candidate of a subscription.
///
/// `Display` is one line: `1.2.0 is taken: the best of 5`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Why {
    /// The name that was asked for.
    pub name: String,
    /// Whether it is among what was taken.
    pub taken: bool,
    /// The rule that excludes it, as one word; `None` if it was taken, or is not listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The answer, which follows the name: `is taken: the best of 5`.
    pub message: String,
    /// What to do to have it taken, if that is one change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Why {
    /// Why a candidate was taken or not. `judged` is everything that the source judged, in the order of [`sort_candidates`]. A name that
    /// it did not list is judged by the rule alone.
    ///
    /// ```
    /// use warehouse_discovery::Why;
    /// use warehouse_discovery::spec::{ImageSubscription, Subscription};
    ///
    /// let mut image = ImageSubscription::new("ghcr.io/example/app");
    /// image.constraint = Some("^1.2.0".to_owned());
    /// let why = Why::of(&Subscription::new(image), &[], "2.0.0");
    /// assert_eq!(
    ///     why.to_string(),
    ///     "2.0.0 is not listed by the server, and would not be taken: outside the constraint \"^1.2.0\"",
    /// );
    /// ```
    pub fn of(subscription: &Subscription, judged: &[Judgement], name: &str) -> Self {
        let probes = Probes::of(subscription);
        let taken: Vec<_> = judged.iter().filter(|judged| judged.rejection.is_none()).collect();
        let mut answer =
            Self { name: name.to_owned(), taken: false, rule: None, message: String::new(), hint: None };
        let verdict = match judged.iter().find(|judged| judged.name == name) {
            Some(Judgement { rejection: None, .. }) => {
                let place = taken.iter().position(|judged| judged.name == name).unwrap_or_default();
                let count = taken.len();
                answer.taken = true;
                answer.message = match (place, count) {
                    (0, 1) => "is taken: the only one".to_owned(),
                    (0, _) => format!("is taken: the best of {count}"),
                    _ => format!("is taken: number {} of {count}", place + 1),
                };
                return answer;
            }
            Some(Judgement { rejection: Some(why), .. }) => {
                answer.message = format!("is not taken: {why}");
                if is_beyond_limit(why)
                    && let Some(last) = taken.last()
                {
                    answer.message += &format!("; the last one taken is {}", shown_name(&last.name));
                }
                Some(why.clone())
            }
            None => {
                let verdict = probes.rule().map(|rule| rule.judge(name).into_result());
                answer.message = "is not listed by the server".to_owned();
                answer.message += &match &verdict {
                    Some(Err(why)) => format!(", and would not be taken: {why}"),
                    Some(Ok(())) => ", and its name would fit".to_owned(),
                    None => String::new(),
                };
                let names = judged.iter().map(|judged| judged.name.as_str());
                let similar: Vec<_> = similar_names(name, names).into_iter().map(shown_name).collect();
                if !similar.is_empty() {
                    answer.message += &format!("; similar: {}", similar.join(", "));
                }
                verdict.and_then(Result::err)
            }
        };
        if let Some(why) = verdict {
            answer.rule = Some(why.rule().to_owned());
            if let Some(near) = probes.near(name, &why, &mut 0) {
                if let Some(remark) = cause::remark(&near) {
                    answer.message += &format!(": {remark}");
                }
                answer.hint = cause::of_near(&probes, subscription, &near, 1, name).hint;
            }
        }
        answer
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", shown_revision(&self.name), self.message)
    }
}

impl SubscriptionReport {
    /// Why nothing was found by a subscription that succeeded, or what is wrong with one that failed, from what was judged. `None` if something was
    /// found, or the error says everything.
    pub fn cause(&self, subscription: &Subscription, tally: &Tally) -> Option<Cause> {
        match &self.error {
            Some(error) => Cause::of_failure(subscription, error),
            None if self.artifacts.is_empty() => tally.summary(&[]).cause,
            None => None,
        }
    }
}

/// What a candidate of this subscription is called.
fn noun(subscription: &Subscription) -> &'static str {
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

/// The name by which an artifact was judged.
fn version_name(artifact: &AnyArtifact) -> &str {
    match artifact {
        AnyArtifact::Commit(commit) => commit.tag.as_deref().unwrap_or(&commit.id),
        other => other.name(),
    }
}

/// The id of a commit is shown by its beginning.
fn shown_revision(name: &str) -> String {
    let is_commit = matches!(name.len(), 40 | 64) && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_commit { name.chars().take(12).collect() } else { shown_name(name) }
}

/// `1 tag`, `3,000 tags`.
fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// A number with commas: `3,000`.
fn grouped(count: u64) -> String {
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

/// At this stage, versions are compared with the constraint.
const CONSTRAINT: u8 = 3;

/// From this stage on, rules judge what was fetched about a candidate, and no longer its name.
const EVIDENCE: u8 = 5;

/// How far a candidate came that this rule excludes: the order in which rules are asked.
fn stage(why: &Rejection) -> u8 {
    match why {
        _ if *why == Rejection::forbidden_git_name() => 0,
        Rejection::NotListed { .. } => 0,
        Rejection::IgnoredBy { .. } | Rejection::NotAllowed | Rejection::NotTheTag { .. } => 1,
        Rejection::NotSemver { .. }
        | Rejection::LeadingVOutsideConstraint { .. }
        | Rejection::SecondUnderscore => 2,
        Rejection::OutsideConstraint { .. } => CONSTRAINT,
        Rejection::LeadingV => 4,
        Rejection::FilteredByExpression { .. } => 6,
        Rejection::NoMatchingPath => 7,
        Rejection::BeyondLimit { .. } | Rejection::Undated { .. } | Rejection::SameBuildTime { .. } => 8,
        _ => EVIDENCE,
    }
}

fn is_beyond_limit(why: &Rejection) -> bool {
    stage(why) == 8
}

/// Whether two rejections are counted as one reason: what is built for other platforms, and what cannot be read, is one each.
fn is_same_reason(one: &Rejection, other: &Rejection) -> bool {
    match (one, other) {
        (Rejection::Platform { .. }, Rejection::Platform { .. })
        | (Rejection::NotAnImage { .. }, Rejection::NotAnImage { .. }) => true,
        (Rejection::Unreadable { .. }, Rejection::Unreadable { .. }) => stage(one) == stage(other),
        _ if is_beyond_limit(one) => is_beyond_limit(other),
        _ => one == other,
    }
}

fn is_same_change(one: &Near, other: &Near) -> bool {
    matches!((one, other), (Near::Prefix(_), Near::Prefix(_))) || one == other
}

/// A reason in a few words that follow a number.
fn brief(why: &Rejection) -> String {
    match why {
        Rejection::IgnoredBy { rule: rule @ IgnoreRule::Regex(_) } => {
            format!("ignored by {:?}", rule.as_str())
        }
        Rejection::IgnoredBy { .. } => "ignored by name".to_owned(),
        Rejection::NotAllowed => "matched by no allowed pattern".to_owned(),
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
        Rejection::NoMatchingPath => "without a change of a selected path".to_owned(),
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
