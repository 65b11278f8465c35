//! The old spellings: what a field was called or shaped like before, until when, and what happens to it since.

use super::Edition;

/// The lists of [`BESIDE_GIT`].
pub(crate) const LISTS_BESIDE_GIT: [&str; 2] = ["includePaths", "excludePaths"];

/// A spelling that newer releases of Kargo do not read, or are about to drop. All of them are read here.
///
/// ```
/// use warehouse_spec::OldSpelling;
///
/// let found = OldSpelling::all().find(|spelling| spelling.old == "semverConstraint").ok_or("none")?;
/// assert_eq!((found.place, found.normal), ("image", "constraint"));
/// assert_eq!(found.normal_since.to_string(), "v1.7");
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OldSpelling {
    /// Where the field is: `image`, `git`, `chart`, `subscriptions`, `Freight`.
    pub place: &'static str,
    /// The field as it was written.
    pub old: &'static str,
    /// The field of today; empty if there is none.
    pub normal: &'static str,
    /// The first release that knows the field of today. Before it, the old spelling is the right one.
    pub normal_since: Edition,
    /// Which release dropped the old one, and what happens to it there.
    pub dropped: &'static str,
    /// What is written in its place.
    pub rewritten: &'static str,
    /// The name that came between the old one and that of today, and the first release that knows it.
    between: Option<(Edition, &'static str)>,
}

const fn spelling(
    (place, old, normal): (&'static str, &'static str, &'static str),
    (major, minor): (u8, u8),
    dropped: &'static str,
    rewritten: &'static str,
) -> OldSpelling {
    OldSpelling {
        place,
        old,
        normal,
        normal_since: Edition::new(major, minor),
        dropped,
        rewritten,
        between: None,
    }
}

const LISTS: &str = "Kargo v1.9 deprecated it, discovery fails on it from v1.11 on, and v1.13 drops it";

macro_rules! spellings {
    ($($(#[doc = $doc:literal])+ $name:ident = $spelling:expr;)+) => {
        $($(#[doc = $doc])+ pub(crate) static $name: OldSpelling = $spelling;)+

        static ALL: &[&OldSpelling] = &[$(&$name),+];
    };
}

spellings! {
    /// `subscriptions: {repos: …}`.
    REPOS = spelling(
        ("subscriptions", "repos", ""),
        (0, 2),
        "Kargo v0.2 dropped it",
        "a list with `image`, `git` or `chart` in each item",
    );
    /// `helm:` instead of `chart:`.
    HELM = spelling(
        ("subscriptions", "helm", "chart"),
        (0, 1),
        "no release of Kargo ever knew it; the documentation beside v1.2 showed it by mistake",
        "the key",
    );
    /// `includePaths` and `excludePaths` beside `git`.
    BESIDE_GIT = spelling(
        ("subscriptions", "includePaths and excludePaths beside git", "includePaths and excludePaths in git"),
        (0, 5),
        "Kargo v1.9 and newer refuse it; the documentation of v0.5 to v1.2 showed it by mistake",
        "the list, within `git`",
    );
    /// image `updateStrategy`.
    UPDATE_STRATEGY = spelling(
        ("image", "updateStrategy", "imageSelectionStrategy"),
        (0, 4),
        "Kargo v0.3 dropped it",
        "the key, and the value: `Latest` is `NewestBuild`, `Name` and `Alphabetical` are `Lexical`",
    )
    .with_name_between((0, 3), "tagSelectionStrategy");
    /// image `tagSelectionStrategy`.
    TAG_SELECTION_STRATEGY = spelling(
        ("image", "tagSelectionStrategy", "imageSelectionStrategy"),
        (0, 4),
        "Kargo v0.4 dropped it",
        "the key",
    );
    /// image `semverConstraint`.
    IMAGE_SEMVER_CONSTRAINT = spelling(
        ("image", "semverConstraint", "constraint"),
        (1, 7),
        "Kargo v1.9 dropped it and silently takes the newest image of all",
        "the key, also under `Digest`; where both are there, `constraint` counts and the old one goes",
    );
    /// image `allowTags`.
    ALLOW_TAGS = spelling(
        ("image", "allowTags", "allowTagsRegexes"),
        (1, 9),
        LISTS,
        "a list of the one pattern; where there is a list already, one more item of it",
    );
    /// image `ignoreTags`.
    IGNORE_TAGS = spelling(
        ("image", "ignoreTags", "ignoreTagsRegexes"),
        (1, 9),
        LISTS,
        "each tag as the anchored pattern that matches it alone: `v1.0` is `'^v1\\.0$'`",
    );
    /// image `gitRepoURL`.
    GIT_REPO_URL = spelling(
        ("image", "gitRepoURL", ""),
        (1, 7),
        "Kargo v1.7 dropped it; it is kept as metadata here",
        "nothing: it selects nothing",
    );
    /// git `allowTags`.
    GIT_ALLOW_TAGS = spelling(("git", "allowTags", "allowTagsRegexes"), (1, 9), LISTS, "as that of an image");
    /// git `ignoreTags`.
    GIT_IGNORE_TAGS = spelling(("git", "ignoreTags", "ignoreTagsRegexes"), (1, 9), LISTS, "as that of an image");
    /// chart `registryURL`.
    REGISTRY_URL = spelling(("chart", "registryURL", "repoURL"), (0, 4), "Kargo v0.4 dropped it", "the key");
    /// Freight's `id`.
    FREIGHT_ID = spelling(
        ("Freight", "id", ""),
        (0, 5),
        "Kargo v0.5 dropped it; the name is computed from the content",
        "nothing",
    );
    /// Freight's `warehouse`.
    FREIGHT_WAREHOUSE = spelling(
        ("Freight", "warehouse", "origin"),
        (0, 8),
        "Kargo v0.9 dropped it",
        "`origin` with the kind `Warehouse` and the name",
    );
    /// `healthCheckCommit` of a commit of Freight.
    FREIGHT_HEALTH_CHECK_COMMIT =
        spelling(("Freight", "commits[].healthCheckCommit", ""), (1, 0), "Kargo v1.0 dropped it", "nothing");
    /// `gitRepoURL` of an image of Freight.
    FREIGHT_GIT_REPO_URL =
        spelling(("Freight", "images[].gitRepoURL", ""), (1, 7), "Kargo v1.7 dropped it", "nothing");
    /// `registryURL` of a chart of Freight.
    FREIGHT_REGISTRY_URL = spelling(
        ("Freight", "charts[].registryURL", "charts[].repoURL"),
        (0, 4),
        "Kargo v0.4 dropped it",
        "the key",
    );
}

impl OldSpelling {
    const fn with_name_between(mut self, (major, minor): (u8, u8), name: &'static str) -> Self {
        self.between = Some((Edition::new(major, minor), name));
        self
    }

    /// Whether another spelling is the right one in this edition.
    pub(crate) fn is_old_in(&self, edition: Edition) -> bool {
        self.normal_since <= edition || self.between.is_some_and(|(since, _)| since <= edition)
    }

    /// The name of the field in this edition, where the old one is not right any more.
    pub(crate) fn name_in(&self, edition: Edition) -> &'static str {
        self.between.filter(|_| edition < self.normal_since).map_or(self.normal, |(_, name)| name)
    }

    /// Every old spelling.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        ALL.iter().copied()
    }
}
