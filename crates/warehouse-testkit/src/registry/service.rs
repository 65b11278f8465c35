//! From a request to the part of the registry that answers it.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;

use super::access::{Access, Action};
use super::builder::Habits;
use super::error::{blob_unknown, method_not_allowed, refuse};
use super::route::Route;
use super::store::Store;
use crate::loopback::{Answer, Body, Service};

/// The largest manifest that is taken, as in the reference registry.
const MANIFEST_LIMIT: usize = 4 * 1024 * 1024;
/// The largest portion of a blob that is taken.
const BLOB_LIMIT: usize = 1024 * 1024 * 1024;

pub(super) struct RegistryService {
    pub(super) store: Store,
    pub(super) access: Access,
    pub(super) habits: Habits,
    pub(super) url: String,
}

impl Service for RegistryService {
    fn answer(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        Box::pin(async move {
            let mut response = self.respond(request).await;
            response
                .headers_mut()
                .insert("docker-distribution-api-version", HeaderValue::from_static("registry/2.0"));
            if self.habits.no_digest_header {
                response.headers_mut().remove(super::read::DOCKER_CONTENT_DIGEST);
            }
            response
        })
    }
}

impl RegistryService {
    async fn respond(&self, request: Request<Incoming>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let path = head.uri.path();
        let query = head.uri.query().unwrap_or_default();
        if path == "/token" {
            return match read(body, MANIFEST_LIMIT).await {
                Ok(form) => self.access.token(&head.method, &head.headers, query, &form),
                Err(refused) => *refused,
            };
        }
        if let Some(digest) = path.strip_prefix("/storage/") {
            return self.storage(digest);
        }
        let Some(route) = Route::of(path) else {
            return super::read::text(StatusCode::NOT_FOUND, "text/plain", "404 page not found\n");
        };
        if let Err(refused) = self.access.check(&head.headers, route.repository(), Action::of(&head.method)) {
            return *refused;
        }
        match (route, &head.method) {
            (Route::Base, &Method::GET | &Method::HEAD) => {
                super::read::text(StatusCode::OK, "application/json", "{}")
            }
            (Route::Tags { repository }, &Method::GET) => self.list_tags(repository, query),
            (Route::Manifest { repository, reference }, &Method::GET | &Method::HEAD) => {
                self.get_manifest(repository, reference, &head.headers, head.method == Method::HEAD)
            }
            (Route::Manifest { repository, reference }, &Method::PUT) => {
                match read(body, MANIFEST_LIMIT).await {
                    Ok(bytes) => self.put_manifest(repository, reference, &head.headers, bytes),
                    Err(refused) => *refused,
                }
            }
            (Route::Manifest { repository, reference }, &Method::DELETE) => {
                self.remove_manifest(repository, reference)
            }
            (Route::Blob { repository, digest }, &Method::GET | &Method::HEAD) => {
                self.get_blob(repository, digest, head.method == Method::HEAD)
            }
            (Route::Blob { repository, digest }, &Method::DELETE) => {
                if !self.store.delete_blob(repository, digest) {
                    return blob_unknown();
                }
                super::read::status(StatusCode::ACCEPTED)
            }
            (Route::BeginUpload { repository }, &Method::POST) => match read(body, BLOB_LIMIT).await {
                Ok(bytes) => self.begin_upload(repository, query, bytes),
                Err(refused) => *refused,
            },
            (Route::Upload { repository, id }, method) => match read(body, BLOB_LIMIT).await {
                Ok(bytes) => self.continue_upload(repository, id, method, query, &bytes),
                Err(refused) => *refused,
            },
            _ => method_not_allowed(),
        }
    }
}

/// The whole body of a request, up to a limit.
async fn read(body: Incoming, limit: usize) -> Result<Bytes, Box<Response<Body>>> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(_) => Err(Box::new(refuse(
            StatusCode::PAYLOAD_TOO_LARGE,
            "SIZE_INVALID",
            "the body is incomplete or too large",
        ))),
    }
}
