//! The environments that Kargo gives to expressions: commits, tags and criteria of Freight.

use std::sync::{Arc, LazyLock};

use crate::environment::{Environment, Signatures};
use crate::error::Failure;
use crate::kind::{Kind, MapKind, RecordKind};
use crate::time::Time;
use crate::value::{Map, Record, Value};
use selection_strategies::Version;

/// What an expression filter can ask about a commit ([rule 4.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)): the variables `id`, `commitDate`,
/// `author`, `committer` and `subject`.
///
/// Texts are bytes, since Git's need not be UTF-8.
#[derive(Clone, Debug)]
pub struct CommitVariables<'a> {
    /// The hash in hexadecimal.
    pub id: &'a str,
    /// The committer's date.
    pub commit_date: Time,
    /// The author as `Name <email>`.
    pub author: &'a [u8],
    /// The committer as `Name <email>`.
    pub committer: &'a [u8],
    /// The first line of the message, uncut.
    pub subject: &'a [u8],
}

/// What an expression filter can ask about a tag ([rule 4.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)): the variables `tag`, `id`,
/// `creatorDate`, `author`, `committer`, `subject`, `tagger` and `annotation`.
#[derive(Clone, Debug)]
pub struct TagVariables<'a> {
    /// The name of the tag.
    pub tag: &'a [u8],
    /// The hash of the commit, in hexadecimal.
    pub id: &'a str,
    /// The tagger's date of an annotated tag, else the committer's.
    pub creator_date: Time,
    /// The author of the commit as `Name <email>`.
    pub author: &'a [u8],
    /// The committer of the commit as `Name <email>`.
    pub committer: &'a [u8],
    /// The first line of the commit's message, uncut.
    pub subject: &'a [u8],
    /// The tagger as `Name <email>`; empty for a lightweight tag.
    pub tagger: &'a [u8],
    /// The first line of the tag's message; empty for a lightweight tag.
    pub annotation: &'a [u8],
}

/// The variables of a commit, with the kinds of their values.
const OF_COMMIT: &[(&str, Kind)] = &[
    ("id", Kind::Text),
    ("commitDate", Kind::Time),
    ("author", Kind::Text),
    ("committer", Kind::Text),
    ("subject", Kind::Text),
];

/// The variables of a tag, with the kinds of their values.
const OF_TAG: &[(&str, Kind)] = &[
    ("tag", Kind::Text),
    ("id", Kind::Text),
    ("creatorDate", Kind::Time),
    ("author", Kind::Text),
    ("committer", Kind::Text),
    ("subject", Kind::Text),
    ("tagger", Kind::Text),
    ("annotation", Kind::Text),
];

/// The names of all these variables, of which there are `N`.
const fn names<const N: usize>(variables: &[(&'static str, Kind)]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut at = 0;
    while at < N {
        names[at] = variables[at].0;
        at += 1;
    }
    names
}

impl CommitVariables<'_> {
    /// The names of the variables.
    pub const NAMES: &'static [&'static str] = &names::<{ OF_COMMIT.len() }>(OF_COMMIT);

    /// The names of the variables with the kinds of their values.
    pub const KINDS: &'static [(&'static str, Kind)] = OF_COMMIT;
}

impl TagVariables<'_> {
    /// The names of the variables.
    pub const NAMES: &'static [&'static str] = &names::<{ OF_TAG.len() }>(OF_TAG);

    /// The names of the variables with the kinds of their values.
    pub const KINDS: &'static [(&'static str, Kind)] = OF_TAG;
}

impl Environment<'_> {
    /// The environment of a commit.
    #[must_use]
    pub fn for_commit(commit: &CommitVariables<'_>) -> Self {
        Self::from_variables([
            ("id", Value::text(commit.id)),
            ("commitDate", Value::Time(commit.commit_date.clone())),
            ("author", Value::text(commit.author)),
            ("committer", Value::text(commit.committer)),
            ("subject", Value::text(commit.subject)),
        ])
    }

    /// The environment of a tag.
    #[must_use]
    pub fn for_tag(tag: &TagVariables<'_>) -> Self {
        Self::from_variables([
            ("tag", Value::text(tag.tag)),
            ("id", Value::text(tag.id)),
            ("creatorDate", Value::Time(tag.creator_date.clone())),
            ("author", Value::text(tag.author)),
            ("committer", Value::text(tag.committer)),
            ("subject", Value::text(tag.subject)),
            ("tagger", Value::text(tag.tagger)),
            ("annotation", Value::text(tag.annotation)),
        ])
    }

    /// The environment of criteria for Freight ([rule 6.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)): no variables, and `semverDiff` and
    /// `semverParse`. The caller adds `imageFrom`, `commitFrom`, `chartFrom` and `artifactFrom`
    /// with [`Environment::function`].
    #[must_use]
    pub fn for_freight() -> Self {
        Self::without_variables().function("semverDiff", semver_diff).function("semverParse", semver_parse)
    }
}

impl Signatures {
    /// The functions of criteria for Freight ([rule 6.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)):
    ///
    /// | function | gives |
    /// |---|---|
    /// | `imageFrom(repoURL)` | [`DiscoveredImage`] or nil |
    /// | `commitFrom(repoURL)` | [`DiscoveredCommit`] or nil |
    /// | `chartFrom(repoURL[, name])` | [`DiscoveredChart`] or nil |
    /// | `artifactFrom(subscription)` | [`DiscoveredArtifact`] or nil |
    /// | `semverDiff(a, b)` | `Major`, `Minor`, `Patch`, `Metadata`, `None` or `Incomparable` |
    /// | `semverParse(text)` | a version, with methods such as `Major()` and `LessThan(other)` |
    #[must_use]
    pub fn for_freight() -> Self {
        let record = |kind: &LazyLock<Arc<RecordKind>>| Kind::Record(Arc::clone(kind));
        Self::none()
            .with("imageFrom", [Kind::Text], record(&IMAGE))
            .with("commitFrom", [Kind::Text], record(&COMMIT))
            .with("chartFrom", [Kind::Text, Kind::Text], record(&CHART))
            .with("chartFrom", [Kind::Text], record(&CHART))
            .with("artifactFrom", [Kind::Text], record(&ARTIFACT))
            .with("semverDiff", [Kind::Text, Kind::Text], Kind::Text)
            .with("semverParse", [Kind::Text], Kind::Version)
    }
}

/// What `imageFrom` returns: fields `Tag`, `Digest`, `Annotations` and `CreatedAt`.
#[derive(Clone, Debug, Default)]
pub struct DiscoveredImage<'a> {
    /// The tag.
    pub tag: &'a str,
    /// The digest.
    pub digest: &'a str,
    /// The annotations; a missing one is an empty text.
    pub annotations: Vec<(&'a str, &'a str)>,
    /// When the image was created, if that is known.
    pub created_at: Option<Time>,
}

/// What `commitFrom` returns: fields `ID`, `Branch`, `Tag`, `Subject`, `Author`, `Committer` and
/// `CreatorDate`.
#[derive(Clone, Debug, Default)]
pub struct DiscoveredCommit<'a> {
    /// The hash in hexadecimal.
    pub id: &'a str,
    /// The branch it was found on, if any.
    pub branch: &'a str,
    /// The tag it was found by, if any.
    pub tag: &'a str,
    /// The subject as it is stored.
    pub subject: &'a str,
    /// The author as `Name <email>`.
    pub author: &'a str,
    /// The committer as `Name <email>`.
    pub committer: &'a str,
    /// When the commit or its tag was made, if that is known.
    pub creator_date: Option<Time>,
}

/// What `chartFrom` returns: fields `RepoURL`, `Name`, `Version` and `SubscriptionName`.
#[derive(Clone, Debug, Default)]
pub struct DiscoveredChart<'a> {
    /// The repository.
    pub repo_url: &'a str,
    /// The name, empty for a chart in an OCI registry.
    pub name: &'a str,
    /// The version.
    pub version: &'a str,
}

/// What `artifactFrom` returns: fields `ArtifactType`, `SubscriptionName`, `Version` and `Metadata`.
#[derive(Clone, Debug)]
pub struct DiscoveredArtifact<'a> {
    /// The type of the artifact.
    pub artifact_type: &'a str,
    /// The name of the subscription.
    pub subscription_name: &'a str,
    /// The version.
    pub version: &'a str,
    /// A map, or nil.
    pub metadata: Value,
}

static IMAGE: LazyLock<Arc<RecordKind>> = LazyLock::new(|| {
    kind(
        "DiscoveredImageReference",
        &["Tag", "Digest"],
        [("Annotations", Kind::Map(MapKind::TextToText)), ("CreatedAt", Kind::Timestamp)],
    )
});

static COMMIT: LazyLock<Arc<RecordKind>> = LazyLock::new(|| {
    kind(
        "DiscoveredCommit",
        &["ID", "Branch", "Tag", "Subject", "Author", "Committer"],
        [("CreatorDate", Kind::Timestamp)],
    )
});

static CHART: LazyLock<Arc<RecordKind>> =
    LazyLock::new(|| kind("Chart", &["RepoURL", "Name", "Version", "SubscriptionName"], []));

static ARTIFACT: LazyLock<Arc<RecordKind>> = LazyLock::new(|| {
    kind(
        "ArtifactReference",
        &["ArtifactType", "SubscriptionName", "Version"],
        [("Metadata", Kind::Map(MapKind::TextToAny))],
    )
});

fn kind<const N: usize>(
    name: &'static str,
    texts: &[&'static str],
    others: [(&'static str, Kind); N],
) -> Arc<RecordKind> {
    let texts = texts.iter().map(|text| (*text, Kind::Text));
    Arc::new(RecordKind { name, fields: texts.chain(others).collect() })
}

fn record(kind: &LazyLock<Arc<RecordKind>>, texts: &[&str], others: Vec<Value>) -> Value {
    let texts = texts.iter().map(Value::text);
    Value::Record(Arc::new(Record::new(Arc::clone(kind), texts.chain(others).collect())))
}

fn timestamp(time: Option<&Time>) -> Value {
    time.map_or(Value::Nil, |time| Value::Timestamp(time.clone()))
}

impl From<&DiscoveredImage<'_>> for Value {
    fn from(image: &DiscoveredImage<'_>) -> Self {
        let annotations = if image.annotations.is_empty() {
            Self::Map(Map::missing(MapKind::TextToText))
        } else {
            Self::text_map(image.annotations.iter().copied())
        };
        record(&IMAGE, &[image.tag, image.digest], vec![annotations, timestamp(image.created_at.as_ref())])
    }
}

impl From<&DiscoveredCommit<'_>> for Value {
    fn from(commit: &DiscoveredCommit<'_>) -> Self {
        let texts = [commit.id, commit.branch, commit.tag, commit.subject, commit.author, commit.committer];
        record(&COMMIT, &texts, vec![timestamp(commit.creator_date.as_ref())])
    }
}

impl From<&DiscoveredChart<'_>> for Value {
    fn from(chart: &DiscoveredChart<'_>) -> Self {
        record(&CHART, &[chart.repo_url, chart.name, chart.version, ""], Vec::new())
    }
}

impl From<&DiscoveredArtifact<'_>> for Value {
    fn from(artifact: &DiscoveredArtifact<'_>) -> Self {
        let texts = [artifact.artifact_type, artifact.subscription_name, artifact.version];
        let metadata = match &artifact.metadata {
            Self::Nil => Self::Map(Map::missing(MapKind::TextToAny)),
            metadata => metadata.clone(),
        };
        record(&ARTIFACT, &texts, vec![metadata])
    }
}

/// The greatest part in which two versions differ. Prereleases do not count, as in Kargo.
fn semver_diff(arguments: &[Value]) -> Result<Value, Failure> {
    let (left, right) = match arguments {
        [left, right] => (text(left)?, text(right)?),
        _ => return Err(Failure::new("semverDiff takes two versions")),
    };
    let (Ok(left), Ok(right)) = (Version::parse(&left), Version::parse(&right)) else {
        return Ok(Value::text("Incomparable"));
    };
    Ok(Value::text(if left.major() != right.major() {
        "Major"
    } else if left.minor() != right.minor() {
        "Minor"
    } else if left.patch() != right.patch() {
        "Patch"
    } else if left.metadata() != right.metadata() {
        "Metadata"
    } else {
        "None"
    }))
}

fn semver_parse(arguments: &[Value]) -> Result<Value, Failure> {
    let [version] = arguments else { return Err(Failure::new("semverParse takes a version")) };
    let version = Version::parse(&text(version)?).map_err(|error| Failure::new(error.to_string()))?;
    Ok(Value::Version(Arc::new(version)))
}

fn text(value: &Value) -> Result<String, Failure> {
    match value {
        Value::Text(text) => Ok(String::from_utf8_lossy(text).into_owned()),
        other => Err(Failure::new(format!("expected a string, not {}", other.type_name()))),
    }
}
