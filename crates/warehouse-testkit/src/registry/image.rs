//! Images, described and published in process.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;

use super::store::Store;
use crate::chart::Chart;
use crate::chart::{gzip, tar};
use crate::digest::digest_of;

/// The creation time of a config for which none was given.
const CREATED: &str = "2024-01-01T00:00:00Z";

/// Describes an image; [`push`](Self::push) publishes it.
///
/// Without a platform it is a single manifest for linux/amd64. With [`platforms`](Self::platforms) it is an index with one
/// manifest each, even for one platform. The same description gives the same digests; images that differ in their first
/// tag have different ones.
#[derive(Debug)]
#[must_use = "an image is published by push()"]
pub struct ImageBuilder<'a> {
    store: &'a Store,
    repository: String,
    tags: Vec<String>,
    platforms: Vec<String>,
    indexed: bool,
    docker: bool,
    attested: bool,
    annotations: BTreeMap<String, String>,
    manifest_annotations: BTreeMap<String, String>,
    descriptor_annotations: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
    created: Option<String>,
    created_on: BTreeMap<String, String>,
}

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pushed {
    /// The repository.
    pub repository: String,
    /// The tags that name it.
    pub tags: Vec<String>,
    /// The digest that the tags refer to: of the index, or of the single manifest.
    pub digest: String,
    /// The media type under that digest.
    pub media_type: String,
    /// The manifests, in the order of the index; one for a single-manifest image.
    pub platforms: Vec<PushedPlatform>,
}

/// One manifest of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PushedPlatform {
    /// `os/arch[/variant]`; empty for a chart.
    pub platform: String,
    /// The digest of the manifest.
    pub digest: String,
    /// The digest of its config.
    pub config_digest: String,
}

impl<'a> ImageBuilder<'a> {
    pub(super) fn new(store: &'a Store, repository: String) -> Self {
        Self {
            store,
            repository,
            tags: Vec::new(),
            platforms: Vec::new(),
            indexed: false,
            docker: false,
            attested: false,
            annotations: BTreeMap::new(),
            manifest_annotations: BTreeMap::new(),
            descriptor_annotations: BTreeMap::new(),
            labels: BTreeMap::new(),
            created: Some(CREATED.into()),
            created_on: BTreeMap::new(),
        }
    }

    /// Adds a tag. An image without one can be had by its digest only.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Makes it an index with a manifest for each `os/arch[/variant]`.
    pub fn platforms<T: Into<String>>(mut self, platforms: impl IntoIterator<Item = T>) -> Self {
        self.platforms.extend(platforms.into_iter().map(Into::into));
        self.indexed = true;
        self
    }

    /// Makes it a single manifest for this `os/arch[/variant]`.
    pub fn single(mut self, platform: impl Into<String>) -> Self {
        self.platforms = vec![platform.into()];
        self.indexed = false;
        self
    }

    /// Docker media types: a manifest list instead of an index, schema 2 instead of an OCI manifest.
    pub fn docker(mut self) -> Self {
        self.docker = true;
        self
    }

    /// Adds an attestation to the index as BuildKit does: an entry for platform `unknown/unknown`.
    pub fn attested(mut self) -> Self {
        self.attested = true;
        self
    }

    /// Adds an annotation to what the tag names: the index, or the single manifest.
    pub fn annotation(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.annotations.insert(key.into(), value.into());
        self
    }

    /// Adds an annotation to every manifest below the index.
    pub fn manifest_annotation(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.manifest_annotations.insert(key.into(), value.into());
        self
    }

    /// Adds an annotation to every descriptor in the index.
    pub fn descriptor_annotation(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.descriptor_annotations.insert(key.into(), value.into());
        self
    }

    /// Adds a label to every config.
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    /// `created` of every config, usually RFC 3339; any text is taken, the empty one too.
    pub fn created(mut self, time: impl Into<String>) -> Self {
        self.created = Some(time.into());
        self
    }

    /// `created` of the config of one platform.
    pub fn created_on(mut self, platform: impl Into<String>, time: impl Into<String>) -> Self {
        self.created_on.insert(platform.into(), time.into());
        self
    }

    /// Configs without `created`.
    pub fn without_created(mut self) -> Self {
        self.created = None;
        self
    }

    /// Publishes the image.
    pub fn push(mut self) -> Pushed {
        if self.platforms.is_empty() && !self.indexed {
            self.platforms.push("linux/amd64".into());
        }
        let layer = Layer::push(self.store, &self.repository);
        let mut entries = Vec::with_capacity(self.platforms.len() + 1);
        let mut platforms = Vec::with_capacity(self.platforms.len());
        for platform in &self.platforms {
            let (pushed, size) = self.push_manifest(&layer, platform);
            entries.push(Descriptor {
                media_type: self.manifest_type(),
                digest: pushed.digest.clone(),
                size,
                annotations: (!self.descriptor_annotations.is_empty())
                    .then_some(&self.descriptor_annotations),
                platform: Some(Platform::of(platform)),
            });
            platforms.push(pushed);
        }
        if self.attested {
            let (pushed, size) = self.push_manifest(&layer, "unknown/unknown");
            entries.push(Descriptor {
                media_type: self.manifest_type(),
                digest: pushed.digest,
                size,
                annotations: None,
                platform: Some(Platform::of("unknown/unknown")),
            });
        }
        let (digest, media_type) = match platforms.first() {
            Some(only) if !self.indexed => (only.digest.clone(), self.manifest_type()),
            _ => self.push_index(&entries),
        };
        for tag in &self.tags {
            self.store.put_tag(&self.repository, tag, &digest);
        }
        Pushed {
            repository: self.repository,
            tags: self.tags,
            digest,
            media_type: media_type.into(),
            platforms,
        }
    }

    fn manifest_type(&self) -> &'static str {
        if self.docker { MediaType::DOCKER_MANIFEST } else { MediaType::OCI_MANIFEST }
    }

    fn push_index(&self, entries: &[Descriptor<'_>]) -> (String, &'static str) {
        let media_type = if self.docker { MediaType::DOCKER_LIST } else { MediaType::OCI_INDEX };
        let annotations = (!self.annotations.is_empty()).then_some(&self.annotations);
        let index = Index { schema_version: 2, media_type, manifests: entries, annotations };
        (self.store.put_manifest(&self.repository, media_type, json(&index).into()), media_type)
    }

    fn push_manifest(&self, layer: &Layer, platform: &str) -> (PushedPlatform, usize) {
        let config = json(&self.config(layer, platform));
        let config_digest = digest_of(&config);
        let (config_type, layer_type) = if self.docker {
            (MediaType::DOCKER_CONFIG, MediaType::DOCKER_LAYER)
        } else {
            (MediaType::OCI_CONFIG, MediaType::OCI_LAYER)
        };
        let annotations = if self.indexed { &self.manifest_annotations } else { &self.annotations };
        let manifest = json(&Manifest {
            schema_version: 2,
            media_type: self.manifest_type(),
            config: Descriptor::plain(config_type, config_digest.clone(), config.len()),
            layers: [Descriptor::plain(layer_type, layer.digest.clone(), layer.size)],
            annotations: (!annotations.is_empty()).then_some(annotations),
        });
        let size = manifest.len();
        self.store.put_known_blob(&self.repository, &config_digest, config.into());
        let digest = self.store.put_manifest(&self.repository, self.manifest_type(), manifest.into());
        (PushedPlatform { platform: platform.into(), digest, config_digest }, size)
    }

    fn config<'b>(&'b self, layer: &'b Layer, platform: &'b str) -> Config<'b> {
        let tag = self.tags.first().map_or("", String::as_str);
        let Platform { architecture, os, variant } = Platform::of(platform);
        Config {
            architecture,
            os,
            variant,
            created: self.created_on.get(platform).or(self.created.as_ref()).map(String::as_str),
            config: Settings { env: [format!("IMAGE={}:{tag}", self.repository)], labels: &self.labels },
            rootfs: RootFs { kind: "layers", diff_ids: [&layer.diff_id] },
        }
    }
}

/// The one layer that all images share: a small file.
struct Layer {
    digest: String,
    diff_id: String,
    size: usize,
}

impl Layer {
    fn push(store: &Store, repository: &str) -> Self {
        static LAYER: std::sync::OnceLock<(Vec<u8>, String, String)> = std::sync::OnceLock::new();
        let (bytes, digest, diff_id) = LAYER.get_or_init(|| {
            let files = [("etc/testkit".to_owned(), b"published by warehouse-testkit\n".to_vec())];
            // Neither step can fail in memory.
            let tar = tar(&files).unwrap_or_default();
            let bytes = gzip(&tar).unwrap_or_default();
            let digest = digest_of(&bytes);
            (bytes, digest, digest_of(&tar))
        });
        if store.blob(repository, digest).is_none() {
            store.put_known_blob(repository, digest, bytes.clone().into());
        }
        Self { digest: digest.clone(), diff_id: diff_id.clone(), size: bytes.len() }
    }
}

/// JSON of our own plain types, which cannot fail.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Index<'a> {
    schema_version: u8,
    media_type: &'static str,
    manifests: &'a [Descriptor<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<&'a BTreeMap<String, String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest<'a> {
    schema_version: u8,
    media_type: &'static str,
    config: Descriptor<'a>,
    layers: [Descriptor<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<&'a BTreeMap<String, String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor<'a> {
    media_type: &'static str,
    digest: String,
    size: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<&'a BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<Platform<'a>>,
}

impl Descriptor<'_> {
    fn plain(media_type: &'static str, digest: String, size: usize) -> Self {
        Self { media_type, digest, size, annotations: None, platform: None }
    }
}

#[derive(Serialize)]
struct Platform<'a> {
    architecture: &'a str,
    os: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<&'a str>,
}

impl<'a> Platform<'a> {
    fn of(text: &'a str) -> Self {
        let mut parts = text.splitn(3, '/');
        let os = parts.next().unwrap_or_default();
        Self { os, architecture: parts.next().unwrap_or_default(), variant: parts.next() }
    }
}

#[derive(Serialize)]
struct Config<'a> {
    architecture: &'a str,
    os: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<&'a str>,
    config: Settings<'a>,
    rootfs: RootFs<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Settings<'a> {
    env: [String; 1],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct RootFs<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    diff_ids: [&'a str; 1],
}

/// Names for the media types of manifests, configs and layers.
#[derive(Clone, Copy, Debug)]
pub struct MediaType;

impl MediaType {
    /// OCI image index.
    pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// OCI image manifest.
    pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// OCI image config.
    pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    /// OCI layer, a compressed tar.
    pub const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
    /// Docker manifest list.
    pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// Docker manifest, schema 2.
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    /// Docker image config.
    pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
    /// Docker layer, a compressed tar.
    pub const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    /// The config of a Helm chart.
    pub const HELM_CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
    /// The archive of a Helm chart.
    pub const HELM_CHART: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
}

/// Publishes a chart as Helm does: one manifest, the metadata as its config, the archive as its only layer.
pub(super) fn push_chart(store: &Store, parent: &str, chart: &Chart) -> Pushed {
    let parent = parent.trim_matches('/');
    let repository =
        if parent.is_empty() { chart.name().to_owned() } else { format!("{parent}/{}", chart.name()) };
    let archive = chart.archive();
    let config = chart.metadata().to_string();
    let mut annotations = BTreeMap::from([
        ("org.opencontainers.image.title", chart.name()),
        ("org.opencontainers.image.version", chart.version()),
        ("org.opencontainers.image.description", chart.summary()),
    ]);
    if let Some(created) = chart.published_at() {
        annotations.insert("org.opencontainers.image.created", created);
    }
    let config_digest = digest_of(config.as_bytes());
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MediaType::OCI_MANIFEST,
        "config": { "mediaType": MediaType::HELM_CONFIG, "digest": config_digest, "size": config.len() },
        "layers": [{
            "mediaType": MediaType::HELM_CHART,
            "digest": digest_of(&archive),
            "size": archive.len(),
        }],
        "annotations": annotations,
    });
    store.put_known_blob(&repository, &config_digest, config.into());
    store.put_blob(&repository, archive.into());
    let digest = store.put_manifest(&repository, MediaType::OCI_MANIFEST, manifest.to_string().into());
    let tag = chart.version().replace('+', "_");
    store.put_tag(&repository, &tag, &digest);
    Pushed {
        repository,
        tags: vec![tag],
        digest: digest.clone(),
        media_type: MediaType::OCI_MANIFEST.into(),
        platforms: vec![PushedPlatform { platform: String::new(), digest, config_digest }],
    }
}
