//! Many selectors asked one after the other.

use super::base::clean;
use super::selector::{Kind, PathSelector};

/// An ordered list of selectors: which is the first that selects a path?
#[derive(Clone, Debug)]
pub(super) struct SelectorList {
    selectors: Box<[PathSelector]>,
    has_base: bool,
}

impl SelectorList {
    pub(super) fn new(selectors: Vec<PathSelector>) -> Self {
        let has_base = selectors.iter().any(|selector| matches!(selector.kind(), Kind::Base(_)));
        Self { selectors: selectors.into(), has_base }
    }

    pub(super) fn as_slice(&self) -> &[PathSelector] {
        &self.selectors
    }

    /// The first selector, in the order of the list, that selects `path`.
    pub(super) fn first_match(&self, path: &[u8]) -> Option<&PathSelector> {
        let cleaned = if self.has_base { clean(path) } else { path.into() };
        self.selectors.iter().find(|selector| match selector.kind() {
            Kind::Base(base) => base.contains(&cleaned),
            Kind::Regex(regex) => regex.is_match_bytes(path),
            Kind::Glob(glob) => glob.is_match(path),
        })
    }
}
