//! Path selectors: for which changed files a commit is chosen ([rule 4.4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
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

mod relation;

use std::fmt;
use std::str::FromStr;

use go_compat::path::clean;
use go_compat::{Glob, GlobError, GoRegex, GoRegexError};

use crate::verdict::{Rejection, Verdict};

pub use relation::{OtherCase, contains};

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
    /// The first text that is not a selector; see [`PathSelector::new`]. To report every wrong one,
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

    /// The first selector that excludes everything that this selector of the include list includes, so that it selects nothing. `None` where that is not certain.
    ///
    /// ```
    /// use selection_strategies::path::PathSelectors;
    ///
    /// let selectors = PathSelectors::new(["apps/web", "docs"], ["apps"])?;
    /// let [web, docs] = selectors.include() else { panic!() };
    /// assert_eq!(selectors.excluding_all_of(web), selectors.exclude().first());
    /// assert_eq!(selectors.excluding_all_of(docs), None);
    /// # Ok::<(), selection_strategies::path::PathSelectorError>(())
    /// ```
    pub fn excluding_all_of(&self, include: &PathSelector) -> Option<&PathSelector> {
        self.exclude().iter().find(|exclude| exclude.contains_all_of(include))
    }

    /// The first selector of the include list from which a path differs in the case of its letters alone. A path that is included has none, nor has one that is excluded,
    /// which that case would not select either. `exists` says whether there is a path, as the selector spells it: where there is, the case of its letters is no mistake.
    pub fn other_case<'p>(
        &self,
        path: &'p (impl AsRef<[u8]> + ?Sized),
        exists: impl Fn(&[u8]) -> bool,
    ) -> Option<OtherCase<'_, 'p>> {
        let mut near = self.include().iter().filter_map(|include| include.other_case(path)).peekable();
        near.peek()?;
        let is_unselected =
            self.judge(path) == PathVerdict::NotIncluded && self.exclude.first_match(path.as_ref()).is_none();
        near.find(|near| is_unselected && !exists(near.named))
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
    /// Whether the path is included and not excluded, so that its commit is chosen.
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

/// One entry of `includePaths` or `excludePaths` ([rule 4.4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
///
/// | written | selects |
/// |---|---|
/// | `apps/web` | the file or directory `apps/web` and everything below it |
/// | `glob:apps/**/*.yaml` | what the [glob](Glob) matches |
/// | `regex:\.ya?ml$`, `regexp:...` | what the regular expression (Go's syntax) finds a match in |
///
/// ```
/// use selection_strategies::path::PathSelector;
///
/// let selector: PathSelector = "apps/web".parse()?;
/// assert!(selector.is_match("apps/web/deployment.yaml"));
/// assert!(!selector.is_match("apps/website/deployment.yaml"));
/// # Ok::<(), selection_strategies::path::PathSelectorError>(())
/// ```
///
/// A selector without prefix is cleaned first (`./a//b/` is `a/b`), and it selects no path that has
/// two dots in a row in what lies below it: `a` does not select `a/x..y`. Kargo looks for the dots
/// in the text of the relative path, and so does this crate.
#[derive(Clone)]
pub struct PathSelector {
    text: Box<str>,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Base(BaseDirectory),
    Glob(Glob),
    Regex(GoRegex),
}

/// The text of a regular expression, without its prefix.
fn expression(text: &str) -> Option<&str> {
    text.strip_prefix("regex:").or_else(|| text.strip_prefix("regexp:"))
}

impl PathSelector {
    /// Reads a selector.
    ///
    /// # Errors
    ///
    /// [`PathSelectorError::Glob`] if what follows `glob:` is not a pattern, and
    /// [`PathSelectorError::Regex`] if what follows `regex:` or `regexp:` is not a regular expression.
    /// Any other text is a path and always valid.
    pub fn new(text: &str) -> Result<Self, PathSelectorError> {
        let kind = if let Some(pattern) = text.strip_prefix("glob:") {
            Kind::Glob(
                Glob::new(pattern)
                    .map_err(|source| PathSelectorError::Glob { selector: text.into(), source })?,
            )
        } else if let Some(pattern) = expression(text) {
            let regex = GoRegex::new(pattern).map_err(|source| PathSelectorError::Regex {
                selector: text.into(),
                source: Box::new(source),
            })?;
            Kind::Regex(regex)
        } else {
            Kind::Base(BaseDirectory::new(text))
        };
        Ok(Self { text: text.into(), kind })
    }

    /// Whether this is a plain path, and not a pattern with a prefix such as `glob:`.
    ///
    /// ```
    /// use selection_strategies::path::PathSelector;
    ///
    /// assert!(PathSelector::new("apps/*").unwrap().is_path());
    /// assert!(!PathSelector::new("glob:apps/*").unwrap().is_path());
    /// ```
    pub fn is_path(&self) -> bool {
        matches!(self.kind, Kind::Base(_))
    }

    /// Whether the selector selects `path`, given as in a Git tree: no quoting, any bytes.
    pub fn is_match(&self, path: impl AsRef<[u8]>) -> bool {
        let path = path.as_ref();
        match &self.kind {
            Kind::Base(base) => base.contains(&clean(path)),
            Kind::Glob(glob) => glob.is_match(path),
            Kind::Regex(regex) => regex.is_match_bytes(path),
        }
    }

    /// The selector as it was written, with its prefix.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn kind(&self) -> &Kind {
        &self.kind
    }
}

impl FromStr for PathSelector {
    type Err = PathSelectorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl PartialEq for PathSelector {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for PathSelector {}

impl fmt::Display for PathSelector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl fmt::Debug for PathSelector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("PathSelector").field(&self.text).finish()
    }
}

/// The text is not a path selector.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PathSelectorError {
    /// What follows `glob:` is not a pattern.
    #[error("invalid path selector {selector:?}")]
    Glob {
        /// The selector as it was written.
        selector: Box<str>,
        /// What is wrong with the pattern.
        source: GlobError,
    },
    /// What follows `regex:` or `regexp:` is not a regular expression in Go's syntax.
    #[error("invalid path selector {selector:?}")]
    Regex {
        /// The selector as it was written.
        selector: Box<str>,
        /// What is wrong with the expression.
        source: Box<GoRegexError>,
    },
}

impl PathSelectorError {
    /// The selector as it was written.
    pub fn selector(&self) -> &str {
        match self {
            Self::Glob { selector, .. } | Self::Regex { selector, .. } => selector,
        }
    }
}

/// An ordered list of selectors: which is the first that selects a path?
#[derive(Clone, Debug)]
struct SelectorList {
    selectors: Box<[PathSelector]>,
    has_base: bool,
}

impl SelectorList {
    fn new(selectors: Vec<PathSelector>) -> Self {
        let has_base = selectors.iter().any(|selector| matches!(selector.kind(), Kind::Base(_)));
        Self { selectors: selectors.into(), has_base }
    }

    fn as_slice(&self) -> &[PathSelector] {
        &self.selectors
    }

    /// The first selector, in the order of the list, that selects `path`.
    fn first_match(&self, path: &[u8]) -> Option<&PathSelector> {
        let cleaned = if self.has_base { clean(path) } else { path.into() };
        self.selectors.iter().find(|selector| match selector.kind() {
            Kind::Base(base) => base.contains(&cleaned),
            Kind::Regex(regex) => regex.is_match_bytes(path),
            Kind::Glob(glob) => glob.is_match(path),
        })
    }
}

/// A cleaned directory: selects itself and what lies below it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct BaseDirectory {
    /// Empty for the root of the repository.
    cleaned: Box<[u8]>,
}

impl BaseDirectory {
    fn new(text: &str) -> Self {
        let cleaned = clean(text.as_bytes());
        let cleaned = if *cleaned == *b"." { &[][..] } else { &cleaned };
        Self { cleaned: cleaned.into() }
    }

    /// Whether the base selects a path that [`clean`] returned.
    ///
    /// What is left of the path below the base must not contain `..`, not even inside a name: Kargo
    /// looks for the two dots in the text of the relative path.
    fn contains(&self, cleaned: &[u8]) -> bool {
        match below(&self.cleaned, cleaned) {
            Some(rest) => !contains_two_dots(rest),
            None => false,
        }
    }
}

/// The part of `path` below `base`; `None` if it does not lie there.
fn below<'p>(base: &[u8], path: &'p [u8]) -> Option<&'p [u8]> {
    if base.is_empty() {
        return (path.first() != Some(&b'/')).then_some(path);
    }
    let rest = path.strip_prefix(base)?;
    match rest.first() {
        None => Some(rest),
        Some(b'/') => Some(&rest[1..]),
        Some(_) => (base == b"/").then_some(rest),
    }
}

fn contains_two_dots(path: &[u8]) -> bool {
    path.windows(2).any(|pair| pair == b"..")
}
