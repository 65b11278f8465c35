//! Helm charts as OCI artifacts.

use std::collections::BTreeMap;

use serde_json::json;

use super::image::{Pushed, PushedPlatform};
use super::media_type::MediaType;
use super::store::{Store, digest_of};
use crate::chart::Chart;

/// Publishes a chart as Helm does: one manifest, the metadata as its config, the archive as its only layer.
pub(super) fn push(store: &Store, parent: &str, chart: &Chart) -> Pushed {
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
