//! The responses that several parts of the registry give: content under a digest, and the errors of the distribution spec.

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use http::{HeaderName, HeaderValue, Response, StatusCode};

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

/// An error answer: status and one OCI error.
pub(super) fn refuse(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let body = serde_json::json!({ "errors": [{ "code": code, "message": message }] }).to_string();
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

pub(super) fn manifest_unknown(message: &str) -> Response<Body> {
    refuse(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", message)
}

pub(super) fn blob_unknown() -> Response<Body> {
    refuse(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "blob unknown to registry")
}

pub(super) fn name_unknown() -> Response<Body> {
    refuse(StatusCode::NOT_FOUND, "NAME_UNKNOWN", "repository name not known to registry")
}

pub(super) fn upload_unknown() -> Response<Body> {
    refuse(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
}

pub(super) fn digest_invalid() -> Response<Body> {
    refuse(StatusCode::BAD_REQUEST, "DIGEST_INVALID", "provided digest did not match uploaded content")
}

pub(super) fn method_not_allowed() -> Response<Body> {
    text(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "Method not allowed\n")
}
