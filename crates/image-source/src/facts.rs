//! The facts about manifests that are cached, and the kinds of artifacts that are not images.
//!
//! Facts never change, as they are about the content of a digest.

use std::collections::BTreeMap;

use oci_registry::{Descriptor, Digest, ImageManifest, Index, Manifest, OtherManifest, Platform};
use serde::{Deserialize, Serialize};

use crate::config::ConfigFacts;

/// The facts about the content of one digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Facts {
    /// The facts about a manifest.
    Manifest(ManifestFacts),
    /// The facts about the configuration of an image.
    Config(ConfigFacts),
}

/// The facts about a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ManifestFacts {
    /// The annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The images and indexes in an index; `None` for other manifests. Attestations are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<Vec<Entry>>,
    /// The number of entries of an index that cannot be read, each of which may be an image for any platform.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unreadable_entries: usize,
    /// The configuration of an image for one platform; `None` for other manifests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Digest>,
    /// The kind of an artifact that is not an image, such as `a Helm chart` ([rule 3.10](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_an_image: Option<String>,
}

/// An image or an index in an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Entry {
    /// The platform; empty for an index that is listed without a platform.
    pub platform: Platform,
    /// The digest of the manifest.
    pub digest: Digest,
    /// The annotations of the entry in the index.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl ManifestFacts {
    /// The facts about this manifest.
    pub fn of(manifest: Manifest) -> Self {
        let not_an_image = |what| Self { not_an_image: Some(what), ..Self::default() };
        match manifest {
            Manifest::Index(index) => {
                let is_artifact = is_not_image_type(&index.artifact_type);
                let entries: Vec<Entry> = match is_artifact {
                    true => Vec::new(),
                    false => index.manifests.iter().filter_map(Entry::of).collect(),
                };
                let unreadable_entries = index.unreadable;
                match entries.is_empty() && (is_artifact || unreadable_entries == 0) {
                    true => not_an_image(kind_of_index(&index)),
                    false => Self {
                        annotations: index.annotations,
                        entries: Some(entries),
                        unreadable_entries,
                        ..Self::default()
                    },
                }
            }
            Manifest::Image(image) => match kind_of_image(&image) {
                Some(what) => not_an_image(what),
                None => Self {
                    annotations: image.annotations,
                    config: Some(image.config.digest),
                    ..Self::default()
                },
            },
            Manifest::Other(other) => not_an_image(kind_of_other(&other)),
            _ => not_an_image("a manifest of an unknown kind".to_owned()),
        }
    }
}

impl Entry {
    /// The facts about an entry of an index; `None` if it is not an image ([rule 3.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    fn of(descriptor: &Descriptor) -> Option<Self> {
        if !may_be_image(descriptor) {
            return None;
        }
        let platform = descriptor.platform.clone().unwrap_or_default();
        let is_nested_index = is_index(descriptor) && is_empty(&platform);
        (is_nested_index || is_stated(&platform)).then(|| Self {
            platform,
            digest: descriptor.digest.clone(),
            annotations: descriptor.annotations.clone(),
        })
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Whether the platform is stated, and not `unknown/unknown` as that of an attestation ([rule 3.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
pub(crate) fn is_stated(platform: &Platform) -> bool {
    [&platform.os, &platform.architecture].into_iter().all(|part| !part.is_empty() && part != "unknown")
}

fn is_empty(platform: &Platform) -> bool {
    platform.os.is_empty() && platform.architecture.is_empty()
}

/// The number of characters of an unknown media type that are shown.
const MAX_SHOWN: usize = 100;
/// The media types of the configuration of an image. Some builders leave it out, or use a generic one.
const IMAGE_CONFIGS: [&str; 6] = [
    "",
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
    "application/json",
    "application/octet-stream",
    "text/plain",
];
/// The artifact types of images.
const IMAGE_ARTIFACTS: [&str; 3] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.index.v1+json",
];
const WASM: &str = "a WebAssembly module";
const SBOM: &str = "a software bill of materials (SBOM)";
const ATTESTATION: &str = "an attestation";
const MODEL: &str = "a machine-learning model";

/// The prefixes of the media types of well-known artifacts, and their names.
const KINDS: [(&str, &str); 38] = [
    ("application/vnd.cncf.helm.", selection_strategies::Rejection::HELM_CHART),
    ("application/vnd.buildkit.cacheconfig.", "a BuildKit build cache"),
    ("application/vnd.dev.cosign.simplesigning.", "a Cosign signature"),
    ("application/vnd.dev.cosign.artifact.sig.", "a Cosign signature"),
    ("application/vnd.dev.cosign.artifact.sbom.", SBOM),
    ("application/vnd.dev.sigstore.bundle", "a Sigstore bundle"),
    ("application/vnd.cncf.notary.", "a Notary Project signature"),
    ("application/vnd.dsse.envelope", ATTESTATION),
    ("application/vnd.in-toto", ATTESTATION),
    ("application/vnd.docker.attestation.", ATTESTATION),
    ("application/spdx", SBOM),
    ("text/spdx", SBOM),
    ("application/vnd.cyclonedx", SBOM),
    ("application/vnd.syft", SBOM),
    ("application/vnd.wasm.", WASM),
    ("application/vnd.module.wasm.", WASM),
    ("application/wasm", WASM),
    ("application/vnd.cncf.flux.", "a Flux artifact"),
    ("application/vnd.cncf.openpolicyagent.", "an Open Policy Agent bundle"),
    ("application/vnd.cncf.kyverno.", "a Kyverno policy"),
    ("application/vnd.cncf.falco.", "a Falco artifact"),
    ("application/vnd.cncf.model.", MODEL),
    ("application/vnd.docker.ai.", MODEL),
    ("application/vnd.ollama.", MODEL),
    ("application/vnd.kitops.modelkit.", MODEL),
    ("application/vnd.cdf.tekton.", "a Tekton bundle"),
    ("application/vnd.cnab.", "a CNAB bundle"),
    ("application/vnd.sylabs.sif.", "a Singularity image (SIF)"),
    ("application/vnd.docker.plugin.", "a Docker plugin"),
    ("application/vnd.docker.compose.", "a Docker Compose project"),
    ("application/vnd.aquasec.trivy.", "a Trivy database"),
    ("application/vnd.amazon.soci.", "a SOCI index"),
    ("application/vnd.opentofu.", "an OpenTofu package"),
    ("application/vnd.devcontainers", "a dev container feature or template"),
    ("application/vnd.ms.bicep.", "a Bicep module"),
    ("application/vnd.timoni.", "a Timoni module"),
    ("application/vnd.zarf.", "a Zarf package"),
    ("application/vnd.docker.distribution.manifest.v1+", "a Docker schema 1 manifest"),
];

/// The kind of a manifest that is not an image: its configuration is not that of an image, or all its layers are of another kind.
fn kind_of_image(manifest: &ImageManifest) -> Option<String> {
    let ImageManifest { artifact_type, config, layers, .. } = manifest;
    let is_tekton = |layer: &Descriptor| layer.annotations.contains_key("dev.tekton.image.kind");
    if !layers.is_empty() && layers.iter().all(is_tekton) {
        return Some("a Tekton bundle".to_owned());
    }
    let name = [artifact_type, &config.media_type].into_iter().find_map(|media_type| known(media_type));
    let payload = || {
        let names = layers.iter().map(|layer| known(&layer.media_type));
        let first = names.clone().next()??;
        // WebAssembly modules are also packed as images.
        (first != WASM && names.clone().all(|name| name == Some(first))).then_some(first)
    };
    if let Some(name) = name.or_else(payload) {
        return Some(name.to_owned());
    }
    if is_among(&IMAGE_CONFIGS, &config.media_type) {
        return None;
    }
    let has_type = !artifact_type.is_empty();
    Some(of_type(if has_type { artifact_type } else { &config.media_type }))
}

/// The kind of an index without an image.
fn kind_of_index(index: &Index) -> String {
    let entries = &index.manifests;
    if is_not_image_type(&index.artifact_type) {
        return of_type(&index.artifact_type);
    }
    let name = |entry: &Descriptor| known(&entry.artifact_type).or_else(|| known(&entry.media_type));
    let is_unknown = |entry: &Descriptor| {
        entry.platform.as_ref().is_some_and(|platform| platform.os == "unknown")
            || entry.annotations.contains_key("vnd.docker.reference.type")
    };
    match entries.iter().find_map(name) {
        _ if entries.is_empty() => "an index without entries".to_owned(),
        Some(cache) if cache.contains("build cache") => cache.to_owned(),
        Some(name) => format!("an index that lists {name} and no image"),
        None if entries.iter().all(is_unknown) => "an index of attestations".to_owned(),
        None => match entries.iter().find(|entry| is_not_image_type(&entry.artifact_type)) {
            Some(entry) => format!("an index that lists {} and no image", of_type(&entry.artifact_type)),
            None => "an index that states no platform for any of its entries".to_owned(),
        },
    }
}

/// The kind of a manifest that is neither an index nor an image manifest.
fn kind_of_other(manifest: &OtherManifest) -> String {
    let OtherManifest { schema_version, media_type, artifact_type, .. } = manifest;
    let stated = if is_not_image_type(artifact_type) { artifact_type } else { media_type };
    match known(stated) {
        Some(name) => name.to_owned(),
        None if *schema_version == 1 => "a Docker schema 1 manifest".to_owned(),
        None if is_not_image_type(stated) => of_type(stated),
        None => format!("a manifest of schema version {schema_version}"),
    }
}

/// Whether an entry of an index can be an image, by its media type, artifact type and annotations.
fn may_be_image(entry: &Descriptor) -> bool {
    let media_type = entry.media_type.to_ascii_lowercase();
    let is_manifest = media_type.is_empty()
        || media_type.contains("manifest") && known(&media_type).is_none()
        || is_index(entry)
        || is_among(&IMAGE_CONFIGS, &media_type);
    let is_attestation = entry.annotations.contains_key("vnd.docker.reference.type");
    is_manifest && !is_attestation && !is_not_image_type(&entry.artifact_type)
}

/// Whether an entry of an index is an index.
fn is_index(entry: &Descriptor) -> bool {
    let media_type = entry.media_type.to_ascii_lowercase();
    media_type.contains("image.index") || media_type.contains("manifest.list")
}

/// Whether this artifact type is not that of an image.
fn is_not_image_type(artifact_type: &str) -> bool {
    !is_among(&IMAGE_CONFIGS, artifact_type) && !is_among(&IMAGE_ARTIFACTS, artifact_type)
}

/// The name of a well-known media type.
fn known(media_type: &str) -> Option<&'static str> {
    let begins =
        |prefix: &str| media_type.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    KINDS.iter().find(|(prefix, _)| begins(prefix)).map(|(_, name)| *name)
}

fn is_among(types: &[&str], media_type: &str) -> bool {
    types.iter().any(|known| known.eq_ignore_ascii_case(media_type.trim()))
}

fn of_type(media_type: &str) -> String {
    match known(media_type) {
        Some(name) => name.to_owned(),
        None => format!("an artifact of type {:?}", media_type.chars().take(MAX_SHOWN).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_the_same_after_json() {
        let text = r#"{"manifest":{"annotations":{"a":"b"},"entries":[{"platform":{"os":"linux","architecture":"arm64","variant":"v8"},"digest":"sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}],"notAnImage":"x"}}"#;
        let facts: Facts = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&facts).unwrap(), text);
    }
}
