//! The registry's HTTP service: routes, manifests, blobs, uploads and pages of tags.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, IF_NONE_MATCH, LINK, LOCATION, RANGE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded;

use super::access::{Access, Action};
use super::image::MediaType;
use super::response::{
    DOCKER_CONTENT_DIGEST, blob_unknown, content, digest_invalid, manifest_unknown, method_not_allowed,
    name_unknown, refuse, set, status, text, upload_unknown,
};
use super::store::{Manifest, Store};
use crate::digest::digest_of;
use crate::loopback::{Answer, Body, Service, full};

/// The largest manifest that is taken, as in the reference registry.
const MANIFEST_LIMIT: usize = 4 * 1024 * 1024;
/// The largest portion of a blob that is taken.
const BLOB_LIMIT: usize = 1024 * 1024 * 1024;

/// How the registry behaves apart from authentication.
#[derive(Clone, Debug, Default)]
pub(super) struct Behavior {
    pub(super) page_size: Option<usize>,
    pub(super) refuse_larger_pages: bool,
    pub(super) ignore_paging: bool,
    pub(super) echo_links: bool,
    pub(super) absolute_links: bool,
    pub(super) link_after_full_page: bool,
    pub(super) redirect_blobs: bool,
    pub(super) reverse_tags: bool,
    pub(super) no_digest_header: bool,
}

pub(super) struct RegistryService {
    pub(super) store: Store,
    pub(super) access: Access,
    pub(super) behavior: Behavior,
    pub(super) url: String,
}

impl Service for RegistryService {
    fn answer(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        Box::pin(async move {
            let mut response = self.respond(request).await;
            response
                .headers_mut()
                .insert("docker-distribution-api-version", HeaderValue::from_static("registry/2.0"));
            if self.behavior.no_digest_header {
                response.headers_mut().remove(DOCKER_CONTENT_DIGEST);
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
            return text(StatusCode::NOT_FOUND, "text/plain", "404 page not found\n");
        };
        if let Err(refused) = self.access.check(&head.headers, route.repository(), Action::of(&head.method)) {
            return *refused;
        }
        match (route, &head.method) {
            (Route::Base, &Method::GET | &Method::HEAD) => text(StatusCode::OK, "application/json", "{}"),
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
                status(StatusCode::ACCEPTED)
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

/// The resource that a path under `/v2/` names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    Base,
    Tags { repository: &'a str },
    Manifest { repository: &'a str, reference: &'a str },
    Blob { repository: &'a str, digest: &'a str },
    BeginUpload { repository: &'a str },
    Upload { repository: &'a str, id: &'a str },
}

impl<'a> Route<'a> {
    /// The route of a path, or `None` if the spec has no such path.
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let rest = path.strip_prefix("/v2")?;
        if rest.is_empty() || rest == "/" {
            return Some(Self::Base);
        }
        let rest = rest.strip_prefix('/')?;
        let route = if let Some(repository) = rest.strip_suffix("/tags/list") {
            Self::Tags { repository }
        } else if let Some(repository) =
            rest.strip_suffix("/blobs/uploads/").or_else(|| rest.strip_suffix("/blobs/uploads"))
        {
            Self::BeginUpload { repository }
        } else {
            let (front, last) = rest.rsplit_once('/')?;
            if let Some(repository) = front.strip_suffix("/blobs/uploads") {
                Self::Upload { repository, id: last }
            } else if let Some(repository) = front.strip_suffix("/manifests") {
                Self::Manifest { repository, reference: last }
            } else {
                Self::Blob { repository: front.strip_suffix("/blobs")?, digest: last }
            }
        };
        (!route.repository().is_empty()).then_some(route)
    }

    /// The repository in the path; empty for the base.
    pub(super) fn repository(&self) -> &'a str {
        match self {
            Self::Base => "",
            Self::Tags { repository }
            | Self::Manifest { repository, .. }
            | Self::Blob { repository, .. }
            | Self::BeginUpload { repository }
            | Self::Upload { repository, .. } => repository,
        }
    }
}

impl RegistryService {
    /// Distribution spec, "Listing Tags". `n=0` is an empty list; an `n` that is not a number is a 400.
    pub(super) fn list_tags(&self, repository: &str, query: &str) -> Response<Body> {
        let tag_query = TagQuery::of(query);
        let limit = match self.limit(&tag_query) {
            Ok(limit) => limit,
            Err(refused) => return *refused,
        };
        let last = tag_query.last.as_deref().filter(|_| !self.behavior.ignore_paging);
        let Some((mut tags, more)) = self.store.tag_page(repository, last, limit) else {
            return name_unknown();
        };
        let complete = self.behavior.link_after_full_page && tags.len() == limit;
        let next = if self.behavior.echo_links {
            let query = if query.is_empty() { String::new() } else { format!("?{query}") };
            Some(format!("</v2/{repository}/tags/list{query}>; rel=\"next\""))
        } else {
            tags.last().filter(|_| more || complete).map(|last| self.next(repository, last, limit))
        };
        if self.behavior.reverse_tags {
            tags.reverse();
        }
        let mut response = Response::new(full(json!({ "name": repository, "tags": tags }).to_string()));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(next) = next {
            set(&mut response, LINK, &next);
        }
        response
    }

    fn limit(&self, query: &TagQuery<'_>) -> Result<usize, Box<Response<Body>>> {
        if self.behavior.ignore_paging {
            return Ok(usize::MAX);
        }
        let largest = self.behavior.page_size.unwrap_or(usize::MAX);
        let Some(number) = query.n.as_deref() else { return Ok(largest) };
        match number.parse::<usize>() {
            Err(_) => Err(Box::new(refuse(
                StatusCode::BAD_REQUEST,
                "PAGINATION_NUMBER_INVALID",
                "invalid number of results requested",
            ))),
            Ok(number) if number > largest && self.behavior.refuse_larger_pages => Err(Box::new(refuse(
                StatusCode::PAYLOAD_TOO_LARGE,
                "SIZE_INVALID",
                "the page size is too large",
            ))),
            Ok(number) => Ok(number.min(largest)),
        }
    }

    fn next(&self, repository: &str, last: &str, limit: usize) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("last", last)
            .append_pair("n", &limit.to_string())
            .finish();
        let origin = if self.behavior.absolute_links { self.url.as_str() } else { "" };
        format!("<{origin}/v2/{repository}/tags/list?{query}>; rel=\"next\"")
    }
}

struct TagQuery<'a> {
    n: Option<Cow<'a, str>>,
    last: Option<Cow<'a, str>>,
}

impl<'a> TagQuery<'a> {
    fn of(query: &'a str) -> Self {
        let mut parsed = Self { n: None, last: None };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "n" if !value.is_empty() => parsed.n = Some(value),
                "last" if !value.is_empty() => parsed.last = Some(value),
                _ => {}
            }
        }
        parsed
    }
}

impl RegistryService {
    pub(super) fn get_blob(&self, repository: &str, digest: &str, is_head: bool) -> Response<Body> {
        let Some(bytes) = self.store.blob(repository, digest) else {
            return blob_unknown();
        };
        if self.behavior.redirect_blobs && !is_head {
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
            return manifest_invalid("the manifest is not JSON of the expected shape");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: Option<Route<'_>>) {
        assert_eq!(Route::of(path), expected, "{path}");
    }

    #[test]
    fn paths_are_read_from_their_end() {
        check("/v2/", Some(Route::Base));
        check("/v2", Some(Route::Base));
        check("/v2/app/tags/list", Some(Route::Tags { repository: "app" }));
        check("/v2/a/b/c/tags/list", Some(Route::Tags { repository: "a/b/c" }));
        let manifest = Route::Manifest { repository: "tags/list", reference: "latest" };
        check("/v2/tags/list/manifests/latest", Some(manifest));
        check("/v2/manifests/manifests/1", Some(Route::Manifest { repository: "manifests", reference: "1" }));
        check("/v2/a/blobs/sha256:0", Some(Route::Blob { repository: "a", digest: "sha256:0" }));
        check("/v2/a/blobs/uploads/", Some(Route::BeginUpload { repository: "a" }));
        check("/v2/a/blobs/uploads/7", Some(Route::Upload { repository: "a", id: "7" }));
        check("/v2/_catalog", None);
        check("/v2/a/referrers/sha256:0", None);
        check("/v2//tags/list", None);
        check("/v1/", None);
        check("/", None);
    }
}
