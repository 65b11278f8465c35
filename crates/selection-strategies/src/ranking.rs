//! Names in order, sorted lazily.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::verdict::Rejection;
use crate::version::VersionRef;

/// Where names come from, which decides how they are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NameKind {
    /// Tags of container images and versions of charts in an `index.yaml`: names are what they are.
    #[default]
    Plain,
    /// Git tags: one leading `refs/tags/` is not part of the name ([rule 3.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)),
    /// and a name that Git forbids is [rejected](crate::Rejection::forbidden_git_name).
    GitTag,
    /// Tags of OCI charts: `_` stands for `+` in a version ([rule 2.11](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    OciChart,
}

/// A name that a [`TagRule`](crate::TagRule) accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Candidate<'n> {
    /// The name as it was given.
    pub name: &'n str,
    /// Where the name was among those given, counted from 0: the way back to what it names.
    pub position: usize,
    /// The version that was read from the name, if the strategy reads versions.
    pub version: Option<VersionRef<'n>>,
    kind: NameKind,
}

impl<'n> Candidate<'n> {
    pub(crate) fn new(
        name: &'n str,
        position: usize,
        version: Option<VersionRef<'n>>,
        kind: NameKind,
    ) -> Self {
        Self { name, position, version, kind }
    }

    /// The version's text: the name, but for OCI charts with the `+` that a tag cannot hold.
    #[must_use]
    pub fn version_text(&self) -> Cow<'n, str> {
        if self.kind == NameKind::OciChart && self.name.contains('_') {
            Cow::Owned(self.name.replace('_', "+"))
        } else {
            Cow::Borrowed(self.name)
        }
    }
}

impl Candidate<'_> {
    /// A number that is never greater than a better candidate's, and mostly less: most comparisons of a sort need only these
    /// eight bytes, which lie together in memory.
    fn rough_rank(&self) -> u64 {
        const MAJOR: u64 = (1 << 20) - 1;
        const MINOR: u64 = (1 << 22) - 1;
        const PATCH: u64 = (1 << 21) - 1;
        let Some(version) = &self.version else {
            let mut start = [0; 8];
            let length = self.name.len().min(8);
            start[..length].copy_from_slice(&self.name.as_bytes()[..length]);
            return u64::from_be_bytes(start);
        };
        // A number that does not fit its bits fills them, and all bits below.
        let (major, minor, patch) = match (version.major(), version.minor(), version.patch()) {
            (MAJOR.., _, _) => (MAJOR, MINOR, PATCH),
            (major, MINOR.., _) => (major, MINOR, PATCH),
            (major, minor, PATCH..) => (major, minor, PATCH),
            precise => precise,
        };
        let release = patch == PATCH || version.prerelease().is_empty();
        major << 44 | minor << 22 | patch << 1 | u64::from(release)
    }
}

/// Best is greatest.
impl Ord for Candidate<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_rule = match (&self.version, &other.version) {
            (Some(version), Some(other)) => version.cmp(other),
            _ => self.name.cmp(other.name),
        };
        by_rule.then_with(|| other.position.cmp(&self.position))
    }
}

impl PartialOrd for Candidate<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Names that a [`TagRule`](crate::TagRule) accepts, best first: an iterator that sorts no more than is taken.
///
/// ```
/// use selection_strategies::TagRule;
///
/// let tags = ["1.0.0", "1.2.0", "1.1.0", "latest"];
/// let mut unfit = Vec::new();
/// let mut ranking = TagRule::semver(None).rank(tags, |name, _why| unfit.push(name));
///
/// // Ask for evidence, best first, until one candidate has it.
/// let found = ranking.find(|candidate| candidate.name != "1.2.0");
/// assert_eq!(found.unwrap().name, "1.1.0");
/// assert_eq!(ranking.len(), 1);
/// assert_eq!(unfit, ["latest"]);
/// ```
#[derive(Clone, Debug)]
pub struct Ranking<'n>(Order<'n>);

#[derive(Clone, Debug)]
enum Order<'n> {
    /// Nothing was taken yet, and taking all at once needs no heap.
    None(Vec<Candidate<'n>>),
    Heap(BinaryHeap<Candidate<'n>>),
}

impl<'n> Ranking<'n> {
    /// The names that were not taken, in no particular order.
    pub fn into_rest(self) -> impl Iterator<Item = Candidate<'n>> {
        self.into_unordered().into_iter()
    }

    /// All names that were not taken, best first; faster than taking one by one.
    #[must_use]
    pub fn into_sorted(self) -> Vec<Candidate<'n>> {
        let candidates = self.into_unordered();
        let mut ranks: Vec<_> = candidates.iter().map(Candidate::rough_rank).zip(0..).collect();
        ranks.sort_unstable_by(|&(left_rank, left), &(right_rank, right): &(u64, usize)| {
            right_rank.cmp(&left_rank).then_with(|| candidates[right].cmp(&candidates[left]))
        });
        ranks.into_iter().map(|(_, index)| candidates[index]).collect()
    }

    fn into_unordered(self) -> Vec<Candidate<'n>> {
        match self.0 {
            Order::None(candidates) => candidates,
            Order::Heap(heap) => heap.into_vec(),
        }
    }

    pub(crate) fn new(candidates: Vec<Candidate<'n>>) -> Self {
        Self(Order::None(candidates))
    }

    /// All names that were not taken, best first, beside the `rejected` ones, as [`TagRule::select`](crate::TagRule::select) gives them.
    #[must_use]
    pub fn into_selection(self, rejected: Vec<(&'n str, Rejection)>) -> Selection<'n> {
        Selection { chosen: self.into_sorted(), rejected }
    }
}

impl<'n> Iterator for Ranking<'n> {
    type Item = Candidate<'n>;

    fn next(&mut self) -> Option<Candidate<'n>> {
        if let Order::None(candidates) = &mut self.0 {
            self.0 = Order::Heap(std::mem::take(candidates).into());
        }
        match &mut self.0 {
            Order::Heap(heap) => heap.pop(),
            Order::None(_) => None,
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = match &self.0 {
            Order::None(candidates) => candidates.len(),
            Order::Heap(heap) => heap.len(),
        };
        (left, Some(left))
    }
}

impl ExactSizeIterator for Ranking<'_> {}

impl std::iter::FusedIterator for Ranking<'_> {}

/// What [`TagRule::select`](crate::TagRule::select) returns: every name is in exactly one of the two lists.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Selection<'n> {
    /// The chosen, best first.
    pub chosen: Vec<Candidate<'n>>,
    /// The others with the reason: first those that the rule rejected, in the order they were given, then those beyond the
    /// limit, best first.
    pub rejected: Vec<(&'n str, Rejection)>,
}

impl<'n> Selection<'n> {
    /// Keeps the best `limit` names; the others are rejected as [`Rejection::BeyondLimit`].
    ///
    /// ```
    /// use selection_strategies::TagRule;
    ///
    /// let selection = TagRule::semver(None).select(["1.0.0", "1.2.0", "1.1.0"]).limit(2);
    /// assert_eq!(selection.names(), ["1.2.0", "1.1.0"]);
    /// assert_eq!(selection.rejection("1.0.0").unwrap().to_string(), "beyond the limit: 2 better candidates fill it");
    /// ```
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        if limit < self.chosen.len() {
            let rest = self.chosen.split_off(limit);
            let beyond = rest.iter().map(|candidate| (candidate.name, Rejection::BeyondLimit { limit }));
            self.rejected.extend(beyond);
        }
        self
    }

    /// The names of the chosen, best first.
    #[must_use]
    pub fn names(&self) -> Vec<&'n str> {
        self.chosen.iter().map(|candidate| candidate.name).collect()
    }

    /// Why a name was not chosen; `None` for a name that was chosen or was not among those given.
    #[must_use]
    pub fn rejection(&self, name: &str) -> Option<&Rejection> {
        self.rejected.iter().find(|(rejected, _)| *rejected == name).map(|(_, why)| why)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidate(name: &str) -> Candidate<'_> {
        Candidate { name, position: 0, version: VersionRef::parse(name).ok(), kind: NameKind::Plain }
    }

    fn number() -> impl Strategy<Value = u64> {
        prop_oneof![
            0..3_u64,
            (1 << 20) - 3..(1 << 20) + 3_u64,
            (1 << 21) - 3..(1 << 21) + 3_u64,
            (1 << 22) - 3..(1 << 22) + 3_u64,
            Just(u64::MAX)
        ]
    }

    fn version() -> impl Strategy<Value = String> {
        (number(), number(), number(), "(-(rc|[0-9]))?")
            .prop_map(|(major, minor, patch, rest)| format!("{major}.{minor}.{patch}{rest}"))
    }

    proptest! {
        #[test]
        fn a_worse_version_never_has_a_greater_rough_rank(left in version(), right in version()) {
            let (left, right) = (candidate(&left), candidate(&right));
            prop_assert!(left <= right || left.rough_rank() >= right.rough_rank());
        }

        #[test]
        fn a_worse_name_never_has_a_greater_rough_rank(left in "[a-c\u{0}]{0,10}", right in "[a-c\u{0}]{0,10}") {
            let (mut left, mut right) = (candidate(&left), candidate(&right));
            (left.version, right.version) = (None, None);
            prop_assert!(left <= right || left.rough_rank() >= right.rough_rank());
        }
    }
}
