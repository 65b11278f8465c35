//! The subscriptions of a Warehouse: an optional name and exactly one kind each ([rule 1.3](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).

use jiff::Timestamp;
use repository_url::SourceLabel;
use selection_strategies::{CommitSelectionStrategy, ImageSelectionStrategy, Platform};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// The default of `discoveryLimit`, the number of artifacts kept per subscription ([rule 1.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
pub const DEFAULT_DISCOVERY_LIMIT: u32 = 20;

/// The largest `discoveryLimit` ([rule 1.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
pub const MAXIMUM_DISCOVERY_LIMIT: u32 = 100;

/// A subscription to one repository.
///
/// It serialises to Kargo's form: a mapping with the kind's own key (`image`, `git`, `chart`, or the name of another
/// artifact type) and, where there is one, the sibling `name`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subscription {
    /// The name by which results and Freight tell this subscription from others to the same repository.
    pub name: Option<String>,
    /// What is subscribed to.
    pub kind: SubscriptionKind,
}

/// What a [`Subscription`] subscribes to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubscriptionKind {
    /// A repository of container images.
    Image(ImageSubscription),
    /// A Git repository.
    Git(GitSubscription),
    /// A Helm chart, in a chart repository or an OCI registry.
    Chart(ChartSubscription),
    /// Anything else; carried along, not discovered here.
    Generic(GenericSubscription),
}

impl Subscription {
    /// A subscription without a name.
    pub fn new(kind: impl Into<SubscriptionKind>) -> Self {
        Self { name: None, kind: kind.into() }
    }

    /// The same subscription under a name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The key that names the kind in a manifest: `image`, `git`, `chart`, or the generic subscription's own.
    pub fn type_key(&self) -> &str {
        match &self.kind {
            SubscriptionKind::Image(_) => "image",
            SubscriptionKind::Git(_) => "git",
            SubscriptionKind::Chart(_) => "chart",
            SubscriptionKind::Generic(generic) => &generic.subscription_type,
        }
    }

    /// The repository's URL as the manifest gives it; a generic subscription has none.
    pub fn repo_url(&self) -> Option<&str> {
        match &self.kind {
            SubscriptionKind::Image(image) => Some(&image.repo_url),
            SubscriptionKind::Git(git) => Some(&git.repo_url),
            SubscriptionKind::Chart(chart) => Some(&chart.repo_url),
            SubscriptionKind::Generic(_) => None,
        }
    }

    /// What it subscribes to, in one line for people: the kind, the repository's URL without a credential, the chart, and the
    /// subscription's name.
    ///
    /// ```
    /// use warehouse_spec::{ChartSubscription, Subscription};
    ///
    /// let chart = ChartSubscription::classic("https://me:secret@charts.example.com", "web");
    /// assert_eq!(Subscription::new(chart).label().to_string(), "chart https://charts.example.com (web)");
    /// ```
    pub fn label(&self) -> SourceLabel<'_> {
        SourceLabel {
            kind: self.type_key(),
            url: self.repo_url().unwrap_or_default(),
            chart: match &self.kind {
                SubscriptionKind::Chart(chart) => chart.name.as_deref(),
                _ => None,
            },
            subscription: self.name.as_deref(),
        }
    }

    /// How many artifacts are kept.
    pub fn discovery_limit(&self) -> u32 {
        match &self.kind {
            SubscriptionKind::Image(image) => image.discovery_limit,
            SubscriptionKind::Git(git) => git.discovery_limit,
            SubscriptionKind::Chart(chart) => chart.discovery_limit,
            SubscriptionKind::Generic(generic) => generic.discovery_limit,
        }
    }
}

impl Serialize for Subscription {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(name) = &self.name {
            map.serialize_entry("name", name)?;
        }
        let key = self.type_key();
        match &self.kind {
            SubscriptionKind::Image(image) => map.serialize_entry(key, image)?,
            SubscriptionKind::Git(git) => map.serialize_entry(key, git)?,
            SubscriptionKind::Chart(chart) => map.serialize_entry(key, chart)?,
            SubscriptionKind::Generic(generic) => map.serialize_entry(key, generic)?,
        }
        map.end()
    }
}

impl From<ImageSubscription> for SubscriptionKind {
    fn from(image: ImageSubscription) -> Self {
        Self::Image(image)
    }
}

impl From<GitSubscription> for SubscriptionKind {
    fn from(git: GitSubscription) -> Self {
        Self::Git(git)
    }
}

impl From<ChartSubscription> for SubscriptionKind {
    fn from(chart: ChartSubscription) -> Self {
        Self::Chart(chart)
    }
}

impl From<GenericSubscription> for SubscriptionKind {
    fn from(generic: GenericSubscription) -> Self {
        Self::Generic(generic)
    }
}

/// The default of switches that are on unless a manifest turns them off.
#[cfg(feature = "schema")]
fn is_on() -> bool {
    true
}

#[cfg(feature = "schema")]
fn default_limit() -> u32 {
    DEFAULT_DISCOVERY_LIMIT
}

/// `skip_serializing_if` for switches that are off unless a manifest turns them on.
pub(crate) fn is_off(value: &bool) -> bool {
    !value
}

/// A manifest writes a platform as one text.
fn platform_text<S: Serializer>(platform: &Option<Platform>, serializer: S) -> Result<S::Ok, S::Error> {
    platform.as_ref().map(Platform::to_string).serialize(serializer)
}

/// `image` of a subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ImageSubscription {
    /// The repository, without a tag and without a scheme: `ghcr.io/example/app`.
    #[serde(rename = "repoURL")]
    pub repo_url: String,
    /// Which image counts as the newest.
    #[cfg_attr(feature = "schema", schemars(default))]
    pub image_selection_strategy: ImageSelectionStrategy,
    /// A version constraint for `SemVer`, a tag for `Digest`; the other strategies ignore it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
    /// Whether only tags with all three version parts count ([rule 2.3](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    #[cfg_attr(feature = "schema", schemars(default = "crate::subscription::is_on"))]
    pub strict_semvers: bool,
    /// Patterns of which a tag must match at least one; none means every tag ([rule 3.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub allow_tags_regexes: Vec<String>,
    /// Patterns of which a tag must match none ([rule 3.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub ignore_tags_regexes: Vec<String>,
    /// Tags to ignore, compared as a whole: `ignoreTags` of releases before 1.13, still read here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub ignore_tags: Vec<String>,
    /// The platform an image must offer.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "platform_text")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::PlatformText>"))]
    pub platform: Option<Platform>,
    /// Whether metadata of an image may be reused by its tag ([rule 3.7](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    #[serde(skip_serializing_if = "is_off")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub cache_by_tag: bool,
    /// How many images are kept, 1 to 100. Defaults to 20.
    #[cfg_attr(
        feature = "schema",
        schemars(default = "crate::subscription::default_limit", range(min = 1, max = 100))
    )]
    pub discovery_limit: u32,
    /// Whether to skip the verification of the registry's TLS certificate.
    #[serde(rename = "insecureSkipTLSVerify", skip_serializing_if = "is_off")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub insecure_skip_tls_verify: bool,
    /// The repository of the image's source: `gitRepoURL` of releases to 1.6, kept as metadata.
    #[serde(rename = "gitRepoURL", skip_serializing_if = "Option::is_none")]
    pub git_repo_url: Option<String>,
}

impl ImageSubscription {
    /// A subscription to this repository, with the defaults of every other field ([rule 1.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
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

/// `git` of a subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GitSubscription {
    /// The repository: an http(s), ssh, scp-form or file URL.
    #[serde(rename = "repoURL")]
    pub repo_url: String,
    /// Which commit counts as the newest.
    #[cfg_attr(feature = "schema", schemars(default))]
    pub commit_selection_strategy: CommitSelectionStrategy,
    /// The branch for `NewestFromBranch`. Defaults to the remote's HEAD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// A version constraint for `SemVer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub semver_constraint: Option<String>,
    /// Whether only tags with all three version parts count ([rule 2.3](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    #[cfg_attr(feature = "schema", schemars(default = "crate::subscription::is_on"))]
    pub strict_semvers: bool,
    /// Patterns of which a tag must match at least one; none means every tag ([rule 3.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub allow_tags_regexes: Vec<String>,
    /// Patterns of which a tag must match none ([rule 3.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub ignore_tags_regexes: Vec<String>,
    /// Tags to ignore, compared as a whole: `ignoreTags` of releases before 1.13, still read here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub ignore_tags: Vec<String>,
    /// What must be true of a commit or tag, as an expression ([rule 4.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression_filter: Option<String>,
    /// Selectors of which a changed path must match at least one; none means every path ([rule 4.4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub include_paths: Vec<String>,
    /// Selectors whose paths do not count ([rule 4.4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub exclude_paths: Vec<String>,
    /// Commits before this moment end the walk ([rule 4.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::time::optional")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::time::schema::Moment>"))]
    pub since: Option<Timestamp>,
    /// Kargo's switch for partial clones. Kept for the round trip: discovery here never clones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blobless: Option<bool>,
    /// How many commits are kept, 1 to 100. Defaults to 20.
    #[cfg_attr(
        feature = "schema",
        schemars(default = "crate::subscription::default_limit", range(min = 1, max = 100))
    )]
    pub discovery_limit: u32,
    /// Whether to skip the verification of the server's TLS certificate.
    #[serde(rename = "insecureSkipTLSVerify", skip_serializing_if = "is_off")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub insecure_skip_tls_verify: bool,
}

impl GitSubscription {
    /// A subscription to this repository, with the defaults of every other field ([rule 1.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
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

/// `chart` of a subscription; `helm` in Kargo's documentation of early 2025.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ChartSubscription {
    /// A classic chart repository (http or https) or one chart in an OCI registry (`oci://`).
    #[serde(rename = "repoURL")]
    pub repo_url: String,
    /// The chart within a classic repository; none for `oci://`, whose URL already names the chart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A constraint on the chart's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub semver_constraint: Option<String>,
    /// Whether a version that is published again with other content, such as `0.0.0-dev`, is another artifact, and other Freight
    /// ([rule 5.3](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). Defaults to `false`. Kargo does not have this field, and its API server drops it.
    #[serde(skip_serializing_if = "is_off")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub follow_digests: bool,
    /// Whether the tags of a chart in a registry may begin with `v`
    /// ([rule 2.11](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). Versions in a chart repository always may. Defaults to `false`. Kargo does not have this field, and its API server drops it.
    #[serde(skip_serializing_if = "is_off")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub accept_v: bool,
    /// Whether a tag of a registry must point at a chart, by the media type of its configuration; other tags are passed over
    /// ([rule 5.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). It costs one request per version that is found or passed over. Defaults to `false`. Kargo does not have this field, and its API server drops it.
    #[serde(skip_serializing_if = "is_off")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub check_config: bool,
    /// How many versions are kept, 1 to 100. Defaults to 20.
    #[cfg_attr(
        feature = "schema",
        schemars(default = "crate::subscription::default_limit", range(min = 1, max = 100))
    )]
    pub discovery_limit: u32,
    /// Whether to skip the verification of the server's TLS certificate.
    #[serde(rename = "insecureSkipTLSVerify", skip_serializing_if = "is_off")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub insecure_skip_tls_verify: bool,
}

impl ChartSubscription {
    /// A subscription to a chart of a classic repository.
    pub fn classic(repo_url: impl Into<String>, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..Self::oci(repo_url) }
    }

    /// A subscription to a chart in an OCI registry.
    pub fn oci(repo_url: impl Into<String>) -> Self {
        Self {
            repo_url: repo_url.into(),
            name: None,
            semver_constraint: None,
            follow_digests: false,
            accept_v: false,
            check_config: false,
            discovery_limit: DEFAULT_DISCOVERY_LIMIT,
            insecure_skip_tls_verify: false,
        }
    }

    /// Whether the chart lies in an OCI registry.
    pub fn is_oci(&self) -> bool {
        self.repo_url.starts_with("oci://")
    }
}

/// A subscription under a key of its own ([rule 1.3](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)), as Kargo's paid edition has them. Its `config` is opaque here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GenericSubscription {
    /// Its key in the manifest.
    #[serde(skip)]
    pub subscription_type: String,
    /// Configuration of the source that reads this type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<serde_json::Map<String, serde_json::Value>>,
    /// How many artifacts are kept, 1 to 100. Defaults to 20.
    #[cfg_attr(
        feature = "schema",
        schemars(default = "crate::subscription::default_limit", range(min = 1, max = 100))
    )]
    pub discovery_limit: u32,
}

impl GenericSubscription {
    /// A subscription of this type without configuration.
    pub fn new(subscription_type: impl Into<String>) -> Self {
        Self {
            subscription_type: subscription_type.into(),
            config: None,
            discovery_limit: DEFAULT_DISCOVERY_LIMIT,
        }
    }
}
