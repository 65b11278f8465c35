//! The fields of every edition: which releases know them, what they hold and what they mean. One table serves the JSON Schema and the check of a manifest
//! against an edition.

use selection_strategies::{CommitSelectionStrategy, ImageSelectionStrategy};

use super::Edition;
use crate::warehouse::FreightCreationPolicy;

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// A text that matches this pattern of JSON Schema; an empty pattern is any text.
    Text(&'static str),
    /// A list of texts.
    Texts,
    /// True or false.
    Switch,
    /// A number from 1 to 100.
    Limit,
    /// One of these words.
    Words(&'static [&'static str]),
    /// A moment in RFC 3339.
    Moment,
    /// An object of texts.
    TextMap,
    /// Any object.
    Object,
    /// An object with these fields, of which these are required.
    Fields(&'static [Field], &'static [&'static str]),
    /// A list of objects with these fields, of which these are required.
    Items(&'static [Field], &'static [&'static str]),
    /// The list of subscriptions.
    Subscriptions,
}

/// A field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) since: Edition,
    /// The first release that does not know it any more.
    pub(crate) dropped: Option<Edition>,
    /// The first release in which it is deprecated, and what to write instead.
    pub(crate) deprecated: Option<(Edition, &'static str)>,
    /// Whether it is a field of this project, which no release of Kargo has. The schema of the newest edition has it.
    is_extension: bool,
    pub(crate) shape: Shape,
    pub(crate) text: &'static str,
}

impl Field {
    const fn new(name: &'static str, (major, minor): (u8, u8), shape: Shape, text: &'static str) -> Self {
        let since = Edition::new(major, minor);
        Self { name, since, dropped: None, deprecated: None, is_extension: false, shape, text }
    }

    const fn extension(name: &'static str, shape: Shape, text: &'static str) -> Self {
        Self { is_extension: true, ..Self::new(name, (0, 1), shape, text) }
    }

    const fn dropped(mut self, major: u8, minor: u8) -> Self {
        self.dropped = Some(Edition::new(major, minor));
        self
    }

    const fn deprecated(mut self, (major, minor): (u8, u8), instead: &'static str) -> Self {
        self.deprecated = Some((Edition::new(major, minor), instead));
        self
    }

    /// Whether this edition knows the field.
    pub(crate) fn is_known(&self, edition: Edition) -> bool {
        if self.is_extension {
            return edition == Edition::NEWEST;
        }
        self.since <= edition && self.dropped.is_none_or(|dropped| edition < dropped)
    }
}

/// A word of an old strategy, `updateStrategy` of v0.1 and v0.2.
const UPDATE_STRATEGIES: &[&str] =
    &["Alphabetical", "Digest", "Latest", "Lexical", "Name", "NewestBuild", "SemVer"];

const DURATION: &str = r"^([0-9]+(\.[0-9]+)?(s|m|h))+$";
const IMAGE_URL: &str = r"^(\w+([\.-]\w+)*(:[\d]+)?/)?(\w+([\.-]\w+)*)(/\w+([\.-]\w+)*)*$";
const GIT_URL: &str = r"^((https?|ssh|file)://\S+|([^@/\s]+@)?[^:/\s]+:\S+)$";
const CHART_URL: &str = "^(https?|oci)://";
const BRANCH: &str = "^[a-zA-Z0-9]([a-zA-Z0-9._/-]*[a-zA-Z0-9_-])?$";
const PLATFORM: &str = "^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)?$";

/// The fields of `spec` of a Warehouse.
pub(crate) const SPEC: &[Field] = &[
    Field::new(
        "shard",
        (0, 5),
        Shape::Text(""),
        "The shard whose controller is responsible for this Warehouse.",
    ),
    Field::new(
        "interval",
        (0, 7),
        Shape::Text(DURATION),
        "The time between two discoveries, in hours, minutes and seconds. Defaults to `5m0s`.",
    ),
    Field::new(
        "freightCreationPolicy",
        (0, 7),
        Shape::Words(FreightCreationPolicy::ALL),
        "Whether Freight is built automatically. Defaults to `Automatic`.",
    ),
    Field::new(
        "freightCreationCriteria",
        (1, 8),
        Shape::Fields(CRITERIA, &[]),
        "What must hold before Freight is built automatically.",
    ),
    Field::new(
        "subscriptions",
        (0, 1),
        Shape::Subscriptions,
        "What is subscribed to, at least one repository.",
    ),
];

const CRITERIA: &[Field] = &[Field::new(
    "expression",
    (1, 8),
    Shape::Text(""),
    "An expression that must be true of the newest artifacts, with `imageFrom(url)`, `commitFrom(url)` and `chartFrom(url)`.",
)];

/// The fields of an image subscription.
pub(crate) const IMAGE: &[Field] = &[
    Field::new(
        "repoURL",
        (0, 1),
        Shape::Text(IMAGE_URL),
        "The repository, without a scheme and without a tag: `ghcr.io/example/app`.",
    ),
    Field::new(
        "updateStrategy",
        (0, 1),
        Shape::Words(UPDATE_STRATEGIES),
        "Which image counts as the newest.",
    )
    .dropped(0, 3),
    Field::new(
        "tagSelectionStrategy",
        (0, 3),
        Shape::Words(ImageSelectionStrategy::ALL),
        "Which image counts as the newest.",
    )
    .dropped(0, 4),
    Field::new(
        "imageSelectionStrategy",
        (0, 4),
        Shape::Words(ImageSelectionStrategy::ALL),
        "Which image counts as the newest. Defaults to `SemVer`.",
    ),
    Field::new(
        "semverConstraint",
        (0, 1),
        Shape::Text(""),
        "A version constraint for `SemVer`, such as `^1.26.0`; the tag to follow for `Digest`.",
    )
    .dropped(1, 9)
    .deprecated((1, 7), "write `constraint`"),
    Field::new(
        "constraint",
        (1, 7),
        Shape::Text(""),
        "A version constraint for `SemVer`, such as `^1.26.0`; the tag to follow for `Digest`.",
    ),
    Field::new(
        "strictSemvers",
        (0, 9),
        Shape::Switch,
        "Whether only tags with all three parts of a version count. Defaults to `true`.",
    ),
    Field::new("allowTags", (0, 1), Shape::Text(""), "A regular expression that a tag must match.")
        .dropped(1, 13)
        .deprecated((1, 9), "write `allowTagsRegexes`, a list"),
    Field::new("ignoreTags", (0, 1), Shape::Texts, "Tags to ignore, compared as a whole.")
        .dropped(1, 13)
        .deprecated((1, 9), "write `ignoreTagsRegexes`, a list of regular expressions"),
    Field::new(
        "allowTagsRegexes",
        (1, 9),
        Shape::Texts,
        "Regular expressions of which a tag must match at least one. They are not anchored.",
    ),
    Field::new(
        "ignoreTagsRegexes",
        (1, 9),
        Shape::Texts,
        "Regular expressions of which a tag must match none. They are not anchored.",
    ),
    Field::new(
        "platform",
        (0, 1),
        Shape::Text(PLATFORM),
        "The platform an image must offer, such as `linux/amd64`.",
    ),
    Field::new(
        "cacheByTag",
        (1, 9),
        Shape::Switch,
        "Whether metadata of an image may be reused by its tag. Defaults to `false`.",
    ),
    DISCOVERY_LIMIT,
    Field::new(
        "insecureSkipTLSVerify",
        (0, 5),
        Shape::Switch,
        "Whether to skip the verification of the registry's certificate. Defaults to `false`.",
    ),
    Field::new("gitRepoURL", (0, 1), Shape::Text(""), "The repository of the image's source.").dropped(1, 7),
];

const DISCOVERY_LIMIT: Field = Field::new(
    "discoveryLimit",
    (0, 7),
    Shape::Limit,
    "How many artifacts are kept, 1 to 100. Defaults to 20.",
);

/// The fields of a Git subscription.
pub(crate) const GIT: &[Field] = &[
    Field::new(
        "repoURL",
        (0, 1),
        Shape::Text(GIT_URL),
        "The repository: `https://host/path`, `ssh://git@host/path` or `git@host:path`.",
    ),
    Field::new(
        "commitSelectionStrategy",
        (0, 4),
        Shape::Words(CommitSelectionStrategy::ALL),
        "Which commit counts as the newest. Defaults to `NewestFromBranch`.",
    ),
    Field::new(
        "branch",
        (0, 1),
        Shape::Text(BRANCH),
        "The branch for `NewestFromBranch`. Defaults to the default branch of the repository.",
    ),
    Field::new(
        "semverConstraint",
        (0, 4),
        Shape::Text(""),
        "A version constraint for `SemVer`, such as `^1.26.0`.",
    ),
    Field::new(
        "strictSemvers",
        (0, 9),
        Shape::Switch,
        "Whether only tags with all three parts of a version count. Defaults to `true`.",
    ),
    Field::new("allowTags", (0, 4), Shape::Text(""), "A regular expression that a tag must match.")
        .dropped(1, 13)
        .deprecated((1, 9), "write `allowTagsRegexes`, a list"),
    Field::new("ignoreTags", (0, 4), Shape::Texts, "Tags to ignore, compared as a whole.")
        .dropped(1, 13)
        .deprecated((1, 9), "write `ignoreTagsRegexes`, a list of regular expressions"),
    Field::new(
        "allowTagsRegexes",
        (1, 9),
        Shape::Texts,
        "Regular expressions of which a tag must match at least one. They are not anchored.",
    ),
    Field::new(
        "ignoreTagsRegexes",
        (1, 9),
        Shape::Texts,
        "Regular expressions of which a tag must match none. They are not anchored.",
    ),
    Field::new(
        "expressionFilter",
        (1, 6),
        Shape::Text(""),
        "An expression that must be true of a commit or tag, such as `subject contains 'fix'`.",
    ),
    Field::new(
        "includePaths",
        (0, 5),
        Shape::Texts,
        "Paths of which a commit must change at least one: a path, `glob:` and a pattern, or `regex:` and an expression.",
    ),
    Field::new("excludePaths", (0, 5), Shape::Texts, "Paths whose changes do not count, in the same forms."),
    Field::new(
        "since",
        (1, 10),
        Shape::Moment,
        "Commits of `NewestFromBranch` before this moment do not count, such as `2025-01-31T00:00:00Z`.",
    ),
    Field::new("blobless", (1, 11), Shape::Switch, "Whether Kargo clones without the contents of files."),
    DISCOVERY_LIMIT,
    Field::new(
        "insecureSkipTLSVerify",
        (0, 4),
        Shape::Switch,
        "Whether to skip the verification of the server's certificate. Defaults to `false`.",
    ),
];

/// The fields of a chart subscription.
pub(crate) const CHART: &[Field] = &[
    Field::new("registryURL", (0, 1), Shape::Text(CHART_URL), "The repository, or the registry.")
        .dropped(0, 4),
    Field::new(
        "repoURL",
        (0, 4),
        Shape::Text(CHART_URL),
        "A classic repository, `https://host/path`, or one chart in a registry, `oci://host/path/chart`.",
    ),
    Field::new("name", (0, 1), Shape::Text(""), "The chart in a classic repository; none for `oci://`."),
    Field::new(
        "semverConstraint",
        (0, 1),
        Shape::Text(""),
        "A constraint on the chart's version, such as `^1.2.0`.",
    ),
    DISCOVERY_LIMIT,
    Field::new(
        "insecureSkipTLSVerify",
        (1, 10),
        Shape::Switch,
        "Whether to skip the verification of the server's certificate. Defaults to `false`.",
    ),
    Field::extension(
        "followDigests",
        Shape::Switch,
        "Whether a version that is published again with other content is another artifact. Not a field of Kargo's.",
    ),
    Field::extension(
        "acceptV",
        Shape::Switch,
        "Whether the tags of a chart in a registry may begin with `v`. Not a field of Kargo's.",
    ),
    Field::extension(
        "checkConfig",
        Shape::Switch,
        "Whether tags of a registry that do not point at a chart are passed over. Not a field of Kargo's.",
    ),
];

/// The fields of Freight beside `apiVersion`, `kind` and `metadata`.
pub(crate) const FREIGHT: &[Field] = &[
    Field::new("id", (0, 1), Shape::Text(""), "The name, computed from the content.").dropped(0, 5),
    Field::new("alias", (0, 5), Shape::Text(""), "A name for people."),
    Field::new("warehouse", (0, 5), Shape::Text(""), "The name of the Warehouse it comes from.")
        .dropped(0, 9),
    Field::new("origin", (0, 8), Shape::Fields(ORIGIN, &["kind", "name"]), "Where it comes from."),
    Field::new("discoveredAt", (0, 1), Shape::Moment, "When it was discovered."),
    Field::new("commits", (0, 1), Shape::Items(COMMIT, &[]), "Commits of Git repositories."),
    Field::new("images", (0, 1), Shape::Items(FREIGHT_IMAGE, &[]), "Images."),
    Field::new("charts", (0, 1), Shape::Items(FREIGHT_CHART, &[]), "Charts."),
    Field::new("artifacts", (1, 9), Shape::Items(ARTIFACT, &[]), "Artifacts of other types."),
    Field::new("status", (0, 1), Shape::Object, "What the controller writes."),
];

const SUBSCRIPTION_NAME: Field =
    Field::new("subscriptionName", (1, 12), Shape::Text(""), "The `name` of the subscription it comes from.");

const ORIGIN: &[Field] = &[
    Field::new("kind", (0, 8), Shape::Words(&["Warehouse"]), "The kind of the origin."),
    Field::new("name", (0, 8), Shape::Text(""), "Its name."),
];

const COMMIT: &[Field] = &[
    Field::new("repoURL", (0, 1), Shape::Text(""), "The repository."),
    Field::new("id", (0, 1), Shape::Text(""), "The id of the commit."),
    Field::new("branch", (0, 1), Shape::Text(""), "The branch on which it was found."),
    Field::new("tag", (0, 1), Shape::Text(""), "The tag by which it was found."),
    Field::new("message", (0, 1), Shape::Text(""), "The first line of its message."),
    Field::new("author", (0, 1), Shape::Text(""), "Its author."),
    Field::new("committer", (0, 1), Shape::Text(""), "Its committer."),
    Field::new("healthCheckCommit", (0, 1), Shape::Text(""), "A commit that says the same to Argo CD.")
        .dropped(1, 0),
    SUBSCRIPTION_NAME,
];

const FREIGHT_IMAGE: &[Field] = &[
    Field::new("repoURL", (0, 1), Shape::Text(""), "The repository."),
    Field::new("gitRepoURL", (0, 1), Shape::Text(""), "The repository of the image's source.").dropped(1, 7),
    Field::new("tag", (0, 1), Shape::Text(""), "The tag."),
    Field::new("digest", (0, 1), Shape::Text(""), "The digest."),
    Field::new("annotations", (0, 1), Shape::TextMap, "The annotations of the image."),
    SUBSCRIPTION_NAME,
];

const FREIGHT_CHART: &[Field] = &[
    Field::new("registryURL", (0, 1), Shape::Text(""), "The repository, or the registry.").dropped(0, 4),
    Field::new("repoURL", (0, 4), Shape::Text(""), "The repository."),
    Field::new("name", (0, 1), Shape::Text(""), "The chart in a classic repository."),
    Field::new("version", (0, 1), Shape::Text(""), "The version."),
    Field::extension(
        "digest",
        Shape::Text(""),
        "The digest of its content, under a subscription with `followDigests`. Not a field of Kargo's.",
    ),
    SUBSCRIPTION_NAME,
];

const ARTIFACT: &[Field] = &[
    Field::new("artifactType", (1, 9), Shape::Text(""), "The type of the artifact."),
    Field::new("subscriptionName", (1, 9), Shape::Text(""), "The `name` of the subscription it comes from."),
    Field::new("version", (1, 9), Shape::Text(""), "The version."),
    Field::new("metadata", (1, 9), Shape::Object, "What the source says about it."),
];

/// The fields of a subscription of this type; none for a type of its own.
pub(crate) fn fields_of(subscription_type: &str) -> Option<&'static [Field]> {
    match subscription_type {
        "image" => Some(IMAGE),
        "git" => Some(GIT),
        "chart" => Some(CHART),
        _ => None,
    }
}

/// Whether a field of this name holds a text, in every place where there is one.
pub(crate) fn is_text(name: &str) -> bool {
    let mut fields = [SPEC, CRITERIA, IMAGE, GIT, CHART, FREIGHT].into_iter().flatten();
    let is_text = |field: &Field| matches!(field.shape, Shape::Text(_) | Shape::Words(_) | Shape::Moment);
    fields.find(|field| field.name == name).is_some_and(is_text)
}

/// The first release that knows subscriptions of other types.
pub(crate) const GENERIC_SINCE: Edition = Edition::new(1, 9);

/// The first release that knows the `name` of a subscription.
pub(crate) const NAME_SINCE: Edition = Edition::new(1, 12);

/// The fields of `metadata` that matter here.
pub(crate) const METADATA_NAME: &str = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$";
