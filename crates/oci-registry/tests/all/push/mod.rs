//! Pushes over real connections: what they cost, what they survive, and where their parts go.

mod blobs;
mod cut;
mod faults;
mod manifests;
mod origins;
mod portions;

use artifact_http::Credential;
use oci_registry::{Digest, NewManifest, Repository};
use warehouse_testkit::{RecordedRequest, Registry, When};

use crate::setup::client;

pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

pub fn repository(registry: &Registry, credential: Option<Credential>) -> Repository {
    client(credential).repository(&format!("{}/demo/app", registry.host())).unwrap().for_push()
}

/// So many bytes that differ.
pub fn blob(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|index| (index % 251) as u8).collect()
}

/// A manifest with this blob as its configuration.
pub fn manifest_of(config: &[u8]) -> NewManifest {
    let digest = Digest::of(config);
    let size = config.len();
    let text = format!(
        r#"{{"schemaVersion":2,"config":{{"mediaType":"x","digest":"{digest}","size":{size}}},"layers":[]}}"#
    );
    NewManifest::new(OCI_MANIFEST, text)
}

/// The methods of all requests, in their order, such as `HEAD POST PUT`.
pub fn methods(registry: &Registry) -> String {
    let all: Vec<String> = registry.log().all().into_iter().map(|seen| seen.method).collect();
    all.join(" ")
}

pub fn uploads(registry: &Registry, method: &str) -> Vec<RecordedRequest> {
    registry.log().matching(&When::path("/v2/**/blobs/uploads/*").method(method))
}

/// The registry has the blob.
#[track_caller]
pub fn assert_stored(registry: &Registry, bytes: &[u8]) {
    assert_eq!(registry.blob("demo/app", Digest::of(bytes).as_str()).as_deref(), Some(bytes));
}
