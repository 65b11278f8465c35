//! Reading blobs, and the small answers that several parts share.

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderName, HeaderValue, Response, StatusCode};

use super::error::blob_unknown;
use super::service::RegistryService;
use crate::loopback::{Body, empty, full};

/// An empty answer.
pub(super) fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(empty());
    *response.status_mut() = status;
    response
}

/// A short text.
pub(super) fn text(status: StatusCode, media_type: &'static str, text: &'static str) -> Response<Body> {
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    set(&mut response, CONTENT_TYPE, media_type);
    response
}

/// Sets a header whose value is made of digests, numbers and paths.
pub(super) fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}

pub(super) const DOCKER_CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// Content under a digest; for HEAD only its length.
pub(super) fn content(media_type: &str, digest: &str, bytes: bytes::Bytes, is_head: bool) -> Response<Body> {
    let length = bytes.len().to_string();
    let mut response = Response::new(if is_head { empty() } else { full(bytes) });
    set(&mut response, CONTENT_LENGTH, &length);
    set(&mut response, CONTENT_TYPE, media_type);
    set(&mut response, DOCKER_CONTENT_DIGEST, digest);
    set(&mut response, ETAG, &format!("\"{digest}\""));
    response
}

impl RegistryService {
    pub(super) fn get_blob(&self, repository: &str, digest: &str, is_head: bool) -> Response<Body> {
        let Some(bytes) = self.store.blob(repository, digest) else {
            return blob_unknown();
        };
        if self.habits.redirect_blobs && !is_head {
            let mut response = status(StatusCode::TEMPORARY_REDIRECT);
            set(&mut response, LOCATION, &format!("{}/storage/{repository}@{digest}", self.url));
            return response;
        }
        content("application/octet-stream", digest, bytes, is_head)
    }

    /// Where redirected blobs come from: `<repository>@<digest>`.
    pub(super) fn storage(&self, name: &str) -> Response<Body> {
        let found = name
            .split_once('@')
            .and_then(|(repository, digest)| Some((digest, self.store.blob(repository, digest)?)));
        match found {
            Some((digest, bytes)) => content("application/octet-stream", digest, bytes, false),
            None => blob_unknown(),
        }
    }
}
