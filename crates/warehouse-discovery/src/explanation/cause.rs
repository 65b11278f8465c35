//! The one cause to name first where nothing fits, and what to do about it.

use std::fmt;

use artifact_source::{Error, ErrorKind, Rejection, shown_name};
use repository_url::ImageName;
use selection_strategies::{ImageSelectionStrategy, Strictness, VersionRef};
use serde::Serialize;
use warehouse_spec::{ForeignPattern, Subscription, SubscriptionKind};

use super::changed_paths::no_path;
use super::counts::{
    Counts, EVIDENCE, Group, Left, NAME, NearGroup, brief, counted, every, grouped, is_absent,
    is_beyond_limit, noun, stage,
};
use super::ignored::{allowed_but_ignored, ignored};
use super::near::{Near, Probes, Relaxed, allowed_patterns, shown_patterns};

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

    fn said((message, hint): (String, Option<impl Into<String>>)) -> Self {
        Self { message, hint: hint.map(Into::into) }
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
        of_failure(subscription, error)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Why nothing fits. The rule that excludes the candidates that came furthest decides, unless one change would make others fit.
pub(super) fn of(subscription: &Subscription, probes: &Probes, counts: &Counts) -> Option<Cause> {
    let furthest = counts
        .groups
        .iter()
        .filter(|group| !is_beyond_limit(&group.why))
        .max_by_key(|group| (stage(&group.why), group.count, brief(&group.why)));
    let Some(group) = furthest else {
        return (counts.others == 0).then(|| of_nothing(subscription));
    };
    if !is_absent(&group.why)
        && let Some(constraint) = probes.constraint().filter(|constraint| !constraint.is_satisfiable())
    {
        return Some(of_unsatisfiable(constraint.original()));
    }
    let matches_some = stage(&group.why) > NAME;
    if !matches_some && !counts.allowed_but_ignored.is_empty() {
        return Some(Cause::said(allowed_but_ignored(subscription, counts)));
    }
    if group.why == Rejection::NotAllowed
        && let Some(cause) = of_foreign_pattern(subscription)
    {
        return Some(cause);
    }
    // A change of those that came furthest is the smallest one.
    let nearest = counts
        .nears
        .iter()
        .max_by(|one, other| (one.stage, one.count, &one.best).cmp(&(other.stage, other.count, &other.best)));
    Some(match nearest {
        Some(NearGroup { near, count, best, .. }) if stage(&group.why) < EVIDENCE => {
            of_near(probes, subscription, near, *count, best.name(), matches_some)
        }
        _ => of_group(subscription, group, counts),
    })
}

/// The cause where the server lists no candidate.
fn of_nothing(subscription: &Subscription) -> Cause {
    match &subscription.kind {
        SubscriptionKind::Git(_) if noun(subscription) == "tag" => Cause::new("the repository has no tags")
            .with_hint("push a tag, or follow a branch with `commitSelectionStrategy: NewestFromBranch`"),
        SubscriptionKind::Chart(chart) if !chart.is_oci() => {
            Cause::new("the index lists no version of the chart")
        }
        _ => Cause::new(format!("the repository has no {}s", noun(subscription))),
    }
}

/// The cause where a pattern is written as another tool reads it, so that it can match nothing.
pub(super) fn of_foreign_pattern(subscription: &Subscription) -> Option<Cause> {
    let patterns = allowed_patterns(subscription);
    let of = match &subscription.kind {
        SubscriptionKind::Image(_) => ForeignPattern::of_image,
        _ => ForeignPattern::of,
    };
    let foreign = |pattern: &str| of(pattern).filter(ForeignPattern::matches_nothing);
    let (pattern, found) = patterns.iter().find_map(|pattern| Some((pattern, foreign(pattern)?)))?;
    let message = format!(
        "the pattern {pattern:?} of `allowTagsRegexes` can match no {}: {}",
        noun(subscription),
        found.reason()
    );
    let quoted = found.meant().map(|meant| format!("'{}'", meant.replace('\'', "''")));
    let hint = match (quoted, found.excludes()) {
        (Some(quoted), true) => Some(format!("remove it, and write `ignoreTagsRegexes: [{quoted}]`")),
        (Some(quoted), false) => Some(format!("write {quoted} in its place")),
        (None, _) => found.remedy().map(str::to_owned),
    };
    Some(Cause { message, hint })
}

/// What to write where the repository of an image holds a chart.
pub(super) fn chart_instead(subscription: &Subscription, what: &str) -> Option<String> {
    let SubscriptionKind::Image(image) = &subscription.kind else { return None };
    let name: ImageName = image.repo_url.parse().ok().filter(|_| what == Rejection::HELM_CHART)?;
    let constraint = match (&image.constraint, image.image_selection_strategy) {
        (Some(constraint), ImageSelectionStrategy::SemVer) => format!(", semverConstraint: {constraint:?}"),
        _ => String::new(),
    };
    Some(format!(
        "for a chart, write `chart: {{repoURL: oci://{}/{}{constraint}}}` in place of `image`",
        name.registry(),
        name.repository()
    ))
}

/// The cause where the constraint excludes every version that there could be.
fn of_unsatisfiable(constraint: &str) -> Cause {
    let message =
        format!("no version satisfies the constraint {constraint:?}: its comparisons exclude each other");
    Cause::new(message)
        .with_hint("comparisons side by side must all hold; alternatives are separated by `||`")
}

fn of_group(subscription: &Subscription, group: &Group, counts: &Counts) -> Cause {
    let noun = noun(subscription);
    let examples = group.examples();
    let listed: u64 = counts.groups.iter().map(|group| group.count).sum::<u64>() + counts.others;
    let left = if group.count == listed { Left::All } else { Left::Some };
    let all = match group.count {
        1 => every(1, noun, left),
        count => match left {
            Left::All => format!("none of {}", counted(count, noun)),
            Left::Some => format!("none of the {} that are left", counted(count, noun)),
        },
    };
    match &group.why {
        Rejection::NotListed { similar, listed, .. } => {
            let cause = Cause::new(group.why.to_string());
            match similar.as_slice() {
                [] => match listed.as_slice() {
                    [listed] => cause.with_hint(format!("write `name: {listed}` if that is the chart")),
                    _ => cause,
                },
                [similar] => cause.with_hint(format!("write `name: {similar}` if that is the chart")),
                several => cause.with_hint(format!(
                    "did you mean one of them? Write `name: {}`",
                    several.join("` or `name: ")
                )),
            }
        }
        Rejection::NoSuchTag { similar, .. } => {
            Cause::new(group.why.to_string()).with_hint(match similar.first() {
                Some(similar) => format!("write `constraint: {similar}` if that is the tag, or push the tag"),
                None => "push the tag, or name another one in `constraint`".to_owned(),
            })
        }
        Rejection::NotSemver { .. } => {
            let message = match group.count {
                1 => format!("{all} is not a semantic version ({examples})"),
                _ => format!("{all} is a semantic version ({examples})"),
            };
            let is_loose = |name| VersionRef::parse_with(name, Strictness::Loose).is_ok();
            let are_numbers = group.names().all(is_date_or_build);
            match (&group.why, group.names().any(is_loose)) {
                (Rejection::NotSemver { strict: true }, true) if !are_numbers => Cause::new(message).with_hint(
                    "`strictSemvers: false` reads incomplete versions, and the constraint must accept them, too",
                ),
                _ => with_other_strategies(Cause::new(message), subscription),
            }
        }
        Rejection::OutsideConstraint { constraint } => {
            let newest = group.names().next().map_or_else(String::new, shown_name);
            Cause::new(match group.count {
                1 => format!("the only version, {newest}, is outside the constraint {constraint:?}"),
                count => format!(
                    "none of {} is within the constraint {constraint:?}; the newest is {newest}",
                    counted(count, "version")
                ),
            })
        }
        Rejection::NotAllowed => {
            let patterns = shown_patterns(subscription);
            Cause::new(match group.count {
                1 => format!("`allowTagsRegexes` ({patterns}) does not match {all} ({examples})"),
                _ => format!("`allowTagsRegexes` ({patterns}) matches {all} ({examples})"),
            })
        }
        Rejection::IgnoredBy { .. } => Cause::said(ignored(counts, noun)),
        Rejection::Platform { platform, .. } => {
            let offered = match group.details.as_slice() {
                [] => "; no platform is named".to_owned(),
                details => format!(", only for {}", details.join(", ")),
            };
            Cause::new(match group.count {
                1 => format!(
                    "the only {noun} that fits otherwise ({examples}) is not built for platform {platform}{offered}"
                ),
                count => format!(
                    "none of the {} that fit otherwise ({examples}) is built for platform {platform}{offered}",
                    counted(count, noun)
                ),
            })
        }
        Rejection::NotAnImage { .. } => {
            let cause = Cause::new(match group.count {
                1 => format!(
                    "the only {noun} that fits otherwise ({examples}) is no image: {}",
                    group.details.join(", ")
                ),
                count => format!(
                    "none of the {} that fit otherwise ({examples}) is an image: {}",
                    counted(count, noun),
                    group.details.join(", ")
                ),
            });
            Cause { hint: group.details.iter().find_map(|what| chart_instead(subscription, what)), ..cause }
        }
        Rejection::Unreadable { .. } => unreadable(noun, group, &examples),
        Rejection::FilteredByExpression { expression } => Cause::new(format!(
            "the expression {expression:?} is false for {}{}",
            every(group.count, noun, left),
            // The ids of commits say nothing.
            if noun == "commit" { String::new() } else { format!(" ({examples})") }
        )),
        Rejection::NoMatchingPath | Rejection::PathInOtherCase { .. } => match &subscription.kind {
            SubscriptionKind::Git(git) => Cause::said(no_path(git, group, counts, noun)),
            _ => Cause::new(group.why.to_string()),
        },
        Rejection::OlderThanSince => {
            let since = match &subscription.kind {
                SubscriptionKind::Git(git) => {
                    git.since.map(|since| format!(" ({since})")).unwrap_or_default()
                }
                _ => String::new(),
            };
            Cause::new(match noun {
                "commit" => format!("the newest commit of the branch is older than `since`{since}"),
                _ => format!(
                    "{} {} older than `since`{since}",
                    every(group.count, noun, left),
                    if group.count == 1 { "is" } else { "are" }
                ),
            })
        }
        other => Cause::new(format!("{}: {other} ({examples})", every(group.count, noun, left))),
    }
}

fn unreadable(noun: &str, group: &Group, examples: &str) -> Cause {
    let reasons = group.details.join("; ");
    Cause::new(match group.count {
        1 => format!("the {noun} {examples} cannot be read: {reasons}"),
        count => {
            format!(
                "none of the {} that fit otherwise ({examples}) can be read: {reasons}",
                counted(count, noun)
            )
        }
    })
}

/// Whether a name is one number that is meant as a date or as the number of a build, such as 20240101 or 340, and not as a major version.
fn is_date_or_build(name: &str) -> bool {
    name.len() > 2 && name.bytes().all(|byte| byte.is_ascii_digit())
}

/// The strategies that read no versions, for tags that are none.
fn with_other_strategies(cause: Cause, subscription: &Subscription) -> Cause {
    match &subscription.kind {
        SubscriptionKind::Image(_) => cause.with_hint(
            "`imageSelectionStrategy: NewestBuild` orders by the time of the build, `Lexical` by the bytes of the tag; limit them with `allowTagsRegexes`",
        ),
        SubscriptionKind::Git(_) => cause.with_hint(
            "`commitSelectionStrategy: NewestTag` orders by the time of the tag, `Lexical` by its bytes; limit them with `allowTagsRegexes`",
        ),
        _ => cause,
    }
}

/// The field that lets versions be incomplete, for the kinds that have it.
fn strict(cause: Cause, subscription: &Subscription) -> Cause {
    match &subscription.kind {
        SubscriptionKind::Image(_) | SubscriptionKind::Git(_) => {
            cause.with_hint("`strictSemvers: false` accepts such versions")
        }
        _ => cause,
    }
}

/// What one change would make fit, of `count` candidates of which this is the best. `matches_some` says whether the allowed patterns match others.
pub(super) fn of_near(
    probes: &Probes,
    subscription: &Subscription,
    near: &Near,
    count: u64,
    example: &str,
    matches_some: bool,
) -> Cause {
    let noun = noun(subscription);
    let shown = shown_name(example);
    let within = probes
        .constraint()
        .map(|constraint| format!(" within {:?}", constraint.original()))
        .unwrap_or_default();
    let such = match count {
        1 => format!("the {noun} {shown}"),
        count => format!("{} such as {shown}", counted(count, noun)),
    };
    let (has, begins, lacks) = match count {
        1 => ("has", "begins", "leaves out"),
        _ => ("have", "begin", "leave out"),
    };
    match near {
        Near::Prerelease => {
            let cause = Cause::new(match count {
                1 => format!(
                    "the only version{within} is a pre-release ({shown}), which the constraint excludes"
                ),
                count => format!(
                    "all {} versions{within} are pre-releases ({shown}, ...), which the constraint excludes",
                    grouped(count)
                ),
            });
            match probes.with_prereleases() {
                Some(constraint) => cause.with_hint(format!("the constraint {constraint:?} accepts them")),
                None => cause,
            }
        }
        Near::Incomplete => {
            let cause = Cause::new(format!(
                "{such} {lacks} a number of the version, which must be major.minor.patch"
            ));
            match is_date_or_build(example) {
                true => with_other_strategies(cause, subscription),
                false => strict(cause, subscription),
            }
        }
        Near::LeadingZero => strict(
            Cause::new(format!("{such} {has} a number that begins with 0, which no semantic version has")),
            subscription,
        ),
        Near::FourthNumber => with_other_strategies(
            Cause::new(format!("{such} {has} a fourth number, and a semantic version has three")),
            subscription,
        ),
        Near::Underscore => with_other_strategies(
            Cause::new(format!(
                "{such} {has} `_` where a version has `+`; only in the tags of charts does `_` stand for it"
            )),
            subscription,
        ),
        Near::Prefix(prefix) => with_other_strategies(
            Cause::new(format!(
                "{such} {has} {:?} before the version, so {}",
                shown_name(prefix),
                if count == 1 { "it is no semantic version" } else { "they are not semantic versions" }
            )),
            subscription,
        ),
        Near::LeadingV => Cause::new(format!("{such} {begins} with `v`, and the tag of a chart in a registry must not"))
            .with_hint("push the chart under its version without the `v`, or accept it with `acceptV: true` in the subscription, which Kargo does not know"),
        Near::Pattern(form) => {
            let otherwise = if matches_some { " that fits otherwise" } else { "" };
            let message = |what: &str| {
                format!("`allowTagsRegexes` matches no {noun}{otherwise}, but would match {such} {what}")
            };
            match form {
                Relaxed::WithV => Cause::new(message("with `v` before it"))
                    .with_hint(format!("write {}", probes.patterns_with_v())),
                Relaxed::WithoutV => Cause::new(message("without the `v` in it"))
                    .with_hint(format!("write {}", probes.patterns_without_v())),
                Relaxed::WithoutRefs => Cause::new(message("without `refs/tags/`"))
                    .with_hint(format!("write {}: the name of a tag begins behind it", probes.patterns_without_refs())),
                Relaxed::AnyCase => Cause::new(message("if case did not count"))
                    .with_hint("write `(?i)` at the start of the pattern"),
                Relaxed::Glob => Cause::new(message("if `*` stood for any text, as in a shell"))
                    .with_hint("in a regular expression, any text is `.*`"),
                Relaxed::OpenStart => {
                    Cause::new(message("without `^`")).with_hint("remove `^`, or add `.*` after it")
                }
                Relaxed::OpenEnd => {
                    Cause::new(message("without `$`")).with_hint("remove `$`, or add `.*` before it")
                }
                Relaxed::Unanchored => Cause::new(message("without `^` and `$`"))
                    .with_hint("remove both, or add `.*` after `^` and before `$`"),
            }
        }
    }
}

/// Why a candidate was not taken: the rule that excludes it, and what it lacks if one change would make it fit.
pub(super) fn reason(why: &Rejection, near: Option<&Near>) -> String {
    match near.and_then(remark) {
        Some(remark) => format!("{why}: {remark}"),
        None => why.to_string(),
    }
}

/// What one candidate lacks, in addition to the rule that excludes it.
pub(super) fn remark(near: &Near) -> Option<String> {
    Some(match near {
        Near::LeadingV => return None,
        Near::Prerelease => "it is a pre-release, and the constraint names none".to_owned(),
        Near::Incomplete => "it leaves out a number".to_owned(),
        Near::LeadingZero => "a number begins with 0".to_owned(),
        Near::FourthNumber => "it has a fourth number".to_owned(),
        Near::Underscore => "it has `_`, which stands for `+` only in the tags of charts".to_owned(),
        Near::Prefix(prefix) => format!("{:?} stands before the version", shown_name(prefix)),
        Near::Pattern(Relaxed::WithV) => "one would match it without its `v`".to_owned(),
        Near::Pattern(Relaxed::WithoutV) => "one would match it without the `v` in the pattern".to_owned(),
        Near::Pattern(Relaxed::WithoutRefs) => "one would match it without `refs/tags/`".to_owned(),
        Near::Pattern(Relaxed::AnyCase) => "one would match it if case did not count".to_owned(),
        Near::Pattern(Relaxed::Glob) => {
            "one would match it if `*` stood for any text, as in a shell".to_owned()
        }
        Near::Pattern(Relaxed::OpenStart) => "one would match it without `^`".to_owned(),
        Near::Pattern(Relaxed::OpenEnd) => "one would match it without `$`".to_owned(),
        Near::Pattern(Relaxed::Unanchored) => "one would match it without `^` and `$`".to_owned(),
    })
}

/// An image without a registry, which Docker Hub does not have.
fn of_failure(subscription: &Subscription, error: &Error) -> Option<Cause> {
    let SubscriptionKind::Image(image) = &subscription.kind else { return None };
    let is_missing =
        matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Unauthorized | ErrorKind::Forbidden);
    let name: ImageName = image.repo_url.parse().ok()?;
    let text = image.repo_url.strip_prefix("oci://").unwrap_or(&image.repo_url);
    let first = text.split('/').next().unwrap_or_default();
    let names_registry = text.contains('/') && (first.contains(['.', ':']) || first == "localhost");
    if !is_missing || names_registry || name.registry() != repository_url::DOCKER_HUB {
        return None;
    }
    let message = format!(
        "{text:?} names no registry, so it is {}/{}, which Docker Hub does not have or does not show",
        name.registry(),
        name.repository(),
    );
    Some(
        Cause::new(message)
            .with_hint(format!("write the host of the registry first, such as `ghcr.io/{text}`")),
    )
}
