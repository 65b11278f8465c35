//! The tally of a subscription, and its summary.

use std::cmp::Reverse;
use std::fmt;
use std::sync::Mutex;

use artifact_source::{AnyArtifact, Candidate, Judgement, Rejection, Trace, lock, shown_name};
use serde::Serialize;
use warehouse_spec::Subscription;

use super::cause::{self, Cause};
use super::counts::{
    CONSTRAINT, Close, Counts, EVIDENCE, Group, MOST_MISSES, NAME, brief, counted, grouped, is_absent,
    is_at_limit, is_beyond_limit, noun, shown_revision, stage, version_name,
};
use super::near::Probes;
use super::order::Rank;

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
        for Judgement { name, details, rejection, .. } in judged {
            let candidate = Candidate::new(name).with_details(details);
            match rejection {
                None => tally.accepted(&candidate),
                Some(why) => tally.rejected(&candidate, why),
            }
        }
        tally
    }

    /// What was counted. `artifacts` are those that were found, best first: [`SubscriptionReport::artifacts`](crate::SubscriptionReport::artifacts).
    ///
    /// There is a [`cause`](Summary::cause) only if nothing was taken: call this for a subscription that succeeded.
    pub fn summary(&self, artifacts: &[AnyArtifact]) -> Summary {
        let counts = lock(&self.counts).clone();
        let mut reasons = reasons(&counts.groups);
        if counts.others > 0 {
            let (rule, text) = ("other".to_owned(), "for other reasons".to_owned());
            reasons.push(Reason { rule, text, count: counts.others });
        }
        let rejected: u64 = reasons.iter().map(|reason| reason.count).sum();
        // What is asked for and is not there is not listed.
        let absent: u64 =
            counts.groups.iter().filter(|group| is_absent(&group.why)).map(|group| group.count).sum();
        Summary {
            noun: noun(&self.subscription),
            listed: counts.taken + rejected - absent,
            taken: counts.taken,
            stopped_at_limit: is_at_limit(&self.subscription, counts.taken),
            best: artifacts.first().map(|best| version_name(best).to_owned()),
            near_misses: self.near_misses(&counts, artifacts.first()),
            cause: if counts.taken == 0 {
                cause::of(&self.subscription, &self.probes, &counts)
            } else {
                None
            },
            reasons,
        }
    }

    /// The candidates that came closest: those that the fewest rules exclude, of them those that the last rules exclude, and among them the best.
    fn near_misses(&self, counts: &Counts, best: Option<&AnyArtifact>) -> Vec<NearMiss> {
        if noun(&self.subscription) == "commit" {
            return Vec::new();
        }
        let ranking = self.probes.ranking();
        let best = best.map(|best| self.probes.rank(version_name(best)));
        let mut misses = Vec::new();
        let judged = |group: &&Group| !is_beyond_limit(&group.why) && !is_absent(&group.why);
        for group in counts.groups.iter().filter(judged) {
            let stage = stage(&group.why);
            let is_better = |close: &&Close| {
                stage >= EVIDENCE || best.as_ref().is_none_or(|best| ranking.is_before(&close.rank, best))
            };
            misses.extend(group.closest.iter().filter(is_better).map(|close| {
                let Close { excluded_by, rank } = close;
                // What is ignored although a pattern allows it came further than what no pattern allows.
                let is_ignored = matches!(group.why, Rejection::IgnoredBy { .. });
                // One that a single change makes fit came closer than others that the same rule excludes.
                let is_near = counts.nears.iter().any(|near| near.best.name() == rank.name());
                (excluded_by, stage, is_ignored, is_near, rank, &group.why)
            }));
        }
        // Beside versions, names that are none did not come close, unless a single change makes them fit.
        let furthest = misses.iter().map(|(_, stage, ..)| *stage).max().unwrap_or_default();
        misses.retain(|(excluded_by, stage, _, is_near, rank, _)| {
            let is_by_name_alone = *stage == NAME && excluded_by.0 == 1 && rank.is_version();
            furthest < CONSTRAINT || *stage >= CONSTRAINT || *is_near || is_by_name_alone
        });
        misses.sort_by(|(.., one, _), (.., other, _)| other.cmp(one));
        misses.sort_by_key(|(excluded_by, stage, is_ignored, is_near, ..)| {
            Reverse((*excluded_by, *stage, *is_ignored, *is_near))
        });
        let miss = |(.., rank, why): (_, _, _, _, &Rank, &Rejection)| NearMiss {
            name: rank.name().to_owned(),
            rule: why.rule().to_owned(),
            reason: cause::reason(why, self.probes.lacks(rank.name(), why).as_ref()),
        };
        misses.into_iter().take(MOST_MISSES).map(miss).collect()
    }
}

/// The reasons, the most frequent first. Those with the same words, such as names that are ignored one by one, are one.
fn reasons(groups: &[Group]) -> Vec<Reason> {
    let mut reasons: Vec<(u8, Reason)> = Vec::new();
    for group in groups {
        let (rule, text) = (group.why.rule(), brief(&group.why));
        match reasons.iter_mut().find(|(_, reason)| reason.rule == rule && reason.text == text) {
            Some((_, reason)) => reason.count += group.count,
            None => {
                reasons.push((stage(&group.why), Reason { rule: rule.to_owned(), text, count: group.count }))
            }
        }
    }
    // Of equally frequent ones, the rule that is asked last is first, whatever the order in which the candidates came.
    reasons.sort_by(|(stage, reason), (other_stage, other)| {
        (other.count, other_stage, &other.text).cmp(&(reason.count, stage, &reason.text))
    });
    reasons.into_iter().map(|(_, reason)| reason).collect()
}

impl Trace for Tally {
    fn accepted(&self, _: &Candidate<'_>) {
        lock(&self.counts).taken += 1;
    }

    fn rejected(&self, candidate: &Candidate<'_>, why: &Rejection) {
        lock(&self.counts).reject(&self.probes, candidate, why);
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
    /// Whether as many commits of a branch were taken as the limit says, so that older ones were not read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stopped_at_limit: bool,
    /// The name of the best one, as it was judged: of a commit that was found by its tag, the tag.
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
        if self.stopped_at_limit {
            write!(f, " (the limit, at which the walk ends)")?;
        }
        if let Some(best) = &self.best {
            write!(f, ", best {}", shown_revision(best))?;
        }
        separator = "; nearest misses: ";
        // Several with one reason have it once.
        for misses in self.near_misses.chunk_by(|one, other| one.reason == other.reason) {
            for miss in misses {
                write!(f, "{separator}{}", shown_name(&miss.name))?;
                separator = ", ";
            }
            let reason = misses.first().map(|miss| miss.reason.as_str()).unwrap_or_default();
            write!(f, " ({reason})")?;
        }
        Ok(())
    }
}
