//! A subscription to a repository of container images.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::platform::Platform;
use crate::subscription::{DEFAULT_DISCOVERY_LIMIT, is_off};

/// `image` of a subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ImageSubscription {
    /// The repository, without a tag and without a scheme: `ghcr.io/example/app`.
    #[serde(rename = "repoURL")]
    pub repo_url: String,
    /// Which image counts as the newest.
    pub image_selection_strategy: ImageSelectionStrategy,
    /// A version constraint for `SemVer`, a tag for `Digest`; the other strategies ignore it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
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
    /// The platform an image must offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Whether metadata of an image may be reused by its tag (rule 3.7).
    #[serde(skip_serializing_if = "is_off")]
    pub cache_by_tag: bool,
    /// How many images are kept, 1 to 100.
    pub discovery_limit: u32,
    /// Whether a registry's TLS certificate goes unchecked.
    #[serde(rename = "insecureSkipTLSVerify", skip_serializing_if = "is_off")]
    pub insecure_skip_tls_verify: bool,
    /// The repository of the image's source: `gitRepoURL` of releases to 1.6, kept as metadata.
    #[serde(rename = "gitRepoURL", skip_serializing_if = "Option::is_none")]
    pub git_repo_url: Option<String>,
}

impl ImageSubscription {
    /// A subscription to this repository, everything else as it is by default (rule 1.6).
    pub fn new(repo_url: impl Into<String>) -> Self {
        Self {
            repo_url: repo_url.into(),
            image_selection_strategy: ImageSelectionStrategy::default(),
            constraint: None,
            strict_semvers: true,
            allow_tags_regexes: Vec::new(),
            ignore_tags_regexes: Vec::new(),
            ignore_tags: Vec::new(),
            platform: None,
            cache_by_tag: false,
            discovery_limit: DEFAULT_DISCOVERY_LIMIT,
            insecure_skip_tls_verify: false,
            git_repo_url: None,
        }
    }
}

/// Which image of a repository counts as the newest (`imageSelectionStrategy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    type Err = crate::UnknownValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "Digest" => Ok(Self::Digest),
            "Lexical" => Ok(Self::Lexical),
            "NewestBuild" => Ok(Self::NewestBuild),
            "SemVer" => Ok(Self::SemVer),
            _ => Err(crate::UnknownValue::new(text, Self::ALL)),
        }
    }
}
