//! Answers that say no, in the words of the distribution spec.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};

use crate::loopback::{Body, full};

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
    super::read::text(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "Method not allowed\n")
}
