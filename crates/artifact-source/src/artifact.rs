//! What a source finds: one revision of one artifact, as plain data.

use std::collections::BTreeMap;
use std::fmt::Debug;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A revision that a source can find.
///
/// `Eq` is what "the same answer" means in the [contract](crate::ArtifactSource#contract), and
/// [`AnyArtifact`] is the form in which revisions of different kinds live in one list.
pub trait Artifact: Clone + Debug + Eq + Into<AnyArtifact> + Send + Sync + 'static {
    /// The name a person would call this revision by: a tag, a commit id, a version.
    fn name(&self) -> &str;
}

/// One revision of any kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum AnyArtifact {
    /// A container image.
    Image(Image),
    /// A Git commit, found on a branch or behind a tag.
    Commit(Commit),
    /// A version of a Helm chart.
    Chart(Chart),
    /// A version of something else.
    Generic(Generic),
}

/// A container image: a tag and what it pointed at when it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Image {
    /// The tag.
    pub tag: String,
    /// The digest of the manifest or index behind the tag, as `algorithm:hex`.
    pub digest: String,
    /// Annotations: the index's, then the manifest's, then the chosen platform's descriptor on
    /// top ([rule 3.9](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// When the image was built, where the strategy needed to know or it came for free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

impl Image {
    /// An image of this tag and digest, without annotations.
    pub fn new(tag: impl Into<String>, digest: impl Into<String>) -> Self {
        Self { tag: tag.into(), digest: digest.into(), ..Self::default() }
    }
}

/// A Git commit, found on a branch or behind a tag.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Commit {
    /// The commit's id in lower-case hex.
    pub id: String,
    /// The branch it was found on, as the subscription names it; absent where the remote's HEAD was followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The tag it was found behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The first line of the message, cut to 80 bytes ([rule 4.5](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// `Name <email>`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub author: String,
    /// `Name <email>`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub committer: String,
    /// The committer's date, or the tagger's of an annotated tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creator_date: Option<Timestamp>,
}

impl Commit {
    /// A commit of this id, with nothing else known about it.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }
}

/// A version of a Helm chart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Chart {
    /// The version as the repository spells it; for an OCI chart with every `_` of the tag as `+`
    /// ([rule 2.11](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    pub version: String,
    /// The digest of its content, as `algorithm:hex`, if the source follows digests and the repository states one: of the
    /// manifest in a registry, of the archive in a chart repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

impl Chart {
    /// A chart of this version, without a digest.
    pub fn new(version: impl Into<String>) -> Self {
        Self { version: version.into(), digest: None }
    }

    /// The same with the digest of its content.
    #[must_use]
    pub fn with_digest(mut self, digest: impl Into<String>) -> Self {
        self.digest = Some(digest.into());
        self
    }
}

/// A version of something that is neither image, commit nor chart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Generic {
    /// What kind of thing it is: the key of a generic subscription.
    pub artifact_type: String,
    /// The version.
    pub version: String,
    /// Further data of the source, as a JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<serde_json::Map<String, serde_json::Value>>,
}

impl Generic {
    /// A version of a thing of this type.
    pub fn new(artifact_type: impl Into<String>, version: impl Into<String>) -> Self {
        Self { artifact_type: artifact_type.into(), version: version.into(), metadata: None }
    }
}

macro_rules! artifact {
    ($($type:ident named by $name:ident),+ $(,)?) => {$(
        impl Artifact for $type {
            fn name(&self) -> &str {
                &self.$name
            }
        }

        impl From<$type> for AnyArtifact {
            fn from(artifact: $type) -> Self {
                Self::$type(artifact)
            }
        }
    )+};
}

artifact!(Image named by tag, Commit named by id, Chart named by version, Generic named by version);

impl Artifact for AnyArtifact {
    fn name(&self) -> &str {
        match self {
            Self::Image(image) => image.name(),
            Self::Commit(commit) => commit.name(),
            Self::Chart(chart) => chart.name(),
            Self::Generic(generic) => generic.name(),
        }
    }
}
