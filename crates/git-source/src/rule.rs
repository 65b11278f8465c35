//! Which commits are wanted: what the user wrote, and the work that it means.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use artifact_source::{Clock, Error, ErrorKind};
use jiff::Timestamp;

use kargo_expr::Expression;
use selection_strategies::path::PathSelectors;
use selection_strategies::{Constraint, NameKind, Strictness, TagFilter, TagRule};

use crate::branch::Branch;
use crate::plan::Plan;
use crate::sieve::Sieve;
use crate::tags::{Order, Tags};

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
    pub(crate) limit: usize,
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
    pub(crate) fn plan(self, clock: Arc<dyn Clock>) -> Result<Plan, Error> {
        let limit = NonZeroU32::new(u32::try_from(self.limit).unwrap_or(u32::MAX))
            .ok_or_else(|| invalid("the discovery limit is 0: it is at least 1".to_owned()))?;
        let sieve = self.sieve(clock)?;
        if self.strategy != Strategy::NewestFromBranch {
            return self.tags(limit, sieve).map(|tags| Plan::Tags(Box::new(tags)));
        }
        if let Some(branch) = &self.branch {
            check_branch(branch)?;
        }
        let described = format!(
            "newest {limit} from {:?} since {:?} {}",
            self.branch,
            self.since,
            self.describe_filters()
        );
        Ok(Plan::Branch(Box::new(Branch { name: self.branch, limit, sieve, described })))
    }

    fn describe_filters(&self) -> String {
        format!("where {:?} in {:?} not {:?}", self.expression, self.include_paths, self.exclude_paths)
    }

    fn sieve(&self, clock: Arc<dyn Clock>) -> Result<Sieve, Error> {
        let expression = match &self.expression {
            Some(text) => Some(
                Expression::compile(text)
                    .map_err(|error| invalid(format!("the expression filter is wrong: {error}")))?,
            ),
            None => None,
        };
        let paths = PathSelectors::new(&self.include_paths, &self.exclude_paths)
            .map_err(|error| invalid(error.to_string()))?;
        let paths = (!paths.is_unrestricted()).then_some(paths);
        Ok(Sieve { since: self.since, expression, paths, clock })
    }

    fn tags(self, limit: NonZeroU32, sieve: Sieve) -> Result<Tags, Error> {
        let described = format!(
            "best {limit} tags by {} {:?} strict {} allow {:?} ignore {:?} {:?} {}",
            self.strategy,
            self.semver_constraint,
            self.strict_semvers,
            self.allow_tags_regexes,
            self.ignore_tags_regexes,
            self.ignore_tags,
            self.describe_filters()
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
        let order = match self.strategy {
            Strategy::SemVer => Order::Versions,
            Strategy::Lexical => Order::Bytes,
            Strategy::NewestTag | Strategy::NewestFromBranch => Order::Dates,
        };
        Ok(Tags { rule, order, limit, sieve, described })
    }
}

fn invalid(what: String) -> Error {
    Error::new(ErrorKind::InvalidInput, what)
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
