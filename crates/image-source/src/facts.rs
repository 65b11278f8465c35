//! What is worth knowing about a manifest or a configuration. It never changes, as both have digests.

use std::collections::BTreeMap;

use oci_registry::{Descriptor, Digest, Manifest, Platform};
use serde::{Deserialize, Serialize};

pub use crate::config::ConfigFacts;
use crate::{kind, platform};

/// What is known of the content behind one digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Facts {
    /// It is a manifest.
    Manifest(ManifestFacts),
    /// It is an image's configuration.
    Config(ConfigFacts),
}

/// What is known of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ManifestFacts {
    /// Its annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The images and indexes that it lists, if it is an index; attestations and the like are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<Vec<Entry>>,
    /// Its configuration, if it is an image of one platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Digest>,
    /// What it is, if it is no image: `a Helm chart` (semantics rule 3.10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_an_image: Option<String>,
}

/// An image in an index, or an index in an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Entry {
    /// What it runs on; with empty parts where it is an index that is listed without a platform.
    pub platform: Platform,
    /// Its manifest.
    pub digest: Digest,
    /// What the index says of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl ManifestFacts {
    /// What this manifest says.
    pub fn of(manifest: Manifest) -> Self {
        let nothing = |what| Self { not_an_image: Some(what), ..Self::default() };
        match manifest {
            Manifest::Index(index) => {
                let is_artifact = kind::is_foreign(&index.artifact_type);
                let entries: Vec<Entry> = match is_artifact {
                    true => Vec::new(),
                    false => index.manifests.iter().filter_map(Entry::of).collect(),
                };
                match entries.is_empty() {
                    true => nothing(kind::of_index(&index)),
                    false => {
                        Self { annotations: index.annotations, entries: Some(entries), ..Self::default() }
                    }
                }
            }
            Manifest::Image(image) => match kind::of_image(&image) {
                Some(what) => nothing(what),
                None => Self {
                    annotations: image.annotations,
                    config: Some(image.config.digest),
                    ..Self::default()
                },
            },
            Manifest::Other(other) => nothing(kind::of_other(&other)),
            _ => nothing("a manifest of an unknown kind".to_owned()),
        }
    }
}

impl Entry {
    /// What an index says of an entry; `None` for one that is no image (rule 3.6).
    fn of(descriptor: &Descriptor) -> Option<Self> {
        if !kind::may_be_image(descriptor) {
            return None;
        }
        let platform = descriptor.platform.clone().unwrap_or_default();
        let is_unplaced_index = kind::is_index(descriptor) && platform::is_empty(&platform);
        (is_unplaced_index || platform::is_real(&platform)).then(|| Self {
            platform,
            digest: descriptor.digest.clone(),
            annotations: descriptor.annotations.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_survive_json() {
        let text = r#"{"manifest":{"annotations":{"a":"b"},"entries":[{"platform":{"os":"linux","architecture":"arm64","variant":"v8"},"digest":"sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}],"notAnImage":"x"}}"#;
        let facts: Facts = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&facts).unwrap(), text);
    }
}
