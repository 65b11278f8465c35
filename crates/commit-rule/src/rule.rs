//! The rule of a subscription, checked and compiled.

use std::fmt;

use jiff::Timestamp;
use kargo_expr::{CommitVariables, Environment, Expression, ExpressionError, TagVariables, Time};
use selection_strategies::path::{PathSelector, PathSelectors};
use selection_strategies::{
    CommitSelectionStrategy, Constraint, NameKind, Rejection, Strictness, TagFilter, TagRule, TagStrategy,
    Verdict, is_git_reference,
};
use serde::{Serialize, Serializer};

use crate::error::{InvalidCommitRule, NamesDoNotDecide};

/// Which commits of a repository are found. Defaults to the newest commits of the remote's HEAD.
///
/// A rule judges without a server: see [the crate](crate). It serializes to the settings that its answers depend on, without those that its
/// strategy ignores.
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
    pub fn strategy(&self) -> CommitSelectionStrategy {
        self.settings.strategy
    }

    /// The branch of [`NewestFromBranch`](CommitSelectionStrategy::NewestFromBranch); `None` for the remote's HEAD, and for the other strategies.
    pub fn branch(&self) -> Option<&str> {
        self.settings.branch.as_deref()
    }

    /// The date of the oldest commit of a branch; `None` where there is no limit, and for the other strategies.
    pub fn since(&self) -> Option<Timestamp> {
        self.settings.since
    }

    /// The rule about the names of tags; `None` for [`NewestFromBranch`](CommitSelectionStrategy::NewestFromBranch).
    pub fn tag_rule(&self) -> Option<&TagRule> {
        self.tag_rule.as_ref()
    }

    /// The compiled expression, if there is one.
    pub fn expression(&self) -> Option<&Expression> {
        self.expression.as_ref()
    }

    /// The selectors of changed paths; `None` where every path counts, so that paths need not be known.
    pub fn paths(&self) -> Option<&PathSelectors> {
        self.paths.as_ref()
    }

    /// The included paths as they were written.
    pub fn include_paths(&self) -> &[String] {
        &self.settings.include_paths
    }

    /// The excluded paths as they were written.
    pub fn exclude_paths(&self) -> &[String] {
        &self.settings.exclude_paths
    }

    /// Judges the names of tags, without or with `refs/tags/`: first the accepted ones, best first, then the rejected ones in
    /// the given order. Under [`NewestTag`](CommitSelectionStrategy::NewestTag), whose order is that of dates, the accepted ones are in no
    /// particular order.
    ///
    /// An accepted tag may still be rejected by its commit: see [`reads_commits`](Self::reads_commits).
    ///
    /// # Errors
    ///
    /// [`NamesDoNotDecide`] under [`NewestFromBranch`](CommitSelectionStrategy::NewestFromBranch).
    pub fn judge_tags<N: AsRef<str>>(
        &self,
        names: impl IntoIterator<Item = N>,
    ) -> Result<Vec<JudgedTag>, NamesDoNotDecide> {
        let rule = self.tag_rule.as_ref().ok_or(NamesDoNotDecide)?;
        let names: Vec<N> = names.into_iter().collect();
        let selection = rule.select(names.iter().map(AsRef::as_ref));
        let judged = |name: &str, verdict| JudgedTag { name: name.to_owned(), verdict };
        let accepted = selection.chosen.iter().map(|tag| judged(tag.name, Verdict::Accepted));
        let rejected = selection.rejected.into_iter().map(|(name, why)| judged(name, Verdict::Rejected(why)));
        Ok(accepted.chain(rejected).collect())
    }

    /// Judges a commit of a branch by its date and by the expression
    /// ([rules 4.1 and 4.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    /// `now` is the time of `now()` in the expression. Its paths are judged by [`judge_paths`](Self::judge_paths).
    ///
    /// [`Rejection::OlderThanSince`] also holds for every commit before this one: the walk along the branch ends there.
    ///
    /// # Errors
    ///
    /// [`ExpressionError`] where the expression cannot be evaluated, or its value is neither true nor false.
    pub fn judge_commit(&self, commit: &CommitVariables<'_>, now: &Time) -> Result<Verdict, ExpressionError> {
        if self.settings.since.is_some_and(|since| commit.commit_date.unix_seconds() < since.as_second()) {
            return Ok(Verdict::Rejected(Rejection::OlderThanSince));
        }
        self.judge_by_expression(|| Environment::for_commit(commit), now)
    }

    /// Judges a tag by its name and by the expression
    /// ([rules 4.2 and 4.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    /// `now` is the time of `now()` in the expression. The paths of its commit are judged by [`judge_paths`](Self::judge_paths).
    ///
    /// # Errors
    ///
    /// As [`judge_commit`](Self::judge_commit).
    pub fn judge_tag(&self, tag: &TagVariables<'_>, now: &Time) -> Result<Verdict, ExpressionError> {
        if let Some(rule) = &self.tag_rule {
            let Ok(name) = std::str::from_utf8(tag.tag) else {
                return Ok(Verdict::Rejected(Rejection::forbidden_git_name()));
            };
            if let Verdict::Rejected(why) = rule.judge(name) {
                return Ok(Verdict::Rejected(why));
            }
        }
        self.judge_by_expression(|| Environment::for_tag(tag), now)
    }

    fn judge_by_expression<'a>(
        &self,
        environment: impl FnOnce() -> Environment<'a>,
        now: &Time,
    ) -> Result<Verdict, ExpressionError> {
        match &self.expression {
            Some(expression) => expression.judge(&environment().now(now.clone())),
            None => Ok(Verdict::Accepted),
        }
    }

    /// Judges a commit by the paths that it changes, as Git trees have them: accepted where at least one of them is included and not
    /// excluded, and where every path counts
    /// ([rules 4.3 and 4.4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    pub fn judge_paths(&self, changed: impl IntoIterator<Item: AsRef<[u8]>>) -> Verdict {
        self.paths.as_ref().map_or(Verdict::Accepted, |paths| paths.judge_commit(changed))
    }

    /// Whether a commit decides too: under [`NewestFromBranch`](CommitSelectionStrategy::NewestFromBranch) and
    /// [`NewestTag`](CommitSelectionStrategy::NewestTag), and with an expression or a path filter.
    pub fn reads_commits(&self) -> bool {
        matches!(
            self.settings.strategy,
            CommitSelectionStrategy::NewestFromBranch | CommitSelectionStrategy::NewestTag
        ) || self.has_filter()
    }

    /// Whether there is an expression or a path filter.
    pub fn has_filter(&self) -> bool {
        self.expression.is_some() || self.paths.is_some()
    }

    /// Whether the same commit always has the same verdict. An expression that reads the time may change
    /// its verdict.
    pub fn is_timeless(&self) -> bool {
        self.expression.as_ref().is_none_or(|expression| !expression.as_str().contains("now"))
    }
}

impl Serialize for CommitRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.settings.serialize(serializer)
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
    /// Which commits count as the newest. Defaults to [`CommitSelectionStrategy::NewestFromBranch`].
    pub fn strategy(mut self, strategy: CommitSelectionStrategy) -> Self {
        self.settings.strategy = strategy;
        self
    }

    /// Which tags, and in which order, instead of a [`strategy`](Self::strategy) and the settings about tags. The rule's
    /// [kind of names](TagRule::with_kind) is set to that of Git. Defaults to none: the other settings decide.
    ///
    /// ```
    /// use commit_rule::{CommitRule, CommitSelectionStrategy};
    /// use selection_strategies::TagRule;
    ///
    /// let rule = CommitRule::builder().tag_rule(TagRule::semver(Some("^1.0".parse()?))).build()?;
    /// assert_eq!(rule.strategy(), CommitSelectionStrategy::SemVer);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn tag_rule(mut self, rule: TagRule) -> Self {
        self.tag_rule = Some(rule);
        self
    }

    /// The branch of [`CommitSelectionStrategy::NewestFromBranch`], by its short name (`main`). An empty one is none.
    /// Defaults to the remote's HEAD.
    pub fn branch(mut self, branch: impl Into<String>) -> Self {
        self.settings.branch = Some(branch.into()).filter(|branch| !branch.is_empty());
        self
    }

    /// The constraint of [`CommitSelectionStrategy::SemVer`]
    /// ([rules 2.6 to 2.10](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). An empty one is none. Defaults
    /// to none.
    pub fn semver_constraint(mut self, constraint: impl Into<String>) -> Self {
        self.semver_constraint = Some(constraint.into()).filter(|constraint| !constraint.is_empty());
        self
    }

    /// Whether [`CommitSelectionStrategy::SemVer`] accepts complete versions only
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
    /// ([rule 4.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). An empty one is none. Defaults to none.
    pub fn expression_filter(mut self, expression: impl Into<String>) -> Self {
        self.settings.expression_filter = Some(expression.into()).filter(|text| !text.is_empty());
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
    /// [`InvalidCommitRule`] for a branch whose name Git forbids, and for a constraint, a pattern, a path selector or an
    /// expression that is not valid; for a [`tag_rule`](Self::tag_rule) beside a strategy or settings about tags, and for one that names a
    /// tag by its digest or reads versions as charts are named.
    pub fn build(self) -> Result<CommitRule, InvalidCommitRule> {
        let tag_rule = self.tags()?;
        let mut settings = self.settings;
        let expression = settings.expression_filter.as_deref().map(Expression::compile).transpose();
        let expression = expression.map_err(InvalidCommitRule::Expression)?;
        let selectors =
            |texts: &[String]| texts.iter().map(|text| PathSelector::new(text)).collect::<Result<_, _>>();
        let include = selectors(&settings.include_paths).map_err(InvalidCommitRule::IncludePath)?;
        let exclude = selectors(&settings.exclude_paths).map_err(InvalidCommitRule::ExcludePath)?;
        let paths = PathSelectors::from_selectors(include, exclude);
        let paths = (!paths.is_unrestricted()).then_some(paths);
        match &tag_rule {
            None => settings.branch.as_deref().map_or(Ok(()), check_branch)?,
            Some(rule) => settings.set_tags(rule)?,
        }
        Ok(CommitRule { settings, tag_rule, expression, paths })
    }

    /// The rule about tags that was given, or that of the settings; `None` where a branch is followed.
    fn tags(&self) -> Result<Option<TagRule>, InvalidCommitRule> {
        let strategy = self.settings.strategy;
        if let Some(rule) = &self.tag_rule {
            let is_alone = strategy == CommitSelectionStrategy::default()
                && self.semver_constraint.is_none()
                && self.strict_semvers
                && [&self.allow_tags_regexes, &self.ignore_tags_regexes, &self.ignore_tags]
                    .into_iter()
                    .all(Vec::is_empty);
            if !is_alone {
                return Err(wrong_tag_rule(
                    "a rule about tags replaces the strategy and the settings about tags, and both are given",
                ));
            }
            return Ok(Some(rule.clone().with_kind(NameKind::GitTag)));
        }
        let rule = match strategy {
            CommitSelectionStrategy::NewestFromBranch => return Ok(None),
            CommitSelectionStrategy::SemVer => {
                let constraint = self.semver_constraint.as_deref().map(str::parse::<Constraint>).transpose();
                let constraint = constraint.map_err(InvalidCommitRule::Constraint)?;
                let strictness = if self.strict_semvers { Strictness::Strict } else { Strictness::Loose };
                TagRule::semver(constraint).with_strictness(strictness)
            }
            CommitSelectionStrategy::Lexical => TagRule::lexical(),
            CommitSelectionStrategy::NewestTag => TagRule::newest(),
        };
        let filter = TagFilter::builder()
            .allow_all(&self.allow_tags_regexes)
            .ignore_all(&self.ignore_tags_regexes)
            .ignore_literals(self.ignore_tags.iter().map(String::as_str))
            .build()
            .map_err(InvalidCommitRule::Pattern)?;
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

/// What the user wrote, without the settings that the strategy ignores.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    strategy: CommitSelectionStrategy,
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
    fn set_tags(&mut self, rule: &TagRule) -> Result<(), InvalidCommitRule> {
        (self.branch, self.since) = (None, None);
        self.strategy = match rule.strategy() {
            TagStrategy::SemVer { constraint, strictness } => {
                self.semver_constraint =
                    constraint.as_ref().map(|constraint| constraint.original().to_owned());
                self.strict_semvers = match strictness {
                    Strictness::Strict => Some(true),
                    Strictness::Loose => Some(false),
                    _ => return Err(wrong_tag_rule("tags of Git are strict or loose versions")),
                };
                CommitSelectionStrategy::SemVer
            }
            TagStrategy::Lexical => CommitSelectionStrategy::Lexical,
            TagStrategy::Newest => CommitSelectionStrategy::NewestTag,
            _ => return Err(wrong_tag_rule("a rule about tags of Git orders versions, names or dates")),
        };
        let filter = rule.filter();
        self.allow_tags_regexes = strings(filter.allow_patterns());
        self.ignore_tags_regexes = strings(filter.ignore_patterns());
        self.ignore_tags = strings(filter.ignored_names());
        Ok(())
    }
}

fn strings<S: Into<String>>(texts: impl IntoIterator<Item = S>) -> Vec<String> {
    texts.into_iter().map(Into::into).collect()
}

fn wrong_tag_rule(reason: &'static str) -> InvalidCommitRule {
    InvalidCommitRule::TagRule { reason }
}

/// Refuses a name that no branch can have. The name becomes a line of the protocol, so this also keeps line breaks out.
fn check_branch(branch: &str) -> Result<(), InvalidCommitRule> {
    let wrong = |reason| Err(InvalidCommitRule::Branch { branch: branch.to_owned(), reason });
    if branch.len() > 255 {
        return wrong("it is longer than 255 bytes");
    }
    if branch.starts_with('-') {
        return wrong("it starts with a dash");
    }
    if !is_git_reference(format!("refs/heads/{branch}")) {
        return wrong("Git allows no such name");
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
            (settings().strategy(CommitSelectionStrategy::SemVer), TagRule::semver(None)),
            (
                settings()
                    .strategy(CommitSelectionStrategy::SemVer)
                    .semver_constraint("^1.0")
                    .strict_semvers(false),
                semver("^1.0").with_strictness(Strictness::Loose),
            ),
            (
                settings()
                    .strategy(CommitSelectionStrategy::Lexical)
                    .allow_tags_regexes(["^v"])
                    .ignore_tags_regexes(["-rc"])
                    .ignore_tags(["v2", "v1"]),
                TagRule::lexical().with_filter(filter),
            ),
            (settings().strategy(CommitSelectionStrategy::NewestTag).branch("main"), TagRule::newest()),
        ] {
            let (built, given) = (built.build().unwrap(), settings().tag_rule(given).build().unwrap());
            let fingerprint = |rule: &CommitRule| serde_json::to_string(rule).unwrap();
            assert_eq!(fingerprint(&built), fingerprint(&given));
            let names = ["refs/tags/v1.2.0", "v1.3.0-rc", "v1", "v2", "1.0.0", "x"];
            assert_eq!(built.judge_tags(names).unwrap(), given.judge_tags(names).unwrap());
        }
    }

    #[test]
    fn a_rule_that_git_has_not_is_refused() {
        let rule = |rule: TagRule| CommitRule::builder().tag_rule(rule);
        for (builder, message) in [
            (rule(TagRule::lexical()).strategy(CommitSelectionStrategy::SemVer), "both are given"),
            (rule(TagRule::lexical()).ignore_tags(["a"]), "both are given"),
            (rule(TagRule::semver(None)).strict_semvers(false), "both are given"),
            (rule(TagRule::digest("a")), "orders versions, names or dates"),
            (rule(TagRule::oci_chart(None)), "strict or loose versions"),
        ] {
            let error = builder.build().unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
        }
    }

    #[test]
    fn it_serializes_to_the_settings_that_the_strategy_reads() {
        let all = |strategy| {
            CommitRule::builder()
                .strategy(strategy)
                .branch("main")
                .semver_constraint("^1")
                .strict_semvers(false)
                .allow_tags_regexes(["^v"])
                .ignore_tags_regexes(["-rc"])
                .ignore_tags(["v1.0.0"])
                .since(Timestamp::from_second(0).unwrap())
                .expression_filter("subject != ''")
                .include_paths(["a"])
                .exclude_paths(["a/b"])
                .build()
                .unwrap()
        };
        let filters = r#""expressionFilter":"subject != ''","includePaths":["a"],"excludePaths":["a/b"]"#;
        let names = r#""allowTagsRegexes":["^v"],"ignoreTagsRegexes":["-rc"],"ignoreTags":["v1.0.0"]"#;
        for (strategy, expected) in [
            (
                CommitSelectionStrategy::NewestFromBranch,
                r#""branch":"main","since":"1970-01-01T00:00:00Z""#.to_owned(),
            ),
            (
                CommitSelectionStrategy::SemVer,
                format!(r#""semverConstraint":"^1","strictSemvers":false,{names}"#),
            ),
            (CommitSelectionStrategy::Lexical, names.to_owned()),
            (CommitSelectionStrategy::NewestTag, names.to_owned()),
        ] {
            let rule = format!(r#"{{"strategy":"{strategy}",{expected},{filters}}}"#);
            assert_eq!(serde_json::to_string(&all(strategy)).unwrap(), rule);
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
            rule(CommitSelectionStrategy::SemVer).ignore_tags(["v3.0.0"]),
            &["v1.9.0", "a..b", "v3.0.0", "refs/tags/v1.10.0", "x", "x"],
            &[
                "refs/tags/v1.10.0: accepted",
                "v1.9.0: accepted",
                &format!("a..b: {}", Rejection::forbidden_git_name()),
                "v3.0.0: ignored by the tag \"v3.0.0\" of the ignore list",
                "x: not a semantic version in the strict sense (major.minor.patch)",
                "x: not a semantic version in the strict sense (major.minor.patch)",
            ],
        );
        check(
            rule(CommitSelectionStrategy::Lexical).allow_tags_regexes(["^v"]),
            &["v1", "1", "v2"],
            &["v2: accepted", "v1: accepted", "1: matches none of the allowed patterns"],
        );
        check(rule(CommitSelectionStrategy::NewestTag), &["a"], &["a: accepted"]);
        check(rule(CommitSelectionStrategy::NewestTag), &[], &[]);
        assert_eq!(CommitRule::default().judge_tags(["v1.0.0"]), Err(NamesDoNotDecide));
    }

    #[test]
    fn when_commits_decide() {
        use CommitSelectionStrategy::{Lexical, NewestFromBranch, NewestTag, SemVer};
        let rule = |strategy| CommitRule::builder().strategy(strategy);
        for (builder, reads) in [
            (rule(NewestFromBranch), true),
            (rule(NewestTag), true),
            (rule(SemVer), false),
            (rule(Lexical), false),
            (rule(SemVer).expression_filter("true"), true),
            (rule(Lexical).include_paths(["a"]), true),
        ] {
            let rule = builder.build().unwrap();
            assert_eq!(rule.reads_commits(), reads, "{rule:?}");
        }
    }
}
