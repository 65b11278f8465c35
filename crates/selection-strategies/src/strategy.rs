//! The strategies of subscriptions, by the names that a manifest gives them.

use std::fmt;
use std::str::FromStr;

/// Which image of a repository counts as the newest, the `imageSelectionStrategy` of a subscription
/// ([rules 3.2 to 3.5](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ImageSelectionStrategy {
    /// The one image that the tag in `constraint` names at the moment.
    Digest,
    /// The greatest tag, byte by byte.
    Lexical,
    /// The image built last.
    NewestBuild,
    /// The greatest semantic version. The default.
    #[default]
    SemVer,
}

impl ImageSelectionStrategy {
    /// Every value, in the order Kargo documents them.
    pub const ALL: &'static [&'static str] = &["Digest", "Lexical", "NewestBuild", "SemVer"];

    /// The value as a manifest spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Digest => "Digest",
            Self::Lexical => "Lexical",
            Self::NewestBuild => "NewestBuild",
            Self::SemVer => "SemVer",
        }
    }
}

impl fmt::Display for ImageSelectionStrategy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for ImageSelectionStrategy {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "Digest" => Ok(Self::Digest),
            "Lexical" => Ok(Self::Lexical),
            "NewestBuild" => Ok(Self::NewestBuild),
            "SemVer" => Ok(Self::SemVer),
            _ => Err(UnknownValue::new(text, Self::ALL)),
        }
    }
}

/// Which commit of a repository counts as the newest, the `commitSelectionStrategy` of a subscription
/// ([rules 4.1 and 4.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "Lexical" => Ok(Self::Lexical),
            "NewestFromBranch" => Ok(Self::NewestFromBranch),
            "NewestTag" => Ok(Self::NewestTag),
            "SemVer" => Ok(Self::SemVer),
            _ => Err(UnknownValue::new(text, Self::ALL)),
        }
    }
}

/// The text is not one of the values the field takes; values are compared exactly, case included.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not one of {}", expected.join(", "))]
pub struct UnknownValue {
    text: String,
    expected: &'static [&'static str],
}

impl UnknownValue {
    /// The error for a text that is none of these values.
    pub fn new(text: &str, expected: &'static [&'static str]) -> Self {
        Self { text: text.to_owned(), expected }
    }

    /// The values the field takes.
    pub fn expected(&self) -> &'static [&'static str] {
        self.expected
    }
}
