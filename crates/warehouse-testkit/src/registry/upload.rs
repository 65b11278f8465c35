//! Pushing blobs: one POST, POST and PUT, or PATCH between the two; and mounts.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, LOCATION, RANGE};
use http::{HeaderName, Method, Response, StatusCode};
use url::form_urlencoded;

use super::error::{digest_invalid, method_not_allowed, upload_unknown};
use super::read::{DOCKER_CONTENT_DIGEST, set, status};
use super::service::RegistryService;
use super::store::digest_of;
use crate::loopback::Body;

const DOCKER_UPLOAD_UUID: HeaderName = HeaderName::from_static("docker-upload-uuid");

impl RegistryService {
    /// `POST .../blobs/uploads/`: with `digest` the whole blob, with `mount` a blob of another repository.
    pub(super) fn begin_upload(&self, repository: &str, query: &str, bytes: Bytes) -> Response<Body> {
        if let Some(digest) = parameter(query, "digest") {
            return self.finish(repository, &digest, bytes);
        }
        if let (Some(digest), Some(from)) = (parameter(query, "mount"), parameter(query, "from"))
            && let Some(bytes) = self.store.blob(&from, &digest)
        {
            return self.finish(repository, &digest, bytes);
        }
        let id = self.store.begin_upload(repository);
        self.accepted(repository, &id, 0)
    }

    pub(super) fn continue_upload(
        &self,
        repository: &str,
        id: &str,
        method: &Method,
        query: &str,
        bytes: &[u8],
    ) -> Response<Body> {
        if *method == Method::DELETE {
            return match self.store.end_upload(repository, id) {
                Some(_) => status(StatusCode::NO_CONTENT),
                None => upload_unknown(),
            };
        }
        if !matches!(*method, Method::PATCH | Method::PUT | Method::GET) {
            return method_not_allowed();
        }
        let Some(length) = self.store.extend_upload(repository, id, bytes) else {
            return upload_unknown();
        };
        if *method == Method::PATCH {
            return self.accepted(repository, id, length);
        }
        if *method == Method::GET {
            let mut response = self.accepted(repository, id, length);
            *response.status_mut() = StatusCode::NO_CONTENT;
            return response;
        }
        let Some(digest) = parameter(query, "digest") else { return digest_invalid() };
        match self.store.end_upload(repository, id) {
            Some(bytes) => self.finish(repository, &digest, bytes),
            None => upload_unknown(),
        }
    }

    fn finish(&self, repository: &str, digest: &str, bytes: Bytes) -> Response<Body> {
        if digest_of(&bytes) != digest {
            return digest_invalid();
        }
        self.store.put_known_blob(repository, digest, bytes);
        let mut response = status(StatusCode::CREATED);
        set(&mut response, LOCATION, &format!("/v2/{repository}/blobs/{digest}"));
        set(&mut response, DOCKER_CONTENT_DIGEST, digest);
        response
    }

    fn accepted(&self, repository: &str, id: &str, length: usize) -> Response<Body> {
        let mut response = status(StatusCode::ACCEPTED);
        set(&mut response, LOCATION, &format!("/v2/{repository}/blobs/uploads/{id}"));
        set(&mut response, RANGE, &format!("0-{}", length.saturating_sub(1)));
        set(&mut response, CONTENT_LENGTH, "0");
        set(&mut response, DOCKER_UPLOAD_UUID, id);
        response
    }
}

fn parameter(query: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
