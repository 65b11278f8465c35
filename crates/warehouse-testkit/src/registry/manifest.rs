//! Manifests over HTTP.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, IF_NONE_MATCH, LOCATION};
use http::{HeaderMap, Response, StatusCode};
use serde::Deserialize;

use super::MediaType;
use super::error::{digest_invalid, manifest_unknown, refuse};
use super::read::{DOCKER_CONTENT_DIGEST, content, set, status};
use super::service::RegistryService;
use super::store::{Manifest, digest_of};
use crate::loopback::Body;

impl RegistryService {
    pub(super) fn get_manifest(
        &self,
        repository: &str,
        reference: &str,
        headers: &HeaderMap,
        is_head: bool,
    ) -> Response<Body> {
        let found = self
            .store
            .resolve(repository, reference)
            .and_then(|digest| Some((self.store.manifest(repository, &digest)?, digest)));
        let Some((manifest, digest)) = found else {
            return manifest_unknown("manifest unknown");
        };
        let fresh = headers
            .get_all(IF_NONE_MATCH)
            .iter()
            .any(|value| value.to_str().is_ok_and(|value| value.trim().trim_matches('"') == digest));
        if fresh {
            return status(StatusCode::NOT_MODIFIED);
        }
        match self.negotiate(repository, reference, manifest, digest, headers) {
            Ok((manifest, digest)) => content(&manifest.media_type, &digest, manifest.bytes, is_head),
            Err(refused) => *refused,
        }
    }

    /// What a client gets that does not accept the stored media type, as the reference registry decides it.
    fn negotiate(
        &self,
        repository: &str,
        reference: &str,
        manifest: Manifest,
        digest: String,
        headers: &HeaderMap,
    ) -> Result<(Manifest, String), Box<Response<Body>>> {
        if accepts(headers, &manifest.media_type) {
            return Ok((manifest, digest));
        }
        match manifest.media_type.as_str() {
            MediaType::OCI_MANIFEST => Err(Box::new(manifest_unknown(
                "OCI manifest found, but accept header does not support OCI manifests",
            ))),
            MediaType::DOCKER_LIST if reference != digest => {
                let Some((manifest, digest)) = self.linux_amd64(repository, &manifest) else {
                    return Err(Box::new(manifest_unknown("manifest unknown")));
                };
                if !accepts(headers, MediaType::DOCKER_MANIFEST) {
                    return Err(Box::new(manifest_invalid("Schema 2 manifest not supported by client")));
                }
                Ok((manifest, digest))
            }
            _ => Ok((manifest, digest)),
        }
    }

    fn linux_amd64(&self, repository: &str, list: &Manifest) -> Option<(Manifest, String)> {
        let list: References = serde_json::from_slice(&list.bytes).ok()?;
        let entry = list.manifests?.into_iter().find(|entry| {
            let platform = entry.platform.as_ref();
            platform.is_some_and(|platform| platform.os == "linux" && platform.architecture == "amd64")
        })?;
        Some((self.store.manifest(repository, &entry.digest)?, entry.digest))
    }

    pub(super) fn put_manifest(
        &self,
        repository: &str,
        reference: &str,
        headers: &HeaderMap,
        bytes: Bytes,
    ) -> Response<Body> {
        let Some(media_type) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
            return manifest_invalid("the push has no Content-Type");
        };
        let Ok(references) = serde_json::from_slice::<References>(&bytes) else {
            return manifest_invalid("the manifest is no JSON of the expected shape");
        };
        if let Some(missing) = self.missing(repository, references) {
            return refuse(
                StatusCode::BAD_REQUEST,
                "MANIFEST_BLOB_UNKNOWN",
                &format!("the manifest names unknown content: {missing}"),
            );
        }
        let is_digest = reference.contains(':');
        if is_digest && reference != digest_of(&bytes) {
            return digest_invalid();
        }
        let digest = self.store.put_manifest(repository, media_type, bytes);
        if !is_digest {
            self.store.put_tag(repository, reference, &digest);
        }
        let mut response = status(StatusCode::CREATED);
        set(&mut response, LOCATION, &format!("/v2/{repository}/manifests/{digest}"));
        set(&mut response, DOCKER_CONTENT_DIGEST, &digest);
        response
    }

    /// The first digest a pushed manifest names that is not there.
    fn missing(&self, repository: &str, references: References) -> Option<String> {
        let blobs = references.config.into_iter().chain(references.layers.unwrap_or_default());
        let manifests = references.manifests.unwrap_or_default();
        blobs.map(|blob| blob.digest).find(|digest| self.store.blob(repository, digest).is_none()).or_else(
            || {
                let mut digests = manifests.into_iter().map(|entry| entry.digest);
                digests.find(|digest| self.store.manifest(repository, digest).is_none())
            },
        )
    }

    pub(super) fn remove_manifest(&self, repository: &str, reference: &str) -> Response<Body> {
        let removed =
            self.store.delete_tag(repository, reference) || self.store.delete_manifest(repository, reference);
        if removed { status(StatusCode::ACCEPTED) } else { manifest_unknown("manifest unknown") }
    }
}

fn manifest_invalid(message: &str) -> Response<Body> {
    refuse(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", message)
}

/// Whether `Accept` names the type. Weights (`q`) do not count, as in the reference registry.
fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|entry| entry.split(';').next().unwrap_or_default().trim())
        .any(|accepted| accepted.eq_ignore_ascii_case(media_type) || accepted == "*/*")
}

/// What a manifest or an index points to.
#[derive(Deserialize)]
struct References {
    config: Option<Entry>,
    layers: Option<Vec<Entry>>,
    manifests: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
struct Entry {
    digest: String,
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
}
