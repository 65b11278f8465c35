//! The answer about one candidate.

use std::fmt;

use artifact_source::{Judgement, Rejection, shown_name};
use selection_strategies::similar_names;
use serde::Serialize;
use warehouse_spec::{Subscription, SubscriptionKind};

use super::cause;
use super::counts::{counted, is_at_limit, is_beyond_limit, noun, shown_revision};
use super::near::Probes;
use super::text_order::TextOrder;

/// Why each of these candidates was not taken, in words; `None` for one that was taken. A version that one change would make fit says what it lacks.
///
/// ```
/// use warehouse_discovery::reasons;
/// use warehouse_discovery::source::{Candidate, Recorder, Trace};
/// use warehouse_discovery::spec::{ImageSubscription, Subscription};
///
/// let mut image = ImageSubscription::new("ghcr.io/example/app");
/// image.constraint = Some("^1.2.0".to_owned());
/// let subscription = Subscription::new(image);
/// let rule = subscription.tag_rule()?.ok_or("no rule about tags")?;
///
/// let recorder = Recorder::new();
/// if let Err(why) = rule.judge("1.3.0-rc.1").into_result() {
///     recorder.rejected(&Candidate::new("1.3.0-rc.1"), &why);
/// }
/// assert_eq!(
///     reasons(&subscription, &recorder.into_judgements()),
///     [Some("outside the constraint \"^1.2.0\": it is a pre-release, and the constraint names none".to_owned())],
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn reasons(subscription: &Subscription, judged: &[Judgement]) -> Vec<Option<String>> {
    let probes = Probes::of(subscription);
    let reason = |Judgement { name, rejection, .. }: &Judgement| {
        let why = rejection.as_ref()?;
        Some(cause::reason(why, probes.lacks(name, why).as_ref()))
    };
    judged.iter().map(reason).collect()
}

/// What is said of a name that was not judged.
const UNLISTED: &str = "is not listed by the server";

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
    /// The answer about a name of a subscription that failed before it judged one of this name.
    pub fn not_judged(name: impl Into<String>) -> Self {
        let message = "was not judged before the subscription failed".to_owned();
        Self { name: name.into(), taken: false, rule: None, message, hint: None }
    }

    /// Why a candidate was taken or not. `judged` is everything that the source judged, in the order of [`sort_candidates`](crate::sort_candidates). A name that
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
        let is_commit = matches!(subscription.kind, SubscriptionKind::Git(_)) && is_certainly_commit_id(name);
        let mut tail = String::new();
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
                let better = taken.iter().take(place).map(|judged| judged.name.as_str());
                let text = |better| Some((better, TextOrder::of(subscription, name, better)?));
                if let Some((better, text)) = better.into_iter().find_map(text) {
                    answer.message += &format!(", after {}: {}", shown_name(better), text.remark());
                    answer.hint = text.hint().map(str::to_owned);
                }
                return answer;
            }
            Some(Judgement { rejection: Some(why), .. }) => {
                answer.message = format!("is not taken: {why}");
                if is_beyond_limit(why)
                    && let Some(last) = taken.last()
                {
                    answer.message += &format!("; the last one taken is {}", shown_name(&last.name));
                    if let Some(text) = TextOrder::of(subscription, name, &last.name) {
                        answer.message += &format!(": {}", text.remark());
                        answer.hint = text.hint().map(str::to_owned);
                    }
                }
                Some(why.clone())
            }
            None => {
                let verdict = probes.rule().map(|rule| rule.judge(name).into_result());
                answer.message = match &verdict {
                    _ if is_of_branch(subscription) => {
                        answer.hint = not_walked_hint(subscription, taken.len(), name);
                        not_walked(subscription, judged, taken.len(), name)
                    }
                    Some(_) if is_commit => {
                        format!("{UNLISTED}, and no tag that was read leads to a commit of this id")
                    }
                    // One tag alone was asked for, and no list.
                    Some(Err(why @ Rejection::NotTheTag { .. })) => format!("is not taken: {why}"),
                    Some(Err(why)) => format!("{UNLISTED}, and would not be taken: {why}"),
                    Some(Ok(())) => format!("{UNLISTED}, and its name would fit"),
                    None => UNLISTED.to_owned(),
                };
                let names = judged.iter().map(|judged| judged.name.as_str());
                let similar: Vec<_> = similar_names(name, names).into_iter().map(shown_name).collect();
                if !similar.is_empty() {
                    tail = format!("; similar: {}", similar.join(", "));
                }
                verdict.and_then(Result::err).filter(|_| !is_commit)
            }
        };
        if let Some(why) = verdict {
            answer.rule = Some(why.rule().to_owned());
            let near = probes.near(name, &why, &mut 0);
            let lacks = near.clone().or_else(|| probes.lacks(name, &why));
            if let Some(remark) = lacks.as_ref().and_then(cause::remark) {
                answer.message += &format!(": {remark}");
            }
            if let Some(near) = near {
                answer.hint = cause::of_near(&probes, subscription, &near, 1, name, true).hint;
            }
            match &why {
                Rejection::NotAnImage { what } => answer.hint = cause::chart_instead(subscription, what),
                Rejection::NotAllowed => {
                    let foreign = cause::of_foreign_pattern(subscription).and_then(|cause| cause.hint);
                    answer.hint = foreign.or(answer.hint);
                }
                _ => {}
            }
        }
        answer.message += &tail;
        answer
    }
}

/// Whether the candidates are the commits of a branch.
fn is_of_branch(subscription: &Subscription) -> bool {
    noun(subscription) == "commit"
}

/// Whether a name may be the beginning of a commit's id.
fn is_commit_id(name: &str) -> bool {
    (4..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a name is that and hardly the tag of a date, which has digits alone.
fn is_certainly_commit_id(name: &str) -> bool {
    let has_letter = name.bytes().any(|byte| byte.is_ascii_alphabetic());
    is_commit_id(name) && (name.len() >= 40 || name.len() >= 7 && has_letter)
}

/// Why a name is none of the commits of a branch that were judged, of which `taken` were taken.
fn not_walked(subscription: &Subscription, judged: &[Judgement], taken: usize, name: &str) -> String {
    let is_older = |judged: &Judgement| judged.rejection == Some(Rejection::OlderThanSince);
    if !is_commit_id(name) {
        return "is not the id of a commit, and `NewestFromBranch` reads no tags".to_owned();
    }
    if is_at_limit(subscription, taken as u64) {
        let newer = if taken == 1 { "one newer commit fills" } else { "newer commits fill" };
        return format!(
            "was not reached: {newer} the `discoveryLimit` of {taken}, and older ones were not read"
        );
    }
    if judged.iter().any(is_older) {
        return "was not reached: commits older than `since` were not read".to_owned();
    }
    let read = match judged.len() {
        1 => "not the only commit of the branch that was read".to_owned(),
        read => format!("none of the {} of the branch that were read", counted(read as u64, "commit")),
    };
    format!("is {read}: the branch's own commits, without those of branches that were merged into it")
}

/// How a name that is none of the commits that were judged may become one.
fn not_walked_hint(subscription: &Subscription, taken: usize, name: &str) -> Option<String> {
    if !is_commit_id(name) {
        return Some("`commitSelectionStrategy: SemVer`, `Lexical` and `NewestTag` read tags".to_owned());
    }
    let is_at_limit = is_at_limit(subscription, taken as u64);
    is_at_limit
        .then(|| "if it is an older commit of the branch, a greater `discoveryLimit` reaches it".to_owned())
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", shown_revision(&self.name), self.message)
    }
}
