//! What is worth knowing about a manifest or a configuration. It never changes, as both have digests.

use std::collections::BTreeMap;

use jiff::Timestamp;
use oci_registry::{Descriptor, Digest, Manifest, Platform};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{created, platform};

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
    /// The images that it lists, if it is an index; attestations and the like are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<Vec<Entry>>,
    /// Its configuration, if it is an image of one platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Digest>,
}

/// An image in an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Entry {
    /// What it runs on.
    pub platform: Platform,
    /// Its manifest.
    pub digest: Digest,
    /// What the index says of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// What is known of an image's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConfigFacts {
    /// When the image was built: the latest of what it says (semantics rule 3.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// What the image runs on; with empty parts where it does not say so.
    #[serde(default)]
    pub platform: Platform,
}

impl ManifestFacts {
    /// What this manifest says; `None` for one that is no image.
    pub fn of(manifest: Manifest) -> Option<Self> {
        match manifest {
            Manifest::Index(index) => {
                let entry = |descriptor: Descriptor| {
                    let platform = descriptor.platform.filter(platform::is_real)?;
                    Some(Entry { platform, digest: descriptor.digest, annotations: descriptor.annotations })
                };
                let entries = index.manifests.into_iter().filter_map(entry).collect();
                Some(Self { annotations: index.annotations, entries: Some(entries), config: None })
            }
            Manifest::Image(image) => Some(Self {
                annotations: image.annotations,
                entries: None,
                config: Some(image.config.digest),
            }),
            _ => None,
        }
    }
}

impl ConfigFacts {
    /// What this configuration says. Fields that are missing or of another type count as not said, and what is no
    /// JSON says nothing: artifacts that are no images have configurations too.
    pub fn of(bytes: &[u8]) -> Self {
        let config: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let text = |field: &str| config.get(field).and_then(Value::as_str).unwrap_or_default();
        let labels = config.get("config").and_then(|config| config.get("Labels"));
        let label = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(Value::as_str);
        let times = [Some(text("created")), label(created::OCI_KEY), label(created::LABEL_SCHEMA_KEY)];
        let variant = Some(text("variant")).filter(|variant| !variant.is_empty());
        Self {
            created: times.into_iter().flatten().filter_map(created::parse).max(),
            platform: Platform::new(text("os"), text("architecture"), variant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(config: &str, created: Option<&str>, platform: &str) {
        let facts = ConfigFacts::of(config.as_bytes());
        assert_eq!(facts.created.map(|time| time.to_string()).as_deref(), created, "{config}");
        assert_eq!(facts.platform.to_string(), platform, "{config}");
    }

    #[test]
    fn configurations_as_they_are_found() {
        check(
            r#"{"created": "2024-05-01T12:00:00.5+02:00", "os": "linux", "architecture": "arm64", "variant": "v8"}"#,
            Some("2024-05-01T10:00:00.5Z"),
            "linux/arm64/v8",
        );
        check(r#"{"created": "", "os": "linux", "architecture": "amd64"}"#, None, "linux/amd64");
        check(r#"{"created": null, "os": null, "rootfs": {"diff_ids": null}, "config": null}"#, None, "/");
        check(r#"{"created": 5, "config": {"Labels": null}}"#, None, "/");
        check(r#"{"created": "yesterday"}"#, None, "/");
        check(
            r#"{"created": "1970-01-01T00:00:00Z",
                "config": {"Labels": {"org.opencontainers.image.created": "2024-01-02T00:00:00Z",
                                      "org.label-schema.build-date": "2024-01-03T00:00:00Z", "x": 1}}}"#,
            Some("2024-01-03T00:00:00Z"),
            "/",
        );
        for nothing in ["", "[]", "null", "{}", "<html>"] {
            check(nothing, None, "/");
        }
        check(&"[".repeat(100_000), None, "/");
    }

    #[test]
    fn facts_survive_json() {
        let text = r#"{"manifest":{"annotations":{"a":"b"},"entries":[{"platform":{"os":"linux","architecture":"arm64","variant":"v8"},"digest":"sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}]}}"#;
        let facts: Facts = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&facts).unwrap(), text);
    }
}
