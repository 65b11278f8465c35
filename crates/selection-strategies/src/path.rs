//! Path selectors: which changed files make a commit interesting (rule 4.4).
//!
//! ```
//! use selection_strategies::path::{PathSelectors, PathVerdict};
//!
//! let selectors = PathSelectors::new(
//!     ["apps/web", "glob:charts/**/*.yaml"],
//!     ["regex:README\\.md$"],
//! )?;
//!
//! assert!(selectors.judge("charts/web/values.yaml").is_included());
//! let PathVerdict::Excluded { by } = selectors.judge("apps/web/README.md") else { panic!() };
//! assert_eq!(by.as_str(), "regex:README\\.md$");
//!
//! // A commit is chosen if one of its paths is included and not excluded.
//! assert!(selectors.judge_commit(["apps/web/README.md", "apps/web/main.go"]).is_accepted());
//! assert!(!selectors.judge_commit(["apps/web/README.md", "Makefile"]).is_accepted());
//! # Ok::<(), selection_strategies::path::PathSelectorError>(())
//! ```
//!
//! Without an include list every path is included. Excluding wins over including, path by path: a
//! commit that also touches an excluded path is still chosen for its other paths. A commit without
//! changed paths is never chosen.

mod base;
mod list;
mod selector;

use std::fmt;

use list::SelectorList;
pub use selector::{PathSelector, PathSelectorError};

use crate::verdict::{Rejection, Verdict};

/// The compiled `includePaths` and `excludePaths` of a subscription.
///
/// Compile it once; it judges a path in well under a microsecond, however many selectors it has.
#[derive(Clone, Debug)]
pub struct PathSelectors {
    include: SelectorList,
    exclude: SelectorList,
}

impl PathSelectors {
    /// Reads and compiles both lists. An empty list is the same as none.
    ///
    /// # Errors
    ///
    /// The first text that is no selector; see [`PathSelector::new`]. To report every wrong one,
    /// read each with [`PathSelector::new`] and hand them to [`PathSelectors::from_selectors`].
    pub fn new<I, E>(include: I, exclude: E) -> Result<Self, PathSelectorError>
    where
        I: IntoIterator<Item: AsRef<str>>,
        E: IntoIterator<Item: AsRef<str>>,
    {
        let include = include.into_iter().map(|text| PathSelector::new(text.as_ref()));
        let exclude = exclude.into_iter().map(|text| PathSelector::new(text.as_ref()));
        Ok(Self::from_selectors(include.collect::<Result<_, _>>()?, exclude.collect::<Result<_, _>>()?))
    }

    /// Compiles selectors that were read before.
    pub fn from_selectors(include: Vec<PathSelector>, exclude: Vec<PathSelector>) -> Self {
        Self { include: SelectorList::new(include), exclude: SelectorList::new(exclude) }
    }

    /// Whether both lists are empty, so that paths do not matter and need not be found out.
    pub fn is_unrestricted(&self) -> bool {
        self.include().is_empty() && self.exclude().is_empty()
    }

    /// The selectors that include, in the order given.
    pub fn include(&self) -> &[PathSelector] {
        self.include.as_slice()
    }

    /// The selectors that exclude, in the order given.
    pub fn exclude(&self) -> &[PathSelector] {
        self.exclude.as_slice()
    }

    /// What the selectors say about one changed path, given as in a Git tree: no quoting, any bytes.
    pub fn judge(&self, path: impl AsRef<[u8]>) -> PathVerdict<'_> {
        let path = path.as_ref();
        let by = if self.include().is_empty() {
            None
        } else {
            match self.include.first_match(path) {
                None => return PathVerdict::NotIncluded,
                some => some,
            }
        };
        match self.exclude.first_match(path) {
            Some(by) => PathVerdict::Excluded { by },
            None => PathVerdict::Included { by },
        }
    }

    /// What the selectors say about a commit that changed `paths`: accepted if at least one of them
    /// is included, otherwise [`Rejection::NoMatchingPath`].
    ///
    /// The paths are read up to the first that is included. Do not ask this of a subscription that
    /// [is unrestricted](Self::is_unrestricted): an empty commit would be rejected.
    pub fn judge_commit<P>(&self, paths: P) -> Verdict
    where
        P: IntoIterator<Item: AsRef<[u8]>>,
    {
        if paths.into_iter().any(|path| self.judge(path).is_included()) {
            Verdict::Accepted
        } else {
            Verdict::Rejected(Rejection::NoMatchingPath)
        }
    }
}

/// What the selectors say about one path, and which of them decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum PathVerdict<'s> {
    /// Included and not excluded.
    Included {
        /// The first selector that includes the path; `None` if there is no include list.
        by: Option<&'s PathSelector>,
    },
    /// Excluded, although it is included.
    Excluded {
        /// The first selector that excludes the path.
        by: &'s PathSelector,
    },
    /// There is an include list, and nothing on it selects the path.
    NotIncluded,
}

impl PathVerdict<'_> {
    /// Whether the path makes its commit interesting.
    pub fn is_included(&self) -> bool {
        matches!(self, Self::Included { .. })
    }
}

impl fmt::Display for PathVerdict<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Included { by: Some(by) } => write!(formatter, "included by {:?}", by.as_str()),
            Self::Included { by: None } => formatter.write_str("included: there is no include list"),
            Self::Excluded { by } => write!(formatter, "excluded by {:?}", by.as_str()),
            Self::NotIncluded => formatter.write_str("included by no selector"),
        }
    }
}
