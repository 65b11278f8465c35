//! The rules of subscriptions, which judge names, paths and commits without a server.

use commit_rule::{CommitRule, InvalidCommitRule};
use kargo_expr::CompileError;
use selection_strategies::path::PathSelectorError;
use selection_strategies::{
    CommitSelectionStrategy, Constraint, ConstraintError, ImageSelectionStrategy, NameKind, Strictness,
    TagFilter, TagFilterError, TagRule,
};

use crate::subscription::{
    ChartSubscription, GitSubscription, ImageSubscription, Subscription, SubscriptionKind,
};

/// A subscription whose rule cannot be made. [`parse`](crate::parse) refuses such a subscription, with the place of the field, so
/// only one that was built by hand has this error.
///
/// `Display` names the field. The cause is the [`source`](std::error::Error::source).
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRule {
    /// A pattern of `allowTagsRegexes` or `ignoreTagsRegexes` is not a regular expression of Go's syntax.
    #[error("`{}` cannot be used", self.field())]
    Pattern(#[source] TagFilterError),
    /// The version constraint does not parse.
    #[error("`{field}` cannot be used")]
    Constraint {
        /// `constraint` of an image, `semverConstraint` of others.
        field: &'static str,
        /// What is wrong with it.
        #[source]
        error: ConstraintError,
    },
    /// The strategy `Digest` follows the tag that `constraint` names, and it names none.
    #[error("the strategy Digest needs the tag to follow")]
    NoTag,
    /// A selector of `includePaths` or `excludePaths` does not parse.
    #[error("`{field}` cannot be used")]
    Path {
        /// `includePaths` or `excludePaths`.
        field: &'static str,
        /// What is wrong with it.
        #[source]
        error: PathSelectorError,
    },
    /// The expression does not compile.
    #[error("`expressionFilter` cannot be used")]
    Expression(#[source] CompileError),
    /// Git allows no branch of this name.
    #[error("`branch` cannot be used")]
    Branch(#[source] InvalidCommitRule),
}

impl From<InvalidCommitRule> for InvalidRule {
    fn from(invalid: InvalidCommitRule) -> Self {
        match invalid {
            InvalidCommitRule::Constraint(error) => Self::Constraint { field: "semverConstraint", error },
            InvalidCommitRule::Pattern(error) => Self::Pattern(error),
            InvalidCommitRule::IncludePath(error) => Self::Path { field: "includePaths", error },
            InvalidCommitRule::ExcludePath(error) => Self::Path { field: "excludePaths", error },
            InvalidCommitRule::Expression(error) => Self::Expression(error),
            other => Self::Branch(other),
        }
    }
}

impl InvalidRule {
    /// The name of the field that the rule cannot be made from.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Pattern(TagFilterError::Ignore { .. }) => "ignoreTagsRegexes",
            Self::Pattern(_) => "allowTagsRegexes",
            Self::Constraint { field, .. } | Self::Path { field, .. } => field,
            Self::NoTag => "constraint",
            Self::Expression(_) => "expressionFilter",
            Self::Branch(_) => "branch",
        }
    }
}

impl Subscription {
    /// The rule by which names are judged: tags of an image, tags of a Git repository, versions of a chart. None for a Git
    /// subscription that follows a branch, and for a generic one.
    ///
    /// Which of these tags would my Warehouse take, and why not the others:
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use warehouse_spec::{Options, parse};
    /// # let text = "\
    /// # apiVersion: kargo.akuity.io/v1alpha1
    /// # kind: Warehouse
    /// # metadata: {name: demo}
    /// # spec:
    /// #   subscriptions:
    /// #   - image: {repoURL: ghcr.io/example/app, constraint: ^1.26.0, ignoreTagsRegexes: ['-debug$']}
    /// # ";
    /// let manifest = parse("kargo.yaml", text, &Options::default());
    /// let rule = manifest.warehouses[0].spec.subscriptions[0].tag_rule()?.ok_or("no rule about tags")?;
    /// let selection = rule.select(["1.25.0", "1.26.1", "1.26.1-debug", "latest"]);
    ///
    /// assert_eq!(selection.chosen[0].name, "1.26.1");
    /// let rejected: Vec<String> = selection.rejected.iter().map(|(tag, why)| format!("{tag}: {why}")).collect();
    /// assert_eq!(
    ///     rejected,
    ///     [
    ///         r#"1.25.0: outside the constraint "^1.26.0""#,
    ///         r#"1.26.1-debug: ignored by the pattern "-debug$""#,
    ///         "latest: not a semantic version in the strict sense (major.minor.patch)",
    ///     ],
    /// );
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRule`] for a constraint or a pattern that does not parse.
    pub fn tag_rule(&self) -> Result<Option<TagRule>, InvalidRule> {
        match &self.kind {
            SubscriptionKind::Image(image) => image.rule().map(Some),
            SubscriptionKind::Git(git) => git.tag_rule(),
            SubscriptionKind::Chart(chart) => chart.rule().map(Some),
            SubscriptionKind::Generic(_) => Ok(None),
        }
    }
}

impl ImageSubscription {
    /// The rule over the repository's tags
    /// ([section 3](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). Under `NewestBuild` it filters, and
    /// the order follows from when the images were built. The limit is not a part of it.
    ///
    /// # Errors
    ///
    /// [`InvalidRule`] for a constraint or a pattern that does not parse, and for `Digest` without a `constraint`.
    pub fn rule(&self) -> Result<TagRule, InvalidRule> {
        let filter = filter(&self.allow_tags_regexes, &self.ignore_tags_regexes, &self.ignore_tags)?;
        let rule = match self.image_selection_strategy {
            ImageSelectionStrategy::SemVer => {
                TagRule::semver(constraint("constraint", self.constraint.as_deref())?)
                    .with_strictness(strictness(self.strict_semvers))
            }
            ImageSelectionStrategy::Lexical => TagRule::lexical(),
            ImageSelectionStrategy::NewestBuild => TagRule::newest(),
            ImageSelectionStrategy::Digest => match self.constraint.as_deref() {
                None | Some("") => return Err(InvalidRule::NoTag),
                Some(tag) => TagRule::digest(tag),
            },
        };
        Ok(rule.with_filter(filter))
    }
}

impl GitSubscription {
    /// The whole rule: over tags or the commits of a branch, with the expression, the paths and the date
    /// ([section 4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). The limit is not a part of it.
    ///
    /// Which of these tags would my Warehouse take, and which commits?
    ///
    /// ```
    /// use warehouse_spec::{CommitSelectionStrategy, GitSubscription};
    ///
    /// let mut git = GitSubscription::new("https://github.com/example/app");
    /// git.commit_selection_strategy = CommitSelectionStrategy::SemVer;
    /// git.include_paths = vec!["glob:apps/**".to_owned()];
    ///
    /// let rule = git.rule()?;
    /// let judged: Vec<_> = rule.judge_tags(["v1.0.0", "v1..0", "v1.2.0"])?.iter().map(ToString::to_string).collect();
    /// assert_eq!(judged, ["v1.2.0: accepted", "v1.0.0: accepted", "v1..0: unreadable: Git allows no tag of this name"]);
    /// assert!(rule.judge_paths(["apps/web/main.rs"]).is_accepted());
    /// assert!(!rule.judge_paths(["docs/index.md"]).is_accepted());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [`CommitRule::judge_commit`] and [`CommitRule::judge_tag`] also judge what Git says of a commit.
    ///
    /// # Errors
    ///
    /// [`InvalidRule`] for a branch that Git does not allow, and for a constraint, a pattern, a selector or an expression that does not parse.
    pub fn rule(&self) -> Result<CommitRule, InvalidRule> {
        let mut rule = CommitRule::builder()
            .branch(self.branch.as_deref().unwrap_or_default())
            .since(self.since)
            .expression_filter(self.expression_filter.as_deref().unwrap_or_default())
            .include_paths(&self.include_paths)
            .exclude_paths(&self.exclude_paths);
        if let Some(tags) = self.tag_rule()? {
            rule = rule.tag_rule(tags);
        }
        Ok(rule.build()?)
    }

    /// The part of the [rule](Self::rule) that is over the names of tags
    /// ([rule 4.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)); none under `NewestFromBranch`. Under
    /// `NewestTag` it filters, and the order follows from when the tags were made. Names may start with `refs/tags/`.
    ///
    /// # Errors
    ///
    /// [`InvalidRule`] for a constraint or a pattern that does not parse.
    pub fn tag_rule(&self) -> Result<Option<TagRule>, InvalidRule> {
        let rule = match self.commit_selection_strategy {
            CommitSelectionStrategy::NewestFromBranch => return Ok(None),
            CommitSelectionStrategy::SemVer => {
                TagRule::semver(constraint("semverConstraint", self.semver_constraint.as_deref())?)
                    .with_strictness(strictness(self.strict_semvers))
            }
            CommitSelectionStrategy::Lexical => TagRule::lexical(),
            CommitSelectionStrategy::NewestTag => TagRule::newest(),
        };
        let filter = filter(&self.allow_tags_regexes, &self.ignore_tags_regexes, &self.ignore_tags)?;
        Ok(Some(rule.with_filter(filter).with_kind(NameKind::GitTag)))
    }
}

impl ChartSubscription {
    /// The rule over the chart's versions, or over the tags of its repository in an OCI registry
    /// ([rules 2.11 and 5.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    ///
    /// # Errors
    ///
    /// [`InvalidRule::Constraint`] for a constraint that does not parse.
    pub fn rule(&self) -> Result<TagRule, InvalidRule> {
        let constraint = constraint("semverConstraint", self.semver_constraint.as_deref())?;
        Ok(match self.is_oci() {
            true if self.accept_v => TagRule::oci_chart(constraint).with_strictness(Strictness::Strict),
            true => TagRule::oci_chart(constraint),
            false => TagRule::chart(constraint),
        })
    }
}

fn filter(allow: &[String], ignore: &[String], literals: &[String]) -> Result<TagFilter, InvalidRule> {
    TagFilter::builder()
        .allow_all(allow)
        .ignore_all(ignore)
        .ignore_literals(literals.iter().map(String::as_str))
        .build()
        .map_err(InvalidRule::Pattern)
}

fn constraint(field: &'static str, text: Option<&str>) -> Result<Option<Constraint>, InvalidRule> {
    let text = text.filter(|text| !text.is_empty());
    text.map(Constraint::parse).transpose().map_err(|error| InvalidRule::Constraint { field, error })
}

fn strictness(is_strict: bool) -> Strictness {
    if is_strict { Strictness::Strict } else { Strictness::Loose }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rule over tags and the whole rule, which sources use, give each tag the same verdict, also one whose name Git forbids.
    #[test]
    fn both_rules_of_git_answer_the_same() {
        let names =
            ["v1.2.0", "refs/tags/v1.3.0", "v1.3.0-rc", "v2.0.0", "1.0", "v1..0", "-v1", "a b", "", "x"];
        for strategy in [
            CommitSelectionStrategy::SemVer,
            CommitSelectionStrategy::Lexical,
            CommitSelectionStrategy::NewestTag,
        ] {
            let mut git = GitSubscription::new("https://github.com/example/app");
            git.commit_selection_strategy = strategy;
            git.semver_constraint = Some("^1.0".to_owned());
            git.strict_semvers = false;
            git.allow_tags_regexes = vec!["^v".to_owned(), "^1".to_owned()];
            git.ignore_tags_regexes = vec!["-rc$".to_owned()];
            let (tags, whole) = (git.tag_rule().unwrap().unwrap(), git.rule().unwrap());
            assert_eq!(whole.strategy(), strategy);
            let judged = whole.judge_tags(names).unwrap();
            assert_eq!(judged.len(), names.len());
            for tag in judged {
                assert_eq!(tag.verdict, tags.judge(&tag.name), "{strategy}: {}", tag.name);
            }
        }
        let branch = GitSubscription::new("https://github.com/example/app");
        assert!(branch.tag_rule().unwrap().is_none());
        assert!(branch.rule().unwrap().judge_tags(names).is_err());
    }

    #[test]
    fn what_makes_no_rule_names_its_field() {
        type Edit = fn(&mut GitSubscription);
        let cases: [(Edit, &str); 5] = [
            (|git| git.branch = Some("a b".to_owned()), "branch"),
            (|git| git.expression_filter = Some("subject ==".to_owned()), "expressionFilter"),
            (|git| git.include_paths = vec!["regex:(".to_owned()], "includePaths"),
            (|git| git.exclude_paths = vec!["regex:(".to_owned()], "excludePaths"),
            (
                |git| {
                    git.commit_selection_strategy = CommitSelectionStrategy::SemVer;
                    git.semver_constraint = Some("nonsense".to_owned());
                },
                "semverConstraint",
            ),
        ];
        for (edit, field) in cases {
            let mut git = GitSubscription::new("https://github.com/example/app");
            edit(&mut git);
            assert_eq!(git.rule().unwrap_err().field(), field);
        }
    }
}
