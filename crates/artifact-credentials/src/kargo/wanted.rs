//! What a credential is looked up for.

use std::fmt;

use artifact_source::SourceKind;
use go_compat::GoRegex;
use warehouse_spec::{normalize_chart, normalize_git, normalize_image};

use super::requested::{HttpOrigin, Requested};

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
    pub(super) name: ExactName,
    /// The forms that a pattern is tried on; what is wrong with the URL where no Secret is for it.
    pub(super) forms: Result<Vec<String>, &'static str>,
}

/// What a Secret and a repository have in common where the Secret has its URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ExactName {
    /// In Kargo's normal form.
    pub(super) normal: String,
    /// Where it is requested: the normal form of a chart's URL may lose its port.
    origin: Option<HttpOrigin>,
}

impl ExactName {
    /// The name of a repository.
    ///
    /// # Errors
    ///
    /// As [`Requested::parse`].
    pub(super) fn parse(cred_type: CredType, url: &str) -> Result<Self, &'static str> {
        Self::of(cred_type, url, &Requested::parse(url)?)
    }

    fn of(cred_type: CredType, url: &str, requested: &Requested) -> Result<Self, &'static str> {
        let normal = cred_type.normalize(url);
        let named = Requested::parse(&normal).map_err(|_| UNLIKE)?;
        match (&requested.origin, &named.origin) {
            (Some(origin), Some(named)) if !origin.has_host_of(named) => Err(UNLIKE),
            (Some(_), None) => Err(UNLIKE),
            (origin, _) => Ok(Self { normal, origin: origin.clone() }),
        }
    }
}

const UNLIKE: &str = "has a normal form that names another host";

impl Wanted {
    pub(super) fn new(cred_type: CredType, url: &str) -> Self {
        // The source of charts says `ghcr.io/charts/web` of what the subscription calls `oci://ghcr.io/charts/web`.
        let lost_scheme = cred_type == CredType::Helm && !url.contains("://");
        let url = if lost_scheme { format!("oci://{url}") } else { url.to_owned() };
        let requested = Requested::parse(&url)
            .and_then(|requested| Ok((ExactName::of(cred_type, &url, &requested)?, requested)));
        match requested {
            Ok((name, Requested { mut forms, .. })) => {
                // Without a user and a fragment, as the first form is.
                forms.extend(forms.first().map(|form| cred_type.normalize(form)));
                Self { cred_type, url, name, forms: Ok(forms) }
            }
            Err(wrong) => {
                let name = ExactName { normal: cred_type.normalize(&url), origin: None };
                Self { cred_type, url, name, forms: Err(wrong) }
            }
        }
    }

    /// Whether the pattern matches the URL that is requested.
    pub(super) fn matches(&self, pattern: &GoRegex) -> bool {
        self.forms.iter().flatten().any(|form| pattern.is_match(form))
    }
}
