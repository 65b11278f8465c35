//! Which commits are wanted: what the user wrote, and what of it can be done.

use std::fmt;
use std::num::NonZeroU32;

use artifact_source::{Error, ErrorKind};
use jiff::Timestamp;

use selection_strategies::{Constraint, NameKind, Strictness, TagFilter, TagRule};

use crate::branch::Branch;
use crate::plan::Plan;
use crate::tags::Tags;

/// Which commit of a repository counts as the newest (semantics rules 4.1 and 4.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Strategy {
    /// The newest commits of a branch, along first parents.
    #[default]
    NewestFromBranch,
    /// The tags with the greatest semantic versions.
    SemVer,
    /// The greatest tags by bytes.
    Lexical,
    /// The tags that were made last.
    NewestTag,
}

impl Strategy {
    /// The strategy as a manifest spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NewestFromBranch => "NewestFromBranch",
            Self::SemVer => "SemVer",
            Self::Lexical => "Lexical",
            Self::NewestTag => "NewestTag",
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the user wrote.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) strategy: Strategy,
    pub(crate) branch: Option<String>,
    pub(crate) limit: u32,
    pub(crate) semver_constraint: Option<String>,
    pub(crate) strict_semvers: bool,
    pub(crate) allow_tags_regexes: Vec<String>,
    pub(crate) ignore_tags_regexes: Vec<String>,
    pub(crate) ignore_tags: Vec<String>,
    pub(crate) since: Option<Timestamp>,
    pub(crate) expression: Option<String>,
    pub(crate) include_paths: Vec<String>,
    pub(crate) exclude_paths: Vec<String>,
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            strategy: Strategy::default(),
            branch: None,
            limit: 20,
            semver_constraint: None,
            strict_semvers: true,
            allow_tags_regexes: Vec::new(),
            ignore_tags_regexes: Vec::new(),
            ignore_tags: Vec::new(),
            since: None,
            expression: None,
            include_paths: Vec::new(),
            exclude_paths: Vec::new(),
        }
    }
}

impl Rule {
    /// The work that finds what the rule asks for.
    pub(crate) fn plan(self) -> Result<Plan, Error> {
        let limit = NonZeroU32::new(self.limit)
            .ok_or_else(|| invalid("the discovery limit is 0: it is at least 1".to_owned()))?;
        if self.since.is_some() {
            return Err(not_yet("`since`"));
        }
        if self.expression.is_some() {
            return Err(not_yet("an expression filter"));
        }
        if !self.include_paths.is_empty() || !self.exclude_paths.is_empty() {
            return Err(not_yet("a path filter"));
        }
        if self.strategy != Strategy::NewestFromBranch {
            return self.tags(limit).map(Plan::Tags);
        }
        if let Some(branch) = &self.branch {
            check_branch(branch)?;
        }
        Ok(Plan::Branch(Branch { name: self.branch, limit }))
    }

    fn tags(self, limit: NonZeroU32) -> Result<Tags, Error> {
        let described = format!(
            "best {limit} tags by {} {:?} strict {} allow {:?} ignore {:?} {:?}",
            self.strategy,
            self.semver_constraint,
            self.strict_semvers,
            self.allow_tags_regexes,
            self.ignore_tags_regexes,
            self.ignore_tags
        );
        let filter = TagFilter::builder()
            .allow_all(self.allow_tags_regexes)
            .ignore_all(self.ignore_tags_regexes)
            .ignore_literals(self.ignore_tags)
            .build()
            .map_err(|error| invalid(error.to_string()))?;
        let rule = match self.strategy {
            Strategy::SemVer => {
                let constraint = self.semver_constraint.map(|text| text.parse::<Constraint>()).transpose();
                TagRule::semver(constraint.map_err(|error| invalid(error.to_string()))?)
            }
            Strategy::Lexical => TagRule::lexical(),
            Strategy::NewestTag | Strategy::NewestFromBranch => TagRule::newest(),
        };
        let strictness = if self.strict_semvers { Strictness::Strict } else { Strictness::Loose };
        let rule = rule.with_filter(filter).with_kind(NameKind::GitTag).with_strictness(strictness);
        Ok(Tags { rule, by_date: self.strategy == Strategy::NewestTag, limit, described })
    }
}

fn invalid(what: String) -> Error {
    Error::new(ErrorKind::InvalidInput, what)
}

/// To ignore a part of a rule would find commits that the user did not ask for.
fn not_yet(what: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("{what} is not supported yet for Git"))
}

/// A name that no branch can have is no question for a server. Since the name becomes a line of the
/// protocol, this also keeps line breaks out.
fn check_branch(branch: &str) -> Result<(), Error> {
    let wrong =
        |why: &str| Error::new(ErrorKind::InvalidInput, format!("{branch:?} cannot be a branch: {why}"));
    if branch.len() > 255 {
        return Err(wrong("it is longer than 255 characters"));
    }
    if branch.starts_with('-') {
        return Err(wrong("it starts with a dash"));
    }
    gix::validate::reference::name(format!("refs/heads/{branch}").as_str().into())
        .map(|_| ())
        .map_err(|_| wrong("Git allows no such name"))
}
