//! What a manifest is that is no container image (semantics rule 3.10), by the media types that were read with it.

use oci_registry::{Descriptor, ImageManifest, Index, OtherManifest};

/// How much of a foreign media type is shown.
const SHOWN: usize = 100;
/// The types of an image's configuration. Builders that are careless leave it out, or give that of all JSON.
const IMAGE_CONFIGS: [&str; 6] = [
    "",
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
    "application/json",
    "application/octet-stream",
    "text/plain",
];
/// What may stand as the type of an artifact that is an image all the same.
const IMAGE_ARTIFACTS: [&str; 3] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.index.v1+json",
];
const WASM: &str = "a WebAssembly module";
const SBOM: &str = "a software bill of materials (SBOM)";
const ATTESTATION: &str = "an attestation";
const MODEL: &str = "a machine-learning model";

/// How the media types of well-known artifacts begin, and what they are called.
const KINDS: [(&str, &str); 38] = [
    ("application/vnd.cncf.helm.", "a Helm chart"),
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

/// What this manifest is, if it is no image: its configuration is none of an image, or all its layers are something else.
pub(crate) fn of_image(manifest: &ImageManifest) -> Option<String> {
    let ImageManifest { artifact_type, config, layers, .. } = manifest;
    let is_tekton = |layer: &Descriptor| layer.annotations.contains_key("dev.tekton.image.kind");
    if !layers.is_empty() && layers.iter().all(is_tekton) {
        return Some("a Tekton bundle".to_owned());
    }
    let name = [artifact_type, &config.media_type].into_iter().find_map(|media_type| known(media_type));
    let payload = || {
        let names = layers.iter().map(|layer| known(&layer.media_type));
        let first = names.clone().next()??;
        // Runtimes for modules take them in the form of images, too.
        (first != WASM && names.clone().all(|name| name == Some(first))).then_some(first)
    };
    if let Some(name) = name.or_else(payload) {
        return Some(name.to_owned());
    }
    if is_among(&IMAGE_CONFIGS, &config.media_type) {
        return None;
    }
    let is_said = !artifact_type.is_empty();
    Some(of_type(if is_said { artifact_type } else { &config.media_type }))
}

/// What an index is none of whose entries is an image.
pub(crate) fn of_index(index: &Index) -> String {
    let entries = &index.manifests;
    if is_foreign(&index.artifact_type) {
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
        None => match entries.iter().find(|entry| is_foreign(&entry.artifact_type)) {
            Some(entry) => format!("an index that lists {} and no image", of_type(&entry.artifact_type)),
            None => "an index that states no platform for any of its entries".to_owned(),
        },
    }
}

/// What a manifest is that is neither an index nor an image manifest.
pub(crate) fn of_other(manifest: &OtherManifest) -> String {
    let OtherManifest { schema_version, media_type, artifact_type, .. } = manifest;
    let said = if is_foreign(artifact_type) { artifact_type } else { media_type };
    match known(said) {
        Some(name) => name.to_owned(),
        None if *schema_version == 1 => "a Docker schema 1 manifest".to_owned(),
        None if is_foreign(said) => of_type(said),
        None => format!("a manifest of schema version {schema_version}"),
    }
}

/// Whether an entry of an index can be an image, by what the index says it is.
pub(crate) fn may_be_image(entry: &Descriptor) -> bool {
    let media_type = entry.media_type.to_ascii_lowercase();
    let is_manifest = media_type.is_empty()
        || media_type.contains("manifest") && known(&media_type).is_none()
        || is_index(entry)
        || is_among(&IMAGE_CONFIGS, &media_type);
    let is_attestation = entry.annotations.contains_key("vnd.docker.reference.type");
    is_manifest && !is_attestation && !is_foreign(&entry.artifact_type)
}

/// Whether an entry of an index is an index in turn.
pub(crate) fn is_index(entry: &Descriptor) -> bool {
    let media_type = entry.media_type.to_ascii_lowercase();
    media_type.contains("image.index") || media_type.contains("manifest.list")
}

/// Whether this type of an artifact is none of an image.
pub(crate) fn is_foreign(artifact_type: &str) -> bool {
    !is_among(&IMAGE_CONFIGS, artifact_type) && !is_among(&IMAGE_ARTIFACTS, artifact_type)
}

/// What a well-known media type is called.
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
        None => format!("an artifact of type {:?}", media_type.chars().take(SHOWN).collect::<String>()),
    }
}
