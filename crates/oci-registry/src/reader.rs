//! The requests for one repository as one identity: HEAD and GET of manifests, GET of blobs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use artifact_http::{Call, HttpClient, Identity, Origin, Request, Response, Url};
use artifact_source::{Error, ErrorKind, lock};
use bytes::Bytes;
use repository_url::is_tag;
use tokio::sync::MutexGuard;

use crate::auth::{Access, AuthCache, Purpose};
use crate::endpoint::Endpoint;
use crate::manifest::{ACCEPT, is_of_known_shape};
use crate::refusal::refusal;
use crate::{Digest, Manifest, json};

const MAX_MANIFEST_BYTES: u64 = 4 << 20;
/// What a byte of JSON takes with what it is parsed to, about, in bytes.
const PER_BYTE_OF_JSON: u64 = 4;
/// A type and a subtype of 127 characters each (RFC 6838).
const MAX_MEDIA_TYPE_LENGTH: usize = 255;
const CONTENT_DIGEST: &str = "docker-content-digest";

/// The digest and the media type of a manifest, without the manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Head {
    /// The digest; `None` if the registry does not state it.
    pub digest: Option<Digest>,
    /// The media type; empty if the registry does not state it, and if it is longer than a media type can be.
    pub media_type: String,
}

impl Head {
    /// Whether the media type is that of an image manifest or an index, of the OCI or of Docker. What has another type may not be a
    /// manifest, such as the page of a proxy, whatever digest it states: GET decides.
    pub fn is_manifest(&self) -> bool {
        self.media_type.to_ascii_lowercase().starts_with("application/vnd.")
            && is_of_known_shape(&self.media_type)
    }
}

/// A manifest whose bytes were checked against its digest. The exception is one that
/// [is signed](crate::OtherManifest::is_signed): its bytes were not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fetched {
    /// The digest.
    pub digest: Digest,
    /// The media type; empty if the registry does not state it.
    pub media_type: String,
    /// The manifest as it was received.
    pub bytes: Bytes,
    /// The parsed manifest.
    pub manifest: Manifest,
}

/// Sends the requests for one repository as one identity.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    pub(crate) http: HttpClient,
    pub(crate) auth: Arc<AuthCache>,
    pub(crate) heads: Arc<HeadSupport>,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) identity: Identity,
    pub(crate) purpose: Purpose,
}

impl Reader {
    /// HEAD of a manifest; an empty answer, without a request, if the registry does not support HEAD.
    pub(crate) async fn head_manifest(&self, reference: &str, call: &Call) -> Result<Head, Error> {
        let url = self.manifest_url(reference)?;
        let registry = self.heads.at(self.endpoint.origin());
        let Some(probe) = registry.probe(call).await? else { return Ok(Head::default()) };
        let request = Request::head(&url).header("accept", ACCEPT).retry_rate_limits_only();
        let read = async {
            let response = self.fetch(request, call).await?;
            // A registry without HEAD is read with GET.
            if !matches!(response.status.as_u16(), 405 | 501) {
                self.check(&response, || self.missing(reference))?;
            }
            Ok(Head { digest: digest_header(&response), media_type: media_type(&response) })
        };
        let head: Result<Head, Error> = read.await;
        match &head {
            Ok(head) => probe.succeeded(head.digest.is_some()),
            Err(error) => probe.failed(error),
        }
        head
    }

    pub(crate) async fn manifest(&self, reference: &str, call: &Call) -> Result<Fetched, Error> {
        let url = self.manifest_url(reference)?;
        let request = Request::get(&url)
            .header("accept", ACCEPT)
            .accept_gzip(true)
            .max_bytes(MAX_MANIFEST_BYTES)
            .memory_per_byte(PER_BYTE_OF_JSON);
        let requested = reference.parse::<Digest>().ok();
        let stated = move |response: &Response| requested.clone().or_else(|| digest_header(response));
        let request = request.cut_off_if({
            let stated = stated.clone();
            move |response| is_cut_off(response, stated(response).as_ref())
        });
        let response = self.fetch(request, call).await?;
        self.check(&response, || self.missing(reference))?;
        let digest = stated(&response).unwrap_or_else(|| Digest::of(&response.body));
        let media_type = media_type(&response);
        let manifest = Manifest::parse_as(&response.body, &media_type);
        // The digest of a signed manifest of the first schema is that of its payload.
        let is_signed = matches!(&manifest, Ok(Manifest::Other(other)) if other.is_signed);
        if !is_signed && !digest.is_of(&response.body) {
            return Err(wrong_digest("the manifest", &digest).with_url(&url));
        }
        let manifest = manifest.map_err(|error| error.with_url(&url))?;
        Ok(Fetched { digest, media_type, bytes: response.body, manifest })
    }

    pub(crate) async fn blob(&self, digest: &Digest, max_bytes: u64, call: &Call) -> Result<Bytes, Error> {
        let url = self.url(&format!("blobs/{digest}"))?;
        let requested = digest.clone();
        let request = Request::get(&url)
            .max_bytes(max_bytes)
            .memory_per_byte(PER_BYTE_OF_JSON)
            .cut_off_if(move |response| is_cut_off(response, Some(&requested)));
        let response = self.fetch(request, call).await?;
        self.check(&response, || format!("there is no blob {digest} in {}", self.endpoint.name))?;
        if digest.is_of(&response.body) {
            return Ok(response.body);
        }
        // Compressed on the way, although that was not asked for. A blob that is gzip itself may have the same header.
        match response.unpacked(max_bytes).filter(|unpacked| digest.is_of(unpacked)) {
            Some(unpacked) => Ok(unpacked),
            None => Err(wrong_digest("the blob", digest).with_url(&url)),
        }
    }

    /// Sends a request, authenticated as the registry requires.
    pub(crate) async fn fetch(&self, request: Request, call: &Call) -> Result<Response, Error> {
        let session = self.auth.session(&self.endpoint, &self.identity, self.purpose);
        let Self { http, endpoint, identity, purpose, .. } = self;
        let access = Access { http, endpoint, identity, call, purpose: *purpose };
        session.fetch(access, request).await
    }

    /// The error for a response that is not a success; `missing` is the message for 404.
    pub(crate) fn check(&self, response: &Response, missing: impl FnOnce() -> String) -> Result<(), Error> {
        let name = &self.endpoint.name;
        let message = match response.status.as_u16() {
            _ if response.is_complete() => return Ok(()),
            200..=299 => format!("the registry of {name} does not send the whole answer"),
            401 | 403 if response.origin() != self.endpoint.origin() => {
                format!("{}, to which the registry of {name} redirects, denies access", response.origin())
            }
            401 => format!("the registry requires authentication for {name}"),
            403 => format!("the registry denies access to {name}"),
            404 | 410 => missing(),
            429 => format!("the registry of {name} limits the rate of requests"),
            _ => format!("the registry of {name} failed"),
        };
        Err(refusal(response, &self.endpoint, &self.identity, &message))
    }

    /// `https://host/v2/name/rest`.
    pub(crate) fn url(&self, rest: &str) -> Result<Url, Error> {
        let path = format!("/v2/{}/{rest}", self.endpoint.name.repository());
        self.endpoint.base.join(&path).map_err(|cause| {
            Error::new(ErrorKind::InvalidInput, "the repository has no URL")
                .with_url(&self.endpoint.base)
                .with_cause(cause)
        })
    }

    fn missing(&self, reference: &str) -> String {
        format!("there is no {reference} in {}", self.endpoint.name)
    }

    pub(crate) fn manifest_url(&self, reference: &str) -> Result<Url, Error> {
        if !is_tag(reference) && reference.parse::<Digest>().is_err() {
            let shown: String = reference.chars().take(128).collect();
            let message = format!("{shown:?} is neither a tag nor a digest");
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        self.url(&format!("manifests/{reference}"))
    }
}

/// Whether the JSON of this response ends too early. Content that has its digest is whole.
fn is_cut_off(response: &Response, digest: Option<&Digest>) -> bool {
    json::is_truncated(&response.body) && !digest.is_some_and(|digest| digest.is_of(&response.body))
}

pub(crate) fn digest_header(response: &Response) -> Option<Digest> {
    response.headers.get(CONTENT_DIGEST)?.to_str().ok()?.trim().parse().ok()
}

fn media_type(response: &Response) -> String {
    let value =
        response.headers.get(artifact_http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = value.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if media_type.len() <= MAX_MEDIA_TYPE_LENGTH { media_type.to_owned() } else { String::new() }
}

fn wrong_digest(what: &str, digest: &Digest) -> Error {
    Error::new(ErrorKind::BadAnswer, format!("{what} does not match its digest {digest}"))
        .with_hint("a proxy between this machine and the registry may have changed it")
}

/// The time without HEAD requests after a registry failed at one.
const HEAD_PAUSE: Duration = Duration::from_secs(600);

/// The number of registries from which on those that no reader uses at the moment are forgotten, and asked again.
const MAX_REGISTRIES: usize = 1024;

/// Which registries support HEAD. All readers of a client share it.
#[derive(Debug, Default)]
pub(crate) struct HeadSupport(Mutex<HashMap<Origin, Arc<HeadState>>>);

impl HeadSupport {
    fn at(&self, origin: Origin) -> Arc<HeadState> {
        let mut registries = lock(&self.0);
        if registries.len() >= MAX_REGISTRIES && !registries.contains_key(&origin) {
            registries.retain(|_, state| Arc::strong_count(state) > 1);
        }
        Arc::clone(registries.entry(origin).or_default())
    }
}

/// Whether one registry supports HEAD.
///
/// [`SingleFlight`](artifact_http::SingleFlight) and [`OnceMap`](artifact_http::OnceMap) give every caller the answer of one request, and here each reader needs the
/// answer to its own: what the first one teaches is only whether the others ask by HEAD. A request that fails teaches nothing, so the next reader becomes the first, which is
/// the mutex alone; in [`ChallengeHints`](crate::auth) the others go on at once, so the two have no more than that mutex in common.
#[derive(Debug, Default)]
struct HeadState {
    support: Mutex<Support>,
    /// Held by the first reader until its response has come.
    first: tokio::sync::Mutex<()>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Support {
    #[default]
    Unknown,
    Supported,
    /// The registry responds without a digest, or with "method not allowed".
    Unsupported,
    /// A request failed. No other is sent before this moment.
    FailedUntil(Instant),
}

/// The permission to send a HEAD request.
#[derive(Debug)]
struct HeadProbe<'a> {
    registry: &'a HeadState,
    /// Held by the first reader.
    _first: Option<MutexGuard<'a, ()>>,
}

impl HeadState {
    /// The permission to send a HEAD request; `None` if the registry does not support it. The first reader sends its request alone, and
    /// the others wait for the result.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TimedOut`] if the deadline passes before that.
    async fn probe(&self, call: &Call) -> Result<Option<HeadProbe<'_>>, Error> {
        let mut first = None;
        if self.support() == Support::Unknown {
            let held = call.within(self.first.lock()).await?;
            first = Some(held).filter(|_| self.support() == Support::Unknown);
        }
        let is_useful = matches!(self.support(), Support::Unknown | Support::Supported);
        Ok(is_useful.then_some(HeadProbe { registry: self, _first: first }))
    }

    fn support(&self) -> Support {
        let mut support = lock(&self.support);
        if matches!(*support, Support::FailedUntil(end) if end <= Instant::now()) {
            *support = Support::Unknown;
        }
        *support
    }
}

impl HeadProbe<'_> {
    fn succeeded(self, with_digest: bool) {
        self.set(if with_digest { Support::Supported } else { Support::Unsupported });
    }

    fn failed(self, error: &Error) {
        match error.kind() {
            // These concern one tag, or the number of requests.
            ErrorKind::NotFound | ErrorKind::RateLimited if self.registry.support() == Support::Unknown => {
                self.set(Support::Supported);
            }
            ErrorKind::NotFound | ErrorKind::RateLimited => {}
            _ => self.set(Support::FailedUntil(Instant::now() + HEAD_PAUSE)),
        }
    }

    fn set(&self, support: Support) {
        *lock(&self.registry.support) = support;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_support_is_remembered_of_a_bounded_number_of_registries() {
        let known = HeadSupport::default();
        let origin =
            |number: usize| Origin::of(&Url::parse(&format!("https://{number}.example.com")).unwrap());
        let read = known.at(origin(0));
        *lock(&read.support) = Support::Unsupported;
        for number in 1..3 * MAX_REGISTRIES {
            known.at(origin(number));
            assert!(lock(&known.0).len() <= MAX_REGISTRIES);
        }
        assert_eq!(known.at(origin(0)).support(), Support::Unsupported, "a reader uses it");
    }
}
