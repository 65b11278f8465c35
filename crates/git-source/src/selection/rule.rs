//! The rule: what the user asks for, checked and compiled.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use artifact_source::{Clock, Error, ErrorKind, Rejection};
use jiff::Timestamp;
use kargo_expr::Expression;
use selection_strategies::path::PathSelectors;
use selection_strategies::{Constraint, NameKind, Strictness, TagFilter, TagRule, TagStrategy, Verdict};
use serde::{Deserialize, Serialize};

use crate::repository::is_valid_name;
use crate::selection::branch::Branch;
use crate::selection::exchange::Selection;
use crate::selection::filter::CommitFilter;
use crate::selection::tags::{self, Order, Tags};

/// Which commit of a repository counts as the newest
/// ([rules 4.1 and 4.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum CommitStrategy {
    /// The newest commits of a branch, along first parents.
    #[default]
    NewestFromBranch,
    /// The tags with the greatest semantic versions.
    SemVer,
    /// The greatest tags by bytes.
    Lexical,
    /// The tags with the latest dates.
    NewestTag,
}

impl CommitStrategy {
    /// The strategy in the notation of a manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NewestFromBranch => "NewestFromBranch",
            Self::SemVer => "SemVer",
            Self::Lexical => "Lexical",
            Self::NewestTag => "NewestTag",
        }
    }
}

impl fmt::Display for CommitStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which commits of a repository are found. Defaults to the newest commits that the remote's HEAD leads to.
///
/// A rule judges the names of tags without a server:
///
/// ```
/// use git_source::{CommitRule, CommitStrategy};
///
/// let rule = CommitRule::builder().strategy(CommitStrategy::SemVer).semver_constraint("^1.0".to_owned()).build()?;
/// let judged: Vec<_> = rule.judge_tags(["v2.0.0", "v1.2.0", "latest", "v1.10.0"])?.iter().map(ToString::to_string).collect();
/// assert_eq!(judged, [
///     "v1.10.0: accepted",
///     "v1.2.0: accepted",
///     "v2.0.0: outside the constraint \"^1.0\"",
///     "latest: not a semantic version in the strict sense (major.minor.patch)",
/// ]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct CommitRule {
    settings: Settings,
    /// `None` for `NewestFromBranch`.
    tag_rule: Option<TagRule>,
    expression: Option<Expression>,
    /// `None` where every path counts.
    paths: Option<PathSelectors>,
}

impl CommitRule {
    /// A builder of a rule.
    pub fn builder() -> CommitRuleBuilder {
        CommitRuleBuilder {
            settings: Settings::default(),
            semver_constraint: None,
            strict_semvers: true,
            allow_tags_regexes: Vec::new(),
            ignore_tags_regexes: Vec::new(),
            ignore_tags: Vec::new(),
            tag_rule: None,
        }
    }

    /// The strategy.
    pub fn strategy(&self) -> CommitStrategy {
        self.settings.strategy
    }

    /// The branch of [`NewestFromBranch`](CommitStrategy::NewestFromBranch); `None` for the remote's HEAD, and for the other strategies.
    pub fn branch(&self) -> Option<&str> {
        self.settings.branch.as_deref()
    }

    /// Judges the names of tags, as they stand after `refs/tags/` or with it: first the accepted ones, best first, then the rejected ones in
    /// the given order. Under [`NewestTag`](CommitStrategy::NewestTag), whose order is that of dates, the accepted ones are in no
    /// particular order.
    ///
    /// An accepted tag may still be rejected by its commit: see [`reads_commits`](Self::reads_commits).
    ///
    /// # Errors
    ///
    /// [`NamesDoNotDecide`] under [`NewestFromBranch`](CommitStrategy::NewestFromBranch).
    pub fn judge_tags<N: AsRef<str>>(
        &self,
        names: impl IntoIterator<Item = N>,
    ) -> Result<Vec<JudgedTag>, NamesDoNotDecide> {
        let rule = self.tag_rule.as_ref().ok_or(NamesDoNotDecide)?;
        let names: Vec<N> = names.into_iter().collect();
        let (mut valid, mut rejected) = (Vec::with_capacity(names.len()), Vec::new());
        for (position, name) in names.iter().map(AsRef::as_ref).enumerate() {
            let full = format!("refs/tags/{}", name.strip_prefix("refs/tags/").unwrap_or(name));
            match is_valid_name(full.as_str().into()) {
                true => valid.push((position, name)),
                false => rejected.push((position, name, tags::forbidden_name())),
            }
        }
        let mut next_rejected = valid.iter();
        let ranking = rule.rank(valid.iter().map(|(_, name)| *name), |name, why| {
            // Rejections come in the order of the names.
            if let Some((position, _)) = next_rejected.find(|(_, other)| std::ptr::eq(*other, name)) {
                rejected.push((*position, name, why));
            }
        });
        rejected.sort_by_key(|(position, ..)| *position);
        let judged = |name: &str, verdict| JudgedTag { name: name.to_owned(), verdict };
        let accepted = ranking.into_sorted().into_iter().map(|tag| judged(tag.name, Verdict::Accepted));
        let rejected = rejected.into_iter().map(|(_, name, why)| judged(name, Verdict::Rejected(why)));
        Ok(accepted.chain(rejected).collect())
    }

    /// Whether a commit decides too: under [`NewestFromBranch`](CommitStrategy::NewestFromBranch) and
    /// [`NewestTag`](CommitStrategy::NewestTag), and with an expression or a path filter.
    pub fn reads_commits(&self) -> bool {
        matches!(self.settings.strategy, CommitStrategy::NewestFromBranch | CommitStrategy::NewestTag)
            || self.expression.is_some()
            || self.paths.is_some()
    }

    /// Everything that an answer depends on, as JSON: part of an [observation](crate::observation).
    pub(crate) fn fingerprint(&self, repository: String, limit: NonZeroU32) -> Result<String, Error> {
        let fingerprint = Fingerprint { repository, limit, rule: &self.settings };
        serde_json::to_string(&fingerprint).map_err(|error| {
            Error::new(ErrorKind::Internal, "the rule cannot be written as JSON").with_cause(error)
        })
    }

    /// The work that finds these commits.
    pub(crate) fn selection(&self, limit: NonZeroU32, clock: Arc<dyn Clock>) -> Selection {
        let filter = CommitFilter {
            since: self.settings.since,
            expression: self.expression.clone(),
            paths: self.paths.clone(),
            clock,
        };
        let order = match self.settings.strategy {
            CommitStrategy::SemVer => Order::Versions,
            CommitStrategy::Lexical => Order::Bytes,
            CommitStrategy::NewestTag | CommitStrategy::NewestFromBranch => Order::Dates,
        };
        match &self.tag_rule {
            Some(rule) => Selection::Tags(Box::new(Tags { rule: rule.clone(), order, limit, filter })),
            None => {
                let name = self.settings.branch.clone();
                Selection::Branch(Box::new(Branch { name, limit, filter }))
            }
        }
    }
}

impl fmt::Debug for CommitRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)
    }
}

/// Builds a [`CommitRule`]. A strategy ignores the settings of other strategies.
#[derive(Clone, Debug)]
#[must_use]
pub struct CommitRuleBuilder {
    settings: Settings,
    semver_constraint: Option<String>,
    strict_semvers: bool,
    allow_tags_regexes: Vec<String>,
    ignore_tags_regexes: Vec<String>,
    ignore_tags: Vec<String>,
    tag_rule: Option<TagRule>,
}

impl CommitRuleBuilder {
    /// Which commits count as the newest. Defaults to [`CommitStrategy::NewestFromBranch`].
    pub fn strategy(mut self, strategy: CommitStrategy) -> Self {
        self.settings.strategy = strategy;
        self
    }

    /// Which tags, and in which order, instead of a [`strategy`](Self::strategy) and the settings about tags. The rule's
    /// [kind of names](TagRule::with_kind) is set to that of Git. Defaults to none: the other settings decide.
    ///
    /// ```
    /// use git_source::{CommitRule, CommitStrategy};
    /// use selection_strategies::TagRule;
    ///
    /// let rule = CommitRule::builder().tag_rule(TagRule::semver(Some("^1.0".parse()?))).build()?;
    /// assert_eq!(rule.strategy(), CommitStrategy::SemVer);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn tag_rule(mut self, rule: TagRule) -> Self {
        self.tag_rule = Some(rule);
        self
    }

    /// The branch of [`CommitStrategy::NewestFromBranch`], by its short name (`main`). Defaults to the remote's HEAD.
    pub fn branch(mut self, branch: impl Into<Option<String>>) -> Self {
        self.settings.branch = branch.into();
        self
    }

    /// The constraint of [`CommitStrategy::SemVer`]
    /// ([rules 2.6 to 2.10](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). An empty one is none. Defaults
    /// to none.
    pub fn semver_constraint(mut self, constraint: impl Into<Option<String>>) -> Self {
        self.semver_constraint = constraint.into().filter(|constraint| !constraint.is_empty());
        self
    }

    /// Whether [`CommitStrategy::SemVer`] accepts complete versions only
    /// ([rule 2.3](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). Defaults to `true`.
    pub fn strict_semvers(mut self, strict: bool) -> Self {
        self.strict_semvers = strict;
        self
    }

    /// Patterns of which a tag must match at least one
    /// ([rule 3.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). Defaults to every tag. Branches
    /// are not filtered.
    pub fn allow_tags_regexes<P: Into<String>>(mut self, patterns: impl IntoIterator<Item = P>) -> Self {
        self.allow_tags_regexes = strings(patterns);
        self
    }

    /// Patterns of which a tag must match none
    /// ([rule 3.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). Defaults to none.
    pub fn ignore_tags_regexes<P: Into<String>>(mut self, patterns: impl IntoIterator<Item = P>) -> Self {
        self.ignore_tags_regexes = strings(patterns);
        self
    }

    /// Tags to ignore, by their exact names. Defaults to none.
    pub fn ignore_tags<N: Into<String>>(mut self, tags: impl IntoIterator<Item = N>) -> Self {
        self.ignore_tags = strings(tags);
        self
    }

    /// The walk along a branch ends at the first commit that is older than this
    /// ([rule 4.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). Defaults to no limit.
    pub fn since(mut self, since: impl Into<Option<Timestamp>>) -> Self {
        self.settings.since = since.into();
        self
    }

    /// An expression that is true of the commits or tags to find
    /// ([rule 4.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). Defaults to none.
    pub fn expression_filter(mut self, expression: impl Into<Option<String>>) -> Self {
        self.settings.expression_filter = expression.into();
        self
    }

    /// Selectors of which a changed path must match at least one
    /// ([rule 4.4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). Defaults to every path.
    pub fn include_paths<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.settings.include_paths = strings(paths);
        self
    }

    /// Selectors whose paths do not count
    /// ([rule 4.4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). Defaults to none.
    pub fn exclude_paths<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.settings.exclude_paths = strings(paths);
        self
    }

    /// The rule.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for a branch whose name Git forbids, and for a constraint, a pattern, a path selector or an
    /// expression that is not valid; for a [`tag_rule`](Self::tag_rule) beside a strategy or settings about tags, and for one that names a
    /// tag by its digest or reads versions as charts are named.
    pub fn build(self) -> Result<CommitRule, Error> {
        let tag_rule = self.tags()?;
        let mut settings = self.settings;
        let expression = settings.expression_filter.as_deref().map(Expression::compile).transpose();
        let expression =
            expression.map_err(|error| invalid(format!("the expression filter is not valid: {error}")))?;
        let paths = PathSelectors::new(&settings.include_paths, &settings.exclude_paths)
            .map_err(|error| invalid(error.to_string()))?;
        let paths = (!paths.is_unrestricted()).then_some(paths);
        match &tag_rule {
            None => settings.branch.as_deref().map_or(Ok(()), check_branch)?,
            Some(rule) => settings.set_tags(rule)?,
        }
        Ok(CommitRule { settings, tag_rule, expression, paths })
    }

    /// The rule about tags that was given, or that of the settings; `None` where a branch is followed.
    fn tags(&self) -> Result<Option<TagRule>, Error> {
        let strategy = self.settings.strategy;
        if let Some(rule) = &self.tag_rule {
            let is_alone = strategy == CommitStrategy::default()
                && self.semver_constraint.is_none()
                && self.strict_semvers
                && [&self.allow_tags_regexes, &self.ignore_tags_regexes, &self.ignore_tags]
                    .into_iter()
                    .all(Vec::is_empty);
            if !is_alone {
                let message =
                    "a rule about tags replaces the strategy and the settings about tags, and both are given";
                return Err(invalid(message.to_owned()));
            }
            return Ok(Some(rule.clone().with_kind(NameKind::GitTag)));
        }
        let rule = match strategy {
            CommitStrategy::NewestFromBranch => return Ok(None),
            CommitStrategy::SemVer => {
                let constraint = self.semver_constraint.as_deref().map(str::parse::<Constraint>).transpose();
                let constraint = constraint.map_err(|error| invalid(error.to_string()))?;
                let strictness = if self.strict_semvers { Strictness::Strict } else { Strictness::Loose };
                TagRule::semver(constraint).with_strictness(strictness)
            }
            CommitStrategy::Lexical => TagRule::lexical(),
            CommitStrategy::NewestTag => TagRule::newest(),
        };
        let filter = TagFilter::builder()
            .allow_all(&self.allow_tags_regexes)
            .ignore_all(&self.ignore_tags_regexes)
            .ignore_literals(self.ignore_tags.iter().map(String::as_str))
            .build()
            .map_err(|error| invalid(error.to_string()))?;
        Ok(Some(rule.with_filter(filter).with_kind(NameKind::GitTag)))
    }
}

/// A tag, and what a [`CommitRule`] says about its name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JudgedTag {
    /// The name as it was given.
    pub name: String,
    /// The verdict, with the reason of a rejection.
    pub verdict: Verdict,
}

impl JudgedTag {
    /// Why the name is rejected; `None` for an accepted name.
    pub fn rejection(&self) -> Option<&Rejection> {
        self.verdict.rejection()
    }
}

impl fmt::Display for JudgedTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.verdict)
    }
}

/// The error of a [`CommitRule`] that follows a branch: the names of tags do not decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamesDoNotDecide;

impl fmt::Display for NamesDoNotDecide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the strategy NewestFromBranch finds commits of a branch: the names of tags do not decide",
        )
    }
}

impl std::error::Error for NamesDoNotDecide {}

/// What the user wrote, without the settings that the strategy ignores.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    strategy: CommitStrategy,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    semver_constraint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict_semvers: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allow_tags_regexes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignore_tags_regexes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignore_tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expression_filter: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    include_paths: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exclude_paths: Vec<String>,
}

impl Settings {
    /// Takes over what a rule about tags says, and drops what is said of branches.
    fn set_tags(&mut self, rule: &TagRule) -> Result<(), Error> {
        (self.branch, self.since) = (None, None);
        self.strategy = match rule.strategy() {
            TagStrategy::SemVer { constraint, strictness } => {
                self.semver_constraint =
                    constraint.as_ref().map(|constraint| constraint.original().to_owned());
                self.strict_semvers = match strictness {
                    Strictness::Strict => Some(true),
                    Strictness::Loose => Some(false),
                    _ => return Err(invalid("tags of Git are strict or loose versions".to_owned())),
                };
                CommitStrategy::SemVer
            }
            TagStrategy::Lexical => CommitStrategy::Lexical,
            TagStrategy::Newest => CommitStrategy::NewestTag,
            _ => return Err(invalid("a rule about tags of Git orders versions, names or dates".to_owned())),
        };
        let filter = rule.filter();
        self.allow_tags_regexes = strings(filter.allow_patterns());
        self.ignore_tags_regexes = strings(filter.ignore_patterns());
        self.ignore_tags = strings(filter.ignored_names());
        Ok(())
    }
}

/// Everything that an answer depends on.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fingerprint<'a> {
    repository: String,
    limit: NonZeroU32,
    rule: &'a Settings,
}

fn strings<S: Into<String>>(texts: impl IntoIterator<Item = S>) -> Vec<String> {
    texts.into_iter().map(Into::into).collect()
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}

/// Refuses a name that no branch can have. The name becomes a line of the protocol, so this also keeps line breaks out.
fn check_branch(branch: &str) -> Result<(), Error> {
    let wrong = |why: &str| invalid(format!("{branch:?} cannot be a branch: {why}"));
    if branch.len() > 255 {
        return Err(wrong("it is longer than 255 bytes"));
    }
    if branch.starts_with('-') {
        return Err(wrong("it starts with a dash"));
    }
    if !is_valid_name(format!("refs/heads/{branch}").as_str().into()) {
        return Err(wrong("Git allows no such name"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A rule that is given is the rule that the settings make, and the observation of one is that of the other.
    #[test]
    fn a_given_rule_is_that_of_the_settings() {
        let settings = CommitRule::builder;
        let filter = TagFilter::builder().allow("^v").ignore("-rc").ignore_literal("v2").ignore_literal("v1");
        let filter = filter.build().unwrap();
        let semver = |text: &str| TagRule::semver(Some(text.parse().unwrap()));
        for (built, given) in [
            (settings().strategy(CommitStrategy::SemVer), TagRule::semver(None)),
            (
                settings()
                    .strategy(CommitStrategy::SemVer)
                    .semver_constraint("^1.0".to_owned())
                    .strict_semvers(false),
                semver("^1.0").with_strictness(Strictness::Loose),
            ),
            (
                settings()
                    .strategy(CommitStrategy::Lexical)
                    .allow_tags_regexes(["^v"])
                    .ignore_tags_regexes(["-rc"])
                    .ignore_tags(["v2", "v1"]),
                TagRule::lexical().with_filter(filter),
            ),
            (settings().strategy(CommitStrategy::NewestTag).branch("main".to_owned()), TagRule::newest()),
        ] {
            let (built, given) = (built.build().unwrap(), settings().tag_rule(given).build().unwrap());
            let fingerprint = |rule: &CommitRule| rule.fingerprint("r".into(), NonZeroU32::MIN).unwrap();
            assert_eq!(fingerprint(&built), fingerprint(&given));
            let names = ["refs/tags/v1.2.0", "v1.3.0-rc", "v1", "v2", "1.0.0", "x"];
            assert_eq!(built.judge_tags(names).unwrap(), given.judge_tags(names).unwrap());
        }
    }

    #[test]
    fn a_rule_that_git_has_not_is_refused() {
        let rule = |rule: TagRule| CommitRule::builder().tag_rule(rule);
        for (builder, message) in [
            (rule(TagRule::lexical()).strategy(CommitStrategy::SemVer), "both are given"),
            (rule(TagRule::lexical()).ignore_tags(["a"]), "both are given"),
            (rule(TagRule::semver(None)).strict_semvers(false), "both are given"),
            (rule(TagRule::digest("a")), "orders versions, names or dates"),
            (rule(TagRule::oci_chart(None)), "strict or loose versions"),
        ] {
            let error = builder.build().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains(message), "{error}");
        }
    }

    #[test]
    fn the_fingerprint_has_the_settings_that_the_strategy_reads() {
        let all = |strategy| {
            CommitRule::builder()
                .strategy(strategy)
                .branch("main".to_owned())
                .semver_constraint("^1".to_owned())
                .strict_semvers(false)
                .allow_tags_regexes(["^v"])
                .ignore_tags_regexes(["-rc"])
                .ignore_tags(["v1.0.0"])
                .since(Timestamp::from_second(0).unwrap())
                .expression_filter("subject != ''".to_owned())
                .include_paths(["a"])
                .exclude_paths(["a/b"])
                .build()
                .unwrap()
        };
        let filters = r#""expressionFilter":"subject != ''","includePaths":["a"],"excludePaths":["a/b"]"#;
        let names = r#""allowTagsRegexes":["^v"],"ignoreTagsRegexes":["-rc"],"ignoreTags":["v1.0.0"]"#;
        for (strategy, expected) in [
            (
                CommitStrategy::NewestFromBranch,
                r#""branch":"main","since":"1970-01-01T00:00:00Z""#.to_owned(),
            ),
            (CommitStrategy::SemVer, format!(r#""semverConstraint":"^1","strictSemvers":false,{names}"#)),
            (CommitStrategy::Lexical, names.to_owned()),
            (CommitStrategy::NewestTag, names.to_owned()),
        ] {
            let fingerprint = all(strategy).fingerprint("R".to_owned(), NonZeroU32::MIN).unwrap();
            let rule = format!(r#"{{"strategy":"{strategy}",{expected},{filters}}}"#);
            assert_eq!(fingerprint, format!(r#"{{"repository":"R","limit":1,"rule":{rule}}}"#));
        }
    }

    #[test]
    fn names_are_judged_without_a_server() {
        #[track_caller]
        fn check(rule: CommitRuleBuilder, names: &[&str], expected: &[&str]) {
            let judged = rule.build().unwrap().judge_tags(names).unwrap();
            assert_eq!(judged.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
        }
        let rule = |strategy| CommitRule::builder().strategy(strategy);
        check(
            rule(CommitStrategy::SemVer).ignore_tags(["v3.0.0"]),
            &["v1.9.0", "a..b", "v3.0.0", "refs/tags/v1.10.0", "x", "x"],
            &[
                "refs/tags/v1.10.0: accepted",
                "v1.9.0: accepted",
                &format!("a..b: {}", tags::forbidden_name()),
                "v3.0.0: ignored by the tag \"v3.0.0\" of the ignore list",
                "x: not a semantic version in the strict sense (major.minor.patch)",
                "x: not a semantic version in the strict sense (major.minor.patch)",
            ],
        );
        check(
            rule(CommitStrategy::Lexical).allow_tags_regexes(["^v"]),
            &["v1", "1", "v2"],
            &["v2: accepted", "v1: accepted", "1: matches none of the allowed patterns"],
        );
        check(rule(CommitStrategy::NewestTag), &["a"], &["a: accepted"]);
        check(rule(CommitStrategy::NewestTag), &[], &[]);
        assert_eq!(CommitRule::default().judge_tags(["v1.0.0"]), Err(NamesDoNotDecide));
    }

    #[test]
    fn when_commits_decide() {
        use CommitStrategy::{Lexical, NewestFromBranch, NewestTag, SemVer};
        let rule = |strategy| CommitRule::builder().strategy(strategy);
        for (builder, reads) in [
            (rule(NewestFromBranch), true),
            (rule(NewestTag), true),
            (rule(SemVer), false),
            (rule(Lexical), false),
            (rule(SemVer).expression_filter("true".to_owned()), true),
            (rule(Lexical).include_paths(["a"]), true),
        ] {
            let rule = builder.build().unwrap();
            assert_eq!(rule.reads_commits(), reads, "{rule:?}");
        }
    }
}
