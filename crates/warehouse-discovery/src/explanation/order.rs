//! The order in which a subscription prefers candidates, for lists of what was judged.

use std::cmp::{Ordering, Reverse};

use artifact_source::Judgement;
use selection_strategies::{CommitSelectionStrategy, ImageSelectionStrategy, Rejection, Version, VersionRef};
use warehouse_spec::{Subscription, SubscriptionKind};

use super::text_order::{Difference, difference};

/// The order of a subscription's candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// As the source reported them: those of Git are in the order of the strategy.
    Reported,
    /// By version, best first, then names that are no version, by their text, with the greater number first.
    Version,
    /// By the bytes of their names, best first.
    Name,
    /// By the time of their build, newest first; then those without a time, and last those whose time did not matter, by version.
    BuildTime,
}

impl Order {
    fn of(subscription: &Subscription) -> Self {
        match &subscription.kind {
            SubscriptionKind::Git(_) => Self::Reported,
            SubscriptionKind::Image(image) => match image.image_selection_strategy {
                ImageSelectionStrategy::NewestBuild => Self::BuildTime,
                ImageSelectionStrategy::Lexical => Self::Name,
                _ => Self::Version,
            },
            _ => Self::Version,
        }
    }
}

/// Puts what was judged into the order of the subscription's strategy, the best candidate first, whether it was taken or not: versions highest first,
/// builds and commits newest first. Names that are no version, and images without a time, follow.
///
/// ```
/// use warehouse_discovery::rules::Rejection;
/// use warehouse_discovery::sort_candidates;
/// use warehouse_discovery::source::{Candidate, Recorder, Trace};
/// use warehouse_discovery::spec::{ImageSubscription, Subscription};
///
/// let recorder = Recorder::new();
/// recorder.rejected(&Candidate::new("latest"), &Rejection::NotSemver { strict: true });
/// recorder.accepted(&Candidate::new("1.9.0"));
/// recorder.accepted(&Candidate::new("1.10.0"));
/// let mut judged = recorder.into_judgements();
/// sort_candidates(&Subscription::new(ImageSubscription::new("nginx")), &mut judged);
/// assert_eq!(judged.iter().map(|judged| judged.name.as_str()).collect::<Vec<_>>(), ["1.10.0", "1.9.0", "latest"]);
/// ```
pub fn sort_candidates(subscription: &Subscription, judged: &mut [Judgement]) {
    let by_version = |judged: &Judgement| Reverse(Rank::of(&judged.name));
    match Order::of(subscription) {
        Order::Reported => {}
        Order::Version => judged.sort_by_cached_key(by_version),
        Order::Name => judged.sort_by(|one, other| other.name.as_bytes().cmp(one.name.as_bytes())),
        Order::BuildTime => {
            judged.sort_by_cached_key(by_version);
            // Where times are equal or absent, the tag decides: the last one in the order of bytes is the best.
            judged.sort_by_cached_key(|judged| match judged.details.time {
                Some(time) => (0, Some(Reverse(time)), Some(Reverse(judged.name.clone()))),
                None if matches!(judged.rejection, None | Some(Rejection::Undated { .. })) => {
                    (1, None, Some(Reverse(judged.name.clone())))
                }
                None => (2, None, None),
            });
        }
    }
}

/// What the strategy of a subscription says of two names, before anything else is known of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ranking {
    /// The higher version is the better one.
    #[default]
    Version,
    /// The later text is the better one.
    Text,
    /// Nothing: a time decides. They are listed by version.
    Time,
}

impl Ranking {
    pub(super) fn of(subscription: &Subscription) -> Self {
        match &subscription.kind {
            SubscriptionKind::Image(image) => match image.image_selection_strategy {
                ImageSelectionStrategy::Lexical => Self::Text,
                ImageSelectionStrategy::NewestBuild => Self::Time,
                _ => Self::Version,
            },
            SubscriptionKind::Git(git) => match git.commit_selection_strategy {
                CommitSelectionStrategy::Lexical => Self::Text,
                CommitSelectionStrategy::SemVer => Self::Version,
                _ => Self::Time,
            },
            _ => Self::Version,
        }
    }

    /// Whether the strategy would put this name before the best one that was taken.
    pub(super) fn is_before(self, rank: &Rank, best: &Rank) -> bool {
        match self {
            Self::Version => rank.is_version() && rank > best,
            Self::Text => rank > best,
            Self::Time => false,
        }
    }
}

/// A name as a version, or as a text where the strategy compares texts: the better one is greater. Of equal versions, the later text is the better
/// ([rule 2.5](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). Names that are no version are worse than all that are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rank {
    version: Option<Version>,
    name: String,
    by_text: bool,
}

impl Rank {
    pub(super) fn of(name: &str) -> Self {
        let version = Version::parse(name).ok().or_else(|| Version::parse(&with_plus(name)?).ok());
        Self { version, name: name.to_owned(), by_text: false }
    }

    /// The same under a strategy.
    pub(super) fn under(ranking: Ranking, name: &str) -> Self {
        match ranking {
            Ranking::Text => Self { version: None, name: name.to_owned(), by_text: true },
            Ranking::Version | Ranking::Time => Self::of(name),
        }
    }

    /// Whether a name is better than this one. Nothing is copied, as most of a long list are not.
    pub(super) fn is_below(&self, name: &str) -> bool {
        if self.by_text {
            return *self.name < *name;
        }
        if with_plus(name).is_some() {
            return Self::of(name) > *self;
        }
        let own = self.version.as_ref().map(VersionRef::from);
        let version = VersionRef::parse(name).ok();
        let by_name = || by_name(version.is_some(), name, &self.name);
        version.cmp(&own).then_with(by_name).is_gt()
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_version(&self) -> bool {
        self.version.is_some()
    }
}

/// The version that the tag of a chart stands for: with `+` for `_`, which no other version has.
fn with_plus(name: &str) -> Option<String> {
    name.contains('_').then(|| name.replace('_', "+"))
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_name = || by_name(self.by_text || self.version.is_some(), &self.name, &other.name);
        self.version.cmp(&other.version).then_with(by_name)
    }
}

/// Which of two names is the better one, if their versions are equal or they have none: among names without a version the one with the greater number, as
/// `app-1.10` is newer than `app-1.9`, and otherwise the earlier text.
fn by_name(are_versions: bool, one: &str, other: &str) -> Ordering {
    if are_versions {
        return one.cmp(other);
    }
    match difference(one, other) {
        Difference::Numbers(order) => order,
        Difference::Letters(order) => order.reverse().then_with(|| other.cmp(one)),
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_versions_the_later_text_comes_first() {
        let mut names = ["1.0.0", "latest", "1.0", "v1.0.0", "1.0.0+a", "edge"];
        names.sort_by_cached_key(|name| Reverse(Rank::of(name)));
        assert_eq!(names, ["v1.0.0", "1.0.0+a", "1.0.0", "1.0", "edge", "latest"]);
    }

    #[test]
    fn names_without_a_version_have_the_greater_number_first() {
        let mut names = ["app-1.9.0", "web-1", "app", "app-1.0.0", "app-1.10.0", "app-1.09.0", "edge"];
        names.sort_by_cached_key(|name| Reverse(Rank::of(name)));
        assert_eq!(names, ["app", "app-1.10.0", "app-1.09.0", "app-1.9.0", "app-1.0.0", "edge", "web-1"]);
    }

    #[test]
    fn a_name_is_compared_without_a_copy_as_with_one() {
        let names = [
            "",
            "1.0.0",
            "1.10.0",
            "1.9.0",
            "v1.9.0",
            "1.9.0_build.2",
            "a_b",
            "latest",
            "zeta",
            "zeta-10",
            "zeta-9",
            "1.0.0-rc.1",
        ];
        for one in names {
            for other in names {
                let (rank, better) = (Rank::of(one), Rank::of(other) > Rank::of(one));
                assert_eq!(rank.is_below(other), better, "{one} {other}");
            }
        }
    }
}
