//! Hostile and broken registries: one test for each fault and its result.

mod lists;
mod manifests;
pub mod origins;
mod redirects;
mod slow;
mod tokens;
mod wire;

use std::fmt::Debug;
use std::time::{Duration, Instant};

use artifact_http::{Call, Credential};
use artifact_source::{Error, ErrorKind};
use oci_registry::{Fetched, Repository};
use warehouse_testkit::{Fault, Registry, When};

pub use lists::long_tags;

use crate::raw::{Answer, RawServer};
use crate::setup::{check, client, with_image};

pub const MIB: u64 = 1 << 20;

/// The result of a read, and its cost.
pub struct Outcome<T> {
    pub result: Result<T, Error>,
    pub requests: u64,
    pub bytes: u64,
}

impl<T: Debug> Outcome<T> {
    pub async fn of(read: impl AsyncFnOnce(&Call) -> Result<T, Error>) -> Self {
        let call = Call::new().with_deadline(Instant::now() + Duration::from_secs(120));
        let result = read(&call).await;
        Self { result, requests: call.meter.requests(), bytes: call.meter.bytes_received() }
    }

    /// It is this error, without a secret, after so many requests and at most so many bytes.
    #[track_caller]
    pub fn refused(self, kind: ErrorKind, message: &str, requests: u64, most_bytes: u64) -> Error {
        let error = self.result.unwrap_err();
        check(&error, kind, message);
        assert_eq!(self.requests, requests, "requests: {error}");
        assert!(self.bytes <= most_bytes, "{} bytes were read, not {most_bytes}: {error}", self.bytes);
        error
    }

    /// It succeeded, after so many requests.
    #[track_caller]
    pub fn taken(self, requests: u64) -> T {
        let value = self.result.unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!(self.requests, requests, "requests");
        value
    }
}

#[track_caller]
pub fn hint(error: &Error, part: &str) {
    assert!(error.hint().is_some_and(|hint| hint.contains(part)), "{:?} lacks {part:?}", error.hint());
}

pub fn in_raw(server: &RawServer, credential: Option<Credential>) -> Repository {
    client(credential).repository(&format!("{}/demo/app", server.host)).unwrap()
}

/// Reading `1.0.0` of a registry with this fault in all its manifests.
pub async fn manifest_under(fault: impl Into<Fault>) -> Outcome<Fetched> {
    let registry = with_image(Registry::builder());
    registry.faults().add(When::path("/v2/**/manifests/*"), fault);
    let repository = crate::setup::repository(&registry, None);
    Outcome::of(async |call| repository.manifest("1.0.0", call).await).await
}

/// Listing the tags of a registry with this fault in all its lists.
pub async fn tags_under(fault: impl Into<Fault>) -> Outcome<Vec<String>> {
    let registry = with_image(Registry::builder());
    registry.faults().add(When::path("/v2/**/tags/list"), fault);
    let repository = crate::setup::repository(&registry, None);
    Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await
}

/// Reading `1.0.0` of a server that sends this response to every request.
pub async fn raw_manifest(reply: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Outcome<Fetched> {
    let server = RawServer::start(reply).await;
    let repository = in_raw(&server, None);
    Outcome::of(async |call| repository.manifest("1.0.0", call).await).await
}

/// Listing the tags of a server that sends this response to every request.
pub async fn raw_tags(reply: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Outcome<Vec<String>> {
    let server = RawServer::start(reply).await;
    let repository = in_raw(&server, None);
    Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await
}
