//! Putting names in order, as few of them as asked for.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::rule::{NameKind, TagRule};
use crate::verdict::Rejection;
use crate::version::VersionRef;

/// A name that passed a [`TagRule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Candidate<'n> {
    /// The name as it was given.
    pub name: &'n str,
    /// Where the name stood among those given, counted from 0: the way back to what it names.
    pub position: usize,
    /// The version that was read from the name, if the strategy reads versions.
    pub version: Option<VersionRef<'n>>,
    kind: NameKind,
}

impl<'n> Candidate<'n> {
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

/// Names that passed a [`TagRule`], best first: an iterator that sorts no more than is taken.
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
pub struct Ranking<'n> {
    heap: BinaryHeap<Candidate<'n>>,
}

impl<'n> Ranking<'n> {
    /// The names that were not taken, in no particular order.
    pub fn into_rest(self) -> impl Iterator<Item = Candidate<'n>> {
        self.heap.into_iter()
    }

    /// All names that were not taken, best first; faster than taking one by one.
    #[must_use]
    pub fn into_sorted(self) -> Vec<Candidate<'n>> {
        let mut candidates = self.heap.into_vec();
        candidates.sort_unstable_by(|left, right| right.cmp(left));
        candidates
    }

    pub(super) fn into_selection(
        self,
        limit: Option<usize>,
        mut rejected: Vec<(&'n str, Rejection)>,
    ) -> Selection<'n> {
        let mut chosen = self.into_sorted();
        if let Some(limit) = limit
            && limit < chosen.len()
        {
            let rest = chosen.split_off(limit);
            rejected.extend(rest.iter().map(|candidate| (candidate.name, Rejection::BeyondLimit { limit })));
        }
        Selection { chosen, rejected }
    }
}

impl<'n> Iterator for Ranking<'n> {
    type Item = Candidate<'n>;

    fn next(&mut self) -> Option<Candidate<'n>> {
        self.heap.pop()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.heap.len(), Some(self.heap.len()))
    }
}

impl ExactSizeIterator for Ranking<'_> {}

impl std::iter::FusedIterator for Ranking<'_> {}

/// What [`TagRule::select`] gives: every name is in exactly one of the two lists.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Selection<'n> {
    /// The chosen, best first.
    pub chosen: Vec<Candidate<'n>>,
    /// The others with the reason: first those that the rule turned down, in the order they were
    /// given, then those beyond the limit, best first.
    pub rejected: Vec<(&'n str, Rejection)>,
}

pub(super) fn rank<'n>(
    rule: &TagRule,
    names: impl IntoIterator<Item = &'n str>,
    rejected: &mut dyn FnMut(&'n str, Rejection),
) -> Ranking<'n> {
    let mut candidates = Vec::new();
    for (position, name) in names.into_iter().enumerate() {
        match rule.check(name) {
            Ok(version) => {
                candidates.push(Candidate { name, position, version, kind: rule.kind() });
            }
            Err(why) => rejected(name, why),
        }
    }
    Ranking { heap: BinaryHeap::from(candidates) }
}
