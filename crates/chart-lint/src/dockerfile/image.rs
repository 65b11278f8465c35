//! Names of base images.

use repository_url::short_image_name;

/// What follows `FROM`, in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Image {
    /// The name without tag and digest, and without Docker Hub's own host and folder.
    pub(super) name: String,
    pub(super) tag: Option<String>,
    pub(super) has_digest: bool,
}

/// Official images that have variants with `-slim`.
const SLIM: [&str; 6] = ["debian", "node", "perl", "python", "ruby", "rust"];

impl Image {
    pub(super) fn parse(text: &str) -> Self {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        let last = name.rfind('/').map_or(0, |slash| slash + 1);
        let colon = name.get(last..).and_then(|last| last.find(':')).map(|colon| colon + last);
        let (name, tag) = match colon.and_then(|colon| name.split_at_checked(colon)) {
            Some((name, tag)) => (name, tag.strip_prefix(':').map(str::to_owned)),
            None => (name, None),
        };
        Self { name: short_image_name(name).to_owned(), tag, has_digest: digest.is_some() }
    }

    /// Whether another image may have this name tomorrow, for any version: no tag, or `latest`.
    pub(super) fn is_latest(&self) -> bool {
        !self.has_digest && matches!(self.tag.as_deref(), None | Some("latest"))
    }

    /// Whether the image is a full one of which there is a slim one.
    pub(super) fn has_slim_variant(&self) -> bool {
        let Some(tag) = self.tag.as_deref() else { return false };
        SLIM.contains(&self.name.as_str())
            && !tag.contains("slim")
            && !tag.contains("alpine")
            && tag != "latest"
    }

    /// Whether the name says that the image brings an unprivileged user.
    pub(super) fn has_unprivileged_user(&self) -> bool {
        let says_so = |text: &str| {
            text.contains("nonroot") || text.contains("unprivileged") || text.contains("rootless")
        };
        says_so(&self.name)
            || self.tag.as_deref().is_some_and(says_so)
            || self.name.starts_with("cgr.dev/chainguard/")
    }
}
