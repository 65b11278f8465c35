//! What a credential is looked up for.

use std::fmt;

use artifact_source::SourceKind;
use warehouse_spec::{normalize_chart, normalize_git, normalize_image};

/// What a Secret is for, by its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum CredType {
    Git,
    Helm,
    Image,
}

impl CredType {
    pub(super) const ALL: [Self; 3] = [Self::Git, Self::Helm, Self::Image];

    pub(super) fn of_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.label() == label)
    }

    pub(super) fn of_kind(kind: &SourceKind) -> Option<Self> {
        match kind {
            SourceKind::Git => Some(Self::Git),
            SourceKind::Chart => Some(Self::Helm),
            SourceKind::Image => Some(Self::Image),
            _ => None,
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Helm => "helm",
            Self::Image => "image",
        }
    }

    /// The form of a URL in which Kargo compares it.
    pub(super) fn normalize(self, url: &str) -> String {
        match self {
            Self::Git => normalize_git(url),
            Self::Helm => normalize_chart(url),
            Self::Image => normalize_image(url),
        }
    }
}

impl fmt::Display for CredType {
    /// What such Secrets are for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Git => "Git repositories",
            Self::Helm => "charts",
            Self::Image => "images",
        })
    }
}

/// A repository that a credential is looked up for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) cred_type: CredType,
    /// As the subscription has it.
    pub(super) url: String,
    pub(super) normal: String,
}

impl Wanted {
    pub(super) fn new(cred_type: CredType, url: &str) -> Self {
        // The source of charts says `ghcr.io/charts/web` of what the subscription calls `oci://ghcr.io/charts/web`.
        let lost_scheme = cred_type == CredType::Helm && !url.contains("://");
        let url = if lost_scheme { format!("oci://{url}") } else { url.to_owned() };
        Self { cred_type, normal: cred_type.normalize(&url), url }
    }

    /// The forms that a pattern is tried on.
    pub(super) fn forms(&self) -> [&str; 2] {
        [&self.url, &self.normal]
    }
}
