//! Spellings that were right once: what replaced each, and which Kargo release stopped reading it (rule 1.4).

use crate::decode::context::Context;
use crate::decode::object::Field;
use crate::diagnostic::Code;

/// A spelling of an earlier edition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edition {
    /// The spelling in normal form.
    pub(crate) normal: &'static str,
    /// What became of the old one.
    pub(crate) fate: &'static str,
}

/// `helm:` instead of `chart:`.
pub(crate) const HELM: Edition = Edition {
    normal: "chart",
    fate: "no release of Kargo ever knew it; the documentation beside v1.2 showed it by mistake",
};
/// image `semverConstraint`.
pub(crate) const IMAGE_SEMVER_CONSTRAINT: Edition = Edition {
    normal: "constraint",
    fate: "Kargo v1.9 dropped it and takes the newest image of all without a word",
};
/// `allowTags` of images and Git repositories.
pub(crate) const ALLOW_TAGS: Edition = Edition {
    normal: "allowTagsRegexes",
    fate: "Kargo v1.9 deprecated it, discovery fails on it from v1.11 on, and v1.13 drops it",
};
/// `ignoreTags` of images and Git repositories.
pub(crate) const IGNORE_TAGS: Edition = Edition {
    normal: "ignoreTagsRegexes",
    fate: "Kargo v1.9 deprecated it, discovery fails on it from v1.11 on, and v1.13 drops it",
};
/// image `tagSelectionStrategy`.
pub(crate) const TAG_SELECTION_STRATEGY: Edition =
    Edition { normal: "imageSelectionStrategy", fate: "Kargo v0.4 dropped it" };
/// image `updateStrategy`.
pub(crate) const UPDATE_STRATEGY: Edition =
    Edition { normal: "imageSelectionStrategy", fate: "Kargo v0.3 dropped it" };
/// image `gitRepoURL`.
pub(crate) const GIT_REPO_URL: Edition =
    Edition { normal: "", fate: "Kargo v1.7 dropped it; it is kept as metadata here" };
/// chart `registryURL`.
pub(crate) const REGISTRY_URL: Edition = Edition { normal: "repoURL", fate: "Kargo v0.4 dropped it" };
/// `subscriptions: {repos: …}`.
pub(crate) const REPOS: Edition = Edition { normal: "", fate: "Kargo v0.2 dropped it" };
/// Freight's `warehouse`.
pub(crate) const FREIGHT_WAREHOUSE: Edition = Edition { normal: "origin", fate: "Kargo v0.9 dropped it" };
/// Freight's `id`.
pub(crate) const FREIGHT_ID: Edition =
    Edition { normal: "", fate: "Kargo v0.5 dropped it; the name is computed from the content" };

impl Context {
    /// Warns about an old spelling.
    pub(crate) fn old_spelling(&mut self, field: &Field<'_>, edition: Edition) {
        let help = match edition.normal {
            "" => String::new(),
            normal => format!("write `{normal}`"),
        };
        self.old_spelling_with(field, edition, help);
    }

    /// Warns about an old spelling, with more to do than to write another name.
    pub(crate) fn old_spelling_with(&mut self, field: &Field<'_>, edition: Edition, help: impl AsRef<str>) {
        let message = format!("`{}` is an old spelling: {}", field.name(), edition.fate);
        self.warn_at(Code::OldSpelling, field.at_key(), message, help);
    }
}
