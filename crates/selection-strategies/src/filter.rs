//! Filters on names: ignore wins over allow ([rule 3.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).

use std::sync::Arc;

use go_compat::{GoRegex, GoRegexError};

use crate::verdict::{IgnoreRule, Rejection, Verdict};

/// Which names may be chosen at all: `allowTagsRegexes`, `ignoreTagsRegexes`, and the older
/// `allowTags` and `ignoreTags`.
///
/// * A name that an ignore rule matches is rejected, regardless of the allow patterns.
/// * Otherwise it is allowed if there is no allow pattern, or if one of them matches.
/// * Patterns are [Go regular expressions](GoRegex) and not anchored: `1` matches `v0.1`.
///
/// ```
/// use selection_strategies::TagFilter;
///
/// let filter = TagFilter::builder()
///     .allow("^v[0-9]")
///     .ignore("-rc")
///     .ignore_literal("v1.0.0")
///     .build()?;
///
/// assert!(filter.judge("v1.1.0").is_accepted());
/// assert_eq!(filter.judge("v1.1.0-rc.1").to_string(), r#"ignored by the pattern "-rc""#);
/// assert_eq!(filter.judge("v1.0.0").to_string(), r#"ignored by the tag "v1.0.0" of the ignore list"#);
/// assert_eq!(filter.judge("latest").to_string(), "matches none of the allowed patterns");
/// # Ok::<(), selection_strategies::TagFilterError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TagFilter {
    allow: Patterns,
    ignore: Patterns,
    /// Sorted, for binary search.
    ignore_literals: Vec<Arc<str>>,
}

impl TagFilter {
    /// A filter that allows every name.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts an empty filter to add rules to.
    pub fn builder() -> TagFilterBuilder {
        TagFilterBuilder::default()
    }

    /// Whether the filter has no rules and so allows every name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.allow.is_empty() && self.ignore.is_empty() && self.ignore_literals.is_empty()
    }

    /// The patterns of which one has to match, if there are any, in their order.
    pub fn allow_patterns(&self) -> impl Iterator<Item = &str> {
        self.allow.each.iter().map(GoRegex::as_str)
    }

    /// The patterns that exclude a name, in their order.
    pub fn ignore_patterns(&self) -> impl Iterator<Item = &str> {
        self.ignore.each.iter().map(GoRegex::as_str)
    }

    /// The names that are excluded literally, sorted.
    pub fn ignored_names(&self) -> impl Iterator<Item = &str> {
        self.ignore_literals.iter().map(|name| &**name)
    }

    /// Judges one name.
    pub fn judge(&self, name: &str) -> Verdict {
        self.check(name).into()
    }

    /// Whether the name is allowed; cheaper than [`judge`](Self::judge) for a name that is not.
    #[must_use]
    pub fn allows(&self, name: &str) -> bool {
        !self.ignores_literally(name)
            && !self.ignore.matches(name)
            && (self.allow.is_empty() || self.allow.matches(name))
    }

    pub(crate) fn check(&self, name: &str) -> Result<(), Rejection> {
        if let Ok(index) = self.search_literals(name)
            && let Some(text) = self.ignore_literals.get(index)
        {
            return Err(Rejection::IgnoredBy { rule: IgnoreRule::Literal(Arc::clone(text)) });
        }
        if self.ignore.matches(name)
            && let Some(pattern) = self.ignore.first_match(name)
        {
            return Err(Rejection::IgnoredBy { rule: IgnoreRule::Regex(Arc::clone(pattern)) });
        }
        if self.allow.is_empty() || self.allow.matches(name) { Ok(()) } else { Err(Rejection::NotAllowed) }
    }

    fn ignores_literally(&self, name: &str) -> bool {
        self.search_literals(name).is_ok()
    }

    fn search_literals(&self, name: &str) -> Result<usize, usize> {
        self.ignore_literals.binary_search_by(|literal| (**literal).cmp(name))
    }
}

/// Collects the rules of a [`TagFilter`] and compiles them at once.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct TagFilterBuilder {
    allow: Vec<String>,
    ignore: Vec<String>,
    ignore_literals: Vec<Arc<str>>,
}

impl TagFilterBuilder {
    /// Adds a pattern that allows names.
    pub fn allow(mut self, pattern: impl Into<String>) -> Self {
        self.allow.push(pattern.into());
        self
    }

    /// Adds patterns that allow names; one of all of them has to match.
    pub fn allow_all<P: Into<String>>(mut self, patterns: impl IntoIterator<Item = P>) -> Self {
        self.allow.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Adds a pattern that ignores names.
    pub fn ignore(mut self, pattern: impl Into<String>) -> Self {
        self.ignore.push(pattern.into());
        self
    }

    /// Adds patterns each of which ignores names.
    pub fn ignore_all<P: Into<String>>(mut self, patterns: impl IntoIterator<Item = P>) -> Self {
        self.ignore.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Adds a name to ignore, taken literally.
    pub fn ignore_literal(mut self, name: impl Into<Arc<str>>) -> Self {
        self.ignore_literals.push(name.into());
        self
    }

    /// Adds names to ignore, taken literally.
    pub fn ignore_literals<N: Into<Arc<str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.ignore_literals.extend(names.into_iter().map(Into::into));
        self
    }

    /// Compiles the filter.
    ///
    /// # Errors
    ///
    /// The first pattern that is not a Go regular expression, or that is too large: allow patterns
    /// first, each list in its order.
    pub fn build(self) -> Result<TagFilter, TagFilterError> {
        let allow = Patterns::compile(self.allow).map_err(|source| TagFilterError::Allow { source })?;
        let ignore = Patterns::compile(self.ignore).map_err(|source| TagFilterError::Ignore { source })?;
        let mut ignore_literals = self.ignore_literals;
        ignore_literals.sort_unstable();
        ignore_literals.dedup();
        Ok(TagFilter { allow, ignore, ignore_literals })
    }
}

/// Why a [`TagFilter`] cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TagFilterError {
    /// A pattern of the allow list does not compile.
    #[error("an allow pattern does not compile")]
    Allow {
        /// The pattern and what is wrong with it.
        #[source]
        source: GoRegexError,
    },
    /// A pattern of the ignore list does not compile.
    #[error("an ignore pattern does not compile")]
    Ignore {
        /// The pattern and what is wrong with it.
        #[source]
        source: GoRegexError,
    },
}

impl TagFilterError {
    /// The pattern, as written.
    #[must_use]
    pub fn pattern(&self) -> &str {
        match self {
            Self::Allow { source } | Self::Ignore { source } => source.pattern(),
        }
    }
}

/// A list of patterns and, for more than one, a single automaton that answers for all of them.
#[derive(Clone, Debug, Default)]
struct Patterns {
    each: Vec<GoRegex>,
    combined: Option<GoRegex>,
}

impl Patterns {
    fn compile(patterns: Vec<String>) -> Result<Self, GoRegexError> {
        let each = patterns.iter().map(|pattern| GoRegex::new(pattern)).collect::<Result<Vec<_>, _>>()?;
        let combined = if each.len() > 1 { GoRegex::any_of(&each) } else { None };
        Ok(Self { each, combined })
    }

    fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    fn matches(&self, name: &str) -> bool {
        match &self.combined {
            Some(combined) => combined.is_match(name),
            None => self.each.iter().any(|pattern| pattern.is_match(name)),
        }
    }

    fn first_match(&self, name: &str) -> Option<&Arc<str>> {
        self.each.iter().find(|pattern| pattern.is_match(name)).map(GoRegex::shared_pattern)
    }
}
