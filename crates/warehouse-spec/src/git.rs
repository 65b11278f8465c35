//! A subscription to a Git repository.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::subscription::{DEFAULT_DISCOVERY_LIMIT, is_off};

/// `git` of a subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GitSubscription {
    /// The repository: an http(s), ssh, scp-form or file URL.
    #[serde(rename = "repoURL")]
    pub repo_url: String,
    /// Which commit counts as the newest.
    pub commit_selection_strategy: CommitSelectionStrategy,
    /// The branch for `NewestFromBranch`; none means the remote's HEAD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// A version constraint for `SemVer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub semver_constraint: Option<String>,
    /// Whether only tags with all three version parts count (rule 2.3).
    pub strict_semvers: bool,
    /// Patterns of which a tag must match at least one; none means every tag (rule 3.1).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_tags_regexes: Vec<String>,
    /// Patterns of which a tag must match none (rule 3.1).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore_tags_regexes: Vec<String>,
    /// Tags to ignore, letter by letter: `ignoreTags` of releases before 1.13, still understood here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore_tags: Vec<String>,
    /// What must be true of a commit or tag, as an expression (rule 4.6).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression_filter: Option<String>,
    /// Selectors of which a changed path must match at least one; none means every path (rule 4.4).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include_paths: Vec<String>,
    /// Selectors whose paths do not count (rule 4.4).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_paths: Vec<String>,
    /// Commits before this moment end the walk (rule 4.1).
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::timestamp::optional")]
    pub since: Option<Timestamp>,
    /// Kargo's switch for partial clones. Kept for the round trip: discovery here never clones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blobless: Option<bool>,
    /// How many commits are kept, 1 to 100.
    pub discovery_limit: u32,
    /// Whether a server's TLS certificate goes unchecked.
    #[serde(rename = "insecureSkipTLSVerify", skip_serializing_if = "is_off")]
    pub insecure_skip_tls_verify: bool,
}

impl GitSubscription {
    /// A subscription to this repository, everything else as it is by default (rule 1.6).
    pub fn new(repo_url: impl Into<String>) -> Self {
        Self {
            repo_url: repo_url.into(),
            commit_selection_strategy: CommitSelectionStrategy::default(),
            branch: None,
            semver_constraint: None,
            strict_semvers: true,
            allow_tags_regexes: Vec::new(),
            ignore_tags_regexes: Vec::new(),
            ignore_tags: Vec::new(),
            expression_filter: None,
            include_paths: Vec::new(),
            exclude_paths: Vec::new(),
            since: None,
            blobless: None,
            discovery_limit: DEFAULT_DISCOVERY_LIMIT,
            insecure_skip_tls_verify: false,
        }
    }
}

/// Which commit of a repository counts as the newest (`commitSelectionStrategy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CommitSelectionStrategy {
    /// The commit of the greatest tag, byte by byte.
    Lexical,
    /// The tip of a branch. The default.
    #[default]
    NewestFromBranch,
    /// The commit of the tag made last.
    NewestTag,
    /// The commit of the tag with the greatest semantic version.
    SemVer,
}

impl CommitSelectionStrategy {
    /// Every value, in the order Kargo documents them.
    pub const ALL: &'static [&'static str] = &["Lexical", "NewestFromBranch", "NewestTag", "SemVer"];

    /// The value as a manifest spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lexical => "Lexical",
            Self::NewestFromBranch => "NewestFromBranch",
            Self::NewestTag => "NewestTag",
            Self::SemVer => "SemVer",
        }
    }

    /// Whether the strategy chooses among tags, rather than along a branch.
    pub fn selects_tags(self) -> bool {
        !matches!(self, Self::NewestFromBranch)
    }
}

impl fmt::Display for CommitSelectionStrategy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for CommitSelectionStrategy {
    type Err = crate::UnknownValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "Lexical" => Ok(Self::Lexical),
            "NewestFromBranch" => Ok(Self::NewestFromBranch),
            "NewestTag" => Ok(Self::NewestTag),
            "SemVer" => Ok(Self::SemVer),
            _ => Err(crate::UnknownValue::new(text, Self::ALL)),
        }
    }
}
