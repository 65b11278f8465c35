//! The rule of one subscription about names.

use std::sync::Arc;

use crate::constraint::Constraint;
use crate::filter::TagFilter;
use crate::git_name::is_short_name;
use crate::ranking::{Candidate, NameKind, Ranking, Selection};
use crate::verdict::{Rejection, Verdict};
use crate::version::{Strictness, VersionRef};

/// How names are judged and ordered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TagStrategy {
    /// Names are semantic versions; the highest is the best ([rules 2.5 and 2.11](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    SemVer {
        /// What versions have to satisfy; `None` accepts all of them.
        constraint: Option<Constraint>,
        /// How complete a version has to be.
        strictness: Strictness,
    },
    /// The last name in the order of bytes is the best ([rule 3.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    Lexical,
    /// Exactly one name is chosen; filters do not apply ([rule 3.4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    Digest {
        /// The name.
        tag: Arc<str>,
    },
    /// The newest is the best ([rules 3.5 and 4.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). A name says nothing about age: the rule filters, ranks by name as for
    /// ties, and leaves the order to the caller, which knows the times.
    Newest,
}

/// The rule of one subscription about names: a filter, a strategy, and how names are read.
///
/// Which of these tags would my Warehouse take, and why not the others?
///
/// ```
/// # use selection_strategies::TagRule;
/// let selection = TagRule::semver(Some("^1.2".parse()?)).select(["1.2.7", "latest", "2.0.0", "1.3.0"]);
/// assert_eq!(selection.names(), ["1.3.0", "1.2.7"]);
/// assert_eq!(selection.rejection("2.0.0").unwrap().to_string(), r#"outside the constraint "^1.2""#);
/// # Ok::<(), selection_strategies::ConstraintError>(())
/// ```
///
/// [`judge`](Self::judge) says of one name whether it may be chosen and why not, [`rank`](Self::rank) orders many, lazily, and
/// [`select`](Self::select) does all of it at once. A [`TagFilter`] may precede the strategy, and a limit may follow:
///
/// ```
/// use selection_strategies::{TagFilter, TagRule};
///
/// let rule = TagRule::semver(Some("^1.0".parse()?))
///     .with_filter(TagFilter::builder().ignore("-debug$").build()?);
///
/// let tags = ["latest", "v1.0.0", "v1.2.0", "v1.2.0-debug", "v1.1.0", "v2.0.0"].map(String::from);
/// let selection = rule.select(&tags).limit(2);
/// assert_eq!(selection.names(), ["v1.2.0", "v1.1.0"]);
///
/// let rejected: Vec<_> = selection.rejected.iter().map(|(name, why)| format!("{name}: {why}")).collect();
/// assert_eq!(rejected, [
///     "latest: not a semantic version in the strict sense (major.minor.patch)",
///     r#"v1.2.0-debug: ignored by the pattern "-debug$""#,
///     r#"v2.0.0: outside the constraint "^1.0""#,
///     "v1.0.0: beyond the limit: 2 better candidates fill it",
/// ]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TagRule {
    filter: TagFilter,
    strategy: TagStrategy,
    kind: NameKind,
}

impl TagRule {
    /// A rule without a filter, for [plain](NameKind::Plain) names.
    #[must_use]
    pub fn new(strategy: TagStrategy) -> Self {
        Self { filter: TagFilter::new(), strategy, kind: NameKind::Plain }
    }

    /// Strict semantic versions within a constraint, the highest first. `None` accepts every version.
    #[must_use]
    pub fn semver(constraint: Option<Constraint>) -> Self {
        Self::new(TagStrategy::SemVer { constraint, strictness: Strictness::Strict })
    }

    /// Names in descending order of their bytes.
    ///
    /// ```
    /// use selection_strategies::{TagFilter, TagRule};
    ///
    /// let rule = TagRule::lexical().with_filter(TagFilter::builder().allow("^nightly-").build()?);
    /// let chosen = rule.select(["nightly-20240101", "nightly-20240102", "v1.0.0"]).chosen;
    /// assert_eq!(chosen[0].name, "nightly-20240102");
    /// # Ok::<(), selection_strategies::TagFilterError>(())
    /// ```
    #[must_use]
    pub fn lexical() -> Self {
        Self::new(TagStrategy::Lexical)
    }

    /// Exactly one name.
    ///
    /// ```
    /// use selection_strategies::TagRule;
    ///
    /// let rule = TagRule::digest("latest");
    /// assert_eq!(rule.select(["v1.0.0", "latest"]).chosen[0].name, "latest");
    /// assert!(rule.select(["v1.0.0"]).chosen.is_empty());
    /// ```
    #[must_use]
    pub fn digest(tag: impl Into<Arc<str>>) -> Self {
        Self::new(TagStrategy::Digest { tag: tag.into() })
    }

    /// Names that the filter allows, for the caller to order by age.
    ///
    /// ```
    /// use selection_strategies::{TagFilter, TagRule};
    ///
    /// let rule = TagRule::newest().with_filter(TagFilter::builder().ignore("^latest$").build()?);
    /// assert!(rule.judge("main-4f2a9c1").is_accepted());
    /// assert!(!rule.judge("latest").is_accepted());
    /// # Ok::<(), selection_strategies::TagFilterError>(())
    /// ```
    #[must_use]
    pub fn newest() -> Self {
        Self::new(TagStrategy::Newest)
    }

    /// Versions of a chart in a classic repository: read leniently, duplicates tolerated
    /// ([rules 2.11 and 5.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    ///
    /// ```
    /// use selection_strategies::TagRule;
    ///
    /// let rule = TagRule::chart(Some(">=1".parse()?));
    /// let chosen = rule.select(["1", "v1.10", "1.9.0", "nonsense"]).chosen;
    /// assert_eq!(chosen.iter().map(|version| version.name).collect::<Vec<_>>(), ["v1.10", "1.9.0", "1"]);
    /// # Ok::<(), selection_strategies::ConstraintError>(())
    /// ```
    #[must_use]
    pub fn chart(constraint: Option<Constraint>) -> Self {
        Self::new(TagStrategy::SemVer { constraint, strictness: Strictness::Loose })
    }

    /// Versions of a chart in an OCI repository: tags in which `_` stands for `+`, strict and
    /// without `v` ([rule 2.11](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). [`with_strictness`](Self::with_strictness) opts in to the `v`.
    ///
    /// ```
    /// use selection_strategies::{Strictness, TagRule};
    ///
    /// let rule = TagRule::oci_chart(None);
    /// let chosen = rule.select(["1.0.0_build.5", "v1.1.0", "1.2"]).chosen;
    /// assert_eq!(chosen.len(), 1);
    /// assert_eq!(chosen[0].version_text(), "1.0.0+build.5");
    ///
    /// let lenient = rule.with_strictness(Strictness::Strict);
    /// assert_eq!(lenient.select(["1.0.0", "v1.1.0"]).chosen[0].name, "v1.1.0");
    /// ```
    #[must_use]
    pub fn oci_chart(constraint: Option<Constraint>) -> Self {
        Self::new(TagStrategy::SemVer { constraint, strictness: Strictness::Bare })
            .with_kind(NameKind::OciChart)
    }

    /// The same rule behind a filter. [`TagStrategy::Digest`] does not ask it.
    #[must_use]
    pub fn with_filter(mut self, filter: TagFilter) -> Self {
        self.filter = filter;
        self
    }

    /// The same rule for names from somewhere else.
    #[must_use]
    pub fn with_kind(mut self, kind: NameKind) -> Self {
        self.kind = kind;
        self
    }

    /// The same rule with another strictness; changes nothing unless the strategy is
    /// [`SemVer`](TagStrategy::SemVer).
    #[must_use]
    pub fn with_strictness(mut self, strictness: Strictness) -> Self {
        if let TagStrategy::SemVer { strictness: current, .. } = &mut self.strategy {
            *current = strictness;
        }
        self
    }

    /// The filter.
    #[must_use]
    pub fn filter(&self) -> &TagFilter {
        &self.filter
    }

    /// The strategy.
    #[must_use]
    pub fn strategy(&self) -> &TagStrategy {
        &self.strategy
    }

    /// How names are read.
    #[must_use]
    pub fn kind(&self) -> NameKind {
        self.kind
    }

    /// Judges one name: may it be chosen, and if not, which rule says so?
    pub fn judge(&self, name: &str) -> Verdict {
        self.check(name).map(|_| ()).into()
    }

    /// Judges every name and puts the accepted ones in order, best first.
    ///
    /// `names` are anything that holds texts: `["1.0.0"]`, a `&[String]`, iterators of `&str` and of `&String`. `rejected` is
    /// called with each name that is not accepted, in the order of `names`. Sorting is lazy: taking the first few of a hundred
    /// thousand costs about as much as looking at each. The order does not depend on the order of `names`; only equal names
    /// keep theirs.
    pub fn rank<'n, N: AsRef<str> + ?Sized + 'n>(
        &self,
        names: impl IntoIterator<Item = &'n N>,
        mut rejected: impl FnMut(&'n str, Rejection),
    ) -> Ranking<'n> {
        let mut candidates = Vec::new();
        for (position, name) in names.into_iter().enumerate() {
            let name = name.as_ref();
            match self.check(name) {
                Ok(version) => candidates.push(Candidate::new(name, position, version, self.kind)),
                Err(why) => rejected(name, why),
            }
        }
        Ranking::new(candidates)
    }

    /// Orders names of which [`judge`](Self::judge) accepted those at these positions, as [`rank`](Self::rank) does, without judging them again:
    /// for a program that judges a long list in pieces. Positions outside the list are left out, and so are names without a version where the
    /// strategy reads versions.
    ///
    /// ```
    /// use selection_strategies::TagRule;
    ///
    /// let (rule, tags) = (TagRule::semver(None), ["1.0.0", "latest", "1.2.0"]);
    /// let accepted = (0..tags.len()).filter(|&position| rule.judge(tags[position]).is_accepted());
    /// let ranked: Vec<_> = rule.rank_accepted(accepted.map(|position| (position, tags[position]))).collect();
    /// assert_eq!(ranked, rule.rank(tags, |_, _| {}).collect::<Vec<_>>());
    /// ```
    pub fn rank_accepted<'n>(&self, accepted: impl IntoIterator<Item = (usize, &'n str)>) -> Ranking<'n> {
        let candidate = |(position, name): (usize, &'n str)| {
            let version = match &self.strategy {
                TagStrategy::SemVer { strictness, .. } => Some(self.version(self.short(name), *strictness)?),
                _ => None,
            };
            Some(Candidate::new(name, position, version, self.kind))
        };
        Ranking::new(accepted.into_iter().filter_map(candidate).collect())
    }

    /// The name without the prefix that is not a part of it.
    fn short<'n>(&self, name: &'n str) -> &'n str {
        match self.kind {
            NameKind::GitTag => name.strip_prefix("refs/tags/").unwrap_or(name),
            NameKind::Plain | NameKind::OciChart => name,
        }
    }

    /// The version that a short name is read as; `None` for a name that is none.
    fn version<'n>(&self, name: &'n str, strictness: Strictness) -> Option<VersionRef<'n>> {
        match self.kind {
            NameKind::OciChart => VersionRef::parse_oci_tag(name, strictness).ok(),
            NameKind::Plain | NameKind::GitTag => VersionRef::parse_with(name, strictness).ok(),
        }
    }

    /// Judges and orders all names; [`Selection::limit`] keeps the best of them.
    ///
    /// `names` are anything that holds texts: `["1.0.0"]`, a `&[String]`, iterators of `&str` and of `&String`.
    pub fn select<'n, N: AsRef<str> + ?Sized + 'n>(
        &self,
        names: impl IntoIterator<Item = &'n N>,
    ) -> Selection<'n> {
        let mut rejected = Vec::new();
        let ranking = self.rank(names, |name, why| rejected.push((name, why)));
        ranking.into_selection(rejected)
    }

    /// The version of a name that is accepted; `None` where the strategy does not read versions.
    fn check<'n>(&self, name: &'n str) -> Result<Option<VersionRef<'n>>, Rejection> {
        let name = self.short(name);
        if self.kind == NameKind::GitTag && !is_short_name(name.as_bytes()) {
            return Err(Rejection::forbidden_git_name());
        }
        match &self.strategy {
            TagStrategy::Digest { tag } if **tag == *name => Ok(None),
            TagStrategy::Digest { tag } => Err(Rejection::NotTheTag { tag: Arc::clone(tag) }),
            TagStrategy::Lexical | TagStrategy::Newest => self.filter.check(name).map(|()| None),
            TagStrategy::SemVer { constraint, strictness } => {
                self.filter.check(name)?;
                self.check_version(name, constraint.as_ref(), *strictness).map(Some)
            }
        }
    }

    /// Why a name is not a version. Two frequent mistakes in the tags of charts have a reason of their own ([rule 2.11](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)): a leading
    /// `v`, with whether the version would fit without it, and a second `_`.
    fn why_no_version(
        &self,
        name: &str,
        constraint: Option<&Constraint>,
        strictness: Strictness,
    ) -> Rejection {
        let version = |name| VersionRef::parse_oci_tag(name, strictness).ok();
        let fits = |name| {
            version(name).is_some_and(|version| constraint.is_none_or(|allowed| allowed.matches(version)))
        };
        let before_second = name.match_indices('_').nth(1).map(|(second, _)| &name[..second]);
        let without_v = name.strip_prefix('v').filter(|name| version(name).is_some());
        match self.kind {
            NameKind::OciChart if without_v.is_some() => match constraint {
                Some(constraint) if !without_v.is_some_and(fits) => {
                    Rejection::LeadingVOutsideConstraint { constraint: Arc::clone(constraint.shared_text()) }
                }
                _ => Rejection::LeadingV,
            },
            NameKind::OciChart if before_second.is_some_and(|name| version(name).is_some()) => {
                Rejection::SecondUnderscore
            }
            _ => Rejection::NotSemver { strict: strictness.is_strict() },
        }
    }

    fn check_version<'n>(
        &self,
        name: &'n str,
        constraint: Option<&Constraint>,
        strictness: Strictness,
    ) -> Result<VersionRef<'n>, Rejection> {
        let Some(version) = self.version(name, strictness) else {
            return Err(self.why_no_version(name, constraint, strictness));
        };
        match constraint {
            Some(constraint) if !constraint.matches(version) => {
                Err(Rejection::OutsideConstraint { constraint: Arc::clone(constraint.shared_text()) })
            }
            _ => Ok(version),
        }
    }
}
