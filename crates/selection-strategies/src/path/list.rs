//! Many selectors asked at once.

use regex::bytes::{RegexSet, RegexSetBuilder};

use super::base::clean;
use super::selector::{Kind, PathSelector};
use crate::glob::sketch;

/// Below this many globs it is quicker to ask each of them.
const WORTH_A_SET: usize = 3;

/// The automaton of a set may take this much memory while it is built.
const SET_SIZE_LIMIT: usize = 16 << 20;

/// An ordered list of selectors: which is the first that selects a path?
#[derive(Clone, Debug)]
pub(super) struct SelectorList {
    selectors: Box<[PathSelector]>,
    has_base: bool,
    sketches: Option<Sketches>,
}

/// The sketches of all globs of a list.
#[derive(Clone, Debug)]
struct Sketches {
    set: RegexSet,
    /// For each selector of the list its place in the set, if it has one.
    place: Box<[Option<usize>]>,
}

impl SelectorList {
    pub(super) fn new(selectors: Vec<PathSelector>) -> Self {
        Self {
            has_base: selectors.iter().any(|selector| matches!(selector.kind(), Kind::Base(_))),
            sketches: Sketches::new(&selectors),
            selectors: selectors.into(),
        }
    }

    pub(super) fn as_slice(&self) -> &[PathSelector] {
        &self.selectors
    }

    /// The first selector, in the order of the list, that selects `path`.
    pub(super) fn first_match(&self, path: &[u8]) -> Option<&PathSelector> {
        let cleaned = if self.has_base { clean(path) } else { path.into() };
        let candidates = self.sketches.as_ref().map(|sketches| sketches.candidates(path));
        self.selectors.iter().enumerate().find_map(|(index, selector)| {
            let selects = match selector.kind() {
                Kind::Base(base) => base.contains(&cleaned),
                Kind::Regex(regex) => regex.is_match_bytes(path),
                Kind::Glob(glob) => {
                    candidates.as_ref().is_none_or(|candidates| candidates.contains(index))
                        && glob.is_match(path)
                }
            };
            selects.then_some(selector)
        })
    }
}

impl Sketches {
    fn new(selectors: &[PathSelector]) -> Option<Self> {
        let mut regexes = Vec::new();
        let mut place = Vec::with_capacity(selectors.len());
        for selector in selectors {
            let regex = match selector.kind() {
                Kind::Glob(glob) => sketch(glob.as_str()),
                Kind::Base(_) | Kind::Regex(_) => None,
            };
            place.push(regex.is_some().then_some(regexes.len()));
            regexes.extend(regex);
        }
        if regexes.len() < WORTH_A_SET {
            return None;
        }
        // A set that cannot be built (too large, nested too deep) is done without.
        let set = RegexSetBuilder::new(regexes).size_limit(SET_SIZE_LIMIT).build().ok()?;
        Some(Self { set, place: place.into() })
    }

    fn candidates(&self, path: &[u8]) -> Candidates<'_> {
        // The set allocates only when there is something to tell.
        let matches = self.set.is_match(path).then(|| self.set.matches(path));
        Candidates { place: &self.place, matches }
    }
}

struct Candidates<'s> {
    place: &'s [Option<usize>],
    matches: Option<regex::bytes::SetMatches>,
}

impl Candidates<'_> {
    /// Whether the glob at `index` has to be asked.
    fn contains(&self, index: usize) -> bool {
        match (self.place[index], &self.matches) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(place), Some(matches)) => matches.matched(place),
        }
    }
}
